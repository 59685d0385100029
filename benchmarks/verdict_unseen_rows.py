"""The unseen set's faults of rows: labels, scales, few of a class, too few in all."""

from __future__ import annotations

import numpy as np
from verdict_runs import (
    Data,
    Rows,
    Subject,
    Training,
    Ward,
    changed,
    dense,
    first,
    normal,
    shuffled,
    with_noise_columns,
)
from verdict_tables import digit_images, keel, raw_keel
from verdict_unseen_tables import (
    houses,
    made,
    raw_heart,
    reviews,
    sales,
    scaled,
    unequal,
    wavy,
    windows,
)
from verdict_unseen_trainings import (
    CELLS,
    CIRCUIT,
    FIELDS,
    FRIEDMAN,
    HEART,
    HOUSES,
    IMAGES,
    LAND,
    MAGIC,
    PENS,
    PIXELS,
    PRICES,
    RINGED,
    SEGMENT,
    SGD,
    SHOWERS,
    SOLD,
    SWINGS,
    TEXTS,
    TEXTURE,
    TISSUE,
    WOVEN,
    WRITTEN,
)

import chainrule as cr


def uninformative_labels() -> list[Subject]:
    ward = Ward("uninformative_labels", treatable=False)
    return [
        ward.case("texture, shuffled by themselves", WOVEN, data=shuffled(TEXTURE)),
        ward.case("pens, joined one row off", WRITTEN, data=rolled(PENS, 1)),
        ward.case("prices, joined forty rows off", PRICES, data=rolled(HOUSES, 40)),
        ward.case("land, y sorted and X not", FIELDS, data=changed(LAND, y=np.sort)),
        ward.case("cells, y sorted and X not", TISSUE, data=changed(CELLS, y=np.sort)),
        ward.case("digits, a transposed array reshaped", IMAGES, data=scrambled(digit_images)),
        ward.case("series, differences of pure chance", SWINGS, data=chance(windows(400, 12, 0.1))),
        ward.case("segment, four of five labels guessed", PIXELS, data=guessed(SEGMENT, 0.85)),
    ]


def rolled(data: Data, places: int) -> Data:
    return changed(data, y=lambda y: np.roll(y, places))


def scrambled(data: Data) -> Data:
    """Return data whose inputs were turned on their side and cut into rows again."""
    return changed(data, X=lambda X: X.reshape(len(X), -1).T.reshape(X.shape))


def chance(data: Data) -> Data:
    """Return data whose target has nothing to do with them."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X, normal(seed, "steps of chance", len(y))

    return rows


def guessed(data: Data, share: float) -> Data:
    """Return data in which a share of the labels is that of any other row."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        wrong = np.abs(normal(seed, "guessed", len(y))).argsort().argsort() < share * len(y)
        return X, np.where(wrong, shuffled(data)(seed)[1], y)

    return rows


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    raw, dollars = houses(700), changed(houses(700), y=lambda y: (y - y.mean()) / y.std())
    return [
        ward.case("prices, columns as they came", PRICES, data=dollars),
        ward.case("prices, in dollars", PRICES, data=changed(HOUSES, y=lambda y: 1e5 * (y + 1.8))),
        ward.case("prices, nothing scaled", PRICES, data=raw),
        ward.case("heart, cholesterol beside 0 and 1",
                  Training(HEART, dense(24, activation="tanh"),
                           {**SGD, "learning_rate": 0.05, "epochs": 40}), data=raw_heart),
        ward.case("sales, the second since 1970", SOLD, data=sales(500)),
        ward.case("land, 0 to 255 by plain descent", FIELDS.but(**SGD, learning_rate=0.1),
                  data=first(raw_keel("satimage"), 1000)),
        ward.case("showers, as measured, tanh", SHOWERS.but(network=dense(32, activation="tanh")),
                  data=first(raw_keel("magic"), 1500)),
        ward.case("pens, 0 to 100 through tanh",
                  WRITTEN.but(network=dense(40, activation="tanh"), learning_rate=0.003),
                  data=first(raw_keel("penbased"), 2500)),
        ward.case("texture, a column in other units", WOVEN,
                  data=changed(TEXTURE, X=lambda X: X * np.where(np.arange(40) == 7, 2000.0, 1))),
        ward.case("segment, metres for micrometres", PIXELS,
                  data=changed(SEGMENT, X=lambda X: 1e-4 * X)),
        ward.case("circuit, targets of a ten-thousandth", CIRCUIT,
                  data=changed(FRIEDMAN, y=lambda y: 1e-4 * y)),
    ]  # fmt: skip


def imbalance() -> list[Subject]:
    ward = Ward("imbalance", judge="balanced error")
    few = {"n_samples": 1000, "n_informative": 4, "class_sep": 0.5, "flip_y": 0.0}
    skewed = made("classification", n_features=12, weights=[0.97], **few)
    yeast = Training(unequal("yeast6"), dense(16, activation="tanh"),
                     {"learning_rate": 0.003, "epochs": 12})  # fmt: skip
    cases = {
        "yeast, 35 of 1484": yeast.but(epochs=8),
        "yeast, another 51": yeast.but(unequal("yeast4"), dense(20)),
        "wine, the worst 3 %": yeast.but(unequal("winequality-red-4"), dense(32)),
        "97 to 3": yeast.but(skewed, dense(24, activation="gelu")),
        "a kind of soil": yeast.but(thinned(keel("satimage", 2000), 3, 0.15), dense(16), epochs=15),
        "two shells, one thin": yeast.but(thinned(RINGED, 0, 0.05), dense(20)),
        "kind words are rare": TEXTS.but(thinned(reviews(1500, 60, 12), 1, 0.05), epochs=7),
    }
    return [
        ward.case(name, one.but(class_weight="balanced"), class_weight=None)
        for name, one in cases.items()
    ]


def thinned(data: Data, label: int, share: float) -> Data:
    """Return data in which only so large a share of a class is left."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        own = np.cumsum(y == label)
        kept = (y != label) | (own <= share * own[-1])
        return X[kept], y[kept]

    return rows


def overfitting() -> list[Subject]:
    ward = Ward("overfitting")
    wide = made("classification", n_samples=200, n_features=80, n_informative=5, n_redundant=0,
                flip_y=0.2)  # fmt: skip
    last = {"keep": "last"}
    heart = Training(HEART, dense(100, 100), {"learning_rate": 0.002, "epochs": 12, **last})
    narrow = Training(wide, dense(50), {"learning_rate": 0.005, "epochs": 20, "l2": 0.3, **last})
    loud = scaled(made("friedman3", n_samples=90, noise=0.4), targets=True)
    pair = CIRCUIT.but(loud, dense(200), learning_rate=0.003, epochs=20, **last)
    curve = Training(wavy(40, 0.5), dense(10, activation="tanh"),
                     {"optimizer": "bayesian_regularization", "epochs": 40, **last})  # fmt: skip
    return [
        ward.case("heart, 400 epochs", heart, epochs=400),
        ward.case("eighty columns, five of use", narrow, epochs=300, l2=0.0),
        ward.case("ninety rows, 200 units", pair, epochs=500),
        ward.case("forty points, a curve through each", curve, network=dense(40, activation="tanh"),
                  optimizer="levenberg_marquardt", epochs=100),
        ward.case("segment, three of ten labels wrong",
                  PIXELS.but(guessed(SEGMENT, 0.35), dense(128), epochs=6, **last), epochs=150),
        ward.case("columns of noise beside the houses",
                  PRICES.but(with_noise_columns(first(HOUSES, 200), 40), epochs=25, l2=0.1, **last),
                  epochs=300, l2=0.0),
        ward.case("showers, 200 rows and 400 epochs",
                  SHOWERS.but(first(MAGIC, 200), dense(100, 100), epochs=8, **last), epochs=400),
        ward.case("a series, a large LSTM",
                  SWINGS.but(windows(150, 12, 0.6), cr.Network(cr.LSTM(32), cr.Dense(1)),
                             epochs=12, **last), epochs=150),
    ]  # fmt: skip
