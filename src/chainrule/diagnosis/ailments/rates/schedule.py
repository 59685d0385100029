"""A schedule that is longer than its training, which ended before the rate had come to its peak."""

from __future__ import annotations

from chainrule.diagnosis.ailments.rates.cut_short import FEW_EPOCHS, longer_ones
from chainrule.diagnosis.ailments.rates.low_rate import MOST_TIMES
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.probes.relative_error import SOMETHING_LEFT
from chainrule.diagnosis.remedies.rate_changes import higher_rate, share_of_peak, whole_schedule
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.wording import share_of

HALF_OF_THE_PEAK = 0.5
# The kind of its sign.
BELOW_ITS_PEAK = "below its peak"


def below_its_peak(examined: Examination) -> list[Sign]:
    """Return the sign of a schedule whose highest rate lies far behind the last epoch."""
    setup, epochs = examined.setup, examined.case.epochs
    reached = share_of_peak(setup, epochs)
    if reached >= HALF_OF_THE_PEAK or not examined.errors.judged > SOMETHING_LEFT:
        return []
    return [
        Sign(
            "highest learning rate, in shares of its schedule's", reached, HALF_OF_THE_PEAK,
            "below",
            f"In {epochs} epochs the learning rate came to {share_of(reached, 'the highest', 0)} "
            "of its schedule: the training ended while it was still warming up.",
            "a schedule whose highest rate lies early in the training",
            "a warm-up is a small part of a training (Goyal and others, arXiv 1706.02677)",
            kind=BELOW_ITS_PEAK,
        )
    ]  # fmt: skip


def to_its_peak(examined: Examination) -> list[Remedy]:
    """Return remedies by which a schedule's highest rate lies within the training.

    No constant rate: that of the first epoch is the lowest. And a training that is as long as its
    schedule may take a hundred times as long, so that it is tried where little was trained, or
    where the schedule is not too long.
    """
    setup = examined.setup
    fitting = whole_schedule(setup)
    reached = max(share_of_peak(setup, examined.case.epochs), 1.0 / MOST_TIMES)
    raised = higher_rate(setup, float(f"{1.0 / reached:.1g}"))
    further = longer_ones(setup)
    if fitting is None:
        return [raised, *further]
    return [fitting, raised, *(further if setup.epochs <= FEW_EPOCHS else [])]
