"""Targets that fit no better than shifted along the rows: sorted ones, beside rows that are not."""

from __future__ import annotations

from chainrule.diagnosis.ailments.labels.shuffled import can_be_told
from chainrule.diagnosis.ailments.labels.story import Story
from chainrule.diagnosis.examination import Examination
from chainrule.diagnosis.experiments.labels import compare_shuffled
from chainrule.diagnosis.probes.labels import Labels
from chainrule.diagnosis.remedies.labels import looked_at
from chainrule.diagnosis.sign import Sign

# Sorted targets fit as well in most of the shifts; those that belong to their rows in none.
SHIFTED = 0.1


def signs(examined: Examination, labels: Labels) -> list[Sign]:
    share = labels.as_good_when_shifted if can_be_told(examined, labels) else None
    if share is None or share <= SHIFTED:
        return []
    return [
        Sign(
            "share of shifts that fit as well",
            share,
            SHIFTED,
            "above",
            "The targets follow each other in the order of the rows, and fit the inputs as well "
            f"when all of them are shifted along it, in {share:.0%} of the shifts.",
            "targets that fit their own rows best",
            "a test by shifts, which leave what follows what as it is; one shift in ten may fit as "
            "well by chance",
        )
    ]


FOLLOWING = Story(signs, lambda examined, labels: looked_at(), compare_shuffled)
