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
from chainrule.training.run import Run
from chainrule.training.tables.fold_records import FoldRun
from chainrule.training.tables.folds import LEFT_OUT
from chainrule.training.tables.given_tables import table_again
from chainrule.training.tables.kept_rows import kept_table
from chainrule.training.tables.measures import Predictions
from chainrule.training.tables.measuring import as_predictions, predicted_by, true_of
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
        predicted = predicted_by(run, preparation, again)
        return _beside(preparation, true_of(preparation, again), predicted)
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
        return true_of(preparation, rows.select(np.concatenate(tested)))
    used = np.flatnonzero((run.note_arrays["roles"] != LEFT_OUT).any(axis=0))
    if run.rows is None or len(run.rows[0]) != len(used):
        return None
    places = np.searchsorted(used, np.concatenate(tested))
    targets = run.rows[0].targets[0][places]
    if preparation.target.task == "classification":
        return targets
    # As they were trained on, standardised; the run has no other form of them.
    return np.asarray(preparation.target.predictions(targets.reshape(-1)))


def _beside(preparation: Preparation, truth: NDArray[Any], predicted: NDArray[Any]) -> Predictions:
    """Return predictions beside the truth. Raises RunFolderError where they do not fit."""
    labels = preparation.target.labels
    if predicted.shape[1:] != (() if labels is None else (len(labels),)):
        raise record.damaged("its predictions are not those of its target")
    nowhere = np.zeros(len(truth), dtype=np.int64)
    return as_predictions(truth, predicted.astype(np.float64), nowhere)
