"""The applied set's faults, as they happen at work; written without knowing how a verdict is found.

Here is what is wrong with a network, its start, its rate or its loss; ``verdict_applied_data`` has
what is wrong with rows, with how long is trained, and with how hard weights are held back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_applied_data import (
    constant_prediction,
    imbalance,
    overfitting,
    rate_too_low,
    uninformative_labels,
    unscaled,
)
from verdict_applied_rows import minerals, scaled
from verdict_applied_science import kinetics, showers
from verdict_applied_trainings import (
    ACCELERATIONS,
    BOB,
    CALLS,
    CARS,
    CONCRETE,
    CONSONANTS,
    ECHOES,
    GRID,
    HOURS,
    INFRARED,
    LETTERS,
    PENDULUM,
    RAMAN,
    ROBOT,
    SGD,
    SIGNS,
    SPEECH,
    SPOKEN_STEPS,
    SURFACES,
    TUMOURS,
    TURBINE,
    UTTERED,
    VESSEL,
    run,
)
from verdict_runs import Subject, Ward, changed, dense, of_deviation

import chainrule as cr
from chainrule.arrays import absolute, exp, log, mean_over, power, sqrt, sum_over


def faults() -> list[Subject]:
    """Return all specimens."""
    wards = (
        uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
        dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
    )  # fmt: skip
    return [one for ward in wards for one in ward()]


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    millimetres = run(showers(600), dense(32), 0.01, 40)
    return [
        ward.case("a pendulum's acceleration from a relu", BOB,
                  network=dense(24, activation="tanh", last="relu")),
        ward.case("torques from a tanh", ROBOT,
                  network=dense(48, 48, activation="silu", outputs=2, last="tanh")),
        ward.case("the next hour's load, standardised, from a sigmoid", GRID,
                  network=dense(32, last="sigmoid")),
        ward.case("millimetres of rain from a sigmoid", millimetres,
                  network=dense(32, last="sigmoid")),
        ward.case("radar, a sigmoid before the hinge", ECHOES.but(loss="hinge"),
                  network=dense(20, last="sigmoid")),
        ward.case("motion, relu before the softmax of the loss", ACCELERATIONS,
                  network=cr.Network(
                      cr.Conv(8, 5, activation="relu"), cr.MaxPool(2),
                      cr.Conv(8, 3, activation="relu"), cr.GlobalMaxPool(),
                      cr.Dense(None, "relu"))),
        ward.case("calls, a sigmoid where the logarithm of a rate belongs",
                  CALLS.but(loss="poisson"), network=dense(24, last="sigmoid")),
        ward.case("vowels, softsign before the softmax", UTTERED,
                  network=dense(40, activation="tanh", last="softsign")),
    ]  # fmt: skip


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    # Weights so large that tanh or sigmoid units are saturated before the first step, or so small
    # that signals fade over the layers: both are true, and other weights cure both.
    signal = ward.but(also=("saturation",))
    ones, positive = cr.initializer("constant", value=1.0), cr.initializer("uniform", low=0.0)
    deep = UTTERED.but(network=dense(32, 32, 32, 32, activation="tanh"), epochs=40)
    same = cr.initializer("constant", value=0.05)
    return [
        ward.case("vehicles, all weights 0", CARS.but(network=dense(40, activation="tanh")),
                  network=dense(40, activation="tanh", weights="zeros")),
        ward.case("letters, all weights 0.1", LETTERS.but(network=dense(64, 32)), network=dense(
            64, 32, weights=cr.initializer("constant", value=0.1))),
        ward.case("defects, the same kernels", SURFACES, network=cr.Network(
            cr.Conv(8, 3, activation="relu", weights=same), cr.MaxPool(2), cr.Flatten(),
            cr.Dense(16, "relu", weights=same), cr.Dense(weights=same))),
        ward.case("spoken digits, weights of deviation 1", SPEECH,
                  network=dense(64, weights=of_deviation(1.0))),
        signal.case("vowels, four tanh layers from 0.001", deep, network=dense(
            32, 32, 32, 32, activation="tanh", weights=of_deviation(0.001))),
        signal.case("torques, ones in every layer",
                    ROBOT.but(network=dense(48, 48, activation="tanh", outputs=2)),
                    network=dense(48, 48, activation="tanh", outputs=2, weights=ones)),
        signal.case("letters, from 0 to 1 as rand() gives them",
                    LETTERS.but(network=dense(80, 40, activation="sigmoid"), learning_rate=0.01),
                    network=dense(80, 40, activation="sigmoid", weights=positive)),
    ]  # fmt: skip


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    return [
        ward.case("defects, adam 0.2", SURFACES, learning_rate=0.2),
        ward.case("load, momentum 0.3", GRID.but(optimizer="momentum", learning_rate=0.01),
                  learning_rate=0.3),
        ward.case("spoken digits by gru, rmsprop 0.1",
                  SPOKEN_STEPS.but(optimizer="rmsprop", learning_rate=0.005), learning_rate=0.1),
        ward.case("letters, adamw 0.05", LETTERS.but(optimizer="adamw"), learning_rate=0.05),
        ward.case("torques, nadam 0.2", ROBOT.but(optimizer="nadam"), learning_rate=0.2),
        ward.case("concrete, one cycle up to 1", CONCRETE.but(learning_rate=cr.OneCycle(0.03, 60)),
                  learning_rate=cr.OneCycle(1.0, 60)),
        ward.case("minerals, gradient descent 2", RAMAN.but(**SGD, learning_rate=0.05),
                  learning_rate=2.0),
        ward.case("infrared, adam 0.3", INFRARED, learning_rate=0.3),
    ]  # fmt: skip


# ---- losses of one's own ----


def relative(prediction: Any, target: Any) -> Any:
    """The error by what was measured: divided by 0 on a dry day."""
    return mean_over(absolute(prediction - target) / target, 1)


def logarithmic(prediction: Any, target: Any) -> Any:
    """Squares of logarithms: of what is below 0, once a prediction is."""
    return mean_over((log(prediction + 1.0) - log(target + 1.0)) ** 2, 1)


def gaussian(prediction: Any, target: Any) -> Any:
    """A likelihood whose deviation is what the second output says, whatever sign it has."""
    mean, deviation = prediction[:, :1], prediction[:, 1:]
    return sum_over(log(deviation) + ((target[:, :1] - mean) / deviation) ** 2 / 2.0, 1)


def likelihood(prediction: Any, target: Any) -> Any:
    """A cross-entropy by hand: the logarithm of a sigmoid that is 0 or 1 in float32."""
    share = 1.0 / (1.0 + exp(-20.0 * prediction))
    return mean_over(-target * log(share) - (1.0 - target) * log(1.0 - share), 1)


def root(prediction: Any, target: Any) -> Any:
    """The length of an error: its slope is 0 / 0 where there is none."""
    return sqrt(sum_over((prediction - target) ** 2, 1))


def bent(prediction: Any, target: Any) -> Any:
    """A power that a negative number does not have."""
    return mean_over(power(prediction - target, 1.5), 1)


def not_finite() -> list[Subject]:
    ward = Ward("not_finite")
    own = ward.but(treatable=False)
    # The rate is what makes these overflow; that they do is as true.
    fast = ward.but(also=("rate_too_high",))
    squares = {"loss": "mean_squared_error"}
    rain = run(showers(600), dense(32), 0.01, 30, **squares)
    both = run(
        changed(scaled(kinetics(400, 0.5), targets=True), y=lambda y: np.stack([y, y], axis=1)),
        dense(24, outputs=2), 0.01, 40, **squares)  # fmt: skip
    sick = run(changed(TUMOURS.data, y=lambda y: y[:, None].astype(float)), dense(16), 0.01, 20,
               **squares)  # fmt: skip
    # Dark rows of a detector that was off: nothing goes in, nothing was measured, and the network,
    # which has no biases to begin with, is right to the last digit.
    dark = changed(HOURS, X=lambda x: np.where(np.arange(len(x))[:, None] % 9, x, 0.0),
                   y=lambda y: np.where(np.arange(len(y)) % 9, y, 0.0))  # fmt: skip
    return [
        own.case("rain, relative errors", rain, loss=relative),
        own.case("rain, logarithms of predictions", rain, loss=logarithmic),
        own.case("kinetics, a deviation below 0", both, loss=gaussian),
        own.case("tumours, a cross-entropy by hand", sick, loss=likelihood),
        own.case("load, square roots of 0", run(dark, dense(32), 0.005, 30, **squares), loss=root),
        own.case("a turbine, a power of 1.5", TURBINE.but(**squares), loss=bent),
        fast.case("a vessel, gradient descent 3", VESSEL.but(**SGD, learning_rate=0.05),
                  learning_rate=3.0),
        fast.case("torques, nesterov 1", ROBOT.but(optimizer="nesterov", learning_rate=0.005),
                  learning_rate=1.0),
    ]  # fmt: skip


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    # What kills the units can be called by its own name as well: the start, the rate, columns.
    born = ward.but(also=("bad_start",))
    burnt = ward.but(also=("rate_too_high",))
    shifted = ward.but(also=("unscaled",))
    below = cr.initializer("constant", value=-4.0)
    negative = cr.initializer("uniform", low=-0.2, high=0.0)
    lit = RAMAN.but(changed(minerals(450, 0.3), X=lambda x: (x - x.min()) / x.std()))
    chill = changed(PENDULUM, X=lambda x: x - np.array([6.0, 9.0, 7.0]))
    return [
        born.case("concrete, biases of -4", CONCRETE, network=cr.Network(
            cr.Dense(40, "relu", bias=below), cr.Dense())),
        born.case("defects, biases of -4 in the kernels", SURFACES, network=cr.Network(
            cr.Conv(8, 3, activation="relu", bias=below), cr.MaxPool(2), cr.Flatten(),
            cr.Dense(16, "relu", bias=below), cr.Dense())),
        born.case("spectra above 0, weights below", lit, network=dense(40, weights=negative)),
        ward.case("a turbine, ten layers of three units",
                  TURBINE.but(network=dense(*[3] * 10, activation="leaky_relu"), epochs=60),
                  network=dense(*[3] * 10)),
        burnt.case("load, killed by the first steps",
                   GRID.but(network=dense(32, 32, 32)), learning_rate=0.3),
        shifted.case("a pendulum, columns far below 0", BOB.but(PENDULUM, dense(24, 24)),
                     data=chill),
    ]  # fmt: skip


def kernels(activation: str) -> cr.Network:
    """Return four layers of kernels, and what they see at its largest."""
    layers = [cr.Conv(8, 3, activation=activation) for _ in range(4)]
    return cr.Network(*layers, cr.MaxPool(3), cr.Flatten(), cr.Dense())


def saturation() -> list[Subject]:
    ward = Ward("saturation")
    # Saturated from the start, or forgetful, by the deviation that weights are drawn with.
    wide = ward.but(also=("bad_start",))
    return [
        ward.case("spoken digits, six sigmoid layers", SPEECH.but(network=dense(*[32] * 6)),
                  network=dense(*[32] * 6, activation="sigmoid")),
        ward.case("phonemes, ten sigmoid layers of eight",
                  CONSONANTS.but(network=dense(*[8] * 10, activation="elu"), epochs=20),
                  network=dense(*[8] * 10, activation="sigmoid")),
        wide.case("flags, forgotten within 30 readings",
                  SIGNS.but(network=cr.Network(cr.Recurrent(8), cr.Dense()), learning_rate=0.01),
                  network=cr.Network(
                      cr.Recurrent(8, recurrent_weights=of_deviation(0.05)), cr.Dense())),
        wide.case("vehicles, tanh units of wide weights",
                  CARS.but(network=dense(40, 40, activation="tanh"), learning_rate=0.005),
                  network=dense(40, 40, activation="tanh", weights=of_deviation(4.0))),
        wide.case("radar, sigmoid units of wide weights", ECHOES.but(
            network=dense(20, 20, activation="sigmoid"), learning_rate=0.02),
            network=dense(20, 20, activation="sigmoid", weights=of_deviation(6.0))),
        ward.case("defects, four layers of sigmoid kernels",
                  SURFACES.but(network=kernels("relu")), network=kernels("sigmoid")),
    ]  # fmt: skip
