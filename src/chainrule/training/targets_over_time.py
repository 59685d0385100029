"""Targets over time: which times of which rows count, and how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError, SetupError
from chainrule.network.network import Network
from chainrule.network.over_time import (
    Weights,
    refuse_other_targets,
    time_of,
    weights_over_time,
)
from chainrule.network.plan import Plan
from chainrule.training.rows import Rows, number_array, weights_of_classes
from chainrule.training.targets import Target

Inputs = Mapping[str, NDArray[Any]]


def weights_of_times(
    network: Network, inputs: Inputs, ys: Sequence[NDArray[Any]], sample_weight: Any
) -> tuple[list[Weights | None], Any]:
    """Return how much each time counts for each output, and the sample weight of the rows.

    (rows, time) for an output that answers at each time, None for one that gives an answer a row.
    A ``sample_weight`` (rows, time) is among them, and nothing of it is left for the rows. Raises
    ShapeError for a target of another shape, DataError for weights that are none.
    """
    if all(y.ndim == 1 for y in ys):
        # Each row has one answer, which is compared with the network once that has its sizes.
        return [None] * len(ys), sample_weight
    plan = network.sized({name: one.shape[1:] for name, one in inputs.items()}, 1).plan
    times = [time_of(plan, output) for output in plan.outputs]
    given = None
    if np.ndim(sample_weight) == 2 and any(times):
        given, sample_weight = _checked(sample_weight), None
    found = [
        None if time is None else _of_output(plan, output, time, inputs, y, given)
        for output, time, y in zip(plan.outputs, times, ys, strict=True)
    ]
    return found, sample_weight


def counted(weights: Weights | None) -> NDArray[np.bool_] | None:
    """Return which times count, None for a target with one answer a row."""
    return None if weights is None else weights > 0


def those_over_time(times: Sequence[Weights | None]) -> tuple[Weights, ...]:
    """Return the weights of the targets over time, in their order."""
    return tuple(one for one in times if one is not None)


def refuse_single_answers(plan: Plan, ys: Sequence[NDArray[Any]]) -> None:
    """Raise ShapeError where a target has one answer a row, and the output one at each time."""
    for output, y in zip(plan.outputs, ys, strict=True):
        time = time_of(plan, output)
        if time is not None:
            refuse_other_targets(plan, output, y.shape, time, len(y))


def weighed_by_class(
    weights: Weights, class_weight: Any, labels: NDArray[Any], target: Target
) -> Weights:
    """Return the weights of times multiplied by those of their classes."""
    if target.task != "classification":
        raise SetupError(
            "class_weight was given for a target of numbers.", "Use sample_weight instead."
        )
    numbers = labels.reshape(weights.shape).astype(np.int64)
    seen = numbers[weights > 0]
    by_class = weights_of_classes(class_weight, seen, target.labels)
    return np.asarray(weights * by_class[numbers])


def scaled(rows: Rows, which: str, as_mask: bool = False) -> Rows:
    """Return rows whose times have weights of mean 1; ``as_mask``: each that counts the same.

    Raises DataError where none of them counts.
    """
    if not rows.time_weights or not len(rows):
        return rows
    found = []
    for one in rows.time_weights:
        weights = (one > 0).astype(np.float64) if as_mask else one
        mean = float(np.mean(weights * rows.weights[:, None]))
        if not mean > 0.0:
            raise DataError(
                f"No time of the {which} rows counts.",
                "Give a mask that is True, or weights above 0, where an entry is real.",
            )
        found.append(weights / mean)
    return replace(rows, time_weights=tuple(found))


def _of_output(
    plan: Plan,
    output: str,
    time: int,
    inputs: Inputs,
    y: NDArray[Any],
    given: NDArray[np.float64] | None,
) -> Weights:
    rows = [inputs[name] for name in plan.inputs]
    refuse_other_targets(plan, output, y.shape, time, len(rows[0]))
    return weights_over_time(plan, output, time, rows, given)


def _checked(sample_weight: Any) -> NDArray[np.float64]:
    weights = number_array(sample_weight, "sample_weight", "Give one weight for each time.")
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise DataError(
            "sample_weight holds a negative number, NaN or infinity, or nothing above 0.",
            "Give one weight from 0 for each time of each row.",
        )
    return weights
