"""Regularisation that is too strong: penalties, decay or dropout keep the network from learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments import constant_prediction
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.held_out import judging_laboratory
from chainrule.diagnosis.experiments.laboratory import SCREENING_SEEDS, SEEDS, Laboratory
from chainrule.diagnosis.probes.brakes import felt_brakes
from chainrule.diagnosis.remedies.regularisation import (
    no_dropping,
    no_penalties,
    weaker_penalties,
)
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.wording import share_of
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.train import train

# Regularisation shows where something is left on rows that were learned from: with less than this
# of a constant's error there is nothing that it can be shown to have kept out.
LEFT = 0.03
# Where the error on other rows is twice as large, more of it is wanted, not less.
GAP = 2.0
SOURCE = (
    "Goodfellow, Bengio, Courville, Deep Learning, section 7.1: a penalty that is too strong makes "
    "a network underfit; Google's Deep Learning Tuning Playbook"
)


def signs(examined: Examination) -> list[Sign]:
    case, errors = examined.case, examined.errors
    left, held = errors.training, errors.validation
    if not case.epochs or not left >= LEFT:
        return []
    if examined.shown(constant_prediction.signs):
        return []
    if len(case.validation) and not held <= GAP * left:
        return []
    return [
        Sign(
            one.quantity, one.measured, one.threshold, "above",
            f"{one.words}, and {share_of(left, 'the error of a constant prediction')} is left on "
            "the training rows.",
            one.normal, SOURCE,
        )
        for one in felt_brakes(examined.case)
    ]  # fmt: skip


def remedies(examined: Examination) -> list[Remedy]:
    setup = examined.setup
    given = no_penalties(setup), weaker_penalties(setup), no_dropping(setup)
    return [one for one in given if one is not None]


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare on rows not learned from: those that were always get nearer without a penalty."""
    if not given:
        return None
    there = judging_laboratory(laboratory, 2 * SEEDS + SCREENING_SEEDS * len(given))
    return replace(there.compare(given), held_out=there is not laboratory)


def specimen(seed: int) -> Run:
    """A curve in five columns, under a penalty that leaves about half of it."""
    count = 240
    x = randomness.normal(seed, "specimen", count * 5).reshape(count, 5)
    y = np.tanh(x @ np.array([1.0, -0.7, 0.4, 0.0, 0.9])) + 0.5 * x[:, 1] * x[:, 2]
    network = Network(Dense(16, "tanh"), Dense(1))
    return train(
        network, x, y, learning_rate=0.01, l2=0.1, epochs=60, validation=0.25, seed=seed,
        progress=False,
    )  # fmt: skip


OVER_REGULARISED = Ailment(
    "over_regularised",
    "the regularisation is too strong",
    "Penalties, decay of the weights or dropout hold the network back so far that it cannot follow "
    "what there is to be learned, on new rows as on those that it learns from.",
    signs,
    remedies,
    specimen,
    leads_to=("constant_prediction",),
    confirm=confirm,
    shown_by="errors on other rows",
)
