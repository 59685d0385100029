"""Hints: what is suspicious in a column and left as it is, with the option that would change it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from chainrule.data.column_names import is_named_like_code
from chainrule.data.columns import NumberArray, is_number, spelling
from chainrule.data.decisions import Decision, counted, option, shown
from chainrule.data.ignoring import in_ranges
from chainrule.data.table import Table

# -99, 999, -8888 and the like.
_REPEATED = [sign * int(digit * n) for sign in (-1, 1) for digit in "89" for n in range(2, 7)]
SENTINELS = frozenset((*_REPEATED, -9, -8, -7, -1))
FEWEST_SENTINELS = 2
FEW_NUMBERS = range(3, 11)
FEWEST_CODES = 3
# Of one class so much more than of all others that accuracy says little.
MOST_OF_ONE_CLASS = 0.8
MOST_CLASSES_SHOWN = 5
MOST_TOTALS = 5
TOTALS = {
    "total", "totals", "grand total", "subtotal", "sum", "average", "avg", "mean", "median",
    "summe", "gesamt", "gesamtsumme", "insgesamt", "durchschnitt", "mittelwert",
    "somme", "moyenne", "suma", "promedio", "totale", "somma", "media",
}  # fmt: skip


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


def code_hint(name: str, present: NumberArray, taken: str) -> list[Decision]:
    """Return a hint where a column's name says that its whole numbers are codes, as zip codes are.

    ``present`` has shape (cells,) and no NaN; ``taken`` is what they are taken for.
    """
    different = np.unique(present)
    whole = bool((different == np.round(different)).all())
    if not whole or len(different) < FEWEST_CODES or not is_named_like_code(name):
        return []
    text = f"codes by its name, and taken as {taken}"
    return [Decision(name, "hint", text, option("--categorical", name))]


def share_hint(name: str, counts: Mapping[str, int]) -> list[Decision]:
    """Return a hint where most rows are of one class: accuracy is then high without any skill."""
    rows = sum(counts.values())
    if max(counts.values()) <= MOST_OF_ONE_CLASS * rows:
        return []
    ordered = sorted(counts, key=lambda label: (-counts[label], label))
    some = ", ".join(f"{label} {_per_cent(counts[label], rows)}"
                     for label in ordered[:MOST_CLASSES_SHOWN])  # fmt: skip
    some += ", ..." if len(ordered) > MOST_CLASSES_SHOWN else ""
    text = f"classes: {some}: read balanced accuracy and AUC, not accuracy"
    return [Decision(name, "hint", text)]


def total_hint(table: Table, ignored: NDArray[np.bool_], asked: str) -> list[Decision]:
    """Return a hint where the last rows are totals or means of those above.

    ``ignored`` (rows,) are left out already, as ``asked``: "3,17-20". A row is a total where a text
    says so that no row above has, and every other cell of it is a number or empty.
    """
    found: list[int] = []
    label = ""
    for row in np.flatnonzero(~ignored)[::-1][:MOST_TOTALS].tolist():
        said = _total_in(table, row)
        if not said:
            break
        found.insert(0, row)
        label = said
    if not found:
        return []
    rows = in_ranges([row + 1 for row in found])
    text = f"the last row, {rows}, reads like a total of those above ({label!r})"
    if len(found) > 1:
        text = f"the last rows, {rows}, read like totals of those above ({label!r}, ...)"
    every = f"{asked},{rows}" if asked.strip() else rows
    return [Decision("rows", "hint", text, option("--ignore-rows", every))]


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


def _per_cent(count: int, rows: int) -> str:
    share = 100 * count / rows
    return f"{share:.0f} %" if 1 <= share <= 99 else f"{share:.2g} %" if share < 1 else "over 99 %"


def _total_in(table: Table, row: int) -> str:
    """Return the text by which a row of a table says that it is a total, or nothing."""
    label = ""
    numbers = 0
    for name, column in table.columns.items():
        texts = table.written.get(name, column)
        if is_number(column) and not np.isnan(column[row]):
            numbers += 1
        elif not is_number(texts) and texts[row] is not None:
            text = str(texts[row])
            times = np.count_nonzero(texts == texts[row])
            if label or text.strip(" :.").casefold() not in TOTALS or times > MOST_TOTALS:
                return ""
            label = text
    return label if numbers else ""
