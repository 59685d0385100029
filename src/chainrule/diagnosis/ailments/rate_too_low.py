"""A learning rate that is too low, or a training that ended long before it was through."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments import saturation
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.held_out import judging_laboratory
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.rule import LEAST_GAIN
from chainrule.diagnosis.experiments.significance import LEVEL_OF_ROWS
from chainrule.diagnosis.experiments.without_steps import (
    STEPS,
    counted_epochs,
    has_moved,
    making_steps,
    nothing_moved,
    with_steps,
)
from chainrule.diagnosis.probes.course import EPOCHS_THAT_TELL
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.remedies.rate_changes import (
    TIMES_LONGER,
    constant_rate,
    has_rate,
    higher_rate,
    longer,
    plain_rate,
    rate_of_the_optimizer,
    share_of_peak,
    unclipped,
    usual_rate,
    whole_schedule,
)
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.diagnosis.wording import share_of
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.train import train

# The lower end of the band of updates in shares of the weights, and what is best in it.
SMALLEST_UPDATE, BEST_UPDATE = 1e-4, 1e-3
BAND = "Karpathy's course notes and TheDeepChecker (arXiv 2204.00694)"
# Of the constant prediction's error: with less left there is nothing that a higher rate must bring.
SOMETHING_LEFT = 0.1
# A run whose error is above this has less than half of all the skill there is.
HALF = 0.5
# A loss that falls by less than this share of itself over the last third has come to rest. One
# that falls by a fifth of what is left is in the midst of learning: then a fifth of the constant's
# error is enough to win.
AT_REST, IN_THE_MIDST, A_FIFTH = 0.002, 0.2, 0.2
TWO_THIRDS = 2.0 / 3.0
NO_CLIPPING = Remedy(
    "no clipping",
    "Train without clipping of the gradient.",
    on_setup(unclipped),
    "clip_norm=None, clip_value=None",
)
OF_A_CONSTANT = "the error of a constant prediction"
OF_THE_PEAK = "highest learning rate, in shares of its schedule's"
STILL_FALLS = "fall of the loss over the last third"
CUT_OFF = "epoch with the lowest validation loss, in shares of all epochs"
FACTORS, MOST = (3.0, 10.0, 30.0, 100.0), 1e9
LONGER, MUCH_LONGER, FEW_EPOCHS = 4, 16, 5


def signs(examined: Examination) -> list[Sign]:
    if not len(examined.course) or examined.course.overflowed_at is not None:
        return []
    if not all(np.isfinite(one).all() for one in examined.case.last.values()):
        # A network of NaN has left its start, whatever was recorded before.
        return []
    if nothing_moved(examined.case, examined.course):
        return [_unmoved(examined)] if _could_move(examined) else []
    return [
        *_tiny_updates(examined),
        *_below_its_peak(examined),
        *(_still_falling(examined) or _hardly_begun(examined)),
        *_cut_off(examined),
    ]


def _could_move(examined: Examination) -> bool:
    """Whether a step along the gradient changes anything.

    Where units are dead none arrives, and a search that stands in its minimum takes no step.
    """
    case = examined.case
    if case.by_our_loop and not has_rate(case.setup):
        return False
    trained = case.setup.objective().trained.parameters
    return any(examined.at_last.gradient_size(one.name) > 0.0 for one in trained)


def _unmoved(examined: Examination) -> Sign:
    """Return the sign of parameters that are bit for bit those of the start."""
    return Sign(
        "parameters that have changed", 0.0, 1.0, "below",
        f"No weight has changed in {counted_epochs(examined.case)}.",
        "all that are trained", "a step that is made changes what it is made from",
        is_failure=True,
    )  # fmt: skip


def usual_updates(examined: Examination) -> dict[str, float]:
    """Return weight -> its median update over the readings, in shares of its size."""
    found = {}
    for name, shares in examined.relative_updates.items():
        known = [one for one in shares if math.isfinite(one)]
        if known:
            found[name] = float(np.median(known))
    return found


def _tiny_updates(examined: Examination) -> list[Sign]:
    """Return the sign of updates that are tiny in every layer while much is left to learn."""
    updates = usual_updates(examined)
    if not has_rate(examined.setup) or not updates:
        return []
    name = max(updates, key=lambda one: updates[one])
    if updates[name] >= SMALLEST_UPDATE or not examined.errors.training > SOMETHING_LEFT:
        return []
    if not any(examined.at_last.gradient_size(one) > 0.0 for one in updates):
        # No gradient arrives, and no rate makes a step of nothing.
        return []
    return [
        Sign(
            "relative update", updates[name], SMALLEST_UPDATE, "below",
            f"A step changes no weights by more than {updates[name]:.2g} of their size ({name}), "
            f"while {share_of(examined.errors.training, OF_A_CONSTANT, 0)} is left.",
            "0.01 % to 10 %, about 0.1 % at its best", BAND, where=name,
            curve=shortened(examined.relative_updates[name]),
            curve_of=f"relative update of {name} over the readings",
        )
    ]  # fmt: skip


def _below_its_peak(examined: Examination) -> list[Sign]:
    """Return the sign of a schedule whose highest rate lies far behind the last epoch."""
    setup, epochs = examined.setup, examined.case.epochs
    reached = share_of_peak(setup, epochs)
    if reached >= HALF or not examined.errors.judged > SOMETHING_LEFT:
        return []
    return [
        Sign(
            OF_THE_PEAK, reached, HALF, "below",
            f"In {epochs} epochs the learning rate came to {share_of(reached, 'the highest', 0)} "
            "of its schedule: the training ended while it was still warming up.",
            "a schedule whose highest rate lies early in the training",
            "a warm-up is a small part of a training (Goyal and others, arXiv 1706.02677)",
        )
    ]  # fmt: skip


def _still_falling(examined: Examination) -> list[Sign]:
    """Return the sign of a loss that falls to the end, far from what could be reached."""
    course, start = examined.course, examined.at_first.loss
    error, learned = examined.errors.judged, examined.last_errors.training
    # What is known by heart cannot be learned faster, or for longer.
    if not (learned > SOMETHING_LEFT and math.isfinite(start)):
        return []
    fall = fall_at_end(examined)
    least = AT_REST if error > HALF else IN_THE_MIDST
    if not fall > least or not (error > HALF or learned > A_FIFTH):
        return []
    if error <= HALF and saturation.signs(examined):
        # A gradient that vanishes makes learning slow, and longer training only hides it.
        return []
    return [
        Sign(
            STILL_FALLS, fall, least, "above",
            "The loss still falls when the training ends, over its last third by "
            f"{fall:.1%} of what it ends at, and "
            f"{share_of(error, OF_A_CONSTANT, 0)} is left.",
            "a loss that has come to rest, within its noise",
            "twice the standard error of the loss between epochs is taken off the fall",
            curve=shortened((start, *course.losses)), curve_of="training loss over epochs",
        )
    ]  # fmt: skip


def _hardly_begun(examined: Examination) -> list[Sign]:
    """Return the sign of so few epochs that a rest of the loss says nothing, with most to learn.

    A search may hardly move for an iteration or two, and a step of Adam before its sums are full.
    """
    epochs, left = len(examined.course), min(examined.errors.judged, examined.last_errors.training)
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


def _cut_off(examined: Examination) -> list[Sign]:
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
    if not min(examined.errors.judged, examined.last_errors.training) > LEAST_GAIN:
        return []
    if examined.errors.judged <= HALF and saturation.signs(examined):
        return []
    return [
        Sign(
            CUT_OFF, best / count, TWO_THIRDS, "above",
            f"All {count} epochs were run, and the lowest validation loss is that of epoch {best}: "
            "the training was ended by its epochs, and not by having come to its end.",
            "a lowest validation loss long before the last epoch",
            "early stopping: training goes on as long as rows held out are predicted better "
            "(Prechelt, Early Stopping - But When?, 1998)",
            curve=shortened(course.losses), curve_of="validation loss over epochs",
        )
    ]  # fmt: skip


def fall_at_end(examined: Examination) -> float:
    """Return by what share of itself the loss falls over the last third, beyond its noise."""
    course = examined.course
    return course.fall_at_end(examined.at_first.loss) / max(abs(course.last), 1e-300)


def has_come_to_rest(examined: Examination) -> bool:
    """Whether the loss is seen to fall no more."""
    return examined.course.tells_rest and not fall_at_end(examined) > AT_REST


def remedies(examined: Examination) -> list[Remedy]:
    setup = examined.setup
    makes_none = not examined.case.by_our_loop and plain_rate(setup) != 0.0
    if makes_none and nothing_moved(examined.case, examined.course):
        return [making_steps(examined.case)]
    found = _longer_ones(setup)
    is_below = bool(_below_its_peak(examined))
    is_slow = is_below or any(
        sign(examined) for sign in (_tiny_updates, _still_falling, _hardly_begun)
    )
    if not is_slow and _cut_off(examined):
        return _longer_ones(setup, patiently=True)
    if not has_rate(setup):
        return found
    if is_below:
        return _to_its_peak(examined)
    if plain_rate(setup) is None:
        found += constant_rate(examined.case.recording.history.get("learning_rate", []))
    usual = rate_of_the_optimizer(setup, examined.is_of_table)
    rate = plain_rate(setup)
    if rate == 0.0:
        return [] if usual is None else [usual]
    if unclipped(setup) is not setup:
        # Where clipping makes steps short, a rate that makes up for it is thousands of times usual.
        return [NO_CLIPPING, *(higher_rate(setup, one) for one in FACTORS), *found]
    below = (usual_rate(setup, examined.is_of_table) or 0.0) / (rate or math.inf)
    if usual is not None and below > FACTORS[-1]:
        # So far below that multiplying it does not lead there.
        return [usual, *(higher_rate(setup, one) for one in (0.3 * below, 10.0 * below)), *found]
    factors = _towards_the_best(examined) if _tiny_updates(examined) else FACTORS
    return [*(higher_rate(setup, float(f"{one:.1g}")) for one in factors), *found]


def _towards_the_best(examined: Examination) -> list[float]:
    """Return factors on the rate around the one that makes the largest updates what is best."""
    largest = max(usual_updates(examined).values())
    near = min(BEST_UPDATE / largest, MOST) if largest > 0.0 else MOST
    return [near / 3.0, near, 3.0 * near, 10.0 * near]


def _to_its_peak(examined: Examination) -> list[Remedy]:
    """Return remedies by which a schedule's highest rate lies within the training.

    No constant rate: that of the first epoch is the lowest. And a training that is as long as its
    schedule may take a hundred times as long, so that it is tried where little was trained, or
    where the schedule is not too long.
    """
    setup = examined.setup
    fitting = whole_schedule(setup)
    reached = max(share_of_peak(setup, examined.case.epochs), 1.0 / MOST)
    raised = higher_rate(setup, float(f"{1.0 / reached:.1g}"))
    longer_ones = _longer_ones(setup)
    if fitting is None:
        return [raised, *longer_ones]
    return [fitting, raised, *(longer_ones if setup.epochs <= FEW_EPOCHS else [])]


def _longer_ones(setup: Setup, patiently: bool = False) -> list[Remedy]:
    times = (LONGER, MUCH_LONGER) if setup.epochs <= FEW_EPOCHS else (LONGER,)
    return [longer(setup, one, patiently) for one in times]


def confirm(
    examined: Examination, laboratory: Laboratory, chosen: Sequence[Remedy]
) -> Experiment | None:
    """Try higher rates and more epochs.

    Nearly every training gets a little better with them. It is ill where it has reached less than
    half of what they reach, where it ended in the midst of its fall and they leave less than two
    thirds of its error, where its updates were tiny and they help, or where its epochs cut it off
    while rows held out were predicted better and better, and more epochs help. Where no rows were
    held out, they have to help on rows held out here as well: labels that say nothing are learned
    by heart with any rate that is high enough.
    """
    if not chosen:
        return None
    if chosen[0].name == STEPS:
        return with_steps(laboratory, chosen[0])
    found = _compared(laboratory, chosen)
    own, usual = examined.errors.judged, median(found.without)
    # Of shorter trainings the run itself may have come further; else it may have come less far.
    reached = 1.0 - (min if laboratory.is_shortened else max)(usual, own)
    reachable = 1.0 - median(found.treated)
    is_half = reachable > 0.0 and reached < HALF * reachable
    is_tiny = bool(_tiny_updates(examined)) and reached < reachable
    is_third_less = 1.0 - reachable < TWO_THIRDS * (1.0 - reached)
    # Nobody means a schedule to end before it has come to its height.
    is_tiny = is_tiny or (bool(_below_its_peak(examined)) and reached < reachable)
    is_cut_short = fall_at_end(examined) > IN_THE_MIDST and is_third_less
    # Trainings that are shorter than the run was do not tell that it was too short.
    is_cut_off = bool(_cut_off(examined)) and not laboratory.is_shortened
    is_cut_off = is_cut_off and TIMES_LONGER in found.remedy.name
    shows = found.is_clear and (is_half or is_tiny or is_cut_short or is_cut_off)
    # The rows that judge have also chosen among the remedies (Bonferroni).
    over_rows, tried = found.over_rows, max(1, len(found.screened))
    shows = shows and (over_rows is None or over_rows < LEVEL_OF_ROWS / tried)
    there = judging_laboratory(laboratory, 2 * SEEDS)
    if shows and there is not laboratory:
        shows = there.compare([found.remedy]).is_clear
    if nothing_moved(examined.case, examined.course):
        # That it was too low to move anything is seen and not tried.
        shows = shows or any(map(has_moved, laboratory.known(found.remedy)))
    return replace(found, shows=shows)


def _compared(laboratory: Laboratory, chosen: Sequence[Remedy]) -> Experiment:
    """Return the experiment of the best remedy, or of the next best where that throws some out.

    The best of two starts may be so high a rate that another start is lost by it.
    """
    found = laboratory.compare(chosen)
    rest = [one for one in chosen if one is not found.remedy]
    is_usually_good = median(found.treated) < median(found.without)
    if found.is_clear or not rest or not is_usually_good or max(found.treated) < NOTHING_LEARNED:
        return found
    try:
        again = laboratory.compare(rest, looks=2)
    except OutOfTimeError:
        return found
    return again if again.is_clear else found


def specimen(seed: int) -> Run:
    """Two classes by gradient descent at a rate with which 60 epochs lead nowhere."""
    x = randomness.normal(seed, "specimen", 240 * 5).reshape(240, 5)
    y = (x @ np.array([1.0, -1.0, 0.5, 0.3, 0.0]) + 0.5 * x[:, 0] * x[:, 1] > 0.0).astype(int)
    network = Network(Dense(12, "tanh"), Dense(2))
    return train(
        network, x, y, optimizer="gradient_descent", learning_rate=1e-4, epochs=60,
        validation=0.25, seed=seed, progress=False,
    )  # fmt: skip


RATE_TOO_LOW = Ailment(
    "rate_too_low",
    "the learning rate is too low, or the training too short",
    "The weights have hardly left where they began when the training ends, so that most of what "
    "could be learned is not.",
    signs,
    remedies,
    specimen,
    leads_to=("constant_prediction",),
    confirm=confirm,
    opposite="rate_too_high",
)
