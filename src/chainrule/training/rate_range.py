"""The range test: which learning rates a training can take, found by trying all of them once.

Smith, "Cyclical learning rates for training neural networks", WACV 2017.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_finite_number
from chainrule.engines.door import run
from chainrule.errors import SetupError
from chainrule.optimizers import ExponentialDecay, with_rate
from chainrule.optimizers.steps import why_all_rows
from chainrule.training.arguments import whole
from chainrule.training.loop import Loop
from chainrule.training.run import Run
from chainrule.training.train import train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = NDArray[np.float64]
# Arguments of ``train`` that have no meaning where every step has a rate of its own, and no run is
# left.
MEANINGLESS = (
    "learning_rate", "epochs", "target_loss", "patience", "min_change", "min_gradient",
    "max_seconds", "keep", "on_epoch", "readings", "snapshots", "checkpoint", "checkpoint_every",
    "progress", "metrics",
)  # fmt: skip
# A training is lost where its loss is so many times the first one above the first one.
LOST = 2.0
# Losses are smoothed over so large a share of the steps.
SMOOTHED = 0.03
# The fall that counts begins where so large a share of the height is left for the last time; the
# height is that of the mean loss of the first rates, so many in a hundred.
TOP, BEGUN = 0.9, 10
FEWEST_STEPS = 20


@dataclass(frozen=True, eq=False)
class LearningRateRange:
    """What a range test saw: the learning rate of every step and the loss before it, (steps,) each.

    ``smoothed`` are the losses without the noise of batches, up to where the training was lost.
    ``suggestion`` is the rate at which the loss fell fastest, None where it never did;
    ``largest`` the rate of the lowest loss, above which it rose.
    """

    rates: Numbers
    losses: Numbers
    smoothed: Numbers
    suggestion: float | None
    largest: float

    def plot(self) -> Figure:
        """Return a matplotlib figure of the loss over learning rates, with the suggestion."""
        from chainrule.views.rate_range_figure import rate_range_figure

        return rate_range_figure(self.rates, self.losses, self.smoothed, self.suggestion)

    def __str__(self) -> str:
        low, high = self.rates[0], self.rates[-1]
        if self.suggestion is None:
            said = "the loss falls at none of them"
        else:
            said = f"suggestion={self.suggestion:.2g}, largest={self.largest:.2g}"
        return f"LearningRateRange({len(self.rates)} rates from {low:.2g} to {high:.2g}: {said})"

    __repr__ = __str__


def learning_rate_range(
    network: Any,
    X: Any,
    y: Any,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 1000,
    **given: Any,
) -> LearningRateRange:
    """Try learning rates from ``lowest`` to ``highest`` in one short training, and suggest one.

    Every step has a larger rate than the one before, by the same factor. The rate at which the loss
    falls fastest is a good one to begin with; where the loss rises, rates are too large. All other
    arguments are those of ``train``, such as ``optimizer``, ``loss``, ``batch_size`` and ``seed``;
    the network given is not changed. Under momentum or Adam the loss answers late, so that the
    suggestion is rather high than low.

    Raises what ``train`` raises, and SetupError for an optimizer that finds its steps itself, for
    arguments that have no meaning here, and for rates or steps that make no range.
    """
    _check(lowest, highest, given)
    count = whole(steps, "steps", FEWEST_STEPS)
    begun = train(network, X, y, **given, epochs=0, progress=False)
    loop = _loop_of(begun, float(lowest), float(highest), count)
    losses = _losses_of(loop, count)
    rates = np.geomspace(lowest, highest, count)
    smoothed = _smooth(_until_lost(losses), max(1.0, SMOOTHED * count))
    return LearningRateRange(rates, losses, smoothed, *_chosen(rates, smoothed))


def _check(lowest: Any, highest: Any, given: Mapping[str, Any]) -> None:
    if not (is_finite_number(lowest) and is_finite_number(highest) and 0 < lowest < highest):
        raise SetupError(
            f"From lowest={lowest!r} to highest={highest!r} is no range of learning rates.",
            "Give numbers above 0, the lower one first, such as 1e-6 and 10.",
        )
    for name in MEANINGLESS:
        if name in given:
            raise SetupError(
                f"{name} has no meaning in a range test.", f"Leave {name} out, or call train()."
            )


def _loop_of(begun: Run, lowest: float, highest: float, steps: int) -> Loop:
    """Return the loop of a training whose rate grows from step to step."""
    if begun.rows is None or why_all_rows(begun.setup.optimizer):
        raise SetupError(
            f"{begun.setup.optimizer.name} finds the length of its steps itself.",
            "Use an optimizer whose learning rate is to be chosen, such as 'adam'.",
        )
    per_epoch = math.ceil(len(begun.rows[0]) / begun.setup.batch_size)
    # By logarithms, so that no number on the way is too large.
    power = (math.log(highest) - math.log(lowest)) * per_epoch / (steps - 1)
    if power > math.log(sys.float_info.max):
        raise SetupError(
            f"{steps} steps are too few for {per_epoch} steps in an epoch.",
            f"Give steps={per_epoch} or more.",
        )
    optimizer = with_rate(begun.setup.optimizer, ExponentialDecay(lowest, factor=math.exp(power)))
    return Loop(replace(begun.setup, optimizer=optimizer), *begun.rows)


def _losses_of(loop: Loop, steps: int) -> Numbers:
    """Return the loss before every step, NaN or infinite where the training was lost."""
    state, work = loop.start(), loop.step.work(loop.setup.dtype, watch_gradient=False)
    carried = [state.parameters, state.step, *(state.optimizer[n] for n in loop.step.state_names)]
    outcome = run(
        work,
        carried,
        [loop.frozen, state.rate, *loop.seeds],
        loop.rows,
        loop.batches,
        0,
        steps,
        engine=loop.setup.engine,
    )
    losses: Numbers = np.asarray(outcome.records[0], dtype=np.float64)
    return losses


def _until_lost(losses: Numbers) -> Numbers:
    """Return the losses before the training was lost."""
    sound = np.isfinite(losses)
    kept = losses if sound.all() else losses[: int(np.argmin(sound))]
    if not len(kept):
        return kept
    begun = kept[: max(5, len(kept) // 20)]
    first = float(np.median(begun))
    lost = kept > first + LOST * max(abs(first), float(np.ptp(begun)))
    return kept[: int(np.argmax(lost))] if lost.any() else kept


def _smooth(losses: Numbers, width: float) -> Numbers:
    """Return means weighed by a bell of a width in steps, which lags behind to neither side."""
    reach = math.ceil(4.0 * width)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    inside = slice(reach, reach + len(losses))
    if not len(losses):
        return losses
    smoothed: Numbers = np.convolve(losses, bell)[inside]
    smoothed /= np.convolve(np.ones(len(losses)), bell)[inside]
    return smoothed


def _chosen(rates: Numbers, smoothed: Numbers) -> tuple[float | None, float]:
    """Return the rate at which the loss falls fastest, and that of the lowest loss."""
    if len(smoothed) < 3:
        return None, float(rates[0])
    lowest = int(np.argmin(smoothed))
    bottom = smoothed[lowest]
    height = smoothed[: max(1, BEGUN * len(smoothed) // 100)].mean() - bottom
    # Noise falls steeply as well, but not on the way down to the lowest loss.
    above = np.flatnonzero(smoothed[: lowest + 1] >= bottom + TOP * height)
    begin = int(above[-1]) if above.size else 0
    slopes = np.gradient(smoothed, np.log(rates[: len(smoothed)]))[begin : lowest + 1]
    steepest = begin + int(np.argmin(slopes))
    falls = lowest > 0 and slopes.min() < 0.0
    return (float(rates[steepest]) if falls else None), float(rates[lowest])
