"""Gauss-Newton: Newton's step by first derivatives alone, with a line search."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.checks import is_finite_number
from chainrule.errors import SetupError
from chainrule.optimizers.damped_steps import Vector, moved, parabola_at, why_no_step
from chainrule.optimizers.optimizer import Needs, check_shares, optimizer
from chainrule.optimizers.searching import Iterate, LossAt, Request, SearchState, Sizes

# A step that is shortened further than that is the wrong one: more damping turns it.
SHORTENINGS = 10
# With so much beside the largest entry of the diagonal the step is one along the gradient.
MOST_SHARE = 1e6


@optimizer("gauss_newton")
@dataclass(frozen=True)
class GaussNewton:
    """The step to the lowest place of the Gauss-Newton parabola, halved until the loss falls.

    For squares the matrix is J'J; for cross-entropy losses J'HJ, with the second derivatives H of
    the loss at the network's outputs, which makes it Newton's method for a model without hidden
    layers. Gauss, 1809; with the line search Björck, "Numerical methods for least squares
    problems", 1996, section 9.2; for other losses than squares Schraudolph, Neural Computation 14,
    2002. A step counts where the loss falls by ``sufficient`` of what the slope says: Armijo, 1966.

    The matrix of a network is often singular, so that ``ridge`` times the largest entry of its
    diagonal is added to that. It is ten times as much where no length of a step lowers the loss and
    after a quarter of a step or less, and a tenth again, down to ``ridge``, after a whole one. For
    small networks on classes; on numbers ``LevenbergMarquardt`` seeks less along each direction.
    """

    name: ClassVar[str]
    ridge: float = 1e-8
    sufficient: float = 1e-4
    formula: ClassVar[str] = (
        r"J^\top H J\, \delta = -\nabla, \quad \theta \leftarrow \theta + \lambda \delta, \quad "
        r"\lambda = 1, \tfrac12, \tfrac14, \ldots \text{ until the loss falls}"
    )
    needs: ClassVar[Needs] = "normal equations"

    def __post_init__(self) -> None:
        check_shares(self, "sufficient")
        if not (is_finite_number(self.ridge) and 0.0 < self.ridge < 1.0):
            raise SetupError(
                f"ridge of GaussNewton is {self.ridge!r}.", "Give a number between 0 and 1."
            )

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        """Return the ridge, which grows and shrinks."""
        return {"ridge": np.array(self.ridge)}

    def iteration(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]:
        """Make the next step that lowers the loss. See ``SearchingOptimizer``."""
        parabola = yield from parabola_at(parameters, sizes)
        why = why_no_step(parabola)
        if why is not None:
            return Iterate(parameters, dict(state), parabola.loss, why)
        ridge, scale = float(state["ridge"]), float(np.abs(parabola.diagonal).max())
        while ridge <= MOST_SHARE:
            step = parabola.step(ridge * scale)
            slope = 0.0 if step is None else float(step @ parabola.gradient)
            for halved in range(SHORTENINGS + 1 if step is not None and slope < 0.0 else 0):
                length = 0.5**halved
                there = moved(parameters, None if step is None else length * step)
                if there is None:
                    continue
                loss = yield LossAt(there)
                if loss < parabola.loss and loss <= parabola.loss + (
                    self.sufficient * length * slope
                ):
                    after = max(self.ridge, ridge * (0.1, 1.0, 10.0)[min(halved, 2)])
                    readings = {"step_length": length, "ridge": ridge}
                    kept = {"ridge": np.array(after)}
                    return Iterate(there, kept, loss, readings=readings)
            ridge *= 10.0
        why = "no step lowers the loss, however short"
        return Iterate(parameters, dict(state), parabola.loss, why)
