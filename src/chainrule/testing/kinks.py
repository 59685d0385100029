"""Slopes at kinks: which of the two forward has backward takes, by differences from one side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chainrule.ops import Kink
from chainrule.randomness import uniform
from chainrule.testing.rules import backward_is_the_adjoint
from chainrule.testing.trials import Trial

STEP = 1e-4
BOUND = 1e-7


def one_sided_slopes(trial: Trial) -> Iterator[str]:
    """At each declared kink backward takes the slope of the declared side, and tangent the same."""
    for kink in trial.op.kinks:
        there = trial.at(kink.at)
        name, number = next(iter(kink.at.items()))
        place = trial.op.input_names.index(name)
        shape = there.inputs[place].shape
        ahead = (0.5 + uniform(trial.seed, "side", int(np.prod(shape)))).reshape(shape)
        left, right = _slope(there, place, -ahead), _slope(there, place, ahead)
        due = {"left": left, "right": right, "middle": 0.5 * (left + right)}[kink.side]
        taken = float(np.sum(there.gradients[place] * ahead))
        if not abs(taken - due) <= BOUND * (abs(left) + abs(right) + 1.0):
            yield _told(kink, name, number, taken, left, right)
        yield from (f"at {name} = {number:g}, {one}" for one in backward_is_the_adjoint(there))


def _slope(trial: Trial, place: int, way: NDArray[np.float64]) -> float:
    """Return the slope of <grad_y, forward> along |way|, from the side that ``way`` points to."""
    direction = tuple(way if i == place else None for i in range(len(trial.inputs)))
    values = [
        sum(
            float(np.sum(grad * made))
            for grad, made in zip(trial.grad_outputs, trial.moved(direction, k * STEP), strict=True)
        )
        for k in range(4)
    ]
    slope = (-11.0 * values[0] + 18.0 * values[1] - 9.0 * values[2] + 2.0 * values[3]) / 6.0 / STEP
    return slope if np.all(way >= 0) else -slope


def _told(kink: Kink, name: str, number: float, taken: float, left: float, right: float) -> str:
    return (
        f"at the kink {name} = {number:g} the declared slope is that of the {kink.side} "
        f"(left {left:.6g}, right {right:.6g}), backward takes {taken:.6g}."
    )
