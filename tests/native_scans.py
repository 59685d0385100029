"""Random programs, continued: steps along time, each step a drawn program of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from native_shapes import has_open

from chainrule.arrays import apply, tanh
from chainrule.program import Input
from chainrule.shapes import ROWS, Rows
from chainrule.symbols import Symbol

if TYPE_CHECKING:
    from native_programs import Drawing


def _rows_in_front(one: Symbol) -> bool:
    return bool(one.plain) and isinstance(one.plain[0], Rows) and not has_open(one.plain[1:])


def scanned(drawing: Drawing) -> None:
    """Take a drawn step along one or two sequences of the same length."""
    first = drawing.any_value(
        lambda one: _rows_in_front(one) and len(one.plain) > 1 and one.plain[1] != 0
    )
    start = drawing.any_value(lambda one: _rows_in_front(one) and one.kind == "float")
    if first is None or start is None:
        return
    sequences = [first]
    if drawing.choose([True, False]):
        other = drawing.any_value(
            lambda one: _rows_in_front(one) and one.plain[:2] == first.plain[:2]
        )
        assert other is not None
        sequences.append(other)
    fixed = []
    for _ in range(drawing.choose([0, 1, 1, 2])):
        found = drawing.any_value(lambda one: not has_open(one.plain))
        fixed += [] if found is None else [found]
    body = _step(drawing, start, sequences, fixed)
    settings = {
        "body": body,
        "sequences": len(sequences),
        "backwards": drawing.choose([True, False]),
    }
    drawing.keep(apply("scan", (start, *sequences, *fixed), settings), 8.0)


def _step(drawing: Drawing, start: Symbol, sequences: list[Symbol], fixed: list[Symbol]) -> Any:
    inputs = [Input("state", (ROWS, *start.plain[1:]))]
    inputs += [
        Input(f"entry_{place}", (ROWS, *one.plain[2:]), one.kind)
        for place, one in enumerate(sequences)
    ]
    inputs += [Input(f"fixed_{place}", one.plain, one.kind) for place, one in enumerate(fixed)]
    inner = type(drawing)(drawing.choose, inputs)
    inner.draw(drawing.choose([0, 1, 2, 4, 7]))
    state = inner.tracing.symbols[0]
    made = inner.any_value(
        lambda one: one.plain == state.plain and one.kind == "float" and one is not state
    )
    # What is not held back may grow from step to step; now and then the state is just passed on.
    calm = state if made is None else tanh(made)
    step = drawing.choose([calm, calm, calm * 0.5 + state * 0.5, state])
    return inner.tracing.program((step,), ("state",), "float64")
