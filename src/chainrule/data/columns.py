"""One column of a table: what is missing, what is a number, what is text.

Every way into a table (CSV, Parquet, data frame, dictionary) ends in the functions of this file, so
that the same values become the same column whichever way they came.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError

if TYPE_CHECKING:
    import polars
    from typing_extensions import TypeIs

NumberArray = NDArray[np.float64]
TextArray = NDArray[np.object_]
Column = NumberArray | TextArray

# Of so many cells of a column some questions are asked first, which settle most columns.
SAMPLE = 100
# In any letter case.
MISSING_MARKERS = ("", "na", "n/a", "#n/a", "nan", "null", "?", "-", "--", ".")
# These may be categories, so that they mean no value only among numbers.
BESIDE_NUMBERS = ("none", "nil", "missing", "unknown", "n.a.", "nd", "n/d")


def is_number(column: Column) -> TypeIs[NumberArray]:
    """Say whether a column holds numbers (float64, NaN = missing) and not text."""
    return column.dtype == np.float64


def missing(column: Column) -> NDArray[np.bool_]:
    """Return which rows of a column have no value: shape (rows,)."""
    if is_number(column):
        return np.isnan(column)
    absent: NDArray[np.bool_] = np.equal(column, np.array(None, dtype=np.object_))
    return absent


def spelling(number: float) -> str:
    """Write a number as a person would: 3.0 as "3", 0.5 as "0.5"."""
    whole = np.isfinite(number) and number == int(number) and abs(number) < 2**53
    return str(int(number)) if whole else repr(float(number))


def short_spelling(number: float) -> str:
    """Write a number to be read: with six digits, or with all that stand before the point."""
    if 1e6 <= abs(number) < 1e15:
        return spelling(float(round(number)))
    return spelling(float(f"{number:.6g}"))


def column_from_values(name: str, values: Sequence[Any]) -> NumberArray | polars.Series:
    """Return what Python values stand for: numbers, text, booleans, None and NaN.

    A column of real numbers is float64; of any other every value is returned as it is written, in a
    series of strings, a boolean as "true" or "false".

    Raises ``DataError`` for a complex number, a value that is itself a list or the like, and a text
    that is none (with half of a surrogate pair in it).
    """
    import polars

    present = [None if _is_absent(value) else value for value in values]
    kinds = {type(value) for value in present if value is not None}
    if any(issubclass(kind, complex | np.complexfloating) for kind in kinds):
        raise DataError(f"Column {name!r} holds complex numbers.", "Give real numbers.")
    # NumPy counts its durations among the whole numbers.
    if are_durations(present):
        return _hours(present)
    if all(issubclass(kind, int | float | np.number) and kind is not bool for kind in kinds):
        numbers = [float("nan") if value is None else _as_float(value) for value in present]
        return np.array(numbers, dtype=np.float64)
    written = [None if value is None else _as_text(name, value) for value in present]
    try:
        return polars.Series(written, dtype=polars.String)
    except UnicodeEncodeError:
        row = next(row for row, text in enumerate(written, start=1) if not is_text(text or ""))
        raise DataError(
            f"Column {name!r} has half of a character in row {row}: {written[row - 1]!r}.",
            "Correct the cell, or leave it empty.",
        ) from None


def are_durations(values: Iterable[Any]) -> bool:
    """Whether values are durations and nothing else, such as the difference of two times."""
    some = False
    for value in values:
        if not _is_absent(value):
            some = isinstance(value, datetime.timedelta | np.timedelta64)
            if not some:
                break
    return some


def _hours(durations: Sequence[Any]) -> NumberArray:
    """Return durations in hours, NaN where there is none: shape (rows,)."""
    absent = np.timedelta64("NaT")
    exact = [absent if one is None else np.timedelta64(one) for one in durations]
    return np.array([one / np.timedelta64(1, "h") for one in exact], dtype=np.float64)


def is_text(value: str) -> bool:
    """Whether a text can be written: half of a surrogate pair cannot."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def numbers_in(texts: TextArray) -> tuple[NumberArray, NDArray[np.bool_]]:
    """Return the numbers that texts spell, and in which rows a text is present and spells none.

    Both have shape (rows,); where there is no number it is NaN.
    """
    import polars

    series = polars.Series(texts.tolist(), dtype=polars.String)
    numbers = series.cast(polars.Float64, strict=False)
    wrong = (numbers.is_null() & series.is_not_null()).to_numpy()
    return numbers.fill_null(float("nan")).to_numpy(writable=True), wrong


def spelled(column: NumberArray) -> TextArray:
    """Return numbers as texts, None where one is missing: shape (rows,)."""
    return object_array([None if np.isnan(one) else spelling(one) for one in column.tolist()])


def sampled(texts: TextArray | polars.Series) -> list[str]:
    """Return those that are present of about a hundred texts at equal distances."""
    return [text for text in texts[:: max(1, len(texts) // SAMPLE)] if text is not None]


def object_array(values: Sequence[str | None]) -> TextArray:
    """Return text as an array of objects, None where a value is missing."""
    array = np.empty(len(values), dtype=np.object_)
    array[:] = values
    return array


def _is_absent(value: Any) -> bool:
    # pandas has three missing values of its own (NaN, NaT, NA). The first two differ from
    # themselves; NA has no truth value at all and is known by its type's name.
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, list | tuple | dict | set | bytes | np.ndarray):
        raise DataError(
            f"Column {name!r} holds a {type(value).__name__} in a cell.",
            "Give one number or one text in each cell.",
        )
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | float | np.number):
        return spelling(_as_float(value))
    return str(value)
