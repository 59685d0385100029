"""The clinic set's numbers that are not finite, most of them by losses that somebody wrote."""

from __future__ import annotations

import numpy as np
from verdict_clinic_rows import visits
from verdict_clinic_trainings import DESCENT, ROLLED, SOIL, YIELDS
from verdict_runs import Array as Numbers
from verdict_runs import Subject, Training, Ward, changed, dense

from chainrule.arrays import Array, absolute, exp, log, log1p, maximum, mean_over, sum_over

TINY = 1e-3


def relative(prediction: Array, target: Array) -> Array:
    return mean_over(absolute(prediction - target) / target, axis=1)


def relative_to_one_or_more(prediction: Array, target: Array) -> Array:
    return mean_over(absolute(prediction - target) / maximum(target, 1.0), axis=1)


def squares_of_logarithms(prediction: Array, target: Array) -> Array:
    return mean_over((log1p(prediction) - log1p(target)) ** 2, axis=1)


def squares_of_logarithms_above_0(prediction: Array, target: Array) -> Array:
    return mean_over((log1p(maximum(prediction, 0.0)) - log1p(target)) ** 2, axis=1)


def relative_entropy(prediction: Array, target: Array) -> Array:
    return sum_over(target * log(target / prediction), axis=1)


def relative_entropy_above_0(prediction: Array, target: Array) -> Array:
    return sum_over(target * log((target + TINY) / (prediction + TINY)), axis=1)


def likelihood(prediction: Array, target: Array) -> Array:
    """Return the second output as a variance, which may be below 0."""
    middle, variance = prediction[:, 0:1], prediction[:, 1:2]
    return mean_over((middle - target[:, 0:1]) ** 2 / variance + log(variance), axis=1)


def likelihood_by_logarithm(prediction: Array, target: Array) -> Array:
    """Return the same where the second output is the logarithm of the variance."""
    middle, logarithm = prediction[:, 0:1], prediction[:, 1:2]
    return mean_over((middle - target[:, 0:1]) ** 2 * exp(-logarithm) + logarithm, axis=1)


def without_the_least(shares: Numbers) -> Numbers:
    """Return shares of which those below a tenth are 0."""
    kept = np.where(shares < 0.1, 0.0, shares)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def not_finite() -> list[Subject]:
    ward = Ward("not_finite")
    # A loss of one's own that is not finite is nothing that a setting can cure.
    written = ward.but(treatable=False)
    # Numbers that overflow because the steps are too long: both are true of it.
    steps = ward.but(also=("rate_too_high",))
    counts = Training(visits(900), dense(24, last="softplus"), {
        "loss": relative_to_one_or_more, "learning_rate": 0.005, "epochs": 30})  # fmt: skip
    logs = Training(visits(900), dense(24), {"loss": squares_of_logarithms_above_0,
                                             "learning_rate": 0.005, "epochs": 30})  # fmt: skip
    sieved = SOIL.but(changed(SOIL.data, y=without_the_least), loss=relative_entropy_above_0,
                      network=dense(32, activation="tanh", last="softmax"), epochs=30)  # fmt: skip
    spread = YIELDS.but(changed(YIELDS.data, y=lambda y: np.stack([y, 0.0 * y], axis=1)),
                        loss=likelihood_by_logarithm)  # fmt: skip
    return [
        written.case("relative errors of days on which nobody came", counts, loss=relative),
        written.case("logarithms of predictions below -1", logs, loss=squares_of_logarithms),
        written.case("a relative entropy of shares of 0", sieved, loss=relative_entropy),
        written.case("the logarithm of a variance that may be below 0", spread, loss=likelihood),
        steps.case("roll, gradient descent of 5", ROLLED.but(**DESCENT, learning_rate=0.05),
                   learning_rate=5.0),
    ]  # fmt: skip
