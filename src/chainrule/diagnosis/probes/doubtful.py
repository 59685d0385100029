"""Doubtful labels: rows whose given class is far less probable than another.

Confident learning (Northcutt, Jiang, Chuang, Journal of Artificial Intelligence Research 70, 2021):
a row is held to be of another class if its probability of that class, by a model that has not seen
the row, is at least the mean of this probability over the rows that carry the class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]


def doubtful(probabilities: Numbers, labels: Numbers) -> Numbers:
    """Return which rows (n,) are held to be of another class than their label says.

    ``probabilities`` (n, classes) are of models that have not seen the row; NaN rows are unknown.
    """
    known: Numbers = np.asarray(np.isfinite(probabilities).all(axis=1))
    count = probabilities.shape[1]
    thresholds = np.full(count, np.inf)
    for one in range(count):
        carrying = probabilities[np.logical_and(known, labels == one), one]
        if carrying.size:
            thresholds[one] = carrying.mean()
    shares = np.where(known[:, None], probabilities, 0.0)
    confident = np.where(shares >= thresholds, shares, -1.0)
    guessed = confident.argmax(axis=1)
    return np.asarray(known & (confident.max(axis=1) > 0.0) & (guessed != labels))
