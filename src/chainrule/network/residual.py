"""A block of layers whose input is added to what it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.errors import SetupError, ShapeError
from chainrule.network.building import Building
from chainrule.network.layers import Layer
from chainrule.sliding_shapes import slid


@dataclass(frozen=True, eq=False, repr=False)
class Residual(Layer):
    """Layers in a row, and what goes into them added to what comes out: ``x + layers(x)``.

    He, Zhang, Ren, Sun, "Deep residual learning", CVPR 2016. With ``project=True`` x is brought to
    the shape of what comes out where it differs: by a product with weights along features, by a
    kernel of one place (with the stride that fits) along channels. Inner layers are named behind
    the block: ``residual_1.dense_1.W``; those of the projection ``residual_1.project.W``.
    Raises SetupError for what is no layer, ShapeError where the two do not meet.
    """

    layers: tuple[Layer, ...]
    project: bool

    def __init__(self, *layers: Layer, project: bool = False, name: str | None = None) -> None:
        given: tuple[Any, ...] = layers
        wrong = [one for one in given if not isinstance(one, Layer)]
        if wrong or not given:
            raise SetupError(
                f"Residual was given {repr(wrong[0]) if wrong else 'no layer'}.",
                "Write Residual(Dense(16, 'relu'), Dense(16)), for example.",
            )
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "project", bool(project))
        object.__setattr__(self, "name", name)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        made = x
        for layer, own in zip(self.layers, self._names(), strict=True):
            made = layer.append(building, f"{name}.{own}", (made,))
        if building.row_shape(made) != building.row_shape(x):
            x = self._projected(building, name, x, made)
        return building.apply("sum_of_two", (made, x), layer=name, made_by=self._in_short)

    @property
    def _in_short(self) -> str:
        count = len(self.layers)
        return f"Residual({count} layer{'s' * (count > 1)}{', project=True' * self.project})"

    def _names(self) -> list[str]:
        counts: dict[str, int] = {}
        names = []
        for layer in self.layers:
            counts[layer.kind] = counts.get(layer.kind, 0) + (layer.name is None)
            names.append(layer.name or f"{layer.kind}_{counts[layer.kind]}")
        if len(set(names)) < len(names):
            raise SetupError(f"{self} has two layers of one name.", "Give one another name.")
        return names

    def _projected(self, building: Building, name: str, x: str, made: str) -> str:
        """Return x in the shape of what the layers make."""
        given, due = building.row_shape(x), building.row_shape(made)
        both = (
            f"{name}, {self._in_short}, adds {x} {building.shown(x)} to {made} "
            f"{building.shown(made)}"
        )
        if not self.project:
            raise ShapeError(
                f"{both}, and their shapes differ.",
                "Make them the same, by padding='same' and as many units or filters, or write "
                "Residual(..., project=True).",
            )
        channels = building.order(made) == "channels first"
        settings: dict[str, Any] = {}
        sizes = {"o": due[0] if channels else due[-1]}
        op = "product"
        if channels and len(given) == len(due):
            rank = len(due) - 1
            stride = tuple(-(-a // b) for a, b in zip(given[1:], due[1:], strict=True))
            fits = slid(given[1:], (1,) * rank, stride, (1,) * rank) == due[1:]
            op = f"convolution_{rank}d_no_bias"
            sizes |= {"c/g": given[0], **dict.fromkeys("k" if rank == 1 else "ij", 1)}
            settings = {"stride": stride, "dilation": (1,) * rank, "padding": ((0, 0),) * rank}
        else:
            fits = given[:-1] == due[:-1]
        if not fits:
            raise ShapeError(
                f"{both}, and no projection brings one to the other.",
                "Let the layers keep the number of places, or divide it by their stride.",
            )
        return building.apply(
            op,
            (x,),
            layer=name,
            made_by=self._in_short,
            value=f"{name}.project",
            part="project",
            sizes=sizes,
            settings=settings,
        )

    def __repr__(self) -> str:
        parts = [*map(repr, self.layers), *(["project=True"] if self.project else [])]
        return f"Residual({', '.join(parts)})"
