"""What blocks every route: the fewest slopes of 0 that no route gets around.

In a graph whose live slopes can carry anything and whose zeros can carry 1, the largest flow from
the entry to the loss is the number of zeros in the smallest cut (Ford and Fulkerson, "Maximal flow
through a network", 1956). Zeros can stand behind one another: when a cut is thought open and
nothing flows yet, there is another one, and all of them have to open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explanation.routes.links import MOST_EDGES, Array, Link, RouteLimitError

MOST_CUTS = 64


@dataclass(frozen=True, eq=False)
class Block:
    """Slopes of 0 of one link that belong to a cut: flat places in its input and its output."""

    link: Link
    sources: Array
    targets: Array


@dataclass(frozen=True)
class Cut:
    """One set of zeros that blocks every route, by the links that they belong to."""

    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        """How many local derivatives it consists of."""
        return sum(len(one.sources) for one in self.blocks)


@dataclass(frozen=True, eq=False)
class _Graph:
    """All slopes that lie between an entry and the loss; nodes are numbered from the entry, 0."""

    tails: Array
    heads: Array
    live: Array
    link: Array
    sources: Array
    targets: Array
    nodes: int
    loss: int


def cuts_between(links: Sequence[Link], start: str, entry: int) -> tuple[Cut, ...] | None:
    """Return the cuts between an entry and the loss, the nearest first; none if a route is live.

    ``None``: there is not even a chain of zeros. ``links`` hold zeros that could be other numbers.
    Raises RouteLimitError where there are too many slopes to look at.
    """
    graph = _graph(links, start, entry)
    if graph is None:
        return None
    live = graph.live.copy()
    found: list[Cut] = []
    while len(found) < MOST_CUTS:
        cut = _smallest_cut(graph, live)
        if cut is None:
            return tuple(found)
        found.append(_named(graph, links, cut))
        live[cut] = True
    return tuple(found)


def _smallest_cut(graph: _Graph, live: Array) -> Array | None:
    """Return the numbers of the zeros in the smallest cut, None where a route is live."""
    from scipy import sparse
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    anything = int(np.count_nonzero(~live)) + 1
    carried = np.where(live, anything, 1)
    pairs, place = np.unique(graph.tails * graph.nodes + graph.heads, return_inverse=True)
    most = np.minimum(np.bincount(place, carried), anything).astype(np.int32)
    ends = pairs // graph.nodes, pairs % graph.nodes
    make: Any = sparse.csr_array
    capacity = make((most, ends), shape=(graph.nodes, graph.nodes), dtype=np.int32)
    flow = maximum_flow(capacity, 0, graph.loss)
    if flow.flow_value >= anything:
        return None
    left: Any = capacity - flow.flow
    left.eliminate_zeros()
    inside = np.zeros(graph.nodes, dtype=bool)
    inside[breadth_first_order(left, 0, return_predecessors=False)] = True
    return np.flatnonzero(inside[graph.tails] & ~inside[graph.heads])


def _graph(links: Sequence[Link], start: str, entry: int) -> _Graph | None:
    """Return the slopes between the entry and the loss, None where there are none."""
    offsets, shapes = _offsets(links, start)
    if "loss" not in offsets:
        return None
    reached = {name: np.zeros(size, dtype=bool) for name, size in shapes.items()}
    reached[start][entry] = True
    parts = []
    for number, link in enumerate(links):
        sources = np.flatnonzero(reached[link.source])
        if not len(sources):
            continue
        found = link.edges(sources)
        reached[link.target][found.targets] = True
        parts.append((number, link, found))
        if sum(len(one.sources) for _, _, one in parts) > MOST_EDGES:
            raise RouteLimitError(
                f"Between {start} and the loss lie more than {MOST_EDGES:,} slopes, too many to "
                "look for the smallest cut."
            )
    leading = {name: np.zeros(size, dtype=bool) for name, size in shapes.items()}
    leading["loss"][:] = True
    kept = []
    for number, link, found in reversed(parts):
        chosen = leading[link.target][found.targets]
        leading[link.source][found.sources[chosen]] = True
        kept.append(
            (
                offsets[link.source] + found.sources[chosen],
                offsets[link.target] + found.targets[chosen],
                found.slopes[chosen] != 0,
                np.full(int(chosen.sum()), number),
                found.sources[chosen],
                found.targets[chosen],
            )
        )
    if not leading[start][entry]:
        return None
    columns = [np.concatenate(one) for one in zip(*kept, strict=True)]
    first, last = offsets[start] + entry, offsets["loss"]
    return _numbered(columns, first, last)


def _offsets(links: Sequence[Link], start: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return where each value's entries begin in one numbering of all, and how many it has."""
    shapes: dict[str, int] = {}
    for link in links:
        shapes[link.source] = int(np.prod(link.shape))
        shapes[link.target] = int(np.prod(link.target_shape))
    shapes.setdefault(start, 1)
    ends = np.cumsum([0, *shapes.values()])
    return dict(zip(shapes, map(int, ends), strict=False)), shapes


def _numbered(columns: list[Array], first: int, last: int) -> _Graph:
    """Return the graph with its nodes numbered from 0, the entry."""
    tails, heads, live, link, sources, targets = columns
    nodes = np.unique(np.concatenate((tails, heads, [first, last])))
    order = np.argsort(nodes != first, kind="stable")
    rank = np.empty(len(nodes), dtype=np.int64)
    rank[order] = np.arange(len(nodes))

    def numbers(given: Array) -> Array:
        return rank[np.searchsorted(nodes, given)]

    return _Graph(
        numbers(tails),
        numbers(heads),
        live,
        link,
        sources,
        targets,
        len(nodes),
        int(numbers(np.array([last]))[0]),
    )


def _named(graph: _Graph, links: Sequence[Link], cut: Array) -> Cut:
    blocks = []
    for number in np.unique(graph.link[cut]):
        own = cut[graph.link[cut] == number]
        blocks.append(Block(links[number], graph.sources[own], graph.targets[own]))
    return Cut(tuple(blocks))
