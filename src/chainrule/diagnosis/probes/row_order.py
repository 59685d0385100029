"""The order of the rows as they were given, and targets that stand beside other rows in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.case import Case
from chainrule.training.rows import Rows

Numbers = NDArray[Any]
FURTHEST = 10


def joined(case: Case) -> tuple[Rows, Numbers, Numbers]:
    """Return all rows in the order they were given in, and the places of both parts in it.

    Validation rows that came apart have an order of their own, and are no part of it.
    """
    known, training = case.setup.provenance, case.training
    held = np.array(known.validation, dtype=np.int64)
    together = known.rows == len(training) + len(held) and len(held) == len(case.validation)
    if not len(held) or not together:
        return training, np.arange(len(training)), np.arange(0)
    places = known.training
    order = np.argsort(np.concatenate([places, held]))

    def whole(pairs: tuple[tuple[Numbers, ...], tuple[Numbers, ...]]) -> tuple[Numbers, ...]:
        return tuple(np.concatenate(one)[order] for one in zip(*pairs, strict=True))

    other = case.validation
    rows = Rows(
        whole((training.inputs, other.inputs)),
        whole((training.targets, other.targets)),
        np.ones(known.rows),
        whole((training.time_weights, other.time_weights)),
    )
    return rows, places, held


def orders(count: int) -> dict[str, Numbers]:
    """Return in words -> which row's target stands beside each row, of orders that happen."""
    every = np.arange(count)
    found = {"in reverse order": every[::-1].copy()}
    for places in range(1, min(FURTHEST, count // 4) + 1):
        said = "1 row" if places == 1 else f"{places} rows"
        found[f"{said} further up"] = np.roll(every, places)
        found[f"{said} further down"] = np.roll(every, -places)
    return found


def realigned(case: Case, order: Numbers) -> Case:
    """Return the case with the target of row ``order[i]`` beside row i, in both parts."""
    rows, places, held = joined(case)
    targets = tuple(one[order] for one in rows.targets)
    training = replace(case.training, targets=tuple(one[places] for one in targets))
    validation = case.validation
    if len(held):
        validation = replace(validation, targets=tuple(one[held] for one in targets))
    return replace(case, training=training, validation=validation)
