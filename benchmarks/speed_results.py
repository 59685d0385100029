"""What speed.py measures, and how long and how often it is asked to."""

from __future__ import annotations

from dataclasses import dataclass

from contestants import OURS, PRODUCTS, Place
from layers_works import LayerWork
from rounds import Timings, better
from works import Work

AnyWork = Work | LayerWork

FIRST_CALLS = 3


@dataclass(frozen=True)
class Settings:
    """How long and how often, and which contestants with which threads."""

    rounds: int
    seconds: float
    threads: tuple[int, ...]
    peers: tuple[str, ...]
    first_calls: int = FIRST_CALLS

    @property
    def places(self) -> list[Place]:
        """Every contestant with each number of threads; ours has its own way with threads."""
        beside = [*self.peers, PRODUCTS]
        return [Place(OURS), *(Place(name, count) for name in beside for count in self.threads)]


@dataclass(frozen=True)
class Result:
    """What was measured for one work."""

    work: AnyWork
    timings: list[Timings]
    losses: dict[str, float]
    first_loss: float
    memory: dict[str, float]
    engine: str
    first_call: float
    later_call: float

    def best(self, name: str) -> Timings | None:
        """Return a contestant's timings with its better number of threads."""
        return better(self.timings, name)

    @property
    def ours(self) -> Timings:
        """Our own timings, which are always there."""
        return next(one for one in self.timings if one.place.name == OURS)

    @property
    def loss_spread(self) -> float:
        """How far the losses lie apart after the same number of updates, as a share of the first
        loss."""
        return (max(self.losses.values()) - min(self.losses.values())) / self.first_loss

    def fixed_cost(self, seconds: float) -> float:
        """Return what a call takes besides its steps, in milliseconds."""
        steps = -(-self.work.call_rows // self.work.step_rows)
        return (seconds - steps * self.ours.median * 1e-6) * 1e3
