"""Rules: how large a gain has to be before an experiment counts as a proof.

Whatever the rule, a gain has to be beyond chance over the starts, and large beside their spread
(``significance``). Rules differ in how much of the error has to go, and in whether the rows that
judge may be what has made it. What asks more than that of its trainings, such as that a loss goes
on falling, asks it where its ailment is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

# A gain below these is no proof of an ailment, however certain: of the constant's error, and of the
# error that there is without the remedy.
LEAST_GAIN, LEAST_SHARE = 0.03, 0.15
# Choices: of a small error a gain of so large a share matters as well, down to so little.
LARGE_SHARE, SMALLEST_GAIN = 0.4, 0.01
# A choice: what leaves up to so many times the error does about as well.
ABOUT_AS_WELL = 1.5


@dataclass(frozen=True)
class Rule:
    """What the gain of an experiment has to be, in errors relative to the constant prediction's.

    ``least``: so much of the constant's error, and ``share``: so much of the error without the
    remedy; or, where that is less, ``large_share`` of it. ``of_known``: so much of what is known
    with the remedy. ``asks_rows``: whether the rows that judge may be what has made the gain, and
    not where it follows from a law, or is seen already.
    """

    least: float = LEAST_GAIN
    share: float = LEAST_SHARE
    large_share: float = LARGE_SHARE
    of_known: float = 0.0
    asks_rows: bool = True

    def gain_asked(self, without: Sequence[float], treated: Sequence[float]) -> float:
        """Return by how much the median error has to be lower with the remedy."""
        before, known = median(without), 1.0 - median(treated)
        asked = max(self.least, self.share * before)
        asked = min(asked, max(SMALLEST_GAIN, self.large_share * before))
        if not self.of_known:
            return asked
        return max(asked, self.of_known * known) if known > 0.0 else math.inf

    def is_met(self, without: Sequence[float], treated: Sequence[float]) -> bool:
        """Whether errors are lower by as much, be it chance or not."""
        return median(without) - median(treated) >= self.gain_asked(without, treated)

    def less_than_asked(self, without: Sequence[float], treated: Sequence[float]) -> list[float]:
        """Return the errors without a remedy, each less what a gain has to be.

        Errors with it that are still lower show that it gains more than what is asked.
        """
        return [one - self.gain_asked([one], treated) for one in without]


def of_so_much(least: float, asks_rows: bool = True) -> Rule:
    """Return the rule that asks for so much of the constant's error, whatever was left."""
    return Rule(least, share=0.0, large_share=math.inf, asks_rows=asks_rows)


def does_about_as_well(errors: Sequence[float], others: Sequence[float]) -> bool:
    """Return whether errors with one remedy are about as low as those with another, or lower."""
    return median(errors) <= ABOUT_AS_WELL * median(others) + LEAST_GAIN


# Of several rules it is enough that one is met.
Rules = tuple[Rule, ...]
USUAL: Rules = (Rule(),)
# That the fault harms follows from a law: trainings have to show only that the remedy helps.
BY_LAW: Rules = (of_so_much(LEAST_GAIN, asks_rows=False),)
