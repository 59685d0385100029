"""Local derivatives: how the outputs of a step move with one entry of its inputs.

They come from the tangent of the op, a unit change of the entry: from its one derivative where it
works element by element, from forward itself where it is linear in each input, and from the words
that forward is made of elsewhere. Backward is never asked, so that what is found here can be held
against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.explanation.entries import Entry
from chainrule.explanation.trace import Trace
from chainrule.ops.op import BUILT_IN
from chainrule.ops.walks import Step

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Local:
    """The derivative of one output of a step with respect to an entry.

    ``derivative`` has the shape of the output, or of its row ``row`` alone (with an axis of size 1
    for it), where an entry of a row moves nothing in other rows.
    """

    step: Step
    output: str
    derivative: Array
    row: int | None = None

    @property
    def output_number(self) -> int:
        """Which of the step's flowing outputs it is, counted from 0."""
        return [str(one) for one in self.step.flowing].index(self.output)

    def place(self, inside: tuple[int, ...]) -> tuple[int, ...]:
        """Return the place in the output of a place in ``derivative``."""
        return inside if self.row is None else (self.row, *inside[1:])

    def part_of(self, whole: Array) -> Array:
        """Return the part of an array shaped like the output that ``derivative`` speaks of."""
        return whole if self.row is None else whole[self.row : self.row + 1]


def locals_of(trace: Trace, entry: Entry) -> list[Local]:
    """Return the derivatives of all that reads an entry; steps without a slope are left out."""
    found: list[Local] = []
    for step in trace.objective.steps:
        if entry.value in step.inputs:
            found += _through(trace, step, entry)
    return found


def row_alone(trace: Trace, step: Step, entry: Entry) -> int | None:
    """Return the row of an entry where a step lets it move that row only, else None.

    An op of one's own is not trusted in what it says of its rows: it is asked with all of them.
    """
    apart = step.op.name in BUILT_IN and "n" not in step.op.couples.split()
    return entry.place[0] if apart and entry.value in trace.row_values else None


def place_in_row(entry: Entry, row: int | None) -> tuple[int, ...]:
    """Return the place of an entry where its value is cut to one row, its own where it is not."""
    return entry.place if row is None else (0, *entry.place[1:])


def inputs_of(trace: Trace, step: Step, row: int | None) -> list[Array]:
    """Return the inputs of a step, of one row or of all."""
    return [cut_to_row(trace, str(name), row) for name in step.inputs]


def tangent_of_step(trace: Trace, step: Step, changes: list[Any], row: int | None) -> list[Any]:
    """Return the change of each flowing output for changes of the inputs; None where there is none.

    What an op cuts on purpose does not change it.
    """
    kept = [
        None if name in step.op.cuts else change
        for name, change in zip(step.op.input_names, changes, strict=False)
    ]
    kept += changes[len(kept) :]
    if all(one is None for one in kept):
        return [None for _ in step.flowing]
    outputs = tuple(cut_to_row(trace, str(name), row) for name in step.flowing)
    y = outputs[0] if len(outputs) == 1 else outputs
    given = inputs_of(trace, step, row)
    with np.errstate(all="ignore"):
        made = step.op.tangent(tuple(kept), y, *given, **step.settings)
    if made is None:
        return [None for _ in step.flowing]
    results = [made] if len(step.flowing) == 1 else list(made)
    return [
        None if one is None else np.broadcast_to(np.asarray(one), np.shape(like))
        for one, like in zip(results, outputs, strict=True)
    ]


def unit_change(content: Array, place: tuple[int, ...]) -> Array:
    """Return zeros with a 1 at a place."""
    change = np.zeros(np.shape(content))
    change[place] = 1.0
    return change


def places_elsewhere(trace: Trace, local: Local, entry: Entry) -> list[tuple[int, ...]]:
    """Return the places of an output that an entry would move if other numbers stood beside it.

    Where the op works on each entry by itself, that is the entry's own place.
    """
    step, row = local.step, local.row
    own = place_in_row(entry, row)
    if step.op.kind == "elementwise":
        return [own]
    given = [moved_aside(one) for one in inputs_of(trace, step, row)]
    unit = unit_change(cut_to_row(trace, entry.value, row), own)
    changes = [unit if name == entry.value else None for name in step.inputs]
    change = tangent_at(step, given, changes)[local.output_number]
    if change is None:
        return []
    hits = np.argwhere(np.broadcast_to(change, local.derivative.shape))
    return [tuple(int(one) for one in hit) for hit in hits]


def tangent_at(step: Step, given: list[Array], changes: list[Any]) -> list[Any]:
    """Return the change of each flowing output at inputs of one's own."""
    with np.errstate(all="ignore"):
        y = step.op.forward(*given, **step.settings)
        flowing = tuple(y[: len(step.flowing)]) if isinstance(y, tuple) else (y,)
        known = flowing if len(step.flowing) > 1 else flowing[0]
        made = step.op.tangent(tuple(changes), known, *given, **step.settings)
    if made is None:
        return [None for _ in step.flowing]
    return list(made) if len(step.flowing) > 1 else [made]


# Numbers at which an op is asked again: other ones, and nothing that is special.
STRETCH, SHIFT = 1.5, 0.171875


def moved_aside(content: Array) -> Array:
    """Return other numbers in the place of these; whole numbers and truth values stay."""
    return content * STRETCH + SHIFT if np.asarray(content).dtype.kind == "f" else content


def _through(trace: Trace, step: Step, entry: Entry) -> list[Local]:
    row = row_alone(trace, step, entry)
    place = place_in_row(entry, row)
    unit = unit_change(cut_to_row(trace, entry.value, row), place)
    changes = [unit if name == entry.value else None for name in step.inputs]
    made = tangent_of_step(trace, step, changes, row)
    return [
        Local(step, str(name), change, row)
        for name, change in zip(step.flowing, made, strict=True)
        if change is not None
    ]


def cut_to_row(trace: Trace, name: str, row: int | None) -> Array:
    """Return a value, of one row alone where it has rows and one is named."""
    content = trace.exact.values[name]
    return content if row is None or name not in trace.row_values else content[row : row + 1]
