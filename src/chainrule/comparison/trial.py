"""A trial: one training of a comparison, how long its epochs took, and what it came to."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from chainrule.comparison.settings import Ready, Setting
from chainrule.engines.library import one_thread
from chainrule.errors import ChainruleError
from chainrule.network.backpropagation import outputs_of
from chainrule.training.carry_out import FAILURES, carry_out
from chainrule.training.loss_on import loss_on
from chainrule.training.metrics import Scorer
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.state import INTERRUPTED, Hook, Progress
from chainrule.training.stopping import has_overflowed

# The clock of a thread stands still while other programs run; that of Windows is too coarse.
CLOCK = time.perf_counter if os.name == "nt" else time.thread_time
BEFORE_AN_EPOCH = "no epoch left finite numbers"


@dataclass(frozen=True, eq=False)
class Trial:
    """What the training of one setting and one seed came to.

    ``loss`` and ``scores`` (metric -> number) are those of the network that is kept, on the rows
    that the comparison measures on; a training that failed has a loss of infinity and no scores,
    and ``failed`` says why. ``seconds`` (epochs,) is how long one core had worked at the end of
    each epoch. ``run`` is None where a training ended in an error; it does not hold the rows.
    """

    label: str
    seed: int
    run: Run | None
    loss: float
    scores: Mapping[str, float]
    seconds: NDArray[np.float64]
    failed: str | None = None
    error: Exception | None = None

    @property
    def history(self) -> dict[str, list[float]]:
        """Name -> one number for each epoch; empty where the training ended in an error."""
        return {} if self.run is None else self.run.history

    @property
    def epochs(self) -> int:
        """The number of epochs that were run."""
        return len(self.seconds)


@dataclass
class Clock:
    """How long the calling thread works on a training: other programs do not slow this clock."""

    began: float = field(default_factory=CLOCK)
    marks: list[tuple[int, float]] = field(default_factory=list)

    def start(self) -> None:
        """Begin to count, in the thread that trains."""
        self.began = CLOCK()

    def mark(self, progress: Progress) -> None:
        """Note how long the epochs so far have taken."""
        self.marks.append((progress.epoch, CLOCK() - self.began))

    def seconds(self, epochs: int) -> NDArray[np.float64]:
        """Return the seconds at the end of each epoch (epochs,).

        Of epochs that were run in one call of the engine, each counts for as long as the others.
        """
        marks = [(0, 0.0), *self.marks]
        x, y = np.array(marks, dtype=np.float64).T
        return np.asarray(np.interp(np.arange(1.0, epochs + 1.0), x, y))


def trial_of(setting: Setting, seed: int, observers: Sequence[Hook] = ()) -> Trial | None:
    """Train a setting with a seed; return what came of it, None where Ctrl-C cut it off."""
    clock = Clock()
    try:
        ready = setting.ready(seed)
        # The clock is that of this thread, so no other one may do a part of the work.
        with one_thread(wanted=True):
            run = carry_out(
                ready.setup,
                ready.rows,
                observers=[clock.mark, *observers],
                begins=clock.start,
                # What another program takes away from a training must not end it sooner.
                clock=CLOCK,
                progress=False,
            )
    except FAILURES as error:
        return _failed(setting.label, seed, None, np.zeros(0), _reason(error), error)
    if run.ended == INTERRUPTED:
        return None
    run, seconds = replace(run, rows=None), clock.seconds(run.recording.epochs)
    if has_overflowed(run.ended):
        return _failed(setting.label, seed, run, seconds, run.ended)
    loss, scores = measured(run, ready)
    if not math.isfinite(loss):
        return _failed(setting.label, seed, run, seconds, BEFORE_AN_EPOCH)
    return Trial(setting.label, seed, run, loss, scores, seconds)


def _failed(
    label: str,
    seed: int,
    run: Run | None,
    seconds: NDArray[np.float64],
    reason: str,
    error: Exception | None = None,
) -> Trial:
    return Trial(label, seed, run, math.inf, {}, seconds, reason, error)


def _reason(error: Exception) -> str:
    if isinstance(error, ChainruleError):
        return error.cause.rstrip(".")
    return f"{type(error).__name__}: {error}".rstrip(": ")


def measured(run: Run, ready: Ready) -> tuple[float, dict[str, float]]:
    """Return the loss of the network that is kept, and its scores by the names of the metrics.

    They are those of the rows that chose nothing, if there are any, else of the validation rows,
    else, for the loss alone, of the training rows.
    """
    if ready.tested is not None:
        return _on_rows(run, ready.tested)
    at = run.best_epoch - 1
    if at < 0:
        return math.inf, {}
    if not len(ready.rows[1]):
        return loss_on(run.network, run.setup, ready.rows[0]), {}
    kept = {name: column[at] for name, column in run.history.items()}
    start = "validation_"
    scores = {
        name.removeprefix(start): number
        for name, number in kept.items()
        if name.startswith(start) and name != "validation_loss"
    }
    return kept["validation_loss"], scores


def _on_rows(run: Run, rows: Rows) -> tuple[float, dict[str, float]]:
    """Return the loss and the scores of a run's network on rows, in float64."""
    with np.errstate(all="ignore"):
        inputs = [one.astype(np.float64) for one in rows.inputs]
        outputs = outputs_of(run.network, inputs, "float64")
        losses = [
            float(np.mean(loss.op.forward(made, target, **loss.settings)))
            for loss, made, target in zip(run.setup.losses, outputs, rows.targets, strict=True)
        ]
        scores = Scorer(run.setup.metrics, run.setup.meaning(0))(rows.targets, outputs)
    return sum(losses), {name.removeprefix("validation_"): one for name, one in scores.items()}
