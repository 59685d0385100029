"""A look: it finds what is doubtful of one kind, or says why it was left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.checks.concern import Concern
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.passes import FEWEST_ROWS, rows_within, seconds_of_pass
from chainrule.training.search_loop import loop_of

# What the network is asked for may take so long.
SECONDS, PASS_SECONDS = 0.8, 0.08


# Looks at what the network makes of the sample, which are left out where a pass takes too long.
OF_A_PASS = ("the loss at the start", "output", "start")
# So many rows tell what those of the smallest sample will take.
TRIAL_ROWS = 4


class LeftOutError(Exception):
    """A look that was not taken, and why."""


Look = Callable[[Examination, Arrangement], list[Concern]]


@dataclass(frozen=True)
class Looked:
    """What looks came to: concerns, the names of those taken, and name -> why of those left out.

    ``rows``: on how many training rows the network was run, 0 where it was not.
    """

    concerns: tuple[Concern, ...]
    checked: tuple[str, ...]
    left_out: Mapping[str, str]
    rows: int


@np.errstate(all="ignore")
def look(case: Case, looks: Mapping[str, Look]) -> Looked:
    """Take looks at a case of no epochs until the time is over.

    Raises SetupError and DataError for what is refused only when the first step is made. Time is
    that of the thread, for other programs may hold it up.
    """
    began = time.thread_time()
    # What cannot be stepped is refused here as there, and no look at it says anything.
    loop_of(case.setup, case.training, case.validation)
    a_pass: float | None = None
    examined = Examination(case, most=rows_within(case))
    found: list[Concern] = []
    checked, left_out = [], {}
    for name, one in looks.items():
        used = time.thread_time() - began
        if name in OF_A_PASS and used < SECONDS:
            # Long sequences take a second for a few rows: what asks for no pass goes before.
            a_pass = _seconds_of_a_pass(case) if a_pass is None else a_pass
            used = time.thread_time() - began
            if used + a_pass > SECONDS:
                left_out[name] = f"a pass through the network takes {a_pass:.1f} s"
                continue
        if used > SECONDS:
            left_out[name] = f"the others took {used:.1f} s"
            continue
        try:
            # What overflows is a concern of its own, and no warning beside it.
            with np.errstate(all="ignore"):
                found += one(examined, case.arrangement)
            checked.append(name)
        except LeftOutError as reason:
            left_out[name] = str(reason)
    found.sort(key=lambda one: not one.is_error)
    rows = len(examined.sample) if {*OF_A_PASS} & {*checked} else 0
    return Looked(tuple(found), tuple(checked), left_out, rows)


def _seconds_of_a_pass(case: Case) -> float:
    """Return about how long a pass over the smallest sample takes."""
    few = min(TRIAL_ROWS, len(case.training))
    taken = seconds_of_pass(case, few)
    if few * PASS_SECONDS < taken * FEWEST_ROWS and taken < SECONDS:
        # The first of all passes loads what all need.
        taken = min(taken, seconds_of_pass(case, few))
    return taken * FEWEST_ROWS / few
