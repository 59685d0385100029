"""The recording of a training: what was measured, in a form that any loop could fill.

A recording is measurement, never judgement. It has three parts:

``history``     name -> one number for each epoch. ``loss`` is the mean over the rows of the epoch,
                measured as its steps went by; ``penalty`` that of L1 and L2; ``validation_loss``
                and ``validation_<metric>`` are measured after the epoch; ``learning_rate`` is that
                of its last step. Other names may stand beside them.
``readings``    a list of records, one for each moment that was looked at closely, before a step:
                ``step`` and ``epoch`` (both from 0, in the order of time); ``layers`` (name ->
                ``mean``, ``deviation``, ``lowest``, ``highest`` of what the layer gives, ``zeros``:
                the share that is exactly 0), over a sample of the training rows; ``parameters``
                (name -> ``size``, ``gradient``, ``update``: root mean squares of the parameter, of
                its gradient with penalties, and of the change that the step would make)
``snapshots``   step -> name -> array: the parameters after so many steps, on demand, and the state
                of a network that has one
``moments``     step -> name -> array: what the optimizer remembered then, from which its next steps
                can be taken again

A loop that is not chainrule's fills it with ``epoch(...)``, or with ``extend(...)`` for many epochs
at once, with ``reading(...)`` and ``snapshot(...)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.errors import SetupError, nearest

LAYER_READINGS = ("mean", "deviation", "lowest", "highest", "zeros")
PARAMETER_READINGS = ("size", "gradient", "update")
# Stands before the names of an optimizer's arrays where they are kept beside the parameters.
OF_OPTIMIZER = "optimizer/"


@dataclass
class Recording:
    """Losses, metrics, readings and snapshots of one training, in the order of time."""

    history: dict[str, list[float]] = field(default_factory=dict)
    readings: list[dict[str, Any]] = field(default_factory=list)
    snapshots: dict[int, dict[str, NDArray[Any]]] = field(default_factory=dict)
    moments: dict[int, dict[str, NDArray[Any]]] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """The number of epochs recorded."""
        return max((len(column) for column in self.history.values()), default=0)

    def epoch(self, **numbers: float) -> None:
        """Add the numbers of one more epoch. A name that is new or missing is NaN elsewhere.

        Raises SetupError for what is no number.
        """
        added = {name: _number(content, name) for name, content in numbers.items()}
        before = self.epochs
        for name in {**self.history, **added}:
            column = self.history.setdefault(name, [math.nan] * before)
            column.append(added.get(name, math.nan))

    def extend(self, columns: Mapping[str, Sequence[float]]) -> None:
        """Add several epochs: name -> one number for each, as if ``epoch`` were called in turn.

        Raises SetupError for what is no number, and for columns that differ in length.
        """
        added = {name: _numbers(content, name) for name, content in columns.items()}
        lengths = {len(column) for column in added.values()}
        if len(lengths) > 1:
            raise SetupError(
                f"The columns {', '.join(added)} differ in length.",
                "Give one number for each epoch under each name.",
            )
        if not any(lengths):
            return
        before, missing = self.epochs, [math.nan] * max(lengths)
        for name in {**self.history, **added}:
            column = self.history.setdefault(name, [math.nan] * before)
            column += added.get(name, missing)

    def reading(
        self,
        step: int,
        epoch: int,
        layers: Mapping[str, Mapping[str, float]],
        parameters: Mapping[str, Mapping[str, float]],
    ) -> None:
        """Add what was seen of layers and parameters before a step.

        Raises SetupError for readings of other names.
        """
        seen = {
            "step": int(step),
            "epoch": int(epoch),
            "layers": {name: _known(one, name, LAYER_READINGS) for name, one in layers.items()},
            "parameters": {
                name: _known(one, name, PARAMETER_READINGS) for name, one in parameters.items()
            },
        }
        self.readings.append(seen)

    def snapshot(
        self, step: int, parameters: Mapping[str, Any], moments: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a copy of all parameters, and the optimizer's arrays, after so many steps."""
        self.snapshots[int(step)] = {name: np.array(one) for name, one in parameters.items()}
        if moments:
            self.moments[int(step)] = {name: np.array(one) for name, one in moments.items()}

    def cut(self, epochs: int, step: int) -> None:
        """Forget what was recorded after so many epochs and steps."""
        for name, column in list(self.history.items()):
            del column[epochs:]
            if not column:
                del self.history[name]
        self.readings[:] = [one for one in self.readings if one["step"] < step]
        for later in [one for one in self.snapshots if one > step]:
            del self.snapshots[later]
            self.moments.pop(later, None)

    def copy(self) -> Recording:
        """Return a recording that can be added to without changing this one."""
        history = {name: list(column) for name, column in self.history.items()}
        return Recording(history, list(self.readings), dict(self.snapshots), dict(self.moments))

    def to_document(self) -> dict[str, Any]:
        """Return history and readings as plain data."""
        return {"history": self.history, "readings": self.readings}

    def snapshot_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the snapshots as ``step/name`` -> array; see ``OF_OPTIMIZER``."""
        kept = ((self.snapshots, ""), (self.moments, OF_OPTIMIZER))
        return {
            f"{step}/{front}{name}": content
            for by_step, front in kept
            for step, named in by_step.items()
            for name, content in named.items()
        }

    @classmethod
    def from_document(
        cls, document: object, snapshots: Mapping[str, NDArray[Any]] | None = None
    ) -> Recording:
        """Return the recording of a document, checked. Raises RunFolderError where it is none."""
        plain = record.mapping(document, "the recording")
        columns = record.mapping(record.entry(plain, "history"), "'history'")
        history = {name: _column(columns, name) for name in columns}
        if len({len(column) for column in history.values()}) > 1:
            raise record.damaged("the columns of 'history' differ in length")
        readings = [_reading(one) for one in record.items(plain, "readings")]
        recording = cls(history, readings)
        for key, content in (snapshots or {}).items():
            step, _, name = key.partition("/")
            if not (step.isascii() and step.isdigit() and len(step) < 19 and name):
                raise record.damaged(f"{key!r} names no snapshot")
            of_optimizer = name.startswith(OF_OPTIMIZER)
            kept = recording.moments if of_optimizer else recording.snapshots
            kept.setdefault(int(step), {})[name.removeprefix(OF_OPTIMIZER)] = content
        recording.snapshots = dict(sorted(recording.snapshots.items()))
        recording.moments = dict(sorted(recording.moments.items()))
        return recording


def _number(content: Any, name: str) -> float:
    try:
        return float(content)
    except (TypeError, ValueError):
        raise SetupError(
            f"'{name}' of an epoch is {content!r}.", "Give one number for each name."
        ) from None


def _numbers(content: Sequence[Any], name: str) -> list[float]:
    try:
        return [float(one) for one in content]
    except (TypeError, ValueError):
        raise SetupError(
            f"'{name}' of several epochs is {content!r}.", "Give one number for each epoch."
        ) from None


def _known(numbers: Mapping[str, float], name: str, known: tuple[str, ...]) -> dict[str, float]:
    for reading in numbers:
        if reading not in known:
            raise SetupError(f"'{reading}' of {name} is no reading.", nearest(reading, known))
    # A training has thousands of them, which come as they are kept.
    return {
        reading: content if type(content) is float else _number(content, reading)
        for reading, content in numbers.items()
    }


def _column(columns: dict[str, object], name: str) -> list[float]:
    """Return one column of a history; NaN and infinity are findings, so they are allowed."""
    return [
        one if isinstance(one, float) else record.number({name: one}, name)
        for one in record.items(columns, name)
    ]


def _reading(content: object) -> dict[str, Any]:
    plain = record.mapping(content, "a reading")
    found: dict[str, Any] = {name: record.whole_number(plain, name) for name in ("step", "epoch")}
    for part, known in (("layers", LAYER_READINGS), ("parameters", PARAMETER_READINGS)):
        named = record.mapping(record.entry(plain, part), f"'{part}'")
        found[part] = {}
        for name, content in named.items():
            numbers = record.mapping(content, f"the reading of {name!r}")
            if not set(numbers) <= set(known):
                raise record.damaged(f"{name!r} has readings of other names")
            found[part][name] = {one: _column({one: [numbers[one]]}, one)[0] for one in numbers}
    return found
