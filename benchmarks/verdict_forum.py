"""The forum set's faults, as students and hobbyists ask about them; written without knowing how a
verdict is found."""

from __future__ import annotations

from typing import Any

from verdict_forum_data import imbalance, overfitting, uninformative_labels, unscaled
from verdict_forum_rows import hires, scaled, spectra
from verdict_forum_trainings import (
    ALPHABET,
    BALLS,
    CARS,
    CYCLES,
    ECHOES,
    FIT,
    FLATS,
    FLIGHTS,
    FRUIT,
    GAMES,
    NAMES,
    PICTURES,
    RECALL,
    ROAD,
    SCANS,
    SCHOOL,
    SOUNDS,
    SPEECH,
    SPIRAL,
    STEPS,
    TAGS,
    WAVES,
)
from verdict_runs import Subject, Training, Ward, changed, dense, of_deviation
from verdict_tables import itself

import chainrule as cr
from chainrule.arrays import absolute, log, sqrt, sum_over

SGD: dict[str, Any] = {"optimizer": "gradient_descent"}
LAST: dict[str, Any] = {"keep": "last"}


def faults() -> list[Subject]:
    """Return all specimens."""
    wards = (
        uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
        dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
    )  # fmt: skip
    return [one for ward in wards for one in ward()]


def convolving(**first: Any) -> cr.Network:
    """Return a network for pictures whose first layer has these settings."""
    return cr.Network(cr.Conv(8, 3, **{"activation": "relu", **first}), cr.MaxPool(2),
                      cr.Flatten(), cr.Dense())  # fmt: skip


# ---- output and start ----


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    copies = Training(itself(scaled(spectra(400, 40))), dense(6), {"learning_rate": 0.01,
                                                                   "epochs": 30})  # fmt: skip
    tall = cr.Network(cr.GRU(12), cr.Dense(1, "tanh"))
    return [
        ward.case("cars, sigmoid on the output", ROAD, network=dense(64, 64, last="sigmoid")),
        ward.case("ionosphere, relu before the sigmoid of the loss",
                  ECHOES.but(network=dense(20, outputs=1), loss="binary_cross_entropy"),
                  network=dense(20, outputs=1, last="relu")),
        ward.case("letters, relu before the softmax", ALPHABET, network=dense(100, last="relu")),
        ward.case("passengers, tanh on the output", FLIGHTS, network=tall),
        ward.case("spectra, an autoencoder with relu on its output", copies,
                  network=dense(6, last="relu")),
        ward.case("tags, softmax of one unit", TAGS, network=dense(32, outputs=1, last="softmax")),
    ]  # fmt: skip


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    # Weights too small or too large for the layers make signals vanish, or units saturate, before
    # the first step: both are true, and other weights cure both.
    signal = ward.but(also=("saturation",))
    deep = SPEECH.but(network=dense(48, 48, 48, activation="tanh"))
    six = CARS.but(network=dense(*[32] * 6), learning_rate=0.002)
    zeros = cr.Network(cr.Dense(48, "relu", weights="zeros"), cr.Dense(weights="zeros"))
    ones = cr.initializer("constant", value=0.1)
    return [
        ward.case("vehicle, all weights 0", CARS, network=zeros),
        ward.case("digits, all weights 0.1", SCANS, network=dense(48, weights=ones)),
        signal.case("vowel, tanh and weights of deviation 1.5", deep,
                    network=dense(48, 48, 48, activation="tanh", weights=of_deviation(1.5))),
        signal.case("vehicle, six layers of deviation 0.005", six,
                    network=dense(*[32] * 6, weights=of_deviation(0.005))),
        signal.case("marks, sigmoids and weights from 0 to 1",
                    SCHOOL.but(network=dense(32, 32, activation="sigmoid"), learning_rate=0.1),
                    network=dense(32, 32, activation="sigmoid",
                                  weights=cr.initializer("uniform", low=0.0, high=1.0))),
    ]  # fmt: skip


# ---- the rate ----


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    return [
        ward.case("letters, Adam at 0.2", ALPHABET, learning_rate=0.2),
        ward.case("phoneme, NAdam at 0.5, the last epoch kept", SOUNDS.but(**LAST),
                  learning_rate=0.5),
        ward.case("gestures, an LSTM at 0.5", STEPS, learning_rate=0.5),
        ward.case("digits, descent at 4", SCANS, learning_rate=4.0),
        ward.case("flats, RMSProp at 0.5", FLATS, learning_rate=0.5),
        ward.case("marks, momentum at 0.12, the last epoch kept", SCHOOL.but(**LAST),
                  learning_rate=0.12),
        ward.case("waves, convolutions at 0.3", WAVES, learning_rate=0.3),
    ]  # fmt: skip


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    return [
        ward.case("cars, Adam at 0.00001", ROAD, learning_rate=0.00001),
        ward.case("digits, descent at 0.001", SCANS, learning_rate=0.001),
        ward.case("letters, one epoch", ALPHABET, epochs=1),
        ward.case("throws, a rate halved every epoch", BALLS,
                  learning_rate=cr.StepDecay(0.005, every=1, factor=0.5)),
        ward.case("tic-tac-toe, all rows in a step", GAMES.but(learning_rate=0.003),
                  batch_size=None),
        ward.case("names, momentum at 0.0005",
                  NAMES, optimizer="momentum", learning_rate=0.0005),
        ward.case("spirals, Adagrad at 0.001", SPIRAL, optimizer="adagrad", learning_rate=0.001),
    ]  # fmt: skip


# ---- numbers that are none ----


def share_of_target(prediction: Any, target: Any) -> Any:
    """The error as a share of the target, which may be 0."""
    return sum_over(absolute((target - prediction) / target), axis=1)


def of_logarithms(prediction: Any, target: Any) -> Any:
    """The squared difference of logarithms, as contests ask for it; of what may be below -1."""
    return sum_over((log(1.0 + prediction) - log(1.0 + target)) ** 2, axis=1)


def not_finite() -> list[Subject]:
    # What divides by 0 or takes a logarithm of it does so by its formula: no setting cures it.
    own = Ward("not_finite", treatable=False)
    # A step too long, rows too large for the step, weights too large: each is the fault itself.
    rate, start = (Ward("not_finite", also=(one,)) for one in ("rate_too_high", "bad_start"))
    rows = Ward("not_finite", also=("unscaled",))
    counted = CYCLES.but(changed(hires(800), X=lambda X: (X - X.mean(0)) / X.std(0),
                                 y=lambda y: y / 100.0), loss="mean_absolute_error")  # fmt: skip
    slow = FLATS.but(**SGD, learning_rate=0.02)
    return [
        own.case("bicycles, errors as shares of 0", counted, loss=share_of_target),
        own.case("bicycles, the logarithm of a forecast below -1", counted, loss=of_logarithms),
        own.case("bicycles, the root of an error of 0", counted,
                 loss=root_of_error, network=dense(64, 32, last="relu")),
        rate.case("cars, descent at 3", ROAD.but(**SGD, learning_rate=0.03), learning_rate=3.0),
        rate.case("marks, momentum at 2", SCHOOL, learning_rate=2.0),
        rows.case("flats, descent on square metres and years", slow,
                  data=changed(slow.data, X=lambda X: 60.0 * X + 300.0)),
        start.case("throws, five layers of deviation 5", slow.but(BALLS.data, dense(*[40] * 5)),
                   network=dense(*[40] * 5, weights=of_deviation(5.0))),
    ]  # fmt: skip


def root_of_error(prediction: Any, target: Any) -> Any:
    """The distance to the target, whose slope at 0 is 0 / 0."""
    return sqrt(sum_over((prediction - target) ** 2, axis=1))


# ---- what happens inside ----


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    # Biases and weights by which no unit is ever above 0 are a start as bad as it is dead.
    start = ward.but(also=("bad_start",))
    # A first step that throws all units below 0 is too long.
    rate = ward.but(also=("rate_too_high",))
    below = cr.initializer("constant", value=-4.0)
    falling = cr.initializer("uniform", low=-0.3, high=0.0)
    narrow = SPIRAL.but(network=dense(*[3] * 12, activation="leaky_relu"))
    return [
        start.case("phoneme, biases of -4", SOUNDS, network=dense(50, bias=below)),
        start.case("shapes, kernels with biases of -5", PICTURES,
                   network=convolving(bias=cr.initializer("constant", value=-5.0))),
        start.case("digits, weights below 0 on inks above 0", SCANS,
                   network=cr.Network(cr.Dense(48, "relu", weights=falling), cr.Dense())),
        start.case("cars, two layers of biases of -3",
                   ROAD, network=dense(64, 64, bias=cr.initializer("constant", value=-3.0))),
        ward.case("spirals, twelve relu layers of three units", narrow, network=dense(*[3] * 12)),
        rate.case("vowel, two relu layers and descent at 2", SPEECH.but(**SGD, learning_rate=0.1),
                  learning_rate=2.0),
    ]  # fmt: skip


def saturation() -> list[Subject]:
    ward = Ward("saturation")
    start = ward.but(also=("bad_start",))
    plain = cr.Network(cr.Recurrent(16), cr.Dense())
    large = cr.Network(cr.LSTM(12, weights=of_deviation(8.0)), cr.Dense())
    return [
        ward.case("vowel, seven sigmoid layers", SPEECH.but(network=dense(32, 32)),
                  network=dense(*[32] * 7, activation="sigmoid")),
        ward.case("phoneme, softmax in two hidden layers", SOUNDS,
                  network=dense(50, 50, activation="softmax")),
        ward.case("letters of long ago, a plain recurrent layer", RECALL, network=plain),
        ward.case("marks, six sigmoid layers and momentum", SCHOOL.but(network=dense(24, 24)),
                  network=dense(*[24] * 6, activation="sigmoid")),
        start.case("bananas, tanh and weights of deviation 8", FRUIT,
                   network=dense(24, 24, activation="tanh", weights=of_deviation(8.0))),
        start.case("gestures, an LSTM of deviation 8", STEPS, network=large),
    ]  # fmt: skip


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    dropped = cr.Network(cr.Dense(48, "relu"), cr.Dropout(0.97), cr.Dense(48, "relu"),
                         cr.Dropout(0.97), cr.Dense())  # fmt: skip
    return [
        ward.case("vehicle, l2 of 1", CARS, l2=1.0),
        ward.case("cars, l1 of 0.3", ROAD, l1=0.3),
        ward.case("letters, weight decay of 20", ALPHABET, optimizer="adamw", weight_decay=20.0),
        ward.case("passengers, l2 of 3 on a GRU", FLIGHTS, l2=3.0),
        ward.case("shapes, l2 of 0.6 on kernels", PICTURES, l2=0.6),
        ward.case("vowel, 97 of 100 dropped twice",
                  SPEECH.but(network=dense(48, 48)), network=dropped),
        ward.case("a curve, l1 of 0.1", FIT, l1=0.1),
    ]  # fmt: skip
