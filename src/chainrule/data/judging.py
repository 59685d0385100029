"""Judgements: what a column is taken for, in words, whether it came as numbers or as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.column_names import is_named_like_birth
from chainrule.data.columns import Column, is_number, missing, spelled, spelling
from chainrule.data.date_column import dates_in
from chainrule.data.dates import SHORT_YEAR_FIRST, DateForm, written_day
from chainrule.data.decisions import Decision, option, shown
from chainrule.data.fields import FEWEST_ROWS_OF_A_LEVEL, MOST_LEVELS, OTHER
from chainrule.data.hints import spelling_hint, time_hint

IDENTIFIER_SHARE = 0.9
FEWEST_ROWS_FOR_IDENTIFIER = 5
FEWEST_GROUPS = 11
_ORDERS_IN_WORDS = {
    "dmy": "day, month, year",
    "mdy": "month, day, year",
    "ymd": "year, month, day",
    SHORT_YEAR_FIRST: "year, month, day",
}
# "2021-03-01 00:00+01:00", and no date such as 2021-03-01.
_AHEAD_OF_UTC = r":\d{2}\S*\s*[+-]\d{2}:?\d{2}$"
_CODE = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class Judged:
    """What one column is taken for, and what there is to say of it.

    ``order`` is that of day, month and year in a column of dates; ``rising`` says that its numbers
    count rows.
    """

    kind: str
    decisions: list[Decision]
    order: str = ""
    rising: bool = False


def judged_identifier(name: str, why: str, flag: str) -> Judged:
    """Return the decision that a column tells rows apart, and the option that takes it in."""
    text = f"an identifier: {why}; not used"
    return Judged("identifier", [Decision(name, "identifier", text, option(flag, name))])


def judged_dates(
    name: str, column: Column, form: DateForm, flag: str, passed_over: Sequence[str] = ()
) -> Judged:
    """Return the decision that a column is dates; ``flag`` is the option that says it is not.

    ``passed_over`` are texts that reading has taken out of a column of numbers.
    """
    days, wrong = dates_in(column, form.order)
    absent = int(np.isnan(days).sum())
    first, last = written_day(np.nanmin(days)), written_day(np.nanmax(days))
    if np.nanmin(days) == np.nanmax(days):
        text = f"no other value than {first}{missing_said(absent)}; not used"
        return Judged("constant", [Decision(name, "constant", text)])
    text = f"dates from {first} to {last}, taken as a number of days"
    if is_number(column):
        written = spelling(column[~np.isnan(column)][0])
        text = f"dates from {first} to {last}, written like {written}, taken as a number of days"
    odd = sorted({*passed_over, *(() if is_number(column) else column[wrong].tolist())})
    text += f"; {shown(odd)} count as missing" if odd else ""
    text += _zones_said(column)
    said = [Decision(name, "date", text, option(flag, name), absent)]
    if not form.sure and not is_number(column):
        example = next(value for value in column.tolist() if value is not None)
        other = "dmy" if form.order == "mdy" else "mdy"
        taken = "the month" if form.order == "mdy" else "the day"
        text = f"no cell tells day from month (as in {example!r}): {taken} is taken to come first"
        said.append(Decision(name, "hint", text, option("--dates", other)))
    if form.year_may_lead and not is_number(column):
        example = next(value for value in column.tolist() if value is not None)
        text = f"the year may as well come first (as in {example!r}): it is taken to come last"
        said.append(Decision(name, "hint", text, option("--dates", "ymd")))
    if not is_named_like_birth(name):
        said.append(time_hint(name))
    return Judged("date", said, form.order)


def judged_times(name: str, column: Column, form: DateForm | None) -> Judged:
    """Return the decision that rows are in the order of a column, and how its dates are read."""
    text = "rows are in its order; it is no longer an input"
    if form is None:
        return Judged("time", [Decision(name, "time", text)])
    days, _ = dates_in(column, form.order)
    if not np.isnan(days).all():
        first, last = written_day(np.nanmin(days)), written_day(np.nanmax(days))
        text += f"; dates from {first} to {last}, read as {_ORDERS_IN_WORDS[form.order]}"
    other = ""
    if not form.sure:
        other = option("--dates", "dmy" if form.order == "mdy" else "mdy")
    elif form.year_may_lead:
        other = option("--dates", "ymd")
    return Judged("time", [Decision(name, "time", text, other)], form.order)


def judged_categories(name: str, column: Column) -> Judged:
    """Return the decision that the values of a column are categories, or that there is but one."""
    texts = spelled(column) if is_number(column) else column
    absent = missing(texts)
    counts = Counter(texts[~absent].tolist())
    if not counts:
        return Judged("empty", [Decision(name, "empty", "no value in any row; not used")])
    if len(counts) == 1 and not absent.any():
        text = f"no other value than {next(iter(counts))!r}; not used"
        return Judged("constant", [Decision(name, "constant", text)])
    text, plain = _levels_said(counts)
    overridden = option("--drop", name)
    code = first_code(counts)
    if code:
        text = f"codes with leading zeros, such as {code!r}, taken as {text}"
        overridden = option("--numeric", name)
    plain = plain and not code
    decision = Decision(name, "category", text, overridden, int(absent.sum()), plain)
    return Judged("category", [decision, *spelling_hint(name, counts)])


def first_code(counts: Counter[str]) -> str:
    """Return a code with leading zeros, where all texts are whole numbers and some begin so."""
    if not all(_CODE.fullmatch(text) for text in counts):
        return ""
    return next((text for text in counts if re.match(r"[+-]?0\d", text)), "")


def missing_said(count: int) -> str:
    """Return what is said of so many missing values of a column that is not used."""
    return f"; {count:,} missing" if count else ""


def _zones_said(column: Column) -> str:
    """Return what is said of times that are written with how far they are ahead of UTC."""
    import polars

    if is_number(column):
        return ""
    texts = polars.Series(column.tolist(), dtype=polars.String)
    ahead = texts.str.contains(_AHEAD_OF_UTC) & ~texts.str.contains(r"[+-]00:?00$")
    return "; times of other zones are taken as those of UTC" if ahead.any() else ""


def _levels_said(counts: Counter[str]) -> tuple[str, bool]:
    """Return what is said of categories, and whether there is nothing special about them."""
    if len(counts) > MOST_LEVELS:
        frequent = sum(count >= FEWEST_ROWS_OF_A_LEVEL for count in counts.values())
        kept = f"the {MOST_LEVELS} most frequent"
        if 0 < frequent <= MOST_LEVELS:
            kept = f"the {frequent} in {FEWEST_ROWS_OF_A_LEVEL} rows or more"
        text = f"{len(counts)} categories, {kept} are kept, the rest is {OTHER!r}"
        if not frequent:
            text += f"; none is in {FEWEST_ROWS_OF_A_LEVEL} rows"
        return text, False
    ordered = sorted(counts, key=lambda level: (-counts[level], level))
    word = "category" if len(counts) == 1 else "categories"
    rare = sum(count < FEWEST_ROWS_OF_A_LEVEL for count in counts.values())
    text = f"{len(counts)} {word} ({shown(ordered)})"
    if 1 < rare < len(counts):
        text += f"; the {rare} in fewer than {FEWEST_ROWS_OF_A_LEVEL} rows each are {OTHER!r}"
        return text, False
    return text, True
