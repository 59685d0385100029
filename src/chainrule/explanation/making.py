"""Forward, unfolded: how a number was made of those in front of it.

Where an op adds up products, as a weighted sum, a convolution, a mean or a maximum does, the parts
are these products, and they add up to the number; that is looked at, here and at other numbers.
Elsewhere the parts are the numbers that it was made of.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.explanation.derivation import Rest
from chainrule.explanation.entries import Entry
from chainrule.explanation.local import inputs_of, moved_aside, place_in_row, row_alone, unit_change
from chainrule.explanation.plain_numbers import plain_document
from chainrule.explanation.words import Words
from chainrule.ops.walks import Step

Array = NDArray[Any]


@dataclass(frozen=True)
class Part:
    """One number that another was made of, and what it adds, where that can be said.

    ``factor`` is what it is multiplied by.
    """

    name: str
    words: str
    symbol: str
    content: float
    factor: float
    product: float


@dataclass(frozen=True)
class Making:
    """How a number was made: the op, its parts, the largest first, and the folded rest.

    ``adds_up``: the products of the parts and the rest sum to ``value``.
    """

    name: str
    words: str
    symbol: str
    value: float
    op: str
    formula: str
    parts: tuple[Part, ...]
    rest: Rest
    adds_up: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the making as plain data."""
        return dict(plain_document(asdict(self)))

    def sentence(self) -> str:
        """Return in words what the number was made of."""
        if not self.parts:
            return f"{self.name} is given: {self.value:.6g}."
        named = " + ".join(f"{one.factor:.4g} · {one.content:.4g}" for one in self.parts)
        if not self.adds_up:
            listed = ", ".join(f"{one.name} = {one.content:.4g}" for one in self.parts)
            more = f" and {self.rest.count:,} more" if self.rest.count else ""
            return f"{self.name} = {self.value:.6g}, by {self.op} of {listed}{more}."
        more = f" + {self.rest.sum:.4g} ({self.rest.count:,} more)" if self.rest.count else ""
        return f"{self.name} = {named}{more} = {self.value:.6g}."


def making_of(words: Words, entry: Entry, width: int) -> Making:
    """Return how an entry was made; what is given, as inputs and parameters are, has no parts."""
    trace = words.trace
    value = float(trace.exact.values[entry.value][entry.place])
    step = next((one for one in trace.objective.steps if entry.value in one.flowing), None)
    named = words.name(entry), words.meaning(entry), words.symbol(entry), value
    if step is None:
        return Making(*named, "", "", (), Rest(0, 0.0), True)
    found = _Made(words, step, entry)
    parts, adds_up = found.parts(value)
    parts.sort(key=lambda one: -abs(one[2] if adds_up else one[1]))
    shown = tuple(_part(words, *one) for one in parts[:width])
    rest = Rest(len(parts) - len(shown), float(sum(one[2] for one in parts[width:])))
    return Making(*named, step.op.name, step.op.formula, shown, rest, adds_up)


def _part(words: Words, entry: Entry, factor: float, product: float) -> Part:
    content = float(words.trace.exact.values[entry.value][entry.place])
    return Part(
        words.name(entry), words.meaning(entry), words.symbol(entry), content, factor, product
    )


class _Made:
    """One output of a step, with the slopes towards all that the step reads."""

    def __init__(self, words: Words, step: Step, entry: Entry) -> None:
        self.trace, self.step, self.entry = words.trace, step, entry
        self.row = row_alone(self.trace, step, entry)
        self.place = place_in_row(entry, self.row)
        self.given = inputs_of(self.trace, step, self.row)
        self.slopes = self._slopes(self.given)

    def _slopes(self, given: list[Array]) -> list[Array | None]:
        """Return the slopes of the output at inputs of one's own."""
        with np.errstate(all="ignore"):
            made = self.step.op.forward(*given, **self.step.settings)
            results = tuple(made[: len(self.step.flowing)]) if isinstance(made, tuple) else (made,)
            which = list(self.step.flowing).index(self.entry.value)
            seeds = tuple(
                unit_change(one, self.place) if at == which else np.zeros(np.shape(one))
                for at, one in enumerate(results)
            )
            y, seed = (results[0], seeds[0]) if len(results) == 1 else (results, seeds)
            found = self.step.op.backward(seed, y, *given, **self.step.settings)
        self.value = float(np.asarray(results[which])[self.place])
        return [None if one is None else np.asarray(one) for one in found]

    def parts(self, value: float) -> tuple[list[tuple[Entry, float, float]], bool]:
        """Return the entries that made the output, with factor and product; and if they add up."""
        chosen = self._that_adds_up(value)
        every = chosen if chosen is not None else self._floats()
        found = [part for slot in every for part in self._of_slot(slot)]
        return found, chosen is not None

    def _floats(self) -> list[int]:
        return [place for place, slope in enumerate(self.slopes) if slope is not None]

    def _that_adds_up(self, value: float) -> list[int] | None:
        """Return the fewest inputs whose products sum to the output, here and at other numbers."""
        moved = [moved_aside(one) for one in self.given]
        again = self._slopes(moved)
        other = self.value
        for count in range(1, len(self._floats()) + 1):
            for slots in itertools.combinations(self._floats(), count):
                if _sums_to(self.given, self.slopes, slots, value) and _sums_to(
                    moved, again, slots, other
                ):
                    return list(slots)
        return None

    def _of_slot(self, slot: int) -> Iterator[tuple[Entry, float, float]]:
        name, slope = str(self.step.inputs[slot]), self.slopes[slot]
        if slope is None:
            return
        for hit in np.argwhere(slope):
            at = tuple(int(one) for one in hit)
            factor, content = float(slope[at]), float(self.given[slot][at])
            in_rows = self.row is not None and name in self.trace.row_values
            full = (int(self.row or 0), *at[1:]) if in_rows else at
            yield Entry(name, full), factor, factor * content


def _sums_to(
    given: list[Array], slopes: list[Array | None], slots: tuple[int, ...], value: float
) -> bool:
    with np.errstate(all="ignore"):
        products = [given[one] * slope for one in slots if (slope := slopes[one]) is not None]
        total = sum(float(one.sum()) for one in products)
        sizes = sum(float(np.abs(one).sum()) for one in products)
    return bool(abs(total - value) <= 1e-9 * sizes)
