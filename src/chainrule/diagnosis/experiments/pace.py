"""The pace of a laboratory: how long its trainings are, and how many seconds each of them takes.

A training at full length may take as long as the whole diagnosis, while an experiment needs ten. So
they get fewer epochs, or fewer rows, by what the run itself took, by what a short training takes
now, and by what the first trainings of the laboratory took. All that are compared have one length.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.diagnosis.budget import Budget
from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.experiments.trained import outcome
from chainrule.diagnosis.probes.work import rows_to_judge
from chainrule.engines.cores import at_most
from chainrule.randomness import permutation
from chainrule.training.stopping import has_overflowed

# What a call of ``train`` costs before its first step, where it is not measured.
FIXED_SECONDS = 0.01
LEAST_ROWS = 256
# A tenth of an experiment's length is the least that it is shortened to on its way.
LEAST_SHARE_LEFT = 0.1
# Of what is left of the time: trainings side by side do not always take what the first took.
SPARED = 0.9


@dataclass
class Pace:
    """The ``epochs`` and ``rows`` of each training of a case, and how long it takes.

    ``rows_judged``: of how many rows its errors are at most. ``is_shortened``: whether it is
    shorter than the case was. ``seconds_each`` is what a training has taken, side by side with
    others and of as many epochs as the case; ``is_measured``: whether some were timed for it.
    """

    case: Case
    budget: Budget
    epochs: int
    rows: int
    rows_judged: int
    is_shortened: bool
    seconds_each: float = 0.0
    is_measured: bool = False

    @classmethod
    def of(cls, case: Case, budget: Budget, trainings: int, workers: int) -> Pace:
        """Return the pace at which so many trainings, so many at a time, end within the budget."""
        plan = _Plan(case, budget.seconds / max(1, trainings), workers)
        # Where looks have used all of the time nothing is trained, and nothing worth a trial.
        epochs, rows = (1, LEAST_ROWS) if budget.is_over else plan.extent()
        is_shortened = epochs < case.setup.epochs or rows < len(case.training)
        return cls(case, budget, epochs, rows, rows_to_judge(case), is_shortened)

    def of_case(self, case: Case) -> Pace:
        """Return the same pace for a case that was trained at it, whose length now is the full."""
        return replace(self, case=case, epochs=case.setup.epochs, rows=len(case.training))

    def epochs_of(self, arrangement: Arrangement) -> int:
        """Return the epochs of an arrangement, which may have more of them than the case."""
        return max(1, round(self.epochs * self._times(arrangement)))

    def shortened(self, arrangement: Arrangement) -> Arrangement:
        """Return an arrangement with no more training rows than the pace allows."""
        count = len(arrangement.training)
        if self.rows >= len(self.case.training) or count <= self.rows:
            return arrangement
        chosen = permutation(self.case.setup.seed, "rows of an experiment", count)[: self.rows]
        return arrangement.keeping(np.sort(chosen))

    def fits(self, count: int, *arrangements: Arrangement) -> bool:
        """Whether so many trainings of each end in time, as long as those before them took."""
        return self.budget.fits(count, self.seconds_each * sum(map(self._times, arrangements)))

    def measured(self, seconds: float, made: Sequence[Arrangement]) -> None:
        """Take down how many seconds trainings of these arrangements took together."""
        self.seconds_each = seconds / sum(map(self._times, made))
        self.is_measured = True

    def shorten(self, coming: int) -> bool:
        """Shorten so many trainings that come as far as they need it to end in time.

        Return whether that has changed their length.
        """
        expected = coming * self.seconds_each
        share = max(LEAST_SHARE_LEFT, SPARED * self.budget.left / max(1e-9, expected))
        if share >= 1.0:
            return False
        before = self.epochs, self.rows
        epochs = max(1, int(self.epochs * share))
        rows = max(LEAST_ROWS, int(self.rows * share * self.epochs / epochs))
        self.epochs, self.rows = epochs, min(self.rows, rows)
        if before == (self.epochs, self.rows):
            return False
        self.is_shortened = True
        self.seconds_each *= share
        return True

    def _times(self, arrangement: Arrangement) -> float:
        """Return how many times as many epochs as the case an arrangement has."""
        return arrangement.setup.epochs / max(1, self.case.setup.epochs)


@dataclass(frozen=True)
class _Plan:
    """How long trainings of a case may be, before any was made: ``share`` seconds for each."""

    case: Case
    share: float
    workers: int

    def extent(self) -> tuple[int, int]:
        """Return the epochs and the rows of each training."""
        case = self.case
        full = max(1, case.setup.epochs)
        trained = full if has_overflowed(case.ended) else max(1, case.epochs)
        # The first steps of a training wait until it is written down: much of a short one.
        an_epoch = max(1e-5, case.seconds - 3.0 * FIXED_SECONDS) / max(1, case.epochs)
        if an_epoch * trained <= (self.share - FIXED_SECONDS) * self.workers:
            return full, len(case.training)
        # What was trained beside other programs took longer than its work: it is measured again.
        fixed = self._work_of(1, LEAST_ROWS)
        each = max(1e-3, (self.share - fixed) * self.workers)
        planned = self._within(each, an_epoch)
        work = max(1e-3, self._work_of(*planned) - fixed)
        an_epoch = min(an_epoch, work / (planned[0] * planned[1] / len(case.training)))
        if an_epoch * trained <= each:
            return full, len(case.training)
        return self._within(each, an_epoch)

    def _work_of(self, epochs: int, rows: int) -> float:
        """Return the seconds of work in a training of so many epochs and rows."""
        few = np.arange(min(len(self.case.training), rows))
        short = self.case.arrangement.keeping(few)
        began = time.process_time()
        with at_most(1):
            outcome(short.started(self.case.setup.seed, epochs), most=rows_to_judge(self.case))
        return time.process_time() - began

    def _within(self, each: float, an_epoch: float) -> tuple[int, int]:
        """Return the epochs and rows of a training that may take so many seconds."""
        rows, epochs = len(self.case.training), int(each / an_epoch)
        if epochs >= 1:
            return min(max(1, self.case.setup.epochs), epochs), rows
        return 1, min(rows, max(LEAST_ROWS, int(rows * each / an_epoch)))
