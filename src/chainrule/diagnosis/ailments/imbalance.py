"""Imbalance with a dead class: a rare class that the network hardly ever says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy, on_setup, weighing_one
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.experiments.other_rows import compare_by_turns
from chainrule.diagnosis.experiments.rule import BY_LAW, USUAL
from chainrule.diagnosis.experiments.trained import Trained
from chainrule.diagnosis.probes.classes import Classes
from chainrule.diagnosis.probes.relative_error import WORST, balanced_error
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.rows import Rows, weights_of_classes
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.train import train

Numbers = NDArray[Any]
# Half of what each of equally many classes would have.
RARE = 0.5
# A class of less than a quarter of that is suspect where half of it is missed.
VERY_RARE = 0.25
MISSED, HALF = 0.3, 0.5
LONGER = 4
# Fewer rows of a class say nothing about its recall.
LEAST_OF_CLASS = 5
BALANCED = "class_weight='balanced'"
QUANTITY = "share of wrong rows averaged over classes, in shares of a constant prediction's"


def signs(examined: Examination) -> list[Sign]:
    case, setup = examined.case, examined.setup
    classes = Classes.of(case.network, setup, case.training)
    if classes is None or not all(one.each_row for one in setup.losses):
        return []
    recalls = _known_recalls(classes)
    held = Classes.of(case.network, setup, case.validation)
    if held is not None:
        recalls = np.fmin(recalls, _known_recalls(held))
    if not (recalls > 0.5).any():
        return []
    found = []
    for share, missed in ((RARE, MISSED), (VERY_RARE, HALF)):
        rare = classes.shares < share / len(classes.counts)
        found.append(np.where(rare & (recalls < missed), missed, 0.0))
    least = np.max(found, axis=0)
    return [
        _sign(classes, recalls, int(place), float(least[place])) for place in np.flatnonzero(least)
    ]


def _known_recalls(classes: Classes) -> Numbers:
    return np.where(classes.counts >= LEAST_OF_CLASS, classes.recalls, np.nan)


def _sign(classes: Classes, recalls: Numbers, place: int, least: float) -> Sign:
    label, share, recall = classes.labels[place], float(classes.shares[place]), recalls[place]
    return Sign(
        "recall of a class",
        float(recall),
        least,
        "below",
        f"{share:.1%} of the training rows are of class {label!r}, and of such rows the network "
        f"gets {recall:.1%} right.",
        "about as many as of the other classes",
        "Amazon SageMaker Debugger's rule on imbalance: a class of which more than 70 % are wrong; "
        "half of a very rare one",
        where=f"class {label!r}",
        curve=tuple(recalls.tolist()),
        curve_of="recall of each class",
        curve_names=tuple(str(one) for one in classes.labels),
    )


def remedies(examined: Examination) -> list[Remedy]:
    if not signs(examined):
        return []
    weighed = Remedy(
        "balanced classes",
        "Give rows of rare classes more weight, so that every class counts as much.",
        balanced,
        # Rows that are weighed already keep their weights, and what these were is not known here.
        "" if np.ptp(examined.case.training.weights) else BALANCED,
    )
    setup = examined.setup
    if setup.keep != "best" or not len(examined.case.validation):
        return [weighed]
    # The validation loss counts rows alike: it is often lowest before a rare class is learned.
    whole = Remedy(
        "balanced classes to the last epoch",
        "Give rows of rare classes more weight, so that every class counts as much, and keep the "
        "last epoch. The validation loss, which counts all rows alike, rises where a rare class is "
        "learned.",
        lambda before: balanced(replace(before, setup=replace(before.setup, keep="last"))),
        f"{weighed.code}, keep='last'" if weighed.code else "",
    )
    return [weighed, whole]


def balanced(before: Arrangement) -> Arrangement:
    """Return the arrangement whose classes have the same sum of weights in training."""
    labels = before.training.targets[0].reshape(-1).astype(np.int64)
    setup, weights = before.setup, before.training.weights
    if np.ptp(weights) > 0.0:
        # What was balanced already stays so.
        sums = np.bincount(labels, weights=weights, minlength=len(setup.targets[0].labels))
        factors = (weights.sum() / (len(sums) * np.maximum(sums, 1e-300)))[labels]
    else:
        counted = labels
        if setup.provenance.validation:
            # As train has it, which weighs classes before it holds rows out.
            held = before.validation.targets[0].reshape(-1).astype(np.int64)
            counted = np.concatenate([labels, held])
        factors = weights_of_classes("balanced", counted, setup.targets[0].labels)[labels]
    weighed = replace(before.training, weights=weights * factors)
    return replace(before, training=weighing_one(weighed))


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare by the balanced error; not confirmed where four times the epochs do as well.

    That a loss which counts rows alike is low without a rare class follows from its definition, so
    that of a class that is hardly ever right trainings have to show only that weights help. Rows
    that were learned from do not judge longer trainings, which learn them by heart.
    """
    by_validation = _judged_by_validation(laboratory.case.setup, laboratory.case.validation)

    def judge(one: Trained) -> float:
        if one.run is None or one.run.rows is None:
            return WORST
        rows = one.run.rows[1] if by_validation else one.run.rows[0]
        return balanced_error(one.run.network, one.run.setup, rows)

    is_dead = any(one.measured < MISSED for one in signs(examined))
    said: dict[str, Any] = {"quantity": QUANTITY, "asked": BY_LAW if is_dead else USUAL}
    found = compare_by_turns(laboratory, given, judge, **said)
    others = [one for one in given if one.name != found.remedy.name]
    if not found.is_clear and others and not laboratory.is_spent:
        # Either choice may fail on a start or two, where an early epoch of the weighed is kept.
        other = replace(laboratory.compare(others, judge, **said), looks=found.looks + 1)
        found = other if other.is_clear else found
    if not found.is_clear or not by_validation:
        return found
    longer = on_setup(lambda setup: replace(setup, epochs=LONGER * setup.epochs))
    seeds = laboratory.screening
    late = laboratory.trained("four times the epochs", longer(laboratory.case.arrangement), seeds)
    as_good = median(map(judge, late)) <= median(found.treated)
    return replace(found, shows=False) if as_good else found


def _judged_by_validation(setup: Setup, validation: Rows) -> bool:
    """Return whether each class has rows enough to be judged by those that were held out."""
    if not len(validation):
        return False
    labels = validation.targets[0].reshape(-1).astype(np.int64)
    counts = np.bincount(labels, minlength=setup.targets[0].width)
    return bool((counts >= LEAST_OF_CLASS).all())


def specimen(seed: int) -> Run:
    """Two overlapping classes, one of which has 5 rows in 100."""
    count = 900
    y = (randomness.uniform(seed, "specimen's classes", count) < 0.05).astype(np.int64)
    x = randomness.normal(seed, "specimen", count * 2).reshape(count, 2)
    x[:, 0] += 1.2 * y
    network = Network(Dense(6, "tanh"), Dense(2))
    return train(
        network, x, y, learning_rate=0.01, epochs=20, validation=0.4, seed=seed, progress=False
    )


IMBALANCE = Ailment(
    "imbalance",
    "a rare class is hardly ever predicted",
    "Rows of a rare class are so few that the loss is low without predicting it, so that the "
    "network hardly tells it from the others.",
    signs,
    remedies,
    specimen,
    # What is learned last of a rare class goes on when all else has come to rest.
    leads_to=("constant_prediction", "rate_too_low"),
    confirm=confirm,
    shown_by="another measure",
)
