"""The recording of a training: what was measured, in a form that any loop could fill.

A recording is measurement, never judgement. It has three parts:

``history``     name -> one number for each epoch (``loss``, ``validation_loss``, metrics, ...)
``readings``    a list of records, one for each moment that was looked at closely: ``step``,
                ``epoch``, ``layers`` (name -> mean, deviation, lowest, highest, zeros) and
                ``parameters`` (name -> size, gradient, update: root mean squares)
``snapshots``   step -> name -> array, on demand

A loop that is not chainrule's fills it with ``epoch(...)``, ``reading(...)`` and ``snapshot(...)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import RunFolderError, SetupError

LAYER_READINGS = ("mean", "deviation", "lowest", "highest", "zeros")
PARAMETER_READINGS = ("size", "gradient", "update")


@dataclass
class Recording:
    """Losses, metrics, readings and snapshots of one training, in the order of time."""

    history: dict[str, list[float]] = field(default_factory=dict)
    readings: list[dict[str, Any]] = field(default_factory=list)
    snapshots: dict[int, dict[str, NDArray[Any]]] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """The number of epochs recorded."""
        return max((len(column) for column in self.history.values()), default=0)

    def epoch(self, **numbers: float) -> None:
        """Add the numbers of one more epoch. A name that is new or missing is NaN elsewhere."""
        before = self.epochs
        for name in {**self.history, **numbers}:
            column = self.history.setdefault(name, [float("nan")] * before)
            column.append(float(numbers.get(name, float("nan"))))

    def reading(
        self,
        step: int,
        epoch: int,
        layers: Mapping[str, Mapping[str, float]],
        parameters: Mapping[str, Mapping[str, float]],
    ) -> None:
        """Add what was seen of layers and parameters at one step. Raises SetupError for others."""
        for given, known in ((layers, LAYER_READINGS), (parameters, PARAMETER_READINGS)):
            for name, numbers in given.items():
                strange = sorted(set(numbers) - set(known))
                if strange:
                    raise SetupError(
                        f"'{strange[0]}' of {name} is no reading.", f"Readings are {known}."
                    )
        self.readings.append(
            {
                "step": int(step),
                "epoch": int(epoch),
                "layers": {name: dict(one) for name, one in layers.items()},
                "parameters": {name: dict(one) for name, one in parameters.items()},
            }
        )

    def snapshot(self, step: int, parameters: Mapping[str, NDArray[Any]]) -> None:
        """Keep a copy of all parameters as they are at a step."""
        self.snapshots[int(step)] = {name: np.array(one) for name, one in parameters.items()}

    @property
    def sizes(self) -> tuple[int, int]:
        """The numbers of epochs and of readings, as ``cut`` takes them."""
        return self.epochs, len(self.readings)

    def cut(self, epochs: int, readings: int) -> None:
        """Forget what was recorded after so many epochs and readings."""
        for column in self.history.values():
            del column[epochs:]
        del self.readings[readings:]

    def copy(self) -> Recording:
        """Return a recording that can be added to without changing this one."""
        history = {name: list(column) for name, column in self.history.items()}
        return Recording(history, list(self.readings), dict(self.snapshots))

    def to_document(self) -> dict[str, Any]:
        """Return history and readings as plain data."""
        return {"history": self.history, "readings": self.readings}

    def snapshot_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the snapshots as ``step/name`` -> array."""
        return {
            f"{step}/{name}": content
            for step, named in self.snapshots.items()
            for name, content in named.items()
        }

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], snapshots: Mapping[str, NDArray[Any]] | None = None
    ) -> Recording:
        """Return the recording of a document. Raises RunFolderError where it is none."""
        try:
            history = {
                str(name): [float(number) for number in column]
                for name, column in document["history"].items()
            }
            recording = cls(history, [dict(one) for one in document["readings"]])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RunFolderError(
                f"The recording of the run cannot be read ({error}).",
                "Restore the folder from a copy, or train again.",
            ) from None
        for key, content in (snapshots or {}).items():
            step, _, name = key.partition("/")
            recording.snapshots.setdefault(int(step), {})[name] = content
        return recording
