"""Delimited text (CSV and its relatives): bytes to columns of strings, or a sentence on why not."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError

if TYPE_CHECKING:
    import polars

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
OTHER_DELIMITERS = {"|": "vertical bar", "^": "caret", "~": "tilde", None: "blank"}


def read_delimited(path: Path) -> tuple[dict[str, polars.Series], str]:
    """Return the columns of a delimited text file as strings, and its delimiter.

    The delimiter is that one of comma, semicolon and tab of which the header has most. Empty lines
    are no rows. A column without a name and without any value, which a delimiter at the end of each
    line makes, is left out.

    Raises ``DataError`` if the file is empty, is not UTF-8 text, has only a header, or if its rows
    and its header do not fit together.
    """
    data = _checked_bytes(path)
    text = np.frombuffer(data, dtype=np.uint8)
    outside_quotes = ~np.logical_xor.accumulate(text == ord('"'))
    if not outside_quotes[-1]:
        raise DataError(
            f"{path} opens a quotation mark that is never closed.",
            'Close it, or write a quotation mark inside a cell as "the 5"" pipe".',
        )
    ends = np.flatnonzero((text == ord("\n")) & outside_quotes)
    header = data[: ends[0]].decode("utf-8")
    unquoted = bytes(text[: ends[0]][outside_quotes[: ends[0]]]).decode("utf-8")
    delimiter = max(DELIMITERS, key=unquoted.count)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    except csv.Error:
        raise _quotation_error(path) from None
    if len(ends) < 2:
        raise DataError(f"{path} has a header and no rows.", "Add rows under the header.")
    if len(names) == 1:
        _check_other_delimiters(path, unquoted, data[ends[0] + 1 : ends[1]].decode("utf-8"))
    widths = _widths((text == ord(delimiter)) & outside_quotes, ends)
    blank = np.diff(ends) == 1
    _check_widths(path, widths, blank, names, DELIMITERS[delimiter])
    # Polars skips empty lines before the first row and counts those after it.
    first = int(np.argmin(blank)) if len(names) > 1 else 0
    cells = _cells(path, data[ends[first] + 1 :], delimiter, len(names), blank[first:])
    return _named(path, names, cells), delimiter


def _checked_bytes(path: Path) -> bytes:
    """Return the file as UTF-8 with line ends "\\n", no mark at its start, one line end at last."""
    data = path.read_bytes()
    if not data.removeprefix(b"\xef\xbb\xbf").strip():
        raise DataError(f"{path} is empty.", "Give a file with a header and rows.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path} is encoded as UTF-16.", "Save it as UTF-8 and try again.")
    if data.startswith(b"PK\x03\x04"):
        raise DataError(f"{path} is a spreadsheet or an archive.", "Save the table as CSV.")
    if b"\0" in data:
        raise DataError(f"{path} holds binary data and not text.", "Save the table as CSV.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not encoded as UTF-8: line {line} has the byte 0x{data[error.start]:02X}.",
            "Save it as UTF-8; files from older Windows programs are often in Windows-1252.",
        ) from None
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.lstrip(b"\n ").rstrip(b"\n ") + b"\n"


def _check_other_delimiters(path: Path, header: str, first_row: str) -> None:
    for delimiter, name in OTHER_DELIMITERS.items():
        # str.split(None) takes any number of blanks as one; a number among the words of the row
        # tells columns from a column whose name and values have words between blanks.
        cells = first_row.split(delimiter)
        numbers = delimiter or any(cell.lstrip("-").replace(".", "").isdigit() for cell in cells)
        if 1 < len(header.split(delimiter)) == len(cells) and numbers:
            raise DataError(
                f"{path} seems to separate its columns by a {name}.",
                "Save it with a comma, a semicolon or a tab between the columns.",
            )


def _widths(separators: NDArray[np.bool_], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of cells in each row after the header."""
    separators_before = np.searchsorted(np.flatnonzero(separators), ends)
    return np.diff(separators_before).astype(np.int64) + 1


def _check_widths(
    path: Path,
    widths: NDArray[np.int64],
    blank: NDArray[np.bool_],
    names: list[str],
    delimiter_name: str,
) -> None:
    wrong = np.flatnonzero((widths != len(names)) & ~blank)
    if wrong.size:
        row = int(wrong[0])
        number = row + 1 - int(np.count_nonzero(blank[:row]))
        raise DataError(
            f"Row {number} of {path} (the header not counted) has the wrong number of cells: "
            f"{widths[row]} where the header has {len(names)}.",
            f"Give every row as many cells as the header, with a {delimiter_name} between them, "
            "and put a cell that contains one in quotation marks.",
        )


def _cells(
    path: Path, body: bytes, delimiter: str, width: int, blank: NDArray[np.bool_]
) -> list[polars.Series]:
    import polars

    try:
        frame = polars.read_csv(
            body,
            has_header=False,
            schema={str(position): polars.String for position in range(width)},
            separator=delimiter,
        )
    except polars.exceptions.PolarsError:
        frame = polars.DataFrame()
    if frame.height != blank.size:
        # Rows and cells have been counted above, so only the quotation is left to be at fault.
        raise _quotation_error(path)
    if width == 1:
        # An empty line is the only way to write a missing value in a table of one column.
        return frame.get_columns()
    return frame.filter(polars.Series(~blank)).get_columns()


def _quotation_error(path: Path) -> DataError:
    return DataError(
        f"{path} has a quotation mark inside a cell.",
        'Put such a cell in quotation marks and double those within: "the 5"" pipe".',
    )


def _named(path: Path, names: list[str], cells: list[polars.Series]) -> dict[str, polars.Series]:
    kept = {}
    for position, (name, column) in enumerate(zip(names, cells, strict=True), start=1):
        if name:
            kept[name] = column
        elif (column.fill_null("").str.strip_chars() != "").any():
            raise DataError(
                f"Column {position} of {path} has no name.",
                "Name it in the header, or delete it if it only numbers the rows.",
            )
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise DataError(
            f"{path} has more than one column named {twice[0]!r}.", "Give each its own name."
        )
    if not kept:
        raise DataError(f"{path} has no named column.", "Give a header with names.")
    return kept
