"""Rows of the referrals' second part: physics, spectra, series, images, messages, drawn by seed."""

from __future__ import annotations

from functools import cache

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform

import chainrule.randomness as randomness

GRAVITY = 9.81
# Of each substance: where its bands lie along the spectrum, and how broad they are.
BANDS = (
    ((0.15, 0.04), (0.55, 0.07), (0.80, 0.03)),
    ((0.22, 0.05), (0.48, 0.05), (0.90, 0.04)),
    ((0.35, 0.06), (0.62, 0.04), (0.75, 0.05)),
    ((0.10, 0.03), (0.40, 0.08), (0.70, 0.06)),
)


def throws(count: int, noise: float) -> Data:
    """Return how far a ball flies by its speed, angle, wind and the height of the hand."""

    def rows(seed: int) -> Rows:
        speed = uniform(seed, "speed", count, low=5.0, high=30.0)
        angle = uniform(seed, "angle of throw", count, low=0.1, high=1.4)
        wind = uniform(seed, "wind", count, low=-6.0, high=6.0)
        height = uniform(seed, "height", count, low=0.0, high=8.0)
        up = speed * np.sin(angle)
        aloft = (up + np.sqrt(up**2 + 2.0 * GRAVITY * height)) / GRAVITY
        far = aloft * (speed * np.cos(angle) + 0.4 * wind)
        far = standardised(far) + noise * normal(seed, "noise of throws", count)
        return standardised(np.stack([speed, angle, wind, height], axis=1)), standardised(far)

    return rows


def kinetics(count: int, noise: float) -> Data:
    """Return the shares of A, B and C after some time of A -> B -> C, each standardised."""

    def rows(seed: int) -> Rows:
        first = uniform(seed, "first rate", count, low=0.2, high=2.0)
        second = uniform(seed, "second rate", count, low=2.2, high=4.0)
        time = uniform(seed, "time", count, low=0.1, high=3.0)
        a = np.exp(-first * time)
        b = first / (second - first) * (a - np.exp(-second * time))
        y = standardised(np.stack([a, b, 1.0 - a - b], axis=1))
        y = y + noise * normal(seed, "noise of kinetics", count, 3)
        return standardised(np.stack([first, second, time], axis=1)), y

    return rows


def _bands(places: int) -> Array:
    along = np.linspace(0.0, 1.0, places)
    return np.array(
        [sum(np.exp(-(((along - at) / broad) ** 2)) for at, broad in one) for one in BANDS]
    )


def mixtures(count: int, places: int, noise: float) -> Data:
    """Return spectra of mixtures and which of four substances there is most of."""

    def rows(seed: int) -> Rows:
        shares = uniform(seed, "mixtures", count, len(BANDS))
        y = np.arange(count) % len(BANDS)
        shares[np.arange(count), y] += 0.7
        spectra = shares @ _bands(places) + noise * normal(seed, "noise of spectra", count, places)
        order = randomness.permutation(seed, "order of spectra", count)
        return standardised(spectra[order]), y[order]

    return rows


def loads(count: int, lags: int, noise: float) -> Data:
    """Return the load of a grid in the hours before, and that of the next one."""

    def rows(seed: int) -> Rows:
        hours = np.arange(count + lags)
        wave = np.sin(2.0 * np.pi * hours / 24.0) + 0.5 * np.sin(4.0 * np.pi * hours / 24.0 + 1.0)
        week = 0.6 * np.sin(2.0 * np.pi * hours / 168.0)
        series = standardised(wave + week + noise * normal(seed, "noise of loads", count + lags))
        windows = np.stack([series[start : start + lags] for start in range(count)])
        return windows, series[lags:]

    return rows


def calls(count: int, mean: float) -> Data:
    """Return the hour, the day and two more numbers, and how many called: Poisson's counts."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "calls", count, 4, low=-1.0, high=1.0)
        expected = mean * np.exp(np.sin(np.pi * x[:, 0]) + 0.6 * x[:, 1] * x[:, 2] - 0.5)
        # How many exponential waits fit into an hour.
        waits = -np.log(uniform(seed, "waits", count, 60, low=1e-9))
        y = (np.cumsum(waits, axis=1) < expected[:, None]).sum(axis=1)
        return x, y.astype(np.float64)

    return rows


def rhythm(count: int, noise: float) -> Data:
    """Return one number and a target that swings along it."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "rhythm", count, 1, low=-1.0, high=1.0)
        y = np.sin(4.0 * x[:, 0]) + 0.5 * x[:, 0] + noise * normal(seed, "noise of rhythm", count)
        return x, y

    return rows


def signs(count: int, noise: float, side: int = 11) -> Data:
    """Return images (n, 1, side, side) of a bar, a cross, a frame, or a slope, somewhere."""
    return lambda seed: _signs(seed, count, noise, side)


@cache
def _signs(seed: int, count: int, noise: float, side: int) -> Rows:
    size = 5
    forms = np.zeros((4, size, size))
    forms[0, 2, :] = 1.0
    forms[1, 2, :] = forms[1, :, 2] = 1.0
    forms[2, [0, -1], :] = forms[2, :, [0, -1]] = 1.0
    forms[3] = np.eye(size)
    y = randomness.permutation(seed, "signs", count) % 4
    X = noise * normal(seed, "noise of signs", count, side, side)
    places = (uniform(seed, "places", count, 2) * (side - size + 1)).astype(np.int64)
    for row, (down, right) in enumerate(places):
        X[row, down : down + size, right : right + size] += forms[y[row]]
    return X[:, None] - 0.1, y


def notes(count: int, words: int, length: int, clear: float) -> Data:
    """Return messages as tokens, and which of three subjects they are on.

    So large a share of tokens, ``clear``, is drawn from a third of the words, the subject's own.
    """

    def rows(seed: int) -> Rows:
        y = randomness.permutation(seed, "subjects", count) % 3
        third = words // 3
        any_word = (uniform(seed, "any word", count, length) * words).astype(np.int64)
        own = (uniform(seed, "own word", count, length) * third).astype(np.int64)
        is_own = uniform(seed, "is own", count, length) < clear
        return np.where(is_own, own + third * y[:, None], any_word), y

    return rows


def beats(count: int, share: float, noise: float, length: int = 30) -> Data:
    """Return heartbeats (n, 1, length), a share of them broad and early."""

    def rows(seed: int) -> Rows:
        y = (uniform(seed, "beats", count) < share).astype(np.int64)
        along = np.linspace(0.0, 1.0, length)
        middle = 0.5 - 0.06 * y + 0.04 * normal(seed, "when", count)
        broad = 0.05 + 0.025 * y + 0.008 * normal(seed, "broad", count)
        far = (along - middle[:, None]) / broad[:, None]
        X = np.exp(-(far**2)) + noise * normal(seed, "noise of beats", count, length)
        return 2.0 * (X - X.mean())[:, None], y

    return rows


def machines(count: int, share: float, columns: int = 7) -> Data:
    """Return readings of machines, of which a share fails; those are hotter and shake more."""

    def rows(seed: int) -> Rows:
        y = (uniform(seed, "machines", count) < share).astype(np.int64)
        X = normal(seed, "readings", count, columns)
        X[:, 0] += 1.1 * y
        X[:, 1] *= np.where(y == 1, 2.2, 1.0)
        X[:, 2] -= 0.8 * y
        return standardised(X), y

    return rows


# ---- what is done to labels ----


def joined_otherwise(data: Data, moved: int) -> Data:
    """Return data whose last labels, so many, were joined in front of the others."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X, np.roll(y, moved, axis=0)

    return rows


def drawn_anew(data: Data, share: float) -> Data:
    """Return data in which a share of the labels is drawn anew from all of them."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        other = y[randomness.permutation(seed, "other labels", len(y))]
        return X, np.where(uniform(seed, "drawn anew", len(y)) < share, other, y)

    return rows


def sorted_labels(data: Data) -> Data:
    """Return data whose labels were sorted, and whose rows were not."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        order = randomness.permutation(seed, "rows", len(y))
        return X[order], np.sort(y)

    return rows


def of_another_column(data: Data) -> Data:
    """Return data whose target is a number that was drawn for each row, such as its key."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X, standardised(uniform(seed, "keys", len(y)))

    return rows
