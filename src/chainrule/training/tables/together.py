"""Rows that belong together: those of one group, of one time, and copies of one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.choices import Choices
from chainrule.data.columns import Column, is_number, missing
from chainrule.data.date_column import dates_in
from chainrule.data.decisions import Decision, option
from chainrule.data.equal_rows import first_equal_row, value_numbers
from chainrule.data.ignoring import also, or_left_out
from chainrule.data.kinds import INPUTS, Kinds
from chainrule.data.table import Table
from chainrule.data.target import Task, strata
from chainrule.errors import DataError
from chainrule.randomness import permutation, random_bits
from chainrule.training.tables.folds import Togetherness

Rows = NDArray[np.int64]

FEW_TWINS = 0.2
# So many times what chance makes of equal rows, or of rows equal to the one above, is no chance.
FAR_BEYOND_CHANCE, FAR_BEYOND_ANY_ORDER = 2, 4
FEWEST_DIFFERENT = 20
MOST_ROWS_SHUFFLED = 100_000


def rows_together(
    known: Table, target: str, task: Task, kinds: Kinds, choices: Choices, used: Rows
) -> tuple[Togetherness, list[Decision]]:
    """Return what rows that are used have to do with each other, and what is to be said of it.

    ``known`` are these rows, ``used`` their numbers, from 0, in the table. Raises DataError for a
    row without its group or time, and for times that are all the same.
    """
    classes = strata(known, target, task)
    inputs = [name for name, kind in kinds.by_name.items() if kind in INPUTS]
    once = option("--ignore-rows", also(choices.ignore_rows, "duplicates"))
    if choices.time is not None:
        times = _times(known, choices.time, kinds, used, choices.ignore_rows)
        return Togetherness(known.rows, classes, times=times), []
    if choices.group is not None:
        groups = _groups(known, choices.group, used, choices.ignore_rows)
        said = f"{len(np.unique(groups)):,} groups of rows, each in one fold"
        across = _across_groups(known, inputs, groups, once)
        decisions = [Decision("rows", "rows", said), *across]
        return Togetherness(known.rows, classes, groups=groups), decisions
    # By what is learned from alone: were the target looked at, too, rows that are equal by chance
    # would be sorted into folds by their target.
    copies = first_equal_row(known, inputs)
    twins = int((np.bincount(copies)[copies] > 1).sum())
    if not twins or not inputs:
        return Togetherness(known.rows, classes), []
    # Twins are told in full; what is left out when they are ignored are not all of them.
    repeated = int((first_equal_row(known, [*inputs, target]) != np.arange(known.rows)).sum())
    left_out = f"; {repeated:,} repeat an earlier row, target and all" if repeated else ""
    option_of_them = once if repeated else ""
    if _are_copies(known, inputs, copies, twins):
        said = (
            f"{twins:,} have a twin in all that is learned from: equal ones are kept in one fold, "
            f"so that none is tested on what was learned{left_out}"
        )
        found = Togetherness(known.rows, classes, copies=copies)
        return found, [Decision("rows", "rows", said, option_of_them)]
    why = _why_equal(known, inputs)
    said = f"{twins:,} are equal to others, {why}: shared out like all others{left_out}"
    return Togetherness(known.rows, classes), [Decision("rows", "rows", said, option_of_them)]


def _across_groups(known: Table, inputs: Sequence[str], groups: Rows, once: str) -> list[Decision]:
    """Return a hint where rows of different groups are copies of one another."""
    if not inputs:
        return []
    copies = first_equal_row(known, inputs)
    # A copy is in another group where the rows that are equal to it are not all in one.
    count = int(groups.max()) + 1
    in_groups = np.bincount(np.unique(copies * count + groups) // count, minlength=known.rows)
    across = int((in_groups[copies] > 1).sum())
    if not across or not _are_copies(known, inputs, copies, across):
        return []
    text = (
        f"{across:,} are copies, in all that is learned from, of rows of another group: some may "
        "be tested by a network that has learned from their copy"
    )
    return [Decision("rows", "hint", text, once)]


def _are_copies(known: Table, inputs: Sequence[str], copies: Rows, twins: int) -> bool:
    """Whether equal rows are to be kept together.

    Few are: that costs nothing. Many are where they are far more than chance makes, or come one
    below another. Others are no copies: a network that never sees a row like the one it is tested
    on would be tested on something else than it is for.
    """
    if twins < FEW_TWINS * known.rows or _come_in_runs(known, inputs, copies):
        return True
    if known.rows > MOST_ROWS_SHUFFLED:
        some = permutation(0, "rows to shuffle", known.rows)[:MOST_ROWS_SHUFFLED]
        known, twins = known.select(some), _equal_ones(copies[some])
    return twins > FAR_BEYOND_CHANCE * _equal_by_chance(known, inputs)


def _equal_by_chance(known: Table, inputs: Sequence[str]) -> int:
    """Return how many rows equal others once each column is shuffled by itself.

    Columns of two values are shuffled as one: such as stand for one category, and the answers to
    one set of questions, depend on each other in every table.
    """
    keys = np.zeros(known.rows, dtype=np.uint64)
    pairs = np.zeros(known.rows, dtype=np.uint64)
    for place, name in enumerate(inputs):
        numbers = value_numbers(known.columns[name])
        own = random_bits(0, "numbers of values", place, int(numbers.max()) + 1)[numbers]
        if _has_two_values(known.columns[name], numbers):
            pairs += own
        else:
            keys += own[permutation(0, "shuffled column", known.rows, place)]
    return _equal_ones(keys + pairs)


def _equal_ones(keys: NDArray[Any]) -> int:
    """Return how many of some numbers equal another of them."""
    counts = np.unique(keys, return_counts=True)[1]
    return int(counts[counts > 1].sum())


def _why_equal(known: Table, inputs: Sequence[str]) -> str:
    """Return why many rows are equal that are no copies."""
    columns = [known.columns[name] for name in inputs]
    two = all(_has_two_values(column, value_numbers(column)) for column in columns)
    return f"as {'columns of two values' if two else 'few values'} make them"


def _has_two_values(column: Column, numbers: Rows) -> bool:
    return int(numbers.max()) + 1 - bool(missing(column).any()) <= 2


def _come_in_runs(known: Table, inputs: Sequence[str], copies: Rows) -> bool:
    """Whether most equal rows stand one below another, in a table that is not sorted by a column.

    So do the visits of one patient, if the patients are written one after another.
    """
    counts = np.bincount(copies).astype(np.float64)
    different = int(np.count_nonzero(counts))
    runs = int(np.count_nonzero(copies[1:] == copies[:-1]))
    in_any_order = float((counts * (counts - 1)).sum()) / known.rows
    if different < FEWEST_DIFFERENT or 2 * runs < known.rows - different:
        return False
    return runs > FAR_BEYOND_ANY_ORDER * in_any_order and not any(
        _is_sorted(known.columns[name]) for name in inputs
    )


def _is_sorted(column: Column) -> bool:
    """Whether equal values of a column stand together, as sorting leaves them."""
    numbers = value_numbers(column)
    changes = int(np.count_nonzero(numbers[1:] != numbers[:-1]))
    return 0 < changes == int(numbers.max())


def _times(known: Table, name: str, kinds: Kinds, used: Rows, asked: str) -> NDArray[np.float64]:
    """Return a number for each row by which rows are ordered. Raises DataError."""
    column = known.columns[name]
    times = column if is_number(column) else dates_in(column, kinds.date_orders.get(name, "ymd"))[0]
    without = used[np.isnan(times)]
    if len(without):
        raise _without(name, "no time", "a date or a number", without, asked)
    if times.min() == times.max():
        raise DataError(
            f"Column {name!r} says the same time in every row.", "Order rows by another column."
        )
    return times


def _groups(known: Table, name: str, used: Rows, asked: str) -> Rows:
    """Return the number of each row's group. Raises DataError."""
    column: Column = known.columns[name]
    without = used[missing(column)]
    if len(without):
        raise _without(name, "no group", "a value", without, asked)
    return value_numbers(column)


def _without(name: str, what: str, due: str, rows: Rows, asked: str) -> DataError:
    """Return the refusal of rows, by their numbers from 0, whose cell in a column is empty."""
    numbers = (rows + 1).tolist()
    more = f"{len(numbers):,} rows, first in " if len(numbers) > 1 else ""
    return DataError(
        f"Column {name!r} says {what} in {more}row {numbers[0]}.",
        f"Give {due} in every row{or_left_out(numbers, asked)}.",
    )
