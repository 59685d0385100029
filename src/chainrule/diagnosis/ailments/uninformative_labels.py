"""Labels that do not go together with the inputs: misaligned, shuffled, sorted, or some wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.ailments.labels.following import FOLLOWING
from chainrule.diagnosis.ailments.labels.misaligned import MISALIGNED
from chainrule.diagnosis.ailments.labels.shuffled import SHUFFLED
from chainrule.diagnosis.ailments.labels.some_wrong import SOME_WRONG
from chainrule.diagnosis.ailments.labels.story import Story
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.remedies.labels import LEFT_OUT
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.train import train


def stories(examined: Examination) -> list[Story]:
    """Return what may have happened to the labels, the likeliest first.

    That some labels are wrong is asked where labels say something of their rows.
    """
    labels = examined.labels
    if labels is None:
        return []

    def shown(*asked: Story) -> list[Story]:
        return [one for one in asked if one.signs(examined, labels)]

    if _may_say_nothing(examined):
        found = [*shown(MISALIGNED), *(shown(SHUFFLED) or shown(FOLLOWING))]
        if found:
            return found
    return shown(SOME_WRONG)


def _may_say_nothing(examined: Examination) -> bool:
    """Return whether no row that was not learned from has been predicted.

    Where one row makes most of the error, as a target of 1e30 does, nothing is known of the others;
    nor where few rows make nearly all of how much a target varies, in training rows too.
    """
    if any(one.input is None for one in examined.scale_makers):
        return False
    by_row = examined.errors.by_row
    if by_row is not None and len(by_row) > 2 and by_row.max() > 0.5 * by_row.sum():
        return False
    return not examined.errors.validation < NOTHING_LEARNED


def signs(examined: Examination) -> list[Sign]:
    labels = examined.labels
    if labels is None:
        return []
    return [sign for one in stories(examined) for sign in one.signs(examined, labels)]


def remedies(examined: Examination) -> list[Remedy]:
    """Return the remedy of each story, in their order."""
    labels = examined.labels
    if labels is None:
        return []
    return [one.remedy(examined, labels) for one in stories(examined)]


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare as each story asks, with its remedy, until one of them is shown."""
    found = None
    for story, remedy in zip(stories(examined), given, strict=False):
        found = story.confirm(laboratory, remedy)
        if found is not None and found.is_clear:
            break
    return found


def specimen(seed: int) -> Run:
    """Three classes that a small network tells apart with ease, their labels shuffled."""
    count = 300
    x = randomness.normal(seed, "specimen", count * 4).reshape(count, 4)
    y = np.digitize(x[:, 0] + 0.5 * x[:, 1], (-0.5, 0.5))
    y = y[randomness.permutation(seed, "specimen's labels", count)]
    network = Network(Dense(12, "tanh"), Dense(3))
    return train(
        network, x, y, learning_rate=0.01, epochs=30, validation=0.25, seed=seed, progress=False
    )


UNINFORMATIVE_LABELS = Ailment(
    "uninformative_labels",
    "the labels and the inputs do not go together",
    "Labels that stand beside the wrong rows, are wrong in many of them, or have nothing to do "
    "with the inputs cannot be learned but by heart. That is seen by this network, and by what the "
    "nearest rows say; another kind of network may know how to look at these inputs.",
    signs,
    remedies,
    specimen,
    leads_to=("overfitting", "imbalance", "constant_prediction"),
    confirm=confirm,
    shown_by="another measure",
    # Learning by heart takes far fewer trainings to show, and explains the doubt where classes
    # overlap.
    tried_behind={LEFT_OUT: "overfitting"},
)
