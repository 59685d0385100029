"""The second derivatives of losses at a network's outputs, as roots: what Gauss and Newton need.

A loss of one row has a matrix of second derivatives at the outputs of that row. Written as a sum of
root' root over a few roots, one for each output at most, it needs no matrix at all: a backward walk
from each root gives one line of a Jacobian J whose J'J is the Gauss-Newton matrix. For squares the
roots are constants, and J is the Jacobian of the residuals. Schraudolph, "Fast curvature
matrix-vector products for second-order gradient descent", Neural Computation 14, 2002.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.arrays import Array, sigmoid, sqrt
from chainrule.errors import SetupError
from chainrule.network.losses import Loss
from chainrule.network.objective import Objective
from chainrule.ops.softmax import softmax

# How often half a squared difference is in the loss of a row with so many outputs.
SQUARES: Mapping[str, Callable[[int], float]] = {
    "mean_squared_error": lambda outputs: 2.0 / outputs,
    "half_squared_error": lambda outputs: 1.0,
    "squared_error": lambda outputs: 2.0,
}


def is_squares(loss: Loss) -> bool:
    """Say whether a loss is a sum of squared differences, so that it has residuals."""
    return not loss.own and loss.name in SQUARES


def has_roots(loss: Loss) -> bool:
    """Say whether the second derivatives of a loss at the outputs are known here."""
    return not loss.own and (loss.name in SQUARES or loss.name in _ROOTS)


def refuse_without_roots(losses: Sequence[Loss], optimizer: str, squares: bool) -> None:
    """Raise SetupError for a loss that a Gauss-Newton method cannot take.

    ``squares``: whether nothing but squared differences will do.
    """
    for one in losses:
        if not (is_squares(one) if squares else has_roots(one)):
            known = sorted(SQUARES) if squares else [*sorted(SQUARES), *sorted(_ROOTS)]
            what = "residuals, whose squares are the loss" if squares else "a Gauss-Newton matrix"
            raise SetupError(
                f"{optimizer} needs {what}, and there are none for the loss {one.name}."
                if squares
                else f"{optimizer} needs {what}, and there is none for the loss {one.name}.",
                f"Use {', '.join(known[:-1])} or {known[-1]}, or another optimizer.",
            )


def roots_of(loss: Loss, x: Array, weight: Array) -> list[Array]:
    """Return the roots (n, o) of each row's second derivatives at its outputs x (n, o).

    ``weight`` (n,) multiplies the loss of each row. At most one root for each output.
    """
    outputs: Any = x.shape[1]
    if loss.name in SQUARES:
        size: Any = sqrt(weight * SQUARES[loss.name](outputs))
        return [size[:, None] * unit for unit in np.eye(outputs)[:, None, :]]
    return _ROOTS[loss.name](x, weight, outputs)


def residuals_of(loss: Loss, x: Array, target: Array, weight: Array) -> list[Array]:
    """Return the residual (n,) of each output: half the sum of their squares is the loss."""
    outputs: Any = x.shape[1]
    size: Any = sqrt(weight * SQUARES[loss.name](outputs))
    difference: Any = x - target
    return [size * difference[:, place] for place in range(outputs)]


def residual_count(objective: Objective, rows: int) -> int | None:
    """Return how many residuals so many rows have; None where a loss is no sum of squares."""
    if not all(is_squares(one) for one in objective.losses):
        return None
    return rows * sum(objective.plan.shapes[name][-1] for name in objective.plan.outputs)


def _softmax_roots(x: Array, weight: Array, outputs: int) -> list[Array]:
    """The roots of diag(p) - p p', where p are the shares of the classes."""
    shares: Any = softmax.forward(x)
    size: Any = sqrt(shares * weight[:, None])
    return [
        size[:, place : place + 1] * (unit - shares)
        for place, unit in enumerate(np.eye(outputs)[:, None, :])
    ]


def _sigmoid_roots(x: Array, weight: Array, outputs: int) -> list[Array]:
    share: Any = sigmoid(x)
    size: Any = sqrt(share * (1.0 - share) * (weight / float(outputs))[:, None])
    return [size * unit for unit in np.eye(outputs)[:, None, :]]


# Smoothing adds nothing to second derivatives: it is linear in the logits.
_ROOTS: Mapping[str, Callable[[Array, Array, int], list[Array]]] = {
    "binary_cross_entropy": _sigmoid_roots,
    "cross_entropy": _softmax_roots,
}
