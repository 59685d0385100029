"""A table: named columns of numbers or text, read from a file or taken from a data frame."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from chainrule.data.choices import Choices
from chainrule.data.columns import (
    Column,
    NumberArray,
    TextArray,
    is_number,
)
from chainrule.data.decisions import Decision
from chainrule.data.delimited import read_delimited
from chainrule.data.frames import columns_of_frame, said_of_frame
from chainrule.data.ignoring import numbered_among
from chainrule.data.matlab_files import MATLAB_SUFFIXES, mat_columns
from chainrule.data.reading import Reading
from chainrule.data.text_columns import columns_from_texts
from chainrule.errors import DataError, nearest

if TYPE_CHECKING:
    import polars

TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".data")
PARQUET_SUFFIXES = (".parquet", ".pq")
SUFFIXES = TEXT_SUFFIXES + PARQUET_SUFFIXES + MATLAB_SUFFIXES

# While a file is read, its bytes, masks over them, and its cells as text and as numbers are in
# memory at once.
MEMORY_PER_BYTE = 8


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and named columns of equal length.

    ``columns`` maps a name to an array of shape (rows,): float64 for numbers (NaN = missing), or
    objects ``str | None`` for text (None = missing). ``source`` is the file that it was read from.
    ``decisions`` say what reading it decided, ``reading`` how it was written. ``written`` holds the
    texts of those columns of numbers that were written as more than digits ("12 kg"). ``doubts``
    are the errors of columns that cannot be used, because an earlier file was written otherwise.

    Raises ``DataError`` if the columns differ in length or if a number is infinite.
    """

    columns: dict[str, Column]
    source: str | None = None
    decisions: tuple[Decision, ...] = ()
    reading: Reading = field(default_factory=Reading)
    written: Mapping[str, TextArray] = field(default_factory=dict)
    doubts: Mapping[str, DataError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_lengths(self.columns)
        for name, column in self.columns.items():
            if is_number(column) and np.isinf(column).any():
                raise DataError(
                    f"Column {name!r} is infinite in row {np.argmax(np.isinf(column)) + 1}.",
                    "Give a finite number, or leave the cell empty if the value is not known.",
                )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(self.columns)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return next((len(column) for column in self.columns.values()), 0)

    def texts(self, name: str) -> Column:
        """Return a column as it is written: texts, or numbers where these say all."""
        return self.written.get(name, self.columns[name])

    def select(self, indices: NDArray[np.int64]) -> Table:
        """Return a table of the rows with these indices, in this order."""
        columns = {name: column[indices] for name, column in self.columns.items()}
        written = {name: texts[indices] for name, texts in self.written.items()}
        return replace(self, columns=columns, written=written)


def read_table(
    path: str | Path | BinaryIO, choices: Choices | None = None, like: Reading | None = None
) -> Table:
    """Read delimited text (CSV and the like), a Parquet or MATLAB file, or standard input ("-").

    Delimiter, encoding, header and decimal mark are found out, ``choices`` win over what is seen,
    and ``like``, the reading of an earlier file, over what cannot be seen. A column whose every
    present value is a number is a column of numbers; every other is text. The table's ``decisions``
    say what was made of the file where it could have been something else. Rows that ``choices``
    leave out by their numbers may have any number of cells; they keep their places, without values.

    Raises ``DataError`` if the file is missing, empty or unreadable, or if its rows, its header and
    its values do not make a table.
    """
    chosen = choices or Choices()
    if not isinstance(path, str | Path):
        return _from_text(path.read(), "the input", None, chosen, like)
    if str(path) == "-":
        return _from_text(sys.stdin.buffer.read(), "standard input", None, chosen, like)
    path = Path(path)
    try:
        _check_file(path)
        if path.suffix.lower() in PARQUET_SUFFIXES:
            return table_from_frame(_read_parquet(path), str(path), chosen, like)
        if path.suffix.lower() in MATLAB_SUFFIXES:
            columns, said = mat_columns(path)
            table = table_from_frame(columns, str(path), chosen, like)
            return replace(table, decisions=(*said, *table.decisions))
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}).", "Check that you may read it."
        ) from None
    return _from_text(data, str(path), str(path), chosen, like)


def _from_text(
    data: bytes, name: str, source: str | None, choices: Choices, like: Reading | None
) -> Table:
    found = read_delimited(data, name, choices, like)
    read = columns_from_texts(found.columns, choices, like, found.delimiter)
    reading = replace(
        read.reading,
        delimiter=found.delimiter,
        encoding=found.encoding,
        header_line=found.header_line,
    )
    columns = _without_markers(read.columns, choices)
    said = found.decisions + read.decisions
    return Table(columns, source, said, reading, read.written, read.doubts)


def table_from_frame(
    frame: object,
    source: str | None = None,
    choices: Choices | None = None,
    like: Reading | None = None,
) -> Table:
    """Return the table that a data frame (pandas, polars, pyarrow, ...) or a dictionary holds.

    A dictionary maps names to sequences or arrays of equal length. Values are read as in a file:
    text that consists of numbers is a column of numbers, and booleans are text.

    Raises ``DataError`` if it is no table, has no rows, or has two columns of one name.
    """
    chosen = choices or Choices()
    given = columns_of_frame(frame, chosen.drop)
    _check_lengths(given)
    given = {name: _without_ignored(one, chosen.ignore_rows) for name, one in given.items()}
    texts = {name: one for name, one in given.items() if not isinstance(one, np.ndarray)}
    read = columns_from_texts(texts, chosen, like)
    columns = {
        name: one if isinstance(one, np.ndarray) else read.columns[name]
        for name, one in given.items()
    }
    columns = _without_markers(columns, chosen)
    doubts = read.doubts if like is None else {**read.doubts, **_without_unit(given, like)}
    decisions = (*said_of_frame(frame), *read.decisions)
    table = Table(columns, source, decisions, read.reading, read.written, doubts)
    if table.rows == 0:
        raise DataError("The table has no rows.", "Give at least one row.")
    return table


def _without_unit(
    given: Mapping[str, NumberArray | polars.Series], like: Reading
) -> dict[str, DataError]:
    """Return the columns that came as numbers and had a unit that numbers cannot do without."""
    doubts: dict[str, DataError] = {}
    for name, column in given.items():
        if isinstance(column, np.ndarray) and not np.isnan(column).all():
            doubt = like.doubt_of_unit(name, "")
            if doubt is not None:
                doubts[name] = doubt
    return doubts


def _without_ignored(
    column: NumberArray | polars.Series, ignored: str
) -> NumberArray | polars.Series:
    """Return a column without the values of rows that are left out by their numbers.

    Nothing is decided by them then; the rows stay, so that all others keep their numbers.
    """
    rows = numbered_among(len(column), ignored)
    if not rows.any():
        return column
    if isinstance(column, np.ndarray):
        return np.where(rows, np.nan, column)
    return column.scatter(np.flatnonzero(rows), None)


def _check_lengths(columns: Mapping[str, Sized]) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    first, rows = next(iter(lengths.items()), ("", 0))
    for name, length in lengths.items():
        if length != rows:
            raise DataError(
                f"Column {name!r} has {length} values and column {first!r} has {rows}.",
                "Give every column as many values as there are rows.",
            )


def _without_markers(columns: dict[str, Column], choices: Choices) -> dict[str, Column]:
    """Return the columns with those numbers missing that were chosen to mean no value."""
    markers = []
    for text in choices.missing:
        try:
            markers.append(float(text))
        except ValueError:
            continue
    if not markers:
        return columns
    return {
        name: np.where(np.isin(column, markers), np.nan, column) if is_number(column) else column
        for name, column in columns.items()
    }


def checksum(table: Table) -> str:
    """Return the SHA-256 of a table's names and values: the same from CSV, Parquet or frame."""
    total = hashlib.sha256()
    for name, column in table.columns.items():
        numbers = is_number(column)
        total.update(json.dumps([name, "number" if numbers else "text", len(column)]).encode())
        if is_number(column):
            # NaN has many bit patterns, and 0 two.
            plain = np.where(np.isnan(column), np.nan, column + 0.0)
            total.update(plain.astype("<f8").tobytes())
        else:
            total.update(json.dumps(column.tolist()).encode())
    return total.hexdigest()


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path} is a folder.", "Give a CSV or Parquet file.")
    if not path.exists():
        raise DataError(f"There is no file {path}.", _files_beside(path))
    if not path.is_file():
        # A device may have no end, and a pipe no writer.
        raise DataError(
            f"{path} is a device or a pipe, not a file.",
            "Save the table as a CSV or Parquet file, and give that.",
        )
    size, memory = path.stat().st_size, _memory()
    if memory is not None and size * MEMORY_PER_BYTE > memory:
        raise DataError(
            f"{path} has {size / 2**30:.1f} GiB, too much for the {memory / 2**30:.1f} GiB of "
            "memory here.",
            "Give fewer rows; data larger than memory cannot be trained on.",
        )
    if path.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise DataError(
            f"{path} is no table that chainrule can read (its name ends in {path.suffix!r}).",
            f"Save the table as CSV or Parquet; known endings are {known}.",
        )


def _memory() -> int | None:
    # Windows has no sysconf; there the file is read and the system says if it is too large.
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _files_beside(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either; check the path."
    try:
        names = sorted(item.name for item in folder.iterdir() if item.suffix.lower() in SUFFIXES)
    except OSError:
        return "Check the path."
    return nearest(path.name, names) if names else f"The folder {folder} holds no table."


def _read_parquet(path: Path) -> polars.DataFrame:
    import polars

    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty.", "Give a file with a header and rows.")
    try:
        return polars.read_parquet(path.read_bytes())
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException):
        raise DataError(
            f"{path} is not a Parquet file, or it is damaged.",
            "Write it again, or save the table as CSV.",
        ) from None
