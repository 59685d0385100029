"""Reach: which numbers an output can take, by its last activation, and what of the targets it
cannot reach whatever is learned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ranges import are_varying
from chainrule.network.plan import Plan, PlannedStep
from chainrule.ops import ACTIVATIONS, find_op

Numbers = NDArray[Any]
# What is beyond this far out has no bound there.
FAR = 1e5
# Steps that move numbers, choose among them or take their mean: what comes out of one lies between
# the lowest and the highest that went in.
MOVING = (
    "flatten", "reshape", "transpose", "transposed", "slice", "take", "average_pooling_1d",
    "average_pooling_2d", "max_pooling_1d", "max_pooling_2d", "global_average_pooling",
    "global_max_pooling", "average_over_time", "max_over_time", "entry_of_sequence",
)  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """The lowest and the highest number of an output. ``sums_to_one``: over its units."""

    low: float = -math.inf
    high: float = math.inf
    sums_to_one: bool = False

    @property
    def is_bounded(self) -> bool:
        """Whether there is any bound."""
        return math.isfinite(self.low) or math.isfinite(self.high)


def last_step(plan: Plan, place: int = 0) -> PlannedStep:
    """Return the step that makes an output."""
    return next(one for one in plan.steps if plan.outputs[place] in one.outputs)


def last_activation(plan: Plan, place: int = 0) -> PlannedStep:
    """Return the activation that an output's numbers come from, behind which they only move.

    The step that makes the output where that is none.
    """
    makers = {name: one for one in plan.steps for name in one.outputs}
    last = found = last_step(plan, place)
    while found.op in MOVING and found.inputs[0] in makers:
        found = makers[found.inputs[0]]
    # A softmax that is moved about shares its 1 among other numbers than those side by side.
    is_one = found.op in ACTIVATIONS and (found.op != "softmax" or found is last)
    return found if is_one else last


def reach_of(plan: Plan, place: int = 0) -> Reach:
    """Return the reach of an output: unbounded where its numbers come from no activation."""
    last = last_activation(plan, place)
    if last.op not in ACTIVATIONS or len(last.inputs) != 1:
        return Reach()
    if last.op == "softmax":
        return Reach(0.0, 1.0, sums_to_one=True)
    return _of_activation(last.op, last.settings)


def _of_activation(name: str, settings: Mapping[str, Any]) -> Reach:
    near, far = np.linspace(-10.0, 10.0, 2001), np.logspace(1.0, 7.0, 61)
    given = np.concatenate([-far[::-1], near, far])[:, None]
    with np.errstate(all="ignore"):
        made = np.asarray(find_op(name).forward(given, **settings))
    made = made[np.isfinite(made)]
    if not made.size:
        return Reach()
    low, high = float(made.min()), float(made.max())
    return Reach(low if low > -FAR else -math.inf, high if high < FAR else math.inf)


def missed_numbers(reach: Reach, targets: Numbers) -> float:
    """Return the least squared error that is left on targets (rows, width), over their variance.

    0 where every target is in reach; 1 is the error of the best constant.
    """
    wide = targets.reshape(-1, targets.shape[-1]).astype(np.float64)
    spread = wide.var(axis=0)
    varying = are_varying(wide.mean(axis=0), np.sqrt(spread))
    if not varying.any():
        return 0.0
    nearest = np.clip(wide, reach.low, reach.high)
    if reach.sums_to_one:
        nearest = nearest + (1.0 - nearest.sum(axis=1, keepdims=True)) / wide.shape[1]
    missed = np.mean((nearest - wide) ** 2, axis=0)
    return float(np.mean(missed[varying] / spread[varying]))


def missed_classes(reach: Reach, shares: Numbers, one_output: bool) -> float:
    """Return the least Brier score that is left on classes of these shares, over the constant's.

    ``one_output``: two classes by the sign of one logit; else one logit for each class.
    """
    constant = max(1.0 - float(np.sum(shares**2)), 1e-12)
    low, high = _exponential(reach.low), _exponential(reach.high)
    if one_output:
        wrong_first, wrong_second = _share(low, 1.0), _share(1.0, high)
        found = shares[0] * 2.0 * wrong_first**2 + shares[-1] * 2.0 * wrong_second**2
        return float(found) / constant
    others = len(shares) - 1
    wrong = 1.0 - _share(high, others * low)
    return (wrong**2 + wrong**2 / others) / constant


def _exponential(number: float) -> float:
    return math.exp(min(number, 700.0)) if number > -math.inf else 0.0


def _share(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest > 0.0 else 1.0
