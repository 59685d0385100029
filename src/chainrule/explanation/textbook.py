"""Symbols as textbooks write them: w31, b1, z1, h1, o1, x3, and delta for the slope at a sum.

L is the loss of a row, C the cost, their mean.
They are there for networks of dense layers in a row. Indices count from 1, the input first and the
unit second, as in w12 from input 1 to unit 2; a layer's number stands above where there is more
than one, and of several rows the row's number, from 0, behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from chainrule.explanation.entries import Entry
from chainrule.explanation.trace import Trace

_ABOVE = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")
DENSE = {"linear", "product"}


@dataclass(frozen=True, eq=False)
class Textbook:
    """The symbols of a network of dense layers in a row; other numbers have none."""

    trace: Trace

    @cached_property
    def layers(self) -> dict[str, int]:
        """Dense layer -> its number, from 1; empty where the network is not a row of them."""
        plan = self.trace.objective.plan
        if len(plan.inputs) != 1 or len(plan.outputs) != 1:
            return {}
        found: dict[str, int] = {}
        for step in self.trace.objective.plan.prediction_walk:
            if step.op.name in DENSE:
                found.setdefault(str(step.outputs[0]).removesuffix(".linear"), len(found) + 1)
            elif step.op.kind != "elementwise":
                return {}
        ranks = {len(shape) for shape in plan.shapes.values()} | {len(*plan.inputs.values())}
        return found if ranks == {1} else {}

    def symbol(self, entry: Entry) -> str:
        """Return the symbol of a number, "" where textbooks have none."""
        if not self.layers:
            return ""
        if entry.value in ("loss", "row_loss"):
            return self._of_row("L", entry) if entry.value == "row_loss" else "C"
        if entry.value in self.trace.objective.plan.inputs:
            return self._of_row(f"x{entry.place[-1] + 1}", entry)
        layer, _, part = entry.value.rpartition(".")
        if part in ("W", "b") and layer in self.layers:
            return self._above(f"{part.lower()}{_indices(entry.place)}", self.layers[layer])
        if part == "linear" and layer in self.layers:
            return self._unit("z", layer, entry)
        if entry.value in self.layers:
            return self._unit(self._letter(entry.value), entry.value, entry)
        return ""

    def slope(self, entry: Entry) -> str:
        """Return the symbol of the loss's slope at a number: a delta at a weighted sum."""
        own = self.symbol(entry)
        if not own:
            return ""
        if self.is_sum(entry.value):
            layer = self.layers[entry.value.removesuffix(".linear")]
            return self._of_row(self._above(f"δ{entry.place[-1] + 1}", layer), entry)
        return f"∂C/∂{own}"

    def is_sum(self, value: str) -> bool:
        """Whether a value is the weighted sum of a layer, which an activation may follow."""
        if value.endswith(".linear"):
            return True
        made = {str(step.outputs[0]): step.op.name for step in self.trace.objective.steps}
        return made.get(value) in DENSE

    def _letter(self, layer: str) -> str:
        return "o" if self.layers[layer] == len(self.layers) else "h"

    def _unit(self, letter: str, layer: str, entry: Entry) -> str:
        named = f"{letter}{entry.place[-1] + 1}"
        # There is one layer of outputs, and of hidden units where it is the only other one.
        alone = letter == "o" or (letter == "h" and len(self.layers) == 2)
        return self._of_row(named if alone else self._above(named, self.layers[layer]), entry)

    def _above(self, symbol: str, layer: int) -> str:
        return symbol if len(self.layers) == 1 else symbol + f"({layer})".translate(_ABOVE)

    def _of_row(self, symbol: str, entry: Entry) -> str:
        return symbol if len(self.trace.rows) == 1 else f"{symbol}⟨{entry.place[0]}⟩"


def _indices(place: tuple[int, ...]) -> str:
    """Return places counted from 1, with a comma between those of several digits."""
    numbers = [str(one + 1) for one in place]
    return ("" if all(len(one) == 1 for one in numbers) else ",").join(numbers)
