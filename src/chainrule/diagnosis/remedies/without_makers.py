"""Leaving out the few rows that make the scale of a column, and scaling that column anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ranges import Ranges, Scaling
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy, scaled_rows
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.columns import Numbers, by_column
from chainrule.diagnosis.probes.scale_makers import ScaleMakers
from chainrule.diagnosis.remedies.scaling import Chosen, in_columns, open_targets
from chainrule.diagnosis.wording import named_rows
from chainrule.training.rows import Rows

WITHOUT_MAKERS = "without rows that make a scale"
# A loss of targets from 0, which are no numbers about 0.
COUNTS = "poisson"
# More rows than these are counted.
MOST_NAMED = 20


def numbers_of(case: Case, makers: Sequence[ScaleMakers]) -> NDArray[np.int64]:
    """Return the rows that make scales, rising, as the setup's provenance counts them.

    Validation rows that were given apart have no numbers there, and are not among them.
    """
    known = case.setup.provenance
    numbers = known.training
    if not known.held:
        numbers = np.concatenate((numbers, np.array(known.validation, dtype=np.int64)))
    places = np.unique(np.concatenate([one.places for one in makers]))
    return np.sort(numbers[places[places < len(numbers)]])


def told_makers(case: Case, numbers: NDArray[np.int64]) -> str:
    """Return rows as people count them: those of a table from 1, those of X from 0."""
    return named_rows(case.told_numbers(numbers), MOST_NAMED)


def without_makers(case: Case, makers: Sequence[ScaleMakers], also: Chosen | None = None) -> Remedy:
    """Return the remedy that leaves these rows out, held out or not, and scales their columns.

    The others keep the scale that they have, but for what is scaled ``also``. A table is scaled
    anew as it is read again; where predictions would have to be scaled back twice, it is for people
    to do.
    """
    gone = numbers_of(case, makers)
    is_table = _is_read_again(case)
    whose = "which has" if len(gone) == 1 else "which have"
    them = "it" if len(gone) == 1 else "them"
    words = (
        f"Leave out {told_makers(case, gone)}, {whose} numbers far outside of their columns, or "
        f"put {them} right"
    )
    if not is_table and (_can_be_scaled(case) or any(one.input is not None for one in makers)):
        more = f"the {also.what}" if also is not None else "the columns that they are in"
        words += f", and then give {more} a mean of 0 and a deviation of 1"
    numbered = gone if case.of_table is None else case.of_table[gone]
    return Remedy(
        WITHOUT_MAKERS,
        f"{words}. {case.how_counted}",
        lambda before: _changed(case, before, gone, partial(_anew, case, makers, also), is_table),
        by_hand=case.scaled and not is_table,
        left_out=tuple(numbered.tolist()),
    )


def _is_read_again(case: Case) -> bool:
    """Whether the case is a fold of a run on a table, which a fix trains again as a whole."""
    return case.notes.get("stage") == "all" and bool(len(case.validation))


def _changed(
    case: Case,
    before: Arrangement,
    gone: NDArray[np.int64],
    scaling_of: Callable[[Rows], Scaling],
    is_table: bool,
) -> Arrangement:
    now = before.setup.provenance
    if not now.same_rows(case.setup.provenance):
        return before
    left = before.without(gone)
    if before.scaling is not None:
        return left
    scaling = scaling_of(left.training)
    scaled = replace(
        left,
        training=scaled_rows(left.training, scaling),
        validation=scaled_rows(left.validation, scaling),
    )
    return scaled if is_table else replace(scaled, scaling=scaling)


def _anew(case: Case, makers: Sequence[ScaleMakers], also: Chosen | None, rows: Rows) -> Scaling:
    """Return the scaling of one input and one target that standardises these columns alone."""
    inputs = [one.column for one in makers if one.input is not None]
    target = [one.column for one in makers if one.input is None and _can_be_scaled(case)]
    of_inputs, of_target = in_columns(case, rows.inputs[0]), by_column(rows.targets[0])
    if also is not None and also.inputs:
        inputs = list(range(of_inputs.shape[1]))
    if also is not None and also.target:
        target = list(range(of_target.shape[1]))
    return Scaling(_of(of_inputs, inputs), _of(of_target, target) if target else None)


def _can_be_scaled(case: Case) -> bool:
    """Whether a target may get a mean of 0: no bounded output, and no loss of counts."""
    return bool(open_targets(case)) and case.setup.losses[0].name != COUNTS


def _of(cases: Numbers, columns: Sequence[int]) -> Ranges:
    every, found = Ranges.standardising(cases), Ranges.unchanged(cases.shape[1])
    low, high = list(found.low), list(found.high)
    for one in columns:
        low[one], high[one] = every.low[one], every.high[one]
    return Ranges(tuple(low), tuple(high))
