"""What was tested in a run on a table: the network's predictions beside what is true of the rows.

A run that is loaded has the predictions, and not the truth, which belongs to the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.preparation import Preparation
from chainrule.data.table import Table
from chainrule.training.run import Run
from chainrule.training.tables.door import table_again
from chainrule.training.tables.fold_records import FoldRun
from chainrule.training.tables.folds import LEFT_OUT
from chainrule.training.tables.kept_rows import kept_table
from chainrule.training.tables.measures import ClassPredictions, NumberPredictions, Predictions
from chainrule.training.tables.notes import TableNote, preparation_of, table_note_of


def what_was_tested(run: Run, folds: Sequence[FoldRun], table: Any = None) -> Predictions | None:
    """Return the network's predictions of the rows that its result was measured on, its folds'.

    ``table``: the path or data frame that was tested on, where the run does not hold its rows: it
    does after a training, and where they were to be kept. None where the truth is not known, and
    where nothing was measured. Raises DataError for another table, RunFolderError for a run on
    arrays and for notes that are damaged.
    """
    note = table_note_of("The run", run.notes)
    if "result" not in run.notes:
        return None
    preparation = preparation_of(run.setup, run.notes)
    if note.test is not None:
        if table is None:
            return None
        again = table_again(note.test, table, note)
        return _beside(preparation, _truth(preparation, again), _predicted(run, preparation, again))
    ended = [one for one in folds if one.recording is not None]
    truth = _truth_of_folds(run, note, preparation, ended, table)
    if truth is None:
        return None
    return _beside(preparation, truth, np.concatenate([one.predictions for one in ended]))


def _truth_of_folds(
    run: Run, note: TableNote, preparation: Preparation, ended: Sequence[FoldRun], table: Any
) -> NDArray[Any] | None:
    tested = [one.rows.test for one in ended]
    if not tested:
        return None
    rows = kept_table(run.notes) if table is None else table_again(note.source, table, note)
    if rows is not None:
        if rows.rows != note.source.rows:
            raise record.damaged("the kept rows are not those of its table")
        return _truth(preparation, rows.select(np.concatenate(tested)))
    used = np.flatnonzero((run.note_arrays["roles"] != LEFT_OUT).any(axis=0))
    if run.rows is None or len(run.rows[0]) != len(used):
        return None
    places = np.searchsorted(used, np.concatenate(tested))
    return _in_units(preparation, run.rows[0].targets[0][places])


def _truth(preparation: Preparation, rows: Table) -> NDArray[Any]:
    """Return class numbers (rows,), or numbers (rows,) in the target's own unit."""
    return _in_units(preparation, preparation.targets(rows))


def _in_units(preparation: Preparation, targets: NDArray[Any]) -> NDArray[Any]:
    if preparation.target.task == "classification":
        return targets
    return np.asarray(preparation.target.predictions(targets.reshape(-1)))


def _predicted(run: Run, preparation: Preparation, rows: Table) -> NDArray[Any]:
    inputs = preparation.inputs(rows)
    if preparation.target.task == "classification":
        return np.asarray(run.predict_proba(inputs))
    return np.asarray(run.predict(inputs))


def _beside(preparation: Preparation, truth: NDArray[Any], predicted: NDArray[Any]) -> Predictions:
    """Return predictions beside the truth. Raises RunFolderError where they do not fit."""
    labels = preparation.target.labels
    if predicted.shape[1:] != (() if labels is None else (len(labels),)):
        raise record.damaged("its predictions are not those of its target")
    if labels is not None:
        return ClassPredictions(truth, predicted.astype(np.float64), np.zeros_like(truth))
    return NumberPredictions(truth.astype(np.float64), predicted.astype(np.float64))
