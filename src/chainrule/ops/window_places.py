"""How often a window fits along an axis, and what lies around what it slides over."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.arrays import Array, pad, slice_of
from chainrule.checks import is_whole_number
from chainrule.errors import ShapeError
from chainrule.sliding_shapes import Padding, Sizes, steps_of

Pair = tuple[int, int]


def places_along(length: int, size: int, stride: int, dilation: int, padding: Pair) -> int:
    """Return the number of places of a window of ``size`` along an axis.

    Raises ShapeError where it fits nowhere, with what would fit.
    """
    least = ((size, 1), (stride, 1), (dilation, 1), (padding[0], 0), (padding[1], 0))
    if not all(is_whole_number(number, lowest) for number, lowest in least):
        raise ShapeError(
            f"A window of {size} places cannot slide by {stride} with a dilation of {dilation} "
            f"and a padding of {padding}.",
            "Give whole numbers from 1, and from 0 for the padding.",
        )
    room = length + padding[0] + padding[1]
    made = steps_of(room, size, stride, dilation)
    if made:
        return made
    span = dilation * (size - 1) + 1
    spread = "" if dilation == 1 else f", a dilation of {dilation} apart,"
    raise ShapeError(
        f"A window of {size} places{spread} needs a length of {span}, and there is one of {length} "
        f"with a padding of {padding[0]} and {padding[1]}.",
        f"Give it {(room - 1) // dilation + 1} at most, or {span - room} more of padding."
        if room > 0
        else f"Give {span - room} more of padding.",
    )


def padded_along(x: Array, padding: Padding) -> Array:
    """Return x (n, c, *sizes) with so many zeros before and after along each of its last axes."""
    for axis, (before, after) in enumerate(padding, start=x.ndim - len(padding)):
        if before or after:
            x = pad(x, axis, before, after)
    return x


def inside_of(x: Array, padding: Padding) -> Array:
    """Return x without what padding put around it: the adjoint of ``padded_along``."""
    for axis, (before, after) in enumerate(padding, start=x.ndim - len(padding)):
        if before or after:
            x = slice_of(x, axis, before, x.shape[axis] - after)
    return x


def sliding_sizes(x: Array, rank: int) -> Sizes:
    """Return the sizes of the last axes of an array or a symbol."""
    sizes: Sequence[int] = x.shape[x.ndim - rank :]
    return tuple(sizes)
