"""The loss of a network on rows, as it predicts: that of the epochs is taken while it learns."""

from __future__ import annotations

import numpy as np

from chainrule.engines.door import Batches, run
from chainrule.network.network import Network
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup
from chainrule.training.step import evaluation_work

ROWS_AT_ONCE = 4096


def loss_on(network: Network, setup: Setup, rows: Rows) -> float:
    """Return the mean loss of a setup's network on rows, by their weights and without penalties.

    ``network``: that of the setup, with any parameters. Nothing is dropped, and batch norm uses its
    running statistics. It may be infinite or NaN.
    """
    objective = setup.objective()
    work = evaluation_work(objective, setup.dtype)
    known = {**network.parameters, **network.state}
    carried = objective.carried.flat_array(known, setup.dtype)
    frozen = objective.frozen.flat_array(network.parameters, setup.dtype)
    batches = Batches(len(rows), ROWS_AT_ONCE)
    steps = batches.steps_per_epoch
    given = rows.typed(setup.dtype)
    with np.errstate(all="ignore"):
        outcome = run(
            work, [], [carried, frozen], given, batches, 0, steps, engine=setup.engine
        )  # fmt: skip
    sizes = [batches.rows_in(step) for step in range(steps)]
    return float(np.dot(outcome.records[0], sizes)) / len(rows)
