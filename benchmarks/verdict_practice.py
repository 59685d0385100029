"""The practice set's faults, written from the list of ailments without knowing the diagnosis."""

from __future__ import annotations

from verdict_practice_data import first_sign
from verdict_practice_losses import not_finite
from verdict_practice_rows import imbalance, overfitting, uninformative_labels, unscaled
from verdict_practice_trainings import (
    DISTRICTS,
    DRAWN,
    EBB,
    FLOOD,
    FORECAST,
    HEARD,
    HEATED,
    LENT,
    NUMBERED,
    PAID,
    RANGED,
    SGD,
    SHELLED,
    SIGNED,
    SIGNS,
    SINKING,
    SKETCHED,
    SORTED,
    SOUNDING,
    SPOKEN,
    SUNG,
    TURNING,
    UNROLLED,
    WON,
)
from verdict_runs import Subject, Training, Ward, dense, of_deviation
from verdict_tables import itself

import chainrule as cr


def faults() -> list[Subject]:
    """Return all specimens."""
    wards = (
        uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
        dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
    )  # fmt: skip
    return [one for ward in wards for one in ward()]


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    one = RANGED.but(network=dense(20, outputs=1), loss="binary_cross_entropy")
    return [
        ward.case("weather, sigmoid over standardised targets", FORECAST,
                  network=dense(24, activation="gelu", last="sigmoid")),
        ward.case("rentals, tanh before the Poisson loss", LENT, network=dense(32, last="tanh")),
        ward.case("radar, relu over the one unit of a yes or no", one,
                  network=dense(20, outputs=1, last="relu")),
        ward.case("town, softsign before the softmax", DISTRICTS,
                  network=dense(24, last="softsign")),
        ward.case("stars, softplus over standardised targets", HEATED,
                  network=dense(40, last="softplus")),
        ward.case("plate, relu over swings to both sides", SOUNDING,
                  network=dense(48, 48, activation="tanh", last="relu")),
        ward.case("tides, sigmoid behind a GRU", EBB,
                  network=cr.Network(cr.GRU(12), cr.Dense(None, "sigmoid"))),
        ward.case("gestures given back, tanh over standardised columns",
                  Training(itself(SIGNS), dense(24), {"learning_rate": 0.003, "epochs": 30}),
                  network=dense(24, last="tanh")),
    ]  # fmt: skip


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    # Weights so large that units are saturated before the first step: both are said of them.
    signal = ward.but(also=("saturation",))
    even = cr.initializer("uniform", low=0.0, high=1.0)
    still = cr.Network(cr.Embedding(12, 8, start="zeros"),
                       cr.GRU(16, weights="zeros", recurrent_weights="zeros"),
                       cr.Dense(weights="zeros"))  # fmt: skip
    zeros = {"weights": "zeros"}
    return [
        ward.case("shapes, all kernels and weights 0", DRAWN, network=cr.Network(
            cr.Conv(16, 3, activation="relu", **zeros), cr.MaxPool(2), cr.Flatten(),
            cr.Dense(32, "relu", **zeros), cr.Dense(**zeros))),
        ward.case("gestures, every weight 0.1", SIGNED,
                  network=dense(80, activation="tanh", weights=cr.initializer("constant",
                                                                             value=0.1))),
        signal.case("beams, weights of deviation 4 under tanh", SINKING,
                    network=dense(32, 32, activation="tanh", weights=of_deviation(4.0))),
        ward.case("chess, weights between 0 and 1", WON, network=dense(40, 20, weights=even)),
        ward.case("letters, weights of 1e-5 and plain steps",
                  SORTED.but(network=dense(32, 32), learning_rate=0.1, **SGD),
                  network=dense(32, 32, weights=of_deviation(1e-5))),
        ward.case("melodies, everything begins at 0", SUNG, network=still),
        ward.case("premiums, weights of deviation 2 in four layers",
                  PAID.but(network=dense(48, 24, 24)),
                  network=dense(48, 24, 24, weights=of_deviation(2.0))),
    ]  # fmt: skip


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    # Steps so long that the weights overflow: both are said of it.
    beyond = ward.but(also=("not_finite",))
    return [
        ward.case("pinwheel, Adam at 0.6", TURNING, learning_rate=0.6),
        beyond.case("beams, momentum at 0.3",
                    SINKING.but(optimizer="momentum", learning_rate=0.01), learning_rate=0.3),
        ward.case("tides, RMSProp at 0.2 through a GRU", EBB.but(optimizer="rmsprop"),
                  learning_rate=0.2),
        ward.case("shapes, Adam at 0.1 under kernels", DRAWN, learning_rate=0.1),
        ward.case("numerals, Nadam at 0.2", NUMBERED.but(optimizer="nadam", epochs=10),
                  learning_rate=0.2),
        ward.case("vowels, Nesterov at 1.5", SPOKEN.but(optimizer="nesterov", epochs=30),
                  learning_rate=1.5),
        ward.case("stars, RMSProp at 0.5", HEATED, learning_rate=0.5),
        ward.case("rolled sheet, restarts up to 3",
                  UNROLLED.but(learning_rate=cr.OneCycle(0.01, epochs=50), keep="last"),
                  learning_rate=cr.WarmRestarts(3.0, epochs=10)),
    ]  # fmt: skip


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    return [
        ward.case("stars, Adadelta at 0.001",
                  HEATED.but(optimizer="adadelta", learning_rate=1.0), learning_rate=0.001),
        ward.case("gestures, a rate for fine-tuning", SIGNED, learning_rate=1e-5),
        ward.case("shapes, one epoch of kernels", DRAWN.but(learning_rate=0.003), epochs=1,
                  learning_rate=0.0003),
        ward.case("weather, all rows in a step and thirty steps",
                  FORECAST.but(learning_rate=0.05, **SGD), batch_size=None),
        ward.case("pinwheel, a rate halved every epoch", TURNING,
                  learning_rate=cr.StepDecay(0.002, every=1, factor=0.5)),
        ward.case("melodies, still warming up", SUNG,
                  learning_rate=cr.CosineDecay(0.01, epochs=4000, warmup=2000)),
        ward.case("plate, five iterations of L-BFGS",
                  SOUNDING.but(optimizer="lbfgs", learning_rate=None, batch_size="auto",
                               epochs=60), epochs=5),
    ]  # fmt: skip


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    dropping = cr.Network(cr.Conv(8, 7, activation="relu"), cr.MaxPool(2),
                          cr.Conv(8, 5, activation="relu"), cr.Flatten(), cr.Dropout(0.97),
                          cr.Dense(16, "relu"), cr.Dropout(0.97), cr.Dense())  # fmt: skip
    return [
        ward.case("weather, l2 of 10", FORECAST.but(keep="last"), l2=10.0),
        ward.case("numerals, l1 of 0.1", NUMBERED.but(epochs=10), l1=0.1),
        ward.case("melodies, weight decay of 3", SUNG, optimizer="adamw", weight_decay=3.0),
        ward.case("beats, two dropouts of 97 in 100", HEARD, network=dropping),
        ward.case("rentals, l2 of 20", LENT, l2=20.0),
        ward.case("vowels, l2 of 1 under momentum", SPOKEN.but(epochs=40), l2=1.0),
    ]  # fmt: skip


# ---- units ----


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    # Units that are silent from the first step on, by the values that weights or biases begin
    # with: both are said of them.
    start = ward.but(also=("bad_start",))
    # Steps too long at first, which silence the units: both are said of them.
    pushed = ward.but(also=("rate_too_high",))
    below = cr.initializer("constant", value=-4.0)
    minus = cr.initializer("uniform", low=-0.3, high=0.0)
    pixels = SKETCHED.but(learning_rate=0.05, **SGD)
    return [
        start.case("stars, biases of -4", HEATED, network=dense(40, bias=below)),
        start.case("shapes, weights between -0.3 and 0 on bright pixels", pixels,
                   network=cr.Network(cr.Dense(64, "relu", weights=minus), cr.Dense(32, "relu"),
                                      cr.Dense())),
        start.case("shapes, kernels with biases of -3", DRAWN, network=cr.Network(
            cr.Conv(16, 3, activation="relu", bias=cr.initializer("constant", value=-3.0)),
            cr.MaxPool(2), cr.Flatten(), cr.Dense(32, "relu"), cr.Dense())),
        ward.case("pinwheel, ten layers of three units", TURNING, network=dense(*[3] * 10)),
        pushed.case("shapes, a first epoch at 3", pixels.but(epochs=20),
                    learning_rate=cr.StepDecay(3.0, every=1, factor=0.2)),
        pushed.case("premiums, the first biases 2000 times as fast", PAID,
                    rates={"dense_1.b": 2000.0}),
    ]  # fmt: skip


def saturation() -> list[Subject]:
    ward = Ward("saturation")
    # The weights are what saturates units, or lets gradients vanish.
    start = ward.but(also=("bad_start",))
    long = Training(first_sign(300, 60), cr.Network(cr.Recurrent(12), cr.Dense()),
                    {"learning_rate": 0.1, "epochs": 25, **SGD})  # fmt: skip
    return [
        ward.case("numerals, seven layers of sigmoids", NUMBERED.but(epochs=10),
                  network=dense(*[48] * 7, activation="sigmoid")),
        ward.case("pinwheel, five layers of sigmoids by plain steps",
                  TURNING.but(learning_rate=0.1, **SGD),
                  network=dense(*[32] * 5, activation="sigmoid")),
        start.case("the first of sixty signs, small weights through time", long,
                   network=cr.Network(cr.Recurrent(12, recurrent_weights=of_deviation(0.05)),
                                      cr.Dense())),
        start.case("vowels, tanh under weights of deviation 3",
                   SPOKEN.but(network=dense(60, 60, activation="tanh")),
                   network=dense(60, 60, activation="tanh", weights=of_deviation(3.0))),
        ward.case("shells, softmax in three hidden layers", SHELLED,
                  network=dense(40, 40, 40, activation="softmax")),
        ward.case("chess, five layers of hard sigmoids", WON,
                  network=dense(*[40] * 5, activation="hard_sigmoid")),
        start.case("tides, fourteen layers of tanh from small weights",
                   FLOOD.but(learning_rate=0.05, **SGD),
                   network=dense(*[32] * 14, activation="tanh", weights=of_deviation(0.05))),
    ]  # fmt: skip
