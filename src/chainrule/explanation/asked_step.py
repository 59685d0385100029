"""A step of a run as what is asked about: its batch, its masks, and the parameters before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import SetupError
from chainrule.explanation.asked import Asked
from chainrule.explanation.asked_run import output_names
from chainrule.explanation.run_rows import rows_of_run, training_row_names
from chainrule.explanation.trace import Mode
from chainrule.explanation.updates.replay import Replay
from chainrule.training.run import Run


def asked_of_step(run: Run, step: int | None, data: Any = None) -> Asked:
    """Return the batch of a step, counted from 0, as the training saw it.

    The steps before it are taken again, from the nearest snapshot, on the engine that trained.
    ``data`` is the table again, as in ``explain``. Raises SetupError for a step that is not there
    and for an optimizer that searches, DataError where the rows are missing or others.
    """
    if step is None:
        raise SetupError(
            "A run is explained as it predicts, or in the batch of a step, and none is named.",
            "Name the step as well: training=True, step=20.",
        )
    replay = Replay(run, rows_of_run(run, data))
    replay.check_step(step)
    objective, places = replay.loop.objective, replay.rows_of(step)
    held = {**run.network.parameters, **run.network.state}
    held.update(objective.carried.named_arrays(replay.before(step).parameters))
    return Asked(
        run.network.with_parameters(held),
        objective,
        [np.asarray(one)[places] for one in replay.loop.rows],
        training_row_names(run).part(places, replay.rows_said(step)),
        run.setup.dtype,
        run.setup.engine,
        outputs=output_names(run),
        mode=Mode("training", run.setup.seed, step),
    )
