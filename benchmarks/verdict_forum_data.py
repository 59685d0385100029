"""The forum set's faults that lie in the rows: their labels, their scale, their shares, their
number."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_forum_rows import (
    capacitors,
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
    table,
)
from verdict_forum_trainings import (
    BALLS,
    CARS,
    CYCLES,
    ECHOES,
    FIT,
    FLATS,
    FLIGHTS,
    LIGHT,
    MOON,
    NAMES,
    PICTURES,
    ROAD,
    SCHOOL,
    SOUNDS,
    STEPS,
    WAVES,
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
    with_noise_columns,
)

import chainrule.randomness as randomness

BALANCED: dict[str, Any] = {"class_weight": "balanced"}


def mixed(data: Data, share: float) -> Data:
    """Return data in which a share of the rows have changed labels with each other."""

    def rows(seed: int) -> Rows:
        inputs, y = data(seed)
        some = randomness.permutation(seed, "mixed", len(y))[: int(share * len(y))]
        y = y.copy()
        y[some] = y[some][randomness.permutation(seed, "among them", len(some))]
        return inputs, y

    return rows


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    return [
        ward.case("cars, rows shuffled and targets not", ROAD, data=shuffled(ROAD.data)),
        ward.case("vehicle, labels of another order", CARS, data=shuffled(CARS.data)),
        ward.case("shapes, labels one batch behind", PICTURES,
                  data=changed(PICTURES.data, y=lambda y: np.roll(y, 32))),
        ward.case("moons, most labels mixed", MOON, data=mixed(MOON.data, 0.85)),
        ward.case("spectra, targets sorted", LIGHT, data=changed(LIGHT.data, y=np.sort)),
        ward.case("gestures, labels sorted", STEPS, data=changed(STEPS.data, y=np.sort)),
        ward.case("names, labels from another file", NAMES, data=shuffled(NAMES.data)),
    ]  # fmt: skip


def stamped(X: Array) -> Array:
    """Return columns with the last one as seconds since 1970."""
    X = X.copy()
    X[:, -1] = 1.6e9 + 3.0e7 * X[:, -1]
    return X


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    small = Training(scaled(capacitors(400), targets=True), dense(24, activation="tanh"),
                     {"learning_rate": 0.01, "epochs": 50})  # fmt: skip
    inks = PICTURES.but(shapes(500), dense(48, activation="tanh"), epochs=25)
    return [
        ward.case("cars, columns in their units", ROAD,
                  data=changed(fuel(400), y=lambda y: (y - y.mean()) / y.std())),
        ward.case("flats, rents in euros", FLATS, data=scaled(rents(700))),
        ward.case("bicycles, columns and targets as they come", CYCLES, data=hires(1200)),
        ward.case("marks, all as it comes", SCHOOL.but(optimizer="adam"), data=marks(600)),
        ward.case("passengers, a GRU on hundreds", FLIGHTS, data=passengers(300)),
        ward.case("ionosphere, a column of seconds since 1970", ECHOES,
                  data=changed(ECHOES.data, X=stamped)),
        ward.case("capacitors, targets in farads", small, data=scaled(capacitors(400))),
        ward.case("waves, signals about 100", WAVES,
                  data=changed(WAVES.data, X=lambda X: 100.0 + 20.0 * X)),
        ward.case("shapes, inks to 255 and tanh",
                  inks.but(changed(inks.data, X=lambda X: X.reshape(len(X), -1))),
                  data=changed(inks.data, X=lambda X: 255.0 * X.reshape(len(X), -1))),
    ]  # fmt: skip


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    frauds = made("classification", n_samples=1500, n_features=12, n_informative=5,
                  weights=[0.97], class_sep=0.8, flip_y=0.02)  # fmt: skip
    fraud = Training(frauds, dense(24), {"learning_rate": 0.002, "epochs": 15})

    def unequal(name: str, **given: Any) -> Training:
        rows = scaled(table(name, 2000, "imbalanced"))
        return Training(rows, dense(16), {"learning_rate": 0.003, "epochs": 15, **given})

    sounds = scaled(rare(table("phoneme", 2000), 1, 45))
    cases = {
        "frauds, three in a hundred": fraud,
        "yeast, 51 of 1484": unequal("yeast4"),
        "wines, 53 of 1599": unequal("winequality-red-4", epochs=20),
        "abalones, 42 of 731": unequal("abalone9-18", epochs=10),
        "flares, 43 of 1066": unequal("flare-F", optimizer="rmsprop", learning_rate=0.001),
        "gestures, few who walk": STEPS.but(gestures(700, chances=(10, 0.5, 0.7)), epochs=8),
        "shapes, few crosses": PICTURES.but(rare(shapes(700, noise=0.6), 2, 15), epochs=6),
        "phonemes, 45 of one kind": SOUNDS.but(sounds, epochs=10, learning_rate=0.001),
        "names, few of one language": NAMES.but(rare(names(900), 1, 25), epochs=10),
    }
    return [ward.case(name, one.but(**BALANCED), class_weight=None) for name, one in cases.items()]


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    wide: dict[str, Any] = {"network": dense(256, 256), "epochs": 150, "keep": "last"}
    few = {"learning_rate": 0.002, "epochs": 20}
    method = Training(scaled(table("contraceptive", 600)), dense(8), few)
    hearts = Training(with_noise_columns(scaled(table("saheart")), 40), dense(4),
                      {**few, "l2": 0.05})  # fmt: skip
    loans = Training(scaled(table("german", 500)), dense(8), {**few, "epochs": 8})
    curve = Training(
        first(FIT.data, 60),
        dense(4, activation="tanh"),
        {"optimizer": "levenberg_marquardt", "epochs": 30},
    )
    words = NAMES.but(first(names(900), 200), epochs=8)
    return [
        ward.case("contraceptives, two layers of 256", method, **wide),
        ward.case("hearts, forty columns of noise", hearts, **wide, l2=0.0),
        ward.case("loans, two layers of 256", loans, **wide),
        ward.case("a curve, 45 points and a thousand weights", curve,
                  network=dense(30, 30, activation="tanh"), epochs=100, keep="last"),
        ward.case("names, 150 words for ten times the epochs", words, epochs=120, keep="last"),
        ward.case("throws, 45 rows and thirty columns of noise",
                  BALLS.but(first(BALLS.data, 60), l2=0.01),
                  data=with_noise_columns(first(BALLS.data, 60), 30), **wide),
    ]  # fmt: skip
