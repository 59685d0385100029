"""The order of the rows as they were given, and targets that stand beside other rows in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case
from chainrule.training.rows import Rows

Numbers = NDArray[Any]
FURTHEST = 10
REVERSED = "in reverse order"


@dataclass(frozen=True, eq=False)
class InOrder:
    """All rows of a case in the order they were given in: their targets, and inputs on request.

    ``training`` and ``held`` are the places of both parts in it, ``order`` where each row stands
    among the rows of both, one part behind the other. Inputs are many, and few are looked at.
    """

    case: Case
    order: Numbers
    training: Numbers
    held: Numbers

    def __len__(self) -> int:
        return len(self.order)

    @property
    def targets(self) -> tuple[Numbers, ...]:
        """The targets of all rows."""
        pairs = zip(self.case.training.targets, self.case.validation.targets, strict=True)
        return tuple(self._whole(*one)[self.order] for one in pairs)

    def rows(self) -> Rows:
        """Return all of them, which weigh the same."""
        if not len(self.held):
            return self.case.training
        training, held = self.case.training, self.case.validation
        times = zip(training.time_weights, held.time_weights, strict=True)
        return Rows(
            self.inputs_at(np.arange(len(self))),
            self.targets,
            np.ones(len(self)),
            tuple(np.concatenate(one)[self.order] for one in times),
        )

    def inputs_at(self, places: Numbers) -> tuple[Numbers, ...]:
        """Return the inputs of the rows at some places."""
        first = len(self.case.training)
        chosen = self.order[places]
        of_training, of_held = np.flatnonzero(chosen < first), np.flatnonzero(chosen >= first)
        found = []
        for one, other in zip(self.case.training.inputs, self.case.validation.inputs, strict=True):
            content = np.empty((len(chosen), *one.shape[1:]), dtype=one.dtype)
            content[of_training] = one[chosen[of_training]]
            content[of_held] = other[chosen[of_held] - first]
            found.append(content)
        return tuple(found)

    def _whole(self, one: Numbers, other: Numbers) -> Numbers:
        return np.concatenate([one, other]) if len(self.held) else one


def joined(case: Case) -> InOrder:
    """Return all rows in the order they were given in.

    Validation rows that came apart have an order of their own, and are no part of it.
    """
    known, training = case.setup.provenance, case.training
    held = np.array(known.validation, dtype=np.int64)
    together = known.training_rows == len(training) and len(held) == len(case.validation)
    if not len(held) or not together:
        every = np.arange(len(training))
        return InOrder(case, every, every, np.arange(0))
    # Rows that had no part in it leave no gap.
    order = np.argsort(np.concatenate([known.training, held]))
    places = np.argsort(order)
    return InOrder(case, order, places[: len(training)], places[len(training) :])


def orders(count: int) -> dict[str, Numbers]:
    """Return in words -> which row's target is put beside each row, of orders that happen.

    The words say where the targets go: row ``i`` gets the target of row ``i + 1`` where
    they are "moved up by 1 row", as ``np.roll(y, -1)`` does.
    """
    every = np.arange(count)
    found = {REVERSED: every[::-1].copy()}
    for places in range(1, min(FURTHEST, count // 4) + 1):
        said = "1 row" if places == 1 else f"{places} rows"
        found[f"moved down by {said}"] = np.roll(every, places)
        found[f"moved up by {said}"] = np.roll(every, -places)
    return found


def realigned(case: Case, order: Numbers) -> Case:
    """Return the case with the target of row ``order[i]`` beside row i, in both parts."""
    rows = joined(case)
    targets = tuple(one[order] for one in rows.targets)
    training = replace(case.training, targets=tuple(one[rows.training] for one in targets))
    validation = case.validation
    if len(rows.held):
        validation = replace(validation, targets=tuple(one[rows.held] for one in targets))
    return replace(case, training=training, validation=validation)
