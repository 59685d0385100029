"""Trials: an op on one example's inputs, drawn by the one generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.ops import Example, Op
from chainrule.ops.patterns import Slot, with_rows
from chainrule.randomness import normal, uniform
from chainrule.shapes import ROWS, Rows, Shape

Arrays = tuple[NDArray[Any], ...]
Direction = tuple[NDArray[Any] | None, ...]
# Different, so that a transposed gradient shows; small, so that every entry can be probed.
SIZES = (3, 4, 2, 5, 6)
ROW_COUNT = 5


@dataclass(frozen=True, eq=False)
class Trial:
    """An op, an example of it, and inputs drawn for it (read-only)."""

    op: Op
    example: Example
    inputs: Arrays
    rows: int
    seed: int

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings of the rules, with the number of rows in the place of ``ROWS``."""
        given = {**self.op.settings, **self.example.settings}
        return {key: _counted(setting, self.rows) for key, setting in given.items()}

    @cached_property
    def _made(self) -> Any:
        return self.op.forward(*self.inputs, **self.settings)

    @property
    def y(self) -> Any:
        """What backward receives of forward's results: an array, or a tuple of several."""
        return flowing(self.op, self._made)

    def outputs(self, inputs: Sequence[Any] | None = None) -> Arrays:
        """Return forward's results as a tuple of arrays, for these inputs or the drawn ones."""
        made = self._made if inputs is None else self.op.forward(*inputs, **self.settings)
        return as_arrays(made)

    @cached_property
    def grad_outputs(self) -> Arrays:
        """A random gradient at each output but state, zeros at outputs that are not floats."""
        return tuple(
            _normal(self.seed, f"gradient at output {place}", made.shape) * (made.dtype.kind == "f")
            for place, made in enumerate(self.outputs()[: self.op.flowing])
        )

    @property
    def grad_y(self) -> Any:
        """The gradient as backward receives it: a tuple where it receives several outputs."""
        return self.grad_outputs if isinstance(self.y, tuple) else self.grad_outputs[0]

    @cached_property
    def gradients(self) -> tuple[Any, ...]:
        """What backward returns for ``grad_y``."""
        made: Any = self.op.backward(self.grad_y, self.y, *self.inputs, **self.settings)
        if not isinstance(made, tuple) or len(made) != len(self.inputs):
            raise TypeError(f"backward returns no tuple of {len(self.inputs)} gradients")
        return made

    @cached_property
    def floats(self) -> tuple[int, ...]:
        """The places of the inputs that are floats."""
        return tuple(place for place, one in enumerate(self.inputs) if one.dtype.kind == "f")

    @cached_property
    def moving(self) -> tuple[int, ...]:
        """The places of the inputs that have a gradient."""
        return tuple(place for place in self.floats if self.gradients[place] is not None)

    @cached_property
    def still(self) -> tuple[int, ...]:
        """The places of the inputs that are random or state, which no gradient flows into."""
        slots = self.op.pattern.inputs
        return tuple(
            place
            for place in range(len(self.inputs))
            if name_of(self.op, place) in self.op.noise or slots[place].state
        )

    def direction(self, places: Sequence[int]) -> Direction:
        """Return a random change of the inputs at these places, as wide as their ranges allow."""
        return tuple(
            self._change(place) if place in places else None for place in range(len(self.inputs))
        )

    def _change(self, place: int) -> NDArray[np.float64]:
        name = name_of(self.op, place)
        low, high = self.example.ranges.get(name, (-2.0, 2.0))
        drawn = _normal(self.seed, f"change of input {place}", self.inputs[place].shape)
        return drawn * min(1.0, (high - low) / 4.0)

    def tangent(self, direction: Direction) -> tuple[Any, ...]:
        """Return the change of each output, ``None`` where it has none."""
        made = self.op.tangent(direction, self.y, *self.inputs, **self.settings)
        if made is None:
            return (None,) * self.op.flowing
        return made if isinstance(made, tuple) else (made,)

    def moved(self, direction: Direction, step: float) -> Arrays:
        """Return the outputs but state at the inputs plus ``step`` times a direction."""
        inputs = [
            one if change is None else one + step * change
            for one, change in zip(self.inputs, direction, strict=True)
        ]
        return self.outputs(inputs)[: self.op.flowing]

    def at(self, numbers: Mapping[str, float]) -> Trial:
        """Return the trial with the named inputs filled with a number each."""
        inputs = list(self.inputs)
        for place in range(len(inputs)):
            name = name_of(self.op, place)
            if name in numbers:
                inputs[place] = _frozen(np.full(inputs[place].shape, numbers[name]))
        return replace(self, inputs=tuple(inputs))


def as_arrays(made: Any) -> Arrays:
    """Return a rule's result, one or several, as a tuple of arrays."""
    return tuple(np.asarray(one) for one in (made if isinstance(made, tuple) else (made,)))


def flowing(op: Op, made: Any) -> Any:
    """Return what backward receives of forward's results: those that are no state."""
    if not isinstance(made, tuple) or len(made) == op.flowing:
        return made
    return made[0] if op.flowing == 1 else made[: op.flowing]


def name_of(op: Op, place: int) -> str:
    """Return the name of an input."""
    return op.input_names[place] if place < len(op.input_names) else f"input {place}"


def open_shapes(op: Op, example: Example) -> tuple[Shape, ...]:
    """Return the input shapes of an example, with ``ROWS`` where the number of rows is open."""
    if example.shapes:
        return example.shapes
    sizes: dict[str, Any] = {"n": ROWS, **example.sizes}
    fresh = iter(SIZES * 4)
    shapes: list[Shape] = []
    for slot in op.pattern.inputs:
        shape: list[Any] = []
        for letter in slot.sizes:
            if letter == "...":
                in_front = [ROWS] if len(slot.sizes) > 1 else [ROWS, 3]
                shape += [] if shape else in_front
            elif letter.isdigit():
                shape.append(int(letter))
            else:
                if letter not in sizes:
                    sizes[letter] = next(fresh)
                shape.append(sizes[letter])
        shapes.append(tuple(shape))
    return tuple(shapes)


def has_open_rows(op: Op, example: Example) -> bool:
    """Whether an example leaves the number of rows open."""
    return any(with_rows(shape) for shape in open_shapes(op, example))


def draw(op: Op, example: Example, *, rows: int = ROW_COUNT, seed: int = 0) -> Trial:
    """Return a trial with ``rows`` rows; the same seed gives the same inputs."""
    shapes = [
        tuple(rows if isinstance(size, Rows) else size for size in shape)
        for shape in open_shapes(op, example)
    ]
    known: dict[str, Any] = dict(example.sizes)
    if op.kind != "word":
        known |= op.pattern.match(shapes, op.input_names, f"an example of '{op.name}'")
    slots = zip(op.pattern.inputs, shapes, strict=True)
    names = [name_of(op, place) for place in range(len(shapes))]
    inputs = tuple(
        _frozen(_drawn(example, slot, shape, name, known, seed, name in op.noise))
        for name, (slot, shape) in zip(names, slots, strict=True)
    )
    return Trial(op, example, inputs, rows, seed)


def _counted(setting: Any, rows: int) -> Any:
    if not isinstance(setting, tuple):
        return setting
    return tuple(rows if isinstance(one, Rows) else one for one in setting)


def _drawn(
    example: Example,
    slot: Slot,
    shape: tuple[int, ...],
    name: str,
    sizes: Mapping[str, Any],
    seed: int,
    is_noise: bool,
) -> NDArray[Any]:
    count = int(np.prod(shape))
    purpose = f"input {name}"
    if slot.kind == "boolean":
        return uniform(seed, purpose, count).reshape(shape) < 0.5
    if is_noise:
        return uniform(seed, purpose, count).reshape(shape)
    if slot.kind == "integer":
        bound = int(slot.below) if slot.below.isdigit() else int(sizes[slot.below])
        return np.floor(uniform(seed, purpose, count) * bound).astype(np.int64).reshape(shape)
    if name in example.ranges:
        low, high = example.ranges[name]
        return low + (high - low) * uniform(seed, purpose, count).reshape(shape)
    return _normal(seed, purpose, shape)


def _normal(seed: int, purpose: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return normal(seed, purpose, int(np.prod(shape))).reshape(shape)


def _frozen(content: Any) -> NDArray[Any]:
    array = np.asarray(content)
    array.flags.writeable = False
    return array
