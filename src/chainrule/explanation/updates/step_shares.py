"""The shares of earlier steps in a number, and the sentence that says them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.explanation.updates.step_flows import Contributions
from chainrule.explanation.written import written

# The steps that are named make at least this share of all that pulled, either way.
NAMED = 0.6
# Where what pulls one way is this little more than what pulls the other way, both are told.
TUG = 0.5
# A smaller share is not told.
LITTLE = 0.005


@dataclass(frozen=True, eq=False)
class StepShares:
    """Shares of a number by the step that they come from; with the others they sum to 1.

    ``share`` (steps,) is that of the gradient of each step, from ``first`` on; negative where it
    pulled the other way. ``remembered``, ``weights`` and ``rest`` are the shares of what came from
    before ``first``, of the weight itself (decay, a step taken back), and of rounding.
    ``window``: the fewest successive steps, both counted, that pulled most, and their share.
    ``back``: the weight's part is that of a step taken back, not of decay.
    """

    what: str
    first: int
    total: float
    share: NDArray[np.float64]
    remembered: float
    weights: float
    rest: float
    up: float
    down: float
    window: tuple[int, int, float]
    back: bool = False

    @property
    def last(self) -> int:
        """The last step."""
        return self.first + len(self.share) - 1

    def sentence(self) -> str:
        """Return from which steps it comes, in words."""
        if not math.isfinite(self.total):
            return f"There are no shares in {self.what}, which is {written(self.total)}."
        if not self.up and not self.down:
            return f"Nothing made {self.what}: it is 0."
        if abs(self.remembered - 1.0) < LITTLE and not np.any(np.abs(self.share) >= LITTLE):
            return f"All of {self.what} was there before step {self.first}, or follows from that."
        start, end, share = self.window
        steps = f"step {start}" if start == end else f"steps {start} to {end}"
        if self._pulled_both_ways:
            text = (
                f"Steps pulled both ways: {written(self.up)} up and {written(self.down)} down left "
                f"{written(self.total)}; most of what pulled is from {steps}."
            )
        else:
            text = f"{share:.0%} of {self.what} comes from {steps}."
        return text + self._others()

    def _others(self) -> str:
        of_weight = "a step that is taken back" if self.back else "the weight's own decay"
        said = [
            (self.weights, of_weight),
            (self.remembered, f"before step {self.first}"),
        ]
        named = [
            f"{self._amount(share)} from {where}" for share, where in said if abs(share) >= LITTLE
        ]
        return f" A part is {' and '.join(named)}." if named else ""

    def _amount(self, share: float) -> str:
        return written(share * self.total) if self._pulled_both_ways else f"{share:.0%}"

    @property
    def _pulled_both_ways(self) -> bool:
        return abs(self.total) < TUG * (self.up + self.down)

    def to_dict(self) -> dict[str, Any]:
        """Return the shares as plain data, steps as [step, share] from the last one back."""
        told = [
            [self.first + place, float(self.share[place])]
            for place in range(len(self.share) - 1, -1, -1)
            if abs(self.share[place]) >= 1e-6
        ]
        start, end, share = self.window
        return {
            "total": self.total,
            "first_step": self.first,
            "steps": told,
            "before": self.remembered,
            "weight": self.weights,
            "rest": self.rest,
            "up": self.up,
            "down": self.down,
            "most": {"from": start, "to": end, "share": share},
            "sentence": self.sentence(),
        }


def shares_of(parts: Contributions, what: str) -> StepShares:
    """Return the shares of each step in a number. Of 0 there are none."""
    total = parts.total
    scale = 1.0 / total if total and np.isfinite(1.0 / total) else 0.0
    share = parts.gradients * scale
    every = np.append(parts.gradients, [parts.remembered, parts.taken])
    return StepShares(
        what,
        parts.first,
        total,
        share,
        parts.remembered * scale,
        parts.taken * scale,
        parts.rest * scale,
        up=float(every[every > 0].sum()),
        down=float(-every[every < 0].sum()),
        window=_window(share, parts.first),
        back=bool(np.any(parts.weights[:-1])),
    )


def _window(share: NDArray[np.float64], first: int) -> tuple[int, int, float]:
    """Return the fewest successive steps that pulled most, either way, and their share."""
    sums = np.concatenate([[0.0], np.cumsum(np.abs(share))])
    due = NAMED * sums[-1]
    starts = np.arange(len(share))
    # The end of the window that begins at each step, where its sum is first enough.
    ends = np.searchsorted(sums, sums[:-1] + due)
    wide = np.where(ends < len(sums), ends - starts, len(share) + 1)
    start = int(len(wide) - 1 - np.argmin(wide[::-1]))
    end = max(start + 1, min(int(ends[start]), len(share)))
    return first + start, first + end - 1, float(share[start:end].sum())
