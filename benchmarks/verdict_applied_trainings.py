"""The sound trainings that the applied set's faults are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_applied_rows import (
    absorbance,
    demand,
    flat,
    genes,
    heard,
    in_time,
    messages,
    minerals,
    motion,
    raw_spoken,
    scaled,
    swing,
    texts,
    torques,
    wear,
)
from verdict_applied_science import (
    bond,
    calls,
    chirps,
    defects,
    dose,
    expressed,
    flags,
    kinetics,
    pressure,
    rated,
    returns,
    showers,
    strength,
    tone,
)
from verdict_runs import Data, Training, changed, dense
from verdict_tables import keel

import chainrule as cr


def run(data: Data, network: cr.Network, rate: Any, epochs: int, **more: Any) -> Training:
    """Return a training; a rate of None is left to the optimizer."""
    given = {} if rate is None else {"learning_rate": rate}
    return Training(data, network, {**given, "epochs": epochs, **more})


SGD = {"optimizer": "gradient_descent"}
SAID = scaled(raw_spoken(8))
WALKS, MARKS = motion(480, 0.4), changed(defects(420, 0.1), X=lambda x: (x - 0.5) / 0.2)
HOURS = scaled(demand(600, 24, 12.0), targets=True)
ROCKS, LIGHT = scaled(minerals(450, 0.3)), scaled(absorbance(350, 0.05), targets=True)
GAS, RATES = scaled(pressure(500, 0.03), targets=True), scaled(kinetics(500, 0.5), targets=True)
MIX, DOSES = scaled(strength(500, 5.0), targets=True), scaled(dose(500, 20.0), targets=True)
ENGINE, ARM = scaled(wear(600, 0.05), targets=True), scaled(torques(700, 2.0), targets=True)
PENDULUM = scaled(swing(500, 1.0), targets=True)
RINGING = scaled(tone(250, 2.5, 0.1))
SMS, VOWELS = changed(messages(800, 200), X=np.log1p), keel("vowel")

SPEECH = run(SAID, dense(64), 0.003, 40)
SPOKEN_STEPS = run(heard(SAID), cr.Network(cr.GRU(20), cr.Dense()), 0.01, 25)
STEPS = run(flat(WALKS), dense(64, 32), 0.003, 30)
ACCELERATIONS = run(
    WALKS,
    cr.Network(cr.Conv(8, 5, activation="relu"), cr.MaxPool(2), cr.Conv(8, 3, activation="relu"),
               cr.GlobalMaxPool(), cr.Dense()), 0.01, 20)  # fmt: skip
SURFACES = run(
    MARKS,
    cr.Network(cr.Conv(8, 3, activation="relu"), cr.MaxPool(2), cr.Flatten(),
               cr.Dense(16, "relu"), cr.Dense()), 0.005, 15)  # fmt: skip
GRID = run(HOURS, dense(32), 0.005, 40)
GRID_STEPS = run(in_time(HOURS), cr.Network(cr.GRU(10), cr.Dense(1)), 0.02, 20)
RAMAN = run(ROCKS, dense(40), 0.003, 30)
INFRARED = run(LIGHT, dense(16, activation="tanh"), 0.01, 60)
VESSEL = run(GAS, dense(24, 24), 0.01, 60)
REACTION = run(RATES, dense(24, activation="elu"), 0.01, 60, optimizer="rmsprop")
CONCRETE = run(MIX, dense(40), 0.01, 60)
PATIENTS = run(DOSES, dense(24), 0.01, 50)
TURBINE = run(ENGINE, dense(32, 32), 0.005, 40)
ROBOT = run(ARM, dense(48, 48, activation="silu", outputs=2), 0.01, 50)
BOB = run(PENDULUM, dense(24, activation="tanh"), 0.02, 60)
MORSE = run(scaled(bond(250, 0.2), targets=True), dense(16, activation="tanh"), 0.03, 80)
SOUND = run(RINGING, dense(24, activation="tanh"), 0.02, 150)
TURNS = run(chirps(400, 24, 0.3), cr.Network(cr.LSTM(12), cr.Dense()), 0.02, 25)
SIGNS = run(flags(300, 30), cr.Network(cr.GRU(8), cr.Dense()), 0.03, 25)
TRADES = run(returns(800, 0.25), dense(12, activation="tanh"), 0.003, 20, l2=0.003)
LOANS = run(rated(900, 0.3, 1.5), dense(24), 0.005, 25)
GROUPS = run(scaled(expressed(200, 60, 8, 0.5)), dense(16, activation="tanh"), 0.003, 30,
             l2=0.005)  # fmt: skip
WEATHER = run(showers(600), dense(32), 0.01, 40)
CALLS = run(calls(600), dense(24), 0.01, 30)
MAILS = run(SMS, dense(24), 0.003, 20)
WORDS = run(
    texts(800, 300, 20),
    cr.Network(cr.Embedding(300, 8), cr.GlobalAveragePool(over="time"), cr.Dense()),
    0.02,
    20,
)
BORDERS = run(
    genes(800),
    cr.Network(cr.Embedding(8, 4), cr.Flatten(), cr.Dense(24, "relu"), cr.Dense()), 0.003, 15,
)  # fmt: skip
UTTERED = run(VOWELS, dense(40, activation="tanh"), 0.01, 60)
CARS = run(keel("vehicle"), dense(40), 0.01, 40)
SUGAR = run(keel("pima"), dense(16, activation="tanh"), 0.01, 25)
ECHOES = run(keel("ionosphere"), dense(20), 0.005, 30)
TUMOURS = run(keel("wdbc"), dense(16), 0.005, 30)
CONSONANTS = run(keel("phoneme", 1200), dense(40), 0.01, 40)
LETTERS = run(keel("letter", 2000), dense(80), 0.005, 25)
