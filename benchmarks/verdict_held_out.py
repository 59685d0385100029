"""The held-out set's faults: on data, widths and rates on which no threshold was set."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_runs import (
    Array,
    Data,
    Rows,
    Subject,
    Training,
    Ward,
    changed,
    dense,
    first,
    of_deviation,
    rare,
    shuffled,
)
from verdict_tables import (
    blobs,
    cancer,
    circles,
    diabetes,
    digits,
    raw_cancer,
    raw_diabetes,
    raw_digits,
    spirals,
)

import chainrule as cr
from chainrule.arrays import absolute, exp, log, mean_over, sqrt

RINGS, SPIRALS, HEAPS = circles(600, 0.5, 0.1), spirals(500, 1.25), blobs(600, 4, 3, 0.45)
DIGITS = Training(digits, dense(49), {"learning_rate": 0.003, "epochs": 20})
CANCER = Training(cancer, dense(21, activation="tanh"), {"learning_rate": 0.01, "epochs": 30})
DIABETES = Training(diabetes, dense(25, activation="tanh"), {"learning_rate": 0.003, "epochs": 40})
TWISTED = Training(SPIRALS, dense(29, 29, activation="tanh"),
                   {"learning_rate": 0.01, "epochs": 150})  # fmt: skip
ROUND = Training(RINGS, dense(19), {"learning_rate": 0.01, "epochs": 60})
HEAPED = Training(HEAPS, dense(23, activation="gelu"), {"learning_rate": 0.007, "epochs": 40})


def in_place(columns: Array, **places: Any) -> Array:
    """Return columns times factors, by place: ``_0=1e4``."""
    found = columns.copy()
    for place, factor in places.items():
        found[:, int(place[1:])] *= factor
    return found


def class_of(data: Data, threshold: float) -> Data:
    """Return whether a target is above a threshold, as 0 or 1."""
    return changed(data, y=lambda y: (y > threshold).astype(np.int64))


def moved(data: Data) -> Data:
    """Return data whose labels stand one row further down."""
    return changed(data, y=lambda y: np.roll(y, 1))


def mixed(data: Data) -> Data:
    """Return data in an order that is drawn, since some tables are sorted by their labels."""

    def rows(seed: int) -> Rows:
        return first(data, len(data(seed)[1]))(seed)

    return rows


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    return [
        ward.case("digits, shuffled", DIGITS, data=shuffled(digits)),
        ward.case("breast cancer, one row down", CANCER, data=moved(mixed(cancer))),
        ward.case("diabetes, shuffled", DIABETES, data=shuffled(diabetes)),
        ward.case("spirals, shuffled", TWISTED, data=shuffled(SPIRALS)),
        ward.case("heaps, one row down", HEAPED, data=moved(mixed(HEAPS))),
    ]


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    raw_target = changed(diabetes, y=lambda y: 152.0 + 77.0 * y)
    return [
        ward.case("breast cancer as it comes", CANCER, data=raw_cancer),
        ward.case("digits, 900 added", DIGITS, data=changed(raw_digits, X=lambda x: x + 900.0)),
        ward.case("diabetes, target as it comes", DIABETES, data=raw_target),
        ward.case("diabetes as it comes", DIABETES.but(network=dense(41)), data=raw_diabetes),
        ward.case("rings, one axis in thousandths", ROUND,
                  data=changed(RINGS, X=lambda x: in_place(x, _0=1e3, _1=1e-2))),
        ward.case("heaps far off", HEAPED.but(network=dense(27, activation="tanh")),
                  data=changed(HEAPS, X=lambda x: 40.0 * x + 3000.0)),
    ]  # fmt: skip


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    upwards = Training(changed(diabetes, y=lambda y: y + 1.5), DIABETES.network,
                       {"learning_rate": 0.003, "epochs": 50})  # fmt: skip
    return [
        ward.case("diabetes, relu at the end", DIABETES,
                  network=dense(25, activation="tanh", last="relu")),
        ward.case("diabetes, sigmoid at the end", DIABETES,
                  network=dense(25, activation="tanh", last="sigmoid")),
        ward.case("digits, tanh at the end", DIGITS, network=dense(49, last="tanh")),
        ward.case("breast cancer, sigmoid at the end", CANCER,
                  network=dense(21, activation="tanh", last="sigmoid")),
        ward.case("diabetes above 0, tanh at the end", upwards,
                  network=dense(25, activation="tanh", last="tanh")),
        ward.case("heaps, sigmoid at the end", HEAPED,
                  network=dense(23, activation="gelu", last="sigmoid")),
    ]  # fmt: skip


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    deep = CANCER.but(network=dense(17, 17, 17, 17),
                      optimizer="momentum", learning_rate=0.07)  # fmt: skip
    return [
        ward.case("digits, all weights 0.01", DIGITS, network=dense(49, weights="constant 0.01")),
        ward.case("spirals, weights of deviation 5", TWISTED,
                  network=dense(29, 29, activation="tanh", weights=of_deviation(5))),
        ward.case("rings, all weights 0", ROUND, network=dense(19, weights="zeros")),
        ward.case("spirals, all weights 0.3", TWISTED,
                  network=dense(29, 29, activation="tanh", weights="constant 0.3")),
        ward.case("breast cancer, deep, weights of deviation 0.01", deep,
                  network=dense(17, 17, 17, 17, weights=of_deviation(0.01))),
        ward.case("digits, weights of deviation 3", DIGITS,
                  network=dense(49, weights=of_deviation(3))),
    ]  # fmt: skip


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    slow = DIABETES.but(optimizer="gradient_descent", learning_rate=0.07)
    pushed = CANCER.but(network=dense(21, 21), optimizer="momentum", learning_rate=0.03)
    return [
        ward.case("digits, adam 0.3", DIGITS, learning_rate=0.3),
        ward.case("diabetes, gradient descent 3", slow, learning_rate=3.0),
        ward.case("spirals, rmsprop 1", TWISTED.but(optimizer="rmsprop", learning_rate=0.003),
                  learning_rate=1.0),
        ward.case("heaps, nesterov 3", HEAPED.but(optimizer="nesterov", learning_rate=0.03),
                  learning_rate=3.0),
        ward.case("rings, adam 3", ROUND, learning_rate=3.0),
        ward.case("breast cancer, momentum 7", pushed, learning_rate=7.0),
    ]  # fmt: skip


def squared(predicted: Any, target: Any) -> Any:
    return mean_over((predicted - target) ** 2, axis=1)


def squared_logarithms(predicted: Any, target: Any) -> Any:
    return mean_over((log(predicted) - log(target)) ** 2, axis=1)


def rooted(predicted: Any, target: Any) -> Any:
    return mean_over(sqrt(predicted - target) ** 2, axis=1)


def exponential(predicted: Any, target: Any) -> Any:
    return mean_over(exp(100.0 * absolute(predicted - target)), axis=1) / 1e3


def of_the_batch(predicted: Any, target: Any) -> Any:
    far = predicted - target
    return mean_over(far**2) / (mean_over(far) - mean_over(far))


def not_finite() -> list[Subject]:
    ward = Ward("not_finite", treatable=False)
    positive = DIABETES.but(data=changed(diabetes, y=lambda y: y + 2.0), loss=squared)
    own = DIABETES.but(loss=squared, learning_rate=0.003, network=dense(31))
    return [
        ward.case("diabetes, logarithm of a prediction", positive, loss=squared_logarithms),
        ward.case("diabetes, root of a difference", own, loss=rooted),
        ward.case("diabetes, exponential of an error", own, loss=exponential),
        ward.case("diabetes, a division by nothing", own, loss=of_the_batch),
    ]


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    biased = ward.but(also=("bad_start",))
    narrow, leaky = (dense(*[3] * 12, activation=one) for one in ("relu", "elu"))
    return [
        ward.case("rings, twelve layers of three", ROUND.but(network=leaky), network=narrow),
        ward.case("heaps, twelve layers of three", HEAPED.but(network=leaky), network=narrow),
        biased.case("digits, biases at -8", DIGITS, network=dense(49, bias="constant -8")),
        biased.case("spirals, biases at -6", TWISTED.but(network=dense(29, 29)),
                    network=dense(29, 29, bias="constant -6")),
        biased.case("breast cancer, biases at -12", CANCER.but(network=dense(21)),
                    network=dense(21, bias="constant -12")),
    ]  # fmt: skip


def saturation() -> list[Subject]:
    ward = Ward("saturation")

    def deep(name: str, sound: Training, *widths: int) -> Subject:
        better = sound.but(network=dense(*widths, activation="tanh"))
        said = f"{name}, {len(widths)} layers of {widths[0]} sigmoids"
        return ward.case(said, better, network=dense(*widths, activation="sigmoid"))

    return [
        deep("rings", ROUND, *[5] * 8),
        deep("digits", DIGITS, *[25] * 6),
        deep("breast cancer", CANCER.but(optimizer="momentum", learning_rate=0.07), *[13] * 9),
        deep("diabetes", DIABETES, *[15] * 7),
        deep("spirals", TWISTED, *[21] * 6),
    ]


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    wound = Training(rare(spirals(2400, 0.6, 0.5), 1, 70), dense(25),
                     {"learning_rate": 0.007, "epochs": 20})  # fmt: skip
    pixels = changed(rare(digits, 8, 90), X=lambda x: x[:, 26:30], y=lambda y: np.equal(y, 8))
    eights = Training(pixels, dense(17), {"learning_rate": 0.003, "epochs": 20})
    two = changed(cancer, X=lambda x: x[:, [4, 9, 11]])
    few = Training(rare(two, 0, 22), dense(11), {"learning_rate": 0.007, "epochs": 30})
    ring = Training(circles(1500, 0.6, 0.3, share=0.04), dense(17),
                    {"learning_rate": 0.007, "epochs": 25})  # fmt: skip
    pairs = {
        "spirals, one of few rows": wound,
        "breast cancer, three columns": few,
        "rings, a thin one": ring,
        "four pixels of digits, few eights": eights,
    }
    return [
        ward.case(name, one.but(class_weight="balanced"), class_weight=None)
        for name, one in pairs.items()
    ]


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    three = changed(cancer, X=lambda x: x[:, [4, 9, 11]])
    long = {"keep": "last", "learning_rate": 0.01}
    wide = DIABETES.but(network=dense(91), epochs=300, **long)
    rings = Training(circles(120, 0.6, 0.3), dense(101, 101), {"epochs": 300, **long})
    above = Training(class_of(diabetes, 0.0), dense(61), {"epochs": 200, **long})
    cancers = Training(three, dense(81, 41, activation="tanh"), {"epochs": 300, **long})
    half = Training(first(diabetes, 200), dense(71, activation="tanh"), {"epochs": 400, **long})
    pairs = {
        "diabetes, many units": wide,
        "rings, many units on 120 rows": rings,
        "diabetes above its mean, many units": above,
        "breast cancer, three columns, many units": cancers,
        "diabetes, many units on 200 rows": half,
    }
    return [ward.case(name, one.but(keep="best"), keep="last") for name, one in pairs.items()]


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    slow = DIABETES.but(optimizer="gradient_descent", learning_rate=0.07)
    pushed = CANCER.but(optimizer="momentum", learning_rate=0.03)
    return [
        ward.case("digits, adam 0.00001", DIGITS, learning_rate=1e-5),
        ward.case("diabetes, gradient descent 0.0001", slow, learning_rate=1e-4),
        ward.case("spirals, adam 0.0001", TWISTED, learning_rate=1e-4),
        ward.case("breast cancer, momentum 0.00001", pushed, learning_rate=1e-5),
        ward.case("rings, one epoch", ROUND, epochs=1),
        ward.case("heaps, adagrad 0.0003", HEAPED.but(optimizer="adagrad", learning_rate=0.1),
                  learning_rate=3e-4),
    ]  # fmt: skip


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    dropping = cr.Network(
        cr.Dropout(0.95), cr.Dense(49, "relu"), cr.Dropout(0.97), cr.Dense(49, "relu"),
        cr.Dropout(0.97), cr.Dense(),
    )  # fmt: skip
    return [
        ward.case("digits, l2 of 5", DIGITS, l2=5.0),
        ward.case("diabetes, l1 of 1", DIABETES, l1=1.0),
        ward.case("spirals, l2 of 0.5", TWISTED, l2=0.5),
        ward.case("heaps, weight decay of 60", HEAPED.but(optimizer="adamw"), weight_decay=60.0),
        ward.case("rings, l2 of 2", ROUND, l2=2.0),
        ward.case("digits, nearly all dropped", DIGITS.but(network=dense(49, 49)),
                  network=dropping),
    ]  # fmt: skip


FAULTS = (
    uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
    dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
)  # fmt: skip


def faults() -> list[Subject]:
    """Return all specimens, in the order of the ailments."""
    return [one for made in FAULTS for one in made()]
