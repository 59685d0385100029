"""Layers that keep a network from learning its rows by heart: dropout, dropconnect, batch norm.

Each works in one way while training and in another in prediction (validation, ``network(x)``,
``run.predict``), where nothing is dropped and running statistics are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chainrule.errors import SetupError
from chainrule.network.building import Building
from chainrule.network.initializers import find_initializer
from chainrule.network.layers import Layer, Start, check_activation, start_for, whole_count
from chainrule.ops import find_op


@dataclass(frozen=True, eq=False, repr=False)
class Dropout(Layer):
    """Drops each number it is given with the probability ``rate`` (0 to 1) while training.

    What is not dropped is divided by 1 - ``rate``, so that prediction lets everything pass as it
    is. What is dropped follows from the seed of the training and the step. Put it behind a layer:
    ``Network(Dense(64, "relu"), Dropout(0.5), Dense(3))``.
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, JMLR 15, 2014.
    Raises SetupError for a rate that is none.
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        find_op("dropout").check_settings({"rate": self.rate}, repr(self))

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        rate = float(self.rate)
        return building.apply(
            "dropout", (x,), layer=name, made_by=repr(self), settings={"rate": rate}
        )

    def __repr__(self) -> str:
        return f"Dropout({self.rate!r})"


@dataclass(frozen=True, eq=False, repr=False)
class DropConnect(Layer):
    """A Dense layer that drops each of its weights with the probability ``rate`` while training.

    All rows of a step share what is dropped; prediction uses all weights, which are their mean.
    ``weights`` and ``bias`` start W and b as in ``Dense``, which ``bias=None`` leaves out.
    Parameters: ``<name>.W`` (inputs, units) and ``<name>.b`` (units,). Wan, Zeiler, Zhang, LeCun,
    Fergus, ICML 2013.
    Raises SetupError for units, a rate, an activation or an initializer that is none.
    """

    units: int
    rate: float = 0.5
    activation: str | None = None
    weights: Start | None = field(default=None, kw_only=True)
    bias: Start | None = field(default="zeros", kw_only=True)

    def __post_init__(self) -> None:
        units = whole_count(self.units, f"{self} has no width.")
        if units is None:
            raise SetupError(f"{self} has no width.", "Give a whole number from 1.")
        object.__setattr__(self, "units", units)
        find_op("dropconnect").check_settings({"rate": self.rate}, repr(self))
        if self.activation is not None:
            check_activation(self.activation)
        for start in (self.weights, self.bias):
            if start is not None:
                find_initializer(start)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        starts: dict[str, Start] = {"w": start_for(self.weights, self.activation)}
        if self.bias is not None:
            starts["b"] = self.bias
        value = building.apply(
            "dropconnect_product" if self.bias is None else "dropconnect",
            (x,),
            layer=name,
            made_by=repr(self),
            value=f"{name}.linear" if self.activation else None,
            sizes={"o": self.units},
            starts=starts,
            settings={"rate": float(self.rate)},
        )
        if self.activation is None:
            return value
        return building.apply(self.activation, (value,), layer=name, made_by=repr(self))

    def __repr__(self) -> str:
        behind = "" if self.activation is None else f", {self.activation!r}"
        behind += ", bias=None" if self.bias is None else ""
        return f"DropConnect({self.units!r}, {self.rate!r}{behind})"


@dataclass(frozen=True, eq=False, repr=False)
class BatchNorm(Layer):
    """Brings each feature, or channel, to mean 0 and variance 1 over the batch.

    Then it is scaled and shifted by what is learned: ``<name>.scale`` and ``<name>.shift``, one
    number each. While training mean and variance are those of the step, over its rows and over
    places or times: ``over="places"`` takes channels from the axis behind the rows, as images and
    signals have them, ``over="time"`` features from the last axis, as sequences do (padded times
    count like others). It is to be given where the layers before do not tell. ``momentum`` of both
    goes into the running statistics, the network's ``state`` ``<name>.mean`` and
    ``<name>.variance``, which prediction uses. ``epsilon`` is added to the variance. Every step
    needs two numbers of each feature. Ioffe and Szegedy, ICML 2015.
    Raises SetupError for a momentum that is not from 0 to 1, or an epsilon that is not above 0.
    """

    momentum: float = 0.1
    epsilon: float = 1e-5
    over: Literal["places", "time"] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        find_op("batch_norm").check_settings(self._settings, repr(self))
        if self.over not in (None, "places", "time"):
            raise SetupError(
                f"BatchNorm cannot work over {self.over!r}.",
                "Give 'places' for (n, channels, ...), or 'time' for (n, time, features).",
            )

    @property
    def _settings(self) -> dict[str, float]:
        return {"momentum": self.momentum, "epsilon": self.epsilon}

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        settings = {setting: float(given) for setting, given in self._settings.items()}
        return building.apply(
            "batch_norm_over_time" if self._is_over_time(building, x) else "batch_norm",
            (x,),
            layer=name,
            made_by=repr(self),
            settings=settings,
            remedy="Write BatchNorm(over='time').",
        )

    def _is_over_time(self, building: Building, x: str) -> bool:
        order = building.order(x)
        if self.over is None and len(building.row_shape(x)) == 2 and not order:
            raise SetupError(
                f"Nothing tells whether {x} {building.shown(x)} is a sequence or a signal of "
                "channels.",
                "Write BatchNorm(over='time') or BatchNorm(over='places').",
            )
        return self.over == "time" or (self.over is None and order == "features last")

    def __repr__(self) -> str:
        usual = self.momentum == 0.1 and self.epsilon == 1e-5
        parts = [] if usual else [repr(self.momentum), repr(self.epsilon)]
        parts += [] if self.over is None else [f"over={self.over!r}"]
        return f"BatchNorm({', '.join(parts)})"
