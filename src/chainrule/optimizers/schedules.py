"""Schedules: a learning rate that is a function of the epoch, written in the alphabet.

``epoch`` is a number that grows smoothly: 2.5 is the middle of the third epoch. Give a schedule in
place of a learning rate: ``Adam(learning_rate=CosineDecay(0.01, epochs=100))``.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from chainrule.arrays import cos, floor, less, log, maximum, minimum, power, where
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


@dataclasses.dataclass(frozen=True)
class WarmRestarts(Schedule):
    """Half a cosine from ``start`` to ``end``, again and again, each ``growth`` times as long.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017. The
    first one lasts ``epochs``.
    """

    name: ClassVar[str] = "warm_restarts"
    start: float
    epochs: float = 10.0
    growth: float = 2.0
    end: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "epochs")
        if self.growth < 1.0:
            raise SetupError(f"growth of WarmRestarts is {self.growth!r}.", "Give a number from 1.")

    def rate(self, epoch: Any) -> Any:
        turns: Any = epoch / self.epochs
        length: Any = 1.0
        if self.growth > 1.0:
            # Where a turn begins, its logarithm may come out a little below a whole number.
            gone = log(1.0 + turns * (self.growth - 1.0)) / math.log(self.growth)
            length = power(self.growth, floor(gone + 1e-9))
            begun: Any = (length - 1.0) / (self.growth - 1.0)
        else:
            begun = floor(turns + 1e-9)
        share = maximum((turns - begun) / length, 0.0)
        return self.end + 0.5 * (self.start - self.end) * (1.0 + cos(math.pi * share))


@dataclasses.dataclass(frozen=True)
class OneCycle(Schedule):
    """The rate rises to ``highest`` and falls far below where it began, each as half a cosine.

    Smith and Topin, "Super-convergence", 2018; cosines and shares as in fastai and PyTorch.
    ``rise`` is the share of ``epochs`` in which it rises; it begins at ``start_share`` of the
    highest rate and ends at ``end_share`` of it.
    """

    name: ClassVar[str] = "one_cycle"
    highest: float
    epochs: float
    rise: float = 0.3
    start_share: float = 0.04
    end_share: float = 4e-6

    def __post_init__(self) -> None:
        _check(self, "epochs", "rise")
        if self.rise >= 1.0:
            raise SetupError(
                f"rise of OneCycle is {self.rise!r}.", "Give a number between 0 and 1."
            )

    def rate(self, epoch: Any) -> Any:
        top = self.rise * self.epochs
        up = minimum(epoch / top, 1.0)
        down = minimum(maximum((epoch - top) / (self.epochs - top), 0.0), 1.0)
        rising = self.start_share + (1.0 - self.start_share) * 0.5 * (1.0 - cos(math.pi * up))
        falling = self.end_share + (1.0 - self.end_share) * 0.5 * (1.0 + cos(math.pi * down))
        return self.highest * where(less(epoch, top), rising, falling)


@dataclasses.dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """The rate is multiplied by ``factor`` where the loss has stopped falling.

    That is after ``patience`` epochs in a row whose loss was not below the best one by at least
    ``threshold`` of it; after a fall, ``rest`` epochs are not counted. The loss is that of the
    validation rows, or of the training rows where there are none. The rate does not fall below
    ``lowest``. What it does follows from the recorded losses alone, so that a run that is resumed
    goes on with the same bits.
    """

    name: ClassVar[str] = "reduce_on_plateau"
    start: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    rest: int = 0
    lowest: float = 0.0

    def __post_init__(self) -> None:
        _check(self, "patience")
        for name in ("patience", "rest"):
            if getattr(self, name) % 1:
                raise SetupError(
                    f"{name} of ReduceOnPlateau is {getattr(self, name)!r}.",
                    "Give a whole number.",
                )
        if not self.factor < 1.0:
            raise SetupError(
                f"factor of ReduceOnPlateau is {self.factor!r}.", "Give a number below 1."
            )

    def rate(self, epoch: Any) -> Any:
        return self.start

    def lowered(self, share: float) -> float:
        """Return the share of ``start`` after a fall, where it is ``share`` before."""
        least = self.lowest / self.start if self.start else 0.0
        return min(share, max(share * self.factor, least))


def refuse_plateau(rate: Any, where: str) -> None:
    """Raise SetupError for a schedule that waits for the losses of epochs, where there are none."""
    if isinstance(rate, ReduceOnPlateau):
        raise SetupError(
            f"ReduceOnPlateau waits for the losses of epochs, and {where} has none.",
            "Use a schedule such as CosineDecay.",
        )
