"""Batch normalization: each feature brought to mean 0 and variance 1 over the rows of a batch.

Features stand behind the rows, as channels of places, or last, behind the times of a sequence.
The rules are the same but for the axis on which they stand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from chainrule.arrays import Array, broadcast_like, count, maximum, reshape, sqrt, sum_over
from chainrule.ops.blocks import ABOVE_0
from chainrule.ops.op import Example, Gradients, op
from chainrule.shapes import ROWS, Shape

EPSILON = 1e-5
POSITIVE = {"variance": (0.3, 2.0)}


def _over_batch(x: Array, axis: int) -> Array:
    """Return the sum over rows and places, one number for each feature."""
    return sum_over(x, tuple(one for one in range(x.ndim) if one != axis))


def _beside(feature: Array, x: Array, axis: int) -> Array:
    """Return one number for each feature, with an axis of size 1 for each axis behind it."""
    return reshape(feature, (feature.shape[0], *(1,) * (x.ndim - 1 - axis)))


def _entries(x: Array, axis: int) -> Any:
    """Return how many numbers a feature has in the batch."""
    places = math.prod(size for one, size in enumerate(x.shape) if one not in (0, axis))
    return count(x, 0) * float(places)


def _moments(x: Array, axis: int) -> tuple[Array, Array, Array]:
    """Return the mean of each feature, what is left of x without it, and its squares summed."""
    mean = _over_batch(x, axis) / _entries(x, axis)
    centred = x - _beside(mean, x, axis)
    return mean, centred, _over_batch(centred * centred, axis)


def _inverse_deviation(squares: Array, x: Array, axis: int, epsilon: float) -> Array:
    return 1.0 / sqrt(squares / _entries(x, axis) + epsilon)


def _normalized(
    x: Array,
    scale: Array,
    shift: Array,
    state: tuple[Array, Array],
    settings: tuple[float, float],
    axis: int,
) -> tuple[Array, Array, Array]:
    """Return the output, and mean and variance after this batch; settings as in the rules."""
    (mean, variance), (momentum, epsilon) = state, settings
    center, centred, squares = _moments(x, axis)
    normal = centred * _beside(_inverse_deviation(squares, x, axis, epsilon), x, axis)
    unbiased = squares / maximum(_entries(x, axis) - 1.0, 1.0)
    return (
        normal * _beside(scale, x, axis) + _beside(shift, x, axis),
        mean * (1.0 - momentum) + center * momentum,
        variance * (1.0 - momentum) + unbiased * momentum,
    )


def _predicted(
    x: Array,
    scale: Array,
    shift: Array,
    state: tuple[Array, Array],
    epsilon: float,
    axis: int,
) -> Array:
    mean, variance = state
    steepness = scale / sqrt(variance + epsilon)
    return (x - _beside(mean, x, axis)) * _beside(steepness, x, axis) + _beside(shift, x, axis)


def _gradients(grad_y: Array, x: Array, scale: Array, epsilon: float, axis: int) -> Gradients:
    _, centred, squares = _moments(x, axis)
    inverse = _inverse_deviation(squares, x, axis, epsilon)
    normal = centred * _beside(inverse, x, axis)
    grad_scale, grad_shift = _over_batch(grad_y * normal, axis), _over_batch(grad_y, axis)
    # Directly, and through the mean and the variance that x has a share in.
    through = _beside(grad_shift / _entries(x, axis), x, axis) + normal * _beside(
        grad_scale / _entries(x, axis), x, axis
    )
    grad_x = (grad_y - through) * _beside(scale * inverse, x, axis)
    return grad_x, grad_scale, grad_shift, None, None


def _routes(axis: int) -> dict[str, Callable[..., Gradients]]:
    """Return the three ways of x to y: by itself, and by its share in mean and variance."""

    def itself(grad_y: Array, y: Array, x: Array, *rest: Array, **settings: Any) -> Gradients:
        normal, steepness = _normal_and_steepness(x, rest[0], settings, axis)
        grad_scale, grad_shift = _over_batch(grad_y * normal, axis), _over_batch(grad_y, axis)
        return grad_y * steepness, grad_scale, grad_shift, None, None

    def by_mean(grad_y: Array, y: Array, x: Array, *rest: Array, **settings: Any) -> Gradients:
        _, steepness = _normal_and_steepness(x, rest[0], settings, axis)
        shared = _beside(_over_batch(grad_y, axis) / _entries(x, axis), x, axis) * steepness
        return -broadcast_like(shared, x), None, None, None, None

    def by_variance(grad_y: Array, y: Array, x: Array, *rest: Array, **settings: Any) -> Gradients:
        normal, steepness = _normal_and_steepness(x, rest[0], settings, axis)
        along = _beside(_over_batch(grad_y * normal, axis) / _entries(x, axis), x, axis)
        return -(along * normal * steepness), None, None, None, None

    return {
        "the number itself": itself,
        "the mean of the batch": by_mean,
        "the variance of the batch": by_variance,
    }


def _normal_and_steepness(
    x: Array, scale: Array, settings: dict[str, Any], axis: int
) -> tuple[Array, Array]:
    """Return x at mean 0 and variance 1, and the slope of y along x with both held."""
    _, centred, squares = _moments(x, axis)
    inverse = _inverse_deviation(squares, x, axis, settings.get("epsilon", EPSILON))
    return centred * _beside(inverse, x, axis), _beside(scale * inverse, x, axis)


FORMULA = (
    r"y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta, \quad "
    r"\mu, \sigma^2 \text{ over the batch}"
)
LEARNED = {"scale": "constant 1", "shift": "zeros"}
STATE = {"mean": "zeros", "variance": "constant 1"}
BOUNDS = {"momentum": (0.0, 1.0), "epsilon": (ABOVE_0, math.inf)}


def _fewest_rows(places: Shape) -> int:
    return 1 if math.prod(size for size in places if isinstance(size, int)) > 1 else 2


@op(
    formula=FORMULA,
    shapes="n c ..., c, c, c !, c ! -> n c ..., c !, c !",
    couples="n ...",
    learned=LEARNED,
    state=STATE,
    bounds=BOUNDS,
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

    routes: ClassVar = _routes(axis=1)

    @staticmethod
    def forward(
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        momentum: float = 0.1,
        epsilon: float = EPSILON,
    ) -> tuple[Array, Array, Array]:
        return _normalized(x, scale, shift, (mean, variance), (momentum, epsilon), axis=1)

    @staticmethod
    def forward_predict(
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        momentum: float = 0.1,
        epsilon: float = EPSILON,
    ) -> Array:
        return _predicted(x, scale, shift, (mean, variance), epsilon, axis=1)

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
        epsilon: float = EPSILON,
    ) -> Gradients:
        return _gradients(grad_y, x, scale, epsilon, axis=1)

    @staticmethod
    def fewest_rows(x: Shape, *_: Shape) -> int:
        """A single number has no variance; the places of one row may be several."""
        return _fewest_rows(x[1:])


@op(
    formula=FORMULA,
    shapes="n t e, e, e, e !, e ! -> n t e, e !, e !",
    couples="n t",
    learned=LEARNED,
    state=STATE,
    bounds=BOUNDS,
    examples=(
        Example(ranges=POSITIVE, settings={"momentum": 0.3, "epsilon": 0.1}),
        Example(sizes={"t": 2, "e": 3}, ranges=POSITIVE),
    ),
)
class batch_norm_over_time:
    """``batch_norm`` of sequences (n, time, features): over the rows and times of the batch.

    Ioffe and Szegedy, "Batch normalization", ICML 2015.
    """

    routes: ClassVar = _routes(axis=2)

    @staticmethod
    def forward(
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        momentum: float = 0.1,
        epsilon: float = EPSILON,
    ) -> tuple[Array, Array, Array]:
        return _normalized(x, scale, shift, (mean, variance), (momentum, epsilon), axis=2)

    @staticmethod
    def forward_predict(
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        momentum: float = 0.1,
        epsilon: float = EPSILON,
    ) -> Array:
        return _predicted(x, scale, shift, (mean, variance), epsilon, axis=2)

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
        epsilon: float = EPSILON,
    ) -> Gradients:
        return _gradients(grad_y, x, scale, epsilon, axis=2)

    @staticmethod
    def fewest_rows(x: Shape, *_: Shape) -> int:
        """A single number has no variance; the times of one row may be several."""
        return _fewest_rows(x[:-1])
