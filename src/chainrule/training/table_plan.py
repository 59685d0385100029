"""The plan of a table's trainings: its rows and columns, the folds, and the setup of a training.

Everything is decided here before any training, and said in ``decisions``. A column's kind follows
from its own values; means, scales and levels are fitted later, on training rows alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.choices import Choices
from chainrule.data.columns import Column, is_number, missing
from chainrule.data.date_column import dates_in
from chainrule.data.decisions import Decision, counted, shown
from chainrule.data.hints import spelling_hint
from chainrule.data.ignoring import copies_of, ignored_rows, numbered
from chainrule.data.kinds import INPUTS, Kinds, decide_kinds
from chainrule.data.preparation import decide_task, describe_target, rows_with_target, strata
from chainrule.data.table import Table
from chainrule.data.target import Task
from chainrule.engines.choosing import AUTO, chosen_engine
from chainrule.errors import DataError
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import Adam, Optimizer
from chainrule.training.arguments import rows_in_a_step
from chainrule.training.preparing import Prepared
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.stopping import Stopping
from chainrule.training.table_folds import FOLDS, Fold, Togetherness, make_folds
from chainrule.training.table_notes import Settings

Rows = NDArray[np.int64]

FEWEST_ROWS = 10
LEARNING_RATE = 0.005
PATIENCE = 30
LINEAR_STEPS, LINEAR_PATIENCE = 6000, 600
READINGS, FOLD_READINGS = 50, 10
FEW_TWINS = 0.2
MANY_VALUES, FEWEST_OF_MANY = 0.25, 20


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

    @classmethod
    def of(cls, table: Table, target: str, choices: Choices, seed: int) -> TablePlan:
        """Return the plan of a table.

        Raises DataError for a target that cannot be learned, fewer than 10 rows, and rows that
        cannot be shared out; SetupError for choices that contradict.
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
        task = decide_task(known, target, choices.task)
        together, said = _together(known, target, task, kinds, choices)
        folds = make_folds(used, together, seed)
        rows_said = _rows_said(table, used, int(ignored.sum()), choices)
        groups = None
        if choices.group is not None:
            groups = numbered(table.columns[choices.group])
        decisions = (
            *table.decisions,
            describe_target(known, target, task),
            *_target_hints(known, target, task),
            *rows_said,
            *said,
            *kinds.decisions,
        )
        return cls(table, target, task, kinds, choices, used, folds, decisions, groups)


def _target_hints(known: Table, target: str, task: Task) -> list[Decision]:
    """Return hints for classes: some that may be one, and some of too few rows for the folds."""
    if task == "regression":
        return []
    column = known.columns[target]
    counts = Counter(map(str, column.tolist()))
    rare = sorted(label for label, count in counts.items() if count < FOLDS)
    hints = [] if is_number(column) else spelling_hint(target, counts)
    if rare:
        text = f"{shown(rare)} in fewer rows than there are folds: some folds test none of them"
        hints.append(Decision(target, "hint", text))
    return hints


def _together(
    known: Table, target: str, task: Task, kinds: Kinds, choices: Choices
) -> tuple[Togetherness, list[Decision]]:
    """Return what rows that are used have to do with each other, and what is to be said of it."""
    classes = strata(known, target, task)
    if choices.time is not None:
        times = _times(known, choices.time, kinds)
        return Togetherness(known.rows, classes, times=times), []
    if choices.group is not None:
        groups = _groups(known, choices.group)
        said = f"{len(np.unique(groups)):,} groups of rows, each in one fold"
        return Togetherness(known.rows, classes, groups=groups), [Decision("rows", "rows", said)]
    inputs = [name for name, kind in kinds.by_name.items() if kind in INPUTS]
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


def _rows_said(table: Table, used: Rows, ignored: int, choices: Choices) -> list[Decision]:
    said = []
    if ignored:
        text = f"{ignored:,} are left out, as asked: {choices.ignore_rows}"
        said.append(Decision("rows", "rows", text))
    without = table.rows - ignored - len(used)
    if without:
        said.append(Decision("rows", "rows", f"{without:,} without a target are left out"))
    if said:
        said.append(Decision("rows", "rows", f"{len(used):,} of {table.rows:,} are used"))
    return said


def said_of_test(plan: TablePlan, test: Table) -> list[Decision]:
    """Return what is to be said of a test table: how many of its rows were learned from."""
    inputs = [name for name, kind in plan.kinds.by_name.items() if kind in INPUTS]
    names = [name for name in (*inputs, plan.target) if name in test.columns]
    learned = plan.table.select(plan.used)
    columns: dict[str, Column] = {}
    for name in names:
        pair: Any = (learned.columns[name], test.columns[name])
        if pair[0].dtype == pair[1].dtype:
            columns[name] = np.concatenate(pair)
    if len(columns) < len(inputs) + 1:
        return []
    together = Table(columns)
    shared = int((copies_of(together, names)[learned.rows :] < learned.rows).sum())
    if not shared:
        return []
    said = f"{shared:,} of its {test.rows:,} rows are also in the table that is learned from, so "
    return [Decision("test table", "hint", said + "that the result flatters")]


@dataclass(frozen=True)
class Recipe:
    """How networks are trained on a table: what all trainings of one run have in common."""

    settings: Settings
    optimizer: Optimizer
    l2: float
    seed: int

    def network(self) -> Network:
        """Return the network, its sizes left to the data."""
        hidden = [Dense(width, self.settings.activation) for width in self.settings.hidden]
        return Network(*hidden, Dense())

    def linear_network(self) -> Network:
        """Return the linear model: a network of one layer."""
        return Network(Dense())

    def setup(self, prepared: Prepared, epochs: int | None = None) -> Setup:
        """Return the setup of a network's training: for so many epochs, or as many as are best.

        Without ``epochs`` the epoch with the lowest loss on the validation rows is kept, and
        training ends when patience does.
        """
        found = epochs is None
        return _setup(
            prepared,
            self.optimizer,
            epochs=self.settings.epochs if epochs is None else epochs,
            batch_size=self.settings.batch_size,
            stopping=Stopping(patience=self.settings.patience) if found else Stopping(),
            l2=self.l2,
            seed=self.seed,
            keep="best" if found else "last",
            # Those of the last training are read closely; of five folds ten looks each will do.
            readings=FOLD_READINGS if found else READINGS,
        )

    def linear(self, prepared: Prepared, epochs: int | None = None) -> Setup:
        """Return the same of a linear model, which has an optimizer of its own.

        A rate or a patience that harms the network does not flatter it: it may take
        ``LINEAR_STEPS`` steps, and ``LINEAR_PATIENCE`` without a lower loss, or more.
        """
        rows = rows_in_a_step(self.settings.batch_size, len(prepared.training), self.optimizer)
        steps = -(-len(prepared.training) // rows)
        most = max(self.settings.epochs, -(-LINEAR_STEPS // steps))
        found = epochs is None
        return _setup(
            prepared,
            Adam(learning_rate=LEARNING_RATE),
            epochs=most if epochs is None else epochs,
            batch_size=rows,
            stopping=Stopping(patience=max(PATIENCE, -(-LINEAR_PATIENCE // steps)))
            if found
            else Stopping(),
            l2=self.l2,
            seed=self.seed,
            keep="best" if found else "last",
            readings=0,
        )


def _setup(prepared: Prepared, optimizer: Optimizer, **given: Any) -> Setup:
    classes = prepared.targets[0].task == "classification"
    l2, batch_size = given.pop("l2"), given.pop("batch_size")
    return Setup(
        network=prepared.network,
        losses=prepared.losses,
        targets=prepared.targets,
        optimizer=optimizer,
        provenance=prepared.provenance,
        batch_size=rows_in_a_step(batch_size, len(prepared.training), optimizer),
        engine=chosen_engine(AUTO),
        regularisation=Regularisation(l2=l2),
        metrics=("accuracy",) if classes else ("r2",),
        **given,
    )
