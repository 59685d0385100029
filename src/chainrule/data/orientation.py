"""Rows against columns: samples that stand in columns, as MATLAB has them, are found out at once.

Here every row is a sample. Arrays that lie the other way are told by their shapes, most often.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ShapeError

# So many times as many columns as rows, in inputs and target alike, are rather samples.
MANY_COLUMNS = 10


def samples_in_columns(x: NDArray[Any], y: NDArray[Any]) -> ShapeError | None:
    """Return the error for inputs (rows, features) whose target fits their columns, else None.

    Also for a target that lies that way where the inputs are right.
    """
    if x.ndim != 2 or y.ndim not in (1, 2) or len(y) == len(x):
        return None
    rows, columns = x.shape
    if y.ndim == 2 and columns > 1 and y.shape[1] == columns:
        return _turned(x, y, "one sample in each column", "X.T and y.T")
    if columns > 1 and len(y) == columns:
        return _turned(x, y, "X has one sample in each column", "X.T")
    if y.ndim == 2 and y.shape[1] == rows:
        remedy = "y.T, or y.ravel()" if len(y) == 1 else "y.T"
        return _turned(x, y, "y has one sample in each column", remedy)
    return None


def may_be_in_columns(x: NDArray[Any], y: NDArray[Any]) -> ShapeError | None:
    """Return the error for few rows of very many inputs and as many outputs, else None.

    An array that is to give itself back is what it is.
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or len(x) != len(y):
        return None
    if x.shape[1] < MANY_COLUMNS * len(x) or np.array_equal(x, y):
        return None
    return _turned(x, y, "it seems that there is one sample in each column", "X.T and y.T")


def _turned(x: NDArray[Any], y: NDArray[Any], seen: str, remedy: str) -> ShapeError:
    goals = f"{len(y)} numbers" if y.ndim == 1 else f"{y.shape[0]} x {y.shape[1]}"
    return ShapeError(
        f"X is {x.shape[0]} x {x.shape[1]} and y is {goals}: {seen}, and here every row is one.",
        f"Give {remedy}.",
    )
