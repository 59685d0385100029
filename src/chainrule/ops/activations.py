"""Activations: one number in, one number out, each by its one derivative; and softmax."""

from __future__ import annotations

from chainrule.arrays import (
    Array,
    erf,
    exp,
    less,
    log,
    max_over,
    maximum,
    sigmoid,
    sum_over,
    tanh,
    where,
)
from chainrule.ops.op import Example, Gradients, elementwise, multilinear, op

SQRT_HALF = 0.7071067811865476
NORMAL_HEIGHT = 0.3989422804014327  # 1 / sqrt(2 pi)


def normal_share(x: Array) -> Array:
    """The share of the standard normal distribution that lies below x."""
    return 0.5 * (1.0 + erf(SQRT_HALF * x))


multilinear(
    "identity",
    r"y = x",
    "... -> ...",
    forward=lambda x: x * 1.0,
    backward=lambda grad_y, y, x: (grad_y,),
    about="The value itself.",
    examples=(Example(shapes=((3, 4),)),),
)
elementwise(
    "tanh",
    r"y = \tanh x",
    forward=lambda x: tanh(x),
    derivative=lambda y, x: 1.0 - y * y,
    about="From -1 to 1, steepest (slope 1) at 0.",
)
elementwise(
    "sigmoid",
    r"y = \frac{1}{1 + e^{-x}}",
    forward=lambda x: sigmoid(x),
    derivative=lambda y, x: y * (1.0 - y),
    about="From 0 to 1, steepest (slope 1/4) at 0; also called the logistic function.",
)
elementwise(
    "relu",
    r"y = \max(x, 0)",
    forward=lambda x: maximum(x, 0.0),
    derivative=lambda y, x: where(less(0.0, x), 1.0, 0.0),
    kinks={0.0: "left"},
    about="Nair and Hinton, ICML 2010. At 0 the slope from the left, 0, is taken.",
)
elementwise(
    "leaky_relu",
    r"y = \max(x, 0) + s \min(x, 0)",
    forward=lambda x, slope=0.01: where(less(0.0, x), x, slope * x),
    derivative=lambda y, x, slope=0.01: where(less(0.0, x), 1.0, slope),
    kinks={0.0: "left"},
    about="Maas, Hannun, Ng, ICML 2013: a relu that keeps a small slope below 0.",
    examples=(Example(), Example(settings={"slope": 0.2})),
)
elementwise(
    "gelu",
    r"y = x\,\Phi(x)",
    forward=lambda x: x * normal_share(x),
    derivative=lambda y, x: normal_share(x) + x * NORMAL_HEIGHT * exp(-0.5 * (x * x)),
    about="Hendrycks and Gimpel, arXiv:1606.08415, with the exact normal distribution.",
)


@op(formula=r"y_k = \frac{e^{x_k}}{\sum_j e^{x_j}}", shapes="... k -> ... k", couples="k")
class softmax:
    """Positive shares that sum to 1. The largest input is subtracted first, so nothing overflows."""

    @staticmethod
    def forward(x: Array) -> Array:
        raised = exp(x - max_over(x, axis=-1, keepdims=True))
        return raised / sum_over(raised, axis=-1, keepdims=True)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        return (y * (grad_y - sum_over(grad_y * y, axis=-1, keepdims=True)),)


@op(formula=r"y_k = x_k - \ln \sum_j e^{x_j}", shapes="... k -> ... k", couples="k")
class log_softmax:
    """The logarithm of softmax, exact where a share is too small to be written."""

    @staticmethod
    def forward(x: Array) -> Array:
        shifted = x - max_over(x, axis=-1, keepdims=True)
        return shifted - log(sum_over(exp(shifted), axis=-1, keepdims=True))

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        return (grad_y - exp(y) * sum_over(grad_y, axis=-1, keepdims=True),)
