"""A network: layers, the plan that they make once sizes are known, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.network.building import Building
from chainrule.network.layers import Dense, Input, Layer, Node
from chainrule.network.plan import Layout, Plan

Parameters = Mapping[str, NDArray[Any]]


class Network:
    """Layers in a row, or a graph of layers from ``inputs`` to ``outputs``.

        Network(Dense(16, "tanh"), Dense(3))
        Network(inputs=[left, right], outputs=[score])

    The size of the first input and the width of a last ``Dense()`` may be left to the data.
    ``parameters`` (name -> array) gives first values; what is not given is drawn when training
    starts, or here when a ``seed`` is given. A network never changes: training returns another.
    Raises SetupError for layers that do not fit together, ShapeError for sizes that do not meet.
    """

    def __init__(
        self,
        *layers: Layer | Input,
        inputs: Sequence[Input] | None = None,
        outputs: Sequence[Node] | None = None,
        parameters: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        if outputs is not None:
            self._inputs, self._outputs = tuple(inputs or ()), tuple(outputs)
        else:
            self._inputs, self._outputs = _in_a_row(layers)
        if layers and outputs is not None:
            raise SetupError(
                "A network was given both layers in a row and outputs.", "Give one of the two."
            )
        if not self._outputs:
            raise SetupError("A network needs a layer.", "Write Network(Dense(3)), for example.")
        self._given: dict[str, NDArray[np.float64]] = {
            name: np.array(content, dtype=np.float64)
            for name, content in (parameters or {}).items()
        }
        self._plan: Plan | None = None
        self._parameters: dict[str, NDArray[Any]] | None = None
        if all(one.size is not None for one in self._inputs) and not self._open_width():
            self._plan = self._make_plan({}, None)
            _check_given(self._plan, self._given)
            if seed is not None or set(self._given) == set(self._plan.by_name):
                self._parameters = _drawn(self._plan, self._given, seed or 0)
        elif seed is not None:
            raise SetupError(
                "A network whose sizes are left to the data cannot draw its start.",
                "Put Input(4) first, or give the seed to train().",
            )

    # ---- what it is ----

    @property
    def plan(self) -> Plan:
        """The network as data. Raises SetupError while sizes are left to the data."""
        if self._plan is None:
            raise SetupError(
                "The network's input size is left to the data, so it has no shapes yet.",
                "Put Input(4) first, or train it.",
            )
        return self._plan

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, ``x`` for a single one without a name."""
        single = len(self._inputs) == 1
        return tuple(
            one.name or ("x" if single else f"x_{place}")
            for place, one in enumerate(self._inputs, start=1)
        )

    @property
    def output_count(self) -> int:
        return len(self._outputs) or len(self.plan.outputs)

    @property
    def has_parameters(self) -> bool:
        """Whether every parameter has values."""
        return self._parameters is not None

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        """Name -> array, in the order of the steps. Raises SetupError while nothing is drawn."""
        if self._parameters is None:
            raise SetupError(
                "The network has no parameters yet.",
                "Train it, or draw them: Network(..., seed=0).",
            )
        return {name: content.copy() for name, content in self._parameters.items()}

    @property
    def parameter_count(self) -> int:
        return sum(one.size for one in self.plan.parameters)

    # ---- other networks made from it ----

    def sized(
        self, input_sizes: Mapping[str, tuple[int, ...]], last_width: int | None = None
    ) -> Network:
        """Return the network with its sizes filled in from data.

        ``last_width``: what the last ``Dense()`` is to have. A network that ends in an activation
        of another width gets a Dense of that width behind it.
        """
        if self._plan is not None and not self._open_width():
            for name, shape in input_sizes.items():
                if self._plan.inputs.get(name) != shape:
                    raise ShapeError(
                        f"The network expects {self._plan.inputs.get(name)} as {name}, and the "
                        f"rows have {shape}.",
                        "Give the columns that the network was made for.",
                    )
        if not self._outputs:
            return self
        plan = self._make_plan(input_sizes, last_width)
        outputs = self._outputs
        width = plan.shapes[plan.outputs[0]][-1]
        last = self._outputs[0].layer
        if (
            last_width is not None
            and width != last_width
            and len(outputs) == 1
            and isinstance(last, Dense)
            and last.activation not in (None, "identity")
        ):
            outputs = (Dense(last_width)(outputs[0]),)
        new = Network.__new__(Network)
        new._inputs, new._outputs, new._given = self._inputs, outputs, self._given
        new._plan, new._parameters = None, None
        new._plan = new._make_plan(input_sizes, last_width)
        _check_given(new._plan, new._given)
        new._parameters = self._parameters if outputs is self._outputs else None
        return new

    def started(self, seed: int) -> Network:
        """Return the network with every parameter drawn that has no value yet."""
        if self._parameters is not None:
            return self
        return self.with_parameters(_drawn(self.plan, self._given, seed))

    def with_parameters(self, parameters: Parameters) -> Network:
        """Return the network with these values (name -> array, all of them)."""
        _check_given(self.plan, parameters)
        missing = [name for name in self.plan.by_name if name not in parameters]
        if missing:
            raise SetupError(f"There is no value for {missing[0]}.", "Give all parameters.")
        new = Network.__new__(Network)
        new._inputs, new._outputs, new._given = self._inputs, self._outputs, {}
        new._plan = self._plan
        new._parameters = {name: np.array(parameters[name]) for name in self.plan.by_name}
        return new

    @classmethod
    def from_plan(cls, plan: Plan, parameters: Parameters | None = None) -> Network:
        """Return the network of a plan, as it is read from a file."""
        new = cls.__new__(cls)
        new._inputs = tuple(Input(shape[0], name) for name, shape in plan.inputs.items())
        new._outputs, new._given, new._plan, new._parameters = (), {}, plan, None
        return new if parameters is None else new.with_parameters(parameters)

    # ---- use ----

    def __call__(self, *inputs: Any) -> Any:
        """Return the outputs (logits, not yet probabilities) for rows, as NumPy arrays.

        One input array (rows, features) for each input of the network; one output array (rows,
        outputs), or a tuple of them for a network of several outputs.
        """
        from chainrule.network.backpropagation import outputs_of

        results = outputs_of(self, inputs)
        return results[0] if len(results) == 1 else results

    def __str__(self) -> str:
        from chainrule.network.printing import network_table

        return network_table(self)

    def __repr__(self) -> str:
        if self._plan is None:
            return "Network(sizes left to the data)"
        return f"Network({len(self._plan.steps)} steps, {self.parameter_count} parameters)"

    # ---- inside ----

    def _open_width(self) -> bool:
        return any(
            isinstance(node.layer, Dense) and node.layer.units is None
            for node in _nodes(self._outputs)
        )

    def _make_plan(
        self, input_sizes: Mapping[str, tuple[int, ...]], last_width: int | None
    ) -> Plan:
        if self._plan is not None and not self._outputs:
            return self._plan
        sizes: dict[str, tuple[int, ...]] = {}
        values: dict[Node, str] = {}
        for node, name in zip(self._inputs, self.input_names, strict=True):
            found = input_sizes.get(name)
            sizes[name] = (node.size,) if found is None and node.size else found or ()
            if node.size is not None and sizes[name] != (node.size,):
                raise ShapeError(
                    f"Input({node.size}) expects rows of {node.size} features, and '{name}' has "
                    f"{sizes[name]}.",
                    "Give the number of columns to Input(), or leave Input() out.",
                )
            values[node] = name
        building = Building(sizes, last_width)
        names = _layer_names(_nodes(self._outputs))
        for node in _nodes(self._outputs):
            if node.layer is None:
                if node not in values:
                    raise SetupError(
                        "An Input of the graph is not among inputs=[...].", "List every Input."
                    )
                continue
            before = tuple(values[one] for one in node.before)
            values[node] = node.layer.append(building, names[node.layer], before)
        return building.plan([values[node] for node in self._outputs])


def _in_a_row(layers: Sequence[Layer | Input]) -> tuple[tuple[Input, ...], tuple[Node, ...]]:
    """Return input and output of layers that follow each other."""
    rest = list(layers)
    start = rest.pop(0) if rest and isinstance(rest[0], Input) else Input()
    node: Node = start
    for layer in rest:
        if not isinstance(layer, Layer):
            raise SetupError(
                f"{layer!r} is not a layer.", "Put layers such as Dense(16, 'tanh') in a row."
            )
        node = layer(node)
    return (start,), (node,) if rest else ()


def _nodes(outputs: Sequence[Node]) -> list[Node]:
    """Return the nodes that the outputs need, each after those before it."""
    order: list[Node] = []
    seen: set[int] = set()
    waiting = [(node, False) for node in reversed(outputs)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting.extend((one, False) for one in reversed(node.before))
    return order


def _layer_names(nodes: Sequence[Node]) -> dict[Layer, str]:
    """Name layers by kind and number from 1, unless they have a name of their own."""
    names: dict[Layer, str] = {}
    counts: dict[str, int] = {}
    for node in nodes:
        layer = node.layer
        if layer is None or layer in names:
            continue
        if layer.own_name is not None:
            name = layer.own_name
        else:
            counts[layer.kind] = counts.get(layer.kind, 0) + 1
            name = f"{layer.kind}_{counts[layer.kind]}"
        if name in names.values():
            raise SetupError(f"Two layers are named '{name}'.", "Give one of them another name.")
        names[layer] = name
    return names


def _check_given(plan: Plan, given: Parameters) -> None:
    for name, content in given.items():
        if name not in plan.by_name:
            raise SetupError(
                f"The network has no parameter '{name}'.", nearest(name, plan.by_name)
            )
        due = plan.by_name[name].shape
        if np.shape(content) != due:
            raise ShapeError(
                f"{name} is {due}, and was given as {np.shape(content)}.",
                "Shapes are (inputs, units) for weights and (units,) for biases.",
            )


def _drawn(plan: Plan, given: Parameters, seed: int) -> dict[str, NDArray[Any]]:
    return {
        one.name: np.array(given[one.name]) if one.name in given else one.draw(seed)
        for one in plan.parameters
    }


def layout_of(plan: Plan, frozen: frozenset[str] = frozenset()) -> tuple[Layout, Layout]:
    """Return the layouts of the trained and of the frozen parameters."""
    trained = tuple(one for one in plan.parameters if one.name not in frozen)
    still = tuple(one for one in plan.parameters if one.name in frozen)
    return Layout(trained), Layout(still)
