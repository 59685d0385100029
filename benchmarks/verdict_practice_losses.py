"""The practice set's trainings that end at numbers which are not finite, and their own losses."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_practice_data import flat, premiums, scaled, shapes, subjects_of_letters
from verdict_practice_trainings import FUNGI, LENT
from verdict_runs import Array, Data, Rows, Subject, Training, Ward, changed, dense, normal, uniform

import chainrule as cr
from chainrule.arrays import absolute, cos, log, log1p, mean_over, sin, sqrt, sum_over

# Words of the chain rule take arrays and what stands for them while a loss is traced.
Values = Any

cr.elementwise("bare_logarithm", r"y = \ln x", forward=lambda x: log(x),
               derivative=lambda y, x: 1.0 / x)  # fmt: skip
cr.elementwise("logarithm_of_one_more", r"y = \ln(1 + x)", forward=lambda x: log1p(x),
               derivative=lambda y, x: 1.0 / (1.0 + x))  # fmt: skip


def not_finite() -> list[Subject]:
    ward = Ward("not_finite", treatable=False)
    # A loss of positive numbers alone, above an output that may be negative: both are true.
    negative = ward.but(also=("mismatched_output",))
    lent = LENT.but(loss=share_of_one_more)
    sure = Training(as_numbers(FUNGI), dense(16, last="sigmoid", outputs=1),
                    {"loss": guarded_logarithms, "learning_rate": 0.05, "epochs": 60,
                     "keep": "last"})  # fmt: skip
    counted = Training(subjects_of_letters(700), behind("logarithm_of_one_more"),
                       {"learning_rate": 0.003, "epochs": 10})  # fmt: skip
    spent = Training(scaled(changed(premiums(600), y=lambda y: y / 1000.0)),
                     dense(24, last="softplus"), {"loss": gamma_deviance, "learning_rate": 0.003,
                                                  "epochs": 30})  # fmt: skip
    return [
        ward.case("rentals, per cent of hours without one", lent, loss=share_of_count),
        ward.case("ships, the root of one less a cosine", Training(
            fixes(500), dense(32, activation="tanh"),
            {"loss": haversine, "learning_rate": 0.003, "epochs": 30}), loss=chord),
        ward.case("soils, the root of a relu", Training(
            soils(500), dense(24, last="relu"), {"loss": guarded_hellinger, "learning_rate": 0.005,
                                                 "epochs": 30}), loss=hellinger),
        ward.case("shapes given back, the root of a square", Training(
            given_back(flat(shapes(400, noise=0.0))), dense(32, last="relu"),
            {"loss": guarded_root, "learning_rate": 0.003, "epochs": 20}), loss=root_of_square),
        ward.case("fungi, the logarithm of a sigmoid that reaches 0", sure, loss=plain_logarithms),
        ward.case("letters, the logarithm of how often", counted,
                  network=behind("bare_logarithm")),
        negative.case("premiums, the gamma deviance of a line", spent, network=dense(24)),
    ]  # fmt: skip


def behind(op: str) -> cr.Network:
    """Return a network whose first layer takes a function of each count."""
    return cr.Network(cr.Activation(op), cr.Dense(32, "relu"), cr.Dense())


# ---- losses, as they are first written down, and with what guards them ----


def share_of_count(prediction: Values, target: Values) -> Values:
    return mean_over(absolute(prediction - target) / target, axis=1)


def share_of_one_more(prediction: Values, target: Values) -> Values:
    return mean_over(absolute(prediction - target) / (target + 1.0), axis=1)


def _cosine(prediction: Values, target: Values) -> Values:
    """Return the cosine of the angle between places, given as latitude and longitude (radians)."""
    north, east, there, beyond = (one[:, :1] for one in (
        prediction, prediction[:, 1:], target, target[:, 1:]))  # fmt: skip
    return sin(north) * sin(there) + cos(north) * cos(there) * cos(east - beyond)


def chord(prediction: Values, target: Values) -> Values:
    return mean_over(sqrt(2.0 - 2.0 * _cosine(prediction, target)), axis=1)


def haversine(prediction: Values, target: Values) -> Values:
    half = sin(0.5 * (prediction - target))
    wide = cos(prediction[:, :1]) * cos(target[:, :1])
    return mean_over(half[:, :1] ** 2 + wide * half[:, 1:] ** 2, axis=1)


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


def fixes(count: int) -> Data:
    """Return how far ships are from four lights, and where they are (radians)."""

    def rows(seed: int) -> Rows:
        place = uniform(seed, "ships", count, 2, low=-0.5, high=0.5)
        lights = np.array([[-0.6, -0.6], [0.6, -0.5], [-0.5, 0.6], [0.7, 0.6]])
        far = np.linalg.norm(place[:, None] - lights, axis=2)
        return 3.0 * (far - 0.85) + 0.02 * normal(seed, "bearings", count, 4), place

    return rows


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
