"""A graph of layers: from inputs to outputs, before its sizes are known."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.network.building import Building
from chainrule.network.layers import Activation, Dense, Input, Layer, Node
from chainrule.network.plan import Plan

Sizes = Mapping[str, tuple[int, ...]]
# What an objective calls its own values, so that no layer may.
RESERVED = re.compile(
    r"(weight|target|loss|row_loss|loss_to|time_loss|time_weight)(_\d+)?|parameters|frozen"
)


@dataclass(frozen=True, eq=False)
class Graph:
    """Where rows come in and where outputs are taken; the nodes know what stands before them."""

    inputs: tuple[Input, ...]
    outputs: tuple[Node, ...]

    def __post_init__(self) -> None:
        for node in self.nodes:
            if isinstance(node, Input) and node not in self.inputs:
                raise SetupError(
                    f"{node} leads to an output and is not among inputs=[...].",
                    "List every Input that the outputs need.",
                )
            if _open(node) and node not in self.outputs:
                raise SetupError(
                    f"{node.layer} leaves its width to the data, but it is not the last layer.",
                    "Give its number of units; only the Dense of an output can do without.",
                )
        idle = [one for one in self.inputs if one not in self.nodes]
        if idle:
            raise SetupError(f"{idle[0]} leads to no output.", "Connect it or leave it out.")
        self._check_names()

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that the outputs need, each after those before it."""
        order: list[Node] = []
        seen: set[Node] = set()
        waiting = [(node, False) for node in reversed(self.outputs)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                waiting.append((node, True))
                waiting.extend((one, False) for one in reversed(node.before))
        return tuple(order)

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs: their own, else ``x``, or ``x_1``, ``x_2``, ... for several."""
        single = len(self.inputs) == 1
        return tuple(
            one.name or ("x" if single else f"x_{place}")
            for place, one in enumerate(self.inputs, start=1)
        )

    @cached_property
    def layer_names(self) -> dict[Layer, str]:
        """Layers by kind and number from 1, unless they have a name of their own."""
        names: dict[Layer, str] = {}
        counts: dict[str, int] = {}
        for node in self.nodes:
            layer = node.layer
            if layer is None or layer in names:
                continue
            counts[layer.kind] = counts.get(layer.kind, 0) + (layer.name is None)
            names[layer] = layer.name or f"{layer.kind}_{counts[layer.kind]}"
        return names

    @property
    def complete(self) -> bool:
        """Whether no size is left to the data."""
        return all(one.size is not None for one in self.inputs) and not any(
            _open(node) for node in self.outputs
        )

    def plan(self, input_sizes: Sizes, widths: Sequence[int] | None = None) -> Plan:
        """Return the plan for these sizes of the inputs and widths of the outputs.

        Raises ShapeError for sizes that do not meet, SetupError for one that is missing.
        """
        values: dict[Node, str] = dict(zip(self.inputs, self.input_names, strict=True))
        names = self.layer_names
        open_widths = {
            names[node.layer]: width
            for node, width in zip(self.outputs, widths or (), strict=widths is not None)
            if node.layer is not None and _open(node)
        }
        building = Building(self._sizes(input_sizes), open_widths)
        for node in self.nodes:
            if node.layer is not None:
                before = tuple(values[one] for one in node.before)
                values[node] = node.layer.append(building, names[node.layer], before)
        return building.plan([values[node] for node in self.outputs])

    def ended(self, plan: Plan, widths: Sequence[int]) -> Graph:
        """Return the graph with a Dense behind each output that is activated in another width.

        ``plan`` is the plan of this graph, ``widths`` what the data asks of each output.
        """
        outputs = tuple(
            Dense(width)(node) if _activated(node) and plan.shapes[value][-1] != width else node
            for node, value, width in zip(self.outputs, plan.outputs, widths, strict=True)
        )
        return self if outputs == self.outputs else Graph(self.inputs, outputs)

    def _sizes(self, given: Sizes) -> dict[str, tuple[int, ...]]:
        """Return the size of one row of each input, its own or the given one."""
        unknown = [name for name in given if name not in self.input_names]
        if unknown:
            raise SetupError(
                f"The network has no input '{unknown[0]}'.", nearest(unknown[0], self.input_names)
            )
        sizes: dict[str, tuple[int, ...]] = {}
        for node, name in zip(self.inputs, self.input_names, strict=True):
            own = node.row_shape
            found = given.get(name, own)
            if found is None:
                raise SetupError(
                    f"The size of the input '{name}' is left to the data, but there are no data.",
                    "Put Input(4) first, for example.",
                )
            if own is not None and found != own:
                raise ShapeError(
                    f"The network expects n {' '.join(map(str, own))} as '{name}' ({node}), and "
                    f"each row has {' x '.join(map(str, found))} numbers.",
                    _fitting(own, found),
                )
            sizes[name] = found
        return sizes

    def _check_names(self) -> None:
        seen: set[str] = set()
        for name in (*self.input_names, *self.layer_names.values()):
            if not str(name).isidentifier():
                raise SetupError(
                    f"{name!r} cannot name a layer.", "Use letters, digits and underscores."
                )
            if RESERVED.fullmatch(name):
                raise SetupError(
                    f"'{name}' cannot name a layer: the loss uses this name.",
                    f"Write '{name}_layer', for example.",
                )
            if name in seen:
                raise SetupError(f"Two layers are named '{name}'.", "Give one another name.")
            seen.add(name)


def in_a_row(layers: Sequence[Any]) -> Graph:
    """Return the graph of layers that follow each other, behind an Input where none is given."""
    start = layers[0] if layers and isinstance(layers[0], Input) else Input()
    rest = [one for one in layers if one is not start]
    if not rest:
        raise SetupError("A network needs a layer.", "Write Network(Dense(3)), for example.")
    node: Node = start
    for layer in rest:
        if not isinstance(layer, Layer):
            raise SetupError(
                f"{layer!r} is not a layer.",
                "Put layers one after another: Network(Input(4), Dense(16, 'tanh'), Dense(3)).",
            )
        node = layer(node)
    return Graph((start,), (node,))


def from_ends(inputs: Sequence[Any], outputs: Sequence[Any]) -> Graph:
    """Return the graph between inputs and outputs."""
    for one in inputs:
        if not isinstance(one, Input):
            raise SetupError(f"{one!r} is not an input.", "List what Input(...) returned.")
    for node in outputs:
        if not isinstance(node, Node) or node.layer is None:
            raise SetupError(
                f"{node!r} is not an output.",
                "List what layers returned that were called: Dense(3)(before).",
            )
    if not inputs or not outputs:
        raise SetupError(
            "A network needs inputs and outputs.",
            "Give both lists: Network(inputs=[left, right], outputs=[score]).",
        )
    return Graph(tuple(inputs), tuple(outputs))


def _fitting(own: tuple[int, ...], found: tuple[int, ...]) -> str:
    """Return what brings rows to the shape that is expected, or the network to theirs."""
    if len(own) > 1 and found == own[1:] and own[0] == 1:
        return "Give them their one channel: X[:, None]."
    if math.prod(own) == math.prod(found):
        return f"Give them that shape: X.reshape({', '.join(map(str, (-1, *own)))})."
    if len(own) > 1 or len(found) > 1:
        return "Give the shape of one row to Input(), or leave Input() out."
    return "Give the number of columns to Input(), or leave Input() out."


def _open(node: Node) -> bool:
    return isinstance(node.layer, Dense) and node.layer.units is None


def _activated(node: Node) -> bool:
    ends_in = node.layer.activation if isinstance(node.layer, Dense | Activation) else None
    return ends_in not in (None, "identity")
