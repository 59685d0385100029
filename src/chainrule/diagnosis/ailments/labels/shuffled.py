"""Labels that know nothing of their rows: shuffled, joined by a wrong key, or pure noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.ailments.labels.story import FAR_FROM_CHANCE, LEAST_HELD, Story
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.labels import compare_shuffled
from chainrule.diagnosis.probes.labels import Labels
from chainrule.diagnosis.remedies.labels import looked_at
from chainrule.diagnosis.sign import Sign

# The probability of chance above which labels may say nothing. Of few rows a test sees little, so
# that a hint is enough to say that there is something.
CHANCE, HINT, FEW = 0.002, 0.05, 100
# Of fewer rows beside the most frequent class neighbours tell nothing from little by luck.
FEWEST_BESIDE = 30
# Less of the variance of the targets is next to nothing: a tenth of it, which many a sound training
# lives on, is seen as more by far, and four labels in five that were guessed as less.
LITTLE = 0.03


def signs(examined: Examination, labels: Labels) -> list[Sign]:
    if not can_be_told(examined, labels) or labels.distance >= FAR_FROM_CHANCE:
        return []
    known = labels.known_share
    if known is not None and known >= LITTLE:
        return []
    if more_similar_by_chance(labels):
        return [_as_similar(labels, _threshold(labels))]
    return [] if known is None or labels.is_contrary else [_hardly_known(known)]


def can_be_told(examined: Examination, labels: Labels) -> bool:
    """Whether there are rows enough to tell labels that say nothing from such as say little."""
    return not (0 < len(examined.case.validation) < LEAST_HELD or _are_nearly_of_one_class(labels))


def more_similar_by_chance(labels: Labels) -> bool:
    """Whether shuffled targets are as similar for similar inputs more often than by chance."""
    return labels.probability > _threshold(labels)


def _threshold(labels: Labels) -> float:
    return CHANCE if len(labels.neighbours.places) >= FEW else HINT


def _as_similar(labels: Labels, threshold: float) -> Sign:
    return Sign(
        "share of shuffled targets as similar",
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


def _hardly_known(known: float) -> Sign:
    return Sign(
        "share of the targets that is known",
        known,
        LITTLE,
        "below",
        f"Of how much the targets vary {known:.1%} is known from the inputs, by what the nearest "
        "rows, a plane and a smooth surface predict.",
        "more than 3 %",
        "predictions of each row without itself (Allen, Technometrics 16, 1974); less than 3 % is "
        "next to nothing",
    )


def _are_nearly_of_one_class(labels: Labels) -> bool:
    """Whether so few rows are of another class than most that what they say is luck."""
    if labels.case.setup.targets[0].task != "classification":
        return False
    return beside_the_frequent(labels.rows.targets[0]) < FEWEST_BESIDE


def beside_the_frequent(target: NDArray[Any]) -> int:
    """Return how many rows are of another class than the most frequent one."""
    counts = np.bincount(target.reshape(-1).astype(np.int64))
    return int(counts.sum() - counts.max())


SHUFFLED = Story(signs, lambda examined, labels: looked_at(), compare_shuffled)
