"""Looks at validation rows beside training rows: numbers that were prepared in another way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.checks.concern import Concern
from chainrule.diagnosis.checks.look import LeftOutError
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.columns import Numbers, by_column, measured
from chainrule.diagnosis.probes.relative_error import every_so_many
from chainrule.training.rows import Rows

# Fewer rows have no quartiles; of so many the middle and the quartiles are known well enough.
FEWEST, MOST = 8, 1000
# Choices: rows that are split by time lie up to about 7 deviations apart where they grow by a
# constant rate, and those of a short time vary a tenth as much as all before them.
FAR, WIDER, NARROWER = 10.0, 10.0, 1.0 / 30.0
# Of a normal distribution, the distance of its quartiles, and the standard error of its median.
QUARTILES, OF_MEDIAN = 1.349, 1.2533
# So many standard errors are no luck, of thousands of columns either.
ERRORS = 5.0
SAME_FOR_BOTH = (
    "Prepare both in the same way: scale validation rows by the mean and the deviation of the "
    "training rows, and give targets in the same unit."
)


@dataclass(frozen=True)
class _Apart:
    """A column by how many times it is beyond what is usual, and in words."""

    times: float
    words: str


def other_parts(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for columns that lie elsewhere in the validation rows, or vary otherwise.

    By medians and quartiles, which few large numbers do not move. Raises LeftOutError where too few
    rows were held out.
    """
    training, held = arrangement.training, arrangement.validation
    if not len(held):
        return []
    if min(len(held), len(training)) < FEWEST:
        raise LeftOutError(f"of fewer than {FEWEST} rows there are no quartiles")
    parts = every_so_many(training, MOST), every_so_many(held, MOST)
    found = [one for what in _named(examined, *parts) for one in _apart(*what)]
    if not found:
        return []
    worst = max(found, key=lambda one: one.times)
    others = len(found) - 1
    more = f", and so do {others:,} more columns" if others > 1 else ""
    more = ", and so does 1 more column" if others == 1 else more
    return [
        Concern(
            "validation rows unlike training rows",
            f"In the validation rows {worst.words}{more}.",
            SAME_FOR_BOTH,
            worst.times,
            1.0,
        )
    ]


def _named(
    examined: Examination, training: Rows, held: Rows
) -> list[tuple[list[str], Numbers, Numbers]]:
    """Return names of columns, and the columns of both parts, of inputs and targets of numbers."""
    found = []
    plan, names = examined.case.first.plan, examined.case.columns
    kinds = list(plan.kinds.items())
    for place, (name, kind) in enumerate(kinds):
        if kind == "float":
            of_one = "X" if len(kinds) == 1 else f"the input {name}"
            pair = (by_column(one.inputs[place]) for one in (training, held))
            found.append(_with_names(of_one, names, *pair))
    for place, target in enumerate(examined.setup.targets):
        if target.task == "regression" and not target.over_time:
            several = len(examined.setup.targets) > 1
            of_one = f"target {place + 1}" if several else "the target"
            pair = (by_column(one.targets[place]) for one in (training, held))
            found.append(_with_names(of_one, (), *pair))
    return found


def _with_names(
    what: str, names: tuple[str, ...], training: Numbers, held: Numbers
) -> tuple[list[str], Numbers, Numbers]:
    count = training.shape[1]
    if len(names) == count:
        return [f"column {one!r}" for one in names], training, held
    if count == 1 and what != "X":
        return [what], training, held
    return [f"column {place} of {what}" for place in range(count)], training, held


def _apart(names: list[str], training: Numbers, held: Numbers) -> list[_Apart]:
    told = np.flatnonzero(measured(training) & measured(held))
    middle, spread = _middle_and_spread(training)
    other, width = _middle_and_spread(held)
    error = ERRORS * OF_MEDIAN * width / math.sqrt(len(held))
    found = []
    for place in told.tolist():
        if not min(spread[place], width[place]) > 0.0:
            continue
        ratio = float(width[place] / spread[place])
        away = abs(float(other[place] - middle[place]))
        far = (away - float(error[place])) / float(spread[place]) / FAR
        if far > 1.0:
            words = f"{names[place]} lies {away / spread[place]:.3g} deviations of the training "
            found.append(_Apart(far, f"{words}rows away from theirs"))
        elif ratio > WIDER or ratio < NARROWER:
            words = f"{names[place]} varies {ratio:.3g} times as much as in the training rows"
            found.append(_Apart(max(ratio / WIDER, NARROWER / ratio), words))
    return found


def _middle_and_spread(cases: Numbers) -> tuple[Numbers, Numbers]:
    """Return the median and the deviation of each column, by its quartiles."""
    low, middle, high = np.quantile(cases, (0.25, 0.5, 0.75), axis=0)
    return middle, (high - low) / QUARTILES
