"""Softmax and its logarithm: several numbers become shares of one."""

from __future__ import annotations

from chainrule.arrays import Array, exp, log, max_over, sum_over
from chainrule.ops.op import Example, Gradients, op

BOTH = (Example(), Example(shapes=((2, 3, 4),)), Example(ranges={"x": (-30.0, 30.0)}))


@op(
    formula=r"y_k = \frac{e^{x_k}}{\sum_j e^{x_j}}",
    shapes="... k -> ... k",
    couples="k",
    examples=BOTH,
    role="activation",
)
class softmax:
    """Positive shares that sum to 1. The largest input is subtracted first: nothing overflows."""

    @staticmethod
    def forward(x: Array) -> Array:
        raised = exp(x - max_over(x, axis=-1, keepdims=True))
        return raised / sum_over(raised, axis=-1, keepdims=True)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        return (y * (grad_y - sum_over(grad_y * y, axis=-1, keepdims=True)),)


@op(
    formula=r"y_k = x_k - \ln \sum_j e^{x_j}",
    shapes="... k -> ... k",
    couples="k",
    examples=BOTH,
    role="activation",
)
class log_softmax:
    """The logarithm of softmax, exact where a share is too small to be written."""

    @staticmethod
    def forward(x: Array) -> Array:
        shifted = x - max_over(x, axis=-1, keepdims=True)
        return shifted - log(sum_over(exp(shifted), axis=-1, keepdims=True))

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        return (grad_y - exp(y) * sum_over(grad_y, axis=-1, keepdims=True),)
