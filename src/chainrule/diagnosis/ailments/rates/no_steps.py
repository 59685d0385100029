"""A loop that makes no steps: its parameters are bit for bit those of the start."""

from __future__ import annotations

from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.without_steps import counted_epochs
from chainrule.diagnosis.remedies.rate_changes import has_rate
from chainrule.diagnosis.sign import Sign


def unmoved(examined: Examination) -> list[Sign]:
    """Return the sign of a training in which nothing has moved, though a step could move it."""
    if not _could_move(examined):
        return []
    return [
        Sign(
            "parameters that have changed", 0.0, 1.0, "below",
            f"No weight has changed in {counted_epochs(examined.case)}.",
            "all that are trained", "a step that is made changes what it is made from",
            is_failure=True,
        )
    ]  # fmt: skip


def _could_move(examined: Examination) -> bool:
    """Whether a step along the gradient changes anything.

    Where units are dead none arrives, and a search that stands in its minimum takes no step.
    """
    case = examined.case
    if case.by_our_loop and not has_rate(case.setup):
        return False
    trained = case.setup.objective().trained.parameters
    return any(examined.at_last.gradient_size(one.name) > 0.0 for one in trained)
