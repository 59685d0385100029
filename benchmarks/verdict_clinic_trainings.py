"""The sound trainings that the clinic set's faults are made of."""

from __future__ import annotations

from typing import Any

from verdict_clinic_rows import (
    arms,
    bearings,
    demand,
    flats,
    fruit,
    gestures,
    hands,
    made,
    opinions,
    pendulums,
    reactors,
    scaled,
    shares_of_soil,
    sweeps,
    turbines,
    visits,
)
from verdict_runs import Training, dense
from verdict_tables import keel

import chainrule as cr

DESCENT: dict[str, Any] = {"optimizer": "gradient_descent"}
MOMENTUM: dict[str, Any] = {"optimizer": "momentum"}
SEARCH: dict[str, Any] = {"optimizer": "lbfgs"}
VEHICLE, VOWEL, LETTER = keel("vehicle"), keel("vowel", 990), keel("letter", 2200)
OPTDIGITS, PHONEME, BANANA = keel("optdigits", 1500), keel("phoneme", 1500), keel("banana", 1200)
LIBRAS = keel("movement_libras")
AUSTRALIAN, IONOSPHERE = keel("australian"), keel("ionosphere")
FLATS, SWING = scaled(flats(700), targets=True), scaled(pendulums(500), targets=True)
SUGAR, WIND = scaled(fruit(400), targets=True), scaled(turbines(800), targets=True)
YIELD, ROLL = scaled(reactors(700), targets=True), scaled(made("swiss_roll", n_samples=900),
                                                          targets=True)  # fmt: skip
SHELLS = made("gaussian_quantiles", n_samples=1000, n_features=3, n_classes=4)

CARS = Training(VEHICLE, dense(48, activation="tanh"), {"learning_rate": 0.005, "epochs": 40})
SOUNDS = Training(VOWEL, dense(64), {"learning_rate": 0.005, "epochs": 60})
LETTERS = Training(LETTER, dense(96), {"learning_rate": 0.003, "epochs": 25})
DIGITS = Training(OPTDIGITS, dense(48, activation="tanh"),
                  {**MOMENTUM, "learning_rate": 0.02, "epochs": 15})  # fmt: skip
SPOKEN = Training(PHONEME, dense(32, activation="gelu"),
                  {"optimizer": "rmsprop", "learning_rate": 0.004, "epochs": 40})  # fmt: skip
BANANAS = Training(BANANA, dense(24, activation="tanh"),
                   {"optimizer": "nesterov", "learning_rate": 0.05, "epochs": 40})  # fmt: skip
SIGNS = Training(LIBRAS, dense(64, activation="elu"),
                 {"learning_rate": 0.004, "epochs": 80, "batch_size": 16})  # fmt: skip
RADAR = Training(IONOSPHERE, dense(24, activation="silu"),
                 {"optimizer": "amsgrad", "learning_rate": 0.003, "epochs": 40})  # fmt: skip
CREDIT = Training(AUSTRALIAN, dense(16), {"learning_rate": 0.003, "epochs": 25})
RENTS = Training(FLATS, dense(32, 32), {"learning_rate": 0.003, "epochs": 50})
PERIODS = Training(SWING, dense(20, activation="tanh"), {"optimizer": "irprop_plus", "epochs": 120})
SWEET = Training(SUGAR, dense(16, activation="tanh"),
                 {"optimizer": "adamw", "learning_rate": 0.004, "epochs": 80})  # fmt: skip
POWER = Training(WIND, dense(24, activation="silu"),
                 {"optimizer": "nadam", "loss": "mean_absolute_error", "learning_rate": 0.005,
                  "epochs": 50})  # fmt: skip
YIELDS = Training(YIELD, dense(32, activation="tanh"), {"learning_rate": 0.01, "epochs": 60})
ROLLED = Training(ROLL, dense(48, 48), {"learning_rate": 0.005, "epochs": 50})
QUANTILES = Training(SHELLS, dense(32, 32), {"learning_rate": 0.005, "epochs": 40})
ARMS = Training(
    arms(750),
    cr.Network(cr.Dense(24), cr.LayerNorm(), cr.Residual(cr.Dense(24, "gelu"), cr.Dense(24)),
               cr.Residual(cr.Dense(24, "gelu"), cr.Dense(24)), cr.Dense()),
    {"optimizer": "nadam", "learning_rate": 0.005, "epochs": 40},
)  # fmt: skip
POOL = Training(visits(900), dense(24), {"optimizer": "adagrad", "loss": "poisson",
                                        "learning_rate": 0.05, "epochs": 40})  # fmt: skip
COMPASS = Training(bearings(700), dense(32, activation="tanh"),
                   {"learning_rate": 0.01, "epochs": 60})  # fmt: skip
SOIL = Training(shares_of_soil(600), dense(32, activation="tanh"),
                {"loss": "kullback_leibler", "learning_rate": 0.01, "epochs": 60})  # fmt: skip
HOURS = Training(demand(800, 24), dense(32),
                 {"loss": "huber", "learning_rate": 0.003, "epochs": 30})  # fmt: skip
CLOCKS = Training(
    hands(500),
    cr.Network(cr.Conv(8, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense()),
    {"learning_rate": 0.004, "epochs": 10},
)
WAVED = Training(gestures(360), cr.Network(cr.GRU(12), cr.Dense()),
                 {"learning_rate": 0.02, "epochs": 20})  # fmt: skip
PITCHES = Training(
    sweeps(500),
    cr.Network(cr.Conv(8, 5, activation="relu"), cr.MaxPool(2), cr.Conv(8, 5, activation="relu"),
               cr.Flatten(), cr.Dense()),
    {"learning_rate": 0.004, "epochs": 12},
)  # fmt: skip
TEXTS = Training(
    opinions(900),
    cr.Network(cr.Embedding(80, 8), cr.GlobalAveragePool(over="time"), cr.Dense(16, "relu"),
               cr.Dense()),
    {"learning_rate": 0.01, "epochs": 25},
)  # fmt: skip
