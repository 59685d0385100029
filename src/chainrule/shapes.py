"""Sizes, shapes and kinds: what is known of a value before it has numbers.

A size is a whole number or ``ROWS``, the number of rows of a batch, which stays open in a program.
A kind is "float", "integer" or "boolean"; how many bits a float has is the program's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chainrule.errors import ShapeError

Kind = Literal["float", "integer", "boolean"]


class Rows:
    """The number of rows of a batch: one size, unknown until a program runs."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows)

    def __hash__(self) -> int:
        return hash("rows")

    def __repr__(self) -> str:
        return "n"


ROWS = Rows()
Size = int | Rows
Shape = tuple[Size, ...]
Typed = tuple[Shape, Kind]


def show(shape: Shape) -> str:
    """Return a shape as it is printed, ``(n, 4)``."""
    return "(" + ", ".join(repr(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"


def has_rows(shape: Shape) -> bool:
    """Whether a shape holds the open size."""
    return any(isinstance(size, Rows) for size in shape)


def rows_axis(shape: Shape) -> int:
    """Return the place of the rows, from 0."""
    return next(place for place, size in enumerate(shape) if isinstance(size, Rows))


def elements(shape: Shape) -> tuple[int, int]:
    """Return (how often n is a factor, the product of the other sizes)."""
    rows, _, total = extent(shape)
    return rows, total


def extent(shape: Shape) -> tuple[int, int, int]:
    """Return (how often n is a size, the product of the sizes before it, that of all others).

    Without rows nothing stands before them, so the second is 1.
    """
    rows, before, total = 0, 1, 1
    for size in shape:
        if not isinstance(size, Rows):
            total *= size
            continue
        if rows == 0:
            before = total
        rows += 1
    return rows, before, total


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that elementwise words give for these shapes (NumPy's rule)."""
    result: Shape = ()
    for shape in shapes:
        if not result:
            result = shape
        elif shape and shape != result:
            result = _spread(result, shape, shapes)
    return result


def _spread(left: Shape, right: Shape, shapes: Sequence[Shape]) -> Shape:
    """Return the shape to which two of ``shapes`` are spread, axis by axis from the last one."""
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    ahead = len(longer) - len(shorter)
    sizes = list(longer)
    for axis, size in enumerate(shorter, start=ahead):
        if sizes[axis] == 1:
            sizes[axis] = size
        elif size not in (1, sizes[axis]):
            given = " and ".join(show(shape) for shape in shapes)
            raise ShapeError(
                f"Shapes {given} do not meet in an elementwise operation.",
                "Sizes must be equal, or one of them 1, counted from the last axis.",
            )
    return tuple(sizes)


def normal_axes(axis: int | tuple[int, ...] | None, rank: int) -> tuple[int, ...]:
    """Return axes as a sorted tuple of numbers from 0; ``None`` means all of them."""
    if axis is None:
        return tuple(range(rank))
    chosen = (axis,) if isinstance(axis, int) else axis
    axes = sorted({one + rank if one < 0 else one for one in chosen})
    if axes and (axes[0] < 0 or axes[-1] >= rank):
        raise ShapeError(
            f"Axis {axis} does not exist in an array of {rank} axes.",
            f"Axes run from {-rank} to {rank - 1}.",
        )
    return tuple(axes)
