"""Building: how layers become a plan, once the sizes of the inputs are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.errors import SetupError, ShapeError
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.network.input_kinds import ReadKinds
from chainrule.network.orders import Order, order_of, refuse_other_order
from chainrule.network.plan import RANDOM, SEED, STEP, Parameter, Plan, PlannedStep
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
        self._state: dict[str, Parameter] = {}
        # What a state is after the steps so far.
        self._latest: dict[str, str] = {}
        self._shapes: dict[str, Shape] = {name: (ROWS, *one) for name, one in inputs.items()}
        self._makers: dict[str, tuple[str, str]] = {}
        self._orders: dict[str, Order] = {}
        self._kinds = ReadKinds(inputs)

    def plan(self, outputs: Sequence[str]) -> Plan:
        row_shapes = {
            name: tuple(size for size in shape if isinstance(size, int))
            for name, shape in self._shapes.items()
            if shape
        }
        return Plan(
            self._inputs,
            tuple(self._steps),
            tuple(self._parameters.values()),
            tuple(outputs),
            row_shapes,
            state=tuple(self._state.values()),
        )

    def shape(self, value: str) -> Shape:
        """Return the shape of a value over a batch, rows first."""
        return self._shapes[value]

    def row_shape(self, value: str) -> tuple[int, ...]:
        """Return the shape of a value in one row."""
        return tuple(size for size in self._shapes[value] if isinstance(size, int))

    def shown(self, value: str) -> str:
        """Return the shape of a value as it is printed."""
        return show(self._shapes[value])

    def order(self, value: str) -> Order:
        """Return whether channels stand first or features last, "" where nothing tells."""
        return self._orders.get(value, "")

    def is_input(self, value: str) -> bool:
        """Whether a value comes in with the rows."""
        return value in self._inputs

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
        part: str = "",
        remedy: str = "",
    ) -> str:
        """Append one step, whose further inputs become parameters or state of the layer.

        Those that are random are made by a step of their own in front of it.

        ``part`` stands between the layer's name and those of its parameters, ``remedy`` is what is
        said to a sequence where channels are due.
        """
        op = find_op(op_name)
        where = f"'{op_name}' of {layer}, {made_by},"
        settings = {**op.settings, **(settings or {})}
        refuse_other_order(
            op, self._shapes[inputs[0]], self.order(inputs[0]), inputs[0], where, remedy
        )
        self._kinds.read(op, inputs, where)
        owner = f"{layer}.{part}" if part else layer
        asked = dict(sizes or {}), dict(starts or {}), settings
        learned = self._learn(op, inputs, owner, where, *asked)
        kept = self._keep(op, inputs, owner, where)
        named = {**dict(zip(op.input_names, inputs, strict=False)), **learned, **kept}
        names = self._drawn(op, named, layer, made_by)
        made = _output_shapes(op, [self._shape(name) for name in names], settings, where)
        output = self._free(value or layer)
        outputs = (output, *(f"{output}:{place}" for place in range(1, len(made))))
        self._steps.append(PlannedStep(op_name, names, outputs, settings, layer, made_by))
        self._shapes.update(zip(outputs, made, strict=True))
        self._kinds.make(op, outputs)
        orders = [self.order(name) for name in inputs]
        given = [self._shapes[name] for name in inputs]
        self._orders[output] = order_of(op, given, orders, made[0])
        self._latest.update(zip(_kept_names(op, owner), outputs[op.flowing :], strict=True))
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
        while candidate in self._shapes or candidate in {**self._parameters, **self._state}:
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
        settings: Mapping[str, Any],
    ) -> dict[str, str]:
        """Return the parameter that fills each of the op's learned inputs."""
        slots = list(zip(op.input_names, op.pattern.inputs, strict=True))[len(inputs) :]
        given = (*op.learned, *op.noise, *op.state)
        missing = [name for name, _ in slots if name not in given]
        if missing:
            raise SetupError(
                f"{where} needs the input '{missing[0]}', which is not learned.",
                f"Call it on {len(op.pattern.inputs) - len(given)} layers.",
            )
        known = {**sizes, **self._known_sizes(op, inputs, where)}
        features = self._shapes[inputs[0]][-1]
        names = {}
        for name, slot in slots:
            if name not in op.learned:
                continue
            shape = tuple(_fixed_size(one, known, name, where) for one in slot.sizes)
            full = f"{layer}.{name.upper() if len(shape) > 1 and len(name) == 1 else name}"
            start = find_initializer(starts.get(name, op.learned[name]))
            fan_in = math.prod(shape[:-1]) if len(shape) > 1 else _as_fan(features)
            fan_out = shape[-1] if shape else 1
            if name in op.fans:
                fan_in, fan_out = op.fans[name](**known, **settings)
            self._enter(Parameter(full, shape, start, fan_in, fan_out), (op.name, layer), where)
            names[name] = full
        return names

    def _known_sizes(self, op: Op, inputs: tuple[str, ...], where: str) -> dict[str, Size]:
        known: dict[str, Size] = {}
        slots = zip(op.input_names, op.pattern.inputs, inputs, strict=False)
        for name, slot, value in slots:
            known.update(op.pattern.pairs(slot, self._shapes[value], name, where))
        return known

    def _keep(self, op: Op, inputs: tuple[str, ...], layer: str, where: str) -> dict[str, str]:
        """Return the value that fills each state input: the layer's own, or what it is by now."""
        names = {}
        known = self._known_sizes(op, inputs, where) if op.state else {}
        for name, slot in zip(op.input_names, op.pattern.inputs, strict=True):
            if not slot.state:
                continue
            full = f"{layer}.{name}"
            shape = tuple(_fixed_size(one, known, name, where) for one in slot.sizes)
            start = find_initializer(op.state[name])
            self._enter(Parameter(full, shape, start, 1, 1), (op.name, layer), where, state=True)
            names[name] = self._latest.get(full, full)
        return names

    def _drawn(self, op: Op, names: Mapping[str, str], layer: str, made_by: str) -> tuple[str, ...]:
        """Return what fills every input, after a step for each of those that are random."""
        filled = dict(names)
        for name, like in op.noise.items():
            for given in (SEED, STEP):
                if given in self._inputs or self._shapes.setdefault(given, ()) != ():
                    raise SetupError(
                        f"'{given}' names a layer or an input in front of {layer}, {made_by}, "
                        "which draws random numbers by the seed and the step of a training.",
                        f"Write name='{given}_layer', for example.",
                    )
            made = self._free(f"{layer}.{name}")
            read = (SEED, STEP, names[like])
            self._steps.append(
                PlannedStep(RANDOM, read, (made,), {"purpose": made}, layer, made_by)
            )
            self._shapes[made] = self._shape(names[like])
            filled[name] = made
        return tuple(filled[name] for name in op.input_names)

    def _shape(self, name: str) -> Shape:
        for known in (self._parameters, self._state):
            if name in known:
                return known[name].shape
        return self._shapes[name]

    def _enter(
        self, new: Parameter, maker: tuple[str, str], where: str, state: bool = False
    ) -> None:
        """Keep a new parameter or state; a layer that is used again meets its own once more."""
        if new.name in self._shapes or self._makers.setdefault(new.name, maker) != maker:
            raise SetupError(
                f"{where} learns '{new.name}', and this name is taken by another value.",
                "Give the learned input of the op another name.",
            )
        old = (self._state if state else self._parameters).setdefault(new.name, new)
        if old.shape != new.shape:
            raise ShapeError(
                f"{where} uses {new.name} as {new.shape}, but it was made as {old.shape}.",
                "A layer that is used twice needs inputs of one width.",
            )


def _kept_names(op: Op, layer: str) -> list[str]:
    """Return the names of a layer's state, in the order of the op's inputs."""
    slots = zip(op.input_names, op.pattern.inputs, strict=True) if op.state else ()
    return [f"{layer}.{name}" for name, slot in slots if slot.state]


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
