"""Close looks at a training: those it has left, or of the same made again where it is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.diagnosis.budget import Budget
from chainrule.diagnosis.cases.case import Case
from chainrule.training.carry_out import FAILURES, carry_out
from chainrule.training.origin import Origin
from chainrule.training.recording import Recording
from chainrule.training.stopping import Stopping

# A training that was too short to pay for readings has fewer, and is made again with so many.
FEW, READINGS = 5, 50
# What is made again takes its time once more; nobody waits for less than this.
LONGEST = 1.0  # seconds
# On another machine the first losses differ in their last digits, and so do later ones in more.
FIRST_EPOCHS, SAME = 10, 0.01


def close_looks(case: Case, budget: Budget) -> Sequence[Mapping[str, Any]]:
    """Return the readings of a case, in the form of ``Recording.readings``.

    Those of its recording, unless they are fewer than 5, our own loop made it in under a second
    from its start, and doing so again comes to the same within the time that there is.
    """
    left = case.recording.readings
    known = case.by_our_loop and case.setup.origin == Origin() and case.seconds < LONGEST
    if not known or len(left) >= min(FEW, case.epochs) or not budget.fits(1, case.seconds):
        return left
    # What is read closely takes longer than it did: it ends where the time does.
    setup = replace(
        case.setup,
        epochs=case.epochs,
        stopping=Stopping(max_seconds=budget.left),
        readings=READINGS,
        snapshots=0,
    )
    try:
        with np.errstate(all="ignore"):
            again = carry_out(setup, (case.training, case.validation), progress=False).recording
    except FAILURES:
        return left
    return again.readings if _are_the_same(again, case.recording) else left


def _are_the_same(one: Recording, other: Recording) -> bool:
    """Whether two recordings are of one training: a hook may have changed it, or going on."""
    rates = [list(each.history.get("learning_rate", ())) for each in (one, other)]
    losses = [np.array(each.history.get("loss", ())) for each in (one, other)]
    first = min(FIRST_EPOCHS, *map(len, losses))
    return rates[0] == rates[1] and np.allclose(
        losses[0][:first], losses[1][:first], rtol=SAME, equal_nan=True
    )
