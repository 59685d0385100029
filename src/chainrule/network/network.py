"""A network: layers, the plan that they make once sizes are known, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_seed
from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.network.graph import Graph, Sizes, from_ends, in_a_row
from chainrule.network.layers import Input, Layer, Node
from chainrule.network.plan import Layout, Plan

Parameters = Mapping[str, NDArray[Any]]


class Network:
    """Layers in a row, or a graph of layers from ``inputs`` to ``outputs``.

        Network(Dense(16, "tanh"), Dense(3))
        Network(inputs=[left, right], outputs=[score])

    The size of an input and the width of the ``Dense()`` of an output may be left to the data.
    ``parameters`` (name -> array) gives first values, those of the ``state`` among them; what is
    not given is drawn when training starts, or here when a ``seed`` is given. A network never
    changes: training returns another.
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
        by_ends = inputs is not None or outputs is not None
        if layers and by_ends:
            raise SetupError(
                "A network was given both layers in a row and inputs or outputs.",
                "Give one of the two.",
            )
        graph = from_ends(inputs or (), outputs or ()) if by_ends else in_a_row(layers)
        self._set(graph, graph.plan({}) if graph.complete else None, _numbers(parameters or {}))
        if seed is not None and self._plan is None:
            raise SetupError(
                "A network whose sizes are left to the data cannot draw its start.",
                "Put Input(4) first, or give the seed to train().",
            )
        if self._plan is not None and (seed is not None or not self._missing(self._plan)):
            self._given = self._drawn(self._plan, seed or 0)

    def _set(self, graph: Graph | None, plan: Plan | None, given: Parameters) -> None:
        """Take what a network is made of; parameters are complete when every one is given."""
        self._graph, self._plan, self._given = graph, plan, dict(given)
        if plan is not None:
            _check_given(plan, given)

    @classmethod
    def _made(cls, graph: Graph | None, plan: Plan, given: Parameters) -> Network:
        new = cls.__new__(cls)
        new._set(graph, plan, given)
        return new

    # ---- what it is ----

    @property
    def is_sized(self) -> bool:
        """Whether all sizes are known, so that there is a plan."""
        return self._plan is not None

    @property
    def plan(self) -> Plan:
        """The network as data. Raises SetupError while sizes are left to the data."""
        if self._plan is None:
            raise SetupError(
                "Sizes of the network are left to the data, so it has no shapes yet.",
                "Put Input(4) first and give the last Dense its units, or train it.",
            )
        return self._plan

    def open_layers(self) -> dict[str, str]:
        """Name -> what it is, of inputs and layers, while sizes are left to the data."""
        if self._graph is None:
            return {}
        inputs = zip(self._graph.input_names, map(str, self._graph.inputs), strict=True)
        layers = self._graph.layer_names
        return dict(inputs) | {name: str(layer) for layer, name in layers.items()}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, ``x`` for a single one without a name."""
        return tuple(self.plan.inputs) if self._graph is None else self._graph.input_names

    @property
    def output_count(self) -> int:
        """How many outputs the network has."""
        return len(self.plan.outputs if self._graph is None else self._graph.outputs)

    @property
    def has_parameters(self) -> bool:
        """Whether every parameter has values."""
        return self._plan is not None and not self._missing(self._plan)

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        """Name -> copy of the array, in the order of the steps.

        Raises SetupError while values are missing.
        """
        missing = self._missing(self.plan)
        if missing:
            raise SetupError(
                f"The network has no parameters yet: {missing[0]} has no values.",
                "Train it, or draw them: Network(..., seed=0).",
            )
        return {name: self._given[name].copy() for name in self.plan.by_name}

    @property
    def state(self) -> dict[str, NDArray[Any]]:
        """Name -> copy of what training carries along and prediction reads: running statistics.

        ``batch_norm_1.mean``, ``batch_norm_1.variance``; empty without such layers. Before any
        training they have their first values.
        """
        given = self._given
        return {
            one.name: given[one.name].copy() if one.name in given else one.draw(0)
            for one in self.plan.state
        }

    @property
    def parameter_count(self) -> int:
        """The number of learned numbers."""
        return sum(one.size for one in self.plan.parameters)

    # ---- other networks made from it ----

    def sized(self, input_sizes: Sizes, last_width: int | Sequence[int] | None = None) -> Network:
        """Return the network with its sizes filled in from data; itself where none is open.

        ``input_sizes``: name -> shape of one row. ``last_width``: how many numbers the target asks
        for, one number for each output where there are several. It is the width of a ``Dense()``
        that makes an output, and an output that ends in an activation of another width (a network
        of hidden layers alone) gets a Dense of that width behind it. Any other width stays, for
        the loss to check. Raises ShapeError where Input or the plan expects other columns.
        """
        if self._graph is None:
            _check_sizes(self.plan, input_sizes)
            return self
        count = len(self._graph.outputs)
        widths = None if last_width is None else _widths(last_width, count)
        plan = self._graph.plan(input_sizes, widths)
        graph = self._graph
        # One number for several outputs fills in open widths, but says too little to add layers.
        if widths is not None and (count == 1 or not isinstance(last_width, int)):
            graph = graph.ended(plan, widths)
        if graph is self._graph:
            return self if self._plan is not None else Network._made(graph, plan, self._given)
        return Network._made(graph, graph.plan(input_sizes, widths), self._given)

    def started(self, seed: int) -> Network:
        """Return the network with every parameter drawn that has no value yet."""
        if self.has_parameters:
            return self
        return Network._made(self._graph, self.plan, self._drawn(self.plan, seed))

    def with_parameters(self, parameters: Parameters) -> Network:
        """Return the network with copies of these values (name -> array).

        All parameters are to be given; values of the state that are not stay as they are.
        """
        missing = [name for name in self.plan.by_name if name not in parameters]
        if missing:
            raise SetupError(f"There is no value for {missing[0]}.", "Give all parameters.")
        kept = {
            one.name: self._given[one.name] for one in self.plan.state if one.name in self._given
        }
        given = kept | {name: np.array(content) for name, content in parameters.items()}
        return Network._made(self._graph, self.plan, given)

    @classmethod
    def from_plan(cls, plan: Plan, parameters: Parameters | None = None) -> Network:
        """Return the network of a plan, as it is read from a file."""
        new = cls._made(None, plan, {})
        return new if parameters is None else new.with_parameters(parameters)

    # ---- use ----

    def __call__(self, *inputs: Any) -> Any:
        """Return the outputs (logits, not yet probabilities) for rows, as NumPy arrays.

        One input array (rows, features) for each input of the network; one output array (rows,
        outputs), or a tuple of them for a network of several outputs.
        """
        from chainrule.network.backpropagation import outputs_of

        results = outputs_of(self, inputs)
        return results[0] if len(results) == 1 else tuple(results)

    def __str__(self) -> str:
        from chainrule.network.printing import network_table

        return network_table(self)

    def __repr__(self) -> str:
        if self._plan is None:
            return "Network(sizes left to the data)"
        return f"Network({len(self._plan.steps)} steps, {self.parameter_count} parameters)"

    # ---- inside ----

    def _missing(self, plan: Plan) -> list[str]:
        return [name for name in plan.by_name if name not in self._given]

    def _drawn(self, plan: Plan, seed: int) -> dict[str, NDArray[Any]]:
        _check_seed(seed)
        drawn = {
            one.name: one.draw(int(seed)) for one in plan.parameters if one.name not in self._given
        }
        return {**self._given, **drawn}


def _check_seed(seed: Any) -> None:
    if not is_seed(seed):
        raise SetupError(f"The seed is {seed!r}.", "Give a whole number from 0 to 2**64 - 1.")


def _numbers(parameters: Any) -> dict[str, NDArray[np.float64]]:
    """Return given parameters as arrays. Raises SetupError for what does not hold numbers."""
    if not isinstance(parameters, Mapping):
        raise SetupError(
            f"parameters is {type(parameters).__name__}, not names with arrays.",
            "Write parameters={'dense_1.W': [[0.5]], 'dense_1.b': [0.0]}.",
        )
    arrays = {}
    for name, content in parameters.items():
        try:
            arrays[name] = np.array(content, dtype=np.float64)
        except (TypeError, ValueError):
            raise SetupError(
                f"The parameter {name} was given something else than a table of numbers.",
                "Give numbers in rows of one length.",
            ) from None
    return arrays


def _widths(last_width: int | Sequence[int], count: int) -> list[int]:
    widths = [last_width] * count if isinstance(last_width, int) else list(last_width)
    if len(widths) != count:
        raise SetupError(
            f"{len(widths)} widths were given for {count} outputs.", "Give one for each output."
        )
    return widths


def _check_sizes(plan: Plan, input_sizes: Sizes) -> None:
    for name, shape in input_sizes.items():
        if plan.inputs.get(name) != shape:
            raise ShapeError(
                f"The network was made for rows of shape {plan.inputs.get(name)} as '{name}', and "
                f"these have {shape}.",
                f"Give its inputs, in its order of columns: {', '.join(plan.inputs)}.",
            )


def _check_given(plan: Plan, given: Parameters) -> None:
    known = plan.by_name | {one.name: one for one in plan.state}
    for name, content in given.items():
        if name not in known:
            raise SetupError(f"The network has no parameter '{name}'.", nearest(name, known))
        due = known[name].shape
        if np.shape(content) != due:
            made_by = next(one for one in plan.steps if name in one.inputs)
            raise ShapeError(
                f"{name} of {made_by.layer}, {made_by.made_by}, is {due}, and was given as "
                f"{np.shape(content)}.",
                "Shapes are (inputs, units) for weights and (units,) for biases.",
            )


def layout_of(plan: Plan, frozen: frozenset[str] = frozenset()) -> tuple[Layout, Layout]:
    """Return the layouts of the trained and of the frozen parameters."""
    trained = tuple(one for one in plan.parameters if one.name not in frozen)
    still = tuple(one for one in plan.parameters if one.name in frozen)
    return Layout(trained), Layout(still)
