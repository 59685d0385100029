"""The course of a training: what its losses over the epochs say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# The noise of a course is that of four losses in its second half; without it no rest can be told.
LEAST_LATE, EPOCHS_THAT_TELL = 4, 8
# A loss that falls by less than this share of itself over the last third has come to rest. One
# that falls by a fifth of what is left is in the midst of learning.
AT_REST, IN_THE_MIDST = 0.002, 0.2


@dataclass(frozen=True)
class Course:
    """Losses over epochs, as they were recorded; some may be NaN or infinite."""

    losses: tuple[float, ...]

    @classmethod
    def of(cls, column: Sequence[float] | None) -> Course:
        """Return the course of a column of a history, empty where there is none."""
        return cls(tuple(map(float, column or ())))

    def __len__(self) -> int:
        return len(self.losses)

    @cached_property
    def finite(self) -> Numbers:
        """The losses up to the first that is no finite number."""
        known = np.array(self.losses, dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(known))
        return known[: bad[0]] if bad.size else known

    @property
    def overflowed_at(self) -> int | None:
        """The first epoch, counted from 1, whose loss is no finite number."""
        count = len(self.finite)
        return None if count == len(self.losses) else count + 1

    @property
    def lowest(self) -> float:
        """The lowest loss, NaN without any."""
        return float(self.finite.min()) if self.finite.size else math.nan

    @property
    def lowest_at(self) -> int:
        """The epoch of the lowest loss, counted from 1; 0 without any."""
        return int(self.finite.argmin()) + 1 if self.finite.size else 0

    @property
    def first(self) -> float:
        """The loss of the first epoch, NaN without any."""
        return float(self.finite[0]) if self.finite.size else math.nan

    @property
    def last(self) -> float:
        """The loss of the last epoch, NaN or infinite where it is that."""
        return self.losses[-1] if self.losses else math.nan

    def tail(self, share: float = 0.25, least: int = 4) -> Numbers:
        """Return the last losses: a share of them, and not fewer than ``least``."""
        return self.finite[-max(least, round(share * len(self.finite))) :]

    @property
    def tells_rest(self) -> bool:
        """Whether there are losses enough to tell a rest from a pause."""
        return len(self.finite) >= EPOCHS_THAT_TELL

    @cached_property
    def noise(self) -> float:
        """How much losses of the second half jump around their own trend, a standard deviation.

        From second differences, which a straight line does not have: robust against descent.
        """
        late = self.finite[len(self.finite) // 2 :]
        if len(late) < LEAST_LATE:
            return 0.0
        second = np.diff(late, 2)
        return float(1.4826 * np.median(np.abs(second)) / math.sqrt(6.0))

    @cached_property
    def turns(self) -> float:
        """The share of the changes in the second half that go against the one before.

        1 where losses jump to and fro, 2/3 for independent noise, 0 for a steady fall.
        """
        changes = np.diff(self.finite[len(self.finite) // 2 :])
        if len(changes) < 3:
            return 0.0
        return float(np.mean(changes[1:] * changes[:-1] < 0.0))

    def fall_at_end(self, start: float) -> float:
        """Return by how much the loss falls over the last third, beyond its noise; 0 if it rests.

        ``start`` is the loss before the first epoch, with which short courses begin. It is the
        difference of the means of the last third's two halves, times 2, less two standard errors.
        """
        path = np.concatenate(([start], self.finite))
        late = path[-max(2, round(len(path) / 3)) :]
        half = len(late) // 2
        fall = 2.0 * float(late[:half].mean() - late[-half:].mean())
        return max(0.0, fall - 2.0 * 2.0 * self.noise * math.sqrt(2.0 / half))

    def relative_fall_at_end(self, start: float) -> float:
        """Return ``fall_at_end`` in shares of the last loss."""
        return self.fall_at_end(start) / max(abs(self.last), 1e-300)

    def has_come_to_rest(self, start: float) -> bool:
        """Whether the loss, which was ``start`` before the first epoch, is seen to fall no more."""
        return self.tells_rest and not self.relative_fall_at_end(start) > AT_REST
