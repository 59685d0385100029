"""When a learning rate falls because the loss has stopped falling.

All that it takes follows from the recorded losses and the setup, so that nothing of it is kept: a
training that is resumed counts the same epochs again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.optimizers import ReduceOnPlateau


@dataclass
class Plateau:
    """Counts the epochs whose loss was not better, one after another."""

    schedule: ReduceOnPlateau
    best: float = math.inf
    waited: int = 0
    resting: int = 0

    def falls_after(self, loss: float) -> bool:
        """Count one more epoch; say whether the rate falls at its end."""
        plan = self.schedule
        enough = self.best - plan.threshold * abs(self.best) if self.best < math.inf else self.best
        if loss < enough:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.resting:
            self.resting -= 1
            self.waited = 0
        if self.waited < plan.patience:
            return False
        self.waited, self.resting = 0, plan.rest
        return True


@dataclass
class PlateauWatch:
    """Finds the epochs at whose end the rate falls; ``since`` is the first that is counted."""

    schedule: ReduceOnPlateau
    since: int
    seen: int = -1

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.now, self.seen = Plateau(self.schedule), self.since

    def first_fall(self, before: Sequence[float], losses: Sequence[float]) -> int | None:
        """Return after how many of these epochs the rate falls for the first time, else None.

        ``before`` are the losses of all epochs before them.
        """
        if self.seen > len(before):
            self._begin()
        for loss in before[self.seen :]:
            self.now.falls_after(loss)
        self.seen = max(self.since, len(before))
        ahead = Plateau(self.schedule, self.now.best, self.now.waited, self.now.resting)
        for place, loss in enumerate(losses):
            if ahead.falls_after(loss):
                return place + 1
        return None
