"""Labels that say nothing about their rows: misaligned, shuffled, or wrong for some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule.randomness as randomness
from chainrule.diagnosis.ailment import Ailment
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.experiment import Experiment
from chainrule.diagnosis.experiments.labels import (
    compare_aligned,
    compare_shuffled,
    compare_without_doubtful,
)
from chainrule.diagnosis.experiments.laboratory import Laboratory
from chainrule.diagnosis.probes.classes import Classes
from chainrule.diagnosis.probes.labels import Labels
from chainrule.diagnosis.probes.relative_error import NOTHING_LEARNED
from chainrule.diagnosis.remedies.labels import LEFT_OUT, aligned, leaving_out
from chainrule.diagnosis.sign import Sign
from chainrule.diagnosis.wording import AT_MOST, share_of, some_of
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.training.run import Run
from chainrule.training.train import train

# The probability of chance above which labels may say nothing. Of few rows a test sees little, so
# that a hint is enough to say that there is something.
CHANCE, HINT, FEW = 0.002, 0.05, 100
# Deviations of shuffled targets. Beyond 10 the targets fit as they stand; of the twenty-odd orders
# that are tried none is beyond 7 by chance.
FAR_FROM_CHANCE, ALIGNED = 10.0, 7.0
# Fewer wrong labels hardly change what is learned; fewer rows do not tell a twentieth from none.
CONTRADICTED, LEAST_HELD = 0.05, 20
# So many that they are told to be so even where nothing was learned by heart.
MANY = 0.08
# Of what neighbours contradict a network that tells the classes better misses less than half.
TOLD = 0.5
# Of fewer rows beside the most frequent class neighbours tell nothing from little by luck.
FEWEST_BESIDE = 30
CHECKED = "labels checked"
ORDER, AS_SIMILAR = "deviations from chance", "share of shuffled targets as similar"
# Rows of tokens and of times have no neighbours to ask; so many held out are no luck.
ENOUGH_HELD = 100
ON_OTHERS = f"error on rows held out, over that of a constant{AT_MOST}"


def signs(examined: Examination) -> list[Sign]:
    labels = examined.labels
    if labels is None:
        return _nothing_on_others(examined)
    if _may_say_nothing(examined):
        found = [*_misaligned(labels), *_says_nothing(labels, len(examined.case.validation))]
        if found:
            return found
    return _contradicted(examined, labels)


def _nothing_on_others(examined: Examination) -> list[Sign]:
    """Return the sign of rows without neighbours, where others are predicted no better."""
    case, setup, error = examined.case, examined.setup, examined.errors.validation
    if len(case.validation) < ENOUGH_HELD or not case.epochs or not error >= 1.0:
        return []
    if any(one.over_time for one in setup.targets) or _may_be_luck(examined):
        return []
    return [
        Sign(
            ON_OTHERS,
            error,
            1.0,
            "above",
            f"{len(case.validation)} rows that were not learned from are together predicted no "
            f"better than by a constant: the error is {share_of(error, 'its own')}.",
            "below 100 %",
            "the best constant prediction, which needs no inputs (Karpathy, A Recipe for Training "
            "Neural Networks, 2019)",
        )
    ]


def _may_be_luck(examined: Examination) -> bool:
    """Whether one row makes most of the error, or hardly any is beside the frequent class."""
    by_row, rows = examined.errors.by_row, examined.case.training
    if by_row is not None and len(by_row) > 2 and by_row.max() > 0.5 * by_row.sum():
        return True
    if examined.setup.targets[0].task != "classification":
        return False
    return _beside_the_frequent(rows.targets[0]) < FEWEST_BESIDE


def _may_say_nothing(examined: Examination) -> bool:
    """Return whether no row that was not learned from has been predicted.

    Where one row makes most of the error, as a target of 1e30 does, nothing is known of the others.
    """
    by_row = examined.errors.by_row
    if by_row is not None and len(by_row) > 2 and by_row.max() > 0.5 * by_row.sum():
        return False
    return not examined.errors.validation < NOTHING_LEARNED


def _says_nothing(labels: Labels, held: int) -> list[Sign]:
    # On a few rows what has learned something often looks like what has learned nothing.
    if 0 < held < LEAST_HELD or _are_nearly_of_one_class(labels):
        return []
    threshold = CHANCE if len(labels.neighbours.places) >= FEW else HINT
    if labels.distance >= FAR_FROM_CHANCE or labels.probability <= threshold:
        return []
    return [
        Sign(
            AS_SIMILAR,
            labels.probability,
            threshold,
            "above",
            "Rows with similar inputs have no more similar targets than shuffled ones would have: "
            f"of shuffled targets {labels.probability:.1%} are as similar.",
            "similar targets for similar inputs, beyond chance",
            "a permutation test of what the nearest rows, a plane and a smooth surface predict; "
            "as rare as one in five hundred, or one in twenty of fewer than a hundred rows, is "
            "beyond chance",
        )
    ]


def _are_nearly_of_one_class(labels: Labels) -> bool:
    """Whether so few rows are of another class than most that what they say is luck."""
    if labels.case.setup.targets[0].task != "classification":
        return False
    return _beside_the_frequent(labels.rows.targets[0]) < FEWEST_BESIDE


def _beside_the_frequent(target: NDArray[Any]) -> int:
    """Return how many rows are of another class than the most frequent one."""
    counts = np.bincount(target.reshape(-1).astype(np.int64))
    return int(counts.sum() - counts.max())


def _misaligned(labels: Labels) -> list[Sign]:
    best = labels.best_order if labels.distance < FAR_FROM_CHANCE else None
    if best is None or best.distance < max(ALIGNED, 2.0 * labels.distance):
        return []
    return [
        Sign(
            ORDER,
            best.distance,
            ALIGNED,
            "above",
            f"With the targets {best.words}, similar rows have similar targets: "
            f"{best.distance:.1f} deviations from shuffled ones, {labels.distance:.1f} as they "
            "were given.",
            "targets that fit the rows beside which they were given",
            "a permutation test; seven deviations do not happen by chance",
            where=best.words,
        )
    ]


def _contradicted(examined: Examination, labels: Labels) -> list[Sign]:
    share, named = labels.contradicted_share, labels.doubtful_numbers
    if share is None or share < CONTRADICTED or not named or _is_told(examined, share):
        return []
    if share < MANY and not _learned_by_heart(examined, labels):
        return []
    return [
        Sign(
            "share of labels that their neighbours contradict",
            share,
            CONTRADICTED,
            "above",
            f"Where rows with similar inputs agree most, {share:.1%} of the labels are of another "
            f"class. Rows that may be wrong: {some_of(named, 10)}.",
            "labels that differ from their neighbours' where classes meet, and hardly elsewhere",
            "confident learning (Northcutt, Jiang, Chuang 2021); below a twentieth such labels "
            "hardly change what is learned",
        )
    ]


def remedies(examined: Examination) -> list[Remedy]:
    labels, found = examined.labels, signs(examined)
    if not found:
        return []
    if labels is None:
        return [_looked_at()]
    if not {one.quantity for one in found} & {ORDER, AS_SIMILAR}:
        return [leaving_out(examined.case, labels.doubtful_places)]
    chosen = []
    if labels.best_order is not None and found[0].quantity == ORDER:
        chosen.append(aligned(examined.case, labels.best_order))
    if found[-1].quantity == AS_SIMILAR:
        chosen.append(_looked_at())
    return chosen


def _looked_at() -> Remedy:
    words = (
        "Look at how labels and rows were joined, or find inputs that have to do with the "
        "target: as they stand, nothing can be learned from these rows."
    )
    return Remedy(CHECKED, words, lambda before: before, by_hand=True)


def _is_told(examined: Examination, share: float) -> bool:
    """Return whether far fewer labels of rows held out are missed than neighbours contradict."""
    case = examined.case
    seen = Classes.of(case.network, examined.setup, case.validation)
    if seen is None or len(case.validation) < LEAST_HELD:
        return False
    right = float(np.nansum(seen.recalls * seen.counts)) / len(case.validation)
    return 1.0 - right < TOLD * share


def _learned_by_heart(examined: Examination, labels: Labels) -> bool:
    """Return whether the network says of most doubtful rows what their labels say."""
    case = examined.case
    doubted = case.training.part(labels.doubtful_places)
    seen = Classes.of(case.network, examined.setup, doubted)
    return seen is not None and float(np.nansum(seen.recalls * seen.counts)) > len(doubted) / 2


def confirm(
    examined: Examination, laboratory: Laboratory, given: Sequence[Remedy]
) -> Experiment | None:
    """Compare with shuffled labels, with labels put right, or without doubtful rows."""
    if not given:
        return None
    if given[0].name == LEFT_OUT:
        return compare_without_doubtful(laboratory)
    found = None
    for one in given:
        compare = compare_shuffled if one.name == CHECKED else compare_aligned
        found = compare(laboratory, one)
        if found.is_clear:
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
    "with the inputs cannot be learned but by heart, whatever the network.",
    signs,
    remedies,
    specimen,
    leads_to=("overfitting", "imbalance", "constant_prediction"),
    confirm=confirm,
    shown_by="another measure",
)
