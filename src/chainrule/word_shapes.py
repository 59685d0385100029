"""The shape and kind of what each word of the alphabet returns, from those of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainrule.errors import ShapeError
from chainrule.scanning import scan_shape
from chainrule.shapes import Kind, Rows, Shape, Typed, broadcast, extent, normal_axes, show
from chainrule.sliding_shapes import (
    convolve_shape,
    convolve_transposed_shape,
    convolve_weights_shape,
    overlap_add_shape,
    windows_shape,
)

ShapeRule = Callable[..., Typed]


def _common_kind(inputs: Sequence[Typed]) -> Kind:
    kinds = [kind for _, kind in inputs]
    return "float" if "float" in kinds else "integer" if "integer" in kinds else "boolean"


def _common_shape(inputs: Sequence[Typed]) -> Shape:
    return broadcast(*[shape for shape, _ in inputs]) if len(inputs) > 1 else inputs[0][0]


def _elementwise(*inputs: Typed, **_: Any) -> Typed:
    return _common_shape(inputs), _common_kind(inputs)


def _signed(*inputs: Typed, **_: Any) -> Typed:
    shape, kind = _elementwise(*inputs)
    if kind == "boolean":
        raise ShapeError(
            "Truth values have no sign and no difference.",
            "Turn them into numbers first, by to_float() or where(condition, 1.0, 0.0).",
        )
    return shape, kind


def _real(*inputs: Typed, **_: Any) -> Typed:
    return _common_shape(inputs), "float"


def _comparison(*inputs: Typed, **_: Any) -> Typed:
    return _common_shape(inputs), "boolean"


def _where(condition: Typed, if_true: Typed, if_false: Typed) -> Typed:
    shape, kind = _elementwise(if_true, if_false)
    return broadcast(condition[0], shape), kind


def _reduction(
    x: Typed, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Typed:
    shape, kind = x
    if kind == "boolean":
        kind = "integer"
    if axis is None and not keepdims:
        return (), kind
    axes = normal_axes(axis, len(shape))
    kept: Shape = tuple(
        1 if place in axes else size
        for place, size in enumerate(shape)
        if keepdims or place not in axes
    )
    return kept, kind


def _count(x: Typed, *, axis: int) -> Typed:
    normal_axes(axis, len(x[0]))
    return (), "float"


def _matmul(a: Typed, b: Typed) -> Typed:
    left, right = a[0], b[0]
    if len(left) < 2 or len(right) < 2 or left[-1] != right[-2]:
        raise ShapeError(
            f"A matrix product of {show(left)} with {show(right)} does not exist.",
            "Both need two axes or more, and the last size of the left must equal the one but "
            "last of the right.",
        )
    return (*broadcast(left[:-2], right[:-2]), left[-2], right[-1]), "float"


def _contract(a: Typed, b: Typed) -> Typed:
    left, right = a[0], b[0]
    if len(left) < 2 or left[:-1] != right[:-1] or Rows() in (left[-1], right[-1]):
        raise ShapeError(
            f"{show(left)} and {show(right)} cannot be contracted.",
            "All sizes but the last must be equal; rows lie among those.",
        )
    return (left[-1], right[-1]), "float"


def _transpose(x: Typed, *, axes: tuple[int, ...]) -> Typed:
    shape, kind = x
    if sorted(axes) != list(range(len(shape))):
        raise ShapeError(
            f"Axes {axes} are not an order of the axes of {show(shape)}.",
            "Name each axis once.",
        )
    return tuple(shape[axis] for axis in axes), kind


def _reshape(x: Typed, *, shape: Shape) -> Typed:
    given, kind = x
    due = extent(given)
    if -1 in shape:
        _, _, known = extent(tuple(one for one in shape if one != -1))
        if shape.count(-1) == 1 and known and due[2] % known == 0:
            shape = tuple(due[2] // known if one == -1 else one for one in shape)
    # What stands before the rows must stay as much, or one row's numbers would go to another.
    if extent(shape) != due:
        raise ShapeError(
            f"{show(given)} cannot be rearranged into {show(shape)}.",
            "The number of elements must stay the same; n, the rows, stays a size of its own.",
        )
    return shape, kind


def _broadcast_like(x: Typed, like: Typed) -> Typed:
    if broadcast(x[0], like[0]) != like[0]:
        raise ShapeError(
            f"{show(x[0])} cannot be spread to {show(like[0])}.",
            "Every size must be 1 or the wanted one.",
        )
    return like[0], x[1]


def _concatenate(*inputs: Typed, axis: int) -> Typed:
    shapes = [shape for shape, _ in inputs]
    (axis,) = normal_axes(axis, len(shapes[0]))
    rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    lengths = [shape[axis] for shape in shapes]
    if len(rest) > 1 or not all(isinstance(length, int) for length in lengths):
        given = " and ".join(show(shape) for shape in shapes)
        raise ShapeError(
            f"{given} cannot be joined along axis {axis}.",
            "All other sizes must be equal, and rows cannot be joined.",
        )
    total = sum(length for length in lengths if isinstance(length, int))
    return (*shapes[0][:axis], total, *shapes[0][axis + 1 :]), _common_kind(inputs)


def _slice(x: Typed, *, axis: int, start: int, stop: int) -> Typed:
    shape, kind = x
    (axis,) = normal_axes(axis, len(shape))
    size = shape[axis]
    if not isinstance(size, int) or not 0 <= start <= stop <= size:
        raise ShapeError(
            f"{show(shape)} has no part {start} to {stop} along axis {axis}.",
            "Take a part that lies inside a fixed size; rows are not sliced.",
        )
    return (*shape[:axis], stop - start, *shape[axis + 1 :]), kind


def _pad(x: Typed, *, axis: int, before: int, after: int) -> Typed:
    shape, kind = x
    (axis,) = normal_axes(axis, len(shape))
    size = shape[axis]
    if not isinstance(size, int) or before < 0 or after < 0:
        raise ShapeError(
            f"{show(shape)} cannot be padded along axis {axis} by {before} and {after}.",
            "Pad a fixed size by whole numbers from 0; rows are not padded.",
        )
    return (*shape[:axis], before + size + after, *shape[axis + 1 :]), kind


def _take(x: Typed, indices: Typed) -> Typed:
    if indices[1] != "integer" or not x[0]:
        raise ShapeError(
            f"Indices of kind {indices[1]} cannot choose from {show(x[0])}.",
            "Indices are whole numbers, and they choose along the first axis.",
        )
    return (*indices[0], *x[0][1:]), x[1]


def _add_at(values: Typed, indices: Typed, *, size: int) -> Typed:
    if indices[1] != "integer" or values[0][: len(indices[0])] != indices[0]:
        raise ShapeError(
            f"Values {show(values[0])} do not follow indices {show(indices[0])}.",
            "The first sizes of the values must be those of the indices.",
        )
    return (size, *values[0][len(indices[0]) :]), values[1]


def _random(seed: Typed, step: Typed, like: Typed, *, purpose: str) -> Typed:
    if (seed, step) != (((), "integer"), ((), "integer")):
        raise ShapeError(
            f"Random numbers cannot be drawn by a seed {seed[1]} {show(seed[0])} and a step "
            f"{step[1]} {show(step[0])}.",
            "Seed and step are one whole number each.",
        )
    return like[0], "float"


def _to_float(x: Typed) -> Typed:
    return x[0], "float"


WORD_SHAPES: Mapping[str, ShapeRule] = {
    **dict.fromkeys(("negative", "sign", "floor", "subtract"), _signed),
    **dict.fromkeys(("absolute", "add", "multiply", "maximum", "minimum"), _elementwise),
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos"), _real),
    **dict.fromkeys(("tanh", "sigmoid", "erf", "divide", "power"), _real),
    **dict.fromkeys(("less", "less_equal", "equal"), _comparison),
    **dict.fromkeys(("logical_and", "logical_or", "logical_not", "is_finite"), _comparison),
    "where": _where,
    "to_float": _to_float,
    **dict.fromkeys(("sum_over", "max_over"), _reduction),
    "count": _count,
    "matmul": _matmul,
    "contract": _contract,
    "transpose": _transpose,
    "reshape": _reshape,
    "broadcast_like": _broadcast_like,
    "concatenate": _concatenate,
    "slice": _slice,
    "pad": _pad,
    "take": _take,
    "add_at": _add_at,
    "windows": windows_shape,
    "overlap_add": overlap_add_shape,
    "convolve": convolve_shape,
    "convolve_transposed": convolve_transposed_shape,
    "convolve_weights": convolve_weights_shape,
    "random": _random,
    "scan": scan_shape,
}
