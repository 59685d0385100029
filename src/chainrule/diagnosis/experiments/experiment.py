"""An experiment: errors of trainings with a remedy beside those of trainings without it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.experiments.rule import BY_LAW, USUAL, Rule, Rules
from chainrule.diagnosis.experiments.significance import (
    LEAST_EFFECT,
    LEVEL,
    LEVEL_OF_ROWS,
    effect_size,
    probability_of_chance,
    probability_of_succeeding,
)
from chainrule.diagnosis.experiments.trained import Judge, error_of_kept

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
    divided by this number (Bonferroni). ``asked``: what the gain has to be, by any of these rules.
    ``planned``: so many parts were to be held out, and where time ended before the last of them the
    gain is an estimate of theirs, with a standard error of ``spread`` (None where not known).
    ``unfinished``: time ended before all remedies that were to be tried were.
    ``settles``: as long as no remedy of another ailment helps, what this shows is the cause of all
    else. ``parts``: so many parts of the rows were held out in turn, and the error of a seed is the
    mean over them. ``counted``: both are shares of rows, counted in parts of the training rows by
    what was trained on the others, and no errors of trainings; whether one is lower is not what is
    tested. ``as_good``: nor is it here, where the proof is that labels that were spoiled are
    learned as well.
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
    asked: Rules = USUAL
    parts: int = 1
    planned: int = 1
    spread: float | None = None
    unfinished: bool = False
    looks: int = 1
    counted: bool = False
    as_good: bool = False
    judge: Judge = error_of_kept

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
    def begins_there(self) -> bool:
        """Whether what has no remedy began where the run did, all or but for another start."""
        return self.own_start or self.remedy.seed is not None

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
    def deduced(self) -> bool:
        """Whether it follows from a law that the fault harms."""
        return self.asked == BY_LAW

    @property
    def gain_asked(self) -> float:
        """The least gain that is a proof."""
        return min(one.gain_asked(self.without, self.treated) for one in self.asked)

    @property
    def matters(self) -> bool:
        """Whether the gain, if it is none of chance, is large enough to be a proof."""
        return self.effect >= LEAST_EFFECT and any(map(self._meets, self.asked))

    def _meets(self, rule: Rule) -> bool:
        if rule.asks_rows and self._may_be_luck_of_rows:
            return False
        asked = rule.gain_asked(self.without, self.treated)
        return rule.is_met(self.without, self.treated) and self.gain - self._doubt >= asked

    @property
    def _may_be_luck_of_rows(self) -> bool:
        """Whether the rows that judge may be what has made the gain."""
        return self.over_rows is not None and self.over_rows >= LEVEL_OF_ROWS / self.looks

    @property
    def is_beyond_chance(self) -> bool:
        """Whether the starts are not what has made the errors lower."""
        return self.probability < LEVEL / self.looks

    @property
    def is_clear(self) -> bool:
        """Whether the remedy helps by more than chance, and enough to matter."""
        if self.shows is not None:
            return self.shows
        return self.is_beyond_chance and self.matters

    @property
    def is_cut_off(self) -> bool:
        """Whether time ended before all parts of the rows that were to judge had judged."""
        return self.parts < self.planned

    @property
    def is_undecided(self) -> bool:
        """Whether with more time it may be a proof, and is none yet.

        So seconds decide whether there is an answer, and not which one.
        """
        if self.is_clear or self.unfinished:
            return not self.is_clear
        if not self.is_cut_off or self.gain <= 0.0:
            return False
        return self.spread is None or self.gain + self._doubt >= self.gain_asked

    @property
    def _doubt(self) -> float:
        """By how much the gain of all parts is likely to be another than that of those that judged.

        One standard error: what a gain is beyond is no bound of chance, which p keeps, but what
        makes it large enough.
        """
        return self.spread if self.is_cut_off and self.spread is not None else 0.0

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
            "planned": self.planned,
            "undecided": self.is_undecided,
            "looks": self.looks,
            "counted": self.counted,
            "as_good": self.as_good,
        }
