"""Schedules: a learning rate that is a function of the epoch, written in the alphabet.

``epoch`` is a number that grows smoothly: 2.5 is the middle of the third epoch. Give a schedule in
place of a learning rate: ``Adam(learning_rate=CosineDecay(0.01, epochs=100))``.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from chainrule.arrays import cos, floor, less, maximum, minimum, power, where
from chainrule.checks import is_finite_number
from chainrule.errors import SetupError

SCHEDULES: dict[str, type[Schedule]] = {}


class Schedule(ABC):
    """A learning rate over epochs; each kind is a frozen dataclass with a method ``rate``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        SCHEDULES[cls.name] = cls

    @abstractmethod
    def rate(self, epoch: Any) -> Any:
        """Return the learning rate at an epoch, a number or a symbol."""

    def to_record(self) -> dict[str, Any]:
        """Return name and settings as plain data."""
        return {"schedule": self.name, **vars(self)}


def _check(schedule: Schedule, *positive: str) -> None:
    """Raise SetupError where a setting is no finite number from 0 (above 0 for ``positive``)."""
    for name, given in vars(schedule).items():
        number = is_finite_number(given)
        if not number or given < 0 or (name in positive and not given):
            least = "above 0" if name in positive else "from 0"
            raise SetupError(
                f"{name} of {type(schedule).__name__} is {given!r}.", f"Give a number {least}."
            )


@dataclasses.dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate is multiplied by ``factor`` after every ``every`` epochs."""

    name: ClassVar[str] = "step_decay"
    start: float
    every: float = 10.0
    factor: float = 0.5

    def __post_init__(self) -> None:
        _check(self, "every")

    def rate(self, epoch: Any) -> Any:
        return self.start * power(self.factor, floor(epoch / self.every))


@dataclasses.dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """The rate falls smoothly, by ``factor`` for each epoch."""

    name: ClassVar[str] = "exponential_decay"
    start: float
    factor: float = 0.95

    def __post_init__(self) -> None:
        _check(self, "factor")

    def rate(self, epoch: Any) -> Any:
        return self.start * power(self.factor, epoch)


@dataclasses.dataclass(frozen=True)
class InverseScaling(Schedule):
    """The rate is start / (1 + epoch / scale) ** exponent."""

    name: ClassVar[str] = "inverse_scaling"
    start: float
    scale: float = 1.0
    exponent: float = 0.5

    def __post_init__(self) -> None:
        _check(self, "scale")

    def rate(self, epoch: Any) -> Any:
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

    def __post_init__(self) -> None:
        _check(self, "epochs")
        if self.warmup >= self.epochs:
            raise SetupError(
                f"CosineDecay warms up for {self.warmup:g} of {self.epochs:g} epochs.",
                "Give fewer epochs of warmup than epochs.",
            )

    def rate(self, epoch: Any) -> Any:
        share = maximum(minimum((epoch - self.warmup) / (self.epochs - self.warmup), 1.0), 0.0)
        falling = self.end + 0.5 * (self.start - self.end) * (1.0 + cos(math.pi * share))
        if self.warmup == 0.0:
            return falling
        return where(less(epoch, self.warmup), self.start * epoch / self.warmup, falling)
