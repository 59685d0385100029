"""Layers for sequences (n, time, features): embedding, attention, and layer normalization."""

from __future__ import annotations

from dataclasses import dataclass, field

from chainrule.checks import is_finite_number, is_whole_number
from chainrule.errors import SetupError, ShapeError
from chainrule.network.building import Building
from chainrule.network.initializers import find_initializer
from chainrule.network.layers import Layer, Start


@dataclass(frozen=True, eq=False, repr=False)
class Embedding(Layer):
    """Whole numbers from 0 to ``vocabulary`` - 1 become ``width`` numbers each, which are learned.

    It stands behind an input, whose rows then hold whole numbers: (n, time) becomes
    (n, time, width). ``start`` starts the table, by default normal with a deviation of 0.05.
    Parameters: ``<name>.table`` (vocabulary, width).
    """

    vocabulary: int
    width: int
    start: Start = field(default="normal", kw_only=True)

    def __post_init__(self) -> None:
        for what in ("vocabulary", "width"):
            given = getattr(self, what)
            if not is_whole_number(given, least=1):
                raise SetupError(f"Embedding has {what}={given!r}.", "Give a whole number from 1.")
            object.__setattr__(self, what, int(given))
        find_initializer(self.start)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (tokens,) = building.exactly(inputs, 1, self)
        return building.apply(
            "embedding",
            (tokens,),
            layer=name,
            made_by=repr(self),
            sizes={"v": self.vocabulary, "e": self.width},
            starts={"table": self.start},
        )

    def __repr__(self) -> str:
        return f"Embedding({self.vocabulary}, {self.width})"


@dataclass(frozen=True, eq=False, repr=False)
class Attention(Layer):
    """Self-attention: each place of a sequence takes from those that suit it (n, time, features).

    Called on a sequence, or on a sequence and a mask (n, time), an input of truth values that are
    True where a token is real. ``heads`` divide the features; ``causal`` keeps a place from looking
    at later ones. Each of query, key, value and output is a product with weights of its own:
    ``<name>.query.W`` (features, features) and ``<name>.query.b`` (features,), and so on.
    """

    heads: int = 1
    causal: bool = False
    weights: Start = field(default="glorot_uniform", kw_only=True)
    bias: Start | None = field(default="zeros", kw_only=True)

    def __post_init__(self) -> None:
        if not is_whole_number(self.heads, least=1):
            raise SetupError(f"Attention has heads={self.heads!r}.", "Give a whole number from 1.")
        if not isinstance(self.causal, bool):
            raise SetupError(f"Attention has causal={self.causal!r}.", "Give True or False.")
        for start in (self.weights, self.bias):
            if start is not None:
                find_initializer(start)

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        x, *mask = inputs
        shape = building.row_shape(x)
        if len(mask) > 1 or len(shape) != 2:
            raise ShapeError(
                f"{name}, {self}, takes a sequence (n, time, features) and perhaps a mask, and was "
                f"called on {', '.join(f'{one} {building.shown(one)}' for one in inputs)}.",
                "Call it on what Embedding() or another layer makes of a sequence.",
            )
        parts = [self._projected(building, name, x, part) for part in ("query", "key", "value")]
        value = building.apply(
            "masked_attention" if mask else "attention",
            (*parts, *mask),
            layer=name,
            made_by=repr(self),
            value=f"{name}.heads",
            settings={"heads": self.heads, "causal": self.causal},
        )
        return self._projected(building, name, value, "output")

    def _projected(self, building: Building, name: str, x: str, part: str) -> str:
        starts: dict[str, Start] = {"w": self.weights}
        if self.bias is not None:
            starts["b"] = self.bias
        return building.apply(
            "product" if self.bias is None else "linear",
            (x,),
            layer=name,
            made_by=repr(self),
            value=name if part == "output" else f"{name}.{part}",
            part=part,
            sizes={"o": building.row_shape(x)[-1]},
            starts=starts,
        )

    def __repr__(self) -> str:
        parts = [] if self.heads == 1 else [f"heads={self.heads}"]
        parts += ["causal=True"] if self.causal else []
        return f"Attention({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class LayerNorm(Layer):
    """Features at a mean of 0 and a variance of 1 in each row (and place), then a gain and a bias.

    It works on the last axis, (n, features) or (n, time, features). Parameters: ``<name>.gain``
    (features,), 1 at first, and ``<name>.bias`` (features,).
    """

    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if not is_finite_number(self.epsilon) or self.epsilon <= 0:
            raise SetupError(
                f"LayerNorm has epsilon={self.epsilon!r}.", "Give a small number above 0."
            )

    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        (x,) = building.exactly(inputs, 1, self)
        return building.apply(
            "layer_norm",
            (x,),
            layer=name,
            made_by=repr(self),
            settings={"epsilon": float(self.epsilon)},
        )

    def __repr__(self) -> str:
        return f"LayerNorm({'' if self.epsilon == 1e-5 else repr(self.epsilon)})"
