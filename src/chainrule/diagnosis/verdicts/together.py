"""Several causes at once: remedies that help together, each of which is needed.

A fault may hide another, and where both stand in the way neither remedy helps alone. What is
suspected is then treated together, what is seen on the treated training is tried on top of it, and
of a treatment that helps each remedy is left out in turn: those without which it is worse by more
than chance are the causes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from chainrule.diagnosis.ailments import AILMENTS
from chainrule.diagnosis.ailments.rates.cut_short import STILL_FALLS
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.rule import LEAST_GAIN
from chainrule.diagnosis.remedies.joint import all_of
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.verdicts.finding import Finding, in_order_of_trial, suspected, tried
from chainrule.diagnosis.wording import imperative, listed_apart

# A treated training is examined for what else there is, so many times.
MOST_ROUNDS = 2
# What is best for one remedy may be so only beside what is best for another.
PASSES = 2
# With more than half of the constant's error left a fault may hide the signs of another.
MUCH_LEFT = 0.5
WITH_ALL = "with all remedies"
WITHOUT, WITH = "with the other remedies", "with this one as well"


@dataclass(frozen=True)
class Together:
    """Causes that were treated together, the first in the order of the table, and the proof.

    ``experiment``: trainings with all remedies beside trainings with none.
    """

    causes: tuple[Finding, ...]
    experiment: Experiment

    @property
    def remedy(self) -> Remedy:
        """All remedies, one after the other."""
        return self.experiment.remedy


def treated_together(
    findings: Sequence[Finding], primary: Finding | None, examined: Examination,
    laboratory: Laboratory,
) -> Together | None:  # fmt: skip
    """Return what has to be treated together, None where there is no more than one such cause.

    ``primary`` is the cause that was confirmed by itself, if there is one: what remains on the
    training with its remedy is looked for. Without it all that is suspected is treated together.
    Where time ends it, nothing is said.
    """
    try:
        return _treated_together(findings, primary, examined, laboratory)
    except OutOfTimeError:
        return None


def _treated_together(
    findings: Sequence[Finding], primary: Finding | None, examined: Examination,
    laboratory: Laboratory,
) -> Together | None:  # fmt: skip
    chosen = _members(findings if primary is None else [primary], laboratory)
    is_worth_it = primary is not None or len(chosen) > 1 or _has_failed(findings, examined)
    if laboratory.is_spent or not is_worth_it:
        return None
    if primary is not None:
        chosen = [one for one in chosen if one.remedy is primary.remedy]
    elif len(chosen) > 1:
        if not _experiment(chosen, laboratory).is_clear:
            chosen = _chosen(chosen, laboratory)
        if chosen and _experiment(chosen, laboratory).is_clear:
            return _smallest(chosen, laboratory)
    for _ in range(MOST_ROUNDS):
        more = _hidden(chosen, findings, laboratory) if chosen else None
        if more is None:
            break
        chosen = [*chosen, more]
    return _smallest(chosen, laboratory) if len(chosen) > 1 else None


def _has_failed(findings: Sequence[Finding], examined: Examination) -> bool:
    return any(one.is_failure for one in findings) or examined.errors.judged > MUCH_LEFT


# ---- what can be treated together ----


def usable_remedies(finding: Finding, laboratory: Laboratory) -> tuple[Remedy, ...]:
    """Return the remedies that change something, by which errors can still be compared."""
    before, shown_by = laboratory.case.arrangement, finding.ailment.shown_by
    if shown_by != "errors" and not (shown_by == "errors on other rows" and len(before.validation)):
        return ()
    kinds = [one.task for one in before.setup.targets]
    found = []
    for one in finding.remedies:
        # Every seed draws a start of its own, so that another start is no change beside others.
        is_no_change = one.by_hand or one.seed is not None
        changed = before if is_no_change else one.change(before)
        is_same = changed.setup is before.setup and changed.training is before.training
        if not is_same and [one.task for one in changed.setup.targets] == kinds:
            found.append(one)
    return tuple(found)


def _members(findings: Sequence[Finding], laboratory: Laboratory) -> list[Finding]:
    """Return what can be treated together, each with its usable remedies, the best one first."""
    found = []
    for one in findings:
        usable = usable_remedies(one, laboratory)
        best = [each for each in usable if each is one.remedy]
        others = [each for each in usable if each is not one.remedy]
        if usable:
            found.append(replace(one, remedies=(*best, *others), experiment=None))
    return in_order_of_change(found)


def in_order_of_change(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in the order in which their remedies are applied."""
    return sorted(findings, key=lambda one: one.ailment.is_treated_last)


def _chosen(members: Sequence[Finding], laboratory: Laboratory) -> list[Finding]:
    """Return the members, each with the remedy that is best beside those of the others.

    One remedy is changed at a time, judged by trainings of screening; what makes all of it worse
    is left out.
    """
    now: list[Remedy | None] = [one.remedy for one in members]
    for _ in range(PASSES):
        before = list(now)
        for place, one in enumerate(members):
            if not laboratory.is_spent:
                now = _best_at(place, now, one.remedies, laboratory)
        if now == before:
            break
    pairs = zip(members, now, strict=True)
    return [replace(one, remedies=(each,)) for one, each in pairs if each is not None]


def _best_at(
    place: int, now: Sequence[Remedy | None], remedies: Sequence[Remedy], laboratory: Laboratory
) -> list[Remedy | None]:
    """Return the remedies with the best of these, or none, at one place."""
    choices: list[Remedy | None] = [*remedies, None]
    errors = [_screened([*now[:place], one, *now[place + 1 :]], laboratory) for one in choices]
    best = min(range(len(remedies)), key=lambda each: errors[each])
    # Where nothing has helped yet, a remedy stays until the others are chosen.
    is_worse = errors[-1] < errors[best] - LEAST_GAIN
    return [*now[:place], None if is_worse else remedies[best], *now[place + 1 :]]


def _screened(remedies: Sequence[Remedy | None], laboratory: Laboratory) -> float:
    given = [one for one in remedies if one is not None]
    if not given:
        return median(one.judged for one in laboratory.untreated(laboratory.screening))
    joint = all_of(given)
    changed = joint.change(laboratory.case.arrangement)
    return median(
        one.judged for one in laboratory.trained(joint.name, changed, laboratory.screening)
    )


# ---- what a fault has hidden ----


def _hidden(
    chosen: Sequence[Finding], findings: Sequence[Finding], laboratory: Laboratory
) -> Finding | None:
    """Return what is confirmed on the training with the chosen remedies, None for nothing.

    ``findings`` are those of the run itself.
    """
    joint = _joint(chosen)
    if not laboratory.known(joint):
        laboratory.compare([joint])
    there = laboratory.with_treatment(joint)
    if there is None or not laboratory.budget.has_time_to_examine():
        return None
    seen = Examination(there.case, budget=there.budget)
    names = {one.ailment.name for one in chosen}
    barred = names | {one.ailment.opposite for one in chosen}
    for one in in_order_of_trial(suspected(seen)):
        usable = usable_remedies(one, there)
        if one.ailment.name in barred or not usable or there.is_spent:
            continue
        if laboratory.is_shortened and _is_cut_short(one):
            continue
        found = tried(replace(one, remedies=usable), seen, there)
        if found.is_confirmed and found.remedy in usable:
            signs = _evidence(found, findings, [each.remedy for each in chosen])
            return replace(found, signs=signs, remedies=(found.remedy,), experiment=None)
    return None


def _evidence(
    found: Finding, findings: Sequence[Finding], remedies: Sequence[Remedy | None]
) -> tuple[Sign, ...]:
    """Return the signs of a finding of a treated training, those of the run itself as they are.

    What only the treated training shows says so: its numbers are not those of the run.
    """
    own = [sign for one in findings if one.ailment is found.ailment for sign in one.signs]
    known = {(one.quantity, one.where) for one in own}
    words = [one.words for one in remedies if one is not None]
    steps = listed_apart([imperative(one) for one in words])
    only_there = [
        replace(
            one,
            words=f"Not seen on this run, but when you {steps}: {one.words}",
            seen_with=" ".join(words),
        )
        for one in found.signs
        if (one.quantity, one.where) not in known
    ]
    return (*own, *only_there)


def _is_cut_short(finding: Finding) -> bool:
    """Whether all that is seen is a loss that still falls, as one cut short does."""
    return all(one.kind == STILL_FALLS for one in finding.signs)


# ---- the smallest treatment that is needed ----


def _joint(chosen: Sequence[Finding]) -> Remedy:
    return all_of([one.remedy for one in chosen if one.remedy is not None])


def _experiment(chosen: Sequence[Finding], laboratory: Laboratory) -> Experiment:
    return laboratory.compare([_joint(chosen)])


def _smallest(chosen: Sequence[Finding], laboratory: Laboratory) -> Together | None:
    """Leave out what is not needed, one after the other; None where that leaves no treatment."""
    left = list(chosen)
    while left:
        experiment = _experiment(left, laboratory)
        if not experiment.is_clear:
            return None
        if len(left) == 1:
            return Together((replace(left[0], experiment=experiment),), experiment)
        needed = [_needed(place, left, laboratory) for place in range(len(left))]
        spare = [one for one in needed if not one.is_confirmed]
        if not spare:
            order = list(AILMENTS)
            needed.sort(key=lambda one: order.index(one.ailment.name))
            named = replace(experiment, treated_name=WITH_ALL)
            return Together(tuple(needed), named)
        least = min(spare, key=lambda one: one.experiment.gain if one.experiment else 0.0)
        del left[needed.index(least)]
    return None


def _needed(place: int, chosen: Sequence[Finding], laboratory: Laboratory) -> Finding:
    """Return a finding with what its remedy adds to those of the others."""
    one = chosen[place]
    rest = [each for each in chosen if each is not one]
    assert one.remedy is not None
    experiment = laboratory.adding(
        one.remedy, _joint(rest), _joint(chosen), untreated_name=WITHOUT, treated_name=WITH
    )
    return replace(one, experiment=experiment, beside=tuple(each.ailment.name for each in rest))
