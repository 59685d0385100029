"""Extreme rows: those with a number far outside of where its column lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case

# In medians of the distances from the median. In a normal column one of 1e10 numbers is beyond 10;
# long tails reach further, and what is a hundred times further than half of the rows is none.
FAR = 100.0
# More rows than that are no exceptions.
MOST = 0.02
# Medians of so many rows are those of all within a few hundredths of the distance. All rows are
# then compared with them, in blocks that stay in a cache.
MEDIANS_OF, BLOCK = 5000, 1 << 17


def extreme_rows(case: Case) -> NDArray[np.int64]:
    """Return the places of the training rows that are extreme; none where they are many.

    A row is extreme by any column of its inputs and targets of numbers, tokens and classes left
    out.
    """
    plan, rows = case.setup.network.plan, case.training
    kinds = [plan.kinds[name] == "float" for name in plan.inputs]
    kinds += [one.task == "regression" for one in case.setup.targets]
    found = np.zeros(len(rows), dtype=bool)
    for is_float, content in zip(kinds, (*rows.inputs, *rows.targets), strict=True):
        if is_float:
            found |= _far(content.reshape(len(content), -1))
    places = np.flatnonzero(found)
    return places if 0 < len(places) <= max(1, MOST * len(rows)) else places[:0]


def _far(columns: NDArray[Any]) -> NDArray[np.bool_]:
    some = columns[:: max(1, len(columns) // MEDIANS_OF)].astype(np.float64)
    middle = np.median(some, axis=0)
    usual = np.median(np.abs(some - middle), axis=0)
    # Where most rows are alike, as in a column of zeros, there is no usual distance.
    known = usual > 0.0
    found = np.zeros(len(columns), dtype=bool)
    step = max(1, BLOCK // max(1, columns.shape[1]))
    for begin in range(0, len(columns), step):
        part = columns[begin : begin + step, known].astype(np.float64)
        found[begin : begin + step] = (np.abs(part - middle[known]) > FAR * usual[known]).any(
            axis=1
        )
    return found
