"""The laboratory: trainings with one thing changed beside trainings with nothing changed.

All experiments of a case share its trainings without a remedy, have the same seeds and the same
number of epochs, and stay within the seconds that the case is worth.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from chainrule.diagnosis.arrangement import Arrangement, Remedy
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.significance import probability_over_rows
from chainrule.diagnosis.experiments.trained import Judge, Trained, after_last, judged, outcome
from chainrule.randomness import permutation
from chainrule.training.interrupts import held_interrupts
from chainrule.training.run import Run
from chainrule.training.side_by_side import at_a_time, side_by_side
from chainrule.training.stopping import has_overflowed

SEEDS = 5
# Remedies of one ailment are tried on starts of their own, so that the choice among them does not
# count as evidence.
SCREENING_SEEDS, FIRST_SCREENING = 2, 1_000_000
# A diagnosis may take as long as the training, or two seconds; signs and the last experiment, which
# is not cut off, take their part.
LEAST_SECONDS, SHARE_OF_TRAINING = 1.5, 0.75
# What a call of ``train`` costs before its first step.
FIXED_SECONDS = 0.01
LEAST_ROWS = 256


class Laboratory:
    """Where the experiments of one case are made, within its seconds.

    ``trainings`` is how many are expected in all: with it, and with what an epoch of the case has
    cost, the number of epochs follows that each of them gets.
    """

    def __init__(self, case: Case, trainings: int, seconds: float | None = None) -> None:
        self.case = case
        self.workers = at_a_time()
        own = max(LEAST_SECONDS, SHARE_OF_TRAINING * case.seconds)
        self.seconds = own if seconds is None else seconds
        self.began = time.process_time()
        self.seeds = tuple(case.setup.seed + place for place in range(SEEDS))
        self.screening = tuple(
            case.setup.seed + FIRST_SCREENING + place for place in range(SCREENING_SEEDS)
        )
        self.epochs, self.rows = self._extent(trainings)
        self._known: dict[tuple[str, int], Trained] = {}

    def _extent(self, trainings: int) -> tuple[int, int]:
        """Return how many epochs and rows each of so many trainings can have."""
        case = self.case
        full, rows = max(1, case.setup.epochs), len(case.training)
        trained = full if has_overflowed(case.ended) else max(1, case.epochs)
        # The first steps of a training wait until it is written down: much of a short one.
        an_epoch = max(1e-5, case.seconds - 3.0 * FIXED_SECONDS) / max(1, case.epochs)
        each = max(1e-3, self.seconds * self.workers / max(1, trainings) - FIXED_SECONDS)
        if an_epoch * trained <= each:
            return full, rows
        epochs = int(each / an_epoch)
        if epochs >= 1:
            return min(full, epochs), rows
        return 1, min(rows, max(LEAST_ROWS, int(rows * each / an_epoch)))

    @property
    def is_shortened(self) -> bool:
        """Whether trainings are shorter than that of the case."""
        return self.epochs < self.case.setup.epochs or self.rows < len(self.case.training)

    @property
    def is_spent(self) -> bool:
        """Whether the seconds are used up: of work, since other programs may hold it up."""
        return (time.process_time() - self.began) / self.workers > self.seconds

    @property
    def trainings(self) -> int:
        """How many trainings were made."""
        return len(self._known)

    def untreated(self, seeds: Sequence[int] | None = None) -> list[Trained]:
        """Return trainings of the case with nothing changed, one for each seed."""
        return self.trained("", self.case.arrangement, self.seeds if seeds is None else seeds)

    def trained(self, name: str, arrangement: Arrangement, seeds: Sequence[int]) -> list[Trained]:
        """Return trainings of an arrangement, one for each seed, each made once for a name."""
        wanted = [seed for seed in seeds if (name, seed) not in self._known]
        jobs = [partial(self._one, arrangement, seed) for seed in wanted]
        with held_interrupts() as interrupted:
            made = side_by_side(
                jobs, self.workers, interrupted, lambda place, one: None, lambda place: name
            )
            if interrupted():
                raise KeyboardInterrupt("The diagnosis was interrupted, and nothing is said.")
        self._known.update({(name, seed): one for seed, one in zip(wanted, made, strict=True)})
        return [self._known[name, seed] for seed in seeds]

    def best(
        self, remedies: Sequence[Remedy], judge: Judge
    ) -> tuple[Remedy, list[tuple[str, float]]]:
        """Return the remedy with the lowest median error on the starts of screening, and all."""
        if len(remedies) == 1:
            return remedies[0], []
        found = []
        for one in remedies:
            changed = one.change(self.case.arrangement)
            tried = self.trained(one.name, changed, self.screening)
            found.append((one, median(map(judge, tried))))
        chosen = min(found, key=lambda pair: pair[1])[0]
        return chosen, [(one.words, error) for one, error in found]

    def compare(self, remedies: Sequence[Remedy], judge: Judge = judged, **said: Any) -> Experiment:
        """Return the experiment of the best of the remedies beside nothing changed."""
        chosen, tried = self.best(remedies, judge)
        without = self.untreated()
        changed = chosen.change(self.case.arrangement)
        treated = self.trained(chosen.name, changed, self.seeds)
        return Experiment(
            chosen,
            tuple(map(judge, without)),
            tuple(map(judge, treated)),
            self.epochs,
            self.rows,
            tuple(tried),
            judge=judge,
            over_rows=over_rows_of(judge, without, treated),
            **said,
        )

    def known(self, remedy: Remedy) -> list[Trained]:
        """Return the trainings with a remedy that were made for an experiment."""
        made = [self._known.get((remedy.name, seed)) for seed in self.seeds]
        return [one for one in made if one is not None]

    def run_with(self, remedy: Remedy) -> Run | None:
        """Return a training with a remedy, from the case's own start where there is one."""
        return next((one.run for one in self.known(remedy) if one.run is not None), None)

    def _one(self, arrangement: Arrangement, seed: int) -> Trained:
        factor = arrangement.setup.epochs / max(1, self.case.setup.epochs)
        epochs = max(1, round(self.epochs * factor))
        ready = self._shorter(arrangement.started(seed, epochs))
        return outcome(ready)

    def _shorter(self, arrangement: Arrangement) -> Arrangement:
        count = len(arrangement.training)
        if self.rows >= len(self.case.training) or count <= self.rows:
            return arrangement
        chosen = permutation(self.case.setup.seed, "rows of an experiment", count)[: self.rows]
        return replace(arrangement, training=arrangement.training.part(np.sort(chosen)))


def over_rows_of(
    judge: Judge, without: Sequence[Trained], treated: Sequence[Trained]
) -> float | None:
    """Return how probable the gain is by the luck of the rows; None for other judges of rows."""
    if judge not in (judged, after_last):
        return None
    groups = [
        [(one.kept if judge is judged else one.last).by_row for one in group]
        for group in (without, treated)
    ]
    known = [[one for one in group if one is not None] for group in groups]
    if any(len(a) < len(b) for a, b in zip(known, groups, strict=True)):
        return None
    return probability_over_rows(*known)
