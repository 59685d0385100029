"""Where a training stands, and what a hook sees of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from chainrule.training.recording import Recording

# What ``Run.ended`` says of a training that Ctrl-C cut off. It has not ended: it can be resumed.
INTERRUPTED = "interrupted"


@dataclass(frozen=True, eq=False)
class State:
    """Where a training stands: all that a resume needs besides setup and rows.

    ``parameters`` (trained ones, flat, with the network's state behind them) and ``optimizer`` (its
    named arrays) are those after ``step`` steps; ``rate`` is the learning rate, or the factor on
    its schedule. ``kept`` are the parameters, and the network's state, at the end of ``kept_epoch``
    (counted from 1; 0: of none) that the run's network gets. ``best_loss`` and ``best_epoch`` are
    those of the lowest validation loss, or training loss where there are no validation rows.
    ``losses``, ``penalties`` and ``gradient`` (its largest entry) belong to the epoch that is under
    way. ``stopped`` says why training stopped before its last epoch. ``seconds`` is the time taken
    so far.
    """

    parameters: NDArray[Any]
    optimizer: dict[str, NDArray[Any]]
    rate: float
    step: int = 0
    kept: NDArray[Any] | None = None
    kept_epoch: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    losses: tuple[float, ...] = ()
    penalties: tuple[float, ...] = ()
    gradient: float = 0.0
    stopped: str | None = None
    seconds: float = 0.0


@dataclass
class Progress:
    """What an ``on_epoch`` hook sees, and may change: ``stop()``, ``learning_rate = ...``.

    ``epoch`` counts from 1; ``history`` holds the numbers of all epochs so far; ``parameters`` maps
    name -> array. Under a schedule, setting the rate scales the schedule from here on.
    """

    epoch: int
    recorded: Mapping[str, list[float]]
    learning_rate: float
    named: Callable[[], dict[str, NDArray[Any]]]
    stopped: bool = field(default=False, init=False)

    @property
    def history(self) -> dict[str, list[float]]:
        """Name -> one number for each epoch so far, as a copy."""
        return {name: list(column) for name, column in self.recorded.items()}

    @property
    def loss(self) -> float:
        """The training loss of the epoch."""
        return self.recorded["loss"][-1]

    @property
    def validation_loss(self) -> float:
        """The validation loss after the epoch, NaN without validation rows."""
        return self.recorded.get("validation_loss", [math.nan])[-1]

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        """Every parameter by name, as a copy."""
        return self.named()

    def stop(self) -> None:
        """End the training after this epoch."""
        self.stopped = True


Hook = Callable[[Progress], None]
Keeper = Callable[[State, "Recording"], None]
