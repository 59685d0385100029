"""The folds of a table: for each, the rows to learn from, to choose the epoch, and to be tested on.

Up to ``MOST_ROWS`` rows there are five folds, and every row is tested once; above that one fifth of
the rows is tested, once. Rows of one group, and copies of one row, are always in the same part.
In the order of time what is tested comes after what was learned from, so that the first sixth of
the rows is never tested, and of a large table the last sixth is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.decisions import counted
from chainrule.data.folds import (
    copies_together,
    group_folds,
    plain_folds,
    stratified_folds,
    stratified_group_folds,
    time_folds,
)
from chainrule.errors import DataError

Rows = NDArray[np.int64]

MOST_ROWS = 5000
FOLDS = 5
LEFT_OUT, TRAINING, VALIDATION, TEST = 0, 1, 2, 3


@dataclass(frozen=True, eq=False)
class Fold:
    """The numbers of a table's rows, from 0 and rising, by what they are for."""

    training: Rows
    validation: Rows
    test: Rows

    @property
    def sizes(self) -> dict[str, int]:
        """The number of rows in each part."""
        return {name: len(getattr(self, name)) for name in ("training", "validation", "test")}


@dataclass(frozen=True, eq=False)
class Togetherness:
    """What the rows that are used have to do with each other, (rows,) each, or None.

    ``classes``: their classes, shared out evenly; ``groups``: rows that stay together; ``times``:
    numbers by which rows are ordered; ``copies``: the same number for equal rows.
    """

    rows: int
    classes: NDArray[Any] | None = None
    groups: NDArray[Any] | None = None
    times: NDArray[Any] | None = None
    copies: Rows | None = None

    def part(self, chosen: Rows) -> Togetherness:
        """Return the same of some rows."""
        parts = (
            None if one is None else one[chosen]
            for one in (self.classes, self.groups, self.times, self.copies)
        )
        return Togetherness(len(chosen), *parts)

    def folds(self, count: int, seed: int) -> Rows:
        """Return the fold of each row, (rows,), -1 where a row is in none."""
        if self.times is not None:
            return time_folds(self.times, count)
        if self.groups is not None:
            few = min(count, len(np.unique(self.groups)))
            if few < 2:
                raise DataError(
                    "There are too few groups to learn from, to choose the epoch and to test on.",
                    "Choose a column with three groups or more, or none.",
                )
            if self.classes is None:
                return group_folds(self.groups, few)
            return stratified_group_folds(self.classes, self.groups, few)
        if self.classes is None:
            fold = plain_folds(self.rows, count, seed)
        else:
            fold = stratified_folds(self.classes, count, seed)
        return fold if self.copies is None else copies_together(fold, self.copies)

    def held_out(self, seed: int) -> Rows:
        """Return the numbers of about a fifth of the rows: the first fold.

        In the order of time it is the last one, a sixth; of groups the one that is nearest to a
        fifth, for the first holds the largest group, whatever its size.
        """
        fold = self.folds(FOLDS, seed)
        chosen = 0
        if self.times is not None:
            chosen = int(fold.max())
        elif self.groups is not None:
            chosen = int(np.argmin(np.abs(np.bincount(fold) - self.rows / FOLDS)))
        return np.flatnonzero(fold == chosen)


def make_folds(used: Rows, together: Togetherness, seed: int) -> tuple[Fold, ...]:
    """Return the folds of the rows with these numbers.

    Raises DataError where there are too few rows, or groups, for a part to have any.
    """
    if len(used) > MOST_ROWS:
        tested = [together.held_out(seed)]
    else:
        number = together.folds(FOLDS, seed)
        tested = [np.flatnonzero(number == one) for one in range(number.max() + 1)]
    return tuple(_fold(used, together, test, seed) for test in tested if len(test))


def _fold(used: Rows, together: Togetherness, test: Rows, seed: int) -> Fold:
    """Return the fold in which these places are tested."""
    rest = np.setdiff1d(np.arange(len(used)), test)
    if together.times is not None:
        # What comes later than the test says nothing about how well the future is predicted.
        rest = rest[together.times[rest] < together.times[test].min()]
        if len(rest) <= FOLDS:
            raise DataError(
                f"In the order of time, a fold has {counted(len(rest), 'row')} before those that "
                "it is tested on: too few to learn from.",
                f"Give {(FOLDS + 1) ** 2} rows or more, or a column in which more times differ.",
            )
    inner = together.part(rest)
    validation = rest[inner.held_out(seed)]
    training = np.setdiff1d(rest, validation)
    if together.times is not None:
        first = together.times[validation].min()
        training = training[together.times[training] < first]
    if not len(training) or not len(validation):
        raise DataError(
            "A fold is left without rows to learn from or to choose the epoch on.",
            "Give more rows, or more groups.",
        )
    return Fold(used[training], used[validation], used[test])


def to_roles(folds: Sequence[Fold], rows: int) -> NDArray[np.int8]:
    """Return what each row of a table is for in each fold: (folds, rows)."""
    roles = np.full((len(folds), rows), LEFT_OUT, dtype=np.int8)
    for role, fold in zip(roles, folds, strict=True):
        role[fold.training], role[fold.validation] = TRAINING, VALIDATION
        role[fold.test] = TEST
    return roles


def from_roles(roles: object, rows: int) -> tuple[Fold, ...]:
    """Return the folds that ``to_roles`` wrote. Raises RunFolderError for anything else."""
    if not isinstance(roles, np.ndarray) or roles.dtype != np.int8 or roles.ndim != 2:
        raise record.damaged("there is no table of what each row is for")
    if roles.shape[1] != rows or not 1 <= len(roles) <= max(rows, 1):
        raise record.damaged("what each row is for does not fit the number of rows")
    if roles.min() < LEFT_OUT or roles.max() > TEST:
        raise record.damaged("a row is for something unknown")
    folds = tuple(
        Fold(*(np.flatnonzero(role == part) for part in (TRAINING, VALIDATION, TEST)))
        for role in roles
    )
    if not all(all(fold.sizes.values()) for fold in folds):
        raise record.damaged("a part of a fold is empty")
    if ((roles == TEST).sum(axis=0) > 1).any():
        raise record.damaged("a row is tested twice")
    return folds
