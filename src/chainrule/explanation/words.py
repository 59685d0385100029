"""Words: the names of entries, their symbols, and what they are in the user's terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.explanation.entries import Entry
from chainrule.explanation.textbook import Textbook
from chainrule.explanation.trace import Trace
from chainrule.network.wording import meaning_of


@dataclass(frozen=True, eq=False)
class Words:
    """How the entries of a trace are named, and said in the user's terms.

    ``columns`` are the names of a single input's numbers, ``outputs`` those of a single output's.
    ``symbols``: "own", the names, or "textbook", w31 and its like. ``prepared``: how each number of
    a single input was made of the user's own, in a sentence.
    """

    trace: Trace
    columns: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    symbols: str = "own"
    prepared: tuple[str, ...] = ()

    def symbol(self, entry: Entry) -> str:
        """Return the symbol of an entry: its name, or that of textbooks where there is one."""
        own = "" if self._textbook is None else self._textbook.symbol(entry)
        return own or self.name(entry)

    def slope(self, entry: Entry) -> str:
        """Return the symbol of the gradient at an entry."""
        own = "" if self._textbook is None else self._textbook.slope(entry)
        return own or f"∂loss/∂{self.name(entry)}"

    @cached_property
    def _textbook(self) -> Textbook | None:
        return Textbook(self.trace) if self.symbols == "textbook" else None

    @cached_property
    def _layers(self) -> dict[str, str]:
        steps = self.trace.objective.plan.steps
        return {name: step.layer for step in steps for name in step.outputs}

    @cached_property
    def _parameters(self) -> frozenset[str]:
        return frozenset(one.name for one in self.trace.objective.plan.parameters)

    def name(self, entry: Entry) -> str:
        """Return ``dense_1.W[2,0]``; a value of a single row goes without the row's place."""
        place = entry.place
        if entry.value in self.trace.row_values and len(self.trace.rows) == 1:
            place = place[1:]
        return f"{entry.value}[{','.join(map(str, place))}]" if place else entry.value

    def meaning(self, entry: Entry) -> str:
        """Return what an entry is: "from age to unit 0 of dense_1", "unit 3 of dense_1"."""
        if entry.value in self._parameters:
            plan = self.trace.objective.plan
            return meaning_of(plan, self._indexed(entry), self.columns, self.outputs)
        if entry.value == "loss":
            return "the loss"
        if entry.value not in self.trace.row_values:
            return self.name(entry)
        row, *place = entry.place
        what = self._number(entry.value, place)
        return what if len(self.trace.rows) == 1 else f"{what} in {self.trace.rows.names[row]}"

    def named(self, entry: Entry) -> str:
        """Return the words for an entry with what kind of number it is in front."""
        meaning = self.meaning(entry)
        if entry.value in self._parameters:
            return f"the weight {meaning}" if meaning.startswith("from ") else meaning
        return meaning

    def _indexed(self, entry: Entry) -> str:
        return f"{entry.value}[{','.join(map(str, entry.place))}]" if entry.place else entry.value

    def _number(self, value: str, place: Sequence[int]) -> str:
        plan = self.trace.objective.plan
        if value in plan.inputs:
            return self._input(value, place)
        if value in plan.outputs and len(plan.outputs) == 1 and len(place) == 1 and self.outputs:
            return f"the output for {self.outputs[place[0]]}"
        layer = self._layers.get(value)
        if layer is None:
            return "the loss of the row" if value.startswith("row_loss") else value
        inside = value.removeprefix(layer).strip(".:")
        owner = layer if not inside else f"{layer} ({inside})"
        if inside == "linear" and len(place) == 1:
            return f"the weighted sum of unit {place[0]} of {layer}"
        if len(place) == 1:
            return f"unit {place[0]} of {owner}"
        if len(place) == 3:
            return f"channel {place[0]} of {owner} at ({place[1]}, {place[2]})"
        return f"number {tuple(place)} of {owner}" if place else owner

    def _input(self, value: str, place: Sequence[int]) -> str:
        width = int(np.prod(self.trace.objective.plan.inputs[value]))
        if len(place) == 1 and len(self.columns) == width:
            return f"the input {self.columns[place[0]]}"
        inside = place[0] if len(place) == 1 else tuple(place)
        return f"input {inside}" if value == "x" else f"input {inside} of {value}"
