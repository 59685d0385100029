"""Gauss-Newton: Newton's step by first derivatives alone, with a line search."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.optimizers.constants import check_shares, check_shrinks
from chainrule.optimizers.damped_steps import Parabola, Vector, moved, parabola_at, why_no_step
from chainrule.optimizers.optimizer import Needs, optimizer
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
        check_shrinks(self, "ridge")

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
            found = None
            if step is not None:
                found = yield from self._halved(parameters, step, parabola)
            if found is not None:
                halvings, there, loss = found
                after = max(self.ridge, ridge * (0.1, 1.0, 10.0)[min(halvings, 2)])
                readings = {"step_length": 0.5**halvings, "ridge": ridge}
                return Iterate(there, {"ridge": np.array(after)}, loss, readings=readings)
            ridge *= 10.0
        why = "no step lowers the loss, however short"
        return Iterate(parameters, dict(state), parabola.loss, why)

    def _halved(
        self, parameters: Vector, step: Vector, parabola: Parabola
    ) -> Generator[Request, Any, tuple[int, Vector, float] | None]:
        """Halve a step (p,) until the loss falls enough: how often, where it leads, the loss there.

        None for a step that leads up, and where no length of it will do.
        """
        slope = float(step @ parabola.gradient)
        if not slope < 0.0:
            return None
        for halvings in range(SHORTENINGS + 1):
            length = 0.5**halvings
            there = moved(parameters, length * step)
            if there is None:
                continue
            loss = yield LossAt(there)
            enough = parabola.loss + self.sufficient * length * slope
            if loss < parabola.loss and loss <= enough:
                return halvings, there, loss
        return None
