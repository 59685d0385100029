"""Looks at the start: the loss before the first step, and whether one batch can be learned."""

from __future__ import annotations

import math

import numpy as np

from chainrule.diagnosis.cases.arrangement import Arrangement
from chainrule.diagnosis.checks.concern import Concern
from chainrule.diagnosis.checks.look import LeftOutError
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.first_steps import LEARNED_BY_HEART, first_steps
from chainrule.diagnosis.probes.constant_layers import normalised_alone, told_alone
from chainrule.diagnosis.probes.passes import pass_of
from chainrule.diagnosis.wording import share_of

# Karpathy's recipe asks for the loss of a guess. Columns that go together make a start twice as far
# off without harm, as those of the Wisconsin tumours do.
OFF_START = 3.0
GUESSED = ("cross_entropy", "binary_cross_entropy")
# One start of a small network in sixty is as far off by chance; the middle one of so many is not.
STARTS = 5
# A choice, of the constant prediction's error: with half of it gone, zeros have been learned from.
KNOWN_WITHOUT_INPUTS = 0.5


def passing_on(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern for each layer that gives the same whatever it is given."""
    return [
        Concern(
            "a layer that passes nothing on",
            told_alone(layer),
            "Leave it out, or let it normalise more than one number.",
            is_error=True,
        )
        for layer in normalised_alone(arrangement.setup.network.plan)
    ]


def loss_at_start(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern where the loss at the start is not about that of a guess."""
    setup = examined.setup
    if len(setup.losses) > 1 or setup.losses[0].name not in GUESSED:
        return []
    theory = math.log(max(2, setup.targets[0].width))
    low, high = theory / OFF_START, theory * OFF_START
    seen = examined.at_first.loss
    if low <= seen <= high:
        return []
    others = [_loss_by(examined, arrangement, setup.seed + 1 + one) for one in range(STARTS - 1)]
    if low <= float(np.median([seen, *others])) <= high:
        return []
    return [
        Concern(
            "the loss at the start",
            f"The loss before the first step is {seen:.3g}, and that of a guess among "
            f"{max(2, setup.targets[0].width)} classes is {theory:.3g}.",
            "Let weights start as layers do by default, and scale the inputs.",
            seen,
            high if seen > theory else low,
        )
    ]


def _loss_by(examined: Examination, arrangement: Arrangement, seed: int) -> float:
    """Return the loss at another start; parameters that were given are the same there."""
    network = arrangement.started(seed, 0).setup.network
    return pass_of(examined.case, network, examined.sample).loss


def one_batch(examined: Examination, arrangement: Arrangement) -> list[Concern]:
    """Return a concern where one batch cannot be learned, or is learned without its inputs."""
    if all((one == one[:1]).all() for one in arrangement.training.targets):
        raise LeftOutError("all training rows have the same target")
    seen = first_steps(arrangement)
    if seen.rows < 2:
        return _same_inputs(arrangement)
    if seen.is_cut_off:
        raise LeftOutError(f"{seen.steps:,} steps on {seen.rows} rows take too long")
    if seen.with_inputs > LEARNED_BY_HEART:
        return [
            Concern(
                "one batch",
                f"{seen.steps} steps on {seen.rows} rows alone leave "
                f"{share_of(seen.with_inputs, 'the error of a constant', 0)}, and a "
                "network should learn so few by heart.",
                "Look at the learning rate, the scale of the inputs and the output layer, or make "
                "the network larger.",
                seen.with_inputs,
                LEARNED_BY_HEART,
            )
        ]
    if seen.with_zeros < KNOWN_WITHOUT_INPUTS and len(examined.case.training) > seen.rows:
        return [
            Concern(
                "inputs of zeros",
                f"With zeros in place of its inputs one batch is learned to {seen.with_zeros:.0%} "
                "of the error of a constant, so the targets are known without them.",
                "Look for a second input that says the target.",
                seen.with_zeros,
                KNOWN_WITHOUT_INPUTS,
            )
        ]
    return []


def _same_inputs(arrangement: Arrangement) -> list[Concern]:
    """Return a concern where all rows have the same inputs."""
    rows = arrangement.training
    if len(rows) < 2:
        return []
    return [
        Concern(
            "inputs that are the same",
            f"All {len(rows)} rows have the same inputs as far as was looked, so that none can be "
            "told from another.",
            "Look at how the inputs were read.",
            1.0,
            2.0,
        )
    ]
