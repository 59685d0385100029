"""Unfolding: the tree of a derivation, put into words, where most of the gradient flows first.

A node is a number with the terms that its gradient is the sum of. Where something flows by several
named routes of one op, each is a term. A route that leads to one number is a term like any other;
one that leads through many, such as the mean of a batch, has their sum, and below it the largest of
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.explanation.derivation import Derivation, Fold, Rest, Way
from chainrule.explanation.entries import Entry
from chainrule.explanation.factors import Factor, factor_by_route, local_factor
from chainrule.explanation.local import Local
from chainrule.explanation.op_routes import OpRoute, op_routes
from chainrule.explanation.words import Words


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


def unfolded(derivation: Derivation, entry: Entry, opened: set[Entry]) -> Node:
    """Return the tree below an entry: those that are ``opened`` have terms below them.

    An entry that is met again is not unfolded twice.
    """
    return _Unfolding(derivation, opened).node(entry)


class _Unfolding:
    """One tree while it is made: ``told`` are the entries that stand in it already."""

    def __init__(self, derivation: Derivation, opened: set[Entry]) -> None:
        self.derivation, self.opened = derivation, opened
        self.told: set[Entry] = set()

    @property
    def words(self) -> Words:
        return self.derivation.words

    def content(self, entry: Entry) -> float:
        """Return the number at an entry."""
        return float(self.derivation.trace.exact.values[entry.value][entry.place])

    @cached_property
    def formulas(self) -> dict[str, str]:
        """Value -> the formula of the op that made it."""
        return {
            str(name): step.op.formula
            for step in self.derivation.trace.objective.steps
            for name in step.flowing
        }

    def node(self, entry: Entry) -> Node:
        """Return an entry with its terms, and what is unfolded below them."""
        self.told.add(entry)
        fold = self.derivation.fold(entry)
        terms, rest = self._terms(fold)
        return Node(
            name=self.words.name(entry),
            words=self.words.meaning(entry),
            symbol=self.words.slope(entry),
            value=fold.value + 0.0,
            content=self.content(entry),
            sentence=_sentence(self.words, fold),
            terms=tuple(terms),
            rest=rest,
            residual=0.0 if entry.value == "loss" else fold.value - fold.total,
            formula=self.formulas.get(entry.value, ""),
        )

    def _below(self, entry: Entry) -> Node | None:
        due = entry in self.opened and entry not in self.told
        return self.node(entry) if due else None

    def _terms(self, fold: Fold) -> tuple[list[Term], Rest]:
        """Return the terms of a fold, and what is left of it."""
        terms: list[Term] = []
        entry, left, derivation = fold.entry, fold.rest, self.derivation
        for local in dict.fromkeys(way.local for way in fold.ways):
            own = [way for way in fold.ways if way.local is local]
            ways = own + derivation.own_way(entry, local, own)
            routes = op_routes(derivation.trace, local, entry, [way.inside for way in ways])
            if len(routes) > 1:
                parts = _ByRoute(self, entry, local, ways)
                terms += [parts.term(one) for one in routes]
                # A route has all that flows by it, also what the fold has left apart.
                apart = derivation.left_of(local, own)
                left = Rest(left.count - apart.count, left.sum - apart.sum)
            else:
                name = routes[0].name if routes else ""
                terms += [self._plain(entry, way, name) for way in own]
        return terms, left if left.count else Rest(0, 0.0)

    def _plain(self, entry: Entry, way: Way, route: str) -> Term:
        factor = local_factor(self.words, way.local, entry, way.inside)
        return self.term(way, factor, way.product, route)

    def term(self, way: Way, factor: Factor, product: float, route: str) -> Term:
        """Return the term of a way: its derivative times the gradient that it leads to."""
        gradient = 1.0 if way.through.value == "loss" else way.gradient
        return Term(
            self.words.name(way.through),
            self.words.meaning(way.through),
            way.local.step.op.name,
            (factor, Factor(self.words.slope(way.through), gradient)),
            product + 0.0,
            self._below(way.through),
            route,
        )


class _ByRoute:
    """The terms of an entry through one step, a term for each route of its op."""

    def __init__(self, tree: _Unfolding, entry: Entry, local: Local, ways: Sequence[Way]) -> None:
        self.tree, self.entry, self.local, self.ways = tree, entry, local, ways

    def term(self, route: OpRoute) -> Term:
        """Return the term of a route."""
        if route.alone:
            return self._through(int(np.argmax(np.abs(route.slopes))), route)
        symbol = f"through {route.name}"
        return Term(
            route.name,
            route.name,
            self.local.step.op.name,
            (Factor(symbol, route.total),),
            route.total + 0.0,
            self._node(route, symbol),
            route.name,
        )

    def _through(self, place: int, route: OpRoute) -> Term:
        way, slope = self.ways[place], route.slopes[place]
        factor = factor_by_route(
            self.tree.words, self.local, self.entry, way.inside, route.rule, slope
        )
        return self.tree.term(way, factor, slope * way.gradient, route.name)

    def _node(self, route: OpRoute, symbol: str) -> Node:
        live = [place for place, slope in enumerate(route.slopes) if slope != 0.0]
        terms = [self._through(place, route) for place in live]
        count = int(np.count_nonzero(self.local.derivative)) - len(terms)
        left = route.total - float(sum(one.product for one in terms))
        return Node(
            name=symbol,
            words=symbol,
            symbol=symbol,
            value=route.total,
            content=self.tree.content(self.entry),
            sentence=f"What goes {symbol} adds {route.total:.4g} to the slope.",
            terms=tuple(terms),
            rest=Rest(max(count, 0), left if count > 0 else 0.0),
            residual=0.0 if count > 0 else left,
            formula=self.tree.formulas.get(self.local.output, ""),
        )


def _sentence(words: Words, fold: Fold) -> str:
    """Return how an entry reaches the loss, in words."""
    name = words.named(fold.entry)
    if fold.entry.value == "loss":
        return "The loss itself: its slope along itself is 1."
    count = len(fold.ways) + fold.rest.count
    if not count:
        return f"Nothing that moves the loss reads {name}: its gradient is 0."
    first = f"For each 1 that {name} rises, the loss would {_moved(fold.value)}"
    through = words.meaning(fold.ways[0].through)
    if count == 1:
        stopped = ", which lets nothing through here" * (fold.ways[0].derivative == 0.0)
        return f"{first}: through {through}{stopped}."
    signs = {one.product > 0.0 for one in fold.ways if one.product}
    both = ", some of which pull up and some down" if len(signs) == 2 else ""
    return f"{first}: through {count:,} numbers{both}."


def _moved(gradient: float) -> str:
    """Return in words what the loss does, at this slope."""
    if gradient == 0.0:
        return "stay as it is"
    return f"{'fall' if gradient < 0.0 else 'rise'} by {abs(gradient):.4g}"
