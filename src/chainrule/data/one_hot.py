"""One-hot targets: a column for each class, as MATLAB's patternnet takes them, are found out."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from chainrule.errors import DataError


def is_one_hot(y: NDArray[Any]) -> bool:
    """Say whether every row of a target (rows, columns) is 0 but for one 1, of two or more."""
    if y.ndim != 2 or y.shape[1] < 2 or not len(y) or y.dtype.kind not in "biuf":
        return False
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def one_hot_error(x: NDArray[Any], y: NDArray[Any]) -> DataError | None:
    """Return the error for a target that has a column, or a row, for each class, else None.

    ``x`` (rows, features) may have its samples in columns as well.
    """
    if is_one_hot(y):
        axis, samples = 1, len(y)
    elif y.ndim == 2 and is_one_hot(y.T):
        axis, samples = 0, y.shape[1]
    else:
        return None
    turned = ""
    if len(x) != samples:
        if x.ndim != 2 or x.shape[1] != samples:
            return None
        turned = "X.T and "
    line = "row" if axis else "column"
    return DataError(
        f"y is {y.shape[0]} x {y.shape[1]}, and each {line} is 0 but for one 1, which is a class "
        "and not several numbers.",
        f"Give {turned}the labels y.argmax(axis={axis}), or loss='mean_squared_error' if the "
        "numbers themselves are to be met.",
    )
