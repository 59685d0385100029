"""The step of a scan: how it is walked over, how several values are one array, what was before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from chainrule.arrays import Array, concatenate, reshape, slice_of
from chainrule.ops.op import OPS
from chainrule.ops.walks import Step
from chainrule.program import Program
from chainrule.shapes import Shape


def steps_of(body: Program) -> list[Step]:
    """Return the equations of a step as steps over words, for the walks."""
    return [
        Step(OPS[one.word], one.inputs, (one.output,), dict(one.settings)) for one in body.equations
    ]


def known_of(body: Program, given: Sequence[Any]) -> dict[Any, Any]:
    """Return the values that a step begins with, by number: its constants and its inputs."""
    known: dict[Any, Any] = {
        one.number: one.constant for one in body.values if one.constant is not None
    }
    known.update(enumerate(given))
    return known


def packed(parts: Sequence[Array]) -> Array:
    """Return (n, *a), (n, *b), ... side by side, (n, a + b + ...)."""
    flat = [reshape(one, (one.shape[0], math.prod(one.shape[1:]))) for one in parts]
    return flat[0] if len(flat) == 1 else concatenate(flat, axis=1)


def unpacked(
    together: Array, shapes: Sequence[tuple[int, ...]], front: tuple[Any, ...]
) -> list[Array]:
    """Return the parts of what was together, ``front`` being the axes before the last."""
    axis, parts, start = len(front), [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        parts.append(reshape(slice_of(together, axis, start, stop), (*front, *shape)))
        start = stop
    return parts


def of_a_row(shape: Shape) -> tuple[int, ...]:
    """Return a shape without the rows that it begins with."""
    return tuple(size for size in shape[1:] if isinstance(size, int))


def before(states: Array, start: Array, backwards: bool) -> Array:
    """Return the state before each step, (n, time, *state), from those after each and the first."""
    time = states.shape[1]
    first = reshape(start, (start.shape[0], 1, *start.shape[1:]))
    if time == 1:
        return first
    if backwards:
        return concatenate((slice_of(states, 1, 1, time), first), axis=1)
    return concatenate((first, slice_of(states, 1, 0, time - 1)), axis=1)
