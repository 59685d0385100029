"""Judgement: findings are tried in turn, and a verdict is made of what experiments show."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.ailments.not_finite import NOT_FINITE
from chainrule.diagnosis.ailments.scale_makers import held_out_alone
from chainrule.diagnosis.ailments.unscaled import UNSCALED
from chainrule.diagnosis.budget import both_clocks, seconds_since
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.own_start import of_a_bad_start
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.remedies.without_makers import told_makers
from chainrule.diagnosis.verdicts.finding import (
    Finding,
    expected_trainings,
    in_order_of_trial,
    suspected,
    tried,
)
from chainrule.diagnosis.verdicts.first_cause import (
    cured_by,
    descendants,
    errors_left,
    first_cause,
    is_gone,
    treated_examination,
)
from chainrule.diagnosis.verdicts.together import Together, treated_together
from chainrule.diagnosis.verdicts.unsuspected import (
    TRAININGS,
    has_something_to_gain,
    unsuspected,
)
from chainrule.diagnosis.verdicts.verdict import Verdict
from chainrule.diagnosis.wording import first_up

NOTHING_TRAINED = "No epoch was trained, so that nothing but the start was looked at."
LEAST_ROWS = 2
ONE_ROW = "One row was learned from: a network that always says the same has learned it."


# What a broken training holds overflows in whatever is measured: that is a finding, no warning.
@np.errstate(all="ignore")
def verdict_of(case: Case, seconds: float | None = None, experiments: bool = True) -> Verdict:
    """Examine a case, try what is suspected, and say what is wrong with it.

    ``seconds`` bounds the experiments, by default as long as the training took, and 2 at least.
    """
    return _judged(case, seconds, experiments, both_clocks())


def _judged(
    case: Case, seconds: float | None, experiments: bool, began: tuple[float, float]
) -> Verdict:
    looked = both_clocks()
    examined = Examination(case)
    findings = suspected(examined)
    gone = held_out_alone(examined) if experiments else np.arange(0)
    if len(gone):
        # Their errors are nearly all of the error, by which nothing else is to be judged.
        findings = [one for one in findings if one.ailment is UNSCALED]
    trainings, is_spent = 0, False
    notes: tuple[str, ...] = ()
    if experiments and (findings or has_something_to_gain(examined)):
        expected = expected_trainings(findings) if findings else TRAININGS
        of_examination = seconds_since(looked)
        laboratory = Laboratory(case, expected, seconds, seconds_since(began))
        laboratory.budget.of_examination = of_examination
        verdict = by_experiments(findings, examined, laboratory)
        trainings = laboratory.trainings
        is_spent = bool(findings) and (laboratory.is_out_of_time or _is_undecided(verdict))
        verdict = _without_any(verdict) if is_spent else verdict
        if verdict.standing != "ill" and case.by_our_loop:
            notes = of_a_bad_start(laboratory, examined.errors.judged)
    else:
        verdict = _unproved(findings)
    if len(gone) and not _is_of_makers(verdict):
        rest = None if seconds is None else max(0.0, seconds - seconds_since(began))
        others = _judged(_judged_without(case, gone), rest, experiments, began)
        return _by_others(others, case, gone, trainings)
    unjudged = ""
    if not case.epochs:
        notes, unjudged = (NOTHING_TRAINED,), "nothing was trained"
    elif len(case.training) < LEAST_ROWS:
        notes, unjudged = (ONE_ROW,), "one row was learned from"
    if unjudged and verdict.standing == "healthy":
        verdict = replace(verdict, standing="not proved", unjudged=unjudged)
    spent = time.monotonic() - began[1]
    return replace(
        verdict, seconds=spent, trainings=trainings, notes=notes, is_out_of_time=is_spent,
        errors=examined.errors,
    )  # fmt: skip


def _is_undecided(verdict: Verdict) -> bool:
    """Whether time ended before an experiment had an answer."""
    found = [one.experiment for one in verdict.suspicions if one.experiment is not None]
    return any(one.is_undecided for one in found)


def _is_of_makers(verdict: Verdict) -> bool:
    return verdict.standing == "ill" and verdict.name == UNSCALED.name


def _judged_without(case: Case, gone: NDArray[np.int64]) -> Case:
    return case.arranged(case.arrangement.without(gone))


def _by_others(verdict: Verdict, case: Case, gone: NDArray[np.int64], trainings: int) -> Verdict:
    """Return the verdict of the other rows, with what is to be said of those that do not judge.

    So far out, they may be nearly all of the error on what was held out, and no training is at
    fault.
    """
    row = "which was held out, has" if len(gone) == 1 else "which were held out, have"
    said = (
        f"{first_up(told_makers(case, gone))}, {row} numbers far outside of their columns: what "
        "is said here is by the other rows."
    )
    return replace(verdict, notes=(said, *verdict.notes), trainings=verdict.trainings + trainings)


def _without_any(verdict: Verdict) -> Verdict:
    """Return the verdict where time ended before any experiment, none of which shows nothing."""
    found = [one for one in (verdict.primary, *verdict.suspicions) if one is not None]
    if verdict.standing != "unexplained" or any(one.experiment is not None for one in found):
        return verdict
    return replace(verdict, standing="not proved", primary=None, suspicions=tuple(found))


def by_experiments(
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
    if not laboratory.is_spent:
        verdict = _with_more(verdict, tried_so_far, examined, laboratory)
    return _of_no_numbers(verdict, tried_so_far, examined)


def _of_no_numbers(verdict: Verdict, findings: Sequence[Finding], examined: Examination) -> Verdict:
    """Return the verdict on a network that was left with NaN or infinity.

    What does not lead there is not its cause, even where it helps a training that is made here.
    """
    if examined.case.ended_sound or verdict.primary is None:
        return verdict
    cause = verdict.primary.ailment
    if cause is NOT_FINITE or NOT_FINITE.name in descendants(cause):
        return verdict
    first = [one for one in findings if one.ailment is NOT_FINITE]
    return _unproved([*first, *(one for one in findings if one not in first)])


def _with_more(
    verdict: Verdict, tried_so_far: Sequence[Finding], examined: Examination, laboratory: Laboratory
) -> Verdict:
    """Return the verdict with what shows only beside others, or without a sign.

    That other starts do better explains a failure only where nothing else does.
    """
    is_ill = verdict.standing == "ill" and not _is_of_the_start(verdict.primary)
    primary = verdict.primary if is_ill and not _is_settled(verdict.primary) else None
    several = treated_together(tried_so_far, primary, examined, laboratory)
    if several is not None:
        return _of_several(several, verdict, tried_so_far, laboratory)
    if is_ill:
        return verdict
    return _without_suspicion(verdict, tried_so_far, examined, laboratory)


def _without_suspicion(
    before: Verdict, findings: Sequence[Finding], examined: Examination, laboratory: Laboratory
) -> Verdict:
    """Return the verdict with what is tried though no sign asks for it, where that is shown."""
    found = unsuspected(examined, laboratory)
    if found is None:
        return before
    rest = [one for one in findings if one.ailment is not found.ailment]
    gone = {found.ailment.name: cured_by(found, rest, laboratory)}
    return concluded([found, *rest], gone, laboratory)


def _is_settled(finding: Finding | None) -> bool:
    experiment = None if finding is None else finding.experiment
    return experiment is not None and experiment.settles


def _is_of_the_start(finding: Finding | None) -> bool:
    """Whether all that is known to help a finding is another start."""
    remedy = None if finding is None else finding.remedy
    return remedy is not None and remedy.seed is not None


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
    treated = treated_examination(found.remedy, laboratory)
    led_to = set().union(*(descendants(one.ailment) for one in found.causes))

    def follows(one: Finding) -> bool:
        if one.ailment.name in led_to:
            return True
        return treated is not None and is_gone(one.ailment, treated, led_to)

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
    rest = [one for one in findings if one is not primary and not _undoes(one, primary)]
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


def _undoes(one: Finding, cause: Finding) -> bool:
    """Whether the remedy of a finding that is not confirmed would undo that of the cause.

    A rate that is too high may leave a loss that still falls: to say under it that the rate is too
    low as well helps nobody.
    """
    opposites = (one.ailment.opposite, cause.ailment.opposite)
    return not one.is_confirmed and (
        opposites[0] == cause.ailment.name or opposites[1] == one.ailment.name
    )


def _unproved(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict where nothing is confirmed: a failure is one, a suspicion is not."""
    failures = [one for one in findings if one.is_failure]
    rest = tuple(one for one in findings if one not in failures[:1])
    if failures:
        return Verdict("unexplained", failures[0], suspicions=rest)
    untried = any(one.is_untried for one in findings)
    return Verdict("not proved" if untried else "healthy", suspicions=tuple(findings))
