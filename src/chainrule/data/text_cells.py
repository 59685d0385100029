"""A column of text by itself: missing cells, and whether it is numbers, codes or text.

What the decimal mark of its numbers is, all columns of a file say together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.data.choices import Choices
from chainrule.data.clock import HOURS, TIME_SHARE, hours_in
from chainrule.data.columns import BESIDE_NUMBERS, MISSING_MARKERS, object_array
from chainrule.data.dates import share_of_dates
from chainrule.data.numerals import (
    NUMBER_SHARE,
    Numerals,
    leading_zeros,
    numerals_in,
    plain_numbers,
)
from chainrule.data.reading import Reading

if TYPE_CHECKING:
    import polars

CELLS_AT_ONCE = 1_000_000
# Of a column that is to be numbers: more, and it is numbers of days, or of hours.
SHARE_OF_DATES = 0.5
SHARE_OF_TIMES = 0.5


@dataclass(frozen=True, eq=False)
class Seen:
    """A column before the decimal mark is known: text, plain numbers, other numerals, or hours."""

    cells: polars.Series
    numbers: polars.Series | None = None
    numerals: Numerals | None = None
    hours: polars.Series | None = None
    is_code: bool = False
    beside: tuple[str, ...] = ()


def seen_columns(
    texts: Mapping[str, polars.Series], choices: Choices, like: Reading | None = None
) -> dict[str, Seen]:
    """Return what each column is by itself; those that ``like`` took as text are text again.

    Many are asked at once, because of ten thousand each question has its price; but not so many
    that a long table is in memory several times.
    """
    names = list(texts)
    rows = len(texts[names[0]]) if names else 0
    step = max(1, CELLS_AT_ONCE // max(rows, 1))
    found: dict[str, Seen] = {}
    for begin in range(0, len(names), step):
        some = names[begin : begin + step]
        found.update(_seen_together({name: texts[name] for name in some}, choices, like))
    return found


def _seen_together(
    texts: Mapping[str, polars.Series], choices: Choices, like: Reading | None
) -> dict[str, Seen]:
    kept_as_text = (set() if like is None else set(like.texts)) - set(choices.numeric)
    cells, lower = _present(texts, choices)
    numbers = plain_numbers(cells)
    spelled, present = numbers.null_count().row(0), cells.null_count().row(0)
    numbers = numbers.fill_null(float("nan"))
    zeros = leading_zeros(cells)
    likely = _may_be_numbers(cells, lower)
    found = {}
    for place, name in enumerate(texts):
        column = cells.to_series(place)
        if name in kept_as_text:
            found[name] = Seen(column)
        elif spelled[place] != present[place]:
            may_be = likely[place] or _asked_for(name, choices, like)
            below = lower.to_series(place) if may_be else None
            found[name] = _seen_text(name, column, below, choices, like)
        elif zeros[place] and name not in choices.numeric:
            found[name] = Seen(column, is_code=True)
        else:
            found[name] = Seen(column, numbers=numbers.to_series(place))
    return found


def _may_be_numbers(cells: polars.DataFrame, lower: polars.DataFrame) -> list[bool]:
    """Say of each column if enough cells have a digit for numbers or times of day.

    Most columns of text are settled here, all at once.
    """
    import polars

    digits = cells.select(polars.all().str.contains(r"\d").sum()).row(0)
    present = cells.select(polars.all().count()).row(0)
    beside = lower.select(polars.all().is_in(BESIDE_NUMBERS).sum()).row(0)
    return [
        with_digit >= NUMBER_SHARE * (every - without)
        for with_digit, every, without in zip(digits, present, beside, strict=True)
    ]


def _asked_for(name: str, choices: Choices, like: Reading | None) -> bool:
    """Whether a column is to be numbers, or was times of day before, whatever most cells are."""
    return name in choices.numeric or (like is not None and _was_hours(name, like))


def _was_hours(name: str, like: Reading) -> bool:
    return dict(like.units).get(name) == HOURS


def _present(
    texts: Mapping[str, polars.Series], choices: Choices
) -> tuple[polars.DataFrame, polars.DataFrame]:
    """Return the cells without the blanks around them, null where missing; and in lower case."""
    import polars

    # By number, because polars takes some names for patterns.
    frame = polars.DataFrame([text.alias(str(place)) for place, text in enumerate(texts.values())])
    stripped = frame.select(polars.all().str.strip_chars())
    lower = stripped.select(polars.all().str.to_lowercase())
    markers = [*MISSING_MARKERS, *(marker.strip().lower() for marker in choices.missing)]
    absent = lower.select(polars.all().is_in(markers))
    cells = [
        column.set(flags, None) if flagged else column
        for column, flags, flagged in zip(
            stripped.iter_columns(), absent.iter_columns(), absent.sum().row(0), strict=True
        )
    ]
    return polars.DataFrame(cells), lower


def _seen_text(
    name: str,
    cells: polars.Series,
    lower: polars.Series | None,
    choices: Choices,
    like: Reading | None,
) -> Seen:
    """Return what a column is of which not every cell is a number; without ``lower``, text."""
    if lower is None or name in choices.categorical:
        return Seen(cells)
    beside = lower.is_in(BESIDE_NUMBERS).fill_null(False)
    known = tuple(cells.filter(beside).drop_nulls().unique().to_list())
    plain = cells.set(beside, None) if known else cells
    hours = _hours(name, plain, choices, like)
    if hours is not None:
        return Seen(cells, hours=hours, beside=known)
    forced = name in choices.numeric
    if forced and share_of_dates(object_array(plain.to_list())) > SHARE_OF_DATES:
        return Seen(cells)
    unit = "" if like is None else dict(like.units).get(name, "")
    numerals = numerals_in(plain, forced, unit)
    return Seen(cells) if numerals is None else Seen(cells, numerals=numerals, beside=known)


def _hours(
    name: str, cells: polars.Series, choices: Choices, like: Reading | None
) -> polars.Series | None:
    """Return the hours of a column of times; of a later file, where the first one had times."""
    if like is not None:
        return hours_in(cells, least=0.0) if _was_hours(name, like) else None
    return hours_in(cells, SHARE_OF_TIMES if name in choices.numeric else TIME_SHARE)
