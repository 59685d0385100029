"""The rows of a case that count: those of the weight 0 are left out before anything is looked at.

Nothing is learned from them, and their targets may be any finite number: what is not known, or is
known to be wrong. A class all of whose rows weigh 0 stays, for that is a choice that may be a
mistake. So do all rows where a training broke down: 0 times infinity is NaN.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.data.decisions import counted
from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.cases.case import Case
from chainrule.training.rows import Rows
from chainrule.training.setup import Setup
from chainrule.training.stopping import has_overflowed


def of_rows_that_count(case: Case) -> Case:
    """Return the case without its rows of the weight 0, which its setup then has as left out.

    The numbers of the others stay those in X.
    """
    if not case.ended_sound or has_overflowed(case.ended):
        return case
    learned = _places(case.setup, case.training)
    judged = np.flatnonzero(case.validation.weights > 0.0)
    if len(learned) < len(case.training):
        share = len(learned) / len(case.training)
        case = case.arranged(_in_smaller_batches(case.arrangement.keeping(learned), share))
    if len(judged) < len(case.validation):
        case = case.arranged(case.arrangement.judged_by(judged))
    return case


def _in_smaller_batches(left: Arrangement, share: float) -> Arrangement:
    """Return an arrangement of a share of the rows that makes as many steps as all of them did.

    With that share of the rows in a batch, its mean is over about as many that count.
    """
    batch = max(1, round(share * left.setup.batch_size))
    return replace(left, setup=replace(left.setup, batch_size=batch))


def left_out_said(given: Case, left: Case) -> tuple[str, ...]:
    """Return what is to be said of the rows that were left out; nothing where there are none."""
    before, after = (len(one.training) + len(one.validation) for one in (given, left))
    gone = before - after
    if not gone:
        return ()
    return (f"{counted(gone, 'row')} of the weight 0 {'was' if gone == 1 else 'were'} left out.",)


def _places(setup: Setup, rows: Rows) -> NDArray[np.int64]:
    """Return the places of the rows that count, or whose class has none that does."""
    count = rows.weights > 0.0
    target = setup.targets[0]
    if len(setup.targets) == 1 and target.task == "classification" and not target.over_time:
        labels = rows.targets[0].reshape(-1).astype(np.int64)
        count |= (np.bincount(labels, weights=rows.weights, minlength=target.width) == 0.0)[labels]
    return np.flatnonzero(count)
