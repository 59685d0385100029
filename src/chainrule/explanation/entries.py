"""Entries: single numbers among the values of a trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.explanation.trace import Trace

Place = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One number of a value: the value's name and the full place in its array, rows first."""

    value: str
    place: Place = ()


def flat_place(trace: Trace, entry: Entry) -> int:
    """Return the place of an entry in its flat value."""
    shape = np.shape(trace.exact.values[entry.value])
    return int(np.ravel_multi_index(entry.place, shape)) if entry.place else 0


def entry_at(trace: Trace, value: str, flat: int) -> Entry:
    """Return the entry at a flat place of a value."""
    shape = np.shape(trace.exact.values[value])
    return Entry(value, tuple(map(int, np.unravel_index(flat, shape))) if shape else ())
