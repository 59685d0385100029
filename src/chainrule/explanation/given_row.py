"""The row whose prediction is explained, and the one it is set against, as inputs and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import is_number, missing, spelled
from chainrule.data.date_column import DateColumn
from chainrule.data.dates import days_of, written_day
from chainrule.data.fields import CategoryColumn, Field
from chainrule.data.preparation import NO_INPUT
from chainrule.data.ranges import Scaling
from chainrule.data.table import Table
from chainrule.errors import DataError, SetupError
from chainrule.explanation.asked_run import asked_of_run, preparation
from chainrule.explanation.run_rows import table_of_run
from chainrule.network.network import Network
from chainrule.training.preparing import named_inputs
from chainrule.training.run import Run
from chainrule.training.tables.folds import LEFT_OUT
from chainrule.training.tables.given_tables import read_alike

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GivenRow:
    """One row: its inputs as the network reads them, flat, and each column's value in words."""

    inputs: Vector
    values: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class Columns:
    """The columns of the user, and which of the network's inputs each of them became."""

    names: tuple[str, ...]
    inputs: tuple[tuple[str, ...], ...]


def columns_of(run: Run) -> Columns:
    """Return the columns of a run: those of its table, else one for each input number.

    One-hot inputs, and the mark of a missing value, belong to their column.
    """
    if "preparation" in run.notes:
        fields = preparation(run).columns
        if not fields:
            return Columns((NO_INPUT,), ((NO_INPUT,),))
        return Columns(tuple(one.name for one in fields), tuple(one.input_names for one in fields))
    names = _names_of_numbers(run)
    return Columns(names, tuple((one,) for one in names))


def _names_of_numbers(run: Run) -> tuple[str, ...]:
    plan = run.network.plan
    found = [
        f"{name}[{','.join(map(str, place))}]"
        for name, shape in plan.inputs.items()
        for place in np.ndindex(*shape)
    ]
    if "scaling" not in run.notes or any(len(shape) > 1 for shape in plan.inputs.values()):
        return tuple(found)
    varying = np.flatnonzero(Scaling.from_record(run.notes["scaling"]).inputs.varying)
    return tuple(f"x[{place}]" for place in varying)


def given_row(run: Run, row: Any, data: Any = None) -> GivenRow:
    """Return a row that is given by its number in the run's rows, or as it is.

    ``row``: a number; for a run on a table, whose rows count from 1, also a mapping of columns to
    one value each, or a table of one row; for a run on arrays, counted from 0, an array of one row,
    or for several inputs one for each. ``data``: the table again, where it is no longer where it
    was. Raises DataError.
    """
    if isinstance(row, int | np.integer) and not isinstance(row, bool):
        asked = asked_of_run(run, sample=int(row), data=data)
        inputs = flat(asked.rows[: len(run.network.plan.inputs)])
        cells = dict(asked.names.contents[0]) if "preparation" in run.notes else {}
        values = _numbers_said(run, inputs) if not cells else _cells_said(run, cells)
        source = f" of {asked.names.source}" if cells else ""
        return GivenRow(inputs, values, asked.names.names[0] + source)
    if "preparation" in run.notes:
        table = read_alike(run.notes, _as_columns(row))
        _check_one(table.rows)
        inputs = preparation(run).inputs(table)[0]
        cells = {name: _cell(table, name) for name in table.names}
        return GivenRow(inputs, _cells_said(run, cells), "the row")
    inputs = flat(_arrays(run, row))
    return GivenRow(inputs, _numbers_said(run, inputs), "the row")


def usual_row(run: Run, data: Any = None) -> GivenRow:
    """Return the row that a prediction is set against by default: of the training rows, the means.

    Of a column of categories it is the most frequent one. Raises DataError where neither the rows
    nor the table are to be had.
    """
    if "preparation" not in run.notes:
        if run.rows is None:
            raise DataError(
                "The run was loaded from a folder, and rows are not saved with a run.",
                "Give the row to set the prediction against: reference=...",
            )
        inputs = flat([one.mean(axis=0)[None] for one in run.rows[0].inputs])
        return GivenRow(inputs, _numbers_said(run, inputs), "the means of the training rows")
    fields = preparation(run).columns
    if not fields:
        return GivenRow(np.zeros(1), ("",), "the row without inputs")
    some = any(isinstance(one, CategoryColumn) for one in fields)
    known = (
        _training_inputs(run, data) if some else np.zeros((1, len(preparation(run).input_names)))
    )
    inputs, values, place = np.zeros(known.shape[1]), [], 0
    for field in fields:
        width = len(field.input_names)
        inputs[place : place + width], said = _usual(field, known[:, place : place + width])
        values.append(said)
        place += width
    name = "the means of the training rows" + (", and the most frequent categories" if some else "")
    return GivenRow(inputs, tuple(values), name)


def _usual(field: Field, inputs: Vector) -> tuple[Vector, str]:
    """Return the inputs of a column's mean or most frequent category, and what it is."""
    made = np.zeros(inputs.shape[1])
    if isinstance(field, CategoryColumn):
        most = int(np.argmax(inputs.sum(axis=0)))
        made[most] = 1.0
        named = field.input_names[most]
        return made, named.removeprefix(f"{field.name} = ").replace(f"{field.name} is ", "")
    if isinstance(field, DateColumn):
        first = days_of(np.array([field.first], dtype=np.object_), "ymd")[0][0]
        return made, written_day(first + field.mean)
    return made, f"{field.mean:.6g}"


def _training_inputs(run: Run, data: Any) -> Vector:
    """Return the inputs of the rows that the network was trained on: (rows, inputs)."""
    if run.rows is not None:
        return np.asarray(run.rows[0].inputs[0], dtype=np.float64)
    table = table_of_run(run, data)
    roles = run.note_arrays.get("roles")
    if roles is not None and roles.shape[-1] == table.rows:
        table = table.select(np.flatnonzero((roles != LEFT_OUT).any(axis=0)))
    return preparation(run).inputs(table)


def flat(arrays: Sequence[Any]) -> Vector:
    """Return the first row of each input as one flat vector."""
    return np.concatenate([np.asarray(one[0], dtype=np.float64).reshape(-1) for one in arrays])


def refuse_whole_numbers(network: Network) -> None:
    """Raise SetupError for a network that reads tokens or masks, between which there is no line."""
    for name, kind in network.plan.kinds.items():
        if kind != "float" and name in network.plan.inputs:
            raise SetupError(
                f"The input '{name}' holds whole numbers that choose, and between two of them "
                "there is no straight line to sum slopes along.",
                "Ask for a gradient instead, such as that of an embedding.",
            )


def _arrays(run: Run, row: Any) -> list[Any]:
    network = run.network
    names = network.input_names
    if "scaling" in run.notes:
        given = _with_axis(row, len(network.plan.inputs[names[0]]))
        return [Scaling.from_record(run.notes["scaling"]).scaled_inputs(given)]
    if len(names) == 1:
        row = _with_axis(row, len(network.plan.inputs[names[0]]))
    arrays = named_inputs(network, row)
    for name, one in arrays.items():
        if one.shape[1:] != network.plan.inputs[name]:
            raise DataError(
                f"The row has the shape {one.shape[1:]} as '{name}', and the network reads "
                f"{network.plan.inputs[name]}.",
                "Give the columns that it was trained on, in their order.",
            )
        _check_one(len(one))
    return list(arrays.values())


def _with_axis(row: Any, axes: int) -> Any:
    array = np.asarray(row, dtype=np.float64)
    return array[None] if array.ndim == axes else array


def _check_one(rows: int) -> None:
    if rows != 1:
        raise DataError(f"{rows} rows are given where one is explained.", "Give one row.")


def _as_columns(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    single = {
        name: [one] if isinstance(one, str) or np.ndim(one) == 0 else one
        for name, one in row.items()
    }
    return single


def _cell(table: Table, name: str) -> str:
    column = table.texts(name)
    if missing(column)[0]:
        return "missing"
    texts = spelled(column) if is_number(column) else column
    return str(texts[0])


def _cells_said(run: Run, cells: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(cells.get(name, "missing") for name in columns_of(run).names)


def _numbers_said(run: Run, inputs: Vector) -> tuple[str, ...]:
    if "scaling" in run.notes:
        ranges = Scaling.from_record(run.notes["scaling"]).inputs
        (shape,) = run.network.plan.inputs.values()
        if len(shape) > 1:
            inputs = ranges.unscaled(inputs.reshape(1, *shape)).reshape(-1)
        else:
            whole = np.zeros((1, len(ranges.low)))
            whole[0, ranges.varying] = inputs
            inputs = ranges.unscaled(whole)[0, ranges.varying]
    return tuple(f"{one:.6g}" for one in inputs.tolist())
