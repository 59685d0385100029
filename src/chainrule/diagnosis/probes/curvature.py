"""Curvature: the steepest valley of the loss, and the learning rate that it allows.

Gradient descent along a parabola of curvature c is stable below the rate 2 / c, and jumps ever
further beyond it; a loss is such a parabola along the eigenvector of its Hessian's largest
eigenvalue (LeCun, Simard, Pearlmutter, NIPS 1992).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule.randomness as randomness
from chainrule.engines.door import evaluate
from chainrule.network.derivatives import curvature_program
from chainrule.network.forms import noise_of
from chainrule.network.network import Network
from chainrule.optimizers import AnyOptimizer
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup

Vector = NDArray[Any]
Product = Callable[[Vector], Vector]

# Of fewer steps the largest eigenvalue is known to about a tenth.
STEPS, FEWEST_STEPS, FEWEST_ROWS = 20, 6, 16
CLOSE_ENOUGH = 1e-9


def stability_limit(optimizer: AnyOptimizer) -> float | None:
    """Return rate times curvature at which the optimizer becomes unstable on a parabola.

    2 for gradient descent, 2 (1 + m) for momentum m, 2 (1 + m) / (1 + 2 m) for Nesterov's (Cohen
    and others, "Gradient descent on neural networks typically occurs at the edge of stability",
    ICLR 2021, appendix B). None for rules whose steps are not those of the gradient alone.
    """
    memory = float(getattr(optimizer, "memory", 0.0))
    limits = {
        "gradient_descent": 2.0,
        "momentum": 2.0 * (1.0 + memory),
        "nesterov": 2.0 * (1.0 + memory) / (1.0 + 2.0 * memory),
    }
    return limits.get(optimizer.name)


def extent(row_products: int) -> tuple[int, int]:
    """Return of how many rows a curvature is, and of how many steps, for so many in all.

    Of all steps, and of fewer only where they would be of too few rows.
    """
    rows = max(FEWEST_ROWS, row_products // STEPS)
    return rows, min(STEPS, max(FEWEST_STEPS, row_products // rows))


def largest_curvature(setup: Setup, network: Network, rows: Rows, steps: int = STEPS) -> float:
    """Return the largest eigenvalue of the loss's Hessian on some rows, L2 included; 0 if negative.

    The network is taken as it predicts. Each parameter counts by its own factor on the rate, so
    that the learning rate can be compared with what is returned. NaN where it is no finite number.
    ``steps``: so many products of the Hessian are made at most.
    """
    objective = setup.objective().in_prediction
    program = curvature_program(objective, "float64")
    flat = objective.carried.flat_array({**network.parameters, **network.state}, "float64")
    frozen = objective.frozen.flat_array(network.parameters, "float64")
    noise = noise_of(objective, setup.seed, 0)
    terms = setup.terms(setup.objective())
    size = objective.trained.size
    by_rate = np.ones(size) if terms.rates is None else np.sqrt(np.asarray(terms.rates))
    decay = np.zeros(size) if terms.l2 is None else np.asarray(terms.l2)

    def product(vector: Vector) -> Vector:
        with np.errstate(all="ignore"):
            (made,) = evaluate(program, [flat, by_rate * vector, frozen, *noise, *typed])
        return np.asarray(by_rate * (made + decay * by_rate * vector))

    start = randomness.normal(setup.seed, "direction of a curvature", size)
    typed = rows.typed("float64")
    return _largest_eigenvalue(product, start, steps)


def _largest_eigenvalue(product: Product, start: Vector, steps: int) -> float:
    """Return the largest eigenvalue of a symmetric matrix, by its products with vectors.

    Lanczos' iteration (1950), each vector made orthogonal to all before it. What is returned after
    fewer products than there are rows of the matrix is a lower bound.
    """
    vectors = [start / np.linalg.norm(start)]
    within: list[float] = []
    between: list[float] = []
    for _ in range(min(steps, len(start))):
        made = product(vectors[-1])
        if not np.isfinite(made).all():
            return math.nan
        within.append(float(vectors[-1] @ made))
        known = np.stack(vectors)
        # Twice is enough: what rounding leaves of the others goes the second time.
        for _ in range(2):
            made = made - known.T @ (known @ made)
        length = float(np.linalg.norm(made))
        if length <= CLOSE_ENOUGH * max(map(abs, within)):
            break
        between.append(length)
        vectors.append(made / length)
    between = between[: len(within) - 1]
    small = np.diag(within) + np.diag(between, 1) + np.diag(between, -1)
    return max(0.0, float(np.linalg.eigvalsh(small)[-1]))
