"""The words that slide a window as ops: each is the adjoint of another, so that they are closed."""

from __future__ import annotations

from typing import Any

from chainrule.arrays import Array
from chainrule.ops.following import sum_of_parts
from chainrule.ops.op import Changes, Example, Gradients
from chainrule.ops.words import linear_word, word
from chainrule.shapes import ROWS
from chainrule.sliding import convolve, convolve_transposed, convolve_weights, overlap_add, windows


def _of(shape: tuple[Any, ...], **settings: Any) -> Example:
    return Example(shapes=(shape,), settings=settings)


linear_word(
    "windows",
    r"y_{p,k} = x_{p s + k d}",
    lambda grad_y, x, size, stride, dilation: overlap_add(
        grad_y, tuple(x.shape[-len(size) :]), stride, dilation
    ),
    (
        _of((ROWS, 7), size=(3,), stride=(2,), dilation=(1,)),
        _of((ROWS, 2, 5, 4), size=(2, 2), stride=(1, 2), dilation=(2, 1)),
        _of((ROWS, 5, 5), size=(2, 2), stride=(2, 2), dilation=(1, 1)),
    ),
)
linear_word(
    "overlap_add",
    r"y_j = \sum_{p s + k d = j} x_{p,k}",
    lambda grad_y, x, size, stride, dilation: windows(
        grad_y, tuple(x.shape[-len(size) :]), stride, dilation
    ),
    (
        _of((ROWS, 3, 3), size=(7,), stride=(2,), dilation=(1,)),
        _of((ROWS, 3, 2, 2, 2), size=(5, 4), stride=(1, 2), dilation=(2, 1)),
    ),
)

# ---- the three convolutions: each has the other two for gradients ----


def _kernel_of(w: Array) -> tuple[int, ...]:
    return tuple(w.shape[2:])


def _convolve_backward(grad_y: Array, y: Array, x: Array, w: Array, **slide: Any) -> Gradients:
    return (
        convolve_transposed(grad_y, w, tuple(x.shape[2:]), **slide),
        convolve_weights(x, grad_y, _kernel_of(w), **slide),
    )


def _transposed_backward(
    grad_x: Array, x: Array, y: Array, w: Array, size: Any, **slide: Any
) -> Gradients:
    return (
        convolve(grad_x, w, **slide),
        convolve_weights(grad_x, y, _kernel_of(w), **slide),
    )


def _weights_backward(
    grad_w: Array, w: Array, x: Array, y: Array, size: Any, **slide: Any
) -> Gradients:
    return (
        convolve_transposed(y, grad_w, tuple(x.shape[2:]), **slide),
        convolve(x, grad_w, **slide),
    )


def _bilinear(rule: Any) -> Any:
    """Return the tangent of a word that is linear in each of its two inputs."""

    def tangent(changes: Changes, made: Array, a: Array, b: Array, **settings: Any) -> Any:
        change_a, change_b = changes
        return sum_of_parts(
            (
                None if change_a is None else rule(change_a, b, **settings),
                None if change_b is None else rule(a, change_b, **settings),
            )
        )

    return tangent


PLAIN = {"stride": (1,), "dilation": (1,), "padding": ((0, 0),), "groups": 1}
UNEVEN = {"stride": (2,), "dilation": (2,), "padding": ((1, 2),), "groups": 1}
FLAT = {"stride": (1, 2), "dilation": (1, 1), "padding": ((1, 1), (0, 1)), "groups": 2}

word(
    "convolve",
    r"y = x * w",
    _convolve_backward,
    _bilinear(convolve),
    shapes="..., ... -> ...",
    names=("x", "w"),
    examples=(
        Example(shapes=((ROWS, 2, 6), (3, 2, 3)), settings=PLAIN),
        Example(shapes=((ROWS, 1, 7), (2, 1, 3)), settings=UNEVEN),
        Example(shapes=((ROWS, 2, 3, 5), (4, 1, 2, 2)), settings=FLAT),
    ),
)
word(
    "convolve_transposed",
    r"x = y *^\top w",
    _transposed_backward,
    _bilinear(convolve_transposed),
    shapes="..., ... -> ...",
    names=("y", "w"),
    examples=(
        Example(shapes=((ROWS, 3, 4), (3, 2, 3)), settings={"size": (6,), **PLAIN}),
        Example(shapes=((ROWS, 2, 3), (2, 1, 3)), settings={"size": (7,), **UNEVEN}),
        Example(shapes=((ROWS, 4, 4, 3), (4, 1, 2, 2)), settings={"size": (3, 5), **FLAT}),
    ),
)
word(
    "convolve_weights",
    r"w = \sum_n x_n \star y_n",
    _weights_backward,
    _bilinear(convolve_weights),
    shapes="..., ... -> ...",
    names=("x", "y"),
    examples=(
        Example(shapes=((ROWS, 2, 6), (ROWS, 3, 4)), settings={"size": (3,), **PLAIN}),
        Example(shapes=((ROWS, 1, 7), (ROWS, 2, 3)), settings={"size": (3,), **UNEVEN}),
        Example(shapes=((ROWS, 2, 3, 5), (ROWS, 4, 4, 3)), settings={"size": (2, 2), **FLAT}),
    ),
)
