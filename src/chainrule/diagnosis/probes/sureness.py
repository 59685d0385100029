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
SUREST = 0.2
# The surest fifth is no smaller, or it says nothing: of fewer rows luck is half of what is seen.
LEAST_SUREST = 60
# What misses more of what always saying the frequent class does knows too little to contradict.
KNOWS = 0.75
# Fewer wrong labels hardly change what is learned.
MATTERS = 0.05
# The share in the surest fifth, of that among all rows, is about 1 for labels that are wrong by
# accident. Of classes that only overlap it is the lower the better they are told at all: of two
# normal ones 0.1, 0.25, 0.5 and 0.75 where 0.3, 0.45, 0.6 and 0.8 are missed of what always saying
# the frequent class misses; real ones lie below that (contraceptive, titanic, hearts, pima).
LEAST_STAYS, BEYOND_OVERLAP = 0.5, 0.05
# One-sided, so that it is two standard errors.
LEVEL_OF_ONE_SIDE = 0.025


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
        # Of scipy.stats only the import takes half a second.
        from scipy.special import betaincinv

        seen = self.contradicted[: max(1, round(SUREST * len(self.contradicted)))]
        wrong = int(seen.sum())
        if not wrong:
            return 0.0
        return float(betaincinv(wrong, len(seen) - wrong + 1, LEVEL_OF_ONE_SIDE))

    @property
    def is_of_labels(self) -> bool:
        """Whether labels are wrong by accident, and enough of them to matter."""
        missed = self.share(1.0) / max(1.0 - self.frequent, 1e-12)
        enough = SUREST * len(self.contradicted) >= LEAST_SUREST
        stays = self.share(SUREST) / max(self.share(1.0), 1e-12)
        is_flat = stays >= max(LEAST_STAYS, missed + BEYOND_OVERLAP)
        return missed < KNOWS and enough and self.at_least >= MATTERS and is_flat
