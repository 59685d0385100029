"""What a run on a table keeps of it: where it lay, what it held, what was chosen and decided.

The rows are kept only where that is asked for, by ``kept_rows.py``. What is read back from a run
folder is trusted in nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import record
from chainrule.data.choices import Choices
from chainrule.data.decisions import Decision
from chainrule.data.preparation import Preparation
from chainrule.data.reading import Reading
from chainrule.data.table import Table, checksum
from chainrule.errors import RunFolderError
from chainrule.training.setup import Setup

MOST_UNITS = 1_000_000
BALANCED = "balanced"


@dataclass(frozen=True)
class Settings:
    """How the networks of a table are trained, as far as the setup of its run does not say it.

    The run's setup is that of the last training, on all rows; those of the folds, which choose its
    epochs, are made of these: ``hidden`` widths with ``activation``, at most ``epochs`` epochs,
    ``batch_size`` rows in a step ("auto", a number, None for all), and ``patience``.
    ``class_weight``: "balanced" where every class counts as much, in the linear model as well.
    """

    hidden: tuple[int, ...]
    activation: str
    epochs: int
    batch_size: int | str | None
    patience: int | None
    class_weight: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {**asdict(self), "hidden": list(self.hidden)}

    @classmethod
    def from_record(cls, value: object) -> Settings:
        """Return the settings that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "'settings'")
        hidden = record.items(plain, "hidden")
        if not all(type(one) is int and 1 <= one <= MOST_UNITS for one in hidden):
            raise record.damaged("'hidden' is no list of widths")
        batch, patience = record.entry(plain, "batch_size"), record.entry(plain, "patience")
        if batch not in ("auto", None) and (type(batch) is not int or batch < 1):
            raise record.damaged("'batch_size' is no number of rows")
        if patience is not None and (type(patience) is not int or patience < 1):
            raise record.damaged("'patience' is no number of epochs")
        # Runs of the first days know no weights of classes.
        weight = plain.get("class_weight")
        if weight not in (None, BALANCED):
            raise record.damaged("'class_weight' is none")
        return cls(
            tuple(one for one in hidden if isinstance(one, int)),
            record.text(plain, "activation"),
            record.whole_number(plain, "epochs"),
            batch if isinstance(batch, int | str) else None,
            patience,
            None if weight is None else BALANCED,
        )


@dataclass(frozen=True)
class Source:
    """Contents that are known again: checksum, number of rows, and the path.

    It is None for a data frame and for standard input.
    """

    path: str | None
    checksum: str
    rows: int

    @classmethod
    def of(cls, table: Table) -> Source:
        """Return the source of a table."""
        path = None if table.source is None else str(Path(table.source).resolve())
        return cls(path, checksum(table), table.rows)

    def to_record(self) -> dict[str, Any]:
        """Return the source as plain data."""
        return asdict(self)

    @classmethod
    def from_record(cls, value: object) -> Source:
        """Return the source that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "a source")
        path = record.text_or_none(plain, "path")
        return cls(path, record.text(plain, "checksum"), record.whole_number(plain, "rows"))


@dataclass(frozen=True)
class TableNote:
    """A table that was trained on, ``test`` being the file that its result was measured on.

    ``decisions`` are all that were made of the file, its rows and its columns, in the order in
    which they are told.
    """

    source: Source
    columns: tuple[str, ...]
    target: str
    choices: Choices
    reading: Reading
    settings: Settings
    decisions: tuple[Decision, ...]
    test: Source | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the note as plain data."""
        return {
            "source": self.source.to_record(),
            "columns": list(self.columns),
            "target": self.target,
            "choices": self.choices.to_record(),
            "reading": self.reading.to_record(),
            "settings": self.settings.to_record(),
            "decisions": [one.to_record() for one in self.decisions],
            "test": None if self.test is None else self.test.to_record(),
        }

    @classmethod
    def from_record(cls, value: object) -> TableNote:
        """Return the note that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "'table'")
        test = record.entry(plain, "test")
        return cls(
            source=Source.from_record(record.entry(plain, "source")),
            columns=record.texts(plain, "columns"),
            target=record.text(plain, "target"),
            choices=Choices.from_record(record.entry(plain, "choices")),
            reading=Reading.from_record(record.entry(plain, "reading")),
            settings=Settings.from_record(record.entry(plain, "settings")),
            decisions=tuple(map(Decision.from_record, record.items(plain, "decisions"))),
            test=None if test is None else Source.from_record(test),
        )


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
    if "split" in record.mapping(notes["table"], "'table'"):
        raise RunFolderError(
            f"'{path}' was made by an older chainrule, whose tables were not measured in folds.",
            "Predict with it as it is, or train again.",
        )
    return TableNote.from_record(notes["table"])
