"""Trainings of every odd kind, each over in a moment: a diagnosis has to survive all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.network.layers import Input
from chainrule.ops import ACTIVATIONS
from chainrule.training.run import Run

DRAWN = np.random.default_rng(3)
X = DRAWN.normal(size=(24, 4))
NUMBERS = np.sin(X[:, 0]) + X[:, 1]
LABELS = (NUMBERS > 0.0).astype(int)
IMAGES = DRAWN.normal(size=(20, 2, 6, 6))
SERIES = DRAWN.normal(size=(20, 5, 3))
TOKENS = DRAWN.integers(0, 7, size=(20, 5))


def trained(network: cr.Network, x: Any, y: Any, **chosen: Any) -> Run:
    """Return a training of two epochs, unless it says otherwise."""
    return cr.train(network, x, y, progress=False, **{"epochs": 2, **chosen})


def small(units: int = 1) -> cr.Network:
    return cr.Network(cr.Dense(5, "tanh"), cr.Dense(units))


def two_inputs() -> Run:
    left, right = Input(4, name="left"), Input(4, name="right")
    both = cr.Concatenate()(left, right)
    network = cr.Network(inputs=[left, right], outputs=[cr.Dense(1)(cr.Dense(4, "relu")(both))])
    return trained(network, [X, 100.0 * X], NUMBERS)


def two_outputs() -> Run:
    given = Input(4)
    hidden = cr.Dense(4, "relu")(given)
    network = cr.Network(inputs=[given], outputs=[cr.Dense(1)(hidden), cr.Dense(2)(hidden)])
    return trained(network, X, [200.0 * NUMBERS, LABELS])


def own_activation() -> Run:
    if "odd_bump" not in ACTIVATIONS:
        cr.elementwise(
            "odd_bump", r"y = x^2", forward=lambda x: x * x, derivative=lambda y, x: 2.0 * x
        )
    return trained(cr.Network(cr.Dense(4, "odd_bump"), cr.Dense(1)), X, NUMBERS)


def behind_a_step() -> Run:
    network = cr.Network(cr.Dense(4, "step"), cr.Dense(1))
    return trained(network, X, NUMBERS, freeze=["dense_1.*"])


def convolution() -> cr.Network:
    layers = cr.Conv(3, 3), cr.BatchNorm(), cr.Activation("relu"), cr.Flatten(), cr.Dense(2)
    return cr.Network(*layers)


ODD: dict[str, Callable[[], Run]] = {
    "no epochs": lambda: trained(small(), X, NUMBERS, epochs=0),
    "one epoch": lambda: trained(small(), X, NUMBERS, epochs=1),
    "two rows": lambda: trained(small(), X[:2], NUMBERS[:2]),
    "classes": lambda: trained(small(2), X, LABELS, validation=0.25),
    "one output of two classes": lambda: trained(small(), X, LABELS, loss="binary_cross_entropy"),
    "no hidden layer": lambda: trained(cr.Network(cr.Dense(1)), X, NUMBERS),
    "several columns": lambda: trained(small(3), X, 50.0 + X[:, :3]),
    "images": lambda: trained(convolution(), 200.0 + 50.0 * IMAGES, LABELS[:20]),
    "a sequence": lambda: trained(cr.Network(cr.GRU(4), cr.Dense(1)), 100.0 * SERIES, NUMBERS[:20]),
    "over time": lambda: trained(
        cr.Network(cr.Dense(4, "tanh"), cr.Dense(1)),
        40.0 * SERIES,
        500.0 * SERIES[..., 0],
        validation=0.25,
    ),
    "tokens": lambda: trained(
        cr.Network(cr.Embedding(7, 3), cr.Flatten(), cr.Dense(2)), TOKENS, LABELS[:20]
    ),
    "dropout": lambda: trained(
        cr.Network(cr.Dense(5, "relu"), cr.Dropout(0.4), cr.Dense(1)), X, NUMBERS
    ),
    "residual": lambda: trained(
        cr.Network(cr.Dense(4, "relu"), cr.Residual(cr.Dense(4, "relu"), cr.Dense(4)), cr.Dense(1)),
        X,
        NUMBERS,
    ),
    "levenberg_marquardt": lambda: trained(small(), X, NUMBERS, optimizer="levenberg_marquardt"),
    "lbfgs": lambda: trained(small(), X, NUMBERS, optimizer="lbfgs"),
    "a schedule": lambda: trained(small(), X, NUMBERS, learning_rate=cr.InverseScaling(0.1)),
    "frozen": lambda: trained(small(), X, NUMBERS, freeze=["dense_1.*"]),
    "constant columns": lambda: trained(small(), np.ones((24, 3)), NUMBERS),
    "two inputs": two_inputs,
    "two outputs": two_outputs,
    "an activation of one's own": own_activation,
    "behind a step": behind_a_step,
}
