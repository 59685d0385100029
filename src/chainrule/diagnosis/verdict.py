"""The verdict: healthy, or one cause with its consequences, its evidence and its proof."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Literal

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.case import Case, case_of
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import LEAST_GAIN, Experiment
from chainrule.diagnosis.experiments.laboratory import (
    Laboratory,
    OutOfTimeError,
    both_clocks,
    seconds_since,
)
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance
from chainrule.diagnosis.finding import (
    Finding,
    expected_trainings,
    in_order_of_trial,
    suspected,
    tried,
)
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.together import Together, treated_together

Standing = Literal["healthy", "ill", "not proved", "unexplained"]
# A choice: a remedy that leaves up to so many times the least error of any cures about as well.
ABOUT_AS_WELL = 1.5
NOTHING_TRAINED = "No epoch was trained, so that nothing but the start was looked at."


@dataclass(frozen=True)
class Verdict:
    """What is said of a run.

    ``standing``: "healthy"; "ill", with ``primary`` proved; "unexplained": the training has failed
    (``primary`` says how), and no experiment has shown why; "not proved": signs that no experiment
    was made for. ``consequences`` follow from the primary cause; ``others`` are proved as well;
    ``suspicions`` were not confirmed. ``together``: where several remedies are needed at once,
    trainings with all of them beside trainings with none; findings that are needed have ``beside``.
    ``is_out_of_time``: the time for experiments was spent.
    """

    standing: Standing
    primary: Finding | None = None
    consequences: tuple[Finding, ...] = ()
    others: tuple[Finding, ...] = ()
    suspicions: tuple[Finding, ...] = ()
    seconds: float = 0.0
    trainings: int = 0
    notes: tuple[str, ...] = field(default=())
    together: Experiment | None = None
    is_out_of_time: bool = False

    @property
    def name(self) -> str:
        """``healthy``, or the name of the primary ailment."""
        return self.primary.ailment.name if self.primary is not None else self.standing

    @property
    def needed(self) -> tuple[Finding, ...]:
        """The other causes whose remedies are needed beside that of the primary one."""
        return tuple(one for one in self.others if one.beside)


def verdict_of(case: Case, seconds: float | None = None, experiments: bool = True) -> Verdict:
    """Examine a case, try what is suspected, and say what is wrong with it.

    ``seconds`` bounds the experiments, by default as long as the training took, and 2 at least.
    """
    began = both_clocks()
    examined = Examination(case)
    findings = suspected(examined)
    trainings, is_spent = 0, False
    if experiments and findings:
        laboratory = Laboratory(case, expected_trainings(findings), seconds, seconds_since(began))
        verdict = _by_experiments(findings, examined, laboratory)
        trainings, is_spent = laboratory.trainings, laboratory.is_spent
    else:
        verdict = _unproved(findings)
    notes = () if case.epochs else (NOTHING_TRAINED,)
    if notes and verdict.standing == "healthy":
        verdict = replace(verdict, standing="not proved")
    spent = time.monotonic() - began[1]
    return replace(
        verdict, seconds=spent, trainings=trainings, notes=notes, is_out_of_time=is_spent
    )


def _by_experiments(
    findings: Sequence[Finding], examined: Examination, laboratory: Laboratory
) -> Verdict:
    """Try what is suspected in turn, but for what a confirmed cause makes disappear."""
    tried_so_far: list[Finding] = []
    gone: dict[str, frozenset[str]] = {}
    for one in in_order_of_trial(findings):
        if any(one.ailment.name in cured for cured in gone.values()):
            tried_so_far.append(one)
            continue
        found = tried(one, examined, laboratory)
        if found.is_confirmed and not _leaves_nothing_learned(found, laboratory):
            gone[one.ailment.name] = cured_by(found, findings, laboratory)
        tried_so_far.append(found)
    verdict = concluded(tried_so_far, gone, laboratory)
    if laboratory.is_spent:
        return verdict
    settled = verdict.standing != "ill" or _is_settled(verdict.primary)
    primary = None if settled else verdict.primary
    several = treated_together(tried_so_far, primary, examined, laboratory)
    return verdict if several is None else _of_several(several, verdict, tried_so_far, laboratory)


def _is_settled(finding: Finding | None) -> bool:
    experiment = None if finding is None else finding.experiment
    return experiment is not None and experiment.settles


def _of_several(
    found: Together, before: Verdict, findings: Sequence[Finding], laboratory: Laboratory
) -> Verdict:
    """Return the verdict where several causes were found that have to be treated together.

    The primary one is that which was confirmed by itself, as long as it is needed; else the first
    in the order of the table.
    """
    causes = {one.ailment.name: one for one in found.causes}
    first = found.causes[0]
    if before.standing == "ill" and before.name in causes and before.primary is not None:
        first = before.primary
    others = tuple(one for name, one in causes.items() if name != first.ailment.name)
    rest = [one for one in findings if one.ailment.name not in causes]
    run = laboratory.run_with(found.remedy)
    treated = None if run is None else Examination(case_of(run))
    led_to = set().union(*(descendants(one.ailment) for one in found.causes))

    def follows(one: Finding) -> bool:
        is_gone = treated is not None and not one.ailment.signs(treated)
        return one.ailment.name in led_to or is_gone

    following = tuple(one for one in rest if follows(one))
    left = [one for one in rest if one not in following]
    return Verdict(
        "ill",
        first,
        following,
        (*others, *(one for one in left if one.is_confirmed)),
        tuple(one for one in left if not one.is_confirmed),
        together=found.experiment if others else None,
    )


def _leaves_nothing_learned(finding: Finding, laboratory: Laboratory) -> bool:
    """Whether a remedy makes signs disappear and yet leaves no better than a constant."""
    return median(errors_left(finding, laboratory)) >= NOTHING_LEARNED


def concluded(
    findings: Sequence[Finding], gone: Mapping[str, Collection[str]], laboratory: Laboratory
) -> Verdict:
    """Return the verdict on findings whose experiments are made. ``gone``: what each one cures."""
    confirmed = [one for one in findings if one.is_confirmed]
    if not confirmed:
        return _unproved(findings)
    primary = first_cause(confirmed, gone, laboratory)
    rest = [one for one in findings if one is not primary]
    explained = set(gone.get(primary.ailment.name, ())) | descendants(primary.ailment)
    following = [one for one in rest if one.ailment.name in explained]
    left = [one for one in rest if one not in following]
    return Verdict(
        "ill",
        primary,
        tuple(following),
        tuple(one for one in left if one.is_confirmed),
        tuple(one for one in left if not one.is_confirmed),
    )


def _unproved(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict where nothing is confirmed: a failure is one, a suspicion is not."""
    failures = [one for one in findings if one.ailment.is_failure]
    rest = tuple(one for one in findings if one not in failures[:1])
    if failures:
        return Verdict("unexplained", failures[0], suspicions=rest)
    untried = any(one.experiment is None for one in findings)
    return Verdict("not proved" if untried else "healthy", suspicions=tuple(findings))


def first_cause(
    confirmed: Sequence[Finding], gone: Mapping[str, Collection[str]], laboratory: Laboratory
) -> Finding:
    """Return the cause among what is confirmed. ``gone``: the name of a finding -> what it cures.

    Of those that leave about as little error as the best of them, or lead to it and make half of
    its gain, it is the one whose treatment makes most of the others disappear, or that is known to
    lead to them; then the first in the order of the table, where roots stand before what they lead
    to.
    """
    left = {id(one): errors_left(one, laboratory) for one in confirmed}
    settled = [one for one in confirmed if one.experiment is not None and one.experiment.settles]
    others = [median(left[id(one)]) for one in confirmed if one not in settled]
    if settled and min(others, default=math.inf) >= NOTHING_LEARNED:
        # Where labels say nothing about the rows, nothing else that is seen means anything.
        return settled[0]
    confirmed = [one for one in confirmed if one not in settled]
    best = min(confirmed, key=lambda one: median(left[id(one)]))
    least = left[id(best)]
    untreated = _untreated_error(laboratory)

    def is_as_good(one: Finding) -> bool:
        close = median(left[id(one)]) <= ABOUT_AS_WELL * median(least) + LEAST_GAIN
        leads = best.ailment.name in descendants(one.ailment)
        half = 0.5 * (median(least) + untreated)
        root = leads and median(left[id(one)]) <= half and one.ailment.name in gone
        return close or root or probability_of_chance(left[id(one)], least) >= LEVEL

    names = {one.ailment.name for one in confirmed}
    order = list(AILMENTS)

    def place(one: Finding) -> tuple[int, int]:
        cures = set(gone.get(one.ailment.name, ())) | descendants(one.ailment)
        return -len(names & cures), order.index(one.ailment.name)

    return min(filter(is_as_good, confirmed), key=place)


def _untreated_error(laboratory: Laboratory) -> float:
    """Return the median error without a remedy, NaN where there is no time to know it."""
    try:
        return median(one.judged for one in laboratory.untreated())
    except OutOfTimeError:
        return math.nan


def errors_left(finding: Finding, laboratory: Laboratory) -> tuple[float, ...]:
    """Return the errors with the remedy on the scale that all experiments share."""
    if finding.experiment is None:
        return (math.inf,)
    if finding.experiment.shows_otherwise:
        # What is shown by no lower error stands behind what is put right by its remedy.
        return (math.inf,) * len(laboratory.seeds)
    if finding.experiment.quantity != Experiment.quantity:
        # Errors of all rows together do not say what became of a rare class.
        return finding.experiment.treated
    known = laboratory.known(finding.experiment.remedy)
    return tuple(one.judged for one in known) or finding.experiment.treated


def cured_by(
    finding: Finding, findings: Sequence[Finding], laboratory: Laboratory
) -> frozenset[str]:
    """Return the names of the other ailments whose signs disappear with this one's remedy.

    Where no training with it is there to look at, those that it is known to lead to.
    """
    if finding.experiment is not None and finding.experiment.shows_otherwise:
        # Nothing was made better by it, so that nothing is known to be cured.
        return frozenset()
    others = [one.ailment for one in findings if one is not finding]
    run = None if finding.remedy is None else laboratory.run_with(finding.remedy)
    if run is None:
        led_to = descendants(finding.ailment)
        return frozenset(one.name for one in others if one.name in led_to)
    treated = Examination(case_of(run))
    return frozenset(one.name for one in others if not one.signs(treated))


def descendants(ailment: Ailment) -> set[str]:
    """Return the names of all that an ailment leads to, step by step."""
    found: set[str] = set()
    waiting = list(ailment.leads_to)
    while waiting:
        name = waiting.pop()
        if name not in found and name in AILMENTS:
            found.add(name)
            waiting.extend(AILMENTS[name].leads_to)
    return found


def summary(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as plain data."""

    def plain(one: Finding) -> dict[str, Any]:
        return {
            "name": one.ailment.name,
            "title": one.ailment.title,
            "confirmed": one.is_confirmed,
            "certainty": one.certainty,
            "signs": [sign.to_dict() for sign in one.signs],
            "remedy": None if one.remedy is None else one.remedy.words,
            "code": None if one.remedy is None else one.remedy.code,
            "by_hand": one.remedy is not None and one.remedy.by_hand,
            "experiment": None if one.experiment is None else one.experiment.to_dict(),
            "beside": list(one.beside),
        }

    return {
        "standing": verdict.standing,
        "name": verdict.name,
        "primary": None if verdict.primary is None else plain(verdict.primary),
        "consequences": [plain(one) for one in verdict.consequences],
        "others": [plain(one) for one in verdict.others],
        "suspicions": [plain(one) for one in verdict.suspicions],
        "seconds": verdict.seconds,
        "trainings": verdict.trainings,
        "notes": list(verdict.notes),
        "together": None if verdict.together is None else verdict.together.to_dict(),
    }
