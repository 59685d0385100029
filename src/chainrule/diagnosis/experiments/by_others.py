"""Judged by other rows than those that a remedy leaves out, so that both groups have the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.experiments.trained import Judge, Trained
from chainrule.diagnosis.probes.relative_error import errors_of


def by_others(gone: Iterable[int]) -> Judge:
    """Return the judge by all rows but these, which the provenance counts.

    By those that were not learned from, where there are any.
    """
    left_out = np.array(sorted(gone), dtype=np.int64)

    def others(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.flatnonzero(~np.isin(numbers, left_out))

    def judge(one: Trained) -> float:
        run = one.run
        if run is None or run.rows is None:
            return one.judged
        training, validation = run.rows
        known = run.setup.provenance
        training = training.part(others(known.training))
        if known.validation:
            held = np.array(known.validation, dtype=np.int64)
            validation = validation.part(others(held))
        return errors_of(run.network, run.setup, training, validation).judged

    return judge
