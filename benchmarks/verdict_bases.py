"""Sound trainings drawn at random: data, network, optimizer, rate, batch and epochs.

Every draw has a name of its own, so that another draw, or another choice within one, changes
nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
from verdict_runs import Data, Rows, Training, normal, standardised, uniform
from verdict_tables import (
    blobs,
    board,
    cancer,
    circles,
    diabetes,
    digits,
    friedman,
    iris,
    itself,
    keel,
    moons,
    plane,
    spirals,
    two_heaps,
    waves,
    wine,
)

import chainrule as cr
import chainrule.randomness as randomness
from chainrule.network.layers import Start

Kind = Literal["two classes", "classes", "numbers"]
Chosen = TypeVar("Chosen")
FEWEST_ROWS, MOST_ROWS = 150, 4000
# A training of so many products of rows and weights takes about a second.
MOST_WORK = 1.2e9


@dataclass(frozen=True)
class Dice:
    """Draws of one case, each by its name."""

    seed: int
    case: int

    def number(self, name: str, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number between two."""
        return low + (high - low) * float(randomness.uniform(self.seed, name, 1, self.case)[0])

    def size(self, name: str, low: float, high: float) -> float:
        """Return a number between two, every factor equally likely; three digits of it."""
        return float(f"{math.exp(self.number(name, math.log(low), math.log(high))):.3g}")

    def count(self, name: str, low: int, high: int) -> int:
        """Return a whole number between two, every factor equally likely."""
        return min(high, int(self.size(name, low, high + 1)))

    def among(self, name: str, choices: Sequence[Chosen]) -> Chosen:
        """Return one of several."""
        return choices[min(len(choices) - 1, int(self.number(name) * len(choices)))]

    def weighed(self, name: str, choices: Mapping[Chosen, float]) -> Chosen:
        """Return one of several that are not equally likely."""
        left = self.number(name) * sum(choices.values())
        for one, weight in choices.items():
            left -= weight
            if left < 0.0:
                return one
        return next(reversed(choices))


@dataclass(frozen=True)
class Built:
    """A network as it is to be built: ``between`` stands behind the hidden layers."""

    widths: tuple[int, ...]
    activation: str
    between: str = ""
    last: str | None = None
    weights: Start | None = None
    bias: str = "zeros"
    rate: float = 0.1

    def network(self) -> cr.Network:
        layers: list[Any] = []
        for place, width in enumerate(self.widths):
            if self.between.endswith("norm"):
                norm = cr.BatchNorm() if self.between == "batch norm" else cr.LayerNorm()
                dense = cr.Dense(width, weights=self.weights, bias=self.bias)
                layers += [dense, norm, cr.Activation(self.activation)]
                continue
            layers.append(cr.Dense(width, self.activation, weights=self.weights, bias=self.bias))
            if self.between == "softmax" and place == len(self.widths) - 1:
                layers.append(cr.Activation("softmax"))
            if self.between == "dropout":
                layers.append(cr.Dropout(self.rate))
        return cr.Network(*layers, cr.Dense(None, self.last, weights=self.weights))


@dataclass(frozen=True)
class Table:
    """Rows of one kind, and how many columns and outputs they have."""

    name: str
    data: Data
    kind: Kind
    rows: int
    columns: int
    outputs: int


@dataclass(frozen=True)
class Base:
    """A sound training, and what it was drawn from."""

    table: Table
    built: Built
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def training(self) -> Training:
        return Training(self.table.data, self.built.network(), self.settings)

    @property
    def has_rate(self) -> bool:
        return "learning_rate" in self.settings

    @property
    def words(self) -> str:
        """The base in a line; what is equal here is the same training."""
        one = self.built
        kept = f"{one.rate:g} " if one.between == "dropout" else ""
        layers = f"{'-'.join(map(str, one.widths))} {one.activation} {kept}{one.between}".strip()
        given = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        return f"{self.table.name} ({self.table.rows} rows), {layers}, {given}"


# ---- rows ----


def column_of(name: str, rows: Data, targets: tuple[int, ...]) -> Data:
    """Return a table of which some columns are to be told from the others."""

    def parted(seed: int) -> Rows:
        X, _ = rows(seed)
        return np.delete(X, targets, axis=1), X[:, list(targets)]

    return parted


def bumps(count: int, columns: int, outputs: int, noise: float) -> Data:
    """Return several smooth functions of the same columns."""

    def rows(seed: int) -> Rows:
        x = uniform(seed, "bumps", count, columns, low=-1.0, high=1.0)
        slopes = normal(seed, "slopes of bumps", columns, outputs)
        y = np.sin(1.5 * x @ slopes) + 0.3 * x[:, :1]
        return standardised(x), standardised(y + noise * normal(seed, "noise", count, outputs))

    return rows


def _few(data: Data, name: str, most: int) -> Data:
    """Return at most so many rows, the same ones for every seed."""

    def rows(seed: int) -> Rows:
        X, y = data(seed)
        kept = np.sort(randomness.permutation(0, name, len(y))[:most])
        return X[kept], y[kept]

    return rows


KEEL = (
    "banana", "phoneme", "pima", "vehicle", "vowel", "segment", "wisconsin", "ionosphere",
    "sonar", "ring", "twonorm", "satimage", "optdigits", "penbased", "texture", "heart",
    "magic", "spambase", "australian", "contraceptive", "monk-2",
)  # fmt: skip
BY_COLUMN = ("segment", "vehicle", "satimage", "texture", "penbased", "wisconsin", "magic")
SKLEARN: dict[str, Data] = {"iris": iris, "wine": wine, "cancer": cancer, "digits": digits}
Maker = Callable[[Dice, int], Data]
OF_CLASSES: dict[str, Maker] = {
    "moons": lambda dice, count: moons(count, dice.size("noise", 0.05, 0.4)),
    "circles": lambda dice, count: circles(count, 0.5, dice.size("noise", 0.04, 0.2)),
    "spirals": lambda dice, count: spirals(count, 0.75, dice.size("noise", 0.01, 0.08)),
    "board": lambda dice, count: board(count, 2),
    "heaps": lambda dice, count: two_heaps(count, dice.number("apart", 1.5, 4.0), 5, 0.4),
    "blobs": lambda dice, count: blobs(
        count, dice.count("centres", 3, 9), dice.count("dimensions", 2, 12), 0.6
    ),
}
OF_NUMBERS: dict[str, Maker] = {
    "friedman": lambda dice, count: friedman(count, dice.size("noise", 0.2, 3.0)),
    "waves": lambda dice, count: waves(count, dice.size("noise", 0.03, 0.4), 2.0),
    "plane": lambda dice, count: plane(count, dice.count("dimensions", 3, 16), 0.2),
    "bumps": lambda dice, count: bumps(
        count, dice.count("dimensions", 2, 4), dice.count("targets", 2, 4), 0.1
    ),
}


def table_of(dice: Dice) -> Table:
    """Draw rows: a third to be told apart by tables, a third generated, a third of numbers."""
    source = dice.weighed("source", {"keel": 0.3, "sklearn": 0.1, "made": 0.2, "numbers": 0.4})
    count = dice.count("rows", FEWEST_ROWS, MOST_ROWS)
    if source == "numbers":
        name, data = _numbers(dice, count)
        X, y = data(0)
        return Table(name, data, "numbers", len(X), X.shape[1], int(y[0].size))
    if source == "made":
        name = dice.among("made", list(OF_CLASSES))
        data = OF_CLASSES[name](dice, count)
    elif source == "keel":
        name = dice.among("keel", KEEL)
        data = keel(name, count)
    else:
        name = dice.among("sklearn", list(SKLEARN))
        data = _few(SKLEARN[name], name, count)
    X, y = data(0)
    classes = len(np.unique(y))
    kind: Kind = "two classes" if classes == 2 else "classes"
    return Table(name, data, kind, len(X), X.shape[1], classes)


def _numbers(dice: Dice, count: int) -> tuple[str, Data]:
    source = dice.weighed("numbers", {"made": 0.45, "columns": 0.35, "diabetes": 0.1, "same": 0.1})
    if source == "diabetes":
        return "diabetes", diabetes
    if source == "made":
        name = dice.among("function", list(OF_NUMBERS))
        return name, OF_NUMBERS[name](dice, count)
    name = dice.among("table of numbers", BY_COLUMN)
    rows = keel(name, count)
    varying = np.flatnonzero(rows(0)[0].std(axis=0) > 0.0)
    if source == "same":
        kept = _few(lambda seed: (rows(seed)[0][:, varying], rows(seed)[1]), name, 600)
        return f"{name} itself", itself(kept)
    most = min(len(varying) - 2, 4)
    several = dice.count("targets", 2, most) if dice.number("several") < 0.3 and most > 2 else 1
    begin = dice.count("column", 1, len(varying) - several) - 1
    targets = tuple(int(one) for one in varying[begin : begin + several])
    return f"{name}, column {targets}", column_of(name, rows, targets)


# ---- network and optimizer ----

ACTIVATIONS = {
    "relu": 0.32, "tanh": 0.24, "gelu": 0.14, "leaky_relu": 0.08, "elu": 0.06, "silu": 0.06,
    "sigmoid": 0.06, "softplus": 0.04,
}  # fmt: skip
LAYERS = {1: 0.36, 2: 0.3, 3: 0.18, 4: 0.08, 5: 0.05, 6: 0.03}
BETWEEN = {"": 0.76, "batch norm": 0.09, "dropout": 0.09, "layer norm": 0.06}
OPTIMIZERS = {
    "adam": 0.36, "adamw": 0.09, "momentum": 0.12, "gradient_descent": 0.12, "rmsprop": 0.08,
    "nadam": 0.05, "nesterov": 0.04, "irprop_plus": 0.04, "lbfgs": 0.05,
    "levenberg_marquardt": 0.05,
}  # fmt: skip
RATES = {
    "adam": 0.005, "adamw": 0.005, "nadam": 0.005, "rmsprop": 0.003, "momentum": 0.02,
    "nesterov": 0.02, "gradient_descent": 0.1,
}  # fmt: skip
# A Jacobian of rows x parameters is solved in each step.
MOST_SOLVED = 250


def built_of(dice: Dice, table: Table) -> Built:
    """Draw a network: deep ones are of layers of one width, and without sigmoids."""
    count = dice.weighed("layers", LAYERS)
    activation = dice.weighed("activation", ACTIVATIONS)
    if activation in ("sigmoid", "softplus"):
        count = min(count, 2)
    same = dice.count("width", 8, 128 if count < 4 else 48)
    if table.name.endswith("itself"):
        same = max(same, table.columns // 2)
    widths = [same] * count
    if 1 < count < 4:
        widths = [max(4, same >> place) for place in range(count)]
    between = dice.weighed("between", BETWEEN)
    return Built(tuple(widths), activation, between, rate=dice.number("dropped", 0.1, 0.3))


def base_of(seed: int, case: int) -> Base:
    """Draw a training, with a rate and epochs as a competent person would try first."""
    dice = Dice(seed, case)
    table = table_of(dice)
    built = built_of(dice, table)
    optimizer = dice.weighed("optimizer", OPTIMIZERS)
    if optimizer == "levenberg_marquardt":
        built = _small(built, table)
        if table.kind != "numbers" or table.outputs > 1 or built.between == "dropout":
            optimizer = "lbfgs"
    if optimizer in ("lbfgs", "irprop_plus", "levenberg_marquardt"):
        built = Built(built.widths, built.activation)
    validation = dice.weighed("validation", {0.25: 0.4, 0.2: 0.25, 0.3: 0.15, 0.0: 0.2})
    settings: dict[str, Any] = {"optimizer": optimizer, "validation": validation}
    batch = min(dice.weighed("batch", {32: 0.5, 16: 0.2, 64: 0.2, 128: 0.1}), table.rows // 8)
    epochs, batch = _lengths(dice, table, built, optimizer, batch)
    if optimizer in RATES:
        settings["learning_rate"] = float(f"{RATES[optimizer] * dice.size('rate', 0.5, 2.0):.2g}")
        settings["batch_size"] = batch
    return Base(table, built, {**settings, "epochs": epochs})


def _small(built: Built, table: Table) -> Built:
    width = max(3, min(built.widths[0], MOST_SOLVED // (table.columns + 2)))
    return Built((width,), "tanh")


def _lengths(dice: Dice, table: Table, built: Built, optimizer: str, batch: int) -> tuple[int, int]:
    """Return how many epochs, and rows in a step, within what a training may take."""
    weights = sum(
        a * b
        for a, b in zip((table.columns, *built.widths), (*built.widths, table.outputs), strict=True)
    )
    most = max(4, int(MOST_WORK / (table.rows * max(weights, 500) * 3)))
    if optimizer not in RATES:
        return min(most, dice.count("epochs", 30, 120)), batch
    steps = dice.count("steps", 600, 4000)
    return max(8, min(most, 300, math.ceil(steps * batch / table.rows))), batch
