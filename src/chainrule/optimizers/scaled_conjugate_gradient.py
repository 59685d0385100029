"""Scaled conjugate gradients: conjugate directions whose steps need no line search."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.optimizers.constants import check_above
from chainrule.optimizers.line_descent import (
    NO_STEP,
    begun,
    is_better,
    look_here,
    standstill,
    unbegun,
)
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import (
    CurvatureAlong,
    GradientAt,
    Iterate,
    Request,
    SearchState,
    Sizes,
    Vector,
)

# Each failed trial halves the step at least, so that none is left after these.
TRIALS = 60
POOR, GOOD = 0.25, 0.75
# How far a trial that failed raises d'Hd + damping d'd, in parts of it: where a loss is not finite,
# and at most.
RETREAT, LARGEST_RETREAT = 15.0, 1000.0


@dataclass(frozen=True, eq=False)
class _Fall:
    """A step that lowered the loss: where it led, what is there, and the damping after it."""

    parameters: Vector
    loss: float
    gradient: Vector
    damping: float
    slope: float


@optimizer("scaled_conjugate_gradient")
@dataclass(frozen=True)
class ScaledConjugateGradient:
    """Conjugate gradients with a step from the curvature along them, damped where that misleads.

    Moller, "A scaled conjugate gradient algorithm for fast supervised learning", Neural Networks 6,
    1993. The step along d is -d'g / (d'Hd + damping d'd). The damping falls to a quarter where the
    loss fell by 0.75 or more of what was predicted, and rises where it fell by less than 0.25. The
    product Hd is exact here, by backpropagation (Pearlmutter 1994), so that the difference of the
    paper and its constant sigma are not needed. One iteration is one step that lowers the loss,
    with as many trials as that takes. MATLAB's ``trainscg``, with its first damping of 5e-7.
    """

    name: ClassVar[str]
    damping: float = 5e-7
    formula: ClassVar[str] = (
        r"\theta \leftarrow \theta - \frac{d^T \nabla}{d^T H d + \lambda d^T d}\, d, \quad "
        r"d \leftarrow -\nabla_t + \beta d, \quad "
        r"\beta = \frac{\nabla_t^T (\nabla_t - \nabla_{t-1})}{-d^T \nabla_{t-1}}"
    )
    needs: ClassVar[Needs] = "curvature product"

    def __post_init__(self) -> None:
        check_above(self, 0.0, "damping")

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        memory = {"direction": np.zeros(parameters.shape), "steps": np.zeros(())}
        return {**unbegun(parameters), **memory, "damping": np.array(float(self.damping))}

    def iteration(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        loss, gradient = yield from look_here(parameters, state)
        ended = standstill(loss, gradient)
        if ended is not None:
            return Iterate(parameters, dict(state), loss, ended)
        here = (parameters, loss, gradient)
        direction, steps = state["direction"], float(state["steps"])
        fall = None
        if direction.any():
            fall = yield from _damped_step(*here, direction, float(state["damping"]))
        if fall is None:
            direction, steps = -gradient, 0.0
            fall = yield from _damped_step(*here, direction, float(self.damping))
        if fall is None:
            return Iterate(parameters, dict(state), loss, NO_STEP)
        memory = {**_following(gradient, fall, direction, steps), "damping": np.array(fall.damping)}
        made = {**memory, **begun(fall.loss, fall.gradient)}
        readings = {"damping": fall.damping}
        return Iterate(fall.parameters, made, fall.loss, readings=readings)


def _following(gradient: Vector, fall: _Fall, direction: Vector, steps: float) -> dict[str, Vector]:
    """Return the next direction, by step 7 of the paper; after p steps that along the gradient."""
    if steps + 1.0 >= gradient.size:
        return {"direction": -fall.gradient, "steps": np.zeros(())}
    share = float(fall.gradient @ (fall.gradient - gradient)) / fall.slope
    return {"direction": share * direction - fall.gradient, "steps": np.array(steps + 1.0)}


def _damped_step(
    parameters: Vector, loss: float, gradient: Vector, direction: Vector, damping: float
) -> Generator[Request, Any, _Fall | None]:
    """Raise the damping until a step along the direction lowers the loss; None where none does.

    Where the direction leads up, ``slope`` is below 0, and the step goes the other way.
    """
    slope, length = -float(direction @ gradient), float(direction @ direction)
    if not (0.0 < slope * slope < math.inf and 0.0 < length < math.inf):
        return None
    turn = yield CurvatureAlong(parameters, direction)
    curvature = float(direction @ turn) if np.isfinite(turn).all() else 0.0
    bend = curvature + damping * length
    if not bend > 0.0:
        damping = 2.0 * (damping - bend / length)
        bend = curvature + damping * length
    for _ in range(TRIALS):
        there = parameters + (slope / bend) * direction
        if not math.isfinite(bend) or np.array_equal(there, parameters):
            return None
        after, turned = yield GradientAt(there)
        sound = math.isfinite(after) and bool(np.isfinite(turned).all())
        kept = 2.0 * bend * (loss - after) / (slope * slope) if sound else 1.0 - RETREAT
        added = bend * min(1.0 - kept, LARGEST_RETREAT) / length
        if kept >= 0.0 and is_better((loss, gradient), (after, turned)):
            damping = damping / 4.0 if kept >= GOOD else damping
            damping = damping + added if kept < POOR else damping
            return _Fall(there, float(after), turned, damping, slope)
        damping += added
        bend += added * length
    return None
