"""The one-step secant method: the curvature that follows from the last step alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.optimizers.conjugate_gradient import kept_direction, like_the_last, nothing_kept
from chainrule.optimizers.line_descent import ROUNDING, Step, descend, inner
from chainrule.optimizers.line_search import check_wolfe
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import SearchState, Vector


@optimizer("one_step_secant")
@dataclass(frozen=True)
class OneStepSecant:
    """Against the gradient, corrected along the last step s and the change y of the gradient.

    Battiti, "First- and second-order methods for learning: between steepest descent and Newton's
    method", Neural Computation 4, 1992. It is the direction of ``bfgs`` with the matrix made anew
    from I in every step, so that two vectors stand in its place. It begins again along the gradient
    after p steps, as in the paper, and where y's is lost in rounding. The line search holds the
    strong Wolfe conditions with ``decrease`` and ``curvature``, and begins as that of the conjugate
    gradients does; the paper has one of its own. MATLAB's ``trainoss``.
    """

    name: ClassVar[str]
    decrease: float = 1e-4
    curvature: float = 0.1
    formula: ClassVar[str] = (
        r"d \leftarrow -\nabla + A s + B y, \quad B = \frac{s^T \nabla}{y^T s}, \quad "
        r"A = \frac{y^T \nabla}{y^T s} - \left(1 + \frac{y^T y}{y^T s}\right) B, \quad "
        r"\theta \leftarrow \theta + \alpha d"
    )
    needs: ClassVar[Needs] = "line search"

    initial = nothing_kept
    iteration = descend
    direction = kept_direction
    first_step = like_the_last

    def __post_init__(self) -> None:
        check_wolfe(self)

    def learned(self, step: Step, state: SearchState) -> dict[str, Vector]:
        steps = int(state["steps"]) + 1
        direction = secant_direction(step) if steps < step.direction.size else None
        if direction is None:
            direction, steps = -step.after.gradient, 0
        gain = step.after.step * step.before.slope
        return {"direction": direction, "gain": np.array(gain), "steps": np.array(float(steps))}


def secant_direction(step: Step) -> Vector | None:
    """Return the direction (p,) after a step, None where the step says nothing of the curvature."""
    moved, turned, gradient = step.moved, step.turned, step.after.gradient
    met, square = inner(turned, moved), inner(turned, turned)
    if not met > ROUNDING * square:
        return None
    along_turned = inner(moved, gradient) / met
    along_moved = inner(turned, gradient) / met - (1.0 + square / met) * along_turned
    direction: Vector = along_moved * moved + along_turned * turned - gradient
    return direction
