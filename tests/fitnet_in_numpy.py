"""What MATLAB documents of fitnet and trainlm, in NumPy: the ranges, the start, the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def mapminmax(rows: Array, low: Array, high: Array) -> Array:
    """y = (ymax - ymin) (x - xmin) / (xmax - xmin) + ymin, from -1 to 1."""
    return 2.0 * (rows - low) / (high - low) - 1.0


def nguyen_widrow(draw: Array) -> tuple[Array, Array]:
    """W (inputs, units) and b (units,) of tansig units for inputs from -1 to 1.

    ``draw`` (inputs, units), uniform from -1 to 1. Nguyen and Widrow: directions at random, of the
    length 0.7 h^(1/n), biases spread evenly over it; times 2, for tansig is active from -2 to 2.
    """
    inputs, units = draw.shape
    length = 0.7 * units ** (1.0 / inputs)
    weights = np.empty_like(draw)
    bias = np.zeros(units)
    for unit in range(units):
        direction = draw[:, unit] / np.sqrt((draw[:, unit] ** 2).sum())
        weights[:, unit] = 2.0 * length * direction
        if units > 1:
            place = -1.0 + 2.0 * unit / (units - 1)
            bias[unit] = 2.0 * length * place * np.sign(direction[0])
    return weights, bias


@dataclass
class Trained:
    """Where the loop ended: the weights that are kept, their epoch, and why."""

    weights: list[Array]
    epochs: int
    best: int
    why: str
    mu: list[float]


def trainlm(
    weights: list[Array],
    rows: tuple[Array, Array],
    held: tuple[Array, Array] | None,
    *,
    epochs: int,
    mu: float,
    mu_max: float,
    max_fail: int = 6,
    min_grad: float = 0.0,
) -> Trained:
    """jj = J'J, je = J'e, dX = -(jj + mu I)^-1 je: mu grows until the sum of squares falls.

    ``weights``: W, b, V, c of a layer of tanh and a linear one. ``min_grad``: for the largest entry
    of the gradient of the mean of squares.
    """
    x, t = rows
    shapes = [one.shape for one in weights]
    flat = np.concatenate([one.ravel() for one in weights])
    best, kept, fails, mus = np.inf, flat, 0, []
    best_epoch = 0
    for epoch in range(1, epochs + 1):
        errors, slopes = errors_and_slopes(parts_of(flat, shapes), x, t)
        jj, je, before = slopes.T @ slopes, slopes.T @ errors, errors @ errors
        if 2.0 * np.abs(je).max() / len(errors) < min_grad:
            return Trained(parts_of(flat, shapes), epoch - 1, epoch - 1, "min_grad", mus)
        while True:
            if mu > mu_max:
                return Trained(parts_of(flat, shapes), epoch, epoch, "mu_max", mus)
            trial = flat - np.linalg.solve(jj + mu * np.eye(len(flat)), je)
            after = ((outputs(parts_of(trial, shapes), x) - t) ** 2).sum()
            if after < before:
                break
            mu *= 10.0
        flat = trial
        mus.append(mu)
        mu *= 0.1
        if held is None:
            kept, best_epoch = flat, epoch
            continue
        loss = ((outputs(parts_of(flat, shapes), held[0]) - held[1]) ** 2).mean()
        if loss < best:
            best, kept, best_epoch, fails = loss, flat, epoch, 0
        else:
            fails += 1
        if fails == max_fail:
            return Trained(parts_of(kept, shapes), epoch, best_epoch, "max_fail", mus)
    return Trained(parts_of(kept, shapes), epochs, best_epoch, "epochs", mus)


def parts_of(flat: Array, shapes: list[Any]) -> list[Array]:
    found, start = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        found.append(flat[start : start + size].reshape(shape))
        start += size
    return found


def outputs(weights: list[Array], x: Array) -> Array:
    w, b, v, c = weights
    return np.asarray(np.tanh(x @ w + b) @ v + c)


def errors_and_slopes(weights: list[Array], x: Array, t: Array) -> tuple[Array, Array]:
    """Errors (n * outputs,) and their derivatives by all weights, row by row."""
    w, b, v, c = weights
    hidden = np.tanh(x @ w + b)
    errors = hidden @ v + c - t
    lines = []
    for row in range(len(x)):
        for place in range(t.shape[1]):
            back = v[:, place] * (1.0 - hidden[row] ** 2)
            by_v, by_c = np.zeros_like(v), np.zeros_like(c)
            by_v[:, place], by_c[place] = hidden[row], 1.0
            parts = [np.outer(x[row], back), back, by_v, by_c]
            lines.append(np.concatenate([one.ravel() for one in parts]))
    return errors.ravel(), np.array(lines)
