"""Outputs that answer at each time of a sequence, and the mask that says which times are real."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError, SetupError, ShapeError
from chainrule.network.orders import Order, order_of
from chainrule.network.plan import RANDOM, Plan, PlannedStep
from chainrule.shapes import show

Weights = NDArray[np.float64]


def time_of(plan: Plan, output: str) -> int | None:
    """Return at how many times an output answers, None where it gives one answer for each row.

    Raises ShapeError where it is neither (n, numbers) nor (n, time, numbers).
    """
    shape = plan.shapes[output]
    if len(shape) == 1:
        return None
    last = _maker(plan, output)
    given = f"The output {last.layer}, {last.made_by}, is {show(plan.open_shape(output))}"
    if len(shape) != 2:
        raise ShapeError(
            f"{given}, and a loss takes (n, numbers) or (n, time, numbers).",
            "Put Flatten() or GlobalAveragePool() in front of the last Dense.",
        )
    if _order(plan, output) == "channels first":
        raise ShapeError(
            f"{given}, whose channels stand first, and a loss takes (n, numbers) or "
            "(n, time, numbers).",
            "Put Flatten() or GlobalAveragePool() in front of the last Dense, or "
            "Apply('transposed') for an answer at each place.",
        )
    return shape[0]


def refuse_other_targets(
    plan: Plan, output: str, target: tuple[int, ...], time: int, rows: int
) -> None:
    """Raise ShapeError where a target is not one answer for each time of each row."""
    if target[:2] == (rows, time) and len(target) in (2, 3):
        return
    last = _maker(plan, output)
    remedy = "Put GlobalAveragePool(over='time') or Flatten() in front of the last Dense, or leave "
    raise ShapeError(
        f"The output {last.layer}, {last.made_by}, is {show(plan.open_shape(output))}, an answer "
        f"at each time, and the target is {target} for {rows} rows.",
        f"{remedy}every_step out, for one answer a row; or give a target ({rows}, {time}).",
    )


def weights_over_time(
    plan: Plan,
    output: str,
    time: int,
    inputs: Sequence[NDArray[np.generic]],
    given: NDArray[np.float64] | None,
) -> Weights:
    """Return how much each time of each row counts, (rows, time), of mean 1 by the mask alone.

    A time counts where the mask is True that the output was made with. ``given``, (rows, time),
    are weights that multiply. Raises SetupError where the output was made with several masks and
    nothing is given, ShapeError for other shapes, DataError where no time counts.
    """
    rows = len(inputs[0])
    if given is not None and given.shape != (rows, time):
        raise ShapeError(
            f"sample_weight is {given.shape}, and {output} answers at {time} times of {rows} rows.",
            f"Give weights ({rows},) or ({rows}, {time}).",
        )
    masks = masks_of(plan, output, time)
    if len(masks) > 1 and given is None:
        raise SetupError(
            f"Whether a time of {output} is real could be said by {' or by '.join(masks)}.",
            f"Say it: sample_weight ({rows}, {time}), 0 where nothing is real.",
        )
    weights = np.ones((rows, time))
    if len(masks) == 1:
        weights = np.array(inputs[list(plan.inputs).index(masks[0])], dtype=np.float64)
        if not weights.any():
            raise DataError(
                f"The mask '{masks[0]}' is False everywhere, so there is nothing to learn from.",
                "Give True where an entry is real.",
            )
        weights = weights / weights.mean()
    return weights if given is None else weights * given


def masks_of(plan: Plan, output: str, time: int) -> list[str]:
    """Return the masks, inputs of ``time`` truth values, that an output is made with."""
    reached = {output}
    for step in reversed(plan.steps):
        if not reached.isdisjoint(step.outputs):
            reached.update(step.inputs)
    return [
        name
        for name, shape in plan.inputs.items()
        if name in reached and shape == (time,) and plan.kinds[name] == "boolean"
    ]


def _maker(plan: Plan, output: str) -> PlannedStep:
    return next(one for one in plan.steps if output in one.outputs)


def _order(plan: Plan, output: str) -> Order:
    """Return whether channels stand first in an output, as it was found when it was planned."""
    orders: dict[str, Order] = {}
    for planned, step in zip(plan.steps, plan.walk, strict=True):
        first, made = planned.inputs[0], planned.outputs[0]
        if planned.op != RANDOM:
            before = orders.get(first, "")
            given = plan.open_shape(first)
            orders[made] = order_of(step.op, [given], [before], plan.open_shape(made))
    return orders.get(output, "")
