"""The one number that is asked for, however it is given, and its place in its value."""

from __future__ import annotations

import numpy as np

from chainrule.errors import SetupError
from chainrule.explanation.entries import Entry, Words
from chainrule.explanation.targets import Target, find_target


def entry_of(words: Words, target: str | Entry | Target) -> Entry:
    """Return the entry of a target. Raises SetupError for one that is no single number."""
    if isinstance(target, str):
        target = find_target(words, target)
    if isinstance(target, Entry):
        return target
    if target.entry is None:
        raise SetupError(
            f"'{target.text}' is more than one number.",
            f"Ask for one of its numbers, such as {_first(words, target.values[0])}.",
        )
    return target.entry


def _first(words: Words, value: str) -> str:
    shape = np.shape(words.trace.exact.values[value])
    return words.name(Entry(value, (0,) * len(shape)))


def flat_place(words: Words, entry: Entry) -> int:
    """Return the place of an entry in its flat value."""
    shape = np.shape(words.trace.exact.values[entry.value])
    return int(np.ravel_multi_index(entry.place, shape)) if entry.place else 0


def entry_at(words: Words, value: str, flat: int) -> Entry:
    """Return the entry at a flat place of a value."""
    shape = np.shape(words.trace.exact.values[value])
    return Entry(value, tuple(map(int, np.unravel_index(flat, shape))) if shape else ())
