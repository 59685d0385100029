"""Targets that were moved along the rows, or reversed: in another order they fit."""

from __future__ import annotations

from chainrule.diagnosis.ailments.labels.story import FAR_FROM_CHANCE, Story
from chainrule.diagnosis.cases.arrangement import Remedy
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.labels import compare_aligned
from chainrule.diagnosis.probes.labels import Labels
from chainrule.diagnosis.remedies.labels import aligned
from chainrule.diagnosis.sign import Sign

# Deviations of shuffled targets; of the twenty-odd orders tried none is beyond 7 by chance.
ALIGNED = 7.0


def signs(examined: Examination, labels: Labels) -> list[Sign]:
    best = labels.best_order if labels.distance < FAR_FROM_CHANCE else None
    if best is None or best.distance < max(ALIGNED, 2.0 * labels.distance):
        return []
    return [
        Sign(
            "deviations from chance",
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


def remedy(examined: Examination, labels: Labels) -> Remedy:
    """Return the targets put into the order in which they fit."""
    assert labels.best_order is not None
    return aligned(examined.case, labels.best_order)


MISALIGNED = Story(signs, remedy, compare_aligned)
