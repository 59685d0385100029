"""First steps: whether a network can learn a handful of rows, and whether it looks at its inputs.

Karpathy's recipe (karpathy.github.io/2019/04/25/recipe): a network that cannot learn one batch by
heart will learn nothing, and one that does as well on inputs of zeros does not look at them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.optimizers import searches
from chainrule.training.rows import Rows
from chainrule.training.setup import Regularisation
from chainrule.training.stopping import Stopping, has_overflowed

BATCH, STEPS, ITERATIONS, SECONDS = 24, 2000, 60, 0.15
# With so much of the constant prediction's error left a batch is not learned by heart.
LEARNED_BY_HEART = 0.3


@dataclass(frozen=True)
class FirstSteps:
    """Relative errors of one batch after some steps: with its inputs, and with zeros for them.

    ``is_cut_off``: the time was over before these steps were made, and nothing had been learned by
    heart until then, so that the errors say nothing.
    """

    with_inputs: float
    with_zeros: float
    rows: int
    steps: int
    is_cut_off: bool = False


def first_steps(arrangement: Arrangement) -> FirstSteps:
    """Train on one batch twice, without penalties, which keep it from being learned by heart."""
    batch = one_batch(arrangement.training)
    # Errors count every row alike, and so has learning to do here.
    batch = replace(batch, weights=np.ones(len(batch)))
    steps = ITERATIONS if searches(arrangement.setup.optimizer) else STEPS
    zeros = replace(batch, inputs=tuple(np.zeros_like(one) for one in batch.inputs))
    (seen, cut_off), (blind, _) = (_error(arrangement, rows, steps) for rows in (batch, zeros))
    return FirstSteps(seen, blind, len(batch), steps, cut_off and seen > LEARNED_BY_HEART)


def _error(arrangement: Arrangement, rows: Rows, steps: int) -> tuple[float, bool]:
    """Return the error on the rows after the last step, and whether time ended it sooner."""
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
    came = outcome(Arrangement(setup, rows, nothing))
    made = steps if came.run is None else came.run.recording.epochs
    is_cut_off = came.run is not None and made < steps and not has_overflowed(came.run.ended)
    return came.last.training, is_cut_off


def one_batch(rows: Rows, most: int = BATCH) -> Rows:
    """Return some rows with targets as different as there are: every class, low and high numbers.

    Of rows whose inputs are equal one is enough: two answers to one question cannot be learned.
    """
    target = rows.targets[0].reshape(len(rows), -1)
    by_target = np.argsort(target[:, 0], kind="stable")
    spread = np.linspace(0, len(rows) - 1, min(len(rows), 4 * most)).round().astype(np.int64)
    places = by_target[spread]
    first = np.unique(_flat(rows.part(places)), axis=0, return_index=True)[1]
    kept = places[np.sort(first)]
    chosen = np.linspace(0, len(kept) - 1, min(len(kept), most)).round().astype(np.int64)
    return rows.part(np.unique(kept[chosen]))


def _flat(rows: Rows) -> NDArray[Any]:
    return np.concatenate([one.reshape(len(one), -1) for one in rows.inputs], axis=1)
