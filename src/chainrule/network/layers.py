"""Layers: small records that append steps to a plan.

A layer can be put into ``Network(...)`` one after another, or called on the layers before it:
``Dense(3)(Concatenate()(left, right))``. A layer that is called twice uses its parameters twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import SetupError, nearest
from chainrule.network.building import Building
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.ops import ACTIVATIONS, OPS, find_op

Start = str | Initializer
# Units that are silent below zero pass on half of the variance; He's start makes up for it.
HALVING = ("relu", "leaky_relu", "gelu", "gelu_tanh", "silu", "elu", "parametric_relu", "mish")
# Self-normalising units keep a variance of 1 from LeCun's start (Klambauer and others, NIPS 2017).
NORMALISING = ("selu",)


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """A layer applied to the nodes before it; an ``Input`` has none."""

    layer: Layer | None = None
    before: tuple[Node, ...] = ()

    def __repr__(self) -> str:
        return f"{self.layer}({', '.join(map(repr, self.before))})"


@dataclass(frozen=True, eq=False, repr=False)
class Input(Node):
    """Where rows come in: ``size`` features (left to the data if not given), an optional name."""

    size: int | None = None
    name: str | None = None

    def __init__(self, size: int | None = None, name: str | None = None) -> None:
        super().__init__()
        object.__setattr__(self, "size", _count(size, f"Input({size!r}) has no size."))
        object.__setattr__(self, "name", name)

    def __repr__(self) -> str:
        parts = [] if self.size is None else [str(self.size)]
        parts += [] if self.name is None else [f"name={self.name!r}"]
        return f"Input({', '.join(parts)})"


@dataclass(frozen=True, eq=False, repr=False)
class Layer(ABC):
    """What all layers share: a name of their own, perhaps, and that they can be called on nodes."""

    name: str | None = field(default=None, kw_only=True)

    def __call__(self, *before: Node) -> Node:
        wrong = [one for one in before if not isinstance(one, Node)]
        if wrong or not before:
            raise SetupError(
                f"{self} was called on {type(wrong[0]).__name__ if wrong else 'nothing'}.",
                "Call a layer on Input(...) or on what another layer returned; numbers go into "
                "a network, not into a layer.",
            )
        return Node(self, before)

    @property
    def kind(self) -> str:
        """What layers without a name are numbered by."""
        return type(self).__name__.lower()

    @property
    def activation(self) -> str | None:
        """The op that the layer ends in where it is an activation."""
        return None

    @abstractmethod
    def append(self, building: Building, name: str, inputs: tuple[str, ...]) -> str:
        """Append this layer's steps and return the name of the value that it makes."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
