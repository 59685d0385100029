"""The practice set's trainings that end at numbers which are not finite, and their own losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_practice_data import flat, premiums, scaled, shapes, subjects_of_letters
from verdict_practice_trainings import GAMES, LENT
from verdict_runs import Array, Data, Rows, Subject, Training, Ward, changed, dense, normal

import chainrule as cr
from chainrule.arrays import absolute, log, log1p, mean_over, sqrt, sum_over
from chainrule.ops import OPS

# Words of the chain rule take arrays and what stands for them while a loss is traced.
Values = Any

# Activations of one's own: what they are, forward and derivative.
LOGARITHMS = {
    "bare_logarithm": (r"y = \ln x", lambda x: log(x), lambda y, x: 1.0 / x),
    "logarithm_of_one_more": (r"y = \ln(1 + x)", lambda x: log1p(x), lambda y, x: 1.0 / (1.0 + x)),
}


def not_finite() -> list[Subject]:
    ward = Ward("not_finite", treatable=False)
    # A loss of positive numbers alone, above an output that may be negative: both are true.
    negative = ward.but(also=("mismatched_output",))
    lent = LENT.but(loss=share_of_one_more)
    sure = Training(as_numbers(GAMES), dense(40, last="sigmoid", outputs=1),
                    {"loss": guarded_logarithms, "learning_rate": 0.02, "epochs": 25,
                     "keep": "last"})  # fmt: skip
    counted = Training(subjects_of_letters(700), behind("logarithm_of_one_more"),
                       {"learning_rate": 0.003, "epochs": 10})  # fmt: skip
    spent = Training(scaled(changed(premiums(600), y=lambda y: y / 5000.0)),
                     dense(24, last="softplus"), {"loss": gamma_deviance, "learning_rate": 0.01,
                                                  "epochs": 30})  # fmt: skip
    return [
        ward.case("rentals, per cent of hours without one", lent, loss=share_of_count),
        ward.case("soils, the root of a relu", Training(
            soils(500), dense(24, last="relu"), {"loss": guarded_hellinger, "learning_rate": 0.005,
                                                 "epochs": 30}), loss=hellinger),
        ward.case("shapes given back, the root of a square", Training(
            given_back(flat(shapes(400, noise=0.0))), dense(32, last="relu"),
            {"loss": guarded_root, "learning_rate": 0.005, "epochs": 40}), loss=root_of_square),
        ward.case("chess, the logarithm of a sigmoid that reaches 0", sure, loss=plain_logarithms),
        ward.case("letters, the logarithm of how often", counted,
                  network=behind("bare_logarithm")),
        negative.case("premiums, the gamma deviance of a line", spent, network=dense(24)),
    ]  # fmt: skip


def behind(op: str) -> cr.Network:
    """Return a network whose first layer takes a function of each count.

    The function is made known here, and not where this file is read.
    """
    if op not in OPS:
        says, forward, derivative = LOGARITHMS[op]
        cr.elementwise(op, says, forward=forward, derivative=derivative)
    return cr.Network(cr.Activation(op), cr.Dense(32, "relu"), cr.Dense())


# ---- losses, as they are first written down, and with what guards them ----


def share_of_count(prediction: Values, target: Values) -> Values:
    return mean_over(absolute(prediction - target) / target, axis=1)


def share_of_one_more(prediction: Values, target: Values) -> Values:
    return mean_over(absolute(prediction - target) / (target + 1.0), axis=1)


def hellinger(prediction: Values, target: Values) -> Values:
    return sum_over((sqrt(prediction) - sqrt(target)) ** 2, axis=1)


def guarded_hellinger(prediction: Values, target: Values) -> Values:
    return sum_over((sqrt(prediction + 0.01) - sqrt(target + 0.01)) ** 2, axis=1)


def root_of_square(prediction: Values, target: Values) -> Values:
    return mean_over(sqrt((prediction - target) ** 2), axis=1)


def guarded_root(prediction: Values, target: Values) -> Values:
    return mean_over(sqrt((prediction - target) ** 2 + 1e-4), axis=1)


def plain_logarithms(prediction: Values, target: Values) -> Values:
    yes, no = target * log(prediction), (1.0 - target) * log(1.0 - prediction)
    return -mean_over(yes + no, axis=1)


def guarded_logarithms(prediction: Values, target: Values) -> Values:
    yes, no = target * log(prediction + 1e-5), (1.0 - target) * log(1.0 - prediction + 1e-5)
    return -mean_over(yes + no, axis=1)


def gamma_deviance(prediction: Values, target: Values) -> Values:
    return mean_over(log(prediction) + target / prediction, axis=1)


# ---- rows ----


def as_numbers(data: Data) -> Data:
    """Return data whose two classes are 0 and 1 of a regression."""
    return changed(data, y=lambda y: y.astype(np.float64))


def soils(count: int) -> Data:
    """Return six readings of a soil, and its shares of sand, silt, and clay."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "soils", count, 6)
        raised = np.exp(1.5 * np.stack([X[:, 0] + X[:, 1], X[:, 2] - X[:, 3], X[:, 4]], axis=1))
        shares = raised / raised.sum(axis=1, keepdims=True)
        shares = np.where(shares < 0.05, 0.0, shares)
        return X, shares / shares.sum(axis=1, keepdims=True)

    return rows


def given_back(data: Data) -> Data:
    """Return rows whose targets are themselves."""

    def rows(seed: int) -> Rows:
        X: Array = data(seed)[0]
        return X, X

    return rows
