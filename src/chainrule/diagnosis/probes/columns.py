"""Columns: where the numbers of inputs and targets lie, and how far apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ranges import are_varying

Numbers = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Columns:
    """Mean and deviation of each column (columns,): of each feature, or of each channel.

    Constant columns have a deviation of 0.
    """

    name: str
    means: Numbers
    deviations: Numbers

    @classmethod
    def of(cls, name: str, rows: Numbers) -> Columns:
        """Return the columns of rows (n, columns), (n, time, columns) or (n, channels, ...)."""
        wide = by_column(rows)
        return cls(name, wide.mean(axis=0), wide.std(axis=0))

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Which columns have more than one number, beyond rounding."""
        return are_varying(self.means, self.deviations)


def standardised(rows: Numbers) -> Numbers:
    """Return the columns of rows (n, columns) that vary, with a mean of 0 and a deviation of 1."""
    wide = rows.astype(np.float64)
    means, spread = wide.mean(axis=0), wide.std(axis=0)
    varying = are_varying(means, spread)
    return np.asarray((wide[:, varying] - means[varying]) / spread[varying])


def by_column(rows: Numbers) -> Numbers:
    """Return rows (n, columns), (n, time, columns) or (n, channels, ...) as (cases, columns)."""
    wide = np.asarray(rows, dtype=np.float64)
    if wide.ndim > 3:
        wide = np.moveaxis(wide, 1, -1)
    return wide.reshape(-1, wide.shape[-1])


def are_of_one_unit(cases: Numbers) -> bool:
    """Whether columns (cases, columns) hold numbers of one unit, as pixels do.

    Most of those that vary reach over more than half of what all of them do.
    """
    low, high = cases.min(axis=0), cases.max(axis=0)
    varying = high > low
    if not varying.any():
        return False
    whole = float(high[varying].max() - low[varying].min())
    return bool(np.mean((high - low)[varying] > 0.5 * whole) > 0.5)


def measured(cases: Numbers, most: int = 2000) -> NDArray[np.bool_]:
    """Return which columns (cases, columns) hold measurements, not codes or counts of rare things.

    They have more than two numbers, none of which fills more than half of the cases. The others
    (one-hot columns, pixels that are nearly always empty) have deviations that say how rare
    something is, and no unit that could be a wrong one.
    """
    ordered = np.sort(cases[:: max(1, len(cases) // most)], axis=0)
    count = len(ordered)
    changes = np.sum(ordered[1:] != ordered[:-1], axis=0)
    half = count // 2
    # A number that fills more than half of an ordered column is the same half a column on.
    filled = np.any(ordered[half:] == ordered[: count - half], axis=0)
    found: NDArray[np.bool_] = (changes > 1) & ~filled
    return found
