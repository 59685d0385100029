"""Schedules: a learning rate that is a function of the epoch, written in the alphabet.

``epoch`` is a number that grows smoothly: 2.5 is the middle of the third epoch. Give a schedule in
place of a learning rate: ``Adam(learning_rate=CosineDecay(0.01, epochs=100))``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar

from chainrule.arrays import Array, cos, floor, minimum, power
from chainrule.errors import SetupError, nearest

SCHEDULES: dict[str, type[Schedule]] = {}


class Schedule:
    """A learning rate over epochs; each kind is a frozen dataclass with a method ``rate``."""

    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        SCHEDULES[cls.name] = cls

    def rate(self, epoch: Array) -> Array:
        """Return the learning rate at an epoch."""
        raise TypeError(f"The schedule {type(self).__name__} defines no rate().")

    def to_record(self) -> dict[str, Any]:
        """Return name and settings as plain data."""
        return {"schedule": self.name, **_fields(self)}


def _fields(schedule: Any) -> dict[str, Any]:
    return dataclasses.asdict(schedule)


def schedule_from_record(record: Mapping[str, Any]) -> Schedule:
    """Return the schedule of a record made by ``to_record``."""
    settings = dict(record)
    name = str(settings.pop("schedule", ""))
    if name not in SCHEDULES:
        raise SetupError(f"There is no schedule '{name}'.", nearest(name, SCHEDULES))
    return SCHEDULES[name](**settings)


@dataclasses.dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate is multiplied by ``factor`` after every ``every`` epochs."""

    name: ClassVar[str] = "step_decay"
    start: float
    every: float = 10.0
    factor: float = 0.5

    def rate(self, epoch: Array) -> Array:
        return self.start * power(self.factor, floor(epoch / self.every))


@dataclasses.dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """The rate falls smoothly, by ``factor`` for each epoch."""

    name: ClassVar[str] = "exponential_decay"
    start: float
    factor: float = 0.95

    def rate(self, epoch: Array) -> Array:
        return self.start * power(self.factor, epoch)


@dataclasses.dataclass(frozen=True)
class InverseScaling(Schedule):
    """The rate is start / (1 + epoch / scale) ** exponent."""

    name: ClassVar[str] = "inverse_scaling"
    start: float
    scale: float = 1.0
    exponent: float = 0.5

    def rate(self, epoch: Array) -> Array:
        return self.start / power(1.0 + epoch / self.scale, self.exponent)


@dataclasses.dataclass(frozen=True)
class CosineDecay(Schedule):
    """The rate rises over ``warmup`` epochs, then falls as half a cosine to ``end`` at ``epochs``.

    Loshchilov and Hutter, "SGDR", ICLR 2017 (one cycle). After ``epochs`` it stays at ``end``.
    """

    name: ClassVar[str] = "cosine_decay"
    start: float
    epochs: float
    end: float = 0.0
    warmup: float = 0.0

    def rate(self, epoch: Array) -> Array:
        share = minimum((epoch - self.warmup) / (self.epochs - self.warmup), 1.0)
        falling = self.end + 0.5 * (self.start - self.end) * (1.0 + cos(math.pi * share))
        if self.warmup <= 0.0:
            return falling
        return minimum(self.start * epoch / self.warmup, falling)
