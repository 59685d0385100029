"""Rows that make a scale: few of them, so far out that a column's deviation says where they lie.

Scaled by such a deviation, the numbers of all other rows come to about the same. Long tails are
none of it: how far out a row may lie follows from how fast the tail of the others falls off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.columns import Numbers, measured
from chainrule.diagnosis.probes.extreme_rows import MOST

# A deviation so many times that of the other rows: as columns are told to be in units apart.
TIMES = 10.0
# Fewer rows have no tail to be known. Of the others that of a tenth is, of ten rows at least.
FEWEST, TAIL, LEAST_TAIL = 30, 0.1, 10
# How probable such a gap may be, over all columns and all numbers of rows behind it.
LEVEL = 1e-4
# No tail is held to fall off faster: numbers that are rounded seem to have none.
SHORTEST = 0.1
# Rows that tell how far apart the numbers of a column lie.
SAMPLE = 2000


@dataclass(frozen=True, eq=False)
class ScaleMakers:
    """The rows that make the scale of a column: ``places`` (rows,), rising.

    ``input``: the place of the input that has the column, None for a target; ``column``: its place
    there. ``times``: the deviation of all rows over that of the others. ``largest``: the number
    that lies furthest out.
    """

    places: NDArray[np.int64]
    input: int | None
    column: int
    times: float
    largest: float


def scale_makers(case: Case) -> list[ScaleMakers]:
    """Return the columns whose scale few rows make; places count training and validation rows.

    Columns are those of inputs (rows, columns) and of targets of numbers, sequences left out.
    """
    plan, parts = case.setup.network.plan, (case.training, case.validation)
    found = []
    for place, kind in enumerate(plan.kinds[name] for name in plan.inputs):
        if kind == "float" and case.training.inputs[place].ndim == 2:
            found += makers_in_columns([one.inputs[place] for one in parts], place)
    for place, target in enumerate(case.setup.targets):
        if target.task == "regression" and not target.over_time:
            found += makers_in_columns([_wide(one.targets[place]) for one in parts], None)
    return found


def _wide(target: NDArray[Any]) -> NDArray[Any]:
    return target.reshape(len(target), -1 if len(target) else 1)


def makers_in_columns(parts: Sequence[NDArray[Any]], place: int | None) -> list[ScaleMakers]:
    """Return the columns of parts of rows, each (rows, columns), whose scale few rows make."""
    parts = [one for one in parts if len(one)]
    if sum(map(len, parts)) < FEWEST:
        return []
    found, columns = [], parts[0].shape[1]
    for column in _may_have(parts).tolist():
        numbers = np.concatenate([one[:, column] for one in parts]).astype(np.float64)
        makers = _of_column(numbers, place, column, columns)
        found += [makers] if makers is not None else []
    return found


def _may_have(parts: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return the columns of parts in which few numbers may make nearly all of the spread.

    The squares of few are then nearly all of the sum, so that the largest is a share of it at
    least, whether or not a sample of the rows has some of them.
    """
    low = np.min([one.min(axis=0) for one in parts], axis=0).astype(np.float64)
    high = np.max([one.max(axis=0) for one in parts], axis=0).astype(np.float64)
    step = max(1, sum(map(len, parts)) // SAMPLE)
    some = np.concatenate([one[::step] for one in parts]).astype(np.float64)
    with np.errstate(all="ignore"):
        mean, spread = some.mean(axis=0), some.std(axis=0)
        share = (1.0 - 1.0 / TIMES**2) / MOST
        # Half of that: a mean moves as well when the rows are left out.
        largest = np.maximum(high - mean, mean - low)
        return np.flatnonzero(2.0 * largest**2 > share * spread**2)


def _of_column(
    numbers: Numbers, place: int | None, column: int, columns: int
) -> ScaleMakers | None:
    if not measured(numbers[:, None])[0]:
        return None
    count = len(numbers)
    distances = np.abs(numbers - np.median(numbers))
    order = np.argsort(distances, kind="stable")
    behind = _behind_the_gap(distances[order], columns)
    if not behind:
        return None
    places, left = order[count - behind :], numbers[order[: count - behind]]
    # The deviation of numbers near the end of float64 is no number.
    with np.errstate(all="ignore"):
        times = float(numbers.std() / left.std())
    if not times > TIMES or not measured(left[:, None])[0]:
        return None
    return ScaleMakers(np.sort(places), place, column, times, float(numbers[order[-1]]))


def _behind_the_gap(rising: Numbers, columns: int) -> int:
    """Return how many of the distances (rows,), rising, lie behind the gap that is least probable.

    0 where it may be one of a tail as long as that of the others. In a tail that falls off by a
    power the logarithms of neighbours differ by Exp(1) over their rank, times the tail's index, and
    independently (Renyi, Acta Math. Hung. 4, 1953); the mean of those further in is the index
    (Hill, Annals of Statistics 3, 1975). So the quotient of both has an F distribution.
    """
    count = len(rising)
    if not rising[count // 2] > 0.0:
        return 0
    logs = np.log(np.maximum(rising, np.finfo(np.float64).tiny))
    sums = np.concatenate(([0.0], np.cumsum(logs)))
    behind = np.arange(1, max(1, int(MOST * count)) + 1)
    ends = count - behind
    tails = np.minimum(np.maximum(LEAST_TAIL, (TAIL * ends).astype(np.int64)), ends - 1)
    begins = ends - tails
    # Those behind the gap count as lying at its near end.
    tail = sums[ends] - sums[begins] + behind * logs[ends - 1]
    index = tail / tails - (1.0 + behind / tails) * logs[begins - 1]
    gaps = behind * (logs[ends] - logs[ends - 1])
    chances = chance_of(gaps / np.maximum(index, SHORTEST), tails)
    best = int(chances.argmin())
    return int(behind[best]) if chances[best] < LEVEL / (columns * len(behind)) else 0


def chance_of(quotients: Numbers, tails: NDArray[np.int64]) -> Numbers:
    """Return how probable quotients as large are: of F with 2 and 2 ``tails`` degrees."""
    return np.asarray((1.0 + quotients / tails) ** -tails.astype(np.float64))
