"""The word ``scan`` as an op: its tangent is a scan of states and their changes, side by side."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from chainrule.arrays import Array, apply, reshape, tanh, zeros_like
from chainrule.ops.op import Changes, Example
from chainrule.ops.scan_steps import known_of, of_a_row, packed, steps_of, unpacked
from chainrule.ops.through_time import scan_backward
from chainrule.ops.walks import forward_walk, tangent_walk
from chainrule.ops.words import word
from chainrule.program import Input, Program, step_program, trace
from chainrule.shapes import ROWS, Typed


@lru_cache(maxsize=256)
def _tangent_body(body: Program, sequences: int, changed: tuple[bool, ...]) -> Program:
    """Trace a step of (state, change of state) along entries, their changes, fixed, changes."""
    row = of_a_row(body.inputs[0].shape)
    moved = [at for at in range(1, len(body.inputs)) if changed[at - 1]]
    entries = [at for at in moved if at <= sequences]

    def step(together: Any, *given: Any) -> tuple[Any]:
        state, change = unpacked(together, (row, row), (ROWS,))
        count = sequences + len(entries)
        own = [state, *given[:sequences], *given[count : count + len(body.inputs) - 1 - sequences]]
        more = [*given[sequences:count], *given[count + len(body.inputs) - 1 - sequences :]]
        steps = steps_of(body)
        values = forward_walk(steps, known_of(body, own))
        changes = {0: change, **dict(zip(moved, more, strict=True))}
        found = tangent_walk(steps, values, changes).get(body.outputs[0])
        return (packed([values[body.outputs[0]], zeros_like(state) if found is None else found]),)

    inputs = [Input("state", (ROWS, 2 * math.prod(row)))]
    inputs += list(body.inputs[1 : 1 + sequences]) + [body.inputs[at] for at in entries]
    inputs += list(body.inputs[1 + sequences :])
    inputs += [body.inputs[at] for at in moved if at > sequences]
    return trace(step, inputs, ("state",))


def _scan_tangent(
    changes: Changes,
    y: Array,
    start: Array,
    *others: Array,
    body: Program,
    sequences: int,
    backwards: bool,
) -> Array:
    changed = tuple(one is not None for one in changes[1:])
    row = of_a_row(body.inputs[0].shape)
    first = zeros_like(start) if changes[0] is None else changes[0]
    entries = [one for one in changes[1 : 1 + sequences] if one is not None]
    fixed = [one for one in changes[1 + sequences :] if one is not None]
    made = apply(
        "scan",
        (
            packed([start, first]),
            *others[:sequences],
            *entries,
            *others[sequences:],
            *fixed,
        ),
        {
            "body": _tangent_body(body, sequences, changed),
            "sequences": sequences + len(entries),
            "backwards": backwards,
        },
    )
    _, change = unpacked(made, (row, row), (start.shape[0], y.shape[1]))
    return change


# ---- the word ----


def _tried(state: Any, entry: Any, seen: Any, w: Any, b: Any) -> Any:
    """A step of all that a step may have: products, a bias, truth values."""
    return tanh(entry + state @ w + b) * apply("where", (reshape(seen, (ROWS, 1)), 1.0, 0.5))


def _tried_body() -> Program:
    state: Typed = ((ROWS, 3), "float")
    fixed: tuple[Typed, ...] = (((3, 3), "float"), ((3,), "float"))
    return step_program(_tried, state, (state, ((ROWS,), "boolean")), fixed)


def _example(backwards: bool, time: int) -> Example:
    return Example(
        shapes=((ROWS, 3), (ROWS, time, 3), (ROWS, time), (3, 3), (3,)),
        settings={"body": _tried_body(), "sequences": 2, "backwards": backwards},
    )


word(
    "scan",
    r"s_t = f(s_{t-1}, x_t)",
    scan_backward,
    _scan_tangent,
    shapes="..., ..., ... ?, ..., ... -> ...",
    names=("start", "x", "seen", "w", "b"),
    examples=(_example(False, 4), _example(True, 3), _example(False, 1)),
)
