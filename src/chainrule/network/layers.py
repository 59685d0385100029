"""Layers: small records that append steps to a plan.

A layer can be put into ``Network(...)`` one after another, or called on the layers before it:
``Dense(3)(Concatenate()(left, right))``. A layer that is called twice uses its parameters twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import SetupError, nearest
from chainrule.network.building import Building
from chainrule.network.initializers import Initializer
from chainrule.ops import OPS, find_op

Start = str | Initializer
# Units that are silent below zero pass on half of the variance; He's start makes up for it.
HALVING = ("relu", "leaky_relu", "gelu", "gelu_tanh", "silu", "elu", "parametric_relu", "mish")


@dataclass(frozen=True, eq=False)
class Node:
    """A layer applied to the nodes before it; an ``Input`` has none."""

    layer: Layer | None = None
    before: tuple[Node, ...] = ()


@dataclass(frozen=True, eq=False)
class Input(Node):
    """Where rows come in: ``size`` features (left to the data if not given), an optional name."""

    size: int | None = None
    name: str | None = None

    def __init__(self, size: int | None = None, name: str | None = None) -> None:
        if size is not None and (not isinstance(size, int) or size < 1):
            raise SetupError(f"Input({size!r}) has no size.", "Give a whole number from 1.")
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "layer", None)
        object.__setattr__(self, "before", ())


@dataclass(frozen=True, eq=False)
class Layer:
    """What all layers share: they can be called on nodes."""

    def __call__(self, *before: Node) -> Node:
        wrong = [one for one in before if not isinstance(one, Node)]
        if wrong or not before:
            raise SetupError(
                f"{self} was called on {wrong[0] if wrong else 'nothing'}.",
                "Call a layer on Input(...) or on what another layer returned; numbers go into "
                "a network, not into a layer.",
            )
        return Node(self, before)

    @property
    def kind(self) -> str:
        return type(self).__name__.lower()

    @property
    def own_name(self) -> str | None:
        return getattr(self, "name", None)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        """Append this layer's steps and return the name of the value that it makes."""
        raise TypeError(f"The layer {type(self).__name__} appends nothing.")


@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """Every unit sees every input: ``activation(x W + b)``.

    ``units=None`` leaves the width to the data (the classes or the target's columns).
    ``weights`` starts W: by default He's normal start in front of relu and its kin, Glorot's
    uniform start otherwise. ``bias`` starts b (zeros), ``bias=None`` leaves it out.
    Parameters: ``<name>.W`` of shape (inputs, units) and ``<name>.b`` (units,).
    """

    units: int | None = None
    activation: str | None = None
    name: str | None = None
    weights: Start | None = None
    bias: Start | None = "zeros"

    def __post_init__(self) -> None:
        if self.units is not None and (not isinstance(self.units, int) or self.units < 1):
            raise SetupError(
                f"Dense({self.units!r}) has no width.", "Give a whole number of units from 1."
            )
        if self.activation is not None:
            _check_activation(self.activation)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        starts: dict[str, Start] = {"w": self._weights()}
        if self.bias is not None:
            starts["b"] = self.bias
        value = building.apply(
            "product" if self.bias is None else "linear",
            (x,),
            layer=name,
            made_by=str(self),
            value=f"{name}.linear" if self.activation else None,
            sizes={"o": self.units or building.width_left_to_data(name)},
            starts=starts,
        )
        if self.activation is None:
            return value
        return building.apply(self.activation, (value,), layer=name, made_by=str(self))

    def _weights(self) -> Start:
        if self.weights is not None:
            return self.weights
        return "he_normal" if self.activation in HALVING else "glorot_uniform"

    def __str__(self) -> str:
        parts = [] if self.units is None else [str(self.units)]
        parts += [repr(self.activation)] if self.activation else []
        return f"Dense({', '.join(parts)})"


@dataclass(frozen=True, eq=False)
class Activation(Layer):
    """An op of one input applied to what comes before, with settings of the op by keyword.

    Inputs of the op that are learned (the slope of ``parametric_relu``) become parameters.
    """

    op: str = "relu"
    name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, op: str, *, name: str | None = None, **settings: Any) -> None:
        _check_activation(op)
        unknown = sorted(set(settings) - set(OPS[op].settings))
        if unknown:
            raise SetupError(
                f"'{op}' has no setting '{unknown[0]}'.", nearest(unknown[0], OPS[op].settings)
            )
        object.__setattr__(self, "op", op)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "settings", settings)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        return building.apply(
            self.op, (x,), layer=name, made_by=str(self), settings=self.settings
        )

    def __str__(self) -> str:
        return f"Activation({self.op!r})"


@dataclass(frozen=True, eq=False)
class Apply(Layer):
    """Any op of the table as a layer, a user's own included.

    The layers before give the op's first inputs; inputs that the op declares as ``learned`` become
    parameters. ``sizes`` gives sizes that no input fixes (``{"o": 16}``), ``starts`` replaces the
    initializers, ``settings`` the op's settings.
    """

    op: str = "linear"
    name: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    starts: Mapping[str, Start] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        find_op(self.op)

    @property
    def kind(self) -> str:
        return self.op

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return building.apply(
            self.op,
            inputs,
            layer=name,
            made_by=str(self),
            sizes=self.sizes,
            starts=self.starts,
            settings=self.settings,
        )

    def __str__(self) -> str:
        return f"Apply({self.op!r})"


@dataclass(frozen=True, eq=False)
class Concatenate(Layer):
    """The features of several layers next to each other."""

    name: str | None = None

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return building.fold("side_by_side", inputs, name, self)

    def __str__(self) -> str:
        return "Concatenate()"


@dataclass(frozen=True, eq=False)
class Add(Layer):
    """The sum of several layers of one width."""

    name: str | None = None

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return building.fold("sum_of_two", inputs, name, self)

    def __str__(self) -> str:
        return "Add()"


def _check_activation(name: str) -> None:
    """Refuse what is no op of one array input (and perhaps learned ones)."""
    if not isinstance(name, str):
        raise SetupError(
            f"The activation {name!r} is not a name.",
            "Give the name of an op, such as 'tanh'; make your own with chainrule.elementwise().",
        )
    usable = [
        one.name
        for one in OPS.values()
        if len(one.pattern.inputs) - len(one.learned) == 1 and one.kind != "word"
    ]
    if name not in usable:
        raise SetupError(f"There is no activation '{name}'.", nearest(name, usable))
