"""Links: all local derivatives between one input of a step and one of its outputs.

A link is a matrix of slopes, the entries of the output by those of the input, in a form in which it
can be multiplied fast. Routes ask for three parts of it: its positive slopes, the sizes of its
negative ones, and which of them are not 0 (``live``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Part = Literal["plus", "minus", "live"]
# So many single slopes are written down at once; more is refused, in a sentence.
MOST_EDGES = 4_000_000
# So many products are compared in a sweep for the strongest routes, a second's work or less.
MOST_COMPARED = 400_000_000


class EdgeList(NamedTuple):
    """Single slopes: flat places in the input and in the output, and the slope between them."""

    sources: Array
    targets: Array
    slopes: Array


class RouteLimitError(Exception):
    """Routes cannot be told apart here; the message is a sentence that says where and why."""


def part_of(slopes: Array, part: Part) -> Array:
    """Return one part of an array of slopes, as numbers that are not negative."""
    if part == "plus":
        return np.maximum(slopes, 0.0)
    if part == "minus":
        return np.maximum(-slopes, 0.0)
    return np.asarray(slopes != 0, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Link(ABC):
    """The slopes from one input of a step to one output, values known by name and shape."""

    step: int
    place: int
    source: str
    target: str
    shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    slopes: Array
    _parts: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    def part(self, part: Part) -> Array:
        """Return one part of the slopes; it is made once."""
        if part not in self._parts:
            self._parts[part] = part_of(self.slopes, part)
        return self._parts[part]

    @abstractmethod
    def pull(self, at_target: Array, part: Part) -> Array:
        """Return what numbers at the output give at the input, through one part of the slopes."""

    @abstractmethod
    def push(self, at_source: Array, part: Part) -> Array:
        """Return what numbers at the input give at the output, through one part of the slopes."""

    def pull_largest(self, at_target: Array) -> Array:
        """Return, for each entry of the input, the largest of its slopes' sizes times numbers.

        ``at_target`` holds a number for each entry of the output, none of them negative. Raises
        RouteLimitError where there are too many slopes.
        """
        found = self.edges(np.arange(int(np.prod(self.shape))))
        return self._largest(found, at_target)

    def _largest(self, edges: EdgeList, at_target: Array) -> Array:
        best = np.zeros(int(np.prod(self.shape)))
        sizes = np.abs(edges.slopes) * at_target.reshape(-1)[edges.targets]
        np.maximum.at(best, edges.sources, sizes)
        return best.reshape(self.shape)

    @abstractmethod
    def edges(self, sources: Array) -> EdgeList:
        """Return the single slopes, zeros included, from the flat places of the input given."""


def refuse_too_many(count: int, link: Link) -> None:
    """Raise RouteLimitError where single slopes are too many to be written down."""
    if count > MOST_EDGES:
        raise RouteLimitError(
            f"Between {link.source} and {link.target} lie {count:,} slopes, and at most "
            f"{MOST_EDGES:,} are looked at one by one."
        )


def refuse_too_much(count: int, link: Link) -> None:
    """Raise RouteLimitError where too many products would have to be compared."""
    if count > MOST_COMPARED:
        raise RouteLimitError(
            f"Between {link.source} and {link.target} lie {count:,} slopes, and at most "
            f"{MOST_COMPARED:,} are compared to find the strongest route."
        )


class Diagonal(Link):
    """Every entry of the output depends on the one at its own flat place in the input."""

    def pull(self, at_target: Array, part: Part) -> Array:
        return self.part(part) * at_target.reshape(self.shape)

    def push(self, at_source: Array, part: Part) -> Array:
        return (self.part(part) * at_source).reshape(self.target_shape)

    def pull_largest(self, at_target: Array) -> Array:
        return np.asarray(np.abs(self.slopes) * at_target.reshape(self.shape))

    def edges(self, sources: Array) -> EdgeList:
        return EdgeList(sources, sources, self.slopes.reshape(-1)[sources])


@dataclass(frozen=True, eq=False)
class Listed(Link):
    """Slopes one by one; ``sources`` and ``targets`` are the flat places that they join."""

    sources: Array = field(kw_only=True)
    targets: Array = field(kw_only=True)

    def pull(self, at_target: Array, part: Part) -> Array:
        carried = self.part(part) * at_target.reshape(-1)[self.targets]
        size = int(np.prod(self.shape))
        return np.bincount(self.sources, carried, size).reshape(self.shape)

    def push(self, at_source: Array, part: Part) -> Array:
        carried = self.part(part) * at_source.reshape(-1)[self.sources]
        size = int(np.prod(self.target_shape))
        return np.bincount(self.targets, carried, size).reshape(self.target_shape)

    def pull_largest(self, at_target: Array) -> Array:
        return self._largest(EdgeList(self.sources, self.targets, self.slopes), at_target)

    def edges(self, sources: Array) -> EdgeList:
        wanted = np.zeros(int(np.prod(self.shape)), dtype=bool)
        wanted[sources] = True
        chosen = wanted[self.sources]
        return EdgeList(self.sources[chosen], self.targets[chosen], self.slopes[chosen])


class Product(Link):
    """y = x W, seen from x (..., i): the slopes are the weights (i, o)."""

    def pull(self, at_target: Array, part: Part) -> Array:
        outputs = self.slopes.shape[1]
        return (at_target.reshape(-1, outputs) @ self.part(part).T).reshape(self.shape)

    def push(self, at_source: Array, part: Part) -> Array:
        inputs = self.slopes.shape[0]
        return (at_source.reshape(-1, inputs) @ self.part(part)).reshape(self.target_shape)

    def pull_largest(self, at_target: Array) -> Array:
        inputs, outputs = self.slopes.shape
        sizes, rows = np.abs(self.slopes), at_target.reshape(-1, outputs)
        live = np.flatnonzero(rows.any(axis=1))
        refuse_too_much(len(live) * sizes.size, self)
        found = np.zeros((len(rows), inputs))
        for row in live:
            np.max(sizes * rows[row], axis=1, out=found[row], initial=0.0)
        return found.reshape(self.shape)

    def edges(self, sources: Array) -> EdgeList:
        inputs, outputs = self.slopes.shape
        refuse_too_many(len(sources) * outputs, self)
        rows, units = np.divmod(sources, inputs)
        targets = rows[:, None] * outputs + np.arange(outputs)
        return EdgeList(
            np.repeat(sources, outputs), targets.reshape(-1), self.slopes[units].reshape(-1)
        )


@dataclass(frozen=True, eq=False)
class ProductWeights(Link):
    """y = x (W * share), seen from W (i, o): the slopes are the inputs (rows, i) times a share.

    ``share`` (i, o) is not negative; it is that of a mask over the weights.
    """

    share: Array | None = None

    def _shared(self, part: Part) -> Array | float:
        if self.share is None:
            return 1.0
        return part_of(self.share, "live") if part == "live" else self.share

    def pull(self, at_target: Array, part: Part) -> Array:
        outputs = self.shape[1]
        return (self.part(part).T @ at_target.reshape(-1, outputs)) * self._shared(part)

    def push(self, at_source: Array, part: Part) -> Array:
        made = self.part(part) @ (at_source * self._shared(part))
        return made.reshape(self.target_shape)

    def pull_largest(self, at_target: Array) -> Array:
        rows = at_target.reshape(-1, self.shape[1])
        live = np.flatnonzero(rows.any(axis=1))
        refuse_too_much(len(live) * int(np.prod(self.shape)), self)
        best = np.zeros(self.shape)
        for row in live:
            np.maximum(best, np.abs(self.slopes[row])[:, None] * rows[row], out=best)
        return best if self.share is None else best * self.share

    def edges(self, sources: Array) -> EdgeList:
        rows, outputs = len(self.slopes), self.shape[1]
        refuse_too_many(len(sources) * rows, self)
        units, columns = np.divmod(sources, outputs)
        targets = np.arange(rows)[:, None] * outputs + columns
        slopes = self.slopes[:, units]
        if self.share is not None:
            slopes = slopes * self.share.reshape(-1)[sources]
        return EdgeList(np.tile(sources, rows), targets.reshape(-1), slopes.reshape(-1))
