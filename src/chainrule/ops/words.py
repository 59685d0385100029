"""The words of the alphabet as ops: each with its backward and its tangent, written in words again.

This is what closes the alphabet under differentiation. A plain function (a loss, a metric, a curve
to descend) is differentiated by these rules, and so is the gradient itself, for curvature products.
Here stand the words that work element by element; ``array_words`` has the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule import arrays
from chainrule.arrays import (
    Array,
    broadcast_like,
    cos,
    equal,
    exp,
    less,
    less_equal,
    log,
    power,
    sign,
    sin,
    sum_over,
    where,
    zeros_like,
)
from chainrule.ops.following import sum_of_parts
from chainrule.ops.op import Changes, Example, Gradients, Kink, Op, enter
from chainrule.ops.patterns import Pattern
from chainrule.shapes import ROWS

PLAIN = Example(shapes=((ROWS, 4),))
POSITIVE = Example(shapes=((ROWS, 4),), ranges={"x": (0.2, 3.0)})
TWO = (
    Example(shapes=((ROWS, 4), (ROWS, 4))),
    Example(shapes=((ROWS, 4), (4,))),
    Example(shapes=((), (5,))),
    Example(shapes=((ROWS, 1), (ROWS, 4))),
)
TWO_OVER_ROOT_PI = 1.1283791670955126
Rule = Callable[..., Any]


def unbroadcast(gradient: Array, like: Array) -> Array:
    """Return a gradient summed to the shape of the input that was spread: spreading's adjoint."""
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
    *,
    shapes: str = "... -> ...",
    names: Sequence[str] = ("x",),
    examples: Sequence[Example] = (PLAIN,),
    differentiable: bool = True,
    kinks: Sequence[Kink] = (),
) -> Op:
    """Enter a word into the table of ops.

    The pattern ``shapes`` says how many inputs there are and of what kind; the shape that comes out
    is the alphabet's own rule.
    """

    def forward(x: Any, *others: Any, **settings: Any) -> Any:
        return arrays.apply(name, (x, *others), settings)

    return enter(
        Op(
            name=name,
            formula=formula,
            pattern=Pattern(shapes),
            forward=forward,
            backward=backward,
            tangent=tangent,
            about=f"The word ``{name}`` of the alphabet.",
            names=tuple(names),
            kinks=tuple(kinks),
            examples=tuple(examples),
            differentiable=differentiable,
            kind="word",
        )
    )


def linear_word(name: str, formula: str, adjoint: Rule, examples: Sequence[Example]) -> None:
    """Enter a word that is linear in its one input: its tangent is itself."""
    word(
        name,
        formula,
        lambda grad_y, y, x, **settings: (adjoint(grad_y, x, **settings),),
        lambda changes, y, x, **settings: arrays.apply(name, (changes[0],), settings),
        examples=examples,
    )


def _smooth(
    name: str,
    formula: str,
    derivative: Callable[[Array, Array], Array],
    example: Example = PLAIN,
    kinks: Sequence[Kink] = (),
) -> None:
    """Enter a word of one input by its derivative."""
    word(
        name,
        formula,
        lambda grad_y, y, x: (grad_y * derivative(y, x),),
        lambda changes, y, x: derivative(y, x) * changes[0],
        examples=(example,),
        kinks=kinks,
    )


def _flat(name: str, formula: str, shapes: str, *names: str) -> None:
    """Enter a word that is constant almost everywhere: it has no gradient."""
    word(
        name,
        formula,
        lambda grad_y, y, *given: (None,) * len(given),
        lambda changes, y, *given: None,
        shapes=shapes,
        names=names,
        examples=(Example(shapes=((ROWS, 4),) * len(names)),),
        differentiable=False,
    )


def scaled(change: Any, factor: Any) -> Any:
    """Return change times factor, ``None`` where nothing changes."""
    return None if change is None else change * factor


def spread(change: Array, y: Array) -> Array:
    """Return a change in the shape of y."""
    alike = change.ndim == y.ndim and change.shape == y.shape
    return change if alike else broadcast_like(change, y)


# ---- one input ----

_smooth("exp", r"y = e^x", lambda y, x: y)
_smooth("expm1", r"y = e^x - 1", lambda y, x: exp(x))
_smooth("log", r"y = \ln x", lambda y, x: 1.0 / x, POSITIVE)
_smooth("log1p", r"y = \ln(1 + x)", lambda y, x: 1.0 / (1.0 + x), POSITIVE)
_smooth("sqrt", r"y = \sqrt{x}", lambda y, x: 0.5 / y, POSITIVE)
_smooth("sin", r"y = \sin x", lambda y, x: cos(x))
_smooth("cos", r"y = \cos x", lambda y, x: -sin(x))
_smooth("erf", r"y = \operatorname{erf} x", lambda y, x: TWO_OVER_ROOT_PI * exp(-(x * x)))
_smooth("absolute", r"y = |x|", lambda y, x: sign(x), kinks=(Kink({"x": 0.0}, "middle"),))
linear_word("negative", r"y = -x", lambda grad_y, x: -grad_y, (PLAIN,))
linear_word("to_float", r"y = x", lambda grad_y, x: grad_y, (PLAIN,))
_flat("sign", r"y = \operatorname{sign} x", "... -> ...", "x")
_flat("floor", r"y = \lfloor x \rfloor", "... -> ...", "x")
_flat("is_finite", r"y = [\,|x| < \infty\,]", "... -> ... ?", "x")
_flat("logical_not", r"y = \lnot x", "... ? -> ... ?", "x")

# ---- two inputs ----

_flat("less", r"y = [a < b]", "..., ... -> ... ?", "a", "b")
_flat("less_equal", r"y = [a \le b]", "..., ... -> ... ?", "a", "b")
_flat("equal", r"y = [a = b]", "..., ... -> ... ?", "a", "b")
_flat("logical_and", r"y = a \land b", "... ?, ... ? -> ... ?", "a", "b")
_flat("logical_or", r"y = a \lor b", "... ?, ... ? -> ... ?", "a", "b")


def _pair(
    name: str,
    formula: str,
    backward: Rule,
    tangent: Rule,
    examples: Sequence[Example] = TWO,
    kinks: Sequence[Kink] = (),
) -> None:
    """Enter a word of two inputs, whose shapes are spread as NumPy does."""

    def summed(grad_y: Array, y: Array, a: Array, b: Array) -> Gradients:
        gradient_a, gradient_b = backward(grad_y, y, a, b)
        return unbroadcast(gradient_a, a), unbroadcast(gradient_b, b)

    def spread_out(changes: Changes, y: Array, a: Array, b: Array) -> Array:
        return spread(sum_of_parts(tangent(*changes, y, a, b)), y)

    word(
        name,
        formula,
        summed,
        spread_out,
        shapes="..., ... -> ...",
        names=("a", "b"),
        examples=examples,
        kinks=kinks,
    )


_pair(
    "add",
    r"y = a + b",
    lambda grad_y, y, a, b: (grad_y, grad_y),
    lambda change_a, change_b, y, a, b: (change_a, change_b),
)
_pair(
    "subtract",
    r"y = a - b",
    lambda grad_y, y, a, b: (grad_y, -grad_y),
    lambda change_a, change_b, y, a, b: (change_a, scaled(change_b, -1.0)),
)
_pair(
    "multiply",
    r"y = a \odot b",
    lambda grad_y, y, a, b: (grad_y * b, grad_y * a),
    lambda change_a, change_b, y, a, b: (scaled(change_a, b), scaled(change_b, a)),
)
_pair(
    "divide",
    r"y = a / b",
    lambda grad_y, y, a, b: (grad_y / b, -grad_y * y / b),
    lambda change_a, change_b, y, a, b: (scaled(change_a, 1.0 / b), scaled(change_b, -y / b)),
    tuple(Example(shapes=one.shapes, ranges={"b": (0.3, 2.0)}) for one in TWO),
)


def _power_slope(x: Array, exponent: Array) -> Array:
    """dy/dx; an exponent of 0, 1 or 2 is exact at x = 0."""
    lower = where(equal(exponent, 0.0), 1.0, exponent - 1.0)
    return exponent * power(x, lower)


def _power_growth(y: Array, x: Array) -> Array:
    """dy/d exponent, 0 where x is not above 0."""
    return y * log(where(less_equal(x, 0.0), 1.0, x))


_pair(
    "power",
    r"y = a^b",
    lambda grad_y, y, a, b: (grad_y * _power_slope(a, b), grad_y * _power_growth(y, a)),
    lambda change_a, change_b, y, a, b: (
        scaled(change_a, _power_slope(a, b)),
        scaled(change_b, _power_growth(y, a)),
    ),
    tuple(Example(shapes=one.shapes, ranges={"a": (0.2, 2.0)}) for one in TWO),
)


def _extreme(name: str, formula: str, first_wins: Callable[[Array, Array], Array]) -> None:
    """Enter maximum or minimum; where both are equal, each takes half."""

    def share(a: Array, b: Array) -> Array:
        return where(equal(a, b), 0.5, where(first_wins(a, b), 1.0, 0.0))

    _pair(
        name,
        formula,
        lambda grad_y, y, a, b: (grad_y * share(a, b), grad_y * (1.0 - share(a, b))),
        lambda change_a, change_b, y, a, b: (
            scaled(change_a, share(a, b)),
            scaled(change_b, 1.0 - share(a, b)),
        ),
        kinks=(Kink({"a": 0.0, "b": 0.0}, "middle"), Kink({"b": 0.0, "a": 0.0}, "middle")),
    )


_extreme("maximum", r"y = \max(a, b)", lambda a, b: less(b, a))
_extreme("minimum", r"y = \min(a, b)", lambda a, b: less(a, b))

# ---- three inputs ----


def _where_backward(grad_y: Array, y: Array, condition: Array, a: Array, b: Array) -> Gradients:
    zeros = zeros_like(grad_y)
    return (
        None,
        unbroadcast(where(condition, grad_y, zeros), a),
        unbroadcast(where(condition, zeros, grad_y), b),
    )


def _where_tangent(changes: Changes, y: Array, condition: Array, a: Array, b: Array) -> Array:
    _, change_a, change_b = changes
    zeros = zeros_like(y)
    return where(
        condition,
        zeros if change_a is None else change_a,
        zeros if change_b is None else change_b,
    )


word(
    "where",
    r"y = c\,?\,a : b",
    _where_backward,
    _where_tangent,
    shapes="... ?, ..., ... -> ...",
    names=("condition", "a", "b"),
    examples=(
        Example(shapes=((ROWS, 4),) * 3),
        Example(shapes=((ROWS, 1), (4,), (ROWS, 4))),
    ),
)
