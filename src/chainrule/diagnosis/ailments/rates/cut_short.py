"""A training that ended before it was through: a loss that still fell, or gains to the last."""

from __future__ import annotations

import math

from chainrule.diagnosis.ailments import saturation
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.rule import LEAST_GAIN
from chainrule.diagnosis.experiments.without_steps import counted_epochs
from chainrule.diagnosis.probes.course import AT_REST, EPOCHS_THAT_TELL, IN_THE_MIDST
from chainrule.diagnosis.probes.relative_error import SOMETHING_LEFT
from chainrule.diagnosis.remedies.rate_changes import longer
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.diagnosis.wording import OF_A_CONSTANT, share_of
from chainrule.training.setup import Setup

# A run whose error is above this has less than half of all the skill there is.
HALF = 0.5
# Of what is in the midst of its fall: then a fifth of the constant's error is enough to win.
A_FIFTH = 0.2
TWO_THIRDS = 2.0 / 3.0
LONGER, MUCH_LONGER, FEW_EPOCHS = 4, 16, 5
# Kinds of signs.
STILL_FALLS, CUT_OFF = "still falls", "cut off"


def still_falling(examined: Examination) -> list[Sign]:
    """Return the sign of a loss that falls to the end, far from what could be reached."""
    course, start = examined.course, examined.at_first.loss
    error, learned = examined.errors.judged, examined.last_errors.training
    # What is known by heart cannot be learned faster, or for longer.
    if not (learned > SOMETHING_LEFT and math.isfinite(start)):
        return []
    fall = course.relative_fall_at_end(start)
    least = AT_REST if error > HALF else IN_THE_MIDST
    if not fall > least or not (error > HALF or learned > A_FIFTH):
        return []
    if _is_saturated(examined):
        return []
    return [
        Sign(
            "fall of the loss over the last third", fall, least, "above",
            "The loss still falls when the training ends, over its last third by "
            f"{fall:.1%} of what it ends at, and "
            f"{share_of(error, OF_A_CONSTANT, 0)} is left.",
            "a loss that has come to rest, within its noise",
            "twice the standard error of the loss between epochs is taken off the fall",
            curve=shortened((start, *course.losses)), curve_of="training loss over epochs",
            kind=STILL_FALLS,
        )
    ]  # fmt: skip


def _is_saturated(examined: Examination) -> bool:
    """Whether a gradient that vanishes makes learning slow, which longer training only hides."""
    return examined.errors.judged <= HALF and bool(examined.shown(saturation.signs))


def hardly_begun(examined: Examination) -> list[Sign]:
    """Return the sign of so few epochs that a rest of the loss says nothing, with most to learn.

    A search may hardly move for an iteration or two, and a step of Adam before its sums are full.
    """
    epochs, left = len(examined.course), _left(examined)
    if examined.course.tells_rest or not left > HALF:
        return []
    return [
        Sign(
            "epochs", epochs, EPOCHS_THAT_TELL, "below",
            f"The training ended after {counted_epochs(examined.case)}, too few to tell whether "
            f"its loss had come to rest, and {share_of(left, OF_A_CONSTANT, 0)} is left.",
            "epochs enough for the loss to be seen at rest",
            "the noise of losses is known of four of them, those of a second half",
        )
    ]  # fmt: skip


def _left(examined: Examination) -> float:
    """Return the error that is left on the rows that judge and on those learned from alike."""
    return min(examined.errors.judged, examined.last_errors.training)


def cut_off(examined: Examination) -> list[Sign]:
    """Return the sign of epochs that ended a training which rows held out were to end.

    Who gives a patience, as every run on a table does by its folds, has it go on as long as it
    gains. Where it gained to the last, the epochs were a limit that was not meant to be one.
    """
    case, setup, course = examined.case, examined.setup, examined.validation_course
    asked = setup.stopping.patience is not None or examined.is_of_table
    if not (asked and setup.keep == "best" and len(case.validation)):
        return []
    best, count = course.lowest_at, len(course)
    if not count or count < setup.epochs or not best > TWO_THIRDS * count:
        return []
    # Of less than that no longer training can win enough.
    if not _left(examined) > LEAST_GAIN or _is_saturated(examined):
        return []
    return [
        Sign(
            "epoch with the lowest validation loss, in shares of all epochs", best / count,
            TWO_THIRDS, "above",
            f"All {count} epochs were run, and the lowest validation loss is that of epoch {best}: "
            "the training was ended by its epochs, and not by having come to its end.",
            "a lowest validation loss long before the last epoch",
            "early stopping: training goes on as long as rows held out are predicted better "
            "(Prechelt, Early Stopping - But When?, 1998)",
            curve=shortened(course.losses), curve_of="validation loss over epochs",
            kind=CUT_OFF,
        )
    ]  # fmt: skip


def longer_ones(setup: Setup, patiently: bool = False) -> list[Remedy]:
    """Return remedies of more epochs, far more where there were a few.

    ``patiently``: patience ends the training as before.
    """
    times = (LONGER, MUCH_LONGER) if setup.epochs <= FEW_EPOCHS else (LONGER,)
    return [longer(setup, one, patiently) for one in times]
