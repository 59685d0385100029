"""The development set's healthy runs, on other rows, widths and rates than the held-out ones."""

from __future__ import annotations

from typing import Any

from verdict_runs import Data, Subject, Training, dense, healthy
from verdict_tables import (
    board,
    echoes,
    encoder,
    exclusive_or,
    friedman,
    iris,
    itself,
    keel,
    moons,
    plane,
    wine,
)

import chainrule as cr

CURVED, BENT, BOARD, MOONS = friedman(450, 1.5), plane(500, 6, 0.3), board(700, 2), moons(600, 0.2)
NETWORKS = {one: dense(18, activation=one) for one in ("relu", "tanh", "gelu")}
DATA: dict[str, Data] = {
    "wine": wine,
    "iris": iris,
    "friedman": CURVED,
    "plane": BENT,
    "draughts": BOARD,
    "moons": MOONS,
    "pima": keel("pima"),
    "vehicle": keel("vehicle"),
    "vowel": keel("vowel"),
    "ionosphere": keel("ionosphere"),
    "sonar": keel("sonar"),
}
# Optimizer -> rows and a rate that suits them; None where it has no rate.
BY_OPTIMIZER: dict[str, tuple[str, str, float | None, int]] = {
    "adam": ("vowel", "tanh", 0.02, 80),
    "adamw": ("vehicle", "gelu", 0.006, 50),
    "nadam": ("pima", "relu", 0.004, 15),
    "gradient_descent": ("moons", "tanh", 0.4, 80),
    "momentum": ("friedman", "tanh", 0.02, 60),
    "nesterov": ("ionosphere", "relu", 0.04, 50),
    "rmsprop": ("plane", "gelu", 0.02, 50),
    "adagrad": ("wine", "tanh", 0.04, 40),
    "rprop_minus": ("iris", "gelu", None, 50),
    "irprop_plus": ("moons", "relu", None, 80),
    "scaled_conjugate_gradient": ("wine", "relu", None, 30),
    "lbfgs": ("draughts", "tanh", None, 100),
    "bfgs": ("plane", "tanh", None, 40),
    "conjugate_gradient_polak_ribiere": ("moons", "gelu", None, 60),
}


def by_optimizer() -> list[Subject]:
    found = []
    for optimizer, (name, activation, rate, epochs) in BY_OPTIMIZER.items():
        given: dict[str, Any] = {"optimizer": optimizer, "epochs": epochs}
        if rate is not None:
            given["learning_rate"] = rate
        training = Training(DATA[name], NETWORKS[activation], given)
        found.append(healthy(f"{optimizer} on {name}", training))
    return found


def blocks_of(count: int, width: int) -> list[cr.Residual]:
    return [cr.Residual(cr.Dense(width, "gelu"), cr.Dense(width)) for _ in range(count)]


def of_other_layers() -> list[Subject]:
    normed = [
        layer for _ in range(2) for layer in (cr.Dense(26), cr.BatchNorm(), cr.Activation("relu"))
    ]
    residual = cr.Network(cr.Dense(16), *blocks_of(3, 16), cr.Dense())
    dropped = cr.Network(cr.Dense(40, "relu"), cr.Dropout(0.25), cr.Dense())
    sequences = echoes(600, 12)
    runs = {
        "vowel, five layers of relu": (DATA["vowel"], dense(*[28] * 5), 0.004, 40),
        "draughts, four layers of tanh": (BOARD, dense(*[14] * 4, activation="tanh"), 0.006, 80),
        "vehicle, batch norm": (DATA["vehicle"], cr.Network(*normed, cr.Dense()), 0.004, 20),
        "friedman, residual blocks": (CURVED, residual, 0.008, 30),
        "ionosphere, dropout": (DATA["ionosphere"], dropped, 0.02, 30),
        "sequences, LSTM": (sequences, cr.Network(cr.LSTM(10), cr.Dense()), 0.008, 20),
        "sequences, GRU": (sequences, cr.Network(cr.GRU(12), cr.Dense()), 0.008, 20),
        "plane, no hidden layer": (BENT, dense(), 0.008, 40),
        "vowel, leaky relu": (DATA["vowel"], dense(36, activation="leaky_relu"), 0.008, 50),
    }  # fmt: skip
    return [
        healthy(name, Training(data, network, {"learning_rate": rate, "epochs": epochs}))
        for name, (data, network, rate, epochs) in runs.items()
    ]


def alone() -> list[Subject]:
    """Return runs without held-out rows."""
    given: dict[str, Any] = {"validation": 0.0}
    runs = {
        "XOR, gelu": Training(
            exclusive_or, dense(8, activation="gelu"),
            {"learning_rate": 0.04, "epochs": 300, **given},
        ),
        "encoder 6-3-6": Training(
            encoder(6), cr.Network(cr.Dense(4, "tanh"), cr.Dense(6, "sigmoid")),
            {"learning_rate": 0.02, "epochs": 800, **given},
        ),
        "moons without held-out rows": Training(
            MOONS, dense(12), {"learning_rate": 0.008, "epochs": 50, **given}
        ),
        "friedman without held-out rows": Training(
            CURVED, dense(20, activation="tanh"), {"learning_rate": 0.006, "epochs": 60, **given}
        ),
        "autoencoder of vehicle": Training(
            itself(DATA["vehicle"]), cr.Network(cr.Dense(10, "tanh"), cr.Dense(18)),
            {"learning_rate": 0.008, "epochs": 50},
        ),
    }  # fmt: skip
    return [healthy(name, one) for name, one in runs.items()]


def early_and_late() -> list[Subject]:
    runs = {
        "wine, 10 epochs": (wine, dense(12, activation="tanh"), 0.02, 10),
        "iris, 20 epochs": (iris, dense(12), 0.02, 20),
        "moons, 15 epochs": (MOONS, dense(20), 0.02, 15),
        "plane, 10 epochs": (BENT, dense(14, activation="gelu"), 0.008, 10),
        "pima, 8 epochs": (DATA["pima"], dense(16), 0.006, 8),
        "vowel, 12 epochs": (DATA["vowel"], dense(48, activation="gelu"), 0.02, 12),
        "wine, 200 epochs": (wine, dense(6, activation="tanh"), 0.004, 200),
        "moons, 300 epochs": (MOONS, dense(14, activation="tanh"), 0.006, 300),
        "friedman, 250 epochs": (CURVED, dense(6, activation="tanh"), 0.005, 250),
        "ionosphere, 100 epochs": (DATA["ionosphere"], dense(10), 0.002, 100),
        "pima, 60 epochs": (DATA["pima"], dense(6, activation="tanh"), 0.002, 60),
    }
    penalised = {"learning_rate": 0.002, "epochs": 60, "l2": 0.04}
    return [
        *(
            healthy(name, Training(data, network, {"learning_rate": rate, "epochs": epochs}))
            for name, (data, network, rate, epochs) in runs.items()
        ),
        healthy("sonar, 60 epochs, l2", Training(DATA["sonar"], dense(16), penalised)),
    ]


def subjects() -> list[Subject]:
    """Return all forty."""
    return [*by_optimizer(), *of_other_layers(), *alone(), *early_and_late()]
