"""Tables as they are given to a run: its own, its own once more, and others to predict on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.data import record
from chainrule.data.choices import Choices
from chainrule.data.reading import Reading
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.errors import DataError
from chainrule.training.tables.notes import Source, TableNote


def as_table(table: Any, choices: Choices | None = None, like: Reading | None = None) -> Table:
    """Return a table from a path, a data frame, or a mapping of columns. Raises DataError."""
    if isinstance(table, Table):
        return table
    if isinstance(table, str | Path):
        return read_table(table, choices, like)
    return table_from_frame(table, None, choices, like)


def read_alike(notes: Mapping[str, Any], table: Any) -> Table:
    """Return a table from a path, a data frame or a mapping, read as the run's own table was.

    What can be read in two ways, such as "1,234", is then read in the same. Raises DataError, and
    RunFolderError where the notes are damaged.
    """
    noted = record.mapping(notes.get("table", {}), "'table'")
    # Runs of the first days did not note how their tables were read.
    if "reading" not in noted:
        return as_table(table)
    note = TableNote.from_record(noted)
    # The numbers of rows to ignore are those of the table that was trained on.
    return as_table(table, replace(note.choices, ignore_rows=""), note.reading)


def table_again(source: Source, table: Any, note: TableNote) -> Table:
    """Return a table that a run has seen. Raises DataError for another one.

    ``source`` is that of the table which ``note`` tells of, or of its test table; ``table`` None
    stands for the file at the source's path.
    """
    what, how = ("trained on", "--data") if source == note.source else ("tested on", "--test")
    given = source.path if table is None else table
    if given is None:
        raise DataError(
            f"The run was {what} a data frame or standard input, whose rows are not saved.",
            f"Give the table again, on the command line with {how} FILE.",
        )
    if table is None and not Path(given).exists():
        raise DataError(
            f"The table that the run was {what} is no longer at '{given}'.",
            f"Say where it is now, on the command line with {how} FILE.",
        )
    choices = note.choices if source == note.source else replace(note.choices, ignore_rows="")
    again = as_table(given, choices, note.reading)
    if again.rows != source.rows or Source.of(again).checksum != source.checksum:
        where = f"'{again.source}'" if again.source else "The table"
        raise DataError(
            f"{where} does not hold what the run was {what}: its contents differ.",
            "Give the table as it was then.",
        )
    return again
