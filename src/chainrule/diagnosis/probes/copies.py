"""Copies: rows that stand among the training rows and among those that judge.

Each row gets a whole number made of the bits of its values; rows with the same number are then
compared value by value. So every row is looked at, and in about the time that reading them takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.relative_error import every_so_many
from chainrule.randomness import permutation, random_bits
from chainrule.training.rows import Rows

Numbers = NDArray[Any]
Places = NDArray[np.int64]
# Numbers in a block that stays in a cache.
BLOCK = 1 << 17
HALF = np.uint64(32)
LAST_BITS = 22
# Rows that are shuffled at most, and equal ones, over those of chance, that are no chance.
MOST_SHUFFLED, BEYOND_CHANCE = 5000, 2.0


def shared_rows(training: Rows, validation: Rows) -> Places:
    """Return the places (rising) of validation rows whose inputs and target a training row has."""
    if not len(training) or not len(validation):
        return np.zeros(0, dtype=np.int64)
    known, asked = _numbers_of(training), _numbers_of(validation)
    # What has no like among the others by its last bits is no candidate; to see that is cheaper
    # than to sort all.
    possible = _with_last_bits_in(known, asked)
    known_there = known[possible]
    candidates = _with_last_bits_in(asked, known_there)
    candidates = candidates[np.isin(asked[candidates], known_there)]
    if not len(candidates):
        return candidates
    order = np.argsort(known_there, kind="stable")
    first = possible[order[np.searchsorted(known_there, asked[candidates], sorter=order)]]
    same = _are_equal(validation, candidates, training, first)
    if same.all():
        return candidates
    # Different rows with the same number: any other training row that has it may be the copy.
    left = candidates[~same]
    named = set(_bytes_of(training, np.flatnonzero(np.isin(known, asked[left]))))
    others = [one in named for one in _bytes_of(validation, left)]
    same[np.flatnonzero(~same)[others]] = True
    return candidates[same]


def are_equal_by_chance(training: Rows, validation: Rows) -> bool:
    """Whether rows of both parts are equal as rows of so few different values are by chance.

    Chance is what is left where every column is shuffled by itself, those of two values as one. Of
    many rows 5,000 of each part are shuffled.
    """
    if len(training.inputs) > 1 or training.inputs[0].ndim != 2 or training.targets[0].ndim > 2:
        return False
    parts = [every_so_many(one, MOST_SHUFFLED) for one in (training, validation)]
    count = len(parts[0])
    columns = [np.concatenate(pair) for pair in zip(*map(_arrays, parts), strict=True)]
    if any(len(np.unique(one)) == len(one) for one in columns[0].T):
        return False
    inputs, targets = (_shuffled(one, place) for place, one in enumerate(columns))
    ends = (slice(0, count), slice(count, None))
    mixed = [Rows((inputs[end],), (targets[end],), np.ones(len(inputs[end]))) for end in ends]
    return len(shared_rows(*parts)) <= BEYOND_CHANCE * len(shared_rows(*mixed))


def _shuffled(columns: Numbers, place: int) -> Numbers:
    count = len(columns)
    together = permutation(0, "columns of two values", count)
    found = np.empty_like(columns)
    for column, values in enumerate(columns.T):
        has_two = len(np.unique(values)) <= 2
        own = together if has_two else permutation(place, "columns of values", count, column)
        found[:, column] = values[own]
    return found


def _with_last_bits_in(some: NDArray[np.uint64], others: NDArray[np.uint64]) -> Places:
    """Return the places of those whose last bits are those of one of the others."""
    is_there = np.zeros(1 << LAST_BITS, dtype=bool)
    mask = np.uint64((1 << LAST_BITS) - 1)
    is_there[(others & mask).astype(np.int64)] = True
    return np.flatnonzero(is_there[(some & mask).astype(np.int64)])


def _arrays(rows: Rows) -> list[Numbers]:
    return [one.reshape(len(one), -1) for one in (*rows.inputs, *rows.targets)]


def _numbers_of(rows: Rows) -> NDArray[np.uint64]:
    """Return a whole number for each row (rows,), the same for rows that are equal."""
    found = np.zeros(len(rows), dtype=np.uint64)
    for place, content in enumerate(_arrays(rows)):
        factors = random_bits(0, "numbers of rows", place, content.shape[1]) | np.uint64(1)
        step = max(1, BLOCK // max(1, content.shape[1]))
        for begin in range(0, len(rows), step):
            # Adding 0 makes -0 a 0.
            part = np.add(content[begin : begin + step], 0.0, dtype=np.float64, order="C")
            bits = part.view(np.uint64)
            # The low bits of a round number are all 0: its high ones are laid over them.
            bits ^= bits >> HALF
            found[begin : begin + step] += bits @ factors
    return found


def _are_equal(one: Rows, places: Places, other: Rows, others: Places) -> NDArray[np.bool_]:
    """Return which of the rows at these places equal those at the others (places,)."""
    same = np.ones(len(places), dtype=bool)
    for left, right in zip(_arrays(one), _arrays(other), strict=True):
        step = max(1, BLOCK // max(1, left.shape[1]))
        for begin in range(0, len(places), step):
            part = slice(begin, begin + step)
            same[part] &= (left[places[part]] == right[others[part]]).all(axis=1)
    return same


def _bytes_of(rows: Rows, places: Places) -> list[bytes]:
    flat = [np.asarray(one[places], dtype=np.float64) + 0.0 for one in _arrays(rows)]
    return [row.tobytes() for row in np.ascontiguousarray(np.concatenate(flat, axis=1))]
