"""Shapes of the words that slide a window over axes: windows, overlap_add, and the convolutions.

The sliding axes are the last ones, as many as the setting ``size`` (or the kernel) has. A window's
place k lies at ``start * stride + k * dilation``; the places of a window are all inside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.errors import ShapeError
from chainrule.shapes import Rows, Shape, Size, Typed, show

Sizes = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]
# Of one channel, with its padding: far more than a memory holds, and few enough to be counted.
MOST_PLACES = 2**40


def steps_of(length: int, size: int, stride: int, dilation: int) -> int:
    """Return how many windows of ``size`` places fit into a length; 0 where none does."""
    return max(0, (length - dilation * (size - 1) - 1) // stride + 1)


def slid(sizes: Sequence[int], kernel: Sequence[int], stride: Sizes, dilation: Sizes) -> Sizes:
    """Return the number of windows along each axis."""
    axes = zip(sizes, kernel, stride, dilation, strict=True)
    return tuple(steps_of(*one) for one in axes)


def padded(sizes: Sequence[int], padding: Padding) -> Sizes:
    """Return sizes with what is put before and after."""
    return tuple(size + sum(pair) for size, pair in zip(sizes, padding, strict=True))


def windows_shape(x: Typed, *, size: Sizes, stride: Sizes, dilation: Sizes) -> Typed:
    shape, kind = x
    front, sizes = _sliding_axes(shape, len(size))
    _check_settings(len(size), stride, dilation)
    made = slid(sizes, size, stride, dilation)
    if 0 in made:
        raise ShapeError(
            f"A window of {size} does not fit into {show(shape)} (dilation {dilation}).",
            "Make the window smaller, or pad what it slides over.",
        )
    return (*front, *made, *size), kind


def overlap_add_shape(x: Typed, *, size: Sizes, stride: Sizes, dilation: Sizes) -> Typed:
    """``size`` is that of the result; the window's is the last part of the shape."""
    shape, kind = x
    front, sizes = _sliding_axes(shape, 2 * len(size))
    _check_settings(len(size), stride, dilation)
    steps, kernel = sizes[: len(size)], sizes[len(size) :]
    if slid(size, kernel, stride, dilation) != steps:
        raise ShapeError(
            f"Windows {show(shape)} do not come from an array of {size}.",
            "Give the size that the windows were taken from.",
        )
    return (*front, *size), kind


def convolve_shape(
    x: Typed, w: Typed, *, stride: Sizes, dilation: Sizes, padding: Padding, groups: int
) -> Typed:
    rank = len(w[0]) - 2
    kernel = _kernel(w[0], rank)
    front, sizes = _sliding_axes(x[0], rank)
    _check_settings(rank, stride, dilation, padding, groups)
    channels, outputs = front[-1] if len(front) == 2 else None, w[0][0]
    if channels != _fixed(w[0][1]) * groups or _fixed(outputs) % groups:
        raise ShapeError(
            f"A kernel {show(w[0])} in {groups} group(s) does not fit {show(x[0])}.",
            "x is (rows, channels, *sizes) and the kernel (outputs, channels / groups, *sizes); "
            "groups divide channels and outputs.",
        )
    wide = padded(sizes, padding)
    if math.prod(wide) > MOST_PLACES:
        raise ShapeError(
            f"With its padding a channel would be {wide}, which no memory holds.",
            "Pad less, or make the dilation smaller.",
        )
    made = slid(wide, kernel, stride, dilation)
    if 0 in made:
        raise ShapeError(
            f"A kernel of {kernel} does not fit into {sizes} with padding {padding}.",
            "Make the kernel or its dilation smaller, or pad more.",
        )
    return (front[0], outputs, *made), "float"


def convolve_transposed_shape(
    y: Typed,
    w: Typed,
    *,
    size: Sizes,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Typed:
    """``size`` is that of the result along the sliding axes."""
    channels = _fixed(w[0][1]) * groups
    made: Shape = (y[0][0], channels, *size)
    due, _ = convolve_shape(
        (made, "float"), w, stride=stride, dilation=dilation, padding=padding, groups=groups
    )
    if due != y[0]:
        raise ShapeError(
            f"{show(y[0])} is not what a kernel {show(w[0])} makes of {show(made)}.",
            f"It makes {show(due)}.",
        )
    return made, "float"


def convolve_weights_shape(
    x: Typed,
    y: Typed,
    *,
    size: Sizes,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Typed:
    """``size`` is that of the kernel along the sliding axes."""
    channels, outputs = _fixed(x[0][1]), _fixed(y[0][1])
    made: Shape = (outputs, channels // groups, *size)
    due, _ = convolve_shape(
        x, (made, "float"), stride=stride, dilation=dilation, padding=padding, groups=groups
    )
    if due != y[0]:
        raise ShapeError(
            f"{show(y[0])} is not what a kernel {show(made)} makes of {show(x[0])}.",
            f"It makes {show(due)}.",
        )
    return made, "float"


def _sliding_axes(shape: Shape, count: int) -> tuple[Shape, Sizes]:
    """Return the axes in front and the sliding ones. Raises ShapeError where rows would slide."""
    if count < 1 or len(shape) < count or any(isinstance(one, Rows) for one in shape[-count:]):
        raise ShapeError(
            f"A window cannot slide over {count} axes of {show(shape)}.",
            "Slide over axes of fixed size; rows lie in front.",
        )
    return shape[:-count], tuple(_fixed(one) for one in shape[-count:])


def _kernel(shape: Shape, rank: int) -> Sizes:
    if rank < 1 or any(isinstance(one, Rows) for one in shape):
        raise ShapeError(
            f"{show(shape)} is not the shape of a kernel.",
            "A kernel is (outputs, channels / groups, *sizes), the same for all rows.",
        )
    return tuple(_fixed(one) for one in shape[2:])


def _fixed(size: Size) -> int:
    if isinstance(size, Rows):
        raise ShapeError(
            "The rows of a batch cannot be channels.", "Put the rows in front: (rows, channels)."
        )
    return size


def _check_settings(
    rank: int, stride: Sizes, dilation: Sizes, padding: Padding | None = None, groups: int = 1
) -> None:
    pads = ((0, 0),) * rank if padding is None else padding
    fits = len(stride) == len(dilation) == len(pads) == rank and groups >= 1
    if not fits or min((*stride, *dilation)) < 1 or min(map(min, pads)) < 0:
        raise ShapeError(
            f"Stride {stride}, dilation {dilation}, padding {pads} and groups {groups} do not "
            f"describe a window over {rank} axes.",
            "Give one whole number from 1 for each axis, and for padding a pair of numbers from 0.",
        )
