"""Readings: a close look at layers and parameters between epochs, ever more rarely."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.door import Batches, Epochs, Look, Work
from chainrule.training.reading_times import (
    by_count,
    by_work,
    rows_that_pay,
    work_of_epoch,
    work_of_reading,
)
from chainrule.training.recording import LAYER_READINGS, PARAMETER_READINGS, Recording
from chainrule.training.setup import Setup
from chainrule.training.step import LAYER_RECORDS, PARAMETER_RECORDS, TrainingStep

# A reading walks forward and backward over a sample of so many rows. Where the epochs cannot pay
# for that it has fewer; where readings are counted, in a larger network, a small share of the rows.
READING_ROWS = 256
SMALL_NETWORK = 10_000  # parameters
LEAST_ROWS, LEAST_SHARE = 32, 32
# A call of the engine is told of so many readings, and ends before the next.
READINGS_TOGETHER = 64
UPDATES = "squares of the update"


class Readings:
    """The second, observed form of a step, and what it has seen, written down."""

    def __init__(self, setup: Setup, step: TrainingStep, rows: int) -> None:
        self.setup = setup
        self.step = step
        size, parameters = max(1, min(rows, READING_ROWS)), step.objective.trained.size
        if setup.readings == "auto":
            epoch = work_of_epoch(step.steps_per_epoch, setup.batch_size, parameters)
            size = min(size, max(LEAST_ROWS, rows_that_pay(epoch, parameters)))
            self.times = by_work(epoch, work_of_reading(size, parameters))
        else:
            if parameters > SMALL_NETWORK:
                size = min(size, max(LEAST_ROWS, rows // LEAST_SHARE))
            self.times = by_count(setup.readings)
        # The sample is the first batch of an order of its own, so the engine draws and gathers it.
        self.sample = Batches(rows, size, setup.seed, shuffled=size < rows)

    @cached_property
    def _work(self) -> Work:
        return self.step.observed_work(self.setup.dtype)

    def look(self, first: int, last: int) -> tuple[Look | None, int]:
        """Return the look for a call from ``first`` to before ``last``, and where that has to end.

        It ends where more readings are due than a call is told of, and before the first of all:
        the observed form is not written down for a training that ends before it.
        """
        epochs: list[int] = []
        epoch = self.times.next_due(first, last)
        if first < epoch and "_work" not in vars(self):
            return None, epoch
        while epoch < last and len(epochs) < READINGS_TOGETHER:
            epochs.append(epoch)
            epoch = self.times.next_due(epoch + 1, last)
        return (Look(self._work, self.sample, epochs) if epochs else None), epoch

    def record(self, seen: Epochs, steps: int, recording: Recording) -> None:
        """Write down what the looks of a call saw; ``steps`` are those taken before epoch 0."""
        per_epoch = self.step.steps_per_epoch
        by_look = zip(*(column.tolist() for column in seen.looks), strict=True)
        for epoch, of_it in zip(seen.looked, by_look, strict=True):
            numbers = iter(of_it)
            layers = {name: layer_reading(numbers) for name in self.step.watched}
            parameters = {
                one.name: parameter_reading(numbers, one.size)
                for one in self.step.objective.trained.parameters
            }
            recording.reading(steps + epoch * per_epoch, epoch, layers, parameters)


def layer_reading(numbers: Iterator[float]) -> dict[str, float]:
    """Return the reading of a layer's output, of the records ``LAYER_RECORDS``."""
    taken = dict(zip(LAYER_READINGS, islice(numbers, len(LAYER_READINGS)), strict=True))
    return taken | {"deviation": math.sqrt(taken["deviation"]), "lowest": -taken["lowest"]}


def parameter_reading(numbers: Iterator[float], size: int) -> dict[str, float]:
    """Return the reading of a parameter, of the records ``PARAMETER_RECORDS``: the roots of means
    of squares."""
    squares = islice(numbers, len(PARAMETER_READINGS))
    return {
        name: math.sqrt(one / size) for name, one in zip(PARAMETER_READINGS, squares, strict=True)
    }


def with_updates(
    step: TrainingStep, looks: list[NDArray[Any]], change: NDArray[Any]
) -> list[NDArray[Any]]:
    """Return the records of one look with the squares of this change as those of the update.

    For a step that is not what changed the parameters (p,).
    """
    found = list(looks)
    if not found:
        return found
    first = len(step.watched) * len(LAYER_RECORDS)
    layout = step.objective.trained
    for place, one in enumerate(layout.parameters):
        start = layout.starts[one.name]
        moved = change[start : start + one.size]
        at = first + place * len(PARAMETER_RECORDS) + PARAMETER_RECORDS.index(UPDATES)
        found[at] = np.array([moved @ moved])
    return found
