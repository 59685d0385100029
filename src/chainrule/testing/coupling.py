"""Along which axes an op mixes, found by changing one entry at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chainrule.testing.trials import Arrays, Trial, draw

REDRAWS = 3


def couples_as_declared(trial: Trial) -> Iterator[str]:
    """An axis is coupled where an entry of an output depends on two entries of one input along it.

    Outputs that are state do not count.
    Only axes that the pattern names and that have two entries or more can tell.
    """
    op = trial.op
    if op.kind == "word":
        return
    declared = set(op.couples.split())
    named = {letter for slot in op.pattern.inputs for letter in slot.sizes}
    for letter in sorted(declared - named):
        yield f"couples names the axis {letter}, which '{op.shapes}' does not have."
    mixed: set[str] = set()
    tried: set[str] = set()
    for place in trial.floats:
        depends = _dependence(trial, place)
        for axis, letter in enumerate(_letters(trial, place)):
            if depends.shape[axis] > 1:
                tried.add(letter)
            if _mixes(depends, axis):
                mixed.add(letter)
    for letter in sorted(mixed - declared):
        yield f"it mixes along the axis {letter}, which couples does not name."
    for letter in sorted((declared & tried) - mixed):
        yield f"couples names the axis {letter}, along which nothing mixes."


def _letters(trial: Trial, place: int) -> tuple[str, ...]:
    """Return the name of each axis of an input; those under ``...`` share that name."""
    slot = trial.op.pattern.inputs[place]
    any_axes = ("...",) * (trial.inputs[place].ndim - len(slot.names))
    before = slot.sizes.index("...") if slot.is_open else 0
    return (*slot.names[:before], *any_axes, *slot.names[before:])


def _mixes(depends: NDArray[np.bool_], axis: int) -> bool:
    """Whether an output entry depends on input entries at two places along an axis."""
    others = tuple(one for one in range(depends.ndim - 1) if one != axis)
    places = depends.any(axis=others).sum(axis=0)
    return bool((places > 1).any())


def _dependence(trial: Trial, place: int) -> NDArray[np.bool_]:
    """Return, for each entry of an input, which output entries change with it.

    An entry is replaced by others drawn like it, because a small change may show nothing (a
    maximum depends on all its entries, and moves with one).
    """
    still = _flat(trial.outputs()[: trial.op.flowing])
    others = [
        draw(trial.op, trial.example, rows=trial.rows, seed=trial.seed + again).inputs[place]
        for again in range(1, REDRAWS + 1)
    ]
    inputs = list(trial.inputs)
    depends = np.zeros((*inputs[place].shape, still.size), dtype=bool)
    for entry in np.ndindex(inputs[place].shape):
        for other in others:
            content = trial.inputs[place].copy()
            content[entry] = other[entry]
            inputs[place] = content
            depends[entry] |= _flat(trial.outputs(inputs)[: trial.op.flowing]) != still
    return depends


def _flat(outputs: Arrays) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(one, dtype=np.float64).reshape(-1) for one in outputs])
