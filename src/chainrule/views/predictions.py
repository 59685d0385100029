"""Predictions as rows of a CSV file or a JSON document."""

from __future__ import annotations

import csv
import io
import json as json_format
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data.preparation import Preparation
from chainrule.data.table import read_table
from chainrule.errors import RunFolderError
from chainrule.training.run import Run


@dataclass(frozen=True)
class Predictions:
    """Column names and rows; ``warnings`` are sentences about values that training never saw."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    warnings: tuple[str, ...] = ()


def predictions_of(run: Run, path: Path) -> Predictions:
    """Return what a run predicts for each row of a table file.

    Raises DataError where columns are missing or of another kind, RunFolderError for a run that
    was not trained on a table.
    """
    if "preparation" not in run.notes:
        raise RunFolderError(
            "The run was trained on arrays, so it does not know columns.",
            "Use it from Python: load(folder).predict(X).",
        )
    preparation = Preparation.from_dict(run.notes["preparation"])
    table = read_table(path)
    inputs = preparation.inputs(table)
    name = preparation.target.name
    found = run.predict(inputs).tolist()
    if preparation.target.task == "regression":
        columns: tuple[str, ...] = ("row", name)
        rows = [(number, float(one)) for number, one in enumerate(found, start=1)]
    else:
        shares = run.predict_proba(inputs).tolist()
        columns = ("row", name, *(f"probability of {label}" for label in run.classes))
        rows = [
            (number, one, *(round(share, 6) for share in part))
            for number, (one, part) in enumerate(zip(found, shares, strict=True), start=1)
        ]
    warnings = tuple(
        f"note: '{column}' holds {', '.join(map(repr, values))}, which training never saw; "
        "such rows are predicted without it."
        for column, values in preparation.unseen(table).items()
    )
    return Predictions(columns, rows, warnings)


def write_predictions(made: Predictions, output: Path | None, *, json: bool) -> None:
    """Write predictions to a file, whole or not at all, or to standard output."""
    if json:
        text = json_format.dumps(
            [dict(zip(made.columns, row, strict=True)) for row in made.rows], indent=1
        )
        text += "\n"
    else:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(made.columns)
        writer.writerows(made.rows)
        text = buffer.getvalue()
    if output is None:
        sys.stdout.write(text)
        return
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(output)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunFolderError(
            f"'{output}' could not be written ({error.strerror}).", "Choose another place."
        ) from None
