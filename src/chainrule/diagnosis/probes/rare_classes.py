"""Whether classes are told better by more than the luck of the few rows that a rare one has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.network.backpropagation import outputs_of
from chainrule.training.rows import Rows
from chainrule.training.run import Run

Numbers = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Missed:
    """Rows that were not learned from: their classes (rows,), and which of them are missed."""

    labels: Numbers
    wrong: Numbers

    @classmethod
    def of(cls, run: Run, rows: Rows) -> Missed:
        """Return those of the rows of one target of classes."""
        with np.errstate(all="ignore"):
            (output, *_) = outputs_of(run.network, list(rows.inputs), run.setup.dtype)
        labels = rows.targets[0].reshape(-1).astype(np.int64)
        said = run.setup.meaning(0).predictions(output).reshape(-1)
        return cls(labels, (said != labels).astype(np.float64))


def luck_of_rows(labels: Numbers, before: Numbers, after: Numbers) -> float:
    """Return how probable it is that classes which count alike are told no better on other rows.

    ``before`` and ``after`` (rows,) are how often each row is missed, from 0 to 1. Of each class
    the mean gain has its own error, in which one more row counts that has changed for the worse:
    so a class all of whose few rows are gained is about as sure as by the sign test, and not surer.
    The degrees of freedom are those of Welch (Biometrika 34, 1947), one-sided.
    """
    from scipy.special import stdtr

    gains, squares, spent = [], [], []
    for one in np.unique(labels):
        gained = np.append((before - after)[labels == one], -1.0)
        error = float(gained.var(ddof=1)) / len(gained)
        gains.append(float(gained.mean()))
        squares.append(error)
        spent.append(error**2 / (len(gained) - 1))
    whole = sum(squares)
    freedom = whole**2 / max(sum(spent), 1e-300)
    return float(stdtr(freedom, -sum(gains) / math.sqrt(max(whole, 1e-300))))
