"""The sound trainings that the first specimens of the referrals set are made of."""

from __future__ import annotations

from typing import Any

from verdict_referrals_descent_data import (
    demand,
    diode,
    generated,
    genes,
    gestures,
    mixtures,
    pendulum,
    rain,
    scaled,
    shapes,
    shots,
    spectra,
    swings,
)
from verdict_runs import Training, dense
from verdict_tables import keel

import chainrule as cr

SGD: dict[str, Any] = {"optimizer": "gradient_descent"}
PERIODS, SHOTS = scaled(pendulum(500)), scaled(shots(600))
DEMAND, CELLS = scaled(demand(700)), scaled(diode(500))
LINES = scaled(spectra(500), targets=True)
ROLL = scaled(generated("swiss_roll", n_samples=600, noise=0.3))
SHELLS = generated("gaussian_quantiles", n_samples=900, n_features=4, n_classes=3)
PHASE = scaled(generated("friedman3", n_samples=500, noise=0.05))
VOWELS, CARS, SOUNDS = keel("vowel", 990), keel("vehicle", 846), keel("phoneme", 1500)
SUGAR = keel("pima", 768)
LETTERS = keel("letter", 2500)

SPOKEN = Training(VOWELS, dense(48, activation="gelu"), {"learning_rate": 0.012, "epochs": 60})
OUTLINES = Training(CARS, dense(36, activation="tanh"), {"learning_rate": 0.012, "epochs": 40})
NASAL = Training(SOUNDS, dense(28, 28), {"learning_rate": 0.004, "epochs": 30})
WOMEN = Training(SUGAR, dense(6, activation="tanh"), {"learning_rate": 0.005, "epochs": 20})
TYPED = Training(LETTERS, dense(72), {"learning_rate": 0.015, "epochs": 25, "batch_size": 64})
SWUNG = Training(PERIODS, dense(22, activation="tanh"), {"learning_rate": 0.02, "epochs": 100})
THROWN = Training(SHOTS, dense(40, 20), {"learning_rate": 0.012, "epochs": 100})
USED = Training(DEMAND, dense(30, 30, activation="gelu"), {"learning_rate": 0.005, "epochs": 60})
LIT = Training(CELLS, dense(26, activation="softplus"), {"learning_rate": 0.03, "epochs": 100})
MEASURED = Training(LINES, dense(30, activation="gelu"), {"learning_rate": 0.01, "epochs": 100})
ROLLED = Training(ROLL, dense(44, 44), {"learning_rate": 0.01, "epochs": 100})
NESTED = Training(SHELLS, dense(32, activation="tanh"), {"learning_rate": 0.015, "epochs": 120})
BENT = Training(PHASE, dense(34, activation="tanh"), {"learning_rate": 0.03, "epochs": 120})
FALLEN = Training(rain(600), dense(40), {"learning_rate": 0.015, "epochs": 80})
MIXED = Training(mixtures(500), dense(36, last="softmax"),
                 {"learning_rate": 0.015, "epochs": 80, "loss": "mean_squared_error"})  # fmt: skip
PICTURES = Training(
    shapes(450),
    cr.Network(cr.Conv(10, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense()),
    {"learning_rate": 0.012, "epochs": 18},
)
SERIES = Training(swings(400, 14), cr.Network(cr.GRU(14), cr.Dense(1)),
                  {"learning_rate": 0.02, "epochs": 50})  # fmt: skip
MOVED = Training(gestures, cr.Network(cr.Flatten(), cr.Dense(40, "relu"), cr.Dense()),
                 {"learning_rate": 0.003, "epochs": 50})  # fmt: skip
BASES = Training(
    genes(900),
    cr.Network(cr.Embedding(8, 6), cr.Flatten(), cr.Dense(20, "relu"), cr.Dense()),
    {"learning_rate": 0.003, "epochs": 8},
)
