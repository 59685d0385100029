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
    MOST_COLUMNS,
    error_of_categories,
    error_of_column,
    first_looked_at,
    looked_at,
    possible,
    told,
    why_not_tried,
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

    ``known`` are the rows that are used, of which 2,000 are looked at. Of more than 400 columns
    those are tried that 256 of these rows do not rule out.
    """
    names = _inputs(target, kinds)
    if why_giveaways_are_left_out(known.rows, target, kinds):
        return []
    places = looked_at(known.rows, seed)
    y = _target(known.columns[target][places], task)
    tried = _to_try(known, names, kinds, places, y) if len(names) > MOST_COLUMNS else names
    errors = np.ones(len(names))
    for place, name in enumerate(names):
        if name in tried:
            errors[place] = _error(known, name, kinds, places, y, seed)
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


def why_giveaways_are_left_out(rows: int, target: str, kinds: Kinds) -> str:
    """Return why no column of a table is tried alone, or "" where they are."""
    return why_not_tried(rows, len(_inputs(target, kinds)))


def is_giveaway_hint(one: Decision) -> bool:
    """Whether a decision is the hint that a column says the target by itself."""
    return one.kind == "hint" and one.text.startswith(SAYS_THE_TARGET)


def _inputs(target: str, kinds: Kinds) -> list[str]:
    return [name for name, kind in kinds.by_name.items() if kind in INPUTS and name != target]


def _to_try(
    known: Table, names: list[str], kinds: Kinds, places: NDArray[np.int64], y: NDArray[Any]
) -> set[str]:
    """Return the columns that may say y: all categories, which have no order, and some others."""
    ordered = [name for name in names if kinds.by_name[name] != "category"]
    tried = set(names).difference(ordered)
    if ordered:
        few = first_looked_at(len(places))
        x = np.column_stack([_numbers(known, name, kinds, places[few]) for name in ordered])
        tried.update(ordered[place] for place in possible(x, y[few]).tolist())
    return tried


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
    if kinds.by_name[name] == "category":
        return error_of_categories(value_numbers(known.texts(name)[places]), y, seed)
    return error_of_column(_numbers(known, name, kinds, places), y, seed)


def _numbers(
    known: Table, name: str, kinds: Kinds, places: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the numbers of a column (places,), or its dates as numbers."""
    column = known.columns[name][places]
    if kinds.by_name[name] == "date":
        return _with_missing(dates_in(column, kinds.date_orders[name])[0])
    return _with_missing(column if is_number(column) else numbers_in(column)[0])


def _with_missing(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Return numbers, those that are missing in a place of their own: that they are may say it."""
    missing = ~np.isfinite(numbers)
    if not missing.any():
        return numbers
    numbers = within_one(numbers)
    present = numbers[~missing]
    low, high = (float(present.min()), float(present.max())) if present.size else (0.0, 0.0)
    return np.where(missing, low - max(high - low, 1.0), numbers)
