"""The works that are timed: networks, generated rows, first weights, and one loss for everybody.

A ``Problem`` is a work with its arrays. It is made once and written to a file, so that every
contestant starts from the same weights on the same rows, in a Python of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

RATE = 0.001


@dataclass(frozen=True)
class Work:
    """A network, how many rows it learns from, and how many of them a step takes (None: all)."""

    sizes: tuple[int, ...]
    activation: str
    batch: int | None
    rows: int = 1000
    task: str = "classes"
    dtype: Literal["float32", "float64"] = "float32"
    bars: Mapping[str, float] = field(default_factory=dict)

    @property
    def network(self) -> str:
        """Name the network alone: ``8-16-3 relu``."""
        return f"{'-'.join(map(str, self.sizes))} {self.activation}"

    @property
    def name(self) -> str:
        """Name the work as a table does."""
        if self.batch is None:
            return f"{self.network}, {self.rows:,} rows, full batch"
        return f"{self.network}, batch {self.batch}"

    @property
    def step_rows(self) -> int:
        """The rows of a step, where it is not the last and shorter one of an epoch."""
        return self.rows if self.batch is None else min(self.batch, self.rows)

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps in an epoch, the short one at its end included."""
        return -(-self.rows // self.step_rows)

    @property
    def call_rows(self) -> int:
        """The rows of the call whose fixed cost is taken: one step's, but a row of each class."""
        return max(self.step_rows, self.sizes[-1])

    @property
    def multiplications(self) -> int:
        """The multiplications in the products of one full step, forward and backward."""
        layers = [a * b for a, b in pairwise(self.sizes)]
        return self.step_rows * (3 * sum(layers) - layers[0])


def bars(eager: float, scikit_learn: float, scan: float) -> dict[str, float]:
    """Return how many times ahead of each peer a work should be."""
    return {"PyTorch eager": eager, "scikit-learn": scikit_learn, "JAX scan": scan}


# 1000 rows end an epoch with a short batch of 8 (of 32) or 104 (of 128).
WORKS = (
    Work((8, 16, 3), "relu", 32, bars=bars(130, 60, 8)),
    Work((64, 64, 64, 10), "relu", 32, bars=bars(22, 13, 2.3)),
    Work((64, 64, 64, 10), "tanh", 32, bars=bars(20, 12, 2)),
    Work((4, 32, 16, 4), "tanh", None, rows=10_000, task="numbers", bars=bars(7, 9, 9)),
    Work((784, 100, 10), "relu", 128, bars=bars(2.5, 2.3, 1.25)),
    Work((784, 512, 512, 10), "relu", 128, bars=bars(1.4, 3, 1.0)),
)


@dataclass(frozen=True, eq=False)
class Problem:
    """A work with its rows and first weights: W, b, W, b, ... of inputs x outputs."""

    work: Work
    X: NDArray[Any]
    y: NDArray[Any]
    weights: tuple[NDArray[Any], ...]

    @cached_property
    def layers(self) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """The first weights as (W, b) of each layer."""
        return list(zip(self.weights[0::2], self.weights[1::2], strict=True))

    def loss(self, weights: list[NDArray[Any]]) -> float:
        """Return the mean loss over all rows with these weights, in float64: one code for all."""
        value = self.X.astype(np.float64)
        last = len(weights) - 2
        for place in range(0, len(weights), 2):
            value = value @ np.asarray(weights[place], np.float64)
            value = value + np.asarray(weights[place + 1], np.float64)
            if place < last:
                value = np.tanh(value) if self.work.activation == "tanh" else value.clip(min=0.0)
        if self.work.task == "numbers":
            return float(np.mean((value - self.y) ** 2))
        value = value - value.max(axis=1, keepdims=True)
        own = value[np.arange(len(value)), self.y]
        return float(np.mean(np.log(np.exp(value).sum(axis=1)) - own))

    def save(self, path: Path) -> None:
        """Write the problem to one file."""
        named = {f"weight_{place}": one for place, one in enumerate(self.weights)}
        np.savez(path, work=json.dumps(asdict(self.work)), X=self.X, y=self.y, **named)

    @classmethod
    def load(cls, path: str | Path) -> Problem:
        """Read a problem again."""
        with np.load(path) as stored:
            plain = json.loads(str(stored["work"]))
            work = Work(**{**plain, "sizes": tuple(plain["sizes"])})
            count = sum(name.startswith("weight_") for name in stored.files)
            weights = tuple(stored[f"weight_{place}"] for place in range(count))
            return cls(work, stored["X"], stored["y"], weights)


def problem(work: Work, seed: int = 0) -> Problem:
    """Return the work with rows by seed and the weights that chainrule starts from."""
    # Peers read the file that comes of this; they never import chainrule.
    import chainrule as cr

    layers = [cr.Dense(size, work.activation) for size in work.sizes[1:-1]]
    network = cr.Network(cr.Input(work.sizes[0]), *layers, cr.Dense(work.sizes[-1]), seed=seed)
    weights = tuple(one.astype(work.dtype) for one in network.parameters.values())
    X, y = numbers(work, seed) if work.task == "numbers" else classes(work, seed)
    return Problem(work, X.astype(work.dtype), y, weights)


def classes(work: Work, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return rows and labels, all classes alike often, too noisy to be learned to a loss of 0."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(work.rows, work.sizes[0]))
    direction = random.normal(size=(work.sizes[0], 2)) / np.sqrt(work.sizes[0])
    score = (X @ direction) @ [1.0, 0.5] + np.sin(2.0 * X[:, 0]) + random.normal(size=work.rows)
    rank = np.argsort(np.argsort(score))
    return X, rank * work.sizes[-1] // work.rows


def numbers(work: Work, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return 2 x 2 matrices and their exponentials: what SimpleChains published its speed on."""
    from scipy.linalg import expm

    X = np.random.default_rng(seed).normal(size=(work.rows, 4))
    y = expm(X.reshape(-1, 2, 2)).reshape(-1, 4)
    return X, y.astype(work.dtype)
