"""Hints: what is suspicious in a column and left as it is, with the option that would change it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

from chainrule.data.columns import NumberArray, spelling
from chainrule.data.decisions import Decision, counted, option, shown

# -99, 999, -8888 and the like.
_REPEATED = [sign * int(digit * n) for sign in (-1, 1) for digit in "89" for n in range(2, 7)]
SENTINELS = frozenset((*_REPEATED, -9, -8, -7, -1))
FEWEST_SENTINELS = 2
FEW_NUMBERS = range(3, 11)


def sentinel_hint(name: str, present: NumberArray) -> list[Decision]:
    """Return a hint where a number such as -999 stands in several cells, far from all others.

    ``present`` has shape (cells,) and no NaN.
    """
    for value in {float(present.min()), float(present.max())}:
        if value not in SENTINELS:
            continue
        rest = present[present != value]
        times = len(present) - len(rest)
        if times < FEWEST_SENTINELS or not rest.size:
            continue
        low, high = float(rest.min()), float(rest.max())
        span = max(high - low, 1.0)
        if low - span < value < high + span:
            continue
        text = (
            f"{spelling(value)} stands in {counted(times, 'row')}, far from the rest "
            f"({spelling(low)} to {spelling(high)}); it may mean that there is no value"
        )
        return [Decision(name, "hint", text, option("--missing", spelling(value)))]
    return []


def quantity_hint(name: str, present: NumberArray) -> list[Decision]:
    """Return a hint where numbers are few and whole, and so may be names of categories.

    ``present`` has shape (cells,) and no NaN.
    """
    different = np.unique(present)
    several = len(present) >= 2 * len(different)
    whole = (different == np.round(different)).all()
    if len(different) not in FEW_NUMBERS or not several or not whole:
        return []
    text = f"{len(different)} different whole numbers, taken as a quantity"
    return [Decision(name, "hint", text, option("--categorical", name))]


def spelling_hint(name: str, counts: Mapping[str, int]) -> list[Decision]:
    """Return a hint where categories differ in nothing but case and blanks."""
    alike = defaultdict(list)
    for level in counts:
        alike["".join(level.split()).casefold()].append(level)
    groups = [sorted(levels) for levels in alike.values() if len(levels) > 1]
    if not groups:
        return []
    more = f", and {counted(len(groups) - 1, 'more case')}" if len(groups) > 1 else ""
    text = f"{shown(min(groups))} differ only in case or blanks{more}; they are taken as different"
    return [Decision(name, "hint", text)]


def group_hint(name: str, values: Counter[str] | NumberArray, rows: int) -> Decision:
    """Return the hint that the rows of one value may belong together."""
    text = (
        f"{len(values)} values in {rows} rows; if the rows of one value belong together, keep them "
        "together"
    )
    return Decision(name, "hint", text, option("--group", name))
