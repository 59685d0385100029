"""What the tests of comparisons share: a small problem, and comparisons of it."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from chainrule.comparison.result import Comparison
from chainrule.comparison.trial import Trial

RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(80, 4))
Y = (X[:, 0] + X[:, 1] ** 2 + 0.5 * RANDOM.normal(size=80) > 0.6).astype(int)
NETWORK = cr.Network(cr.Dense(5, "tanh"), cr.Dense())


def compared(**given: Any) -> Comparison:
    """Compare on the small problem, by default two optimizers over three seeds."""
    common: dict[str, Any] = {"seeds": 3, "epochs": 6, "progress": False}
    if "settings" not in given:
        common["optimizers"] = ["gradient_descent", "adam"]
    return cr.compare(**{"network": NETWORK, "X": X, "y": Y, **common, **given})


def made_of(
    losses: dict[str, list[float]], history: dict[str, list[float]] | None = None
) -> Comparison:
    """Return a comparison that was not trained: label -> the loss of each seed, inf for failed.

    Every training that did not fail has the same ``history``, of 1 ms an epoch.
    """
    run = cr.train(NETWORK, X, Y, epochs=1, validation=0.2, progress=False)
    columns = history or {"loss": [0.9, 0.5], "validation_loss": [0.8, 0.4]}
    run.recording.history.clear()
    run.recording.history.update(columns)
    seconds = np.array([0.001 * epoch for epoch in range(1, len(columns["loss"]) + 1)])
    trials = tuple(
        Trial(label, seed, run, loss, {"accuracy": 0.75}, seconds.copy())
        if np.isfinite(loss)
        else Trial(label, seed, None, loss, {}, np.zeros(0), "the loss became nan in epoch 3")
        for label, several in losses.items()
        for seed, loss in enumerate(several)
    )
    count = max(len(several) for several in losses.values())
    words = {label: f"{label} as it is" for label in losses}
    return Comparison(words, tuple(range(count)), trials, "validation", "accuracy")
