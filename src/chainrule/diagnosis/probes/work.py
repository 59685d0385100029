"""Work, counted in multiplications: of how many rows a measurement is, by it and not by a clock.

A clock would give another number of rows, and so another number, at every call.
"""

from __future__ import annotations

import math

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.relative_error import MOST_LOOKED_AT
from chainrule.network.plan import Plan

# Multiplications that take about a twentieth of the 2 s that a diagnosis may always take.
MOMENT = 150_000_000
# In multiplications of one pass forward: with the way back, and with the tangents of both.
OF_A_PASS, OF_A_PRODUCT = 3, 6
# And of a number that is read, or of an output that is made a probability and compared.
OF_A_NUMBER = 50
# Errors of the most rows take milliseconds; of fewer than the fewest they are too much those of
# their luck. In between, of the work of a training.
FEWEST_JUDGED, ERRORS_SHARE = 100, 0.06


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


def rows_to_judge(case: Case) -> int:
    """Return how many rows the errors of a network may be of, by their work and the training's."""
    plan = case.first.plan
    numbers = sum(math.prod(plan.shapes[one]) for one in (*plan.inputs, *plan.outputs))
    work = max(MOMENT, int(ERRORS_SHARE * work_of_training(case)))
    rows = work // (work_of_row(plan) + OF_A_NUMBER * numbers)
    return max(FEWEST_JUDGED, min(MOST_LOOKED_AT, rows))


def _places(shape: tuple[int, ...]) -> int:
    """Return how often the weights are used: at each time, or each place of a channel."""
    return math.prod(shape[1:]) if len(shape) > 2 else math.prod(shape[:-1])


def work_of_training(case: Case) -> int:
    """Return the work of all epochs of a case."""
    return OF_A_PASS * work_of_row(case.first.plan) * len(case.training) * case.epochs
