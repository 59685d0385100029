"""Initializers: the first values of parameters, drawn by the one generator.

``fan_in`` and ``fan_out`` are the numbers of inputs and outputs of the layer that a parameter is
of. Each parameter draws from a stream of its own, so adding a layer does not change the others.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_finite_number
from chainrule.errors import SetupError, nearest
from chainrule.randomness import normal as draw_normal
from chainrule.randomness import uniform as draw_uniform

Draw = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """Where first values are wanted: shape, fans, and the stream to draw from."""

    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    seed: int
    purpose: str

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_kernel(self) -> bool:
        """Whether this is the kernel of a convolution (outputs, inputs, *places)."""
        return len(self.shape) > 2 and math.prod(self.shape[1:]) == self.fan_in

    def uniform(self, low: float, high: float) -> Draw:
        drawn = draw_uniform(self.seed, self.purpose, self.size)
        return (low + (high - low) * drawn).reshape(self.shape)

    def normal(self, deviation: float) -> Draw:
        return (deviation * draw_normal(self.seed, self.purpose, self.size)).reshape(self.shape)


@dataclass(frozen=True)
class Initializer:
    """A rule of the table INITIALIZERS with its settings, as plain data."""

    name: str
    settings: Mapping[str, float] = field(default_factory=dict)

    def draw(self, place: Place) -> Draw:
        return INITIALIZERS[self.name](place, **self.settings)


def _constant(place: Place, value: float = 0.0) -> Draw:
    return np.full(place.shape, value, dtype=np.float64)


def _orthogonal(place: Place, gain: float = 1.0) -> Draw:
    """Saxe, McClelland, Ganguli, ICLR 2014: columns (or rows) at right angles, of length gain."""
    if len(place.shape) < 2:
        raise SetupError(
            f"'orthogonal' starts matrices, and {place.purpose.removeprefix('start of ')} is "
            f"{place.shape}.",
            "Use 'zeros' or 'normal' here.",
        )
    rows, columns = math.prod(place.shape[:-1]), place.shape[-1]
    if place.is_kernel:
        rows, columns = place.shape[0], place.fan_in
    square = place.normal(1.0).reshape(max(rows, columns), min(rows, columns))
    q, r = np.linalg.qr(square)
    # Without the signs of r the result would not be uniform over all orthogonal matrices.
    q = q * np.where(np.diag(r) < 0.0, -1.0, 1.0)
    return gain * (q if rows >= columns else q.T).reshape(place.shape)


def _nguyen_widrow(place: Place) -> Draw:
    """Nguyen and Widrow, IJCNN 1990: the units' active regions cover inputs from -1 to 1.

    Every column of weights has the length 0.7 * units ** (1 / inputs); a bias is uniform within
    plus and minus that length.
    """
    length = 0.7 * math.pow(place.fan_out, 1.0 / place.fan_in)
    drawn = place.uniform(-1.0, 1.0)
    if len(place.shape) == 1:
        return length * drawn
    columns = tuple(range(1, drawn.ndim) if place.is_kernel else range(drawn.ndim - 1))
    lengths: Draw = np.sqrt(np.sum(drawn**2, axis=columns, keepdims=True))
    return length * drawn / lengths


def _nguyen_widrow_even(place: Place, active: float = 2.0) -> Draw:
    """Nguyen and Widrow, IJCNN 1990, with evenly spaced units, as MATLAB's initnw starts tansig.

    Units are steep for sums from -active to active. Their centres divide a line evenly that goes
    through the inputs from -1 to 1, the more clearly, the fewer inputs there are; the first weight
    says on which side of 0 a centre is.
    """
    if len(place.shape) > 2 or (len(place.shape) == 1 and not place.purpose.endswith(".b")):
        raise SetupError(
            f"'nguyen_widrow_even' starts W and b of a Dense layer, and "
            f"{place.purpose.removeprefix('start of ')} is {place.shape}.",
            "Use 'nguyen_widrow' here.",
        )
    if len(place.shape) == 2:
        return active * _nguyen_widrow(place)
    if place.fan_out == 1:
        return np.zeros(place.shape)
    # The bias is drawn by itself, so that it looks up the weights that the same seed gives.
    weights = replace(
        place, shape=(place.fan_in, place.fan_out), purpose=place.purpose.removesuffix("b") + "W"
    )
    length = active * 0.7 * math.pow(place.fan_out, 1.0 / place.fan_in)
    drawn: Draw = length * np.linspace(-1.0, 1.0, place.fan_out)
    drawn *= np.sign(weights.uniform(-1.0, 1.0)[0])
    return drawn


def _forget_gate(place: Place, value: float = 1.0) -> Draw:
    """Zeros, but ``value`` for the second of four equal parts: the forget gate of an LSTM."""
    if len(place.shape) != 1 or place.shape[0] % 4:
        raise SetupError(
            f"'forget_gate' starts a bias of four gates, and this one is {place.shape}.",
            "Use 'zeros' here.",
        )
    units = place.shape[0] // 4
    drawn: Draw = np.zeros(place.shape)
    drawn[units : 2 * units] = value
    return drawn


def _chrono(place: Place, longest: float = 100.0, gates: float = 4.0) -> Draw:
    """Tallec and Ollivier, ICLR 2018: gates that keep a state for times up to ``longest``.

    What keeps the state stands second and starts at ln u, u uniform from 1 to longest - 1. Of four
    gates (an LSTM) the first, which lets content in, starts at the negative of that; of three (a
    GRU) none else differs from 0.
    """
    if gates not in (3.0, 4.0) or len(place.shape) != 1 or place.shape[0] % gates:
        raise SetupError(
            f"'chrono' starts a bias of three or four gates, and this one is {place.shape}.",
            "Give it as bias='chrono' to an LSTM or a GRU.",
        )
    if longest < 2.0:
        raise SetupError(
            f"The setting longest of 'chrono' is {longest!r}.", "Give a number of entries from 2."
        )
    units = place.shape[0] // int(gates)
    keep = np.log(1.0 + (longest - 2.0) * draw_uniform(place.seed, place.purpose, units))
    drawn: Draw = np.zeros(place.shape)
    drawn[units : 2 * units] = keep
    if gates == 4.0:
        drawn[:units] = -keep
    return drawn


# What "name 0.5" sets, where it is not ``value``.
SPOKEN = {"chrono": "longest"}
INITIALIZERS: Mapping[str, Callable[..., Draw]] = {
    "zeros": lambda place: np.zeros(place.shape),
    "constant": _constant,
    "uniform": lambda place, low=-0.05, high=0.05: place.uniform(low, high),
    "normal": lambda place, deviation=0.05: place.normal(deviation),
    # Glorot and Bengio, AISTATS 2010.
    "glorot_uniform": lambda place: place.uniform(
        -math.sqrt(6.0 / (place.fan_in + place.fan_out)),
        math.sqrt(6.0 / (place.fan_in + place.fan_out)),
    ),
    "glorot_normal": lambda place: place.normal(math.sqrt(2.0 / (place.fan_in + place.fan_out))),
    # He, Zhang, Ren, Sun, ICCV 2015.
    "he_uniform": lambda place: place.uniform(
        -math.sqrt(6.0 / place.fan_in), math.sqrt(6.0 / place.fan_in)
    ),
    "he_normal": lambda place: place.normal(math.sqrt(2.0 / place.fan_in)),
    # LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998.
    "lecun_uniform": lambda place: place.uniform(
        -math.sqrt(3.0 / place.fan_in), math.sqrt(3.0 / place.fan_in)
    ),
    "lecun_normal": lambda place: place.normal(math.sqrt(1.0 / place.fan_in)),
    "orthogonal": _orthogonal,
    "nguyen_widrow": _nguyen_widrow,
    "nguyen_widrow_even": _nguyen_widrow_even,
    "forget_gate": _forget_gate,
    "chrono": _chrono,
}


def find_initializer(choice: str | Initializer) -> Initializer:
    """Return an initializer given by itself, by name, or as "constant 0.25".

    Raises SetupError for an unknown name or setting, or for what is neither.
    """
    if isinstance(choice, Initializer):
        found = choice
    elif isinstance(choice, str):
        name, _, value = choice.partition(" ")
        found = Initializer(name, _value(choice, name, value))
    else:
        raise SetupError(
            f"An initializer cannot be a value of type {type(choice).__name__}.",
            "Give a name such as 'he_normal'; values go into Network(..., parameters={...}).",
        )
    if found.name not in INITIALIZERS:
        raise SetupError(
            f"There is no initializer '{found.name}'.", nearest(found.name, INITIALIZERS)
        )
    known = _settings_of(found.name)
    for setting, number in found.settings.items():
        if setting not in known:
            raise SetupError(
                f"The initializer '{found.name}' has no setting '{setting}'.",
                nearest(setting, known),
            )
        if not is_finite_number(number):
            raise SetupError(
                f"The setting {setting} of '{found.name}' is {number!r}.", "Give a finite number."
            )
    return found


@cache
def _settings_of(name: str) -> tuple[str, ...]:
    """Return the names of the settings of a rule of the table."""
    return tuple(inspect.signature(INITIALIZERS[name]).parameters)[1:]


def _value(choice: str, name: str, text: str) -> dict[str, float]:
    """Return the setting that stands behind the name in "constant 0.25"."""
    try:
        return {SPOKEN.get(name, "value"): float(text)} if text else {}
    except ValueError:
        raise SetupError(
            f"The initializer '{choice}' has no number behind its name.", "Write 'constant 0.25'."
        ) from None


def initializer(name: str, **settings: Any) -> Initializer:
    """Return an initializer with settings: ``initializer("normal", deviation=0.1)``.

    Names, with settings and their defaults: zeros, constant (value=0.0), uniform (low=-0.05,
    high=0.05), normal (deviation=0.05), glorot_uniform, glorot_normal, he_uniform, he_normal,
    lecun_uniform, lecun_normal, orthogonal (gain=1.0), nguyen_widrow,
    nguyen_widrow_even (active=2.0), forget_gate (value=1.0), chrono (longest=100.0, gates=4.0).
    Raises SetupError for another name or setting.
    """
    return find_initializer(Initializer(name, settings))
