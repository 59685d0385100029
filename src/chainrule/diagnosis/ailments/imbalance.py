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
from chainrule.diagnosis.cases.arrangement import Remedy, on_setup
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.held_out import judging_laboratory
from chainrule.diagnosis.experiments.laboratory import SCREENING_SEEDS, SEEDS, Laboratory
from chainrule.diagnosis.experiments.other_rows import turns, turns_where_none_was_held
from chainrule.diagnosis.experiments.rare_classes import (
    balanced_on_held_out,
    compare_over_parts,
    compare_rare,
)
from chainrule.diagnosis.experiments.rule import BY_LAW, Rule
from chainrule.diagnosis.probes.classes import Classes
from chainrule.diagnosis.remedies.class_weights import balanced_classes
from chainrule.diagnosis.sign import Sign
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.rows import Rows
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
# Of so few rows held out no fewer may be missed: one that is alone is luck.
LEAST_MISSED = 2
# Whether it is the luck of the rows is asked with classes that count alike.
BEYOND_LUCK = (Rule(asks_rows=False),)
OF_MANY, OF_FEW = "recall of a class", "recall of a class on few rows held out"
# The kind of a sign that is no mere hint.
MANY_ROWS = "of many rows"
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
    return [*_hardly_right(classes, recalls), *_missed_on_few(classes, recalls, held)]


def _hardly_right(classes: Classes, recalls: Numbers) -> list[Sign]:
    """Return a sign for each rare class that the network hardly tells."""
    found = []
    for share, missed in ((RARE, MISSED), (VERY_RARE, HALF)):
        rare = classes.shares < share / len(classes.counts)
        found.append(np.where(rare & (recalls < missed), missed, 0.0))
    least = np.max(found, axis=0)
    return [
        _sign(classes, recalls, int(place), float(least[place])) for place in np.flatnonzero(least)
    ]


def _missed_on_few(classes: Classes, recalls: Numbers, held: Classes | None) -> list[Sign]:
    """Return a sign for each rare class that is learned, and missed on the few rows held out."""
    if held is None:
        return []
    rare = classes.shares < RARE / len(classes.counts)
    few = rare & (held.counts < LEAST_OF_CLASS) & (recalls >= HALF)
    missed = held.counts * (1.0 - np.nan_to_num(held.recalls, nan=1.0))
    seen = few & (missed > LEAST_MISSED - 0.5) & (held.recalls < HALF)
    return [_sign_of_few(classes, held, int(place)) for place in np.flatnonzero(seen)]


def _sign_of_few(classes: Classes, held: Classes, place: int) -> Sign:
    label, share, recall = classes.labels[place], classes.shares[place], held.recalls[place]
    return Sign(
        OF_FEW,
        float(recall),
        HALF,
        "below",
        f"{share:.1%} of the training rows are of class {label!r}, and of the "
        f"{int(held.counts[place])} such rows held out the network gets "
        f"{round(recall * held.counts[place])} right.",
        "about as many as of the other classes",
        "half of a rare class, which so few rows only hint at: all parts of the rows judge in turn",
        where=f"class {label!r}",
        curve=tuple(np.nan_to_num(held.recalls).tolist()),
        curve_of="recall of each class on rows held out",
    )


def _known_recalls(classes: Classes) -> Numbers:
    return np.where(classes.counts >= LEAST_OF_CLASS, classes.recalls, np.nan)


def _sign(classes: Classes, recalls: Numbers, place: int, least: float) -> Sign:
    label, share, recall = classes.labels[place], float(classes.shares[place]), recalls[place]
    return Sign(
        OF_MANY,
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
        kind=MANY_ROWS,
        curve_names=tuple(str(one) for one in classes.labels),
    )


def remedies(examined: Examination) -> list[Remedy]:
    if not examined.shown(signs):
        return []
    return balanced_classes(examined.case)


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare by the balanced error; not confirmed where four times the epochs do as well.

    That a loss which counts rows alike is low without a rare class follows from its definition, so
    that of a class that is hardly ever right trainings have to show only that weights help. Rows
    that were not learned from judge, by more than their luck: weights make any network say a rare
    class more often, and whether that is right more often than it is wrong is the question.
    """
    if not given:
        return None
    seen = examined.shown(signs)
    is_dead = any(one.measured < MISSED for one in seen if one.kind == MANY_ROWS)
    there = judging_laboratory(laboratory, 2 * SEEDS + SCREENING_SEEDS * len(given))
    held_none = there is not laboratory
    parts = turns_where_none_was_held(laboratory.case) if held_none else turns(there.case)
    said: dict[str, Any] = {"quantity": QUANTITY, "held_out": held_none}
    said["asked"] = BY_LAW if is_dead else BEYOND_LUCK
    if _are_few(there.case.setup, there.case.validation):
        return compare_over_parts(there, given[-1], parts, **said)
    found = compare_rare(there, given, parts, **said)
    others = [one for one in given if one.name != found.remedy.name]
    if not found.is_clear and others and not there.is_spent:
        # Either choice may fail on a start or two, where an early epoch of the weighed is kept.
        other = replace(compare_rare(there, others, [], **said), looks=found.looks + 1)
        found = other if other.is_clear else found
    if not found.is_clear:
        return found
    longer = on_setup(lambda setup: replace(setup, epochs=LONGER * setup.epochs))
    seeds = there.screening
    late = there.trained("four times the epochs", longer(there.case.arrangement), seeds)
    weighed = there.known(found.remedy)
    as_good = median(map(balanced_on_held_out, late)) <= median(map(balanced_on_held_out, weighed))
    return replace(found, shows=False) if as_good else found


def _are_few(setup: Setup, held: Rows) -> bool:
    """Return whether some class has too few rows among those held out to be judged by them."""
    if not len(held):
        return True
    labels = held.targets[0].reshape(-1).astype(np.int64)
    counts = np.bincount(labels, minlength=setup.targets[0].width)
    return bool((counts < LEAST_OF_CLASS).any())


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
