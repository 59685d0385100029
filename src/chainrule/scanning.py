"""The word ``scan``: one step, written once, taken along the time of a sequence.

    state = step(state, *entries, *fixed)      for each entry of the sequences, in order

``body`` is the program of the step. The state after every step is what comes out, so that a rule
can read any of them; a step that has several states holds them side by side in one array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.errors import ShapeError
from chainrule.shapes import ROWS, Rows, Shape, Typed, show

Compute = Callable[[str, list[Any], dict[str, Any]], Any]


def scan_shape(start: Typed, *others: Typed, body: Any, sequences: int, backwards: bool) -> Typed:
    """Return what a scan gives, (n, time, *state). Raises ShapeError where the step does not fit.

    ``others``: so many ``sequences``, then what is fixed; ``body`` is the program of the step.
    """
    entries = [_entry(one) for one in others[:sequences]]
    given = [(_opened(shape), kind) for shape, kind in (start, *entries)]
    due = [(one.shape, one.kind) for one in body.inputs]
    times = {shape[1] for shape, _ in others[:sequences]}
    rows = {shape[0] for shape, _ in (start, *others[:sequences])}
    if [*given, *others[sequences:]] != due or len(times) != 1 or len(rows) != 1:
        raise ShapeError(
            f"A step over {_shown(due)} cannot be taken along {_shown((start, *others))}.",
            "Give (n, *state), then sequences (n, time, *entry) of one length.",
        )
    time = times.pop()
    if isinstance(time, Rows) or time < 1:
        raise ShapeError(
            f"No step can be taken along {show(others[0][0])}.",
            "Give a sequence of one entry or more.",
        )
    made = body.values[body.outputs[0]]
    if (made.shape, made.kind) != due[0]:
        raise ShapeError(
            f"A step makes {show(made.shape)} of a state {show(due[0][0])}.",
            "Return the next state in the shape of the one before.",
        )
    return (start[0][0], time, *start[0][1:]), start[1]


def _shown(typed: Sequence[Typed]) -> str:
    return " and ".join(show(shape) for shape, _ in typed)


def _entry(sequence: Typed) -> Typed:
    shape, kind = sequence
    if len(shape) < 2:
        raise ShapeError(
            f"{show(shape)} is no sequence.", "A sequence is (n, time, *entry): rows, then time."
        )
    return (shape[0], *shape[2:]), kind


def _opened(shape: Shape) -> Shape:
    return (ROWS, *shape[1:])


def step_along(
    body: Any, given: Sequence[Any], sequences: int, backwards: bool, compute: Compute
) -> list[Any]:
    """Return the state after each step, in the order of time.

    ``given``: start, sequences, fixed values; each word is done by ``compute(word, inputs,
    settings)``.
    """
    state, along, fixed = given[0], given[1 : 1 + sequences], given[1 + sequences :]
    time = along[0].shape[1]
    made: list[Any] = [None] * time
    for place in reversed(range(time)) if backwards else range(time):
        entries = [one[:, place] for one in along]
        state = _next(body, [state, *entries, *fixed], compute)
        made[place] = state
    return made


def _next(body: Any, given: Sequence[Any], compute: Compute) -> Any:
    """Return what a step makes of a state."""
    values: list[Any] = [one.constant for one in body.values]
    values[: len(given)] = given
    for one in body.equations:
        inputs = [values[number] for number in one.inputs]
        values[one.output] = compute(one.word, inputs, dict(one.settings))
    return values[body.outputs[0]]
