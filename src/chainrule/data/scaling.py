"""Numbers brought to a mean of 0 and a standard deviation of 1."""

from __future__ import annotations

import numpy as np

from chainrule.data.columns import NumberArray
from chainrule.errors import DataError

LARGEST = float(np.finfo(np.float32).max)


def mean_and_scale(numbers: NumberArray) -> tuple[float, float]:
    """Return mean and standard deviation (divided by n); the scale is 1 where all are equal.

    ``numbers`` has shape (n,), finite and not empty.
    """
    if numbers.min() == numbers.max():
        return float(numbers[0]), 1.0
    # Squares of very large or very small numbers leave the range of float64; a power of two brings
    # the numbers near 1 without rounding them.
    exponent = int(np.frexp(np.abs(numbers).max())[1])
    near_one = np.ldexp(numbers, -exponent)
    mean, scale = np.ldexp(near_one.mean(), exponent), np.ldexp(near_one.std(), exponent)
    return float(mean), float(scale) if scale > 0 else 1.0


def standardised(name: str, numbers: NumberArray, mean: float, scale: float) -> NumberArray:
    """Return (numbers - mean) / scale, NaN where a number is missing.

    Raises ``DataError`` if a result is beyond float32, in which networks on tables compute.
    """
    with np.errstate(over="ignore"):
        scaled: NumberArray = (numbers - mean) / scale
    outside = np.flatnonzero(np.abs(scaled) > LARGEST)
    if outside.size:
        row = outside[0]
        raise DataError(
            f"Column {name!r} has {numbers[row]:g} in row {row + 1}, which is too large to scale.",
            "Correct the value, or leave the cell empty if it is not known.",
        )
    return scaled


def scaled_inputs(
    name: str, numbers: NumberArray, mean: float, scale: float, missing: bool
) -> NumberArray:
    """Return standardised numbers (rows, 1), the mean where one is missing.

    With ``missing`` a second column, (rows, 2), is 1 there and 0 elsewhere. Raises ``DataError``
    as ``standardised`` does.
    """
    scaled = standardised(name, numbers, mean, scale)
    absent = np.isnan(numbers)
    scaled[absent] = 0.0
    return np.column_stack((scaled, absent)) if missing else scaled[:, np.newaxis]


def scaled_names(name: str, missing: bool) -> tuple[str, ...]:
    """Return the names of the columns of ``scaled_inputs``."""
    return (name, f"{name} is missing") if missing else (name,)
