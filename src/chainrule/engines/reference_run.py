"""The reference engine's way through steps and epochs, one evaluation after another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import reference
from chainrule.engines.work import Batches, Epochs, Outcome, Watch, Work
from chainrule.shapes import has_rows


def run(
    work: Work,
    carried: Sequence[Any],
    fixed: Sequence[Any],
    rows: Sequence[NDArray[Any]],
    batches: Batches,
    first: int,
    last: int,
    seconds: float,
    watch: Watch | None,
) -> Outcome:
    """Run steps until ``last``, an end that the watch sees, or ``seconds`` after the call."""
    stop_at = time.monotonic() + seconds
    now = list(carried)
    made: list[list[Any]] = []
    watching = None if watch is None else _Watching(watch, batches)
    for step in range(first, last):
        if watching is not None:
            watching.look_before(step, [*now, *fixed], rows)
        chosen = batches.of_step(step)
        values = reference.evaluate(work.program, [*now, *fixed, *(one[chosen] for one in rows)])
        now = values[: work.carried]
        made.append(values[work.carried :])
        if watching is not None and watching.ends_after(step, now[0], made):
            break
        if time.monotonic() >= stop_at:
            break
    epochs = None if watching is None else watching.seen()
    return Outcome(now, _records(work, made), len(made), epochs)


def _records(work: Work, made: Sequence[Sequence[Any]]) -> list[NDArray[Any]]:
    """Return the records of all steps: those of rows joined, others stacked."""
    records = []
    for place, number in enumerate(work.program.outputs[work.carried :] if made else ()):
        column = [one[place] for one in made]
        shape = work.program.values[number].shape
        records.append(np.concatenate(column) if has_rows(shape) else np.array(column))
    return records


def _weighed(numbers: Sequence[float], batches: Batches, first: int) -> float:
    """Return the mean over rows of one number for each of the steps from ``first``."""
    sizes = [batches.rows_in(step) for step in range(first, first + len(numbers))]
    return float(np.dot(numbers, sizes) / sum(sizes))


class _Watching:
    """A watch at work: how many epochs have ended, and what they gave."""

    def __init__(self, watch: Watch, batches: Batches) -> None:
        self.watch = watch
        self.batches = batches
        self.judged: list[float] = []
        self.sound: list[bool] = []
        self.outputs: list[list[Any]] = []
        self.kept: NDArray[Any] | None = None
        self.kept_epoch = -1
        self.best = watch.best
        self.best_epoch = -1
        self.waited = watch.waited
        self.closed_steps = 0
        self.looked: list[int] = []
        self.looks: list[list[Any]] = []

    def look_before(self, step: int, inputs: Sequence[Any], rows: Sequence[NDArray[Any]]) -> None:
        """Look at what a step is about to see, where it begins an epoch that is asked for."""
        look = self.watch.look
        epoch, place = divmod(step, self.batches.steps_per_epoch)
        if look is None or place or epoch not in look.epochs:
            return
        chosen = look.batches.of_step(epoch * look.batches.steps_per_epoch)
        given = [*inputs, *(one[chosen] for one in rows)]
        self.looked.append(epoch)
        self.looks.append(reference.evaluate(look.work.program, given))

    def ends_after(self, step: int, value: Any, made: Sequence[Sequence[Any]]) -> bool:
        """Close the epoch if this step is its last; say whether the call ends with it."""
        if (step + 1) % self.batches.steps_per_epoch:
            return False
        losses = [one[0] for one in made[self.closed_steps :]]
        self.closed_steps = len(made)
        sound = bool(np.isfinite(losses).all() and np.isfinite(value).all())
        # Overflow is a finding for the caller to see, not a warning.
        with np.errstate(all="ignore"):
            judged = self._evaluated(value)
            if judged is None:
                judged = _weighed(losses, self.batches, step + 1 - len(losses))
        better = sound and judged < self.best
        self.waited = 0 if better else self.waited + 1
        if better:
            self.best, self.best_epoch = judged, len(self.judged)
        if better if self.watch.keep == "best" else sound:
            self.kept, self.kept_epoch = value, len(self.judged)
        self.judged.append(judged)
        self.sound.append(sound)
        patience = self.watch.patience
        return not sound or (patience is not None and self.waited >= patience)

    def _evaluated(self, value: Any) -> float | None:
        """Return what the rows of the watch give, and keep its other outputs."""
        work, batches = self.watch.work, self.watch.batches
        if work is None or batches is None:
            return None
        inputs = [value, *self.watch.fixed]
        made = []
        for step in range(batches.steps_per_epoch):
            chosen = batches.of_step(step)
            given = [*inputs, *(one[chosen] for one in self.watch.rows)]
            made.append(reference.evaluate(work.program, given))
        losses, *outputs = _records(work, made)
        self.outputs.append(outputs)
        return _weighed(losses.tolist(), batches, 0)

    def seen(self) -> Epochs:
        look = self.watch.look
        return Epochs(
            judged=np.array(self.judged, dtype=np.float64),
            sound=np.array(self.sound, dtype=np.bool_),
            outputs=[np.array(one) for one in zip(*self.outputs, strict=True)],
            kept=self.kept,
            kept_epoch=self.kept_epoch,
            best=self.best,
            best_epoch=self.best_epoch,
            looked=self.looked,
            looks=[] if look is None else _records(look.work, self.looks),
        )
