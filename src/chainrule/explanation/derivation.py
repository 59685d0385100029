"""The derivation: a gradient unfolded by the chain rule, term by term, from a number to the loss.

An entry moves the loss through everything that reads it: its gradient is the sum, over the entries
of the next values, of how those move with it times their own gradients. The first factors come
from tangents (``local``), the second from the backward walk, so that the sum holds one against the
other at every fold. Nothing is enumerated that is not asked for.
Source: Griewank and Walther, "Evaluating Derivatives", SIAM 2008, chapter 3.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.explanation.entries import Entry
from chainrule.explanation.local import Local, locals_of, place_in_row, places_elsewhere
from chainrule.explanation.trace import Trace
from chainrule.explanation.words import Words

WIDTH, MOST_NODES = 6, 60


@dataclass(frozen=True)
class Rest:
    """Terms that are folded: how many, and their sum."""

    count: int
    sum: float


@dataclass(frozen=True, eq=False)
class Way:
    """One way on from an entry: the local derivative there, times the gradient that it leads to.

    ``inside`` is the place in ``local``.
    """

    local: Local
    inside: tuple[int, ...]
    through: Entry
    derivative: float
    gradient: float
    product: float


@dataclass(frozen=True, eq=False)
class Fold:
    """The terms of one entry: the largest ones apart, the others as a count and a sum."""

    entry: Entry
    value: float
    ways: tuple[Way, ...]
    rest: Rest
    sizes: float

    @property
    def total(self) -> float:
        """The sum of all terms."""
        return float(sum(one.product for one in self.ways)) + self.rest.sum


@dataclass(frozen=True, eq=False)
class Derivation:
    """What a tree is cut from (``unfolding``): folds are made when they are asked for, and kept."""

    words: Words
    width: int = WIDTH
    _folds: dict[Entry, Fold] = field(default_factory=dict)

    @property
    def trace(self) -> Trace:
        """Every value and gradient of the rows."""
        return self.words.trace

    def gradient(self, entry: Entry) -> float:
        """Return the backward walk's gradient at an entry, 0 where none reaches it."""
        found = self.trace.exact.gradients.get(entry.value)
        return 0.0 if found is None else float(found[entry.place])

    def fold(self, entry: Entry) -> Fold:
        """Return the terms of an entry's gradient, the ``width`` largest ones apart."""
        if entry not in self._folds:
            self._folds[entry] = self._made(entry)
        return self._folds[entry]

    def _made(self, entry: Entry) -> Fold:
        read = locals_of(self.trace, entry)
        parts = [(one, *self._products(one)) for one in read]
        live = [(one, at, float(products[at])) for one, products, places in parts for at in places]
        live.sort(key=lambda found: -_size(found[2]))
        # Where something flows, ways through which nothing does are not worth a line.
        flowing = [found for found in live if found[2] != 0.0]
        count = min(self.width, len(flowing) or self.width)
        blocked = [] if live[:count] else self._blocked(read, entry)[: self.width]
        shown = [self._way(*found) for found in live[:count] or blocked]
        left = [found[2] for found in live[count:]]
        rest = Rest(len(left), float(sum(left)))
        value = 1.0 if entry.value == "loss" else self.gradient(entry)
        sizes = float(sum(abs(found[2]) for found in live))
        return Fold(entry, value, tuple(shown), rest, sizes)

    def _blocked(
        self, read: list[Local], entry: Entry
    ) -> list[tuple[Local, tuple[int, ...], float]]:
        """Return the ways that have a slope of 0 just here, and one at other numbers."""
        return [
            (one, place, 0.0) for one in read for place in places_elsewhere(self.trace, one, entry)
        ]

    def _products(self, local: Local) -> tuple[Any, list[tuple[int, ...]]]:
        """Return derivative times gradient, and the places at which the output moves at all."""
        found = self.trace.exact.gradients.get(local.output)
        if found is None:
            return np.zeros(np.shape(local.derivative)), []
        with np.errstate(all="ignore"):
            products = local.derivative * local.part_of(found)
        hits = np.argwhere(local.derivative)
        return products, [tuple(int(one) for one in hit) for hit in hits]

    def _way(self, local: Local, inside: tuple[int, ...], product: float) -> Way:
        through = Entry(local.output, local.place(inside))
        derivative = float(local.derivative[inside])
        return Way(local, inside, through, derivative, self.gradient(through), product)

    def own_way(self, entry: Entry, local: Local, known: Sequence[Way]) -> list[Way]:
        """Return the way to the entry's own place in an output, if it is none of those known."""
        own = place_in_row(entry, local.row)
        inside = [way.inside for way in known]
        if np.shape(local.derivative) != np.shape(
            local.part_of(self.trace.exact.values[entry.value])
        ):
            return []
        products, places = self._products(local)
        found = own in places and own not in inside
        return [self._way(local, own, float(products[own]))] if found else []

    def left_of(self, local: Local, shown: Sequence[Way]) -> Rest:
        """Return the terms through a step that are none of those shown."""
        products, places = self._products(local)
        live = [float(products[one]) for one in places if products[one] != 0.0]
        kept = [way.product for way in shown if way.product != 0.0]
        return Rest(len(live) - len(kept), float(sum(live)) - float(sum(kept)))

    def opened(self, entry: Entry, most_nodes: int) -> set[Entry]:
        """Return the entries to unfold, those that carry most first."""
        opened: set[Entry] = set()
        waiting = [(-1.0, 0, entry, 1.0)]
        count = 0
        while waiting and len(opened) < most_nodes:
            _, _, one, share = heapq.heappop(waiting)
            if one in opened:
                continue
            if self.gradient(one) == 0.0 and opened and one.value != "loss":
                continue
            opened.add(one)
            for way in self.fold(one).ways:
                count += 1
                carried = share * way.derivative
                weight = _size(carried * way.gradient)
                heapq.heappush(waiting, (-weight, count, way.through, carried))
        return opened

    def sums(self, entry: Entry, opened: set[Entry]) -> tuple[float, float]:
        """Return the sum of the terms down to the leaves that are unfolded, and of their sizes.

        At a leaf and in folded terms the gradient of the backward walk stands for what is below.
        """
        known: dict[Entry, tuple[float, float]] = {}

        def found(one: Entry) -> tuple[float, float]:
            if one.value == "loss":
                return 1.0, 1.0
            if one not in opened:
                value = self.gradient(one)
                return value, abs(value)
            if one not in known:
                fold = self.fold(one)
                total, sizes = fold.rest.sum, fold.sizes
                sizes -= sum(abs(way.product) for way in fold.ways)
                for way in fold.ways:
                    below, below_sizes = found(way.through)
                    total += way.derivative * below
                    sizes += abs(way.derivative) * below_sizes
                known[one] = total, sizes
            return known[one]

        return found(entry)


def _size(number: float) -> float:
    """Return the size by which terms are ordered; what is no number comes first."""
    return float("inf") if np.isnan(number) else abs(number)
