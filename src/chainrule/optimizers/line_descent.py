"""One iteration of every optimizer that chooses a direction and searches along it."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from chainrule.optimizers.line_search import Point, Wolfe, search_line
from chainrule.optimizers.searching import (
    GradientAt,
    Iterate,
    Request,
    SearchState,
    Sizes,
    Vector,
)

# Below that share of its square, what a product of two vectors says is lost in rounding.
ROUNDING = float(np.finfo(np.float64).eps)
NO_STEP = "no step along the gradient lowers the loss"


class Directions(Protocol):
    """What such an optimizer says of its directions; the rest of an iteration is common to all.

    ``initial(parameters)`` is its memory before the first step, with ``unbegun(parameters)``;
    ``direction(gradient, state)`` (p,); ``first_step(slope, gradient, state)`` the step that is
    tried first; ``learned(step, state)`` its memory after a step.
    """

    @property
    def decrease(self) -> float: ...

    @property
    def curvature(self) -> float: ...

    def initial(self, parameters: Vector) -> dict[str, Vector]: ...

    def direction(self, gradient: Vector, state: SearchState) -> Vector: ...

    def first_step(self, slope: float, gradient: Vector, state: SearchState) -> float: ...

    def learned(self, step: Step, state: SearchState) -> dict[str, Vector]: ...


@dataclass(frozen=True, eq=False)
class Step:
    """A step that was taken: along ``direction``, from one point to another."""

    direction: Vector
    before: Point
    after: Point

    @property
    def moved(self) -> Vector:
        """The change of the parameters (p,), called s in papers."""
        return self.after.parameters - self.before.parameters

    @property
    def turned(self) -> Vector:
        """The change of the gradient (p,), called y in papers."""
        return self.after.gradient - self.before.gradient


def inner(one: Vector, other: Vector) -> float:
    """Return the inner product of two vectors."""
    return float(one @ other)


def unbegun(parameters: Vector) -> dict[str, Vector]:
    """Return the part of the state that all have: loss and gradient, not known yet."""
    return {
        "begun": np.zeros(()),
        "loss": np.zeros(()),
        "gradient": np.zeros(parameters.shape),
    }


def standstill(loss: float, gradient: Vector) -> str | None:
    """Return why a search cannot begin here, or None."""
    if not math.isfinite(loss):
        return "the loss is not finite"
    if not np.isfinite(gradient).all():
        return "the gradient is not finite"
    return None if gradient.any() else "the gradient is zero"


def look_here(
    parameters: Vector, state: SearchState
) -> Generator[Request, Any, tuple[float, Vector]]:
    """Return loss and gradient where an iteration begins: from its state, once there is one."""
    if state["begun"]:
        return float(state["loss"]), state["gradient"]
    loss, gradient = yield GradientAt(parameters)
    return float(loss), gradient


def begun(loss: float, gradient: Vector) -> dict[str, Vector]:
    """Return the part of the state that all have, after an iteration."""
    return {"begun": np.ones(()), "loss": np.array(loss), "gradient": gradient}


def is_better(before: tuple[float, Vector], after: tuple[float, Vector]) -> bool:
    """Say whether a loss is lower or, where rounding makes it equal, its gradient smaller.

    A search that went on without either would never end.
    """
    if after[0] == before[0]:
        return bool(np.abs(after[1]).max() < np.abs(before[1]).max())
    return after[0] < before[0]


def cautious_step(gradient: Vector) -> float:
    """Return a first step along the gradient that changes the parameters by 1 at most, in sum.

    As Schmidt's minFunc (2005) and PyTorch begin: min(1, 1 / sum of absolute entries).
    """
    return min(1.0, 1.0 / float(np.abs(gradient).sum()))


def descend(
    method: Directions, parameters: Vector, state: SearchState, sizes: Sizes
) -> Generator[Request, Any, Iterate]:
    """Go along the method's direction to a point where the strong Wolfe conditions hold.

    It is the ``iteration`` of a block: ``iteration = descend`` there, next to its directions.
    Where there is none, the method forgets what it has learned and goes along the gradient; where
    that does not lower the loss either, the search has ended.
    """
    loss, gradient = yield from look_here(parameters, state)
    before = Point(0.0, parameters, loss, gradient, 0.0)
    ended = standstill(loss, gradient)
    if ended is not None:
        return Iterate(parameters, dict(state), loss, ended)
    memory: SearchState = state
    direction = method.direction(gradient, memory)
    step = yield from _step(method, before, direction, memory)
    if step is None and not np.array_equal(direction, -gradient):
        memory = method.initial(parameters)
        step = yield from _step(method, before, -gradient, memory)
    if step is None:
        return Iterate(parameters, dict(state), loss, NO_STEP)
    after = step.after
    made = {**method.learned(step, memory), **begun(after.loss, after.gradient)}
    return Iterate(after.parameters, made, after.loss, readings={"step_length": after.step})


def _step(
    method: Directions, before: Point, direction: Vector, memory: SearchState
) -> Generator[Request, Any, Step | None]:
    """Search along a direction; None where it does not go down, or no step along it does."""
    slope = float(before.gradient @ direction)
    if not (math.isfinite(slope) and slope < 0.0):
        return None
    start = replace(before, slope=slope)
    first = method.first_step(slope, before.gradient, memory)
    wolfe = Wolfe(method.decrease, method.curvature)
    after = yield from search_line(start, direction, first, wolfe)
    if after is None or not is_better((start.loss, start.gradient), (after.loss, after.gradient)):
        return None
    return Step(direction, start, after)
