"""Sureness: whether labels are contradicted even where classes are told apart most surely.

Where classes overlap, predictions are not sure, and labels are contradicted there; where they are
surest, hardly any is. A label that is wrong by accident stands anywhere, so that about the same
share is contradicted among the surest rows as among others (Angluin and Laird, "Learning from
noisy examples", Machine Learning 2, 1988: noise that does not depend on the row).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
# The surest tenth is no smaller, or it says nothing: of fewer rows luck is half of what is seen.
LEAST_SUREST = 30
# What misses more of what always saying the frequent class does knows too little to contradict.
KNOWS = 0.75
# Fewer wrong labels hardly change what is learned.
MATTERS = 0.05
# Of the share among all rows that in the surest tenth is about 1 for labels that are wrong by
# accident, of few rows half of it, and less for classes that overlap: contraceptive 0.4, titanic
# 0.35, hearts 0.3, pima 0.1.
STAYS = 0.45
# One-sided, so that it is two standard errors.
LEVEL = 0.025


@dataclass(frozen=True, eq=False)
class Sureness:
    """Which labels are contradicted by what has not seen the rows, from the surest row on.

    ``contradicted`` (rows,) is 1 where another class is the most probable. ``frequent`` is the
    share of the most frequent class.
    """

    contradicted: Numbers
    frequent: float

    @classmethod
    def of(cls, probabilities: Numbers, labels: Numbers) -> Sureness:
        """Return that of rows with probabilities (rows, classes) and labels (rows,)."""
        ordered = np.sort(probabilities, axis=1)
        surest = np.argsort(ordered[:, -2] - ordered[:, -1], kind="stable")
        wrong = probabilities.argmax(axis=1) != labels
        frequent = float(np.bincount(labels).max()) / len(labels)
        return cls(wrong[surest].astype(np.float64), frequent)

    def share(self, part: float) -> float:
        """Return the share that is contradicted among the surest rows, a ``part`` of all."""
        return float(self.contradicted[: max(1, round(part * len(self.contradicted)))].mean())

    @property
    def at_least(self) -> float:
        """The least share that may be contradicted in the surest fifth of other such rows.

        The lower end of the interval of Clopper and Pearson (Biometrika 26, 1934).
        """
        from scipy.stats import beta

        seen = self.contradicted[: max(1, round(0.2 * len(self.contradicted)))]
        wrong = int(seen.sum())
        return float(beta.ppf(LEVEL, wrong, len(seen) - wrong + 1)) if wrong else 0.0

    @property
    def is_of_labels(self) -> bool:
        """Whether labels are wrong by accident, and enough of them to matter."""
        knows = self.share(1.0) < KNOWS * (1.0 - self.frequent)
        enough = 0.1 * len(self.contradicted) >= LEAST_SUREST
        stays = self.share(0.1) >= STAYS * self.share(1.0)
        return knows and enough and self.at_least >= MATTERS and stays
