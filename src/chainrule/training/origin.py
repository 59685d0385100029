"""The origin of a setup's counts, which is not 0 where a run went on with something changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Where the counts of a setup begin. Steps are counted from 0 over everything that was trained.

    ``step`` and ``epoch``: since when a step has had this batch size. ``optimizer``: the step at
    which the optimizer started with an empty state, so that its own count begins there.
    ``patience``: the epoch from which patience waits. ``rate``: that from which a learning rate
    waits for a plateau.
    """

    step: int = 0
    epoch: int = 0
    optimizer: int = 0
    patience: int = 0
    rate: int = 0

    def place(self, step: Any, steps_per_epoch: int) -> Any:
        """Return a step's number as it would be, had every epoch had ``steps_per_epoch``."""
        shift = self.epoch * steps_per_epoch - self.step
        return step + shift if shift else step

    def optimizer_count(self, step: Any) -> Any:
        """Return the optimizer's own number of a step, counted from 1."""
        shift = 1 - self.optimizer
        return step + shift if shift else step
