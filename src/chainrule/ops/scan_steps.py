"""The step of a scan: how it is walked over, and how several values of a row are one array."""

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
    return tuple(size for size in shape[1:] if isinstance(size, int))
