"""Subtotals: a gradient split over the units of a layer, exactly, whatever the number of routes.

What goes through a unit is the sum of all routes that pass it: those that lead to it times those
that lead on. Where every route passes the layer, the units' subtotals add up to the gradient; where
some go around it, as beside a residual block, what they carry is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explanation.routes.links import Array, Link
from chainrule.explanation.routes.sweeps import DIGIT_BITS, Sums, joined, sums_from
from chainrule.explanation.words import Words

SHOWN = 8
MOST_TOGETHER = 1 << 14


@dataclass(frozen=True, eq=False)
class LayerSubtotals:
    """The routes through each unit of one value, over all rows.

    ``signed``, ``positive`` and ``negative`` are flat, one number for each unit (the entries of a
    row; of a value without rows all entries), which have the places of ``shape``. ``around`` is
    what routes carry that do not pass the value; ``total`` is the gradient.
    """

    value: str
    shape: tuple[int, ...]
    positive: Array
    negative: Array
    total: float
    passed_by_all: bool

    def unit(self, place: int) -> str:
        """Return the name of the unit at a flat place."""
        if not self.shape:
            return self.value
        inside = ",".join(str(int(one)) for one in np.unravel_index(place, self.shape))
        return f"{self.value}[{inside}]"

    @property
    def signed(self) -> Array:
        """What goes through each unit, up or down."""
        return np.asarray(self.positive - self.negative)

    @property
    def around(self) -> float:
        """What routes carry that go around the value."""
        return 0.0 if self.passed_by_all else self.total - float(self.signed.sum())

    @property
    def units_used(self) -> int:
        """Through how many units anything goes."""
        return int(np.count_nonzero(self.positive + self.negative))

    def largest(self) -> tuple[str, float]:
        """Return the unit that most goes through, in size, and what that is."""
        place = int(np.argmax(np.abs(self.signed)))
        return self.unit(place), float(self.signed[place])

    def to_dict(self, shown: int = SHOWN) -> dict[str, Any]:
        """Return the largest units as plain data, with the sum of the rest; all add up."""
        order = np.argsort(-np.abs(self.signed), kind="stable")
        first, rest = order[:shown], order[shown:]
        return {
            "value": self.value,
            "units": [
                {
                    "unit": self.unit(place),
                    "positive": float(self.positive[place]),
                    "negative": float(self.negative[place]),
                    "signed": float(self.signed[place]),
                }
                for place in first
            ],
            "rest": {"count": len(rest), "signed": float(self.signed[rest].sum())},
            "around": self.around,
            "total": self.total,
        }


def layer_subtotals(
    words: Words, links: Sequence[Link], back: Mapping[str, Sums], name: str, entry: int
) -> tuple[LayerSubtotals, ...]:
    """Return the subtotals of every value that a layer gives, from the entry to the loss.

    ``back`` are the sums of routes from every value to the loss.
    """
    ahead = sums_from(links, name, entry)
    total = float(back[name].total.reshape(-1)[entry])
    routes = back[name].routes(entry)
    layers = [one.outputs[0] for one in words.trace.objective.plan.steps]
    found = []
    for value in layers:
        if value == name or value not in ahead or value not in back:
            continue
        positive, negative = joined(ahead[value], back[value])
        passing = _passing(ahead[value].digits, back[value].digits)
        in_rows = value in words.trace.row_values
        sums = [one.sum(axis=0) if in_rows else one for one in (positive, negative)]
        found.append(
            LayerSubtotals(
                value,
                sums[0].shape,
                sums[0].reshape(-1),
                sums[1].reshape(-1),
                total,
                passing == routes,
            )
        )
    return tuple(found)


def _passing(ahead: Sequence[Array], back: Sequence[Array]) -> int:
    """Return the number of live routes through all entries of a value."""
    return sum(
        _exact_sum(one, other) << (DIGIT_BITS * (place + behind))
        for place, one in enumerate(ahead)
        for behind, other in enumerate(back)
    )


def _exact_sum(one: Array, other: Array) -> int:
    """Return the sum of the products of digits, which a float would round."""
    left, right = one.reshape(-1).astype(np.int64), other.reshape(-1).astype(np.int64)
    # Products have 48 bits, so that so many of them have less than 63.
    starts = range(0, len(left), MOST_TOGETHER)
    return sum(
        int(left[start : start + MOST_TOGETHER] @ right[start : start + MOST_TOGETHER])
        for start in starts
    )
