"""The third number: how the loss moves with an entry, by forward alone in float64.

Central differences at falling steps, extrapolated to a step of 0, with the error that the
extrapolation itself shows. Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)",
Advances in Engineering Software 4, 1982. At a kink there are two slopes: then each side is
extrapolated by itself, and the one is taken that the op's own convention names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explanation.entries import Entry
from chainrule.explanation.local import tangent_of_step, unit_change
from chainrule.explanation.trace import Trace

# Steps fall by this factor; more of them bring in more rounding than they take away.
FACTOR, STEPS = 2.0, 16
LARGEST_STEP = 2.0**-4
ROUNDING = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Difference:
    """A slope by differences of forward: the number, a bound on its error, and its two sides.

    ``kink``: the slopes from left and right differ. ``convention`` says which was taken, "" where
    none is named, so that any slope between the two is as good.
    """

    slope: float
    error: float
    left: float
    right: float
    kink: bool = False
    convention: str = ""

    def agrees(self, slope: float, allowed: float) -> bool:
        """Whether a slope lies within the error, or between the two of a kink without a rule."""
        room = allowed + self.error
        if self.kink and not self.convention:
            lowest, highest = sorted((self.left, self.right))
            return lowest - room <= slope <= highest + room
        return abs(slope - self.slope) <= room


def loss_along(trace: Trace, direction: Mapping[str, Any]) -> Callable[[float], float]:
    """Return the loss as a function of how far values go along a direction, by forward alone.

    ``direction`` maps names to arrays in the shapes of the values. Steps that these do not reach
    are not run again. What an op holds back from gradients on purpose, as at the end of
    backpropagation through time, stays as it was.
    """
    exact = trace.exact.values
    reached, steps = set(direction), []
    for step in trace.objective.steps:
        slots = zip(step.inputs, step.op.input_names, strict=False)
        cut = {name for name, slot in slots if slot in step.op.cuts}
        if reached.intersection(map(str, step.inputs)).difference(map(str, cut)):
            reached.update(map(str, step.outputs))
            steps.append((step, cut))

    def loss(distance: float) -> float:
        known: dict[Any, Any] = dict(exact)
        for name, way in direction.items():
            known[name] = exact[name] + distance * way
        with np.errstate(all="ignore"):
            for step, cut in steps:
                given = [exact[str(one)] if one in cut else known[one] for one in step.inputs]
                made = step.op.forward(*given, **step.settings)
                results = (made,) if len(step.outputs) == 1 else made
                # What is changed itself stays so, whatever is in front of it.
                pairs = zip(step.outputs, results, strict=True)
                known.update(pair for pair in pairs if pair[0] not in direction)
        return float(known["loss"])

    return loss


def extrapolated_along(trace: Trace, slopes: Mapping[str, Any]) -> tuple[float, float]:
    """Return the slope of the loss along a gradient, by forward alone, and a bound on its error.

    It is the sum of the gradient's squares where the gradient is right.
    """
    length = float(np.sqrt(sum(float((np.asarray(one) ** 2).sum()) for one in slopes.values())))
    if length == 0.0 or not np.isfinite(length):
        return 0.0, 0.0
    loss = loss_along(trace, {name: one / length for name, one in slopes.items()})
    steps = [LARGEST_STEP / FACTOR**place for place in range(STEPS)]
    above, below = [loss(one) for one in steps], [loss(-one) for one in steps]
    central = [(a - b) / (2 * h) for a, b, h in zip(above, below, steps, strict=True)]
    slope, error = extrapolated(central, _rounding(above, below, steps), 2)
    return slope * length, error * length


def _rounding(above: list[float], below: list[float], steps: list[float]) -> list[float]:
    """Return a bound on the rounding in the slope at each step."""
    return [
        2.0 * ROUNDING * (abs(a) + abs(b)) / one
        for a, b, one in zip(above, below, steps, strict=True)
    ]


def tangent_along(trace: Trace, entry: Entry) -> tuple[float, dict[str, Any]]:
    """Return the slope of the loss along an entry by one tangent walk, and the change of all."""
    changes: dict[str, Any] = {
        entry.value: unit_change(trace.exact.values[entry.value], entry.place)
    }
    for step in trace.objective.steps:
        given = [changes.get(str(name)) for name in step.inputs]
        if all(one is None for one in given):
            continue
        made = tangent_of_step(trace, step, given, None)
        for name, change in zip(step.flowing, made, strict=True):
            if change is not None:
                changes[str(name)] = change
    at_loss = changes.get("loss")
    return (0.0 if at_loss is None else float(at_loss)), changes


def difference(trace: Trace, entry: Entry) -> Difference:
    """Return the slope of the loss along an entry by differences of forward."""
    if entry.value == "loss":
        return Difference(1.0, 0.0, 1.0, 1.0)
    content = trace.exact.values[entry.value]
    loss = loss_along(trace, {entry.value: unit_change(content, entry.place)})
    largest = LARGEST_STEP * max(abs(float(content[entry.place])), 1.0)
    middle = loss(0.0)
    steps = [largest / FACTOR**place for place in range(STEPS)]
    above, below = [loss(one) for one in steps], [loss(-one) for one in steps]
    noise = _rounding(above, below, steps)
    central = [(a - b) / (2 * h) for a, b, h in zip(above, below, steps, strict=True)]
    rights = [(a - middle) / h for a, h in zip(above, steps, strict=True)]
    lefts = [(middle - b) / h for b, h in zip(below, steps, strict=True)]
    slope, error = extrapolated(central, noise, 2)
    right, right_error = extrapolated(rights, noise, 1)
    left, left_error = extrapolated(lefts, noise, 1)
    apart = [abs(r - one) for r, one in zip(rights, lefts, strict=True)]
    if not _is_kink(apart, noise):
        return Difference(slope, error, left, right)
    side, convention = _convention(trace, entry)
    chosen = {1: right, -1: left}.get(side, 0.5 * (left + right))
    return Difference(chosen, max(left_error, right_error), left, right, True, convention)


def extrapolated(slopes: list[float], noise: list[float], order: int) -> tuple[float, float]:
    """Return the limit of slopes at falling steps, and a bound on its error.

    ``order``: the power of the step by which the first error falls, and by which each next one
    falls more: 2 for central differences, 1 for those of one side. ``noise`` bounds the rounding
    in each slope.
    """
    best, error = slopes[-1], float("inf")
    before: list[float] = []
    for place, first in enumerate(slopes):
        row = [first]
        for column, old in enumerate(before):
            power = FACTOR ** (order * (column + 1))
            row.append((power * row[column] - old) / (power - 1.0))
            shown = max(abs(row[-1] - row[-2]), abs(row[-1] - old)) + 2.0 * noise[place]
            if shown < error:
                best, error = row[-1], shown
        before = row
    return best, error


def _is_kink(apart: list[float], noise: list[float]) -> bool:
    """Whether the slopes of both sides stay apart, however small the step.

    Where there is one slope, the sides come together as fast as the step falls.
    """
    early, late = STEPS // 2, STEPS - 2
    fallen = apart[late] < 0.25 * apart[early]
    return not fallen and apart[late] > 8.0 * noise[late] and apart[late] > 0.0


def _convention(trace: Trace, entry: Entry) -> tuple[int, str]:
    """Return from which side of an entry the ops at a kink look, and in words.

    1 is the right, -1 the left, 0 the middle of both, and also where no op says, or two differ.
    """
    _, changes = tangent_along(trace, entry)
    sides: set[int] = set()
    said: list[str] = []
    for step in trace.objective.steps:
        named = dict(zip(step.op.input_names, map(str, step.inputs), strict=False))
        for kink in step.op.kinks:
            at = [trace.exact.values[named[one]] == number for one, number in kink.at.items()]
            first = changes.get(named[next(iter(kink.at))])
            if first is None:
                continue
            moved = np.logical_and(np.logical_and.reduce(at), first != 0.0)
            if not moved.any():
                continue
            look = {"right": 1.0, "left": -1.0, "middle": 0.0}[kink.side]
            sides.update(int(one) for one in np.unique(np.sign(first[moved]) * look))
            place = ", ".join(f"{one} = {number:g}" for one, number in kink.at.items())
            side = (
                "the middle slope" if kink.side == "middle" else f"the slope from the {kink.side}"
            )
            said.append(f"{step.op.name} takes {side} at {place}")
    if len(sides) != 1:
        return 0, ""
    return sides.pop(), "; ".join(dict.fromkeys(said))
