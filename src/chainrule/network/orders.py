"""In which order the axes of a row stand: channels first, as in images, or features last, in time.

Shapes alone do not tell a sequence (time, features) from a signal (channels, length). The patterns
of ops do: ``c`` behind the rows stands for channels, ``t`` for time, and a named last axis behind
``...`` for features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chainrule.errors import ShapeError
from chainrule.ops import Op
from chainrule.shapes import Shape, show

Order = Literal["", "channels first", "features last"]
OTHER: dict[Order, Order] = {
    "": "",
    "channels first": "features last",
    "features last": "channels first",
}


def order_of(op: Op, given: Sequence[Shape], orders: Sequence[Order], made: Shape) -> Order:
    """Return the order of what an op makes of values of these shapes and orders."""
    if len(made) < 3 or not given:
        return ""
    slot, first = op.pattern.outputs[0], op.pattern.inputs[0]
    if slot.sizes[1:2] == ("t",):
        return "features last"
    if any(size.endswith("'") for size in slot.sizes):
        return "channels first"
    if op.name == "transposed":
        return OTHER[orders[0]]
    if len(given[0]) == len(made) and orders[0]:
        return orders[0]
    known: Order = "features last" if slot.is_open and slot.names else ""
    return "channels first" if first.sizes[1:2] == ("c",) else known


def refuse_other_order(
    op: Op, shape: Shape, order: Order, value: str, where: str, remedy: str
) -> None:
    """Raise ShapeError where an op would take one kind of axis for another in its first input.

    ``remedy`` is said where channels are missing; an empty one for the usual.
    """
    sizes = op.pattern.inputs[0].sizes
    if order == "channels first" and (sizes[1:2] == ("t",) or _takes_features(sizes)):
        raise ShapeError(
            f"{where} takes features from the last axis, and {value} is {show(shape)}, whose "
            "channels stand first.",
            "Put Flatten() or GlobalAveragePool() between"
            + (", or Apply('transposed') for places in time." if len(shape) == 3 else "."),
        )
    if order == "features last" and sizes[1:2] == ("c",):
        raise ShapeError(
            f"{where} takes channels from the axis behind the rows, and {value} is {show(shape)}, "
            "a sequence whose features stand last.",
            remedy or "Put Apply('transposed') between.",
        )


def _takes_features(sizes: tuple[str, ...]) -> bool:
    return len(sizes) > 1 and sizes[0] == "..."
