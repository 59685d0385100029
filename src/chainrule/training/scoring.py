"""Scoring: the metrics of many epochs, from what they gave for the validation rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.training.metrics import METRICS, Scorer
from chainrule.training.rows import Rows

Numbers = NDArray[Any]


def scores_by_epoch(
    scorer: Scorer, rows: Rows, outputs: Sequence[Numbers]
) -> dict[str, list[float]]:
    """Return ``validation_<metric>`` -> one number for each epoch.

    ``rows`` hold the truth; ``outputs`` are those of the network, (epochs, rows, ...). Rows of the
    weight 0 are left out, the others count alike. The metrics that are measured when nothing is
    chosen are computed for all epochs together, because one by one they take longer than a small
    network's steps; any other is asked epoch by epoch.
    """
    if not scorer.chosen:
        return {}
    if not rows.weights.all():
        # What a row of the weight 0 holds as its target may be anything.
        counting = np.flatnonzero(rows.weights)
        rows, outputs = rows.part(counting), [one[:, counting] for one in outputs]
    over_time = scorer.meaning.target.over_time
    counted = rows.time_weights[0] > 0 if over_time else None
    if all(metric in _AT_ONCE for _, metric in scorer.chosen):
        return _at_once(scorer, rows.targets[0], outputs[0], counted)
    single = [scorer(rows.targets, made, counted) for made in zip(*outputs, strict=True)]
    return {name: [one[name] for one in single] for name in single[0]}


def _at_once(
    scorer: Scorer, truth: Numbers, outputs: Numbers, counted: Numbers | None
) -> dict[str, list[float]]:
    target = scorer.meaning.target
    epochs, rows = outputs.shape[:2]
    predicted = scorer.meaning.predictions(outputs.reshape(epochs * rows, *outputs.shape[2:]))
    predicted = predicted.reshape(epochs, rows, *predicted.shape[1:])
    wanted = truth
    if counted is not None:
        wanted, predicted = truth[counted], predicted[:, counted]
    if target.task == "classification":
        wanted = target.decoded(wanted.astype(np.int64).reshape(-1))
        predicted = target.decoded(predicted)
    with np.errstate(all="ignore"):
        return {
            f"validation_{name}": _AT_ONCE[metric](wanted, predicted).tolist()
            for name, metric in scorer.chosen
        }


def _accuracy(truth: Numbers, predicted: Numbers) -> Numbers:
    return np.asarray(np.mean(truth == predicted, axis=1))


def _r2(truth: Numbers, predicted: Numbers) -> Numbers:
    spread = np.sum((truth - truth.mean(axis=0)) ** 2)
    squares = (truth - predicted) ** 2
    missed = squares.reshape(len(squares), -1).sum(axis=1)
    return 1.0 - missed / spread if spread > 0 else np.full(len(missed), np.nan)


_AT_ONCE: Mapping[Any, Callable[[Numbers, Numbers], Numbers]] = {
    METRICS["classification"]["accuracy"]: _accuracy,
    METRICS["regression"]["r2"]: _r2,
}
