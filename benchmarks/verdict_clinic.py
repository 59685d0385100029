"""The clinic set's faults, as trainings are brought to a consultation; written unseen.

Their author knew the list of ailments, and not how a verdict is found.
"""

from __future__ import annotations

import numpy as np
from verdict_clinic_data import imbalance, overfitting, uninformative_labels, unscaled
from verdict_clinic_losses import not_finite
from verdict_clinic_rows import balances, parity, products, tone
from verdict_clinic_trainings import (
    ARMS,
    BANANAS,
    CARS,
    CLOCKS,
    COMPASS,
    CREDIT,
    DESCENT,
    DIGITS,
    LETTERS,
    MOMENTUM,
    PERIODS,
    PITCHES,
    POOL,
    POWER,
    QUANTILES,
    RADAR,
    RENTS,
    ROLLED,
    SIGNS,
    SOIL,
    SOUNDS,
    SPOKEN,
    SWEET,
    WAVED,
    YIELDS,
)
from verdict_runs import (
    TOO_STRONG,
    Array,
    Subject,
    Training,
    Ward,
    changed,
    dense,
    of_deviation,
)

import chainrule as cr


def faults() -> list[Subject]:
    """Return all specimens."""
    wards = (
        uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
        dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
        over_regularised,
    )  # fmt: skip
    return [one for ward in wards for one in ward()]


# ---- what is wrong with the network ----


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    grants = CREDIT.but(network=dense(16, outputs=1), loss="binary_cross_entropy")
    margin = RADAR.but(network=dense(24, activation="silu", outputs=1), loss="hinge")
    return [
        ward.case("the sine and cosine of a bearing from sigmoids", COMPASS,
                  network=dense(32, activation="tanh", last="sigmoid")),
        ward.case("standardised power through a softplus", POWER,
                  network=dense(24, activation="silu", last="softplus")),
        ward.case("credit, relu before the sigmoid of the loss", grants,
                  network=dense(16, outputs=1, last="relu")),
        ward.case("a hinge fed by a sigmoid", margin,
                  network=dense(24, activation="silu", outputs=1, last="sigmoid")),
        ward.case("logarithms of visits from a sigmoid", POOL, network=dense(24, last="sigmoid")),
    ]  # fmt: skip


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    # Weights by which signals vanish or explode, or units are saturated, before the first step:
    # both are true, and other weights cure both.
    signal = ward.but(also=("saturation",))
    alike = cr.initializer("constant", value=0.3)
    positive = cr.initializer("uniform", low=0.0, high=1.0)
    deep = CARS.but(network=dense(24, 24, 24, 24, activation="tanh"), epochs=30)
    return [
        ward.case("vehicle, every weight 0.3", CARS,
                  network=dense(48, activation="tanh", weights=alike)),
        ward.case("rents, every weight 0", RENTS, network=dense(32, 32, weights="zeros")),
        signal.case("digits, weights from rand()", DIGITS,
                    network=dense(48, activation="tanh", weights=positive)),
        signal.case("vehicle, four layers of weights of a thousandth", deep,
                    network=dense(24, 24, 24, 24, activation="tanh", weights=of_deviation(0.001))),
        ward.case("gestures, a GRU of equal weights", WAVED,
                  network=cr.Network(cr.GRU(12, weights=alike, recurrent_weights=alike),
                                     cr.Dense())),
    ]  # fmt: skip


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    # Biases and weights by which relus are dead before the first step are a bad start as well.
    born = ward.but(also=("bad_start",))
    low, lower = (cr.initializer("constant", value=one) for one in (-8.0, -4.0))
    negative = cr.initializer("uniform", low=-0.4, high=0.0)
    positive_rows = changed(ROLLED.data, X=lambda X: (X - X.min(axis=0)) / 4.0)
    middle = cr.Network(cr.Dense(32), cr.Activation("relu"), cr.Dense(32, "relu", bias=lower),
                        cr.Dense(32, "relu"), cr.Dense())  # fmt: skip
    three = cr.Network(cr.Dense(32), cr.Activation("relu"), cr.Dense(32, "relu"),
                       cr.Dense(32, "relu"), cr.Dense())  # fmt: skip
    chilled = cr.Network(cr.Conv(8, 3, activation="relu", bias=low), cr.MaxPool(2), cr.Flatten(),
                         cr.Dense())  # fmt: skip
    return [
        born.case("vowels, biases of -4", SOUNDS, network=dense(64, bias=lower)),
        born.case("clock hands, kernels with biases of -8", CLOCKS, network=chilled),
        born.case("roll, weights of 0 and below on inputs above 0", ROLLED.but(positive_rows),
                  network=dense(48, 48, weights=negative)),
        born.case("quantiles, biases of -4 in the middle layer",
                  QUANTILES.but(network=three), network=middle),
        ward.case("rents, nine layers of three relus", RENTS,
                  network=dense(*[3] * 9)),
    ]  # fmt: skip


def saturation() -> list[Subject]:
    ward = Ward("saturation")
    # Units that weights saturate before the first step are a bad start as well.
    born = ward.but(also=("bad_start",))
    loud = cr.initializer("orthogonal", gain=10.0)
    return [
        ward.case("vehicle, six sigmoid layers", CARS,
                  network=dense(*[24] * 6, activation="sigmoid")),
        born.case("vowels, tanh units with weights of deviation 5",
                  SOUNDS.but(network=dense(64, activation="tanh")),
                  network=dense(64, activation="tanh", weights=of_deviation(5.0))),
        ward.case("roll, seven sigmoid layers and momentum",
                  ROLLED.but(network=dense(24, 24, activation="tanh"), **MOMENTUM,
                             learning_rate=0.02),
                  network=dense(*[24] * 7, activation="sigmoid")),
        born.case("gestures, a recurrence whose weights are ten times too large",
                  WAVED.but(network=cr.Network(cr.Recurrent(12), cr.Dense())),
                  network=cr.Network(cr.Recurrent(12, recurrent_weights=loud), cr.Dense())),
        ward.case("pitches, five hard sigmoids behind the kernels", PITCHES,
                  network=cr.Network(cr.Conv(8, 5, activation="relu"), cr.MaxPool(2), cr.Flatten(),
                                     *[cr.Dense(16, "hard_sigmoid") for _ in range(5)],
                                     cr.Dense())),
    ]  # fmt: skip


# ---- what is wrong with the rate ----


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    return [
        ward.case("vowels, Adam of 0.12", SOUNDS, learning_rate=0.12),
        ward.case("bananas, a rate of 2 for Nesterov's momentum", BANANAS, learning_rate=2.0),
        ward.case("phonemes, RMSProp of 0.2", SPOKEN, learning_rate=0.2),
        ward.case("gestures, a GRU with Adam of 0.5", WAVED, learning_rate=0.5),
        ward.case("letters, a cycle up to 0.1", LETTERS.but(learning_rate=cr.OneCycle(0.01, 25)),
                  learning_rate=cr.OneCycle(0.1, 25)),
    ]  # fmt: skip


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    return [
        ward.case("roll, gradient descent of 0.0005", ROLLED.but(**DESCENT, learning_rate=0.05),
                  learning_rate=0.0005),
        ward.case("letters, two epochs", LETTERS, epochs=2),
        ward.case("signs, a rate that halves every epoch", SIGNS,
                  learning_rate=cr.ExponentialDecay(0.004, factor=0.5)),
        ward.case("digits, all rows in a step", DIGITS, batch_size=None),
        ward.case("arms, a residual network with NAdam of 1e-5", ARMS, learning_rate=1e-5),
    ]  # fmt: skip


# ---- what holds it down ----


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    # Gradients vanish over sixty entries: both are true of it.
    faded = ward.but(also=("saturation",))
    bits = Training(parity(1200, 8), dense(24, activation="tanh"),
                    {"learning_rate": 0.02, "epochs": 50})  # fmt: skip
    signs = Training(products(600, 4), dense(24, activation="tanh"),
                     {"learning_rate": 0.01, "epochs": 60})  # fmt: skip
    high = tone(700, 8.0)
    pure = Training(changed(high, X=overtones), dense(32), {"learning_rate": 0.005, "epochs": 40})
    sums = Training(balances(700, 32), cr.Network(cr.LSTM(10), cr.Dense()),
                    {"learning_rate": 0.02, "epochs": 25})  # fmt: skip
    late = Training(balances(800, 60), cr.Network(cr.LSTM(10, bias="chrono 60"), cr.Dense()),
                    {"learning_rate": 0.02, "epochs": 20})  # fmt: skip
    return [
        ward.case("the parity of eight bits, sigmoids by gradient descent", bits,
                  network=dense(24, activation="sigmoid"), **DESCENT, learning_rate=0.1),
        ward.case("a product of four, sigmoids by gradient descent", signs,
                  network=dense(24, activation="sigmoid"), **DESCENT, learning_rate=0.02),
        ward.case("a tone of eight periods from its phase alone", pure, data=high,
                  network=dense(32, activation="tanh")),
        ward.case("sums at the beginning, gradients cut off after six entries", sums,
                  network=cr.Network(cr.LSTM(10, truncate=6), cr.Dense())),
        faded.case("sums at the beginning of sixty entries, an LSTM without long memory", late,
                  network=cr.Network(cr.LSTM(10), cr.Dense())),
    ]  # fmt: skip


def overtones(X: Array) -> Array:
    """Return sines and cosines of the phase, up to eight periods."""
    turns = np.pi * X[:, :1] * np.arange(1, 9)
    return np.concatenate([np.sin(turns), np.cos(turns), X[:, 1:]], axis=1)


def over_regularised() -> list[Subject]:
    ward = Ward(TOO_STRONG)
    dropped: dict[float, cr.Network] = {
        rate: cr.Network(cr.Dense(64, "relu"), cr.Dropout(rate), cr.Dense(64, "relu"),
                         cr.Dropout(rate), cr.Dense())
        for rate in (0.1, 0.9)
    }  # fmt: skip
    return [
        ward.case("yields, an l2 of 0.1", YIELDS.but(l2=1e-5), l2=0.1),
        ward.case("swings, an l1 of 1", PERIODS.but(l1=1e-5), l1=1.0),
        ward.case("sugar, AdamW with a decay of 30", SWEET.but(weight_decay=0.01),
                  weight_decay=30.0),
        ward.case("vowels, nine of ten units dropped twice",
                  SOUNDS.but(network=dropped[0.1]), network=dropped[0.9]),
        ward.case("soil, an l1 of 0.01", SOIL, l1=0.01),
    ]  # fmt: skip
