"""Hints: what is suspicious in a column and left as it is, with the option that would change it.

A hint on the classes of a target has none: nothing but another table would change them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from chainrule.data.column_names import (
    is_named_like_code,
    is_named_like_place,
    is_named_like_subject,
    is_named_like_year,
)
from chainrule.data.columns import NumberArray, is_number, spelling
from chainrule.data.dates import DATE_SHARE, YEARS, days_of_numbers
from chainrule.data.decisions import MOST_SHOWN, Decision, counted, option, shown
from chainrule.data.ignoring import also, in_ranges
from chainrule.data.table import Table

# -99, 999, -8888 and the like.
_REPEATED = [sign * int(digit * n) for sign in (-1, 1) for digit in "89" for n in range(2, 7)]
SENTINELS = frozenset((*_REPEATED, -9, -8, -7, -1))
FEWEST_SENTINELS = 2
FEW_NUMBERS = range(3, 11)
FEWEST_CODES = 3
FEWEST_YEARS = 3
# Fewer may be names of school subjects, or of the firms that are compared.
FEWEST_SUBJECTS, MOST_TIMES_THE_USUAL = 8, 5
# Of one class so much more than of all others that accuracy says little.
MOST_OF_ONE_CLASS = 0.8
MOST_SHARES_SHOWN = 5
MOST_TOTALS = 5
MOST_LAST_ROWS = 12
TOTAL_OF_ABOVE, TOTALS_OF_ABOVE = "like a total of those above", "like totals of those above"
# So many times as far as all others are apart; such as are no more than a part of all.
FAR, FEW_FAR, FEWEST_BESIDE_FAR = 3, 0.05, 9
TOTALS = {
    "total", "totals", "grand total", "subtotal", "sum", "average", "avg", "mean", "median",
    "summe", "gesamt", "gesamtsumme", "insgesamt", "durchschnitt", "mittelwert",
    "somme", "moyenne", "suma", "promedio", "totale", "somma", "media",
}  # fmt: skip


def sentinel_hint(name: str, present: NumberArray) -> list[Decision]:
    """Return a hint where a number such as -999 stands in several cells, far from all others.

    ``present`` has shape (cells,) and no NaN.
    """
    seen = sentinel_of(present)
    if seen is None:
        return []
    value, times, low, high = seen
    text = (
        f"{spelling(value)} stands in {counted(times, 'row')}, far from the rest "
        f"({spelling(low)} to {spelling(high)}); it may mean that there is no value"
    )
    return [Decision(name, "hint", text, option("--missing", spelling(value)))]


def sentinel_of(present: NumberArray) -> tuple[float, int, float, float] | None:
    """Return a number such as -999 that stands far from all others, in how many cells it does, and
    the ends of the others; None where there is none.

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
        if not low - span < value < high + span:
            return value, times, low, high
    return None


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
    whole = is_named_like_code(name) and bool((present == np.round(present)).all())
    if not whole or len(np.unique(present)) < FEWEST_CODES:
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
                     for label in ordered[:MOST_SHARES_SHOWN])  # fmt: skip
    some += ", ..." if len(ordered) > MOST_SHARES_SHOWN else ""
    text = f"classes: {some}: read balanced accuracy and AUC, not accuracy"
    return [Decision(name, "hint", text)]


def total_hint(table: Table, ignored: NDArray[np.bool_], asked: str) -> list[Decision]:
    """Return a hint where rows at the end are totals or means of those above.

    ``ignored`` (rows,) are left out already, as ``asked``: "3,17-20". A row is a total where a text
    says so that no row above has, and every other cell of it is a number or empty. Empty rows and
    such as have a text in the first column alone may stand behind it.
    """
    found: list[int] = []
    labels: list[str] = []
    behind: list[int] = []
    for row in np.flatnonzero(~ignored)[::-1][:MOST_LAST_ROWS].tolist():
        said = _total_in(table, row)
        if said:
            found.insert(0, row)
            labels.insert(0, said)
        elif _is_footer(table, row):
            behind.append(row)
        elif not _is_empty(table, row):
            break
    if not found:
        return []
    rows = in_ranges([row + 1 for row in found])
    text = f"row {rows} reads {TOTAL_OF_ABOVE} ({labels[0]!r})"
    if len(found) > 1:
        text = f"rows {rows} read {TOTALS_OF_ABOVE} ({labels[0]!r}, ...)"
    every = in_ranges(sorted(row + 1 for row in (*found, *behind)))
    return [Decision("rows", "hint", text, option("--ignore-rows", also(asked, every)))]


def is_total_hint(one: Decision) -> bool:
    """Whether a decision is the hint that a row is a total of others."""
    told = TOTAL_OF_ABOVE in one.text or TOTALS_OF_ABOVE in one.text
    return one.subject == "rows" and one.kind == "hint" and told


def far_hint(
    name: str, numbers: NumberArray, rows: NDArray[np.int64], asked: str
) -> list[Decision]:
    """Return a hint where numbers of a target are far from all others, as -999 or a total is.

    ``numbers`` (rows,) have no NaN and are those of ``rows``, counted from 0; ``asked`` says which
    rows are left out already.
    """
    for value in (float(numbers.max()), float(numbers.min())):
        there = numbers == value
        rest = numbers[~there]
        few = np.count_nonzero(there) <= FEW_FAR * len(numbers)
        if len(rest) < FEWEST_BESIDE_FAR or not few:
            continue
        low, high = float(rest.min()), float(rest.max())
        span = max(high - low, 1.0 if value in SENTINELS else 0.0)
        away = span * (1 if value in SENTINELS else FAR)
        # Of a target that is the same everywhere else nothing is far.
        if not span or low - away <= value <= high + away:
            continue
        found = in_ranges((rows[there] + 1).tolist())
        text = (
            f"{spelling(value)} in row {found} is far from the rest ({spelling(low)} to "
            f"{spelling(high)}); if it is no value, leave it out"
        )
        return [Decision(name, "hint", text, option("--ignore-rows", also(asked, found)))]
    return []


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


def subject_hint(name: str, counts: NDArray[np.int64], rows: int) -> list[Decision]:
    """Return the hint on groups where a name, and ``counts`` of rows of each value, say so.

    The values of such a column have several rows each, and about equally many.
    """
    if len(counts) < FEWEST_SUBJECTS or not is_named_like_subject(name):
        return []
    usual = float(np.median(counts))
    if usual < 2 or counts.max() > MOST_TIMES_THE_USUAL * usual:
        return []
    return group_hint(name, len(counts), rows)


def year_hint(name: str, present: NumberArray) -> list[Decision]:
    """Return the hint on the order of time for a column of years by its name and its numbers."""
    different = np.unique(present)
    whole = bool((different == np.round(different)).all())
    years = whole and YEARS[0] <= different[0] and different[-1] <= YEARS[1]
    if not years or len(different) < FEWEST_YEARS or not is_named_like_year(name):
        return []
    return [time_hint(name)]


def time_hint(name: str) -> Decision:
    """Return the hint that a column may order the rows."""
    text = "if later rows are to be predicted from earlier ones, let it order them"
    return Decision(name, "hint", text, option("--time", name))


def almost_dates_hint(name: str, present: NumberArray) -> list[Decision]:
    """Return a hint where numbers are dates, 20210312, but for a few that are not.

    ``present`` has shape (cells,) and no NaN.
    """
    wrong = days_of_numbers(present)[1]
    odd = np.unique(present[wrong])
    dates = len(present) - int(wrong.sum())
    different = len(np.unique(present)) - len(odd)
    if not odd.size or different < FEWEST_SUBJECTS or dates < DATE_SHARE * len(present):
        return []
    if len(odd) > MOST_SHOWN:
        return []
    some = ", ".join(map(spelling, odd))
    text = (
        f"{dates:,} of {len(present):,} are dates such as {spelling(present[~wrong][0])}, and yet "
        f"taken as a quantity because of {some}"
    )
    missing = " ".join(option("--missing", spelling(one)) for one in odd)
    return [Decision(name, "hint", text, missing)]


def group_hint(name: str, values: int, rows: int) -> list[Decision]:
    """Return the hint that the rows of one of so many values may belong together."""
    if is_named_like_place(name):
        return []
    text = (
        f"{values:,} values in {rows:,} rows; if the rows of one value belong together, keep them "
        "together"
    )
    return [Decision(name, "hint", text, option("--group", name))]


def _per_cent(count: int, rows: int) -> str:
    share = 100 * count / rows
    return f"{share:.0f} %" if 1 <= share <= 99 else f"{share:.2g} %" if share < 1 else "over 99 %"


def _total_in(table: Table, row: int) -> str:
    """Return the text by which a row of a table says that it is a total, or nothing."""
    label = ""
    numbers = 0
    for name, column in table.columns.items():
        texts = table.texts(name)
        if is_number(column) and not np.isnan(column[row]):
            numbers += 1
        elif not is_number(texts) and texts[row] is not None:
            text = str(texts[row])
            times = np.count_nonzero(texts == texts[row])
            if label or text.strip(" :.").casefold() not in TOTALS or times > MOST_TOTALS:
                return ""
            label = text
    return label if numbers else ""


def _is_empty(table: Table, row: int) -> bool:
    return not any(_is_filled(table, name, row) for name in table.names)


def _is_footer(table: Table, row: int) -> bool:
    """Whether a row has a text in its first column and nothing else, as "Source: ..." is."""
    first, *others = table.names
    texts = table.texts(first)
    is_text = not is_number(texts) and texts[row] is not None
    return is_text and not any(_is_filled(table, name, row) for name in others)


def _is_filled(table: Table, name: str, row: int) -> bool:
    texts = table.texts(name)
    return not np.isnan(texts[row]) if is_number(texts) else texts[row] is not None
