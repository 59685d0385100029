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
from chainrule.network.initializers import Initializer, Place
from chainrule.ops import find_op
from chainrule.ops.walks import Step
from chainrule.shapes import ROWS, Shape


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
    """One learned array: name, shape, how it starts, and the fans that scale its start."""

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

    Two plans are equal when they are one, so that what is traced from a plan can be kept for it.
    """

    inputs: Mapping[str, tuple[int, ...]]
    steps: tuple[PlannedStep, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def walk(self) -> tuple[Step, ...]:
        """The steps with their ops looked up, ready for the walks."""
        return tuple(
            Step(find_op(one.op), one.inputs, one.outputs, one.settings) for one in self.steps
        )

    @cached_property
    def by_name(self) -> dict[str, Parameter]:
        return {one.name: one for one in self.parameters}

    @cached_property
    def layout(self) -> Layout:
        """Where each parameter stands in one flat vector of all of them."""
        return Layout(self.parameters)

    def open_shape(self, value: str) -> Shape:
        """The shape of a value over a batch: rows first."""
        return (ROWS, *self.shapes[value])


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
