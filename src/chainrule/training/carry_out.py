"""Carrying out: a setup on its rows, from its start or from a state, to a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.training.checkpoint import Checkpoint
from chainrule.training.interrupts import uninterrupted
from chainrule.training.loop import Loop
from chainrule.training.progress import shown_progress
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.state import INTERRUPTED, Hook, State


def carry_out(
    setup: Setup,
    rows: tuple[Rows, Rows],
    *,
    state: State | None = None,
    recording: Recording | None = None,
    hooks: Sequence[Hook] = (),
    checkpoint: str | Path | None = None,
    checkpoint_every: float = 10.0,
    progress: bool = True,
    title: str = "training",
    notes: Mapping[str, Any] | None = None,
    resumed: bool = False,
) -> Run:
    """Train a setup on its rows (training, validation), and return the run.

    ``state`` and ``recording`` are where it stands, by default at its start. ``checkpoint`` is a
    folder that is kept up to date; one that holds a run is refused unless ``resumed``. ``title``
    is what the line of progress is called.
    """
    loop = Loop(setup, *rows)
    state = loop.start() if state is None else state
    recording = Recording() if recording is None else recording.copy()

    def run_of(state: State, recording: Recording, ended: str, finished: bool) -> Run:
        kept = state.kept
        if kept is None:
            # No epoch is through: what there is counts, unless it has overflowed.
            sound = bool(np.isfinite(state.parameters).all())
            kept = state.parameters if sound else loop.start().parameters
        network = setup.network.with_parameters(loop.named(kept))
        return Run(setup, network, recording, state, ended, finished, dict(notes or {}))

    keeper = None
    if checkpoint is not None:
        keeper = Checkpoint(
            Path(checkpoint),
            checkpoint_every,
            lambda state, recording: run_of(state, recording, "training is under way", False),
            resumed,
        )
        if not resumed:
            keeper.refuse_existing()
        # What cannot be traced is refused before a folder is made; then the folder is there from
        # the start, so that nothing is in the way later.
        loop.trace()
        keeper(state, recording)
    with shown_progress(setup, progress, title, recording.epochs) as shown:
        state, ended = loop.run(state, recording, hooks, keeper, shown)
    run = run_of(state, recording, ended, ended != INTERRUPTED)
    if checkpoint is not None:
        with uninterrupted():
            run.save(checkpoint, replace=True)
    return replace(run, rows=rows)
