"""Alike: units of a layer that have the same weights, or weights that all point one way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.depth import is_recurrence, is_weighing, recurrent_weights
from chainrule.network.plan import Plan, PlannedStep

Numbers = NDArray[np.float64]
DIGITS = 9


def layers_of_units(plan: Plan) -> list[PlannedStep]:
    """Return the steps whose units have weights of their own, one for each set of weights."""
    found: dict[str, PlannedStep] = {}
    for step in plan.steps:
        own = [one for one in step.inputs if one in plan.by_name]
        if own and (is_weighing(step) or is_recurrence(step)):
            found.setdefault(own[0], step)
    return list(found.values())


def by_unit(plan: Plan, step: PlannedStep, content: NDArray[Any]) -> Numbers:
    """Return the numbers that each unit has of a parameter, or of its gradient (units, numbers).

    A unit of an LSTM or a GRU has those of all its gates.
    """
    if is_recurrence(step):
        units = plan.by_name[recurrent_weights(step)[1]].shape[0]
        content = content.reshape(*content.shape[:-1], -1, units)
    if content.ndim > 1 and not step.op.startswith("convol"):
        content = np.moveaxis(content, -1, 0)
    return content.reshape(len(content), -1).astype(np.float64)


def numbers_of_units(
    plan: Plan, step: PlannedStep, *given: Mapping[str, NDArray[Any] | None]
) -> Numbers | None:
    """Return the numbers of each unit of a step (units, numbers): those of all its parameters.

    ``given``: the name of a parameter -> its values; or its gradients. Each in shares of its
    largest number. None where one of them is missing, as the gradients of what is frozen are.
    """
    names = [one for one in step.inputs if one in plan.by_name]
    found = [values.get(name) for values in given for name in names]
    shares = []
    for one in found:
        if one is None:
            return None
        wide = by_unit(plan, step, one)
        largest = float(np.abs(wide).max(initial=0.0))
        shares.append(wide / largest if largest > 0.0 else wide)
    return np.concatenate(shares, axis=1)


def share_of_copies(numbers: Numbers, digits: int = DIGITS) -> float:
    """Return the share of units (units, numbers) that have the numbers of another."""
    # Adding 0 makes -0 a 0.
    rounded = np.round(numbers, digits) + 0.0
    _, counts = np.unique(rounded, axis=0, return_counts=True)
    return float(counts[counts > 1].sum() / len(rounded))


def mean_cosine(numbers: Numbers) -> tuple[float, float]:
    """Return the mean cosine between the weights of two units, and how far chance takes it from 0.

    ``numbers`` are (units, numbers); units whose weights are all 0 do not count. Weights drawn
    around 0 have about 0, whatever their size; those between 0 and a bound have 3/4, and those of
    one number 1. The second number is a standard deviation, infinite with fewer than two units.
    """
    lengths = np.sqrt(np.sum(numbers**2, axis=1))
    chosen = lengths > 0.0
    pairs = int(chosen.sum()) * (int(chosen.sum()) - 1)
    if not pairs:
        return 0.0, math.inf
    total = (numbers[chosen] / lengths[chosen, None]).sum(axis=0)
    mean = (float(total @ total) - float(chosen.sum())) / pairs
    return mean, math.sqrt(2.0 / (pairs * numbers.shape[1]))
