"""Pooling over everything: one number for each channel, or for each feature of a sequence.

Means of channels: Lin, Chen, Yan, "Network in network", ICLR 2014. Maxima over time: Collobert and
others, "Natural language processing (almost) from scratch", JMLR 12, 2011. Entries that tie for a
maximum share its gradient equally.
"""

from __future__ import annotations

import numpy as np

from chainrule.arrays import (
    Array,
    broadcast_like,
    equal,
    less,
    max_over,
    maximum,
    mean_over,
    reshape,
    sum_over,
    to_float,
    where,
)
from chainrule.ops.op import Example, Gradients, op
from chainrule.ops.pooling import beside, winners
from chainrule.ops.window_places import sliding_sizes
from chainrule.shapes import ROWS

ALL_PLACES = (Example(shapes=((ROWS, 2, 4),)), Example(shapes=((ROWS, 3, 2, 3),)))


@op(
    formula=r"y_c = \frac{1}{P} \sum_p x_{c,p}",
    shapes="n c ... -> n c",
    couples="...",
    examples=ALL_PLACES,
)
class global_average_pooling:
    """The mean of each channel over all its places."""

    @staticmethod
    def forward(x: Array) -> Array:
        return mean_over(x, tuple(range(2, x.ndim)))

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        rank = x.ndim - 2
        places = float(np.prod(sliding_sizes(x, rank)))
        return (broadcast_like(beside(grad_y / places, rank), x),)


@op(
    formula=r"y_c = \max_p x_{c,p}",
    shapes="n c ... -> n c",
    couples="...",
    examples=ALL_PLACES,
)
class global_max_pooling:
    """The largest number of each channel over all its places."""

    @staticmethod
    def forward(x: Array) -> Array:
        return max_over(x, tuple(range(2, x.ndim)))

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        rank = x.ndim - 2
        return (winners(y, x, rank) * beside(grad_y, rank),)


@op(formula=r"y_e = \frac{1}{T} \sum_t x_{t,e}", shapes="n t e -> n e", couples="t")
class average_over_time:
    """The mean of each feature of a sequence over time."""

    @staticmethod
    def forward(x: Array) -> Array:
        return mean_over(x, 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        each = reshape(grad_y / float(x.shape[1]), (x.shape[0], 1, x.shape[2]))
        return (broadcast_like(each, x),)


@op(
    formula=r"y_e = \frac{\sum_t m_t x_{t,e}}{\sum_t m_t}",
    shapes="n t e, n t ? -> n e",
    couples="t",
    examples=(Example(), Example(sizes={"t": 4, "e": 1})),
)
class masked_average_over_time:
    """The mean of each feature over the times at which the mask is True; 0 where it never is."""

    @staticmethod
    def forward(x: Array, mask: Array) -> Array:
        return sum_over(where(_at_each_time(mask), x, 0.0), 1) / _real_times(mask)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, mask: Array) -> Gradients:
        each = reshape(grad_y / _real_times(mask), (x.shape[0], 1, x.shape[2]))
        return where(_at_each_time(mask), broadcast_like(each, x), 0.0), None


@op(
    formula=r"y_e = \max_{t: m_t} x_{t,e}",
    shapes="n t e, n t ? -> n e",
    couples="t",
    examples=(Example(), Example(sizes={"t": 4, "e": 1})),
)
class masked_max_over_time:
    """The largest number of each feature among the times where the mask is True; 0 without any."""

    @staticmethod
    def forward(x: Array, mask: Array) -> Array:
        any_real = max_over(to_float(mask), 1, keepdims=True)
        largest = max_over(where(_at_each_time(mask), x, -float("inf")), 1)
        return where(less(0.0, any_real), largest, 0.0)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array, mask: Array) -> Gradients:
        row = (x.shape[0], 1, x.shape[2])
        hits = where(_at_each_time(mask), where(equal(x, reshape(y, row)), 1.0, 0.0), 0.0)
        ties = maximum(sum_over(hits, 1, keepdims=True), 1.0)
        return hits / ties * reshape(grad_y, row), None


def _at_each_time(mask: Array) -> Array:
    return reshape(mask, (*mask.shape, 1))


def _real_times(mask: Array) -> Array:
    """Return how many times of each row are real (n, 1), 1 where none is."""
    return maximum(sum_over(to_float(mask), 1, keepdims=True), 1.0)


@op(formula=r"y_e = \max_t x_{t,e}", shapes="n t e -> n e", couples="t")
class max_over_time:
    """The largest number of each feature of a sequence over time. Collobert and others, 2011."""

    @staticmethod
    def forward(x: Array) -> Array:
        return max_over(x, 1)

    @staticmethod
    def backward(grad_y: Array, y: Array, x: Array) -> Gradients:
        row = (x.shape[0], 1, x.shape[2])
        hits = where(equal(x, reshape(y, row)), 1.0, 0.0)
        return (hits / sum_over(hits, 1, keepdims=True) * reshape(grad_y, row),)
