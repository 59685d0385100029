"""The held-out set's healthy runs: trainings that a competent person would leave as they are."""

from __future__ import annotations

from typing import Any

from verdict_runs import Data, Subject, Training, dense, healthy
from verdict_tables import (
    blobs,
    cancer,
    circles,
    diabetes,
    digit_images,
    digit_lines,
    digits,
    encoder,
    exclusive_or,
    iris,
    itself,
    numbered,
    spirals,
    wine,
)

import chainrule as cr

RINGS, SPIRALS, HEAPS = circles(700, 0.45, 0.12), spirals(600, 1.4), blobs(600, 5, 3, 0.4)
NETWORKS = {one: dense(25, activation=one) for one in ("relu", "tanh", "gelu")}
# Optimizer -> rows and a rate that suits them; None where it has no rate.
BY_OPTIMIZER: dict[str, tuple[str, str, float | None, int]] = {
    "adam": ("digits", "relu", 0.003, 20),
    "adamw": ("breast cancer", "tanh", 0.007, 25),
    "amsgrad": ("wine", "gelu", 0.01, 40),
    "nadam": ("iris", "relu", 0.01, 60),
    "adaptive_rate": ("diabetes", "tanh", 0.07, 100),
    "bold_driver": ("breast cancer", "gelu", 0.1, 60),
    "levenberg_marquardt": ("diabetes", "tanh", None, 12),
    "bayesian_regularization": ("diabetes", "tanh", None, 20),
    "bfgs": ("iris", "tanh", None, 30),
    "conjugate_gradient_fletcher_reeves": ("wine", "tanh", None, 30),
    "conjugate_gradient_polak_ribiere": ("breast cancer", "tanh", None, 30),
    "conjugate_gradient_powell_beale": ("rings", "tanh", None, 80),
    "gradient_descent": ("digits", "tanh", 0.1, 30),
    "momentum": ("rings", "relu", 0.07, 60),
    "nesterov": ("wine", "relu", 0.03, 40),
    "evolution_strategy": ("iris", "tanh", None, 100),
    "gauss_newton": ("diabetes", "tanh", None, 12),
    "lbfgs": ("heaps", "gelu", None, 40),
    "rprop_plus": ("breast cancer", "relu", None, 40),
    "rprop_minus": ("digits", "gelu", None, 60),
    "irprop_plus": ("heaps", "tanh", None, 60),
    "irprop_minus": ("wine", "gelu", None, 40),
    "one_step_secant": ("breast cancer", "tanh", None, 30),
    "scaled_conjugate_gradient": ("rings", "gelu", None, 80),
    "adagrad": ("digits", "relu", 0.07, 25),
    "adadelta": ("heaps", "relu", 1.0, 40),
    "rmsprop": ("breast cancer", "gelu", 0.003, 30),
}
DATA: dict[str, Data] = {
    "digits": digits,
    "breast cancer": cancer,
    "wine": wine,
    "iris": iris,
    "diabetes": diabetes,
    "rings": RINGS,
    "heaps": HEAPS,
}


def by_optimizer() -> list[Subject]:
    """Return a run of every optimizer."""
    found = []
    for optimizer, (name, activation, rate, epochs) in BY_OPTIMIZER.items():
        given: dict[str, Any] = {"optimizer": optimizer, "epochs": epochs}
        if rate is not None:
            given["learning_rate"] = rate
        # Matrices of all parameters by all parameters are for small networks.
        small = rate is None and (name == "diabetes" or optimizer == "evolution_strategy")
        network = dense(5, activation=activation) if small else NETWORKS[activation]
        found.append(healthy(f"{optimizer} on {name}", Training(DATA[name], network, given)))
    return found


def deep() -> list[Subject]:
    """Return deeper and other layers than two dense ones."""
    blocks = [cr.Residual(cr.Dense(21, "relu"), cr.Dense(21)) for _ in range(5)]
    normed = [
        layer for _ in range(2) for layer in (cr.Dense(33), cr.BatchNorm(), cr.Activation("relu"))
    ]
    convolved = cr.Network(
        cr.Conv(7, 3, activation="relu"), cr.MaxPool(2), cr.Conv(11, 3, activation="relu"),
        cr.Flatten(), cr.Dense(),
    )  # fmt: skip
    dropped = cr.Network(cr.Dense(65, "relu"), cr.Dropout(0.3), cr.Dense(33, "relu"),
                         cr.Dropout(0.2), cr.Dense())  # fmt: skip
    quick: dict[str, Any] = {"learning_rate": 0.003, "epochs": 15}
    runs = {
        "digits, six layers of relu": Training(digits, dense(*[33] * 6), quick),
        "spirals, three layers of tanh": Training(
            SPIRALS, dense(*[31] * 3, activation="tanh"), {"learning_rate": 0.003, "epochs": 300}
        ),
        "breast cancer, five residual blocks": Training(
            cancer, cr.Network(cr.Dense(21), *blocks, cr.Dense()), quick
        ),
        "digits, batch norm": Training(digits, cr.Network(*normed, cr.Dense()), quick),
        "digits, dropout": Training(digits, dropped, {**quick, "epochs": 25}),
        "digits, convolutions": Training(
            digit_images, convolved, {"learning_rate": 0.003, "epochs": 10}
        ),
        "lines of digits, LSTM": Training(
            digit_lines, cr.Network(cr.LSTM(25), cr.Dense()), {"learning_rate": 0.01, "epochs": 8}
        ),
        "lines of digits, GRU": Training(
            digit_lines, cr.Network(cr.GRU(25), cr.Dense()), {"learning_rate": 0.01, "epochs": 8}
        ),
        "wine, no hidden layer": Training(wine, dense(), {"learning_rate": 0.03, "epochs": 50}),
        "diabetes, no hidden layer": Training(
            diabetes, dense(), {"learning_rate": 0.01, "epochs": 40}
        ),
    }
    return [healthy(name, one) for name, one in runs.items()]


def famous() -> list[Subject]:
    """Return the problems that textbooks train, most of them without held-out rows."""
    alone: dict[str, Any] = {"validation": 0.0}
    runs = {
        "XOR, eleven of tanh": Training(
            exclusive_or, dense(11, activation="tanh"),
            {"learning_rate": 0.07, "epochs": 400, **alone},
        ),
        "XOR, relu": Training(
            exclusive_or, dense(17), {"learning_rate": 0.03, "epochs": 300, **alone}
        ),
        "XOR, momentum": Training(
            exclusive_or, dense(7, activation="tanh"),
            {"optimizer": "momentum", "learning_rate": 0.3, "epochs": 500, **alone},
        ),
        "encoder 8-3-8": Training(
            numbered(8), cr.Network(cr.Dense(3, "tanh"), cr.Dense()),
            {"learning_rate": 0.03, "epochs": 800, **alone},
        ),
        "encoder 10-5-10": Training(
            encoder(10), cr.Network(cr.Dense(5, "sigmoid"), cr.Dense(10, "sigmoid")),
            {"learning_rate": 0.03, "epochs": 1500, **alone},
        ),
        "two spirals": Training(
            SPIRALS, dense(33, 33, activation="tanh"), {"learning_rate": 0.03, "epochs": 200}
        ),
        "two spirals, relu": Training(
            SPIRALS, dense(49, 49), {"learning_rate": 0.007, "epochs": 150}
        ),
        "two spirals, levenberg_marquardt": Training(
            spirals(194, 1.0), dense(9, 9, activation="tanh"),
            {"optimizer": "levenberg_marquardt", "epochs": 40, **alone},
        ),
        "autoencoder of digits": Training(
            itself(digits), cr.Network(cr.Dense(25, "gelu"), cr.Dense(64)),
            {"learning_rate": 0.003, "epochs": 20},
        ),
        "autoencoder of wine": Training(
            itself(wine), cr.Network(cr.Dense(7, "tanh"), cr.Dense(13)),
            {"learning_rate": 0.03, "epochs": 100},
        ),
    }  # fmt: skip
    return [healthy(name, one) for name, one in runs.items()]


def early_and_late() -> list[Subject]:
    """Return runs of few epochs, and runs that go on long after they have learned."""
    early = {
        "digits, 3 epochs": Training(digits, dense(41), {"learning_rate": 0.007, "epochs": 3}),
        "breast cancer, 4 epochs": Training(
            cancer, dense(17, activation="tanh"), {"learning_rate": 0.01, "epochs": 4}
        ),
        "wine, 8 epochs": Training(wine, dense(21), {"learning_rate": 0.03, "epochs": 8}),
        "iris, 12 epochs": Training(
            iris, dense(15, activation="gelu"), {"learning_rate": 0.03, "epochs": 12}
        ),
        "diabetes, 8 epochs": Training(diabetes, dense(17), {"learning_rate": 0.007, "epochs": 8}),
        "rings, 10 epochs": Training(
            RINGS, dense(31, activation="gelu"), {"learning_rate": 0.03, "epochs": 10}
        ),
        "heaps, 6 epochs": Training(HEAPS, dense(27), {"learning_rate": 0.01, "epochs": 6}),
    }
    late = {
        "digits, 60 epochs": Training(digits, dense(31), {"learning_rate": 0.001, "epochs": 60}),
        "breast cancer, 150 epochs": Training(
            cancer, dense(11, activation="tanh"), {"learning_rate": 0.003, "epochs": 150}
        ),
        "wine, 300 epochs": Training(wine, dense(9), {"learning_rate": 0.007, "epochs": 300}),
        "iris, 300 epochs": Training(
            iris, dense(9, activation="tanh"), {"learning_rate": 0.007, "epochs": 300}
        ),
        "diabetes, 200 epochs": Training(
            diabetes, dense(7, activation="tanh"), {"learning_rate": 0.003, "epochs": 200}
        ),
        "rings, 300 epochs": Training(RINGS, dense(17), {"learning_rate": 0.007, "epochs": 300}),
        "heaps, 250 epochs": Training(
            HEAPS, dense(19, activation="gelu"), {"learning_rate": 0.003, "epochs": 250}
        ),
    }
    return [healthy(name, one) for name, one in {**early, **late}.items()]


def subjects() -> list[Subject]:
    """Return all of them."""
    return [*by_optimizer(), *deep(), *famous(), *early_and_late()]
