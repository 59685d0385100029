"""The words that work on whole arrays, as ops: reductions, products, rearrangements, choices."""

from __future__ import annotations

from typing import Any

from chainrule.arrays import (
    Array,
    add_at,
    broadcast_like,
    concatenate,
    contract,
    equal,
    matmul,
    pad,
    reshape,
    slice_of,
    sum_over,
    take,
    transpose,
    where,
    zeros_like,
)
from chainrule.ops.following import sum_of_parts
from chainrule.ops.op import Changes, Example, Gradients
from chainrule.ops.words import linear_word, unbroadcast, word
from chainrule.shapes import ROWS, normal_axes


def _over(axis: int | tuple[int, ...] | None, keepdims: bool = False, *sizes: int) -> Example:
    settings = {"axis": axis, "keepdims": keepdims}
    return Example(shapes=((ROWS, 4, *sizes),), settings=settings)


# ---- reductions ----


def _kept(reduced: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Return a reduced array with its lost axes back, of size 1."""
    if keepdims:
        return reduced
    axes = normal_axes(axis, x.ndim)
    return reshape(reduced, tuple(1 if i in axes else size for i, size in enumerate(x.shape)))


def _sum_adjoint(grad_y: Array, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return broadcast_like(_kept(grad_y, x, axis, keepdims), x)


linear_word(
    "sum_over",
    r"y = \sum x",
    _sum_adjoint,
    (_over(None), _over(0), _over((1,), True), _over((0, -1), False, 2), _over((0, 1), True)),
)


def _winners(y: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """The share of each entry in the maximum: entries that tie share it equally."""
    hits = where(equal(x, _kept(y, x, axis, keepdims)), 1.0, 0.0)
    return hits / sum_over(hits, axis, keepdims=True)


def _max_backward(
    grad_y: Array, y: Array, x: Array, axis: Any = None, keepdims: bool = False
) -> Gradients:
    return (_winners(y, x, axis, keepdims) * _kept(grad_y, x, axis, keepdims),)


def _max_tangent(
    changes: Changes, y: Array, x: Array, axis: Any = None, keepdims: bool = False
) -> Array:
    (change,) = changes
    return sum_over(_winners(y, x, axis, keepdims) * change, axis, keepdims)


word(
    "max_over",
    r"y = \max x",
    _max_backward,
    _max_tangent,
    examples=(_over(None), _over(0), _over(1, True)),
)
word(
    "count",
    r"y = n",
    lambda grad_y, y, x, axis: (None,),
    lambda changes, y, x, axis: None,
    examples=(
        Example(shapes=((ROWS, 4),), settings={"axis": 0}),
        Example(shapes=((ROWS, 4),), settings={"axis": -1}),
    ),
    differentiable=False,
)

# ---- products ----


def swapped(x: Array) -> Array:
    """Return x with its last two axes exchanged."""
    axes = tuple(range(x.ndim))
    return transpose(x, (*axes[:-2], axes[-1], axes[-2]))


def outer_sum(a: Array, b: Array) -> Array:
    """Return the sum over all axes but the last of a's entries times b's: (i, j).

    Over rows alone this is a product of two matrices.
    """
    return matmul(swapped(a), b) if a.ndim == 2 else contract(a, b)


def _matmul_backward(grad_y: Array, y: Array, a: Array, b: Array) -> Gradients:
    # One matrix for all rows and places: their terms are added up as they are made.
    shared = b.ndim == 2 and a.ndim > 2
    return (
        unbroadcast(matmul(grad_y, swapped(b)), a),
        outer_sum(a, grad_y) if shared else unbroadcast(matmul(swapped(a), grad_y), b),
    )


def _matmul_tangent(changes: Changes, y: Array, a: Array, b: Array) -> Any:
    change_a, change_b = changes
    return sum_of_parts(
        (
            None if change_a is None else matmul(change_a, b),
            None if change_b is None else matmul(a, change_b),
        )
    )


word(
    "matmul",
    r"y = a\,b",
    _matmul_backward,
    _matmul_tangent,
    shapes="..., ... -> ...",
    names=("a", "b"),
    examples=(
        Example(shapes=((ROWS, 4), (4, 2))),
        Example(shapes=((3, 3), (3, 3))),
        Example(shapes=((ROWS, 3, 4), (4, 2))),
        Example(shapes=((3, 4), (ROWS, 4, 2))),
    ),
)


def _contract_tangent(changes: Changes, y: Array, a: Array, b: Array) -> Any:
    change_a, change_b = changes
    return sum_of_parts(
        (
            None if change_a is None else contract(change_a, b),
            None if change_b is None else contract(a, change_b),
        )
    )


word(
    "contract",
    r"y = \sum_n a_n b_n^\top",
    lambda grad_y, y, a, b: (matmul(b, swapped(grad_y)), matmul(a, grad_y)),
    _contract_tangent,
    shapes="..., ... -> ...",
    names=("a", "b"),
    examples=(
        Example(shapes=((ROWS, 4), (ROWS, 2))),
        Example(shapes=((ROWS, 3, 4), (ROWS, 3, 2))),
        Example(shapes=((3, 2, 2), (3, 2, 3))),
    ),
)

# ---- the same numbers in another order ----

linear_word(
    "transpose",
    r"y = x^\top",
    lambda grad_y, x, axes: transpose(grad_y, tuple(axes.index(i) for i in range(len(axes)))),
    (
        Example(shapes=((ROWS, 4, 2),), settings={"axes": (2, 0, 1)}),
        Example(shapes=((3, 3),), settings={"axes": (1, 0)}),
    ),
)
linear_word(
    "reshape",
    r"y = \operatorname{reshape} x",
    lambda grad_y, x, shape: reshape(grad_y, x.shape),
    (
        Example(shapes=((3, 4),), settings={"shape": (2, 6)}),
        Example(shapes=((ROWS, 6),), settings={"shape": (ROWS, 2, 3)}),
    ),
)
linear_word(
    "slice",
    r"y = x_{a:b}",
    lambda grad_y, x, axis, start, stop: pad(grad_y, axis, start, x.shape[axis] - stop),
    (Example(shapes=((ROWS, 5),), settings={"axis": 1, "start": 1, "stop": 4}),),
)
linear_word(
    "pad",
    r"y = (0, x, 0)",
    lambda grad_y, x, axis, before, after: slice_of(grad_y, axis, before, before + x.shape[axis]),
    (
        Example(shapes=((ROWS, 5),), settings={"axis": 1, "before": 2, "after": 1}),
        Example(shapes=((3, 2),), settings={"axis": 0, "before": 0, "after": 2}),
    ),
)
word(
    "broadcast_like",
    r"y = x",
    lambda grad_y, y, x, like: (unbroadcast(grad_y, x), None),
    lambda changes, y, x, like: None if changes[0] is None else broadcast_like(changes[0], like),
    shapes="..., ... -> ...",
    names=("x", "like"),
    examples=(
        Example(shapes=((4,), (ROWS, 4))),
        Example(shapes=((ROWS, 1), (ROWS, 4))),
        Example(shapes=((), (3, 4))),
    ),
)

# ---- parts put together and chosen ----


def _concatenate_backward(grad_y: Array, y: Array, *parts: Array, axis: int) -> Gradients:
    gradients: list[Array] = []
    start = 0
    (axis,) = normal_axes(axis, y.ndim)
    for part in parts:
        stop = start + part.shape[axis]
        gradients.append(slice_of(grad_y, axis, start, stop))
        start = stop
    return tuple(gradients)


def _concatenate_tangent(changes: Changes, y: Array, *parts: Array, axis: int) -> Array:
    filled = [
        zeros_like(part) if change is None else change
        for part, change in zip(parts, changes, strict=True)
    ]
    return concatenate(filled, axis)


word(
    "concatenate",
    r"y = (a, b, \ldots)",
    _concatenate_backward,
    _concatenate_tangent,
    shapes="..., ... -> ...",
    names=("a", "b"),
    examples=(
        Example(shapes=((ROWS, 2), (ROWS, 4)), settings={"axis": 1}),
        Example(shapes=((ROWS, 2, 3), (ROWS, 1, 3)), settings={"axis": -2}),
    ),
)


word(
    "take",
    r"y = x_{i}",
    lambda grad_y, y, x, indices: (add_at(grad_y, indices, x.shape[0]), None),
    lambda changes, y, x, indices: None if changes[0] is None else take(changes[0], indices),
    shapes="..., ... < size -> ...",
    names=("x", "indices"),
    examples=(
        Example(shapes=((4, 3), (ROWS,)), sizes={"size": 4}),
        Example(shapes=((4,), (ROWS, 2)), sizes={"size": 4}),
    ),
)
word(
    "add_at",
    r"y_{i} = \sum x",
    lambda grad_y, y, values, indices, size: (take(grad_y, indices), None),
    lambda changes, y, values, indices, size: (
        None if changes[0] is None else add_at(changes[0], indices, size)
    ),
    shapes="..., ... < size -> ...",
    names=("values", "indices"),
    examples=(
        Example(shapes=((ROWS, 3), (ROWS,)), sizes={"size": 4}, settings={"size": 4}),
        Example(shapes=((ROWS, 2), (ROWS, 2)), sizes={"size": 4}, settings={"size": 4}),
    ),
)
word(
    "random",
    r"y \sim \mathcal{U}(0, 1)",
    lambda grad_y, y, seed, step, like, purpose: (None, None, None),
    lambda changes, y, seed, step, like, purpose: None,
    shapes=" < 9, < 9, ... -> ...",
    names=("seed", "step", "like"),
    examples=(
        Example(shapes=((), (), (ROWS, 3)), settings={"purpose": "mask"}),
        Example(shapes=((), (), (4,)), settings={"purpose": "mask"}),
    ),
    differentiable=False,
)
