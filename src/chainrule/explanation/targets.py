"""Targets: what a user asks to be explained, read from text.

dense_1.W[2,0]   dense_1.W.2.0   one number of a parameter; shells eat brackets
dense_1[3]   dense_1.linear[3]   a unit, what its activation is given; of several rows [row,3]
x[2]   age                       an input, also by the name of its column
dense_1.W   dense_1              a whole array, a whole layer
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from chainrule.errors import SetupError, nearest
from chainrule.explanation.entries import Entry, Place
from chainrule.explanation.trace import Trace
from chainrule.explanation.words import Words

# So many names are proposed at most.
SHOWN = 4
_NAME = re.compile(r"(?P<name>.+?)(?:\[(?P<inside>[-\d,\s]*)\]|(?P<dots>(?:\.\d+)+))?")


@dataclass(frozen=True)
class Target:
    """What is to be explained: one entry, or the whole of some values.

    ``values`` are the names that belong to it, of which ``entry`` is a number, where it is one.
    """

    text: str
    values: tuple[str, ...]
    entry: Entry | None = None


def find_target(words: Words, text: str) -> Target:
    """Return the target of a text. Raises SetupError with the nearest names, or the last place."""
    trace = words.trace
    if not isinstance(text, str) or not text.strip():
        raise SetupError(
            f"The target {text!r} is no name.", f"Write one such as '{_example(trace)}'."
        )
    text = text.strip()
    by_column = _column(words, text)
    if by_column is not None:
        return Target(text, (by_column.value,), _checked(words, by_column))
    name, place = _parts(words, text)
    layers = _layers(trace)
    if name in layers and not place:
        return Target(text, layers[name])
    if place is None:
        return _whole(words, text, name)
    return Target(text, (name,), _checked(words, _entry(words, name, place)))


def _parts(words: Words, text: str) -> tuple[str, Place | None]:
    """Return the name and the place in it, None for the whole. Raises SetupError."""
    known = _known(words.trace)
    if text in known:
        return text, None
    found = _NAME.fullmatch(text)
    name = text if found is None else found["name"]
    if name not in known or found is None:
        asked = name if found is not None and (found["inside"] or found["dots"]) else text
        hint = _categories(words, text) or _outputs(words, text) or _near(words, asked)
        raise SetupError(f"There is nothing called '{asked}' here.", hint)
    inside = found["inside"] if found["inside"] is not None else (found["dots"] or "")
    numbers = re.findall(r"-?\d+", inside)
    return name, tuple(map(int, numbers))


def _categories(words: Words, text: str) -> str:
    """Return what to ask for instead of a column of categories, or nothing for other names."""
    inputs = [one for one in words.columns if one.startswith(f"{text} = ")]
    return f"Each category is an input: {', '.join(map(repr, inputs))}." if inputs else ""


def _outputs(words: Words, text: str) -> str:
    """Return which outputs stand for the column that is predicted, or nothing for other names."""
    output, *_ = words.trace.objective.plan.outputs
    said = [
        f"{words.name(Entry(str(output), (0, place)))} ({one})"
        for place, one in enumerate(words.outputs)
        if one == text or one.startswith(f"{text} = ")
    ]
    if not said or len(words.trace.objective.plan.shapes[output]) != 1:
        return ""
    named = ", ".join(said[:SHOWN]) + (", ..." if len(said) > SHOWN else "")
    return f"It is what the network predicts: ask for {named}."


def _near(words: Words, asked: str) -> str:
    """Return the columns that have a text in their names, else the names that are nearest."""
    columns = dict.fromkeys(one.partition(" = ")[0] for one in words.columns)
    parts = [one for one in columns if len(asked) > 2 and asked.lower() in one.lower()]
    if parts:
        return f"Did you mean {' or '.join(map(repr, parts[:SHOWN]))}?"
    own = _own(words.trace)
    return nearest(asked, dict.fromkeys((*own, *columns, *words.columns, *_known(words.trace))))


def _known(trace: Trace) -> list[str]:
    """Return all names that may be asked for: those of parameters first, then layers, values."""
    return list(dict.fromkeys([*_own(trace), *trace.exact.values]))


def _own(trace: Trace) -> list[str]:
    """Return the names of parameters and of layers that have some."""
    return [*(one.name for one in trace.objective.plan.parameters), *_layers(trace)]


def _layers(trace: Trace) -> Mapping[str, tuple[str, ...]]:
    """Return the parameters of each layer that has any."""
    plan = trace.objective.plan
    found: dict[str, list[str]] = {}
    for step in plan.steps:
        own = found.setdefault(step.layer, [])
        own += [name for name in step.inputs if name in plan.by_name and name not in own]
    return {name: tuple(values) for name, values in found.items() if values}


def _column(words: Words, text: str) -> Entry | None:
    """Return the input that a column's name stands for, where there is one row and one input."""
    inputs = list(words.trace.objective.plan.inputs)
    if text not in words.columns or len(inputs) != 1:
        return None
    if len(words.trace.rows) > 1:
        raise SetupError(
            f"'{text}' is another number in each of {len(words.trace.rows)} rows.",
            f"Ask for one row: {inputs[0]}[0,{words.columns.index(text)}] is that of the first.",
        )
    return Entry(inputs[0], (0, words.columns.index(text)))


def _whole(words: Words, text: str, name: str) -> Target:
    shape = np.shape(words.trace.exact.values[name])
    place = tuple(0 for _ in shape)
    if int(np.prod(shape)) == 1:
        return Target(text, (name,), _checked(words, Entry(name, place)))
    _checked(words, Entry(name, place))
    return Target(text, (name,))


def _entry(words: Words, name: str, place: Place) -> Entry:
    """Return the entry of a place, with the row put in front where there is a single one."""
    trace = words.trace
    if name not in trace.exact.values:
        raise SetupError(
            f"'{name}' is a layer without a value of its own.", "Ask for one of its parameters."
        )
    shape = np.shape(trace.exact.values[name])
    in_rows = name in trace.row_values
    if in_rows and len(place) == len(shape) - 1:
        if len(trace.rows) > 1:
            inside = ",".join(map(str, place))
            raise SetupError(
                f"'{name}[{inside}]' is another number in each of {len(trace.rows)} rows.",
                f"Ask for one row: {name}[0,{inside}] is that of the first.",
            )
        place = (0, *place)
    fits = len(place) == len(shape)
    if not fits or any(not 0 <= at < size for at, size in zip(place, shape, strict=True)):
        _refuse_place(words, name, shape, place)
    return Entry(name, place)


def _refuse_place(words: Words, name: str, shape: tuple[int, ...], place: Place) -> NoReturn:
    """Raise SetupError for a place outside a value, with the last that is inside."""
    last = words.name(Entry(name, tuple(size - 1 for size in shape)))
    own = shape[1:] if name in words.trace.row_values and len(words.trace.rows) == 1 else shape
    if name in words.trace.row_values and len(words.trace.rows) == 1 and len(place) == len(shape):
        place = place[1:] if place[0] == 0 else place
    asked = ",".join(map(str, place))
    size = " x ".join(map(str, own)) if own else "a single number"
    raise SetupError(
        f"'{name}[{asked}]' is no place in {name}, which is {size}.",
        f"Count from 0: {last} is the last." if own else f"Ask for {name}.",
    )


def _checked(words: Words, entry: Entry) -> Entry:
    """Return an entry that has a slope. Raises SetupError for whole numbers and truth values."""
    if np.asarray(words.trace.exact.values[entry.value]).dtype.kind != "f":
        raise SetupError(
            f"{entry.value} holds whole numbers or truth values, which have no slope.",
            f"Ask for a number that can move, such as {_example(words.trace)}.",
        )
    return entry


def _example(trace: Trace) -> str:
    first = trace.objective.plan.parameters[:1]
    if not first:
        return "x[0]"
    return f"{first[0].name}[{','.join('0' for _ in first[0].shape)}]"


def entry_of(words: Words, target: str | Entry | Target) -> Entry:
    """Return the entry of a target. Raises SetupError for one that is no single number."""
    if isinstance(target, str):
        target = find_target(words, target)
    if isinstance(target, Entry):
        return target
    if target.entry is None:
        raise SetupError(
            f"'{target.text}' is more than one number.",
            f"Ask for one of its numbers, such as {_first_of(words, target.values[0])}.",
        )
    return target.entry


def _first_of(words: Words, value: str) -> str:
    shape = np.shape(words.trace.exact.values[value])
    return words.name(Entry(value, (0,) * len(shape)))
