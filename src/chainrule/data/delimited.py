"""Delimited text (CSV and its relatives): bytes to columns of strings, or a sentence on why not."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.choices import Choices
from chainrule.data.decisions import Decision, counted, option, shown
from chainrule.data.encodings import as_utf8
from chainrule.data.layout import DELIMITERS, Lines, Top, delimiter_of, top_of
from chainrule.data.reading import Reading
from chainrule.data.row_widths import even_rows, without_hollow_end, without_ignored
from chainrule.errors import DataError

if TYPE_CHECKING:
    import polars

OTHER_DELIMITERS = {"^": "caret", "~": "tilde", None: "blank"}
# Excel reads this line as the name of the delimiter, and so do we.
DELIMITER_LINE = re.compile(rb'"?sep=([^\n"])"?[,;\t|]*\n')


@dataclass(frozen=True, eq=False)
class DelimitedText:
    """The columns of a file as strings, name -> polars series, and what was found out on the way.

    ``header_line`` is counted from 1; it is 0 where there is no header.
    """

    columns: dict[str, polars.Series]
    delimiter: str
    encoding: str
    header_line: int
    decisions: tuple[Decision, ...]


def read_delimited(
    data: bytes, name: str, choices: Choices, like: Reading | None = None
) -> DelimitedText:
    """Return the columns of delimited text as strings.

    ``name`` is what the file is called in messages; ``choices`` win over what is seen, and ``like``
    over what cannot be seen. Rows that ``choices`` leave out by their numbers have empty cells.
    Empty lines are no rows, and neither are lines of delimiters alone at the end. A column without
    a name and without any value is left out.

    Raises ``DataError`` if the file is empty, has only a header, or if its rows and its header do
    not fit together.
    """
    text, encoding, decisions = as_utf8(data, name, choices.encoding)
    stated = DELIMITER_LINE.match(text)
    lines = _lines(text[stated.end() :] if stated else text, name)
    delimiter = _delimiter(lines, stated, choices, like, name)
    top = top_of(lines, delimiter, choices.header, like is None or like.header_line > 0)
    names = _names(lines, top, delimiter, name)
    rows = _rows(lines, top, name)
    if len(names) == 1 and choices.delimiter is None:
        _check_other_delimiters(name, lines.line(top.skipped), rows.line(0))
    rows, hollow = without_hollow_end(rows, delimiter, name)
    rows = without_ignored(rows, delimiter, len(names), choices.ignore_rows)
    ignored = choices.ignore_rows if like is None else None
    body, width = even_rows(rows, delimiter, names, name, top.has_header, ignored)
    count = len(rows.ends) - (0 if width == 1 else int(np.count_nonzero(rows.blank)))
    cells = _cells(name, body, delimiter, width, count)
    columns, renamed = _named(name, names[:width], cells)
    if choices.delimiter is None:
        decisions += _delimiter_said(delimiter, stated is not None)
    decisions += _top_said(lines, top, choices.header)
    if hollow:
        said = f"{counted(hollow, 'empty row')} at the end left out"
        decisions.append(Decision("rows", "rows", said))
    if not top.has_header:
        return DelimitedText(columns, delimiter, encoding, 0, tuple(decisions))
    header_line = _lines_before(lines, top.skipped) + (2 if stated else 1)
    return DelimitedText(columns, delimiter, encoding, header_line, (*decisions, *renamed))


def _delimiter(
    lines: Lines, stated: re.Match[bytes] | None, choices: Choices, like: Reading | None, name: str
) -> str:
    """Return the delimiter that was chosen, or stated in the first line, or is seen."""
    if choices.delimiter is not None:
        return choices.delimiter
    if stated is None:
        return delimiter_of(lines, "" if like is None else like.delimiter)
    if not stated.group(1).isascii():
        raise DataError(
            f"The first line of {name} names a delimiter that is not in ASCII.",
            "Give another: --delimiter ';'.",
        )
    return stated.group(1).decode("ascii")


def _lines_before(lines: Lines, number: int) -> int:
    """Return how many lines of the file come before this one, those in quotation marks counted."""
    return int(np.count_nonzero(lines.text[: lines.starts[number]] == ord("\n")))


def _lines(text: bytes, name: str) -> Lines:
    text = text.lstrip(b"\n ")
    if not text.strip():
        raise DataError(f"{name} is empty.", "Give a file with a header and rows.")
    lines = Lines.of(text)
    if not lines.closed:
        raise DataError(
            f"{name} opens a quotation mark that is never closed.",
            'Close it, or write a quotation mark inside a cell as "the 5"" pipe".',
        )
    return lines


def _names(lines: Lines, top: Top, delimiter: str, name: str) -> list[str]:
    """Return the names of the columns, "" where the header has none."""
    try:
        cells = next(csv.reader([lines.line(top.skipped)], delimiter=delimiter))
    except (csv.Error, StopIteration):
        raise _quotation_error(name) from None
    if not top.has_header:
        return [f"column_{number}" for number in range(1, len(cells) + 1)]
    return [" ".join(cell.split()) for cell in cells]


def _rows(lines: Lines, top: Top, name: str) -> Lines:
    """Return the lines below the header that begin with a row."""
    count = top.skipped + top.has_header
    below = np.flatnonzero(~lines.blank[count:])
    if not below.size:
        raise DataError(f"{name} has a header and no rows.", "Add rows under the header.")
    return lines.without(count)


def _check_other_delimiters(name: str, header: str, first_row: str) -> None:
    for delimiter, word in OTHER_DELIMITERS.items():
        # str.split(None) takes any number of blanks as one; a number among the words of the row
        # tells columns from a column whose name and values have words between blanks.
        cells = first_row.split(delimiter)
        numbers = delimiter or any(cell.lstrip("-").replace(".", "").isdigit() for cell in cells)
        if 1 < len(header.split(delimiter)) == len(cells) and numbers:
            named = f", or name it: {option('--delimiter', delimiter)}" if delimiter else ""
            raise DataError(
                f"{name} seems to separate its columns by a {word}.",
                f"Save it with a comma, a semicolon or a tab between the columns{named}.",
            )


def _cells(name: str, body: bytes, delimiter: str, width: int, rows: int) -> list[polars.Series]:
    import polars

    try:
        frame = polars.read_csv(
            body,
            has_header=False,
            schema={str(position): polars.String for position in range(width)},
            separator=delimiter,
        )
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException):
        frame = polars.DataFrame()
    if frame.height != rows:
        # Rows and cells have been counted above, so only the quotation is left to be at fault.
        raise _quotation_error(name)
    return frame.get_columns()


def _quotation_error(name: str) -> DataError:
    return DataError(
        f"{name} has a quotation mark inside a cell.",
        'Put such a cell in quotation marks and double those within: "the 5"" pipe".',
    )


def _named(
    file: str, names: list[str], cells: list[polars.Series]
) -> tuple[dict[str, polars.Series], list[Decision]]:
    """Return the columns under names of their own, and what was renamed."""
    kept: dict[str, polars.Series] = {}
    decisions: list[Decision] = []
    numbers: Counter[str] = Counter()
    written = set(names)
    for position, (name, column) in enumerate(zip(names, cells, strict=True), start=1):
        if not name and not (column.fill_null("").str.strip_chars() != "").any():
            continue
        plain = name or f"column_{position}"
        own = plain
        while own in kept or (own in written and own != name):
            numbers[plain] += 1
            own = f"{plain} ({numbers[plain] + 1})"
        kept[own] = column
        if not name:
            decisions.append(Decision(own, "file", f"column {position} has no name in the header"))
        elif own != name:
            text = f"column {position} is one more that is named {name!r}"
            decisions.append(Decision(own, "file", text))
    if not kept:
        raise DataError(
            f"{file} has no column with a name or a value.", "Give a header with names."
        )
    return kept, decisions


def _delimiter_said(delimiter: str, stated: bool) -> list[Decision]:
    if delimiter == ",":
        return []
    word = DELIMITERS.get(delimiter, repr(delimiter))
    text = f"a {word} between the columns{', as its first line says' if stated else ''}"
    return [Decision("file", "file", text, option("--delimiter", ","))]


def _top_said(lines: Lines, top: Top, header: bool | None) -> list[Decision]:
    decisions = []
    above = [lines.line(n) for n in range(top.skipped) if not lines.blank[n]]
    if above:
        what = "header" if top.has_header else "rows"
        text = f"{counted(len(above), 'line')} above the {what} passed over: {shown(above)}"
        decisions.append(Decision("file", "file", text))
    if not top.has_header and header is None:
        text = f"no header: the first line reads like a row ({lines.line(top.skipped)[:40]})"
        decisions.append(Decision("file", "file", text, "--header"))
    return decisions
