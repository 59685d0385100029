"""A column of text by itself: missing cells, and whether it is numbers, codes or text.

What the decimal mark of its numbers is, all columns of a file say together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.data.choices import Choices
from chainrule.data.columns import BESIDE_NUMBERS, MISSING_MARKERS
from chainrule.data.numerals import Numerals, leading_zeros, numerals_in, plain_numbers

if TYPE_CHECKING:
    import polars

CELLS_AT_ONCE = 1_000_000


@dataclass(frozen=True, eq=False)
class Seen:
    """A column before the decimal mark is known: text, plain numbers, or other numerals."""

    cells: polars.Series
    numbers: polars.Series | None = None
    numerals: Numerals | None = None
    code: str | None = None
    beside: tuple[str, ...] = ()


def seen_columns(
    texts: Mapping[str, polars.Series], choices: Choices, kept: Collection[str]
) -> dict[str, Seen]:
    """Return what each column is by itself.

    Many are asked at once, because of ten thousand each question has its price; but not so many
    that a long table is in memory several times.
    """
    kept_as_text = set(kept) - set(choices.numeric)
    names = list(texts)
    rows = len(texts[names[0]]) if names else 0
    step = max(1, CELLS_AT_ONCE // max(rows, 1))
    found: dict[str, Seen] = {}
    for begin in range(0, len(names), step):
        some = names[begin : begin + step]
        found.update(_seen_together({name: texts[name] for name in some}, choices, kept_as_text))
    return found


def _seen_together(
    texts: Mapping[str, polars.Series], choices: Choices, kept_as_text: set[str]
) -> dict[str, Seen]:
    cells, lower = _present(texts, choices)
    numbers = plain_numbers(cells)
    spelled, present = numbers.null_count().row(0), cells.null_count().row(0)
    numbers = numbers.fill_null(float("nan"))
    zeros = leading_zeros(cells)
    found = {}
    for place, name in enumerate(texts):
        column = cells.to_series(place)
        if name in kept_as_text:
            found[name] = Seen(column)
        elif spelled[place] != present[place]:
            found[name] = _seen_text(name, column, lower.to_series(place), choices)
        elif zeros[place] and name not in choices.numeric:
            found[name] = Seen(column, code=_first_code(column))
        else:
            found[name] = Seen(column, numbers=numbers.to_series(place))
    return found


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


def _seen_text(name: str, cells: polars.Series, lower: polars.Series, choices: Choices) -> Seen:
    if name in choices.categorical:
        return Seen(cells)
    beside = lower.is_in(BESIDE_NUMBERS).fill_null(False)
    known = tuple(cells.filter(beside).drop_nulls().unique().to_list())
    numerals = numerals_in(cells.set(beside, None) if known else cells, name in choices.numeric)
    return Seen(cells) if numerals is None else Seen(cells, numerals=numerals, beside=known)


def _first_code(cells: polars.Series) -> str:
    return str(cells.filter(cells.str.contains(r"^[+\-]?0\d").fill_null(False))[0])
