"""The first cause among what experiments confirm: that which makes the rest disappear."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import median

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.rule import does_about_as_well
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.verdicts.finding import (
    Finding,
)


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
        close = does_about_as_well(left[id(one)], least)
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
    if not finding.experiment.is_of_errors:
        # Errors of all rows together do not say what became of a rare class.
        return finding.experiment.treated
    known = laboratory.known(finding.experiment.remedy)
    return tuple(one.judged for one in known) or finding.experiment.treated


def cured_by(
    finding: Finding, findings: Sequence[Finding], laboratory: Laboratory
) -> frozenset[str]:
    """Return the names of the other ailments whose signs disappear with this one's remedy.

    Where no training with it is there to look at, or no time, those that it is known to lead to.
    """
    if finding.experiment is not None and finding.experiment.shows_otherwise:
        # Nothing was made better by it, so that nothing is known to be cured.
        return frozenset()
    others = [one.ailment for one in findings if one is not finding]
    led_to = descendants(finding.ailment)
    treated = None if finding.remedy is None else treated_examination(finding.remedy, laboratory)
    return frozenset(
        one.name
        for one in others
        if (one.name in led_to if treated is None else is_gone(one, treated, led_to))
    )


def treated_examination(remedy: Remedy, laboratory: Laboratory) -> Examination | None:
    """Return the examination of a training with a remedy.

    None where no training with it is there to look at, or no time.
    """
    if not laboratory.budget.has_time_to_examine():
        return None
    case = laboratory.case_with(remedy)
    return None if case is None else Examination(case, budget=laboratory.budget)


def is_gone(ailment: Ailment, treated: Examination, led_to: Collection[str]) -> bool:
    """Whether an examined training has no sign of an ailment.

    ``led_to``: names of ailments that are known to go with the remedy; they alone are held to be
    gone where time has ended.
    """
    if treated.budget.is_over:
        return ailment.name in led_to
    return not treated.shown(ailment.signs)


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
