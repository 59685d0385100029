"""Predictions as rows of a CSV file or a JSON document."""

from __future__ import annotations

import csv
import io
import json as json_format
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import is_number
from chainrule.data.fields import OTHER, CategoryColumn
from chainrule.data.preparation import Preparation
from chainrule.data.table import Table
from chainrule.errors import RunFolderError
from chainrule.files.disk import reason, write_whole
from chainrule.training.run import Run
from chainrule.training.tables.given_tables import read_alike
from chainrule.training.tables.notes import preparation_of
from chainrule.views.commands import is_trained

VALUES_SHOWN = 5
# A network of float32 knows seven digits of a standardised number; nine hold all of these.
DIGITS, DIGITS_OF_SCALE = 9, 7
# Probabilities are written in millionths, which add up to one.
MILLION = 1_000_000


@dataclass(frozen=True)
class Predictions:
    """Column names, all different, and rows; ``notes`` are sentences about names and values."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Output:
    """A column of predictions: the name that it should have, its values, and the one it has."""

    wanted: str
    values: list[Any] | None = None
    name: str = ""


def predictions_of(run: Run, path: Path) -> Predictions:
    """Return what a run predicts for each row of a table file, or of standard input ("-").

    First come the columns that tell rows apart, if training knew any and they are there, as they
    are written; else the number of the row. Further columns and another order make no difference.
    What a column is called follows from the run alone, so that a pipe can rely on it. Numbers have
    nine digits, and more only where they are alike in these; probabilities have six decimals and
    add up to 1.

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
    columns = _in_order(_made(run, preparation, table), _identifiers(table, preparation), table)
    notes = [_said_of_name(one) for one in columns if one.name != one.wanted]
    notes += [*_said_of_file(table, run), *_said_of_empty(preparation.without_values(table))]
    with_other = {
        one.name for one in preparation.columns if isinstance(one, CategoryColumn) and one.other
    }
    notes += [
        _unseen(column, values, column in with_other)
        for column, values in preparation.unseen(table).items()
    ]
    if not run.finished:
        notes.append(f"the training of this run has not ended ({run.recording.epochs} epochs).")
    rows = zip(*(one.values or [] for one in columns), strict=True)
    return Predictions(tuple(one.name for one in columns), list(rows), tuple(notes))


def _in_order(made: Sequence[Output], known: Sequence[Output], table: Table) -> list[Output]:
    """Return the columns that are there, all of different names, what tells rows apart in front."""
    names = different([one.wanted for one in (*made, *known)])
    every = [replace(one, name=name) for name, one in zip(names, (*made, *known), strict=True)]
    front = [one for one in every[len(made) :] if one.values is not None]
    if not front:
        (number,) = different([*names, "row number" if "row" in names else "row"])[len(names) :]
        front = [Output(number, list(range(1, table.rows + 1)), name=number)]
    return [*front, *every[: len(made)]]


def _made(run: Run, preparation: Preparation, table: Table) -> list[Output]:
    """Return what is predicted, column by column, as it is written: names may be alike."""
    inputs, target = preparation.inputs(table), preparation.target
    predicted = run.predict(inputs).tolist()
    if target.task == "regression":
        return [Output(target.name, [shortened(one, target.scale) for one in predicted])]
    shares = in_millionths(run.predict_proba(inputs)).T.tolist()
    pairs = zip(run.classes, shares, strict=True)
    probabilities = [Output(f"probability of {label}", column) for label, column in pairs]
    return [Output(target.name, predicted), *probabilities]


def _identifiers(table: Table, preparation: Preparation) -> list[Output]:
    """Return the columns by which training told rows apart, also those that are not there now."""
    return [
        Output(name, _as_written(table, name)) if name in table.columns else Output(name)
        for name in preparation.identifiers
    ]


def different(names: Sequence[str]) -> list[str]:
    """Return names of which no two are alike: one that was there before gets a number."""
    found: dict[str, None] = {}
    wanted = set(names)
    for name in names:
        number, free = 2, name
        while free in found or (free != name and free in wanted):
            free, number = f"{name} {number}", number + 1
        found[free] = None
    return list(found)


def _said_of_name(one: Output) -> str:
    return f"the column '{one.wanted}' is written as '{one.name}', for another one is called that."


def shortened(number: float, scale: float) -> float:
    """Return a number without the digits that no network knows.

    Nine are left; more of one that is large beside ``scale``, by which such numbers differ.
    """
    if not math.isfinite(number) or number == 0.0:
        return number
    before = math.ceil(math.log10(abs(number)) - math.log10(scale))
    return float(f"{number:.{min(max(DIGITS, before + DIGITS_OF_SCALE), 17)}g}")


def in_millionths(shares: NDArray[Any]) -> NDArray[np.float64]:
    """Return probabilities (rows, classes) with six decimals, which add up to 1 in every row.

    What is lost by cutting digits off goes to those that lost most. A larger probability never
    comes out smaller than another.
    """
    exact = np.asarray(shares, dtype=np.float64)
    parts = exact / exact.sum(axis=1, keepdims=True) * MILLION
    whole = np.floor(parts)
    missing = MILLION - whole.sum(axis=1, keepdims=True)
    place = np.argsort(np.argsort(whole - parts, axis=1, kind="stable"), axis=1)
    return np.asarray((whole + (place < missing)) / MILLION)


def _as_written(table: Table, name: str) -> list[Any]:
    """Return the values of a column: text, whole numbers without a point, None where missing."""
    column = table.columns[name]
    if name in table.written:
        return list(table.written[name].tolist())
    if not is_number(column):
        return list(column.tolist())
    whole = [int(one) if one.is_integer() else one for one in column.tolist()]
    return [None if one != one else one for one in whole]


def _said_of_file(table: Table, run: Run) -> list[str]:
    """Return what was made of a file and its rows, as far as it was not so in training."""
    if "reading" not in run.notes.get("table", {}):
        return []
    texts = {one.text for one in run.decisions}
    options = {one.option for one in run.decisions if one.option}
    return [
        f"{'the file' if one.subject == 'file' else one.subject}: {one.text}."
        for one in table.decisions
        if one.kind in ("file", "rows") and one.text not in texts and one.option not in options
    ]


def _said_of_empty(empty: NDArray[np.bool_]) -> list[str]:
    """Return how many rows (rows,) have nothing to predict from, and what that means."""
    rows = [str(row + 1) for row in np.flatnonzero(empty).tolist()]
    if not rows:
        return []
    first = ", ".join(rows[:VALUES_SHOWN]) + (", ..." if len(rows) > VALUES_SHOWN else "")
    what = f"row {first} has" if len(rows) == 1 else f"{len(rows):,} rows ({first}) have"
    return [f"{what} no value in any input, and nothing to be predicted from."]


def _unseen(column: str, values: tuple[str, ...], with_other: bool) -> str:
    shown = ", ".join(map(repr, values[:VALUES_SHOWN]))
    more = len(values) - VALUES_SHOWN
    what = f"'{column}' holds {shown}{f' and {more} more values' if more > 0 else ''}"
    if with_other:
        return f"{what}, none of the categories that training kept; they count as {OTHER!r}."
    return f"{what}, which training never saw; such rows are predicted without it."


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
    writer.writerows(map(_plain, row) for row in made.rows)
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    """Return a value, a small number as a text without an exponent, as ``sort -n`` reads it."""
    if isinstance(value, float) and 1e-6 <= abs(value) < 1e-3:
        return np.format_float_positional(value, trim="-")
    return value


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
