"""What optimizers that take steps share: how they are told the loss, and which rows they need."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.arrays import Array
from chainrule.optimizers.optimizer import State
from chainrule.optimizers.searching import searches

COMPARES_LOSSES = "compares the loss of each step with the one before, which has to be of all rows"
COMPARES_SIGNS = (
    "compares the signs of each gradient with those of the one before, which has to be of all rows"
)


def stepped(
    chosen: Any,
    parameters: Array,
    gradient: Array,
    state: State,
    rate: Any,
    step: Any,
    loss: Any,
) -> tuple[Array, dict[str, Array]]:
    """Return parameters and state after a step; ``loss`` is told to those that ask for it.

    It is the loss at ``parameters``, penalties included: one number.
    """
    told = {"loss": loss} if chosen.needs == "loss and gradient" else {}
    made: tuple[Array, dict[str, Array]] = chosen.update(
        parameters, gradient, state, rate, step, **told
    )
    return made


def why_all_rows(chosen: Any) -> str:
    """Return why an optimizer needs all rows in every step, "" where mini-batches will do.

    The words follow its name in a sentence.
    """
    if chosen.needs == "loss and gradient":
        return COMPARES_LOSSES
    if searches(chosen):
        return "looks at one and the same function in several places, which takes all rows"
    return str(getattr(chosen, "all_rows", ""))


def single(number: float) -> Array:
    """Return one number as a part of a state: without axes, float64 on every engine."""
    content: Any = np.array(number, dtype=np.float64)
    array: Array = content
    return array
