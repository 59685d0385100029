"""The laboratory: trainings with one thing changed beside trainings with nothing changed.

All experiments of a case share its trainings without a remedy, have the same seeds and the same
number of epochs, and stay within the seconds that the case is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from chainrule.diagnosis.budget import (
    INTERRUPTED_DIAGNOSIS,
    Budget,
    OutOfTimeError,
    both_clocks,
    seconds_since,
)
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.pace import Pace
from chainrule.diagnosis.experiments.significance import probability_over_rows
from chainrule.diagnosis.experiments.trained import (
    FAILED,
    Judge,
    Trained,
    after_last,
    error_of_kept,
    outcome,
)
from chainrule.diagnosis.remedies.joint import AND
from chainrule.training.interrupts import held_interrupts
from chainrule.training.side_by_side import at_a_time, side_by_side

SEEDS = 5
# Remedies of one ailment are tried on starts of their own, so that the choice among them does not
# count as evidence.
SCREENING_SEEDS, FIRST_SCREENING = 2, 1_000_000
# The name of a training among all, what is trained, and its seed.
Wanted = tuple[str, Arrangement, int]


@dataclass(frozen=True)
class Tally:
    """What all laboratories of a diagnosis have done, together.

    ``made``: how many trainings each experiment took. ``refused``: the names of what was not begun
    or not ended for want of time.
    """

    made: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Laboratory:
    """Where the experiments of one case are made, within its seconds.

    ``trainings`` is how many are expected in all, from which their ``pace`` follows. ``seconds``
    bounds them, by default as the training's own length does; ``used``: seconds of the diagnosis
    that were gone before. Or ``budget`` says all of that. ``tally``: that of other laboratories of
    the diagnosis, whose trainings count together with those made here.
    """

    def __init__(
        self,
        case: Case,
        trainings: int,
        seconds: float | None = None,
        used: float = 0.0,
        budget: Budget | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.case = case
        self.workers = at_a_time()
        self.budget = budget or Budget.of_experiments(case.seconds, used, seconds)
        self.seeds = tuple(case.setup.seed + place for place in range(SEEDS))
        self.screening = tuple(
            case.setup.seed + FIRST_SCREENING + place for place in range(SCREENING_SEEDS)
        )
        self.pace = Pace.of(case, self.budget, trainings, self.workers)
        self._tally = tally or Tally()
        self._made_before = self.trainings
        self._known: dict[tuple[str, int], Trained] = {}
        # What is changed in all that is trained here.
        self._given = ""

    def on(self, case: Case, trainings: int) -> Laboratory:
        """Return the laboratory of another case, within the seconds that are left.

        ``trainings`` is how many are expected there. They count together with those made here.
        """
        budget = self.budget.left_for_another()
        return Laboratory(case, trainings, budget=budget, tally=self._tally)

    def with_treatment(self, remedy: Remedy) -> Laboratory | None:
        """Return the laboratory in which nothing is changed but what this remedy changes.

        Its trainings without a remedy are those that were made with this one, and all count
        together. None where none of those has come to an end.
        """
        case = self.case_with(remedy)
        if case is None:
            return None
        there = copy(self)
        there.case, there.pace = case, self.pace.of_case(case)
        there._given = self._name(remedy.name)
        return there

    @property
    def is_spent(self) -> bool:
        """Whether no experiment is to begin any more."""
        return self.budget.is_spent

    @property
    def is_out_of_time(self) -> bool:
        """Whether an experiment was left out, or is to be, for want of time."""
        return self.is_spent or bool(self._tally.refused)

    @property
    def epochs(self) -> int:
        """How many epochs each training has."""
        return self.pace.epochs

    @property
    def rows(self) -> int:
        """How many training rows each has at most."""
        return self.pace.rows

    @property
    def is_shortened(self) -> bool:
        """Whether trainings are shorter than the case was."""
        return self.pace.is_shortened

    def has_time_for(self, count: int, *arrangements: Arrangement) -> bool:
        """Whether so many trainings of each end in time, as long as those before them took."""
        return self.pace.fits(count, *arrangements)

    @property
    def trainings(self) -> int:
        """How many trainings were made, in all laboratories of the diagnosis."""
        return sum(self._tally.made)

    @property
    def seconds_each(self) -> float:
        """How long a training has taken until now, since this laboratory began."""
        return self.budget.used / max(1, self.trainings - self._made_before)

    def untreated(self, seeds: Sequence[int] | None = None) -> list[Trained]:
        """Return trainings of the case with nothing changed, one for each seed."""
        return self.trained("", self.case.arrangement, self.seeds if seeds is None else seeds)

    def trained(self, name: str, arrangement: Arrangement, seeds: Sequence[int]) -> list[Trained]:
        """Return trainings of an arrangement, one for each seed, each made once for a name.

        Raises OutOfTimeError where they do not come to their end in time.
        """
        return self.trained_each([(name, arrangement, seed) for seed in seeds])

    def trained_each(self, asked: Sequence[Wanted]) -> list[Trained]:
        """Return a training for each name, arrangement and seed, made side by side.

        Raises OutOfTimeError where they do not come to their end in time.
        """
        named = [(self._name(name), arrangement, seed) for name, arrangement, seed in asked]
        wanted = self._not_known(named)
        if wanted and not self._known and not self.pace.is_measured:
            self._measure_pace(wanted[: self.workers])
            wanted = self._not_known(named)
        if wanted:
            if not self.pace.fits(1, *(arrangement for _, arrangement, _ in wanted)):
                self._tally.refused.append(wanted[0][0])
                raise OutOfTimeError
            made = self._made_side_by_side(wanted)
            if self.budget.is_over:
                # What was being trained may have been broken off.
                self._tally.refused.append(wanted[0][0])
                raise OutOfTimeError
            self._keep(wanted, made)
        return [self._known[name, seed] for name, _, seed in named]

    def _not_known(self, named: Sequence[Wanted]) -> list[Wanted]:
        return [one for one in named if (one[0], one[2]) not in self._known]

    def _made_side_by_side(self, wanted: Sequence[Wanted]) -> list[Trained]:
        """Make trainings, and take down how long they took. Raises KeyboardInterrupt."""
        began = both_clocks()
        jobs = [partial(self._one, self.pace.shortened(one), seed) for _, one, seed in wanted]
        with held_interrupts() as interrupted:

            def ends() -> bool:
                return interrupted() or self.budget.is_over

            made = side_by_side(
                jobs, self.workers, ends, lambda place, one: None, lambda place: wanted[place][0]
            )
            if interrupted():
                raise KeyboardInterrupt(INTERRUPTED_DIAGNOSIS)
        self.pace.measured(seconds_since(began), [one for _, one, _ in wanted])
        return made

    def _keep(self, wanted: Sequence[Wanted], made: Sequence[Trained]) -> None:
        self._tally.made.append(len(wanted))
        for (name, _, seed), one in zip(wanted, made, strict=True):
            self._known[name, seed] = one

    def knows(self, name: str) -> bool:
        """Whether the trainings of a name are known."""
        return all((self._name(name), seed) in self._known for seed in self.seeds)

    def remember(self, name: str, trainings: Sequence[Trained]) -> None:
        """Keep trainings that are known without being made, by a name; those that were made stay.

        One for each seed.
        """
        for seed, one in zip(self.seeds, trainings, strict=True):
            self._known.setdefault((self._name(name), seed), one)

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

    def compare(
        self, remedies: Sequence[Remedy], judge: Judge = error_of_kept, **said: Any
    ) -> Experiment:
        """Return the experiment of the best of the remedies beside nothing changed."""
        chosen, tried = self.best(remedies, judge)
        self.keep_pace()
        groups = self.untreated(), self._with(chosen)
        return self.experiment(chosen, groups, judge, screened=tuple(tried), **said)

    def keep_pace(self, coming: int = 2 * SEEDS) -> None:
        """Shorten so many trainings that come where the first took longer than they were to.

        Only in front of the first comparison: all that is compared has one length.
        """
        if not self._known or (self._name(""), self.seeds[0]) in self._known:
            return
        self._shorten(coming)

    def _measure_pace(self, first: Sequence[Wanted]) -> None:
        """Make the first trainings beside each other, and shorten all where they take too long.

        They are kept where they are as long as those to come.
        """
        made = self._made_side_by_side(first)
        if not self._shorten(2 * SEEDS) and not self.budget.is_over:
            self._keep(first, made)

    def _shorten(self, coming: int) -> bool:
        """Shorten so many trainings as far as a comparison needs it; return whether it did."""
        if not self.pace.shorten(coming):
            return False
        # Trainings of another length are not compared with those to come.
        self._known.clear()
        return True

    def adding(self, remedy: Remedy, without: Remedy, treated: Remedy, **said: Any) -> Experiment:
        """Return the experiment of what a remedy adds: trainings of two treatments, one of which
        has it."""
        return self.experiment(
            remedy, (self._with(without), self._with(treated)), error_of_kept, **said
        )

    def _with(self, remedy: Remedy) -> list[Trained]:
        return self.trained(remedy.name, remedy.change(self.case.arrangement), self.seeds)

    def experiment(
        self,
        remedy: Remedy,
        groups: tuple[Sequence[Trained], Sequence[Trained]],
        judge: Judge = error_of_kept,
        **said: Any,
    ) -> Experiment:
        """Return the experiment of trainings that were made here, without a remedy and with it."""
        without, treated = (tuple(map(judge, one)) for one in groups)
        over_rows = over_rows_of(judge, *groups)
        return Experiment(
            remedy, without, treated, self.epochs, self.rows, judge=judge, over_rows=over_rows,
            **said,
        )  # fmt: skip

    def known(self, remedy: Remedy | None = None) -> list[Trained]:
        """Return the trainings with a remedy, or without any, that were made for an experiment."""
        name = self._name("" if remedy is None else remedy.name)
        made = [self._known.get((name, seed)) for seed in self.seeds]
        return [one for one in made if one is not None]

    def case_with(self, remedy: Remedy) -> Case | None:
        """Return the case of a training with a remedy, from the case's own start if there is one.

        None where no training with it was made or came to an end.
        """
        run = next((one.run for one in self.known(remedy) if one.run is not None), None)
        if run is None:
            return None
        scaling = remedy.change(self.case.arrangement).scaling
        return self.case.of_training(run, scaled=scaling is not None)

    def _name(self, name: str) -> str:
        """Return a name among those of all trainings: that of what is changed, in its order."""
        return AND.join(filter(None, (self._given, name)))

    def _one(self, arrangement: Arrangement, seed: int) -> Trained:
        if self.budget.is_over:
            # It would be broken off at once, and is not compared.
            return FAILED
        started = arrangement.started(seed, self.pace.epochs_of(arrangement))
        return outcome(started, self.case.training, self.pace.rows_judged)


def over_rows_of(
    judge: Judge, without: Sequence[Trained], treated: Sequence[Trained]
) -> float | None:
    """Return how probable the gain is by the luck of the rows; None for other judges of rows."""
    if judge not in (error_of_kept, after_last):
        return None
    groups = [
        [(one.kept if judge is error_of_kept else one.last).by_row for one in group]
        for group in (without, treated)
    ]
    known = [[one for one in group if one is not None] for group in groups]
    if any(len(a) < len(b) for a, b in zip(known, groups, strict=True)):
        return None
    return probability_over_rows(*known)
