"""The loop of optimizers that search: an epoch is one iteration, which asks and is answered.

It has the face of ``Loop``, and shares all that follows an epoch with it: limits, what is kept,
the recording, hooks, checkpoints. A search is given up within an iteration by Ctrl-C alone, and
then stands where the iteration began.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.cores import allowed_threads, at_most
from chainrule.engines.door import Epochs, evaluate, run
from chainrule.engines.library import one_thread
from chainrule.errors import SetupError
from chainrule.network.objective import Objective
from chainrule.optimizers import GradientDescent, SearchingOptimizer, searches
from chainrule.optimizers.searching import Iterate, iterate_of, with_seed
from chainrule.program import Program, trace
from chainrule.training.answering import Answers, CutOffError
from chainrule.training.loop import Loop
from chainrule.training.readings import with_updates
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.search_limits import refuse_what_cannot_be_searched
from chainrule.training.setup import Setup
from chainrule.training.state import Hook, Keeper, State
from chainrule.training.step import TrainingStep
from chainrule.training.stretch import Stretch

# The optimizer's own algebra has one thread below: more of them cost more than they bring.
PARAMETERS_WORTH_THREADS = 1000


@dataclass(frozen=True, eq=False)
class IterationStretch(Stretch):
    """One iteration as a stretch of one epoch, with what the optimizer says of it."""

    readings: dict[str, float]
    ended: str | None


class SearchLoop(Loop):
    """One training with an optimizer that searches."""

    def __init__(self, setup: Setup, training: Rows, validation: Rows) -> None:
        if not searches(setup.optimizer):
            raise TypeError(f"{setup.optimizer.name} takes steps: it is driven by Loop.")
        self.optimizer: SearchingOptimizer = with_seed(setup.optimizer, setup.seed)
        super().__init__(setup, training, validation)
        refuse_what_cannot_be_searched(setup, self.objective, len(training))
        terms = self.step.terms
        self.answers = Answers(
            self.objective,
            self.rows,
            self.frozen,
            terms.l1,
            terms.l2,
            setup.engine,
            lambda: self.interrupted(),
            self.optimizer.needs,
            setup.seed,
        )

    def _step(self) -> TrainingStep:
        """Return the step that readings are taken with: it moves nothing."""
        terms = self.setup.terms(self.objective)
        still = GradientDescent(learning_rate=0.0)
        return TrainingStep(self.objective, still, terms, 1, (), self.setup.origin)

    def start(self) -> State:
        flat = self._first_parameters()
        initial = self.optimizer.initial(flat[: self.objective.trained.size])
        arrays = {name: np.array(one, dtype=np.float64) for name, one in initial.items()}
        return State(parameters=flat, optimizer=arrays, rate=1.0)

    def trace(self) -> None:
        """Trace what every search asks for. Raises SetupError where it cannot be trained."""
        self.answers.trace()

    def run(
        self,
        state: State,
        recording: Recording,
        hooks: Sequence[Hook] = (),
        keeper: Keeper | None = None,
        observers: Sequence[Hook] = (),
    ) -> tuple[State, str]:
        """Search until an end is reached. See ``Loop.run``.

        Threads are settled once, since requests are many and short.
        """
        threads = allowed_threads()
        small = self.objective.trained.size < PARAMETERS_WORTH_THREADS or threads == 1
        with one_thread(small), at_most(threads):
            return super().run(state, recording, hooks, keeper, observers)

    def _stretch(self, state: State, recording: Recording, hooks: Sequence[Hook]) -> State:
        """Run one iteration, to its end or not at all."""
        began = self.clock()
        try:
            # Numbers that overflow are met by the optimizer, or end the training with a sentence.
            with np.errstate(all="ignore"):
                stretch = self._iterated(state)
        except CutOffError:
            return state
        self.readings.record(stretch.seen, state.step - self._place(state), recording)
        state = self._closed(stretch, recording)
        if state.stopped is None and stretch.ended is not None:
            state = replace(state, stopped=stretch.ended)
        return self._timed(self._heard(hooks, state, recording), began)

    def _iterated(self, state: State) -> IterationStretch:
        """Return one iteration from a state as a stretch. Raises CutOffError where Ctrl-C came."""
        seen = self._looked(state)
        iterate = self._answered(state)
        carried = self._carried(iterate.parameters)
        arrays = {name: np.array(one, dtype=np.float64) for name, one in iterate.state.items()}
        after = replace(state, parameters=carried, optimizer=arrays, step=state.step + 1)
        penalty = self.answers.penalty(iterate.parameters)
        loss = float(iterate.loss) - penalty
        sound = math.isfinite(loss) and bool(np.isfinite(carried).all())
        trained = self.objective.trained.size
        moved = carried[:trained] - state.parameters[:trained]
        seen = replace(seen, looks=with_updates(self.step, seen.looks, moved))
        return IterationStretch(
            state=after,
            losses=np.array([loss]),
            penalties_by_step=np.array([[penalty]]),
            shares=self.shares,
            gradients=np.array([self.answers.steepest]),
            sound=np.array([sound]),
            seen=self._judged(state, carried, loss, sound, seen),
            readings=dict(iterate.readings),
            ended=iterate.ended,
        )

    def _answered(self, state: State) -> Iterate:
        """Return what an iteration comes to, all of its requests answered."""
        trained = self.objective.trained.size
        self.answers.state = state.parameters[trained:]
        search = self.optimizer.iteration(
            _read_only(state.parameters[:trained]),
            {name: _read_only(one) for name, one in state.optimizer.items()},
            self.answers.sizes,
        )
        return iterate_of(search, self.answers.of)

    def _carried(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return parameters with the network's state behind them, as all rows leave it."""
        parameters = np.array(parameters, dtype=np.float64)
        if not self.objective.plan.state:
            return parameters
        whole = np.concatenate([parameters, self.answers.state])
        given = [whole, self.frozen, *self.rows]
        made = evaluate(self._state_after, given, engine=self.setup.engine)
        return np.concatenate([parameters, *made])

    @cached_property
    def _state_after(self) -> Program:
        return state_program(self.objective)

    def _judged(
        self, state: State, carried: NDArray[Any], loss: float, sound: bool, seen: Epochs
    ) -> Epochs:
        """Return what was seen with the judgement of this iteration, by the validation rows."""
        judged, outputs = loss, []
        if self.validates:
            outcome = run(
                self._evaluation,
                [],
                [carried, self.frozen],
                self.held,
                self.held_batches,
                0,
                self.held_batches.steps_per_epoch,
                engine=self.setup.engine,
            )
            losses, *records = outcome.records
            rows = [self.held_batches.rows_in(step) for step in range(len(losses))]
            judged = float(np.dot(losses, rows)) / self.held_batches.rows
            outputs = [one[None] for one in records]
        better = sound and judged < state.best_loss
        keeps = better if self.validates and self.setup.keep == "best" else sound
        return replace(
            seen,
            judged=np.array([judged]),
            sound=np.array([sound]),
            outputs=outputs,
            kept=carried if keeps else None,
            kept_epoch=0 if keeps else -1,
            best=judged if better else state.best_loss,
            best_epoch=0 if better else -1,
        )

    def _looked(self, state: State) -> Epochs:
        """Return the records of a close look before an iteration, where one is due."""
        epoch = self.epochs_through(state)
        look, _ = self.readings.look(epoch, epoch + 1)
        looks: list[NDArray[Any]] = []
        if look is not None:
            place = epoch * look.batches.steps_per_epoch
            fixed = [state.parameters, state.step, self.frozen, 0.0, *self.seeds]
            looks = run(
                look.work,
                [],
                fixed,
                self.rows,
                look.batches,
                place,
                place + 1,
                engine=self.setup.engine,
            ).records
        nothing = np.zeros(0)
        looked = [] if look is None else [epoch]
        return Epochs(
            judged=nothing,
            sound=nothing == 0,
            outputs=[],
            kept=None,
            kept_epoch=-1,
            best=math.inf,
            best_epoch=-1,
            looked=looked,
            looks=looks,
        )

    def _further(self, first: int, stretch: Stretch) -> dict[str, list[float]]:
        """Return what the optimizer tells of an iteration, in columns of the history."""
        readings = stretch.readings if isinstance(stretch, IterationStretch) else {}
        return {name: [float(number)] for name, number in readings.items()}

    def _rated(self, state: State, before: float, wanted: Any) -> State:
        raise SetupError(
            f"The on_epoch hook set a learning rate, and {self.optimizer.name} has none.",
            "Leave progress.learning_rate as it is.",
        )


def loop_of(setup: Setup, training: Rows, validation: Rows) -> Loop:
    """Return the loop that a setup's optimizer is driven by."""
    kind = SearchLoop if searches(setup.optimizer) else Loop
    return kind(setup, training, validation)


def state_program(objective: Objective) -> Program:
    """Return the program (parameters, frozen, *rows) -> the network's state after all rows."""

    def after(parameters: Any, frozen: Any, *rows: Any) -> list[Any]:
        return objective.state_after(objective.values(parameters, frozen, rows))

    names = [one.name for one in objective.plan.state]
    return trace(after, (*objective.parameter_inputs, *objective.row_inputs), names)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an array that cannot be written to: a state that is kept must not change."""
    seen = array.view()
    seen.flags.writeable = False
    return seen
