"""The tug of war: how much pushes a gradient up, how much down, over how many routes, and where.

A route is a chain of local derivatives from an entry to the loss, over the operations of the
network, never over the equations inside them: the shift that keeps a softmax from overflowing would
add routes that cancel. All of them together are the gradient. Sums come from sweeps, so that they
are exact however many routes there are; single routes are looked for only when somebody asks.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.explanation.entries import Entry, entry_at, flat_place
from chainrule.explanation.routes.linking import links_between
from chainrule.explanation.routes.links import Link, RouteLimitError
from chainrule.explanation.routes.strongest import Route, routes_by_size
from chainrule.explanation.routes.subtotals import LayerSubtotals, layer_subtotals
from chainrule.explanation.routes.sweeps import Sums, sums_to_loss
from chainrule.explanation.targets import Target, entry_of
from chainrule.explanation.trace import Trace
from chainrule.explanation.words import Words

# Above this share, so little is left of the sums that their difference has lost its digits.
NEARLY_ALL = 1.0 - 1e-10


@dataclass(frozen=True)
class TugOfWar:
    """What pushes one gradient up and what pushes it down.

    ``gradient`` is that of the ordinary backward pass in float64; ``positive`` and ``negative`` (a
    size) are the sums of routes of each sign, so that ``positive - negative`` differs from it by
    rounding, ``residual``. ``routes`` counts those that are not 0. ``strongest`` is None where
    there is no route or where slopes are too many to be searched. ``subtotals`` split the gradient
    over the units of each layer behind the entry. ``limit`` says in a sentence what could not be
    done; where routes could not be told apart, all but the gradient is empty.
    """

    target: str
    gradient: float
    positive: float
    negative: float
    routes: int
    strongest: Route | None
    subtotals: tuple[LayerSubtotals, ...]
    limit: str = ""
    words: Words | None = field(default=None, repr=False, compare=False)
    links: tuple[Link, ...] = field(default=(), repr=False, compare=False)
    start: tuple[str, int] = field(default=("", 0), repr=False, compare=False)

    @property
    def cancels(self) -> float:
        """The share of all routes' sizes that cancels: 1 - |P - N| / (P + N); 0 without routes."""
        sizes = self.positive + self.negative
        return 1.0 - abs(self.positive - self.negative) / sizes if sizes > 0 else 0.0

    @property
    def residual(self) -> float:
        """By how much the routes' sum differs from the gradient."""
        return self.positive - self.negative - self.gradient

    def routes_by_size(self) -> Iterator[Route]:
        """Yield single routes, the strongest first, each found when it is asked for.

        Raises RouteLimitError where there are too many slopes to look at one by one.
        """
        return routes_by_size(self.links, *self.start)

    def sentence(self) -> str:
        """Return the tug of war in words."""
        if self.limit and not self.routes:
            return f"{self.limit} The gradient of {self.target} is {self.gradient:.6g}."
        if not self.routes:
            return f"No live route leads from {self.target} to the loss: its gradient is 0."
        parts = [
            f"{self.gradient:.6g} = +{self.positive:.6g} - {self.negative:.6g}: "
            f"{_counted(self.routes)}, {self.cancels:.0%} cancels."
        ]
        if self.cancels > NEARLY_ALL:
            parts.append("So little is left of the two sums that their difference has no digits.")
        parts += self._strongest_words() + self._unit_words()
        return " ".join((*parts, self.limit)).strip()

    def _strongest_words(self) -> list[str]:
        if self.strongest is None or self.routes < 2:
            return []
        size = self.strongest.product
        share = abs(size) / (self.positive + self.negative)
        return [f"The strongest route carries {size:.4g}, {share:.2g} of all sizes."]

    def _unit_words(self) -> list[str]:
        through = [one for one in self.subtotals if one.passed_by_all and one.units_used > 1]
        if not through:
            return []
        unit, amount = through[0].largest()
        rest = through[0].total - amount
        return [f"Through {unit} goes {amount:.4g}, through all others {rest:.4g}."]

    def to_dict(self) -> dict[str, Any]:
        """Return the tug of war as plain data."""
        return {
            "target": self.target,
            "gradient": self.gradient,
            "positive": self.positive,
            "negative": self.negative,
            "routes": self.routes,
            "cancels": self.cancels,
            "residual": self.residual,
            "strongest": None if self.strongest is None else self._route(self.strongest),
            "subtotals": [one.to_dict() for one in self.subtotals],
            "limit": self.limit,
            "sentence": self.sentence(),
        }

    def _route(self, route: Route) -> dict[str, Any]:
        names = route_names(self.words, route) if self.words else []
        return {"through": names, "slopes": list(route.slopes), "product": route.product}


def _counted(routes: int) -> str:
    if routes == 1:
        return "one live route"
    return f"{routes:,} live routes" if routes < 10**15 else f"{routes:.2g} live routes"


def route_names(words: Words, route: Route) -> list[str]:
    """Return the entries that a route passes, as they are named."""
    return [words.name(entry_at(words.trace, name, place)) for name, place in route.places]


def route_sums(trace: Trace, names: Sequence[str] = ()) -> dict[str, Sums]:
    """Return the sums of routes for every entry of the named values, by default all parameters.

    Values on the way to the loss come with them. Raises RouteLimitError where an op on the way
    mixes too many entries to tell its routes apart.
    """
    known = trace.objective.plan.parameters
    wanted = list(names) or [one.name for one in known]
    return sums_to_loss(links_between(trace.objective.steps, trace.exact.values, wanted))


def tug_of_war(trace: Trace, target: str | Entry | Target, words: Words | None = None) -> TugOfWar:
    """Return what pushes the gradient at one entry up and down, exactly, over all routes.

    ``target`` is a parameter's entry, an activation's or an input's: ``dense_1.W[2,0]``. The
    numbers are those of the exact pass. A network of 100,000 weights takes 6 ms where its layers
    are dense and 12 to 45 ms where all of them are in convolutions, one of a million weights in
    convolutions without pooling a quarter of a second (one core). Raises SetupError for a target
    that is not one number.
    """
    words = words or Words(trace)
    entry = entry_of(words, target)
    name = entry.value
    values = trace.exact.values
    place = flat_place(words.trace, entry)
    own = trace.exact.gradients.get(name)
    gradient = 0.0 if own is None else float(own[entry.place])
    nothing = TugOfWar(words.name(entry), gradient, 0.0, 0.0, 0, None, ())
    try:
        links = tuple(links_between(trace.objective.steps, values, [name], place))
    except RouteLimitError as limit:
        return _limited(nothing, str(limit))
    back = sums_to_loss(links)
    sums = back.get(name)
    if sums is None:
        return nothing
    strongest, unsearched = _strongest(links, name, place)
    return TugOfWar(
        nothing.target,
        gradient,
        float(sums.positive[entry.place]),
        float(sums.negative[entry.place]),
        sums.routes(place),
        strongest,
        layer_subtotals(words, links, back, name, place),
        unsearched,
        words,
        links,
        (name, place),
    )


def _limited(nothing: TugOfWar, limit: str) -> TugOfWar:
    return TugOfWar(nothing.target, nothing.gradient, 0.0, 0.0, 0, None, (), limit)


def _strongest(links: Sequence[Link], name: str, place: int) -> tuple[Route | None, str]:
    """Return the strongest route, and a sentence where there are too many slopes to search."""
    try:
        return next(itertools.islice(routes_by_size(links, name, place), 1), None), ""
    except RouteLimitError as limit:
        return None, str(limit)
