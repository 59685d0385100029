"""Small random tables, as a careless hand might make them, with the choices to train on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Values = list[Any]
HUGE = (1e300, -1e300, 1e160, 1e20, 1e-300, 5e-324, 1.7e308, -1.7e308)
ODD = ("<5", "n.d.", "unknown", "x", "12 kg", "")
MONTHS = ("2021-03-04", "2022-01-31", "2020-12-01", "1999-07-15", "2021-03-04 10:30")


@dataclass(frozen=True)
class SmallTable:
    """A table, the same made anew for a test or None, and what is asked for."""

    columns: dict[str, Values]
    test: dict[str, Values] | None
    asked: dict[str, Any]


def small_table(seed: int) -> SmallTable:
    """Return the table of a seed: target "y", up to four columns and perhaps a group and times."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(9, 48))
    columns = _columns(random, rows)
    test = None
    asked: dict[str, Any] = {"seed": int(random.integers(0, 5))}
    if random.random() < 0.25:
        again = random.integers(0, rows, int(random.integers(1, 12)))
        fresh = _columns(np.random.default_rng(seed), rows)
        test = {name: [values[row] for row in again] for name, values in fresh.items()}
        for name in [one for one in test if random.random() < 0.2]:
            test[name] = _column(random, len(again))
    names = list(columns) if random.random() < 0.1 else list(columns)[:-1]
    if random.random() < 0.2:
        asked["group"] = str(random.choice(names))
    elif random.random() < 0.25:
        asked["time"] = str(random.choice(names))
    for choice in ("numeric", "categorical", "drop"):
        if random.random() < 0.06:
            asked[choice] = [str(random.choice(names))]
    if random.random() < 0.1:
        asked["task"] = str(random.choice(["classification", "regression"]))
    if random.random() < 0.2:
        asked["ignore_rows"] = str(random.choice(["duplicates", "missing", "1", "1-3,duplicates"]))
    return SmallTable(columns, test, asked)


def _columns(random: np.random.Generator, rows: int) -> dict[str, Values]:
    names = ["a", "b", "id", "when"][: int(random.integers(1, 5))]
    columns = {name: _column(random, rows) for name in names}
    columns["y"] = _target(random, rows)
    if random.random() < 0.2:
        # Copies of rows.
        taken = random.integers(0, rows, rows)
        columns = {name: [values[row] for row in taken] for name, values in columns.items()}
    return columns


def _target(random: np.random.Generator, rows: int) -> Values:
    draw = random.random()
    if draw < 0.4:
        few = int(random.integers(2, 5))
        values: Values = [f"c{one}" for one in random.integers(0, few, rows)]
    elif draw < 0.6:
        values = ["no"] * rows
        for row in random.integers(0, rows, int(random.integers(1, 4))):
            values[row] = "yes"
    elif draw < 0.7:
        return _column(random, rows)
    else:
        values = random.normal(size=rows).tolist()
    return _with_holes(random, values) if random.random() < 0.2 else values


def _column(random: np.random.Generator, rows: int) -> Values:
    made = (_numbers, _one_differs, _whole, _texts, _dates, _odd_numbers, _empty, _texts_many)
    values: Values = made[int(random.integers(0, len(made)))](random, rows)
    if random.random() < 0.06:
        values[int(random.integers(0, rows))] = float(random.choice(HUGE))
    return _with_holes(random, values) if random.random() < 0.2 else values


def _numbers(random: np.random.Generator, rows: int) -> Values:
    unit = float(random.choice([1.0, 1.0, 1e-300, 1e300, 1e-12, 1e15]))
    return list((random.normal(size=rows) * unit).tolist())


def _one_differs(random: np.random.Generator, rows: int) -> Values:
    pairs: list[tuple[Any, Any]] = [(0.0, 1.0), (1e-300, 1.0), ("p", "q"), (1.0, 1e300)]
    same, other = pairs[int(random.integers(0, len(pairs)))]
    values = [same] * rows
    values[int(random.integers(0, rows))] = other
    return values


def _whole(random: np.random.Generator, rows: int) -> Values:
    return list(random.integers(0, int(random.integers(1, 30)), rows).tolist())


def _texts(random: np.random.Generator, rows: int) -> Values:
    return [f"t{one}" for one in random.integers(0, int(random.integers(1, 6)), rows)]


def _texts_many(random: np.random.Generator, rows: int) -> Values:
    return [f"a text of some words {one}" for one in random.integers(0, 2 * rows, rows)]


def _dates(random: np.random.Generator, rows: int) -> Values:
    return [MONTHS[one] for one in random.integers(0, len(MONTHS), rows)]


def _odd_numbers(random: np.random.Generator, rows: int) -> Values:
    values = [str(round(one, 2)) for one in random.normal(size=rows)]
    for row in random.integers(0, rows, 3):
        values[row] = str(random.choice(ODD))
    return values


def _empty(random: np.random.Generator, rows: int) -> Values:
    values: Values = [None] * rows
    if random.random() < 0.5:
        values[int(random.integers(0, rows))] = 1.0
    return values


def _with_holes(random: np.random.Generator, values: Values) -> Values:
    share = random.random() * 0.9
    return [None if random.random() < share else value for value in values]
