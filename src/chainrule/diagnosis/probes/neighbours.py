"""Neighbours: whether rows with similar inputs have similar targets, without any training.

Three predictors, each of which leaves out the row that it predicts: the mean of the nearest rows, a
straight plane, and a smooth surface (ridge regression, by the columns and by a Gaussian kernel, of
which the predictions without a row are known in closed form: Allen, Technometrics 16, 1974). How
far their errors are from those on shuffled targets says whether the targets belong to the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.columns import standardised
from chainrule.diagnosis.probes.features import features_of
from chainrule.diagnosis.probes.row_order import InOrder
from chainrule.network.network import Network
from chainrule.randomness import permutation, random_bits
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup

Numbers = NDArray[Any]
MOST_ROWS, SHUFFLES, LEAST_ROWS = 250, 50, 30
# Fewer rows of a class beside those of others say hardly anything of it.
LEAST_OF_A_CLASS = 5
# To put all of more rows in order takes longer than all else that is done with a few of them.
MOST_IN_ORDER = 20_000
# Columns of classes; with more of them the rows of each are too few to say anything.
MOST_CLASSES = 50
# Of more columns errors in other orders are found by the products of rows: it costs less.
MANY_COLUMNS = 30
# Of more columns of numbers in targets so many tell as much as all.
MOST_COLUMNS = 1000
# Numbers of all inputs that are compared: of large pictures some of the pixels.
MOST_NUMBERS = 4_000_000


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Rows beside each other: standardised inputs, and what predicts each row from all others.

    A predictor is (rows, rows), 0 on the diagonal. ``places`` are the numbers of the sampled rows
    among all.
    """

    places: Numbers
    inputs: Numbers
    seed: int

    @classmethod
    def of(
        cls,
        rows: Rows | InOrder,
        network: Network,
        seed: int,
        most: int = MOST_ROWS,
        labels: Numbers | None = None,
    ) -> Neighbours | None:
        """Return the neighbours among so many rows; None where rows are few, or all are equal.

        With ``labels`` (rows,), as many of each class as there are and fit: of a rare class, all;
        of more classes than could have ``LEAST_OF_A_CLASS`` rows each, some of the classes.
        """
        kinds = [network.plan.kinds[name] for name in network.plan.inputs]
        if len(rows) < LEAST_ROWS or not set(kinds) <= {"float", "integer"}:
            return None
        order = _drawn(seed, len(rows), most, labels)
        if labels is not None:
            order = _evenly(order, labels, most)
        places = np.sort(order[:most])
        if len(places) < LEAST_ROWS:
            return None
        chosen = rows.part(places).inputs if isinstance(rows, Rows) else rows.inputs_at(places)
        x = features_of(_narrowed(chosen), kinds)
        return None if x is None else cls(places, x, seed)

    @cached_property
    def _products(self) -> Numbers:
        return np.asarray(self.inputs @ self.inputs.T)

    @cached_property
    def _distances(self) -> Numbers:
        squares = (self.inputs**2).sum(axis=1)
        apart = squares[:, None] + squares - 2.0 * self._products
        return np.asarray(np.maximum(apart, 0.0))

    @cached_property
    def surface(self) -> Numbers:
        """A smooth surface: a Gaussian kernel as wide as rows are apart."""
        width = float(np.median(self._distances)) or 1.0
        return _ridge(np.exp(-self._distances / width), 1.0)

    @cached_property
    def predictors(self) -> tuple[Numbers, ...]:
        """The nearest rows, a plane and a smooth surface."""
        return _nearest(self._distances), self._plane, self.surface

    @cached_property
    def _plane(self) -> Numbers:
        """The ridge regression on columns, which are centred."""
        count, columns = self.inputs.shape
        strength = 0.03 * count
        if columns >= count:
            return _ridge(self._products / columns, strength)
        products = self.inputs.T @ self.inputs / columns
        weights = np.linalg.solve(products + strength * np.eye(columns), self.inputs.T)
        return _without_own(self.inputs @ weights / columns + 1.0 / count)

    @cached_property
    def _missed(self) -> Numbers:
        """Of each predictor the matrix (rows, rows) of its squared error, a form of targets."""
        count = len(self.inputs)
        apart = [one - np.eye(count) for one in self.predictors]
        return np.array([one.T @ one for one in apart])

    def errors(self, targets: Numbers) -> Numbers:
        """Return the mean squared error of each predictor on targets (sampled rows, columns).

        In shares of how much these vary, which differs from sample to sample.
        """
        missed = [np.mean((one @ targets - targets) ** 2) for one in self.predictors]
        return np.array(missed) / _varying(targets)

    def gains(self, targets: Numbers) -> Numbers:
        """Return how much less each predictor misses each row than the mean of the others does.

        (predictors, sampled rows), in shares of how much targets (sampled rows, columns) vary, so
        that the mean over rows is the share of the variance that is known.
        """
        count = len(targets)
        mean = ((targets - targets.mean(axis=0)) * count / (count - 1)) ** 2
        missed = [(one @ targets - targets) ** 2 for one in self.predictors]
        return np.array([(mean - one).mean(axis=1) for one in missed]) / _varying(targets)

    def shuffled_errors(self, targets: Numbers, first: int = 0) -> Numbers:
        """Return the errors (shuffles, predictors) on targets in other orders.

        ``first``: the number of the first of these orders, each of which is always the same.
        """
        count, columns = targets.shape
        drawn = [
            permutation(self.seed, "shuffled targets", count, first + step)
            for step in range(SHUFFLES)
        ]
        if columns > MANY_COLUMNS:
            return self._errors_in(drawn, targets) / _varying(targets)
        wide = np.moveaxis(targets[np.array(drawn)], 0, 1).reshape(count, -1)
        found = []
        for one in self.predictors:
            missed = (one @ wide - wide) ** 2
            found.append(missed.reshape(count, SHUFFLES, columns).mean(axis=(0, 2)))
        return np.array(found).T / _varying(targets)

    def _errors_in(self, orders: Sequence[Numbers], targets: Numbers) -> Numbers:
        """Return the mean squared errors (orders, predictors) on targets in other orders.

        By products of the targets of two rows, which move along: at one cost for any columns.
        """
        products = targets @ targets.T
        forms = self._missed.reshape(len(self._missed), -1)
        moved = [forms @ products[np.ix_(one, one)].reshape(-1) for one in orders]
        return np.array(moved) / targets.size

    def distances_from_chance(self, targets: Numbers, mixed: Numbers) -> Numbers:
        """Return for each predictor by how many deviations of shuffled targets its error is lower.

        ``mixed`` are its errors on shuffled targets. Below 0 it is higher: where a neighbour always
        has another class, that says something, too.
        """
        spread = np.maximum(mixed.std(axis=0), 1e-300)
        return np.asarray((mixed.mean(axis=0) - self.errors(targets)) / spread)

    def shares(self, labels: Numbers, classes: int) -> Numbers:
        """Return probabilities (sampled rows, classes) by the surface, each without its row."""
        found = np.clip(self.surface @ np.eye(classes)[labels], 1e-9, None)
        return np.asarray(found / found.sum(axis=1, keepdims=True))


def _drawn(seed: int, count: int, most: int, labels: Numbers | None) -> Numbers:
    """Return a random order of the rows, of very many the first of it and what is rare."""
    purpose = "rows of neighbours"
    if count <= MOST_IN_ORDER:
        return permutation(seed, purpose, count)
    bits = random_bits(seed, purpose, 0, count)
    first = bits <= np.partition(bits, MOST_IN_ORDER - 1)[MOST_IN_ORDER - 1]
    if labels is not None:
        numbers = labels.astype(np.int64)
        first |= np.bincount(numbers)[numbers] < most
    places = np.flatnonzero(first)
    return places[np.argsort(bits[places], kind="stable")]


def _evenly(order: Numbers, labels: Numbers, most: int) -> Numbers:
    """Return places in an order in which the first are of all classes, as many of each."""
    classes, sizes = np.unique(labels, return_counts=True)
    large = classes[sizes >= LEAST_OF_A_CLASS]
    if len(classes) > most // LEAST_OF_A_CLASS and len(large) > 1:
        # Alone in its class a row says nothing of it: classes are drawn, as far as they are larger.
        drawn = np.unique(labels[order], return_index=True)
        first = drawn[0][np.argsort(drawn[1], kind="stable")]
        few = first[np.isin(first, large)][: most // LEAST_OF_A_CLASS]
        order = order[np.isin(labels[order], few)]
    return order[np.argsort(_place_in_class(labels[order]), kind="stable")]


def _narrowed(inputs: Sequence[Numbers]) -> list[Numbers]:
    """Return some columns of inputs (rows, ...) which hold very many numbers, evenly chosen."""
    flat = [one.reshape(len(one), -1) for one in inputs]
    each = MOST_NUMBERS // (len(flat[0]) * len(flat))
    return [
        one[:, np.linspace(0, one.shape[1] - 1, each).astype(np.int64)]
        if one.shape[1] > each
        else one
        for one in flat
    ]


def _varying(targets: Numbers) -> float:
    """Return the mean variance of the columns of targets (rows, columns)."""
    return max(float(targets.var(axis=0).mean()), 1e-300)


def _place_in_class(labels: Numbers) -> Numbers:
    """Return how many rows of the same class stand in front of each row."""
    by_class = np.argsort(labels, kind="stable")
    ordered = labels[by_class]
    found = np.empty(len(labels), dtype=np.int64)
    found[by_class] = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return found


def _nearest(distances: Numbers) -> Numbers:
    count = len(distances)
    near = max(5, min(10, count // 20))
    apart = distances + np.diag(np.full(count, np.inf))
    chosen = np.argpartition(apart, near - 1, axis=1)[:, :near]
    found = np.zeros((count, count))
    np.put_along_axis(found, chosen, 1.0 / near, axis=1)
    return found


def _ridge(kernel: Numbers, strength: float) -> Numbers:
    """Return what predicts each row from all others, of the targets about their mean."""
    count = len(kernel)
    centred = kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean()
    hat = np.linalg.solve(centred + strength * np.eye(count), centred).T + 1.0 / count
    return _without_own(hat)


def _without_own(hat: Numbers) -> Numbers:
    """Return from what fits all rows, each by all, what predicts each from all others."""
    found: Numbers = np.asarray(hat / (1.0 - np.minimum(np.diag(hat), 0.999))[:, None])
    np.fill_diagonal(found, 0.0)
    return found


def widths_of(setup: Setup) -> tuple[int, ...]:
    """Return how many classes each target of a setup has, 0 for numbers."""
    return tuple(one.width if one.task == "classification" else 0 for one in setup.targets)


@dataclass(frozen=True, eq=False)
class TargetColumns:
    """All targets of some rows as columns, made for the places that are looked at.

    Classes are 0 and 1 about their share, numbers are standardised; what is constant is left out.
    ``widths``: how many classes each target has, 0 for numbers.
    """

    targets: tuple[Numbers, ...]
    widths: tuple[int, ...]

    @classmethod
    def of(cls, targets: tuple[Numbers, ...], widths: tuple[int, ...]) -> TargetColumns | None:
        """Return the columns of targets; None over time or if all of them are constant."""
        found: list[Numbers] = []
        for target, width in zip(targets, widths, strict=True):
            if not width and target.ndim != 2:
                return None
            if width:
                wide = target.reshape(-1).astype(np.int64)
            else:
                flat = target.reshape(len(target), -1)
                wide = standardised(flat[:, :: max(1, -(-flat.shape[1] // MOST_COLUMNS))])
            if len(wide) != len(targets[0]):
                return None
            found.append(wide)
        varies = [
            one.min() < one.max() if width else one.shape[1] > 0
            for one, width in zip(found, widths, strict=True)
        ]
        return cls(tuple(found), widths) if any(varies) else None

    def __len__(self) -> int:
        return len(self.targets[0])

    def at(self, places: Numbers) -> Numbers:
        """Return the columns (places, columns) of the rows at some places.

        A class that none of them has would have the same error in every order, and has no column;
        of very many classes those that most of them have.
        """
        found = []
        for target, width in zip(self.targets, self.widths, strict=True):
            if not width:
                found.append(target[places])
                continue
            counts = np.bincount(target, minlength=width)
            chosen = target[places]
            there, often = np.unique(chosen[counts[chosen] < len(target)], return_counts=True)
            there = there[np.argsort(-often, kind="stable")[:MOST_CLASSES]]
            there.sort()
            is_one = (chosen[:, None] == there).astype(np.float64)
            found.append(is_one - counts[there] / len(target))
        return np.concatenate(found, axis=1)
