"""Dates with the name of a month, in five languages, written with digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.columns import NumberArray

if TYPE_CHECKING:
    import polars

# English, German, French, Spanish, Italian; without accents.
MONTHS = (
    "january januar janner janvier enero gennaio",
    "february februar fevrier febrero febbraio",
    "march marz mrz maerz mars marzo",
    "april avril abril aprile",
    "may mai mayo maggio",
    "june juni juin junio giugno",
    "july juli juillet julio luglio",
    "august aout agosto",
    "september septembre septiembre setiembre settembre",
    "october oktober octobre octubre ottobre",
    "november novembre noviembre",
    "december dezember decembre diciembre dicembre",
)
SHORTEST = 3
ACCENTS = {"ä": "a", "á": "a", "à": "a", "é": "e", "è": "e", "û": "u"}
# A year of two digits is one of the hundred around now: 68 is 2068, and 69 is 1969.
FIRST_OF_THE_LAST_CENTURY = 69

_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.)?"
_MONTH = r"(?P<month>\p{L}{3,10})"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_GAP = r"[\s\-/.,]"
_OF = r"(?:(?:of|de|del|di)\s+)?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_TIME = r"(?:(?:,?\s+(?:at\s+)?|t)(?P<time>\d{1,2}:\d{2}.*))?"
_NO_TIME = r"(?P<time>)"
# What is read where there is no day is the first of the month.
_NO_DAY = r"(?P<day>)"
_FORMS = (
    rf"^{_WEEKDAY}{_DAY}{_GAP}*{_OF}{_MONTH}{_GAP}*{_OF}{_YEAR}{_TIME}$",
    rf"^{_WEEKDAY}{_MONTH}{_GAP}*{_DAY}{_GAP}+{_YEAR}{_TIME}$",
    rf"^(?P<year>\d{{4}}){_GAP}*{_MONTH}{_GAP}*{_DAY}{_TIME}$",
    rf"^{_MONTH}{_GAP}*{_OF}(?P<year>\d{{4}}){_NO_DAY}{_NO_TIME}$",
    rf"^{_MONTH}-(?P<year>\d{{2}}){_NO_DAY}{_NO_TIME}$",
    rf"^(?P<year>\d{{4}}){_GAP}*{_MONTH}{_NO_DAY}{_NO_TIME}$",
)


def with_numbered_months(texts: polars.Series) -> polars.Series:
    """Return texts, those that are dates with the name of a month as "2021-3-12 08:30".

    A month without a day is its first day; a name may be cut after three letters or more, where
    that is left of one month only. All other texts are returned as they are.
    """
    if not texts.str.contains(r"\p{L}{3}").any():
        return texts
    different = texts.drop_nulls().unique()
    if 2 * len(different) < len(texts):
        return texts.replace_strict(different, _numbered(different), default=None)
    return _numbered(texts)


def _numbered(texts: polars.Series) -> polars.Series:
    import polars

    plain = texts.str.to_lowercase().str.replace_many(ACCENTS)
    found, left = texts, texts.is_not_null()
    for form in _FORMS:
        parts = plain.str.extract_groups(form).struct.unnest()
        if not parts["month"].is_not_null().any():
            continue
        months = parts["month"].replace_strict(_NUMBERS, default=None, return_dtype=polars.String)
        days = parts["day"].set(parts["day"] == "", "1")
        times = parts["time"].fill_null("").str.to_uppercase().str.replace("GMT", "UTC")
        written = _full_years(parts["year"]) + "-" + months + "-" + days + " " + times
        found = written.str.strip_chars().zip_with(written.is_not_null(), found)
        left &= written.is_null()
        if not left.any():
            break
    return found


def full_year(short: NumberArray) -> NumberArray:
    """Return the years that two digits stand for: 21 is 2021, and 87 is 1987."""
    return short + np.where(short < FIRST_OF_THE_LAST_CENTURY, 2000.0, 1900.0)


def _full_years(years: polars.Series) -> polars.Series:
    import polars

    numbers = years.cast(polars.Float64).fill_null(float("nan")).to_numpy()
    short = (years.str.len_chars() == 2).fill_null(False).to_numpy()
    full = polars.Series(np.where(short, full_year(numbers), numbers), nan_to_null=True)
    return full.cast(polars.Int64).cast(polars.String).str.zfill(4)


def _month_numbers() -> dict[str, str]:
    """Return name -> number for every name, and for every beginning that only one month has."""
    months: dict[str, set[int]] = {}
    for number, names in enumerate(MONTHS, start=1):
        for name in names.split():
            for end in range(SHORTEST, len(name) + 1):
                months.setdefault(name[:end], set()).add(number)
    return {name: str(min(found)) for name, found in months.items() if len(found) == 1}


_NUMBERS = _month_numbers()
