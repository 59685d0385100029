"""Two looks at a remedy that nothing has suggested: on five starts, and on five others.

Of many runs that are sound some show a gain by luck. What is found without a suspicion has to be
shown on starts that did not choose it: once, if the gain is beyond doubt more than one that
matters, or else by two looks together, each of which has to show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.rule import SMALLEST_GAIN, Rule
from chainrule.diagnosis.experiments.significance import (
    LEAST_EFFECT,
    LEVEL,
    LEVEL_OF_ROWS,
    probability_of_chance,
)
from chainrule.diagnosis.experiments.trained import Trained, error_of_kept
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED

# A gain that a competent person would not leave. What is shown twice may be smaller than what is
# shown once.
NOT_TO_BE_LEFT = Rule(SMALLEST_GAIN)
# Between the seeds of the first look and those of the second.
SECOND_LOOK = 2_000_000
LOOKS = 2

# Whether trainings without a remedy and with it are what the ailment says of them.
Condition = Callable[[Sequence[Trained], Sequence[Trained]], bool]


@dataclass(frozen=True, eq=False)
class Looks:
    """Looks at remedies in one laboratory, under a condition that each of them has to meet.

    ``asked``: what is to be gained in the end, no less than what is not to be left. ``least``: an
    error that a remedy has to beat as well, by a gain that is not to be left; that of the case
    itself where trainings are shorter than it was.
    """

    laboratory: Laboratory
    holds: Condition
    asked: Rule = NOT_TO_BE_LEFT
    least: float | None = None

    def shown(self, remedy: Remedy, better: Remedy | None = None) -> Experiment | None:
        """Return the experiment that shows that a remedy helps, None where it is not shown.

        ``better``: a remedy that goes further the same way, and takes the place of the first in
        the second look; the first look then needs no more than a gain that matters. Raises
        OutOfTimeError where time ends the first look, or the second where it is needed.
        """
        first = self._look(remedy, self.laboratory.seeds)
        if not self._is_promising(first, NOT_TO_BE_LEFT):
            return None
        enough = first.experiment if self._is_enough(first) else None
        if enough is not None and better is None:
            return enough
        seeds = tuple(seed + SECOND_LOOK for seed in self.laboratory.seeds)
        try:
            second = self._look(remedy if better is None else better, seeds)
        except OutOfTimeError:
            if enough is None:
                raise
            return enough
        if better is not None:
            both = first.experiment.is_clear and second.experiment.is_clear
            return second.experiment if both and self._is_promising(second, self.asked) else enough
        if not self._is_promising(second, NOT_TO_BE_LEFT):
            return None
        without = [*first.without, *second.without]
        together = self._of(remedy, without, [*first.treated, *second.treated])
        is_shown = together.experiment.is_clear and self._is_promising(together, self.asked)
        return together.experiment if is_shown else None

    def _look(self, remedy: Remedy, seeds: Sequence[int]) -> _Look:
        laboratory = self.laboratory
        laboratory.keep_pace()
        without = laboratory.untreated(seeds)
        changed = remedy.change(laboratory.case.arrangement)
        return self._of(remedy, without, laboratory.trained(remedy.name, changed, seeds))

    def _of(self, remedy: Remedy, without: list[Trained], treated: list[Trained]) -> _Look:
        experiment = self.laboratory.experiment(
            remedy, (without, treated), error_of_kept, asked=(NOT_TO_BE_LEFT,), looks=LOOKS
        )
        return _Look(experiment, without, treated)

    def _is_enough(self, look: _Look) -> bool:
        """Whether one look shows it, and that the gain is certainly more than one that matters."""
        is_clear = look.experiment.is_clear and _is_beyond_doubt(look.experiment)
        return is_clear and self._is_promising(look, self.asked)

    def _is_promising(self, look: _Look, asked: Rule) -> bool:
        found = look.experiment
        if not asked.is_met(found.without, found.treated) or found.effect < LEAST_EFFECT:
            return False
        if self.least is not None and not NOT_TO_BE_LEFT.is_met([self.least], found.treated):
            return False
        return median(found.treated) < NOTHING_LEARNED and self.holds(look.without, look.treated)


@dataclass(frozen=True, eq=False)
class _Look:
    experiment: Experiment
    without: list[Trained]
    treated: list[Trained]


def _is_beyond_doubt(found: Experiment) -> bool:
    """Whether it is certain that the gain is more than the least that is not to be left."""
    left = NOT_TO_BE_LEFT.less_than_asked(found.without, found.treated)
    over_rows = found.over_rows is None or found.over_rows < LEVEL_OF_ROWS / LOOKS
    return over_rows and probability_of_chance(left, found.treated) < LEVEL / LOOKS
