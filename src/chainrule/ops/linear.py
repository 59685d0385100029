"""Products of inputs with weights, and how several values become one."""

from __future__ import annotations

from chainrule.arrays import Array, concatenate, slice_of, sum_over
from chainrule.ops.array_words import outer_sum
from chainrule.ops.op import Example, Gradients, multilinear, op
from chainrule.ops.words import unbroadcast
from chainrule.shapes import ROWS

ONE_BIAS = Example(shapes=((ROWS, 2, 4), (4, 3), (1,)))
SIZES = (Example(), Example(sizes={"i": 1, "o": 1}), Example(sizes={"i": 3, "o": 3}))


def _over_all_but_last(x: Array) -> Array:
    return sum_over(x, tuple(range(x.ndim - 1)))


@op(
    formula=r"y = x W + b",
    shapes="... i, i o, o -> ... o",
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
        return grad_y @ w.T, outer_sum(x, grad_y), _over_all_but_last(grad_y)


@op(
    formula=r"y = x W + b",
    shapes="... i, i o, 1 -> ... o",
    couples="i",
    learned={"w": "glorot_uniform", "b": "zeros"},
    examples=(*SIZES, ONE_BIAS),
)
class linear_one_bias:
    """Every output is a weighted sum of the inputs and one bias that all outputs share."""

    @staticmethod
    def forward(x: Array, w: Array, b: Array) -> Array:
        return x @ w + b

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, w: Array, b: Array) -> Gradients:
        return grad_y @ w.T, outer_sum(x, grad_y), unbroadcast(grad_y, b)


multilinear(
    "product",
    r"y = x W",
    "... i, i o -> ... o",
    forward=lambda x, w: x @ w,
    backward=lambda grad_y, y, x, w: (grad_y @ w.T, outer_sum(x, grad_y)),
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
    shapes="... i, ... j -> ... i+j",
    sizes={"i+j": lambda i, j, **_: i + j},
    examples=(Example(), Example(shapes=((ROWS, 2, 3), (ROWS, 2, 1)))),
)
class side_by_side:
    """Two values next to each other along their features."""

    @staticmethod
    def forward(a: Array, b: Array) -> Array:
        return concatenate((a, b), axis=a.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, a: Array, b: Array) -> Gradients:
        axis, width = a.ndim - 1, a.shape[-1]
        both = width + b.shape[-1]
        return slice_of(grad_y, axis, 0, width), slice_of(grad_y, axis, width, both)
