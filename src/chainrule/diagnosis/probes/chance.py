"""Chance: how probable a mean is that is above zero by luck alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def probability_above_zero(numbers: NDArray[Any]) -> float:
    """Return how probable so large a mean (n,) is where there is none: Student's t, one-sided.

    NaN among the numbers stays NaN, which is below no level.
    """
    from scipy.special import stdtr

    spread = float(np.std(numbers, ddof=1))
    mean = float(np.mean(numbers))
    if spread == 0.0:
        return 0.0 if mean > 0.0 else 1.0
    return float(stdtr(len(numbers) - 1, -mean / (spread / math.sqrt(len(numbers)))))
