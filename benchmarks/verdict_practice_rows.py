"""The practice set's faults of the rows: labels, scales, shares of classes, too few rows."""

from __future__ import annotations

import numpy as np
from verdict_practice_data import (
    beams,
    beats,
    changed_by,
    flat,
    lines,
    places,
    premiums,
    scaled,
    shapes,
    stamps,
    tides,
    weather,
    worded,
)
from verdict_practice_trainings import (
    BEAMS,
    DISTRICTS,
    DRAWN,
    EBB,
    FLOOD,
    FORECAST,
    FRAUDS,
    GAMES,
    GENES,
    GRADES,
    HEARD,
    HEATED,
    LETTERS,
    NUMERALS,
    PAID,
    PICTURES,
    RADAR,
    SGD,
    SIGNED,
    SIGNS,
    SINKING,
    SKETCHED,
    SONGS,
    SORTED,
    SPLICED,
    STARS,
    SUNG,
    WAITED,
    WON,
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
    normal,
    rare,
    shuffled,
    standardised,
    uniform,
)

import chainrule as cr


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    return [
        ward.case("letters, inputs shuffled without their subjects", SORTED,
                  data=shuffled(LETTERS)),
        ward.case("genes, the file of classes sorted", SPLICED,
                  data=changed(mixed(GENES), y=np.sort)),
        ward.case("stars, temperatures a row off", HEATED, data=changed(STARS, y=a_row_off)),
        ward.case("tides, heights of another harbour", FLOOD, data=of_another_seed(tides(1500))),
        ward.case("shapes, pictures in another order than the names", DRAWN,
                  data=shuffled(PICTURES)),
        ward.case("chess, the result drawn by lot", WON, data=by_lot(GAMES, 2)),
        ward.case("gestures, joined by the wrong key", SIGNED, data=partly_shuffled(SIGNS, 0.85)),
    ]  # fmt: skip


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    kelvin = changed(STARS, y=lambda y: 6500.0 + 2200.0 * y)
    return [
        ward.case("beams, newtons beside pascals", SINKING,
                  data=changed_inputs(BEAMS, beams(600))),
        ward.case("town, degrees north and east", DISTRICTS, data=places(600)),
        ward.case("requests, seconds since 1970", WAITED, data=changed_inputs_of_stamps()),
        ward.case("premiums, paid in euros", PAID,
                  data=changed(PAID.data, y=lambda y: 9000.0 + 7500.0 * y)),
        ward.case("weather, as the station sends it", FORECAST, data=weather(700)),
        ward.case("shapes, grey values to 255 and plain steps",
                  SKETCHED.but(learning_rate=0.05, **SGD),
                  data=changed(flat(PICTURES), X=lambda X: np.round(255.0 * X))),
        ward.case("stars, kelvin as targets", HEATED, data=kelvin),
        ward.case("tides, millimetres into a GRU", EBB,
                  data=changed(lines(tides(400)), X=lambda X: 1000.0 * X)),
    ]  # fmt: skip


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    plain = {"class_weight": None}
    evenly = {"class_weight": "balanced"}
    rings = rare(shapes(600), 3, 10)
    sung = SUNG.but(rare(SONGS, 1, 14), **evenly)
    return [
        ward.case("frauds, one of forty", FRAUDS, **plain),
        ward.case("grades, the third of them rare", GRADES, **plain),
        ward.case("beats, few too early",
                  HEARD.but(beats(600, late=0.03, noise=0.3), epochs=6, **evenly), **plain),
        ward.case("numerals, eights nearly missing",
                  SORTED.but(rare(NUMERALS, 8, 14), epochs=3, **evenly), **plain),
        ward.case("shapes, ten rings", DRAWN.but(rings, epochs=10, **evenly), **plain),
        ward.case("melodies, one composer rare", sung, **plain),
        ward.case("genes, thirty of one kind", SPLICED.but(rare(GENES, 0, 30), **evenly), **plain),
    ]  # fmt: skip


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    last = {"keep": "last"}
    few = first(scaled(premiums(600), targets=True), 50)
    hearts = Training(scaled(worded("saheart")), dense(6),
                      {"learning_rate": 0.003, "epochs": 25, "l2": 0.02, **last})  # fmt: skip
    radar = Training(changed_by(RADAR, 0.2, 2), dense(8),
                     {"optimizer": "irprop_plus", "epochs": 20, "l2": 0.02, **last})  # fmt: skip
    surge = Training(tides(160, noise=0.8), dense(12), {"learning_rate": 0.005, "epochs": 60,
                                                        "l2": 0.05, **last})  # fmt: skip
    letters = Training(changed_by(first(LETTERS, 240), 0.25, 4), dense(16),
                       {"learning_rate": 0.005, "epochs": 20, "l2": 0.05, **last})  # fmt: skip
    curve = Training(powers(40, 15), cr.Network(cr.Dense()),
                     {"optimizer": "lbfgs", "epochs": 300, "l2": 0.02, **last})  # fmt: skip
    fitted = Training(few, dense(4, activation="tanh"),
                      {"optimizer": "bayesian_regularization", "epochs": 40, **last})  # fmt: skip
    return [
        ward.case("hearts, two wide layers and 150 epochs", hearts, network=dense(100, 100),
                  epochs=150, l2=0.0),
        ward.case("radar, a fifth of the labels wrong", radar, network=dense(128, 128), epochs=150,
                  l2=0.0),
        ward.case("tides, storms learned by heart", surge, network=dense(128, 128), epochs=200,
                  l2=0.0),
        ward.case("letters, few of them and a quarter misread", letters, network=dense(256),
                  epochs=100, l2=0.0),
        ward.case("premiums, fifty of them by Levenberg and Marquardt", fitted,
                  network=dense(20, activation="tanh"), optimizer="levenberg_marquardt"),
        ward.case("a polynomial of degree 15 through forty points", curve, l2=0.0),
    ]  # fmt: skip


# ---- what is done to the rows ----


def mixed(data: Data) -> Data:
    """Return data whose rows are in an order drawn by the seed."""
    return lambda seed: first(data, len(data(seed)[1]))(seed)


def a_row_off(y: Array) -> Array:
    return np.roll(y, 1, axis=0)


def of_another_seed(data: Data) -> Data:
    """Return inputs beside the targets of other rows of the same kind."""
    return lambda seed: (data(seed)[0], data(seed + 1000)[1])


def by_lot(data: Data, names: int) -> Data:
    """Return inputs beside classes that are drawn."""

    def rows(seed: int) -> Rows:
        X = data(seed)[0]
        return X, np.floor(uniform(seed, "lot", len(X), high=names)).astype(np.int64)

    return rows


def partly_shuffled(data: Data, part: float) -> Data:
    """Return data in which a share of the rows has the label of another one of them."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        chosen = np.flatnonzero(uniform(seed, "chosen", len(y)) < part)
        y = y.copy()
        y[chosen] = np.roll(y[chosen], 1 + len(chosen) // 3)
        return X, y

    return rows


def powers(count: int, degree: int) -> Data:
    """Return the powers of one number, and a noisy wave over it."""

    def rows(seed: int) -> Rows:
        x = np.linspace(-1.0, 1.0, count)
        y = np.sin(3.0 * x) + 0.5 * normal(seed, "noise of powers", count)
        return standardised(x[:, None] ** np.arange(1, degree + 1)), standardised(y)

    return rows


def changed_inputs(data: Data, other: Data) -> Data:
    """Return the inputs of one beside the targets of the other."""
    return lambda seed: (other(seed)[0], data(seed)[1])


def changed_inputs_of_stamps() -> Data:
    return changed_inputs(WAITED.data, stamps(500))
