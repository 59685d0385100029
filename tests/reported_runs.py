"""Small runs that are reported on, and a loop by hand that fills a recording."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule as cr

RANDOM = np.random.default_rng(11)
ROWS = RANDOM.normal(size=(120, 4))
TARGET = np.tanh(ROWS @ np.array([1.0, -1.0, 0.5, 2.0])) + 0.1 * RANDOM.normal(size=120)
Weights = dict[str, NDArray[Any]]


def tanh_network() -> cr.Network:
    return cr.Network(cr.Input(4), cr.Dense(8, "tanh"), cr.Dense(1), seed=3)


def ill_run(**given: Any) -> Any:
    """Return a run whose rate is far too high."""
    chosen: dict[str, Any] = {
        "optimizer": "gradient_descent", "learning_rate": 3.0, "epochs": 60, "validation": 0.25,
    }  # fmt: skip
    return cr.train(tanh_network(), ROWS, TARGET, progress=False, **{**chosen, **given})


def healthy_run(**given: Any) -> Any:
    """Return a run that has learned what there is to learn."""
    chosen: dict[str, Any] = {"learning_rate": 0.1, "epochs": 60, "validation": 0.25}
    return cr.train(tanh_network(), ROWS, TARGET, progress=False, **{**chosen, **given})


def loop_in_numpy(rate: float, epochs: int) -> tuple[cr.Recording, Weights, Weights]:
    """Return what a loop of gradient descent on all rows has recorded, its end and its start."""
    start = tanh_network().parameters
    left = {name: one.copy() for name, one in start.items()}
    recording = cr.Recording()
    with np.errstate(all="ignore"):
        for epoch in range(epochs):
            loss, slopes = _loss_and_slopes(left)
            seen = {name: _reading(left[name], one, rate) for name, one in slopes.items()}
            recording.reading(epoch, epoch, {}, seen)
            recording.epoch(loss=loss)
            if not np.isfinite(loss):
                break
            left = {name: left[name] - rate * one for name, one in slopes.items()}
    return recording, left, start


def _loss_and_slopes(w: Weights) -> tuple[float, Weights]:
    hidden = np.tanh(ROWS @ w["dense_1.W"] + w["dense_1.b"])
    missed = (hidden @ w["dense_2.W"] + w["dense_2.b"])[:, 0] - TARGET
    behind = (2.0 / len(ROWS)) * missed[:, None]
    before = (behind @ w["dense_2.W"].T) * (1.0 - hidden**2)
    slopes = {
        "dense_1.W": ROWS.T @ before,
        "dense_1.b": before.sum(axis=0),
        "dense_2.W": hidden.T @ behind,
        "dense_2.b": behind.sum(axis=0),
    }
    return float(np.mean(missed**2)), slopes


def _size(one: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(one**2)))


def _reading(weight: NDArray[Any], slope: NDArray[Any], rate: float) -> dict[str, float]:
    return {"size": _size(weight), "gradient": _size(slope), "update": rate * _size(slope)}
