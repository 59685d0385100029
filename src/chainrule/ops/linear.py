"""Products of inputs with weights, and how several values become one."""

from __future__ import annotations

from chainrule.arrays import Array, concatenate, slice_of, sum_over
from chainrule.ops.op import Example, Gradients, multilinear, op
from chainrule.ops.words import unbroadcast
from chainrule.word_shapes import ROWS

SIZES = (
    Example(),
    Example(sizes={"n": 1, "i": 1, "o": 1}),
    Example(sizes={"n": 3, "i": 3, "o": 3}),
)


@op(
    formula=r"y = x W + b",
    shapes="n i, i o, o -> n o",
    couples="i",
    learned={"w": "glorot_uniform", "b": "zeros"},
    examples=SIZES,
)
class linear:
    """Every output is a weighted sum of the inputs and a bias."""

    @staticmethod
    def forward(x: Array, w: Array, b: Array) -> Array:
        return x @ w + b

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, w: Array, b: Array) -> Gradients:
        return grad_y @ w.T, x.T @ grad_y, sum_over(grad_y, axis=0)


@op(
    formula=r"y = x W + b",
    shapes="n i, i o, 1 -> n o",
    couples="i",
    learned={"w": "glorot_uniform", "b": "zeros"},
    examples=SIZES,
)
class linear_one_bias:
    """Every output is a weighted sum of the inputs and one bias that all outputs share."""

    @staticmethod
    def forward(x: Array, w: Array, b: Array) -> Array:
        return x @ w + b

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, w: Array, b: Array) -> Gradients:
        return grad_y @ w.T, x.T @ grad_y, unbroadcast(grad_y, b)


multilinear(
    "product",
    r"y = x W",
    "n i, i o -> n o",
    forward=lambda x, w: x @ w,
    backward=lambda grad_y, y, x, w: (grad_y @ w.T, x.T @ grad_y),
    about="Every output is a weighted sum of the inputs, without a bias.",
    couples="i",
    learned={"w": "glorot_uniform"},
    examples=SIZES,
)


@op(
    formula=r"y = a + b",
    shapes="..., ... -> ...",
    examples=(Example(), Example(shapes=((ROWS, 4), (ROWS, 1)))),
)
class sum_of_two:
    """Two values added; sizes of 1 are spread, as elementwise operations do."""

    @staticmethod
    def forward(a: Array, b: Array) -> Array:
        return a + b

    @staticmethod
    def backward(grad_y: Array, y: Array, a: Array, b: Array) -> Gradients:
        return unbroadcast(grad_y, a), unbroadcast(grad_y, b)


@op(
    formula=r"y = (a, b)",
    shapes="n i, n j -> n i+j",
    sizes={"i+j": lambda i, j, **_: i + j},
)
class side_by_side:
    """Two values next to each other along their features."""

    @staticmethod
    def forward(a: Array, b: Array) -> Array:
        return concatenate((a, b), axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, a: Array, b: Array) -> Gradients:
        width = a.shape[1]
        return slice_of(grad_y, 1, 0, width), slice_of(grad_y, 1, width, width + b.shape[1])
