"""The unseen set's healthy runs: small problems of many kinds, each with what suits it.

Three times and a third of the rate, three times the epochs, and another activation (of layers that
are all dense) were tried beside each, over ten seeds. None is clearly better (p < 0.05, d >= 0.5
and more than 15 % of the error), but where the error is below a thousandth of the best constant's.
"""

from __future__ import annotations

from typing import Any

from verdict_runs import Data, Subject, Training, changed, dense, healthy, with_noise_columns
from verdict_tables import (
    cancer,
    diabetes,
    digit_images,
    digits,
    exclusive_or,
    iris,
    itself,
    keel,
    numbered,
    spirals,
    wine,
)
from verdict_unseen_tables import (
    bends,
    counts,
    houses,
    made,
    raw_heart,
    remembered,
    reviews,
    scaled,
    unequal,
    wavy,
    windows,
)

import chainrule as cr

HEART, HOUSES = scaled(raw_heart), scaled(houses(700), targets=True)
CIRCUIT = scaled(made("friedman2", n_samples=500, noise=60.0), targets=True)
SLOPES = scaled(made("regression", n_samples=400, n_features=8, noise=15.0), targets=True)
CLASSES = made("classification", n_samples=900, n_features=16, n_informative=8, n_classes=4,
               class_sep=2.0)  # fmt: skip
HEAPS = scaled(made("blobs", n_samples=600, centers=5, n_features=4, cluster_std=2.0))
SHELLS = made("gaussian_quantiles", n_samples=900, n_features=4, n_classes=2)
SEGMENT, PENS, TEXTURE = keel("segment", 900), keel("penbased", 2000), keel("texture", 1000)
LAND, MAIL, MAGIC = keel("satimage", 1500), keel("spambase", 1500), keel("magic", 1500)
NORMAL, CELLS, BREASTS = keel("twonorm", 900), keel("wisconsin"), keel("mammographic")

# Optimizer -> its rows, hidden activation, rate (None where it has none) and epochs.
BY_OPTIMIZER: dict[str, tuple[Data, str, float | None, int]] = {
    "adam": (SEGMENT, "relu", 0.005, 40),
    "adamw": (PENS, "gelu", 0.01, 30),
    "nadam": (TEXTURE, "tanh", 0.01, 50),
    "amsgrad": (LAND, "relu", 0.003, 20),
    "rmsprop": (NORMAL, "tanh", 0.002, 15),
    "adagrad": (PENS, "relu", 0.05, 40),
    "adadelta": (SEGMENT, "gelu", 1.0, 100),
    "gradient_descent": (TEXTURE, "relu", 0.3, 150),
    "momentum": (HEAPS, "tanh", 0.01, 30),
    "nesterov": (CELLS, "relu", 0.01, 15),
    "adaptive_rate": (CELLS, "tanh", 0.1, 150),
    "bold_driver": (HEAPS, "tanh", 0.1, 200),
    "irprop_plus": (CIRCUIT, "tanh", None, 150),
    "irprop_minus": (HEAPS, "relu", None, 60),
    "rprop_plus": (SLOPES, "tanh", None, 150),
    "rprop_minus": (NORMAL, "gelu", None, 30),
    "scaled_conjugate_gradient": (SEGMENT, "tanh", None, 100),
    "conjugate_gradient_fletcher_reeves": (CELLS, "gelu", None, 25),
    "conjugate_gradient_polak_ribiere": (CIRCUIT, "tanh", None, 80),
    "conjugate_gradient_powell_beale": (HEAPS, "tanh", None, 40),
    "one_step_secant": (SLOPES, "tanh", None, 100),
    "bfgs": (CIRCUIT, "tanh", None, 60),
    "lbfgs": (wine, "relu", None, 30),
    "levenberg_marquardt": (CIRCUIT, "tanh", None, 25),
    "bayesian_regularization": (SLOPES, "tanh", None, 25),
    "gauss_newton": (HOUSES, "tanh", None, 25),
    "evolution_strategy": (iris, "relu", None, 100),
}
WIDTHS = {"levenberg_marquardt": 8, "bayesian_regularization": 8, "gauss_newton": 6, "bfgs": 10,
          "evolution_strategy": 4}  # fmt: skip


def subjects() -> list[Subject]:
    """Return all healthy runs."""
    trainings = {
        **by_optimizer(), **tables(), **regressions(), **shapes(), **patterns(), **regularised(),
    }  # fmt: skip
    return [healthy(name, training) for name, training in trainings.items()]


def adam(data: Data, network: cr.Network, rate: Any, epochs: int, **more: Any) -> Training:
    return Training(data, network, {"learning_rate": rate, "epochs": epochs, **more})


def by_optimizer() -> dict[str, Training]:
    found = {}
    for name, (data, activation, rate, epochs) in BY_OPTIMIZER.items():
        settings = {} if rate is None else {"learning_rate": rate}
        found[f"{name} with {activation}"] = Training(
            data, dense(WIDTHS.get(name, 32), activation=activation),
            {"optimizer": name, "epochs": epochs, **settings},
        )  # fmt: skip
    return found


def tables() -> dict[str, Training]:
    return {
        "digits, two layers": adam(digits, dense(64, 32), 0.002, 25),
        "digits, tanh": adam(digits, dense(48, activation="tanh"), 0.005, 25),
        "breast cancer, gelu": adam(cancer, dense(16, activation="gelu"), 0.005, 15),
        "wine, one layer": adam(wine, dense(10, activation="tanh"), 0.02, 40),
        "iris, two small layers": adam(iris, dense(8, 8, activation="tanh"), 0.02, 60),
        "heart disease": adam(HEART, dense(16, activation="tanh"), 0.005, 12),
        "mail": adam(MAIL, dense(24), 0.005, 15),
        "showers": adam(MAGIC, dense(32), 0.01, 30),
        "land, gelu": adam(LAND, dense(48, activation="gelu"), 0.005, 15),
        "four classes": adam(CLASSES, dense(40), 0.005, 30),
        "shells": adam(SHELLS, dense(32), 0.01, 40),
        "masses of a breast, where nothing tells more": adam(BREASTS, dense(8), 0.01, 20),
        "no hidden layer": adam(NORMAL, dense(), 0.02, 20),
    }


def regressions() -> dict[str, Training]:
    loud = scaled(made("friedman1", n_samples=500, noise=7.0), targets=True)
    few = scaled(made("regression", n_samples=300, n_features=6, noise=150.0), targets=True)
    clear = scaled(made("friedman3", n_samples=600, noise=0.0), targets=True)
    return {
        "houses": adam(HOUSES, dense(32, 32), 0.003, 60),
        "diabetes": adam(diabetes, dense(12, activation="tanh"), 0.005, 20),
        "mostly noise": adam(loud, dense(12, activation="tanh"), 0.005, 20),
        "a slope under noise": adam(few, dense(8, activation="tanh"), 0.01, 15),
        "an angle without noise": adam(clear, dense(32, 32, activation="tanh"), 0.01, 150),
        "absolute value": adam(bends(400), dense(32), 0.01, 80),
        "a noisy curve": adam(wavy(300, 0.3), dense(20, activation="tanh"), 0.02, 80),
        "visits, Poisson": adam(counts(800, 3), dense(24), 0.01, 40, loss="poisson"),
        "houses, Huber": adam(HOUSES, dense(40, activation="gelu"), 0.01, 60, loss="huber"),
        "a series from its last twelve": adam(windows(500, 12, 0.15, flat=True),
                                              dense(24, activation="tanh"), 0.01, 50),
    }  # fmt: skip


def shapes() -> dict[str, Training]:
    kernels = cr.Network(cr.Conv(8, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(),
                         cr.Dense(32, "relu"), cr.Dense())  # fmt: skip
    words = cr.Network(cr.Embedding(50, 8), cr.GlobalAveragePool(over="time"), cr.Dense())
    return {
        "digits, kernels": adam(digit_images, kernels, 0.01, 25),
        "a series, an LSTM": adam(windows(500, 12, 0.15), cr.Network(cr.LSTM(12), cr.Dense(1)),
                                  0.02, 50),
        "a series, a GRU": adam(windows(500, 10, 0.1), cr.Network(cr.GRU(12), cr.Dense(1)),
                                0.02, 50),
        "the first of eight, by a simple recurrence": adam(
            remembered(800, 8), cr.Network(cr.Recurrent(16), cr.Dense()), 0.01, 60),
        "texts": adam(reviews(1500, 50, 12), words, 0.02, 30),
        "six tanh layers": adam(SEGMENT, dense(*[24] * 6, activation="tanh"), 0.003, 50),
        "six layers of gelu": adam(PENS, dense(*[32] * 6, activation="gelu"), 0.004, 40),
        "two sigmoid layers": adam(CELLS, dense(16, 16, activation="sigmoid"), 0.02, 30),
        "residual layers": adam(
            LAND,
            cr.Network(cr.Dense(32, "relu"), cr.Residual(cr.Dense(32, "relu"), cr.Dense(32)),
                       cr.Dense()),
            0.003, 20),
    }  # fmt: skip


def patterns() -> dict[str, Training]:
    kept = {"validation": 0.0}
    return {
        "exclusive or": adam(exclusive_or, dense(8, activation="tanh"), 0.1, 300, **kept),
        "an encoder 8-3-8": adam(numbered(8), dense(3, activation="tanh"), 0.1, 300, **kept),
        "two spirals": adam(spirals(500, 1.1), dense(32, 32, activation="tanh"), 0.03, 300),
        "two moons": adam(made("moons", n_samples=500, noise=0.2), dense(16, activation="tanh"),
                          0.03, 80),
        "rings": adam(made("circles", n_samples=600, noise=0.1, factor=0.4), dense(20), 0.03, 60),
        "an autoencoder": adam(itself(LAND), dense(6, activation="tanh"), 0.01, 60),
        "an autoencoder of three layers": adam(itself(TEXTURE), dense(24, 4, 24, activation="gelu"),
                                               0.01, 150),
    }  # fmt: skip


def regularised() -> dict[str, Training]:
    normed = [cr.Dense(48), cr.BatchNorm(), cr.Activation("relu")]
    dropped = [one for _ in range(2) for one in (cr.Dense(128, "relu"), cr.Dropout(0.2))]
    floats = changed(NORMAL, y=lambda y: 2.0 * y - 1.0)
    return {
        "dropout": adam(PENS, cr.Network(*dropped, cr.Dense()), 0.003, 40),
        "batch norm": adam(SEGMENT, cr.Network(*normed, cr.Dense()), 0.01, 40),
        "l2": adam(HEART, dense(24, activation="tanh"), 0.005, 30, l2=0.02),
        "columns of noise and l1": adam(with_noise_columns(CIRCUIT, 8),
                                        dense(16, activation="tanh"), 0.02, 60, l1=0.002),
        "stopped early": adam(MAIL, dense(32), 0.003, 200, patience=10),
        "long": adam(TEXTURE, dense(32, activation="tanh"), 0.005, 400),
        "new thyroids, one in six": adam(unequal("new-thyroid1"), dense(10, activation="tanh"),
                                         0.02, 60),
        "a kind of picture, one in seven": adam(unequal("segment0"), dense(16), 0.01, 25),
        "a vowel, one in eleven": adam(unequal("vowel0"), dense(24, activation="gelu"), 0.02, 60),
        "a rate that falls": adam(PENS, dense(48), cr.CosineDecay(0.01, epochs=40), 40),
        "momentum and a cycle": adam(SEGMENT, dense(40), cr.OneCycle(0.1, epochs=50), 50,
                                     optimizer="momentum"),
        "signs through tanh": adam(floats, dense(24, activation="tanh", last="tanh"), 0.005, 20,
                                   loss="mean_squared_error"),
    }  # fmt: skip
