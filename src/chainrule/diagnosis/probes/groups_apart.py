"""Whether single columns differ between groups of the target, by their ranks, on many rows.

The test of Kruskal and Wallis (Journal of the American Statistical Association 47, 1952): the rows
of a class, or of a tenth of the numbers, have the mean rank of all where the target says nothing of
the column. It costs a sorting for each column, so that it sees in 20,000 rows what 250 hide.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
MOST_ROWS, MOST_NUMBERS = 20_000, 2_000_000
TENTHS = 10
# So often, over all columns, targets that say nothing would be held to say something.
BY_CHANCE = 1e-3


def rows_tried(rows: int, columns: int) -> int:
    """Return on how many rows so many columns are tried."""
    return min(rows, MOST_ROWS, max(1, MOST_NUMBERS // max(1, columns)))


def are_apart(x: Numbers, y: Numbers, is_classes: bool) -> bool:
    """Whether some column of x (n, columns) differs between groups of y (n,) beyond chance."""
    groups = _groups(y, is_classes)
    sizes = np.bincount(groups)
    freedom = int(np.count_nonzero(sizes)) - 1
    if freedom < 1:
        return False
    # The upper tail of a normal number, shared by the columns that are tried.
    bound = math.sqrt(2.0 * math.log(x.shape[1] / BY_CHANCE))
    return any(_deviations(column, groups, sizes, freedom) > bound for column in x.T)


def _groups(y: Numbers, is_classes: bool) -> NDArray[np.int64]:
    if is_classes:
        return np.asarray(np.unique(y, return_inverse=True)[1]).reshape(-1).astype(np.int64)
    ordered = np.sort(y)
    ends = ordered[(np.arange(1, TENTHS) * len(y)) // TENTHS]
    return np.searchsorted(np.unique(ends), y, side="right").astype(np.int64)


def _deviations(
    column: Numbers, groups: NDArray[np.int64], sizes: NDArray[np.int64], freedom: int
) -> float:
    """Return how many deviations beyond chance the mean ranks of groups are apart.

    The chi-squared number is made normal as Wilson and Hilferty did (PNAS 17, 1931).
    """
    _, which, counts = np.unique(column, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[which.reshape(-1)]
    spread = float(ranks.var())
    if not spread > 0.0:
        return 0.0
    apart = np.bincount(groups, weights=ranks - ranks.mean(), minlength=len(sizes))
    there = sizes > 0
    squares = float((apart[there] ** 2 / sizes[there]).sum())
    distance = squares / spread * (len(ranks) - 1) / len(ranks)
    part = 2.0 / (9.0 * freedom)
    return (math.cbrt(distance / freedom) - (1.0 - part)) / math.sqrt(part)
