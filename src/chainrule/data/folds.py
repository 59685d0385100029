"""Folds: which rows of a table are predicted together by a network that never saw them.

The folds are those of scikit-learn for the same rows, so that anyone can make them again; they are
worked out here because importing it takes longer than training on a small table. The tests hold
them against ``StratifiedKFold``, ``KFold`` (both with ``shuffle=True, random_state=seed``),
``GroupKFold``, ``StratifiedGroupKFold`` and ``TimeSeriesSplit``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError

Whole = NDArray[np.int64]

NEVER = -1


def plain_folds(rows: int, folds: int, seed: int) -> Whole:
    """Return the fold of each row, (rows,): those of ``KFold``."""
    _check(rows, folds, "rows")
    order = np.arange(rows)
    _generator(seed).shuffle(order)
    sizes = np.full(folds, rows // folds)
    sizes[: rows % folds] += 1
    fold = np.empty(rows, dtype=np.int64)
    fold[order] = np.repeat(np.arange(folds), sizes)
    return fold


def stratified_folds(classes: NDArray[Any], folds: int, seed: int) -> Whole:
    """Return the fold of each row, (rows,), with its share of each class: ``StratifiedKFold``."""
    _check(len(classes), folds, "rows")
    numbers = _by_appearance(classes)
    count = int(numbers.max()) + 1
    in_order = np.sort(numbers)
    sizes = np.array([np.bincount(in_order[i::folds], minlength=count) for i in range(folds)])
    generator = _generator(seed)
    fold = np.empty(len(numbers), dtype=np.int64)
    for number in range(count):
        dealt = np.repeat(np.arange(folds), sizes[:, number])
        generator.shuffle(dealt)
        fold[numbers == number] = dealt
    return fold


def group_folds(groups: NDArray[Any], folds: int) -> Whole:
    """Return the fold of each row, (rows,); no group is in two folds: ``GroupKFold``.

    The largest groups come first, each to the fold with the fewest rows.
    """
    different, group = np.unique(groups, return_inverse=True)
    _check(len(different), folds, "groups")
    sizes = np.bincount(group)
    filled = np.zeros(folds, dtype=np.int64)
    fold_of = np.empty(len(different), dtype=np.int64)
    for number in np.argsort(sizes, kind="stable")[::-1]:
        fold_of[number] = np.argmin(filled)
        filled[fold_of[number]] += sizes[number]
    return fold_of[group]


def stratified_group_folds(classes: NDArray[Any], groups: NDArray[Any], folds: int) -> Whole:
    """Return the fold of each row, (rows,): no group in two folds, and the classes shared out.

    As in ``StratifiedGroupKFold``: groups of the most uneven classes come first, each to the fold
    that leaves the classes shared out most evenly, and of equal ones to the fold with fewest rows.
    """
    known, numbers = np.unique(classes, return_inverse=True)
    different, group = np.unique(groups, return_inverse=True)
    _check(len(different), folds, "groups")
    of_groups = np.zeros((len(different), len(known)))
    np.add.at(of_groups, (group, numbers), 1.0)
    totals = of_groups.sum(axis=0)
    of_folds = np.zeros((folds, len(totals)))
    fold_of = np.empty(len(different), dtype=np.int64)
    for number in np.argsort(-of_groups.std(axis=1), kind="stable"):
        fold_of[number] = _most_even(of_folds, of_groups[number], totals)
        of_folds[fold_of[number]] += of_groups[number]
    return fold_of[group]


def _most_even(of_folds: NDArray[Any], added: NDArray[Any], totals: NDArray[Any]) -> int:
    """Return the fold that a group's rows of each class make the least uneven."""
    spread, filled = [], of_folds.sum(axis=1)
    for fold in range(len(of_folds)):
        tried = of_folds.copy()
        tried[fold] += added
        spread.append(float(np.mean(np.std(tried / totals, axis=0))))
    best = 0
    for fold in range(1, len(of_folds)):
        emptier = np.isclose(spread[fold], spread[best]) and filled[fold] < filled[best]
        if spread[fold] < spread[best] or emptier:
            best = fold
    return best


def time_folds(times: NDArray[Any], folds: int) -> Whole:
    """Return the fold of each row, (rows,), in the order of time: ``TimeSeriesSplit``.

    The first rows are in no fold (``NEVER``): nothing comes before them that could predict them.
    """
    _check(len(times), folds + 1, "rows")
    order = np.argsort(times, kind="stable")
    size = len(times) // (folds + 1)
    fold = np.full(len(times), NEVER)
    fold[order[len(times) - size * folds :]] = np.repeat(np.arange(folds), size)
    return fold


def copies_together(fold: Whole, copies: Whole) -> Whole:
    """Return the folds with every copy of a row where the first of them is.

    ``copies`` (rows,) holds the same number for equal rows.
    """
    first, number = np.unique(copies, return_index=True, return_inverse=True)[1:]
    return np.asarray(fold[first][number])


def _by_appearance(classes: NDArray[Any]) -> Whole:
    """Return a number for each row's class, 0 for the class of the first row."""
    first, numbers = np.unique(classes, return_index=True, return_inverse=True)[1:]
    return np.asarray(np.argsort(np.argsort(first))[numbers], dtype=np.int64)


def _generator(seed: int) -> np.random.RandomState:
    # scikit-learn's own, whose stream NumPy has promised never to change; it knows 32 bits.
    return np.random.RandomState(seed % 2**32)


def _check(count: int, folds: int, things: str) -> None:
    if count < folds:
        raise DataError(
            f"{count} {things} cannot be shared out to {folds} folds.", f"Give more {things}."
        )
