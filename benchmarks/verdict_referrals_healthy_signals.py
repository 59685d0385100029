"""The series, images, spectra, sounds and texts of the healthy referrals."""

from __future__ import annotations

import os
import wave
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from verdict_referrals_healthy_tables import TURN
from verdict_runs import Array, Data, Rows, normal, standardised, uniform

import chainrule.randomness as randomness

# ---- series ----


def windows_of(series: Array, length: int) -> Rows:
    """Return windows of a series and what comes next."""
    places = np.arange(len(series) - length)[:, None] + np.arange(length)
    return series[places], series[length:]


def tides(count: int, length: int, noise: float) -> Data:
    """Return windows of two tides with noise, and the next height."""

    def rows(seed: int) -> Rows:
        time = np.arange(count + length)
        phase = TURN * uniform(seed, "phases", 2)
        height = np.sin(TURN * time / 12.4 + phase[0]) + 0.5 * np.sin(TURN * time / 25.8 + phase[1])
        return windows_of(standardised(height + noise * normal(seed, "sea", len(time))), length)

    return rows


def memory(count: int, length: int, keeps: float) -> Data:
    """Return windows of a series that keeps a share of its last value and is else new."""

    def rows(seed: int) -> Rows:
        news = normal(seed, "news", count + length)
        series = np.zeros(count + length)
        for place in range(1, count + length):
            series[place] = keeps * series[place - 1] + news[place]
        return windows_of(standardised(series), length)

    return rows


def logistic_map(count: int, length: int) -> Data:
    """Return windows of the logistic map, which is chaotic, and its next value."""

    def rows(seed: int) -> Rows:
        series = np.empty(count + length)
        series[0] = 0.2 + 0.6 * float(uniform(seed, "first value", 1)[0])
        for place in range(1, len(series)):
            series[place] = 3.9 * series[place - 1] * (1.0 - series[place - 1])
        return windows_of(standardised(series), length)

    return rows


def steps_of(data: Data) -> Data:
    """Return windows as sequences of one number each, the target as it is."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        return X[:, :, None], y

    return rows


def marked(count: int, length: int) -> Data:
    """Return sequences with one marked entry each, which is to be told at the end."""

    def rows(seed: int) -> Rows:
        X = np.zeros((count, length, 2))
        X[:, :, 0] = uniform(seed, "entries", count, length, low=-1.0, high=1.0)
        where = (uniform(seed, "mark", count) * length).astype(int)
        X[np.arange(count), where, 1] = 1.0
        return X, X[np.arange(count), where, 0] * 1.7

    return rows


def beats(count: int, length: int, noise: float) -> Data:
    """Return signals (n, 1, length) with a pulse of one of three forms somewhere in them."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 3
        middle = uniform(seed, "beat", count, low=0.3, high=0.7) * length
        far = (np.arange(length) - middle[:, None]) / 3.0
        forms = [np.exp(-(far**2)), -far * np.exp(-(far**2)) * 2.0, np.cos(3 * far) / np.cosh(far)]
        X = np.stack(forms)[y, np.arange(count)]
        return (X + noise * normal(seed, "electrodes", count, length))[:, None, :], y

    return rows


# ---- spectra ----


def mixtures(count: int, channels: int, noise: float) -> Data:
    """Return spectra of three substances, and how much there is of each."""

    def rows(seed: int) -> Rows:
        place = np.linspace(0.0, 1.0, channels)
        much = uniform(seed, "amounts", count, 3)
        lines = np.exp(-(((place - np.array([[0.25], [0.45], [0.7]])) / 0.09) ** 2))
        seen = 1.0 - np.exp(-1.5 * much @ lines)
        return (
            standardised(seen + noise * normal(seed, "detector", count, channels)),
            standardised(much),
        )

    return rows


def shares(count: int, channels: int, noise: float) -> Data:
    """Return spectra of three substances, and the share that each has of the whole."""

    def rows(seed: int) -> Rows:
        place = np.linspace(0.0, 1.0, channels)
        much = uniform(seed, "parts", count, 3) + 0.02
        much = much / much.sum(axis=1, keepdims=True)
        lines = np.exp(-(((place - np.array([[0.3], [0.5], [0.65]])) / 0.12) ** 2))
        X = much @ lines + noise * normal(seed, "counter", count, channels)
        return standardised(X), much

    return rows


def cleaned(count: int, channels: int, noise: float) -> Data:
    """Return spectra with noise, and the same without, for an autoencoder that cleans."""

    def rows(seed: int) -> Rows:
        place = np.linspace(0.0, 1.0, channels)
        middle = uniform(seed, "line", count, 1, low=0.2, high=0.8)
        high = uniform(seed, "height", count, 1, low=0.5, high=1.5)
        clean = high * np.exp(-(((place - middle) / 0.15) ** 2))
        clean = (clean - clean.mean()) / clean.std()
        return clean + noise * normal(seed, "hiss", count, channels), clean

    return rows


# ---- images ----


def shapes(count: int, size: int, noise: float) -> Data:
    """Return images (n, 1, size, size) of a bar, a cross, a frame or a disc, and which it is."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 4
        middle = uniform(seed, "middle", count, 2, low=0.35, high=0.65) * (size - 1)
        grid = np.arange(size)
        down = np.abs(grid[None, :, None] - middle[:, 0, None, None])
        right = np.abs(grid[None, None, :] - middle[:, 1, None, None])
        far = np.maximum(down, right)
        forms = [
            (down < 1.0) & (right < 3.2),
            ((down < 0.6) | (right < 0.6)) & (far < 3.2),
            (far > 2.0) & (far < 3.2),
            down**2 + right**2 < 7.0,
        ]
        X = np.stack(forms)[y, np.arange(count)].astype(np.float64)
        return (X + noise * normal(seed, "grain", count, size, size))[:, None] - 0.2, y

    return rows


def spots(count: int, size: int, noise: float) -> Data:
    """Return images of one bright spot, and where its middle is."""

    def rows(seed: int) -> Rows:
        middle = uniform(seed, "spot", count, 2, low=0.2, high=0.8)
        grid = np.linspace(0.0, 1.0, size)
        down = (grid[None, :, None] - middle[:, 0, None, None]) / 0.15
        right = (grid[None, None, :] - middle[:, 1, None, None]) / 0.15
        X = np.exp(-(down**2) - right**2) + noise * normal(seed, "dark", count, size, size)
        return ((X - X.mean()) / X.std())[:, None], standardised(middle)

    return rows


def gratings(count: int, size: int, noise: float) -> Data:
    """Return flat images (n, size * size) of stripes, and to which of two sides they lean."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 2
        lean = np.where(y == 1, 1.0, -1.0)[:, None, None]
        grid = np.arange(size)
        phase = TURN * uniform(seed, "stripes", count, 1, 1)
        X = np.sin(TURN * (grid[None, :, None] + lean * grid[None, None, :]) / 5.0 + phase)
        return (X + noise * normal(seed, "print", count, size, size)).reshape(count, -1), y

    return rows


# ---- sounds and texts ----


def _folder() -> Path:
    """Return the folder of shared data, as tests find it."""
    return Path(os.environ.get("CHAINRULE_DATA", "../shared/data"))


@cache
def _spoken(digits: int, frames: int, bands: int) -> Rows:
    """Return the logarithms of energies (n, frames, bands) of two speakers' digits."""
    found, labels = [], []
    for digit in range(digits):
        for speaker in ("theo", "lucas"):
            for take in range(50):
                name = f"free-spoken-digit-dataset/recordings/{digit}_{speaker}_{take}.wav"
                with wave.open(str(_folder() / name)) as sound:
                    samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
                found.append(_energies(samples / 32768.0, frames, bands))
                labels.append(digit)
    X = np.stack(found)
    return (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1)), np.array(labels)


def _energies(samples: Array, frames: int, bands: int) -> Array:
    parts = np.array_split(samples, frames)
    rows = []
    for part in parts:
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 512)) ** 2
        edges = np.geomspace(4, 257, bands + 1).astype(int)
        rows.append([power[low:high].mean() for low, high in pairwise(edges)])
    return np.log(np.array(rows) + 1e-6)


def spoken(digits: int, frames: int, bands: int) -> Data:
    """Return recordings of spoken digits as energies (n, frames, bands)."""
    return lambda seed: _spoken(digits, frames, bands)


@cache
def _messages(words: int, most: int) -> Rows:
    lines = (_folder() / "sms-spam-collection" / "SMSSpamCollection").read_text("utf-8")
    pairs = [one.split("\t", 1) for one in lines.splitlines() if "\t" in one]
    kept = [pairs[one] for one in randomness.permutation(2, "messages", len(pairs))[:most]]
    split = [set("".join(c if c.isalpha() else " " for c in text.lower()).split())
             for _, text in kept]  # fmt: skip
    counts: dict[str, int] = {}
    for one in split:
        for word in sorted(one):
            counts[word] = counts.get(word, 0) + 1
    common = sorted(counts, key=lambda word: (-counts[word], word))[:words]
    X = np.array([[float(word in one) for word in common] for one in split])
    return standardised(X), np.array([int(label == "spam") for label, _ in kept])


def messages(words: int, most: int) -> Data:
    """Return which of the most frequent words a text message has, and whether it is spam."""
    return lambda seed: _messages(words, most)


def languages(count: int, letters: int, length: int, mixed: float) -> Data:
    """Return texts of two languages, which differ in what letter follows which."""

    def rows(seed: int) -> Rows:
        follow = np.exp(1.2 * normal(seed, "grammars", 2, letters, letters)) + mixed
        follow = np.cumsum(follow / follow.sum(axis=2, keepdims=True), axis=2)
        y = np.arange(count) % 2
        X = np.zeros((count, length), np.int64)
        X[:, 0] = (uniform(seed, "first letter", count) * letters).astype(np.int64)
        for place in range(1, length):
            draw = uniform(seed, f"letter {place}", count, 1)
            X[:, place] = np.minimum((draw > follow[y, X[:, place - 1]]).sum(axis=1), letters - 1)
        return X, y

    return rows


def topics(count: int, words: int, length: int, about: float) -> Data:
    """Return texts of three topics: a share of the words is of the topic, the rest of any."""

    def rows(seed: int) -> Rows:
        y = np.arange(count) % 3
        any_word = (uniform(seed, "any word", count, length) * words).astype(np.int64)
        own = y[:, None] + 3 * (uniform(seed, "own word", count, length) * 6).astype(np.int64)
        is_own = uniform(seed, "about", count, length) < about
        return np.where(is_own, own, any_word), y

    return rows


def brackets(count: int, length: int) -> Data:
    """Return walks up and down as tokens, and whether one is ever below where it began."""

    def rows(seed: int) -> Rows:
        X = (uniform(seed, "brackets", count, length) < 0.42).astype(np.int64)
        height = np.cumsum(1 - 2 * X, axis=1)
        return X, (height.min(axis=1) < -1).astype(np.int64)

    return rows
