"""The links of any op, by small changes of its inputs: unit changes through its forward.

An op says by ``couples`` along which axes it mixes. Entries that differ elsewhere reach different
entries of the output, so that one change moves all of them at once, and a second one, in which each
moves by a number of its own, tells which was which. Only the words of forward are asked, never the
rule of backward.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.explanation.routes.links import Array, Diagonal, Link, Listed, RouteLimitError
from chainrule.ops.derived import record_function
from chainrule.ops.patterns import Slot
from chainrule.ops.walks import Step, forward_walk, tangent_walk

MOST_COUPLED = 256
MOST_CHANGES = 32_000_000


class Tangents:
    """What small changes at the inputs of one step make of its outputs."""

    def __init__(self, step: Step, values: Mapping[str, Array]) -> None:
        self.step = step
        self.inputs = [values[str(name)] for name in step.inputs]
        self.outputs = tuple(np.asarray(values[str(name)]) for name in step.flowing)
        self._recording = None
        if step.op.kind == "op":
            self._recording = record_function(step.op.forward, self.inputs, step.settings)
            known = {
                **self._recording.constants,
                **dict(zip(self._recording.inputs, self.inputs, strict=True)),
            }
            self._values = forward_walk(self._recording.steps, known)

    def of(self, place: int, change: Array) -> list[Array | None]:
        """Return the change of each output for a change of the input at this place."""
        if self._recording is None:
            return self._by_rule(place, change)
        given = {self._recording.inputs[place]: change}
        moved = tangent_walk(self._recording.steps, self._values, given)
        count = len(self.outputs)
        return [_array(moved.get(one)) for one in self._recording.outputs[:count]]

    def _by_rule(self, place: int, change: Array) -> list[Array | None]:
        changes = [change if one == place else None for one in range(len(self.inputs))]
        y = self.outputs[0] if len(self.outputs) == 1 else self.outputs
        made = self.step.op.tangent(changes, y, *self.inputs, **self.step.settings)
        results = (made,) if len(self.outputs) == 1 else made or (None,) * len(self.outputs)
        return [_array(one) for one in results]


def _array(content: Any) -> Array | None:
    return None if content is None else np.asarray(content, dtype=np.float64)


def unit_links(
    number: int, step: Step, place: int, values: Mapping[str, Array], entry: int | None = None
) -> list[Link]:
    """Return the links from one input of a step to each output that it moves.

    ``entry``: only from this flat place of the input. Raises RouteLimitError where the op
    mixes too many entries to try them one by one.
    """
    tangents = Tangents(step, values)
    if step.op.kind == "elementwise":
        (moved,) = tangents.of(place, np.ones(tangents.inputs[place].shape))
        return [] if moved is None else [_diagonal(number, place, step, moved)]
    found: dict[int, list[tuple[Array, Array, Array]]] = {}
    changes = _one_entry(tangents, place, entry) if entry is not None else _all(tangents, place)
    for output, sources, targets, slopes in changes:
        found.setdefault(output, []).append((sources, targets, slopes))
    return [
        _listed(number, place, step, tangents, output, parts) for output, parts in found.items()
    ]


def _diagonal(number: int, place: int, step: Step, slopes: Array) -> Link:
    names = str(step.inputs[place]), str(step.outputs[0])
    return Diagonal(number, place, *names, slopes.shape, slopes.shape, slopes)


def _listed(
    number: int,
    place: int,
    step: Step,
    tangents: Tangents,
    output: int,
    parts: list[tuple[Array, Array, Array]],
) -> Link:
    sources, targets, slopes = (np.concatenate(one) for one in zip(*parts, strict=True))
    return Listed(
        number,
        place,
        str(step.inputs[place]),
        str(step.outputs[output]),
        tangents.inputs[place].shape,
        tangents.outputs[output].shape,
        slopes,
        sources=sources,
        targets=targets,
    )


Found = Iterator[tuple[int, Array, Array, Array]]


def _one_entry(tangents: Tangents, place: int, entry: int) -> Found:
    """Yield the slopes from one entry: the number of the output, sources, targets, slopes."""
    unit = np.zeros(tangents.inputs[place].shape)
    unit.reshape(-1)[entry] = 1.0
    for output, moved in enumerate(tangents.of(place, unit)):
        if moved is not None:
            targets = np.flatnonzero(moved)
            slopes = moved.reshape(-1)[targets]
            yield output, np.full(len(targets), entry), targets, slopes


def _all(tangents: Tangents, place: int) -> Found:
    """Yield the slopes from all entries, one combination of the coupled axes after another."""
    step, content = tangents.step, tangents.inputs[place]
    letters = axis_letters(_slot(step, place), content.ndim)
    mixed = set(step.op.couples.split())
    everything = step.op.kind == "word"
    coupled = [axis for axis, one in enumerate(letters) if one in mixed or everything]
    _refuse_wide(tangents, place, [content.shape[axis] for axis in coupled])
    free = [axis for axis, one in enumerate(letters) if axis not in coupled and one != "n"]
    coded = _codes(content.shape, free)
    for where in itertools.product(*(range(content.shape[axis]) for axis in coupled)):
        chosen: list[Any] = [slice(None)] * content.ndim
        for axis, index in zip(coupled, where, strict=True):
            chosen[axis] = index
        unit = np.zeros(content.shape)
        unit[tuple(chosen)] = 1.0
        moved = tangents.of(place, unit)
        numbered = tangents.of(place, unit * coded) if coded.size > 1 else moved
        for output, (change, code) in enumerate(zip(moved, numbered, strict=True)):
            if change is None or code is None:
                continue
            targets = np.flatnonzero((change != 0) & np.isfinite(change))
            if not len(targets):
                continue
            slopes = change.reshape(-1)[targets]
            codes = code.reshape(-1)[targets] / slopes
            sources = _sources(tangents, place, output, targets, codes, free, chosen)
            yield output, sources, targets, slopes


def _slot(step: Step, place: int) -> Slot:
    slots = step.op.pattern.inputs
    return slots[min(place, len(slots) - 1)]


def axis_letters(slot: Slot, rank: int) -> tuple[str, ...]:
    """Return the name of each axis of a value in a slot; those under ``...`` share that name."""
    before = slot.sizes.index("...") if slot.is_open else len(slot.names)
    any_axes = ("...",) * (rank - len(slot.names))
    return (*slot.names[:before], *any_axes, *slot.names[before:])


def _refuse_wide(tangents: Tangents, place: int, sizes: list[int]) -> None:
    count = int(np.prod(sizes)) if sizes else 1
    work = count * sum(one.size for one in tangents.outputs)
    step = tangents.step
    if count > MOST_COUPLED or work > MOST_CHANGES:
        raise RouteLimitError(
            f"The op {step.op.name} mixes {count:,} entries of {step.inputs[place]}, and at most "
            f"{MOST_COUPLED} are told apart."
        )


def _codes(shape: tuple[int, ...], free: list[int]) -> Array:
    """Return one more than the place of each entry along the free axes; 1 where there is one."""
    sizes = [shape[axis] for axis in free]
    if int(np.prod(sizes)) <= 1:
        return np.ones(1)
    beside = [shape[axis] if axis in free else 1 for axis in range(len(shape))]
    return 1.0 + np.arange(int(np.prod(sizes)), dtype=np.float64).reshape(beside)


def _sources(
    tangents: Tangents,
    place: int,
    output: int,
    targets: Array,
    codes: Array,
    free: list[int],
    chosen: list[Any],
) -> Array:
    """Return the flat place in the input that each moved entry of the output depends on."""
    shape = tangents.inputs[place].shape
    sizes = [shape[axis] for axis in free]
    numbers = np.rint(codes).astype(np.int64) - 1 if int(np.prod(sizes)) > 1 else 0 * targets
    clear = np.abs(codes - np.rint(codes)) < 0.05
    if int(np.prod(sizes)) > 1 and not (clear & (numbers >= 0)).all():
        step = tangents.step
        raise RouteLimitError(
            f"Which entries of {step.inputs[place]} the op {step.op.name} reads cannot be told "
            "apart by small changes."
        )
    places = dict(zip(free, np.unravel_index(numbers, sizes) if sizes else (), strict=True))
    rows = np.unravel_index(targets, tangents.outputs[output].shape)[0] if shape else targets
    index = []
    for axis, size in enumerate(shape):
        if axis in places:
            index.append(places[axis])
        elif isinstance(chosen[axis], slice):
            index.append(rows if size > 1 else np.zeros_like(targets))
        else:
            index.append(np.full_like(targets, chosen[axis]))
    return np.ravel_multi_index(tuple(index), shape) if shape else np.zeros_like(targets)
