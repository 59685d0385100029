"""Layers for images (n, channels, height, width) and signals (n, channels, length)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chainrule.checks import is_whole_number
from chainrule.errors import SetupError, ShapeError
from chainrule.network.building import Building
from chainrule.network.initializers import find_initializer
from chainrule.network.layers import Layer, Start, check_activation, start_for
from chainrule.network.sliding_arguments import (
    check_numbers,
    check_padding,
    for_axes,
    padding_for,
)

Numbers = int | tuple[int, ...]
Pads = Literal["same", "valid"] | int | tuple[int | tuple[int, int], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Conv(Layer):
    """A convolution of signals or images, by the axes of what comes before: one kernel everywhere.

    ``filters`` kernels of ``size`` places (one number for all axes, or one for each) make as many
    channels. ``stride`` is how far they move, ``dilation`` how far apart their places lie.
    ``padding``: "same" keeps ceil(length / stride) places, "valid" pads nothing, a number pads
    every side, pairs (before, after) each axis. ``groups`` share the channels among them.
    ``weights`` and ``bias`` as for ``Dense``; fans count the places of the kernel.
    Parameters: ``<name>.W`` (filters, channels / groups, *size), ``<name>.b`` (filters,).
    Raises SetupError for settings that are not possible, ShapeError for values that do not fit.
    """

    filters: int
    size: Numbers
    stride: Numbers = 1
    padding: Pads = "same"
    dilation: Numbers = 1
    groups: int = 1
    activation: str | None = None
    weights: Start | None = field(default=None, kw_only=True)
    bias: Start | None = field(default="zeros", kw_only=True)

    def __post_init__(self) -> None:
        for what in ("filters", "groups"):
            given = getattr(self, what)
            if not is_whole_number(given, least=1):
                raise SetupError(f"Conv has {what}={given!r}.", "Give a whole number from 1.")
            object.__setattr__(self, what, int(given))
        for what in ("size", "stride", "dilation"):
            checked = check_numbers(getattr(self, what), what, "Conv")
            object.__setattr__(self, what, checked)
        object.__setattr__(self, "padding", check_padding(self.padding, "Conv"))
        if self.activation is not None:
            check_activation(self.activation)
        for start in (self.weights, self.bias):
            if start is not None:
                find_initializer(start)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        channels, *sizes = _places(building, x, name, self)
        _refuse_without_channels(building, x, self)
        rank = len(sizes)
        kernel, stride, dilation = (
            for_axes(getattr(self, what), rank, what, f"{name}, {self},")
            for what in ("size", "stride", "dilation")
        )
        padding = padding_for(self.padding, tuple(sizes), kernel, stride, dilation, str(self))
        _check_groups(self, name, channels)
        starts: dict[str, Start] = {"w": start_for(self.weights, self.activation)}
        if self.bias is not None:
            starts["b"] = self.bias
        letters = dict(zip("k" if rank == 1 else "ij", kernel, strict=True))
        value = building.apply(
            f"convolution_{rank}d" + ("_no_bias" if self.bias is None else ""),
            (x,),
            layer=name,
            made_by=repr(self),
            value=f"{name}.linear" if self.activation else None,
            sizes={"o": self.filters, "c/g": channels // self.groups, **letters},
            starts=starts,
            settings={
                "stride": stride,
                "dilation": dilation,
                "padding": padding,
                "groups": self.groups,
            },
        )
        if self.activation is None:
            return value
        return building.apply(self.activation, (value,), layer=name, made_by=repr(self))

    def __repr__(self) -> str:
        plain = {"stride": 1, "padding": "same", "dilation": 1, "groups": 1, "activation": None}
        given = {what: getattr(self, what) for what in plain}
        parts = [f"{what}={one!r}" for what, one in given.items() if one != plain[what]]
        parts += ["bias=None"] if self.bias is None else []
        return f"Conv({', '.join([repr(self.filters), repr(self.size), *parts])})"


@dataclass(frozen=True, eq=False, repr=False)
class _Pool(Layer):
    """A window of ``size`` places that moves by ``stride`` (its size if not given)."""

    size: Numbers = 2
    stride: Numbers | None = None
    padding: Pads = 0

    def __post_init__(self) -> None:
        kind = type(self).__name__
        object.__setattr__(self, "size", check_numbers(self.size, "size", kind))
        if self.stride is not None:
            object.__setattr__(self, "stride", check_numbers(self.stride, "stride", kind))
        object.__setattr__(self, "padding", check_padding(self.padding, kind))

    def _pooled(self, op: str, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        _, *sizes = _places(building, x, name, self)
        rank = len(sizes)
        where = f"{name}, {self},"
        size = for_axes(self.size, rank, "size", where)
        stride = size if self.stride is None else for_axes(self.stride, rank, "stride", where)
        padding = padding_for(self.padding, tuple(sizes), size, stride, (1,) * rank, str(self))
        return building.apply(
            f"{op}_{rank}d",
            (x,),
            layer=name,
            made_by=repr(self),
            settings={"size": size, "stride": stride, "padding": padding},
        )

    def __repr__(self) -> str:
        parts = [repr(self.size)]
        parts += [] if self.stride is None else [f"stride={self.stride!r}"]
        parts += [] if self.padding == 0 else [f"padding={self.padding!r}"]
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class MaxPool(_Pool):
    """The largest number that a window of ``size`` sees, in each channel.

    ``stride`` is how far it moves (its own size if not given), ``padding`` as for ``Conv``.
    Raises SetupError for settings that are not possible, ShapeError for values that do not fit.
    """

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return self._pooled("max_pooling", building, name, inputs)


@dataclass(frozen=True, eq=False, repr=False)
class AveragePool(_Pool):
    """The mean of what a window of ``size`` sees, in each channel; padding does not count.

    ``stride`` is how far it moves (its own size if not given), ``padding`` as for ``Conv``.
    Raises SetupError for settings that are not possible, ShapeError for values that do not fit.
    """

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return self._pooled("average_pooling", building, name, inputs)


@dataclass(frozen=True, eq=False, repr=False)
class _GlobalPool(Layer):
    """One number for each channel, or for each feature of a sequence."""

    over: Literal["places", "time"] = "places"

    def __post_init__(self) -> None:
        if self.over not in ("places", "time"):
            raise SetupError(
                f"{type(self).__name__} cannot pool over {self.over!r}.",
                "Give 'places' for (n, channels, ...), or 'time' for (n, time, features).",
            )

    def _pooled(self, kind: str, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        x, *mask = inputs
        masked = self.over == "time" and len(mask) == 1
        building.exactly(inputs, 1 + masked, self)
        shape = building.row_shape(x)
        due = len(shape) == 2 if self.over == "time" else len(shape) > 1
        if not due:
            raise ShapeError(
                f"{name}, {self}, takes (n, "
                f"{'time, features' if self.over == 'time' else 'channels, ...'}), and {x} is "
                f"{building.shown(x)}.",
                "Leave it out: there is nothing to pool over."
                if len(shape) == 1
                else "Use GlobalAveragePool() or GlobalMaxPool() without over='time'.",
            )
        names = {"average": "global_average_pooling", "max": "global_max_pooling"}
        return building.apply(
            f"{'masked_' * masked}{kind}_over_time" if self.over == "time" else names[kind],
            inputs,
            layer=name,
            made_by=repr(self),
            remedy=f"Write {type(self).__name__}(over='time').",
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({'' if self.over == 'places' else 'over=' + repr(self.over)})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class GlobalAveragePool(_GlobalPool):
    """The mean of each channel over all its places; ``over="time"``: of each feature of a sequence.

    (n, channels, ...) becomes (n, channels), (n, time, features) becomes (n, features). Over time
    it may be called on a sequence and a mask (n, time) that is True where a token is real: the
    others do not count.
    """

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return self._pooled("average", building, name, inputs)


@dataclass(frozen=True, eq=False, repr=False)
class GlobalMaxPool(_GlobalPool):
    """The largest number of each channel; ``over="time"``: of each feature of a sequence.

    (n, channels, ...) becomes (n, channels), (n, time, features) becomes (n, features). A mask is
    taken as by ``GlobalAveragePool``; where nothing is real the result is 0.
    """

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        return self._pooled("max", building, name, inputs)


@dataclass(frozen=True, eq=False, repr=False)
class Flatten(Layer):
    """All numbers of a row one after another: (n, channels, height, width) as (n, features)."""

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        return building.apply("flatten", (x,), layer=name, made_by=repr(self))


def _places(building: Building, x: str, name: str, layer: Layer) -> tuple[int, ...]:
    """Return (channels, *sizes) of a value. Raises ShapeError where it has no places."""
    shape = building.row_shape(x)
    if len(shape) in (2, 3):
        return shape
    numbers = shape[0] if shape else 1
    raise ShapeError(
        f"{name}, {layer}, takes (n, channels, length) or (n, channels, height, width), and {x} is "
        f"{building.shown(x)}.",
        f"Give images as X.reshape(-1, 1, height, width), a signal of {numbers} numbers as "
        "X[:, None]."
        if len(shape) == 1
        else "Slide over one axis or two.",
    )


def _refuse_without_channels(building: Building, x: str, layer: Conv) -> None:
    """Refuse images whose channels are missing or stand last, which would be taken for others."""
    if not building.is_input(x):
        return
    shape = building.row_shape(x)
    rank = 1 if isinstance(layer.size, int) else len(layer.size)
    picture = len(shape) == 2 and min(shape) >= 4 and max(shape) <= 2 * min(shape)
    if len(shape) == 2 and (rank == 2 or (isinstance(layer.size, int) and picture)):
        signals = f"; for signals of {shape[0]} channels write Conv({layer.filters}, "
        signals += f"({layer.size},))" if isinstance(layer.size, int) else f"{layer.size[:1]})"
        raise ShapeError(
            f"{layer} takes channels behind the rows, and {x} is {building.shown(x)}, as images "
            "without an axis of channels are.",
            f"Give images X[:, None] and Input((1, {shape[0]}, {shape[1]})){signals}.",
        )
    if len(shape) == 3 and shape[0] == shape[1] and shape[0] > 4 >= shape[2]:
        raise ShapeError(
            f"{layer} takes channels behind the rows, and {x} is {building.shown(x)}, as images "
            "whose channels stand last are.",
            "Give images X.transpose(0, 3, 1, 2).",
        )


def _check_groups(layer: Conv, name: str, channels: int) -> None:
    if channels % layer.groups or layer.filters % layer.groups:
        raise ShapeError(
            f"{name}, {layer}, cannot share {channels} channels and {layer.filters} filters among "
            f"{layer.groups} groups.",
            "Take a number of groups that divides both.",
        )
