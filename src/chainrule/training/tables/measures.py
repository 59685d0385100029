"""Measures of predictions on rows that chose nothing, each for many weightings of the rows at once.

``weights`` (draws, rows) says how often a row counts: once for the figure itself, as often as it
was drawn for an interval. A measure returns one number for each draw, NaN where it has none.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

BINS = 10
CLASS_MEASURES = (
    "accuracy",
    "balanced_accuracy",
    "auc",
    "log_loss",
    "f1",
    "calibration_error",
)
NUMBER_MEASURES = ("root_mean_squared_error", "mean_absolute_error", "r2")


@dataclass(frozen=True, eq=False)
class ClassPredictions:
    """Class probabilities (rows, classes) beside the classes (rows,) and the rows' folds (rows,).

    Probabilities that are no numbers, of a training that has diverged, make NaN of every measure.
    """

    truth: Whole
    probabilities: Numbers
    fold: Whole

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.probabilities.shape[1])

    @cached_property
    def predicted(self) -> Whole:
        """The most probable class of each row, (rows,)."""
        return np.asarray(np.argmax(self.probabilities, axis=1))

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Which rows are right, (rows,)."""
        return np.asarray(self.predicted == self.truth)

    @cached_property
    def confidence(self) -> Numbers:
        """The probability of the predicted class, (rows,)."""
        return np.asarray(self.probabilities.max(axis=1))

    def measures(self, weights: Numbers) -> dict[str, Numbers]:
        """Return ``CLASS_MEASURES`` by name, each (draws,)."""
        if not np.isfinite(self.probabilities).all():
            return {name: np.full(len(weights), np.nan) for name in CLASS_MEASURES}
        return {
            "accuracy": weights @ self.right / weights.sum(axis=1),
            "balanced_accuracy": self._balanced_accuracy(weights),
            "auc": self._auc(weights),
            "log_loss": self._log_loss(weights),
            "f1": self._f1(weights),
            "calibration_error": self._calibration_error(weights),
        }

    def _balanced_accuracy(self, weights: Numbers) -> Numbers:
        """Return the mean over classes of the share of its rows that are right."""
        return _mean_of_known(
            [
                _divided(weights @ (own & self.right), weights @ own)
                for own in (self.truth == number for number in range(self.classes))
            ]
        )

    def _log_loss(self, weights: Numbers) -> Numbers:
        """Return the mean of -log of the true class's probability, in nats."""
        given = self.probabilities[np.arange(len(self.truth)), self.truth]
        least = float(np.finfo(np.float64).eps)
        return np.asarray(weights @ -np.log(np.clip(given, least, 1.0)) / weights.sum(axis=1))

    def _f1(self, weights: Numbers) -> Numbers:
        """Return the mean over classes of 2 tp / (2 tp + fp + fn); a class nowhere counts not."""
        found = []
        for number in range(self.classes):
            own, said = self.truth == number, self.predicted == number
            both = weights @ (own & said)
            found.append(_divided(2.0 * both, weights @ own + weights @ said))
        return _mean_of_known(found)

    @cached_property
    def bins(self) -> Whole:
        """The bin of each row's confidence, (rows,), of ``BINS`` equally wide ones."""
        return np.minimum((self.confidence * BINS).astype(np.int64), BINS - 1)

    def _calibration_error(self, weights: Numbers) -> Numbers:
        """Return by how much confidence and share of right rows differ, over ``BINS`` bins.

        Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
        """
        off = self.confidence - self.right
        gaps = [np.abs(weights @ np.where(self.bins == one, off, 0.0)) for one in range(BINS)]
        return np.asarray(np.sum(gaps, axis=0) / weights.sum(axis=1))

    def _auc(self, weights: Numbers) -> Numbers:
        """Return the area under the ROC curve, each class against the rest, mean over folds.

        Scores of different folds come from different networks and are never ranked together.
        """
        by_fold = []
        for fold in np.unique(self.fold):
            rows = np.flatnonzero(self.fold == fold)
            numbers = range(1, 2) if self.classes == 2 else range(self.classes)
            by_class = [
                _area(self.probabilities[rows, one], self.truth[rows] == one, weights[:, rows])
                for one in numbers
            ]
            by_fold.append(_mean_of_known(by_class))
        return _mean_of_known(by_fold)


@dataclass(frozen=True, eq=False)
class NumberPredictions:
    """Predicted numbers (rows,) beside the true ones (rows,), both in the target's unit."""

    truth: Numbers
    predicted: Numbers

    def measures(self, weights: Numbers) -> dict[str, Numbers]:
        """Return ``NUMBER_MEASURES`` by name, each (draws,); errors are in the target's unit."""
        # The square of a large number leaves the range of float64, so the unit is put aside.
        low, high = float(self.truth.min()), float(self.truth.max())
        centre, unit = low / 2 + high / 2, (high / 2 - low / 2) or 1.0
        with np.errstate(all="ignore"):
            truth = (self.truth - centre) / unit
            missed = (self.predicted - centre) / unit - truth
            total = weights.sum(axis=1)
            squares = weights @ missed**2
            mean = weights @ truth / total
            spread = weights @ truth**2 - total * mean**2
            return {
                "root_mean_squared_error": np.sqrt(squares / total) * unit,
                "mean_absolute_error": weights @ np.abs(missed) / total * unit,
                "r2": 1.0 - _divided(squares, spread),
            }


Predictions = ClassPredictions | NumberPredictions


def figures(given: Predictions) -> Mapping[str, float]:
    """Return each measure of the rows as they are."""
    once = np.ones((1, len(given.truth)))
    return {name: float(one[0]) for name, one in given.measures(once).items()}


def confusion(given: ClassPredictions) -> Whole:
    """Return how many rows of each class (first axis) were predicted as each (second)."""
    table = np.zeros((given.classes, given.classes), dtype=np.int64)
    np.add.at(table, (given.truth, given.predicted), 1)
    return table


def _area(score: Numbers, positive: NDArray[np.bool_], weights: Numbers) -> Numbers:
    """Return the share of pairs, positive and negative, that the score ranks rightly."""
    order = np.argsort(score, kind="stable")
    # Equal scores rank as half right.
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    sorted_weights = weights[:, order]
    ups = np.add.reduceat(sorted_weights * positive[order], starts, axis=1)
    downs = np.add.reduceat(sorted_weights * ~positive[order], starts, axis=1)
    below = np.cumsum(downs, axis=1) - downs / 2.0
    return _divided((ups * below).sum(axis=1), ups.sum(axis=1) * downs.sum(axis=1))


def _divided(above: Any, below: Any) -> Numbers:
    """Return a quotient, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)


def _mean_of_known(parts: list[Numbers]) -> Numbers:
    with warnings.catch_warnings():
        # All of them unknown is NaN, and no surprise.
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(parts, axis=0))
