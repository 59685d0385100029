"""The unseen set's faults, as people make them; written without knowing how a verdict is found."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_runs import (
    Data,
    Subject,
    Training,
    Ward,
    changed,
    dense,
    first,
    of_deviation,
)
from verdict_tables import digit_images, itself, raw_digits, raw_keel
from verdict_unseen_rows import imbalance, overfitting, uninformative_labels, unscaled
from verdict_unseen_tables import (
    counts,
    houses,
    remembered,
)
from verdict_unseen_trainings import (
    BENDS,
    CELLS,
    CIRCUIT,
    FIELDS,
    HOUSES,
    IMAGES,
    LAND,
    MAGIC,
    MAIL,
    PAIR,
    PIXELS,
    PRICES,
    RINGED,
    ROUND,
    SALES,
    SGD,
    SHELLS,
    SHOWERS,
    SOLD,
    SWINGS,
    TEXTS,
    TEXTURE,
    THREE,
    TISSUE,
    WOVEN,
    WRITTEN,
)

import chainrule as cr
from chainrule.arrays import absolute, exp, log, mean_over, sqrt, sum_over


def faults() -> list[Subject]:
    """Return all specimens."""
    wards = (
        uninformative_labels, unscaled, mismatched_output, bad_start, rate_too_high, not_finite,
        dead_units, saturation, imbalance, overfitting, rate_too_low, constant_prediction,
    )  # fmt: skip
    return [one for ward in wards for one in ward()]


def numbers(data: Data) -> Data:
    """Return data whose classes are numbers of a regression."""
    return changed(data, y=lambda y: y.astype(np.float64))


# ---- what is wrong with the network ----


def mismatched_output() -> list[Subject]:
    ward = Ward("mismatched_output")
    prices, binary = PRICES.but(epochs=30), {"loss": "binary_cross_entropy"}
    tissue = TISSUE.but(network=dense(16, activation="tanh", outputs=1), **binary)
    signs = SHELLS.but(changed(RINGED, y=lambda y: 2.0 * y - 1.0), loss="mean_squared_error")
    visits = Training(counts(600, 3), dense(32), {"learning_rate": 0.005, "epochs": 40,
                                                 "loss": "mean_squared_error"})  # fmt: skip
    return [
        ward.case("prices, relu on the output", prices, network=dense(64, 64, last="relu")),
        ward.case("circuit, sigmoid on the output", CIRCUIT,
                  network=dense(40, activation="tanh", last="sigmoid")),
        ward.case("sales, tanh on the output", SOLD.but(changed(SALES, y=lambda y: 3.0 * y)),
                  network=dense(32, 32, last="tanh")),
        ward.case("signs, sigmoid on the output", signs, network=dense(64, last="sigmoid")),
        ward.case("cells, tanh before the sigmoid of the loss", tissue,
                  network=dense(16, activation="tanh", outputs=1, last="tanh")),
        ward.case("pens, sigmoid before the softmax", WRITTEN.but(epochs=12),
                  network=dense(64, 64, last="sigmoid")),
        ward.case("segment, relu before the softmax", PIXELS, network=dense(64, last="relu")),
        ward.case("cells, softmax of one unit",
                  TISSUE.but(numbers(CELLS), loss="mean_squared_error"),
                  network=dense(16, activation="tanh", last="softmax")),
        ward.case("texture, tanh before the softmax", WOVEN,
                  network=dense(100, activation="tanh", last="tanh")),
        ward.case("visits, counts from a sigmoid", visits, network=dense(32, last="sigmoid")),
        ward.case("an autoencoder of columns about 0, sigmoid on its output",
                  Training(itself(LAND), dense(12), {"learning_rate": 0.005, "epochs": 30}),
                  network=dense(12, last="sigmoid")),
    ]  # fmt: skip


def bad_start() -> list[Subject]:
    ward = Ward("bad_start")
    # Weights by which units are saturated, or signals vanish or explode over the layers, before the
    # first step: both are true of them, and other weights cure both.
    signal = ward.but(also=("saturation",))
    rand = cr.initializer("uniform", low=0.0, high=1.0)
    deep = WOVEN.but(network=dense(64, 64, 64, activation="tanh"))
    return [
        ward.case("pens, all weights 0", WRITTEN, network=dense(64, 64, weights="zeros")),
        ward.case("segment, all weights 1", PIXELS, network=dense(64, weights="constant 1")),
        ward.case("circuit, all weights 0.01", CIRCUIT,
                  network=dense(40, activation="tanh", weights="constant 0.01")),
        signal.case("land, four layers of deviation 1", FIELDS.but(network=dense(80, 80, 80, 80)),
                    network=dense(80, 80, 80, 80, weights=of_deviation(1.0))),
        signal.case("texture, three tanh layers of deviation 1", deep,
                    network=dense(64, 64, 64, activation="tanh", weights=of_deviation(1.0))),
        signal.case("texture, weights from 0 to 1", deep,
                    network=dense(64, 64, 64, activation="tanh", weights=rand)),
        signal.case("prices, five layers of deviation 0.001", PRICES.but(network=dense(*[32] * 5)),
                    network=dense(*[32] * 5, weights=of_deviation(0.001))),
        ward.case("prices, an output of deviation 50", PRICES, network=cr.Network(
            cr.Dense(64, "relu"), cr.Dense(64, "relu"), cr.Dense(weights=of_deviation(50.0)))),
        ward.case("digits, kernels of one number", IMAGES, network=cr.Network(
            cr.Conv(8, 3, activation="relu", weights="constant 0.1"), cr.MaxPool(2), cr.Flatten(),
            cr.Dense(weights="zeros"))),
    ]  # fmt: skip


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    # Biases far below 0 are a start as well; steps that kill units are too long.
    start, rate = ward.but(also=("bad_start",)), ward.but(also=("rate_too_high",))
    grey = changed(digit_images, X=lambda X: (X + 1.0) / 2.0)
    flat = changed(raw_digits, X=lambda X: X / 16.0)
    bent = Training(BENDS, dense(16, 16), {"learning_rate": 0.005, "epochs": 60})
    below = cr.initializer("uniform", low=-0.25, high=0.0)
    return [
        ward.case("absolute value, twelve layers of two", bent, network=dense(*[2] * 12)),
        ward.case("rings, ten layers of two", ROUND.but(network=dense(16, 16), learning_rate=0.01),
                  network=dense(*[2] * 10)),
        start.case("prices, biases of -4", PRICES, network=dense(64, 64, bias="constant -4")),
        start.case("pens, biases of -8", WRITTEN, network=dense(64, 64, bias="constant -8")),
        start.case("digits, weights below 0",
                   Training(flat, dense(48), {"learning_rate": 0.003, "epochs": 12}),
                   network=cr.Network(cr.Dense(48, "relu", weights=below), cr.Dense())),
        start.case("digits, kernels with biases of -5", IMAGES.but(grey), network=cr.Network(
            cr.Conv(8, 3, activation="relu", bias="constant -5"), cr.MaxPool(2), cr.Flatten(),
            cr.Dense())),
        rate.case("segment, killed by the first steps",
                  PIXELS.but(network=dense(64, 64), optimizer="momentum", learning_rate=0.02),
                  learning_rate=0.5),
        rate.case("mail, killed by the first steps",
                  MAIL.but(network=dense(32, 32, 32), optimizer="rmsprop"), learning_rate=0.3),
    ]  # fmt: skip


def saturation() -> list[Subject]:
    ward = Ward("saturation")
    # Weights too small for so many rectified layers make the signal vanish, and are a bad start.
    start = ward.but(also=("bad_start",))
    tanh = {"activation": "tanh"}
    first_of_all = Training(remembered(500, 25), cr.Network(cr.Recurrent(16), cr.Dense()),
                            {"learning_rate": 0.005, "epochs": 40})  # fmt: skip
    through = [cr.Dense(32, "relu"), cr.Dense(32, "relu"), cr.Dense()]
    return [
        ward.case("rings, eight sigmoid layers of five",
                  ROUND.but(network=dense(5, 5, **tanh), learning_rate=0.002, epochs=150),
                  network=dense(*[5] * 8, activation="sigmoid")),
        ward.case("pens, six sigmoid layers", WRITTEN.but(network=dense(32, 32, **tanh)),
                  network=dense(*[32] * 6, activation="sigmoid")),
        ward.case("prices, ten sigmoid layers", PRICES.but(network=dense(32, 32, **tanh)),
                  network=dense(*[32] * 10, activation="sigmoid")),
        ward.case("segment, a softmax in the middle", PIXELS.but(network=cr.Network(*through)),
                  network=cr.Network(through[0], cr.Dense(32, "softmax"), through[2])),
        start.case("the first of 25, by a recurrence of small weights", first_of_all,
                   network=cr.Network(cr.Recurrent(16, recurrent_weights=of_deviation(0.1)),
                                      cr.Dense())),
        ward.case("texture, a deep autoencoder of sigmoids",
                  Training(itself(TEXTURE), dense(32, 16, 4, 16, 32, **tanh),
                           {"learning_rate": 0.003, "epochs": 30}),
                  network=dense(32, 16, 4, 16, 32, activation="sigmoid")),
        ward.case("land, six hard sigmoids", FIELDS.but(network=dense(40, 40, **tanh)),
                  network=dense(*[40] * 6, activation="hard_sigmoid")),
        start.case("pens, 34 rectified layers", WRITTEN.but(epochs=8),
                   network=dense(*[24] * 34, weights="glorot_uniform")),
        start.case("circuit, tanh of deviation 2", CIRCUIT, network=cr.Network(
            cr.Dense(40, "tanh", weights=of_deviation(2.0)),
            cr.Dense(40, "tanh", weights=of_deviation(2.0)), cr.Dense())),
    ]  # fmt: skip


# ---- what is wrong with the steps ----


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    # Steps that are too long kill most rectified units at once, and shorter ones cure both.
    dying = ward.but(also=("dead_units",))
    momentum = {"optimizer": cr.Momentum(memory=0.9)}
    return [
        dying.case("pens, Adam's 0.1", WRITTEN, learning_rate=0.1),
        dying.case("mail, Adam's 0.3", MAIL.but(network=dense(32, 32)), learning_rate=0.3),
        ward.case("circuit, RMSprop's 0.2", CIRCUIT.but(optimizer="rmsprop"), learning_rate=0.2),
        ward.case("texture, descent by 3", WOVEN.but(**SGD, learning_rate=0.1), learning_rate=3.0),
        ward.case("series, an LSTM by 0.5", SWINGS, learning_rate=0.5),
        dying.case("digits, kernels by NAdam's 0.5", IMAGES.but(optimizer="nadam"),
                   learning_rate=0.5),
        ward.case("sales, six tanh layers by 0.03",
                  SOLD.but(network=dense(*[24] * 6, activation="tanh"), learning_rate=0.002),
                  learning_rate=0.03),
        ward.case("three classes, momentum and 0.5",
                  THREE.but(**momentum, learning_rate=0.01, network=dense(50, activation="tanh")),
                  learning_rate=0.5),
        ward.case("showers, one row at a time by 0.5",
                  SHOWERS.but(first(MAGIC, 600), dense(24, activation="tanh"), **SGD, batch_size=1,
                              learning_rate=0.01, epochs=15), learning_rate=0.5),
    ]  # fmt: skip


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    return [
        ward.case("texture, Adam's 1e-5", WOVEN, learning_rate=1e-5),
        ward.case("segment, plain descent by 0.001", PIXELS.but(**SGD, learning_rate=0.1),
                  learning_rate=0.001),
        ward.case("mail, one epoch", MAIL, epochs=1),
        ward.case("pens, three epochs", WRITTEN.but(learning_rate=0.0005), epochs=3),
        ward.case("two norms, Adadelta's 0.001", PAIR.but(optimizer="adadelta", learning_rate=1.0),
                  learning_rate=0.001),
        ward.case("circuit, a rate that is gone at once", CIRCUIT,
                  learning_rate=cr.ExponentialDecay(0.005, factor=0.3)),
        ward.case("houses, RMSprop's 1e-6", PRICES.but(optimizer="rmsprop"), learning_rate=1e-6),
        ward.case("showers, all rows in a step", SHOWERS.but(learning_rate=0.002),
                  batch_size=None, learning_rate=1e-4),
        ward.case("series, an LSTM by 5e-5", SWINGS, learning_rate=5e-5),
        ward.case("texts, Adagrad's 0.001", TEXTS.but(optimizer="adagrad", learning_rate=0.1),
                  learning_rate=0.001),
    ]  # fmt: skip


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    dropped = [cr.Dense(64, "relu"), cr.Dropout(0.95), cr.Dense(64, "relu"), cr.Dropout(0.95)]
    three = [one for _ in range(3) for one in (cr.Dense(64, "relu"), cr.Dropout(0.8))]
    return [
        ward.case("segment, l2 of 3", PIXELS.but(l2=1e-4), l2=3.0),
        ward.case("circuit, l1 of 0.9", CIRCUIT.but(l1=1e-4), l1=0.9),
        ward.case(
            "houses, a decay of 200",
            PRICES.but(optimizer="adamw", weight_decay=0.01),
            weight_decay=200.0,
        ),
        ward.case("pens, 95 % dropped, twice", WRITTEN, network=cr.Network(*dropped, cr.Dense())),
        ward.case(
            "raw digits, 80 % dropped, three times",
            Training(raw_digits, dense(64, 64, 64), {"learning_rate": 0.001, "epochs": 10}),
            network=cr.Network(*three, cr.Dense()),
        ),
        ward.case("digits, kernels and l2 of 2", IMAGES, l2=2.0),
        ward.case("series, an LSTM and l1 of 0.5", SWINGS, l1=0.5),
        ward.case("texts, l2 of 0.3", TEXTS, l2=0.3),
        ward.case("three classes, l2 of 2", THREE.but(**SGD, learning_rate=0.1), l2=2.0),
    ]


def not_finite() -> list[Subject]:
    # What divides by 0 does so by its formula, which no setting changes.
    ward, own = Ward("not_finite"), Ward("not_finite", treatable=False)
    # A step that is too long for its rows, and rows too large for the step, are the fault itself.
    rows, rate = ward.but(also=("unscaled",)), ward.but(also=("rate_too_high",))
    prices = PRICES.but(changed(houses(700), X=lambda X: (X - X.mean(0)) / X.std(0),
                                y=lambda y: y / 1e5))  # fmt: skip
    one = TISSUE.but(numbers(raw_keel("wisconsin")), dense(32, outputs=1),
                     loss="binary_cross_entropy", learning_rate=0.05)  # fmt: skip
    visits = Training(counts(600, 3), dense(32), {"learning_rate": 0.005, "epochs": 40,
                                                 "loss": "mean_absolute_error"})  # fmt: skip
    return [
        own.case("cells, the logarithm of a sigmoid of 0", one, loss=written_out,
                 network=dense(32, outputs=1, last="sigmoid")),
        own.case("visits, errors in shares of 0", visits, loss=relative),
        own.case("houses, the logarithm of a price below 0", PRICES, loss=logarithmic),
        own.case("visits, the root of 0", visits, network=dense(32, last="relu"),
                 loss=distance),
        rows.case("houses, descent on dollars", prices.but(**SGD, learning_rate=0.01),
                  data=changed(HOUSES, y=lambda y: 1e5 * (y + 1.8))),
        rows.case("visits, Poisson on columns to 5000",
                  visits.but(loss="poisson", **SGD, learning_rate=0.05),
                  data=counts(600, 3, largest=5000.0)),
        rate.case("houses, momentum of 0.99 and 0.5",
                  PRICES.but(optimizer=cr.Momentum(memory=0.99), learning_rate=0.0003),
                  learning_rate=0.5),
        rate.case("sales, errors summed over a batch",
                  SOLD.but(loss=mean_square, **SGD, learning_rate=0.02), loss=summed_square),
        # Columns to 100 make logits that exp cannot take; it need not be given them as they are.
        rows.case("pens, a softmax of one's own on columns to 100",
                  WRITTEN, loss=softmax_written_out,
                  data=one_hot(first(raw_keel("penbased"), 2500))),
        ward.but(also=("bad_start",)).case(
            "circuit, four layers of deviation 2",
            CIRCUIT.but(network=dense(*[60] * 4), **SGD, learning_rate=0.01),
            network=dense(*[60] * 4, weights=of_deviation(2.0))),
    ]  # fmt: skip


def one_hot(data: Data) -> Data:
    """Return data whose labels are shares: 1 for a row's class, 0 for others."""
    return changed(data, y=lambda y: np.eye(int(y.max()) + 1)[y])


def softmax_written_out(prediction: Any, target: Any) -> Any:
    return log(sum_over(exp(prediction), 1)) - sum_over(target * prediction, 1)


def mean_square(prediction: Any, target: Any) -> Any:
    return mean_over((prediction - target) ** 2, 1)


def summed_square(prediction: Any, target: Any) -> Any:
    return sum_over((prediction - target) ** 2)


def written_out(prediction: Any, target: Any) -> Any:
    return -mean_over(target * log(prediction) + (1 - target) * log(1 - prediction), 1)


def relative(prediction: Any, target: Any) -> Any:
    return mean_over(absolute(prediction - target) / target, 1)


def logarithmic(prediction: Any, target: Any) -> Any:
    return mean_over((log(prediction) - log(target)) ** 2, 1)


def distance(prediction: Any, target: Any) -> Any:
    return sqrt(sum_over((prediction - target) ** 2, 1))
