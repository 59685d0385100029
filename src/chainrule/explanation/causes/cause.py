"""A cause: why a gradient is what it is, in a sentence, with what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.explanation.entries import entry_at
from chainrule.explanation.plain_numbers import plain_number
from chainrule.explanation.routes.links import Array
from chainrule.explanation.words import Words

Kind = Literal[
    "dead unit",
    "silent unit",
    "saturation",
    "flat point",
    "zero input",
    "zero weight",
    "already right",
    "masked",
    "weightless row",
    "frozen",
    "underflow",
    "overflow",
    "symmetric start",
    "exact cancellation",
    "lost in rounding",
    "pool loser",
    "token not in the batch",
    "uniform shift",
    "zero by law",
    "no path",
    "zero slope",
    "small slopes",
    "large slopes",
    "not finite",
]
SHOWN = 3


@dataclass(frozen=True)
class Cause:
    """One cause: its kind, the entries that it is about, two sentences and their numbers.

    ``counterfactual`` says what would have to be other for the gradient to be other, or by which
    law nothing can.
    """

    kind: Kind
    where: tuple[str, ...]
    sentence: str
    counterfactual: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the cause as plain data."""
        return {
            "kind": self.kind,
            "where": list(self.where),
            "sentence": self.sentence,
            "counterfactual": self.counterfactual,
            "numbers": {name: plain_number(one) for name, one in self.numbers.items()},
        }


def listed(names: Sequence[str]) -> str:
    """Return names in a sentence, the first three of many."""
    if len(names) > SHOWN:
        return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def entry_names(words: Words, value: str, flat: Iterable[int]) -> tuple[str, ...]:
    """Return the names of entries of a value, each once, in order."""
    return tuple(
        words.name(entry_at(words.trace, value, int(one))) for one in np.unique(list(flat))
    )


def unit_names(words: Words, value: str, flat: Array) -> dict[str, Array]:
    """Return the units that entries belong to, over all rows: name -> the flat places."""
    shape = np.shape(words.trace.exact.values[value])
    in_row = int(np.prod(shape[1:]))
    found: dict[str, Array] = {}
    for unit in np.unique(flat % in_row):
        place = np.unravel_index(int(unit), shape[1:]) if len(shape) > 1 else ()
        name = f"{value}[{','.join(str(int(one)) for one in place)}]" if len(shape) > 1 else value
        found[name] = np.unique(flat[flat % in_row == unit])
    return found
