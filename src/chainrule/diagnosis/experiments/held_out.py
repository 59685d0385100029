"""Rows held out of a training that held out none, so that its experiments have rows to judge by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.cases.parted import parted
from chainrule.diagnosis.experiments.laboratory import Laboratory

# Of fewer rows nothing is held out: what is left of them says little.
LEAST_ROWS = 30


def with_held_out(case: Case) -> tuple[Case, NDArray[np.int64]]:
    """Return the case with rows to judge by, and the numbers of the training rows that it keeps.

    A fifth is held out where none was; such a case is judged by its parameters after the last step,
    as it was trained.
    """
    if len(case.validation) or len(case.training) < LEAST_ROWS:
        return case, np.arange(len(case.training))
    kept, held = parted(len(case.training), case.setup.seed)
    changed = case.arranged(case.arrangement.holding_out(held))
    return replace(changed, setup=replace(changed.setup, keep="last")), kept


def judging_laboratory(laboratory: Laboratory, trainings: int) -> Laboratory:
    """Return a laboratory that judges by rows which were not learned from; itself if it does."""
    case, _ = with_held_out(laboratory.case)
    return laboratory if case is laboratory.case else laboratory.on(case, trainings)
