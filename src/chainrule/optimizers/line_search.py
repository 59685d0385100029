"""A line search: how far to go along a direction, so that the strong Wolfe conditions hold.

Nocedal and Wright, "Numerical optimization", 2nd edition, 2006: algorithms 3.5 (a stretch that
holds such a point) and 3.6 (zoom), with the cubic interpolation of their (3.59). A trial keeps a
tenth of the stretch away from its ends where the interpolation would not shorten it, and goes at
most ten times as far as the one before it: the bounds of Schmidt's minFunc (2005). The search is a
generator of requests, so that it is part of any iteration: ``found = yield from search_line(...)``.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checks import is_finite_number
from chainrule.errors import SetupError
from chainrule.optimizers.searching import GradientAt, Request, Vector

MARGIN = 0.1
LEAST_ADVANCE, LARGEST_ADVANCE = 0.01, 10.0


@dataclass(frozen=True, eq=False)
class Point:
    """A place on the line: the step to it, and loss, gradient and slope along the line there."""

    step: float
    parameters: Vector
    loss: float
    gradient: Vector
    slope: float


@dataclass(frozen=True)
class Wolfe:
    """The two conditions on a step, and how many places are looked at before the search gives up.

    Sufficient decrease: loss(step) <= loss(0) + ``decrease`` * step * slope(0). Curvature, in its
    strong form: abs(slope(step)) <= ``curvature`` * abs(slope(0)). Wolfe, SIAM Review 11, 1969.
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    trials: int = 25

    def decreases(self, start: Point, point: Point) -> bool:
        """Say whether a point lies low enough. What is not finite never does."""
        return point.loss <= start.loss + self.decrease * point.step * start.slope

    def is_level(self, start: Point, point: Point) -> bool:
        """Say whether the line is level enough at a point."""
        return abs(point.slope) <= -self.curvature * start.slope


def check_wolfe(chosen: Any) -> None:
    """Raise SetupError where an optimizer's ``decrease`` and ``curvature`` admit no step."""
    given = (chosen.decrease, chosen.curvature)
    if not all(map(is_finite_number, given)) or not 0.0 < given[0] < given[1] < 1.0:
        raise SetupError(
            f"decrease and curvature of {type(chosen).__name__} are {given[0]!r} and {given[1]!r}.",
            "Give 0 < decrease < curvature < 1, such as 0.0001 and 0.9.",
        )


def search_line(
    start: Point, direction: Vector, first: float, wolfe: Wolfe
) -> Generator[Request, Any, Point | None]:
    """Return a point where the conditions hold, beginning with a step of ``first``.

    ``start`` is the point of step 0, with a slope below 0. Where no such point is found within the
    trials, the lowest one that decreases the loss sufficiently is returned, and None where there is
    none.
    """
    before, step = start, first
    for trial in range(wolfe.trials):
        point = yield from _look(start, direction, step)
        left = wolfe.trials - trial - 1
        if not wolfe.decreases(start, point) or (trial and point.loss >= before.loss):
            return (yield from _zoom(start, direction, (before, point), wolfe, left))
        if wolfe.is_level(start, point):
            return point
        if point.slope >= 0.0:
            return (yield from _zoom(start, direction, (point, before), wolfe, left))
        step = _farther(before, point)
        before = point
    return before


def _zoom(
    start: Point, direction: Vector, ends: tuple[Point, Point], wolfe: Wolfe, left: int
) -> Generator[Request, Any, Point | None]:
    """Shorten a stretch that holds a point where both conditions hold.

    The first of ``ends`` is the lower one: it decreases the loss, or is the start.
    """
    low, high = ends
    near = False
    for _ in range(left):
        step, near = _between(low, high, near)
        point = yield from _look(start, direction, step)
        if np.array_equal(point.parameters, low.parameters):
            break
        if not wolfe.decreases(start, point) or point.loss >= low.loss:
            high = point
            continue
        if wolfe.is_level(start, point):
            return point
        if point.slope * (high.step - low.step) >= 0.0:
            high = low
        low = point
    return low if low.step > 0.0 else None


def _look(start: Point, direction: Vector, step: float) -> Generator[Request, Any, Point]:
    """Return what is at a step; a loss or a gradient that is not finite stands as a high wall."""
    parameters = start.parameters + step * direction
    loss, gradient = yield GradientAt(parameters)
    slope = float(gradient @ direction) if np.isfinite(gradient).all() else math.nan
    if not (math.isfinite(loss) and math.isfinite(slope)):
        return Point(step, parameters, math.inf, gradient, math.nan)
    return Point(step, parameters, float(loss), gradient, slope)


def _farther(before: Point, point: Point) -> float:
    """Return the next step where the line still falls at ``point``.

    Where the cubic has no minimum ahead, the line bends down, and the step is half the largest.
    """
    least = point.step + LEAST_ADVANCE * (point.step - before.step)
    largest, lowest = LARGEST_ADVANCE * point.step, cubic_minimum(before, point)
    return min(max(lowest, least), largest) if lowest > point.step else 0.5 * (least + largest)


def _between(low: Point, high: Point, near: bool) -> tuple[float, bool]:
    """Return the next step inside a stretch, and whether it lies near one of its ends.

    A step near an end is taken once; the second time in a row it is moved away from the end.
    """
    least, largest = sorted((low.step, high.step))
    margin = MARGIN * (largest - least)
    step = cubic_minimum(low, high)
    if least + margin <= step <= largest - margin:
        return step, False
    if not near and least < step < largest:
        return step, True
    return (largest - margin if largest - step < step - least else least + margin), False


def cubic_minimum(a: Point, b: Point) -> float:
    """Return where the cubic through two losses and slopes has its minimum.

    Where it has none, and where a loss is not finite, it is the middle.
    """
    middle, width = 0.5 * (a.step + b.step), b.step - a.step
    if width == 0.0:
        return middle
    bend = a.slope + b.slope - 3.0 * (b.loss - a.loss) / width
    square = bend * bend - a.slope * b.slope
    if not 0.0 <= square < math.inf:
        return middle
    root = math.copysign(math.sqrt(square), width)
    below = b.slope - a.slope + 2.0 * root
    if below == 0.0:
        return middle
    return b.step - width * (b.slope + root - bend) / below
