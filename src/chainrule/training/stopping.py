"""When a training ends: by epochs, time, target loss, stillness, or patience on validation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from chainrule.checks import is_finite_number
from chainrule.errors import SetupError

# How the end of a training whose loss has overflowed, or whose time was over, is told; runs are
# kept with these sentences.
OVERFLOWED = "the loss became"
TIME_LIMIT = "the time limit of"
TARGET, GRADIENT, CHANGE = "the loss reached", "the gradient fell below", "the loss changed by less"


def has_overflowed(ended: str) -> bool:
    """Say whether a training ended because its loss was no number any more, by why it ended."""
    return ended.startswith(OVERFLOWED)


def ran_out_of_time(ended: str) -> bool:
    """Say whether a training ended by its limit of seconds, by why it ended."""
    return ended.startswith(TIME_LIMIT)


def has_reached_target(ended: str) -> bool:
    """Say whether a training ended because its loss was as low as asked, by why it ended."""
    return ended.startswith(TARGET)


def was_broken_off(ended: str) -> bool:
    """Say whether a limit on loss, gradient or change ended a training, by why it ended.

    A patience is none of them: it ends what gains no more on rows held out.
    """
    return ended.startswith((TARGET, GRADIENT, CHANGE))


@dataclass(frozen=True)
class Stopping:
    """Limits besides the number of epochs; ``None`` where a limit is not set.

    ``target_loss``    stop when the training loss is at or below it
    ``min_change``     stop when the loss changes by less from one epoch to the next
    ``min_gradient``   stop when the largest entry of the gradient was below it all epoch
    ``patience``       stop after so many epochs without a better validation loss
    ``max_seconds``    stop when training has taken so long
    """

    target_loss: float | None = None
    min_change: float | None = None
    min_gradient: float | None = None
    patience: int | None = None
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            number = getattr(self, field.name)
            if number is None:
                continue
            if not is_finite_number(number) or (number < 0 and field.name != "target_loss"):
                raise SetupError(f"{field.name}={number!r} is no limit.", "Give a number from 0.")
        if self.patience is not None and (self.patience < 1 or self.patience % 1):
            raise SetupError(
                f"patience={self.patience!r} is not possible.", "Give a whole number from 1."
            )

    @property
    def asks_every_epoch(self) -> bool:
        """Whether a limit is set that ``reason`` alone knows: an engine minds patience itself."""
        return (self.target_loss, self.min_change, self.min_gradient) != (None, None, None)

    def reason(
        self, history: Mapping[str, list[float]], gradient: float, waited: int
    ) -> str | None:
        """Return why training should end after the last epoch of a history, or None.

        ``gradient`` is the largest entry that the gradient had in the epoch, ``waited`` the number
        of epochs since the validation loss was lowest.
        """
        loss = history["loss"]
        if not math.isfinite(loss[-1]):
            return f"{OVERFLOWED} {loss[-1]} in epoch {len(loss)}"
        if self.target_loss is not None and loss[-1] <= self.target_loss:
            return f"{TARGET} {self.target_loss:g}"
        if self.min_gradient is not None and gradient < self.min_gradient:
            return f"{GRADIENT} {self.min_gradient:g}"
        change = abs(loss[-1] - loss[-2]) if len(loss) > 1 else math.inf
        if self.min_change is not None and change < self.min_change:
            return f"{CHANGE} than {self.min_change:g}"
        if self.patience is not None and waited >= self.patience:
            return f"the validation loss was not better for {waited} epochs"
        return None

    def to_record(self) -> dict[str, Any]:
        """Return the limits as plain data."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
