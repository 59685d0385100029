"""Attention: each place of a sequence looks at all places, and takes from those that suit it.

Scaled dot products with several heads, as in Vaswani and others, "Attention is all you need",
NIPS 2017: q (n, t, d) asks, k (n, s, d) answers, v (n, s, e) is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from chainrule.arrays import (
    Array,
    equal,
    exp,
    logical_and,
    matmul,
    max_over,
    reshape,
    sum_over,
    transpose,
    where,
)
from chainrule.checks import is_whole_number
from chainrule.errors import ShapeError
from chainrule.ops.array_words import swapped
from chainrule.ops.op import Example, Gradients, op
from chainrule.ops.softmax import softmax
from chainrule.shapes import ROWS

# Below every product of a question and an answer, and far above what a float cannot hold.
LOWEST = -1e30
# e to this power is 0 in every type of float.
NOTHING = -1e4


def _width(heads: int, causal: bool, **sizes: int) -> int:
    """Return the width of the output. Raises ShapeError where the heads do not divide it."""
    asked, taken = sizes["d"], sizes["e"]
    if not is_whole_number(heads, 1) or asked % heads or taken % heads:
        both = f"{asked} features" if asked == taken else f"{asked} and {taken} features"
        raise ShapeError(
            f"{heads} heads cannot share {both} evenly.",
            f"Take a number of heads that divides them, such as {math.gcd(asked, taken)}.",
        )
    if causal and sizes["t"] != sizes["s"]:
        raise ShapeError(
            f"Causal attention goes from {sizes['t']} places to {sizes['s']}, and these have no "
            "common order in time.",
            "Give sequences of one length, or causal=False.",
        )
    return taken


def _of_heads(x: Array, heads: int) -> Array:
    """Return (n, t, d) as (n, heads, t, d / heads)."""
    rows, times, width = x.shape
    return transpose(reshape(x, (rows, times, heads, width // heads)), (0, 2, 1, 3))


def _joined(x: Array) -> Array:
    """Return (n, heads, t, d / heads) as (n, t, d)."""
    rows, heads, times, width = x.shape
    return reshape(transpose(x, (0, 2, 1, 3)), (rows, times, heads * width))


def _scale(q: Array, heads: int) -> float:
    return 1.0 / math.sqrt(q.shape[2] // heads)


def _seen(q: Array, k: Array, mask: Array | None, causal: bool) -> Array | None:
    """Return which places (1 or n, 1, 1 or t, s) may be looked at, ``None`` for all."""
    times, places = q.shape[1], k.shape[1]
    past = np.tril(np.ones((times, places), dtype=bool)) if causal else None
    real = None if mask is None else reshape(mask, (mask.shape[0], 1, 1, places))
    if past is None or real is None:
        return past if real is None else real
    return logical_and(real, past)


def _shares(q: Array, k: Array, mask: Array | None, heads: int, causal: bool) -> Array:
    """Return how much each place takes from each other (n, heads, t, s).

    What may not be looked at has a share of exactly 0; where nothing may, all shares are 0.
    """
    scores = matmul(_of_heads(q, heads), swapped(_of_heads(k, heads))) * _scale(q, heads)
    seen = _seen(q, k, mask, causal)
    if seen is None:
        return softmax.forward(scores)
    highest = max_over(where(seen, scores, LOWEST), axis=-1, keepdims=True)
    raised = exp(where(seen, scores - highest, NOTHING))
    total = sum_over(raised, axis=-1, keepdims=True)
    return raised / (total + where(equal(total, 0.0), 1.0, 0.0))


def _attended(q: Array, k: Array, v: Array, mask: Array | None, heads: int, causal: bool) -> Array:
    return _joined(matmul(_shares(q, k, mask, heads, causal), _of_heads(v, heads)))


def _back(
    grad_y: Array,
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None,
    heads: int,
    causal: bool,
) -> tuple[Array, Array, Array]:
    """Return the gradients at q, k and v."""
    shares, at_heads = _shares(q, k, mask, heads, causal), _of_heads(grad_y, heads)
    at_v = matmul(swapped(shares), at_heads)
    at_shares = matmul(at_heads, swapped(_of_heads(v, heads)))
    common = sum_over(at_shares * shares, axis=-1, keepdims=True)
    at_scores = shares * (at_shares - common) * _scale(q, heads)
    at_q = matmul(at_scores, _of_heads(k, heads))
    at_k = matmul(swapped(at_scores), _of_heads(q, heads))
    return _joined(at_q), _joined(at_k), _joined(at_v)


Route = Callable[..., Gradients]


def _routes(masked: bool) -> dict[str, Route]:
    """Return the three ways to y: what asks, what answers, and what is taken."""

    def way(place: int) -> Route:
        def rule(
            grad_y: Array,
            y: Array,
            q: Array,
            k: Array,
            v: Array,
            *masks: Array,
            heads: int = 1,
            causal: bool = False,
        ) -> Gradients:
            found = _back(grad_y, q, k, v, masks[0] if masked else None, heads, causal)
            parts = [one if own == place else None for own, one in enumerate(found)]
            return *parts, *(None for _ in masks)

        return rule

    return {"the query": way(0), "the key": way(1), "the value": way(2)}


BY_ITSELF = ((ROWS, 3, 4),) * 3
TO_OTHERS = ((ROWS, 2, 4), (ROWS, 3, 4), (ROWS, 3, 2))
# A mask of no place is among those that are drawn for these.
OF_FOUR = ((ROWS, 4, 4),) * 3
TO_FOUR = ((ROWS, 2, 4), (ROWS, 4, 4), (ROWS, 4, 2))


@op(
    formula=(
        r"y_t = \sum_s \operatorname{softmax}_s"
        r"\!\left(\frac{q_t k_s^\top}{\sqrt{d}}\right) v_s"
    ),
    shapes="n t d, n s d, n s e -> n t features",
    couples="d s",
    sizes={"features": _width},
    bounds={"heads": (1.0, float("inf"))},
    examples=(
        Example(shapes=TO_OTHERS),
        Example(shapes=TO_OTHERS, settings={"heads": 2}),
        Example(shapes=BY_ITSELF, settings={"heads": 2, "causal": True}),
    ),
)
class attention:
    """Each place of q takes of every v as much as its own q and their k agree.

    ``heads`` share the features: each compares and takes its own part. ``causal`` keeps a place
    from looking at later ones.
    """

    routes: ClassVar = _routes(masked=False)

    @staticmethod
    def forward(q: Array, k: Array, v: Array, heads: int = 1, causal: bool = False) -> Array:
        return _attended(q, k, v, None, heads, causal)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        q: Array,
        k: Array,
        v: Array,
        heads: int = 1,
        causal: bool = False,
    ) -> Gradients:
        return _back(grad_y, q, k, v, None, heads, causal)


@op(
    formula=(
        r"y_t = \sum_{s:\,m_s} \operatorname{softmax}_{s:\,m_s}"
        r"\!\left(\frac{q_t k_s^\top}{\sqrt{d}}\right) v_s"
    ),
    shapes="n t d, n s d, n s e, n s ? -> n t features",
    couples="d s",
    sizes={"features": _width},
    bounds={"heads": (1.0, float("inf"))},
    examples=(
        Example(shapes=((ROWS, 2, 2), (ROWS, 4, 2), (ROWS, 4, 2), (ROWS, 4))),
        Example(shapes=(*TO_FOUR, (ROWS, 4)), settings={"heads": 2}),
        Example(shapes=(*OF_FOUR, (ROWS, 4)), settings={"heads": 2, "causal": True}),
    ),
)
class masked_attention:
    """``attention`` that looks only at places at which the mask is True (a real token).

    A place that may look at none takes 0.
    """

    routes: ClassVar = _routes(masked=True)

    @staticmethod
    def forward(
        q: Array, k: Array, v: Array, mask: Array, heads: int = 1, causal: bool = False
    ) -> Array:
        return _attended(q, k, v, mask, heads, causal)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        q: Array,
        k: Array,
        v: Array,
        mask: Array,
        heads: int = 1,
        causal: bool = False,
    ) -> Gradients:
        return *_back(grad_y, q, k, v, mask, heads, causal), None
