"""Conjugate gradients: directions that do not undo what the ones before them did.

On a parabola of p parameters, and with exact line searches, each of the three forms is at the
minimum after p steps. They differ in what is kept of the last direction elsewhere. Nocedal and
Wright, "Numerical optimization", 2006, chapter 5. Here the line search holds the strong Wolfe
conditions with 0.0001 and 0.1, and begins with the step that would change the loss, to first
order, as much as the last one did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from chainrule.optimizers.line_descent import Step, cautious_step, descend, inner, unbegun
from chainrule.optimizers.line_search import check_wolfe
from chainrule.optimizers.optimizer import Needs, optimizer
from chainrule.optimizers.searching import SearchState, Vector

# Powell's bounds: how far gradients in a row may be from square, and a slope from its square.
OVERLAP, LEAST_SLOPE, LARGEST_SLOPE = 0.2, 0.8, 1.2


# ---- what the three forms share: parts of a block, each of which is given the block first ----


def nothing_kept(chosen: Any, parameters: Vector) -> dict[str, Vector]:
    """Return the memory before the first step: no direction, no gain, no steps."""
    zeros = np.zeros(parameters.shape)
    memory = {"direction": zeros, "gain": np.zeros(()), "steps": np.zeros(())}
    return {**unbegun(parameters), **memory}


def kept_direction(chosen: Any, gradient: Vector, state: SearchState) -> Vector:
    """Return the direction that was made after the last step, else that against the gradient."""
    return state["direction"] if state["direction"].any() else -gradient


def like_the_last(chosen: Any, slope: float, gradient: Vector, state: SearchState) -> float:
    """Return the step that changes the loss, to first order, as much as the last step did."""
    step = _ratio(float(state["gain"]), slope)
    return step if step > 0.0 and math.isfinite(step) else cautious_step(gradient)


# ---- the three forms ----


@optimizer("conjugate_gradient_fletcher_reeves")
@dataclass(frozen=True)
class FletcherReeves:
    """The new direction keeps the last one by the ratio of the squared gradients.

    Fletcher and Reeves, The Computer Journal 7, 1964. It begins again along the gradient after p
    steps. MATLAB's ``traincgf``.
    """

    name: ClassVar[str]
    decrease: float = 1e-4
    curvature: float = 0.1
    formula: ClassVar[str] = (
        r"d \leftarrow -\nabla_t + \beta d, \quad "
        r"\beta = \frac{\nabla_t^T \nabla_t}{\nabla_{t-1}^T \nabla_{t-1}}, \quad "
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
        before, after = step.before.gradient, step.after.gradient
        share = _ratio(inner(after, after), inner(before, before))
        return _next(step, state, share)


@optimizer("conjugate_gradient_polak_ribiere")
@dataclass(frozen=True)
class PolakRibiere:
    """The new direction keeps the last one by how much the gradient has changed.

    Polak and Ribiere, Revue francaise d'informatique et de recherche operationnelle 16, 1969. What
    is kept is never below 0 (Gilbert and Nocedal, SIAM Journal on Optimization 2, 1992), so that it
    begins again along the gradient where steps are short; and after p steps. MATLAB's ``traincgp``.
    """

    name: ClassVar[str]
    decrease: float = 1e-4
    curvature: float = 0.1
    formula: ClassVar[str] = (
        r"d \leftarrow -\nabla_t + \beta d, \quad "
        r"\beta = \max\left(0, \frac{\nabla_t^T (\nabla_t - \nabla_{t-1})}"
        r"{\nabla_{t-1}^T \nabla_{t-1}}\right), \quad \theta \leftarrow \theta + \alpha d"
    )
    needs: ClassVar[Needs] = "line search"

    initial = nothing_kept
    iteration = descend
    direction = kept_direction
    first_step = like_the_last

    def __post_init__(self) -> None:
        check_wolfe(self)

    def learned(self, step: Step, state: SearchState) -> dict[str, Vector]:
        before, after = step.before.gradient, step.after.gradient
        share = max(0.0, _ratio(inner(after, step.turned), inner(before, before)))
        return _next(step, state, share)


@optimizer("conjugate_gradient_powell_beale")
@dataclass(frozen=True)
class PowellBeale:
    """Conjugate gradients that begin again along the last direction, not along the gradient.

    Beale, in "Numerical methods for nonlinear optimization", 1972; Powell, Mathematical Programming
    12, 1977. The direction r from which they began, and the change z of the gradient along it, are
    kept. They begin again where two gradients in a row overlap by 0.2 or more, where the direction
    is not downhill by 0.8 to 1.2 of the squared gradient, and after p steps. MATLAB's ``traincgb``.
    """

    name: ClassVar[str]
    decrease: float = 1e-4
    curvature: float = 0.1
    formula: ClassVar[str] = (
        r"d \leftarrow -\nabla + \beta d + \gamma r, \quad "
        r"\beta = \frac{\nabla^T y}{d^T y}, \quad \gamma = \frac{\nabla^T z}{r^T z}, \quad "
        r"\theta \leftarrow \theta + \alpha d"
    )
    needs: ClassVar[Needs] = "line search"

    iteration = descend
    direction = kept_direction
    first_step = like_the_last

    def __post_init__(self) -> None:
        check_wolfe(self)

    def initial(self, parameters: Vector) -> dict[str, Vector]:
        zeros = np.zeros(parameters.shape)
        begun_from = {"first_direction": zeros, "first_turn": zeros.copy()}
        return {**nothing_kept(self, parameters), **begun_from}

    def learned(self, step: Step, state: SearchState) -> dict[str, Vector]:
        last, turned, gradient = step.direction, step.turned, step.after.gradient
        first, first_turn = state["first_direction"], state["first_turn"]
        steps = int(state["steps"])
        square = inner(gradient, gradient)
        two_terms = _ratio(inner(gradient, turned), inner(last, turned)) * last - gradient
        again = not 0 < steps < gradient.size - 1
        again = again or abs(inner(gradient, step.before.gradient)) >= OVERLAP * square
        direction = two_terms
        if not again:
            share = _ratio(inner(gradient, first_turn), inner(first, first_turn))
            direction = two_terms + share * first
            fall = -inner(direction, gradient)
            again = not LEAST_SLOPE * square <= fall <= LARGEST_SLOPE * square
        if again:
            direction, first, first_turn, steps = two_terms, last, turned, 0
        return {
            **_memory(step, direction, steps + 1),
            "first_direction": first,
            "first_turn": first_turn,
        }


def _memory(step: Step, direction: Vector, steps: int) -> dict[str, Vector]:
    """Return the memory after a step: the direction to come, and how many since it began again."""
    gain = step.after.step * step.before.slope
    return {"direction": direction, "gain": np.array(gain), "steps": np.array(float(steps))}


def _next(step: Step, state: SearchState, share: float) -> dict[str, Vector]:
    """Return the memory with a direction that keeps a share of the last, for p steps at most."""
    steps = int(state["steps"]) + 1
    if steps >= step.direction.size:
        return _memory(step, -step.after.gradient, 0)
    return _memory(step, -step.after.gradient + share * step.direction, steps)


def _ratio(above: float, below: float) -> float:
    """Return a quotient, and 0 where there is none: the direction is then that of the gradient."""
    quotient = above / below if below else 0.0
    return quotient if math.isfinite(quotient) else 0.0
