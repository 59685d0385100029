"""The BFGS method, with the whole matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import SetupError
from chainrule.optimizers.line_descent import ROUNDING, Step, cautious_step, descend, unbegun
from chainrule.optimizers.line_search import check_wolfe
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import SearchState, Vector

# Its matrix then takes 200 MB, and as much again while it changes.
MOST_PARAMETERS = 5000


@optimizer("bfgs")
@dataclass(frozen=True)
class BFGS:
    """Steps by an inverse of the curvature that is learned from step to step, as a whole matrix.

    Broyden, Fletcher, Goldfarb and Shanno, all 1970; as in Nocedal and Wright, "Numerical
    optimization", 2006, algorithm 6.1: s and y are the changes of parameters and gradient. Before
    the first of them the matrix is (s's / s'y) I, the longer of the two lengths of Barzilai and
    Borwein (IMA Journal of Numerical Analysis 8, 1988), where the book takes the shorter one. The
    line search holds the strong Wolfe conditions with ``decrease`` and ``curvature``. For up to
    5,000 parameters.
    """

    name: ClassVar[str]
    decrease: float = 1e-4
    curvature: float = 0.9
    formula: ClassVar[str] = (
        r"\theta \leftarrow \theta - \alpha H \nabla, \quad "
        r"H \leftarrow (I - \rho s y^T) H (I - \rho y s^T) + \rho s s^T, \quad "
        r"\rho = \frac{1}{y^T s}"
    )
    needs: ClassVar[Needs] = "line search"

    iteration = descend

    def __post_init__(self) -> None:
        check_wolfe(self)

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        count = parameters.size
        if count > MOST_PARAMETERS:
            raise SetupError(
                f"BFGS keeps a matrix of {count:,} x {count:,} numbers, for as many parameters.",
                "Use LBFGS, which keeps a few vectors in its place.",
            )
        memory = {"inverse": np.eye(count), "updates": np.zeros(())}
        return {**unbegun(parameters), **memory}

    def first_step(self, slope: float, gradient: Vector, state: SearchState) -> float:
        return 1.0 if state["updates"] else cautious_step(gradient)

    def direction(self, gradient: Vector, state: SearchState) -> Vector:
        return -gradient if not state["updates"] else -(state["inverse"] @ gradient)

    def learned(self, step: Step, state: SearchState) -> dict[str, Vector]:
        moved, turned = step.moved, step.turned
        inverse, updates = state["inverse"], state["updates"]
        met = float(turned @ moved)
        if met > ROUNDING * float(turned @ turned):
            if not updates:
                inverse = np.eye(moved.size) * (float(moved @ moved) / met)
            inverse = _updated(inverse, moved, turned, met)
            updates = np.asarray(updates + 1.0)
        return {"inverse": inverse, "updates": updates}


def _updated(inverse: Vector, moved: Vector, turned: Vector, met: float) -> Vector:
    """Return (I - s y'/y's) H (I - y s'/y's) + s s'/y's, as H + s u' + u s'; exactly symmetric."""
    seen = inverse @ turned
    own = (1.0 + float(turned @ seen) / met) / met
    half = np.outer(moved, 0.5 * own * moved - seen / met)
    updated: Vector = inverse + (half + half.T)
    return updated
