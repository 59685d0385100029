"""The problems that articles' sentences are measured on: rows, a network, goals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from published_problems import sine, two_spirals
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule.data.choices import Choices
from chainrule.data.table import read_table
from chainrule.training.tables.plan import TablePlan
from chainrule.training.tables.rows import TableRows

HEART = Path(__file__).resolve().parent.parent / "examples" / "heart_disease.csv"
Array = NDArray[Any]
Rows = tuple[Array, Array]


@dataclass(frozen=True)
class Problem:
    """Rows to be learned by a network until the training loss is at a goal, float64.

    ``goals``: a rough one and a close one, which ends a training. ``most``: sort of algorithm ->
    epochs after which it has failed, for all sorts about as long; see ``Algorithm.sort``.
    """

    name: str
    about: str
    rows: Callable[[], Rows]
    layers: Callable[..., list[Any]]
    loss: str
    goals: tuple[float, float]
    most: Mapping[str, int] = field(default_factory=dict)

    def network(self, **start: Any) -> cr.Network:
        """Return the network; ``start``: how its weights begin, where that is not as usual."""
        return cr.Network(*self.layers(**start))

    def compare(self, settings: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]) -> Any:
        """Return the comparison of settings over starts, none of whose rows are held out."""
        close = self.goals[1]
        return cr.compare(
            self.network(), *self.rows(), settings=settings, seeds=list(seeds), goal=close,
            target_loss=close, loss=self.loss, validation=0.0, dtype="float64", progress=False,
        )  # fmt: skip


def eight_inputs() -> Rows:
    """500 rows of eight numbers, of which five decide the target, which has no noise in it."""
    X = np.random.default_rng(8).normal(size=(500, 8))
    y = np.sin(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2] + np.tanh(X[:, 3] - X[:, 4])
    return X, ((y - y.mean()) / y.std())[:, None]


def some_digits() -> Rows:
    """The first 1,000 of scikit-learn's handwritten digits, 64 pixels from 0 to 1."""
    known = load_digits()
    return known.data[:1000] / 16.0, known.target[:1000]


def xor() -> Rows:
    """Four rows: whether one of two inputs, and not both, is set."""
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def spirals() -> Rows:
    """The 194 points of two spirals, and which one each is of."""
    X, y = two_spirals()
    return X, y[:, 0].astype(int)


SIZES = (
    Problem(
        "small",
        "a period of a sine at 41 places, 1-10-1, 31 parameters, mean squared error",
        sine,
        lambda: [cr.Dense(10, "tanh"), cr.Dense(1)],
        "mean_squared_error",
        (0.01, 0.0002),
        {"steps": 8000, "searches": 500, "matrices": 150, "losses": 800},
    ),
    Problem(
        "medium",
        "500 rows of eight inputs, 8-20-1, 201 parameters, mean squared error",
        eight_inputs,
        lambda: [cr.Dense(20, "tanh"), cr.Dense(1)],
        "mean_squared_error",
        (0.05, 0.001),
        {"steps": 4000, "batches": 1000, "searches": 500, "matrices": 100, "losses": 150},
    ),
    Problem(
        "large",
        "1,000 digits of 64 pixels, 64-30-10, 2,260 parameters, cross-entropy",
        some_digits,
        lambda: [cr.Dense(30, "tanh"), cr.Dense(10)],
        "cross_entropy",
        (0.2, 0.01),
        {"steps": 1500, "batches": 300, "searches": 150, "matrices": 20},
    ),
)
XOR = Problem(
    "XOR",
    "four rows, 2-2-1, 9 parameters, cross-entropy",
    xor,
    lambda **start: [cr.Dense(2, "tanh", **start), cr.Dense(1, **start)],
    "binary_cross_entropy",
    (0.1, 0.01),
    {"steps": 5000, "searches": 500, "matrices": 200},
)
SPIRALS = Problem(
    "two spirals",
    "194 points, 2-20-20-1, 501 parameters, cross-entropy",
    spirals,
    lambda **start: [
        *(cr.Dense(20, "tanh", **start) for _ in range(2)),
        cr.Dense(1, **start),
    ],
    "binary_cross_entropy",
    (0.2, 0.02),
    {"steps": 4000, "searches": 500, "matrices": 60},
)


@dataclass(frozen=True)
class Halves:
    """Rows that are learned from, and rows that choose nothing; classes 0 and 1."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array


def heart_disease(split: int) -> Halves:
    """303 patients, 13 findings; a fifth of them is tested, another one for each split.

    Scales, categories and what is filled in come from the rows that are learned from.
    """
    plan = TablePlan.of(read_table(HEART), "disease", Choices(), split)
    test = plan.folds[split % len(plan.folds)].test
    others = np.setdiff1d(plan.used, test)
    rows = TableRows.fitted(plan, others)
    (X, y), (X_test, y_test) = rows.part(others), rows.part(test)
    yes = np.unique(y)[1]
    return Halves(X, (y == yes).astype(int), X_test, (y_test == yes).astype(int))


def curved(split: int) -> Halves:
    """Two classes on both sides of a curved border: eight inputs, of which three decide it.

    250 rows are learned from, 2,000 are tested; each split draws its own.
    """
    X = np.random.default_rng(split).normal(size=(2250, 8))
    y = (X[:, 0] ** 2 + X[:, 1] + np.sin(2.0 * X[:, 2]) > 1.0).astype(int)
    return Halves(X[:250], y[:250], X[250:], y[250:])


TABLES: dict[str, Callable[[int], Halves]] = {
    "heart disease": heart_disease,
    "a curved border": curved,
}
