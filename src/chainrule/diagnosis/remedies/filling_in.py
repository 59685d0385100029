"""Filling in: numbers that may stand for missing ones give way to what is usual in their column."""

from __future__ import annotations

from dataclasses import replace

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.probes.missing_numbers import Missing, filled_in

FILL_IN = (
    "Put the median of the column in those cells, in new rows as well, and add a column of 0 and 1 "
    "that says where they were. Scaled with them, all other numbers would be nearly equal."
)


def filling_in(found: list[Missing]) -> Remedy:
    """Return the remedy that puts medians of the training rows in the place of such numbers.

    A run cannot do so with new rows, so that it is left to people.
    """

    def change(before: Arrangement) -> Arrangement:
        training, validation = (
            filled_in(one, found, before.training) for one in (before.training, before.validation)
        )
        return replace(before, training=training, validation=validation)

    first = max(found, key=lambda one: one.rows)
    others = f", as in {len(found) - 1:,} more columns" if len(found) > 1 else ""
    words = f"Fill in what is missing: {first.words}{others}. {FILL_IN}"
    return Remedy("missing numbers filled in", words, change, by_hand=True)
