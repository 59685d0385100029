"""The loop: steps to epochs, epochs to an end. It owns nothing but the state that it carries."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.door import Batches, Work, run
from chainrule.optimizers import Schedule
from chainrule.randomness import permutation
from chainrule.training.interrupts import held_interrupts
from chainrule.training.metrics import Scorer
from chainrule.training.recording import LAYER_READINGS, PARAMETER_READINGS, Recording
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup
from chainrule.training.step import TrainingStep, evaluation_work

# The engine comes back this often (seconds) so that Ctrl-C, limits and checkpoints are served.
BREATH = 0.05
INTERRUPTED = "interrupted"
READING_ROWS = 256
EVALUATION_ROWS = 4096


@dataclass(frozen=True)
class State:
    """Where a training stands: all that a resume needs besides setup and rows.

    ``losses`` are those of the steps of the epoch that is under way.
    """

    parameters: NDArray[Any]
    optimizer: dict[str, NDArray[Any]]
    rate: float
    step: int = 0
    best: NDArray[Any] | None = None
    best_loss: float = math.inf
    best_epoch: int = 0
    losses: tuple[float, ...] = ()
    penalties: tuple[float, ...] = ()
    gradient: float = 0.0
    seconds: float = 0.0


@dataclass
class Progress:
    """What an ``on_epoch`` hook sees, and may change: ``stop()``, ``learning_rate = ...``.

    ``epoch`` counts from 1; ``history`` holds the numbers of all epochs so far; ``parameters`` maps
    name -> array. Under a schedule, setting the rate scales the schedule from here on.
    """

    epoch: int
    history: dict[str, list[float]]
    learning_rate: float
    named: Callable[[], dict[str, NDArray[Any]]]
    stopped: bool = field(default=False, init=False)

    @property
    def loss(self) -> float:
        return self.history["loss"][-1]

    @property
    def validation_loss(self) -> float:
        return self.history.get("validation_loss", [math.nan])[-1]

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        return self.named()

    def stop(self) -> None:
        self.stopped = True


Hook = Callable[[Progress], None]
Keeper = Callable[[State, Recording], None]


class Loop:
    """One training: a setup, its rows, and the programs that they make."""

    def __init__(self, setup: Setup, training: Rows, validation: Rows) -> None:
        self.setup = setup
        self.objective = setup.objective()
        self.layout = self.objective.trained
        self.batches = Batches(
            len(training), setup.batch_size, setup.seed,
            shuffled=setup.shuffle and setup.batch_size < len(training),
        )
        start = setup.optimizer.initial(np.zeros(self.layout.size, dtype=setup.dtype))
        self.step = TrainingStep(
            self.objective,
            setup.optimizer,
            setup.terms(self.objective),
            self.batches.steps_per_epoch,
            tuple(sorted(start)),
        )
        self.rows = training.typed(setup.dtype)
        self.held = validation
        self.scorer = Scorer(setup.metrics, setup.targets)
        named = setup.network.parameters
        self.frozen = self.objective.frozen.flat_array(named, setup.dtype)

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
        found = {**self.layout.named_arrays(flat),
                 **self.objective.frozen.named_arrays(self.frozen)}
        return {one.name: found[one.name] for one in self.objective.plan.parameters}

    def run(
        self,
        state: State,
        recording: Recording,
        hooks: Sequence[Hook] = (),
        keeper: Keeper | None = None,
    ) -> tuple[State, str]:
        """Train until an end is reached; return the state and why it ended.

        Ctrl-C ends it after the stretch of steps that is under way, a second one at once; either
        way the recording is that of the state. ``keeper`` is offered every state that a resume
        could start from.
        """
        total = self.setup.epochs * self.batches.steps_per_epoch
        reason = "all epochs were run"
        recorded = recording.sizes
        try:
            with held_interrupts() as interrupted:
                while state.step < total:
                    made = self._stretch(state, recording, hooks)
                    (state, ended), recorded = made, recording.sizes
                    if keeper is not None:
                        keeper(state, recording)
                    if ended is None and interrupted():
                        ended = INTERRUPTED
                    if ended is not None:
                        reason = ended
                        break
        except KeyboardInterrupt:
            recording.cut(*recorded)
            reason = INTERRUPTED
        return state, reason

    def _stretch(
        self, state: State, recording: Recording, hooks: Sequence[Hook]
    ) -> tuple[State, str | None]:
        """Run some steps of the epoch under way, and close the epoch when it is through."""
        began = time.monotonic()
        per_epoch = self.batches.steps_per_epoch
        epoch, place = divmod(state.step, per_epoch)
        if place == 0 and self._is_read(epoch):
            self._read(state, recording, epoch)
        outcome = run(
            self._work,
            [state.parameters, state.step, *(state.optimizer[n] for n in self.step.state_names)],
            [self.frozen, state.rate],
            self.rows,
            self.batches,
            state.step,
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
        ended = None
        if step % per_epoch == 0:
            state, ended = self._close(state, recording, hooks)
        state = replace(state, seconds=state.seconds + time.monotonic() - began)
        limit = self.setup.stopping.max_seconds
        if ended is None and limit is not None and state.seconds >= limit:
            ended = f"the time limit of {limit:g} s was reached"
        return state, ended

    def _close(
        self, state: State, recording: Recording, hooks: Sequence[Hook]
    ) -> tuple[State, str | None]:
        """Record an epoch that is through, and ask whether training should end."""
        epoch = state.step // self.batches.steps_per_epoch
        numbers = {"loss": self._mean(state.losses)}
        if any(state.penalties):
            numbers["penalty"] = self._mean(state.penalties)
        judged = numbers["loss"]
        if len(self.held):
            loss, outputs = self.evaluate(state.parameters, self.held)
            numbers["validation_loss"] = judged = loss
            numbers.update(self.scorer(self.held.targets, outputs))
        numbers["learning_rate"] = self._rate_of(state)
        recording.epoch(**numbers)
        if judged < state.best_loss:
            state = replace(
                state, best=state.parameters, best_loss=judged, best_epoch=epoch
            )
        if self.setup.snapshots and epoch % self.setup.snapshots == 0:
            recording.snapshot(state.step, self.named(state.parameters))
        waited = epoch - state.best_epoch if len(self.held) else 0
        ended = self.setup.stopping.reason(recording.history, state.gradient, waited)
        state = replace(state, losses=(), penalties=(), gradient=0.0)
        return self._ask(hooks, state, recording, epoch, ended)

    def _ask(
        self,
        hooks: Sequence[Hook],
        state: State,
        recording: Recording,
        epoch: int,
        ended: str | None,
    ) -> tuple[State, str | None]:
        """Let the hooks see the epoch; they may stop the training or change the rate."""
        if not hooks:
            return state, ended
        before = self._rate_of(state)
        progress = Progress(
            epoch, recording.history, before, lambda: self.named(state.parameters)
        )
        for hook in hooks:
            hook(progress)
        if progress.learning_rate != before:
            wanted = float(progress.learning_rate)
            scheduled = isinstance(self.setup.optimizer.learning_rate, Schedule)
            state = replace(state, rate=state.rate * wanted / before if scheduled else wanted)
        if ended is None and progress.stopped:
            ended = "the on_epoch hook asked for it"
        return state, ended

    def _rate_of(self, state: State) -> float:
        """Return the learning rate of the last step that was made."""
        given = self.setup.optimizer.learning_rate
        if not isinstance(given, Schedule):
            return state.rate
        now = np.float64((state.step - 1) / self.batches.steps_per_epoch)
        return float(np.asarray(given.rate(now))) * state.rate

    def _mean(self, losses: Sequence[float]) -> float:
        """The mean over rows of the losses of an epoch's steps; exact, so order does not matter."""
        sizes = [self.batches.rows_in(step) for step in range(len(losses))]
        if not all(math.isfinite(one) for one in losses):
            return float(np.sum(losses))
        return math.fsum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes)

    def evaluate(
        self, parameters: NDArray[Any], rows: Rows
    ) -> tuple[float, tuple[NDArray[Any], ...]]:
        """Return the loss of rows (without penalties) and the network's outputs for them."""
        batches = Batches(len(rows), EVALUATION_ROWS)
        outcome = run(
            self._evaluation,
            [],
            [parameters, self.frozen],
            rows.typed(self.setup.dtype),
            batches,
            0,
            batches.steps_per_epoch,
            engine=self.setup.engine,
        )
        losses, *outputs = outcome.records
        sizes = [batches.rows_in(step) for step in range(len(losses))]
        return float(np.dot(losses, sizes) / len(rows)), tuple(outputs)

    def _is_read(self, epoch: int) -> bool:
        """Whether readings are taken before an epoch: about ``readings`` times in all."""
        wanted = self.setup.readings
        return wanted > 0 and epoch % max(1, self.setup.epochs // wanted) == 0

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
