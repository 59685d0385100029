"""Scaling: inputs and targets of numbers with a mean of 0 and a deviation of 1.

Each column by itself, or, where all are in one unit, as pixels are, all of them by one mean and one
deviation: of a pixel that is nearly always empty the deviation says how rare ink is there, and over
it ink would be far out of what all others are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chainrule.data.ranges import Ranges, Scaling
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy, scaled_rows
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.columns import Numbers, by_column
from chainrule.diagnosis.probes.reach import last_activation
from chainrule.diagnosis.probes.units import is_bounded
from chainrule.diagnosis.remedies.as_code import rows_in_code, standardising_lines
from chainrule.training.rows import Rows

BACK = {
    "inputs": "Scale new rows by the same numbers.",
    "target": "Scale predictions back by the same numbers.",
    "inputs and target": "Scale new rows, and predictions back, by the same numbers.",
}


@dataclass(frozen=True)
class Chosen:
    """What is standardised: inputs, the target, or both; ``as_one``: all columns of an input by
    one mean and one deviation.
    """

    inputs: bool = False
    target: bool = False
    as_one: bool = False

    @property
    def what(self) -> str:
        """What is standardised, in words."""
        named = ("inputs", self.inputs), ("target", self.target)
        return " and ".join(name for name, is_chosen in named if is_chosen)

    @property
    def name(self) -> str:
        """The name of its remedy."""
        return f"standardised {self.what}{', all columns as one' if self.as_one else ''}"


def standardising(case: Case, sample: Rows, chosen: Chosen) -> Remedy:
    """Return the remedy that standardises what is chosen. ``sample``: of the training rows."""
    # A run knows how to scale one input and one target: of others people keep the numbers.
    one_each = _is_one_each(case)
    words = (_words if one_each else _words_of_several)(chosen)

    def change(before: Arrangement) -> Arrangement:
        return standardised(case, before, chosen)

    code = _in_code(case, sample, chosen) if one_each else ""
    return Remedy(chosen.name, words, change, code, by_hand=not one_each)


def open_targets(case: Case) -> list[int]:
    """Return the places of the targets of numbers whose outputs nothing bounds."""
    plan, setup = case.first.plan, case.setup
    return [
        place
        for place, one in enumerate(setup.targets)
        if one.task == "regression" and not is_bounded(last_activation(plan, place).op)
    ]


def in_columns(case: Case, rows: Numbers, place: int = 0) -> Numbers:
    """Return an input as (cases, columns); what a convolution over time reads as one column."""
    name = list(case.first.plan.inputs)[place]
    first = next((one.op for one in case.first.plan.steps if name in one.inputs), "")
    if rows.ndim == 3 and first.startswith("convol"):
        return np.asarray(rows, dtype=np.float64).reshape(-1, 1)
    return by_column(rows)


def real_cases(case: Case, rows: Rows, place: int = 0) -> Numbers:
    """Return an input of rows as (cases, columns), without what its mask says is not there.

    What sequences are filled up with is no number of theirs, whatever it is.
    """
    given, mask = rows.inputs[place], _mask_of(case, place)
    if mask is not None:
        given = given[rows.inputs[mask].astype(bool)]
    return in_columns(case, given, place)


def _mask_of(case: Case, place: int) -> int | None:
    """Return the place of the only input of truth values, one for each entry of a sequence."""
    plan = case.first.plan
    shapes, kinds = list(plan.inputs.values()), list(plan.kinds.values())
    if len(shapes[place]) != 2:
        return None
    found = [
        other
        for other, (shape, kind) in enumerate(zip(shapes, kinds, strict=True))
        if kind == "boolean" and shape == shapes[place][:1]
    ]
    return found[0] if len(found) == 1 else None


def standardised(case: Case, before: Arrangement, chosen: Chosen) -> Arrangement:
    """Return an arrangement with means of 0 and deviations of 1, by its training rows.

    One whose rows a remedy has scaled already stays as it is.
    """
    if before.scaling is not None:
        return before
    training = before.training
    if not _is_one_each(case):
        return _each_by_itself(case, before, chosen)
    columns = in_columns(case, training.inputs[0])
    scaling = Scaling(
        _ranges(columns, chosen) if chosen.inputs else Ranges.unchanged(columns.shape[1]),
        Ranges.standardising(by_column(training.targets[0])) if chosen.target else None,
    )
    return replace(
        before,
        training=scaled_rows(training, scaling),
        validation=scaled_rows(before.validation, scaling),
        scaling=scaling,
    )


def _ranges(columns: Numbers, chosen: Chosen) -> Ranges:
    """Return the ranges that bring an input (cases, columns) to a mean of 0, a deviation of 1."""
    if not chosen.as_one:
        return Ranges.standardising(columns)
    one, width = Ranges.standardising(columns.reshape(-1, 1)), columns.shape[1]
    return Ranges(one.low * width, one.high * width)


def _each_by_itself(case: Case, before: Arrangement, chosen: Chosen) -> Arrangement:
    """Return an arrangement of any inputs and targets, those of numbers with a mean of 0 and a
    deviation of 1.

    Its scaling says only that it is scaled: a run can write down that of one input and one target.
    """
    kinds, known = list(case.first.plan.kinds.values()), before.training
    of_inputs = {
        place: _ranges(real_cases(case, known, place), chosen)
        for place, kind in enumerate(kinds)
        if chosen.inputs and kind == "float"
    }
    of_targets = {
        place: Scaling(Ranges.unchanged(1), Ranges.standardising(by_column(known.targets[place])))
        for place in (open_targets(case) if chosen.target else ())
    }

    def scaled(rows: Rows) -> Rows:
        if not len(rows):
            return rows
        given, due = list(rows.inputs), list(rows.targets)
        for place, ranges in of_inputs.items():
            given[place] = ranges.scaled(given[place])
        for place, scaling in of_targets.items():
            due[place] = scaling.scaled_target(due[place])
        return replace(rows, inputs=tuple(given), targets=tuple(due))

    marked = next(iter(of_targets.values()), Scaling(Ranges.unchanged(1)))
    return replace(
        before,
        training=scaled(before.training),
        validation=scaled(before.validation),
        scaling=marked,
    )


# ---- in words, and as code ----


def _is_one_each(case: Case) -> bool:
    """Whether there is one input, of numbers, and one target."""
    return list(case.first.plan.kinds.values()) == ["float"] and len(case.setup.targets) == 1


def _words(chosen: Chosen) -> str:
    if chosen.as_one:
        also = ", and the same with the target and its own" if chosen.target else ""
        how = f"Subtract from X the mean of all its numbers, and divide by their deviation{also}."
    elif not chosen.inputs:
        how = "Subtract from the target its mean, and divide by its standard deviation."
    else:
        also = ", and from the target," if chosen.target else ""
        how = (
            f"Subtract from each column of X{also} its mean, and divide by its standard deviation."
        )
    return f"{how} {BACK[chosen.what]}"


def _words_of_several(chosen: Chosen) -> str:
    if chosen.as_one:
        also = ", and the same with each target and its own" if chosen.target else ""
        how = "Subtract from every input of numbers the mean of all of them, and divide by their "
        return f"{how}deviation{also}. {BACK[chosen.what]}"
    named = ("input", chosen.inputs), ("target", chosen.target)
    what = " and ".join(name for name, is_chosen in named if is_chosen)
    how = f"Subtract from each column of every {what} of numbers its mean, and divide by its "
    return f"{how}standard deviation. {BACK[chosen.what]}"


def _in_code(case: Case, sample: Rows, chosen: Chosen) -> str:
    """Return the lines that standardise X, y or both; nothing where rows have other names."""
    rows = rows_in_code(case)
    if rows is None:
        return ""
    found = []
    if chosen.inputs:
        columns = in_columns(case, sample.inputs[0])
        axes = "" if chosen.as_one else _axes(sample.inputs[0], columns)
        cases = columns.reshape(-1, 1) if chosen.as_one else columns
        found.append(standardising_lines("X", rows, cases, axes))
    if chosen.target:
        columns = by_column(sample.targets[0])
        found.append(standardising_lines("y", rows, columns, _axes(sample.targets[0], columns)))
    return "\n".join(found)


def _axes(rows: Numbers, cases: Numbers) -> str:
    """Return the axes of rows that are no columns of its cases, as arguments of a mean."""
    if rows.ndim > 3:
        return f"axis={(0, *range(2, rows.ndim))}, keepdims=True"
    if rows.ndim == 3:
        return "axis=(0, 1)" if cases.shape[1] == rows.shape[2] else ""
    return "axis=0"
