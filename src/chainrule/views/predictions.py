"""Predictions as rows of a CSV file or a JSON document."""

from __future__ import annotations

import csv
import io
import json as json_format
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data.columns import is_number
from chainrule.data.preparation import Preparation
from chainrule.data.table import Table
from chainrule.errors import RunFolderError
from chainrule.files.disk import reason, write_whole
from chainrule.training.run import Run
from chainrule.training.tables.notes import preparation_of, read_alike
from chainrule.views.commands import is_trained

VALUES_SHOWN = 5


@dataclass(frozen=True)
class Predictions:
    """Column names and rows; ``notes`` are sentences about what training never saw."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    notes: tuple[str, ...] = ()


def predictions_of(run: Run, path: Path) -> Predictions:
    """Return what a run predicts for each row of a table file, or of standard input ("-").

    First come the columns that tell rows apart, if training knew any and they are there, as they
    are written; else the number of the row. Further columns and another order make no difference.

    Raises DataError where columns are missing or of another kind, RunFolderError for a run that
    was not trained on a table, or whose network was not trained at all.
    """
    if "preparation" not in run.notes:
        raise RunFolderError(
            "The run was trained on arrays, so it does not know columns.",
            "Use it from Python: load(folder).predict(X).",
        )
    if not is_trained(run):
        raise RunFolderError(
            "The run was interrupted before its network was trained.",
            "Go on with it: chainrule resume RUN.",
        )
    preparation = preparation_of(run.setup, run.notes)
    table = read_alike(run.notes, path)
    inputs = preparation.inputs(table)
    made = {preparation.target.name: run.predict(inputs).tolist()}
    if preparation.target.task == "classification":
        shares = run.predict_proba(inputs).round(6)
        for label, column in zip(run.classes, shares.T.tolist(), strict=True):
            made[f"probability of {label}"] = column
    columns = {**_telling_apart(table, preparation, made), **made}
    notes = [_unseen(column, values) for column, values in preparation.unseen(table).items()]
    if not run.finished:
        notes.append(f"the training of this run has not ended ({run.recording.epochs} epochs).")
    return Predictions(tuple(columns), list(zip(*columns.values(), strict=True)), tuple(notes))


def _telling_apart(
    table: Table, preparation: Preparation, made: Mapping[str, list[Any]]
) -> dict[str, list[Any]]:
    """Return the columns by which a reader knows a row: identifiers, or the row's number."""
    found = {
        name: _as_written(table, name)
        for name in preparation.identifiers
        if name in table.columns and name not in made
    }
    if found:
        return found
    return {"row number" if "row" in made else "row": list(range(1, table.rows + 1))}


def _as_written(table: Table, name: str) -> list[Any]:
    """Return the values of a column: text, whole numbers without a point, None where missing."""
    column = table.columns[name]
    if name in table.written:
        return list(table.written[name].tolist())
    if not is_number(column):
        return list(column.tolist())
    whole = [int(one) if one.is_integer() else one for one in column.tolist()]
    return [None if one != one else one for one in whole]


def _unseen(column: str, values: tuple[str, ...]) -> str:
    shown = ", ".join(map(repr, values[:VALUES_SHOWN]))
    more = len(values) - VALUES_SHOWN
    return (
        f"'{column}' holds {shown}{f' and {more} more values' if more > 0 else ''}, which training "
        "never saw; such rows are predicted without it."
    )


def write_predictions(made: Predictions, output: Path | None, *, json: bool) -> None:
    """Write predictions to a file, whole or not at all, or to standard output.

    Raises RunFolderError where they cannot be written.
    """
    text = _json(made) if json else _csv(made)
    if output is None:
        _print_data(text)
        return
    if not output.parent.is_dir():
        raise RunFolderError(
            f"There is no folder '{output.parent}' to write '{output.name}' in.",
            "Make it, or choose another place.",
        )
    try:
        if output.exists() and not output.is_file():
            # A device or a pipe is written to, not put aside for a file.
            output.write_text(text, encoding="utf-8")
        else:
            write_whole(output, text.encode("utf-8"))
    except OSError as error:
        raise RunFolderError(
            f"'{output}' could not be written: {reason(error)}.", "Choose another place."
        ) from None


def _json(made: Predictions) -> str:
    rows = [dict(zip(made.columns, map(_finite, row), strict=True)) for row in made.rows]
    return json_format.dumps(rows, indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """Return a value, None for a number that a network which has diverged does not give."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(made: Predictions) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(made.columns)
    writer.writerows(made.rows)
    return buffer.getvalue()


def _print_data(text: str) -> None:
    """Print to standard output; in UTF-8 where that is a file, as tables are read again.

    Raises RunFolderError where the caller has closed it.
    """
    if sys.__stdout__ is None:
        raise RunFolderError(
            "There is no standard output to print the predictions on.",
            "Write them to a file: --output FILE.",
        )
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    chosen = "PYTHONIOENCODING" in os.environ or sys.stdout.isatty()
    if reconfigure is not None and not chosen:
        reconfigure(encoding="utf-8")
    sys.stdout.write(text)
