"""What is kept of a fix of a run on a table: the table trained on again, folds and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.table import Table
from chainrule.diagnosis.arrangement import Arrangement, Remedy
from chainrule.diagnosis.case import Case, case_of
from chainrule.diagnosis.case_of_table import has_folds, of_the_table
from chainrule.diagnosis.report import Report
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.tables.again import Changes, tables_of, train_again
from chainrule.training.tables.work import Change


@dataclass(frozen=True, eq=False)
class Kept:
    """A remedy that helped; ``task`` is that of the target behind it.

    ``is_of_the_table``: it is no change of the trainings, but of which rows and which task they
    have.
    """

    remedy: Remedy
    task: str
    is_of_the_table: bool

    @classmethod
    def of(cls, remedy: Remedy, before: Arrangement, changed: Arrangement) -> Kept:
        """Return the remedy with what it makes of an arrangement."""
        other = bool(remedy.left_out) or _other_task(before, changed)
        return cls(remedy, changed.setup.targets[0].task, other)


@dataclass(frozen=True, eq=False)
class TableToFix:
    """A run on a table, its tables read again, and the numbers of the rows that its case has."""

    run: Run
    tables: tuple[Table, Table | None]
    numbers: tuple[int, ...]

    @classmethod
    def of(cls, report: Report) -> TableToFix | None:
        """Return that of a report, None where no fold was judged or there is nothing to fix.

        Raises DataError where the table is not to be had.
        """
        run = report.run
        if run is None or not has_folds(run) or report.primary is None:
            return None
        if report.primary.remedy is None or not len(report.case.validation):
            return None
        return cls(run, tables_of(run, report.data), report.case.numbers)

    def case(self, again: Run) -> Case:
        """Return the case of a fold that was trained again with remedies."""
        return of_the_table(case_of(again), self.run, self.numbers)

    def can_take(self, remedy: Remedy, before: Arrangement, changed: Arrangement) -> bool:
        """Whether a remedy can be applied to all trainings of the table.

        Which target stands beside which row is a matter of the file itself.
        """
        if remedy.left_out or _other_task(before, changed):
            return True
        rows, other = before.training, changed.training
        return rows.inputs is other.inputs and rows.targets is other.targets

    def trained_again(self, kept: Sequence[Kept], progress: bool) -> Run:
        """Return the run on the table with all remedies that were kept."""
        left_out = sorted({number for one in kept for number in one.remedy.left_out})
        before = self.run.setup.targets[0].task
        tasks = [one.task for one in kept if one.task != before]
        changes = Changes(
            _change([one.remedy for one in kept if not one.is_of_the_table]),
            tuple(left_out),
            tasks[-1] if tasks else None,
            tuple(one.remedy.words for one in kept),
        )
        return train_again(self.run, self.tables, changes, progress=progress)


def _change(remedies: Sequence[Remedy]) -> Change:
    """Return what remedies make of a training, in the order in which they were kept."""

    def change(setup: Setup, rows: Rows) -> tuple[Setup, Rows]:
        now = Arrangement(setup, rows, rows.part(np.arange(0)))
        for one in remedies:
            now = one.change(now)
        return now.setup, now.training

    return change


def _other_task(before: Arrangement, changed: Arrangement) -> bool:
    return before.setup.targets[0].task != changed.setup.targets[0].task
