"""Copies: rows that stand among the training rows and among those that judge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.training.rows import Rows


def shared_rows(training: Rows, validation: Rows) -> NDArray[np.int64]:
    """Return the places (rising) of validation rows whose inputs and target a training row has."""
    known = set(_bytes_of(training))
    return np.flatnonzero([one in known for one in _bytes_of(validation)])


def _bytes_of(rows: Rows) -> list[bytes]:
    if not len(rows):
        return []
    flat = [
        np.ascontiguousarray(one.reshape(len(one), -1), dtype=np.float64) + 0.0
        for one in (*rows.inputs, *rows.targets)
    ]
    together = np.concatenate(flat, axis=1)
    return [row.tobytes() for row in together]
