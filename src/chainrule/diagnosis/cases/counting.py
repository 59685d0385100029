"""How much rows count: by their own weights, or by those that a training has given its classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.training.rows import Rows
from chainrule.training.setup import Setup


def weigh_apart(rows: Rows) -> bool:
    """Whether some rows weigh more than others."""
    return bool(len(rows) and np.ptp(rows.weights) > 0.0)


def weights_by_class(setup: Setup, rows: Rows) -> NDArray[Any] | None:
    """Return how much a row of each class counts (classes,), None where rows are not weighed so.

    So they are where a training had a ``class_weight``: each class has one weight for its rows.
    """
    target = setup.targets[0]
    if len(setup.targets) > 1 or target.task != "classification" or target.over_time:
        return None
    if not weigh_apart(rows):
        return None
    labels = rows.targets[0].reshape(-1).astype(np.int64)
    if len(labels) != len(rows) or labels.min() < 0 or labels.max() >= target.width:
        # Targets of before a remedy made classes of them.
        return None
    lowest, highest = np.full(target.width, np.inf), np.zeros(target.width)
    np.minimum.at(lowest, labels, rows.weights)
    np.maximum.at(highest, labels, rows.weights)
    seen = np.isfinite(lowest)
    if not np.allclose(lowest[seen], highest[seen], rtol=1e-6):
        return None
    return np.where(seen, highest, 1.0)
