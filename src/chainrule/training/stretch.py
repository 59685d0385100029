"""A stretch: what one call of the engine gave, epoch by epoch.

A call spans as many epochs as nothing needs Python for, and may begin and end within one. What an
epoch comes to must not depend on where the calls were cut, so its numbers are always made from all
of its steps, in one order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.door import Epochs, Outcome
from chainrule.training.state import State
from chainrule.training.stopping import Stopping

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stretch:
    """The state after a call, and what it gave of each kind for every epoch that ended in it.

    ``sound`` says of each epoch whether its loss and the parameters at its end are finite.
    """

    state: State
    losses: Numbers
    penalties_by_step: Numbers
    shares: Numbers
    gradients: Numbers
    sound: NDArray[np.bool_]
    seen: Epochs

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def penalties(self) -> Numbers:
        """The mean penalty of each epoch."""
        return means_of_epochs(self.penalties_by_step, self.shares)

    def surplus(self, before: Sequence[float], stopping: Stopping) -> int | None:
        """Return how many epochs count where the engine went on behind the end, else None.

        They count up to the first after which a limit ends the training; ``before`` are the losses
        of the epochs before them. Patience is not asked: the engine counts it itself. What the
        engine took for sound because it did not see the loss that overflowed, before the call, ends
        the training too.
        """
        count = self._counted(before, stopping)
        return None if count is None or self.ends_with(count) else count

    def ends_with(self, epochs: int) -> bool:
        """Whether it ends where so many epochs do, with no step behind them."""
        return len(self) == epochs and not self.state.losses

    def _counted(self, before: Sequence[float], stopping: Stopping) -> int | None:
        """Return after how many epochs a limit ends the training, None where none does."""
        count = len(self)
        unsound = np.flatnonzero(self.seen.sound & ~self.sound)
        if unsound.size:
            count = max(1, int(unsound[0]))
        if stopping.asks_every_epoch:
            losses = list(before[-1:])
            pairs = zip(self.losses[:count].tolist(), self.gradients.tolist(), strict=False)
            for place, (loss, gradient) in enumerate(pairs):
                losses.append(loss)
                if stopping.reason({"loss": losses}, gradient, 0) is not None:
                    return place + 1
        return count if unsound.size else None

    def lowest(self, best: float) -> int:
        """Return the place of the sound epoch with the lowest loss, -1 where none is below."""
        losses = np.where(self.sound, self.losses, np.inf)
        place = int(np.argmin(losses))
        return place if losses[place] < best else -1


def stretch_of(before: State, outcome: Outcome, moments: Sequence[str], shares: Numbers) -> Stretch:
    """Return what an outcome of a watched call means, beginning at a state.

    ``moments`` are the names of the optimizer's arrays, ``shares`` how much of an epoch's rows each
    of its steps sees.
    """
    seen = outcome.epochs
    if seen is None:
        raise TypeError("A stretch is a call of the engine with a watch.")
    parameters, step, *arrays = outcome.carried
    losses, penalties, *gradients = outcome.records
    steps = len(shares)
    by_step, left = _by_epoch(before.losses, losses, steps)
    extra_by_step, extra_left = _by_epoch(before.penalties, penalties, steps)
    largest, still = np.zeros(len(by_step)), 0.0
    if gradients:
        # Of the steps before the call only the largest gradient is known, which is enough.
        known = [before.gradient] * len(before.losses)
        by_step_largest, rest = _by_epoch(known, gradients[0], steps)
        largest, still = by_step_largest.max(axis=1), float(np.max([0.0, *rest]))
    means = means_of_epochs(by_step, shares)
    after = replace(
        before,
        parameters=parameters,
        # A single number of its state comes back as Python's own.
        optimizer={name: np.asarray(one) for name, one in zip(moments, arrays, strict=True)},
        step=step,
        losses=left,
        penalties=extra_left,
        gradient=still,
    )
    sound = seen.sound & np.isfinite(means)
    return Stretch(after, means, extra_by_step, shares, largest, sound, seen)


def _by_epoch(known: Sequence[float], made: Any, steps: int) -> tuple[Numbers, tuple[float, ...]]:
    """Return the numbers of whole epochs (epochs, steps), and those of the one under way."""
    every = np.concatenate([known, made]) if known else np.asarray(made, dtype=np.float64)
    whole = len(every) - len(every) % steps
    return every[:whole].reshape(-1, steps), tuple(every[whole:].tolist())


def means_of_epochs(by_step: Numbers, shares: Numbers) -> Numbers:
    """Return the mean over rows of each epoch's steps, added up one step after another.

    ``accumulate`` keeps to that order for any number of epochs, which ``sum`` does not promise.
    """
    # Infinities of both signs are a finding, not a warning.
    with np.errstate(all="ignore"):
        means: Numbers = np.add.accumulate(by_step * shares, axis=1)[:, -1]
    return means
