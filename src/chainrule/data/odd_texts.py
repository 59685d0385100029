"""Odd texts: what stands among the numbers or dates of a column, and counts as missing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import BESIDE_NUMBERS, NumberArray, TextArray, missing

# Of a column in which more stand, every text that is no number counts as missing.
MOST_ODD_TEXTS = 5


def passed_over(numbers: NumberArray, written: TextArray) -> NDArray[np.bool_]:
    """Return in which rows reading took a text out of a column of numbers: shape (rows,)."""
    return np.isnan(numbers) & ~missing(written)


def odd_among(numbers: NumberArray, written: TextArray | None) -> tuple[str, ...]:
    """Return the different odd texts that reading took out of a column of numbers, sorted.

    ``written`` is None where it was written in digits alone. Texts that mean no value beside any
    numbers, such as "unknown", are not odd.
    """
    if written is None:
        return ()
    texts = set(written[passed_over(numbers, written)].tolist())
    return tuple(sorted(text for text in texts if text.lower() not in BESIDE_NUMBERS))


def first_unknown(texts: TextArray, wrong: NDArray[np.bool_], odd: Iterable[str]) -> int | None:
    """Return the first row with a text that is ``wrong`` and not among the ``odd``, or None.

    Where more than 5 are odd, no text is unknown.
    """
    known = {*odd}
    if len(known) > MOST_ODD_TEXTS:
        return None
    known |= {*BESIDE_NUMBERS}
    for row in np.flatnonzero(wrong).tolist():
        if texts[row] not in known and texts[row].lower() not in known:
            return int(row)
    return None
