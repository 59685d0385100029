"""Terms of a derivation: one for each way on, those through an op with named routes by their names.

Where something flows by several routes of one op, each is a term. A route that leads to one number
is a term like any other; one that leads through many, such as the mean of a batch, has their sum,
and below it the largest of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.explanation.derivation import Derivation, Fold, Node, Rest, Term, Way
from chainrule.explanation.entries import Entry
from chainrule.explanation.factors import Factor, factor_by_route, local_factor
from chainrule.explanation.local import Local
from chainrule.explanation.op_routes import OpRoute, op_routes


def unfolded_terms(
    derivation: Derivation, fold: Fold, opened: set[Entry], told: set[Entry]
) -> tuple[list[Term], Rest]:
    """Return the terms of a fold, and what is left of it.

    ``opened`` entries that are not ``told`` yet have a tree below them.
    """
    terms: list[Term] = []
    entry, left = fold.entry, fold.rest
    for local in dict.fromkeys(way.local for way in fold.routes):
        own = [way for way in fold.routes if way.local is local]
        ways = own + derivation.own_way(entry, local, own)
        routes = op_routes(derivation.trace, local, entry, [way.inside for way in ways])
        if len(routes) > 1:
            parts = _ByRoute(derivation, entry, local, ways)
            terms += [parts.term(one, opened, told) for one in routes]
            # A route has all that flows by it, also what the fold has left apart.
            apart = derivation.left_of(local, own)
            left = Rest(left.count - apart.count, left.sum - apart.sum)
        else:
            name = routes[0].name if routes else ""
            terms += [_plain(derivation, entry, way, opened, told, name) for way in own]
    return terms, left if left.count else Rest(0, 0.0)


def _plain(
    derivation: Derivation,
    entry: Entry,
    way: Way,
    opened: set[Entry],
    told: set[Entry],
    route: str,
) -> Term:
    factor = local_factor(derivation.words, way.local, entry, way.inside)
    return _term(derivation, way, factor, way.product, opened, told, route)


def _term(
    derivation: Derivation,
    way: Way,
    factor: Factor,
    product: float,
    opened: set[Entry],
    told: set[Entry],
    route: str,
) -> Term:
    words = derivation.words
    gradient = 1.0 if way.through.value == "loss" else way.gradient
    return Term(
        words.name(way.through),
        words.meaning(way.through),
        way.local.step.op.name,
        (factor, Factor(words.slope(way.through), gradient)),
        product + 0.0,
        derivation.below(way.through, opened, told),
        route,
    )


class _ByRoute:
    """The terms of an entry through one step, a term for each route of its op."""

    def __init__(
        self, derivation: Derivation, entry: Entry, local: Local, ways: Sequence[Way]
    ) -> None:
        self.derivation, self.entry, self.local, self.ways = derivation, entry, local, ways

    def term(self, route: OpRoute, opened: set[Entry], told: set[Entry]) -> Term:
        """Return the term of a route."""
        if route.alone:
            return self._through(int(np.argmax(np.abs(route.slopes))), route, opened, told)
        symbol = f"through {route.name}"
        return Term(
            route.name,
            route.name,
            self.local.step.op.name,
            (Factor(symbol, route.total),),
            route.total + 0.0,
            self._node(route, symbol, opened, told),
            route.name,
        )

    def _through(self, place: int, route: OpRoute, opened: set[Entry], told: set[Entry]) -> Term:
        way, slope = self.ways[place], route.slopes[place]
        factor = factor_by_route(
            self.derivation.words, self.local, self.entry, way.inside, route.rule, slope
        )
        product = slope * way.gradient
        return _term(self.derivation, way, factor, product, opened, told, route.name)

    def _node(self, route: OpRoute, symbol: str, opened: set[Entry], told: set[Entry]) -> Node:
        live = [place for place, slope in enumerate(route.slopes) if slope != 0.0]
        terms = [self._through(place, route, opened, told) for place in live]
        count = int(np.count_nonzero(self.local.derivative)) - len(terms)
        left = route.total - float(sum(one.product for one in terms))
        entry = self.entry
        return Node(
            name=symbol,
            words=symbol,
            symbol=symbol,
            value=route.total,
            content=float(self.derivation.trace.exact.values[entry.value][entry.place]),
            sentence=f"What goes {symbol} adds {route.total:.4g} to the slope.",
            terms=tuple(terms),
            rest=Rest(max(count, 0), left if count > 0 else 0.0),
            residual=0.0 if count > 0 else left,
            formula=self.derivation.formulas.get(self.local.output, ""),
        )
