"""Data frames and dictionaries, as columns of numbers or of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.columns import NumberArray, are_durations, column_from_values, is_text
from chainrule.data.decisions import Decision, option
from chainrule.errors import DataError

if TYPE_CHECKING:
    import narwhals
    import polars


def columns_of_frame(
    frame: object, dropped: Sequence[str] = ()
) -> dict[str, NumberArray | polars.Series]:
    """Return the columns of a data frame (pandas, polars, pyarrow, ...) or a dictionary by name.

    Numbers are float64 of shape (rows,), durations too, in hours; everything else is a series of
    strings, times of a zone as its clocks show them. Columns that are ``dropped`` and that cannot
    be read (lists) have no value in any row.

    Raises ``DataError`` if it is no table, has no columns, or two columns of one name.
    """
    named = _mapped(frame, dropped) if isinstance(frame, Mapping) else _framed(frame, dropped)
    given = dict(named)
    if len(given) < len(named):
        raise _two_of_one_name()
    if not given:
        raise DataError("The table has no columns.", "Give at least one column of inputs.")
    return given


def said_of_frame(frame: object) -> list[Decision]:
    """Return what is to be said of the columns of a table: durations, and times of a zone."""
    import narwhals

    if isinstance(frame, Mapping):
        durations = [str(name) for name, values in frame.items() if are_durations(values)]
        return [_durations_said(name) for name in durations]
    wrapped: Any = narwhals.from_native(frame)
    said = []
    for name, dtype in wrapped.collect_schema().items():
        if dtype == narwhals.Duration:
            said.append(_durations_said(str(name)))
        zone = getattr(dtype, "time_zone", None)
        if zone not in (None, "UTC"):
            text = f"times of the zone {zone}, taken as its clocks show them"
            said.append(Decision(str(name), "date", text, option("--drop", str(name))))
    return said


def _durations_said(name: str) -> Decision:
    return Decision(name, "number", "durations, in hours", option("--categorical", name))


def _mapped(
    frame: Mapping[Any, Any], dropped: Sequence[str]
) -> list[tuple[str, NumberArray | polars.Series]]:
    columns = []
    for name, values in frame.items():
        _check_name(str(name))
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise DataError(
                f"Column {name!r} is no sequence of values.", "Give a list or an array."
            )
        columns.append((str(name), _column(str(name), list(values), dropped)))
    return columns


def _framed(frame: Any, dropped: Sequence[str]) -> list[tuple[str, NumberArray | polars.Series]]:
    import narwhals

    try:
        wrapped = narwhals.from_native(frame)
        if isinstance(wrapped, narwhals.LazyFrame):
            wrapped = wrapped.collect()
        if not isinstance(wrapped, narwhals.DataFrame):
            raise TypeError
        return [
            (str(series.name), _series_column(series, dropped)) for series in wrapped.iter_columns()
        ]
    except narwhals.exceptions.DuplicateError:
        raise _two_of_one_name() from None
    except TypeError:
        raise DataError(
            f"A {type(frame).__name__} is no table.",
            "Give a data frame or a dictionary of columns.",
        ) from None


def _check_name(name: str) -> None:
    if not is_text(name):
        raise DataError(
            f"The name of column {name!r} has half of a character in it.", "Give it another name."
        )


def _two_of_one_name() -> DataError:
    return DataError("The table has two columns of one name.", "Give each column its own name.")


def _column(name: str, values: list[Any], dropped: Sequence[str]) -> NumberArray | polars.Series:
    import polars

    try:
        return column_from_values(name, values)
    except DataError:
        if name not in dropped:
            raise
        return polars.Series([None] * len(values), dtype=polars.String)


def _series_column(
    series: narwhals.Series[Any], dropped: Sequence[str]
) -> NumberArray | polars.Series:
    import narwhals

    name = str(series.name)
    _check_name(name)
    if series.dtype.is_numeric():
        numbers = series.cast(narwhals.Float64).to_numpy()
        return np.array(numbers, dtype=np.float64)
    if getattr(series.dtype, "time_zone", None) is not None:
        series = series.dt.replace_time_zone(None)
    return _column(name, series.to_list(), dropped)
