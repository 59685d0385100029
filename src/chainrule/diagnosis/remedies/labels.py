"""Remedies of labels: targets put beside the rows that they belong to, doubtful rows left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.cases.arrangement import Arrangement, Remedy
from chainrule.diagnosis.cases.case import Case
from chainrule.diagnosis.probes.labels import Order
from chainrule.diagnosis.probes.row_order import REVERSED, realigned
from chainrule.diagnosis.remedies.without_rows import left_out
from chainrule.diagnosis.wording import some_of

Numbers = NDArray[Any]
LEFT_OUT, CHECKED = "doubtful rows left out", "labels checked"
# What can be said before any training.
LOOK = "Look at how labels and rows were joined, or find inputs that have to do with the target."


def aligned(case: Case, best: Order) -> Remedy:
    """Return the remedy that puts the targets into an order."""
    changed = realigned(case, best.order)

    def change(before: Arrangement) -> Arrangement:
        if len(before.training) != len(case.training):
            return before
        return replace(before, training=changed.training, validation=changed.validation)

    return Remedy(
        f"targets {best.words}",
        _told(best.words),
        change,
        code_of(best.order),
    )


def _told(words: str) -> str:
    """Return what to do with the targets, from the words of an order."""
    if words == REVERSED:
        return "Reverse the order of the targets: the last of them belongs to the first row."
    way = words.removeprefix("moved ")
    other = "below" if way.startswith("up") else "above"
    return f"Move the targets {way}: what belongs to a row stands {other} it."


def code_of(order: Numbers) -> str:
    """Return the line that puts all targets, as they were given, into a moved or reversed order."""
    count, first = len(order), int(order[0])
    if count > 2 and order[1] == first - 1:
        return "y = y[::-1]"
    return f"y = np.roll(y, {-first if first <= count // 2 else count - first})"


def looked_at() -> Remedy:
    """Return the remedy of labels that say nothing, which changes nothing by itself."""
    words = (
        f"{LOOK[:-1]}: as they stand, this network learns no more from these rows than from "
        "shuffled ones."
    )
    return Remedy(CHECKED, words, lambda before: before, by_hand=True)


def leaving_out(case: Case, places: Sequence[int] | Numbers) -> Remedy:
    """Return the remedy that trains without the training rows at these places."""
    chosen = np.asarray(places, dtype=np.int64)
    named = case.told(chosen)
    rows = "row" if len(named) == 1 else f"{len(named)} rows"
    return Remedy(
        LEFT_OUT,
        f"Look at the labels of the {rows} {some_of(named, 20)}, and put them right or "
        f"leave them out. {case.how_counted}",
        left_out(case, chosen),
        left_out=tuple(case.numbers[chosen].tolist()),
    )
