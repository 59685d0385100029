"""Predictions kept off the ends of what an output can reach, where a loss of one's own has none.

A sigmoid comes to 0 and to 1 in the arithmetic of a computer, for rows of which it is sure, and
the logarithm of what is left is infinite; a relu comes to 0, where a root has no slope. With the
ends moved aside by a little more than numbers are resolved, the same steps can be tried.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.probes.reach import Reach, reach_of
from chainrule.network.losses import Loss
from chainrule.ops import Op
from chainrule.ops.derived import op_from_function
from chainrule.training.setup import Setup

# About ten times the distance of numbers below 1 in float32.
MARGIN = 1e-6
OFF_THE_ENDS = "off the ends"


def off_the_ends(setup: Setup) -> Remedy | None:
    """Return the remedy of predictions that reach the loss off the ends of their range.

    None where the loss is one of the table, which are written so that ends do no harm, or where the
    output has no ends.
    """
    reach = reach_of(setup.network.plan)
    if not (setup.losses[0].own and reach.is_bounded):
        return None
    share, shift = _line(reach)
    ends = [one for one in (reach.low, reach.high) if math.isfinite(one)]
    named = " and ".join(f"{one:g}" for one in ends)
    given = "prediction" if share == 1.0 else f"{share:.9g} * prediction"
    if shift != 0.0:
        given += f" {'-' if shift < 0.0 else '+'} {abs(shift):g}"
    return Remedy(
        OFF_THE_ENDS,
        f"Keep what the loss is given {MARGIN:g} away from {named}, where its formula has no "
        "number or no slope.",
        on_setup(_with_margin),
        f"loss=lambda prediction, target: {setup.losses[0].name}({given}, target)",
    )


def _line(reach: Reach) -> tuple[float, float]:
    """Return the factor and the number added by which a reach is moved off its ends."""
    if not math.isfinite(reach.high):
        return 1.0, MARGIN
    if not math.isfinite(reach.low):
        return 1.0, -MARGIN
    share = 1.0 - 2.0 * MARGIN
    return share, (1.0 - share) * 0.5 * (reach.low + reach.high)


def _with_margin(setup: Setup) -> Setup:
    given = setup.losses[0]
    changed: Loss = replace(given, op=_kept_off(given.op, *_line(reach_of(setup.network.plan))))
    return replace(setup, losses=(changed, *setup.losses[1:]))


# One op for all trainings, which then share its program.
@lru_cache(maxsize=16)
def _kept_off(op: Op, share: float, shift: float) -> Op:
    def kept_off(prediction: Any, target: Any) -> Any:
        return op.forward(share * prediction + shift, target)

    return op_from_function(op.name, kept_off, op.shapes)
