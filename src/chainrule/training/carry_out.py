"""Carrying out: a setup on its rows, from its start or from a state, to a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ChainruleError
from chainrule.training.checkpoint import Checkpoint, refuse_existing
from chainrule.training.interrupts import uninterrupted
from chainrule.training.loop import Loop
from chainrule.training.progress import shown_progress
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.search_loop import loop_of
from chainrule.training.setup import Setup
from chainrule.training.state import INTERRUPTED, Hook, State
from chainrule.training.stopping import has_overflowed

# What a training may end in that is counted as its failure. Anything else is an error of a program.
FAILURES = (ChainruleError, ArithmeticError, np.linalg.LinAlgError, MemoryError)
UNDER_WAY = "training is under way"


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
    observers: Sequence[Hook] = (),
    notes: Mapping[str, Any] | None = None,
    note_arrays: Mapping[str, NDArray[Any]] | None = None,
    resumed: bool = False,
    begins: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Run:
    """Train a setup on its rows (training, validation), and return the run.

    ``state`` and ``recording`` are where it stands, by default at its start. ``checkpoint`` is a
    folder that is kept up to date; one that holds a run is refused unless ``resumed``.
    ``observers`` see where the training is, besides the line of ``progress``; ``begins`` is called
    when its programs are written down, before the first step. ``clock`` (seconds) is what a limit
    of seconds counts by.
    """
    loop = loop_of(setup, *rows)
    loop.clock = clock
    state = loop.start() if state is None else state
    recording = Recording() if recording is None else recording.copy()

    def run_of(state: State, recording: Recording, ended: str, finished: bool) -> Run:
        network = setup.network.with_parameters(loop.named(_kept(loop, state, ended)))
        said, arrays = dict(notes or {}), dict(note_arrays or {})
        return Run(setup, network, recording, state, ended, finished, said, arrays)

    keeper = None
    if checkpoint is not None:
        keeper = Checkpoint(
            Path(checkpoint),
            checkpoint_every,
            lambda state, recording: run_of(state, recording, UNDER_WAY, False),
            resumed,
        )
        if not resumed:
            refuse_existing(Path(checkpoint))
        # What cannot be traced is refused before a folder is made; then the folder is there from
        # the start, so that nothing is in the way later.
        loop.trace()
        if resumed:
            # What it goes on from is there already.
            keeper.wait()
        else:
            keeper(state, recording)
    if begins is not None:
        loop.trace()
        begins()
    with shown_progress(setup, progress, recording.epochs) as shown:
        state, ended = loop.run(state, recording, hooks, keeper, [*shown, *observers])
    run = run_of(state, recording, ended, ended != INTERRUPTED)
    if checkpoint is not None:
        with uninterrupted():
            run.save(checkpoint, replace=True)
    return replace(run, rows=rows)


def begun(setup: Setup, rows: tuple[Rows, Rows]) -> Run:
    """Return the run of a setup before its first step, which has not ended."""
    loop = loop_of(setup, *rows)
    loop.trace()
    return Run(setup, setup.network, Recording(), loop.start(), UNDER_WAY, finished=False)


def _kept(loop: Loop, state: State, ended: str) -> NDArray[Any]:
    """Return the parameters that a run's network gets."""
    if state.kept is not None:
        return state.kept
    # No epoch is through: what there is counts, unless it has overflowed. Where the loss has,
    # parameters may be finite still, and far beyond use.
    sound = not has_overflowed(ended) and bool(np.isfinite(state.parameters).all())
    return state.parameters if sound else loop.start().parameters
