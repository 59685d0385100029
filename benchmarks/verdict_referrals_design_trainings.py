"""The sound trainings that the faults of the referrals' second part are made of."""

from __future__ import annotations

from verdict_referrals_design_rows import (
    calls,
    kinetics,
    loads,
    mixtures,
    notes,
    signs,
    throws,
)
from verdict_runs import Training, dense
from verdict_tables import keel

import chainrule as cr

FLIGHTS, HOURS = throws(480, 0.15), loads(620, 26, 0.25)
LETTERS, SPOKEN = keel("letter", 3200), keel("vowel", 990)
SOUNDS, CARS = keel("phoneme", 1400), keel("vehicle", 846)
RADAR = keel("ionosphere")
HANDS = keel("optdigits", 1300)
SPECTRA = mixtures(560, 66, 0.25)

FLIGHT = Training(FLIGHTS, dense(36, activation="tanh"), {"learning_rate": 0.015, "epochs": 140})
LOAD = Training(HOURS, dense(28, 14), {"optimizer": "rmsprop", "learning_rate": 0.0025,
                                       "epochs": 30})  # fmt: skip
SHARES = Training(kinetics(450, 0.1), dense(22, 22, activation="softplus"),
                  {"optimizer": "nadam", "learning_rate": 0.015, "epochs": 180})  # fmt: skip
LETTER = Training(LETTERS, dense(88), {"learning_rate": 0.006, "epochs": 25})
VOWEL = Training(SPOKEN, dense(72, activation="gelu"),
                 {"optimizer": "nadam", "learning_rate": 0.015, "epochs": 70})  # fmt: skip
SOUND = Training(SOUNDS, dense(26, 26), {"learning_rate": 0.006, "epochs": 30})
CAR = Training(CARS, dense(44, activation="tanh"),
               {"optimizer": "momentum", "learning_rate": 0.03, "epochs": 50})  # fmt: skip
RADARS = Training(RADAR, dense(18), {"learning_rate": 0.006, "epochs": 25, "batch_size": 20})
HAND = Training(HANDS, dense(56), {"optimizer": "adamw", "learning_rate": 0.004, "epochs": 15})
MIXED = Training(SPECTRA, dense(34), {"learning_rate": 0.0015, "epochs": 25, "batch_size": 24})
CALLED = Training(calls(650, 0.8), dense(18, activation="tanh"),
                  {"loss": "poisson", "learning_rate": 0.015, "epochs": 90})  # fmt: skip
SEEN = Training(
    signs(600, 0.5),
    cr.Network(cr.Conv(10, 5, activation="relu"), cr.GlobalMaxPool(), cr.Dense()),
    {"learning_rate": 0.015, "epochs": 26},
)
NOTED = Training(
    notes(720, 60, 16, 0.35),
    cr.Network(cr.Embedding(90, 6), cr.GRU(14), cr.Dense()),
    {"learning_rate": 0.007, "epochs": 12},
)
