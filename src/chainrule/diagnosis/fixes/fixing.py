"""Fixing a run: remedies applied one after the other, each kept only where it helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from chainrule.checks import is_whole_number
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.experiments.experiment import ERROR, Experiment
from chainrule.diagnosis.experiments.rule import USUAL
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance
from chainrule.diagnosis.experiments.trained import Judge, judged, outcome
from chainrule.diagnosis.fixes.fix import Attempt, Fix
from chainrule.diagnosis.fixes.judging import (
    Groups,
    as_classes_weigh,
    errors_of,
    fits_parts,
    judged_on,
)
from chainrule.diagnosis.fixes.series import Series, is_open
from chainrule.diagnosis.fixes.table_to_fix import TableToFix
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.diagnosis.verdicts.together import all_of, in_order_of_change
from chainrule.errors import SetupError
from chainrule.training.interrupts import held_interrupts
from chainrule.training.progress import Counted, shown_count
from chainrule.training.run import Run
from chainrule.training.side_by_side import at_a_time, side_by_side

# A run that was put right is examined again, and what is then found is put right, too.
MOST_ROUNDS = 3
# Of 3 trainings beside 3 the least p is 1 in 20, which is not below 0.05.
LEAST_SEEDS = 4
# Names and words of remedies, in the order in which they are applied.
Names = tuple[tuple[str, str], ...]
# What a run notes of its table that stays true of another network on the same rows.
OF_THE_ROWS = ("preparation", "table", "stage", "data", "scaling")


@np.errstate(all="ignore")
def fixed(report: Report, seeds: int = 10, progress: bool = True) -> Fix:
    """Return the fix of a run: its remedies tried in the order of their evidence.

    ``progress``: show on a terminal how far it is. Raises SetupError for fewer than 4 seeds,
    DataError where the run's table is not to be had, KeyboardInterrupt where Ctrl-C ended it.
    """
    if not is_whole_number(seeds, LEAST_SEEDS):
        raise SetupError(
            f"With seeds={seeds!r} nothing could be more than chance.",
            f"Give a whole number from {LEAST_SEEDS}.",
        )
    first = report.case.setup.seed
    trying = _Trying(report, tuple(range(first, first + seeds)), progress)
    for number in range(MOST_ROUNDS):
        if not trying.a_round(number + 1):
            break
    return trying.fix()


class _Trying:
    """A case on its way through remedies: the arrangement as it is now, and its trainings."""

    def __init__(self, report: Report, seeds: tuple[int, ...], progress: bool) -> None:
        self.report, self.now, self.progress = report, report, progress
        # As many starts again are added where p alone is in doubt.
        self.seeds, self.more = seeds, tuple(range(seeds[0], seeds[0] + 2 * len(seeds)))
        # What is not to be had is said before any training.
        self.table = TableToFix.of(report)
        self.arrangement = report.case.arrangement
        self.judged_on, self.is_apart = judged_on(report)
        self.attempts: list[Attempt] = []
        self.by_hand: list[str] = []
        self.kept: list[Remedy] = []
        # By the remedies, in their order.
        self._series: dict[Names, Series] = {}

    def a_round(self, number: int) -> bool:
        """Try what the last report names; return whether there may be more to be found."""
        together, each = _due(self.now)
        treatments = _treatments(together, each) + (not self._series)
        expected = len(self.seeds) * len(self.judged_on) * treatments
        with shown_count(expected, self.progress and bool(together or each)) as told:
            self._counted = Counted(told)
            helped = [self._try_together(together, number)] if together else []
            helped += [self._try(one, number) for one in each]
            # What was proved together may help together alone.
            left = _left_of_proved(self.now, each, helped[len(helped) - len(each) :])
            helped += [self._try_together(left, number)] if left else []
        if not any(helped):
            return False
        run = self._run()
        if run is None:
            return False
        case = self.report.case.of_training(run)
        self.now = Report(case, verdict_of(case), run)
        return self.now.primary is not None

    def _try(self, finding: Finding, number: int) -> bool:
        remedy = finding.remedy
        changed = None if remedy is None else remedy.change(self.arrangement)
        if remedy is not None and (remedy.by_hand or self._is_of_the_file(remedy, changed)):
            self.by_hand += [remedy.words] if remedy.words not in self.by_hand else []
            return False
        if remedy is None or changed is None or self._is_scaled_twice(changed):
            return False
        self._keep_parts(fits_parts(finding, self.arrangement, changed))
        treated = self._treated([remedy])
        experiment = self._asked(remedy, self._treated([]), treated, finding)
        attempt = self._attempt(finding, number, experiment, treated)
        if attempt.is_kept:
            self._keep([remedy])
        return attempt.is_kept

    def _attempt(
        self, finding: Finding, number: int, experiment: Experiment, treated: Series
    ) -> Attempt:
        """Return what became of a remedy, among the attempts from here on.

        What was kept by a measure of its own, such as the recall of rare classes, is not taken back
        by a remedy that lowers the error of all rows. A remedy that is tried again in vain is among
        them once, as it was tried last.
        """
        spoiled = ""
        for one in self.attempts:
            measured_apart = not one.experiment.is_of_errors
            if one.is_kept and measured_apart and one.experiment.judge is not experiment.judge:
                last, now = (errors_of(self._groups(each), one.experiment.judge)
                             for each in (self._treated([]), treated))  # fmt: skip
                spoiled = one.title if probability_of_chance(now, last) < LEVEL else spoiled
        ailment = finding.ailment
        attempt = Attempt(ailment.name, ailment.title, number, experiment, spoiled)
        before = [one for one in self.attempts if one.is_kept or one.remedy != attempt.remedy]
        self.attempts = [*before, attempt]
        return attempt

    def _keep(self, remedies: Sequence[Remedy]) -> None:
        """Apply remedies to all that comes; where they took more starts, all has as many."""
        joint = all_of(remedies)
        self.arrangement = joint.change(self.arrangement)
        last = self._treated(remedies)
        self.kept += remedies
        # Trainings of other treatments are not asked for any more.
        names = _names(self.kept)
        known = [(each, one) for each, one in self._series.items() if each[: len(names)] == names]
        self._series = {(): self._series[()], **dict(known), names: last}
        self.judged_on = last.arrangements
        if any(one.is_kept and one.experiment.looks > 1 for one in self.attempts):
            self.seeds = self.more
        for one in (self._series[()], last):
            self._groups(one)

    def _treated(self, remedies: Sequence[Remedy]) -> Series:
        """Return the trainings with remedies beside all that were kept, each made once."""
        names = _names([*self.kept, *remedies])
        if names not in self._series:
            change = all_of(remedies).change if remedies else _unchanged
            self._series[names] = Series.of([change(one) for one in self.judged_on])
        return self._series[names]

    def _groups(self, series: Series, seeds: Sequence[int] = ()) -> Groups:
        return series.of_seeds(seeds or self.seeds, self._trainings)

    def _keep_parts(self, fit: bool) -> None:
        """Judge by one part of the rows alone from here on, where a remedy does not fit others."""
        if not fit:
            self.judged_on = self.judged_on[:1]
            for one in self._series.values():
                one.keep_first_part()

    def _is_of_the_file(self, remedy: Remedy, changed: Arrangement | None) -> bool:
        """Whether a remedy can only be applied to the file that a table is read from."""
        return (
            self.table is not None
            and changed is not None
            and not self.table.can_take(remedy, self.arrangement, changed)
        )

    def _try_together(self, findings: Sequence[Finding], number: int) -> bool:
        """Try the remedies of causes that help only together, and each by what it adds to them.

        Kept are those that are needed for what all of them come to.
        """
        findings = in_order_of_change(findings)
        remedies = [one.remedy for one in findings if one.remedy is not None]
        changed = all_of(remedies).change(self.arrangement)
        undone = [one for one in remedies if one.by_hand or self._is_of_the_file(one, changed)]
        if undone or self._is_scaled_twice(changed):
            self.by_hand += [one.words for one in undone if one.words not in self.by_hand]
            return False
        self._keep_parts(all(fits_parts(one, self.arrangement, changed) for one in findings))
        joint, treated = all_of(remedies), self._treated(remedies)
        helps = self._asked(joint, self._treated([]), treated).is_clear
        kept: list[Remedy] = []
        for one in findings:
            assert one.remedy is not None
            rest = [each for each in remedies if each is not one.remedy]
            without = self._treated(rest if helps else [])
            adds = self._asked(one.remedy, without, treated, one)
            attempt = self._attempt(one, number, adds, treated)
            kept += [one.remedy] if attempt.is_kept else []
        if kept:
            self._keep(kept)
        return bool(kept)

    def _is_scaled_twice(self, changed: Arrangement) -> bool:
        """Whether predictions would have to be scaled back by two scalings, which a run has not."""
        return changed.scaling is not self.arrangement.scaling and self.report.case.scaled

    def _trainings(self, arrangements: Sequence[Arrangement], seeds: Sequence[int]) -> Groups:
        """Return the trainings of each arrangement, one for each seed."""
        count, weighed = len(seeds), self.report.case.training
        jobs = [
            partial(outcome, self._started(one, seed), weighed)
            for one in arrangements
            for seed in seeds
        ]
        with held_interrupts() as interrupted:
            made = side_by_side(
                jobs,
                at_a_time(),
                interrupted,
                lambda place, one: self._counted.one_more(),
                lambda place: f"seed {seeds[place % count]}",
            )
            if interrupted():
                raise KeyboardInterrupt("The fix was interrupted, and nothing is kept.")
        return [made[place : place + count] for place in range(0, len(made), count)]

    def _started(self, arrangement: Arrangement, seed: int) -> Arrangement:
        """Return the training of a seed in full; that of the run's own start is looked at."""
        given = arrangement.setup
        ready = arrangement.started(seed, given.epochs)
        if seed != self.seeds[0]:
            return ready
        setup = replace(ready.setup, readings=given.readings, snapshots=given.snapshots)
        return replace(ready, setup=setup)

    def _asked(
        self, remedy: Remedy, without: Series, treated: Series, finding: Finding | None = None
    ) -> Experiment:
        """Return what a remedy came to, with as many starts again where p alone is in doubt."""
        found = self._compared(remedy, (without, treated), self.seeds, finding)
        if not is_open(found) or len(self.seeds) == len(self.more):
            return found
        return replace(self._compared(remedy, (without, treated), self.more, finding), looks=2)

    def _compared(
        self,
        remedy: Remedy,
        both: tuple[Series, Series],
        seeds: Sequence[int],
        finding: Finding | None,
    ) -> Experiment:
        """Return what trainings without and with a remedy came to, asked as by the diagnosis.

        What the finding's experiment measured, and how much it had to show, is the same here:
        otherwise a fix would reject what was confirmed.
        """
        before = None if finding is None else finding.experiment
        judge = judged if finding is None else _judge_of(finding)
        if judge is judged:
            judge = as_classes_weigh(self.now.case)
        without, treated = (errors_of(self._groups(one, seeds), judge) for one in both)
        trained = both[1].arrangements
        return Experiment(
            remedy,
            without,
            treated,
            trained[0].setup.epochs,
            len(trained[0].training),
            quantity=_quantity_of(before),
            held_out=before is not None and before.held_out,
            asked=USUAL if before is None else before.asked,
            judge=judge,
            parts=len(trained),
        )

    def _run(self) -> Run | None:
        """Return the training from the run's own start, with what belongs to its rows."""
        run, before = self._groups(self._treated([]))[0][0].run, self.report.run
        if self.is_apart:
            # Rows held out for the comparison alone are learned from in what is kept.
            run = outcome(self._started(self.arrangement, self.seeds[0])).run
        if run is None:
            return None
        notes, arrays = {}, {}
        if before is not None:
            notes = {name: before.notes[name] for name in OF_THE_ROWS if name in before.notes}
            arrays = {name: one for name, one in before.note_arrays.items() if name == "roles"}
        if self.arrangement.scaling is not None:
            notes["scaling"] = self.arrangement.scaling.to_record()
        return replace(run, notes=notes, note_arrays=arrays)

    def _first_and_last(self) -> tuple[Groups, Groups]:
        """Return the trainings without any remedy, and with all that were kept; or none."""
        if not self._series:
            return [], []
        return self._groups(self._series[()]), self._groups(self._treated([]))

    def fix(self) -> Fix:
        """Return what it has come to."""
        primary = self.report.primary
        judge = judged if primary is None else _judge_of(primary)
        first, last = self._first_and_last()
        changed = self.now is not self.report
        if changed and self.table is not None:
            run = self.table.trained_again(self.kept, self.progress)
            self.now = replace(self.now, run=run, data=self.report.data)
        return Fix(
            self.now.run if changed else self.report.run,
            self.seeds,
            errors_of(first, judge),
            errors_of(last, judge),
            tuple(self.attempts),
            _quantity_of(None if primary is None else primary.experiment),
            self.now if changed else None,
            tuple(self.by_hand),
            self.report.run if self.table is not None else None,
            self.report.verdict if self.report.found.standing == "not proved" else "",
        )


def _due(report: Report) -> tuple[list[Finding], list[Finding]]:
    """Return what is to be treated together, and what by itself: the cause first, what else is
    confirmed by its evidence."""
    primary = report.primary
    if primary is None:
        return [], []
    needed = list(report.found.needed)
    others = sorted(report.others, key=lambda one: (not one.beside, -one.strength))
    if primary.beside:
        return [primary, *needed], [one for one in others if one not in needed]
    return [], [primary, *others]


def _left_of_proved(report: Report, each: Sequence[Finding], kept: Sequence[bool]) -> list[Finding]:
    """Return what the diagnosis has proved beside a cause that helps by itself, and it, where they
    were tried one by one and not all of them were kept: those that were not."""
    primary = report.primary
    if primary is None or primary.beside or not report.found.needed:
        return []
    proved = [primary, *report.found.needed]
    return [one for one, helps in zip(each, kept, strict=True) if one in proved and not helps]


def _names(remedies: Sequence[Remedy]) -> Names:
    return tuple((one.name, one.words) for one in remedies)


def _unchanged(before: Arrangement) -> Arrangement:
    return before


def _treatments(together: Sequence[Finding], each: Sequence[Finding]) -> int:
    """Return how many treatments these findings come to, that of all at once among them."""
    return len(each) + (1 + len(together) if together else 0)


def _judge_of(finding: Finding) -> Judge:
    experiment = finding.experiment
    return judged if experiment is None or experiment.shows is not None else experiment.judge


def _quantity_of(experiment: Experiment | None) -> str:
    if experiment is None or experiment.shows is not None:
        return ERROR
    return experiment.quantity
