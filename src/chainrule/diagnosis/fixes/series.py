"""Trainings of one treatment, start by start, and as many more where a comparison asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.fixes.judging import Groups

# Return the trainings of each arrangement, one for each seed.
Train = Callable[[Sequence[Arrangement], Sequence[int]], Groups]


@dataclass(eq=False)
class Series:
    """The trainings of a treatment, by part of the rows that judge, and in it by seed.

    ``arrangements``: one for each part. Of further parts there may be fewer trainings, or none.
    ``first``: how far behind its place in the order each seed is, 1 where that of the run itself is
    left out.
    """

    arrangements: list[Arrangement] = field(default_factory=list)
    made: list[list[Trained]] = field(default_factory=list)
    first: int = 0

    def add_parts(self, arrangements: Sequence[Arrangement]) -> None:
        """Add arrangements, with no training yet."""
        self.arrangements.extend(arrangements)
        self.made.extend([] for _ in arrangements)

    def keep_parts(self, count: int) -> None:
        """Leave out all parts of the rows but so many."""
        del self.arrangements[count:], self.made[count:]

    @property
    def trained_parts(self) -> int:
        """How many parts, from the first on, have trainings."""
        return next((place for place, one in enumerate(self.made) if not one), len(self.made))

    def of_seeds(self, seeds: Sequence[int], train: Train, parts: int) -> Groups:
        """Return the trainings of these seeds on so many parts of the rows.

        Those that were made before are the first of them, and only what is missing is trained.
        """
        asked, seeds = range(parts), [one + self.first for one in seeds]
        for known in sorted({len(self.made[place]) for place in asked}):
            places = [place for place in asked if len(self.made[place]) == known]
            if seeds[known:]:
                made = train([self.arrangements[place] for place in places], seeds[known:])
                for place, more in zip(places, made, strict=True):
                    self.made[place].extend(more)
        return [one[: len(seeds)] for one in self.made[:parts]]


def is_open(experiment: Experiment) -> bool:
    """Whether p alone is in doubt, so that as many starts again may decide it.

    Faults that befall some starts and spare others leave errors in two heaps, which a rank test of
    few trainings passes over.
    """
    if experiment.shows is not None or experiment.is_clear or experiment.looks > 1:
        return False
    return replace(experiment, looks=2).matters
