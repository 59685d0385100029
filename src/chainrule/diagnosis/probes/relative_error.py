"""How good predictions are on one scale: 0 is perfect, 1 is the best constant prediction.

Losses cannot be compared where a remedy changes the loss or scales the target. This can: for
numbers it is the mean squared error over the variance of the target, or the trained loss over that
of its best constant where squares do not fit it (``number_errors``); for classes the Brier score
(Brier, Monthly Weather Review 78, 1950) over that of the classes' shares, or, where the loss knows
no probabilities, the share of wrong rows over that of always saying the most frequent class.

Rows count as much as a training has weighed them, in the error and in that of the constant: by the
weights of its classes, where it has weighed those, also where rows that were held out weigh 1; else
by their own. Otherwise a network that learned what it was asked to, rare classes above all, would
look worse than a constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.counting import weigh_apart, weights_by_class
from chainrule.diagnosis.probes.number_errors import OF_A_UNIT, ByColumn, errors_by_column, unit_of
from chainrule.errors import SetupError
from chainrule.network.backpropagation import outputs_of
from chainrule.network.network import Network
from chainrule.training.meaning import Meaning
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup

Numbers = NDArray[Any]
# Times the constant prediction's error: beyond that nothing is learned from how bad a network is.
WORST = 10.0
# With as much left of the constant's error nothing is learned: a tenth is within the luck of rows.
NOTHING_LEARNED = 0.9
# The error of so many rows is within 2 % of that of all.
MOST_LOOKED_AT = 5000
# With less left little can be won any more, and a loss that was high on its way has come down.
SOMETHING_LEFT = 0.1


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
    weighed: Rows | None = None,
) -> Errors:
    """Return the relative errors of a setup's network on both kinds of rows.

    Of more than ``most`` rows every so many are looked at, the same ones for every network.
    ``weighed`` are rows whose classes weigh as they are to count here, and in whose unit losses of
    numbers are, else the training rows. Where these weigh the same, training rows count alike,
    whatever weights a remedy has given them.
    """
    judging = training if weighed is None else weighed
    classes = weights_by_class(setup, judging)
    if weighed is not None and not weigh_apart(weighed):
        training = replace(training, weights=np.ones(len(training)))
    units = _units(setup, training, weighed)
    training, validation = every_so_many(training, most), every_so_many(validation, most)
    learned = row_errors(network, setup, training, classes=classes, units=units)
    held = None
    if len(validation):
        held = row_errors(network, setup, validation, training, classes, units)
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
    return _bounded(row_errors(network, setup, rows, classes=weights_by_class(setup, rows)))


@np.errstate(all="ignore")
def row_errors(
    network: Network,
    setup: Setup,
    rows: Rows,
    training: Rows | None = None,
    classes: Numbers | None = None,
    units: Sequence[Numbers | float] = (),
) -> Numbers:
    """Return the error of each row (rows,), in shares of what the constant prediction has on
    average; over time of each time that counts. Their mean is the relative error.

    Where a target is the same in all of them, as in a single row, the constant prediction has no
    error there: that on the ``training`` rows then takes its place. ``classes``: how much a row of
    each class counts, else rows count by their own weights. ``units``: of each target, what one of
    the training's own is in that of these rows, 1 where none are given.
    """
    each = outputs_apart(network, setup, rows, training, classes, units)
    found = [one.by_row for one in each]
    if len({len(one) for one in found}) > 1:
        # Outputs over time and others have no rows in common.
        return np.array([np.mean(one) for one in found])
    return np.asarray(np.mean(found, axis=0))


@np.errstate(all="ignore")
def outputs_apart(
    network: Network,
    setup: Setup,
    rows: Rows,
    training: Rows | None = None,
    classes: Numbers | None = None,
    units: Sequence[Numbers | float] = (),
) -> list[ByColumn]:
    """Return the errors of each output by its columns, of which classes are one."""
    outputs = outputs_of(network, list(rows.inputs), setup.dtype)
    return [
        _errors(
            setup.meaning(place),
            output,
            _times(rows, place),
            _counted(rows, place, classes),
            _beside(rows, training, place, classes),
            classes,
            units[place] if units else 1.0,
        )
        for place, output in enumerate(outputs)
    ]


@dataclass(frozen=True, eq=False)
class _Truth:
    """The target of an output (rows, ...), over time of the times that count, and their weights.

    ``weights`` (rows,) have a mean of 1; they are None where all count alike.
    """

    values: Numbers
    weights: Numbers | None


def _times(rows: Rows, place: int) -> Numbers | None:
    """Return which times of a target count (rows, time), None where it is not over time."""
    return rows.time_weights[place] > 0.0 if rows.time_weights else None


def _counted(rows: Rows, place: int, classes: Numbers | None = None) -> _Truth:
    """Return the target of an output; ``classes``: those count, and not the rows' own weights."""
    times, values = _times(rows, place), rows.targets[place]
    weights = rows.weights if classes is None and weigh_apart(rows) else None
    if times is not None:
        values = values[times]
        if weights is not None:
            weights = np.broadcast_to(weights[:, None], times.shape)[times]
    if weights is None or not weights.any():
        return _Truth(values, None)
    return _Truth(values, weights / weights.mean())


def _units(setup: Setup, rows: Rows, given: Rows | None) -> list[Numbers | float]:
    """Return of each target what one of the unit of given rows is in that of these.

    1 where the loss is the same in all units.
    """
    if given is None:
        return [1.0] * len(setup.losses)
    return [
        unit_of(*pair) if loss.name in OF_A_UNIT and not loss.own else 1.0
        for loss, *pair in zip(setup.losses, rows.targets, given.targets, strict=True)
    ]


def _beside(rows: Rows, training: Rows | None, place: int, classes: Numbers | None) -> _Truth:
    """Return the target whose constant prediction is the measure of an error."""
    known = _counted(rows, place, classes)
    if training is None or not len(known.values) or (known.values != known.values[:1]).any():
        return known
    return _counted(training, place, classes)


def _errors(
    meaning: Meaning,
    output: Numbers,
    times: Numbers | None,
    truth: _Truth,
    beside: _Truth,
    classes: Numbers | None,
    unit: Numbers | float,
) -> ByColumn:
    if times is not None:
        output = output[times]
    if not np.isfinite(output).all():
        worst = np.full((len(output), 1), WORST)
        return ByColumn(worst, np.ones(worst.shape), np.ones(1))
    if meaning.target.task == "regression":
        predicted = meaning.predictions(output).astype(np.float64)
        found = errors_by_column(
            predicted, truth.values, beside.values, meaning.loss, unit, beside.weights
        )
        if truth.weights is None:
            return found
        each = truth.weights[:, None]
        return ByColumn(each * found.errors, each * found.constant, found.counts)
    missed, constant = _of_classes(meaning, output, truth, beside, classes)
    return ByColumn(missed[:, None], constant[:, None], np.ones(1))


def _of_classes(
    meaning: Meaning, output: Numbers, truth: _Truth, beside: _Truth, classes: Numbers | None
) -> tuple[Numbers, Numbers]:
    """Return the errors of each row (rows,), and those of the best constant."""
    labels, known = (one.values.reshape(-1).astype(np.int64) for one in (truth, beside))
    each = np.ones(meaning.target.width) if classes is None else classes
    present = np.bincount(known, weights=beside.weights, minlength=len(each))
    if np.count_nonzero(each * present) < 2 or not each[labels].any():
        # Where a single class has a weight, that of always saying it would be perfect.
        each = np.ones(len(each))
    counts = each * present
    shares = counts / counts.sum()
    # Of mean 1 over these rows, so that the mean of their errors is the relative error.
    weights = each[labels] / max(float(each[labels].mean()), 1e-300)
    if truth.weights is not None:
        weights = weights * truth.weights
    try:
        probabilities = meaning.probabilities(output)
    except SetupError:
        wrong = (meaning.predictions(output).reshape(-1) != labels).astype(np.float64)
        least = max(1.0 - float(shares.max()), 1.0 / len(known))
        frequent = (labels != int(shares.argmax())).astype(np.float64)
        return weights * wrong / least, weights * frequent / least
    here = np.eye(len(each))[labels]
    constant = max(1.0 - float(np.sum(shares**2)), 1e-12)
    brier, of_shares = (np.sum((one - here) ** 2, axis=1) for one in (probabilities, shares))
    return weights * brier / constant, weights * of_shares / constant


def _bounded(errors: Numbers) -> float:
    with np.errstate(all="ignore"):
        error = float(np.mean(errors)) if errors.size else WORST
    return min(error, WORST) if math.isfinite(error) else WORST


def balanced_error(network: Network, setup: Setup, rows: Rows) -> float:
    """Return the mean over classes of the share of its rows that are wrong, over that of chance."""
    with np.errstate(all="ignore"):
        (output, *_) = outputs_of(network, list(rows.inputs), setup.dtype)
    times, truth = _times(rows, 0), _counted(rows, 0)
    if times is not None:
        output = output[times]
    labels = truth.values.reshape(-1).astype(np.int64)
    said = setup.meaning(0).predictions(output).reshape(-1)
    wrong = [float(np.mean(said[labels == one] != one)) for one in np.unique(labels)]
    return float(np.mean(wrong)) / (1.0 - 1.0 / max(len(wrong), 2))
