"""The network of a worksheet, 2-2-1, the blanks on it, and the numbers that belong in them.

The names are those of paper and pencil: ``w12`` leads from input 1 to hidden unit 2, ``v2`` from
there to the output; ``z1`` is the weighted sum of hidden unit 1 and ``h1`` what its activation
makes of it, ``zo`` and ``o`` are those of the output; ``delta_1`` is the slope of the cost at
``z1``, ``dw12`` that at ``w12``, ``new_w12`` the weight after one step of gradient descent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.network.backpropagation import backpropagate
from chainrule.network.layers import Dense, Input
from chainrule.network.network import Network
from chainrule.optimizers import GradientDescent

# Name on the sheet -> parameter of the network and the place in it.
PARAMETERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "w11": ("h.W", (0, 0)),
    "w12": ("h.W", (0, 1)),
    "w21": ("h.W", (1, 0)),
    "w22": ("h.W", (1, 1)),
    "b1": ("h.b", (0,)),
    "b2": ("h.b", (1,)),
    "v1": ("o.W", (0, 0)),
    "v2": ("o.W", (1, 0)),
    "c": ("o.b", (0,)),
}
_SHAPES: dict[str, tuple[int, ...]] = {"h.W": (2, 2), "h.b": (2,), "o.W": (2, 1), "o.b": (1,)}

FORWARD = ("z1", "h1", "z2", "h2", "zo", "o", "C")
DELTAS = ("delta_o", "delta_1", "delta_2")
# Those of the output come first, as the chain rule meets them.
_ON_THE_WAY_BACK = ("v1", "v2", "c", "w11", "w12", "w21", "w22", "b1", "b2")
GRADIENTS = tuple(f"d{name}" for name in _ON_THE_WAY_BACK)
UPDATED = tuple(f"new_{name}" for name in _ON_THE_WAY_BACK)
BLANKS = FORWARD + DELTAS + GRADIENTS + UPDATED


@dataclass(frozen=True)
class Exercise:
    """What is given on a sheet: one network, one row, and the learning rate.

    ``activation`` ("sigmoid" or "tanh") is that of the hidden units and of the output;
    ``parameters`` has a number for each of ``PARAMETERS``.
    """

    activation: str
    x1: float
    x2: float
    t: float
    rate: float
    parameters: Mapping[str, float]

    @property
    def given(self) -> dict[str, float]:
        """Name -> number of all that is printed on the sheet."""
        return {"x1": self.x1, "x2": self.x2, "t": self.t, "rate": self.rate, **self.parameters}

    @property
    def network(self) -> Network:
        """The network with the sheet's parameters."""
        arrays = {name: np.zeros(shape) for name, shape in _SHAPES.items()}
        for name, (parameter, place) in PARAMETERS.items():
            arrays[parameter][place] = self.parameters[name]
        layers = Dense(2, self.activation, name="h"), Dense(1, self.activation, name="o")
        return Network(Input(2), *layers, parameters=arrays)

    def answers(self) -> dict[str, float]:
        """Return blank -> its number, by backpropagation and a step of gradient descent."""
        network = self.network
        look = backpropagate(network, [[self.x1, self.x2]], [[self.t]], "half_squared_error")
        made = _forward_and_deltas(look.values, look.gradients)
        for name, (parameter, place) in PARAMETERS.items():
            made[f"d{name}"] = float(look.gradients[parameter][place])
        rule = GradientDescent(self.rate)
        rate, first = np.array(self.rate), np.array(1)
        for parameter, start in network.parameters.items():
            slope = look.gradients[parameter]
            made_of_all, _ = rule.update(start, slope, rule.initial(start), rate, first)
            stepped = np.asarray(made_of_all)
            for name, (owner, place) in PARAMETERS.items():
                if owner == parameter:
                    made[f"new_{name}"] = float(stepped[place])
        return {blank: made[blank] for blank in BLANKS}


def _forward_and_deltas(
    values: Mapping[str, Any], gradients: Mapping[str, Any]
) -> dict[str, float]:
    sums, units, deltas = values["h.linear"][0], values["h"][0], gradients["h.linear"][0]
    return {
        "z1": float(sums[0]),
        "h1": float(units[0]),
        "z2": float(sums[1]),
        "h2": float(units[1]),
        "zo": float(values["o.linear"].item()),
        "o": float(values["o"].item()),
        "C": float(values["loss"]),
        "delta_o": float(gradients["o.linear"].item()),
        "delta_1": float(deltas[0]),
        "delta_2": float(deltas[1]),
    }
