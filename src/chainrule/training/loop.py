"""The loop: steps to epochs, epochs to an end. It owns nothing but the state that it carries."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_finite_number
from chainrule.engines.door import Batches, Work, run
from chainrule.errors import SetupError
from chainrule.optimizers import Schedule
from chainrule.randomness import permutation
from chainrule.training.interrupts import held_interrupts
from chainrule.training.metrics import Scorer
from chainrule.training.recording import LAYER_READINGS, PARAMETER_READINGS, Recording
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup, check_start
from chainrule.training.state import INTERRUPTED, Hook, Keeper, Progress, State
from chainrule.training.step import TrainingStep, evaluation_work

# The engine comes back this often (seconds) so that Ctrl-C, limits and checkpoints are served.
BREATH = 0.05
READING_ROWS = 256
EVALUATION_ROWS = 4096


class Loop:
    """One training: a setup, its rows, and the programs that they make."""

    def __init__(self, setup: Setup, training: Rows, validation: Rows) -> None:
        self.setup = setup
        self.objective = setup.objective()
        self.layout = self.objective.trained
        self.batches = Batches(
            len(training),
            setup.batch_size,
            setup.seed,
            shuffled=setup.shuffle and setup.batch_size < len(training),
        )
        start = setup.optimizer.initial(np.zeros(self.layout.size, dtype=setup.dtype))
        self.step = TrainingStep(
            self.objective,
            setup.optimizer,
            setup.terms(self.objective),
            self.batches.steps_per_epoch,
            tuple(sorted(start)),
            setup.origin,
        )
        check_start(setup)
        self.rows = training.typed(setup.dtype)
        self.validates = len(validation) > 0
        self.held = validation.typed(setup.dtype)
        self.held_targets = validation.targets
        self.scorer = Scorer(setup.metrics if self.validates else (), setup.meaning(0))
        self.frozen = self.objective.frozen.flat_array(setup.network.parameters, setup.dtype)
        if setup.stopping.patience is not None and not self.validates:
            raise SetupError(
                "patience waits for a better validation loss, and there are no validation rows.",
                "Hold some out, validation=0.2, or use another limit.",
            )

    def trace(self) -> None:
        """Trace the training step now. Raises SetupError where it cannot be trained."""
        _ = self._work

    @cached_property
    def _work(self) -> Work:
        watch = self.setup.stopping.min_gradient is not None
        return self.step.work(self.setup.dtype, watch)

    @cached_property
    def _observed(self) -> Work:
        return self.step.observed_work(self.setup.dtype)

    @cached_property
    def _evaluation(self) -> Work:
        return evaluation_work(self.objective, self.setup.dtype)

    def start(self) -> State:
        """Return the state before the first step."""
        flat = self.layout.flat_array(self.setup.network.parameters, self.setup.dtype)
        initial = self.setup.optimizer.initial(flat)
        rate = self.setup.optimizer.learning_rate
        return State(
            parameters=flat,
            optimizer={name: np.array(one) for name, one in initial.items()},
            rate=1.0 if isinstance(rate, Schedule) else float(rate),
        )

    def named(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return every parameter by name, the frozen ones included, in the plan's order."""
        frozen = self.objective.frozen.named_arrays(self.frozen)
        found = {**self.layout.named_arrays(flat), **frozen}
        return {one.name: found[one.name] for one in self.objective.plan.parameters}

    def epochs_through(self, state: State) -> int:
        """Return how many epochs are through, those before the setup's origin included."""
        return self._place(state) // self.batches.steps_per_epoch

    def _place(self, state: State) -> int:
        return int(self.setup.origin.place(state.step, self.batches.steps_per_epoch))

    def run(
        self,
        state: State,
        recording: Recording,
        hooks: Sequence[Hook] = (),
        keeper: Keeper | None = None,
    ) -> tuple[State, str]:
        """Train until an end is reached; return the state and why it ended.

        Ctrl-C ends it after the stretch of steps that is under way, a second one at once; either
        way the recording is that of the state. An epoch counts once its hooks have seen it.
        ``keeper`` is offered every state that a resume could start from.
        """
        try:
            with held_interrupts() as interrupted:
                while not self._through(state):
                    state = self._stretch(state, recording, hooks)
                    if keeper is not None:
                        keeper(state, recording)
                    if interrupted() and not self._through(state):
                        return state, INTERRUPTED
        except KeyboardInterrupt:
            recording.cut(self.epochs_through(state), state.step)
            return state, INTERRUPTED
        return state, state.stopped or "all epochs were run"

    def _through(self, state: State) -> bool:
        return state.stopped is not None or self.epochs_through(state) >= self.setup.epochs

    def _stretch(self, state: State, recording: Recording, hooks: Sequence[Hook]) -> State:
        """Run some steps of the epoch under way, and close the epoch when it is through."""
        began = time.monotonic()
        per_epoch = self.batches.steps_per_epoch
        place = self._place(state)
        epoch = place // per_epoch
        if place % per_epoch == 0 and self._is_read(epoch):
            self._read(state, recording, epoch)
        outcome = run(
            self._work,
            [state.parameters, state.step, *(state.optimizer[n] for n in self.step.state_names)],
            [self.frozen, state.rate],
            self.rows,
            self.batches,
            place,
            (epoch + 1) * per_epoch,
            seconds=BREATH,
            engine=self.setup.engine,
        )
        parameters, step, *moments = outcome.carried
        losses, penalties, *sizes = outcome.records
        state = replace(
            state,
            parameters=parameters,
            optimizer=dict(zip(self.step.state_names, moments, strict=True)),
            step=step,
            losses=(*state.losses, *losses.tolist()),
            penalties=(*state.penalties, *penalties.tolist()),
            gradient=max([state.gradient, *sizes[0].tolist()]) if sizes else 0.0,
        )
        if self._place(state) % per_epoch == 0:
            state = self._heard(hooks, self._closed(state, recording), recording)
        state = replace(state, seconds=state.seconds + time.monotonic() - began)
        limit = self.setup.stopping.max_seconds
        if state.stopped is None and limit is not None and state.seconds >= limit:
            return replace(state, stopped=f"the time limit of {limit:g} s was reached")
        return state

    def _closed(self, state: State, recording: Recording) -> State:
        """Record an epoch that is through, keep its parameters, and ask whether to stop."""
        epoch = self.epochs_through(state)
        numbers = {"loss": self._mean(state.losses)}
        if self.step.has_penalty:
            numbers["penalty"] = self._mean(state.penalties)
        judged = numbers["loss"]
        if self.validates:
            judged, scores = self._validated(state.parameters)
            numbers.update(validation_loss=judged, **scores)
        recording.epoch(**numbers, learning_rate=self._rate_of(state))
        # Numbers that overflowed are nothing to keep, and NaN is better than nothing.
        sound = math.isfinite(numbers["loss"]) and bool(np.isfinite(state.parameters).all())
        better = sound and judged < state.best_loss
        if better:
            state = replace(state, best_loss=judged, best_epoch=epoch)
        if better if self.setup.keep == "best" and self.validates else sound:
            state = replace(state, kept=state.parameters, kept_epoch=epoch)
        if self.setup.snapshots and epoch % self.setup.snapshots == 0:
            recording.snapshot(state.step, self.named(state.parameters))
        waited = epoch - max(state.best_epoch, self.setup.origin.patience)
        stopped = self.setup.stopping.reason(recording.history, state.gradient, waited)
        return replace(state, losses=(), penalties=(), gradient=0.0, stopped=stopped)

    def _heard(self, hooks: Sequence[Hook], state: State, recording: Recording) -> State:
        """Let the hooks see the epoch; they may stop the training or change the rate."""
        if not hooks:
            return state
        before = self._rate_of(state)
        progress = Progress(
            self.epochs_through(state),
            recording.history,
            before,
            lambda: self.named(state.parameters),
        )
        for hook in hooks:
            hook(progress)
        wanted = progress.learning_rate
        if not is_finite_number(wanted) or wanted < 0:
            raise SetupError(
                f"The on_epoch hook set the learning rate to {wanted!r}.", "Set a number from 0."
            )
        if wanted != before:
            state = replace(state, rate=self._factor(state.rate, before, float(wanted)))
        if state.stopped is None and progress.stopped:
            return replace(state, stopped="the on_epoch hook asked for it")
        return state

    def _factor(self, rate: float, before: float, wanted: float) -> float:
        """Return the state's rate with which the learning rate is ``wanted``."""
        if not isinstance(self.setup.optimizer.learning_rate, Schedule):
            return wanted
        if before == 0.0:
            raise SetupError(
                "The on_epoch hook set the learning rate where its schedule is at 0, which no "
                "factor changes.",
                "Give the schedule an end above 0, or no schedule.",
            )
        return rate * wanted / before

    def _rate_of(self, state: State) -> float:
        """Return the learning rate of the last step that was made."""
        given = self.setup.optimizer.learning_rate
        if not isinstance(given, Schedule):
            return state.rate
        now = (self._place(state) - 1) / self.batches.steps_per_epoch
        return float(given.rate(np.float64(now))) * state.rate

    def _mean(self, losses: Sequence[float]) -> float:
        """The mean over rows of the losses of an epoch's steps; exact, so order does not matter."""
        sizes = [self.batches.rows_in(step) for step in range(len(losses))]
        if not all(math.isfinite(one) for one in losses):
            return float(np.sum(losses))
        return math.fsum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes)

    def _validated(self, parameters: NDArray[Any]) -> tuple[float, dict[str, float]]:
        """Return the loss of the validation rows (without penalties), and their metrics."""
        rows = len(self.held[-1])
        batches = Batches(rows, EVALUATION_ROWS)
        outcome = run(
            self._evaluation,
            [],
            [parameters, self.frozen],
            self.held,
            batches,
            0,
            batches.steps_per_epoch,
            engine=self.setup.engine,
        )
        losses, *outputs = outcome.records
        sizes = [batches.rows_in(step) for step in range(len(losses))]
        return float(np.dot(losses, sizes) / rows), self.scorer(self.held_targets, outputs)

    def _is_read(self, epoch: int) -> bool:
        """Whether readings are taken before an epoch: ever more rarely, however many there are.

        A rule without the number of epochs leaves the same readings when a run goes on.
        """
        wanted = self.setup.readings
        return wanted > 0 and epoch % (1 << (epoch // wanted).bit_length()) == 0

    def _read(self, state: State, recording: Recording, epoch: int) -> None:
        """Look closely at layers and parameters, on a sample of the training rows."""
        count = len(self.rows[-1])
        sample = permutation(self.setup.seed, "rows of readings", count, step=epoch)
        sample = np.sort(sample[:READING_ROWS])
        moments = (state.optimizer[name] for name in self.step.state_names)
        outcome = run(
            self._observed,
            [],
            [state.parameters, state.step, *moments, self.frozen, state.rate],
            [one[sample] for one in self.rows],
            Batches(len(sample), max(1, len(sample))),
            0,
            1,
            engine=self.setup.engine,
        )
        numbers = iter(float(record[0]) for record in outcome.records)
        layers = {
            name: {one: next(numbers) for one in LAYER_READINGS} for name in self.step.watched
        }
        parameters = {
            one.name: {reading: next(numbers) for reading in PARAMETER_READINGS}
            for one in self.layout.parameters
        }
        recording.reading(state.step, epoch, layers, parameters)
