"""A network and rows that are given with it, as what is asked about."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import DataError, SetupError
from chainrule.explanation.asked import Asked, chosen_rows, with_rows
from chainrule.explanation.trace import PREDICTION, Mode, RowNames
from chainrule.network.backpropagation import objective_for
from chainrule.network.network import Network
from chainrule.program import FloatType


def asked_of_network(
    network: Network,
    x: Any,
    y: Any,
    *,
    sample: Any = None,
    loss: Any = None,
    dtype: FloatType = "float64",
    mode: Mode = PREDICTION,
) -> Asked:
    """Return a network with rows to trace it on. Raises SetupError, DataError, ShapeError.

    ``x`` and ``y`` may be those of one row, without the axis of rows. Without a ``loss`` it is
    cross-entropy for labels, else half the squared error.
    """
    if x is None or y is None:
        raise DataError(
            "A network is explained on rows, and there are none.",
            "Give x=... and y=...: a gradient is that of the loss of rows.",
        )
    if not network.has_parameters:
        raise SetupError(
            "The network has no parameters yet, so there is nothing to explain.",
            "Train it, or draw them: Network(..., seed=0).",
        )
    x, y = with_rows(network, x, y)
    choice = _loss_of(network, y) if loss is None else loss
    objective, rows = objective_for(network, x, y, choice, training=mode.form == "training")
    chosen = chosen_rows(sample, len(rows[0]), "the rows given")
    plan = objective.plan
    as_predicted = mode == PREDICTION or plan.prediction_walk is plan.walk
    every = tuple(rows[: len(plan.inputs)]) if as_predicted else ()
    rows = [one[list(chosen)] for one in rows]
    names = RowNames(chosen, tuple(f"row {one}" for one in chosen))
    return Asked(network, objective, rows, names, dtype, "auto", mode=mode, every=every)


def _loss_of(network: Network, y: Any) -> Any:
    """Return the loss that fits the targets: labels, or numbers."""
    plan = network.plan
    targets = list(y) if len(plan.outputs) > 1 else [y]
    chosen = []
    for output, target in zip(plan.outputs, targets, strict=False):
        shape, array = plan.shapes[output], np.asarray(target)
        labels = array.dtype.kind in "iu" and array.ndim == len(shape) and shape[-1] > 1
        chosen.append("cross_entropy" if labels else "half_squared_error")
    return chosen if len(chosen) > 1 else chosen[0]
