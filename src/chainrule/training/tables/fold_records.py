"""The trainings of a table's folds, as they stay in its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.training.recording import Recording
from chainrule.training.run import Run
from chainrule.training.tables.folds import Fold, from_roles
from chainrule.training.tables.notes import TableNote

STAGES = ("folds", "fold", "all")


@dataclass(frozen=True)
class FoldRecord:
    """What a fold's trainings came to: the network's recording, and the epochs that were kept.

    ``epoch`` and ``linear_epoch``, counted from 1, are those of the network and of the linear model
    with the lowest loss on the fold's validation rows (0: the training overflowed at once).
    """

    ended: str
    epoch: int
    linear_epoch: int
    recording: Recording

    @classmethod
    def of(cls, network: Run, linear: Run) -> FoldRecord:
        """Return the record of a fold's network and linear model."""
        return cls(
            network.ended,
            network.best_epoch,
            linear.best_epoch,
            network.recording,
        )

    def to_record(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return {
            "ended": self.ended,
            "epoch": self.epoch,
            "linear_epoch": self.linear_epoch,
            "recording": self.recording.to_document(),
        }

    @classmethod
    def from_record(cls, value: object) -> FoldRecord:
        """Return what ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "a fold")
        found = cls(
            record.text(plain, "ended"),
            record.whole_number(plain, "epoch"),
            record.whole_number(plain, "linear_epoch"),
            Recording.from_document(record.entry(plain, "recording")),
        )
        if found.epoch > found.recording.epochs:
            raise record.damaged("the epoch that a fold kept was not run")
        return found


Records = list[FoldRecord | None]


@dataclass(frozen=True, eq=False)
class FoldRun:
    """One fold of a run on a table.

    ``rows``: the numbers, from 0, of its training, validation and test rows in the table;
    ``recording``, ``best_epoch`` and ``ended`` of its training are None, 0 and "not run" where it
    was not run to its end. ``predictions``: class probabilities (test rows, classes), or numbers
    (test rows,) in the target's unit, of ``rows.test`` in this order.
    """

    rows: Fold
    recording: Recording | None
    best_epoch: int
    ended: str
    predictions: NDArray[np.float64]


def records_to_notes(records: Sequence[FoldRecord | None], stage: str) -> dict[str, Any]:
    """Return the notes of a run on how far its folds are."""
    every = [None if one is None else one.to_record() for one in records]
    return {"folds": every, "stage": stage}


def records_in(notes: Mapping[str, Any]) -> tuple[Records, str]:
    """Return the folds' records and the stage. Raises RunFolderError where they are damaged."""
    plain = dict(notes)
    every = record.items(plain, "folds")
    records = [None if one is None else FoldRecord.from_record(one) for one in every]
    if not records:
        raise record.damaged("it has no folds")
    return records, record.choice(plain, "stage", STAGES)


def is_complete(run: Run) -> bool:
    """Say whether a run on a table was trained and measured to the end."""
    if not run.finished or "result" not in run.notes or "folds" not in run.notes:
        return False
    records, stage = records_in(run.notes)
    return stage == "all" and None not in records


def folds_of(run: Run) -> tuple[FoldRun, ...]:
    """Return the folds of a run on a table, none of a run on arrays or of one that has no folds."""
    if "folds" not in run.notes:
        return ()
    records, _ = records_in(run.notes)
    note = TableNote.from_record(run.notes["table"])
    folds = from_roles(run.note_arrays.get("roles"), note.source.rows)
    predicted = run.note_arrays.get("network")
    if len(folds) != len(records) or predicted is None or len(predicted) != note.source.rows:
        raise record.damaged("its folds do not fit its table")
    found = []
    for rows, one in zip(folds, records, strict=True):
        predictions = predicted[rows.test]
        if one is None:
            found.append(FoldRun(rows, None, 0, "not run", predictions))
        else:
            found.append(FoldRun(rows, one.recording, one.epoch, one.ended, predictions))
    return tuple(found)


def epochs_for_all(records: Sequence[FoldRecord | None], linear: bool = False) -> int:
    """Return the median of the folds' epochs, the lower one of two in the middle."""
    known = [one for one in records if one is not None]
    return median_low([one.linear_epoch if linear else one.epoch for one in known])
