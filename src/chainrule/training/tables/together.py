"""Rows that belong together: those of one group, of one time, and copies of one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.data.choices import Choices
from chainrule.data.columns import Column, is_number, missing
from chainrule.data.date_column import dates_in
from chainrule.data.decisions import Decision, counted
from chainrule.data.ignoring import copies_of, numbered
from chainrule.data.kinds import INPUTS, Kinds
from chainrule.data.table import Table
from chainrule.data.target import Task, strata
from chainrule.errors import DataError
from chainrule.training.tables.folds import Togetherness

Rows = NDArray[np.int64]

FEW_TWINS = 0.2
MANY_VALUES, FEWEST_OF_MANY = 0.25, 20


def rows_together(
    known: Table, target: str, task: Task, kinds: Kinds, choices: Choices
) -> tuple[Togetherness, list[Decision]]:
    """Return what rows that are used have to do with each other, and what is to be said of it."""
    classes = strata(known, target, task)
    inputs = [name for name, kind in kinds.by_name.items() if kind in INPUTS]
    if choices.time is not None:
        times = _times(known, choices.time, kinds)
        return Togetherness(known.rows, classes, times=times), []
    if choices.group is not None:
        groups = _groups(known, choices.group)
        said = f"{len(np.unique(groups)):,} groups of rows, each in one fold"
        decisions = [Decision("rows", "rows", said), *_across_groups(known, inputs, groups)]
        return Togetherness(known.rows, classes, groups=groups), decisions
    # By what is learned from alone: were the target looked at, too, rows that are equal by chance
    # would be sorted into folds by their target.
    copies = copies_of(known, inputs)
    twins = int((np.bincount(copies)[copies] > 1).sum())
    if not twins or not inputs:
        return Togetherness(known.rows, classes), []
    if _are_copies(known, inputs, copies, twins):
        said = (
            f"{twins:,} are copies of others in all that is learned from: equal ones are kept in "
        )
        said += "one fold, so that none is tested on what was learned"
        together = Togetherness(known.rows, classes, copies=copies)
    else:
        said = f"{twins:,} are equal to others, as few values make them: shared out like all others"
        together = Togetherness(known.rows, classes)
    return together, [Decision("rows", "rows", said, "--ignore-rows duplicates")]


def _across_groups(known: Table, inputs: Sequence[str], groups: Rows) -> list[Decision]:
    """Return a hint where rows of different groups are copies of one another."""
    if not inputs:
        return []
    copies = copies_of(known, inputs)
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
    return [Decision("rows", "hint", text, "--ignore-rows duplicates")]


def _are_copies(known: Table, inputs: Sequence[str], copies: Rows, twins: int) -> bool:
    """Whether equal rows are to be kept together.

    Few are: that costs nothing. Of many, those of a table with a column of nearly as many values as
    there are different rows; without one, few values make rows equal, and a network that never sees
    a row like the one it is tested on is tested on something else than it is for.
    """
    if twins < FEW_TWINS * known.rows:
        return True
    different = np.unique(copies)
    most = max(len(np.unique(numbered(known.columns[name])[different])) for name in inputs)
    return most >= max(FEWEST_OF_MANY, MANY_VALUES * len(different))


def _times(known: Table, name: str, kinds: Kinds) -> NDArray[np.float64]:
    """Return a number for each row by which rows are ordered. Raises DataError."""
    column = known.columns[name]
    times = column if is_number(column) else dates_in(column, kinds.date_orders.get(name, "ymd"))[0]
    _refuse_missing(name, np.isnan(times), "no time", "a date or a number")
    if times.min() == times.max():
        raise DataError(
            f"Column {name!r} says the same time in every row.", "Order rows by another column."
        )
    return times


def _groups(known: Table, name: str) -> Rows:
    """Return the number of each row's group. Raises DataError."""
    column: Column = known.columns[name]
    _refuse_missing(name, missing(column), "no group", "a value")
    return numbered(column)


def _refuse_missing(name: str, absent: NDArray[np.bool_], what: str, due: str) -> None:
    if absent.any():
        raise DataError(
            f"Column {name!r} says {what} in {counted(int(absent.sum()), 'row')}, first in row "
            f"{int(np.argmax(absent)) + 1} of those with a target.",
            f"Give {due} in every row, or leave those rows out: --ignore-rows.",
        )
