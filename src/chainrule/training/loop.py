"""The loop: steps to epochs, epochs to an end. It owns nothing but the state that it carries.

``search_loop`` has the loop of optimizers that search, which differs in what an epoch is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.checks import is_finite_number
from chainrule.engines.door import Batches, Look, Watch, Work, run
from chainrule.errors import SetupError
from chainrule.network.forms import refuse_few_rows, signed_seed
from chainrule.optimizers import ReduceOnPlateau, Schedule, taking_steps
from chainrule.training.interrupts import held_interrupts
from chainrule.training.metrics import Scorer
from chainrule.training.plateau import PlateauWatch
from chainrule.training.readings import Readings
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.scoring import scores_by_epoch
from chainrule.training.setup import Setup, check_start
from chainrule.training.state import INTERRUPTED, Hook, Keeper, Progress, State
from chainrule.training.step import TrainingStep, evaluation_work
from chainrule.training.stopping import TIME_LIMIT
from chainrule.training.stretch import Stretch, stretch_of

# The engine comes back this often (seconds) so that Ctrl-C, limits and checkpoints are served; with
# a large state up to five times as rarely, for each time it is given one and gives one back.
BREATH = 0.1
# With a limit that only Python knows calls begin short: what goes on behind it is for nothing.
FIRST_BREATH = 0.002
LARGE_STATE = 2_500_000  # bytes
EVALUATION_ROWS = 4096
# Rates of a schedule are computed for so many epochs together.
RATES_TOGETHER = 64


class Loop:
    """One training: a setup, its rows, and the programs that they make."""

    def __init__(self, setup: Setup, training: Rows, validation: Rows) -> None:
        self.setup = setup
        self.objective = setup.objective()
        self.layout = self.objective.carried
        self.batches = Batches(
            len(training),
            setup.batch_size,
            setup.seed,
            shuffled=setup.shuffle and setup.batch_size < len(training),
        )
        steps = range(self.batches.steps_per_epoch)
        self.shares = np.array([self.batches.rows_in(step) for step in steps]) / len(training)
        self.step = self._step()
        rate = self.step.optimizer.learning_rate
        self._plateau: PlateauWatch | None = None
        if isinstance(rate, ReduceOnPlateau):
            self._plateau = PlateauWatch(rate, setup.origin.rate)
        self.interrupted: Callable[[], bool] = lambda: False
        self.clock: Callable[[], float] = time.monotonic
        check_start(setup)
        self._check_rows()
        self.rows = training.typed(setup.dtype)
        self.validates = len(validation) > 0
        self.held = validation.typed(setup.dtype)
        self.held_rows = validation
        self.held_batches = Batches(len(validation), EVALUATION_ROWS)
        self.scorer = Scorer(setup.metrics if self.validates else (), setup.meaning(0))
        self.frozen = self.objective.frozen.flat_array(setup.network.parameters, setup.dtype)
        self.seeds = [signed_seed(setup.seed) for _ in self.step.seeds]
        self.readings = Readings(setup, self.step, len(training))
        if setup.stopping.patience is not None and not self.validates:
            raise SetupError(
                "patience waits for a better validation loss, and there are no validation rows.",
                "Hold some out, validation=0.2, or use another limit.",
            )

    def _step(self) -> TrainingStep:
        """Return the step that is traced."""
        setup, trained = self.setup, self.objective.trained.size
        optimizer = taking_steps(setup.optimizer)
        start = optimizer.initial(np.zeros(trained, dtype=setup.dtype))
        return TrainingStep(
            self.objective,
            optimizer,
            setup.terms(self.objective),
            self.batches.steps_per_epoch,
            tuple(sorted(start)),
            setup.origin,
        )

    def _check_rows(self) -> None:
        """Raise SetupError where the last step of an epoch has fewer rows than a layer needs."""
        rows = self.batches.rows_in(self.batches.steps_per_epoch - 1)
        remedy = f"Give another batch_size than {self.setup.batch_size}, or other rows."
        refuse_few_rows(self.objective.fewest_rows, rows, remedy)

    def trace(self) -> None:
        """Trace the training step now. Raises SetupError where it cannot be trained."""
        _ = self._work

    @cached_property
    def _work(self) -> Work:
        watch = self.setup.stopping.min_gradient is not None
        return self.step.work(self.setup.dtype, watch)

    @cached_property
    def _evaluation(self) -> Work:
        """The loss of the validation rows, and the first output where metrics are measured."""
        work = evaluation_work(self.objective, self.setup.dtype)
        count = 2 if self.scorer.chosen else 1
        outputs, names = work.program.outputs[:count], work.program.output_names[:count]
        return replace(work, program=replace(work.program, outputs=outputs, output_names=names))

    def _watch(self, state: State, look: Look | None) -> Watch:
        """Return what the engine does between epochs."""
        setup, patience = self.setup, self.setup.stopping.patience
        waited = self._waited(self.epochs_through(state), state.best_epoch)
        if not self.validates:
            return Watch(best=state.best_loss, waited=waited, look=look)
        return Watch(
            work=self._evaluation,
            fixed=[self.frozen],
            rows=self.held,
            batches=self.held_batches,
            best=state.best_loss,
            keep="best" if setup.keep == "best" else "sound",
            waited=waited,
            patience=None if patience is None else int(patience),
            look=look,
        )

    def _waited(self, through: int, best: int) -> int:
        """Return how many epochs there were since the best one, or since patience began."""
        return through - max(best, self.setup.origin.patience)

    def start(self) -> State:
        """Return the state before the first step."""
        flat = self._first_parameters()
        initial = self.setup.optimizer.initial(flat[: self.objective.trained.size])
        rate = self.step.optimizer.learning_rate
        return State(
            parameters=flat,
            optimizer={name: np.array(one) for name, one in initial.items()},
            rate=1.0 if isinstance(rate, Schedule) else float(rate),
        )

    def _first_parameters(self) -> NDArray[Any]:
        """Return what is carried, flat, before the first step."""
        network = self.setup.network
        return self.layout.flat_array({**network.parameters, **network.state}, self.setup.dtype)

    def named(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return every parameter by name, the frozen ones included, then the network's state."""
        frozen = self.objective.frozen.named_arrays(self.frozen)
        found = {**self.layout.named_arrays(flat), **frozen}
        return {one.name: found[one.name] for one in self.objective.plan.whole.parameters}

    def _parameters(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        found = self.named(flat)
        return {name: found[name] for name in self.objective.plan.by_name}

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
        observers: Sequence[Hook] = (),
    ) -> tuple[State, str]:
        """Train until an end is reached; return the state and why it ended.

        Ctrl-C ends it after the stretch of steps that is under way, a second one at once; either
        way the recording is that of the state. An epoch counts once its hooks have seen it.
        ``keeper`` is offered every state that a resume could start from. ``observers`` see where
        the training is now and then, and change nothing.
        """
        try:
            with held_interrupts() as self.interrupted:
                while not self._through(state):
                    if self.interrupted():
                        return state, INTERRUPTED
                    state = self._stretch(state, recording, hooks)
                    if observers and recording.epochs:
                        progress = self._progress(state, recording)
                        for observer in observers:
                            observer(progress)
                    if keeper is not None:
                        keeper(state, recording)
        except KeyboardInterrupt:
            recording.cut(self.epochs_through(state), state.step)
            return state, INTERRUPTED
        return state, state.stopped or "all epochs were run"

    def _through(self, state: State) -> bool:
        return state.stopped is not None or self.epochs_through(state) >= self.setup.epochs

    def _stretch(self, state: State, recording: Recording, hooks: Sequence[Hook]) -> State:
        """Run as many epochs as nothing needs Python for, or as many steps as time allows."""
        began = self.clock()
        limit = self.setup.stopping.max_seconds
        seconds = self._breath(state)
        if limit is not None:
            seconds = min(seconds, max(0.0, limit - state.seconds))
        epoch = self.epochs_through(state)
        stretch = self._called(state, epoch + 1 if hooks else self._pause(epoch), seconds)
        count = stretch.surplus(recording.history.get("loss", ()), self.setup.stopping)
        fall = self._first_fall(recording, stretch)
        if fall is not None and not stretch.ends_with(fall):
            count = fall if count is None else min(count, fall)
        if count is not None:
            # The limits are written once, in Python, so that the engine went on where one of them
            # ends the training. A call changes nothing that it is given and gives the same bits
            # again, so it is made again, up to that epoch.
            stretch = self._called(state, epoch + count, math.inf)
        before_all = state.step - self._place(state)
        self.readings.record(stretch.seen, before_all, recording)
        state = stretch.state
        if len(stretch):
            state = self._closed(stretch, recording)
            state = self._heard(hooks, state, recording)
            if self._plateau is not None and fall == len(stretch):
                state = replace(state, rate=self._plateau.schedule.lowered(state.rate))
        return self._timed(state, began)

    def _first_fall(self, recording: Recording, stretch: Stretch) -> int | None:
        """Return after how many epochs of a stretch a rate that waits for a plateau falls."""
        if self._plateau is None:
            return None
        losses = stretch.seen.judged if self.validates else stretch.losses
        name = "validation_loss" if self.validates else "loss"
        return self._plateau.first_fall(recording.history.get(name, []), losses.tolist())

    def _timed(self, state: State, began: float) -> State:
        """Return the state with the time since then added, and ended where that is the limit."""
        limit = self.setup.stopping.max_seconds
        state = replace(state, seconds=state.seconds + self.clock() - began)
        if state.stopped is None and limit is not None and state.seconds >= limit:
            return replace(state, stopped=f"{TIME_LIMIT} {limit:g} s was reached")
        return state

    def _breath(self, state: State) -> float:
        """Return after how many seconds the engine comes back, so that this costs little."""
        moved = state.parameters.nbytes + sum(one.nbytes for one in state.optimizer.values())
        longest = BREATH * (1.0 + min(4.0, moved / LARGE_STATE))
        if not self.setup.stopping.asks_every_epoch:
            return longest
        return min(longest, max(FIRST_BREATH, state.seconds))

    def _called(self, state: State, last: int, seconds: float) -> Stretch:
        """Call the engine to run until so many epochs are through, or for so long."""
        look, last = self.readings.look(self.epochs_through(state), last)
        outcome = run(
            self._work,
            [state.parameters, state.step, *(state.optimizer[n] for n in self.step.state_names)],
            [self.frozen, state.rate, *self.seeds],
            self.rows,
            self.batches,
            self._place(state),
            last * self.batches.steps_per_epoch,
            seconds=seconds,
            engine=self.setup.engine,
            watch=self._watch(state, look),
        )
        return stretch_of(state, outcome, self.step.state_names, self.shares)

    def _pause(self, epoch: int) -> int:
        """Return after how many epochs Python is needed next: the end, or a snapshot."""
        last, many = self.setup.epochs, self.setup.snapshots
        return min(last, (epoch // many + 1) * many) if many else last

    def _closed(self, stretch: Stretch, recording: Recording) -> State:
        """Record epochs that are through, keep the parameters of one, ask whether to stop."""
        state, seen = stretch.state, stretch.seen
        through = self.epochs_through(state)
        first = through - len(stretch)
        columns = {"loss": stretch.losses.tolist()}
        if self.step.has_penalty:
            columns["penalty"] = stretch.penalties.tolist()
        if self.validates:
            columns["validation_loss"] = seen.judged.tolist()
            columns |= scores_by_epoch(self.scorer, self.held_rows, seen.outputs)
        columns |= self._further(first, stretch)
        recording.extend(columns)
        changes: dict[str, Any] = {}
        # Numbers that overflowed are nothing to keep, and NaN is better than nothing.
        judged = seen.judged if self.validates else stretch.losses
        best = seen.best_epoch if self.validates else stretch.lowest(state.best_loss)
        if best >= 0 and stretch.sound[best]:
            changes |= {"best_loss": float(judged[best]), "best_epoch": first + best + 1}
        if seen.kept is not None and stretch.sound[seen.kept_epoch]:
            changes |= {"kept": seen.kept, "kept_epoch": first + seen.kept_epoch + 1}
        if self.setup.snapshots and through % self.setup.snapshots == 0:
            moments = {name: state.optimizer[name] for name in self.step.state_names}
            recording.snapshot(state.step, self.named(state.parameters), moments)
        waited = self._waited(through, changes.get("best_epoch", state.best_epoch))
        gradient = float(stretch.gradients[-1])
        stopped = self.setup.stopping.reason(recording.history, gradient, waited)
        return replace(state, stopped=stopped, **changes)

    def _further(self, first: int, stretch: Stretch) -> dict[str, list[float]]:
        """Return further columns of a stretch that begins at an epoch, counted from 0."""
        return {"learning_rate": self.rates_of_epochs(first, len(stretch), stretch.state.rate)}

    def _progress(self, state: State, recording: Recording) -> Progress:
        return Progress(
            self.epochs_through(state),
            recording.history,
            recording.history.get("learning_rate", [math.nan])[-1],
            lambda: self._parameters(state.parameters),
        )

    def _heard(self, hooks: Sequence[Hook], state: State, recording: Recording) -> State:
        """Let the hooks see the epoch; they may stop the training or change the rate."""
        if not hooks:
            return state
        progress = self._progress(state, recording)
        before = progress.learning_rate
        for hook in hooks:
            hook(progress)
        if progress.learning_rate is not before:
            state = self._rated(state, before, progress.learning_rate)
        if state.stopped is None and progress.stopped:
            return replace(state, stopped="the on_epoch hook asked for it")
        return state

    def _rated(self, state: State, before: float, wanted: Any) -> State:
        """Return the state with the learning rate that a hook has set."""
        if not is_finite_number(wanted) or wanted < 0:
            raise SetupError(
                f"The on_epoch hook set the learning rate to {wanted!r}.", "Set a number from 0."
            )
        if wanted == before:
            return state
        return replace(state, rate=self._factor(state.rate, before, float(wanted)))

    def _factor(self, rate: float, before: float, wanted: float) -> float:
        """Return the state's rate with which the learning rate is ``wanted``."""
        if not isinstance(self.step.optimizer.learning_rate, Schedule):
            return wanted
        if before == 0.0:
            raise SetupError(
                "The on_epoch hook set the learning rate where its schedule is at 0, which no "
                "factor changes.",
                "Give the schedule an end above 0, or no schedule.",
            )
        return rate * wanted / before

    def rates_of_epochs(self, first: int, count: int, factor: float) -> list[float]:
        """Return the learning rate of the last step of each epoch, ``first`` counted from 0."""
        given = self.step.optimizer.learning_rate
        if not isinstance(given, Schedule):
            return [factor] * count
        # Always the same epochs together: how one is rounded must not depend on its neighbours.
        together = range(first // RATES_TOGETHER, (first + count - 1) // RATES_TOGETHER + 1)
        steps = self.batches.steps_per_epoch
        rates = []
        for block in together:
            ends = (np.arange(RATES_TOGETHER) + block * RATES_TOGETHER + 1) * steps - 1
            rates.append(np.broadcast_to(given.rate(ends / steps), ends.shape))
        start = first % RATES_TOGETHER
        scaled: list[float] = (np.concatenate(rates)[start : start + count] * factor).tolist()
        return scaled
