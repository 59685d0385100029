"""The two encoders and the two spirals that Rprop is tried on, and one training of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from published_problems import ENCODERS, SPIRALS_PUBLISHED, Rows, two_spirals

import chainrule as cr

CLOSE = 0.4
ENCODER_EPOCHS, SPIRAL_EPOCHS = 5_000, 20_000


def largest_miss(truth: Any, predicted: Any) -> Any:
    """How far the worst output is from its 0 or 1."""
    return np.abs(truth - predicted).max()


@dataclass(frozen=True)
class Task:
    """A problem, its network, how long it is tried, and what was published [M].

    ``rows`` are inputs and outputs of 0 and 1; ``targets`` makes of these outputs what is learned
    from. It is learned once ``miss`` is below 0.4. ``settings``: further arguments of ``cr.train``.
    """

    name: str
    rows: Callable[[], Rows]
    network: Callable[[], cr.Network]
    loss: str
    epochs: int
    rprop: str
    others: str
    targets: Callable[[Any], Any] = lambda wanted: wanted
    miss: Callable[[Any, Any], Any] = largest_miss
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Learned:
    """One training: the epoch after which it was learned, 0 where it never was.

    ``largest`` is the largest weight or bias after the last epoch.
    """

    task: str
    form: str
    start: int
    epochs: int
    largest: float


def encoder(
    sizes: Sequence[int], most: float = 1.0, hidden: str = "sigmoid", output: str = "sigmoid"
) -> cr.Network:
    """Return a network of sigmoid units; weights begin between -``most`` and ``most``."""
    start = cr.initializer("uniform", low=-most, high=most)
    units = [*((size, hidden) for size in sizes[1:-1]), (sizes[-1], output)]
    return cr.Network(*(cr.Dense(size, kind, weights=start, bias=start) for size, kind in units))


def shortcuts() -> cr.Network:
    """Return the network of Lang and Witbrock (1988): 2-5-5-5-1, each layer sees all before it."""
    seen = [cr.Input(2)]
    for _ in range(3):
        before = seen[0] if len(seen) == 1 else cr.Concatenate()(*seen)
        seen.append(cr.Dense(5, "tanh")(before))
    return cr.Network(inputs=seen[:1], outputs=[cr.Dense(1, "sigmoid")(cr.Concatenate()(*seen))])


def tasks() -> list[Task]:
    """Return the two encoders and the spirals."""
    found = [
        Task(
            f"encoder {one.name}",
            lambda size=one.sizes[0]: (np.eye(size), np.eye(size)),
            lambda sizes=one.sizes: encoder(sizes),
            "half_squared_error",
            ENCODER_EPOCHS,
            one.rprop,
            one.others,
        )
        for one in ENCODERS
    ]
    spirals = "two spirals, 2-5-5-5-1"
    return [
        *found,
        Task(
            spirals, two_spirals, shortcuts, "half_squared_error", SPIRAL_EPOCHS, "-",
            SPIRALS_PUBLISHED,
        ),
    ]  # fmt: skip


def learned(task: Task, form: str, start: int, most: int) -> Learned:
    """Train once, with a look at all outputs after every epoch."""
    X, wanted = task.rows()
    run = cr.train(
        task.network(), X, task.targets(wanted), loss=task.loss, epochs=min(task.epochs, most),
        batch_size=None, dtype="float64", validation=(X, wanted), keep="last",
        metrics=[task.miss], seed=start, readings=0, progress=False,
        **{"optimizer": form, **task.settings},
    )  # fmt: skip
    misses = np.array(run.history[f"validation_{task.miss.__name__}"])
    close = np.flatnonzero(misses < CLOSE)
    largest = max(float(np.abs(one).max()) for one in run.network.parameters.values())
    return Learned(task.name, form, start, int(close[0]) + 1 if close.size else 0, largest)
