"""The scores of a result as people read them: names, units, what they mean, and the mistakes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chainrule.data.decisions import counted
from chainrule.training.tables.recipe import LEARNING_RATE
from chainrule.training.tables.result import MEASURES, MODELS, NETWORK, TableResult
from chainrule.training.tables.sentences import written_number
from chainrule.views.grid import Grid

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auc": "AUC",
    "log_loss": "log loss",
    "f1": "F1",
    "calibration_error": "calibration error",
    "root_mean_squared_error": "RMSE",
    "mean_absolute_error": "MAE",
    "r2": "R2",
}
MEANINGS = {
    "accuracy": "the share of rows whose class is predicted rightly.",
    "balanced_accuracy": "the same share of each class by itself, and the mean over classes, so "
    "that a rare class counts as much as a frequent one.",
    "auc": "how often a row of a class has a higher probability of it than a row of another "
    "class: 0.5 is guessing, 1 is perfect.",
    "log_loss": "the mean of -log of the probability that the true class was given: 0 is perfect, "
    "and being sure and wrong costs most.",
    "f1": "for each class the harmonic mean of how many of its rows are found and how many of "
    "those found are its own, and the mean over classes: 1 is perfect.",
    "calibration_error": "how far the probability of the predicted class and the share of rows "
    "that are right lie apart: at 0, of rows predicted with 80% four in five are right.",
    "root_mean_squared_error": "the root of the mean squared error, in the target's units; a few "
    "large errors weigh more than many small ones.",
    "mean_absolute_error": "how far predictions are off on average, in the target's units.",
    "r2": "how much smaller the squared error is than that of always predicting the mean: 1 is "
    "perfect, 0 is no better than the mean, below 0 is worse.",
}
INTERVAL = (
    "95% interval: what the figure may be over all rows of this kind, judging by the rows that "
    "were tested. That other rows to learn from would have made another network is not in it."
)
LINEAR_MEANING = (
    "linear model: a network of one layer, trained and tested on the same rows "
    f"(adam, learning rate {LEARNING_RATE})"
)
CONSTANT_MEANING = {
    "classification": "constant: the shares of the classes in the training rows",
    "regression": "constant: the mean of the training rows; RMSE and MAE are in the target's units",
}
SHARES = ("accuracy", "balanced_accuracy")
MOST_CLASSES = 12
MOST_PAIRS = 10
WIDEST = 80


def written(measure: str, numbers: Sequence[float]) -> list[str]:
    """Return figures of a measure as people write them, "-" where there is none.

    An exponent is avoided where others of the figures need none to be as large.
    """
    sizes = [abs(one) for one in numbers if math.isfinite(one)]
    alike = bool(sizes) and 1e3 <= min(sizes) < 1e9 <= max(sizes) < 1e12

    def text(number: float) -> str:
        if not math.isfinite(number):
            return "-"
        if measure in SHARES:
            return f"{number:.1%}"
        return f"{number:,.0f}" if alike else written_number(number)

    return [text(one) for one in numbers]


def score_grid(result: TableResult) -> Grid:
    """Return each measure of the network with its interval, beside those of the simple models."""
    rows = []
    for measure in MEASURES[result.task]:
        found = result.scores[NETWORK][measure]
        values = [result.scores[model][measure].value for model in MODELS]
        low, high, *figures = written(measure, [found.low, found.high, *values])
        interval = "-" if "-" in (low, high) else f"{low} to {high}"
        rows.append((NAMES[measure], figures[0], interval, *figures[1:]))
    headings = (f"on {counted(result.rows, 'row')}", MODELS[0], "95% interval", *MODELS[1:])
    return Grid(headings, tuple(rows), strong=(0,))


def mistakes_grid(result: TableResult, widest: int = WIDEST) -> Grid | None:
    """Return which classes were taken for which: each pair, or the most confused ones of many.

    None for numbers. Each pair where there are at most ``MOST_CLASSES`` classes, and where that is
    no wider than ``widest`` letters.
    """
    if not result.classes:
        return None
    if len(result.classes) <= MOST_CLASSES:
        grid = _every_pair(result)
        if grid.width <= widest:
            return grid
    return _most_confused(result)


def _every_pair(result: TableResult) -> Grid:
    table = np.array(result.confusion)
    totals = table.sum(axis=1)
    shares = table / np.maximum(totals, 1)[:, np.newaxis]
    rows = [
        (label, *(f"{count:,}" for count in row), _share(row[place], total))
        for place, (label, row, total) in enumerate(
            zip(result.classes, table.tolist(), totals.tolist(), strict=True)
        )
    ]
    headings = ("true \\ as", *result.classes, "right")
    dark = tuple((0.0, *row, 0.0) for row in shares.tolist())
    return Grid(headings, tuple(rows), shares=dark)


def _most_confused(result: TableResult) -> Grid:
    table = np.array(result.confusion)
    wrong = table * (1 - np.eye(len(table), dtype=np.int64))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = [divmod(int(place), len(table)) for place in order]
    totals = table.sum(axis=1).tolist()
    rows = [
        (
            result.classes[true],
            result.classes[taken],
            f"{wrong[true, taken]:,}",
            _share(int(wrong[true, taken]), totals[true]),
        )
        for true, taken in pairs
        if wrong[true, taken]
    ]
    return Grid(("true class", "taken for", "rows", "of the class"), tuple(rows), left=2)


def _share(part: int, total: int) -> str:
    return f"{part / total:.1%}" if total else "-"
