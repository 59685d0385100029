"""Layers: small records that append steps to a plan.

A layer can be put into ``Network(...)`` one after another, or called on the layers before it:
``Dense(3)(Concatenate()(left, right))``. A layer that is called twice uses its parameters twice.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chainrule.checks import is_whole_number
from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.network.building import Building
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.ops import ACTIVATIONS, find_op

Start = str | Initializer


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """A layer applied to the nodes before it; an ``Input`` has none."""

    layer: Layer | None = None
    before: tuple[Node, ...] = ()

    def __repr__(self) -> str:
        # What stands further before is left out: a chain of layers may be longer than the stack.
        before = [repr(one) if one.layer is None else f"{one.layer}(...)" for one in self.before]
        return f"{self.layer}({', '.join(before)})"


@dataclass(frozen=True, eq=False, repr=False)
class Input(Node):
    """Where rows come in, with an optional name.

    ``size`` is the number of features, or the shape of one row: (channels, height, width) for
    images, (channels, length) for signals, (time, features) for sequences, (time,) for tokens. It
    is left to the data if not given.
    """

    size: int | tuple[int, ...] | None = None
    name: str | None = None

    def __init__(self, size: int | Sequence[int] | None = None, name: str | None = None) -> None:
        super().__init__()
        cause = f"Input({size!r}) has no size."
        if isinstance(size, list | tuple) and size:
            sizes = [whole_count(one, cause) for one in size]
            given = tuple(one for one in sizes if one is not None)
            if len(given) < len(sizes):
                raise SetupError(cause, "Give a whole number from 1 for each axis.")
            object.__setattr__(self, "size", given[0] if len(given) == 1 else given)
        else:
            object.__setattr__(self, "size", whole_count(size, cause))
        object.__setattr__(self, "name", name)

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The shape of one row, ``None`` where it is left to the data."""
        return (self.size,) if isinstance(self.size, int) else self.size

    def __repr__(self) -> str:
        parts = [] if self.size is None else [repr(self.size)]
        parts += [] if self.name is None else [f"name={self.name!r}"]
        return f"Input({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class Layer(ABC):
    """What all layers share: a name of their own, perhaps, and that they can be called on nodes."""

    name: str | None = field(default=None, kw_only=True)

    def __call__(self, *before: Node) -> Node:
        given: tuple[Any, ...] = before
        wrong = [one for one in given if not isinstance(one, Node)]
        if wrong or not given:
            raise SetupError(
                f"{self} was called on {type(wrong[0]).__name__ if wrong else 'nothing'}.",
                "Call a layer on Input(...) or on what another layer returned; numbers go into "
                "a network, not into a layer.",
            )
        return Node(self, before)

    @property
    def kind(self) -> str:
        """What layers without a name are numbered by."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()

    @abstractmethod
    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        """Append this layer's steps and return the name of the value that it makes."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@dataclass(frozen=True, eq=False, repr=False)
class Dense(Layer):
    """Every unit sees every input: ``activation(x W + b)``; of a sequence, at each time.

    ``units=None`` leaves the width of an output to the data (the classes or the target's columns).
    ``weights`` starts W: by default as the activation asks (He's normal start for relu and its kin,
    LeCun's for selu), Glorot's uniform start otherwise. Only the activation of the Dense itself
    counts, not an ``Activation`` behind it. ``bias`` starts b (zeros), ``bias=None`` leaves it out.
    Parameters: ``<name>.W`` of shape (inputs, units) and ``<name>.b`` (units,).
    Raises SetupError for an activation or initializer that is not there.
    """

    units: int | None = None
    activation: str | None = None
    weights: Start | None = field(default=None, kw_only=True)
    bias: Start | None = field(default="zeros", kw_only=True)

    def __post_init__(self) -> None:
        units = whole_count(self.units, f"Dense({self.units!r}) has no width.")
        object.__setattr__(self, "units", units)
        if self.activation is not None:
            check_activation(self.activation)
        for start in (self.weights, self.bias):
            if start is not None:
                find_initializer(start)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        if len(building.row_shape(x)) > 2:
            raise ShapeError(
                f"{name}, {self}, takes (n, features) or (n, time, features), and {x} is "
                f"{building.shown(x)}.",
                "Put Flatten() or GlobalAveragePool() between.",
            )
        starts: dict[str, Start] = {"w": start_for(self.weights, self.activation)}
        if self.bias is not None:
            starts["b"] = self.bias
        value = building.apply(
            "product" if self.bias is None else "linear",
            (x,),
            layer=name,
            made_by=repr(self),
            value=f"{name}.linear" if self.activation else None,
            sizes={"o": self.units or building.width_left_to_data(name)},
            starts=starts,
        )
        if self.activation is None:
            return value
        return building.apply(self.activation, (value,), layer=name, made_by=repr(self))

    def __repr__(self) -> str:
        parts = [] if self.units is None else [str(self.units)]
        if self.activation is not None:
            parts.append(repr(self.activation) if parts else f"activation={self.activation!r}")
        parts += ["bias=None"] if self.bias is None else []
        return f"Dense({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class Activation(Layer):
    """An activation applied to what comes before, with settings of the op by keyword.

    Inputs of the op that are learned (the slope of ``parametric_relu``) become parameters.
    Raises SetupError for an activation or a setting that is not there.
    """

    activation: str = "relu"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __init__(self, activation: str, *, name: str | None = None, **settings: Any) -> None:
        check_activation(activation)
        find_op(activation).check_settings(settings, f"'{activation}'")
        object.__setattr__(self, "activation", activation)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "settings", settings)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        return building.apply(
            self.activation, (x,), layer=name, made_by=repr(self), settings=self.settings
        )

    def __repr__(self) -> str:
        parts = [f"{setting}={content!r}" for setting, content in self.settings.items()]
        return f"Activation({', '.join([repr(self.activation), *parts])})"


@dataclass(frozen=True, eq=False, repr=False)
class Apply(Layer):
    """Any op of the table as a layer, a user's own included.

    The layers before give the op's first inputs; inputs that the op declares as ``learned`` become
    parameters. ``sizes`` gives sizes that no input fixes (``{"o": 16}``), ``starts`` replaces the
    initializers, ``settings`` the op's settings.
    Raises SetupError for an op, size, parameter or setting that is not there.
    """

    op: str
    sizes: Mapping[str, int] = field(default_factory=dict, kw_only=True)
    starts: Mapping[str, Start] = field(default_factory=dict, kw_only=True)
    settings: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.op, str):
            raise SetupError(
                f"{self.op!r} is not the name of an op.", "Give the name, such as 'linear'."
            )
        op = find_op(self.op)
        if op.flowing > 1:
            raise SetupError(
                f"The op '{self.op}' has {op.flowing} outputs ({op.shapes}), and a "
                "layer gives one value.",
                "Make an op of one output, for each output that is wanted.",
            )
        letters = {letter for slot in op.pattern.inputs for letter in slot.sizes}
        _check_known(self.sizes, letters - {"n", "..."}, f"The op '{self.op}' has no size")
        _check_known(self.starts, op.learned, f"The op '{self.op}' learns no")
        op.check_settings(self.settings, f"'{self.op}'")
        for start in self.starts.values():
            find_initializer(start)

    @property
    def kind(self) -> str:
        return self.op

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return building.apply(
            self.op,
            inputs,
            layer=name,
            made_by=repr(self),
            sizes=self.sizes,
            starts=self.starts,
            settings=self.settings,
        )

    def __repr__(self) -> str:
        return f"Apply({self.op!r})"


@dataclass(frozen=True, eq=False, repr=False)
class Concatenate(Layer):
    """The features of several layers next to each other, or their channels.

    ``along`` says which, where values have several axes and nothing before tells: "features" for
    the last axis, "channels" for the one behind the rows.
    """

    along: Literal["features", "channels"] | None = None

    def __post_init__(self) -> None:
        if self.along not in (None, "features", "channels"):
            raise SetupError(
                f"Concatenate cannot join along {self.along!r}.", "Give 'features' or 'channels'."
            )

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        channels = self._joins_channels(building, inputs)
        _refuse_other_places(building, name, self, inputs, 0 if channels else -1)
        op = "channels_side_by_side" if channels else "side_by_side"
        return building.fold(op, inputs, name, self)

    def _joins_channels(self, building: Building, inputs: tuple[str, ...]) -> bool:
        if self.along is not None:
            return self.along == "channels"
        orders = {building.order(one) for one in inputs}
        several = [one for one in inputs if len(building.row_shape(one)) > 1]
        if several and not orders & {"channels first", "features last"}:
            raise SetupError(
                f"Nothing tells whether channels or features of {several[0]} "
                f"{building.shown(several[0])} are to be joined.",
                "Write Concatenate('channels') or Concatenate('features').",
            )
        return "channels first" in orders

    def __repr__(self) -> str:
        return f"Concatenate({'' if self.along is None else repr(self.along)})"


@dataclass(frozen=True, eq=False, repr=False)
class Add(Layer):
    """The sum of several layers of one width."""

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        building.of_one_shape(inputs, self)
        return building.fold("sum_of_two", inputs, name, self)


def _refuse_other_places(
    building: Building, name: str, layer: Layer, inputs: tuple[str, ...], joined: int
) -> None:
    """Refuse values that differ in an axis along which they are not joined."""
    shapes = [list(building.row_shape(one)) for one in inputs]
    for one in shapes:
        one[joined] = 0
    if any(one != shapes[0] for one in shapes):
        given = ", ".join(f"{one} is {building.shown(one)}" for one in inputs)
        raise ShapeError(
            f"{name}, {layer}, joins values that differ in one axis alone, but {given}.",
            "Bring them to one shape first, with Flatten(), padding='same', or one stride.",
        )


def start_for(chosen: Start | None, activation: str | None) -> Start:
    """Return how weights start: as chosen, as the activation behind them asks, or by Glorot."""
    if chosen is not None:
        return chosen
    asked = find_op(activation).start if activation is not None else ""
    return asked or "glorot_uniform"


def whole_count(given: Any, cause: str) -> int | None:
    """Return a size as a plain int. Raises SetupError for what is no whole number from 1."""
    if given is None:
        return None
    if not is_whole_number(given, least=1):
        raise SetupError(cause, "Give a whole number from 1.")
    return int(given)


def check_activation(name: Any) -> None:
    if not isinstance(name, str):
        raise SetupError(
            f"The activation {name!r} is not a name.",
            "Give the name of an op, such as 'tanh'; make your own with chainrule.elementwise().",
        )
    if name not in ACTIVATIONS:
        raise SetupError(f"There is no activation '{name}'.", nearest(name, ACTIVATIONS))


def _check_known(given: Mapping[str, Any], known: Any, cause: str) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise SetupError(f"{cause} '{unknown[0]}'.", nearest(unknown[0], known))
