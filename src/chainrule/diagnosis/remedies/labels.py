"""Remedies of labels: targets put beside the rows that they belong to, doubtful rows left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.arrangement import Arrangement, Remedy
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.probes.labels import Order
from chainrule.diagnosis.probes.row_order import realigned
from chainrule.diagnosis.remedies.without_rows import left_out
from chainrule.diagnosis.wording import some_of

Numbers = NDArray[Any]
LEFT_OUT = "doubtful rows left out"


def aligned(case: Case, best: Order) -> Remedy:
    """Return the remedy that puts the targets into an order."""
    changed = realigned(case, best.order)

    def change(before: Arrangement) -> Arrangement:
        if len(before.training) != len(case.training):
            return before
        return replace(before, training=changed.training, validation=changed.validation)

    return Remedy(
        f"targets {best.words}",
        f"Put the targets beside the rows that they belong to: {best.words}.",
        change,
    )


def leaving_out(case: Case, places: Sequence[int] | Numbers) -> Remedy:
    """Return the remedy that trains without the training rows at these places."""
    chosen = np.asarray(places, dtype=np.int64)
    numbers = [case.numbers[one] if case.numbers else int(one) for one in chosen]
    rows = "row" if len(numbers) == 1 else f"{len(numbers)} rows"
    return Remedy(
        LEFT_OUT,
        f"Look at the labels of the {rows} {some_of(numbers, 20)}, and put them right or "
        "leave them out.",
        left_out(case, chosen),
        left_out=tuple(numbers),
    )
