"""A learning rate that is too low, or a training that ended long before it was through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.rates.cut_short import (
    HALF,
    TWO_THIRDS,
    cut_off,
    hardly_begun,
    longer_ones,
    still_falling,
)
from chainrule.diagnosis.ailments.rates.low_rate import higher_rates, tiny_updates
from chainrule.diagnosis.ailments.rates.no_steps import unmoved
from chainrule.diagnosis.ailments.rates.schedule import below_its_peak, to_its_peak
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.held_out import judging_laboratory
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.own_start import from_own_start
from chainrule.diagnosis.experiments.significance import LEVEL_OF_ROWS
from chainrule.diagnosis.experiments.without_steps import (
    STEPS,
    has_moved,
    making_steps,
    nothing_moved,
    with_steps,
)
from chainrule.diagnosis.probes.course import IN_THE_MIDST
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.remedies.rate_changes import (
    constant_rate,
    going_on,
    has_rate,
    plain_rate,
    rate_of_the_optimizer,
    trains_longer,
)
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.train import train


def signs(examined: Examination) -> list[Sign]:
    if not len(examined.course) or examined.course.overflowed_at is not None:
        return []
    if not examined.case.ended_sound:
        # A network of NaN has left its start, whatever was recorded before.
        return []
    if nothing_moved(examined.case, examined.course):
        return unmoved(examined)
    if examined.case.has_reached_target and not examined.errors.judged > HALF:
        # It has come to where it was to come, and ended there.
        return []
    shown = examined.shown
    return [
        *shown(tiny_updates),
        *shown(below_its_peak),
        *(shown(still_falling) or shown(hardly_begun)),
        *shown(cut_off),
    ]


def remedies(examined: Examination) -> list[Remedy]:
    setup = examined.setup
    makes_none = not examined.case.by_our_loop and plain_rate(setup) != 0.0
    if makes_none and nothing_moved(examined.case, examined.course):
        return [making_steps(examined.case)]
    if examined.case.was_broken_off and plain_rate(setup) != 0.0:
        # A lower loss may be met by the same limit, so that going on stands beside higher rates.
        faster = higher_rates(examined) if has_rate(setup) else []
        return [going_on(setup), *faster, *longer_ones(setup)]
    is_below = bool(examined.shown(below_its_peak))
    is_slow = is_below or any(map(examined.shown, (tiny_updates, still_falling, hardly_begun)))
    if not is_slow and examined.shown(cut_off):
        return longer_ones(setup, patiently=True)
    if not has_rate(setup):
        return longer_ones(setup)
    if is_below:
        return to_its_peak(examined)
    if plain_rate(setup) == 0.0:
        usual = rate_of_the_optimizer(setup, examined.is_of_table)
        return [] if usual is None else [usual]
    found = [*higher_rates(examined), *longer_ones(setup)]
    if plain_rate(setup) is None:
        found += constant_rate(examined.case.recording.history.get("learning_rate", []))
    return found


def confirm(
    examined: Examination, laboratory: Laboratory, chosen: Sequence[Remedy]
) -> Experiment | None:
    """Try higher rates and more epochs.

    Where no rows were held out, they have to help on rows held out here as well: labels that say
    nothing are learned by heart with any rate that is high enough. Where other starts come further
    than the run's own, the remedy may help that one alone, and is tried once more from there.
    """
    if not chosen:
        return None
    if chosen[0].name == STEPS:
        return with_steps(laboratory, chosen[0])
    found = _compared(laboratory, chosen)
    asks = _asks_for_it(examined, laboratory, found)
    shows = asks and _is_shown(laboratory, found)
    if nothing_moved(examined.case, examined.course):
        # That it was too low to move anything is seen and not tried.
        shows = shows or any(map(has_moved, laboratory.known(found.remedy)))
    if asks and not shows:
        again = _from_its_start(examined, laboratory, found)
        if again is not None:
            return replace(again, shows=True)
    return replace(found, shows=shows)


def _is_shown(laboratory: Laboratory, found: Experiment) -> bool:
    """Whether an experiment shows that a remedy helps, on rows that were not learned from."""
    # The rows that judge have also chosen among the remedies (Bonferroni).
    over_rows, tried = found.over_rows, max(1, len(found.screened))
    if not found.is_clear or (over_rows is not None and over_rows >= LEVEL_OF_ROWS / tried):
        return False
    there = judging_laboratory(laboratory, 2 * SEEDS)
    if there is laboratory:
        return True
    judged = there.compare([found.remedy])
    if found.own_start and not judged.is_clear:
        judged = from_own_start(there, judged) or judged
    return judged.is_clear


def _from_its_start(
    examined: Examination, laboratory: Laboratory, found: Experiment
) -> Experiment | None:
    """Return the experiment from the run's own start, None where it shows nothing, or no time."""
    try:
        again = from_own_start(laboratory, found)
        if again is None or not _asks_for_it(examined, laboratory, again):
            return None
        return again if _is_shown(laboratory, again) else None
    except OutOfTimeError:
        return None


def _asks_for_it(examined: Examination, laboratory: Laboratory, found: Experiment) -> bool:
    """Whether a training is so far behind what a remedy has reached that it is ill for it.

    Nearly every training gets a little better with a higher rate or more epochs. It is ill where it
    has reached less than half of what they reach, where it ended in the midst of its fall and they
    leave less than two thirds of its error, where its updates were tiny or its schedule was still
    warming up and they help, or where its epochs cut it off while rows held out were predicted
    better and better, and more epochs help.
    """
    own, usual = examined.errors.judged, median(found.without)
    # Of shorter trainings the run itself may have come further; else it may have come less far.
    reached = 1.0 - (min if laboratory.is_shortened else max)(usual, own)
    reachable = 1.0 - median(found.treated)
    is_half = reachable > 0.0 and reached < HALF * reachable
    # Nobody means a schedule to end before it has come to its height.
    is_slow = examined.shown(tiny_updates) or examined.shown(below_its_peak)
    was_slow = bool(is_slow) and reached < reachable
    is_third_less = 1.0 - reachable < TWO_THIRDS * (1.0 - reached)
    fall = examined.course.relative_fall_at_end(examined.at_first.loss)
    was_cut_short = fall > IN_THE_MIDST and is_third_less
    # Trainings that are shorter than the run was do not tell that it was too short.
    tells_length = not laboratory.is_shortened and trains_longer(
        found.remedy, laboratory.case.arrangement
    )
    was_cut_off = tells_length and bool(examined.shown(cut_off))
    return is_half or was_slow or was_cut_short or was_cut_off


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
