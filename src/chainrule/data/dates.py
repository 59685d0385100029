"""Dates as they are written, and the days that they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.clock import SAMPLE_SHARE, hours_of_day
from chainrule.data.columns import NumberArray, TextArray, sampled
from chainrule.data.month_names import full_year, with_numbered_months

if TYPE_CHECKING:
    import polars

DATE_SHARE = 0.95
SECONDS_OF_A_DAY = 86400.0
# The order of dates that begin with a year of two digits.
SHORT_YEAR_FIRST = "yymd"
# Whole numbers that may be dates, 20210312 for the twelfth of March 2021.
FIRST_NUMBER, LAST_NUMBER = 19000101, 20991231
FEWEST_NUMBERS = 3
# Whole numbers that are most likely years.
YEARS = (1800, 2100)

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

    ``order`` is "ymd", "dmy", "mdy", or "yymd" for years of two digits in front; ``sure`` says
    whether some cell tells the day from the month, ``year_may_lead`` whether every date may as well
    begin with a year of two digits.
    """

    order: str
    sure: bool
    year_may_lead: bool = False


def days_of(texts: TextArray, order: str) -> tuple[NumberArray, NDArray[np.bool_]]:
    """Return the days since 1970-01-01 that texts are (UTC), and where a text is no date.

    Both have shape (rows,); a missing or wrong text gives NaN. Times count as parts of a day. A
    text that begins with a year of four digits is read as such whatever the order, which says of
    the others whether the day ("dmy"), the month ("mdy") or a short year ("yymd") comes first;
    under "ymd" they are no dates.
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


def are_like_versions(texts: TextArray) -> bool:
    """Whether texts may be versions, such as "1.1.10", as well as dates.

    No part of them is written with a zero in front, and none that may be a day is above 12.
    """
    import polars

    series = polars.Series(texts.tolist(), dtype=polars.String).drop_nulls().unique()
    return _read_like_versions(_parts(series))


def _read_like_versions(parts: polars.DataFrame) -> bool:
    first, middle = parts["first"].fill_null(""), parts["middle"].fill_null("")
    short = (first.str.len_chars() <= 2) & (parts["last"].str.len_chars() <= 2)
    alike = (short & (parts["mark"] == ".")).fill_null(False)
    padded = first.str.starts_with("0") & (first != "0") | middle.str.starts_with("0") & (
        middle != "0"
    )
    days = np.nan_to_num(_numbers(parts["first"])) > 12
    are_dates = (alike & padded).any() or bool((alike.to_numpy() & days).any())
    return 2 * int(alike.sum()) > len(parts) and not are_dates


def date_form(
    texts: TextArray, chosen: str | None = None, least: float = DATE_SHARE
) -> DateForm | None:
    """Return how a column of text writes its dates, or None if it is no column of dates.

    It is one where at least the share ``least`` of the different texts, and one at all, are dates.
    Where no cell tells the day from the month, ``chosen`` does; without it the month comes first
    between slashes, and the day between points or dashes. Years of two digits come first where
    they are ``chosen`` to, or where they cannot come last. Texts that read like versions, such as
    "1.1.10", are dates only where ``chosen`` or ``least`` = 0 says so.
    """
    import polars

    if _share_in_sample(texts) < min(least, SAMPLE_SHARE):
        return None
    different = sorted({text for text in texts.tolist() if text is not None})
    parts = _parts(_with_digits(polars.Series(different, dtype=polars.String)))
    if chosen is None and least > 0 and _read_like_versions(parts):
        return None
    year_first = (parts["first"].str.len_chars() == 4).fill_null(False).to_numpy()
    valid = {order: _days(parts, order)[1] for order in ("dmy", "mdy")}
    share = float(np.mean(valid["dmy"] & year_first))
    shares = {order: float(np.mean(one & ~year_first)) for order, one in valid.items()}
    best, short = max(shares.values()), _share_of_short_years_first(parts)
    if share and share >= max(least, best, short):
        return DateForm("ymd", True)
    if short and short >= least and (chosen == "ymd" or short > best):
        return DateForm(SHORT_YEAR_FIRST, True)
    if best < least or not best:
        return None
    may_lead = chosen is None and short >= best
    if shares["dmy"] != shares["mdy"]:
        return DateForm(max(shares, key=lambda order: shares[order]), True, may_lead)
    slashes = (parts["mark"] == "/").fill_null(False).to_numpy()
    usual = "mdy" if np.mean(slashes) > 0.5 else "dmy"
    return DateForm(chosen if chosen in shares else usual, False, may_lead)


def written_day(days: float) -> str:
    """Return the date of a number of days since 1970-01-01: "2019-01-31"."""
    return str(np.datetime64(int(np.floor(days)), "D"))


def _share_in_sample(texts: TextArray) -> float:
    """Return what share of some texts of a column look like dates: most columns are settled so."""
    import polars

    sample = sampled(texts)
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
    year, month, day, valid = _year_month_day(parts, order)
    valid &= (parts["mark"] == parts["again"]).fill_null(False).to_numpy()
    valid &= (month >= 1) & (month <= 12) & (year >= 1)
    begins, lengths = _months(year, month, valid)
    valid &= (day >= 1) & (day <= lengths)
    hour, minute, second = (
        np.nan_to_num(_numbers(parts[name])) for name in ("hour", "minute", "second")
    )
    hour, _, possible = hours_of_day(hour, parts["half"])
    valid &= possible & (hour < 24) & (minute < 60) & (second < 61)
    seconds = hour * 3600 + minute * 60 + second - _offsets(parts["zone"])
    return begins + day - 1 + seconds / SECONDS_OF_A_DAY, valid


def _year_month_day(
    parts: polars.DataFrame, order: str
) -> tuple[NumberArray, NumberArray, NumberArray, NDArray[np.bool_]]:
    """Return the numbers that stand for each, and where a year is in its place: each (rows,)."""
    first, middle, last = (_numbers(parts[name]) for name in ("first", "middle", "last"))
    of_first, of_last = (
        parts[name].str.len_chars().fill_null(0).to_numpy() for name in ("first", "last")
    )
    year_first = (of_first == 4) & (of_last <= 2)
    short_last = (of_first <= 2) & (of_last == 2)
    year_last = ((of_first <= 2) & (of_last == 4)) | short_last
    if order == SHORT_YEAR_FIRST:
        short_first = (of_first == 2) & (of_last <= 2)
        first = np.where(short_first, full_year(first), first)
        year_first |= short_first
    else:
        last = np.where(short_last, full_year(last), last)
    year = np.where(year_first, first, last)
    month = np.where(year_first | (order != "mdy"), middle, first)
    day = np.where(year_first, last, middle if order == "mdy" else first)
    return year, month, day, year_first | (year_last & (order in ("dmy", "mdy")))


def _share_of_short_years_first(parts: polars.DataFrame) -> float:
    short = (parts["first"].str.len_chars() == 2).fill_null(False).to_numpy()
    if not short.any():
        return 0.0
    return float(np.mean(_days(parts, SHORT_YEAR_FIRST)[1] & short))


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
