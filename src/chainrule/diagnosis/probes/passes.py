"""A pass: every value and gradient of a sample of the training rows, at some parameters."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.work import MOMENT, OF_A_PASS, work_of_row
from chainrule.network.forms import noise_of
from chainrule.network.network import Network
from chainrule.network.objective import Objective
from chainrule.ops import ACTIVATIONS
from chainrule.randomness import random_bits
from chainrule.training.rows import Rows

Array = NDArray[Any]
# Enough to tell 1 % of rows from none, few enough to take milliseconds in float64.
SAMPLE = 400
FEWEST_ROWS = 32


def sampled(case: Case, most: int = SAMPLE) -> Rows:
    """Return at most so many training rows, the same for a seed."""
    count = len(case.training)
    if count <= most:
        return case.training
    # The first of a random order, without putting all others in order.
    bits = random_bits(case.setup.seed, "rows of a diagnosis", 0, count)
    return case.training.part(np.sort(np.argpartition(bits, most)[:most]))


@dataclass(frozen=True, eq=False)
class Unit:
    """An activation step: its op, and what its units do over the rows of a pass.

    ``inputs`` and ``outputs`` are (cases, units): rows, and times or places with them; ``slopes``
    is the derivative of the activation there. ``is_output``: nothing comes behind it.
    """

    layer: str
    op: str
    inputs: Array
    outputs: Array
    slopes: Array
    is_output: bool


@dataclass(frozen=True, eq=False)
class Pass:
    """Values and gradients by the names of the plan, in float64, of the network as it predicts."""

    objective: Objective
    values: Mapping[str, Array]
    gradients: Mapping[str, Array | None]

    @property
    def loss(self) -> float:
        """The mean loss, without penalties."""
        return float(self.values["loss"])

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The activations in their order, each with what its units do."""
        plan = self.objective.plan
        found = []
        for step, walked in zip(plan.steps, plan.walk, strict=True):
            if step.op not in ACTIVATIONS or len(step.inputs) != 1 or step.op == "softmax":
                continue
            x, y = self.values[step.inputs[0]], self.values[step.outputs[0]]
            with np.errstate(all="ignore"):
                (slopes,) = walked.op.backward(np.ones_like(y), y, x, **step.settings)
            if slopes is None:
                continue
            inputs, outputs, steep = (by_unit(np.asarray(one)) for one in (x, y, slopes))
            is_output = step.outputs[0] in plan.outputs
            found.append(Unit(step.layer, step.op, inputs, outputs, steep, is_output))
        return tuple(found)

    def gradient_size(self, parameter: str) -> float:
        """Return the root mean square of the gradient at a parameter."""
        found = self.gradients.get(parameter)
        return 0.0 if found is None else root_mean_square(found)


def root_mean_square(numbers: Array) -> float:
    """Return the root mean square of numbers, right also where their squares leave the range.

    Infinite or NaN where they hold such a number, 0 for none.
    """
    largest = float(np.abs(numbers).max(initial=0.0))
    if not math.isfinite(largest) or largest == 0.0:
        return largest
    return largest * float(np.sqrt(np.mean(np.square(numbers / largest))))


def by_unit(content: Array) -> Array:
    """Return (cases, units) of an activation's value: channels are units, behind rows or last."""
    if content.ndim > 3:
        content = np.moveaxis(content, 1, -1)
    return content.reshape(-1, content.shape[-1])


def rows_within(case: Case, work: int = MOMENT) -> int:
    """Return how many rows a pass may be of that is to take so much work: from 32 to 400."""
    each = OF_A_PASS * work_of_row(case.first.plan)
    return int(np.clip(work // each, FEWEST_ROWS, SAMPLE))


def seconds_of_pass(case: Case, most: int) -> float:
    """Return how long a pass of so many rows takes. Raises SetupError where none can be made."""
    rows = case.training.part(np.linspace(0, len(case.training) - 1, most).astype(np.int64))
    began = time.thread_time()
    pass_of(case, case.first, rows)
    return time.thread_time() - began


def pass_of(case: Case, network: Network, rows: Rows) -> Pass:
    """Return the pass of rows through the case's objective with the parameters of ``network``."""
    objective = case.setup.objective().in_prediction
    known = {**network.parameters, **network.state}
    carried = objective.carried.flat_array(known, "float64")
    frozen = objective.frozen.flat_array(network.parameters, "float64")
    noise = noise_of(objective, case.setup.seed, 0)
    with np.errstate(all="ignore"):
        values = objective.values(carried, frozen, rows.typed("float64"), noise)
        gradients = objective.gradients(values)
    return Pass(
        objective,
        {str(name): np.asarray(content) for name, content in values.items()},
        {str(name): content for name, content in gradients.items()},
    )
