"""Rectifiers: the value itself above 0, something smaller below.

Units that are silent below 0 pass on half of the variance, and He's start makes up for it;
self-normalising ones keep a variance of 1 from LeCun's start (Klambauer and others, NIPS 2017).
"""

from __future__ import annotations

from math import inf

from chainrule.arrays import Array, exp, expm1, less, maximum, minimum, sum_over, where
from chainrule.ops.blocks import ABOVE_0
from chainrule.ops.op import Example, Gradients, Kink, elementwise, op

# The one pair of constants for which unit variance and zero mean are kept (Klambauer and others).
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772

elementwise(
    "relu",
    r"y = \max(x, 0)",
    forward=lambda x: maximum(x, 0.0),
    derivative=lambda y, x: where(less(0.0, x), 1.0, 0.0),
    kinks={0.0: "left"},
    about=(
        'Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML '
        "2010. At 0 the slope from the left, 0, is taken."
    ),
    start="he_normal",
)
elementwise(
    "leaky_relu",
    r"y = \max(x, 0) + s \min(x, 0)",
    forward=lambda x, slope=0.01: where(less(0.0, x), x, slope * x),
    derivative=lambda y, x, slope=0.01: where(less(0.0, x), 1.0, slope),
    kinks={0.0: "left"},
    about=(
        'A relu that keeps a small slope below 0. Maas, Hannun, Ng, "Rectifier nonlinearities '
        'improve neural network acoustic models", ICML 2013. At 0 the slope from the left.'
    ),
    examples=(Example(), Example(settings={"slope": 0.2})),
    start="he_normal",
)


@op(
    formula=r"y_i = \max(x_i, 0) + s_i \min(x_i, 0)",
    shapes="... i, i -> ... i",
    learned={"slope": "constant 0.25"},
    kinks=(Kink({"x": 0.0}, "left"),),
    examples=(Example(), Example(shapes=((3,), (3,)))),
    role="activation",
    start="he_normal",
)
class parametric_relu:
    """A relu whose slope below 0 is learned, one for each feature, from 0.25 on.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015. At 0 the slope from the left.
    """

    @staticmethod
    def forward(x: Array, slope: Array) -> Array:
        return where(less(0.0, x), x, slope * x)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, slope: Array) -> Gradients:
        rows = tuple(range(x.ndim - 1))
        return (
            where(less(0.0, x), grad_y, slope * grad_y),
            sum_over(minimum(x, 0.0) * grad_y, axis=rows),
        )


elementwise(
    "elu",
    r"y = \max(x, 0) + \alpha (e^{\min(x, 0)} - 1)",
    forward=lambda x, alpha=1.0: where(less(0.0, x), x, alpha * expm1(minimum(x, 0.0))),
    derivative=lambda y, x, alpha=1.0: where(less(0.0, x), 1.0, alpha * exp(minimum(x, 0.0))),
    kinks={0.0: "left"},
    about=(
        'Falls smoothly to -alpha. Clevert, Unterthiner, Hochreiter, "Fast and accurate deep '
        'network learning by exponential linear units", ICLR 2016.'
    ),
    examples=(Example(), Example(settings={"alpha": 0.5})),
    start="he_normal",
)
elementwise(
    "selu",
    r"y = \lambda (\max(x, 0) + \alpha (e^{\min(x, 0)} - 1))",
    forward=lambda x: SELU_SCALE * where(less(0.0, x), x, SELU_ALPHA * expm1(minimum(x, 0.0))),
    derivative=lambda y, x: (
        SELU_SCALE * where(less(0.0, x), 1.0, SELU_ALPHA * exp(minimum(x, 0.0)))
    ),
    kinks={0.0: "left"},
    about=(
        "An elu scaled so that layers keep mean 0 and variance 1, with lambda = 1.0507 and alpha = "
        '1.6733. Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", '
        "NIPS 2017."
    ),
    start="lecun_normal",
)
elementwise(
    "celu",
    r"y = \max(x, 0) + \alpha (e^{\min(x, 0) / \alpha} - 1)",
    forward=lambda x, alpha=1.0: where(less(0.0, x), x, alpha * expm1(minimum(x, 0.0) / alpha)),
    derivative=lambda y, x, alpha=1.0: exp(minimum(x, 0.0) / alpha),
    about=(
        'An elu whose slope has no jump at 0, whatever alpha is. Barron, "Continuously '
        'differentiable exponential linear units", arXiv:1704.07483.'
    ),
    examples=(Example(), Example(settings={"alpha": 0.5})),
    bounds={"alpha": (ABOVE_0, inf)},
    start="he_normal",
)
