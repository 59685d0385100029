"""The two tasks of memory, networks for them, and one training with the gradients at each entry.

The adding task (Hochreiter, Schmidhuber, Neural Computation 9, 1997): of 50 numbers two are marked,
and their sum is asked for. The memory task: the first of 100 entries is one of four signs, all
others are noise, and the sign is asked for at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule as cr

UNITS, RATE, CLIP, BATCH, ROWS, UNSEEN = 20, 0.01, 1.0, 50, 10_000, 1000
UNSEEN_SEED = 1_000_000
SLOPE_ROWS = 100
KINDS: dict[str, Callable[[int], Any]] = {
    "LSTM": lambda units: cr.LSTM(units, bias="chrono"),
    "GRU": lambda units: cr.GRU(units, bias="chrono"),
    "Recurrent": cr.Recurrent,
}
Array = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """Rows by seed, what an error is, what chance makes of it, and below which it is solved."""

    name: str
    rows: Callable[[int, int, int], tuple[Array, Array]]
    time: int
    features: int
    outputs: int
    loss: str
    error: str
    chance: float
    solved: float
    steps: int

    def measured(self, run: Any) -> list[float]:
        """Return the error on unseen rows after each epoch."""
        if self.loss == "mean_squared_error":
            return [float(one) for one in run.history["validation_loss"]]
        return [1.0 - float(one) for one in run.history["validation_accuracy"]]


def adding(rows: int, time: int, seed: int) -> tuple[Array, Array]:
    """Return (rows, time, 2), numbers from 0 to 1 and marks, and the sums of those marked.

    One is marked in each half.
    """
    random = np.random.default_rng(seed)
    X = np.zeros((rows, time, 2), np.float32)
    X[:, :, 0] = random.random((rows, time))
    every = np.arange(rows)
    first = random.integers(0, time // 2, rows)
    second = random.integers(time // 2, time, rows)
    X[every, first, 1] = X[every, second, 1] = 1.0
    return X, (X[every, first, 0] + X[every, second, 0])[:, None]


def remembering(rows: int, time: int, seed: int) -> tuple[Array, Array]:
    """Return (rows, time, 4), first one of four signs, then noise, and which sign it was."""
    random = np.random.default_rng(seed)
    X = (0.5 * random.normal(size=(rows, time, 4))).astype(np.float32)
    sign = random.integers(0, 4, rows)
    X[:, 0] = np.eye(4, dtype=np.float32)[sign]
    return X, sign


TASKS = (
    Task(
        "adding, 50 steps",
        adding,
        time=50,
        features=2,
        outputs=1,
        loss="mean_squared_error",
        error="mean squared error",
        chance=1 / 6,
        solved=0.01,
        steps=3000,
    ),
    Task(
        "memory, 100 steps",
        remembering,
        time=100,
        features=4,
        outputs=4,
        loss="cross_entropy",
        error="share wrong",
        chance=0.75,
        solved=0.05,
        steps=2000,
    ),
)


@dataclass(frozen=True, eq=False)
class Learned:
    """One training: the error on unseen rows after each epoch, and slopes at each entry."""

    task: Task
    kind: str
    seed: int
    steps: int
    errors: list[float]
    slopes_before: Array
    slopes_after: Array

    @property
    def solved(self) -> bool:
        """Whether the task is solved at the end."""
        return self.errors[-1] <= self.task.solved


def first_network(task: Task, kind: str, seed: int) -> cr.Network:
    """Return a network by seed whose gates keep what they hold for times up to the task's own.

    Biases of the gates start as in Tallec, Ollivier, "Can recurrent neural networks warp time?",
    ICLR 2018; the simple layer has none.
    """
    layer = KINDS[kind](UNITS)
    rows = cr.Input((task.time, task.features))
    return cr.Network(rows, layer, cr.Dense(task.outputs), seed=seed)


def learned(task: Task, kind: str, seed: int, steps: int, rows: int) -> Learned:
    """Train one kind of layer on one task."""
    X, y = task.rows(rows, task.time, seed)
    unseen = task.rows(min(UNSEEN, rows), task.time, UNSEEN_SEED + seed)
    network = first_network(task, kind, seed)
    run = cr.train(
        network,
        X,
        y,
        loss=task.loss,
        optimizer=cr.Adam(learning_rate=RATE),
        clip_norm=CLIP,
        batch_size=BATCH,
        epochs=max(1, steps * BATCH // rows),
        validation=unseen,
        keep="last",
        seed=seed,
        readings=0,
        progress=False,
    )
    before, after = (slopes(task, one, *unseen) for one in (network, run.network))
    made = run.recording.epochs * -(-rows // BATCH)
    return Learned(task, kind, seed, made, task.measured(run), before, after)


def slopes(task: Task, network: cr.Network, X: Array, y: Array) -> Array:
    """Return the norm of a row's loss's gradient at each entry, the mean over some rows (time,)."""
    rows = min(SLOPE_ROWS, len(X))
    found = cr.backpropagate(network, X[:rows], y[:rows], task.loss).gradients["x"]
    # The loss is the mean over rows, so that each row's own gradient is so many times as large.
    return rows * np.sqrt((np.asarray(found) ** 2).sum(axis=2)).mean(axis=0)
