"""Routes inside an op that mixes: how much of a gradient goes by each of the parts of its rule.

A number in front of a batch norm moves what comes out of it by itself, through the mean and through
the variance of the batch. The op names these routes, each a rule; what a rule gives at one number
is the sum of what flows that way, however many numbers it goes through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.explanation.entries import Entry
from chainrule.explanation.local import Local, cut_to_row, inputs_of, place_in_row
from chainrule.explanation.trace import Trace

Array = NDArray[Any]
Place = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class OpRoute:
    """What flows through one route of a step, from an entry to one of the step's outputs.

    ``total`` is its part of the entry's gradient. ``slopes`` are the derivatives at the places that
    were asked for, by this route alone; ``alone``: it leads to one place and no other.
    """

    name: str
    rule: Callable[..., Any]
    total: float
    slopes: tuple[float, ...]
    alone: bool


def op_routes(
    trace: Trace, local: Local, entry: Entry, places: Sequence[Place]
) -> tuple[OpRoute, ...]:
    """Return the routes of a step that something can flow through; none where an op names none.

    ``places`` lie in ``local``; they are those of the largest terms.
    """
    read = list(local.step.inputs)
    if not local.step.op.routes or read.count(entry.value) != 1:
        return ()
    outputs = [cut_to_row(trace, str(name), local.row) for name in local.step.flowing]
    asked = _Asked(trace, local, entry, tuple(outputs), read.index(entry.value))
    found = []
    for name, rule in local.step.op.routes.items():
        if asked.leads_on(rule):
            slopes = tuple(asked.slope(rule, one) for one in places)
            alone = bool(places) and asked.leads_to_one(rule, places, slopes)
            found.append(OpRoute(name, rule, asked.total(rule), slopes, alone))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Asked:
    """An entry and a step, of which rules are asked what they give at the entry."""

    trace: Trace
    local: Local
    entry: Entry
    outputs: tuple[Array, ...]
    slot: int

    def given(self, rule: Callable[..., Any], at_output: Array) -> float:
        """Return what a rule gives at the entry for a gradient at the output."""
        step, row = self.local.step, self.local.row
        grads = [np.zeros(one.shape) for one in self.outputs]
        grads[self.local.output_number] = at_output
        several = len(grads) > 1
        with np.errstate(all="ignore"):
            made = rule(
                tuple(grads) if several else grads[0],
                self.outputs if several else self.outputs[0],
                *inputs_of(self.trace, step, row),
                **step.settings,
            )[self.slot]
        own = place_in_row(self.entry, row)
        return 0.0 if made is None else float(made[own])

    def total(self, rule: Callable[..., Any]) -> float:
        gradient = self.trace.exact.gradients.get(self.local.output)
        return 0.0 if gradient is None else self.given(rule, self.local.part_of(gradient))

    def slope(self, rule: Callable[..., Any], place: Place) -> float:
        unit = np.zeros(self.outputs[self.local.output_number].shape)
        unit[place] = 1.0
        return self.given(rule, unit)

    @property
    def _uneven(self) -> Array:
        """Gradients of which no two are alike, so that nothing cancels by chance."""
        shape = self.outputs[self.local.output_number].shape
        return np.asarray(np.sqrt(1.0 + np.arange(int(np.prod(shape)))).reshape(shape))

    def leads_on(self, rule: Callable[..., Any]) -> bool:
        return self.given(rule, self._uneven) != 0.0

    def leads_to_one(
        self, rule: Callable[..., Any], places: Sequence[Place], slopes: Sequence[float]
    ) -> bool:
        gradient = self._uneven
        gradient[places[int(np.argmax(np.abs(slopes)))]] = 0.0
        return self.given(rule, gradient) == 0.0
