"""The sound trainings that the forum set's faults are made of."""

from __future__ import annotations

from verdict_forum_rows import (
    curve,
    first_of,
    fuel,
    gestures,
    hires,
    made,
    marks,
    names,
    passengers,
    rents,
    scaled,
    shapes,
    spectra,
    table,
    tags,
    throws,
    tones,
)
from verdict_runs import Training, changed, dense, standardised
from verdict_tables import spirals

import chainrule as cr

FUEL, MARKS = scaled(fuel(400), targets=True), scaled(marks(600), targets=True)
RENTS, HIRES = scaled(rents(700), targets=True), scaled(hires(1200), targets=True)
THROWS, SPECTRA = scaled(throws(500), targets=True), scaled(spectra(400), targets=True)
VEHICLE, VOWEL = scaled(table("vehicle")), scaled(table("vowel", 990))
PHONEME, LETTERS = scaled(table("phoneme", 1500)), scaled(table("letter", 4000))
RADAR, OPTICAL = scaled(table("ionosphere")), changed(table("optdigits", 1500), X=lambda x: x / 16)
BANANA, CREDIT = scaled(table("banana", 1000)), scaled(table("german", 1000))
SPLICE, OXO = scaled(table("splice", 1500)), table("tic-tac-toe")
SHAPES, TONES, WALKS = shapes(700), tones(800), gestures(600)
SHARED = changed(passengers(300), X=lambda x: (x - 220.0) / 100.0, y=standardised)

ROAD = Training(FUEL, dense(64, 64), {"learning_rate": 0.002, "epochs": 40})
SCHOOL = Training(MARKS, dense(32), {"optimizer": "momentum", "learning_rate": 0.01, "epochs": 60})
FLATS = Training(RENTS, dense(32, 32), {"optimizer": "rmsprop", "learning_rate": 0.002,
                                        "epochs": 60})  # fmt: skip
CYCLES = Training(HIRES, dense(64, 32), {"optimizer": "nadam", "learning_rate": 0.002,
                                         "epochs": 40})  # fmt: skip
BALLS = Training(THROWS, dense(24, activation="tanh"), {"learning_rate": 0.02, "epochs": 80})
LIGHT = Training(SPECTRA, dense(32), {"learning_rate": 0.005, "epochs": 50})
CARS = Training(VEHICLE, dense(48), {"learning_rate": 0.005, "epochs": 50})
SPEECH = Training(VOWEL, dense(64, 64), {"learning_rate": 0.003, "epochs": 50})
SOUNDS = Training(PHONEME, dense(50), {"optimizer": "nadam", "learning_rate": 0.005, "epochs": 40})
ALPHABET = Training(LETTERS, dense(100), {"learning_rate": 0.004, "epochs": 15})
ECHOES = Training(RADAR, dense(20), {"learning_rate": 0.01, "epochs": 25})
SCANS = Training(OPTICAL, dense(48), {"optimizer": "gradient_descent", "learning_rate": 0.2,
                                      "epochs": 25})  # fmt: skip
FRUIT = Training(BANANA, dense(24, 24, activation="tanh"), {"learning_rate": 0.01, "epochs": 40})
LOANS = Training(CREDIT, dense(16), {"learning_rate": 0.003, "epochs": 12})
GENES = Training(SPLICE, dense(32), {"learning_rate": 0.001, "epochs": 8})
GAMES = Training(OXO, dense(40), {"learning_rate": 0.01, "epochs": 50})
SPIRAL = Training(spirals(600, 1.0, 0.02), dense(32, 32, activation="tanh"),
                  {"learning_rate": 0.01, "epochs": 80})  # fmt: skip
MOON = Training(made("moons", n_samples=500, noise=0.2), dense(16, 16),
                {"learning_rate": 0.01, "epochs": 60})  # fmt: skip
FIT = Training(curve(300, 0.1), dense(32, 32, activation="tanh"),
               {"learning_rate": 0.01, "epochs": 100})  # fmt: skip
TAGS = Training(tags(800), dense(32, outputs=1), {"loss": "binary_cross_entropy", "epochs": 10,
                                                  "learning_rate": 0.003})  # fmt: skip
PICTURES = Training(
    SHAPES,
    cr.Network(cr.Conv(8, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense()),
    {"learning_rate": 0.005, "epochs": 10},
)
WAVES = Training(
    TONES,
    cr.Network(cr.Conv(12, 7, activation="relu"), cr.Conv(12, 5, stride=2, activation="relu"),
               cr.GlobalMaxPool(), cr.Dense()),
    {"learning_rate": 0.01, "epochs": 15},
)  # fmt: skip
STEPS = Training(WALKS, cr.Network(cr.LSTM(12), cr.Dense()), {"learning_rate": 0.01, "epochs": 12})
FLIGHTS = Training(SHARED, cr.Network(cr.GRU(12), cr.Dense(1)),
                   {"learning_rate": 0.01, "epochs": 30})  # fmt: skip
NAMES = Training(
    names(900),
    cr.Network(cr.Embedding(26, 8), cr.GlobalAveragePool(over="time"), cr.Dense(16, "relu"),
               cr.Dense()),
    {"learning_rate": 0.01, "epochs": 15},
)  # fmt: skip
RECALL = Training(first_of(600, 16), cr.Network(cr.GRU(16, bias="chrono"), cr.Dense()),
                  {"learning_rate": 0.01, "epochs": 25})  # fmt: skip
