"""The plan of a table's trainings: its task, its rows and columns, and the folds.

Everything is decided here before any training, and said in ``decisions``. A column's kind follows
from its own values; means, scales and levels are fitted later, on training rows alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chainrule.data.choices import Choices
from chainrule.data.columns import NumberArray, is_number, numbers_in, spelling
from chainrule.data.date_column import dates_in
from chainrule.data.decisions import Decision, counted, shown
from chainrule.data.equal_rows import value_numbers
from chainrule.data.hints import far_hint, share_hint, spelling_hint
from chainrule.data.ignoring import ignored_rows, or_left_out
from chainrule.data.kinds import INPUTS, Kinds, decide_kinds, said_of_reading
from chainrule.data.matlab_files import beside_target
from chainrule.data.preparation import Preparation
from chainrule.data.scaling import too_far
from chainrule.data.table import Table
from chainrule.data.target import Task, decide_task, describe_target, rows_with_target
from chainrule.errors import DataError
from chainrule.training.tables.doubtful_columns import giveaway_hints
from chainrule.training.tables.folds import FOLDS, Fold, make_folds
from chainrule.training.tables.together import rows_together

Rows = NDArray[np.int64]

FEWEST_ROWS = 10
LARGEST_TARGET = 1e305


@dataclass(frozen=True, eq=False)
class TablePlan:
    """A table and what was decided: the task, the columns' kinds, the rows that are used, folds.

    ``used`` are the numbers, from 0, of rows that have a target and are not to be ignored;
    ``groups`` (rows of the table,) the number of each row's group, where rows come in groups.
    """

    table: Table
    target: str
    task: Task
    kinds: Kinds
    choices: Choices
    used: Rows
    folds: tuple[Fold, ...]
    decisions: tuple[Decision, ...]
    groups: Rows | None = None

    @cached_property
    def known(self) -> Table:
        """The rows that are used: of others not even the class is known."""
        return self.table.select(self.used)

    @cached_property
    def preparation(self) -> Preparation:
        """How the columns become inputs, fitted on all rows that are used."""
        every = np.arange(len(self.used))
        return Preparation.fit(self.known, self.target, every, self.task, self.kinds)

    @classmethod
    def of(cls, table: Table, target: str, choices: Choices, seed: int) -> TablePlan:
        """Return the plan of a table.

        Raises DataError for a target that cannot be learned, fewer than 10 rows, rows that cannot
        be shared out, and a value that some fold could not scale; SetupError for choices that
        contradict.
        """
        kinds = decide_kinds(table, target, choices)
        looked_at = [name for name, kind in kinds.by_name.items() if kind in INPUTS]
        ignored = ignored_rows(table, choices.ignore_rows, [*looked_at, target])
        with_target = rows_with_target(table, target)
        used = with_target[~ignored[with_target]]
        if len(used) < FEWEST_ROWS:
            raise DataError(
                f"{counted(len(used), 'row')} with a target: too few to train, choose and test on.",
                f"Give {FEWEST_ROWS} rows or more, or train from Python without folds: train().",
            )
        known = table.select(used)
        task = decide_task(known, target, choices.task, used, choices.ignore_rows)
        together, said = rows_together(known, target, task, kinds, choices, used)
        folds = make_folds(used, together, seed)
        _refuse_largest(known, target, task, used)
        _refuse_far_values(_numbers(table, target, task, kinds), folds, choices.ignore_rows)
        rows_said = _rows_said(table, used, int(ignored.sum()), choices)
        groups = None
        if choices.group is not None:
            groups = value_numbers(table.columns[choices.group])
        decisions = (
            *said_of_reading(table.decisions, kinds),
            describe_target(known, target, task),
            *_target_hints(known, target, task, used, choices.ignore_rows),
            *beside_target(table.source, target, looked_at),
            *rows_said,
            *said,
            *kinds.decisions,
            *giveaway_hints(known, target, task, kinds, seed),
        )
        return cls(table, target, task, kinds, choices, used, folds, decisions, groups)


def _numbers(
    table: Table, target: str, task: Task, kinds: Kinds
) -> Iterator[tuple[str, NumberArray]]:
    """Return the name and the numbers (rows,) of every column that will be scaled."""
    for name, column in table.columns.items():
        kind = kinds.by_name.get(name)
        if kind == "date":
            yield name, dates_in(column, kinds.date_orders[name])[0]
        elif kind == "number" or (name == target and task == "regression"):
            yield name, column if is_number(column) else numbers_in(column)[0]


def _refuse_largest(known: Table, target: str, task: Task, used: Rows) -> None:
    """Refuse a target so large that errors may leave the range of float64. Raises DataError."""
    if task != "regression":
        return
    numbers = known.columns[target]
    largest = int(np.argmax(np.abs(numbers)))
    if abs(numbers[largest]) > LARGEST_TARGET:
        raise DataError(
            f"The target {target!r} is {numbers[largest]:g} in row {used[largest] + 1}, which is "
            "too large to predict.",
            "Correct the cell, or give the column in a larger unit.",
        )


def _refuse_far_values(
    columns: Iterator[tuple[str, NumberArray]], folds: Sequence[Fold], asked: str
) -> None:
    """Refuse a value too large to scale with what some fold learns from. Raises DataError.

    Said before the first training, which would have been in vain.
    """
    for name, numbers in columns:
        far: set[int] = set()
        for fold in folds:
            others = np.concatenate((fold.validation, fold.test))
            far.update(others[too_far(numbers[others], numbers[fold.training])].tolist())
        if far:
            rows = sorted(far)
            raise DataError(
                f"Column {name!r} has {numbers[rows[0]]:g} in row {rows[0] + 1}, which is too "
                "large to scale beside the other rows.",
                f"Correct the cell{or_left_out([row + 1 for row in rows], asked)}.",
            )


def _target_hints(known: Table, target: str, task: Task, used: Rows, asked: str) -> list[Decision]:
    """Return hints for classes: some that may be one, and some of too few rows for the folds.

    For numbers: one that is far from all others.
    """
    column = known.columns[target]
    if task == "regression":
        return far_hint(target, column, used, asked) if is_number(column) else []
    counts = Counter(map(spelling, column.tolist()) if is_number(column) else column.tolist())
    rare = sorted(label for label, count in counts.items() if count < FOLDS)
    hints = [] if is_number(column) else spelling_hint(target, counts)
    if rare:
        text = f"{shown(rare)} in fewer rows than there are folds: some folds test none of them"
        hints.append(Decision(target, "hint", text))
    return [*share_hint(target, counts), *hints]


def _rows_said(table: Table, used: Rows, ignored: int, choices: Choices) -> list[Decision]:
    said = []
    if ignored:
        text = f"{ignored:,} {_are(ignored)} left out, as asked: {choices.ignore_rows}"
        said.append(Decision("rows", "rows", text))
    without = table.rows - ignored - len(used)
    if without:
        said.append(
            Decision("rows", "rows", f"{without:,} without a target {_are(without)} left out")
        )
    if said:
        said.append(Decision("rows", "rows", f"{len(used):,} of {table.rows:,} are used"))
    return said


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
