"""The laboratory: trainings with one thing changed beside trainings with nothing changed.

All experiments of a case share its trainings without a remedy, have the same seeds and the same
number of epochs, and stay within the seconds that the case is worth.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from chainrule.diagnosis.arrangement import Arrangement, Remedy
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.differing import (
    LEAST_EFFECT,
    LEVEL,
    LEVEL_OF_ROWS,
    effect_size,
    probability_of_chance,
    probability_over_rows,
)
from chainrule.diagnosis.relative_error import WORST, Errors, errors_of
from chainrule.randomness import permutation
from chainrule.training.carry_out import FAILURES, carry_out
from chainrule.training.interrupts import held_interrupts
from chainrule.training.run import Run
from chainrule.training.side_by_side import at_a_time, side_by_side
from chainrule.training.stopping import has_overflowed

SEEDS = 5
# Remedies of one ailment are tried on starts of their own, so that the choice among them does not
# count as evidence.
SCREENING_SEEDS, FIRST_SCREENING = 2, 1_000_000
LEAST_SECONDS = 2.0
# What a call of ``train`` costs before its first step.
FIXED_SECONDS = 0.01
LEAST_ROWS = 256
# A gain below these is no proof of an ailment, however certain: of the constant's error, and of the
# error that there is without the remedy.
LEAST_GAIN, LEAST_SHARE = 0.03, 0.15

Judge = Callable[["Trained"], float]


@dataclass(frozen=True, eq=False)
class Trained:
    """What one training came to: errors of the network that was kept, and after the last step."""

    kept: Errors
    last: Errors
    run: Run | None

    @property
    def judged(self) -> float:
        """The error on rows that were not learned from, where there are any."""
        return self.kept.judged


FAILED = Trained(Errors(WORST, WORST), Errors(WORST, WORST), None)


def judged(one: Trained) -> float:
    """Return the error of the network that was kept, on rows not learned from if there are any."""
    return one.kept.judged


def after_last(one: Trained) -> float:
    """Return the error after the last step, on rows not learned from if there are any."""
    return one.last.judged


@dataclass(frozen=True)
class Experiment:
    """Errors of trainings without and with a remedy, one for each seed.

    ``screened``: other remedies -> their median error, of the trial that chose this one. The errors
    are relative to the best constant prediction, unless ``quantity`` says what else. ``over_rows``:
    how probable the gain is by the luck of the rows that judge, where that was tested. ``shows``
    says whether the ailment is confirmed where that is no matter of lower errors: shuffled labels
    that are learned as well as those that were given. ``settles``: as long as no remedy of another
    ailment helps, what this shows is the cause of all else.
    """

    remedy: Remedy
    without: tuple[float, ...]
    treated: tuple[float, ...]
    epochs: int
    rows: int
    screened: tuple[tuple[str, float], ...] = ()
    quantity: str = "error, in shares of the best constant prediction's"
    untreated_name: str = "as it was"
    treated_name: str = "with the remedy"
    over_rows: float | None = None
    shows: bool | None = None
    settles: bool = False
    judge: Judge = judged

    @property
    def probability(self) -> float:
        """How probable so much lower errors are by chance."""
        return probability_of_chance(self.without, self.treated)

    @property
    def effect(self) -> float:
        """Cohen's d of the improvement."""
        return effect_size(self.without, self.treated)

    @property
    def gain(self) -> float:
        """By how much the median error is lower with the remedy."""
        return median(self.without) - median(self.treated)

    @property
    def is_clear(self) -> bool:
        """Whether the remedy helps by more than chance, and enough to matter."""
        if self.shows is not None:
            return self.shows
        least = max(LEAST_GAIN, LEAST_SHARE * median(self.without))
        certain = self.probability < LEVEL and self.effect >= LEAST_EFFECT
        if self.over_rows is not None and self.over_rows >= LEVEL_OF_ROWS:
            return False
        return certain and self.gain >= least

    def to_dict(self) -> dict[str, Any]:
        """Return the experiment as plain data."""
        return {
            "remedy": self.remedy.words,
            "quantity": self.quantity,
            "epochs": self.epochs,
            "rows": self.rows,
            "without": list(self.without),
            "treated": list(self.treated),
            "p": self.probability,
            "p_over_rows": self.over_rows,
            "d": self.effect,
            "gain": self.gain,
            "clear": self.is_clear,
            "tried": dict(self.screened),
            "untreated_name": self.untreated_name,
            "treated_name": self.treated_name,
            "shows": self.shows,
        }


class Laboratory:
    """Where the experiments of one case are made, within its seconds.

    ``trainings`` is how many are expected in all: with it, and with what an epoch of the case has
    cost, the number of epochs follows that each of them gets.
    """

    def __init__(self, case: Case, trainings: int, seconds: float | None = None) -> None:
        self.case = case
        self.workers = at_a_time()
        self.seconds = max(LEAST_SECONDS, case.seconds) if seconds is None else seconds
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
            over_rows=_over_rows(judge, without, treated),
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


def _over_rows(
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


def outcome(arrangement: Arrangement) -> Trained:
    """Train an arrangement as it is and return what came of it; what fails has the worst error."""
    setup, rows = arrangement.setup, (arrangement.training, arrangement.validation)
    try:
        run = carry_out(setup, rows, progress=False)
    except FAILURES:
        return FAILED
    kept = errors_of(run.network, setup, *rows)
    layout = setup.objective().carried
    last = {**run.network.parameters, **layout.named_arrays(run.state.parameters)}
    sound = all(np.isfinite(one).all() for one in last.values())
    after = errors_of(run.network.with_parameters(last), setup, *rows) if sound else FAILED.last
    return Trained(kept, after if math.isfinite(after.training) else FAILED.last, run)
