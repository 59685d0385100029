"""A loss of the library in place of one's own, whose formula has no number for some targets.

A share of the target where that is 0, or its logarithm, is no number whatever is predicted: neither
a rate nor an output mends it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.network.losses import Loss, loss
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup

# What is tried in the place of a prediction, in standard deviations of the targets.
TRIED = (-1.0, -0.01, 0.01, 0.3, 1.0, 3.0)
SQUARES = "mean_squared_error"


def usual_loss(setup: Setup, rows: Rows) -> Remedy | None:
    """Return the remedy of squares in place of a loss of one's own that some targets spoil.

    None where the loss is one of the table, for classes, and where each target has a number.
    """
    own, target = setup.losses[0], setup.targets[0]
    is_of_numbers = target.task == "regression" and not target.over_time
    if not own.own or not own.each_row or not is_of_numbers:
        return None
    spoiled = without_a_number(own, rows.targets[0])
    if not spoiled.any():
        return None
    count = int(np.count_nonzero(spoiled))
    squares = (loss(SQUARES), *setup.losses[1:])
    rows_have = "1 row has" if count == 1 else f"{count} rows have"
    return Remedy(
        "usual loss",
        f"Train with {SQUARES}: {rows_have} a target for which {own.name} is no number, whatever "
        "is predicted. Or add to its formula what keeps it from that.",
        on_setup(lambda before: replace(before, losses=squares)),
        f'loss="{SQUARES}"',
    )


def without_a_number(own: Loss, targets: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether a loss of numbers has none for a row, whatever is predicted.

    ``targets`` are (rows, columns).
    """
    known = np.asarray(targets, dtype=np.float64)
    spread = float(known.std()) or 1.0
    spoiled = np.ones(len(known), dtype=np.bool_)
    with np.errstate(all="ignore"):
        for one in TRIED:
            given = np.full_like(known, one * spread)
            by_row = own.op.forward(given, known, **own.settings)
            spoiled &= ~np.isfinite(np.asarray(by_row).reshape(len(known), -1)).all(axis=1)
    return spoiled
