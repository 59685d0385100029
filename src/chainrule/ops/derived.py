"""Rules that follow from the words a function is made of.

A plain function over the alphabet is run once on symbols; its equations are steps over the words,
which are ops themselves, so the same walks that train a network give its gradient and its tangent.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.equations import Recorder, kind_of
from chainrule.ops.op import NOTHING, OPS, Gradients, Op
from chainrule.ops.patterns import Pattern, SizeRule
from chainrule.ops.walks import Step, backward_walk, forward_walk, tangent_walk
from chainrule.shapes import Kind, Shape
from chainrule.symbols import Symbol


@dataclass(frozen=True)
class Recorded:
    """A function's equations as steps over words; values are known by their numbers."""

    steps: tuple[Step, ...]
    constants: dict[int, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shapes: tuple[Shape, ...]


def record_function(
    function: Callable[..., Any], inputs: Sequence[Any], settings: Mapping[str, Any] = NOTHING
) -> Recorded:
    """Run ``function`` on symbols shaped like the inputs and return its steps.

    ``inputs`` are arrays or symbols themselves; only their shapes and kinds are read.
    Raises SetupError where the function leaves the alphabet, ShapeError where sizes do not meet.
    """
    recorder = Recorder()
    symbols = [recorder.new(*_typed(one)) for one in inputs]
    made = function(*symbols, **settings)
    results = [recorder.symbol(one) for one in (made if isinstance(made, tuple) else (made,))]
    return Recorded(
        steps=tuple(
            Step(OPS[word], read, (made,), dict(given))
            for word, read, given, made in recorder.equations
        ),
        constants=dict(recorder.constants),
        inputs=tuple(symbol.number for symbol in symbols),
        outputs=tuple(result.number for result in results),
        shapes=tuple(result.plain for result in results),
    )


def _typed(content: Any) -> tuple[Shape, Kind]:
    if isinstance(content, Symbol):
        return content.plain, content.kind
    array = np.asarray(content)
    return array.shape, kind_of(array)


def _walked(recording: Recorded, inputs: Sequence[Any]) -> dict[Any, Any]:
    known = {**recording.constants, **dict(zip(recording.inputs, inputs, strict=True))}
    return forward_walk(recording.steps, known)


def tangent_of_function(
    function: Callable[..., Any],
    changes: Sequence[Any],
    inputs: Sequence[Any],
    settings: Mapping[str, Any] = NOTHING,
) -> Any:
    """Return the change of ``function(*inputs)`` for small changes of its inputs."""
    recording = record_function(function, inputs, settings)
    values = _walked(recording, inputs)
    given = dict(zip(recording.inputs, changes, strict=True))
    known = tangent_walk(recording.steps, values, given)
    made = tuple(known.get(number) for number in recording.outputs)
    return made[0] if len(made) == 1 else made


def backward_of_function(
    function: Callable[..., Any],
    grad_y: Any,
    inputs: Sequence[Any],
    settings: Mapping[str, Any] = NOTHING,
) -> Gradients:
    """Return the gradient at each input, ``None`` where the output does not depend on it."""
    recording = record_function(function, inputs, settings)
    values = _walked(recording, inputs)
    seeds: dict[int, Any] = {}
    given = grad_y if isinstance(grad_y, tuple) else (grad_y,)
    for number, seed in zip(recording.outputs, given, strict=True):
        # Two outputs may be one value: their gradients add up.
        seeds[number] = seeds[number] + seed if number in seeds else seed
    known = backward_walk(recording.steps, values, seeds)
    return tuple(known.get(number) for number in recording.inputs)


def op_from_function(
    name: str,
    function: Callable[..., Any],
    shapes: str,
    *,
    settings: Mapping[str, Any] = NOTHING,
    sizes: Mapping[str, SizeRule] = NOTHING,
) -> Op:
    """Return an op, outside the table, whose rules follow from a plain function over the alphabet.

    ``shapes`` is its pattern, with one slot for each argument that is an array; ``settings`` are
    those of the arguments behind, with their defaults.
    """

    def backward(grad_y: Any, y: Any, *inputs: Any, **settings: Any) -> Gradients:
        return backward_of_function(function, grad_y, inputs, settings)

    def tangent(changes: Sequence[Any], y: Any, *inputs: Any, **settings: Any) -> Any:
        return tangent_of_function(function, changes, inputs, settings)

    pattern = Pattern(shapes)
    arguments = list(inspect.signature(function).parameters)[: len(pattern.inputs)]
    words = name.replace("_", " ")
    return Op(
        name=name,
        formula=rf"y = \text{{{words}}}({', '.join(arguments)})",
        pattern=pattern,
        forward=function,
        backward=backward,
        tangent=tangent,
        settings=settings,
        sizes=sizes,
        about=inspect.cleandoc(function.__doc__ or f"The function {words}."),
    )
