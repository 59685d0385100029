"""The course of a setting over its trainings: the median loss and the middle half of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.comparison.trial import Trial

Numbers = NDArray[np.float64]

MOST_POINTS = 300


@dataclass(frozen=True, eq=False)
class Curve:
    """Over ``x`` (n,) the median of several trainings and their quartiles, (n,) each."""

    x: Numbers
    median: Numbers
    low: Numbers
    high: Numbers


def over_epochs(trials: Sequence[Trial], column: str) -> Curve | None:
    """Return the lowest loss so far against epochs; None where every training failed.

    A training that ended before others keeps its last value, and those that failed are left out.
    """
    sound = _sound(trials, column)
    if not sound:
        return None
    last = max(one.epochs for one in sound)
    epochs = np.arange(1.0, last + 1.0)
    if last > MOST_POINTS:
        epochs = np.unique(np.geomspace(1.0, last, MOST_POINTS).round())
    several = [
        _lowest(one, column)[np.minimum(epochs.astype(int), one.epochs) - 1] for one in sound
    ]
    return _curve(epochs, several)


def over_seconds(trials: Sequence[Trial], column: str) -> Curve | None:
    """Return the lowest loss so far against seconds; None where every training failed.

    It runs from where half of the trainings have an epoch behind them to where half have ended.
    """
    sound = _sound(trials, column)
    if not sound:
        return None
    # A clock may be too coarse for the first epoch.
    first = max(float(np.median([one.seconds[0] for one in sound])), 1e-6)
    last = float(np.median([one.seconds[-1] for one in sound]))
    moments = np.geomspace(first, max(last, 2.0 * first), MOST_POINTS)
    return _curve(moments, [np.interp(moments, one.seconds, _lowest(one, column)) for one in sound])


def _sound(trials: Sequence[Trial], column: str) -> list[Trial]:
    return [one for one in trials if one.failed is None and one.history.get(column)]


def _lowest(trial: Trial, column: str) -> Numbers:
    """Return the lowest loss so far at the end of each epoch (epochs,)."""
    return np.asarray(np.fmin.accumulate(np.array(trial.history[column], dtype=np.float64)))


def _curve(x: Numbers, several: Sequence[Numbers]) -> Curve:
    low, median, high = np.quantile(np.stack(several), [0.25, 0.5, 0.75], axis=0)
    return Curve(x, median, low, high)
