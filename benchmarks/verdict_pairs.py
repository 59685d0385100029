"""Two faults at once, on development data: mostly such as neither can be put right alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verdict_development import (
    BENT,
    CURVED,
    DRAUGHTS,
    FRIEDMAN,
    HALVES,
    IRIS,
    PLANE,
    VEHICLE,
    VOWEL,
    WINE,
)
from verdict_runs import Subject, Training, Ward, changed, dense, of_deviation
from verdict_tables import iris, raw_keel, raw_wine

import chainrule as cr

THOUSANDS = changed(CURVED, y=lambda y: 14000.0 + 5000.0 * y)
FAR_OFF = changed(BENT, y=lambda y: 60.0 + 8.0 * y)


def both(names: Sequence[str], said: str, sound: Training, **spoiled: Any) -> Subject:
    """Return a subject with two faults; to name either first is right."""
    first, second = names
    ward = Ward(first, also=(second,))
    return ward.case(f"and {second}: {said}", sound, **spoiled)


def low_rates() -> list[Subject]:
    """Faults beside steps that are far too short."""
    slow = "rate_too_low"
    softened = cr.Network(cr.Dense(40), cr.Activation("softmax"), cr.Dense(40),
                          cr.Activation("softmax"), cr.Dense())  # fmt: skip
    return [
        both(("unscaled", slow), "friedman in thousands", FRIEDMAN, data=THOUSANDS,
             learning_rate=2e-5),
        both(("unscaled", slow), "wine as it comes", WINE, data=raw_wine, learning_rate=2e-5),
        both(("unscaled", slow), "plane far off", PLANE.but(optimizer="rmsprop"), data=FAR_OFF,
             learning_rate=2e-5),
        both(("mismatched_output", slow), "friedman, relu at the end", FRIEDMAN,
             network=dense(32, last="relu"), learning_rate=2e-5),
        both(("mismatched_output", slow), "vowel, tanh at the end", VOWEL,
             network=dense(40, last="tanh"), learning_rate=2e-5),
        both(("saturation", slow), "vowel, softmax within", VOWEL, network=softened,
             learning_rate=2e-5),
        both(("dead_units", slow), "vowel, biases at -10", VOWEL,
             network=dense(40, bias="constant -10"), learning_rate=2e-5),
        both(("bad_start", slow), "friedman, all weights 1", FRIEDMAN,
             network=dense(32, weights="constant 1"), learning_rate=2e-5),
        both(("bad_start", slow), "draughts, all weights 0", DRAUGHTS,
             network=dense(20, 20, weights="zeros"), learning_rate=5e-5),
        both(("bad_start", slow), "moons, weights of deviation 15", HALVES,
             network=dense(16, activation="tanh", weights=of_deviation(15)), learning_rate=2e-5),
        both(("constant_prediction", slow), "draughts, l2 of 0.2", DRAUGHTS, l2=0.2,
             learning_rate=5e-5),
    ]  # fmt: skip


def high_rates() -> list[Subject]:
    """Faults beside steps that are far too long."""
    fast = "rate_too_high"
    return [
        both(("unscaled", fast), "iris, 300 added", IRIS,
             data=changed(iris, X=lambda x: x + 300.0), learning_rate=2.0),
        both(("unscaled", fast), "vehicle as it comes", VEHICLE, data=raw_keel("vehicle"),
             learning_rate=1.0),
        both(("unscaled", fast), "wine as it comes, gradient descent",
             WINE.but(optimizer="gradient_descent", learning_rate=0.1), data=raw_wine,
             learning_rate=30.0),
        both(("bad_start", fast), "vowel, all weights 0.1", VOWEL,
             network=dense(40, weights="constant 0.1"), learning_rate=1.0),
    ]  # fmt: skip


def networks() -> list[Subject]:
    """Networks and starts that fit neither each other nor the rows."""
    deep = VEHICLE.but(network=dense(20, 20, 20, 20))
    quick = WINE.but(learning_rate=0.004)
    stack = VOWEL.but(learning_rate=0.005)
    return [
        both(("bad_start", "saturation"), "wine, 7 sigmoid layers, all weights 0.1",
             quick.but(network=dense(*[8] * 7, activation="tanh")),
             network=dense(*[8] * 7, activation="sigmoid", weights="constant 0.1")),
        both(("bad_start", "saturation"), "vowel, 5 sigmoid layers, weights of deviation 0.003",
             stack.but(network=dense(*[30] * 5, activation="tanh")),
             network=dense(*[30] * 5, activation="sigmoid", weights=of_deviation(0.003))),
        both(("unscaled", "saturation"), "friedman in thousands, 8 sigmoid layers",
             FRIEDMAN.but(learning_rate=0.005, network=dense(*[10] * 8, activation="tanh")),
             data=THOUSANDS, network=dense(*[10] * 8, activation="sigmoid")),
        both(("unscaled", "bad_start"), "vehicle as it comes, weights of deviation 2", deep,
             data=raw_keel("vehicle"), network=dense(20, 20, 20, 20, weights=of_deviation(2))),
        both(("unscaled", "dead_units"), "wine as it comes, eighteen layers of four",
             WINE.but(network=dense(*[4] * 18, activation="elu")),
             data=raw_wine, network=dense(*[4] * 18)),
        both(("unscaled", "mismatched_output"), "plane far off, sigmoid at the end", PLANE,
             data=FAR_OFF, network=dense(12, activation="tanh", last="sigmoid")),
        both(("unscaled", "constant_prediction"), "friedman in thousands, l1 and l2", FRIEDMAN,
             data=THOUSANDS, l2=20.0, l1=2.0),
    ]  # fmt: skip


def faults() -> list[Subject]:
    """Return all specimens."""
    return [*low_rates(), *high_rates(), *networks()]


def subjects() -> list[Subject]:
    """Return the healthy runs of this set, which has none."""
    return []
