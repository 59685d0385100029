"""Rows that are left out as asked: which they are, and how to ask for more of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import missing
from chainrule.data.decisions import option
from chainrule.data.equal_rows import first_equal_row
from chainrule.errors import DataError, SetupError, nearest

if TYPE_CHECKING:
    from chainrule.data.table import Table

WORDS = ("missing", "duplicates")
# People count the rows of a table from 1, the header not counted, wherever they name one or read of
# one. What is an array to them, they count from 0.
FIRST_ROW = 1
MOST_RANGES_NAMED = 50
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
            ignored |= first_equal_row(table, names) != np.arange(table.rows)
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
            ignored[first - FIRST_ROW : last] = True
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


def also(asked: str, rows: str) -> str:
    """Return how rows are left out besides those that are asked for already: "3,17-20"."""
    before = asked.strip().rstrip(",")
    return f"{before},{rows}" if before else rows


def or_left_out(numbers: Sequence[int], asked: str) -> str:
    """Return the end of a remedy that leaves rows out as well: ", or leave the row out: ...".

    ``numbers`` rise and count from 1. Nothing is said of more rows than a line can name.
    """
    rows = in_ranges(numbers)
    if rows.count(",") >= MOST_RANGES_NAMED:
        return ""
    what = "the row" if len(numbers) == 1 else f"{len(numbers):,} such rows"
    return f", or leave {what} out: {option('--ignore-rows', also(asked, rows))}"


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
