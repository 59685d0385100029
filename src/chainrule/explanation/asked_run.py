"""A run as what is asked about: with its own rows, those of its table, or others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ignoring import FIRST_ROW
from chainrule.data.preparation import Preparation
from chainrule.data.ranges import Scaling
from chainrule.errors import DataError
from chainrule.explanation.asked import Asked, chosen_rows, with_rows
from chainrule.explanation.prepared_inputs import how_prepared, how_scaled
from chainrule.explanation.run_rows import (
    names_of_table_rows,
    rows_of_run,
    table_of_run,
    training_row_names,
)
from chainrule.explanation.trace import RowNames
from chainrule.training.preparing import prepare
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.tables.given_tables import as_table, read_alike

Array = NDArray[Any]


def asked_of_run(
    run: Run, *, sample: Any = None, x: Any = None, y: Any = None, data: Any = None
) -> Asked:
    """Return a run with rows to trace it on: its own, those of its table, or others.

    ``sample`` counts data rows of the table from 1, or rows of X as it was given from 0. ``data``
    is the table again where it is no longer where it was. Raises DataError where no rows are to be
    had.
    """
    if "preparation" in run.notes:
        return _of_table(run, sample, x, data)
    if x is not None:
        rows = _given_rows(run, x, y)
        chosen = chosen_rows(sample, len(rows), "the rows given")
        names = RowNames(chosen, tuple(f"row {one}" for one in chosen))
        return replace(_of_rows(run, rows.part(np.array(chosen)), names), every=rows.inputs)
    if run.rows is None:
        raise DataError(
            "The run was loaded from a folder, and rows are not saved with a run.",
            "Give the rows to explain: explain(run, target, x=X, y=y, sample=7).",
        )
    if sample is None:
        names = RowNames.counted(len(run.rows[0]))
        return _of_rows(run, run.rows[0], replace(names, source="all training rows"))
    return _own_rows(run, run.rows, sample)


def _own_rows(run: Run, known: tuple[Rows, Rows], sample: Any) -> Asked:
    """Return a run with rows of its own, by their numbers in X."""
    provenance = run.setup.provenance
    chosen = chosen_rows(sample, provenance.rows, "the rows of the run")
    gone = sorted(set(chosen) & set(provenance.left_out))
    if gone:
        raise DataError(
            f"Row {gone[0]} was left out of the training, and is not among the rows that it has.",
            "Choose another one, or give the row itself: explain(run, target, x=X, y=y, sample=0).",
        )
    trained = provenance.training.tolist()
    places = {number: (0, place) for place, number in enumerate(trained)}
    places.update((number, (1, place)) for place, number in enumerate(provenance.validation))
    parts = [known[part].part(np.array([at])) for part, at in (places[one] for one in chosen)]
    rows = Rows(
        tuple(np.concatenate(one) for one in zip(*(p.inputs for p in parts), strict=True)),
        tuple(np.concatenate(one) for one in zip(*(p.targets for p in parts), strict=True)),
        np.concatenate([one.weights for one in parts]),
        tuple(np.concatenate(one) for one in zip(*(p.time_weights for p in parts), strict=True)),
    )
    held = ["" if places[one][0] == 0 else ", held out for validation" for one in chosen]
    names = tuple(f"row {one}{more}" for one, more in zip(chosen, held, strict=True))
    return _of_rows(run, rows, RowNames(chosen, names, "rows of X, counted from 0"))


def _given_rows(run: Run, x: Any, y: Any) -> Rows:
    """Return rows that are given as arrays, encoded as those of the training were."""
    if y is None:
        raise DataError(
            "Rows are given without their target, and a gradient is that of their loss.",
            "Give both: explain(run, target, x=X, y=y).",
        )
    x, y = with_rows(run.network, x, y)
    if "scaling" in run.notes:
        scaling = Scaling.from_record(run.notes["scaling"])
        x = scaling.scaled_inputs(np.asarray(x, dtype=np.float64))
        if scaling.target is not None:
            y = scaling.scaled_target(np.asarray(y, dtype=np.float64))
    return prepare(
        run.network,
        x,
        y,
        loss=list(run.setup.losses),
        validation=0.0,
        sample_weight=None,
        class_weight=None,
        seed=run.setup.seed,
        targets=run.setup.targets,
    ).training


def _of_rows(run: Run, rows: Rows, names: RowNames, columns: tuple[str, ...] = ()) -> Asked:
    arrays = (*rows.inputs, *rows.targets, *rows.time_weights, rows.weights)
    setup = run.setup
    return Asked(
        run.network,
        setup.objective(),
        arrays,
        names,
        setup.dtype,
        setup.engine,
        columns=columns,
        outputs=output_names(run),
        prepared=_how_prepared(run),
    )


def _how_prepared(run: Run) -> tuple[str, ...]:
    """Return how each input was made of a column; () where the network reads what is given."""
    if "preparation" in run.notes:
        return how_prepared(preparation(run).columns)
    tables = all(len(shape) == 1 for shape in run.network.plan.inputs.values())
    if "scaling" in run.notes and tables:
        return how_scaled(Scaling.from_record(run.notes["scaling"]).inputs)
    return ()


def output_names(run: Run) -> tuple[str, ...]:
    """Return what the units of a single output stand for; () where that cannot be said."""
    if len(run.setup.targets) != 1:
        return ()
    target = run.setup.targets[0]
    of_table = "preparation" in run.notes
    name = preparation(run).target.name if of_table else "the target"
    if target.task == "regression":
        return (name,) if target.width == 1 else ()
    width = run.network.plan.shapes[run.network.plan.outputs[0]][-1]
    names = tuple(f"{name} = {label}" for label in target.labels)
    return names if len(names) == width else ()


def preparation(run: Run) -> Preparation:
    """Return how a table's columns became the inputs of a run."""
    return Preparation.from_dict(run.notes["preparation"])


def _of_table(run: Run, sample: Any, x: Any, data: Any) -> Asked:
    prepared = preparation(run)
    if sample is None and x is None:
        names = training_row_names(run)
        return _of_rows(run, rows_of_run(run, data)[0], names, prepared.input_names)
    table = table_of_run(run, data) if x is None else read_alike(run.notes, _columns_of(x))
    source = Path(table.source).name if table.source else "the table"
    chosen = chosen_rows(sample, table.rows, f"the data rows of {source}", FIRST_ROW)
    part = table.select(np.array(chosen, dtype=np.int64))
    encoded = prepared.targets(part)
    if prepared.target.task == "regression":
        target: Array = encoded[:, 0]
    else:
        target = prepared.target.predictions(encoded)
    rows = _given_rows(replace(run, notes={}), prepared.inputs(part), target)
    contents = tuple(
        tuple((name, _text(part.texts(name)[place])) for name in part.names)
        for place in range(len(chosen))
    )
    names = names_of_table_rows(chosen, source, contents)
    return _of_rows(run, rows, names, prepared.input_names)


def _columns_of(x: Any) -> Any:
    """Return one row, given as a mapping of single values, as a mapping of columns."""
    if isinstance(x, Mapping) and not any(
        isinstance(one, Sequence | np.ndarray) and not isinstance(one, str) for one in x.values()
    ):
        return as_table({name: [one] for name, one in x.items()})
    return x


def _text(cell: Any) -> str:
    """Return a cell as it is read aloud: whole numbers without a point, nothing as missing."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return "missing"
    if isinstance(cell, float | np.floating):
        return f"{float(cell):.6g}"
    return str(cell)
