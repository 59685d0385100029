"""``train_table``: from a table and the name of a column to a run with an honest result.

The rows are split three ways. Training rows fit scaling, encoding and network; validation rows
choose the epoch; test rows choose nothing, and the result is measured on them, beside a constant
and a linear model (a network of one layer) that were trained on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.preparation import Preparation, decide_task, rows_with_target, strata
from chainrule.data.splitting import split_rows
from chainrule.data.table import Table, checksum, read_table, table_from_frame
from chainrule.errors import DataError, RunFolderError
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import Adam, Optimizer, find_optimizer
from chainrule.training.metrics import METRICS
from chainrule.training.preparing import Prepared, prepare
from chainrule.training.records import load
from chainrule.training.run import Run, with_notes
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.stopping import Stopping
from chainrule.training.train import carry_out, check_seed, rows_in_a_step, whole, with_rate

HELD_OUT = (0.2, 0.2)
LEARNING_RATE = 0.005


@dataclass(frozen=True)
class Split:
    """The rows of a table, by their numbers from 0 in the file, and what each part is for."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    left_out: NDArray[np.int64]

    def to_record(self) -> dict[str, list[int]]:
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Split:
        return cls(*(np.array(record[name], dtype=np.int64) for name in cls.__dataclass_fields__))


def split_table(table: Table, target: str, task: str | None, seed: int) -> Split:
    """Split the rows that have a target: 60 % training, 20 % validation, 20 % test, stratified."""
    usable = rows_with_target(table, target)
    known = table.select(usable)
    decided = decide_task(known, target, task)
    parts = split_rows(known.rows, HELD_OUT, seed, strata(known, target, decided))
    left_out = np.setdiff1d(np.arange(table.rows), usable)
    return Split(usable[parts[0]], usable[parts[1]], usable[parts[2]], left_out)


def train_table(
    table: Any,
    target: str,
    *,
    task: str | None = None,
    hidden: Sequence[int] = (16,),
    activation: str = "tanh",
    optimizer: str | Optimizer = "adam",
    learning_rate: float | None = None,
    epochs: int = 300,
    batch_size: int | str | None = "auto",
    patience: int | None = 30,
    l2: float = 1e-3,
    seed: int = 0,
    output: str | Path | None = None,
    progress: bool = True,
) -> Run:
    """Train a network on a table and measure it on rows that chose nothing.

    ``table``: the path of a CSV or Parquet file, or a data frame (pandas, polars, pyarrow), or a
    mapping of columns. ``target``: the column to predict; ``task``: "classification" or
    "regression" (by default what the column looks like). ``hidden``: the widths of the hidden
    layers, with ``activation``; ``optimizer`` (Adam at a rate of 0.005), ``learning_rate``,
    ``epochs``, ``batch_size``, ``patience``, ``l2`` and ``seed`` as in ``train``. ``output``: the
    folder in which the run is kept up to date while it trains.

    The run predicts on tables: ``run.predict("new.csv")``. ``run.notes["result"]`` holds the scores
    on the test rows, ``run.notes["preparation"]`` how columns become inputs. Raises DataError for
    tables that cannot be learned from, SetupError for settings, RunFolderError for the folder.
    """
    whole_table = as_table(table)
    split = split_table(whole_table, target, task, check_seed(seed))
    preparation = Preparation.fit(whole_table, target, split.training, task)
    notes = {
        "preparation": preparation.to_dict(),
        "table": {
            "path": whole_table.source and str(Path(whole_table.source).resolve()),
            "checksum": checksum(whole_table.source) if whole_table.source else None,
            "rows": whole_table.rows,
            "columns": list(whole_table.names),
            "target": target,
            "split": split.to_record(),
        },
    }
    chosen = Adam(learning_rate=LEARNING_RATE) if optimizer == "adam" else find_optimizer(optimizer)
    layers = [Dense(whole(width, "hidden", 1), activation) for width in hidden]
    prepared = prepared_rows(Network(*layers, Dense()), whole_table, preparation, split, seed)
    setup = table_setup(
        prepared, with_rate(chosen, learning_rate), epochs=whole(epochs, "epochs", 0),
        batch_size=batch_size, patience=patience, l2=l2, seed=seed,
    )
    run = carry_out(
        setup, (prepared.training, prepared.validation), checkpoint=output, notes=notes,
        progress=progress,
    )
    return finished(run, whole_table, output)


def resume_table(path: str | Path, table: Any = None, *, progress: bool = True) -> Run:
    """Go on with a table's training that was cut off, and end it.

    ``table``: where the table is now, if not where it was. Raises DataError where its contents
    are not those that the run was trained on, RunFolderError where the folder holds no such run.
    """
    run = load(path)
    if "table" not in run.notes:
        raise RunFolderError(
            f"'{path}' was not trained on a table.", "Go on with it from Python: resume(path, X, y)."
        )
    note = run.notes["table"]
    source = table if table is not None else note["path"]
    if source is None:
        raise DataError(
            "The run was trained on a data frame, whose rows are not saved.",
            "Give the table again.",
        )
    whole_table = as_table(source)
    if whole_table.source and note["checksum"] and checksum(whole_table.source) != note["checksum"]:
        raise DataError(
            f"'{whole_table.source}' is not the table that the run was trained on: its contents "
            "have changed.",
            "Give the table as it was then.",
        )
    if run.finished and "result" in run.notes:
        return run
    split = Split.from_record(note["split"])
    preparation = Preparation.from_dict(run.notes["preparation"])
    network = run.setup.network
    prepared = prepared_rows(network, whole_table, preparation, split, run.setup.seed)
    if prepared.provenance.checksum != run.setup.provenance.checksum:
        raise DataError(
            "The table does not hold the rows that the run was trained on.",
            "Give the table as it was then.",
        )
    if not run.finished:
        run = carry_out(
            run.setup, (prepared.training, prepared.validation), state=run.state,
            recording=run.recording, checkpoint=path, notes=run.notes, progress=progress,
            resumed=True,
        )
    return finished(run, whole_table, path)


def as_table(table: Any) -> Table:
    """Return a table from a path, a data frame, or a mapping of columns."""
    if isinstance(table, Table):
        return table
    return read_table(table) if isinstance(table, str | Path) else table_from_frame(table)


def prepared_rows(
    network: Network, table: Table, preparation: Preparation, split: Split, seed: int
) -> Prepared:
    """Return training and validation rows of a table, ready for a setup."""
    parts = []
    for rows in (split.training, split.validation):
        part = table.select(rows)
        parts.append((preparation.inputs(part), target_values(preparation, part)))
    regression = preparation.target.task == "regression"
    return prepare(
        network, *parts[0], loss="mean_squared_error" if regression else "cross_entropy",
        validation=parts[1], sample_weight=None, class_weight=None, seed=seed,
    )


def target_values(preparation: Preparation, table: Table) -> NDArray[Any]:
    """Return a table's target: labels in their own type, or standardised numbers (rows,)."""
    found = preparation.targets(table)
    if preparation.target.task == "regression":
        return np.asarray(found)[:, 0]
    return preparation.target.predictions(found)


def table_setup(
    prepared: Prepared,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int | str | None,
    patience: int | None,
    l2: float,
    seed: int,
) -> Setup:
    """Return the setup of a table's training: the epoch is chosen on the validation rows."""
    task = prepared.targets[0].task
    return Setup(
        network=prepared.network,
        losses=prepared.losses,
        targets=prepared.targets,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=rows_in_a_step(batch_size, len(prepared.training), optimizer),
        provenance=prepared.provenance,
        seed=seed,
        regularisation=Regularisation(l2=l2),
        stopping=Stopping(patience=patience),
        metrics=("accuracy",) if task == "classification" else ("r2",),
    )


def finished(run: Run, table: Table, output: str | Path | None) -> Run:
    """Return the run with its result on the test rows, saved where it has a folder."""
    run = with_notes(run, {"result": result_of(run, table)})
    if output is not None:
        run.save(output, replace=True)
    return run


# ---- the result ----


def result_of(run: Run, table: Table) -> dict[str, Any]:
    """Return the scores of network, linear model and constant on the test rows."""
    preparation = Preparation.from_dict(run.notes["preparation"])
    split = Split.from_record(run.notes["table"]["split"])
    test = table.select(split.test)
    inputs = preparation.inputs(test)
    linear = _linear_model(run, table, preparation, split)
    classification = preparation.target.task == "classification"
    if classification:
        truth = target_values(preparation, test)
        training = target_values(preparation, table.select(split.training))
        shares = np.array([np.mean(training == label) for label in run.classes])
        constant = np.tile(shares, (len(truth), 1))
        scores = [
            {"model": name, **class_scores(truth, run.classes, probabilities)}
            for name, probabilities in (
                ("network", run.predict_proba(inputs)),
                ("linear model", linear.predict_proba(inputs)),
                ("constant", constant),
            )
        ]
    else:
        truth = in_units(preparation, target_values(preparation, test))
        mean = np.full(len(truth), preparation.target.mean)
        scores = [
            {"model": name, **number_scores(truth, predicted)}
            for name, predicted in (
                ("network", run.predict(inputs)),
                ("linear model", linear.predict(inputs)),
                ("constant", mean),
            )
        ]
    return {
        "task": preparation.target.task,
        "test_rows": len(split.test),
        "scores": scores,
        "in_words": in_words(scores, classification, len(split.test)),
    }


def in_units(preparation: Preparation, numbers: NDArray[Any]) -> NDArray[Any]:
    return preparation.target.predictions(numbers)


def _linear_model(run: Run, table: Table, preparation: Preparation, split: Split) -> Run:
    """Train a network of one layer on the same rows, in the same way."""
    seed = run.setup.seed
    prepared = prepared_rows(Network(Dense()), table, preparation, split, seed)
    setup = table_setup(
        prepared, Adam(learning_rate=LEARNING_RATE), epochs=max(run.setup.epochs, 1),
        batch_size="auto", patience=run.setup.stopping.patience, l2=1e-3, seed=seed,
    )
    rows = (prepared.training, prepared.validation)
    linear = carry_out(replace(setup, readings=0), rows, progress=False)
    return with_notes(linear, {"preparation": run.notes["preparation"]})


def class_scores(
    truth: NDArray[Any], classes: Sequence[Any], probabilities: NDArray[Any]
) -> dict[str, float]:
    """Return accuracy and mean log loss (nats) of class probabilities."""
    place = {label: number for number, label in enumerate(classes)}
    numbers = np.array([place[one] for one in truth.tolist()])
    given = np.clip(probabilities[np.arange(len(numbers)), numbers], 1e-15, 1.0)
    right = np.argmax(probabilities, axis=1) == numbers
    return {
        "right": int(right.sum()),
        "accuracy": float(right.mean()),
        "log_loss": float(-np.log(given).mean()),
    }


def number_scores(truth: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Return the regression metrics, in the target's units."""
    return {name: metric(truth, predicted) for name, metric in METRICS["regression"].items()}


def in_words(scores: Sequence[Mapping[str, Any]], classification: bool, rows: int) -> str:
    """Say in one sentence how the network stands beside the best of the two simple models."""
    network, *others = scores
    if classification:
        best = max(others, key=lambda one: one["right"])
        lead = network["right"] - best["right"]
        plain = f"{network['right']} of {rows} test rows are right"
        if lead == 0:
            return f"{plain}, as many as the {best['model']} gets: a tie."
        word = "more" if lead > 0 else "fewer"
        return f"{plain}, {abs(lead)} {word} than the {best['model']} gets."
    best = min(others, key=lambda one: one["root_mean_squared_error"])
    ratio = network["root_mean_squared_error"] / best["root_mean_squared_error"]
    if abs(ratio - 1.0) < 0.01:
        return f"The error is that of the {best['model']} to within 1 %: a tie."
    word = "smaller" if ratio < 1 else "larger"
    return f"The error is {abs(1 - ratio):.0%} {word} than that of the {best['model']}."


