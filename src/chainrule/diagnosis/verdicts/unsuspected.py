"""Other rates and longer trainings tried without a suspicion: not every wrong one shows a sign.

A loss may fall smoothly and come to rest where a third of the rate would have left much less, and
it may end far above what three times the rate, or of the epochs, would have come to. Any run is
tried so, and most are sound: a first choice on two starts ends most trials, and what is left has to
be shown on starts that did not choose it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.rate_too_high import RATE_TOO_HIGH
from chainrule.diagnosis.ailments.rate_too_low import RATE_TOO_LOW
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.held_out import judging_laboratory
from chainrule.diagnosis.experiments.laboratory import (
    SCREENING_SEEDS,
    SEEDS,
    Laboratory,
)
from chainrule.diagnosis.experiments.rule import LEAST_GAIN, LEAST_SHARE, SMALLEST_GAIN, Rule
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.experiments.two_looks import NOT_TO_BE_LEFT, Looks
from chainrule.diagnosis.probes.course import IN_THE_MIDST
from chainrule.diagnosis.probes.relative_error import SOMETHING_LEFT
from chainrule.diagnosis.remedies.rate_changes import (
    going_on,
    has_rate,
    higher_rate,
    longer,
    lower_rate,
    plain_rate,
)
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.verdicts.finding import Finding
from chainrule.diagnosis.wording import times_of

LOWER = (3.0, 10.0)
# A sound run gains little by three times its rate. Where it does gain, more may be better still.
HIGHER, HIGHER_STILL = 3.0, (10.0, 30.0, 100.0)
THREE_TIMES, FOUR_TIMES = 3, 4
# Nearly every training gets a little better by going further. One that was through does not lose a
# third of its error.
A_THIRD = Rule(SMALLEST_GAIN, share=1.0 / 3.0)
# Of sound trainings none whose loss still fell lost half of its error on rows held out by going on
# for four times as long. Where targets have no noise the last of the error falls for ever, so that
# little is too much only where few steps were made, as with all rows in each.
A_HALF, FEW_STEPS = Rule(SMALLEST_GAIN, share=0.5), 100
# One group of screening for each rate and one with nothing changed, and two groups for a look.
TRAININGS = SCREENING_SEEDS * (2 + len(LOWER)) + 2 * SEEDS


def has_something_to_gain(examined: Examination) -> bool:
    """Whether another training can be tried, and there is error enough for it to matter."""
    course = examined.course
    if plain_rate(examined.setup) == 0.0 or not examined.case.epochs:
        return False
    if not len(course) or course.overflowed_at is not None:
        return False
    return examined.errors.judged > SMALLEST_GAIN


def unsuspected(examined: Examination, laboratory: Laboratory) -> Finding | None:
    """Return the finding of a rate, or a length, that nothing has shown to be wrong; None without.

    None as well where there is no time to show it.
    """
    if laboratory.is_spent or not has_something_to_gain(examined):
        return None
    # A table's folds have chosen by themselves when to end, and what they ended was not too slow.
    # Nor was what ended because its loss was as low as asked.
    case = examined.case
    further: tuple[Trial, ...] = (_going_on, _higher) if case.was_broken_off else (_higher, _longer)
    is_chosen = case.outside is not None or case.has_reached_target
    for trial in (_lower,) if is_chosen else (_lower, *further):
        try:
            found = trial(_Trials(examined, laboratory))
        except OutOfTimeError:
            return None
        if found is not None:
            return found
    return None


@dataclass(frozen=True, eq=False)
class _Trials:
    """Screening of remedies of an examined case in a laboratory."""

    examined: Examination
    laboratory: Laboratory

    @property
    def untreated(self) -> list[float]:
        """The errors of screening with nothing changed."""
        return [one.judged for one in self.laboratory.untreated(self.laboratory.screening)]

    def errors(self, remedy: Remedy) -> list[float]:
        """Return the errors of screening with a remedy."""
        laboratory = self.laboratory
        changed = remedy.change(laboratory.case.arrangement)
        made = laboratory.trained(remedy.name, changed, laboratory.screening)
        return [one.judged for one in made]

    def looks(self, asked: Rule, slow: bool) -> Looks:
        """Return how remedies are looked at: those of slower learning, or of faster.

        ``asked``: what has to be gained.
        """
        laboratory = self.laboratory
        is_other = laboratory.case is not self.examined.case
        least = 0.0 if is_other else self.examined.errors.judged
        return Looks(
            laboratory,
            _descends_no_worse if slow else _descends_further,
            asked,
            least if laboratory.is_shortened else None,
        )


Trial = Callable[[_Trials], Finding | None]


def _lower(trials: _Trials) -> Finding | None:
    """Return the finding of a rate that is too high, though nothing has shown it."""
    setup = trials.examined.setup
    if not has_rate(setup):
        return None
    before = trials.untreated
    screened: list[tuple[Remedy, float]] = []
    for divisor in LOWER:
        remedy = lower_rate(setup, divisor)
        screened.append((remedy, median(trials.errors(remedy))))
        if NOT_TO_BE_LEFT.is_met([screened[-1][1]], before):
            # What a third of the rate makes clearly worse, a tenth does not make better.
            break
    chosen, least = min(screened, key=lambda pair: pair[1])
    if not NOT_TO_BE_LEFT.is_met(before, [least]):
        return None
    experiment = trials.looks(NOT_TO_BE_LEFT, slow=True).shown(chosen)
    return None if experiment is None else _found(RATE_TOO_HIGH, experiment, screened, "lower rate")


def _higher(trials: _Trials) -> Finding | None:
    """Return the finding of a rate that is too low: three times of it leaves clearly less."""
    setup = trials.examined.setup
    if not has_rate(setup) or not _has_far_to_go(trials):
        return None
    if median(trials.errors(lower_rate(setup, LOWER[0]))) < median(trials.untreated):
        # Where the error rises with the rate already, a higher one is no better.
        return None
    trials = _judging(trials)
    remedy = higher_rate(setup, HIGHER)
    screened = [(remedy, median(trials.errors(remedy)))]
    if not NOT_TO_BE_LEFT.is_met(trials.untreated, [screened[0][1]]):
        return None
    for factor in HIGHER_STILL:
        further = higher_rate(setup, factor)
        screened.append((further, median(trials.errors(further))))
        if screened[-1][1] >= screened[-2][1]:
            break
    best, least = min(screened, key=lambda pair: pair[1])
    if not A_THIRD.is_met(trials.untreated, [least]):
        return None
    better = None if best is remedy else best
    experiment = trials.looks(A_THIRD, slow=False).shown(remedy, better)
    return None if experiment is None else _found(RATE_TOO_LOW, experiment, screened, "higher rate")


def _longer(trials: _Trials) -> Finding | None:
    """Return the finding of a training that is too short: a longer one leaves clearly less.

    Where little is left, one of few steps was too short as well if its loss was in the midst of
    its fall and half of what is left goes.
    """
    examined = trials.examined
    course, start = examined.course, examined.at_first.loss
    if not examined.case.epochs >= examined.setup.epochs or course.has_come_to_rest(start):
        return None
    if _has_far_to_go(trials):
        times, asked = THREE_TIMES, A_THIRD
    elif _is_in_the_midst(trials):
        times, asked = FOUR_TIMES, A_HALF
    else:
        return None
    return _by_going_further(trials, longer(examined.setup, times), asked)


def _going_on(trials: _Trials) -> Finding | None:
    """Return the finding of a limit that ended a training before it was through."""
    if not _has_far_to_go(trials):
        return None
    return _by_going_further(trials, going_on(trials.examined.setup), A_THIRD)


def _by_going_further(trials: _Trials, remedy: Remedy, asked: Rule) -> Finding | None:
    trials = _judging(trials)
    error = median(trials.errors(remedy))
    if not asked.is_met(trials.untreated, [error]):
        return None
    experiment = trials.looks(asked, slow=False).shown(remedy)
    if experiment is None:
        return None
    return _found(RATE_TOO_LOW, experiment, [(remedy, error)], "longer training")


def _is_in_the_midst(trials: _Trials) -> bool:
    """Whether few steps were made, the loss was falling by much of itself, and more is left than
    what a proof asks for."""
    case = trials.examined.case
    steps = case.epochs * case.steps_of_epoch
    left = trials.examined.errors.judged, median(trials.untreated)
    course, start = trials.examined.course, trials.examined.at_first.loss
    is_falling = course.relative_fall_at_end(start) > IN_THE_MIDST
    return steps <= FEW_STEPS and is_falling and min(left) > LEAST_GAIN


def _has_far_to_go(trials: _Trials) -> bool:
    """Whether a training that was cut off early, or went slowly, has left much to be learned.

    Of one with less than a tenth left nobody would say that it is too short, though going on gains.
    """
    left = trials.examined.errors.judged, median(trials.untreated)
    return min(left) > SOMETHING_LEFT


def _judging(trials: _Trials) -> _Trials:
    """Return the trials judged by rows held out: labels that say nothing are learned by heart."""
    return replace(trials, laboratory=judging_laboratory(trials.laboratory, TRAININGS))


def _descends_no_worse(without: Sequence[Trained], treated: Sequence[Trained]) -> bool:
    """Whether lower rates do not just learn less by heart.

    Steps that are too long hold up the descent itself: with shorter ones the error on the training
    rows is not clearly higher.
    """
    fast, slow = ([one.last.training for one in group] for group in (without, treated))
    return probability_of_chance(slow, fast) >= LEVEL


def _descends_further(without: Sequence[Trained], treated: Sequence[Trained]) -> bool:
    """Whether the error on the training rows is clearly lower: what is too slow lacks descent."""
    before, after = ([one.last.training for one in group] for group in (without, treated))
    return probability_of_chance(before, after) < LEVEL


def _found(
    ailment: Ailment, experiment: Experiment, screened: Sequence[tuple[Remedy, float]], what: str
) -> Finding:
    told = tuple((one.words, error) for one, error in screened) if len(screened) > 1 else ()
    shown = replace(experiment, screened=told)
    return Finding(ailment, (_sign(shown, what),), (shown.remedy,), shown)


def _sign(experiment: Experiment, what: str) -> Sign:
    before, after = median(experiment.without), median(experiment.treated)
    return Sign(
        f"error beside that of a {what}", before, after / (1.0 - LEAST_SHARE), "above",
        f"As it was trained, {times_of(before)} times the error of a constant prediction is left; "
        f"with a {what}, from other starts and nothing else changed, {times_of(after)}.",
        f"an error that a {what} does not lower by 15 %",
        "what suits is tried for: where nothing else is found, lower rates, higher ones and longer "
        "trainings stand beside it",
    )  # fmt: skip
