"""Overfitting: the training rows are learned by heart, and other rows are predicted worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import median

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.best_epoch import best_beside_last
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.held_out import LEAST_ROWS, judging_laboratory
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.other_rows import (
    by_turns,
    turns,
    turns_where_none_was_held,
)
from chainrule.diagnosis.experiments.rule import USUAL, Rule, of_so_much
from chainrule.diagnosis.remedies.best_epoch import BEST_EPOCH, best_epoch
from chainrule.diagnosis.remedies.joint import all_of
from chainrule.diagnosis.remedies.regularisation import penalty
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.diagnosis.wording import times_of
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.train import train

# Fewer rows than this are no measure of a tenth. They make a gap suspect; an experiment on them
# is no proof unless it is beyond the luck of these rows.
LEAST_JUDGED, FEWEST = 20, 5
# Of fewer rows one part may be predicted worse than others are: it has to be so for all in turn.
ENOUGH_JUDGED = 50
NOISES, RISEN = 3.0, 1.1
GAP, LEAST_GAP, MEMORISED = 2.0, 0.1, 0.05
# Of the constant prediction's error: nearly every training can be bettered a little by a penalty.
# That other rows are predicted worse is seen already, so that the luck of the rows that judge is no
# question unless they are few.
LEAST_WON = 0.15
WON, WON_ON_FEW = of_so_much(LEAST_WON, asks_rows=False), Rule(LEAST_WON)
# Training on has lost half of what the best epoch knew of the targets: where little can be known, a
# gain of 15 % is more than all of it.
FORGOTTEN = Rule(0.05, share=0.0, large_share=math.inf, of_known=0.5)
# A network that has learned its rows and predicts others no better than a constant has failed.
# Of fewer rows held out that is too much a matter of luck.
NO_BETTER, LEAST_FAILED = 1.0, 30
# In shares of the loss of a constant prediction.
STRENGTHS = (0.003, 0.03, 0.2)


def signs(examined: Examination) -> list[Sign]:
    held, outside = len(examined.case.validation), examined.case.outside
    if held >= LEAST_JUDGED:
        return [*_risen(examined), *_gap(examined)]
    if outside is not None and outside[1] >= LEAST_JUDGED:
        return _gap(examined)
    if not held:
        return _memorised(examined)
    return _gap(examined) if held >= FEWEST else []


def _risen(examined: Examination) -> list[Sign]:
    """Return the sign of a validation loss that rose while the training loss went on falling."""
    held, course = examined.validation_course, examined.course
    if len(held.finite) < 8 or len(held.finite) < len(held):
        return []
    if len(course.finite) < len(held):
        # Of each epoch both losses have to be known to be set beside each other.
        return []
    lowest, last = held.lowest, float(np.median(held.tail(0.1, 3)))
    threshold = lowest + max(NOISES * held.noise, (RISEN - 1.0) * abs(lowest))
    fell = float(np.median(course.tail(0.1, 3))) < float(course.finite[held.lowest_at - 1])
    if last <= threshold or not fell:
        return []
    return [
        Sign(
            "validation loss",
            last,
            threshold,
            "above",
            f"The validation loss was lowest in epoch {held.lowest_at}, {lowest:.3g}, and rose to "
            f"{last:.3g}, while the training loss went on falling.",
            "a validation loss that stays at its lowest but for its noise",
            "Google's Deep Learning Tuning Playbook: a validation loss that rises; by three times "
            "its own noise, and a tenth",
            curve=shortened(held.losses),
            curve_of="validation loss over epochs",
        )
    ]


def _gap(examined: Examination) -> list[Sign]:
    """Return the sign of a network that was kept whose error is far larger on other rows."""
    errors, outside = examined.errors, examined.case.outside
    # All folds together tell more than the one whose training is examined.
    held = errors.validation if outside is None else outside[0]
    which = "those held out" if outside is None else f"{outside[1]} that folds had not seen"
    count = len(examined.case.validation) if outside is None else outside[1]
    threshold = max(GAP * errors.training, errors.training + LEAST_GAP)
    if not held > threshold:
        return []
    return [
        Sign(
            "error on rows that were not learned from",
            held,
            threshold,
            "above",
            f"The error is {times_of(errors.training)} on the training rows and {times_of(held)} "
            f"on {which}, in shares of the best constant prediction's.",
            "about the same on both",
            "the definition of overfitting (Goodfellow, Bengio, Courville, Deep Learning, section "
            "5.2): a gap; here of twice the error and a tenth of the constant's",
            is_failure=held >= NO_BETTER and count >= LEAST_FAILED,
        )
    ]


def _memorised(examined: Examination) -> list[Sign]:
    """Return the sign of more numbers learned than there are rows, all of which are right."""
    rows = len(examined.case.training)
    targets = sum(one.width if one.task == "regression" else 1 for one in examined.setup.targets)
    learned = examined.setup.objective().trained.size
    error = examined.errors.training
    if rows < LEAST_ROWS or learned <= rows * targets or not error < MEMORISED:
        return []
    return [
        Sign(
            "error on the training rows",
            max(error, 1e-6),
            MEMORISED,
            "below",
            f"{learned} parameters give {rows} rows an error of {error:.2g} of the constant's, and "
            "no row was held out.",
            "rows held out, whose error is as low",
            "as many equations as unknowns can be solved whatever the targets are",
        )
    ]


def remedies(examined: Examination) -> list[Remedy]:
    setup, scale = examined.setup, _loss_of_constant(examined)
    penalties = [penalty(strength, scale) for strength in STRENGTHS]
    if setup.keep == "best" and len(examined.case.validation):
        return penalties
    best = best_epoch(bool(len(examined.case.validation)))
    return [best, penalties[1], *(_both(best, one) for one in penalties[1:])]


def _both(first: Remedy, second: Remedy) -> Remedy:
    return replace(
        all_of([first, second]),
        name=f"{first.name}, {second.name}",
        # One sentence, as tables of remedies have the first alone.
        words=f"{first.words.removesuffix('.')}; {second.words[:1].lower()}{second.words[1:]}",
    )


def _loss_of_constant(examined: Examination) -> float:
    """Return about what the loss is without any learning: penalties are in its shares."""
    first = examined.at_first.loss
    known = [float(np.mean(one.deviations**2)) for one in examined.targets]
    scale = float(np.mean(known)) if known else first
    return scale if math.isfinite(scale) and scale > 0.0 else 1.0


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare on rows not learned from; a fifth is held out where none was.

    First with the best epoch, which takes half of the trainings, then with penalties as well.

    Confirmed by a gain of so much of the constant prediction's error that it matters. Where it is
    the epoch that was kept, by what is asked of every remedy: that a penalty helps a little is
    usual, that training on did harm is not.
    """
    if not given:
        return None
    there = judging_laboratory(laboratory, 2 * SEEDS + 2 * len(given))
    held_none = there is not laboratory
    parts = turns_where_none_was_held(laboratory.case) if held_none else turns(there.case)
    if given[0].name != BEST_EPOCH:
        return _of_penalties(there, given, parts)
    found = best_beside_last(
        there, given[0], parts, partial(_asked, there), partial(_settles, there)
    )
    first = replace(found, held_out=held_none)
    if first.is_clear:
        return first
    unfinished = replace(first, unfinished=True)
    if there.is_spent:
        return unfinished
    try:
        other = _of_penalties(there, given, parts, found.looks + 1)
    except OutOfTimeError:
        return unfinished
    if first.is_undecided and not other.is_clear:
        return first
    return replace(other, held_out=held_none)


def _of_penalties(
    there: Laboratory, given: Sequence[Remedy], parts: Sequence[Arrangement], looks: int = 1
) -> Experiment:
    """Compare the best of several remedies, in turn on other rows where few judge."""
    found = replace(there.compare(given), looks=looks)
    shown = _asked(there, found)
    if _settles(there, found) or found.gain <= 0.0:
        return shown
    return by_turns(there, found, parts, partial(_asked, there))


def _settles(laboratory: Laboratory, found: Experiment) -> bool:
    """Whether an experiment needs no other rows."""
    enough = len(laboratory.case.validation) >= ENOUGH_JUDGED
    return _asked(laboratory, found).is_clear and enough


def _asked(laboratory: Laboratory, found: Experiment) -> Experiment:
    """Return the experiment with what it has to show, to tell that rows were learned by heart."""
    is_few = found.parts * len(laboratory.case.validation) < LEAST_JUDGED
    if found.remedy.name.startswith(BEST_EPOCH):
        asked = USUAL if is_few else (*USUAL, WON, FORGOTTEN)
    else:
        asked = (WON_ON_FEW,) if is_few else (WON,)
    # What then predicts other rows no better than a constant was never more than that.
    is_no_cure = median(found.treated) >= NO_BETTER
    return replace(found, asked=asked, shows=False if is_no_cure else found.shows)


def specimen(seed: int) -> Run:
    """A wide network on few rows whose targets are half noise, trained long after its best."""
    count = 120
    x = randomness.normal(seed, "specimen", count * 8).reshape(count, 8)
    noise = randomness.normal(seed, "specimen's noise", count)
    y = x[:, 0] - 0.5 * x[:, 1] + 0.8 * noise
    network = Network(Dense(64, "tanh"), Dense(1))
    return train(
        network, x, y, learning_rate=0.01, epochs=200, validation=0.5, keep="last", seed=seed,
        progress=False,
    )  # fmt: skip


OVERFITTING = Ailment(
    "overfitting",
    "the training rows are learned by heart",
    "The network goes on to learn what is peculiar to the training rows, noise among it, so that "
    "its error falls on them and rises on all others.",
    signs,
    remedies,
    specimen,
    leads_to=("constant_prediction",),
    confirm=confirm,
    shown_by="another measure",
)
