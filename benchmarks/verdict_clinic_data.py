"""The clinic set's faults of rows and of their number: labels, scales, classes, overfitting."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_clinic_rows import (
    flats,
    fruit,
    made,
    opinions,
    particles,
    pendulums,
    reactors,
    scaled,
    sweeps,
    tone,
)
from verdict_clinic_trainings import (
    AUSTRALIAN,
    CARS,
    CLOCKS,
    CREDIT,
    DESCENT,
    DIGITS,
    HOURS,
    MOMENTUM,
    OPTDIGITS,
    PERIODS,
    PHONEME,
    PITCHES,
    RENTS,
    ROLLED,
    SEARCH,
    SPOKEN,
    TEXTS,
    VEHICLE,
    WAVED,
    YIELDS,
)
from verdict_runs import (
    Array,
    Data,
    Rows,
    Subject,
    Training,
    Ward,
    changed,
    dense,
    first,
    rare,
    shuffled,
    standardised,
    with_noise_columns,
)
from verdict_tables import keel

import chainrule as cr
import chainrule.randomness as randomness


def guessed(data: Data, share: float) -> Data:
    """Return data in which this share of the labels is another row's."""

    def rows(seed: int) -> Rows:
        inputs, targets = data(seed)
        order = randomness.permutation(seed, "guessed", len(targets))
        among = order[: int(share * len(targets))]
        changed_targets = targets.copy()
        changed_targets[among] = targets[randomness.permutation(seed, "guesses", len(among))]
        return inputs, changed_targets

    return rows


def sorted_columns(X: Array) -> Array:
    """Return each column sorted by itself, which takes rows apart."""
    return np.sort(X, axis=0)


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    return [
        ward.case("vehicle, the labels sorted by name and the rows not", CARS,
                  data=changed(VEHICLE, y=np.sort)),
        ward.case("rents of the next row", RENTS, data=changed(RENTS.data,
                                                               y=lambda y: np.roll(y, 1))),
        ward.case("digits, four of five labels guessed", DIGITS, data=guessed(OPTDIGITS, 0.8)),
        ward.case("gestures, shuffled labels", WAVED, data=shuffled(WAVED.data)),
        ward.case("roll, each column sorted by itself", ROLLED,
                  data=changed(ROLLED.data, X=sorted_columns)),
    ]  # fmt: skip


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    warm = YIELDS.but(**MOMENTUM, learning_rate=0.03)
    return [
        ward.case("pendulums in millimetres and grams", PERIODS,
                  data=changed(pendulums(500), y=standardised)),
        ward.case("rents in their currency", RENTS, data=scaled(flats(700))),
        ward.case("hours in gigawatts, about 50", HOURS,
                  data=changed(HOURS.data, y=lambda y: 50.0 + 4.0 * y)),
        ward.case("a reactor in Kelvin", warm, data=changed(reactors(700), y=standardised)),
        ward.case("clock hands from 0 to 255 by gradient descent",
                  CLOCKS.but(**DESCENT, learning_rate=0.05),
                  data=changed(CLOCKS.data, X=lambda X: 127.5 * (1.0 + np.clip(X, -1.0, 1.0)))),
    ]  # fmt: skip


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    balanced: dict[str, Any] = {"class_weight": "balanced"}
    hunt = Training(particles(2000, 0.04), dense(16),
                    {"learning_rate": 0.005, "epochs": 15, **balanced})  # fmt: skip
    speech = SPOKEN.but(rare(PHONEME, 1, 40), **balanced)
    third = made("classification", n_samples=1200, n_features=10, n_informative=6, n_classes=3,
                 n_clusters_per_class=1, weights=[0.6, 0.36, 0.04], class_sep=0.7)  # fmt: skip
    kinds = Training(third, dense(24, activation="elu"),
                     {"learning_rate": 0.005, "epochs": 20, **balanced})  # fmt: skip
    rising = PITCHES.but(sweeps(1500, share=0.03), epochs=4, **balanced)
    refused = CREDIT.but(rare(AUSTRALIAN, 1, 20), **balanced)
    return [
        ward.case("one particle in twenty-five is looked for", hunt, class_weight=None),
        ward.case("phonemes, forty of one class", speech, class_weight=None),
        ward.case("three kinds, one of twenty-five of the last", kinds, class_weight=None),
        ward.case("pitches, three in a hundred rise", rising, class_weight=None),
        ward.case("credit, twenty of one answer", refused, class_weight=None),
    ]  # fmt: skip


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    sugar = Training(with_noise_columns(scaled(fruit(70), targets=True), 60),
                     dense(4, activation="tanh"),
                     {"learning_rate": 0.005, "epochs": 60, "l2": 0.1})  # fmt: skip
    noisy = Training(tone(80, 1.0, 0.6), dense(12, activation="tanh"),
                     {"learning_rate": 0.01, "epochs": 40})  # fmt: skip
    livers = Training(keel("bupa"), dense(4, activation="tanh"),
                      {"epochs": 12, **SEARCH})  # fmt: skip
    pooled = cr.Network(cr.Embedding(300, 8), cr.GlobalAveragePool(over="time"), cr.Dense())
    by_heart = cr.Network(cr.Embedding(300, 32), cr.Flatten(), cr.Dense(64, "relu"), cr.Dense())
    few = TEXTS.but(opinions(300, 300), pooled)
    cars = CARS.but(first(VEHICLE, 160), dense(16, activation="tanh"), l2=0.01)
    return [
        ward.case("livers, forty units and 150 iterations of L-BFGS", livers,
                  network=dense(40, activation="tanh"), epochs=150, keep="last"),
        ward.case("sugar among sixty columns of noise", sugar, network=dense(80, 80), epochs=200,
                  l2=0.0, keep="last"),
        ward.case("a noisy tone, Levenberg and Marquardt with forty units", noisy,
                  network=dense(40, activation="tanh"), optimizer="levenberg_marquardt",
                  learning_rate=None, epochs=60, keep="last"),
        ward.case("few texts, weights for each word at each place, 60 epochs", few,
                  network=by_heart, epochs=60),
        ward.case("few vehicles, three wide layers for 120 epochs", cars,
                  network=dense(128, 128, 128), l2=0.0, epochs=120, keep="last"),
    ]  # fmt: skip
