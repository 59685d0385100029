"""Intervals of measures: what they may be over all rows of the kind, judging by those tested.

Rows (or groups, where rows of one group belong together) are drawn with replacement: the percentile
bootstrap (Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13). The draws are
``numpy.random.default_rng(seed).integers(0, units, (draws, drawn))``, so that anyone can make them
again. An accuracy has the interval of Wilson (J. Am. Stat. Assoc. 22, 1927), because a bootstrap of
rows that are all right finds no doubt in them.

The networks of folds learn from each other's test rows, so that their mistakes are not independent
and an interval over as many rows as were tested is too narrow (Bates, Hastie, Tibshirani,
"Cross-Validation: What Does It Estimate and How Well Does It Do It?", J. Am. Stat. Assoc. 119,
2024). No exact remedy is known that costs no further trainings. Intervals over k folds are those of
(k - 1) / k of the rows, as many as are left when a fold is taken away, which for five folds makes
them 12 % wider; how well they then cover is measured by ``benchmarks/shuffled_labels.py``. That
another training set would have made another network is not in them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.training.tables.measures import Predictions, figures

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]

MOST_DRAWS, FEWEST_DRAWS = 1000, 200
# So many drawn rows are enough for large tables, whose intervals are narrow and smooth.
DRAWN_ROWS = 20_000_000
ROWS_TOGETHER = 4_000_000
LEVEL = (2.5, 97.5)
Z = 1.959963984540054


@dataclass(frozen=True)
class Measured:
    """A figure and its 95 % interval; all three are NaN where there is no figure."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is a figure."""
        return math.isfinite(self.value)


@dataclass(frozen=True, eq=False)
class Resampled:
    """The measures of several models' predictions of the same rows, as they are and as drawn.

    ``values`` and ``drawn``: model -> measure -> figure, or one number for each draw. ``rows``:
    how many independent rows the figures count for, None where they come in groups.
    """

    values: Mapping[str, Mapping[str, float]]
    drawn: Mapping[str, Mapping[str, Numbers]]
    rows: int | None

    @classmethod
    def of(
        cls,
        models: Mapping[str, Predictions],
        seed: int,
        groups: Whole | None = None,
        folds: int = 1,
    ) -> Resampled:
        """Return the measures of predictions by the networks of so many folds, 1 for one network.

        ``groups`` (rows,): the number, from 0, of each row's group.
        """
        rows = len(next(iter(models.values())).truth)
        drawn = _drawn(models, seed, np.arange(rows) if groups is None else groups, folds)
        values = {name: figures(given) for name, given in models.items()}
        return cls(values, drawn, counting(rows, folds) if groups is None else None)

    def score(self, model: str) -> dict[str, Measured]:
        """Return each measure of a model with its interval."""
        found = {
            measure: Measured(value, *_middle(self.drawn[model][measure]))
            for measure, value in self.values[model].items()
        }
        if "calibration_error" in found:
            # A sum of absolute gaps: drawn rows have wider ones, and lie above the figure.
            error = found["calibration_error"].value
            found["calibration_error"] = Measured(error, math.nan, math.nan)
        if self.rows is not None and "accuracy" in found:
            found["accuracy"] = wilson(found["accuracy"].value, self.rows)
        return found

    def lead(self, measure: str, first: str, second: str) -> Measured:
        """Return by how much the first model's measure is larger, on the same draws."""
        value = self.values[first][measure] - self.values[second][measure]
        # Errors of numbers at the edge of float64 may be infinite.
        with np.errstate(invalid="ignore"):
            apart = self.drawn[first][measure] - self.drawn[second][measure]
        return Measured(value, *_middle(apart))


def counting(units: int, folds: int) -> int:
    """Return for how many independent rows, or groups, those count that were tested in folds."""
    return units if folds < 2 else units - units // folds


def wilson(share: float, rows: int) -> Measured:
    """Return a share of independent rows with its interval by Wilson's score."""
    if not math.isfinite(share):
        return Measured(share, math.nan, math.nan)
    widened = 1.0 + Z**2 / rows
    centre = (share + Z**2 / (2 * rows)) / widened
    half = Z * math.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2)) / widened
    return Measured(share, max(0.0, centre - half), min(1.0, centre + half))


def draws_of(rows: int) -> int:
    """Return how many draws an interval over so many rows is made of."""
    return max(FEWEST_DRAWS, min(MOST_DRAWS, DRAWN_ROWS // max(rows, 1)))


def _drawn(
    models: Mapping[str, Predictions], seed: int, groups: Whole, folds: int
) -> dict[str, dict[str, Numbers]]:
    """Return model -> measure -> its number for each draw."""
    parts: dict[str, dict[str, list[Numbers]]] = {name: {} for name in models}
    for weights in _weights(seed, groups, folds):
        for name, given in models.items():
            for measure, numbers in given.measures(weights).items():
                parts[name].setdefault(measure, []).append(numbers)
    return {
        name: {measure: np.concatenate(one) for measure, one in of_model.items()}
        for name, of_model in parts.items()
    }


def _weights(seed: int, groups: Whole, folds: int) -> Iterator[Numbers]:
    """Yield how often each draw has each row, (draws, rows), not too many draws together."""
    generator = np.random.default_rng(seed)
    units = int(groups.max()) + 1
    drawn = counting(units, folds)
    left, together = draws_of(len(groups)), max(1, ROWS_TOGETHER // len(groups))
    while left > 0:
        count = min(left, together)
        left -= count
        chosen = generator.integers(0, units, (count, drawn))
        places = chosen + units * np.arange(count)[:, np.newaxis]
        often = np.bincount(places.reshape(-1), minlength=count * units).reshape(count, units)
        yield often[:, groups].astype(np.float64)


def _middle(numbers: Numbers) -> tuple[Any, Any]:
    """Return the ends of the middle 95 %."""
    with warnings.catch_warnings():
        # A measure that no draw has is NaN, and no surprise.
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanpercentile(numbers, LEVEL)
    return float(low), float(high)
