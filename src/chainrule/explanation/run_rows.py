"""The rows that a run was trained on: those that it holds, or its table's, made into arrays again.

A run on arrays keeps no rows in its folder, and is given them by ``resume``. That of a table finds
the table where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ignoring import FIRST_ROW
from chainrule.data.table import Table
from chainrule.errors import DataError
from chainrule.explanation.trace import RowNames
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.tables.folds import LEFT_OUT, from_roles
from chainrule.training.tables.given_tables import table_again
from chainrule.training.tables.kept_rows import kept_table
from chainrule.training.tables.notes import TableNote, preparation_of
from chainrule.training.tables.rows import TableRows


def table_of_run(run: Run, data: Any = None) -> Table:
    """Return the table that a run was trained on. Raises DataError where it is another one.

    ``data``: the table again, where it is no longer where it was.
    """
    note = TableNote.from_record(run.notes["table"])
    return table_again(note.source, kept_table(run.notes) if data is None else data, note)


def rows_of_run(run: Run, data: Any = None) -> tuple[Rows, Rows]:
    """Return the training and the validation rows of a run.

    ``data``: the table again, where it is no longer where it was. Raises DataError where there are
    none, or others than those that it was trained on.
    """
    if run.rows is not None and data is None:
        return run.rows
    if "preparation" not in run.notes:
        raise DataError(
            "The run was loaded from a folder, and rows are not saved with a run.",
            "Give its rows again: run = resume(folder, X, y).",
        )
    rows = TableRows(table_of_run(run, data), preparation_of(run.setup, run.notes))
    seed, network, known = run.setup.seed, run.setup.network, run.setup.provenance
    weight = TableNote.from_record(run.notes["table"]).settings.class_weight
    if run.notes.get("stage") == "fold":
        (fold,) = from_roles(run.note_arrays["roles"], rows.table.rows)
        found = rows.in_fold(network, fold, seed, weight, known.left_out)
    else:
        found = rows.of_all(network, _used(run), seed, weight, known)
    if not found.provenance.same_rows(known):
        raise DataError(
            "The rows that the table gives are not those of the run: their checksum differs.",
            "Give the table as it was then.",
        )
    return found.training, found.validation


def _used(run: Run) -> NDArray[np.int64]:
    """Return the numbers of the rows of a table that were not left out."""
    return np.flatnonzero((run.note_arrays["roles"] != LEFT_OUT).any(axis=0))


def numbers_in_table(run: Run) -> NDArray[np.int64] | None:
    """Return the numbers in its table of all rows that a run's provenance counts.

    None where it counts rows of X.
    """
    if "roles" not in run.note_arrays:
        return None
    roles = run.note_arrays["roles"]
    if run.notes.get("stage") == "fold":
        return from_roles(roles, roles.shape[1])[0].training
    return _used(run)


def training_row_names(run: Run) -> RowNames:
    """Return the names of the training rows of a run: of X counted from 0, of a table from 1."""
    numbers, of_table = run.setup.provenance.training, numbers_in_table(run)
    if of_table is not None:
        said = f"data rows of the table, counted from {FIRST_ROW}"
        return names_of_table_rows(of_table[numbers].tolist(), said)
    named = tuple(f"row {one}" for one in numbers.tolist())
    return RowNames(tuple(numbers.tolist()), named, "rows of X, counted from 0")


def names_of_table_rows(
    places: Sequence[int], source: str, contents: tuple[tuple[tuple[str, str], ...], ...] = ()
) -> RowNames:
    """Return the names of a table's rows at these places, with what stands in each."""
    numbers = tuple(one + FIRST_ROW for one in places)
    return RowNames(numbers, tuple(f"data row {one}" for one in numbers), source, contents)
