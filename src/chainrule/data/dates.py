"""Dates as they are written, and the days that they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import NumberArray, TextArray
from chainrule.data.month_names import FIRST_OF_THE_LAST_CENTURY, with_numbered_months

if TYPE_CHECKING:
    import polars

DATE_SHARE = 0.95
SAMPLE = 100
SAMPLE_SHARE = 0.8
SECONDS_OF_A_DAY = 86400.0
# Whole numbers that may be dates, 20210312 for the twelfth of March 2021.
FIRST_NUMBER, LAST_NUMBER = 19000101, 20991231
FEWEST_NUMBERS = 3

_DATE = (
    r"^(?P<first>\d{1,4})(?P<mark>[-/.])(?P<middle>\d{1,2})(?P<again>[-/.])(?P<last>\d{1,4})"
    r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|[+\-]\d{2}:?\d{2})?)?$"
)
_LIKE_A_DATE = re.compile(r"\d.*[-/.].*\d|\d\W*[^\W\d_]{3}|[^\W\d_]{3}\W.*\d|^\d{8}$")
_TOGETHER = r"^((?:19|20)\d{2})(\d{2})(\d{2})$"


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
    days, valid = _days(_parts(_with_digits(series)), order)
    present = series.is_not_null().to_numpy()
    return np.where(valid, days, np.nan), present & ~valid


def days_of_numbers(numbers: NumberArray) -> tuple[NumberArray, NDArray[np.bool_]]:
    """Return the days since 1970-01-01 that numbers such as 20210312 are, and which are no dates.

    Both have shape (rows,); a missing or wrong number gives NaN.
    """
    present = ~np.isnan(numbers)
    valid = present & (numbers >= FIRST_NUMBER) & (numbers <= LAST_NUMBER)
    valid[valid] = numbers[valid] == np.round(numbers[valid])
    digits = np.where(valid, numbers, FIRST_NUMBER).astype(np.int64)
    year, month, day = digits // 10000, digits // 100 % 100, digits % 100
    begins, lengths = _months(year, month, (month >= 1) & (month <= 12))
    valid &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= lengths)
    return np.where(valid, begins + day - 1.0, np.nan), present & ~valid


def are_written_dates(numbers: NumberArray) -> bool:
    """Whether a column of numbers is dates such as 20210312, every one of them."""
    present = numbers[~np.isnan(numbers)]
    if not present.size or present.min() < FIRST_NUMBER or present.max() > LAST_NUMBER:
        return False
    different = np.unique(present)
    return len(different) >= FEWEST_NUMBERS and not days_of_numbers(different)[1].any()


def share_of_dates(texts: TextArray) -> float:
    """Return what share of the texts that are present are dates, in the order that fits most."""
    import polars

    if not _share_in_sample(texts):
        return 0.0
    series = polars.Series(texts.tolist(), dtype=polars.String).drop_nulls()
    parts = _parts(_with_digits(series))
    return max(float(np.mean(_days(parts, order)[1])) for order in ("dmy", "mdy"))


def date_form(
    texts: TextArray, chosen: str | None = None, least: float = DATE_SHARE
) -> DateForm | None:
    """Return how a column of text writes its dates, or None if it is no column of dates.

    It is one where at least the share ``least`` of the different texts, and one at all, are dates.
    Where no cell tells the day from the month, ``chosen`` does; without it the month comes first
    between slashes, and the day between points or dashes.
    """
    import polars

    if _share_in_sample(texts) < min(least, SAMPLE_SHARE):
        return None
    different = sorted({text for text in texts.tolist() if text is not None})
    parts = _parts(_with_digits(polars.Series(different, dtype=polars.String)))
    year_first = (parts["first"].str.len_chars() == 4).fill_null(False).to_numpy()
    valid = {order: _days(parts, order)[1] for order in ("dmy", "mdy")}
    share = float(np.mean(valid["dmy"] & year_first))
    shares = {order: float(np.mean(one & ~year_first)) for order, one in valid.items()}
    best = max(shares.values())
    if share and share >= max(least, best):
        return DateForm("ymd", True, share)
    if best < least or not best:
        return None
    if shares["dmy"] != shares["mdy"]:
        return DateForm(max(shares, key=lambda order: shares[order]), True, best)
    slashes = (parts["mark"] == "/").fill_null(False).to_numpy()
    usual = "mdy" if np.mean(slashes) > 0.5 else "dmy"
    return DateForm(chosen if chosen in shares else usual, False, best)


def written_day(days: float) -> str:
    """Return the date of a number of days since 1970-01-01: "2019-01-31"."""
    return str(np.datetime64(int(np.floor(days)), "D"))


def _share_in_sample(texts: TextArray) -> float:
    """Return what share of some texts of a column look like dates: most columns are settled so."""
    import polars

    sample = [text for text in texts[:: max(1, len(texts) // SAMPLE)].tolist() if text is not None]
    likely = [text for text in sample if _LIKE_A_DATE.search(text)]
    if not likely:
        return 0.0
    found = _with_digits(polars.Series(likely, dtype=polars.String)).str.contains(_DATE)
    return int(found.sum()) / len(sample)


def _with_digits(series: polars.Series) -> polars.Series:
    """Return texts, dates with names of months or without any mark as "2021-3-12"."""
    return with_numbered_months(series).str.replace(_TOGETHER, "${1}-${2}-${3}")


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
    begins, lengths = _months(year, month, valid)
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


def _months(
    year: NDArray[Any], month: NDArray[Any], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first day of each month since 1970-01-01, and its length in days: (rows,)."""
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    begins = months.astype("datetime64[D]").astype(np.int64)
    return begins, (months + 1).astype("datetime64[D]").astype(np.int64) - begins


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
