"""Routes one by one, the strongest first: found lazily, so that nobody counts 6e29 of them.

A sweep backward over (max, times) gives for every entry the size of its strongest route to the
loss. With that, a search from the start always goes on along the route that will turn out
strongest: the next one is found without looking at weaker ones. A* with an exact bound: Hart,
Nilsson, Raphael, "A formal basis for the heuristic determination of minimum cost paths", 1968.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chainrule.explanation.links import Array, Link


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

    def to_dict(self) -> dict[str, Any]:
        """Return the route as plain data."""
        return {
            "through": [[one.name, int(one.entry)] for one in self.places],
            "slopes": list(self.slopes),
            "product": self.product,
        }


def strongest_sizes(links: Sequence[Link], start: str, entry: int) -> dict[str, Array]:
    """Return, for each value, the size of the strongest route from each entry to the loss.

    Entries that no live route leads to from the start are left at 0. Raises RouteLimitError.
    """
    reached = reached_from(links, start, entry)
    best: dict[str, Array] = {"loss": np.ones(1)}
    for link in reversed(links):
        if link.target not in best or link.source not in reached:
            continue
        found = link.edges(np.flatnonzero(reached[link.source]))
        sizes = np.abs(found.slopes) * best[link.target][found.targets]
        own = best.setdefault(link.source, np.zeros(int(np.prod(link.shape))))
        np.maximum.at(own, found.sources, sizes)
    return best


def reached_from(links: Sequence[Link], start: str, entry: int) -> dict[str, Array]:
    """Return which entries of each value live slopes lead to, from one entry of ``start``."""
    shapes = {one.source: one.shape for one in links}
    mask = np.zeros(int(np.prod(shapes.get(start, (1,)))), dtype=bool)
    mask[entry] = True
    reached = {start: mask}
    for link in links:
        if link.source in reached:
            here = reached[link.source].astype(np.float64).reshape(link.shape)
            ahead = np.asarray(link.push(here, "live")).reshape(-1) > 0
            known = reached.get(link.target)
            reached[link.target] = ahead if known is None else known | ahead
    return reached


def routes_by_size(links: Sequence[Link], start: str, entry: int) -> Iterator[Route]:
    """Yield the live routes from one entry to the loss, the strongest first.

    Raises RouteLimitError where there are too many slopes to look at one by one.
    """
    best = strongest_sizes(links, start, entry)
    leading: dict[str, list[Link]] = {}
    for link in links:
        leading.setdefault(link.source, []).append(link)
    number = itertools.count()
    first = Route((Place(start, entry),), (), ())
    size = float(best[start][entry]) if start in best else 0.0
    waiting = [(-size, next(number), 1.0, first)] if size > 0 else []
    while waiting:
        _, _, so_far, route = heapq.heappop(waiting)
        here = route.places[-1]
        if here.name == "loss":
            yield route
            continue
        for link in leading.get(here.name, ()):
            if link.target not in best:
                continue
            found = link.edges(np.array([here.entry]))
            ahead = so_far * np.abs(found.slopes)
            bounds = ahead * best[link.target][found.targets]
            for way in np.flatnonzero(bounds > 0):
                place = Place(link.target, int(found.targets[way]))
                longer = Route(
                    (*route.places, place),
                    (*route.slopes, float(found.slopes[way])),
                    (*route.steps, link.step),
                )
                heapq.heappush(
                    waiting, (-float(bounds[way]), next(number), float(ahead[way]), longer)
                )
