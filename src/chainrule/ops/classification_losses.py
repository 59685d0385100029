"""Losses on classes: how little a row's logits say of the class that it has.

A logit is what the output layer gives before any softmax or sigmoid; these losses bring their own,
so that nothing overflows and the gradient is a difference of shares.
"""

from __future__ import annotations

import numpy as np

from chainrule.arrays import (
    Array,
    absolute,
    equal,
    exp,
    less,
    less_equal,
    log,
    log1p,
    maximum,
    mean_over,
    sigmoid,
    sum_over,
    where,
)
from chainrule.ops.losses import OUTPUTS_OVER_TIME, per_output
from chainrule.ops.op import Example, Gradients, Kink, op
from chainrule.ops.softmax import log_softmax, softmax
from chainrule.shapes import ROWS

SHARES = {"target": (0.0, 1.0)}
OVER_TIME = ((ROWS, 2, 3), (ROWS, 2))


def shares_of(labels: Array, x: Array, smoothing: float) -> Array:
    """Return the target share of each class: 1 for the label, spread by ``smoothing`` over all."""
    classes = x.shape[-1]
    hit = equal(labels[..., None], np.arange(classes))
    return where(hit, 1.0 - smoothing + smoothing / classes, smoothing / classes)


@op(
    formula=r"y = -\sum_k t_k \ln \operatorname{softmax}(x)_k",
    shapes="n ... k, n ... < k -> n ...",
    couples="k",
    examples=(
        Example(),
        Example(settings={"smoothing": 0.1}),
        Example(sizes={"k": 2}),
        Example(ranges={"x": (-40.0, 40.0)}),
        Example(shapes=OVER_TIME),
    ),
    bounds={"smoothing": (0.0, 1.0)},
    role="loss",
    includes=("softmax", "log_softmax"),
)
class cross_entropy:
    """Softmax and the logarithmic loss of a label in one op, from logits.

    ``smoothing`` spreads this share of the target over all classes: Szegedy and others,
    "Rethinking the Inception architecture", CVPR 2016.
    """

    @staticmethod
    def forward(x: Array, label: Array, smoothing: float = 0.0) -> Array:
        return -sum_over(shares_of(label, x, smoothing) * log_softmax.forward(x), axis=x.ndim - 1)

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, label: Array, smoothing: float = 0.0
    ) -> Gradients:
        difference = softmax.forward(x) - shares_of(label, x, smoothing)
        return grad_y[..., None] * difference, None


@op(
    formula=r"y = \frac{1}{o} \sum_j \left(\ln(1 + e^{x_j}) - t_j x_j\right)",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    examples=(
        Example(ranges=SHARES),
        Example(ranges=SHARES, settings={"smoothing": 0.1}),
        Example(ranges={**SHARES, "x": (-40.0, 40.0)}),
        Example(ranges=SHARES, shapes=OUTPUTS_OVER_TIME),
    ),
    bounds={"smoothing": (0.0, 1.0)},
    role="loss",
    includes=("sigmoid", "log_sigmoid"),
    targets="classes",
)
class binary_cross_entropy:
    """Sigmoid and the logarithmic loss of 0 or 1 in one op, from logits; the mean over outputs.

    ``smoothing`` moves the target by this share towards 1/2.
    """

    @staticmethod
    def forward(x: Array, target: Array, smoothing: float = 0.0) -> Array:
        share = (1.0 - smoothing) * target + 0.5 * smoothing
        return mean_over(maximum(x, 0.0) + log1p(exp(-absolute(x))) - share * x, axis=x.ndim - 1)

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, target: Array, smoothing: float = 0.0
    ) -> Gradients:
        beside = per_output(grad_y, x)
        share = (1.0 - smoothing) * target + 0.5 * smoothing
        return beside * (sigmoid(x) - share), -beside * ((1.0 - smoothing) * x)


def lack_of(x: Array, target: Array) -> tuple[Array, Array]:
    """Return the sign of each class (-1 or 1) and how much x lacks of a margin of 1 on its side."""
    side = 2.0 * target - 1.0
    return side, 1.0 - side * x


@op(
    formula=r"y = \frac{1}{o} \sum_j \max(0,\ 1 - (2 t_j - 1)\,x_j)",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    kinks=(
        Kink({"x": 1.0, "target": 1.0}, "right"),
        Kink({"x": -1.0, "target": 0.0}, "left"),
    ),
    examples=(
        Example(ranges=SHARES),
        Example(ranges={**SHARES, "x": (-4.0, 4.0)}),
        Example(ranges=SHARES, shapes=OUTPUTS_OVER_TIME),
    ),
    role="loss",
    targets="classes",
)
class hinge:
    """For targets 0 and 1: nothing where x is beyond -1 or 1 on the right side, else the way there.

    Cortes and Vapnik, "Support-vector networks", Machine Learning 20, 1995. On the margin the
    slope 0 is taken.
    """

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        _, lack = lack_of(x, target)
        return mean_over(where(less_equal(lack, 0.0), 0.0, lack), axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        side, lack = lack_of(x, target)
        beside = where(less_equal(lack, 0.0), 0.0, per_output(grad_y, x))
        return -beside * side, -beside * (2.0 * x)


@op(
    formula=r"y = \sum_k t_k (\ln t_k - \ln \operatorname{softmax}(x)_k)",
    shapes="n ... k, n ... k -> n ...",
    couples="k",
    examples=(
        Example(ranges=SHARES),
        Example(ranges={"target": (0.1, 1.0), "x": (-20.0, 20.0)}),
        Example(ranges=SHARES, shapes=OUTPUTS_OVER_TIME),
    ),
    role="loss",
    includes=("softmax", "log_softmax"),
    targets="shares",
)
class kullback_leibler:
    """How far the softmax of the logits is from target shares; 0 where they agree.

    Kullback and Leibler, "On information and sufficiency", 1951. A share of 0 counts nothing.
    """

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        own = where(less(0.0, target), target, 1.0)
        return sum_over(own * log(own) - target * log_softmax.forward(x), axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        beside = grad_y[..., None]
        total = sum_over(target, axis=x.ndim - 1, keepdims=True)
        own = where(less(0.0, target), target, 1.0)
        growth = where(less(0.0, target), 1.0 + log(own), 0.0)
        return (
            beside * (softmax.forward(x) * total - target),
            beside * (growth - log_softmax.forward(x)),
        )
