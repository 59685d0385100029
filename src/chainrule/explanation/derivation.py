"""The derivation: a gradient unfolded by the chain rule, term by term, from a number to the loss.

An entry moves the loss through everything that reads it: its gradient is the sum, over the entries
of the next values, of how those move with it times their own gradients. The first factors come
from tangents (``local``), the second from the backward walk, so that the sum holds one against the
other at every fold. Nothing is enumerated that is not asked for.
Source: Griewank and Walther, "Evaluating Derivatives", SIAM 2008, chapter 3.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.explanation.entries import Entry, Words
from chainrule.explanation.factors import Factor
from chainrule.explanation.local import Local, locals_of, places_elsewhere
from chainrule.explanation.trace import Trace

WIDTH, MOST_NODES = 6, 60


@dataclass(frozen=True)
class Rest:
    """Terms that are folded: how many, and their sum."""

    count: int
    sum: float


@dataclass(frozen=True)
class Term:
    """One term of a sum: the entry that it goes through, its factors, and their product.

    ``below`` is the derivation of that entry's own gradient; None where it is folded or stands
    elsewhere in the tree already. ``route`` names the part of the op's rule that it goes by, where
    the op names parts. One that leads through many numbers has a single factor, and below it are
    these.
    """

    through: str
    words: str
    op: str
    factors: tuple[Factor, ...]
    product: float
    below: Node | None = None
    route: str = ""


@dataclass(frozen=True)
class Node:
    """The gradient at one entry, as the sum of its terms and of the folded rest.

    ``residual`` is what the backward walk's gradient is more than that sum: rounding, or a rule
    that is wrong.
    """

    name: str
    words: str
    symbol: str
    value: float
    content: float
    sentence: str
    terms: tuple[Term, ...]
    rest: Rest
    residual: float
    formula: str = ""

    def __iter__(self) -> Iterator[Node]:
        """Every node of the tree, this one first."""
        yield self
        for term in self.terms:
            if term.below is not None:
                yield from term.below


@dataclass(frozen=True, eq=False)
class Way:
    """A term before it is put into words."""

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
    routes: tuple[Way, ...]
    rest: Rest
    sizes: float

    @property
    def total(self) -> float:
        """The sum of all terms."""
        return float(sum(one.product for one in self.routes)) + self.rest.sum


@dataclass(frozen=True, eq=False)
class Derivation:
    """What a tree is cut from: folds are made when they are asked for, and kept."""

    words: Words
    width: int = WIDTH
    _folds: dict[tuple[Entry, int], Fold] = field(default_factory=dict)

    @property
    def trace(self) -> Trace:
        return self.words.trace

    def gradient(self, entry: Entry) -> float:
        """Return the backward walk's gradient at an entry, 0 where none reaches it."""
        found = self.trace.exact.gradients.get(entry.value)
        return 0.0 if found is None else float(found[entry.place])

    def fold(self, entry: Entry, width: int | None = None) -> Fold:
        """Return the terms of an entry's gradient, the ``width`` largest ones apart."""
        key = entry, self.width if width is None else width
        if key not in self._folds:
            self._folds[key] = self._made(*key)
        return self._folds[key]

    def _made(self, entry: Entry, width: int) -> Fold:
        read = locals_of(self.trace, entry)
        parts = [(one, *self._products(one)) for one in read]
        live = [(one, at, float(products[at])) for one, products, places in parts for at in places]
        live.sort(key=lambda found: -_size(found[2]))
        # Where something flows, ways through which nothing does are not worth a line.
        flowing = [found for found in live if found[2] != 0.0]
        count = min(width, len(flowing) or width)
        shown = [
            self._route(*found) for found in live[:count] or self._blocked(read, entry)[:width]
        ]
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

    def _route(self, local: Local, inside: tuple[int, ...], product: float) -> Way:
        through = Entry(local.output, local.place(inside))
        derivative = float(local.derivative[inside])
        return Way(local, inside, through, derivative, self.gradient(through), product)

    def own_way(self, entry: Entry, local: Local, known: Sequence[Way]) -> list[Way]:
        """Return the way to the entry's own place in an output, if it is none of those known."""
        own = entry.place if local.row is None else (0, *entry.place[1:])
        inside = [way.inside for way in known]
        if np.shape(local.derivative) != np.shape(
            local.part_of(self.trace.exact.values[entry.value])
        ):
            return []
        products, places = self._products(local)
        found = own in places and own not in inside
        return [self._route(local, own, float(products[own]))] if found else []

    def left_of(self, local: Local, shown: Sequence[Way]) -> Rest:
        """Return the terms through a step that are none of those shown."""
        products, places = self._products(local)
        live = [float(products[one]) for one in places if products[one] != 0.0]
        kept = [way.product for way in shown if way.product != 0.0]
        return Rest(len(live) - len(kept), float(sum(live)) - float(sum(kept)))

    # ---- the tree ----

    def tree(self, entry: Entry, most_nodes: int = MOST_NODES) -> Node:
        """Return the tree below an entry: where most of the gradient flows it is unfolded first.

        An entry that is met again is not unfolded twice; what is unfolded has ``most_nodes``.
        """
        opened = self.opened(entry, most_nodes)
        return self._node(entry, opened, set())

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
            for route in self.fold(one).routes:
                count += 1
                carried = share * route.derivative
                weight = _size(carried * route.gradient)
                heapq.heappush(waiting, (-weight, count, route.through, carried))
        return opened

    def below(self, entry: Entry, opened: set[Entry], told: set[Entry]) -> Node | None:
        """Return the derivation of an entry that is opened and not told yet."""
        due = entry in opened and entry not in told
        return self._node(entry, opened, told) if due else None

    def _node(self, entry: Entry, opened: set[Entry], told: set[Entry]) -> Node:
        from chainrule.explanation.unfolding import unfolded_terms

        told.add(entry)
        fold = self.fold(entry)
        terms, rest = unfolded_terms(self, fold, opened, told)
        return Node(
            name=self.words.name(entry),
            words=self.words.meaning(entry),
            symbol=self.words.slope(entry),
            value=fold.value + 0.0,
            content=float(self.trace.exact.values[entry.value][entry.place]),
            sentence=self._sentence(entry, fold),
            terms=tuple(terms),
            rest=rest,
            residual=0.0 if entry.value == "loss" else fold.value - fold.total,
            formula=self.formulas.get(entry.value, ""),
        )

    @cached_property
    def formulas(self) -> dict[str, str]:
        """Value -> the formula of the op that made it."""
        return {
            str(name): step.op.formula
            for step in self.trace.objective.steps
            for name in step.flowing
        }

    def _sentence(self, entry: Entry, fold: Fold) -> str:
        """Return how an entry reaches the loss, in words."""
        name = self.words.named(entry)
        if entry.value == "loss":
            return "The loss itself: its slope along itself is 1."
        count = len(fold.routes) + fold.rest.count
        if not count:
            return f"Nothing that moves the loss reads {name}: its gradient is 0."
        first = f"For each 1 that {name} rises, the loss would {_moved(fold.value)}"
        through = self.words.meaning(fold.routes[0].through)
        if count == 1:
            stopped = ", which lets nothing through here" * (fold.routes[0].derivative == 0.0)
            return f"{first}: through {through}{stopped}."
        signs = {one.product > 0.0 for one in fold.routes if one.product}
        both = ", some of which pull up and some down" if len(signs) == 2 else ""
        return f"{first}: through {count:,} numbers{both}."

    # ---- sums over what is unfolded ----

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
                sizes -= sum(abs(route.product) for route in fold.routes)
                for route in fold.routes:
                    below, below_sizes = found(route.through)
                    total += route.derivative * below
                    sizes += abs(route.derivative) * below_sizes
                known[one] = total, sizes
            return known[one]

        return found(entry)


def _size(number: float) -> float:
    """Return the size by which terms are ordered; what is no number comes first."""
    return float("inf") if np.isnan(number) else abs(number)


def _moved(gradient: float) -> str:
    """Return in words what the loss does, at this slope."""
    if gradient == 0.0:
        return "stay as it is"
    return f"{'fall' if gradient < 0.0 else 'rise'} by {abs(gradient):.4g}"
