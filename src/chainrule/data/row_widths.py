"""Rows of delimited text: as many cells in each as the header has, or a sentence on why not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.data.ignoring import numbered_among, or_left_out
from chainrule.data.layout import DELIMITERS, Lines
from chainrule.errors import DataError


def without_hollow_end(rows: Lines, delimiter: str, name: str) -> tuple[Lines, int]:
    """Return the rows without those of delimiters alone at the end, and how many these were."""
    widths = rows.widths(delimiter)
    hollow = (widths > 1) & (widths - 1 == rows.ends - rows.starts)
    full = np.flatnonzero(~hollow & ~rows.blank)
    if not full.size:
        raise DataError(f"{name} has no row with a value.", "Add rows under the header.")
    last = int(full[-1])
    return rows.first(last + 1), int(np.count_nonzero(hollow[last + 1 :]))


def without_ignored(rows: Lines, delimiter: str, width: int, ignored: str) -> Lines:
    """Return the rows, those that are left out by their numbers with empty cells alone.

    They keep their places, so that all others keep their numbers.
    """
    places = np.arange(len(rows.ends)) if width == 1 else np.flatnonzero(~rows.blank)
    out = places[numbered_among(len(places), ignored)].tolist()
    if not out:
        return rows
    text, parts, begin = rows.text.tobytes(), [], 0
    for number in out:
        parts += [text[begin : int(rows.starts[number])], delimiter.encode() * (width - 1)]
        begin = int(rows.ends[number])
    return Lines.of(b"".join([*parts, text[begin:]]))


def even_rows(
    rows: Lines,
    delimiter: str,
    names: list[str],
    name: str,
    has_header: bool,
    ignored: str | None,
) -> tuple[bytes, int]:
    """Return the rows as text of equally many cells each, without empty lines, and that number.

    ``ignored`` are the rows that are left out already, None where none can be. Raises ``DataError``
    for a row that has more or fewer cells.
    """
    places = np.flatnonzero((rows.text == ord(delimiter)) & rows.outside)
    after = np.searchsorted(places, rows.ends)
    widths = np.diff(after, prepend=0).astype(np.int64) + 1
    named = len(names)
    while named > 1 and not names[named - 1]:
        named -= 1
    refused: dict[int, NDArray[np.bool_]] = {}
    for width in dict.fromkeys((len(names), named)):
        extra = widths - width
        long = np.flatnonzero(extra > 0)
        # Of so many delimiters at the end of a line, the first stands that far before its end.
        wrong = (extra < 0) & ~rows.blank
        wrong[long] = places[after[long] - extra[long]] != rows.ends[long] - extra[long]
        if not wrong.any():
            return _cut(rows, long, extra, width), width
        refused[width] = wrong
    due = min(refused, key=lambda width: int(refused[width].sum()))
    numbers = (np.arange(1, len(widths) + 1) - np.cumsum(rows.blank))[refused[due]].tolist()
    found = int(widths[np.argmax(refused[due])])
    raise _width_error(name, due, found, numbers, delimiter, has_header, ignored)


def _width_error(
    name: str,
    due: int,
    found: int,
    numbers: list[int],
    delimiter: str,
    has_header: bool,
    ignored: str | None,
) -> DataError:
    """Return the error for rows with these numbers, the first of which has ``found`` cells."""
    first = "header" if has_header else "first row"
    counted_from = " (the header not counted)" if has_header else ""
    left_out = "" if ignored is None else or_left_out(numbers, ignored)
    return DataError(
        f"Row {numbers[0]} of {name}{counted_from} has the wrong number of cells: "
        f"{found} where the {first} has {due}.",
        f"Give every row as many cells as the {first}, with a "
        f"{DELIMITERS.get(delimiter, repr(delimiter))} between them, and put a cell that contains "
        f"one in quotation marks{left_out}.",
    )


def _cut(rows: Lines, long: NDArray[np.int64], extra: NDArray[np.int64], width: int) -> bytes:
    """Return the text of rows without surplus delimiters at their ends and without empty lines."""
    blank = rows.blank
    if width == 1 and blank.any():
        # An empty line is the only way to write a missing value in a table of one column.
        return np.insert(rows.text, np.repeat(rows.starts[blank], 2), ord('"')).tobytes()
    if not long.size and not blank.any():
        return rows.text.tobytes()
    kept = np.ones(len(rows.text), dtype=np.bool_)
    kept[rows.ends[blank]] = False
    counts = extra[long]
    steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    kept[np.repeat(rows.ends[long], counts) - 1 - steps] = False
    return rows.text[kept].tobytes()
