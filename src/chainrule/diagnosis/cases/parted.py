"""Rows parted where a training held out none: those that stay, and a fifth that is held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.randomness import permutation

SHARE = 0.2


def parted(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers, rising, of the rows that stay and of a fifth that is held out."""
    order = permutation(seed, "rows held out by a diagnosis", count)
    held = max(1, round(SHARE * count))
    return np.sort(order[held:]), np.sort(order[:held])
