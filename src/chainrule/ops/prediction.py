"""How an op predicts: what ``forward_predict`` makes, as an op of its own outside the table.

It has neither random inputs nor state outputs, and its backward and tangent follow from its words,
so that every walk can lead through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.ops.op import Example, Op


def prediction_of(op: Op) -> Op:
    """Return the op that applies ``forward_predict`` of an op."""
    from chainrule.ops.derived import op_from_function

    if op.forward_predict is None:
        raise TypeError(f"The op '{op.name}' predicts as it trains.")
    slots = [
        slot
        for name, slot in zip(op.input_names, op.pattern.inputs, strict=True)
        if name not in op.noise
    ]
    given = ", ".join(str(slot).replace(" !", "") for slot in slots)
    made = ", ".join(map(str, op.pattern.outputs[: op.flowing]))
    return op_from_function(
        op.name, op.forward_predict, f"{given} -> {made}", settings=op.settings, sizes=op.sizes
    )


def without_noise(op: Op, given: Sequence[Any]) -> tuple[Any, ...]:
    """Return what belongs to the inputs that prediction takes, of one thing for each input."""
    pairs = zip(op.input_names, given, strict=True)
    return tuple(one for name, one in pairs if name not in op.noise)


def in_prediction(op: Op, example: Example) -> Example:
    """Return an example of an op for its prediction."""
    shapes = without_noise(op, example.shapes) if example.shapes else ()
    return replace(example, shapes=shapes)
