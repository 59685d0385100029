"""A comparison in words: what is ahead, whether by more than the spread, how fast, what failed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.comparison.differences import seeds_needed
from chainrule.comparison.result import Comparison, Summary
from chainrule.comparison.trial import Trial
from chainrule.data.decisions import counted
from chainrule.training.stopping import ran_out_of_time
from chainrule.training.tables.sentences import written_number

MOST_NAMED = 4


def in_words(comparison: Comparison) -> str:
    """Return a few sentences on a comparison."""
    said = [
        _standing(comparison),
        _speed(comparison),
        _out_of_time(comparison),
        *_failures(comparison),
    ]
    if comparison.interrupted:
        said.append(
            f"It was interrupted: {len(comparison.trials)} of {comparison.planned} trainings "
            "had ended."
        )
    return " ".join(one for one in said if one)


def _standing(comparison: Comparison) -> str:
    sound = [one for one in comparison.summaries if math.isfinite(one.median)]
    seeds = f"Over {counted(_seeds(comparison), 'seed')}"
    if not sound:
        return f"{seeds}, half of the trainings or more failed in every setting."
    first, judged = sound[0], comparison.judged
    if len(comparison.summaries) == 1:
        low, high = written_number(first.low), written_number(first.high)
        return (
            f"{seeds}, {first.label} ends with a {judged} of {written_number(first.median)} "
            f"(half of the trainings between {low} and {high})."
        )
    needed = seeds_needed(len(comparison.summaries))
    if _seeds(comparison) < needed:
        return (
            f"{seeds}, {first.label} has the lowest median {judged}; it takes {needed} seeds or "
            "more to tell a difference from the spread."
        )
    worse = _worse_than(first.label, comparison)
    equal = [one.label for one in sound if one.label not in worse]
    if not worse and len(equal) > 1:
        return f"{seeds}, {_listed(equal)} end with the same {judged} within the spread."
    if not worse:
        return f"{seeds}, {first.label} ends with the lowest {judged}."
    others = f"{_listed(worse)} {'is' if len(worse) == 1 else 'are'} worse"
    if len(equal) == 1:
        return f"{seeds}, {first.label} ends with the lowest {judged}; {others}."
    return f"{seeds}, {_listed(equal)} end with the same {judged} within the spread; {others}."


def _seeds(comparison: Comparison) -> int:
    """Return over how many seeds the settings are compared: those that all of them have.

    A setting of which no training has ended before Ctrl-C has no part in it.
    """
    every = [{one.seed for one in comparison.of(label)} for label in comparison.settings]
    every = [seeds for seeds in every if seeds]
    return len(set.intersection(*every))


def _worse_than(first: str, comparison: Comparison) -> list[str]:
    """Return the settings whose loss is higher by more than the spread, in their order."""
    worse = set()
    for one in comparison.differences:
        if one.is_clear and first == one.first and one.lower > one.higher:
            worse.add(one.second)
        if one.is_clear and first == one.second and one.higher > one.lower:
            worse.add(one.first)
    # What half of the trainings failed with is told as a failure.
    return [
        one.label
        for one in comparison.summaries
        if one.label in worse and math.isfinite(one.median)
    ]


def _speed(comparison: Comparison) -> str:
    """Say which setting is first at the goal by its median seconds, and how long others take."""
    goal = comparison.goal
    there = [one for one in comparison.summaries if math.isfinite(one.seconds)]
    if goal is None or len(comparison.summaries) == 1:
        return ""
    if not there:
        return f"None reaches the goal, a {goal.in_words}, in half of its trainings."
    there.sort(key=lambda one: one.seconds)
    first = there[0]
    said = (
        f"The goal, a {goal.in_words}, is reached first by {first.label} (median "
        f"{written_seconds(first.seconds)}, {counted(round(first.epochs), 'epoch')})"
    )
    if len(there) > 1:
        said += f"; {_slower(first, there[1:])}"
    late = [
        one.label
        for one in comparison.summaries
        if math.isfinite(one.median) and not math.isfinite(one.seconds)
    ]
    if late:
        do = "does" if len(late) == 1 else "do"
        said += f"; {_listed(late)} {do} not reach it in half of the trainings"
    return f"{said}."


def _slower(first: Summary, others: Sequence[Summary]) -> str:
    ratios = [one.seconds / max(first.seconds, 1e-9) for one in others]
    if len(others) > MOST_NAMED:
        return f"the others take {_times(ratios[0])} to {_times(ratios[-1])} times as long"
    parts = [
        f"{one.label} {_times(ratio)} times" for one, ratio in zip(others, ratios, strict=True)
    ]
    first_part = f"{others[0].label} takes {_times(ratios[0])} times as long"
    return _listed([first_part, *parts[1:]])


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def _out_of_time(comparison: Comparison) -> str:
    """Say of which settings half of the trainings or more were under way when time was over."""
    late = []
    for one in comparison.summaries:
        ended = [trial.run.ended for trial in comparison.of(one.label) if trial.run is not None]
        if 2 * sum(map(ran_out_of_time, ended)) >= max(one.trainings, 1):
            late.append(one.label)
    if not late or len(late) == len(comparison.summaries):
        return ""
    said = f"Of {_listed(late)}, half of the trainings or more were cut off by the time limit."
    every = [trial.run for label in late for trial in comparison.of(label)]
    cut = [run for run in every if run is not None and ran_out_of_time(run.ended)]
    early = sum(2 * run.best_epoch <= run.recording.epochs for run in cut)
    if comparison.column != "loss" and 2 * early > len(cut):
        said += " Most of these had their lowest validation loss in the first half of their epochs."
    else:
        said += " More seconds may change their place."
    return said


def _failures(comparison: Comparison) -> list[str]:
    """Say what failed, settings that failed alike in one sentence."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in comparison.summaries:
        if one.failed:
            why = common_reason(comparison.of(one.label))
            # An error often names the setting.
            if why.startswith(f"{one.label} "):
                why = why.replace(one.label, "it", 1)
            often = f"{one.failed} of {counted(one.trainings, 'training')}"
            alike.setdefault((often, why), []).append(one.label)
    return [
        f"{_listed(labels)} failed in {often}{' each' if len(labels) > 1 else ''}: {why}."
        for (often, why), labels in alike.items()
    ]


def common_reason(trials: Sequence[Trial]) -> str:
    """Return why most of the failed trainings failed, the first of several such reasons."""
    reasons = [one.failed for one in trials if one.failed is not None]
    return max(reasons, key=reasons.count)


def written_seconds(seconds: float) -> str:
    """Return a time in a unit that fits: 0.85 ms, 12.3 ms, 4.56 s."""
    if seconds < 1.0:
        return f"{float(f'{seconds * 1e3:.3g}'):g} ms"
    return f"{float(f'{seconds:.3g}'):,g} s" if seconds < 1000 else f"{seconds:,.0f} s"


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
