"""A training of an experiment, and what it came to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.probes.relative_error import MOST_LOOKED_AT, WORST, Errors, errors_of
from chainrule.training.carry_out import FAILURES, carry_out
from chainrule.training.rows import Rows
from chainrule.training.run import Run

Judge = Callable[["Trained"], float]


@dataclass(frozen=True, eq=False)
class Trained:
    """What one training came to: errors of the network that was kept, and after the last step."""

    kept: Errors
    last: Errors
    run: Run | None

    @property
    def judged(self) -> float:
        """The error on rows that were not learned from, where there are any."""
        return self.kept.judged


FAILED = Trained(Errors(WORST, WORST), Errors(WORST, WORST), None)


def error_of_kept(one: Trained) -> float:
    """Return the error of the network that was kept, on rows not learned from if there are any."""
    return one.kept.judged


def after_last(one: Trained) -> float:
    """Return the error after the last step, on rows not learned from if there are any."""
    return one.last.judged


# Trainings run in threads of their own, each with its own way of taking what overflows.
@np.errstate(all="ignore")
def outcome(
    arrangement: Arrangement, weighed: Rows | None = None, most: int = MOST_LOOKED_AT
) -> Trained:
    """Train an arrangement as it is and return what came of it; what fails has the worst error.

    ``most``: of so many rows of each kind are its errors. ``weighed``: rows whose classes weigh as
    they are to count in its errors, else its own. So what is compared is measured alike where a
    remedy weighs classes.
    """
    setup, rows = arrangement.setup, (arrangement.training, arrangement.validation)
    try:
        run = carry_out(setup, rows, progress=False)
    except FAILURES:
        return FAILED
    kept = errors_of(run.network, setup, *rows, most, weighed)
    last = _last_parameters(run)
    sound = all(np.isfinite(one).all() for one in last.values())
    carried = {**run.network.parameters, **run.network.state}
    kept_last = all(np.array_equal(one, carried[name]) for name, one in last.items())
    if sound and kept_last:
        after = kept
    else:
        ended = run.network.with_parameters(last)
        after = errors_of(ended, setup, *rows, most, weighed) if sound else FAILED.last
    return Trained(kept, after if math.isfinite(after.training) else FAILED.last, run)


def as_it_ended(one: Trained) -> Trained:
    """Return the training with the parameters of its last step for those that are kept."""
    if one.run is None:
        return one
    network = one.run.network.with_parameters(_last_parameters(one.run))
    run = replace(one.run, setup=replace(one.run.setup, keep="last"), network=network)
    return Trained(one.last, one.last, run)


def _last_parameters(run: Run) -> dict[str, NDArray[Any]]:
    layout = run.setup.objective().carried
    return {**run.network.parameters, **layout.named_arrays(run.state.parameters)}
