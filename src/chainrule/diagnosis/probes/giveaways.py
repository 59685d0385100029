"""Giveaways: single columns that say the target almost by themselves.

A column is tried alone: rows of one half are put in order by it, and each row of the other half
gets what its nearest neighbours there have. That error needs no form of the dependence to be named.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.randomness import permutation

Numbers = NDArray[Any]
NEIGHBOURS = 3


def errors_of_columns(x: Numbers, y: Numbers, seed: int) -> Numbers:
    """Return the relative error (columns,) of predicting y (n, outputs) from one column of x alone.

    1 is as good as a constant. Classes are given as columns of 0 and 1.
    """
    order = permutation(seed, "halves of a check", len(x))
    halves = order[: len(x) // 2], order[len(x) // 2 :]
    pairs = (halves, halves[::-1])
    found = [
        np.mean([_error(x[a, column], y[a], x[b, column], y[b]) for a, b in pairs])
        for column in range(x.shape[1])
    ]
    return np.array(found)


def _error(x: Numbers, y: Numbers, other_x: Numbers, other_y: Numbers) -> float:
    """Return the error on the other rows of the mean of their neighbours among these."""
    order = np.argsort(x, kind="stable")
    ordered, targets = x[order], y[order]
    near = min(len(x), NEIGHBOURS)
    first = np.clip(np.searchsorted(ordered, other_x) - near, 0, max(0, len(x) - 2 * near))
    places = np.minimum(first[:, None] + np.arange(2 * near), len(x) - 1)
    far = np.abs(ordered[places] - other_x[:, None])
    kept = np.take_along_axis(places, np.argsort(far, axis=1, kind="stable")[:, :near], axis=1)
    said = targets[kept].mean(axis=1)
    spread = float(((other_y - other_y.mean(axis=0)) ** 2).sum())
    missed = float(((other_y - said) ** 2).sum())
    return missed / spread if spread > 0.0 else 1.0
