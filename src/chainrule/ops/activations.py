"""Activations that turn a number into another by one smooth or straight curve.

Their kin stand beside them: ``rectifiers`` (zero or nearly so below 0), ``gates`` (x times a share
of itself) and ``softmax`` (several numbers together).
"""

from __future__ import annotations

from chainrule.arrays import (
    Array,
    absolute,
    exp,
    less,
    log1p,
    logical_and,
    maximum,
    minimum,
    sigmoid,
    sign,
    tanh,
    where,
)
from chainrule.ops.op import Example, elementwise, multilinear


def softplus_of(x: Array) -> Array:
    """Return ln(1 + e^x) without overflow, exact in both tails."""
    return maximum(x, 0.0) + log1p(exp(-absolute(x)))


multilinear(
    "identity",
    r"y = x",
    "... -> ...",
    forward=lambda x: x * 1.0,
    backward=lambda grad_y, y, x: (grad_y,),
    about="The value itself.",
    role="activation",
)
elementwise(
    "step",
    r"y = [\,x \ge 0\,]",
    forward=lambda x: 1.0 + minimum(sign(x), 0.0),
    derivative=None,
    about=(
        "1 from 0 on, else 0: the threshold of McCulloch and Pitts, 1943, and of Rosenblatt's "
        "perceptron, 1958. It is flat everywhere, so it has no gradient and cannot be trained "
        "through."
    ),
)
elementwise(
    "sigmoid",
    r"y = \frac{1}{1 + e^{-x}}",
    forward=lambda x: sigmoid(x),
    derivative=lambda y, x: y * (1.0 - y),
    about="From 0 to 1, steepest (slope 1/4) at 0; also called the logistic function.",
)
elementwise(
    "hard_sigmoid",
    r"y = \min(\max(\frac{x}{6} + \frac{1}{2}, 0), 1)",
    forward=lambda x: minimum(maximum(x / 6.0 + 0.5, 0.0), 1.0),
    derivative=lambda y, x: where(logical_and(less(-3.0, x), less(x, 3.0)), 1.0 / 6.0, 0.0),
    kinks={-3.0: "left", 3.0: "right"},
    about=(
        "A sigmoid of three straight lines, flat below -3 and above 3. Howard and others, "
        '"Searching for MobileNetV3", ICCV 2019.'
    ),
    examples=(Example(), Example(ranges={"x": (-5.0, 5.0)})),
)
elementwise(
    "log_sigmoid",
    r"y = -\ln(1 + e^{-x})",
    forward=lambda x: minimum(x, 0.0) - log1p(exp(-absolute(x))),
    derivative=lambda y, x: sigmoid(-x),
    about="The logarithm of the sigmoid, exact where the sigmoid is too small to be written.",
    examples=(Example(), Example(ranges={"x": (-40.0, 40.0)})),
)
elementwise(
    "tanh",
    r"y = \tanh x",
    forward=lambda x: tanh(x),
    derivative=lambda y, x: 1.0 - y * y,
    about="From -1 to 1, steepest (slope 1) at 0.",
)
elementwise(
    "softsign",
    r"y = \frac{x}{1 + |x|}",
    forward=lambda x: x / (1.0 + absolute(x)),
    derivative=lambda y, x: 1.0 / ((1.0 + absolute(x)) * (1.0 + absolute(x))),
    about=(
        "From -1 to 1 like tanh, with tails that flatten slowly. Bergstra, Desjardins, Lamblin, "
        'Bengio, "Quadratic polynomials learn better image features", 2009.'
    ),
)
elementwise(
    "softplus",
    r"y = \ln(1 + e^x)",
    forward=softplus_of,
    derivative=lambda y, x: sigmoid(x),
    about=(
        "A relu with a round corner, positive everywhere; its slope is the sigmoid. Dugas and "
        "others, NIPS 2000."
    ),
    examples=(Example(), Example(ranges={"x": (-40.0, 40.0)})),
)
