"""A plan: a network as data. Steps that name ops, parameters with shapes, inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array, concatenate, reshape, slice_of
from chainrule.errors import SetupError
from chainrule.network.initializers import Initializer, Place
from chainrule.ops import find_op
from chainrule.ops.patterns import Slot
from chainrule.ops.prediction import without_noise
from chainrule.ops.walks import Step
from chainrule.shapes import ROWS, Kind, Shape

# What a network that draws random numbers is given in every step of a training.
SEED, STEP = "seed", "step"
RANDOM = "random"


@dataclass(frozen=True)
class PlannedStep:
    """One step: which op makes which values of which, and the layer that it belongs to."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: Mapping[str, Any]
    layer: str
    made_by: str


@dataclass(frozen=True)
class Parameter:
    """One learned array: name, shape, how it starts, and the fans that scale its start.

    A value of a network's state has the same parts, and is not learned but carried along.
    """

    name: str
    shape: tuple[int, ...]
    start: Initializer
    fan_in: int
    fan_out: int

    @cached_property
    def size(self) -> int:
        return math.prod(self.shape)

    def draw(self, seed: int) -> NDArray[np.float64]:
        purpose = f"start of {self.name}"
        return self.start.draw(Place(self.shape, self.fan_in, self.fan_out, seed, purpose))


@dataclass(frozen=True, eq=False)
class Plan:
    """A network whose sizes are all known. Shapes are those of one row, without the rows.

    ``steps`` are those of training. Random numbers are made by steps of their own, with the op
    ``random``, of ``seed``, ``step`` and the value whose shape they have; ``state`` are the values
    that training carries from step to step, which the outputs of their steps replace.

    Two plans are equal when they are one, so that what is traced from a plan can be kept for it.
    """

    inputs: Mapping[str, tuple[int, ...]]
    steps: tuple[PlannedStep, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    state: tuple[Parameter, ...] = ()

    @cached_property
    def walk(self) -> tuple[Step, ...]:
        """The steps of training with their ops looked up, ready for the walks."""
        return tuple(
            Step(find_op(one.op), one.inputs, one.outputs, one.settings) for one in self.steps
        )

    @cached_property
    def prediction_walk(self) -> tuple[Step, ...]:
        """The steps of prediction: without random numbers, and state is read as it is."""
        if not self.draws and all(one.op.forward_predict is None for one in self.walk):
            return self.walk
        return _predicting(self.walk)

    def walk_while_still(self, still: frozenset[str]) -> tuple[Step, ...]:
        """Return the steps of training in which layers predict whose state is to stay."""
        return _predicting(self.walk, still) if still else self.walk

    @cached_property
    def draws(self) -> bool:
        """Whether training draws random numbers."""
        return any(one.op == RANDOM for one in self.steps)

    @cached_property
    def state_after(self) -> dict[str, str]:
        """State -> the value that replaces it after a step."""
        return {state: value for value, state in _states(self.walk).items()}

    @cached_property
    def fewest_rows(self) -> dict[str, int]:
        """Layer -> how many rows a step of training needs there, where it is more than one."""
        found = {}
        for one, step in zip(self.steps, self.walk, strict=True):
            if step.op.fewest_rows is not None:
                rows = step.op.fewest_rows(*(self._row_shape(name) for name in one.inputs))
                if rows > 1:
                    found[one.layer] = rows
        return found

    @property
    def rows_needed(self) -> int:
        """How many rows every step of a training has to have."""
        return max(self.fewest_rows.values(), default=1)

    def _row_shape(self, name: str) -> tuple[int, ...]:
        known = {one.name: one.shape for one in (*self.parameters, *self.state)}
        return known[name] if name in known else self.shapes[name]

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """The kind of each input: what the steps that read it take."""
        found: dict[str, Kind] = dict.fromkeys(self.inputs, "float")
        for step in self.walk:
            for slot, name in _read_slots(step):
                if name in found and slot.kind != "float":
                    found[name] = slot.kind
        return found

    @cached_property
    def choices(self) -> dict[str, int]:
        """Input of whole numbers -> how many it chooses from: the numbers are below that."""
        found: dict[str, int] = {}
        for step in self.walk:
            for slot, name in _read_slots(step):
                if name in self.inputs and slot.kind == "integer":
                    bound = self._bound(step, slot.below)
                    found[name] = min(bound, found.get(name, bound))
        return found

    def _bound(self, step: Step, below: str) -> int:
        """Return what the whole numbers of a slot are below, by the sizes of the other inputs."""
        if below.isdigit():
            return int(below)
        for slot, name in _read_slots(step):
            sizes = dict(slot.pairs((ROWS, *self._row_shape(name))) or ())
            if name in self.by_name:
                sizes = dict(slot.pairs(self.by_name[name].shape) or ())
            size = sizes.get(below)
            if isinstance(size, int):
                return size
        raise SetupError(
            f"The op '{step.op.name}' takes whole numbers below '{below}', which is no size of its "
            "inputs.",
            "Name a size of another input in its pattern.",
        )

    @cached_property
    def by_name(self) -> dict[str, Parameter]:
        return {one.name: one for one in self.parameters}

    @cached_property
    def layout(self) -> Layout:
        """Where each parameter stands in one flat vector of all of them."""
        return Layout(self.parameters)

    @cached_property
    def whole(self) -> Layout:
        """Where each parameter, and then each value of the state, stands in one flat vector."""
        return Layout((*self.parameters, *self.state))

    def open_shape(self, value: str) -> Shape:
        """The shape of a value over a batch: rows first."""
        return (ROWS, *self.shapes[value])


def _read_slots(step: Step) -> list[tuple[Slot, str]]:
    """Return the slots of a step with what fills them; a word takes any kind."""
    if step.op.kind == "word":
        return []
    names = [str(name) for name in step.inputs]
    return list(zip(step.op.pattern.inputs, names, strict=False))


def _states(walk: Sequence[Step]) -> dict[Any, Any]:
    """Return the last value of each state -> the state, also over layers that are used twice."""
    origin: dict[Any, Any] = {}
    for step in walk:
        for given, made in _kept(step):
            origin[made] = origin.pop(given, given)
    return origin


def _kept(step: Step) -> list[tuple[Any, Any]]:
    """Return what a step is given of each state, and what it makes of it."""
    slots = step.op.pattern.inputs if step.op.state else ()
    given = [name for name, slot in zip(step.inputs, slots, strict=False) if slot.state]
    return list(zip(given, step.outputs[step.op.flowing :], strict=True))


def _predicting(walk: Sequence[Step], still: frozenset[str] | None = None) -> tuple[Step, ...]:
    """Return the steps of prediction; with ``still``, for the layers of these states alone."""
    steps: list[Step] = []
    origin: dict[Any, Any] = {}
    for step in walk:
        kept = [(origin.get(given, given), made) for given, made in _kept(step)]
        trains = still is not None and not (kept and still.issuperset(state for state, _ in kept))
        if step.op.name == RANDOM and not trains:
            continue
        if trains or step.op.forward_predict is None:
            steps.append(step)
            continue
        origin.update((made, state) for state, made in kept)
        given = without_noise(step.op, step.inputs)
        read = tuple(origin.get(name, name) for name in given)
        steps.append(Step(step.op.prediction, read, step.flowing, step.settings))
    return tuple(steps)


@dataclass(frozen=True)
class Layout:
    """Named slices of one flat vector, in the order of ``parameters``."""

    parameters: tuple[Parameter, ...]

    @cached_property
    def size(self) -> int:
        return sum(one.size for one in self.parameters)

    @cached_property
    def starts(self) -> dict[str, int]:
        starts, total = {}, 0
        for one in self.parameters:
            starts[one.name] = total
            total += one.size
        return starts

    def named(self, flat: Array) -> dict[str, Array]:
        """Return name -> array, each a slice of the flat vector."""
        return {
            one.name: reshape(
                slice_of(flat, 0, self.starts[one.name], self.starts[one.name] + one.size),
                one.shape,
            )
            for one in self.parameters
        }

    def flat(self, named: Mapping[str, Any]) -> Array:
        """Return the flat vector of named arrays; empty for no parameters."""
        if not self.parameters:
            return np.zeros(0)
        return concatenate([reshape(named[one.name], (-1,)) for one in self.parameters], axis=0)

    def flat_array(self, named: Mapping[str, Any], dtype: str) -> NDArray[Any]:
        """Return the flat vector of named NumPy arrays in a type; empty for no parameters."""
        parts = [np.asarray(named[one.name], dtype=dtype).reshape(-1) for one in self.parameters]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)

    def named_arrays(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return name -> copy of its slice."""
        return {
            one.name: flat[start : start + one.size].reshape(one.shape).copy()
            for one in self.parameters
            for start in (self.starts[one.name],)
        }

    def spread(self, chosen: Mapping[str, float], otherwise: float = 0.0) -> NDArray[np.float64]:
        """Return one number for each element, from numbers for names."""
        parts: Sequence[NDArray[np.float64]] = [
            np.full(one.size, chosen.get(one.name, otherwise)) for one in self.parameters
        ]
        return np.concatenate(parts) if parts else np.zeros(0)
