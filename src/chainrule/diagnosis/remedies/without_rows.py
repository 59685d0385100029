"""Leaving rows out of a training, such as hold a number far outside of their columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.wording import named_rows

# More rows than these are counted.
MOST_NAMED = 5
WITHOUT_EXTREME = "without extreme rows"


def without_rows(case: Case, places: NDArray[np.int64]) -> Remedy:
    """Return the remedy that leaves these training rows out; ``places`` are theirs."""
    whose = "which has" if len(places) == 1 else "which have"
    return Remedy(
        WITHOUT_EXTREME,
        f"Leave out {told_rows(case, places)}, {whose} numbers far outside of their columns. "
        f"Or put them right. {case.how_counted}",
        left_out(case, places),
        left_out=tuple(case.numbers[places].tolist()),
    )


def left_out(case: Case, places: NDArray[np.int64]) -> Callable[[Arrangement], Arrangement]:
    """Return the change that leaves training rows out; the weights of the others keep their mean.

    ``places`` are among the case's training rows. Of an arrangement with other parts held out those
    are left out that it trains on; one of other rows stays as it is.
    """
    known = case.setup.provenance
    gone = known.training[places]

    def change(before: Arrangement) -> Arrangement:
        now = before.setup.provenance
        if not now.same_rows(known):
            return before
        left = np.flatnonzero(~np.isin(now.training, gone))
        return before.keeping(left) if len(left) < len(before.training) else before

    return change


def told_rows(case: Case, places: NDArray[np.int64]) -> str:
    """Return training rows as people count them: "row 7", "rows 3, 8 and 2 more"."""
    return named_rows(case.told(places), MOST_NAMED)
