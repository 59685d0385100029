"""The sound trainings that the practice set's faults are made of."""

from __future__ import annotations

from verdict_practice_data import (
    beams,
    beats,
    figures_on_a_plate,
    flat,
    graded,
    lines,
    melodies,
    payments,
    pinwheel,
    places,
    premiums,
    rentals,
    rolled,
    scaled,
    shapes,
    shells,
    stamps,
    stars,
    subjects_of_letters,
    tides,
    weather,
    worded,
)
from verdict_runs import Training, dense
from verdict_tables import keel

import chainrule as cr

SGD = {"optimizer": "gradient_descent"}
BEAMS = scaled(beams(600), targets=True)
STARS = scaled(stars(500), targets=True)
SKY = scaled(weather(700), targets=True)
COSTS = scaled(premiums(600), targets=True)
PLATE = figures_on_a_plate(700)
SHEET = scaled(rolled(600, 0.2), targets=True)
TOWN, WHEEL = scaled(places(600)), pinwheel(600, 5)
PICTURES, PULSES = shapes(1000), beats(500)
NUMERALS, SIGNS, MATS = keel("optdigits", 4000), keel("movement_libras"), keel("vowel")
RADAR = keel("ionosphere")
GENES, GAMES = worded("splice", 1000), worded("chess", 1200)
LAYERS, LETTERS = shells(700, 5, 3), scaled(subjects_of_letters(2000))
SONGS = melodies(600)

SINKING = Training(BEAMS, dense(32, 32, activation="tanh"), {"learning_rate": 0.005, "epochs": 40})
HEATED = Training(STARS, dense(40), {"optimizer": "rmsprop", "learning_rate": 0.002, "epochs": 50})
FORECAST = Training(SKY, dense(24, activation="gelu"), {"learning_rate": 0.005, "epochs": 30})
PAID = Training(COSTS, dense(48, 24), {"learning_rate": 0.003, "epochs": 40})
SOUNDING = Training(PLATE, dense(48, 48, activation="tanh"),
                    {"learning_rate": 0.01, "epochs": 50, "batch_size": 16})  # fmt: skip
UNROLLED = Training(
    SHEET,
    cr.Network(cr.Dense(32, "mish"), cr.Residual(cr.LayerNorm(), cr.Dense(32, "mish")),
               cr.Dense(1)),
    {"loss": "huber", "learning_rate": 0.005, "epochs": 50},
)  # fmt: skip
LENT = Training(rentals(800), dense(32), {"loss": "poisson", "learning_rate": 0.005,
                                                      "epochs": 40})  # fmt: skip
DISTRICTS = Training(TOWN, dense(24), {"optimizer": "nadam", "learning_rate": 0.01, "epochs": 40})
TURNING = Training(WHEEL, dense(32, 32), {"learning_rate": 0.005, "epochs": 40})
DRAWN = Training(
    PICTURES,
    cr.Network(cr.Conv(16, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(), cr.Dense(32, "relu"),
               cr.Dense()),
    {"learning_rate": 0.003, "epochs": 12},
)  # fmt: skip
SKETCHED = Training(flat(PICTURES), dense(64, 32), {"learning_rate": 0.002, "epochs": 30})
HEARD = Training(
    PULSES,
    cr.Network(cr.Conv(8, 7, activation="relu"), cr.MaxPool(2), cr.Conv(8, 5, activation="relu"),
               cr.Flatten(), cr.Dense()),
    {"optimizer": "amsgrad", "learning_rate": 0.005, "epochs": 15},
)  # fmt: skip
NUMBERED = Training(NUMERALS, dense(64), {"learning_rate": 0.002, "epochs": 20})
SIGNED = Training(SIGNS, dense(80, activation="tanh"), {"learning_rate": 0.003, "epochs": 60})
SPOKEN = Training(MATS, dense(60), {"optimizer": "momentum", "learning_rate": 0.03, "epochs": 50})
RANGED = Training(RADAR, dense(20), {"learning_rate": 0.003, "epochs": 30})
SPLICED = Training(GENES, dense(40), {"learning_rate": 0.001, "epochs": 8})
WON = Training(GAMES, dense(40, 20), {"optimizer": "adagrad", "learning_rate": 0.03,
                                      "epochs": 20})  # fmt: skip
SHELLED = Training(LAYERS, dense(40), {"learning_rate": 0.01, "epochs": 40})
SORTED = Training(LETTERS, dense(32), {"learning_rate": 0.002, "epochs": 10})
SUNG = Training(
    SONGS,
    cr.Network(cr.Embedding(12, 8), cr.GRU(16), cr.Dense()),
    {"learning_rate": 0.01, "epochs": 20},
)
EBB = Training(lines(tides(400)), cr.Network(cr.GRU(12), cr.Dense()),
               {"learning_rate": 0.01, "epochs": 20})  # fmt: skip
FLOOD = Training(tides(1500), dense(32), {"learning_rate": 0.005, "epochs": 40})
WAITED = Training(scaled(stamps(500)), dense(32, 32, activation="tanh"),
                  {"learning_rate": 0.01, "epochs": 60})  # fmt: skip
FRAUDS = Training(payments(1500, 0.025, apart=1.1), dense(24),
                  {"learning_rate": 0.005, "epochs": 20, "class_weight": "balanced"})  # fmt: skip
GRADES = Training(graded(1200, (0.62, 0.35, 0.03), 1.6), dense(32),
                  {"learning_rate": 0.005, "epochs": 20, "class_weight": "balanced"})  # fmt: skip
