"""The alphabet: the array functions in which every rule is written.

A word works on NumPy arrays, on JAX arrays, and on symbols, which write it down. The alphabet is
closed under differentiation: the rules of ``ops/words.py`` use these words and no others. An engine
that knows these words can run every rule.

Two conventions hold in traced programs on every engine: a 0-dimensional float is float64 whatever
the type of the arrays, and an integer has 64 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from chainrule.equations import kind_of
from chainrule.program import step_program
from chainrule.shapes import ROWS, Rows, Shape, Typed, normal_axes
from chainrule.symbols import RowCount, Symbol, open_shape
from chainrule.word_values import WORD_VALUES, Axis


class Array(Protocol):
    """What rules may do with an array without a word: shape, transpose, arithmetic, comparison."""

    @property
    def shape(self) -> tuple[Any, ...]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def T(self) -> Array: ...
    def __add__(self, other: Any, /) -> Array: ...
    def __radd__(self, other: Any, /) -> Array: ...
    def __sub__(self, other: Any, /) -> Array: ...
    def __rsub__(self, other: Any, /) -> Array: ...
    def __mul__(self, other: Any, /) -> Array: ...
    def __rmul__(self, other: Any, /) -> Array: ...
    def __truediv__(self, other: Any, /) -> Array: ...
    def __rtruediv__(self, other: Any, /) -> Array: ...
    def __matmul__(self, other: Any, /) -> Array: ...
    def __pow__(self, other: Any, /) -> Array: ...
    def __neg__(self) -> Array: ...
    def __lt__(self, other: Any, /) -> Array: ...
    def __le__(self, other: Any, /) -> Array: ...
    def __gt__(self, other: Any, /) -> Array: ...
    def __ge__(self, other: Any, /) -> Array: ...
    def __getitem__(self, key: Any, /) -> Array: ...


def apply(word: str, inputs: Sequence[Any], settings: Mapping[str, Any] | None = None) -> Array:
    """Apply a word by name: write it down for symbols, compute it for arrays."""
    for one in inputs:
        if isinstance(one, (Symbol, RowCount)):
            source = one.source if isinstance(one, RowCount) else one
            return source.recorder.record(word, inputs, settings or {})
    computed: Array = WORD_VALUES[word](_namespace(inputs), *inputs, **(settings or {}))
    return computed


def _namespace(inputs: Sequence[Any]) -> ModuleType:
    """Return the array namespace of the inputs: NumPy, unless one of them brings another."""
    for one in inputs:
        if hasattr(one, "__array_namespace__") and not isinstance(one, np.ndarray | np.generic):
            namespace: ModuleType = one.__array_namespace__()
            return namespace
    return np


# ---- one number in, one number out ----


def absolute(x: Array) -> Array:
    """Return |x|."""
    return apply("absolute", (x,))


def sign(x: Array) -> Array:
    """Return -1, 0 or 1."""
    return apply("sign", (x,))


def floor(x: Array) -> Array:
    """Return the largest whole number that is not above x."""
    return apply("floor", (x,))


def exp(x: Array) -> Array:
    """Return e to the power x."""
    return apply("exp", (x,))


def expm1(x: Array) -> Array:
    """Return exp(x) - 1, exact near 0."""
    return apply("expm1", (x,))


def log(x: Array) -> Array:
    """Return the natural logarithm."""
    return apply("log", (x,))


def log1p(x: Array) -> Array:
    """Return log(1 + x), exact near 0."""
    return apply("log1p", (x,))


def sqrt(x: Array) -> Array:
    """Return the square root."""
    return apply("sqrt", (x,))


def sin(x: Array) -> Array:
    """Return the sine of x radians."""
    return apply("sin", (x,))


def cos(x: Array) -> Array:
    """Return the cosine of x radians."""
    return apply("cos", (x,))


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent."""
    return apply("tanh", (x,))


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), without overflow and exact in both tails."""
    return apply("sigmoid", (x,))


def erf(x: Array) -> Array:
    """Return the error function."""
    return apply("erf", (x,))


def logical_not(x: Array) -> Array:
    """Return True where x is False."""
    return apply("logical_not", (x,))


def is_finite(x: Array) -> Array:
    """Return True where x is neither NaN nor infinite."""
    return apply("is_finite", (x,))


def to_float(x: Array) -> Array:
    """Return truth values or integers as floats."""
    return apply("to_float", (x,))


# ---- two or three numbers in, one out; shapes are spread as NumPy does ----


def power(x: Array | float, exponent: Array | float) -> Array:
    """Return x to the power ``exponent``."""
    return apply("power", (x, exponent))


def maximum(a: Array | float, b: Array | float) -> Array:
    """Return the larger one; NaN where either is NaN."""
    return apply("maximum", (a, b))


def minimum(a: Array | float, b: Array | float) -> Array:
    """Return the smaller one; NaN where either is NaN."""
    return apply("minimum", (a, b))


def less(a: Array | float, b: Array | float) -> Array:
    """Return a < b."""
    return apply("less", (a, b))


def less_equal(a: Array | float, b: Array | float) -> Array:
    """Return a <= b."""
    return apply("less_equal", (a, b))


def equal(a: Array | float, b: Array | float) -> Array:
    """Return a == b, element by element."""
    return apply("equal", (a, b))


def logical_and(a: Array, b: Array) -> Array:
    """Return True where both are True."""
    return apply("logical_and", (a, b))


def logical_or(a: Array, b: Array) -> Array:
    """Return True where one or both are True."""
    return apply("logical_or", (a, b))


def where(condition: Array, if_true: Array | float, if_false: Array | float) -> Array:
    """Return ``if_true`` where the condition holds, else ``if_false``."""
    return apply("where", (condition, if_true, if_false))


# ---- many numbers in, fewer out ----


def sum_over(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the sum over one axis, several, or all (``None``)."""
    return apply("sum_over", (x,), {"axis": axis, "keepdims": keepdims})


def max_over(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the maximum over one axis, several, or all; NaN where one of them is NaN."""
    return apply("max_over", (x,), {"axis": axis, "keepdims": keepdims})


def count(x: Array, axis: int = 0) -> Array | float:
    """Return the size of an axis as a number; for the rows of a batch it stays open."""
    if isinstance(x, Symbol) and isinstance(x.plain[axis], Rows):
        return x.word("count", axis=axis)
    return float(x.shape[axis])


def mean_over(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the mean over one axis, several, or all (a sum and a division)."""
    return sum_over(x, axis, keepdims) / _entries(x, normal_axes(axis, x.ndim))


def _entries(x: Array, axes: Sequence[int]) -> Array | float:
    """Return the product of some sizes; the rows of a batch stay open in it."""
    sizes: Shape = x.plain if isinstance(x, Symbol) else x.shape
    chosen = [sizes[axis] for axis in axes]
    total: Array | float = float(math.prod([one for one in chosen if not isinstance(one, Rows)]))
    for axis, size in zip(axes, chosen, strict=True):
        if isinstance(size, Rows):
            total = count(x, axis) * total
    return total


# ---- products ----


def matmul(a: Array, b: Array) -> Array:
    """Return the matrix product over the last two axes."""
    return apply("matmul", (a, b))


# ---- the same numbers in another order ----


def transpose(x: Array, axes: tuple[int, ...]) -> Array:
    """Return x with its axes in the given order."""
    return apply("transpose", (x,), {"axes": axes})


def reshape(x: Array, shape: Sequence[Any]) -> Array:
    """Return x in another shape of as many elements; one size may be -1."""
    return apply("reshape", (x,), {"shape": open_shape(shape)})


def broadcast_like(x: Array | float, like: Array) -> Array:
    """Return x spread to the shape of ``like``, whose numbers are not read."""
    return apply("broadcast_like", (x, like))


def concatenate(parts: Sequence[Array], axis: int = -1) -> Array:
    """Return the parts joined along an axis (not along rows)."""
    return apply("concatenate", tuple(parts), {"axis": axis})


def slice_of(x: Array, axis: int, start: int, stop: int) -> Array:
    """Return the part from ``start`` to before ``stop`` along an axis."""
    (axis,) = normal_axes(axis, x.ndim)
    return apply("slice", (x,), {"axis": axis, "start": start, "stop": stop})


def pad(x: Array, axis: int, before: int, after: int) -> Array:
    """Return x with zeros before and after along an axis: the adjoint of a slice."""
    (axis,) = normal_axes(axis, x.ndim)
    return apply("pad", (x,), {"axis": axis, "before": before, "after": after})


def take(x: Array, indices: Array) -> Array:
    """Return ``x[indices]``: entries of the first axis chosen by whole numbers."""
    return apply("take", (x, indices))


def add_at(values: Array, indices: Array, size: int) -> Array:
    """Return zeros with ``values`` added at ``indices`` of a first axis of ``size``.

    The adjoint of ``take``: values that go to the same index are summed.
    """
    return apply("add_at", (values, indices), {"size": size})


def zeros_like(x: Array) -> Array:
    """Return zeros in the shape of x, also where x is infinite or NaN."""
    return broadcast_like(0.0, x)


def contract(a: Array, b: Array) -> Array:
    """Return the sum over all axes but the last of a's entries times b's: (i, j).

    ``a`` (..., i) and ``b`` (..., j): the adjoint of a product with a matrix.
    """
    return apply("contract", (a, b))


def random(seed: Array, step: Array, like: Array, purpose: str) -> Array:
    """Return numbers that are uniform between 0 and 1 in the shape of ``like``.

    They follow from seed and step (one whole number each), purpose and the place in the array.
    """
    return apply("random", (seed, step, like), {"purpose": purpose})


def scan(
    step: Callable[..., Any],
    start: Array,
    sequences: Sequence[Array],
    fixed: Sequence[Array] = (),
    backwards: bool = False,
) -> Array:
    """Return the state after every step, (n, time, *state), in the order of time.

    ``step(state, *entries, *fixed)`` gives the next state, in words; ``start`` (n, *state) is the
    first. Each sequence is (n, time, *entry); with ``backwards`` the last entry comes first. A step
    is a function of its own, not a closure over values: it is traced once for its shapes.
    """
    typed = [_typed(one) for one in (start, *sequences)]
    entries = tuple(((ROWS, *shape[2:]), kind) for shape, kind in typed[1:])
    state = ((ROWS, *typed[0][0][1:]), typed[0][1])
    body = step_program(step, state, entries, tuple(_typed(one) for one in fixed))
    settings = {"body": body, "sequences": len(sequences), "backwards": backwards}
    return apply("scan", (start, *sequences, *fixed), settings)


def _typed(content: Any) -> Typed:
    if isinstance(content, Symbol):
        return content.plain, content.kind
    return np.shape(content), kind_of(content)
