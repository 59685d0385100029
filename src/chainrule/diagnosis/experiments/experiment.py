"""An experiment: errors of trainings with a remedy beside those of trainings without it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Any

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.experiments.significance import (
    LEAST_EFFECT,
    LEVEL,
    LEVEL_OF_ROWS,
    effect_size,
    probability_of_chance,
    probability_of_succeeding,
)
from chainrule.diagnosis.experiments.trained import Judge, judged

# A gain below these is no proof of an ailment, however certain: of the constant's error, and of the
# error that there is without the remedy.
LEAST_GAIN, LEAST_SHARE = 0.03, 0.15
# Choices: of a small error a gain of so large a share matters as well, down to so little.
LARGE_SHARE, SMALLEST_GAIN = 0.4, 0.01


ERROR = "error, in shares of the best constant prediction's"


@dataclass(frozen=True)
class Experiment:
    """Errors of trainings without and with a remedy, one for each seed.

    ``screened``: other remedies -> their median error, of the trial that chose this one. The errors
    are relative to the best constant prediction, unless ``quantity`` says what else. ``over_rows``:
    how probable the gain is by the luck of the rows that judge, where that was tested. ``shows``
    says whether the ailment is confirmed where that is no matter of lower errors: shuffled labels
    that are learned as well as those that were given. ``held_out``: rows that judge were held out
    for it alone, as the training had held out none.
    ``own_start``: all began where the run did. ``looks``: how often the ailment was looked for by
    experiments of which one is shown; each p is as it is, and the levels below which it counts are
    divided by this number (Bonferroni). ``deduced``: that the fault harms follows from a law;
    trainings have to show only that the remedy helps. ``settles``: as long as no remedy of another
    ailment helps, what this shows is the cause of all else. ``parts``: so many parts of the rows
    were held out in turn, and the error of a seed is the mean over them. ``counted``: both are
    shares of rows, counted in parts of the training rows by what was trained on the others, and no
    errors of trainings; whether one is lower is not what is tested. ``as_good``: nor is it here,
    where the proof is that labels that were spoiled are learned as well. ``least_gain``: less of
    the constant's error than this is no proof; ``enough``: so much of it is one, whatever share of
    the error it is.
    """

    remedy: Remedy
    without: tuple[float, ...]
    treated: tuple[float, ...]
    epochs: int
    rows: int
    screened: tuple[tuple[str, float], ...] = ()
    quantity: str = ERROR
    untreated_name: str = "as it was"
    treated_name: str = "with the remedy"
    over_rows: float | None = None
    shows: bool | None = None
    settles: bool = False
    held_out: bool = False
    own_start: bool = False
    deduced: bool = False
    parts: int = 1
    looks: int = 1
    counted: bool = False
    as_good: bool = False
    least_gain: float = LEAST_GAIN
    enough: float = math.inf
    judge: Judge = judged

    @property
    def probability(self) -> float:
        """How probable so much lower errors are by chance.

        Where a law says that without the remedy all fail, it counts as well how many do not.
        """
        found = probability_of_chance(self.without, self.treated)
        if self.deduced:
            found = min(found, probability_of_succeeding(self.without, self.treated))
        return found

    @property
    def effect(self) -> float:
        """Cohen's d of the improvement."""
        return effect_size(self.without, self.treated)

    @property
    def gain(self) -> float:
        """By how much the median error is lower with the remedy."""
        return median(self.without) - median(self.treated)

    @property
    def is_of_errors(self) -> bool:
        """Whether it measures the error that all experiments share, and no measure of its own."""
        return self.quantity == ERROR

    @property
    def shows_otherwise(self) -> bool:
        """Whether it shows the ailment, and not by lower errors."""
        is_lower = self.gain > 0.0 and self.probability < LEVEL and self.tests_lower_errors
        return self.shows is True and not is_lower

    @property
    def tests_lower_errors(self) -> bool:
        """Whether errors that are lower by more than chance are what it looks for."""
        return not (self.counted or self.as_good)

    @property
    def matters(self) -> bool:
        """Whether the gain, if it is none of chance, is large enough to be a proof."""
        return self.effect >= LEAST_EFFECT and self.gain >= self.gain_asked

    @property
    def gain_asked(self) -> float:
        """The least gain that is a proof."""
        least = self.least_gain
        if not self.deduced:
            before = median(self.without)
            least = max(least, LEAST_SHARE * before)
            least = min(least, max(SMALLEST_GAIN, LARGE_SHARE * before), self.enough)
        return least

    @property
    def is_luck_of_rows(self) -> bool:
        """Whether the rows that judge may be what has made the gain."""
        if self.over_rows is None or self.deduced:
            return False
        return self.over_rows >= LEVEL_OF_ROWS / self.looks

    @property
    def is_clear(self) -> bool:
        """Whether the remedy helps by more than chance, and enough to matter."""
        if self.shows is not None:
            return self.shows
        is_certain = self.probability < LEVEL / self.looks
        return is_certain and self.matters and not self.is_luck_of_rows

    def to_dict(self) -> dict[str, Any]:
        """Return the experiment as plain data."""
        return {
            "remedy": self.remedy.words,
            "quantity": self.quantity,
            "epochs": self.epochs,
            "rows": self.rows,
            "without": list(self.without),
            "treated": list(self.treated),
            "p": self.probability if self.tests_lower_errors else None,
            "p_over_rows": self.over_rows,
            "d": self.effect if self.tests_lower_errors else None,
            "gain": self.gain,
            "clear": self.is_clear,
            "tried": dict(self.screened),
            "untreated_name": self.untreated_name,
            "treated_name": self.treated_name,
            "shows": self.shows,
            "own_start": self.own_start,
            "deduced": self.deduced,
            "parts": self.parts,
            "looks": self.looks,
            "counted": self.counted,
            "as_good": self.as_good,
        }
