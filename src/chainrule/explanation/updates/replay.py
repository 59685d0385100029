"""Replay: the steps of a run taken again, on the same engine, with the same bits.

A run keeps no step, only what its epochs came to. What a step was is found by taking it again, from
the nearest snapshot or from the start. The losses of epochs that were recorded say whether the
replay is that of the run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.decisions import counted
from chainrule.engines.door import Work, run
from chainrule.errors import DataError, SetupError
from chainrule.explanation.run_rows import rows_of_run
from chainrule.optimizers import ReduceOnPlateau, Schedule, searches
from chainrule.training.loop import Loop
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.state import State
from chainrule.training.stretch import means_of_epochs

Array = NDArray[Any]

# Records of so many steps are held at once.
STEPS_TOGETHER = 16384
# Losses that differ by more than rounding are those of another training.
SAME_TRAINING = 1e-3


@dataclass(frozen=True, eq=False)
class Taken:
    """Steps that were taken again: the first, the state behind the last, and their records.

    ``records``: one array for each record of the work, of as many entries as there are steps.
    ``exact``: whether each loss and snapshot that the run recorded on the way has the same bits;
    ``compared`` of them were; ``apart`` is the largest relative difference of two losses.
    """

    first: int
    state: State
    records: tuple[Array, ...]
    exact: bool
    compared: int
    apart: float


class Replay:
    """A run, its rows, and the programs with which its steps are taken again.

    ``rows`` (training, validation) are those of the run unless given, see ``rows_of_run``. Raises
    DataError where there are none, SetupError for an optimizer that searches.
    """

    def __init__(self, run: Run, rows: tuple[Rows, Rows] | None = None) -> None:
        if searches(run.setup.optimizer):
            raise SetupError(
                f"{run.setup.optimizer.name} searches for its steps, so that there is no rule of a "
                "step to unfold.",
                "Ask for a gradient, or train with an optimizer that takes steps, such as 'adam'.",
            )
        self.run = run
        self.loop = Loop(run.setup, *(rows_of_run(run) if rows is None else rows))
        self.per_epoch = self.loop.batches.steps_per_epoch

    @property
    def count(self) -> int:
        """How many steps the run has taken."""
        return self.run.state.step

    def check_step(self, step: int) -> None:
        """Raise SetupError for a step, counted from 0, that the run has not taken."""
        if not 0 <= step < self.count:
            last = f"the last is {self.count - 1}" if self.count else "it has none"
            raise SetupError(
                f"The run has {self.count} steps, and step {step} is not among them.",
                f"Steps count from 0: {last}.",
            )
        if not any(first <= step for first in self.starts):
            raise SetupError(
                f"Step {step} was taken with other settings, and what the run keeps does not lead "
                "there.",
                f"Ask for a step from {min(self.starts)} on.",
            )

    @cached_property
    def starts(self) -> dict[int, State]:
        """Step -> a state from which the run can be taken again: its start, and its snapshots."""
        origin, begun = self.run.setup.origin, self.loop.start()
        first = max(origin.step, origin.optimizer)
        found = {}
        if origin.step <= origin.optimizer:
            found[origin.optimizer] = replace(begun, step=origin.optimizer)
        for step, named in self.run.recording.snapshots.items():
            moments = self.run.recording.moments.get(step, {})
            if step > first and self._fits(moments, begun):
                flat = self.loop.layout.flat_array(named, self.run.setup.dtype)
                kept = {name: np.array(one) for name, one in moments.items()}
                found[step] = replace(begun, step=step, parameters=flat, optimizer=kept)
        if not found:
            raise SetupError(
                "The batch size changed while the run was under way, and it has no snapshot since.",
                "Train with snapshots=1, which keeps where each epoch ended.",
            )
        return dict(sorted(found.items()))

    def _fits(self, moments: Mapping[str, Array], begun: State) -> bool:
        due = {name: one.shape for name, one in begun.optimizer.items()}
        return {name: np.shape(one) for name, one in moments.items()} == due

    def start_before(self, step: int) -> int:
        """Return the nearest start that is not behind a step."""
        return max(first for first in self.starts if first <= step)

    def epoch_of(self, step: int) -> int:
        """Return the epoch, counted from 0, of a step."""
        return self._place(step) // self.per_epoch

    def _place(self, step: int) -> int:
        return int(self.run.setup.origin.place(step, self.per_epoch))

    def rows_of(self, step: int) -> Array:
        """Return the places of a step's rows among the training rows."""
        chosen = self.loop.batches.of_step(self._place(step))
        return np.arange(self.loop.batches.rows)[chosen]

    def rows_said(self, step: int) -> str:
        """Return the rows of a step in words: how many, and in which epoch, counted from 1."""
        count = counted(len(self.rows_of(step)), "row")
        return f"the {count} of step {step} (epoch {self.epoch_of(step) + 1})"

    def before(self, step: int) -> State:
        """Return the state before a step, counted from 0. Raises SetupError, DataError."""
        if step == self.count:
            return self.run.state
        self.check_step(step)
        first = self.start_before(step)
        return self.starts[first] if first == step else self.taken(self._plain, first, step).state

    @cached_property
    def _plain(self) -> Work:
        return self.loop.step.work(self.run.setup.dtype, watch_gradient=False)

    def taken(self, work: Work, first: int, last: int) -> Taken:
        """Take the steps from ``first``, one of ``starts``, to before ``last`` again.

        The first two records of ``work`` are the loss and the penalty. Raises DataError where the
        losses are not those of the run.
        """
        state, records = self.starts[first], []
        for end in self._stops(first, last):
            state, made = self._called(work, state, end)
            records.append(made)
        joined = tuple(np.concatenate(column) for column in zip(*records, strict=True))
        losses = joined[0] if joined else np.zeros(0)
        exact, compared, apart = self._agreement(first, losses, state)
        if apart > SAME_TRAINING:
            raise DataError(
                "The steps that were taken again are not those of the run: their losses differ.",
                "Give the rows that it was trained on, with their weights, on the same machine.",
            )
        return Taken(first, state, joined, exact, compared, apart)

    def _called(self, work: Work, state: State, last: int) -> tuple[State, list[Array]]:
        names, loop = self.loop.step.state_names, self.loop
        outcome = run(
            work,
            [state.parameters, state.step, *(state.optimizer[name] for name in names)],
            [loop.frozen, self.rates[self.epoch_of(state.step)], *loop.seeds],
            loop.rows,
            loop.batches,
            self._place(state.step),
            self._place(last),
            engine=self.run.setup.engine,
        )
        parameters, step, *moments = outcome.carried
        kept = {name: np.asarray(one) for name, one in zip(names, moments, strict=True)}
        after = replace(state, parameters=parameters, step=step, optimizer=kept)
        return after, [np.asarray(one) for one in outcome.records]

    def _stops(self, first: int, last: int) -> Iterator[int]:
        """Yield where calls of the engine end: where the rate changes, and before too much."""
        step = first
        while step < last:
            epoch = self.epoch_of(step)
            rate, end = self.rates[epoch], step
            while end < last and end - step < STEPS_TOGETHER and self.rates[epoch] == rate:
                end = min(last, end + self.per_epoch - self._place(end) % self.per_epoch)
                epoch += 1
            step = end
            yield step

    @cached_property
    def rates(self) -> Sequence[float]:
        """The rate of each epoch, or the factor on its schedule, as it was carried.

        It is the recorded learning rate, from which a factor is worked out.
        """
        recorded = self.run.history.get("learning_rate", [])
        given = self.loop.step.optimizer.learning_rate
        if not isinstance(given, Schedule):
            return [*recorded, self.run.state.rate]
        factors, now = [], 1.0
        for epoch, rate in enumerate(recorded):
            now = self._factor(epoch, rate, now)
            factors.append(now)
        return [*factors, self.run.state.rate]

    def _factor(self, epoch: int, rate: float, before: float) -> float:
        """Return the factor that gives an epoch's recorded rate, the one before if it does."""
        given = self.loop.step.optimizer.learning_rate
        tried = [before, self.run.state.rate]
        if isinstance(given, ReduceOnPlateau):
            tried.append(given.lowered(before))
        for factor in tried:
            if self.loop.rates_of_epochs(epoch, 1, factor) == [rate]:
                return factor
        (whole,) = self.loop.rates_of_epochs(epoch, 1, 1.0)
        return rate / whole if whole else before

    def _agreement(self, first: int, losses: Array, state: State) -> tuple[bool, int, float]:
        """Compare with what the run recorded: losses of whole epochs, and where it stood."""
        skipped = -self._place(first) % self.per_epoch
        whole = losses[skipped:]
        whole = whole[: len(whole) - len(whole) % self.per_epoch]
        made = means_of_epochs(whole.reshape(-1, self.per_epoch), self.loop.shares)
        epoch = self.epoch_of(first + skipped)
        known = np.array(self.run.history.get("loss", [])[epoch : epoch + len(made)])
        made = made[: len(known)]
        same = [bool(np.array_equal(made, known, equal_nan=True))] if len(known) else []
        with np.errstate(all="ignore"):
            gaps = np.abs(made - known) / np.maximum(np.abs(known), 1e-300)
        apart = float(np.max(gaps[np.isfinite(gaps)], initial=0.0))
        kept = self.run.recording.snapshots.get(state.step)
        if state.step == self.run.state.step:
            same.append(_same_bits(state.parameters, self.run.state.parameters))
        elif kept is not None:
            flat = self.loop.layout.flat_array(kept, self.run.setup.dtype)
            same.append(_same_bits(state.parameters, flat))
        return all(same), len(known) + len(same) - bool(len(known)), apart

    def checked_end(self, step: int) -> int:
        """Return the end of a step's epoch, where its loss can be compared; or that of the run."""
        left = self.per_epoch - self._place(step) % self.per_epoch
        return min(step + left, self.count)

    def path(self, most: int = 400) -> Array:
        """Return the trained parameters over the run: (points, parameters), first to last.

        There is one point for each epoch, or for each of fewer of them, at most about ``most``.
        """
        first = min(self.starts)
        size = self.loop.objective.trained.size
        stride = self.per_epoch * max(1, math.ceil((self.count - first) / self.per_epoch / most))
        state, points = self.starts[first], [self.starts[first].parameters[:size]]
        for goal in [*range(first + stride, self.count, stride), self.count]:
            for end in self._stops(state.step, goal):
                state, _ = self._called(self._plain, state, end)
            points.append(state.parameters[:size])
        return np.stack(points).astype(np.float64)


def _same_bits(left: Array, right: Array) -> bool:
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()
