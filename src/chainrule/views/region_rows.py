"""Two inputs of a run as a plane: its rows on it, and what the network reads at each place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.fields import NumberColumn
from chainrule.data.table import Table
from chainrule.errors import DataError, SetupError, ShapeError, nearest
from chainrule.explanation.asked_run import preparation
from chainrule.explanation.given_row import usual_row
from chainrule.explanation.run_rows import table_of_run
from chainrule.training.rows import input_array
from chainrule.training.run import Run
from chainrule.training.tables.folds import LEFT_OUT
from chainrule.training.tables.given_tables import read_alike

Numbers = NDArray[np.float64]
Pair = tuple[int | str, int | str]


@dataclass(frozen=True, eq=False)
class TwoInputs:
    """Two inputs of a run: their ``names``, and ``rows`` (rows, 2) in the user's own unit.

    ``labels`` (rows,) are the true classes, None where they are not known. ``held`` says at what
    all other inputs stand. ``filled`` makes of places (points, 2) what the run predicts for.
    """

    names: tuple[str, str]
    rows: Numbers
    labels: NDArray[Any] | None
    held: str
    filled: Callable[[Numbers], Any]


def two_inputs(
    run: Run, x: Any, y: Any, columns: Pair | None, names: Sequence[str], data: Any
) -> TwoInputs:
    """Return two inputs of a run with rows: those given, else those that it was trained on.

    Raises DataError where there are no rows, SetupError for a column that is not there, ShapeError
    for rows of another width.
    """
    if "preparation" in run.notes and not isinstance(x, np.ndarray):
        return _of_table(run, x, columns, data)
    if x is None:
        x, y = _own_rows(run)
    return _of_arrays(x, y, (0, 1) if columns is None else columns, names)


def _own_rows(run: Run) -> tuple[Any, Any]:
    """Return the rows that a run on arrays was trained on, and their classes."""
    if run.rows is None or len(run.rows[0].inputs) > 1 or "scaling" in run.notes:
        raise DataError(
            "The run does not hold the rows as they were given.", "Give them: x=X, and y=y."
        )
    numbers = run.rows[0].targets[0].reshape(-1).astype(np.int64)
    return run.rows[0].inputs[0], np.array(run.classes)[numbers]


def _of_arrays(x: Any, y: Any, columns: Pair, names: Sequence[str]) -> TwoInputs:
    rows = np.asarray(input_array(x, "x"), dtype=np.float64)
    wide = rows.shape[1] if rows.ndim == 2 else 0
    named = list(names) if len(names) == wide else [f"input {one}" for one in range(wide)]
    chosen = [named.index(one) if one in named else one for one in columns]
    if len(set(chosen)) != 2 or not all(isinstance(a, int) and 0 <= a < wide for a in chosen):
        raise ShapeError(
            f"x is {rows.shape}, and columns={columns!r} are no two of its inputs.",
            f"Give two numbers from 0 to {wide - 1}." if wide > 1 else "Give (rows, inputs).",
        )
    places = [int(one) for one in chosen]
    labels = None if y is None else np.asarray(y)
    if labels is not None and labels.shape != (len(rows),):
        raise ShapeError(
            f"y is {labels.shape} for {len(rows)} rows.", "Give one label for each row of x."
        )
    usual = np.median(rows, axis=0)

    def filled(points: Numbers) -> Numbers:
        whole = np.tile(usual, (len(points), 1))
        whole[:, places] = points
        return whole

    held = _others(wide - 2, "input", "at the median")
    first, second = (named[one] for one in places)
    return TwoInputs((first, second), rows[:, places], labels, held, filled)


def _of_table(run: Run, x: Any, columns: Pair | None, data: Any) -> TwoInputs:
    prepared = preparation(run)
    table = _training_table(run, data) if x is None else read_alike(run.notes, x)
    numbers = {one.name: one for one in prepared.columns if isinstance(one, NumberColumn)}
    asked = list(numbers)[:2] if columns is None else list(columns)
    for one in asked:
        if one not in numbers:
            raise SetupError(
                f"There is no column of numbers '{one}' in the run.", nearest(str(one), numbers)
            )
    if len(set(asked)) < 2:
        raise SetupError(
            "Regions are drawn over two columns of numbers, and there is one.", "Name two."
        )
    first, second = (numbers[str(one)] for one in asked)
    usual = usual_row(run, data).inputs
    starts = {name: place for place, name in enumerate(prepared.input_names)}

    def filled(points: Numbers) -> Numbers:
        whole = np.tile(usual, (len(points), 1))
        for field, values in ((first, points[:, 0]), (second, points[:, 1])):
            start = starts[field.input_names[0]]
            whole[:, start : start + len(field.input_names)] = field.inputs(values)
        return whole

    rows = np.stack([numbers_of(table, one) for one in (first, second)], axis=1)
    known = ~np.isnan(rows).any(axis=1)
    labels = None
    if prepared.target.name in table.names:
        labels = np.asarray(prepared.target.predictions(prepared.targets(table)))[known]
    held = _others(len(prepared.columns) - 2, "column", "at the usual row")
    return TwoInputs((first.name, second.name), rows[known], labels, held, filled)


def numbers_of(table: Table, field: NumberColumn) -> Numbers:
    """Return a column of numbers in its own unit, NaN where there is none: (rows,)."""
    inputs = field.inputs(table.columns[field.name])
    numbers = inputs[:, 0] * field.scale + field.mean
    if inputs.shape[1] > 1:
        numbers[inputs[:, 1] == 1.0] = np.nan
    return numbers


def _training_table(run: Run, data: Any) -> Table:
    """Return the rows of a run's table that were not left out."""
    table = table_of_run(run, data)
    roles = run.note_arrays.get("roles")
    if roles is not None and roles.shape[-1] == table.rows:
        table = table.select(np.flatnonzero((roles != LEFT_OUT).any(axis=0)))
    return table


def _others(count: int, what: str, where: str) -> str:
    return f"; {count} other {what}{'s' * (count > 1)} {where}" if count else ""
