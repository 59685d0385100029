"""Metrics: numbers that people read, beside the loss that is minimised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ChainruleError, SetupError, nearest
from chainrule.training.absent import function_name
from chainrule.training.arguments import several
from chainrule.training.meaning import Meaning
from chainrule.training.targets import Task

Numbers = NDArray[Any]
Metric = str | Callable[[Any, Any], float]


def accuracy(truth: Numbers, predicted: Numbers) -> float:
    """The share of rows whose class is right."""
    return float(np.mean(truth == predicted))


def balanced_accuracy(truth: Numbers, predicted: Numbers) -> float:
    """The mean over classes of the share of its rows that are right."""
    return float(np.mean([np.mean(predicted[truth == one] == one) for one in np.unique(truth)]))


def root_mean_squared_error(truth: Numbers, predicted: Numbers) -> float:
    """The root of the mean squared difference, in the target's units."""
    return float(np.sqrt(np.mean((truth - predicted) ** 2)))


def mean_absolute_error(truth: Numbers, predicted: Numbers) -> float:
    """The mean absolute difference, in the target's units."""
    return float(np.mean(np.abs(truth - predicted)))


def r2(truth: Numbers, predicted: Numbers) -> float:
    """The share of the target's variance that is explained, over all outputs together."""
    spread = np.sum((truth - truth.mean(axis=0)) ** 2)
    missed = np.sum((truth - predicted) ** 2)
    return float(1.0 - missed / spread) if spread > 0 else float("nan")


METRICS: Mapping[str, Mapping[str, Callable[[Numbers, Numbers], float]]] = {
    "classification": {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy},
    "regression": {
        "root_mean_squared_error": root_mean_squared_error,
        "mean_absolute_error": mean_absolute_error,
        "r2": r2,
    },
}


def check_metrics(chosen: Any, task: Task) -> tuple[Metric, ...]:
    """Return metrics that a target of this task can be measured by. Raises SetupError."""
    found = tuple(several(chosen))
    for one in found:
        if not callable(one) and not (isinstance(one, str) and one in METRICS[task]):
            raise SetupError(
                f"There is no metric {one!r} for {task}.", nearest(str(one), METRICS[task])
            )
    names = [one if isinstance(one, str) else function_name(one, "metric") for one in found]
    for name in names:
        if names.count(name) > 1:
            raise SetupError(
                f"Two metrics are called '{name}', and one column cannot hold both.",
                "Give each function a name of its own: a lambda has none.",
            )
    return found


class Scorer:
    """Metrics by name or as functions (truth, predicted) -> number, on labels or numbers."""

    def __init__(self, chosen: Sequence[Metric], meaning: Meaning) -> None:
        """Take metrics, and what the first output of the network means."""
        self.meaning = meaning
        task = meaning.target.task
        known = METRICS[task]
        self.chosen = [
            (one, known[one]) if isinstance(one, str) else (function_name(one, "metric"), one)
            for one in check_metrics(list(chosen), task)
        ]

    def __call__(
        self, truth: Sequence[Numbers], outputs: Sequence[Numbers], counted: Numbers | None = None
    ) -> dict[str, float]:
        """Return ``validation_<metric>`` -> number, for the first output.

        ``counted`` (rows, time) are the times of a target over time that count; metrics are given
        these one after another.
        """
        if not self.chosen:
            return {}
        target = self.meaning.target
        wanted, predicted = truth[0], self.meaning.predictions(outputs[0])
        if counted is not None:
            wanted, predicted = wanted[counted], predicted[counted]
        if target.task == "classification":
            wanted, predicted = target.decoded(_labels(wanted)), target.decoded(predicted)
        # Overflow in a training that diverges is a finding for the recording, not a warning.
        with np.errstate(all="ignore"):
            return {
                f"validation_{name}": _measured(one, wanted, predicted, name)
                for name, one in self.chosen
            }


def _measured(metric: Callable[..., Any], wanted: Numbers, predicted: Numbers, name: str) -> float:
    """Return a metric's number. Raises SetupError where a metric of one's own gives none."""
    try:
        return float(metric(wanted, predicted))
    except ChainruleError:
        raise
    except Exception as error:
        raise SetupError(
            f"The metric '{name}' gave no number ({type(error).__name__}: {error}).",
            "Write it for two arrays, the truth and the predictions, and return one number.",
        ) from error


def _labels(wanted: Numbers) -> NDArray[np.int64]:
    return wanted.astype(np.int64).reshape(-1)
