"""Experiments on labels: shuffled ones, labels put right, and rows whose labels are doubtful."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.first_steps import first_steps
from chainrule.diagnosis.experiments.held_out import judging_laboratory, with_held_out
from chainrule.diagnosis.experiments.laboratory import SEEDS, Laboratory
from chainrule.diagnosis.experiments.rule import BY_LAW, LEAST_SHARE
from chainrule.diagnosis.experiments.significance import LEVEL, probability_of_chance
from chainrule.diagnosis.experiments.trained import error_of_kept
from chainrule.diagnosis.probes.doubtful import doubtful
from chainrule.diagnosis.probes.neighbours import Neighbours
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.probes.sureness import SUREST, Sureness
from chainrule.diagnosis.remedies.labels import leaving_out
from chainrule.network.backpropagation import outputs_of
from chainrule.randomness import permutation
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup

Numbers = NDArray[Any]
# Choices: parts that each leave enough rows to learn from, and rows for which the equations of a
# smooth surface are quickly solved.
FOLDS, MOST_NEIGHBOURS = 5, 1000
# A choice: enough that a wide network does not learn single labels by heart.
PENALTY = 0.01
CONTRADICTED = "share of labels contradicted, by what was learned from other rows"


def compare_shuffled(laboratory: Laboratory, remedy: Remedy) -> Experiment:
    """Train on shuffled labels: where that is as good, the given ones say nothing.

    It proves nothing with a network that learns nothing from any rows.
    """
    there = judging_laboratory(laboratory, 2 * SEEDS)
    given = tuple(map(error_of_kept, there.untreated()))
    mixed = [
        (f"labels shuffled {place + 1}", _shuffled(there.case.arrangement, place), seed)
        for place, seed in enumerate(there.seeds)
    ]
    shuffled = tuple(map(error_of_kept, there.trained_each(mixed)))
    # One set of labels from several starts beside several sets: not a matter of ranks.
    as_good = median(given) >= (1.0 - LEAST_SHARE) * median(shuffled)
    shows = as_good and median(given) >= NOTHING_LEARNED and _can_learn(there)
    return Experiment(
        remedy, given, shuffled, there.epochs, there.rows, untreated_name="labels as given",
        treated_name="labels shuffled",
        shows=shows,
        settles=shows,
        as_good=True,
    )  # fmt: skip


def _can_learn(laboratory: Laboratory) -> bool:
    """Whether the training learns something: of its rows by heart, or of a single batch."""
    by_heart = median(one.kept.training for one in laboratory.untreated())
    if by_heart < NOTHING_LEARNED:
        return True
    return first_steps(laboratory.case.arrangement).with_inputs < NOTHING_LEARNED


def _shuffled(before: Arrangement, place: int) -> Arrangement:
    training = before.training
    order = permutation(before.setup.seed, "labels of an experiment", len(training), place)
    return replace(before, training=replace(
        training, targets=tuple(one[order] for one in training.targets)
    ))  # fmt: skip


def compare_aligned(laboratory: Laboratory, remedy: Remedy) -> Experiment:
    """Train with the targets in another order beside those in the given one.

    That they fit the rows there, and not as they were given, is known by the permutation test of
    the sign: trainings have to show only that it helps the network, however hard its rows are.
    """
    case = laboratory.case
    if len(case.validation):
        found = laboratory.compare([remedy], asked=BY_LAW)
    else:
        better = replace(case, training=remedy.change(case.arrangement).training)
        there = judging_laboratory(laboratory, 2 * SEEDS)
        aligned = laboratory.on(with_held_out(better)[0], 2 * SEEDS)
        without, treated = (tuple(map(error_of_kept, one.untreated())) for one in (there, aligned))
        found = Experiment(remedy, without, treated, there.epochs, there.rows, asked=BY_LAW)
    # In another order in which nothing is learned, either, no label has found its row.
    return found if median(found.treated) < NOTHING_LEARNED else replace(found, shows=False)


def compare_without_doubtful(laboratory: Laboratory) -> Experiment | None:
    """Train without the rows whose labels are held to be wrong by what has not seen them.

    That is the mean of networks trained on the other rows and of the rows' neighbours. The error is
    that on rows held out, with their labels as they are. Where it is no lower, since the labels
    held out are wrong as often, it counts whether labels are contradicted where classes are surest.
    """
    case, kept = with_held_out(laboratory.case)
    there = judging_laboratory(laboratory, 2 * SEEDS + FOLDS)
    found = _of_others(there)
    if found is None:
        return None
    truth = case.training.targets[0].reshape(-1).astype(np.int64)
    named = np.flatnonzero(doubtful(found, truth))
    left = np.delete(truth, named)
    if not len(named) or np.unique(left).size < np.unique(truth).size:
        return None
    experiment = there.compare([leaving_out(case, named)])
    if experiment.is_clear and not _beats_a_penalty(there, experiment):
        experiment = replace(experiment, shows=False)
    remedy = leaving_out(laboratory.case, kept[named])
    wrong = Sureness.of(found, truth).is_of_labels and _are_mostly_distinct(case.training)
    if experiment.is_clear or not wrong:
        return replace(experiment, remedy=remedy)
    return _by_sureness(there, replace(remedy, by_hand=True), found, truth)


def _are_mostly_distinct(rows: Rows) -> bool:
    """Return whether most rows differ in their inputs: of equal rows none tells which is right."""
    flat = np.concatenate([one.reshape(len(one), -1) for one in rows.inputs], axis=1)
    return len(np.unique(flat, axis=0)) > len(flat) / 2


def _by_sureness(
    laboratory: Laboratory, remedy: Remedy, found: Numbers, truth: Numbers
) -> Experiment:
    """Return the experiment that shows wrong labels by rows of which the classes are surest."""
    parts = [Sureness.of(found[one], truth[one]) for one in _folds(laboratory.case)]
    return Experiment(
        remedy,
        tuple(one.share(SUREST) for one in parts),
        tuple(one.share(1.0) for one in parts),
        laboratory.epochs,
        laboratory.rows,
        quantity=CONTRADICTED,
        untreated_name="the surest fifth",
        treated_name="all rows",
        shows=True,
        counted=True,
    )


def _of_others(laboratory: Laboratory) -> Numbers | None:
    """Return probabilities by networks and neighbours that have not seen the row."""
    case = laboratory.case
    found = out_of_fold(laboratory)
    near = Neighbours.of(case.training, case.setup.network, case.setup.seed, MOST_NEIGHBOURS)
    if found is None or near is None:
        return found
    truth = case.training.targets[0].reshape(-1).astype(np.int64)
    shares = near.shares(truth[near.places], found.shape[1])
    found[near.places] = (found[near.places] + shares) / 2.0
    return found


def _beats_a_penalty(laboratory: Laboratory, experiment: Experiment) -> bool:
    """Return whether rows that are left out help beyond what small weights do on all rows.

    Otherwise it is learning by heart that does the harm: also where the labels are right and the
    classes overlap.
    """
    case = laboratory.case
    changed = replace(case.arrangement, setup=replace(_penalised(case), keep="best"))
    small = laboratory.trained("small weights, best epoch", changed, laboratory.seeds)
    return probability_of_chance(tuple(map(error_of_kept, small)), experiment.treated) < LEVEL


def _folds(case: Case) -> list[Numbers]:
    """Return the places of the training rows in parts, each predicted by the others."""
    order = permutation(case.setup.seed, "folds of a diagnosis", len(case.training))
    return np.array_split(order, FOLDS)


def out_of_fold(laboratory: Laboratory) -> Numbers | None:
    """Return probabilities (training rows, classes) by networks that have not seen the row."""
    case = laboratory.case
    count = len(case.training)
    found = np.full((count, case.setup.targets[0].width), np.nan)
    whole = replace(case.arrangement, setup=_penalised(case))
    folds, seed = _folds(case), laboratory.seeds[0]
    asked = [
        (f"fold {place + 1}", whole.keeping(np.setdiff1d(np.arange(count), fold)), seed)
        for place, fold in enumerate(folds)
    ]
    for fold, trained in zip(folds, laboratory.trained_each(asked), strict=True):
        if trained.run is None:
            return None
        found[fold] = _probabilities(trained.run, case, fold)
    return found


def _penalised(case: Case) -> Setup:
    """Return the setup with small weights asked for: what learns by heart cannot doubt a label."""
    given = case.setup.regularisation
    if given.l2 or given.weight_decay:
        return case.setup
    return replace(case.setup, regularisation=replace(given, l2=PENALTY))


def _probabilities(run: Run, case: Case, fold: Numbers) -> Numbers:
    from chainrule.errors import SetupError

    rows = case.training.part(fold)
    with np.errstate(all="ignore"):
        (output, *_) = outputs_of(run.network, list(rows.inputs), run.setup.dtype)
    meaning = run.setup.meaning(0)
    try:
        return meaning.probabilities(output)
    except SetupError:
        said = meaning.predictions(output).reshape(-1)
        return np.asarray(np.eye(run.setup.targets[0].width)[said])
