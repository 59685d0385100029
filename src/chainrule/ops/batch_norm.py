"""Batch normalization: each feature brought to mean 0 and variance 1 over the rows of a batch."""

from __future__ import annotations

import math
from typing import Any

from chainrule.arrays import Array, count, maximum, reshape, sqrt, sum_over
from chainrule.ops.blocks import ABOVE_0
from chainrule.ops.op import Example, Gradients, op
from chainrule.shapes import ROWS, Shape

POSITIVE = {"variance": (0.3, 2.0)}


def _over_batch(x: Array) -> Array:
    """Return the sum over rows and places, one number for each feature."""
    return sum_over(x, (0, *range(2, x.ndim)))


def _beside(feature: Array, x: Array) -> Array:
    """Return one number for each feature, with an axis of size 1 for each axis of places."""
    return reshape(feature, (feature.shape[0], *(1,) * (x.ndim - 2)))


def _entries(x: Array) -> Any:
    """Return how many numbers a feature has in the batch."""
    return count(x, 0) * float(math.prod(x.shape[2:]))


def _moments(x: Array) -> tuple[Array, Array, Array]:
    """Return the mean of each feature, what is left of x without it, and its squares summed."""
    mean = _over_batch(x) / _entries(x)
    centred = x - _beside(mean, x)
    return mean, centred, _over_batch(centred * centred)


def _inverse_deviation(squares: Array, x: Array, epsilon: float) -> Array:
    return 1.0 / sqrt(squares / _entries(x) + epsilon)


@op(
    formula=(
        r"y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta, \quad "
        r"\mu, \sigma^2 \text{ over the batch}"
    ),
    shapes="n c ..., c, c, c !, c ! -> n c ..., c !, c !",
    couples="n ...",
    learned={"scale": "constant 1", "shift": "zeros"},
    state={"mean": "zeros", "variance": "constant 1"},
    bounds={"momentum": (0.0, 1.0), "epsilon": (ABOVE_0, math.inf)},
    examples=(
        Example(ranges=POSITIVE, settings={"momentum": 0.3, "epsilon": 0.1}),
        Example(
            shapes=((ROWS, 3, 2, 4), (3,), (3,), (3,), (3,)),
            ranges=POSITIVE,
            settings={"epsilon": 0.01},
        ),
        Example(shapes=((ROWS, 2, 3), (2,), (2,), (2,), (2,)), ranges=POSITIVE),
    ),
)
class batch_norm:
    """Each feature, or channel, brought to mean 0 and variance 1, then scaled and shifted.

    Mean and variance are those of the batch, over its rows and, for (n, channels, ...), its places;
    prediction uses the running ones, each a mean that forgets: ``momentum`` of the batch's value
    and the rest of what it was. The running variance is that of the batch without bias, divided by
    one less than the numbers that it is of. Ioffe and Szegedy, "Batch normalization", ICML 2015.
    """

    @staticmethod
    def forward(
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        momentum: float = 0.1,
        epsilon: float = 1e-5,
    ) -> tuple[Array, Array, Array]:
        center, centred, squares = _moments(x)
        normal = centred * _beside(_inverse_deviation(squares, x, epsilon), x)
        unbiased = squares / maximum(_entries(x) - 1.0, 1.0)
        return (
            normal * _beside(scale, x) + _beside(shift, x),
            mean * (1.0 - momentum) + center * momentum,
            variance * (1.0 - momentum) + unbiased * momentum,
        )

    @staticmethod
    def forward_predict(
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        momentum: float = 0.1,
        epsilon: float = 1e-5,
    ) -> Array:
        steepness = scale / sqrt(variance + epsilon)
        return (x - _beside(mean, x)) * _beside(steepness, x) + _beside(shift, x)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        momentum: float = 0.1,
        epsilon: float = 1e-5,
    ) -> Gradients:
        _, centred, squares = _moments(x)
        inverse = _inverse_deviation(squares, x, epsilon)
        normal = centred * _beside(inverse, x)
        grad_scale, grad_shift = _over_batch(grad_y * normal), _over_batch(grad_y)
        # Directly, and through the mean and the variance that x has a share in.
        through = _beside(grad_shift / _entries(x), x) + normal * _beside(
            grad_scale / _entries(x), x
        )
        return (grad_y - through) * _beside(scale * inverse, x), grad_scale, grad_shift, None, None

    @staticmethod
    def fewest_rows(x: Shape, *_: Shape) -> int:
        """A single number has no variance; the places of one row may be several."""
        return 1 if math.prod(size for size in x[1:] if isinstance(size, int)) > 1 else 2
