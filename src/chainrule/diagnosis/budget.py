"""The time of a diagnosis: as long as the training has taken, or two seconds if that is more.

Looks that cost much and experiments ask it before they begin. Work counts, since other programs may
hold it up; of trainings beside each other, which take less than the sum of their work, the clock.
"""

from __future__ import annotations

import time

# Nobody waits for less than this, however short the training was.
LEAST_SECONDS = 2.0
# Of the whole: looks that train again are not to take more, for what is seen has to be proved, too.
LOOKS_SHARE = 0.5
# No experiment begins after the first of these shares, and none whose trainings would not end by
# the second, as long as those before them took; what has not ended by then is broken off, which
# takes long steps a little longer.
BEGIN_SHARE, END_SHARE = 0.75, 0.9
LEAST_LEFT = 0.05
# The experiments on another case begin at the end of the time as well.
SECONDS_OF_ANOTHER = 0.5
# What is said where people break a diagnosis off.
INTERRUPTED_DIAGNOSIS = "The diagnosis was interrupted, and nothing is said."


class OutOfTimeError(Exception):
    """An experiment has not come to its end within the time of a diagnosis."""


def both_clocks() -> tuple[float, float]:
    """Return the seconds of this program's work, and those of the clock."""
    return time.process_time(), time.monotonic()


def seconds_since(began: tuple[float, float]) -> float:
    """Return how many seconds were used, of work or by the clock, whichever is less."""
    return min(now - before for now, before in zip(both_clocks(), began, strict=True))


def whole_seconds(training_seconds: float) -> float:
    """Return how long the diagnosis of a training may take."""
    return max(LEAST_SECONDS, training_seconds)


class Budget:
    """Seconds, counted from when it is made: nothing begins after ``seconds`` of them, or is to
    last beyond ``limit``. ``of_examination`` are those that the examination of a case takes.
    """

    def __init__(self, seconds: float, limit: float, of_examination: float = 0.0) -> None:
        self.seconds, self.limit, self.of_examination = seconds, limit, of_examination
        self.began = both_clocks()

    @classmethod
    def of_looks(cls, training_seconds: float) -> Budget:
        """Return that of an examination, whose looks leave time to prove what they find."""
        share = LOOKS_SHARE * whole_seconds(training_seconds)
        return cls(share, share)

    @classmethod
    def of_experiments(
        cls, training_seconds: float, used: float = 0.0, seconds: float | None = None
    ) -> Budget:
        """Return that of experiments, where ``used`` seconds are gone; ``seconds``: as people ask.

        Signs that have taken long leave less to experiments.
        """
        if seconds is not None:
            return cls(seconds, seconds, used)
        whole = whole_seconds(training_seconds)
        latest = END_SHARE * whole - used
        return cls(min(BEGIN_SHARE * whole, max(LEAST_LEFT, latest)), latest, used)

    @property
    def used(self) -> float:
        """How many seconds are used up."""
        return seconds_since(self.began)

    @property
    def left(self) -> float:
        """How many seconds are left until all has to be ended."""
        return self.limit - self.used

    @property
    def is_spent(self) -> bool:
        """Whether nothing is to begin any more."""
        return self.used > self.seconds

    @property
    def is_over(self) -> bool:
        """Whether what is under way is to be broken off."""
        return self.used > self.limit

    def fits(self, count: float, each: float) -> bool:
        """Whether so many of what takes so many seconds each end in time."""
        return self.used + count * each <= self.limit

    def affords(self, each: float, share: float) -> int:
        """Return how many of what takes so many seconds each a share of the seconds left pays."""
        return max(0, int(share * (self.seconds - self.used) / max(1e-6, each)))

    def has_time_to_examine(self) -> bool:
        """Whether there is time to examine a training as the case was examined."""
        return self.fits(1, self.of_examination)

    def left_for_another(self) -> Budget:
        """Return the seconds that are left, for experiments on another case."""
        limit = self.left
        left = max(SECONDS_OF_ANOTHER, self.seconds - self.used)
        return Budget(max(LEAST_LEFT, min(left, limit)), limit, self.of_examination)
