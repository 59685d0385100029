"""Pooling: the largest or the mean of what a window sees at each of its places.

Means: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86, 1998. Maxima: Zhou and Chellappa, ICNN 1988. Entries that tie for a
maximum share its gradient equally.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array, broadcast_like, equal, max_over, reshape, sum_over, where
from chainrule.errors import ShapeError
from chainrule.ops.op import Example, Gradients, op
from chainrule.ops.patterns import SizeRule
from chainrule.ops.window_places import inside_of, padded_along, places_along, sliding_sizes
from chainrule.sliding import overlap_add, windows
from chainrule.sliding_shapes import Padding, Sizes, padded


def _steps(axis: int, length: str) -> SizeRule:
    """Return the rule for the places of a window along one of the sliding axes."""

    def rule(size: Sizes, stride: Sizes, padding: Padding, **sizes: int) -> int:
        if max(padding[axis]) >= size[axis]:
            raise ShapeError(
                f"With a padding of {padding[axis]} a window of {size[axis]} places would see "
                "nothing but padding.",
                f"Pad by {size[axis] - 1} at most.",
            )
        return places_along(sizes[length], size[axis], stride[axis], 1, padding[axis])

    return rule


def _seen(x: Array, size: Sizes, stride: Sizes) -> Array:
    return windows(x, size, stride, (1,) * len(size))


def _put_back(seen: Array, like: Array, stride: Sizes, padding: Padding) -> Array:
    """Return windows added up where they were taken from, without the padding."""
    rank = len(stride)
    around = padded(sliding_sizes(like, rank), padding)
    return inside_of(overlap_add(seen, around, stride, (1,) * rank), padding)


def _last(rank: int) -> tuple[int, ...]:
    return tuple(range(-rank, 0))


def beside(y: Array, rank: int) -> Array:
    """Return y with axes of size 1 behind it, for what each of its entries was made of."""
    return reshape(y, (*y.shape, *(1,) * rank))


def winners(y: Array, entries: Array, rank: int) -> Array:
    """Return the share of each entry in its maximum: entries that tie share it equally."""
    hits = where(equal(entries, beside(y, rank)), 1.0, 0.0)
    return hits / sum_over(hits, _last(rank), keepdims=True)


# ---- maxima ----


def _framed(x: Array, padding: Padding) -> Array:
    """Return x with minus infinity around it, which no maximum takes."""
    if not any(map(any, padding)):
        return x
    lowest = np.pad(
        np.zeros(sliding_sizes(x, len(padding))), padding, constant_values=-float("inf")
    )
    return padded_along(x, padding) + lowest


def _largest(x: Array, size: Sizes, stride: Sizes, padding: Padding) -> Array:
    return max_over(_seen(_framed(x, padding), size, stride), _last(len(size)))


def _to_largest(
    grad_y: Array, y: Array, x: Array, size: Sizes, stride: Sizes, padding: Padding
) -> Gradients:
    rank = len(size)
    shares = winners(y, _seen(_framed(x, padding), size, stride), rank)
    return (_put_back(shares * beside(grad_y, rank), x, stride, padding),)


# ---- means ----


def _inside(x: Array, size: Sizes, stride: Sizes, padding: Padding) -> NDArray[np.float64]:
    """Return how many places of each window lie inside x, not in its padding."""
    rank = len(size)
    ones = np.pad(np.ones(sliding_sizes(x, rank)), padding)
    return np.asarray(sum_over(_seen(ones, size, stride), _last(rank)))


def _mean(x: Array, size: Sizes, stride: Sizes, padding: Padding) -> Array:
    seen = _seen(padded_along(x, padding), size, stride)
    return sum_over(seen, _last(len(size))) / _inside(x, size, stride, padding)


def _to_mean(grad_y: Array, x: Array, size: Sizes, stride: Sizes, padding: Padding) -> Gradients:
    seen = _seen(padded_along(x, padding), size, stride)
    each = beside(grad_y / _inside(x, size, stride, padding), len(size))
    return (_put_back(broadcast_like(each, seen), x, stride, padding),)


# ---- the ops ----

SIGNALS = (
    Example(sizes={"c": 2, "l": 6}, settings={"size": (2,), "stride": (2,)}),
    Example(sizes={"c": 2, "l": 5}, settings={"size": (3,), "stride": (2,), "padding": ((1, 1),)}),
    Example(sizes={"c": 3, "l": 4}, settings={"size": (3,), "stride": (1,)}),
)
IMAGES = (
    Example(sizes={"c": 2, "h": 4, "w": 2}, settings={"size": (2, 2), "stride": (2, 2)}),
    Example(
        sizes={"c": 2, "h": 3, "w": 4},
        settings={"size": (2, 3), "stride": (1, 2), "padding": ((0, 1), (1, 1))},
    ),
)
STEPS_OF_SIGNALS = {"l'": _steps(0, "l")}
STEPS_OF_IMAGES = {"h'": _steps(0, "h"), "w'": _steps(1, "w")}


@op(
    formula=r"y_{c,p} = \max_k x_{c,\,p s + k}",
    shapes="n c l -> n c l'",
    couples="l",
    sizes=STEPS_OF_SIGNALS,
    examples=SIGNALS,
)
class max_pooling_1d:
    """The largest number that a window of ``size`` sees at each of its places in a signal.

    ``stride`` s is how far the window moves, ``padding`` how many places before and after the
    signal it may stick out; what lies there is never the largest.
    """

    @staticmethod
    def forward(
        x: Array, size: Sizes = (2,), stride: Sizes = (2,), padding: Padding = ((0, 0),)
    ) -> Array:
        return _largest(x, size, stride, padding)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        x: Array,
        size: Sizes = (2,),
        stride: Sizes = (2,),
        padding: Padding = ((0, 0),),
    ) -> Gradients:
        return _to_largest(grad_y, y, x, size, stride, padding)


@op(
    formula=r"y_{c,p,q} = \max_{i,j} x_{c,\,p s + i,\,q s + j}",
    shapes="n c h w -> n c h' w'",
    couples="h w",
    sizes=STEPS_OF_IMAGES,
    examples=IMAGES,
)
class max_pooling_2d:
    """The largest number that a window of ``size`` sees at each of its places in an image."""

    @staticmethod
    def forward(
        x: Array,
        size: Sizes = (2, 2),
        stride: Sizes = (2, 2),
        padding: Padding = ((0, 0), (0, 0)),
    ) -> Array:
        return _largest(x, size, stride, padding)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        x: Array,
        size: Sizes = (2, 2),
        stride: Sizes = (2, 2),
        padding: Padding = ((0, 0), (0, 0)),
    ) -> Gradients:
        return _to_largest(grad_y, y, x, size, stride, padding)


@op(
    formula=r"y_{c,p} = \frac{1}{|K|} \sum_{k \in K} x_{c,\,p s + k}",
    shapes="n c l -> n c l'",
    couples="l",
    sizes=STEPS_OF_SIGNALS,
    examples=SIGNALS,
)
class average_pooling_1d:
    """The mean of what a window of ``size`` sees at each of its places in a signal.

    Only what lies inside the signal counts: padding is neither summed nor divided by.
    """

    @staticmethod
    def forward(
        x: Array, size: Sizes = (2,), stride: Sizes = (2,), padding: Padding = ((0, 0),)
    ) -> Array:
        return _mean(x, size, stride, padding)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        x: Array,
        size: Sizes = (2,),
        stride: Sizes = (2,),
        padding: Padding = ((0, 0),),
    ) -> Gradients:
        return _to_mean(grad_y, x, size, stride, padding)


@op(
    formula=r"y_{c,p,q} = \frac{1}{|K|} \sum_{(i,j) \in K} x_{c,\,p s + i,\,q s + j}",
    shapes="n c h w -> n c h' w'",
    couples="h w",
    sizes=STEPS_OF_IMAGES,
    examples=IMAGES,
)
class average_pooling_2d:
    """The mean of what a window of ``size`` sees, inside the image, at each of its places."""

    @staticmethod
    def forward(
        x: Array,
        size: Sizes = (2, 2),
        stride: Sizes = (2, 2),
        padding: Padding = ((0, 0), (0, 0)),
    ) -> Array:
        return _mean(x, size, stride, padding)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        x: Array,
        size: Sizes = (2, 2),
        stride: Sizes = (2, 2),
        padding: Padding = ((0, 0), (0, 0)),
    ) -> Gradients:
        return _to_mean(grad_y, x, size, stride, padding)
