"""Losses: how wrong each row is. One number for each row; ``average`` makes one of them all.

A loss reads what the output layer gives (logits for the cross-entropies) and the target. Its
backward is the gradient of exactly the number that its forward returns, outputs and all.
"""

from __future__ import annotations

import numpy as np

from chainrule.arrays import (
    Array,
    absolute,
    count,
    equal,
    exp,
    less_equal,
    log1p,
    maximum,
    mean_over,
    sigmoid,
    sign,
    sum_over,
    where,
)
from chainrule.ops.activations import log_softmax, softmax
from chainrule.ops.op import Example, Gradients, op


def per_output(grad_y: Array, x: Array) -> Array:
    """The gradient of a row's loss, beside each output, where the loss is a mean over outputs."""
    return grad_y[:, None] / count(x, 1)


@op(formula=r"y = \frac{1}{o} \sum_j (x_j - t_j)^2", shapes="n o, n o -> n", couples="o")
class mean_squared_error:
    """The mean over outputs of the squared difference."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        difference = x - target
        return mean_over(difference * difference, axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = per_output(grad_y, x) * (2.0 * (x - target))
        return gradient, -gradient


@op(formula=r"y = \frac{1}{2} \sum_j (x_j - t_j)^2", shapes="n o, n o -> n", couples="o")
class half_squared_error:
    """Half the sum over outputs of the squared difference, so that its slope is the difference."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        difference = x - target
        return 0.5 * sum_over(difference * difference, axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = grad_y[:, None] * (x - target)
        return gradient, -gradient


@op(formula=r"y = \sum_j (x_j - t_j)^2", shapes="n o, n o -> n", couples="o")
class squared_error:
    """The sum over outputs of the squared difference, without a half."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        difference = x - target
        return sum_over(difference * difference, axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = grad_y[:, None] * (2.0 * (x - target))
        return gradient, -gradient


@op(formula=r"y = \frac{1}{o} \sum_j |x_j - t_j|", shapes="n o, n o -> n", couples="o")
class mean_absolute_error:
    """The mean over outputs of the absolute difference; slope 0 where there is none."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        return mean_over(absolute(x - target), axis=1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = per_output(grad_y, x) * sign(x - target)
        return gradient, -gradient


@op(
    formula=r"y = \frac{1}{o} \sum_j h_\delta(x_j - t_j)",
    shapes="n o, n o -> n",
    couples="o",
    examples=(Example(), Example(settings={"delta": 0.4})),
)
class huber:
    """Squares (halved) up to a difference of ``delta``, straight lines beyond. Huber, 1964."""

    @staticmethod
    def forward(x: Array, target: Array, delta: float = 1.0) -> Array:
        size = absolute(x - target)
        inside = 0.5 * size * size
        return mean_over(
            where(less_equal(size, delta), inside, delta * (size - 0.5 * delta)), axis=1
        )

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, target: Array, delta: float = 1.0
    ) -> Gradients:
        difference = x - target
        inside = less_equal(absolute(difference), delta)
        gradient = per_output(grad_y, x) * where(inside, difference, delta * sign(difference))
        return gradient, -gradient


def shares_of(labels: Array, x: Array, smoothing: float) -> Array:
    """Return the target share of each class: 1 for the label, spread by ``smoothing`` over all."""
    classes = x.shape[1]
    hit = equal(labels[:, None], np.arange(classes))
    return where(hit, 1.0 - smoothing + smoothing / classes, smoothing / classes)


@op(
    formula=r"y = -\sum_k t_k \ln \operatorname{softmax}(x)_k",
    shapes="n k, n < k -> n",
    couples="k",
    examples=(Example(), Example(settings={"smoothing": 0.1}), Example(sizes={"k": 2})),
)
class cross_entropy:
    """Softmax and the logarithmic loss of a label in one op, from logits.

    Label smoothing: Szegedy and others, CVPR 2016.
    """

    @staticmethod
    def forward(x: Array, label: Array, smoothing: float = 0.0) -> Array:
        return -sum_over(shares_of(label, x, smoothing) * log_softmax.forward(x), axis=1)

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, label: Array, smoothing: float = 0.0
    ) -> Gradients:
        difference = softmax.forward(x) - shares_of(label, x, smoothing)
        return grad_y[:, None] * difference, None


@op(
    formula=r"y = \frac{1}{o} \sum_j \ln(1 + e^{x_j}) - t_j x_j",
    shapes="n o, n o -> n",
    couples="o",
    examples=(
        Example(ranges={"target": (0.0, 1.0)}),
        Example(ranges={"target": (0.0, 1.0)}, settings={"smoothing": 0.1}),
    ),
)
class binary_cross_entropy:
    """Sigmoid and the logarithmic loss of 0 or 1 in one op, from logits; the mean over outputs."""

    @staticmethod
    def forward(x: Array, target: Array, smoothing: float = 0.0) -> Array:
        share = (1.0 - smoothing) * target + 0.5 * smoothing
        return mean_over(
            maximum(x, 0.0) + log1p(exp(-absolute(x))) - share * x, axis=1
        )

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, target: Array, smoothing: float = 0.0
    ) -> Gradients:
        beside = per_output(grad_y, x)
        share = (1.0 - smoothing) * target + 0.5 * smoothing
        return beside * (sigmoid(x) - share), -beside * (1.0 - smoothing) * x


@op(formula=r"y = \frac{1}{n} \sum_r w_r x_r", shapes="n, n -> ", couples="n")
class average:
    """One number for all rows: the sum of weight times loss, over the number of rows."""

    @staticmethod
    def forward(x: Array, weight: Array) -> Array:
        return sum_over(weight * x) / count(x, 0)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, weight: Array) -> Gradients:
        share = grad_y / count(x, 0)
        return share * weight, share * x


@op(formula=r"y = \frac{1}{2} \sum_p \lambda_p w_p^2", shapes="p, p -> ", couples="p")
class l2_penalty:
    """Half the squares of parameters, each with a strength of its own (weight decay)."""

    @staticmethod
    def forward(w: Array, strength: Array) -> Array:
        return 0.5 * sum_over(strength * (w * w))

    @staticmethod
    def backward(grad_y: Array, y: Array, w: Array, strength: Array) -> Gradients:
        return grad_y * (strength * w), None


@op(formula=r"y = \sum_p \lambda_p |w_p|", shapes="p, p -> ", couples="p")
class l1_penalty:
    """The absolute values of parameters, each with a strength; slope 0 at 0."""

    @staticmethod
    def forward(w: Array, strength: Array) -> Array:
        return sum_over(strength * absolute(w))

    @staticmethod
    def backward(grad_y: Array, y: Array, w: Array, strength: Array) -> Gradients:
        return grad_y * (strength * sign(w)), None


LOSSES = (
    "mean_squared_error",
    "half_squared_error",
    "squared_error",
    "mean_absolute_error",
    "huber",
    "cross_entropy",
    "binary_cross_entropy",
)

