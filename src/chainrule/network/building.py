"""Building: how layers become a plan, once the sizes of the inputs are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.errors import SetupError, ShapeError
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.network.plan import Parameter, Plan, PlannedStep
from chainrule.ops import Op, find_op
from chainrule.shapes import ROWS, Rows, Shape, Size, show


class Building:
    """A plan in the making. Layers call ``apply``; it works out shapes and parameters."""

    def __init__(self, inputs: Mapping[str, tuple[int, ...]], widths: Mapping[str, int]) -> None:
        """Take the shape of one row of each input, and the widths of layers that leave theirs."""
        self._inputs = dict(inputs)
        self._widths = dict(widths)
        self._steps: list[PlannedStep] = []
        self._parameters: dict[str, Parameter] = {}
        self._shapes: dict[str, Shape] = {name: (ROWS, *one) for name, one in inputs.items()}
        self._makers: dict[str, tuple[str, str]] = {}

    def plan(self, outputs: Sequence[str]) -> Plan:
        row_shapes = {
            name: tuple(size for size in shape if isinstance(size, int))
            for name, shape in self._shapes.items()
        }
        return Plan(
            self._inputs,
            tuple(self._steps),
            tuple(self._parameters.values()),
            tuple(outputs),
            row_shapes,
        )

    def exactly(self, inputs: tuple[str, ...], count: int, layer: object) -> tuple[str, ...]:
        if len(inputs) != count:
            raise SetupError(
                f"{layer} takes {count} input{'s' * (count > 1)} and was called on {len(inputs)}.",
                "Join several with Concatenate() or Add() first.",
            )
        return inputs

    def of_one_shape(self, inputs: tuple[str, ...], layer: object) -> None:
        """Refuse inputs of different shapes, which arithmetic alone would spread to each other."""
        shapes = {value: self._shapes[value] for value in inputs}
        if len(set(shapes.values())) > 1:
            given = ", ".join(f"{value} is {show(shape)}" for value, shape in shapes.items())
            raise ShapeError(
                f"{layer} takes values of one shape, but {given}.",
                "Give the layers before it the same number of units.",
            )

    def width_left_to_data(self, name: str) -> int:
        if name not in self._widths:
            raise SetupError(
                f"The width of '{name}' is left to the data, but there are no data yet.",
                "Write Dense(3) with a number, or train the network.",
            )
        return self._widths[name]

    def apply(
        self,
        op_name: str,
        inputs: tuple[str, ...],
        *,
        layer: str,
        made_by: str,
        value: str | None = None,
        sizes: Mapping[str, int] | None = None,
        starts: Mapping[str, str | Initializer] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> str:
        """Append one step; further inputs of the op become parameters of the layer."""
        op = find_op(op_name)
        where = f"'{op_name}' of {layer}, {made_by},"
        settings = {**op.settings, **(settings or {})}
        learned = self._learn(op, inputs, layer, where, dict(sizes or {}), dict(starts or {}))
        names = (*inputs, *learned)
        given = [self._shapes[name] for name in inputs]
        given += [self._parameters[name].shape for name in learned]
        made = _output_shapes(op, given, settings, where)
        output = self._free(value or layer)
        outputs = (output, *(f"{output}:{place}" for place in range(1, len(made))))
        self._steps.append(PlannedStep(op_name, names, outputs, settings, layer, made_by))
        self._shapes.update(zip(outputs, made, strict=True))
        if [place for place, size in enumerate(made[0]) if isinstance(size, Rows)] != [0]:
            raise ShapeError(
                f"{where} gives {show(made[0])}, which is not one result for each row.",
                "A layer keeps the rows in front.",
            )
        return output

    def fold(self, op_name: str, inputs: tuple[str, ...], name: str, layer: object) -> str:
        """Append a chain of two-input steps over several inputs."""
        if len(inputs) < 2:
            raise SetupError(
                f"{layer} joins two layers or more and was called on {len(inputs)}.",
                f"Call it on several: {layer}(left, right).",
            )
        value = inputs[0]
        for place, other in enumerate(inputs[1:], start=1):
            last = place == len(inputs) - 1
            value = self.apply(
                op_name,
                (value, other),
                layer=name,
                made_by=str(layer),
                value=name if last else f"{name}.{place}",
            )
        return value

    def _free(self, name: str) -> str:
        """Return a value name that is not taken: a layer used again gets ``@2``."""
        candidate, use = name, 1
        while candidate in self._shapes or candidate in self._parameters:
            use += 1
            candidate = f"{name}@{use}"
        return candidate

    def _learn(
        self,
        op: Op,
        inputs: tuple[str, ...],
        layer: str,
        where: str,
        sizes: dict[str, int],
        starts: dict[str, str | Initializer],
    ) -> list[str]:
        """Return the names of the parameters that fill the op's further inputs."""
        slots = list(zip(op.input_names, op.pattern.inputs, strict=True))[len(inputs) :]
        missing = [name for name, _ in slots if name not in op.learned]
        if missing:
            raise SetupError(
                f"{where} needs the input '{missing[0]}', which is not learned.",
                f"Call it on {len(op.pattern.inputs) - len(op.learned)} layers.",
            )
        known: dict[str, Size] = dict(sizes)
        for slot, value in zip(op.pattern.inputs, inputs, strict=False):
            given = self._shapes[value]
            known.update(zip(reversed(slot.sizes), reversed(given), strict=False))
        features = self._shapes[inputs[0]][-1]
        names = []
        for name, slot in slots:
            shape = tuple(_fixed_size(one, known, name, where) for one in slot.sizes)
            full = f"{layer}.{name.upper() if len(shape) > 1 and len(name) == 1 else name}"
            start = find_initializer(starts.get(name, op.learned[name]))
            fan_in = math.prod(shape[:-1]) if len(shape) > 1 else _as_fan(features)
            fan_out = shape[-1] if shape else 1
            self._enter(Parameter(full, shape, start, fan_in, fan_out), (op.name, layer), where)
            names.append(full)
        return names

    def _enter(self, new: Parameter, maker: tuple[str, str], where: str) -> None:
        """Keep a new parameter; a layer that is used again meets its own once more."""
        if new.name in self._shapes or self._makers.setdefault(new.name, maker) != maker:
            raise SetupError(
                f"{where} learns '{new.name}', and this name is taken by another value.",
                "Give the learned input of the op another name.",
            )
        old = self._parameters.setdefault(new.name, new)
        if old.shape != new.shape:
            raise ShapeError(
                f"{where} uses {new.name} as {new.shape}, but it was made as {old.shape}.",
                "A layer that is used twice needs inputs of one width.",
            )


def _output_shapes(
    op: Op, given: Sequence[Shape], settings: Mapping[str, Any], where: str
) -> tuple[Shape, ...]:
    """Return the shapes that an op makes; an error says which layer asked for it."""
    try:
        return op.output_shapes(given, settings, where)
    except ShapeError as error:
        if where in error.cause:
            raise
        raise ShapeError(f"{where} expects {op.shapes}: {error.cause}", error.remedy) from None


def _fixed_size(letter: str, known: Mapping[str, Size], name: str, where: str) -> int:
    """Return a size of a parameter, which may not depend on the number of rows."""
    size = int(letter) if letter.isdigit() else known.get(letter)
    if size is None:
        raise SetupError(
            f"{where} leaves the size '{letter}' of {name} open.",
            f"Give it: sizes={{'{letter}': 16}}.",
        )
    if isinstance(size, Rows):
        raise ShapeError(
            f"{where} would learn {name} for each row of a batch.",
            "Give the learned input sizes that do not depend on the rows.",
        )
    return size


def _as_fan(features: Size) -> int:
    return features if isinstance(features, int) else 1
