"""What is kept of a fix of a run on a table: the table trained on again, folds and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.table import Table
from chainrule.diagnosis.case_of_table import has_folds
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.report import Report
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.tables.again import Changes, tables_of, train_again
from chainrule.training.tables.work import Change


@dataclass(frozen=True, eq=False)
class TableToFix:
    """A run on a table, and its tables read again."""

    run: Run
    tables: tuple[Table, Table | None]

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
        return cls(run, tables_of(run, report.data))

    def can_take(self, remedy: Remedy, before: Arrangement, changed: Arrangement) -> bool:
        """Whether a remedy can be applied to all trainings of the table.

        Which target stands beside which row is a matter of the file itself.
        """
        if remedy.left_out:
            return True
        rows, other = before.training, changed.training
        return rows.inputs is other.inputs and rows.targets is other.targets

    def trained_again(self, kept: Sequence[Remedy], progress: bool) -> Run:
        """Return the run on the table with all remedies that were kept."""
        changes = Changes(
            # Rows that are left out are not in the table any more.
            _change([one for one in kept if not one.left_out]),
            tuple(sorted({number for one in kept for number in one.left_out})),
            tuple(one.words for one in kept),
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
