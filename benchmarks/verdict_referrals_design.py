"""The second part of the referrals' faults: the network, its start, and what holds it back.

Written without knowing how a verdict is found. What is wrong with rows stands in
``verdict_referrals_design_data``.
"""

from __future__ import annotations

from verdict_referrals_design_data import imbalance, overfitting, uninformative_labels
from verdict_referrals_design_trainings import (
    CALLED,
    CAR,
    FLIGHT,
    HAND,
    LETTER,
    LOAD,
    NOTED,
    RADARS,
    SEEN,
    SHARES,
    SOUND,
    VOWEL,
)
from verdict_runs import Subject, Ward, dense, of_deviation

import chainrule as cr
from chainrule.network.layers import Start


def faults() -> list[Subject]:
    """Return all specimens."""
    wards = (
        bad_start, mismatched_output, overfitting, imbalance, uninformative_labels,
        over_regularised,
    )  # fmt: skip
    return [one for ward in wards for one in ward()]


def alike(value: float) -> Start:
    """Return a start in which all weights are the same number."""
    return cr.initializer("constant", value=value)


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    # The weights saturate units, or make signals vanish or explode over the layers, before the
    # first step: both names are true of them, and other weights cure both.
    signal = ward.but(also=("saturation",))
    deep = LOAD.but(
        network=dense(26, 26, 26, 26, activation="tanh"), optimizer="momentum", learning_rate=0.015
    )
    squashed = HAND.but(network=dense(38, 38, activation="sigmoid"), learning_rate=0.015)
    positive = cr.initializer("uniform", low=0.0, high=1.0)
    return [
        ward.case("throws, all weights 0.1", FLIGHT,
                  network=dense(36, activation="tanh", weights=alike(0.1))),
        ward.case("vowels, all weights 0", VOWEL,
                  network=dense(72, activation="gelu", weights="zeros")),
        ward.case("images, all kernels alike", SEEN,
                  network=cr.Network(cr.Conv(10, 5, activation="relu", weights=alike(0.04)),
                                     cr.GlobalMaxPool(), cr.Dense(weights=alike(0.1)))),
        signal.case("hands, sigmoids from weights between 0 and 1, never below", squashed,
                    network=dense(38, 38, activation="sigmoid", weights=positive)),
        signal.case("cars, tanh from weights of deviation 4", CAR,
                    network=dense(44, activation="tanh", weights=of_deviation(4.0))),
        signal.case("load, four layers of tiny weights", deep,
                    network=dense(26, 26, 26, 26, activation="tanh", weights=of_deviation(0.001))),
    ]  # fmt: skip


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    pair = SOUND.but(network=dense(26, 26, outputs=1), loss="binary_cross_entropy")
    margin = RADARS.but(network=dense(18, outputs=1), loss="hinge")
    swing = LOAD.but(network=dense(28, 14), loss="huber")
    return [
        ward.case("throws about 0, relu on the output", FLIGHT,
                  network=dense(36, activation="tanh", last="relu")),
        ward.case("load beyond 1, tanh on the output", swing, network=dense(28, 14, last="tanh")),
        ward.case("three standardised shares, softmax on the output", SHARES,
                  network=dense(22, 22, activation="softplus", last="softmax")),
        ward.case("sounds, relu before the sigmoid of the loss", pair,
                  network=dense(26, 26, outputs=1, last="relu")),
        ward.case("radar, sigmoid before the margin of hinge", margin,
                  network=dense(18, outputs=1, last="sigmoid")),
        ward.case("calls, relu where the logarithm of a count is meant", CALLED,
                  network=dense(18, activation="tanh", last="relu")),
    ]  # fmt: skip


def over_regularised() -> list[Subject]:
    ward = Ward("over_regularised")
    # So strong that nothing but a constant is left: both names are true, and less of it cures both.
    flat = ward.but(also=("constant_prediction",))
    all_rows = CALLED.but(optimizer="lbfgs", learning_rate=None, epochs=60)
    return [
        ward.case("throws, l2 of 0.05", FLIGHT, l2=0.05),
        ward.case("letters, nine of ten units dropped", LETTER,
                  network=dropped(88, "relu", 0.9)),
        ward.case("hands, weight decay of 6", HAND, weight_decay=6.0),
        ward.case("cars, l2 of 0.03 on the first layer", CAR, l2={"dense_1.W": 0.03}),
        flat.case("calls, l2 of 1 in a search of all rows", all_rows, l2=1.0),
        flat.case("notes, l1 of 0.02 on all that is learned", NOTED, l1=0.02),
    ]  # fmt: skip


def dropped(width: int, activation: str, rate: float) -> cr.Network:
    """Return a hidden layer of which a share is dropped."""
    return cr.Network(cr.Dense(width, activation), cr.Dropout(rate), cr.Dense())
