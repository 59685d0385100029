"""The rows of the practice set's healthy runs: formulas with noise, sequences, signals, pictures.

Each function returns data whose rows follow from a seed.
"""

from __future__ import annotations

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform

TURN = 2.0 * np.pi


def mixed(noise: Array, signal: Array, share: float) -> Array:
    """Return numbers of which the signal explains a share of the variance."""
    return np.asarray(np.sqrt(share) * standardised(signal) + np.sqrt(1.0 - share) * noise)


# ---- numbers to be met ----


def partly_known(count: int, columns: int, share: float, targets: int = 1) -> Data:
    """Return targets of which the columns explain only so large a share of the variance."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "known", count, columns)
        bent = [
            np.sin(X[:, k]) + 0.8 * X[:, k + 1] + 0.5 * X[:, k + 2] ** 2 for k in range(targets)
        ]
        noise = normal(seed, "not known", count, targets)
        y = mixed(noise, np.stack(bent, axis=1), share)
        return X, y[:, 0] if targets == 1 else y

    return rows


def arm(count: int, noise: float) -> Data:
    """Return the angles of two joints, and where the hand is, in two coordinates."""

    def rows(seed: int) -> Rows:
        angles = uniform(seed, "joints", count, 2, low=-1.5, high=1.5)
        both = angles.sum(axis=1)
        x = np.cos(angles[:, 0]) + 0.7 * np.cos(both)
        y = np.sin(angles[:, 0]) + 0.7 * np.sin(both)
        return angles, np.stack([x, y], axis=1) + noise * normal(seed, "hand", count, 2)

    return rows


def pendulum(count: int, noise: float) -> Data:
    """Return length (m) and swing (rad) of a pendulum, and its period in seconds."""

    def rows(seed: int) -> Rows:
        length = uniform(seed, "length", count, low=0.1, high=2.0)
        swing = uniform(seed, "swing", count, low=0.0, high=2.0)
        period = TURN * np.sqrt(length / 9.81) * (1 + swing**2 / 16 + 11 * swing**4 / 3072)
        return np.stack([length, swing], axis=1), period + noise * normal(seed, "clock", count)

    return rows


def boiling(count: int, noise: float) -> Data:
    """Return pressures in bar, and where water boils (K): all targets lie between 300 and 450."""

    def rows(seed: int) -> Rows:
        pressure = np.exp(uniform(seed, "pressure", count, low=-3.0, high=2.0))
        kelvin = 1.0 / (1.0 / 373.15 - 8.314 / 40660.0 * np.log(pressure))
        return np.log(pressure)[:, None], kelvin + noise * normal(seed, "gauge", count)

    return rows


def visits(count: int) -> Data:
    """Return counts, small ones, whose logarithm of what is expected bends over four columns."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "visitors", count, 4)
        expected = np.exp(0.5 + 0.6 * np.tanh(X[:, 0]) - 0.4 * X[:, 1] + 0.3 * X[:, 2] * X[:, 3])
        drawn = uniform(seed, "counted", count, 40)
        # The count of a Poisson process: how many waiting times fit into a unit of time.
        waits = np.cumsum(-np.log(1.0 - drawn), axis=1)
        return X, (waits < np.minimum(expected, 12.0)[:, None]).sum(axis=1).astype(np.float64)

    return rows


def with_wild_ones(count: int) -> Data:
    """Return a bent line whose noise is heavy-tailed: some rows lie far off."""

    def rows(seed: int) -> Rows:
        X = uniform(seed, "wild", count, 2, low=-2.0, high=2.0)
        noise = normal(seed, "tails", count) ** 3
        return X, np.sin(1.5 * X[:, 0]) + 0.5 * X[:, 1] + 0.15 * noise

    return rows


def fan(count: int) -> Data:
    """Return a line whose noise grows along it: what a quantile is asked of."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "fan", count, 1, low=0.0, high=2.0)
        return x - 1.0, x[:, 0] + (0.2 + 0.5 * x[:, 0]) * normal(seed, "widens", count)

    return rows


def humps(count: int, noise: float) -> Data:
    """Return one column with two humps over it."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "humps", count, 1, low=-1.0, high=1.0)
        y = 1.0 / (0.1 + (3.0 * x[:, 0] - 1.0) ** 2) + 1.0 / (0.3 + (3.0 * x[:, 0] + 1.5) ** 2)
        return x, standardised(y) + noise * normal(seed, "over humps", count)

    return rows


def of_factors(count: int, columns: int, factors: int, noise: float) -> Data:
    """Return columns behind which there are fewer factors, as input and as target."""

    def rows(seed: int) -> Rows:
        hidden = normal(seed, "factors", count, factors)
        loads = normal(seed, "loads", factors, columns)
        X = np.tanh(hidden @ loads / np.sqrt(factors)) + noise * normal(seed, "own", count, columns)
        X = standardised(X)
        return X, X

    return rows


# ---- classes ----


def arms(count: int, number: int, turns: float, noise: float) -> Data:
    """Return the arms of a spiral, so many, each a class."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % number
        far = np.sqrt(uniform(seed, "far", count, low=0.02))
        angle = TURN * (turns * far + y / number)
        X = np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1)
        return 2.0 * X + noise * normal(seed, "arms", count, 2), y

    return rows


def answers(count: int, columns: int, sharpness: float) -> Data:
    """Return two classes that overlap: chances which follow from a bent rule over the columns."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "persons", count, columns)
        rule = X[:, 0] + np.tanh(2.0 * X[:, 1]) - 0.7 * X[:, 2] * (X[:, 0] > 0.0)
        chance = 1.0 / (1.0 + np.exp(-sharpness * rule))
        return X, (uniform(seed, "answers", count) < chance).astype(np.int64)

    return rows


def faults_of_a_machine(count: int, share: float, apart: float) -> Data:
    """Return readings of six sensors; a small share of the rows is of a machine at fault."""

    def rows(seed: int) -> Rows:
        y = (np.arange(count) < round(share * count)).astype(np.int64)
        X = normal(seed, "sensors", count, 6)
        side = np.where(uniform(seed, "side", count) < 0.5, 1.0, -1.0)
        X[:, 0] += apart * y * side
        X[:, 1] += apart * y
        return X, y

    return rows


def grades(count: int) -> Data:
    """Return three classes in a row, as of grades, of which neighbours overlap."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "pupils", count, 5)
        score = X[:, 0] + 0.6 * X[:, 1] ** 2 - 0.6 + 0.5 * normal(seed, "luck", count)
        return X, np.digitize(score, [-0.5, 0.5])

    return rows


def parity(bits: int, ends: float = 1.0) -> Data:
    """Return all patterns of so many bits, and whether the number of ones is odd."""
    patterns = np.stack([(np.arange(2**bits) >> k) & 1 for k in range(bits)], axis=1)
    return lambda seed: (ends * (2.0 * patterns - 1.0), patterns.sum(axis=1) % 2)


# ---- sequences and signals ----


def hums(count: int, length: int, noise: float) -> Data:
    """Return sequences of one of three frequencies, begun anywhere."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 3
        phase = TURN * uniform(seed, "phase", count, 1)
        times = np.arange(length)[None]
        tone = np.sin(np.array([0.4, 0.8, 1.3])[y][:, None] * times + phase)
        return (tone + noise * normal(seed, "hum", count, length))[..., None], y

    return rows


def recalled(count: int, length: int, share: float) -> Data:
    """Return stretches of a series that remembers two steps, and what came next."""

    def rows(seed: int) -> Rows:
        shocks = normal(seed, "shocks", count, length + 21)
        series = np.zeros_like(shocks)
        for t in range(2, length + 21):
            series[:, t] = share * series[:, t - 1] - 0.5 * series[:, t - 2] + shocks[:, t]
        return series[:, 20:-1, None], series[:, -1]

    return rows


def swings(count: int, length: int, noise: float) -> Data:
    """Return swings that die away, measured with noise, and where the next reading would be."""

    def rows(seed: int) -> Rows:
        pace = uniform(seed, "pace", count, 1, low=0.3, high=0.9)
        phase = TURN * uniform(seed, "phase", count, 1)
        times = np.arange(length + 1)[None]
        x = np.exp(-0.03 * times) * np.cos(pace * times + phase)
        x = x + noise * normal(seed, "reading", count, length + 1)
        return x[:, :-1, None], x[:, -1]

    return rows


def running(count: int, length: int) -> Data:
    """Return steps, and at each time whether the last two of them lead upwards."""

    def rows(seed: int) -> Rows:
        x = normal(seed, "steps", count, length, 1)
        two = x[:, :, 0].copy()
        two[:, 1:] += x[:, :-1, 0]
        flips = uniform(seed, "read wrongly", count, length) < 0.05
        return x, ((two > 0.0) ^ flips).astype(np.int64)

    return rows


def messages(count: int, words: int, length: int, wrong: float) -> Data:
    """Return texts of numbered words; a tenth of the words tells one sort from the other."""

    def rows(seed: int) -> Rows:
        x = np.floor(words * uniform(seed, "words", count, length)).astype(np.int64)
        tells = words // 10
        score = (x < tells).sum(axis=1) - ((x >= tells) & (x < 2 * tells)).sum(axis=1)
        y = score + 0.5 * np.sign(normal(seed, "neither", count)) > 0
        return x, (y ^ (uniform(seed, "wrong", count) < wrong)).astype(np.int64)

    return rows


def spectra(count: int, noise: float) -> Data:
    """Return spectra of 48 places over a slope: one wide line, one narrow, or two narrow ones."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 3
        places = np.arange(48)[None]
        first = uniform(seed, "line", count, 1, low=8.0, high=30.0)
        width = np.where(y == 0, 4.0, 1.5)[:, None]
        x = np.exp(-0.5 * ((places - first) / width) ** 2)
        second = np.exp(-0.5 * ((places - first - 9.0) / 1.5) ** 2)
        x = x + np.where(y == 2, 0.8, 0.0)[:, None] * second
        x = x + normal(seed, "slope", count, 1) * (places / 48.0 - 0.5)
        return (x + noise * normal(seed, "counts", count, 48))[:, None], y

    return rows


# ---- pictures ----


def shapes(count: int, noise: float) -> Data:
    """Return pictures of 10 x 10: a cross, a frame, or a disc, somewhere in them."""
    up, along = np.mgrid[-3:4, -3:4]
    stamps = np.stack(
        [
            (up == 0) | (along == 0),
            np.maximum(abs(up), abs(along)) == 3,
            up**2 + along**2 <= 7,
        ]
    ).astype(np.float64)

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 3
        corner = np.floor(4.0 * uniform(seed, "corner", count, 2)).astype(np.int64)
        x = noise * normal(seed, "grain", count, 10, 10)
        for row, (a, b) in enumerate(corner):
            x[row, a : a + 7, b : b + 7] += stamps[y[row]]
        return x[:, None], y

    return rows


def stripes(count: int, noise: float) -> Data:
    """Return pictures of stripes, and cosine and sine of twice the angle in which they run."""

    def rows(seed: int) -> Rows:
        angle = np.pi * uniform(seed, "angle", count)
        up, along = np.mgrid[-3.5:4.5, -3.5:4.5]
        a = angle[:, None, None]
        phase = TURN * uniform(seed, "phase", count, 1, 1)
        x = np.cos(1.2 * (up * np.cos(a) + along * np.sin(a)) + phase)
        x = x + noise * normal(seed, "grain", count, 8, 8)
        y = np.stack([np.cos(2.0 * angle), np.sin(2.0 * angle)], axis=1)
        return x[:, None], y + 0.3 * normal(seed, "compass", count, 2)

    return rows
