"""The referrals set's first specimens: rates, scales, numbers, and units that do not answer.

Written without knowing how a verdict is found.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_referrals_descent_data import (
    diode,
    generated,
    scaled,
    shots,
    spectra,
    told_at_first,
    vibration,
)
from verdict_referrals_descent_losses import (
    distance,
    divergence,
    log_error,
    percentage_error,
)
from verdict_referrals_descent_trainings import (
    BASES,
    BENT,
    DEMAND,
    FALLEN,
    LIT,
    MEASURED,
    MIXED,
    MOVED,
    NASAL,
    NESTED,
    OUTLINES,
    PICTURES,
    ROLLED,
    SERIES,
    SGD,
    SPOKEN,
    SWUNG,
    THROWN,
    TYPED,
    USED,
    WOMEN,
)
from verdict_runs import Array, Data, Subject, Training, Ward, changed, dense, of_deviation
from verdict_tables import keel, raw_keel

import chainrule as cr
from chainrule.network.layers import Start

MOMENTUM: dict[str, Any] = {"optimizer": "momentum"}


def faults() -> list[Subject]:
    """Return all specimens of these ailments."""
    wards = (
        not_finite, rate_too_high, rate_too_low, constant_prediction, unscaled, dead_units,
        saturation,
    )  # fmt: skip
    return [one for ward in wards for one in ward()]


# ---- numbers ----


def not_finite() -> list[Subject]:
    ward = Ward("not_finite")
    power = USED.but(changed(DEMAND, y=lambda y: 1.0 + 0.15 * np.maximum(y, -6.0)))
    falls = cr.Network(cr.Dense(40, "relu"), cr.Dense(1, "relu", bias=_constant(0.5)))
    dropped = FALLEN.but(network=falls, learning_rate=0.004)
    return [
        ward.case("power, logarithms of what may be below 0", power, loss=log_error),
        ward.case("rain, a share of the rain where none fell",
                  FALLEN.but(loss="mean_absolute_error"), loss=percentage_error),
        ward.case("ores, a divergence from shares of 0", MIXED, loss=divergence),
        ward.case("rain, the slope of a root at 0", dropped, loss=distance),
        # Steps so long that numbers overflow: the rate is too high, and they are not finite.
        ward.but(also=("rate_too_high",)).case(
            "throws, gradient descent with a rate of 2", THROWN.but(**SGD, learning_rate=0.05),
            learning_rate=2.0),
        # The square of a target overflows: it is not finite because it is unscaled.
        ward.but(also=("unscaled",)).case(
            "light, a target of so many photons", LIT, data=changed(LIT.data, y=_photons)),
    ]  # fmt: skip


def _photons(y: Array) -> Array:
    return 3e20 * (4.0 + y)


# ---- rates ----


def rate_too_high() -> list[Subject]:
    ward = Ward("rate_too_high")
    lines = MEASURED.but(optimizer="rmsprop", loss="log_cosh", learning_rate=0.002)
    linear = Training(keel("contraceptive", 1000), dense(), {**SGD, "learning_rate": 0.1,
                                                             "epochs": 25})  # fmt: skip
    inner = (cr.LayerNorm(), cr.Dense(24, "gelu"), cr.Dense(24))
    residual = SPOKEN.but(
        network=cr.Network(cr.Dense(24, "tanh"), cr.Residual(*inner), cr.Dense()), epochs=30
    )
    kernels = cr.Conv(10, 3, activation="gelu")
    frames = PICTURES.but(
        network=cr.Network(kernels, cr.MaxPool(2), cr.Flatten(), cr.Dense()),
        optimizer="nesterov",
        learning_rate=0.06,
    )
    pairs = OUTLINES.but(batch_size=2, optimizer="nadam", learning_rate=0.001, epochs=20)
    return [
        ward.case("vowels, a residual network and Adam with a rate of 0.3", residual,
                  learning_rate=0.3),
        ward.case("spectra, RMSprop with a rate of 0.1", lines, learning_rate=0.1),
        ward.case("series, a GRU and Adam with a rate of 0.25", SERIES, learning_rate=0.25),
        ward.case("pictures, Nesterov's momentum with a rate of 0.4", frames, learning_rate=0.4),
        ward.case("cars, two rows in a step", pairs, learning_rate=0.05),
        ward.case("a linear model, gradient descent with a rate of 6", linear, learning_rate=6.0),
    ]  # fmt: skip


def rate_too_low() -> list[Subject]:
    ward = Ward("rate_too_low")
    robust = THROWN.but(**SGD, loss="huber", learning_rate=0.1)
    cosine = SERIES.but(network=cr.Network(cr.LSTM(12), cr.Dense(1)),
                        learning_rate=cr.CosineDecay(0.03, epochs=50))  # fmt: skip
    return [
        ward.case("genes, an embedding and AMSGrad with a rate of 0.00003",
                  BASES.but(optimizer="amsgrad"), learning_rate=3e-5),
        ward.case("throws, gradient descent with a rate of 0.0005", robust, learning_rate=5e-4),
        ward.case("letters, one epoch", TYPED, epochs=1),
        ward.case("series, a cosine that ends after three epochs", cosine,
                  learning_rate=cr.CosineDecay(0.03, epochs=3)),
        ward.case("friedman3, Adagrad with a rate of 0.002",
                  BENT.but(optimizer="adagrad", learning_rate=0.1), learning_rate=0.002),
        ward.case("swiss roll, all rows in a step",
                  ROLLED.but(epochs=50, learning_rate=0.005), batch_size=None),
    ]  # fmt: skip


# ---- scales ----


def unscaled() -> list[Subject]:
    ward = Ward("unscaled")
    sensors = changed(SERIES.data, X=lambda X: 1013.0 + 8.0 * X)
    return [
        ward.case("women, raw", WOMEN, data=raw_keel("pima")),
        ward.case("throws, a target in metres", THROWN, data=scaled(shots(600), targets=False)),
        ward.case("light, a target in amperes", LIT, data=scaled(diode(500), targets=False)),
        ward.case("friedman3, raw inputs", BENT,
                  data=scaled(generated("friedman3", n_samples=500, noise=0.05), inputs=False)),
        ward.case("series, pressures in hPa", SERIES, data=sensors),
        ward.case("pictures, points up to 255 and more", PICTURES,
                  data=changed(PICTURES.data, X=lambda X: 100.0 + 155.0 * X)),
    ]  # fmt: skip


# ---- units ----


def dead_units() -> list[Subject]:
    ward = Ward("dead_units")
    # Weights or biases by which no unit answers, before the first step: a bad start, too.
    born = ward.but(also=("bad_start",))
    # First steps so long that no unit answers afterwards: both are true of it.
    killed = ward.but(also=("rate_too_high",))
    negative = cr.initializer("uniform", low=-0.5, high=-0.05)
    bright = scaled(spectra(500, 0.005), inputs=False)
    lines = MEASURED.but(bright, dense(30, 30), learning_rate=0.003)
    kernels = cr.Conv(10, 3, activation="relu", bias=_constant(-6.0))
    nasal = NASAL.but(**MOMENTUM, learning_rate=0.02)
    return [
        born.case("letters, biases of -6", TYPED, network=dense(72, bias=_constant(-6.0))),
        born.case("spectra, weights below 0 only", lines,
                  network=dense(30, 30, weights=negative)),
        born.case("pictures, biases of the kernels of -6", PICTURES,
                  network=cr.Network(kernels, cr.MaxPool(2), cr.Flatten(), cr.Dense())),
        born.case("throws, a second layer with biases of -8", THROWN, network=cr.Network(
            cr.Dense(40, "relu"), cr.Dense(20, "relu", bias=_constant(-8.0)), cr.Dense())),
        killed.case("sounds, momentum and a rate that begins at 2", nasal,
                    learning_rate=cr.StepDecay(2.0, every=1, factor=0.15)),
        ward.case("sounds, eighteen layers of three units",
                  NASAL.but(network=dense(*[20] * 8), learning_rate=0.002),
                  network=dense(*[3] * 18)),
    ]  # fmt: skip


def _constant(value: float) -> Start:
    return cr.initializer("constant", value=value)


def saturation() -> list[Subject]:
    ward = Ward("saturation")
    # Weights by which units are saturated, or signals vanish, before the first step.
    start = ward.but(also=("bad_start",))
    deep = SPOKEN.but(network=dense(*[24] * 9, activation="tanh"), learning_rate=0.002)
    hands = MOVED.but(network=cr.Network(cr.Flatten(), cr.Dense(40, "tanh"), cr.Dense()))
    rolled = ROLLED.but(network=dense(*[20] * 8, activation="tanh"), learning_rate=0.003)
    told = Training(told_at_first(400, 40), cr.Network(cr.Recurrent(16), cr.Dense()),
                    {"learning_rate": 0.005, "epochs": 20})  # fmt: skip
    return [
        ward.case("vowels, nine layers of sigmoids", deep,
                  network=dense(*[24] * 9, activation="sigmoid")),
        ward.case("swiss roll, eight layers of hard sigmoids", rolled,
                  network=dense(*[20] * 8, activation="hard_sigmoid")),
        start.case("hands, weights of deviation 4", hands, network=cr.Network(
            cr.Flatten(), cr.Dense(40, "tanh", weights=of_deviation(4.0)), cr.Dense())),
        start.case("shells, biases of 9", NESTED,
                   network=dense(32, activation="tanh", bias=_constant(9.0))),
        start.case("told at first, a small product over time", told, network=cr.Network(
            cr.Recurrent(16, recurrent_weights=of_deviation(0.02)), cr.Dense())),
        start.case("told at first, a large product over time", told, network=cr.Network(
            cr.Recurrent(16, recurrent_weights=cr.initializer("orthogonal", gain=6.0)),
            cr.Dense())),
    ]  # fmt: skip


def constant_prediction() -> list[Subject]:
    ward = Ward("constant_prediction")
    told = Training(told_at_first(600, 18), cr.Network(cr.GRU(12), cr.Dense()),
                    {"learning_rate": 0.02, "epochs": 25})  # fmt: skip
    string = Training(_with_tones(vibration(500, 14.0)), dense(32, activation="tanh"),
                      {"learning_rate": 0.01, "epochs": 60})  # fmt: skip
    one = LIT.but(network=cr.Network(cr.Dense(26, "tanh"), cr.Dense(1), cr.Dense(1)))
    return [
        ward.case("series, each entry of one column normalised", SERIES, network=cr.Network(
            cr.LayerNorm(), cr.GRU(14), cr.Dense(1))),
        ward.case("light, a single unit normalised", one, network=cr.Network(
            cr.Dense(26, "tanh"), cr.Dense(1), cr.LayerNorm(), cr.Dense(1))),
        ward.case("told at first, gradients that end after three entries", told,
                  network=cr.Network(cr.GRU(12, truncate=3), cr.Dense())),
        ward.case("a string, the time alone", string, data=vibration(500, 14.0)),
        ward.case("pendulum, a penalty of 3", SWUNG.but(keep="last"), l2=3.0),
        ward.case("letters, a weight decay of 60", TYPED.but(optimizer="adamw", keep="last"),
                  weight_decay=60.0),
    ]  # fmt: skip


def _with_tones(data: Data) -> Data:
    """Return a column with the sines and cosines of its multiples."""
    tones = np.pi * np.arange(1, 17)

    def told(X: Array) -> Array:
        return np.concatenate([one(X * tones) for one in (np.sin, np.cos)], axis=1)

    return changed(data, X=told)
