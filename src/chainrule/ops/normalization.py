"""Normalization of each row by itself: nothing of other rows is read."""

from __future__ import annotations

from typing import ClassVar

from chainrule.arrays import Array, broadcast_like, mean_over, sqrt, sum_over
from chainrule.ops.blocks import ABOVE_0
from chainrule.ops.op import Example, Gradients, op
from chainrule.shapes import ROWS


def _scaled_to_one(x: Array, epsilon: float) -> tuple[Array, Array]:
    """Return x at a mean of 0 and a variance of nearly 1 over its last axis, and the factor."""
    centred = x - mean_over(x, -1, keepdims=True)
    factor = 1.0 / sqrt(mean_over(centred * centred, -1, keepdims=True) + epsilon)
    return centred * factor, factor


def _itself(
    grad_y: Array, y: Array, x: Array, gain: Array, bias: Array, epsilon: float = 1e-5
) -> Gradients:
    normal, factor = _scaled_to_one(x, epsilon)
    rows = tuple(range(x.ndim - 1))
    return grad_y * gain * factor, sum_over(grad_y * normal, rows), sum_over(grad_y, rows)


def _by_mean(
    grad_y: Array, y: Array, x: Array, gain: Array, bias: Array, epsilon: float = 1e-5
) -> Gradients:
    _, factor = _scaled_to_one(x, epsilon)
    shared = mean_over(grad_y * gain, -1, keepdims=True) * factor
    return -broadcast_like(shared, x), None, None


def _by_variance(
    grad_y: Array, y: Array, x: Array, gain: Array, bias: Array, epsilon: float = 1e-5
) -> Gradients:
    normal, factor = _scaled_to_one(x, epsilon)
    along = mean_over(grad_y * gain * normal, -1, keepdims=True)
    return -(along * normal * factor), None, None


@op(
    formula=r"y_k = g_k\,\frac{x_k - \mu}{\sqrt{\sigma^2 + \epsilon}} + b_k",
    shapes="... k, k, k -> ... k",
    couples="k",
    learned={"gain": "constant 1", "bias": "zeros"},
    bounds={"epsilon": (ABOVE_0, float("inf"))},
    examples=(
        Example(sizes={"k": 4}),
        Example(shapes=((ROWS, 2, 3), (3,), (3,)), settings={"epsilon": 0.1}),
    ),
)
class layer_norm:
    """Features at a mean of 0 and a variance of 1, row by row, then times a gain, plus a bias.

    Ba, Kiros, Hinton, "Layer normalization", arXiv:1607.06450. The mean and the variance (divided
    by the number of features) are those of the last axis; ``epsilon`` keeps the root above 0.
    """

    routes: ClassVar = {
        "the number itself": _itself,
        "the mean of the row": _by_mean,
        "the variance of the row": _by_variance,
    }

    @staticmethod
    def forward(x: Array, gain: Array, bias: Array, epsilon: float = 1e-5) -> Array:
        normal, _ = _scaled_to_one(x, epsilon)
        return normal * gain + bias

    @staticmethod
    def backward(
        grad_y: Array, y: Array, x: Array, gain: Array, bias: Array, epsilon: float = 1e-5
    ) -> Gradients:
        normal, factor = _scaled_to_one(x, epsilon)
        at_normal = grad_y * gain
        # What all features share, and what lies along the normal itself, the scaling takes away.
        shared = mean_over(at_normal, -1, keepdims=True)
        along = mean_over(at_normal * normal, -1, keepdims=True)
        rows = tuple(range(x.ndim - 1))
        return (
            factor * (at_normal - shared - normal * along),
            sum_over(grad_y * normal, rows),
            sum_over(grad_y, rows),
        )
