"""The limited-memory BFGS method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.checks import is_whole_number
from chainrule.errors import SetupError
from chainrule.optimizers.line_descent import ROUNDING, Step, cautious_step, descend, unbegun
from chainrule.optimizers.line_search import check_wolfe
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import SearchState, Vector


@optimizer("lbfgs")
@dataclass(frozen=True)
class LBFGS:
    """Steps by a curvature that follows from the last few steps and the gradients around them.

    Nocedal, Mathematics of Computation 35, 1980; Liu and Nocedal, Mathematical Programming 45,
    1989. ``history`` pairs are kept, of the change s of the parameters and y of the gradient; the
    product with the inverse of the curvature is made from them alone, from H = (s'y / y'y) I for
    the newest pair (Nocedal and Wright 2006, algorithms 7.4 and 7.5). The line search holds the
    strong Wolfe conditions with ``decrease`` and ``curvature``. A pair whose s'y is lost in the
    rounding of y'y is not kept.
    """

    name: ClassVar[str]
    history: int = 10
    decrease: float = 1e-4
    curvature: float = 0.9
    formula: ClassVar[str] = (
        r"\theta \leftarrow \theta - \alpha H \nabla, \quad "
        r"H \leftarrow (I - \rho s y^T) H (I - \rho y s^T) + \rho s s^T "
        r"\text{ over the last pairs}, \quad \rho = \frac{1}{y^T s}"
    )
    needs: ClassVar[Needs] = "line search"

    iteration = descend

    def __post_init__(self) -> None:
        check_wolfe(self)
        if not is_whole_number(self.history, 1):
            raise SetupError(
                f"history of LBFGS is {self.history!r}.", "Give a whole number from 1, such as 10."
            )

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        pairs = np.zeros((self.history, parameters.size))
        memory = {"moves": pairs, "turns": pairs.copy(), "pairs": np.zeros(())}
        return {**unbegun(parameters), **memory}

    def first_step(self, slope: float, gradient: Vector, state: SearchState) -> float:
        return 1.0 if state["pairs"] else cautious_step(gradient)

    def direction(self, gradient: Vector, state: SearchState) -> Vector:
        """Return minus the inverse curvature times the gradient: two loops over the pairs."""
        moves, turns, kept = state["moves"], state["turns"], int(state["pairs"])
        left = -gradient
        # The newest pair is the first.
        inverses = [1.0 / (turns[place] @ moves[place]) for place in range(kept)]
        shares = [0.0] * kept
        for place in range(kept):
            shares[place] = inverses[place] * float(moves[place] @ left)
            left = left - shares[place] * turns[place]
        if kept:
            left = left * ((turns[0] @ moves[0]) / (turns[0] @ turns[0]))
        for place in reversed(range(kept)):
            back = inverses[place] * float(turns[place] @ left)
            left = left + (shares[place] - back) * moves[place]
        return left

    def learned(self, step: Step, state: SearchState) -> dict[str, Vector]:
        moved, turned = step.moved, step.turned
        moves, turns, pairs = state["moves"], state["turns"], state["pairs"]
        if turned @ moved > ROUNDING * (turned @ turned):
            moves = np.concatenate([moved[None], moves[:-1]])
            turns = np.concatenate([turned[None], turns[:-1]])
            pairs = np.minimum(pairs + 1.0, float(self.history))
        return {"moves": moves, "turns": turns, "pairs": np.asarray(pairs)}
