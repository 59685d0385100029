"""Shapes and inputs of the random programs: which values meet, and what goes in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.program import Input
from chainrule.shapes import ROWS, Rows, Shape, broadcast
from chainrule.symbols import Symbol

Choose = Callable[[Sequence[Any]], Any]

SIZES = (1, 2, 3, 4, 5, 8, 17)
# What is taken for the number of rows where magnitudes are reckoned.
MANY = 64


def product(shape: Shape) -> int:
    return math.prod(MANY if isinstance(size, Rows) else size for size in shape)


def shape_of(value: Any) -> Shape:
    return value.plain if isinstance(value, Symbol) else np.shape(value)


def has_open(shape: Sequence[Any]) -> bool:
    return any(isinstance(size, Rows) for size in shape)


def without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def meets(one: Shape, other: Shape) -> bool:
    """Whether two shapes meet, in no more than four axes and with no third axis of rows."""
    try:
        shape = broadcast(one, other)
    except ShapeError:
        return False
    return len(shape) < 5 and sum(isinstance(size, Rows) for size in shape) < 3


def spreads(one: Shape, like: Shape) -> bool:
    return meets(one, like) and broadcast(one, like) == like


def can_multiply(left: Shape, right: Shape) -> bool:
    if len(right) < 2 or left[-1] != right[-2]:
        return False
    made = (*left[:-1], right[-1])
    open_axes = sum(isinstance(size, Rows) for size in (*made, *right[:-2]))
    return meets(left[:-2], right[:-2]) and open_axes < 3


def drawn_inputs(choose: Choose, carried: int = 0, *, hollow: bool = False) -> list[Input]:
    """Choose inputs: ``carried`` without rows, some that stay, and at least one of rows."""
    sizes = (*SIZES, 0, 0, 0) if hollow else SIZES
    kinds = ("float", "float", "float", "integer", "boolean")

    def fixed() -> Shape:
        return tuple(choose(sizes) for _ in range(choose([0, 1, 1, 2, 2, 3])))

    shapes = [fixed() for _ in range(carried)]
    if carried > 1 and choose([True, False]):
        shapes[1] = shapes[0]  # so that two can change places
    made = [Input(f"carried_{at}", one, choose(kinds[:4])) for at, one in enumerate(shapes)]
    for at in range(choose([0, 1, 2])):
        made.append(Input(f"fixed_{at}", fixed(), choose(kinds)))
    for at in range(choose([1, 2, 3])):
        shape = (ROWS, *(choose(sizes) for _ in range(choose([0, 1, 1, 1, 2, 3]))))
        if not carried and choose(range(8)) == 0:
            shape = (*shape[1:], ROWS)
        made.append(Input(f"rows_{at}", shape, choose(kinds)))
    return made
