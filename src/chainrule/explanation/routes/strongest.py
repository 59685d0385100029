"""Routes one by one, the strongest first: found lazily, so that nobody counts 6e29 of them.

A sweep backward over (max, times) gives for every entry the size of its strongest route to the
loss. With that, a search from the start always goes on along the route that will turn out
strongest: the next one is found without looking at weaker ones. A* with an exact bound: Hart,
Nilsson, Raphael, "A formal basis for the heuristic determination of minimum cost paths", 1968.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chainrule.explanation.routes.links import Array, Link


class Place(NamedTuple):
    """One entry of one value: the value's name and the flat place in it."""

    name: str
    entry: int


@dataclass(frozen=True)
class Route:
    """A chain of local derivatives to the loss: the entries that it passes, and the slopes between.

    ``places`` has one entry more than ``slopes``; ``steps`` are the numbers of the steps that the
    slopes belong to.
    """

    places: tuple[Place, ...]
    slopes: tuple[float, ...]
    steps: tuple[int, ...]

    @property
    def product(self) -> float:
        """The size and sign of the route."""
        return float(np.prod(self.slopes))


def strongest_sizes(links: Sequence[Link]) -> dict[str, Array]:
    """Return, for each value, the size of the strongest route from each entry to the loss, flat.

    Raises RouteLimitError where there are too many slopes.
    """
    best: dict[str, Array] = {"loss": np.ones(1)}
    for link in reversed(links):
        if link.target in best:
            sizes = link.pull_largest(best[link.target].reshape(link.target_shape)).reshape(-1)
            own = best.get(link.source)
            best[link.source] = sizes if own is None else np.maximum(own, sizes)
    return best


@dataclass(frozen=True, eq=False)
class _Ways:
    """How a route goes on by one slope, the way that will turn out strongest first.

    ``so_far`` is the size of the route itself; the arrays have an entry for each way.
    """

    route: Route
    so_far: float
    links: tuple[Link, ...]
    which: Array
    targets: Array
    slopes: Array
    bounds: Array

    def longer(self, way: int) -> tuple[Route, float]:
        """Return the route that goes one way, and its size."""
        link, slope = self.links[self.which[way]], float(self.slopes[way])
        longer = Route(
            (*self.route.places, Place(link.target, int(self.targets[way]))),
            (*self.route.slopes, slope),
            (*self.route.steps, link.step),
        )
        return longer, self.so_far * abs(slope)


def _ways(
    route: Route, so_far: float, links: Sequence[Link], best: Mapping[str, Array]
) -> _Ways | None:
    """Return how a route goes on, None where no live slope leads on."""
    going = tuple(one for one in links if one.target in best)
    if not going:
        return None
    edges = [one.edges(np.array([route.places[-1].entry])) for one in going]
    targets = np.concatenate([one.targets for one in edges])
    slopes = np.concatenate([one.slopes for one in edges])
    which = np.repeat(np.arange(len(going)), [len(one.targets) for one in edges])
    ahead = [best[link.target][one.targets] for link, one in zip(going, edges, strict=True)]
    bounds = so_far * np.abs(slopes) * np.concatenate(ahead)
    order = np.argsort(-bounds, kind="stable")[: np.count_nonzero(bounds > 0)]
    if not len(order):
        return None
    return _Ways(route, so_far, going, which[order], targets[order], slopes[order], bounds[order])


def routes_by_size(links: Sequence[Link], start: str, entry: int) -> Iterator[Route]:
    """Yield the live routes from one entry to the loss, the strongest first.

    Of the ways on from a place only the next one waits, so that little is put in order. Raises
    RouteLimitError where there are too many slopes.
    """
    best = strongest_sizes(links)
    leading: dict[str, list[Link]] = {}
    for link in links:
        leading.setdefault(link.source, []).append(link)
    number = itertools.count()
    waiting: list[tuple[float, int, _Ways, int]] = []

    def wait(ways: _Ways | None, way: int) -> None:
        if ways is not None and way < len(ways.bounds):
            heapq.heappush(waiting, (-float(ways.bounds[way]), next(number), ways, way))

    first = Route((Place(start, entry),), (), ())
    wait(_ways(first, 1.0, leading.get(start, ()), best), 0)
    while waiting:
        _, _, ways, way = heapq.heappop(waiting)
        wait(ways, way + 1)
        route, size = ways.longer(way)
        here = route.places[-1].name
        if here == "loss":
            yield route
        else:
            wait(_ways(route, size, leading.get(here, ()), best), 0)
