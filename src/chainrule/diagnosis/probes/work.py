"""Work, counted in multiplications: of how many rows a measurement is, by it and not by a clock.

A clock would give another number of rows, and so another number, at every call.
"""

from __future__ import annotations

import math

from chainrule.diagnosis.cases.case import Case
from chainrule.network.plan import Plan

# Multiplications that take about a twentieth of the 2 s that a diagnosis may always take.
MOMENT = 150_000_000
# In multiplications of one pass forward: with the way back, and with the tangents of both.
OF_A_PASS, OF_A_PRODUCT = 3, 6


def work_of_row(plan: Plan) -> int:
    """Return how many multiplications by weights one row takes on its way forward."""
    found = 0
    for step in plan.steps:
        shape = plan.shapes.get(step.outputs[0], ())
        if step.op == "embedding":
            # Rows of the table are looked up.
            continue
        sizes = (math.prod(plan.by_name[one].shape) for one in step.inputs if one in plan.by_name)
        found += sum(sizes) * _places(shape)
    return max(1, found)


def _places(shape: tuple[int, ...]) -> int:
    """Return how often the weights are used: at each time, or each place of a channel."""
    return math.prod(shape[1:]) if len(shape) > 2 else math.prod(shape[:-1])


def work_of_training(case: Case) -> int:
    """Return the work of all epochs of a case."""
    return OF_A_PASS * work_of_row(case.first.plan) * len(case.training) * case.epochs
