"""What is asked about: a run or a network with some rows, as an objective that can be traced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_whole_number
from chainrule.data.preparation import Preparation
from chainrule.data.ranges import Scaling
from chainrule.errors import DataError, SetupError
from chainrule.explanation.prepared_inputs import how_prepared, how_scaled
from chainrule.explanation.run_rows import rows_of_run, training_row_names
from chainrule.explanation.run_table import table_of_run
from chainrule.explanation.trace import PREDICTION, Mode, RowNames, Trace, trace_rows
from chainrule.network.backpropagation import objective_for
from chainrule.network.network import Network
from chainrule.network.objective import Objective
from chainrule.program import FloatType
from chainrule.training.preparing import prepare
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.tables.given_tables import as_table, read_alike

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Asked:
    """An objective with its parameters and rows, and how these are called.

    ``columns`` are the names of a single input's numbers, ``outputs`` those of a single output's;
    ``prepared`` says how each of the input's numbers was made of the user's own.
    ``every`` are the inputs of all rows given, of which these are some; () where nothing is known.
    """

    network: Network
    objective: Objective
    rows: Sequence[Array]
    names: RowNames
    dtype: FloatType
    engine: str
    columns: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    mode: Mode = PREDICTION
    every: tuple[Array, ...] = ()
    prepared: tuple[str, ...] = ()

    def trace(self) -> Trace:
        """Return the trace of the rows."""
        known = self.network.parameters
        state = self.network.state
        kept = [state[one.name].reshape(-1) for one in self.objective.plan.state]
        return trace_rows(
            self.objective,
            self.objective.trained.flat_array(known, "float64"),
            self.objective.frozen.flat_array(known, "float64"),
            self.rows,
            np.concatenate(kept) if kept else np.zeros(0),
            engine=self.engine,
            dtype=self.dtype,
            mode=self.mode,
            names=self.names,
        )


# ---- a network and rows ----


def asked_of_network(
    network: Network,
    x: Any,
    y: Any,
    *,
    sample: Any = None,
    loss: Any = None,
    dtype: FloatType = "float64",
    mode: Mode = PREDICTION,
) -> Asked:
    """Return a network with rows to trace it on. Raises SetupError, DataError, ShapeError.

    ``x`` and ``y`` may be those of one row, without the axis of rows. Without a ``loss`` it is
    cross-entropy for labels, else half the squared error.
    """
    if x is None or y is None:
        raise DataError(
            "A network is explained on rows, and there are none.",
            "Give x=... and y=...: a gradient is that of the loss of rows.",
        )
    if not network.has_parameters:
        raise SetupError(
            "The network has no parameters yet, so there is nothing to explain.",
            "Train it, or draw them: Network(..., seed=0).",
        )
    x, y = _with_rows(network, x, y)
    choice = _loss(network, y) if loss is None else loss
    objective, rows = objective_for(network, x, y, choice, training=mode.form == "training")
    chosen = _chosen(sample, len(rows[0]), "the rows given")
    plan = objective.plan
    as_predicted = mode == PREDICTION or plan.prediction_walk is plan.walk
    every = tuple(rows[: len(plan.inputs)]) if as_predicted else ()
    rows = [one[list(chosen)] for one in rows]
    names = RowNames(chosen, tuple(f"row {one}" for one in chosen))
    return Asked(network, objective, rows, names, dtype, "auto", mode=mode, every=every)


def _with_rows(network: Network, x: Any, y: Any) -> tuple[Any, Any]:
    """Return rows as arrays that have an axis for them, which those of a single row may lack."""
    names = network.input_names
    if len(names) > 1 or network.output_count > 1 or isinstance(x, Mapping):
        return x, y
    array = np.asarray(x)
    if array.ndim == len(network.plan.inputs[names[0]]) and array.ndim:
        return array[None], np.asarray(y)[None]
    return x, y


def _loss(network: Network, y: Any) -> Any:
    """Return the loss that fits the targets: labels, or numbers."""
    plan = network.plan
    targets = list(y) if len(plan.outputs) > 1 else [y]
    chosen = []
    for output, target in zip(plan.outputs, targets, strict=False):
        shape, array = plan.shapes[output], np.asarray(target)
        labels = array.dtype.kind in "iu" and array.ndim == len(shape) and shape[-1] > 1
        chosen.append("cross_entropy" if labels else "half_squared_error")
    return chosen if len(chosen) > 1 else chosen[0]


def _chosen(sample: Any, count: int, what: str) -> tuple[int, ...]:
    """Return the numbers of the rows that are asked for. Raises DataError for one not there."""
    if sample is None:
        return tuple(range(count))
    asked = list(sample) if isinstance(sample, list | tuple | range | np.ndarray) else [sample]
    for one in asked:
        if not is_whole_number(one) or not one < count:
            raise DataError(
                f"There is no row {one!r}: {what} are {count}.",
                f"Count from 0: give a number from 0 to {count - 1}.",
            )
    if not asked:
        raise DataError("No sample is named.", "Give the number of one, sample=0.")
    return tuple(int(one) for one in asked)


# ---- a run and rows ----


def asked_of_run(
    run: Run, *, sample: Any = None, x: Any = None, y: Any = None, data: Any = None
) -> Asked:
    """Return a run with rows to trace it on: its own, those of its table, or others.

    ``sample`` counts data rows of the table, or rows of X as it was given, from 0. ``data`` is the
    table again where it is no longer where it was. Raises DataError where no rows are to be had.
    """
    if "preparation" in run.notes:
        return _of_table(run, sample, x, data)
    if x is not None:
        rows = _given_rows(run, x, y)
        chosen = _chosen(sample, len(rows), "the rows given")
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
    chosen = _chosen(sample, provenance.rows, "the rows of the run")
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
    x, y = _with_rows(run.network, x, y)
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


# ---- a run on a table ----


def _of_table(run: Run, sample: Any, x: Any, data: Any) -> Asked:
    prepared = preparation(run)
    if sample is None and x is None:
        names = training_row_names(run)
        return _of_rows(run, rows_of_run(run, data)[0], names, prepared.input_names)
    table = table_of_run(run, data) if x is None else read_alike(run.notes, _columns_of(x))
    source = Path(table.source).name if table.source else "the table"
    chosen = _chosen(sample, table.rows, f"the data rows of {source}")
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
    names = RowNames(chosen, tuple(f"data row {one}" for one in chosen), source, contents)
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
