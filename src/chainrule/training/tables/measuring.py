"""Measuring the models of a table: their predictions of rows that chose nothing, and the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.equal_rows import value_numbers
from chainrule.data.preparation import Preparation
from chainrule.data.table import Table
from chainrule.training.run import Run
from chainrule.training.tables.folds import Fold
from chainrule.training.tables.measures import ClassPredictions, NumberPredictions, Predictions
from chainrule.training.tables.plan import TablePlan
from chainrule.training.tables.result import CONSTANT, MODELS, TableResult
from chainrule.training.tables.rows import TableRows

Rows = NDArray[np.int64]
Numbers = NDArray[np.float64]


def predicted(run: Run, rows: TableRows, chosen: Table) -> Numbers:
    """Return class probabilities (rows, classes), or numbers (rows,) in the target's unit."""
    return predicted_by(run, rows.preparation, chosen)


def predicted_by(run: Run, preparation: Preparation, chosen: Table) -> Numbers:
    """Return the same by how the table's columns become inputs, whatever rows that rests on."""
    inputs, target = preparation.inputs(chosen), preparation.target
    if target.task == "classification":
        return np.asarray(run.predict_proba(inputs), dtype=np.float64)
    # Without its notes a run knows standardised numbers alone, as it was trained on.
    numbers = replace(run, notes={}).predict(inputs)
    return np.asarray(target.predictions(np.asarray(numbers, dtype=np.float64)))


def check_measurable(plan: TablePlan, test: Table) -> None:
    """Refuse a table on which what is trained on the plan's cannot be measured. Raises DataError.

    Said before the training, so that none is in vain.
    """
    rows = TableRows.fitted(plan, plan.used)
    rows.preparation.inputs(test)
    truth(rows, test)


def constant(rows: TableRows, training: Rows) -> Numbers:
    """Return what is predicted of every row by a constant: the classes' shares, or the mean."""
    target = rows.preparation.target
    if target.labels is None:
        return np.asarray(target.mean)
    numbers = rows.preparation.targets(rows.table.select(training))
    counts = np.bincount(numbers.astype(np.int64), minlength=len(target.labels))
    return np.asarray(counts / counts.sum())


def truth(rows: TableRows, chosen: Table) -> NDArray[Any]:
    """Return class numbers (rows,), or numbers (rows,) in the target's own unit."""
    return true_of(rows.preparation, chosen)


def true_of(preparation: Preparation, chosen: Table) -> NDArray[Any]:
    """Return the same by how the table's columns become inputs."""
    target = preparation.target
    known = preparation.targets(chosen)
    if target.labels is not None:
        return known
    # The numbers themselves: standardised and back, they would have been rounded twice.
    return chosen.columns[target.name]


def result_of_folds(
    plan: TablePlan, done: Sequence[Fold], arrays: Mapping[str, Numbers], rows: TableRows, seed: int
) -> TableResult:
    """Return the result of all rows that were tested in folds, by the models' predictions."""
    tested = np.sort(np.concatenate([fold.test for fold in done]))
    number = np.zeros(plan.table.rows, dtype=np.int64)
    for place, fold in enumerate(done):
        number[fold.test] = place
    groups = None
    if plan.groups is not None:
        groups = np.unique(plan.groups[tested], return_inverse=True)[1]
    known = truth(rows, plan.table.select(tested))
    models = {name: as_predictions(known, arrays[name][tested], number[tested]) for name in MODELS}
    return TableResult.of(
        models,
        classes=rows.preparation.target.labels or (),
        folds=len(done),
        planned=len(plan.folds),
        seed=seed,
        groups=groups,
    )


def result_on_table(
    plan: TablePlan, test: Table, trained: Mapping[str, Run], rows: TableRows, seed: int
) -> TableResult:
    """Return the result of models that were trained on all rows, on a table of its own.

    Where rows come in groups and the table has the column, groups are drawn for the intervals.
    """
    known = truth(rows, test)
    shares = constant(rows, plan.used)
    given = {name: predicted(run, rows, test) for name, run in trained.items()}
    given[CONSTANT] = np.broadcast_to(shares, (test.rows, *shares.shape))
    nowhere = np.zeros(test.rows, dtype=np.int64)
    models = {name: as_predictions(known, given[name], nowhere) for name in MODELS}
    group, groups = plan.choices.group, None
    if group is not None and group in test.columns:
        groups = value_numbers(test.columns[group])
    return TableResult.of(
        models,
        classes=rows.preparation.target.labels or (),
        folds=0,
        planned=0,
        seed=seed,
        groups=groups,
    )


def as_predictions(known: NDArray[Any], given: Numbers, fold: Rows) -> Predictions:
    """Return predictions beside the truth: of classes where there are probabilities."""
    if given.ndim == 2:
        return ClassPredictions(known, given, fold)
    return NumberPredictions(np.asarray(known, dtype=np.float64), given)
