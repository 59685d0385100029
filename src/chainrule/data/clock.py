"""Times of day without a date: "08:30", "8:30 PM" and "14:05:59" as hours since midnight."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import NumberArray, sampled

if TYPE_CHECKING:
    import polars

# What a column of such hours is said to be in. No unit in a file has blanks in it.
HOURS = "hours since midnight"
TIME_SHARE = 0.95
SAMPLE_SHARE = 0.8

_TIME = re.compile(
    r"^(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:[.,]\d+)?))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<word>Uhr|h)?$"
)


def hours_in(cells: polars.Series, least: float = TIME_SHARE) -> polars.Series | None:
    """Return the hours since midnight that cells spell, null for one that is missing or no time.

    ``cells`` are stripped strings, null where missing. None is returned where less than the share
    ``least`` of those that are present are times, or none is.
    """
    present = cells.drop_nulls()
    sample = sampled(present)
    times = sum(_TIME.match(text) is not None for text in sample)
    if not times or times < min(least, SAMPLE_SHARE) * len(sample):
        return None
    hours = _hours(cells)
    spelled = len(hours) - hours.null_count()
    return hours if spelled and spelled >= least * len(present) else None


def hours_of_day(
    hours: NumberArray, halves: polars.Series
) -> tuple[NumberArray, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return hours of the day, those of its halves counted through: 8 PM is 20. All are (rows,).

    ``halves`` are "AM", "p.m." and the like, null where the day is not cut. The second array says
    where it is, the third where the hour is possible so.
    """
    letter = halves.str.slice(0, 1).str.to_lowercase()
    by_halves = letter.is_not_null().to_numpy()
    afternoon = (letter == "p").fill_null(False).to_numpy()
    possible = ~by_halves | ((hours >= 1) & (hours <= 12))
    return np.where(by_halves, hours % 12 + 12 * afternoon, hours), by_halves, possible


def _hours(cells: polars.Series) -> polars.Series:
    import polars

    parts = cells.str.extract_groups(_TIME.pattern).struct.unnest()
    hour, minute, second = (
        parts[name].str.replace(",", ".", literal=True).cast(polars.Float64)
        for name in ("hour", "minute", "second")
    )
    whole = hour.fill_null(float("nan")).to_numpy()
    hour_of_day, by_halves, possible = hours_of_day(whole, parts["half"])
    past = minute.fill_null(0.0) / 60 + second.fill_null(0.0) / 3600
    hours = hour_of_day + past.to_numpy()
    # A number alone is no time, and 24:00 is the end of a day.
    usable = (minute.is_not_null().to_numpy() | by_halves) & possible & (hours <= 24)
    return polars.Series(cells.name, np.where(usable, hours, np.nan), nan_to_null=True)
