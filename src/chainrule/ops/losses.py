"""Losses on numbers: how far each row's prediction lies from its target.

A loss reads what the output layer gives and the target, and returns one number for each row, or for
each time of a row; ``average`` makes one of them all. Its backward is the gradient of exactly the
number that its forward returns, outputs and all. ``classification_losses`` has those on classes.
"""

from __future__ import annotations

from math import inf

from chainrule.arrays import (
    Array,
    absolute,
    count,
    exp,
    less,
    less_equal,
    log1p,
    mean_over,
    minimum,
    sign,
    sum_over,
    tanh,
    where,
)
from chainrule.ops.blocks import ABOVE_0
from chainrule.ops.op import Example, Gradients, Kink, op
from chainrule.shapes import ROWS

LN_2 = 0.6931471805599453
# Several outputs at each time of a sequence.
OUTPUTS_OVER_TIME = ((ROWS, 2, 3), (ROWS, 2, 3))
BOTH = (Example(), Example(shapes=OUTPUTS_OVER_TIME))
AT_TARGET = (Kink({"x": 0.0, "target": 0.0}, "middle"),)


def per_output(grad_y: Array, x: Array) -> Array:
    """Return a loss's gradient beside each output, where it is a mean over outputs."""
    return grad_y[..., None] / count(x, x.ndim - 1)


@op(
    formula=r"y = \frac{1}{o} \sum_j (x_j - t_j)^2",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    examples=BOTH,
    role="loss",
)
class mean_squared_error:
    """The mean over outputs of the squared difference. Gauss, 1809; Legendre, 1805."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        difference = x - target
        return mean_over(difference * difference, axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = per_output(grad_y, x) * (2.0 * (x - target))
        return gradient, -gradient


@op(
    formula=r"y = \frac{1}{2} \sum_j (x_j - t_j)^2",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    examples=BOTH,
    role="loss",
)
class half_squared_error:
    """Half the sum over outputs of the squared difference, so that its slope is the difference."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        difference = x - target
        return 0.5 * sum_over(difference * difference, axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = grad_y[..., None] * (x - target)
        return gradient, -gradient


@op(
    formula=r"y = \sum_j (x_j - t_j)^2",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    examples=BOTH,
    role="loss",
)
class squared_error:
    """The sum over outputs of the squared difference, without a half."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        difference = x - target
        return sum_over(difference * difference, axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = grad_y[..., None] * (2.0 * (x - target))
        return gradient, -gradient


@op(
    formula=r"y = \frac{1}{o} \sum_j |x_j - t_j|",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    kinks=AT_TARGET,
    examples=BOTH,
    role="loss",
)
class mean_absolute_error:
    """The mean over outputs of the absolute difference; slope 0 where there is none."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        return mean_over(absolute(x - target), axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = per_output(grad_y, x) * sign(x - target)
        return gradient, -gradient


@op(
    formula=(
        r"y = \frac{1}{o} \sum_j h(x_j - t_j), \quad h(d) = "
        r"\frac{d^2}{2} \text{ if } |d| \le \delta, \text{ else } \delta (|d| - \frac{\delta}{2})"
    ),
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    examples=(*BOTH, Example(settings={"delta": 0.4})),
    bounds={"delta": (ABOVE_0, inf)},
    role="loss",
)
class huber:
    """Squares (halved) up to a difference of ``delta``, straight lines beyond.

    Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35, 1964.
    """

    @staticmethod
    def forward(x: Array, target: Array, delta: float = 1.0) -> Array:
        size = absolute(x - target)
        inside = 0.5 * size * size
        outside = delta * (size - 0.5 * delta)
        return mean_over(where(less_equal(size, delta), inside, outside), axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array, delta: float = 1.0) -> Gradients:
        difference = x - target
        inside = less_equal(absolute(difference), delta)
        gradient = per_output(grad_y, x) * where(inside, difference, delta * sign(difference))
        return gradient, -gradient


def log_cosh_of(x: Array) -> Array:
    """Return ln cosh x without overflow, exact near 0 (where the plain sum would cancel)."""
    size = absolute(x)
    near = tanh(minimum(size, 1.0))
    far = size + log1p(exp(-2.0 * size)) - LN_2
    return where(less(size, 1.0), -0.5 * log1p(-near * near), far)


@op(
    formula=r"y = \frac{1}{o} \sum_j \ln \cosh(x_j - t_j)",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    examples=(*BOTH, Example(ranges={"x": (-50.0, 50.0)})),
    role="loss",
)
class log_cosh:
    """Half a square near the target, a straight line far from it, smooth everywhere."""

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        return mean_over(log_cosh_of(x - target), axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        gradient = per_output(grad_y, x) * tanh(x - target)
        return gradient, -gradient


@op(
    formula=r"y = \frac{1}{o} \sum_j \max(q\,(t_j - x_j),\ (1 - q)(x_j - t_j))",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    kinks=AT_TARGET,
    examples=(*BOTH, Example(settings={"quantile": 0.9})),
    bounds={"quantile": (0.0, 1.0)},
    role="loss",
)
class quantile:
    """The pinball loss, least at the ``quantile`` of the target; at 0.5 half the absolute error.

    Koenker and Bassett, "Regression quantiles", Econometrica 46, 1978. On the target the slope in
    the middle of both sides.
    """

    @staticmethod
    def forward(x: Array, target: Array, quantile: float = 0.5) -> Array:
        difference = x - target
        slanted = 0.5 * absolute(difference) + (0.5 - quantile) * difference
        return mean_over(slanted, axis=x.ndim - 1)

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, target: Array, quantile: float = 0.5
    ) -> Gradients:
        gradient = per_output(grad_y, x) * (0.5 * sign(x - target) + (0.5 - quantile))
        return gradient, -gradient


@op(
    formula=r"y = \frac{1}{o} \sum_j e^{x_j} - t_j x_j",
    shapes="n ... o, n ... o -> n ...",
    couples="o",
    examples=(
        Example(ranges={"target": (0.0, 6.0)}),
        Example(ranges={"target": (0.0, 6.0)}, shapes=OUTPUTS_OVER_TIME),
    ),
    role="loss",
    includes=("exp",),
)
class poisson:
    """For counts: x is the logarithm of the expected count.

    The negative logarithm of the Poisson probability without its last part, ln(t!), which no
    prediction changes. Nelder and Wedderburn, "Generalized linear models", 1972.
    """

    @staticmethod
    def forward(x: Array, target: Array) -> Array:
        return mean_over(exp(x) - target * x, axis=x.ndim - 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, target: Array) -> Gradients:
        beside = per_output(grad_y, x)
        return beside * (exp(x) - target), -beside * x
