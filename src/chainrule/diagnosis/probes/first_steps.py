"""First steps: whether a network can learn a handful of rows, and whether it looks at its inputs.

Karpathy's recipe (karpathy.github.io/2019/04/25/recipe): a network that cannot learn one batch by
heart will learn nothing, and one that does as well on inputs of zeros does not look at them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.arrangement import Arrangement
from chainrule.diagnosis.laboratory import outcome
from chainrule.optimizers import searches
from chainrule.training.rows import Rows
from chainrule.training.setup import Regularisation
from chainrule.training.stopping import Stopping

BATCH, STEPS, ITERATIONS, SECONDS = 24, 400, 60, 0.15


@dataclass(frozen=True)
class FirstSteps:
    """Relative errors of one batch after some steps: with its inputs, and with zeros for them."""

    with_inputs: float
    with_zeros: float
    rows: int
    steps: int


def first_steps(arrangement: Arrangement) -> FirstSteps:
    """Train on one batch twice, without penalties, which keep it from being learned by heart."""
    batch = one_batch(arrangement.training)
    steps = ITERATIONS if searches(arrangement.setup.optimizer) else STEPS
    zeros = replace(batch, inputs=tuple(np.zeros_like(one) for one in batch.inputs))
    found = [_error(arrangement, rows, steps) for rows in (batch, zeros)]
    return FirstSteps(found[0], found[1], len(batch), steps)


def _error(arrangement: Arrangement, rows: Rows, steps: int) -> float:
    setup = replace(
        arrangement.setup,
        batch_size=len(rows),
        epochs=steps,
        stopping=Stopping(max_seconds=SECONDS),
        regularisation=Regularisation(),
        keep="last",
        readings=0,
    )
    nothing = rows.part(np.zeros(0, dtype=np.int64))
    return outcome(Arrangement(setup, rows, nothing)).last.training


def one_batch(rows: Rows, most: int = BATCH) -> Rows:
    """Return some rows with targets as different as there are: every class, low and high numbers.

    Of rows whose inputs are equal one is enough: two answers to one question cannot be learned.
    """
    target = rows.targets[0].reshape(len(rows), -1)
    by_target = np.argsort(target[:, 0], kind="stable")
    spread = np.linspace(0, len(rows) - 1, min(len(rows), 4 * most)).round().astype(np.int64)
    places = by_target[spread]
    first = np.unique(_flat(rows)[places], axis=0, return_index=True)[1]
    kept = places[np.sort(first)]
    chosen = np.linspace(0, len(kept) - 1, min(len(kept), most)).round().astype(np.int64)
    return rows.part(np.unique(kept[chosen]))


def _flat(rows: Rows) -> NDArray[Any]:
    return np.concatenate([one.reshape(len(one), -1) for one in rows.inputs], axis=1)
