"""Readings: a close look at layers and parameters between epochs, ever more rarely."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from chainrule.engines.door import Batches, Work, run
from chainrule.training.recording import LAYER_READINGS, PARAMETER_READINGS, Recording
from chainrule.training.setup import Setup
from chainrule.training.state import State
from chainrule.training.step import TrainingStep

READING_ROWS = 256


class Readings:
    """When a training is read, and the second, observed form of its step that reads it."""

    def __init__(
        self,
        setup: Setup,
        step: TrainingStep,
        rows: Sequence[NDArray[Any]],
        frozen: NDArray[Any],
    ) -> None:
        self.setup = setup
        self.step = step
        self.rows = rows
        self.frozen = frozen

    def due(self, epoch: int) -> bool:
        """Whether readings are taken before an epoch: ever more rarely, however many there are.

        A rule without the number of epochs leaves the same readings when a run goes on.
        """
        return self.setup.readings > 0 and epoch % self._stride(epoch) == 0

    def next_due(self, first: int, last: int) -> int:
        """Return the first epoch from ``first`` on that is read, ``last`` where none before is."""
        epoch = first if self.setup.readings else last
        while epoch < last and not self.due(epoch):
            # Strides double, and each is a multiple of those before it, so none is passed over.
            epoch += -epoch % self._stride(epoch)
        return min(epoch, last)

    def _stride(self, epoch: int) -> int:
        return 1 << (epoch // self.setup.readings).bit_length()

    @cached_property
    def _work(self) -> Work:
        return self.step.observed_work(self.setup.dtype)

    @cached_property
    def _sample(self) -> Batches:
        count = len(self.rows[-1])
        size = min(READING_ROWS, max(1, count))
        return Batches(count, size, self.setup.seed, shuffled=size < count)

    def take(self, state: State, epoch: int, recording: Recording) -> None:
        """Look at a sample of the training rows, before an epoch."""
        moments = (state.optimizer[name] for name in self.step.state_names)
        # The sample is the first batch of an order of its own, so the engine draws and gathers it.
        step = epoch * self._sample.steps_per_epoch
        outcome = run(
            self._work,
            [],
            [state.parameters, state.step, *moments, self.frozen, state.rate],
            self.rows,
            self._sample,
            step,
            step + 1,
            engine=self.setup.engine,
        )
        numbers = iter(float(record[0]) for record in outcome.records)
        layers = {
            name: {one: next(numbers) for one in LAYER_READINGS} for name in self.step.watched
        }
        parameters = {
            one.name: {reading: next(numbers) for reading in PARAMETER_READINGS}
            for one in self.step.objective.trained.parameters
        }
        recording.reading(state.step, epoch, layers, parameters)
