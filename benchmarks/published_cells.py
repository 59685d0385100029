"""What came of trainings, and how the order of algorithms stands beside the one published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from published_problems import CLASSIC, Published
from rounds import figures

# So many places may lie between two orders before the page names an algorithm.
PLACES = 2


@dataclass(frozen=True)
class Trained:
    """One training: how long it took, and whether it came to the goal."""

    problem: str
    algorithm: str
    start: int
    seconds: float
    epochs: int
    reached: bool
    ended: str


@dataclass(frozen=True)
class Cell:
    """All starts of an algorithm on a problem; times are over those that reached the goal.

    ``single`` are trainings of one epoch.
    """

    algorithm: str
    trained: tuple[Trained, ...]
    single: tuple[Trained, ...]

    @property
    def fixed(self) -> float:
        """Median seconds of a training of one epoch: what a call costs before it learns much."""
        return float(np.median([one.seconds for one in self.single]))

    @property
    def reached(self) -> list[Trained]:
        return [one for one in self.trained if one.reached]

    @property
    def failures(self) -> int:
        return len(self.trained) - len(self.reached)

    @property
    def seconds(self) -> float:
        """Mean seconds, as the guide gives them; infinite where no start reached the goal."""
        return float(np.mean([one.seconds for one in self.reached])) if self.reached else np.inf

    @property
    def epochs(self) -> float:
        return float(np.median([one.epochs for one in self.reached])) if self.reached else np.inf

    @property
    def above_fixed(self) -> float:
        """Mean seconds beyond those of a training of one epoch."""
        return self.seconds - self.fixed

    @property
    def words(self) -> str:
        """Mean time, median epochs and failures."""
        failed = f"{self.failures} of {len(self.trained)} failed"
        return f"{figures(1000.0 * self.seconds)} ms, {self.epochs:,.0f} epochs, {failed}"


def order(problem: Published, cells: Sequence[Cell]) -> str:
    """Say which order was found and which was published."""
    ordered = sorted(cells, key=lambda one: one.seconds)
    ours = ", ".join(one.algorithm for one in ordered if one.reached)
    theirs = sorted(
        dict.fromkeys(CLASSIC.get(one.algorithm, one.algorithm) for one in ordered),
        key=problem.published,
    )
    above = ", ".join(
        one.algorithm for one in sorted(cells, key=lambda one: one.above_fixed) if one.reached
    )
    return (
        f"Order here: {ours or 'none'}. By the time above that of one epoch: {above or 'none'}. "
        f"Published [M]: {', '.join(theirs)}."
    )


def apart(problem: Published, cells: Sequence[Cell]) -> str:
    """Say which algorithms stand more than two places from where they were published.

    The guide's LM is held against its classic form, where that was measured.
    """
    replaced = {CLASSIC[one.algorithm] for one in cells if one.algorithm in CLASSIC}
    held = [one for one in cells if one.algorithm not in replaced]
    ordered = sorted(held, key=lambda one: one.seconds)
    theirs = sorted((one.algorithm for one in held), key=problem.published)
    moved, never = [], []
    for place, one in enumerate(ordered, 1):
        there = theirs.index(one.algorithm) + 1
        if not one.reached:
            never.append(f"{one.algorithm}, published {ordinal(there)}")
        elif abs(place - there) > PLACES:
            moved.append(
                f"{one.algorithm} is {ordinal(place)} here ({one.words}) and was {ordinal(there)}"
            )
    said = f"Of {len(held)} algorithms"
    if moved:
        said += (
            f", these are more than two places from where they were published: {'; '.join(moved)}."
        )
    else:
        said += ", none that came to the goal is more than two places from where it was published."
    return f"{said} Never at the goal here: {'; '.join(never)}." if never else said


def ordinal(place: int) -> str:
    """Return 1st, 2nd and so on, for places up to 20."""
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place, 'th') }"
