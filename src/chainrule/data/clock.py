"""Times of day without a date: "08:30", "8:30 PM" and "14:05:59" as hours since midnight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars

# What a column of such hours is said to be in. No unit in a file has blanks in it.
HOURS = "hours since midnight"
TIME_SHARE = 0.95
SAMPLE = 100
SAMPLE_SHARE = 0.8

_TIME = (
    r"^(?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:[.,]\d+)?))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<word>Uhr|h)?$"
)


def hours_in(cells: polars.Series, least: float = TIME_SHARE) -> polars.Series | None:
    """Return the hours since midnight that cells spell, null for one that is missing or no time.

    ``cells`` are stripped strings, null where missing. None is returned where less than the share
    ``least`` of those that are present are times, or none is.
    """
    present = cells.drop_nulls()
    sample = present.gather_every(max(1, len(present) // SAMPLE))
    # Most columns are settled here.
    if not len(sample) or _share(sample.str.contains(_TIME)) < min(least, SAMPLE_SHARE):
        return None
    hours = _hours(cells)
    spelled = len(hours) - hours.null_count()
    return hours if spelled and spelled >= least * len(present) else None


def _share(flags: polars.Series) -> float:
    return int(flags.sum()) / len(flags)


def _hours(cells: polars.Series) -> polars.Series:
    import polars

    parts = cells.str.extract_groups(_TIME).struct.unnest()
    hour = parts["hour"].cast(polars.Float64)
    minute = parts["minute"].cast(polars.Float64).fill_null(0.0)
    second = parts["second"].str.replace(",", ".", literal=True).cast(polars.Float64)
    half = parts["half"].str.slice(0, 1).str.to_lowercase()
    by_halves = half.is_not_null()
    past = minute / 60 + second.fill_null(0.0) / 3600
    hour_of_day = (hour % 12 + (half == "p").fill_null(False).cast(polars.Float64) * 12).zip_with(
        by_halves, hour
    )
    hours = hour_of_day + past
    # A number alone is no time, and 24:00 is the end of a day.
    usable = parts["minute"].is_not_null() | by_halves
    usable &= (by_halves & (hour >= 1) & (hour <= 12)) | (~by_halves & (hours <= 24))
    return hours.set(~usable.fill_null(False), None)
