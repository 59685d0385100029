"""Numbers that may stand for missing ones: one such as -999 in many cells, far from all others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import spelling
from chainrule.data.hints import SENTINELS, sentinel_of
from chainrule.diagnosis.cases.case import Case
from chainrule.training.rows import Rows

# From the others, in their own span: codes such as -1, 0 and 1 are as far from each other as they
# reach.
FAR = 3.0
# More cells than this share are no exceptions.
MOST = 0.5


@dataclass(frozen=True)
class Missing:
    """A number that may mean that there is none: in which input and column, and in how many rows.

    ``low`` and ``high`` are the ends of the other numbers.
    """

    place: int
    column: int
    value: float
    rows: int
    low: float
    high: float

    @property
    def words(self) -> str:
        """The number, where it stands, and where the others lie."""
        return (
            f"{spelling(self.value)} stands in {self.rows:,} rows of column {self.column}, far "
            f"from the rest ({self.low:.3g} to {self.high:.3g})"
        )


def missing_numbers(case: Case) -> list[Missing]:
    """Return the numbers that may stand for missing ones, of tables of inputs (n, columns).

    Those of a file are told by hints, and filled in where that is asked for.
    """
    if case.scaled:
        return []
    kinds = list(case.first.plan.kinds.values())
    return [
        found
        for place, (kind, rows) in enumerate(zip(kinds, case.training.inputs, strict=True))
        if kind == "float" and rows.ndim == 2 and len(rows)
        for found in _in_table(place, rows)
    ]


def _in_table(place: int, rows: NDArray[Any]) -> list[Missing]:
    ends = np.stack([rows.min(axis=0), rows.max(axis=0)])
    found = []
    for column in np.flatnonzero(np.isin(ends, list(SENTINELS)).any(axis=0)):
        seen = sentinel_of(rows[:, column])
        if seen is None:
            continue
        value, times, low, high = seen
        near = min(abs(value - low), abs(value - high))
        if low < high and near > FAR * (high - low) and times <= MOST * len(rows):
            found.append(Missing(place, int(column), value, times, low, high))
    return found


def filled_in(rows: Rows, found: list[Missing], by: Rows) -> Rows:
    """Return rows with the median of the other numbers of the column in those places.

    ``by``: the rows whose medians are taken.
    """
    inputs = [np.array(one) if len(rows) else one for one in rows.inputs]
    for one in found:
        known = by.inputs[one.place][:, one.column]
        middle = np.median(known[known != one.value])
        if len(rows):
            column = inputs[one.place][:, one.column]
            column[column == one.value] = middle
    return replace(rows, inputs=tuple(inputs))
