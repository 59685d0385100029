"""Trainings to be judged: what is trained, on which rows, what is wrong, and the same put right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import chainrule as cr
import chainrule.randomness as randomness
from chainrule.network.layers import Start
from chainrule.training.run import Run

Array = NDArray[Any]
Rows = tuple[Array, Array]
# Rows may differ by seed; those of a table are always the same.
Data = Callable[[int], Rows]
HEALTHY = "healthy"
AILMENTS = (
    "uninformative_labels",
    "unscaled",
    "mismatched_output",
    "bad_start",
    "rate_too_high",
    "not_finite",
    "dead_units",
    "saturation",
    "imbalance",
    "overfitting",
    "rate_too_low",
    "constant_prediction",
)
# What holds a network at a constant may be this, and is then as right a name.
TOO_STRONG = "over_regularised"
STRENGTHS = ("l1", "l2", "weight_decay")


@dataclass(frozen=True)
class Training:
    """Rows, a network, and the arguments of ``train`` that are not its defaults."""

    data: Data
    network: cr.Network
    settings: Mapping[str, Any] = field(default_factory=dict)

    def but(
        self, data: Data | None = None, network: cr.Network | None = None, **settings: Any
    ) -> Training:
        """Return the same with other rows, another network, or other arguments."""
        return Training(data or self.data, network or self.network, {**self.settings, **settings})

    def run(self, seed: int, **more: Any) -> Run:
        """Train; a quarter of the rows is held out unless the settings say otherwise."""
        X, y = self.data(seed)
        given = {"validation": 0.25, **self.settings, **more}
        return cr.train(self.network, X, y, seed=seed, progress=False, **given)


@dataclass(frozen=True)
class Subject:
    """A training and what is to be said of it.

    ``expected`` is the name of an ailment, or healthy. ``also`` are other names for the same fault,
    where two ailments describe it and the cure of either is the same. ``twin`` is the training put
    right by hand. ``treatable``: whether anything but other labels, or another loss, can cure it.
    ``judge``: by what twin and training are compared.
    """

    name: str
    expected: str
    training: Training
    twin: Training | None = None
    also: tuple[str, ...] = ()
    treatable: bool = True
    judge: Literal["error", "balanced error"] = "error"

    @property
    def is_healthy(self) -> bool:
        return self.expected == HEALTHY

    @property
    def accepted(self) -> tuple[str, ...]:
        """The names that are right."""
        if self.expected != "constant_prediction" or self.twin is None:
            return (self.expected, *self.also)
        stronger = any(
            now > before
            for now, before in zip(_brakes(self.training), _brakes(self.twin), strict=True)
        )
        return (self.expected, *self.also, *((TOO_STRONG,) if stronger else ()))


def _brakes(training: Training) -> list[float]:
    """Return how strong each penalty, the decay, and dropout are."""
    given = [training.settings.get(one, 0.0) for one in STRENGTHS]
    return [
        *(max(one.values()) if isinstance(one, Mapping) else float(one) for one in given),
        max(_dropped(training.network), default=0.0),
    ]


def _dropped(network: cr.Network) -> list[float]:
    if network.is_sized:
        steps = network.plan.steps
        return [one.settings.get("rate", 0.5) for one in steps if one.op.startswith("drop")]
    words = " ".join(network.open_layers().values())
    return [float(one) for one in re.findall(r"Drop\w+\((?:rate=)?([\d.]+)", words)]


@dataclass(frozen=True)
class Ward:
    """The subjects of one ailment as they are written down: each is its sound twin, spoiled."""

    ailment: str
    also: tuple[str, ...] = ()
    treatable: bool = True
    judge: Literal["error", "balanced error"] = "error"

    def case(self, name: str, sound: Training, **spoiled: Any) -> Subject:
        """Return a subject whose twin is sound and which differs from it in what is given."""
        return Subject(
            f"{self.ailment}: {name}", self.ailment, sound.but(**spoiled), sound, self.also,
            self.treatable, self.judge,
        )  # fmt: skip

    def but(self, **changed: Any) -> Ward:
        return replace(self, **changed)


def healthy(name: str, training: Training) -> Subject:
    """Return a training that a competent person would leave as it is."""
    return Subject(f"healthy: {name}", HEALTHY, training)


def dense(
    *widths: int,
    activation: str = "relu",
    last: str | None = None,
    weights: Start | None = None,
    bias: Start = "zeros",
    outputs: int | None = None,
) -> cr.Network:
    """Return hidden layers of one kind and an output, whose width is left to the data."""
    hidden = [cr.Dense(one, activation, weights=weights, bias=bias) for one in widths]
    return cr.Network(*hidden, cr.Dense(outputs, last, weights=weights))


def of_deviation(deviation: float) -> Start:
    """Return a start of weights that are drawn from a normal distribution."""
    return cr.initializer("normal", deviation=deviation)


# ---- rows, and what is done to them ----


def normal(seed: int, purpose: str, *shape: int) -> Array:
    """Return numbers of a normal distribution, the same for a seed and a purpose."""
    return randomness.normal(seed, purpose, int(np.prod(shape))).reshape(shape)


def uniform(seed: int, purpose: str, *shape: int, low: float = 0.0, high: float = 1.0) -> Array:
    """Return evenly distributed numbers, the same for a seed and a purpose."""
    drawn = randomness.uniform(seed, purpose, int(np.prod(shape))).reshape(shape)
    return low + (high - low) * drawn


def standardised(x: Array) -> Array:
    """Return columns with a mean of 0 and a deviation of 1; what is constant becomes 0."""
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0))


def changed(
    data: Data,
    X: Callable[[Array], Array] | None = None,
    y: Callable[[Array], Array] | None = None,
) -> Data:
    """Return data with a function over inputs or targets."""

    def rows(seed: int) -> Rows:
        inputs, targets = data(seed)
        return (X(inputs) if X else inputs), (y(targets) if y else targets)

    return rows


def shuffled(data: Data) -> Data:
    """Return data whose labels were shuffled and whose inputs were not."""

    def rows(seed: int) -> Rows:
        inputs, targets = data(seed)
        return inputs, targets[randomness.permutation(seed, "labels", len(targets))]

    return rows


def first(data: Data, count: int) -> Data:
    """Return so many rows, drawn by the seed."""

    def rows(seed: int) -> Rows:
        inputs, targets = data(seed)
        chosen = randomness.permutation(seed, "chosen rows", len(targets))[:count]
        return inputs[chosen], targets[chosen]

    return rows


def rare(data: Data, label: Any, count: int) -> Data:
    """Return data in which only so many rows of a label are left."""

    def rows(seed: int) -> Rows:
        inputs, targets = data(seed)
        order = randomness.permutation(seed, "rare rows", len(targets))
        inputs, targets = inputs[order], targets[order]
        kept = (targets != label) | (np.cumsum(targets == label) <= count)
        return inputs[kept], targets[kept]

    return rows


def with_noise_columns(data: Data, count: int) -> Data:
    """Return data with so many more columns that say nothing."""

    def rows(seed: int) -> Rows:
        inputs, targets = data(seed)
        more = normal(seed, "columns of noise", len(inputs), count)
        return np.concatenate([inputs, more], axis=1), targets

    return rows
