"""A sign: a number of a run beside the threshold that it has passed, and what would be normal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Sign:
    """One piece of evidence.

    ``quantity`` is what was measured ("largest relative update"), ``where`` at which layer, column
    or epoch; ``measured`` has passed ``threshold`` on the ``side`` that is not normal. ``normal``
    says what is, ``source`` where the threshold comes from: a paper, a law, or a measurement.
    ``words`` is the sentence for people. ``curve`` are numbers in an order (losses over epochs,
    units of a layer) that a small figure shows, named by ``curve_of``; ``curve_names`` are those of
    its numbers, where each stands for something with a name, as for a class. ``is_failure``: what
    it says is a failure in itself, whatever experiments show. ``is_share``: it is a part of a
    whole, of which there is no more than 1. ``kind`` tells it apart from other signs where more
    depends on it than what is said. ``seen_with``: the remedies of the training that showed it, in
    words, where the run itself did not.
    """

    quantity: str
    measured: float
    threshold: float
    side: Literal["above", "below"]
    words: str
    normal: str
    source: str
    where: str = ""
    curve: tuple[float, ...] = ()
    curve_of: str = ""
    curve_names: tuple[str, ...] = ()
    is_failure: bool = False
    is_share: bool = False
    kind: str = ""
    seen_with: str = ""

    @property
    def strength(self) -> float:
        """How many times beyond the threshold, as a natural logarithm; at most 10.

        Of shares by their odds: all of a layer is far beyond half of it, though no more than twice
        as much.
        """
        measured, threshold = abs(self.measured), abs(self.threshold)
        if self.is_share:
            measured, threshold = _odds(measured), _odds(threshold)
        if not math.isfinite(measured):
            return 10.0
        if min(measured, threshold) <= 0.0:
            return 1.0 if measured == threshold else 10.0
        ratio = math.log(measured / threshold)
        return min(10.0, max(0.0, ratio if self.side == "above" else -ratio))

    def to_dict(self) -> dict[str, Any]:
        """Return the sign as plain data; what is no finite number is text."""
        return {
            "quantity": self.quantity,
            "where": self.where,
            "measured": _plain(self.measured),
            "threshold": _plain(self.threshold),
            "side": self.side,
            "words": self.words,
            "normal": self.normal,
            "source": self.source,
            "curve": [_plain(one) for one in self.curve],
            "curve_of": self.curve_of,
            "curve_names": list(self.curve_names),
            "seen_with": self.seen_with,
        }


def _odds(share: float) -> float:
    return share / (1.0 - share) if share < 1.0 else math.inf


def _plain(number: float) -> float | str:
    return float(number) if math.isfinite(number) else str(float(number))


def shortened(numbers: Sequence[float], most: int = 200) -> tuple[float, ...]:
    """Return at most so many of the numbers, evenly spaced, the first and the last among them."""
    if len(numbers) <= most:
        return tuple(map(float, numbers))
    places = [round(place * (len(numbers) - 1) / (most - 1)) for place in range(most)]
    return tuple(float(numbers[place]) for place in places)
