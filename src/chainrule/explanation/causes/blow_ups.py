"""NaN and infinity: the first operation and row that made them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from chainrule.explanation.causes.cause import Cause
from chainrule.explanation.entries import entry_at
from chainrule.explanation.routes.links import Array
from chainrule.explanation.trace import Pass
from chainrule.explanation.words import Words

LARGEST = {"float32": "3.4e38", "float64": "1.8e308"}


def blow_ups(words: Words) -> tuple[Cause, ...]:
    """Return where the pass in the run's own type first became NaN or infinite; () if nowhere.

    What came in as no number is named in every value that holds some.
    """
    trace = words.trace
    made = {str(name) for step in trace.objective.steps for name in step.outputs}
    given = [name for name in trace.own.values if name not in made]
    found = _given(words, given)
    if found:
        return found
    first = _forward(words, trace.own) or _backward(words, trace.own)
    return () if first is None else (first,)


def _bad(content: Array | None) -> Array:
    """Return the flat places that are NaN or infinite."""
    if content is None or np.asarray(content).dtype.kind != "f":
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(~np.isfinite(np.asarray(content)).reshape(-1))


def _first_bad(arrays: Iterable[tuple[str, Array | None]]) -> tuple[str, int] | None:
    for name, content in arrays:
        places = _bad(content)
        if len(places):
            return name, int(places[0])
    return None


def _given(words: Words, names: Iterable[str]) -> tuple[Cause, ...]:
    """Return what already came in as no number, for each value that holds some."""
    values = words.trace.own.values
    bad = {name: _bad(values[name]) for name in names}
    bad = {name: places for name, places in bad.items() if len(places)}
    count = sum(map(len, bad.values()))
    last = (
        "With a number there the pass can be finite."
        if count == 1
        else f"All {count} of them would have to be numbers for the pass to be finite."
    )
    return tuple(
        _came_in(words, name, places, last if name == list(bad)[-1] else "")
        for name, places in bad.items()
    )


def _came_in(words: Words, name: str, places: Array, counterfactual: str) -> Cause:
    """Return that some places of a value came in as no finite number."""
    place = int(places[0])
    number = _written(words.trace.own.values[name], place)
    at = words.name(entry_at(words.trace, name, place))
    row = _row(words, name, place)
    where = "the data" if name in words.trace.row_values else "the parameters"
    others = len(places) - 1
    verb = "is" if others == 1 else "are"
    more = f", and {others} more of {name} {verb} no finite number" if others else ""
    return Cause(
        "not finite",
        (at,),
        f"{at} is {number}{row}, before anything is computed: it is in {where}{more}.",
        counterfactual,
        {"row": float(_row_number(words, name, place))},
    )


def _forward(words: Words, own: Pass) -> Cause | None:
    for step in words.trace.objective.steps:
        found = _first_bad((str(name), own.values.get(str(name))) for name in step.outputs)
        if found is None:
            continue
        name, place = found
        at = words.name(entry_at(words.trace, name, place))
        number = _written(own.values[name], place)
        wide = np.asarray(words.trace.exact.values[name]).reshape(-1)[place]
        sentence = (
            f"{step.op.name} is the first operation to make {number}: {at}"
            f"{_row(words, name, place)}; all that it was given is finite."
        )
        other = _other(own, number, float(wide))
        return Cause(
            "not finite",
            (at,),
            sentence,
            other,
            {"row": float(_row_number(words, name, place)), "in float64": float(wide)},
        )
    return None


def _backward(words: Words, own: Pass) -> Cause | None:
    for step in reversed(words.trace.objective.steps):
        found = _first_bad((str(name), own.gradients.get(str(name))) for name in step.inputs)
        if found is None:
            continue
        name, place = found
        at = words.name(entry_at(words.trace, name, place))
        number = _written(own.gradients[name], place)
        wide = np.asarray(words.trace.exact.gradients[name]).reshape(-1)[place]
        return Cause(
            "not finite",
            (at,),
            f"All values are finite; on the way back {step.op.name} is the first to make {number}, "
            f"the gradient at {at}{_row(words, name, place)}.",
            _other(own, number, float(wide)),
            {"row": float(_row_number(words, name, place)), "in float64": float(wide)},
        )
    return None


def _written(content: Array, place: int) -> str:
    number = float(np.asarray(content).reshape(-1)[place])
    return "NaN" if np.isnan(number) else "infinity" if number > 0 else "minus infinity"


def _other(own: Pass, number: str, wide: float) -> str:
    if np.isfinite(wide) and own.dtype != "float64":
        return f"In float64 it is {wide:.4g}; {own.dtype} ends at {LARGEST[own.dtype]}."
    if number == "NaN":
        return "What it was given has no answer there, as 0 / 0 or the logarithm of a negative one."
    return f"{own.dtype} ends at {LARGEST[own.dtype]}: smaller numbers in front of it would do."


def _row_number(words: Words, name: str, place: int) -> int:
    """Return the number of the row in the data, -1 for a value that has no rows."""
    if name not in words.trace.row_values:
        return -1
    return words.trace.rows.numbers[entry_at(words.trace, name, place).place[0]]


def _row(words: Words, name: str, place: int) -> str:
    if name not in words.trace.row_values:
        return ""
    return f" in {words.trace.rows.names[entry_at(words.trace, name, place).place[0]]}"
