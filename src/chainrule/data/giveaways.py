"""Giveaways: single columns that say the target almost by themselves.

A column is tried alone: rows of one half are put in order by it, and each row of the other half
gets what its nearest neighbours there have. That error needs no form of the dependence to be named.
In a column of categories the neighbours of a row are those of its category.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.decisions import counted
from chainrule.randomness import permutation, random_bits

Numbers = NDArray[Any]
NEIGHBOURS = 3
# A choice, of the constant prediction's error: a column that leaves so little says nearly all.
GIVEN_AWAY = 0.02
# Choices: rows enough to tell a column from luck, and so few that all columns take a moment.
MOST_ROWS, LEAST_ROWS = 2000, 40
# Five of forty rows stand at an end of a column by chance once in 300,000 columns.
LEAST_OF_A_CLASS = 5
# So many columns are tried in full; of more, those that look as if they might say the target.
MOST_COLUMNS, FIRST_ROWS, IN_A_GROUP, MAY_BE = 400, 256, 8, 0.3


def looked_at(rows: int, seed: int) -> NDArray[np.int64]:
    """Return the places (rising) of the rows that columns are tried on: all, or 2,000 of them."""
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(
        np.argpartition(random_bits(seed, "rows of a check", 0, rows), MOST_ROWS)[:MOST_ROWS]
    )


def first_looked_at(rows: int) -> NDArray[np.int64]:
    """Return the places (rising) of the rows that say which of very many columns are tried."""
    return np.arange(0, rows, max(1, rows // FIRST_ROWS))


def why_not_tried(rows: int, columns: int) -> str:
    """Return why no column is tried alone, or "" where columns are."""
    if columns < 2:
        return "no column stands beside others"
    if rows < LEAST_ROWS:
        return f"{counted(rows, 'row')} of the {LEAST_ROWS} that tell a column from luck"
    return ""


def told(errors: Numbers) -> NDArray[np.int64]:
    """Return the places of the columns that give the answer away, the surest first.

    None where more than half of all do: then the answer is easy, and no column is made of it.
    """
    places = np.argsort(errors, kind="stable")[: np.count_nonzero(errors < GIVEN_AWAY)]
    return places if 2 * len(places) <= len(errors) else places[:0]


def errors_of_columns(x: Numbers, y: Numbers, seed: int) -> Numbers:
    """Return the relative error (columns,) of predicting y from one column of x (n, columns) alone.

    ``y`` are numbers (n, outputs), or classes by their numbers (n,). 1 is as good as a constant. Of
    more than 400 columns those that 256 rows rule out have an error of 1.
    """
    columns = np.arange(x.shape[1])
    if len(columns) > MOST_COLUMNS:
        places = first_looked_at(len(x))
        columns = possible(x[places], y[places])
    found = np.ones(x.shape[1])
    for column in columns:
        found[column] = error_of_column(x[:, column], y, seed)
    return found


def error_of_column(x: Numbers, y: Numbers, seed: int) -> float:
    """Return the relative error of predicting y from a column of numbers (n,) alone.

    It is 0 where every class fills a stretch of the column for itself, as in the order of a file.
    """
    if y.ndim == 1 and _puts_in_order(x, y):
        return 0.0
    x, y = within_one(x), y if y.ndim == 1 else within_one(y)
    return float(np.mean([_error(x[a], y[a], x[b], y[b]) for a, b in _halves(len(x), seed)]))


def error_of_categories(levels: NDArray[np.int64], y: Numbers, seed: int) -> float:
    """Return the relative error of predicting y from a column of categories, by their numbers (n,).

    A category that the other half does not have gets the mean of all.
    """
    wide = np.eye(int(y.max()) + 1)[y] if y.ndim == 1 else within_one(y)
    found = []
    for known, asked in _halves(len(levels), seed):
        count = int(levels.max()) + 1
        sizes = np.bincount(levels[known], minlength=count)
        sums = np.zeros((count, wide.shape[1]))
        np.add.at(sums, levels[known], wide[known])
        means = sums / np.maximum(sizes, 1)[:, None]
        means[sizes == 0] = wide[known].mean(axis=0)
        missed = float(((wide[asked] - means[levels[asked]]) ** 2).sum())
        found.append(_share(missed, float(((wide[asked] - wide[asked].mean(axis=0)) ** 2).sum())))
    return float(np.mean(found))


def within_one(numbers: Numbers) -> Numbers:
    """Return numbers over the largest, so that squares and differences stay in range."""
    finite = np.isfinite(numbers)
    largest = float(np.abs(numbers[finite]).max()) if finite.any() else 0.0
    return np.asarray(numbers / largest) if largest > 0.0 else numbers


def _puts_in_order(x: Numbers, y: Numbers) -> bool:
    """Whether every class has all rows between two numbers of x, and 5 rows or more."""
    sizes = np.unique(y, return_counts=True)[1]
    if len(sizes) < 2 or sizes.min() < LEAST_OF_A_CLASS:
        return False
    order = np.argsort(x, kind="stable")
    changes = np.flatnonzero(y[order][1:] != y[order][:-1])
    apart = x[order][changes] < x[order][changes + 1]
    return len(changes) == len(sizes) - 1 and bool(apart.all())


def _halves(rows: int, seed: int) -> tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]]:
    order = permutation(seed, "halves of a check", rows)
    halves = order[: rows // 2], order[rows // 2 :]
    return halves, (halves[1], halves[0])


def _error(x: Numbers, y: Numbers, other_x: Numbers, other_y: Numbers) -> float:
    """Return the error on the other rows of the mean of their neighbours among these."""
    order = np.argsort(x, kind="stable")
    ordered, targets = x[order], y[order]
    near = min(len(x), NEIGHBOURS)
    first = np.clip(np.searchsorted(ordered, other_x) - near, 0, max(0, len(x) - 2 * near))
    places = np.minimum(first[:, None] + np.arange(2 * near), len(x) - 1)
    far = np.abs(ordered[places] - other_x[:, None])
    kept = np.take_along_axis(places, np.argsort(far, axis=1, kind="stable")[:, :near], axis=1)
    if y.ndim == 1:
        return _error_of_classes(targets[kept], other_y)
    said = targets[kept].mean(axis=1)
    spread = float(((other_y - other_y.mean(axis=0)) ** 2).sum())
    return _share(float(((other_y - said) ** 2).sum()), spread)


def _error_of_classes(near: Numbers, truth: Numbers) -> float:
    """Return the Brier score of classes among neighbours (n, near), over that of a constant.

    The sum over classes of (truth - share)^2 is 1 - 2 share of the true one + the sum of share^2.
    """
    right = (near == truth[:, None]).mean(axis=1)
    alike = (near[:, :, None] == near[:, None, :]).mean(axis=(1, 2))
    shares = np.unique(truth, return_counts=True)[1] / len(truth)
    return _share(float(np.mean(1.0 - 2.0 * right + alike)), 1.0 - float((shares**2).sum()))


def _share(missed: float, spread: float) -> float:
    return missed / spread if spread > 0.0 else 1.0


def possible(x: Numbers, y: Numbers) -> NDArray[np.int64]:
    """Return which columns of x (n, columns) may say y: neighbours in the order of one are alike.

    ``y`` are numbers (n, outputs), or classes by their numbers (n,).
    """
    wide = (y[:, None] == np.unique(y)).astype(np.float64) if y.ndim == 1 else y
    groups = len(x) // IN_A_GROUP
    if not groups:
        return np.arange(x.shape[1])
    order = np.argsort(np.ascontiguousarray(x.T), axis=1)[:, : groups * IN_A_GROUP]
    within = np.zeros(x.shape[1])
    for column in wide.T:
        grouped = column[order].reshape(-1, groups, IN_A_GROUP)
        within += grouped.var(axis=2).mean(axis=1)
    return np.flatnonzero(within < MAY_BE * max(float(wide.var(axis=0).sum()), 1e-300))
