"""The development set's faults: thresholds may be set on these, and on nothing of the other set."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_runs import (
    Subject,
    Training,
    Ward,
    changed,
    dense,
    first,
    of_deviation,
    rare,
    shuffled,
    with_noise_columns,
)
from verdict_tables import (
    board,
    friedman,
    iris,
    keel,
    moons,
    plane,
    raw_keel,
    raw_wine,
    two_heaps,
    wine,
)

import chainrule as cr
from chainrule.arrays import absolute, exp, log, mean_over, sqrt

CURVED, BENT, BOARD, MOONS = friedman(500, 1.0), plane(400, 8, 0.2), board(800, 2), moons(500, 0.15)
VOWELS, SILHOUETTES = keel("vowel"), keel("vehicle")
WINE = Training(wine, dense(16, activation="tanh"), {"learning_rate": 0.008, "epochs": 40})
IRIS = Training(iris, dense(10), {"learning_rate": 0.02, "epochs": 60})
VOWEL = Training(VOWELS, dense(40), {"learning_rate": 0.008, "epochs": 60})
VEHICLE = Training(SILHOUETTES, dense(30), {"learning_rate": 0.005, "epochs": 40})
FRIEDMAN = Training(CURVED, dense(32), {"learning_rate": 0.008, "epochs": 60})
PLANE = Training(BENT, dense(12, activation="tanh"), {"learning_rate": 0.005, "epochs": 50})
DRAUGHTS = Training(BOARD, dense(20, 20), {"learning_rate": 0.008, "epochs": 60})
HALVES = Training(MOONS, dense(16, activation="gelu"), {"learning_rate": 0.02, "epochs": 80})


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    return [
        ward.case("wine, shuffled", WINE, data=shuffled(wine)),
        ward.case("friedman, three rows down", FRIEDMAN,
                  data=changed(CURVED, y=lambda y: np.roll(y, 3))),
        ward.case("vowel, shuffled", VOWEL, data=shuffled(VOWELS)),
        ward.case("draughts, shuffled", DRAUGHTS, data=shuffled(BOARD)),
        ward.case("plane, reversed", PLANE, data=changed(BENT, y=lambda y: y[::-1].copy())),
    ]  # fmt: skip


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    pima = Training(keel("pima"), dense(14), {"learning_rate": 0.004, "epochs": 30})
    return [
        ward.case("wine as it comes", WINE, data=raw_wine),
        ward.case("iris, 300 added", IRIS, data=changed(iris, X=lambda x: x + 300.0)),
        ward.case("friedman, target in thousands", FRIEDMAN,
                  data=changed(CURVED, y=lambda y: 14000.0 + 5000.0 * y)),
        ward.case("plane, target far off", PLANE, data=changed(BENT, y=lambda y: 60.0 + 8.0 * y)),
        ward.case("vehicle as it comes", VEHICLE.but(network=dense(30, activation="tanh")),
                  data=raw_keel("vehicle")),
        ward.case("pima as it comes", pima, data=raw_keel("pima")),
    ]  # fmt: skip


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    softened = cr.Network(cr.Dense(40), cr.Activation("softmax"), cr.Dense(40),
                          cr.Activation("softmax"), cr.Dense())  # fmt: skip
    return [
        ward.case("friedman, relu at the end", FRIEDMAN, network=dense(32, last="relu")),
        ward.case("plane, sigmoid at the end", PLANE,
                  network=dense(12, activation="tanh", last="sigmoid")),
        ward.case("vowel, tanh at the end", VOWEL, network=dense(40, last="tanh")),
        ward.case("iris, sigmoid at the end", IRIS, network=dense(10, last="sigmoid")),
        # It keeps gradients from passing as saturated units do.
        ward.but(also=("saturation",)).case("vowel, softmax within", VOWEL, network=softened),
        ward.case("friedman, softplus at the end", FRIEDMAN, network=dense(32, last="softplus")),
    ]  # fmt: skip


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    deep = VEHICLE.but(network=dense(20, 20, 20, 20))
    return [
        ward.case("vowel, all weights 0.1", VOWEL, network=dense(40, weights="constant 0.1")),
        ward.case("draughts, all weights 0", DRAUGHTS, network=dense(20, 20, weights="zeros")),
        ward.case("moons, weights of deviation 15", HALVES,
                  network=dense(16, activation="tanh", weights=of_deviation(15))),
        ward.case("wine, deep, weights of deviation 0.003",
                  WINE.but(network=dense(12, 12, 12, 12, 12)),
                  network=dense(12, 12, 12, 12, 12, weights=of_deviation(0.003))),
        ward.case("vehicle, deep, weights of deviation 2", deep,
                  network=dense(20, 20, 20, 20, weights=of_deviation(2))),
        ward.case("friedman, all weights 1", FRIEDMAN, network=dense(32, weights="constant 1")),
    ]  # fmt: skip


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    pushed = VEHICLE.but(optimizer="momentum", learning_rate=0.008)
    slow = FRIEDMAN.but(optimizer="gradient_descent", learning_rate=0.02)
    return [
        ward.case("vowel, adam 0.5", VOWEL, learning_rate=0.5),
        ward.case("friedman, gradient descent 0.8", slow, learning_rate=0.8),
        ward.case("vehicle, momentum 2", pushed, learning_rate=2.0),
        ward.case("plane, rmsprop 0.8", PLANE.but(optimizer="rmsprop"), learning_rate=0.8),
        ward.case("draughts, adamw 0.6", DRAUGHTS.but(optimizer="adamw"), learning_rate=0.6),
        ward.case("friedman, adagrad 8", FRIEDMAN.but(optimizer="adagrad", learning_rate=0.08),
                  learning_rate=8.0),
    ]  # fmt: skip


def absolute_errors(predicted: Any, target: Any) -> Any:
    return mean_over(absolute(predicted - target), axis=1)


def logarithm(predicted: Any, target: Any) -> Any:
    return mean_over(absolute(log(predicted) - target), axis=1)


def ratio(predicted: Any, target: Any) -> Any:
    far = predicted - target
    return mean_over(far / (far - far), axis=1)


def root_of_the_mean(predicted: Any, target: Any) -> Any:
    return sqrt(mean_over(predicted**2 - target**2, axis=1))


def exponential(predicted: Any, target: Any) -> Any:
    return mean_over(exp((predicted - target) ** 2 * 60.0), axis=1)


def not_finite() -> list[Subject]:
    ward = Ward("not_finite", treatable=False)
    sound = PLANE.but(loss=absolute_errors)
    curved = FRIEDMAN.but(loss=absolute_errors, learning_rate=0.004)
    return [
        ward.case("plane, logarithm of a prediction", sound, loss=logarithm),
        ward.case("plane, a division by nothing", sound, loss=ratio),
        ward.case("friedman, a root below 0", curved, loss=root_of_the_mean),
        ward.case("friedman, exponential of squares", curved, loss=exponential),
    ]


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    biased = ward.but(also=("bad_start",))
    narrow, leaky = (dense(*[2] * 9, activation=one) for one in ("relu", "elu"))
    deep, elus = (dense(*[4] * 18, activation=one) for one in ("relu", "elu"))
    return [
        ward.case("friedman, nine thin layers", FRIEDMAN.but(network=leaky), network=narrow),
        ward.case("wine, eighteen layers of four", WINE.but(network=elus), network=deep),
        biased.case("vowel, biases at -10", VOWEL, network=dense(40, bias="constant -10")),
        biased.case("friedman, biases at -7", FRIEDMAN, network=dense(32, bias="constant -7")),
        biased.case("draughts, biases at -4", DRAUGHTS, network=dense(20, 20, bias="constant -4")),
    ]


def saturation() -> list[Subject]:
    ward = Ward("saturation")

    def deep(name: str, sound: Training, *widths: int, activation: str = "sigmoid") -> Subject:
        better = sound.but(network=dense(*widths, activation="tanh"))
        said = f"{name}, {len(widths)} layers of {widths[0]}, {activation}"
        return ward.case(said, better, network=dense(*widths, activation=activation))

    return [
        deep("wine", WINE.but(learning_rate=0.004), *[8] * 7),
        deep("vowel", VOWEL.but(learning_rate=0.005), *[30] * 5),
        deep("friedman", FRIEDMAN.but(learning_rate=0.005), *[10] * 8),
        deep("draughts", DRAUGHTS, *[12] * 7),
        deep("moons", HALVES.but(learning_rate=0.005), *[10] * 7, activation="hard_sigmoid"),
    ]


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    given = {"learning_rate": 0.004, "epochs": 25}
    pairs = {
        "two heaps, 3 % in one": Training(two_heaps(3000, 1.6, 4, 0.03), dense(12), given),
        "banana, few of a kind": Training(rare(keel("banana", 4000), 1, 70), dense(18), given),
        "pima, few ill": Training(rare(keel("pima"), 1, 40), dense(12, activation="tanh"), given),
        "moons, a thin one": Training(rare(moons(3600, 0.6), 1, 80), dense(16), given),
        "phoneme, few of a kind": Training(rare(keel("phoneme", 2500), 1, 60), dense(20), given),
    }
    return [
        ward.case(name, one.but(class_weight="balanced"), class_weight=None)
        for name, one in pairs.items()
    ]


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    long = {"keep": "last", "learning_rate": 0.008}
    noisy = with_noise_columns(friedman(120, 4.0), 10)
    pairs = {
        "friedman with noise, 120 rows": Training(noisy, dense(64), {"epochs": 300, **long}),
        "pima, 150 units": Training(first(keel("pima"), 300), dense(150), {"epochs": 150, **long}),
        "heart, 120 units": Training(keel("heart"), dense(120), {"epochs": 150, **long}),
        "bupa, 100 units": Training(keel("bupa"), dense(100), {"epochs": 300, **long}),
        "moons with noise": Training(moons(100, 0.6), dense(80, 80), {"epochs": 250, **long}),
    }
    return [ward.case(name, one.but(keep="best"), keep="last") for name, one in pairs.items()]


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    slow = FRIEDMAN.but(optimizer="gradient_descent", learning_rate=0.02)
    return [
        ward.case("vowel, adam 0.00002", VOWEL, learning_rate=2e-5),
        ward.case("friedman, gradient descent 0.00005", slow, learning_rate=5e-5),
        ward.case("wine, momentum 0.00002", WINE.but(optimizer="momentum"), learning_rate=2e-5),
        ward.case("draughts, adam 0.00005", DRAUGHTS, learning_rate=5e-5),
        ward.case("vowel, two epochs", VOWEL, epochs=2),
        ward.case("plane, rmsprop 0.00002", PLANE.but(optimizer="rmsprop"), learning_rate=2e-5),
    ]


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    dropping = cr.Network(cr.Dropout(0.97), cr.Dense(32, "relu"), cr.Dropout(0.98), cr.Dense())
    return [
        ward.case("wine, l2 of 4", WINE, l2=4.0),
        ward.case("friedman, l2 of 20", FRIEDMAN, l2=20.0),
        ward.case("plane, l1 of 0.6", PLANE, l1=0.6),
        ward.case("draughts, l2 of 0.2", DRAUGHTS, l2=0.2),
        ward.case("vowel, weight decay of 80", VOWEL.but(optimizer="adamw"), weight_decay=80.0),
        ward.case("friedman, nearly all dropped", FRIEDMAN, network=dropping),
    ]


FAULTS = (
    uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
    dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
)  # fmt: skip


def faults() -> list[Subject]:
    """Return all specimens, in the order of the ailments."""
    return [one for made in FAULTS for one in made()]
