"""Rows that are left out as asked, and rows that are copies of others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import Column, is_number, missing
from chainrule.errors import DataError, SetupError, nearest

if TYPE_CHECKING:
    from chainrule.data.table import Table

WORDS = ("missing", "duplicates")
_ROWS = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")


def ignored_rows(
    table: Table, text: str, looked_at: Sequence[str] | None = None
) -> NDArray[np.bool_]:
    """Return which rows of a table a text such as "3,17-20,missing,duplicates" names: (rows,).

    Rows are counted from 1, the header not counted. "missing" are rows that lack a value in some
    column (columns without any value are not looked at), "duplicates" rows that equal an earlier
    one in the columns ``looked_at``, by default in all.

    Raises ``SetupError`` for text that says no rows, ``DataError`` for rows that are not there and
    where no row would be left.
    """
    ignored = rows_by_number(table, text)
    for part in _parts(text):
        if _ROWS.fullmatch(part) is not None:
            continue
        if part == "missing":
            absent = (missing(column) for column in table.columns.values())
            ignored |= np.any([one for one in absent if not one.all()], axis=0)
        elif part == "duplicates":
            names = table.names if looked_at is None else looked_at
            ignored |= copies_of(table, names) != np.arange(table.rows)
        else:
            known = nearest(part, WORDS)
            raise SetupError(
                f"{part!r} says no rows to ignore.", f"Write 3,17-20,missing,duplicates. {known}"
            )
    _check_some_left(ignored)
    return ignored


def rows_by_number(table: Table, text: str) -> NDArray[np.bool_]:
    """Return which rows of a table are left out by their numbers, "3,17-20": shape (rows,).

    Raises ``SetupError`` for numbers that say no rows, ``DataError`` for rows that are not there
    and where no row would be left.
    """
    ignored = np.zeros(table.rows, dtype=np.bool_)
    for part in _parts(text):
        found = _ROWS.fullmatch(part)
        if found is not None:
            first, last = _checked_rows(table, part, found[1], found[2] or found[1])
            ignored[first - 1 : last] = True
    _check_some_left(ignored)
    return ignored


def numbered_among(rows: int, text: str) -> NDArray[np.bool_]:
    """Return which of so many rows are left out by their numbers, before a table is read: (rows,).

    What is wrong with the numbers is said when the table is there.
    """
    ignored = np.zeros(rows, dtype=np.bool_)
    for part in _parts(text):
        found = _ROWS.fullmatch(part)
        if found is not None:
            ignored[max(int(found[1]) - 1, 0) : int(found[2] or found[1])] = True
    return ignored


def in_ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers of rows as they are asked for: "3,17-20"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def copies_of(table: Table, names: Sequence[str]) -> NDArray[np.int64]:
    """Return for each row the index of the first row that equals it in these columns: (rows,).

    A missing value equals a missing value. Raises ``DataError`` for a column that is not there.
    """
    numbers = np.zeros(table.rows, dtype=np.int64)
    for name in names:
        if name not in table.columns:
            raise DataError(f"The table has no column {name!r}.", nearest(name, table.names))
        own = numbered(table.columns[name])
        together = numbers * (int(own.max(initial=0)) + 1) + own
        numbers = np.unique(together, return_inverse=True)[1].astype(np.int64)
    first, inverse = np.unique(numbers, return_index=True, return_inverse=True)[1:]
    return np.asarray(first[inverse], dtype=np.int64)


def numbered(column: Column) -> NDArray[np.int64]:
    """Return a whole number from 0 for each row, the same for equal values: shape (rows,)."""
    if is_number(column):
        return np.unique(column, return_inverse=True)[1].astype(np.int64)
    places: dict[str | None, int] = {}
    found = [places.setdefault(value, len(places)) for value in column.tolist()]
    return np.array(found, dtype=np.int64)


def _parts(text: str) -> Iterator[str]:
    return filter(None, map(str.strip, text.split(",")))


def _check_some_left(ignored: NDArray[np.bool_]) -> None:
    if ignored.size and ignored.all():
        raise DataError("Every row of the table is ignored.", "Leave rows to learn from.")


def _checked_rows(table: Table, part: str, first: str, last: str) -> tuple[int, int]:
    begin, end = int(first), int(last)
    if begin > end or begin < 1:
        raise SetupError(f"{part!r} says no rows to ignore.", "Write 17-20 for rows 17 to 20.")
    if end > table.rows:
        raise DataError(
            f"There is no row {end} to ignore: the table has {table.rows}.",
            "Count rows from 1, the header not counted.",
        )
    return begin, end
