"""Numbers that become too large inside an operation, so that its slope comes out as 0."""

from __future__ import annotations

import numpy as np

from chainrule.explanation.causes.blow_ups import LARGEST
from chainrule.explanation.causes.cause import Cause, entry_names
from chainrule.explanation.routes.links import Array
from chainrule.explanation.trace import Pass
from chainrule.explanation.words import Words
from chainrule.ops.walks import Step, forward_walk


def overflow_cause(words: Words, own: Pass, step: Step, flat: Array) -> Cause | None:
    """Return that a step overflows inside for entries of its first input, None where it does not.

    ``flat``: their places, over all rows; ``own`` is the pass whose type overflows.
    """
    value = str(step.inputs[0])
    shape = np.shape(own.values[value])
    rows = np.unique(np.asarray(flat) // max(1, int(np.prod(shape[1:]))))
    alone = value in words.trace.row_values and "n" not in step.op.couples.split()
    given = {}
    for name in map(str, step.inputs):
        content = np.asarray(own.values[name])
        given[name] = content[rows] if alone and name in words.trace.row_values else content
    if not _overflows(step, given):
        return None
    places = np.abs(np.asarray(own.values[value])).reshape(len(own.values[value]), -1)
    seen = places[rows] if alone else places
    row, inside = np.unravel_index(int(seen.argmax()), seen.shape)
    largest = int(rows[row] if alone else row) * places.shape[1] + int(inside)
    (name,) = entry_names(words, value, [largest])
    size = float(places.reshape(-1)[largest])
    return Cause(
        "overflow",
        (name,),
        f"{step.op.name} overflows inside: it is given {name} of size {size:.4g}, what it makes of "
        f"that is beyond {LARGEST[own.dtype]}, where {own.dtype} ends, and its slope comes out "
        "as 0.",
        f"Smaller numbers in {value} would have a slope.",
        {"at": size},
    )


def overflow_before(words: Words, own: Pass, value: str, flat: Array) -> Cause | None:
    """Return that what makes entries of a value overflows inside in their rows, None if not.

    ``flat``: the places of the entries, over all rows.
    """
    maker = next((one for one in words.trace.objective.steps if value in one.outputs), None)
    if maker is None or not maker.op.couples or str(maker.inputs[0]) not in words.trace.row_values:
        return None
    shapes = (np.shape(own.values[one]) for one in (value, str(maker.inputs[0])))
    width, read = (max(1, int(np.prod(one[1:]))) for one in shapes)
    return overflow_cause(words, own, maker, np.asarray(flat) // width * read)


def _overflows(step: Step, given: dict[str, Array]) -> bool:
    try:
        with np.errstate(all="ignore", over="raise"):
            forward_walk([step], given)
    except FloatingPointError:
        return True
    return False
