"""A learning rate that is too high: steps jump over the valley that they should go down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.not_finite import by_the_formula
from chainrule.diagnosis.budget import OutOfTimeError
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.rule import does_about_as_well
from chainrule.diagnosis.experiments.trained import Trained, after_last, error_of_kept
from chainrule.diagnosis.probes.curvature import stability_limit
from chainrule.diagnosis.probes.relative_error import SOMETHING_LEFT
from chainrule.diagnosis.probes.units import dead_shares
from chainrule.diagnosis.probes.update_band import BAND, LARGEST_UPDATE, NORMAL
from chainrule.diagnosis.remedies.rate_changes import (
    has_rate,
    lower_rate,
    plain_rate,
    rate_of_the_optimizer,
    usual_rate,
)
from chainrule.diagnosis.sign import Sign, shortened
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.train import train

# One step as large as the weights undoes where they began.
WHOLE_UPDATE = 1.0
# So much more than it was at the start, the loss has risen; a loss that never fell needs less to be
# told from one that hardly moved.
RISEN, ABOVE = 1.5, 1.05
DESCENT = "a step along the gradient that is short enough lowers the loss"
# Up to twice the stability limit a network may still find flatter ground; beyond, it is thrown out.
CATAPULT = 2.0
# Jumps count where they are a tenth of the loss that is left, and 2 % of all there was to learn.
JUMPS_OF_REST, JUMPS_OF_ALL, TURNS = 0.1, 0.02, 0.6
# Of the constant prediction's error: with more than half of it left, a training has hardly learned.
HARDLY_LEARNED = 0.5
# What is kept may be so much worse by chance, in shares of the constant prediction's error.
WORSE = 0.01
# Of the units of a layer; what has died at the start has other causes.
DIED = 0.5
DIVISORS = (3.0, 10.0, 30.0, 100.0)


def signs(examined: Examination) -> list[Sign]:
    if not has_rate(examined.setup) or not len(examined.course):
        return []
    found = [
        *_risen(examined),
        *_large_updates(examined),
        *_jumping(examined),
        *_units_that_died(examined),
    ]
    found = found or _climbed(examined)
    return [*found, *_unstable(examined, bool(found))]


def _risen(examined: Examination) -> list[Sign]:
    """Return the sign of a loss that rose above its start, or out of the range of numbers."""
    course, start = examined.course, examined.at_first.loss
    if not math.isfinite(start):
        return []
    end = course.last
    if course.overflowed_at is not None:
        words = f"was no finite number in epoch {course.overflowed_at}; it began at {start:.3g}."
    else:
        end = float(np.median(course.tail()))
        words = f"began at {start:.3g} and ended at {end:.3g}."
    # A loss that falls from its first epoch on was only measured otherwise, as dropout does.
    fell = course.overflowed_at is None and end < course.first
    if fell or end <= RISEN * abs(start):
        return []
    return [
        Sign(
            "training loss", end, RISEN * abs(start), "above", "The loss " + words,
            "a loss that falls from where it began", DESCENT,
            curve=shortened(course.losses), curve_of="training loss over epochs",
        )
    ]  # fmt: skip


def _climbed(examined: Examination) -> list[Sign]:
    """Return the sign of a loss that on its way was far above its start, or never fell below it."""
    course, start = examined.course, max(examined.at_first.loss, examined.course.first)
    if not (math.isfinite(start) and examined.errors.judged > SOMETHING_LEFT) or len(course) < 6:
        return []
    tail = course.tail()
    end = float(np.median(tail)) - 2.0 * course.noise / math.sqrt(len(tail))
    # A single epoch may be a spike of one batch: of three neighbours the middle one counts.
    highest = float(np.median(sliding_window_view(course.finite, 3), axis=1).max())
    if highest > RISEN * abs(start):
        measured, threshold = highest, RISEN * abs(start)
        words = f"The loss began at {start:.3g} and climbed to {highest:.3g} on its way."
    elif end > ABOVE * abs(start):
        measured, threshold = end, ABOVE * abs(start)
        words = f"The loss began at {start:.3g} and has not fallen: it ended above, at {end:.3g}."
    else:
        return []
    return [
        Sign(
            "training loss", measured, threshold, "above", words,
            "a loss that falls from where it began", DESCENT,
            curve=shortened(course.losses), curve_of="training loss over epochs",
        )
    ]  # fmt: skip


def _large_updates(examined: Examination) -> list[Sign]:
    found = []
    for name, shares in examined.relative_updates.items():
        known = [one for one in shares if math.isfinite(one)]
        if not known:
            continue
        middle, largest = float(np.median(known)), max(known)
        if middle > LARGEST_UPDATE:
            measured, most = middle, LARGEST_UPDATE
            words = f"A step changes {name} by {_share(middle)} its size."
        elif largest > WHOLE_UPDATE:
            measured, most = largest, WHOLE_UPDATE
            words = f"One step changed {name} by {_share(largest)} its size."
        else:
            continue
        found.append(
            Sign(
                "relative update", measured, most, "above", words,
                NORMAL, BAND, where=name,
                curve=shortened(shares), curve_of=f"relative update of {name} over the readings",
            )
        )  # fmt: skip
    return found


def _share(share: float) -> str:
    return f"{share:.0%} of" if share < 10.0 else f"{share:.3g} times"


def _jumping(examined: Examination) -> list[Sign]:
    """Return the sign of losses that jump to and fro, by much of what is left of them."""
    course = examined.course
    if course.overflowed_at is not None or course.turns < TURNS:
        return []
    left = float(np.median(course.tail()))
    all_of_it = max(examined.at_first.loss, course.first) - course.lowest
    if not course.noise > max(JUMPS_OF_REST * abs(left), JUMPS_OF_ALL * all_of_it):
        return []
    return [
        Sign(
            "jumps of the loss", course.noise / max(abs(left), 1e-300), JUMPS_OF_REST, "above",
            f"The loss jumps up and down by {course.noise:.3g} from epoch to epoch, where "
            f"{left:.3g} is left of it; {course.turns:.0%} of its changes go against the last.",
            "a fall with small jumps, those of the batches",
            "a step across a valley turns the gradient round; two of three changes of pure noise "
            "turn as well, so that the size of the jumps counts",
            curve=shortened(course.losses), curve_of="training loss over epochs",
        )
    ]  # fmt: skip


def _units_that_died(examined: Examination) -> list[Sign]:
    """Return the sign of layers whose units acted at the start, and mostly do no longer."""
    first, last = dead_shares(examined.at_first.units), dead_shares(examined.at_last.units)
    return [
        Sign(
            "units that died in training", share - first.get(layer, 0.0), DIED, "above",
            f"{share:.0%} of the units of {layer} are flat for every row after the last step; at "
            f"the start it was {first.get(layer, 0.0):.0%}.",
            "few units that a step throws out of the reach of every row",
            "Lu and others, \"Dying ReLU and initialization\", 2020; half of a layer is "
            "the limit of TheDeepChecker (arXiv 2204.00694)",
            where=layer, is_share=True,
        )
        for layer, share in last.items()
        if share - first.get(layer, 0.0) > DIED
    ]  # fmt: skip


def _unstable(examined: Examination, has_symptom: bool) -> list[Sign]:
    """Return the sign of a rate beyond what the curvature of the loss allows."""
    limit = stability_limit(examined.setup.optimizer)
    rates = [one for one in examined.case.recording.history.get("learning_rate", []) if one > 0.0]
    given = plain_rate(examined.setup)
    if limit is None or not (rates or given):
        return []
    if not has_symptom and not examined.errors.training > HARDLY_LEARNED:
        return []
    highest, last = (max(rates), rates[-1]) if rates else (given or 0.0, given or 0.0)
    found = []
    every, seen = len(examined.case.training), examined.rows_of_curvature
    of_rows = f" on {seen:,} of {every:,} rows" if seen < every else ""
    looked = [(highest, "at the start", examined.curvature_at_first)]
    if examined.course.overflowed_at is None:
        looked.append((last, "at the end", examined.curvature_at_last))
    for rate, where, curvature in looked:
        measured = rate * curvature / limit
        if not (math.isfinite(measured) and measured > CATAPULT):
            continue
        found.append(
            Sign(
                "rate over its limit of stability", measured, CATAPULT, "above",
                f"The learning rate {rate:.3g} is {measured:.3g} times what the curvature "
                f"{where}, {curvature:.3g}{of_rows}, allows: {limit / curvature:.3g}.",
                "below 1, or about 1 late in a training",
                "2 / the largest eigenvalue of the Hessian (LeCun and others, NIPS 1992); up to "
                "twice that a network may recover (Lewkowycz and others, arXiv 2003.02218)",
                where=where,
            )
        )  # fmt: skip
    return found


def remedies(examined: Examination) -> list[Remedy]:
    setup = examined.setup
    if not has_rate(setup) or plain_rate(setup) == 0.0:
        return []
    found = [lower_rate(setup, divisor) for divisor in DIVISORS]
    rate, usual = plain_rate(setup), usual_rate(setup, examined.is_of_table)
    known = rate_of_the_optimizer(setup, examined.is_of_table)
    # Where the rate is further off than any of these divisors leads, that way is tried as well.
    if known is not None and rate and usual and rate > DIVISORS[-1] * usual:
        found = [*found[1:], known]
    allowed = _times_its_limit(examined)
    if 2.0 * allowed > DIVISORS[-1]:
        found = [*found[1:], lower_rate(setup, float(f"{2.0 * allowed:.1g}"))]
    return found


def _times_its_limit(examined: Examination) -> float:
    """Return how many times the rate is what the curvature at the start allows, 0 if unknown."""
    limit, rate = stability_limit(examined.setup.optimizer), plain_rate(examined.setup)
    if limit is None or rate is None:
        return 0.0
    measured = rate * examined.curvature_at_first / limit
    return measured if math.isfinite(measured) else 0.0


def confirm(
    examined: Examination, laboratory: Laboratory, chosen: Sequence[Remedy]
) -> Experiment | None:
    """Try lower rates, judged by the network that was kept, and by what the training came to.

    A good epoch may have been kept before the loss overflowed or was thrown about: then the last
    step counts, on the training rows, as long as what is kept does not get worse. Where
    trainings are shorter than that of the case, a rate that suits them better shows something only
    if it leaves less than the case has come to.
    """
    if not chosen:
        return None
    of_the_end = "after the last step, in shares of the best constant prediction's"
    if examined.course.overflowed_at is not None:
        found = laboratory.compare(chosen, after_last, quantity=f"error {of_the_end}")
        is_other = found.is_clear and _is_of_a_formula(examined, laboratory, found)
        return replace(found, shows=False) if is_other else found
    found = laboratory.compare(chosen, error_of_kept)
    if laboratory.is_shortened and median(found.treated) >= examined.errors.judged:
        return replace(found, shows=False)
    if found.is_clear or found.gain < -WORSE:
        return found
    at_end = laboratory.compare(
        [found.remedy], training_at_end, quantity=f"error on the training rows {of_the_end}"
    )
    return at_end if at_end.is_clear else found


def _is_of_a_formula(examined: Examination, laboratory: Laboratory, lower: Experiment) -> bool:
    """Whether steps as long as they were do about as well, where a formula is asked for less.

    A loss of one's own may have no number at outputs that sound trainings come to as well, those of
    rows of which they are sure; slower steps then only come there later. A rate that is too high
    throws the outputs about, whatever the formula.
    """
    others = by_the_formula(examined) if examined.setup.losses[0].own else []
    if not others:
        return False
    try:
        found = laboratory.compare(others, after_last)
    except OutOfTimeError:
        return False
    return found.is_clear and does_about_as_well(found.treated, lower.treated)


def training_at_end(one: Trained) -> float:
    """Return the error on the training rows after the last step."""
    return one.last.training


def specimen(seed: int) -> Run:
    """A small regression by gradient descent at a rate far above 2 / the largest curvature."""
    x = randomness.normal(seed, "specimen", 200 * 6).reshape(200, 6)
    y = np.tanh(x @ np.array([1.0, -1.0, 0.5, 0.0, 2.0, 0.3]))
    network = Network(Dense(16, "tanh"), Dense(1))
    return train(
        network, x, y, optimizer="gradient_descent", learning_rate=3.0, epochs=60,
        validation=0.25, seed=seed, progress=False,
    )  # fmt: skip


RATE_TOO_HIGH = Ailment(
    "rate_too_high",
    "the learning rate is too high",
    "Each step is so long that it lands beyond the valley it should go down into, so that the loss "
    "jumps about, rises, or leaves the range of numbers.",
    signs,
    remedies,
    specimen,
    leads_to=("not_finite", "dead_units", "saturation", "constant_prediction"),
    confirm=confirm,
    opposite="rate_too_low",
)
