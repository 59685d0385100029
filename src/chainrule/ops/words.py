"""The words of the alphabet as ops: each with its backward and its tangent, written in words again.

This is what closes the alphabet under differentiation. A plain function (a loss, a metric, a curve
to descend) is differentiated by these rules, and so is the gradient itself, for curvature products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule import arrays
from chainrule.arrays import (
    Array,
    add_at,
    broadcast_like,
    concatenate,
    cos,
    equal,
    exp,
    less,
    less_equal,
    log,
    matmul,
    max_over,
    pad,
    power,
    reshape,
    sign,
    sin,
    slice_of,
    sum_over,
    take,
    transpose,
    where,
    zeros_like,
)
from chainrule.ops.op import NOTHING, Example, Gradients, Op, Side, enter
from chainrule.ops.patterns import Pattern
from chainrule.word_shapes import normal_axes

POSITIVE = Example(shapes=((3, 4),), ranges={"x": (0.2, 3.0)})
PLAIN = Example(shapes=((3, 4),))
TWO = (Example(shapes=((3, 4), (3, 4))), Example(shapes=((3, 4), (4,))), Example(shapes=((), (5,))))
Rule = Callable[..., Any]


def unbroadcast(gradient: Array, like: Array) -> Array:
    """Return a gradient summed to the shape of the input that was spread: the adjoint of spreading."""
    shape = like.shape
    extra = gradient.ndim - len(shape)
    if extra:
        gradient = sum_over(gradient, tuple(range(extra)))
    spread = tuple(
        axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[axis] != 1
    )
    return sum_over(gradient, spread, keepdims=True) if spread else gradient


def word(
    name: str,
    formula: str,
    backward: Rule,
    tangent: Rule,
    examples: Sequence[Example] = (PLAIN,),
    differentiable: bool = True,
    inputs: int = 1,
) -> Op:
    """Enter a word into the table of ops."""

    def forward(x: Any, *others: Any, **settings: Any) -> Any:
        return arrays.apply(name, (x, *others), settings)

    pattern = Pattern(", ".join(["..."] * inputs) + " -> ...")
    return enter(
        Op(name, formula, pattern, forward, backward, tangent, examples=tuple(examples),
           differentiable=differentiable, kind="word", about=f"The word ``{name}``.")
    )


def _smooth(
    name: str,
    formula: str,
    derivative: Callable[[Array, Array], Array],
    examples: Sequence[Example] = (PLAIN,),
    kinks: dict[float, Side] | None = None,
) -> None:
    """Enter a word of one input by its derivative."""
    new = word(
        name,
        formula,
        lambda grad_y, y, x: (grad_y * derivative(y, x),),
        lambda changes, y, x: derivative(y, x) * changes[0],
        examples,
    )
    if kinks:
        object.__setattr__(new, "kinks", kinks)


def _linear(name: str, formula: str, adjoint: Rule, examples: Sequence[Example]) -> None:
    """Enter a word that is linear in its one input: its tangent is itself."""
    word(
        name,
        formula,
        lambda grad_y, y, x, **settings: (adjoint(grad_y, x, **settings),),
        lambda changes, y, x, **settings: arrays.apply(name, (changes[0],), settings),
        examples,
    )


def _flat(name: str, formula: str, inputs: int = 1) -> None:
    """Enter a word that makes truth values: it has no gradient."""
    word(
        name,
        formula,
        lambda grad_y, y, *given: (None,) * len(given),
        lambda changes, y, *given: None,
        (Example(shapes=((3, 4),) * inputs),),
        differentiable=False,
        inputs=inputs,
    )


def _sum_of(*parts: Any) -> Any:
    total = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total


def _scaled(change: Any, factor: Any) -> Any:
    return None if change is None else change * factor


# ---- elementwise, one input ----

_smooth("exp", r"y = e^x", lambda y, x: y)
_smooth("expm1", r"y = e^x - 1", lambda y, x: y + 1.0)
_smooth("log", r"y = \ln x", lambda y, x: 1.0 / x, (POSITIVE,))
_smooth("log1p", r"y = \ln(1 + x)", lambda y, x: 1.0 / (1.0 + x), (POSITIVE,))
_smooth("sqrt", r"y = \sqrt{x}", lambda y, x: 0.5 / y, (POSITIVE,))
_smooth("sin", r"y = \sin x", lambda y, x: cos(x))
_smooth("cos", r"y = \cos x", lambda y, x: -sin(x))
_smooth("erf", r"y = \operatorname{erf} x", lambda y, x: 1.1283791670955126 * exp(-(x * x)))
_smooth("absolute", r"y = |x|", lambda y, x: sign(x), kinks={0.0: "middle"})
_linear("negative", r"y = -x", lambda grad_y, x: -grad_y, (PLAIN,))
_linear("to_float", r"y = x", lambda grad_y, x: grad_y, (PLAIN,))
for _name, _formula in (
    ("sign", r"y = \operatorname{sign} x"),
    ("floor", r"y = \lfloor x \rfloor"),
    ("logical_not", r"y = \lnot x"),
    ("is_finite", r"y = [\,|x| < \infty\,]"),
):
    _flat(_name, _formula)

# ---- elementwise, two or three inputs ----

word(
    "add",
    r"y = a + b",
    lambda grad_y, y, a, b: (unbroadcast(grad_y, a), unbroadcast(grad_y, b)),
    lambda changes, y, a, b: broadcast_like(_sum_of(*changes), y),
    TWO,
    inputs=2,
)
word(
    "subtract",
    r"y = a - b",
    lambda grad_y, y, a, b: (unbroadcast(grad_y, a), unbroadcast(-grad_y, b)),
    lambda changes, y, a, b: broadcast_like(_sum_of(changes[0], _scaled(changes[1], -1.0)), y),
    TWO,
    inputs=2,
)
word(
    "multiply",
    r"y = a \odot b",
    lambda grad_y, y, a, b: (unbroadcast(grad_y * b, a), unbroadcast(grad_y * a, b)),
    lambda changes, y, a, b: _sum_of(_scaled(changes[0], b), _scaled(changes[1], a)),
    TWO,
    inputs=2,
)
word(
    "divide",
    r"y = a / b",
    lambda grad_y, y, a, b: (unbroadcast(grad_y / b, a), unbroadcast(-grad_y * y / b, b)),
    lambda changes, y, a, b: broadcast_like(
        _sum_of(_scaled(changes[0], 1.0 / b), _scaled(changes[1], -y / b)), y
    ),
    tuple(Example(shapes=one.shapes, ranges={"others": (0.3, 2.0)}) for one in TWO),
    inputs=2,
)


def _power_slope(y: Array, x: Array, exponent: Array) -> Array:
    """dy/dx; written so that an exponent of 1 or 2 is exact at x = 0."""
    return exponent * power(x, exponent - 1.0)


def _power_growth(y: Array, x: Array, exponent: Array) -> Array:
    """dy/d exponent, 0 where x is 0."""
    return y * log(where(less_equal(x, 0.0), 1.0, x))


word(
    "power",
    r"y = x^{a}",
    lambda grad_y, y, x, a: (
        unbroadcast(grad_y * _power_slope(y, x, a), x),
        unbroadcast(grad_y * _power_growth(y, x, a), a),
    ),
    lambda changes, y, x, a: _sum_of(
        _scaled(changes[0], _power_slope(y, x, a)), _scaled(changes[1], _power_growth(y, x, a))
    ),
    (Example(shapes=((3, 4), (3, 4)), ranges={"x": (0.2, 2.0)}),),
    inputs=2,
)


def _extreme(name: str, formula: str, first_wins: Callable[[Array, Array], Array]) -> None:
    """Enter maximum or minimum; where both are equal, each takes half."""

    def share(a: Array, b: Array) -> Array:
        return where(equal(a, b), 0.5, where(first_wins(a, b), 1.0, 0.0))

    word(
        name,
        formula,
        lambda grad_y, y, a, b: (
            unbroadcast(grad_y * share(a, b), a),
            unbroadcast(grad_y * (1.0 - share(a, b)), b),
        ),
        lambda changes, y, a, b: _sum_of(
            _scaled(changes[0], share(a, b)), _scaled(changes[1], 1.0 - share(a, b))
        ),
        TWO,
        inputs=2,
    )


_extreme("maximum", r"y = \max(a, b)", lambda a, b: less(b, a))
_extreme("minimum", r"y = \min(a, b)", lambda a, b: less(a, b))


def _where_backward(grad_y: Array, y: Array, condition: Array, a: Array, b: Array) -> Gradients:
    zeros = zeros_like(grad_y)
    return (
        None,
        unbroadcast(where(condition, grad_y, zeros), a),
        unbroadcast(where(condition, zeros, grad_y), b),
    )


def _where_tangent(changes: Any, y: Array, condition: Array, a: Array, b: Array) -> Any:
    _, change_a, change_b = changes
    return where(
        condition,
        zeros_like(y) if change_a is None else change_a,
        zeros_like(y) if change_b is None else change_b,
    )


word(
    "where",
    r"y = c\,?\,a : b",
    _where_backward,
    _where_tangent,
    (Example(shapes=((3, 4),) * 3, below={"x": 2}),),
    inputs=3,
)
for _name, _formula in (
    ("less", r"y = [a < b]"),
    ("less_equal", r"y = [a \le b]"),
    ("equal", r"y = [a = b]"),
    ("logical_and", r"y = a \land b"),
    ("logical_or", r"y = a \lor b"),
):
    _flat(_name, _formula, inputs=2)

# ---- reductions and products ----


def _kept(reduced: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Return a reduced array with its lost axes back, of size 1."""
    if keepdims:
        return reduced
    axes = normal_axes(axis, x.ndim)
    return reshape(reduced, tuple(1 if i in axes else size for i, size in enumerate(x.shape)))


def _sum_adjoint(grad_y: Array, x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return broadcast_like(_kept(grad_y, x, axis, keepdims), x)


_linear(
    "sum_over",
    r"y = \sum x",
    _sum_adjoint,
    (
        Example(shapes=((3, 4),), settings={"axis": None, "keepdims": False}),
        Example(shapes=((3, 4),), settings={"axis": 0, "keepdims": False}),
        Example(shapes=((3, 4),), settings={"axis": (1,), "keepdims": True}),
    ),
)


def _winners(y: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """The share of each entry in the maximum: entries that tie share it equally."""
    hits = where(equal(x, _kept(y, x, axis, keepdims)), 1.0, 0.0)
    return hits / sum_over(hits, axis, keepdims=True)


word(
    "max_over",
    r"y = \max x",
    lambda grad_y, y, x, axis=None, keepdims=False: (
        _winners(y, x, axis, keepdims) * _kept(grad_y, x, axis, keepdims),
    ),
    lambda changes, y, x, axis=None, keepdims=False: sum_over(
        _winners(y, x, axis, keepdims) * changes[0], axis, keepdims
    ),
    (
        Example(shapes=((3, 4),), settings={"axis": None, "keepdims": False}),
        Example(shapes=((3, 4),), settings={"axis": 1, "keepdims": True}),
    ),
)
word(
    "count",
    r"y = n",
    lambda grad_y, y, x, axis: (None,),
    lambda changes, y, x, axis: None,
    (Example(shapes=((3, 4),), settings={"axis": 0}),),
    differentiable=False,
)


def swapped(x: Array) -> Array:
    """Return x with its last two axes exchanged."""
    axes = tuple(range(x.ndim))
    return transpose(x, (*axes[:-2], axes[-1], axes[-2]))


word(
    "matmul",
    r"y = a\,b",
    lambda grad_y, y, a, b: (
        unbroadcast(matmul(grad_y, swapped(b)), a),
        unbroadcast(matmul(swapped(a), grad_y), b),
    ),
    lambda changes, y, a, b: _sum_of(
        None if changes[0] is None else matmul(changes[0], b),
        None if changes[1] is None else matmul(a, changes[1]),
    ),
    (Example(shapes=((3, 4), (4, 2))), Example(shapes=((5, 3, 4), (4, 2)))),
    inputs=2,
)

# ---- rearrangements ----

_linear(
    "transpose",
    r"y = x^\top",
    lambda grad_y, x, axes: transpose(grad_y, tuple(axes.index(i) for i in range(len(axes)))),
    (Example(shapes=((3, 4, 2),), settings={"axes": (2, 0, 1)}),),
)
_linear(
    "reshape",
    r"y = \operatorname{reshape} x",
    lambda grad_y, x, shape: reshape(grad_y, x.shape),
    (Example(shapes=((3, 4),), settings={"shape": (2, 6)}),),
)
_linear(
    "slice",
    r"y = x_{a:b}",
    lambda grad_y, x, axis, start, stop: pad(grad_y, axis, start, x.shape[axis] - stop),
    (Example(shapes=((3, 5),), settings={"axis": 1, "start": 1, "stop": 4}),),
)
_linear(
    "pad",
    r"y = (0, x, 0)",
    lambda grad_y, x, axis, before, after: slice_of(grad_y, axis, before, before + x.shape[axis]),
    (Example(shapes=((3, 5),), settings={"axis": 0, "before": 2, "after": 1}),),
)
word(
    "broadcast_like",
    r"y = x",
    lambda grad_y, y, x, like: (unbroadcast(grad_y, x), None),
    lambda changes, y, x, like: None if changes[0] is None else broadcast_like(changes[0], like),
    (Example(shapes=((4,), (3, 4))), Example(shapes=((3, 1), (3, 4)))),
    inputs=2,
)


def _concatenate_backward(grad_y: Array, y: Array, *parts: Array, axis: int) -> Gradients:
    gradients: list[Array] = []
    start = 0
    (axis,) = normal_axes(axis, y.ndim)
    for part in parts:
        stop = start + part.shape[axis]
        gradients.append(slice_of(grad_y, axis, start, stop))
        start = stop
    return tuple(gradients)


def _concatenate_tangent(changes: Any, y: Array, *parts: Array, axis: int) -> Array:
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
    (Example(shapes=((3, 2), (3, 4)), settings={"axis": 1}),),
    inputs=2,
)
word(
    "take",
    r"y = x_{i}",
    lambda grad_y, y, x, indices: (add_at(grad_y, indices, x.shape[0]), None),
    lambda changes, y, x, indices: None if changes[0] is None else take(changes[0], indices),
    (Example(shapes=((4, 3), (5,)), below={"others": 4}),),
    inputs=2,
)
word(
    "add_at",
    r"y_{i} = \sum x",
    lambda grad_y, y, values, indices, size: (take(grad_y, indices), None),
    lambda changes, y, values, indices, size: (
        None if changes[0] is None else add_at(changes[0], indices, size)
    ),
    (Example(shapes=((5, 3), (5,)), settings={"size": 4}, below={"others": 4}),),
    inputs=2,
)
__all__ = ["NOTHING", "swapped", "unbroadcast", "word"]
