"""Trainings of one treatment, start by start, and as many more where a comparison asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.fixes.judging import Groups

# Return the trainings of each arrangement, one for each seed.
Train = Callable[[Sequence[Arrangement], Sequence[int]], Groups]


@dataclass(eq=False)
class Series:
    """The trainings of a treatment, by part of the rows that judge, and in it by seed.

    ``arrangements``: one for each part.
    """

    arrangements: list[Arrangement]
    made: list[list[Trained]]

    @classmethod
    def of(cls, arrangements: Sequence[Arrangement]) -> Series:
        """Return that of arrangements, with no training yet."""
        return cls(list(arrangements), [[] for _ in arrangements])

    def of_seeds(self, seeds: Sequence[int], train: Train) -> Groups:
        """Return the trainings of these seeds; those that were made before are the first of them.

        Only what is missing is trained.
        """
        missing = seeds[len(self.made[0]) :]
        if missing:
            for known, more in zip(self.made, train(self.arrangements, missing), strict=True):
                known.extend(more)
        return [one[: len(seeds)] for one in self.made]

    def keep_first_part(self) -> None:
        """Leave out all parts of the rows but the first."""
        del self.arrangements[1:], self.made[1:]


def is_open(experiment: Experiment) -> bool:
    """Whether p alone is in doubt, so that as many starts again may decide it.

    Faults that befall some starts and spare others leave errors in two heaps, which a rank test of
    few trainings passes over.
    """
    if experiment.shows is not None or experiment.is_clear or experiment.looks > 1:
        return False
    return replace(experiment, looks=2).matters
