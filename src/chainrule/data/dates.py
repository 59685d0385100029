"""Dates as they are written, and the days that they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import NumberArray, TextArray

if TYPE_CHECKING:
    import polars

DATE_SHARE = 0.95
SAMPLE = 100
SAMPLE_SHARE = 0.8
SECONDS_OF_A_DAY = 86400.0
# A year of two digits is one of the hundred around now: 68 is 2068, and 69 is 1969.
FIRST_OF_THE_LAST_CENTURY = 69

_DATE = (
    r"^(?P<first>\d{1,4})(?P<mark>[-/.])(?P<middle>\d{1,2})(?P<again>[-/.])(?P<last>\d{1,4})"
    r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|[+\-]\d{2}:?\d{2})?)?$"
)


@dataclass(frozen=True)
class DateForm:
    """How the dates of a column are written.

    ``order`` is "ymd", "dmy" or "mdy"; ``sure`` says whether some cell tells the day from the
    month; ``share`` of the different texts are dates.
    """

    order: str
    sure: bool
    share: float


def days_of(texts: TextArray, order: str) -> tuple[NumberArray, NDArray[np.bool_]]:
    """Return the days since 1970-01-01 that texts are (UTC), and where a text is no date.

    Both have shape (rows,); a missing or wrong text gives NaN. Times count as parts of a day. A
    text that begins with the year is read as such whatever the order, which says of the others
    whether the day ("dmy") or the month ("mdy") comes first.
    """
    import polars

    series = polars.Series(texts.tolist(), dtype=polars.String)
    parts = _parts(series)
    days, valid = _days(parts, order)
    present = series.is_not_null().to_numpy()
    return np.where(valid, days, np.nan), present & ~valid


def date_form(texts: TextArray, chosen: str | None = None) -> DateForm | None:
    """Return how a column of text writes its dates, or None if it is no column of dates.

    Where no cell tells the day from the month, ``chosen`` does; without it the month comes first
    between slashes, and the day between points or dashes.
    """
    import polars

    sample = [text for text in texts[:: max(1, len(texts) // SAMPLE)].tolist() if text is not None]
    series = polars.Series(sample, dtype=polars.String)
    if not sample or np.mean(series.str.contains(_DATE).to_numpy()) < SAMPLE_SHARE:
        return None
    different = sorted({text for text in texts.tolist() if text is not None})
    parts = _parts(polars.Series(different, dtype=polars.String))
    year_first = (parts["first"].str.len_chars() == 4).fill_null(False).to_numpy()
    valid = {order: _days(parts, order)[1] for order in ("dmy", "mdy")}
    share = float(np.mean(valid["dmy"] & year_first))
    if share >= DATE_SHARE:
        return DateForm("ymd", True, share)
    shares = {order: float(np.mean(one & ~year_first)) for order, one in valid.items()}
    best = max(shares.values())
    if best < DATE_SHARE:
        return None
    if shares["dmy"] != shares["mdy"]:
        return DateForm(max(shares, key=lambda order: shares[order]), True, best)
    slashes = (parts["mark"] == "/").fill_null(False).to_numpy()
    usual = "mdy" if np.mean(slashes) > 0.5 else "dmy"
    return DateForm(chosen if chosen in shares else usual, False, best)


def written_day(days: float) -> str:
    """Return the date of a number of days since 1970-01-01: "2019-01-31"."""
    return str(np.datetime64(int(np.floor(days)), "D"))


def _parts(series: polars.Series) -> polars.DataFrame:
    return series.str.extract_groups(_DATE).struct.unnest()


def _days(parts: polars.DataFrame, order: str) -> tuple[NumberArray, NDArray[np.bool_]]:
    first, middle, last = (_numbers(parts[name]) for name in ("first", "middle", "last"))
    year_first = (parts["first"].str.len_chars() == 4).fill_null(False).to_numpy()
    short = (parts["first"].str.len_chars() <= 2) & (parts["last"].str.len_chars() == 2)
    short_year = short.fill_null(False).to_numpy()
    year_last = (parts["last"].str.len_chars() == 4).fill_null(False).to_numpy() | short_year
    same_mark = (parts["mark"] == parts["again"]).fill_null(False).to_numpy()
    year = np.where(year_first, first, last)
    year = np.where(short_year, year + np.where(year < FIRST_OF_THE_LAST_CENTURY, 2000, 1900), year)
    month = np.where(year_first | (order != "mdy"), middle, first)
    day = np.where(year_first, last, middle if order == "mdy" else first)
    valid = same_mark & (year_first != year_last) & (month >= 1) & (month <= 12) & (year >= 1)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    begins = months.astype("datetime64[D]").astype(np.int64)
    lengths = (months + 1).astype("datetime64[D]").astype(np.int64) - begins
    valid &= (day >= 1) & (day <= lengths)
    hour, minute, second = (
        np.nan_to_num(_numbers(parts[name])) for name in ("hour", "minute", "second")
    )
    half = parts["half"].str.slice(0, 1).str.to_lowercase()
    by_halves = half.is_not_null().to_numpy()
    valid &= (hour < 24) & (minute < 60) & (second < 61)
    valid &= ~by_halves | ((hour >= 1) & (hour <= 12))
    afternoon = (half == "p").fill_null(False).to_numpy()
    hour = np.where(by_halves, hour % 12 + 12 * afternoon, hour)
    seconds = hour * 3600 + minute * 60 + second - _offsets(parts["zone"])
    return begins + day - 1 + seconds / SECONDS_OF_A_DAY, valid


def _offsets(zones: polars.Series) -> NumberArray:
    """Return how many seconds each time zone is ahead of UTC."""
    digits = zones.str.replace_all("[Z:UTC]", "")
    hours = _numbers(digits.str.slice(0, 3))
    minutes = _numbers(digits.str.slice(3, 2))
    signs = np.where((zones.str.starts_with("-")).fill_null(False).to_numpy(), -1.0, 1.0)
    return np.nan_to_num(hours * 3600) + np.nan_to_num(minutes) * 60 * signs


def _numbers(texts: polars.Series) -> NumberArray:
    import polars

    values = texts.cast(polars.Float64, strict=False).fill_null(float("nan"))
    return np.asarray(values.to_numpy(), dtype=np.float64)
