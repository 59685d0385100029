"""How far predicted numbers are off, on the scale of the loss that was trained.

Squares over the variance of the target, unless the loss is one of those here: a median is far from
the mean where targets are skewed, and a network that predicts medians, as it was asked to, would
look worse than a constant by squares. Then it is that loss over the least that a constant has in
it: the median's for absolute errors, the quantile's for quantiles (Koenker and Bassett,
Econometrica 46, 1978), the mean's deviance for counts (Nelder and Wedderburn, 1972).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ranges import are_varying
from chainrule.network.losses import Loss

Numbers = NDArray[Any]
# Of the usual column's variance: what varies less counts for less.
HARDLY = 0.1
# Near its minimum a loss hardly changes, and each step is towards it.
STEPS_TO_CENTRE, STILL = 10, 1e-3
# Losses that are another one where the unit of the target is another.
OF_A_UNIT = ("huber", "log_cosh")


@dataclass(frozen=True)
class Scale:
    """A loss of numbers: of predictions beside the truth, and the constant that has the least.

    ``of`` makes (rows, columns) of predictions, or one constant for each column, and the truth;
    ``constant`` makes (columns,) of the truth and the weights of its rows, None where all count
    alike.
    """

    of: Callable[[Numbers, Numbers], Numbers]
    constant: Callable[[Numbers, Numbers | None], Numbers]


@dataclass(frozen=True, eq=False)
class ByColumn:
    """Errors (rows, columns) in shares of the best constant's, and how much each column counts.

    ``constant`` are those of the best constant itself on these rows, of mean 1 or about it.
    """

    errors: Numbers
    constant: Numbers
    counts: Numbers

    @property
    def by_row(self) -> Numbers:
        """The error of each row (rows,), over the columns that count."""
        return np.asarray((self.errors * self.counts).sum(axis=1) / self.counts.sum())


def errors_by_column(
    predicted: Numbers,
    truth: Numbers,
    beside: Numbers,
    loss: Loss,
    unit: Numbers | float = 1.0,
    weights: Numbers | None = None,
) -> ByColumn:
    """Return the errors of predictions on the truth (rows, columns).

    ``beside`` (others, columns) is the target whose best constant is the measure, and ``weights``
    (others,) how much each of its rows counts there, by default the same. ``unit``: what one of the
    training's own unit is in that of these numbers, by column. Where no column varies there is
    nothing to measure by but the size of the numbers.
    """
    truth, known = truth.astype(np.float64), beside.astype(np.float64)
    if loss.own or loss.name not in OF_A_UNIT:
        # Any one does: squares of what is near the ends of float64 are no numbers.
        unit = float(np.abs(known).max(initial=0.0)) or 1.0
    truth, known = truth / unit, known / unit
    predicted = predicted.reshape(truth.shape).astype(np.float64) / unit
    middle = np.average(known, axis=0, weights=weights)
    spread = np.average((known - middle) ** 2, axis=0, weights=weights)
    varying = are_varying(middle, np.sqrt(spread))
    if not varying.any():
        size = np.average(known**2, axis=0, weights=weights)
        missed = (predicted - truth) ** 2 / np.where(size > 0.0, size, 1.0)
        return ByColumn(missed, np.ones(truth.shape), np.ones(truth.shape[1]))
    # Each column on its own scale, for one of large numbers would hide the others; but one that
    # hardly varies beside the usual column, a pixel at the rim, counts for as little as it varies.
    usual = median_low(spread[varying].tolist())
    counts = np.where(varying, np.minimum(1.0, spread / (HARDLY * usual)), 0.0)
    scale = _scale_of(loss)
    best = scale.constant(known, weights)
    least = np.where(varying, np.average(scale.of(best, known), axis=0, weights=weights), 1.0)
    return ByColumn(scale.of(predicted, truth) / least, scale.of(best, truth) / least, counts)


def _scale_of(loss: Loss) -> Scale:
    """Return the scale of a loss; squares for those that have none of their own."""
    if loss.own:
        return SQUARES
    if loss.name == "mean_absolute_error":
        return _pinball(0.5)
    if loss.name == "quantile":
        return _pinball(float(loss.settings.get("quantile", 0.5)))
    if loss.name == "huber":
        return _huber(float(loss.settings.get("delta", 1.0)))
    return {"log_cosh": LOG_COSH, "poisson": COUNTS}.get(loss.name, SQUARES)


def _pinball(level: float) -> Scale:
    def of(predicted: Numbers, truth: Numbers) -> Numbers:
        apart = truth - predicted
        return np.maximum(level * apart, (level - 1.0) * apart)

    return Scale(of, lambda known, weights: _quantile(known, level, weights))


def _quantile(known: Numbers, level: float, weights: Numbers | None) -> Numbers:
    """Return the quantile of each column; of rows with weights the number that reaches the level.

    That one has the least pinball loss of all constants, as any between two neighbours may.
    """
    if weights is None:
        return np.asarray(np.quantile(known, level, axis=0))
    order = np.argsort(known, axis=0, kind="stable")
    reached = np.cumsum(weights[order], axis=0) >= level * weights.sum()
    places = np.take_along_axis(order, reached.argmax(axis=0)[None], axis=0)
    return np.asarray(np.take_along_axis(known, places, axis=0)[0])


def _mean(known: Numbers, weights: Numbers | None) -> Numbers:
    return np.asarray(np.average(known, axis=0, weights=weights))


def _huber(delta: float) -> Scale:
    def of(predicted: Numbers, truth: Numbers) -> Numbers:
        size = np.abs(truth - predicted)
        return np.asarray(np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)))

    def pull(apart: Numbers) -> Numbers:
        return np.minimum(1.0, delta / np.maximum(np.abs(apart), 1e-300))

    return Scale(of, lambda known, weights: _centre(known, pull, weights))


def _log_cosh(predicted: Numbers, truth: Numbers) -> Numbers:
    size = np.abs(truth - predicted)
    far = size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0)
    # Near 0 the sum cancels; half the square is the same there to the last digits.
    return np.asarray(np.where(size < 1e-4, 0.5 * size**2, far))


def _pull_of_log_cosh(apart: Numbers) -> Numbers:
    size = np.maximum(np.abs(apart), 1e-8)
    return np.asarray(np.tanh(size) / size)


def _centre(known: Numbers, pull: Callable[[Numbers], Numbers], by_row: Numbers | None) -> Numbers:
    """Return the constant (columns,) of the least loss, by means that are weighed anew.

    ``pull``: the slope of the loss over the distance. No step makes the loss larger (Huber, Robust
    Statistics, 1981, section 7.8).
    """
    each = 1.0 if by_row is None else by_row[:, None]
    centre = _quantile(known, 0.5, by_row)
    apart = np.average(np.abs(known - centre), axis=0, weights=by_row)
    near = STILL * np.maximum(apart, 1e-300)
    for _ in range(STEPS_TO_CENTRE):
        weights = each * pull(known - centre)
        moved = (weights * known).sum(axis=0) / weights.sum(axis=0)
        is_still = bool((np.abs(moved - centre) <= near).all())
        centre = moved
        if is_still:
            break
    return np.asarray(centre)


def _deviance(predicted: Numbers, truth: Numbers) -> Numbers:
    """Return the deviance of counts; of none below 0 does the loss know a probability."""
    expected = np.broadcast_to(predicted, truth.shape)
    ratio = np.where(truth > 0.0, truth, 1.0) / np.where(truth > 0.0, expected, 1.0)
    found = np.where(truth > 0.0, truth * np.log(ratio), 0.0) - truth + expected
    return np.where(truth < 0.0, np.inf, found)


SQUARES = Scale(
    lambda predicted, truth: np.asarray((predicted - truth) ** 2),
    _mean,
)
LOG_COSH = Scale(_log_cosh, lambda known, weights: _centre(known, _pull_of_log_cosh, weights))
COUNTS = Scale(_deviance, _mean)


def unit_of(now: Numbers, given: Numbers) -> Numbers | float:
    """Return what one of the unit of given targets is in that of these, by column.

    It is 1 but where these were scaled: then none of their numbers is among those given.
    """
    if now is given or now.shape[-1:] != given.shape[-1:]:
        return 1.0
    now, given = (one.reshape(-1, one.shape[-1]).astype(np.float64) for one in (now, given))
    if np.isin(now[:1], given).all():
        return 1.0
    before, after = given.std(axis=0), now.std(axis=0)
    is_known = are_varying(given.mean(axis=0), before) & (after > 0.0)
    return np.where(is_known, after / np.where(is_known, before, 1.0), 1.0)
