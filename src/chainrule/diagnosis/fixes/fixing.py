"""Fixing a run: remedies applied one after the other, each kept only where it helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chainrule.checks import is_whole_number
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.experiments.experiment import ERROR, Experiment
from chainrule.diagnosis.experiments.rule import USUAL
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance
from chainrule.diagnosis.experiments.trained import Judge, error_of_kept, outcome
from chainrule.diagnosis.fixes.due import due, left_of_proved, treatments
from chainrule.diagnosis.fixes.fix import Attempt, Fix
from chainrule.diagnosis.fixes.judging import (
    as_classes_weigh,
    errors_by_seed,
    fits_parts,
    judged_on,
)
from chainrule.diagnosis.fixes.series import Series, is_open
from chainrule.diagnosis.fixes.table_to_fix import TableToFix
from chainrule.diagnosis.fixes.trainings import OWN_START, Trainings
from chainrule.diagnosis.remedies.joint import all_of
from chainrule.diagnosis.report import Report
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.verdicts.judgement import verdict_of
from chainrule.diagnosis.verdicts.sentences import sentence_of_giveaway
from chainrule.diagnosis.verdicts.together import in_order_of_change
from chainrule.errors import SetupError
from chainrule.training.progress import shown_count
from chainrule.training.run import Run

# A run that was put right is examined again, and what is then found is put right, too.
MOST_ROUNDS = 3
# Of 3 trainings beside 3 the least p is 1 in 20, which is not below 0.05.
LEAST_SEEDS = 4
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
    """A case on its way through remedies: the arrangement as it is now, and what was tried."""

    def __init__(self, report: Report, seeds: tuple[int, ...], progress: bool) -> None:
        self.report, self.now, self.progress = report, report, progress
        # What is not to be had is said before any training.
        self.table = TableToFix.of(report)
        self.arrangement = report.case.arrangement
        arrangements, self.is_apart = judged_on(report)
        self.trainings = Trainings(arrangements, seeds, report.case.training)
        self.attempts: list[Attempt] = []
        self.by_hand: list[str] = []

    def a_round(self, number: int) -> bool:
        """Try what the last report names; return whether there may be more to be found."""
        together, each = due(self.now)
        count = treatments(together, each) + self.trainings.is_empty
        expected = len(self.trainings.seeds) * self.trainings.parts * count
        with shown_count(expected, self.progress and bool(together or each)) as told:
            self.trainings.tell(told)
            helped = [self._try_together(together, number)] if together else []
            helped += [self._try(one, number) for one in each]
            # What was proved together may help together alone.
            left = left_of_proved(self.now, each, helped[len(helped) - len(each) :])
            helped += [self._try_together(left, number)] if left else []
        if not any(helped):
            return False
        run = self._run()
        if run is None:
            return False
        case = self.report.case.of_training(run)
        found = replace(verdict_of(case), giveaways=self.report.found.giveaways)
        self.now = Report(case, found, run)
        return self.now.primary is not None

    def _try(self, finding: Finding, number: int) -> bool:
        """Try the remedy of a finding by itself; return whether it was kept."""
        remedy = finding.remedy
        changed = None if remedy is None else remedy.change(self.arrangement)
        if remedy is not None and (remedy.by_hand or self._is_of_the_file(remedy, changed)):
            told = f"{remedy.words} In code: {remedy.code}" if remedy.code else remedy.words
            self.by_hand += [told] if told not in self.by_hand else []
            return False
        if remedy is None or changed is None or self._is_scaled_twice(changed):
            return False
        parts = self._parts([finding])
        both = self._beside(finding, remedy, parts)
        attempt = self._attempt(finding, number, self._asked(remedy, both, parts, finding), both[1])
        self._note(attempt)
        if attempt.is_kept:
            self._keep([finding])
        return attempt.is_kept

    def _beside(self, finding: Finding, remedy: Remedy, parts: int) -> tuple[Series, Series]:
        """Return trainings without a remedy and with it, begun as those of the diagnosis.

        What befalls the run's own start is cured there, and over many starts may be no more than a
        little of what all of them come to.
        """
        before = finding.experiment
        begun = [OWN_START] if before is not None and before.begins_there else []
        treated = [remedy] if remedy.seed is not None else [*begun, remedy]
        return self.trainings.of(begun, parts), self.trainings.of(treated, parts)

    def _try_together(self, findings: Sequence[Finding], number: int) -> bool:
        """Try the remedies of causes that help only together, and each by what it adds to them.

        Kept are those that are needed for what all of them come to. Return whether any was.
        """
        findings = in_order_of_change(findings)
        remedies = _remedies(findings)
        changed = all_of(remedies).change(self.arrangement)
        undone = [one for one in remedies if one.by_hand or self._is_of_the_file(one, changed)]
        if undone or self._is_scaled_twice(changed):
            self.by_hand += [one.words for one in undone if one.words not in self.by_hand]
            return False
        parts = self._parts(findings)
        without, treated = (self.trainings.of(one, parts) for one in ([], remedies))
        helps = self._asked(all_of(remedies), (without, treated), parts).is_clear
        kept: list[Finding] = []
        for one in findings:
            assert one.remedy is not None
            rest = [each for each in remedies if each is not one.remedy]
            without = self.trainings.of(rest if helps else [], parts)
            adds = self._asked(one.remedy, (without, treated), parts, one)
            attempt = self._attempt(one, number, adds, treated)
            self._note(attempt)
            kept += [one] if attempt.is_kept else []
        if kept:
            self._keep(kept)
        return bool(kept)

    def _attempt(
        self, finding: Finding, number: int, experiment: Experiment, treated: Series
    ) -> Attempt:
        """Return what became of a remedy.

        What was kept by a measure of its own, such as the recall of rare classes, is not taken back
        by a remedy that lowers the error of all rows.
        """
        spoiled, parts = "", experiment.parts
        for one in self.attempts:
            judge, measured_apart = one.experiment.judge, not one.experiment.is_of_errors
            if one.is_kept and measured_apart and judge is not experiment.judge:
                both = self.trainings.of([], parts), treated
                last, now = (
                    errors_by_seed(self.trainings.groups(each, parts), judge) for each in both
                )
                spoiled = one.title if probability_of_chance(now, last) < LEVEL else spoiled
        ailment = finding.ailment
        return Attempt(ailment.name, ailment.title, number, experiment, spoiled)

    def _note(self, attempt: Attempt) -> None:
        """Put an attempt behind those before it.

        A remedy that is tried again in vain is among them once, as it was tried last.
        """
        before = [one for one in self.attempts if one.is_kept or one.remedy != attempt.remedy]
        self.attempts = [*before, attempt]

    def _keep(self, findings: Sequence[Finding]) -> None:
        """Apply remedies to all that comes; where they took more starts, all has as many."""
        remedies, parts = _remedies(findings), self._parts(findings)
        self.arrangement = all_of(remedies).change(self.arrangement)
        seeds = [one.seed for one in remedies if one.seed is not None]
        if seeds:
            self.trainings.begin_with(seeds[0])
            return
        takes_more = any(one.is_kept and one.experiment.looks > 1 for one in self.attempts)
        self.trainings.keep(remedies, parts, takes_more)

    def _parts(self, findings: Sequence[Finding]) -> int:
        """Return how many parts of the rows judge remedies: the first alone where one does not fit
        others."""
        changed = all_of(_remedies(findings)).change(self.arrangement)
        fits = all(fits_parts(one, self.arrangement, changed) for one in findings)
        return self.trainings.parts if fits else 1

    def _is_of_the_file(self, remedy: Remedy, changed: Arrangement | None) -> bool:
        """Whether a remedy can only be applied to the file that a table is read from."""
        return (
            self.table is not None
            and changed is not None
            and not self.table.can_take(remedy, self.arrangement, changed)
        )

    def _is_scaled_twice(self, changed: Arrangement) -> bool:
        """Whether predictions would have to be scaled back by two scalings, which a run has not."""
        return changed.scaling is not self.arrangement.scaling and self.report.case.scaled

    def _asked(
        self, remedy: Remedy, both: tuple[Series, Series], parts: int,
        finding: Finding | None = None,
    ) -> Experiment:  # fmt: skip
        """Return what trainings without and with a remedy came to, with as many starts again where
        p alone is in doubt."""
        seeds, more = self.trainings.seeds, self.trainings.more
        found = self._compared(remedy, both, parts, seeds, finding)
        if not is_open(found) or len(seeds) == len(more):
            return found
        return replace(self._compared(remedy, both, parts, more, finding), looks=2)

    def _compared(
        self,
        remedy: Remedy,
        both: tuple[Series, Series],
        parts: int,
        seeds: Sequence[int],
        finding: Finding | None,
    ) -> Experiment:
        """Return what trainings without and with a remedy came to, asked as by the diagnosis.

        What the finding's experiment measured, and how much it had to show, is the same here:
        otherwise a fix would reject what was confirmed.
        """
        before = None if finding is None else finding.experiment
        judge = error_of_kept if finding is None else _judge_of(finding)
        if judge is error_of_kept:
            judge = as_classes_weigh(self.now.case)
        groups = (self.trainings.groups(one, parts, seeds) for one in both)
        without, treated = (errors_by_seed(one, judge) for one in groups)
        trained = both[1].arrangements[0]
        return Experiment(
            remedy,
            without,
            treated,
            trained.setup.epochs,
            len(trained.training),
            quantity=_quantity_of(before),
            held_out=before is not None and before.held_out,
            own_start=before is not None and before.own_start,
            asked=USUAL if before is None else before.asked,
            judge=judge,
            parts=parts,
        )

    def _run(self) -> Run | None:
        """Return the training from the run's own start, or from another that was kept, with what
        belongs to its rows."""
        trainings, before = self.trainings, self.report.run
        if self.is_apart or trainings.own != trainings.seeds[0]:
            # Rows held out for the comparison alone are learned from in what is kept.
            run = outcome(trainings.started(self.arrangement, trainings.own)).run
        else:
            run = trainings.groups(trainings.of([], 1), 1)[0][0].run
        if run is None:
            return None
        notes, arrays = {}, {}
        if before is not None:
            notes = {name: before.notes[name] for name in OF_THE_ROWS if name in before.notes}
            arrays = {name: one for name, one in before.note_arrays.items() if name == "roles"}
        if self.arrangement.scaling is not None:
            notes["scaling"] = self.arrangement.scaling.to_record()
        return replace(run, notes=notes, note_arrays=arrays)

    def _before_and_after(self, judge: Judge) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the errors of trainings without any remedy, and with all that were kept.

        Those from the run's own start, where its cause was shown there and nothing else was kept.
        """
        kept = [one for one in self.attempts if one.is_kept]
        told = (kept or self.attempts)[:1]
        own = told[0].experiment if told else None
        if own is not None and own.begins_there and len(kept) < 2:
            return own.without, own.treated if kept else own.without
        before, after = (errors_by_seed(one, judge) for one in self.trainings.first_and_last())
        return before, after

    def fix(self) -> Fix:
        """Return what it has come to."""
        primary = self.report.primary
        judge = error_of_kept if primary is None else _judge_of(primary)
        before, after = self._before_and_after(judge)
        changed = self.now is not self.report
        if changed and self.table is not None:
            run = self.table.trained_again(self.trainings.kept, self.progress)
            self.now = replace(self.now, run=run, data=self.report.data)
        return Fix(
            run=self.now.run if changed else self.report.run,
            seeds=self.trainings.seeds,
            before=before,
            after=after,
            attempts=tuple(self.attempts),
            quantity=_quantity_of(None if primary is None else primary.experiment),
            then=self.now if changed else None,
            by_hand=tuple(self.by_hand),
            giveaways=tuple(map(sentence_of_giveaway, self.report.found.giveaways)),
            earlier=self.report.run if self.table is not None else None,
            not_proved=self.report.verdict if self.report.found.standing == "not proved" else "",
        )


def _remedies(findings: Sequence[Finding]) -> list[Remedy]:
    return [one.remedy for one in findings if one.remedy is not None]


def _judge_of(finding: Finding) -> Judge:
    experiment = finding.experiment
    return error_of_kept if experiment is None or experiment.shows is not None else experiment.judge


def _quantity_of(experiment: Experiment | None) -> str:
    if experiment is None or experiment.shows is not None:
        return ERROR
    return experiment.quantity
