"""Labels: what a case's targets say about its rows, by neighbours, before any training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.chance import probability_above_zero
from chainrule.diagnosis.probes.doubtful import doubtful
from chainrule.diagnosis.probes.neighbours import Neighbours, TargetColumns, widths_of
from chainrule.diagnosis.probes.row_order import InOrder, joined, orders
from chainrule.diagnosis.probes.sureness import Sureness

Numbers = NDArray[Any]
# How sure the surer half of the rows are is judged by no fewer rows than these.
LEAST_SURE = 20
# Deviations from chance that no order of targets is told for.
NOT_FAR = 3.5
# Orders of the targets that are tried; more of them as far from chance say nothing new.
ORDERS, ENOUGH = 1000, 10
# A choice: of so many rows a tenth that is known is beyond chance, in a fraction of a second.
MOST_KNOWN = 1000
# How probable by chance a share may be that counts as known, of the best of three predictors.
CERTAIN = 0.002
# Targets that follow each other are compared with themselves shifted, so many times; by no less
# than a twentieth of the rows, within which rows may be alike for being neighbours in the order.
SHIFTS, NEAREST_SHIFT = 40, 20
# Deviations of what chance leaves between targets that follow each other.
BEYOND_CHANCE, MOST_FOLLOWING = 4.0, 5000


@dataclass(frozen=True, eq=False)
class Order:
    """Another order of the targets: in words, and how far from chance they are in it."""

    words: str
    order: Numbers
    distance: float


@dataclass(frozen=True, eq=False)
class Labels:
    """The targets of a case's rows beside their neighbours.

    ``rows`` are in the order in which they were given; ``columns`` are all their targets, those of
    classes as 0 and 1. ``neighbours`` are as many of each class as fit.
    """

    case: Case
    rows: InOrder
    columns: TargetColumns
    neighbours: Neighbours

    @classmethod
    def of(cls, case: Case) -> Labels | None:
        """Return the labels of a case; None over time, of few rows, and of constant targets."""
        rows = joined(case)
        setup = case.setup
        if any(one.over_time for one in setup.targets):
            return None
        columns = TargetColumns.of(rows.targets, widths_of(setup))
        is_classes = setup.targets[0].task == "classification"
        labels = rows.targets[0].reshape(-1) if is_classes else None
        neighbours = Neighbours.of(rows, setup.network, setup.seed, labels=labels)
        if columns is None or neighbours is None:
            return None
        return cls(case, rows, columns, neighbours)

    @cached_property
    def _sampled(self) -> Numbers:
        return self.columns.at(self.neighbours.places)

    @cached_property
    def _mixed(self) -> Numbers:
        return self.neighbours.shuffled_errors(self._sampled)

    @cached_property
    def distance(self) -> float:
        """How many deviations the errors are from those on shuffled targets, on either side."""
        found = self.neighbours.distances_from_chance(self._sampled, self._mixed)
        return float(np.abs(found).max())

    @cached_property
    def probability(self) -> float:
        """How probable it is by chance that the errors are as far from those on shuffled targets.

        The share of a thousand orders of the targets that are as far away by any predictor, the
        given one counted (Westfall and Young, Resampling-Based Multiple Testing, 1993): errors of
        a plane of few columns have a long tail, so that deviations do not say how rare they are.
        Orders are drawn until so many are as far that no more are needed (Besag and Clifford,
        Biometrika 78, 1991).
        """
        centre, spread = self._mixed.mean(axis=0), np.maximum(self._mixed.std(axis=0), 1e-300)
        drawn, as_far = 0, 0
        while drawn < ORDERS and as_far < ENOUGH:
            mixed = self.neighbours.shuffled_errors(self._sampled, drawn) if drawn else self._mixed
            apart = np.abs((mixed - centre) / spread).max(axis=1)
            as_far += int(np.sum(apart >= self.distance))
            drawn += len(mixed)
        return (as_far + 1) / (drawn + 1)

    @cached_property
    def is_contrary(self) -> bool:
        """Whether it is by higher errors that the targets are far from chance, as in a parity."""
        found = self.neighbours.distances_from_chance(self._sampled, self._mixed)
        return bool(found[np.abs(found).argmax()] < 0.0)

    @cached_property
    def _many(self) -> Neighbours | None:
        """Up to a thousand rows, which tell a little from nothing; None of no more than sampled."""
        most = min(MOST_KNOWN, len(self.columns))
        if most <= len(self.neighbours.places):
            return None
        setup = self.case.setup
        return Neighbours.of(self.rows, setup.network, setup.seed, most)

    @cached_property
    def known_share(self) -> float | None:
        """The share of the targets' variance that is predicted from other rows, by the best.

        Of up to a thousand rows, each predicted without itself; 0 where that is within chance. None
        where there are no more rows than the permutation test has looked at.
        """
        return self._known_of(self.columns)

    def known_share_of(self, place: int, column: int | None = None) -> float | None:
        """The same of one target alone, or of one of its columns; None where that is constant."""
        target, width = self.rows.targets[place], self.columns.widths[place]
        alone = target if column is None else target[:, [column]]
        one = TargetColumns.of((alone,), (width,))
        return None if one is None else self._known_of(one)

    def _known_of(self, columns: TargetColumns) -> float | None:
        if self._many is None:
            return None
        gains = self._many.gains(columns.at(self._many.places))
        known = [
            float(one.mean())
            for one in gains
            if probability_above_zero(one) * len(gains) <= CERTAIN
        ]
        return max(known, default=0.0)

    @cached_property
    def as_good_when_shifted(self) -> float | None:
        """The share of shifts of the targets along the rows in which they fit as well.

        For targets that follow each other in the order of the rows, sorted ones above all, which
        fit whatever drifts with the rows: orders that are drawn at random are no measure of them.
        None where targets do not follow each other.
        """
        near = self._many or self.neighbours
        count = len(self.columns)
        if not _follow(self.columns.at(np.arange(min(count, MOST_FOLLOWING)))):
            return None
        least = max(1, count // NEAREST_SHIFT)
        steps = np.unique(np.linspace(least, count - least, SHIFTS).astype(np.int64))
        given = near.errors(self.columns.at(near.places)).min()
        moved = [self.columns.at((near.places + one) % count) for one in steps]
        return float(np.mean([near.errors(one).min() <= given for one in moved]))

    @cached_property
    def best_order(self) -> Order | None:
        """The order in which the targets fit the rows best, of those that happen."""
        setup = self.case.setup
        # Not so many of each class: which rows those are follows from the targets themselves.
        near = Neighbours.of(self.rows, setup.network, setup.seed)
        if near is None:
            return None
        mixed = near.shuffled_errors(self.columns.at(near.places))
        found = []
        for words, order in orders(len(self.columns)).items():
            moved = self.columns.at(order[near.places])
            apart = float(near.distances_from_chance(moved, mixed).max())
            if apart > NOT_FAR:
                # Other rows' targets stand there, whose spread may be smaller for want of an
                # outlier: they are compared with shuffles of their own.
                own = near.shuffled_errors(moved)
                apart = float(near.distances_from_chance(moved, own).max())
            found.append(Order(words, order, apart))
        return max(found, key=lambda one: one.distance, default=None)

    @cached_property
    def _known(self) -> tuple[Numbers, Numbers] | None:
        """Labels and probabilities of the sampled rows by their neighbours; None for numbers."""
        target = self.case.setup.targets[0]
        if target.task != "classification" or len(self.case.setup.targets) > 1:
            return None
        truth = self.rows.targets[0].reshape(-1).astype(np.int64)[self.neighbours.places]
        return truth, self.neighbours.shares(truth, target.width)

    @cached_property
    def contradicted_share(self) -> float | None:
        """The share of rows with another label than their neighbours say, in the surer half.

        Classes that overlap do so where neighbours are not sure; a label that is wrong may stand
        anywhere.
        """
        if self._known is None or len(self._known[0]) < 2 * LEAST_SURE:
            return None
        if "integer" in self.case.network.plan.kinds.values():
            # Rows with the same words are no neighbours close enough to contradict single labels.
            return None
        truth, shares = self._known
        if np.mean(shares.argmax(axis=1) == truth) <= np.bincount(truth).max() / len(truth):
            # Neighbours that know no more than which class is frequent contradict nothing.
            return None
        return Sureness.of(shares, truth).share(0.5)

    @cached_property
    def doubtful_places(self) -> Numbers:
        """The places among the training rows of those whose neighbours say another class."""
        if self._known is None:
            return np.arange(0)
        truth, shares = self._known
        chosen = self.neighbours.places[doubtful(shares, truth)]
        return np.flatnonzero(np.isin(self.rows.training, chosen))

    @property
    def doubtful_numbers(self) -> tuple[int, ...]:
        """The numbers by which people know the doubtful training rows."""
        return tuple(self.case.told(self.doubtful_places))


def _follow(columns: Numbers) -> bool:
    """Whether targets (rows, columns) that follow each other are more alike than others."""
    apart = columns - columns.mean(axis=0)
    together = float((apart[1:] * apart[:-1]).sum() / max(float((apart**2).sum()), 1e-300))
    return together > BEYOND_CHANCE / math.sqrt(len(columns))
