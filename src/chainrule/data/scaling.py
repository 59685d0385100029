"""Numbers brought to a mean of 0 and a standard deviation of 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import NumberArray
from chainrule.errors import DataError

# In standard deviations. Networks on tables compute in float32, which has to hold the square of
# what their layers make of such a number.
MOST_DEVIATIONS = 1e15


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


def deviations(numbers: NumberArray, mean: float, scale: float) -> NumberArray:
    """Return (numbers - mean) / scale, NaN where a number is missing: (n,)."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        scaled: NumberArray = (numbers - mean) / scale
        beyond = np.isinf(scaled)
        if beyond.any():
            # A difference may leave the range of float64 where the quotient does not.
            scaled[beyond] = (numbers[beyond] / 2 - mean / 2) / (scale / 2)
    return scaled


def too_far(numbers: NumberArray, learned: NumberArray) -> NDArray[np.bool_]:
    """Return which of ``numbers`` (n,) are too large to scale like those learned from (m,): (n,).

    Either may hold NaN, for missing numbers.
    """
    present = learned[~np.isnan(learned)]
    known = numbers[~np.isnan(numbers)]
    if not present.size or not known.size:
        return np.zeros(len(numbers), dtype=np.bool_)
    mean, scale = mean_and_scale(present)
    # Most often the extremes alone say that there are none.
    extremes = np.array([known.min(), known.max()])
    if not (np.abs(deviations(extremes, mean, scale)) > MOST_DEVIATIONS).any():
        return np.zeros(len(numbers), dtype=np.bool_)
    return np.abs(deviations(numbers, mean, scale)) > MOST_DEVIATIONS


def standardised(name: str, numbers: NumberArray, mean: float, scale: float) -> NumberArray:
    """Return (numbers - mean) / scale, NaN where a number is missing.

    Raises ``DataError`` if a result is beyond ``MOST_DEVIATIONS``.
    """
    scaled = deviations(numbers, mean, scale)
    outside = np.flatnonzero(np.abs(scaled) > MOST_DEVIATIONS)
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
