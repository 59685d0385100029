"""Parts of sequences: their first state, one entry or several, one behind another, their end."""

from __future__ import annotations

from chainrule.arrays import (
    Array,
    concatenate,
    pad,
    reshape,
    slice_of,
    zeros_like,
)
from chainrule.checks import is_whole_number
from chainrule.errors import ShapeError
from chainrule.ops.op import Example, Gradients, op
from chainrule.ops.patterns import SizeRule


@op(
    formula=r"y = 0",
    shapes="n t i -> n s",
    sizes={"s": lambda size, **_: int(size)},
    bounds={"size": (1, float("inf"))},
    examples=(Example(settings={"size": 4}),),
    differentiable=False,
)
class zero_state:
    """The state before a sequence: ``size`` zeros for each row."""

    @staticmethod
    def forward(x: Array, size: int = 1) -> Array:
        corner = slice_of(slice_of(x, 1, 0, 1), 2, 0, 1)
        column = reshape(zeros_like(corner), (x.shape[0], 1))
        return pad(column, 1, 0, int(size) - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, size: int = 1) -> Gradients:
        return (None,)


@op(
    formula=r"y = x_t",
    shapes="n t i -> n i",
    examples=(Example(settings={"at": 0}), Example(settings={"at": -1})),
)
class entry_of_sequence:
    """One entry of a sequence: the first (``at=0``), or the last (``at=-1``)."""

    @staticmethod
    def forward(x: Array, at: int = -1) -> Array:
        return x[:, at % x.shape[1]]

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, at: int = -1) -> Gradients:
        time = x.shape[1]
        place = at % time
        entry = reshape(grad_y, (x.shape[0], 1, x.shape[2]))
        return (pad(entry, 1, place, time - 1 - place),)


def _size_of_part(along: str) -> SizeRule:
    """Return the rule for the size of a part. Raises ShapeError for one that lies outside."""

    def rule(start: int, stop: int, **sizes: int) -> int:
        there = sizes[along]
        if not (is_whole_number(start) and is_whole_number(stop) and start < stop <= there):
            raise ShapeError(
                f"There is no part from {start!r} to {stop!r} of {there}.",
                f"Give whole numbers from 0 to {there}, the second above the first.",
            )
        return stop - start

    return rule


SECOND_AND_THIRD = (Example(sizes={"t": 4, "k": 4}, settings={"start": 1, "stop": 3}),)


@op(
    formula=r"y = (x_a, \dots, x_{b-1})",
    shapes="n t i -> n p i",
    sizes={"p": _size_of_part("t")},
    examples=SECOND_AND_THIRD,
)
class part_of_sequence:
    """The entries of a sequence from the place ``start`` to the one before ``stop``."""

    @staticmethod
    def forward(x: Array, start: int = 0, stop: int = 1) -> Array:
        return slice_of(x, 1, start, stop)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, start: int = 0, stop: int = 1) -> Gradients:
        return (pad(grad_y, 1, start, x.shape[1] - stop),)


@op(
    formula=r"y = (x_a, \dots, x_{b-1})",
    shapes="... k -> ... p",
    sizes={"p": _size_of_part("k")},
    examples=SECOND_AND_THIRD,
)
class part_of_features:
    """The features from the place ``start`` to the one before ``stop``."""

    @staticmethod
    def forward(x: Array, start: int = 0, stop: int = 1) -> Array:
        return slice_of(x, x.ndim - 1, start, stop)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, start: int = 0, stop: int = 1) -> Gradients:
        return (pad(grad_y, x.ndim - 1, start, x.shape[-1] - stop),)


@op(
    formula=r"y = (m_a, \dots, m_{b-1})",
    shapes="n t ? -> n p ?",
    sizes={"p": _size_of_part("t")},
    examples=SECOND_AND_THIRD,
    differentiable=False,
)
class part_of_mask:
    """The truth values of a sequence from the place ``start`` to the one before ``stop``."""

    @staticmethod
    def forward(mask: Array, start: int = 0, stop: int = 1) -> Array:
        return slice_of(mask, 1, start, stop)

    @staticmethod
    def backward(grad_y: Array, y: Array, mask: Array, start: int = 0, stop: int = 1) -> Gradients:
        return (None,)


@op(
    formula=r"y = (a, b)",
    shapes="n s i, n t i -> n s+t i",
    sizes={"s+t": lambda s, t, **_: s + t},
)
class one_after_another:
    """Two sequences, the second behind the first."""

    @staticmethod
    def forward(a: Array, b: Array) -> Array:
        return concatenate((a, b), axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, a: Array, b: Array) -> Gradients:
        first, time = a.shape[1], y.shape[1]
        return slice_of(grad_y, 1, 0, first), slice_of(grad_y, 1, first, time)


@op(formula=r"y = x", shapes="... -> ...", cuts=("x",), differentiable=False)
class held:
    """The same numbers, through which no gradient passes: where backpropagation through time ends.

    Its gradient is cut on purpose and is not the adjoint of what it does.
    """

    @staticmethod
    def forward(x: Array) -> Array:
        return x + 0.0

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        return (None,)
