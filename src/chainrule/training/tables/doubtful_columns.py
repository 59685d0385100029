"""Columns of a table that say its target by themselves, as hints: they may be made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import Column, is_number, numbers_in
from chainrule.data.date_column import dates_in
from chainrule.data.decisions import Decision, option
from chainrule.data.equal_rows import value_numbers
from chainrule.data.giveaways import (
    LEAST_ROWS,
    error_of_categories,
    error_of_column,
    looked_at,
    told,
    within_one,
)
from chainrule.data.kinds import INPUTS, Kinds
from chainrule.data.table import Table
from chainrule.data.target import Task

SAYS_THE_TARGET = "alone says the target"


def giveaway_hints(
    known: Table, target: str, task: Task, kinds: Kinds, seed: int
) -> list[Decision]:
    """Return a hint for each column from which alone the target is known, the surest first.

    ``known`` are the rows that are used, of which 2,000 are looked at.
    """
    names = [name for name, kind in kinds.by_name.items() if kind in INPUTS and name != target]
    if known.rows < LEAST_ROWS or not names:
        return []
    places = looked_at(known.rows, seed)
    y = _target(known.columns[target][places], task)
    errors = np.array([_error(known, name, kinds, places, y, seed) for name in names])
    some = "" if len(places) == known.rows else f" ({len(places):,} of {known.rows:,} rows tried)"
    return [
        Decision(
            names[one],
            "hint",
            f"{SAYS_THE_TARGET}, with {100 * errors[one]:.1f} % of a constant's error{some}: leave "
            "it out unless it is known before the target is",
            option("--drop", names[one]),
        )
        for one in told(errors).tolist()
    ]


def is_giveaway_hint(one: Decision) -> bool:
    """Whether a decision is the hint that a column says the target by itself."""
    return one.kind == "hint" and one.text.startswith(SAYS_THE_TARGET)


def _target(column: Column, task: Task) -> NDArray[Any]:
    """Return numbers (rows, 1), or classes by their numbers (rows,)."""
    if task == "classification":
        return value_numbers(column)
    return np.asarray(column, dtype=np.float64).reshape(-1, 1)


def _error(
    known: Table,
    name: str,
    kinds: Kinds,
    places: NDArray[np.int64],
    y: NDArray[Any],
    seed: int,
) -> float:
    kind = kinds.by_name[name]
    if kind == "category":
        return error_of_categories(value_numbers(known.texts(name)[places]), y, seed)
    column = known.columns[name][places]
    if kind == "date":
        numbers = dates_in(column, kinds.date_orders[name])[0]
    else:
        numbers = column if is_number(column) else numbers_in(column)[0]
    return error_of_column(_with_missing(numbers), y, seed)


def _with_missing(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Return numbers, those that are missing in a place of their own: that they are may say it."""
    missing = ~np.isfinite(numbers)
    if not missing.any():
        return numbers
    numbers = within_one(numbers)
    present = numbers[~missing]
    low, high = (float(present.min()), float(present.max())) if present.size else (0.0, 0.0)
    return np.where(missing, low - max(high - low, 1.0), numbers)
