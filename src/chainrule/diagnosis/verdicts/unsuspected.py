"""Lower learning rates tried without a suspicion: not every rate that is too high shows a sign.

A loss may fall smoothly and come to rest where a third or a tenth of the rate would have left much
less. Any run is tried so, and most are sound: a first choice on two starts ends most trials, and
what is left has to be shown twice, on starts that did not choose it and then on others still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from chainrule.diagnosis.ailments.rate_too_high import RATE_TOO_HIGH
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import LEAST_SHARE, Experiment
from chainrule.diagnosis.experiments.laboratory import (
    SCREENING_SEEDS,
    SEEDS,
    Laboratory,
    OutOfTimeError,
    over_rows_of,
)
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance
from chainrule.diagnosis.experiments.trained import Trained, judged
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.remedies.rate_changes import has_rate, lower_rate, plain_rate
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.wording import times_of

DIVISORS = (3.0, 10.0)
# Of the constant prediction's error. What is shown twice may be smaller than what is shown once.
LEAST_GAIN = 0.01
# Between the seeds of the first look and those of the second.
SECOND_LOOK = 2_000_000
# One group of screening for each rate and one with nothing changed, and two groups for each look.
TRAININGS = SCREENING_SEEDS * (1 + len(DIVISORS)) + 2 * 2 * SEEDS


def has_something_to_gain(examined: Examination) -> bool:
    """Whether a lower rate can be tried, and there is error enough for it to matter."""
    setup, course = examined.setup, examined.course
    if not has_rate(setup) or plain_rate(setup) == 0.0 or not examined.case.epochs:
        return False
    if not len(course) or course.overflowed_at is not None:
        return False
    return examined.errors.judged > LEAST_GAIN


def unsuspected(examined: Examination, laboratory: Laboratory) -> Finding | None:
    """Return the finding of a rate that is too high though nothing has shown it; None without.

    None as well where there is no time for both looks.
    """
    if laboratory.is_spent or not has_something_to_gain(examined):
        return None
    try:
        experiment = _shown_twice(examined, laboratory)
    except OutOfTimeError:
        return None
    if experiment is None:
        return None
    return Finding(RATE_TOO_HIGH, (_sign(experiment),), (experiment.remedy,), experiment)


def _shown_twice(examined: Examination, laboratory: Laboratory) -> Experiment | None:
    remedies = [lower_rate(examined.setup, divisor) for divisor in DIVISORS]
    before = [one.judged for one in laboratory.untreated(laboratory.screening)]
    chosen, screened = laboratory.best(remedies, judged)
    if not _matters(before, [min(error for _, error in screened)]):
        return None
    first = laboratory.compare([chosen], least_gain=LEAST_GAIN)
    without, treated = laboratory.untreated(), laboratory.known(chosen)
    if not _shows(first, without, treated, examined, laboratory):
        return None
    second, without, treated = _second_look(first, laboratory)
    if not _shows(second, without, treated, examined, laboratory):
        return None
    return replace(second, screened=tuple(screened))


def _second_look(
    first: Experiment, laboratory: Laboratory
) -> tuple[Experiment, list[Trained], list[Trained]]:
    """Return the experiment on starts that are new to it, and its trainings without and with."""
    seeds = tuple(seed + SECOND_LOOK for seed in laboratory.seeds)
    remedy: Remedy = first.remedy
    without = laboratory.untreated(seeds)
    changed = remedy.change(laboratory.case.arrangement)
    treated = laboratory.trained(remedy.name, changed, seeds)
    second = replace(
        first,
        without=tuple(map(judged, without)),
        treated=tuple(map(judged, treated)),
        over_rows=over_rows_of(judged, without, treated),
        looks=2,
    )
    return second, without, treated


def _matters(without: Sequence[float], treated: Sequence[float]) -> bool:
    """Whether the gain is one that a competent person would not leave."""
    before, after = median(without), median(treated)
    return before - after >= max(LEAST_GAIN, LEAST_SHARE * before)


def _shows(
    found: Experiment,
    without: Sequence[Trained],
    treated: Sequence[Trained],
    examined: Examination,
    laboratory: Laboratory,
) -> bool:
    """Whether lower rates leave clearly less, and not because they learn less by heart.

    Steps that are too long hold up the descent itself: with shorter ones the error on the training
    rows is not clearly higher. Where trainings are shorter than the case's, they have to beat that
    as well.
    """
    if not found.is_clear:
        return False
    if laboratory.is_shortened and not _matters([examined.errors.judged], found.treated):
        return False
    fast, slow = ([one.last.training for one in group] for group in (without, treated))
    return median(found.treated) < NOTHING_LEARNED and probability_of_chance(slow, fast) >= LEVEL


def _sign(experiment: Experiment) -> Sign:
    before, after = median(experiment.without), median(experiment.treated)
    return Sign(
        "error beside that of a lower rate", before, after / (1.0 - LEAST_SHARE), "above",
        f"With this learning rate {times_of(before)} times the error of a constant prediction is "
        f"left; with a lower one, from other starts and nothing else changed, {times_of(after)}.",
        "an error that a third or a tenth of the rate does not lower by 15 %",
        "a rate that suits is tried for: where nothing else is found, lower ones stand beside it",
    )  # fmt: skip
