"""Metrics: numbers that people read, beside the loss that is minimised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError, nearest
from chainrule.training.absent import function_name
from chainrule.training.arguments import several
from chainrule.training.targets import Target, Task

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
    return found


class Scorer:
    """Metrics by name or as functions (truth, predicted) -> number, on labels or numbers."""

    def __init__(self, chosen: Sequence[Metric], targets: Sequence[Target]) -> None:
        self.targets = tuple(targets)
        known = METRICS[self.targets[0].task]
        self.chosen = [
            (one, known[one]) if isinstance(one, str) else (function_name(one, "metric"), one)
            for one in check_metrics(list(chosen), self.targets[0].task)
        ]

    def __call__(self, truth: Sequence[Numbers], outputs: Sequence[Numbers]) -> dict[str, float]:
        """Return ``validation_<metric>`` -> number, for the first output."""
        if not self.chosen:
            return {}
        target = self.targets[0]
        wanted, predicted = truth[0], predictions(target, outputs[0])
        if target.task == "classification":
            wanted, predicted = target.decoded(_labels(wanted)), target.decoded(predicted)
        return {
            f"validation_{name}": _single(one(wanted, predicted), name) for name, one in self.chosen
        }


def _single(made: Any, name: str) -> float:
    try:
        return float(made)
    except (TypeError, ValueError):
        raise SetupError(
            f"The metric '{name}' returns {type(made).__name__}, not a number.",
            "Return one number for all rows.",
        ) from None


def _labels(wanted: Numbers) -> NDArray[np.int64]:
    return wanted.astype(np.int64).reshape(-1)


def predictions(target: Target, output: Numbers) -> Numbers:
    """Return label numbers, or numbers, from what the output layer gives (logits)."""
    if target.task == "regression":
        return output
    if output.shape[1] == 1:
        return (output[:, 0] > 0.0).astype(np.int64)
    labels: Numbers = np.argmax(output, axis=1)
    return labels


def probabilities(output: Numbers) -> Numbers:
    """Return the probability of each class (rows, classes) from logits, in float64."""
    logits = output.astype(np.float64)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Numbers = raised / raised.sum(axis=1, keepdims=True)
    return shares
