"""The signs of few rows that make the scale of a column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.missing_numbers import missing_numbers
from chainrule.diagnosis.probes.scale_makers import TIMES, ScaleMakers
from chainrule.diagnosis.remedies.without_makers import numbers_of, told_makers
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.wording import short

INPUTS, TARGET = "numbers of inputs", "numbers of the target"
SOURCE = (
    "the tail of the other rows (Hill, Annals of Statistics 3, 1975), which no such gap belongs to"
)


def told_of(examined: Examination) -> list[ScaleMakers]:
    """Return the columns whose scale few rows make that can be left out.

    Of one input and one target, as remedies scale them, and of rows that have numbers. What may
    stand for missing numbers is filled in instead.
    """
    case = examined.case
    if list(case.first.plan.kinds.values()) != ["float"] or len(case.setup.targets) > 1:
        return []
    if not examined.scale_makers:
        return []
    missing = {(one.place, one.column) for one in missing_numbers(case)}
    found = [
        one
        for one in examined.scale_makers
        if (one.input, one.column) not in missing and _can_be_left_out(case, one)
    ]
    if found and len(case.validation):
        gone = np.unique(np.concatenate([one.places for one in found]))
        if np.count_nonzero(gone >= len(case.training)) == len(case.validation):
            # No row would be left to judge by.
            return []
    return found


def _can_be_left_out(case: Case, makers: ScaleMakers) -> bool:
    """Whether all of these rows have numbers: validation rows that were given apart have none."""
    is_apart = bool(case.setup.provenance.held)
    return not (is_apart and (makers.places >= len(case.training)).any())


def of_makers(examined: Examination) -> list[Sign]:
    """Return a sign for each column whose scale few rows make."""
    case = examined.case
    return [
        Sign(
            "deviation over that of all but a few rows",
            one.times,
            TIMES,
            "above",
            f"Of {_named(case, one)} the deviation is {short(one.times)} times that of all rows "
            f"but {told_makers(case, numbers_of(case, [one]))}, which alone make it: scaled by it, "
            "the others come to about the same.",
            "below 2",
            SOURCE,
            where=_named(case, one),
            kind=TARGET if one.input is None else INPUTS,
        )
        for one in told_of(examined)
    ]


def held_out_alone(examined: Examination) -> NDArray[np.int64]:
    """Return the rows that make scales where all of them were held out, by the provenance's
    numbers; none where one was learned from."""
    case, makers = examined.case, told_of(examined)
    numbers = numbers_of(case, makers) if makers else np.arange(0)
    return numbers[:0] if np.isin(numbers, case.setup.provenance.training).any() else numbers


def _named(case: Case, one: ScaleMakers) -> str:
    if one.input is None:
        return "the target"
    names = case.columns
    return f"column {names[one.column] if one.column < len(names) else one.column}"
