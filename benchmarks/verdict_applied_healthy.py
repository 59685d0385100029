"""The applied set's healthy runs: trainings of laboratories, workshops and desks that are sound."""

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
    reach,
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
    colonies,
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
from verdict_runs import Data, Subject, Training, changed, dense, healthy
from verdict_tables import itself, keel

import chainrule as cr

SAID = scaled(raw_spoken(10))


def run(data: Data, network: cr.Network, rate: Any, epochs: int, **more: Any) -> Training:
    """Return a training; a rate of None is left to the optimizer."""
    given = {} if rate is None else {"learning_rate": rate}
    return Training(data, network, {**given, "epochs": epochs, **more})


def subjects() -> list[Subject]:
    """Return all healthy runs."""
    found = {**signals(), **formulas(), **tables(), **images_and_words()}
    return [healthy(name, one) for name, one in found.items()]


def signals() -> dict[str, Training]:
    """Recordings, sensors, spectra."""
    hours, heaps = scaled(demand(700, 24, 12.0), targets=True), scaled(minerals(500, 0.5))
    light = scaled(absorbance(400, 0.06), targets=True)
    engine = scaled(wear(700, 0.05), targets=True)
    return {
        "spoken digits": run(SAID, dense(64), 0.005, 50),
        "spoken digits, piece by piece": run(
            heard(SAID), cr.Network(cr.GRU(24), cr.Dense()), 0.01, 45),
        "minerals, momentum": run(heaps, dense(40), 0.03, 40, optimizer="momentum"),
        "minerals, given back": run(itself(heaps), dense(12, outputs=80), 0.01, 80),
        "minerals, seen by kernels": run(
            changed(heaps, X=lambda x: x[:, None, :]),
            cr.Network(cr.Conv(8, 7, stride=2, activation="relu"), cr.MaxPool(2), cr.Flatten(),
                       cr.Dense()), 0.01, 30),
        "motion, kernels over time": run(
            motion(500, 0.4),
            cr.Network(cr.Conv(12, 5, activation="relu"), cr.MaxPool(2),
                       cr.Conv(12, 3, activation="relu"), cr.GlobalMaxPool(), cr.Dense()),
            0.01, 25),
        "motion, batch norm": run(
            flat(motion(600, 0.4)),
            cr.Network(cr.Dense(48), cr.BatchNorm(), cr.Activation("relu"), cr.Dense()),
            0.06, 60),
        "demand, huber": run(hours, dense(32), 0.01, 50, loss="huber"),
        "demand, hour by hour": run(
            in_time(hours), cr.Network(cr.GRU(10), cr.Dense(1)), 0.02, 35, clip_norm=1.0),
        "demand, the upper tenth": run(
            hours, dense(16, activation="tanh"), 0.005, 40, loss=cr.loss("quantile", quantile=0.9)),
        "a substance, lbfgs": run(
            light, dense(6, activation="tanh"), None, 80, optimizer="lbfgs"),
        "a substance, all straight": run(light, dense(), 0.03, 120, l2=1e-4),
        "hours left, early end": run(engine, dense(32, 32), 0.003, 120, patience=12),
        "chirps, lstm": run(chirps(400, 24, 0.3), cr.Network(cr.LSTM(12), cr.Dense()), 0.02, 25),
        "flags, gru": run(flags(300, 15), cr.Network(cr.GRU(8), cr.Dense()), 0.03, 25),
    }  # fmt: skip


def formulas() -> dict[str, Training]:
    """Physics, chemistry, robots."""
    return {
        "torques": run(scaled(torques(900, 4.0), targets=True),
                       dense(48, 48, activation="silu", outputs=2), 0.01, 60),
        "reach, levenberg": run(reach(400, 0.05), dense(12, activation="tanh", outputs=2), None, 60,
                                optimizer="levenberg_marquardt"),
        "a pendulum, rprop": run(scaled(swing(500, 2.5), targets=True),
                                 dense(16, activation="tanh"), None, 200,
                                 optimizer="irprop_plus"),
        "pressure, levenberg": run(scaled(pressure(300, 0.03), targets=True),
                                   dense(8, activation="tanh"), None, 40,
                                   optimizer="levenberg_marquardt"),
        "kinetics, rmsprop": run(scaled(kinetics(600, 1.0), targets=True),
                                 dense(24, activation="elu"), 0.01, 80, optimizer="rmsprop"),
        "strength, nadam": run(scaled(strength(600, 7.0), targets=True), dense(40), 0.01, 80,
                               optimizer="nadam"),
        "a bond, bfgs": run(scaled(bond(250, 0.4), targets=True), dense(8, activation="tanh"),
                            None, 60, optimizer="bfgs"),
        "a tone, bayes": run(scaled(tone(200, 2.5, 0.1)), dense(12, activation="tanh"), None, 80,
                             optimizer="bayesian_regularization"),
        "a dose, log cosh": run(scaled(dose(500, 25.0), targets=True), dense(24), 0.01, 80,
                                loss="log_cosh"),
    }  # fmt: skip


def tables() -> dict[str, Training]:
    """Clinics, banks, markets."""
    few = scaled(expressed(160, 100, 10, 0.5))
    return {
        "returns, a tenth known": run(returns(900, 0.1), dense(8, activation="tanh"), 0.003, 20,
                                      l2=0.003),
        "returns, all straight": run(returns(700, 0.2), dense(), 0.02, 15,
                                     optimizer="gradient_descent"),
        "borrowers, adamw": run(rated(900, 0.3, 1.0), dense(16), 0.005, 25, optimizer="adamw"),
        "borrowers, weighed": run(rated(1200, 0.08, 2.0), dense(16), 0.01, 50,
                                  class_weight="balanced"),
        "genes of two groups": run(few, cr.Network(cr.Dropout(0.3), cr.Dense(16, "relu"),
                                                   cr.Dense()), 0.01, 60, l2=0.001),
        "showers, softplus": run(showers(700), dense(32, last="softplus"), 0.01, 50),
        "calls, poisson": run(calls(600), dense(24), 0.01, 40, loss="poisson"),
        "pima, nesterov": run(keel("pima"), dense(12, activation="tanh"), 0.01, 30,
                              optimizer="nesterov"),
        "vowels, cosine": run(keel("vowel"), dense(48, activation="tanh"),
                              cr.CosineDecay(0.03, 60), 60),
        "vehicles, one cycle": run(keel("vehicle"), dense(40), cr.OneCycle(0.03, 40), 40),
        "radar, hinge": run(keel("ionosphere"), dense(16), 0.01, 30, loss="hinge"),
        "sonar, scaled conjugate": run(keel("sonar"), dense(8, activation="tanh"), None, 25,
                                       optimizer="scaled_conjugate_gradient", l2=0.01),
        "phonemes, adagrad": run(keel("phoneme", 1500), dense(40), 0.05, 40, optimizer="adagrad"),
        "tissue, straight": run(keel("wdbc"), dense(), 0.01, 40),
        "letters, residual": run(
            keel("letter", 2500),
            cr.Network(cr.Dense(64, "relu"), cr.Residual(cr.Dense(64, "relu"), cr.Dense(64)),
                       cr.Dense()), 0.003, 20),
        "gestures": run(keel("movement_libras"), dense(60), 0.003, 60),
        "livers, adadelta": run(keel("bupa"), dense(10, activation="sigmoid"), 1.0, 120,
                                optimizer="adadelta"),
        "choices, noisy": run(keel("contraceptive"), dense(16), 0.005, 20),
        "customers, large steps": run(keel("marketing", 2000), dense(24, activation="gelu"), 0.01,
                                      20, batch_size=128),
    }  # fmt: skip


def images_and_words() -> dict[str, Training]:
    """Small images, messages, sequences of letters."""
    return {
        "defects": run(
            changed(defects(500, 0.12), X=lambda x: (x - 0.5) / 0.2),
            cr.Network(cr.Conv(8, 3, activation="relu"), cr.MaxPool(2),
                       cr.Conv(12, 3, activation="relu"), cr.GlobalMaxPool(), cr.Dense()),
            0.01, 20),
        "colonies": run(
            changed(colonies(500, 0.7), X=lambda x: 3.0 * x, y=lambda y: y / 3.0 - 1.0),
            cr.Network(cr.Conv(8, 3, activation="relu"), cr.GlobalAveragePool(),
                       cr.Dense(8, "relu"), cr.Dense(1)), 0.02, 40),
        "messages, counted words": run(
            changed(messages(900, 200), X=np.log1p),
            cr.Network(cr.Dropout(0.2), cr.Dense(24, "relu"), cr.Dense()), 0.003, 20),
        "messages, word by word": run(
            texts(900, 300, 20),
            cr.Network(cr.Embedding(300, 8), cr.GlobalAveragePool(over="time"), cr.Dense()),
            0.02, 20),
        "borders of genes": run(
            genes(900),
            cr.Network(cr.Embedding(8, 4), cr.Flatten(), cr.Dropout(0.3), cr.Dense(24, "relu"),
                       cr.Dense()), 0.003, 20),
    }  # fmt: skip
