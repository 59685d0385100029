"""Sweeps over all routes at once: the sums of positive and of negative ones, and their number.

A route is a chain of local derivatives from an entry to the loss, and its size their product. Sums
of products over all routes are what backpropagation computes. The same loop over pairs (p, n), with
(p1, n1) (p2, n2) = (p1 p2 + n1 n2, p1 n2 + n1 p2), keeps positive routes apart from negative ones;
over ones, it counts. Du and others, "Generalizing backpropagation for gradient-based
interpretability", ACL 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from chainrule.explanation.routes.links import Array, Link, Part

# A number of routes has digits of 24 bits: a sum of 2**29 of them is exact in float64.
DIGIT_BITS = 24
DIGIT = float(1 << DIGIT_BITS)


@dataclass
class Sums:
    """For every entry of one value: the sums of its positive and negative routes, their number.

    ``negative`` holds sizes, so that the gradient is ``positive - negative``; ``digits`` the number
    of routes that are not 0, the lowest digit first.
    """

    positive: Array
    negative: Array
    digits: list[Array] = field(default_factory=list)

    @property
    def total(self) -> Array:
        """The gradient: positive minus negative routes."""
        return np.asarray(self.positive - self.negative)

    def routes(self, entry: int) -> int:
        """Return the exact number of live routes of the entry at a flat place."""
        digits = (int(one.reshape(-1)[entry]) for one in self.digits)
        return sum(digit << (DIGIT_BITS * place) for place, digit in enumerate(digits))

    @property
    def live(self) -> Array:
        """Which entries have a live route."""
        found = np.zeros(self.positive.shape, dtype=bool)
        for one in self.digits:
            found |= one > 0
        return found

    def add(self, other: Sums) -> None:
        """Add the routes of another use of the same value."""
        self.positive = self.positive + other.positive
        self.negative = self.negative + other.negative
        longer, shorter = sorted((self.digits, other.digits), key=len, reverse=True)
        self.digits = _carried(
            [
                one + shorter[place] if place < len(shorter) else one
                for place, one in enumerate(longer)
            ]
        )


def _carried(digits: list[Array]) -> list[Array]:
    """Return the same numbers with every digit below its bound."""
    carried: list[Array] = []
    over: Array | None = None
    for one in digits:
        whole = one if over is None else one + over
        over = np.floor(whole / DIGIT)
        carried.append(whole - over * DIGIT)
    while over is not None and over.any():
        carried.append(over % DIGIT)
        over = np.floor(over / DIGIT)
    return carried


def one_route(shape: tuple[int, ...], entry: int = 0) -> Sums:
    """Return the sums at a start: one route of size 1 at one entry, none elsewhere."""
    start = np.zeros(shape)
    start.reshape(-1)[entry] = 1.0
    return Sums(start, np.zeros(shape), [start.copy()])


def sums_to_loss(links: Sequence[Link]) -> dict[str, Sums]:
    """Return, for every value that links lead from, its routes to the loss. One backward sweep."""
    known = {"loss": one_route(())}
    for link in reversed(links):
        if link.target in known:
            _enter(known, link.source, _through(link, known[link.target], "pull"))
    return known


def sums_from(links: Sequence[Link], start: str, entry: int) -> dict[str, Sums]:
    """Return, for every value behind ``start``, the routes from one entry of it. One sweep."""
    shapes: Mapping[str, tuple[int, ...]] = {one.source: one.shape for one in links}
    # No link leads from the loss.
    known = {start: one_route(shapes.get(start, ()), entry)}
    for link in links:
        if link.source in known:
            _enter(known, link.target, _through(link, known[link.source], "push"))
    return known


def _enter(known: dict[str, Sums], name: str, sums: Sums) -> None:
    if name in known:
        known[name].add(sums)
    else:
        known[name] = sums


def _through(link: Link, sums: Sums, way: str) -> Sums:
    """Return the sums on the other side of a link."""

    def moved(numbers: Array, part: Part) -> Array:
        return np.asarray(link.pull(numbers, part) if way == "pull" else link.push(numbers, part))

    positive = moved(sums.positive, "plus")
    negative = moved(sums.negative, "plus") if sums.negative.any() else np.zeros_like(positive)
    if (link.slopes < 0).any():
        negative = negative + moved(sums.positive, "minus")
        if sums.negative.any():
            positive = positive + moved(sums.negative, "minus")
    return Sums(positive, negative, _carried([moved(one, "live") for one in sums.digits]))


def joined(to_here: Sums, from_here: Sums) -> tuple[Array, Array]:
    """Return positive and negative routes through every entry, from those on its two sides."""
    return (
        to_here.positive * from_here.positive + to_here.negative * from_here.negative,
        to_here.positive * from_here.negative + to_here.negative * from_here.positive,
    )
