"""Outputs apart: one of several that is no better than a constant, which their mean hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.chance import probability_above_zero
from chainrule.diagnosis.probes.relative_error import (
    MOST_LOOKED_AT,
    NOTHING_LEARNED,
    every_so_many,
    outputs_apart,
)

# How probable it may be by the luck of the rows, of the worst of all, that as much is left of one
# of which more is known.
CERTAIN = 0.05


@dataclass(frozen=True)
class OneOutput:
    """A target of several, or a column of one, and the error there on the rows that judge.

    ``column`` is None where the target has no others.
    """

    place: int
    column: int | None
    words: str
    error: float


def no_better_than_constants(case: Case) -> list[OneOutput]:
    """Return where nothing is learned on the validation rows, the worst first.

    None where there is one column alone, or over time, where times of a row are alike. That so much
    is left could be luck, above all of the worst of many: what is told is further above
    ``NOTHING_LEARNED`` than chance allows, row by row beside the constant, at a level that is
    divided by how many there are (Bonferroni). A column that hardly varies beside others is not
    asked.
    """
    setup = case.setup
    if any(one.over_time for one in setup.targets) or len(case.validation) < 2:
        return []
    training, held = (
        every_so_many(rows, MOST_LOOKED_AT) for rows in (case.training, case.validation)
    )
    apart = outputs_apart(case.network, setup, held, training)
    asked = [
        (place, column)
        for place, one in enumerate(apart)
        for column in np.flatnonzero(one.counts >= 1.0).tolist()
    ]
    if len(asked) < 2:
        return []
    found = []
    for place, column in asked:
        errors, constant = apart[place].errors[:, column], apart[place].constant[:, column]
        error = float(errors.mean())
        luck = probability_above_zero(errors - NOTHING_LEARNED * constant)
        if luck * len(asked) <= CERTAIN:
            alone = apart[place].errors.shape[1] == 1
            named = None if alone else column
            found.append(OneOutput(place, named, _words(setup.targets, place, named), error))
    return sorted(found, key=lambda one: -one.error)


def _words(targets: Sequence[object], place: int, column: int | None) -> str:
    target = f"target {place + 1}" if len(targets) > 1 else "the target"
    return target if column is None else f"column {column} (from 0) of {target}"
