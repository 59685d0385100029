"""The table that a run was trained on, found again."""

from __future__ import annotations

from typing import Any

from chainrule.data.table import Table
from chainrule.training.run import Run
from chainrule.training.tables.given_tables import table_again
from chainrule.training.tables.kept_rows import kept_table
from chainrule.training.tables.notes import TableNote


def table_of_run(run: Run, data: Any = None) -> Table:
    """Return the table that a run was trained on. Raises DataError where it is another one.

    ``data``: the table again, where it is no longer where it was.
    """
    note = TableNote.from_record(run.notes["table"])
    return table_again(note.source, kept_table(run.notes) if data is None else data, note)
