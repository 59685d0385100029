"""The same numbers in another order, and values next to each other along an axis of their own."""

from __future__ import annotations

import math

from chainrule.arrays import Array, concatenate, reshape, slice_of, transpose
from chainrule.ops.op import Example, Gradients, multilinear, op
from chainrule.shapes import ROWS


@op(
    formula=r"y = \operatorname{vec} x",
    shapes="n ... -> n features",
    sizes={"features": lambda **sizes: math.prod(sizes["..."])},
    examples=(Example(shapes=((ROWS, 2, 3),)), Example(shapes=((ROWS, 2, 3, 2),))),
)
class flatten:
    """All numbers of a row one after another, the last axis fastest."""

    @staticmethod
    def forward(x: Array) -> Array:
        return reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        return (reshape(grad_y, x.shape),)


multilinear(
    "transposed",
    r"y_{b,a} = x_{a,b}",
    "n a b -> n b a",
    forward=lambda x: transpose(x, (0, 2, 1)),
    backward=lambda grad_y, y, x: (transpose(grad_y, (0, 2, 1)),),
    about="The two axes of each row exchanged: a sequence (time, features) as channels over time.",
    examples=(Example(),),
)


@op(
    formula=r"y = (a, b)",
    shapes="n i ..., n j ... -> n i+j ...",
    sizes={"i+j": lambda i, j, **_: i + j},
    examples=(
        Example(shapes=((ROWS, 2, 3), (ROWS, 1, 3))),
        Example(shapes=((ROWS, 1, 2, 2), (ROWS, 2, 2, 2))),
    ),
)
class channels_side_by_side:
    """The channels of two values of one height and width next to each other."""

    @staticmethod
    def forward(a: Array, b: Array) -> Array:
        return concatenate((a, b), axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, a: Array, b: Array) -> Gradients:
        channels = a.shape[1]
        both = channels + b.shape[1]
        return slice_of(grad_y, 1, 0, channels), slice_of(grad_y, 1, channels, both)
