"""How good predictions are on one scale: 0 is perfect, 1 is the best constant prediction.

Losses cannot be compared where a remedy changes the loss or scales the target. This can: for
numbers it is the mean squared error over the variance of the target; for classes the Brier score
(Brier, Monthly Weather Review 78, 1950) over that of the classes' shares, or, where the loss knows
no probabilities, the share of wrong rows over that of always saying the most frequent class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.wording import MOST_KNOWN
from chainrule.errors import SetupError
from chainrule.network.backpropagation import outputs_of
from chainrule.network.network import Network
from chainrule.training.meaning import Meaning
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup

Numbers = NDArray[Any]
WORST = MOST_KNOWN
# With as much left of the constant's error nothing is learned: a tenth is within the luck of rows.
NOTHING_LEARNED = 0.9
# Their error is within 2 % of that of all rows, and takes milliseconds.
MOST_LOOKED_AT = 5000
# Of the usual column's variance: what varies less counts for less.
HARDLY = 0.1


@dataclass(frozen=True, eq=False)
class Errors:
    """The relative error on the training rows and on the validation rows, NaN without any.

    ``by_row``: that of each row that judges (rows,), None where a training failed.
    """

    training: float
    validation: float
    by_row: Numbers | None = None

    @property
    def judged(self) -> float:
        """That on the rows that were not learned from, where there are any."""
        return self.training if math.isnan(self.validation) else self.validation


def errors_of(
    network: Network,
    setup: Setup,
    training: Rows,
    validation: Rows,
    most: int = MOST_LOOKED_AT,
) -> Errors:
    """Return the relative errors of a setup's network on both kinds of rows.

    Of more than ``most`` rows every so many are looked at, the same ones for every network.
    """
    training, validation = every_so_many(training, most), every_so_many(validation, most)
    learned = row_errors(network, setup, training)
    held = row_errors(network, setup, validation, training) if len(validation) else None
    return Errors(
        _bounded(learned),
        math.nan if held is None else _bounded(held),
        learned if held is None else held,
    )


def every_so_many(rows: Rows, most: int) -> Rows:
    """Return so many of the rows, evenly from the first to the last; all where there are fewer."""
    if len(rows) <= most:
        return rows
    return rows.part(np.linspace(0, len(rows) - 1, most).astype(np.int64))


def relative_error(network: Network, setup: Setup, rows: Rows) -> float:
    """Return the error of a network on rows, in shares of the constant prediction's; at most 10.

    Of several outputs the mean. What is constant for all rows does not count.
    """
    return _bounded(row_errors(network, setup, rows))


@np.errstate(all="ignore")
def row_errors(network: Network, setup: Setup, rows: Rows, training: Rows | None = None) -> Numbers:
    """Return the error of each row (rows,), in shares of what the constant prediction has on
    average; over time of each time that counts. Their mean is the relative error.

    Where a target is the same in all of them, as in a single row, the constant prediction has no
    error there: that on the ``training`` rows then takes its place.
    """
    outputs = outputs_of(network, list(rows.inputs), setup.dtype)
    found = [
        _errors(
            setup.meaning(place), output, *_counted(rows, place), _beside(rows, training, place)
        )
        for place, output in enumerate(outputs)
    ]
    if len({len(one) for one in found}) > 1:
        # Outputs over time and others have no rows in common.
        return np.array([np.mean(one) for one in found])
    return np.asarray(np.mean(found, axis=0))


def _counted(rows: Rows, place: int) -> tuple[Numbers, Numbers | None]:
    """Return the target of an output, and which of its times count."""
    times = rows.time_weights[place] > 0.0 if rows.time_weights else None
    return rows.targets[place], times


def _beside(rows: Rows, training: Rows | None, place: int) -> Numbers:
    """Return the target (rows, ...) whose constant prediction is the measure of an error."""
    truth, times = _counted(rows, place)
    known = truth if times is None else truth[times]
    if training is None or not len(known) or (known != known[:1]).any():
        return known
    truth, times = _counted(training, place)
    return truth if times is None else truth[times]


def _errors(
    meaning: Meaning, output: Numbers, truth: Numbers, times: Numbers | None, beside: Numbers
) -> Numbers:
    if times is not None:
        output, truth = output[times], truth[times]
    if not np.isfinite(output).all():
        return np.full(len(output), WORST)
    if meaning.target.task == "regression":
        return _of_numbers(meaning.predictions(output).astype(np.float64), truth, beside)
    return _of_classes(meaning, output, truth, beside)


def _of_numbers(predicted: Numbers, truth: Numbers, beside: Numbers) -> Numbers:
    truth = truth.astype(np.float64)
    spread = beside.astype(np.float64).var(axis=0)
    varying = spread > 0.0
    if not varying.any():
        return np.zeros(len(truth))
    # Each column on its own scale, for one of large numbers would hide the others; but one that
    # hardly varies beside the usual column, a pixel at the rim, counts for as little as it varies.
    usual = median_low(spread[varying].tolist())
    counts = np.minimum(1.0, spread / (HARDLY * usual))
    missed = (predicted.reshape(truth.shape) - truth) ** 2 / np.where(varying, spread, 1.0)
    return np.asarray((missed * counts).sum(axis=1) / counts.sum())


def _of_classes(meaning: Meaning, output: Numbers, truth: Numbers, beside: Numbers) -> Numbers:
    labels, counted = (one.reshape(-1).astype(np.int64) for one in (truth, beside))
    shares = np.bincount(counted, minlength=meaning.target.width) / len(counted)
    try:
        probabilities = meaning.probabilities(output)
    except SetupError:
        wrong = (meaning.predictions(output).reshape(-1) != labels).astype(np.float64)
        return np.asarray(wrong / max(1.0 - float(shares.max()), 1.0 / len(counted)))
    missed = probabilities.copy()
    missed[np.arange(len(labels)), labels] -= 1.0
    constant = 1.0 - float(np.sum(shares**2))
    return np.asarray(np.sum(missed**2, axis=1) / max(constant, 1e-12))


def _bounded(errors: Numbers) -> float:
    with np.errstate(all="ignore"):
        error = float(np.mean(errors)) if errors.size else WORST
    return min(error, WORST) if math.isfinite(error) else WORST


def balanced_error(network: Network, setup: Setup, rows: Rows) -> float:
    """Return the mean over classes of the share of its rows that are wrong, over that of chance."""
    with np.errstate(all="ignore"):
        (output, *_) = outputs_of(network, list(rows.inputs), setup.dtype)
    truth, times = _counted(rows, 0)
    if times is not None:
        output, truth = output[times], truth[times]
    labels = truth.reshape(-1).astype(np.int64)
    said = setup.meaning(0).predictions(output).reshape(-1)
    wrong = [float(np.mean(said[labels == one] != one)) for one in np.unique(labels)]
    return float(np.mean(wrong)) / (1.0 - 1.0 / max(len(wrong), 2))
