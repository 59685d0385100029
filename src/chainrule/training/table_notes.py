"""What a run on a table keeps of it: where it lay, what it held, and what each row was for.

The rows themselves are not kept. What is read back from a run folder is trusted in nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.preparation import Preparation, decide_task, rows_with_target, strata
from chainrule.data.splitting import split_rows
from chainrule.data.table import Table, checksum
from chainrule.errors import DataError, RunFolderError
from chainrule.training.setup import Setup

HELD_OUT = (0.2, 0.2)
FEWEST_ROWS = 10


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of a table by their numbers, from 0, and what each part is for.

    Training rows fit scaling, encoding and network, validation rows choose the epoch, test rows
    choose nothing; rows without a target are left out.
    """

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    left_out: NDArray[np.int64]

    @property
    def sizes(self) -> dict[str, int]:
        """The number of rows in each part."""
        return {name: len(getattr(self, name)) for name in self.__dataclass_fields__}

    def to_record(self) -> dict[str, list[int]]:
        """Return the split as plain data."""
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_record(cls, value: object, rows: int) -> Split:
        """Return the split of a table of so many rows. Raises RunFolderError where it is none."""
        plain = record.mapping(value, "'split'")
        parts = [record.whole_numbers(plain, name, rows) for name in cls.__dataclass_fields__]
        every = np.sort(np.concatenate(parts))
        if len(every) != rows or not np.array_equal(every, np.arange(rows)):
            raise record.damaged("the parts of the split do not hold each row once")
        if not all(part.size for part in parts[:3]):
            raise record.damaged("a part of the split is empty")
        return cls(*parts)


@dataclass(frozen=True, eq=False)
class TableNote:
    """A table that was trained on: its path (None for a data frame), contents and split."""

    path: str | None
    checksum: str
    rows: int
    columns: tuple[str, ...]
    target: str
    split: Split

    def to_record(self) -> dict[str, Any]:
        """Return the note as plain data."""
        return {
            "path": self.path,
            "checksum": self.checksum,
            "rows": self.rows,
            "columns": list(self.columns),
            "target": self.target,
            "split": self.split.to_record(),
        }

    @classmethod
    def from_record(cls, value: object) -> TableNote:
        """Return the note that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "'table'")
        rows = record.whole_number(plain, "rows")
        return cls(
            path=None if record.entry(plain, "path") is None else record.text(plain, "path"),
            checksum=record.text(plain, "checksum"),
            rows=rows,
            columns=record.texts(plain, "columns"),
            target=record.text(plain, "target"),
            split=Split.from_record(record.entry(plain, "split"), rows),
        )


def split_table(table: Table, target: str, task: str | None, seed: int) -> Split:
    """Split the rows that have a target: 60 % training, 20 % validation, 20 % test, stratified.

    Raises DataError for a target that cannot be learned, and for fewer than 10 rows.
    """
    usable = rows_with_target(table, target)
    known = table.select(usable)
    if known.rows < FEWEST_ROWS:
        raise DataError(
            f"{known.rows} rows with a target are too few to train, to choose and to test on.",
            f"Give {FEWEST_ROWS} rows or more, or train from Python without a split: train().",
        )
    decided = decide_task(known, target, task)
    parts = split_rows(known.rows, HELD_OUT, seed, strata(known, target, decided))
    left_out = np.setdiff1d(np.arange(table.rows), usable)
    return Split(usable[parts[0]], usable[parts[1]], usable[parts[2]], left_out)


def note_of(table: Table, target: str, split: Split) -> TableNote:
    """Return what is to be kept of a table."""
    path = None if table.source is None else str(Path(table.source).resolve())
    return TableNote(path, checksum(table), table.rows, table.names, target, split)


def preparation_of(setup: Setup, notes: Mapping[str, Any]) -> Preparation:
    """Return how a run's tables become its inputs, held against its network.

    Raises RunFolderError where the notes do not say it, or not for this network.
    """
    preparation = Preparation.from_dict(notes.get("preparation"))
    if list(setup.network.plan.inputs.values()) != [(len(preparation.input_names),)]:
        raise record.damaged("its columns do not make the inputs of the network")
    target, trained = preparation.target, setup.targets
    labels: set[Any] = set()
    if target.labels is not None:
        labels = set(target.predictions(np.arange(len(target.labels))).tolist())
    if [one.task for one in trained] != [target.task] or labels != set(trained[0].labels):
        raise record.damaged("its target is not the one that the network was trained on")
    return preparation


def table_note_of(path: str | Path, notes: Mapping[str, Any]) -> TableNote:
    """Return what a run noted of its table. Raises RunFolderError where there was no table."""
    if "table" not in notes:
        raise RunFolderError(
            f"'{path}' was not trained on a table.",
            "Go on with it from Python: resume(path, X, y).",
        )
    return TableNote.from_record(notes["table"])
