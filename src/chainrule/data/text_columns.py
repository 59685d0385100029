"""Columns of text as numbers or text: decided for all columns of a file together.

Whether "1,234" is a large number or a small one is one question for the whole file, so that the
columns that leave no doubt answer it for those that do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.choices import Choices
from chainrule.data.clock import HOURS
from chainrule.data.columns import (
    BESIDE_NUMBERS,
    Column,
    TextArray,
    is_number,
    object_array,
    spelling,
)
from chainrule.data.decisions import Decision, counted, option, shown
from chainrule.data.numerals import (
    Numerals,
    as_array,
    has_points,
    numerals_in,
)
from chainrule.data.reading import Reading
from chainrule.data.text_cells import Seen, seen_columns
from chainrule.errors import DataError

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, eq=False)
class TextColumns:
    """Columns of text that were read.

    ``written`` has the texts of those columns of numbers that are more than digits (a unit, odd
    texts); ``reading`` what there is to know for a later file. ``doubts`` are for columns that are
    not written as in an earlier file the error that says so.
    """

    columns: dict[str, Column]
    written: dict[str, TextArray]
    reading: Reading
    decisions: tuple[Decision, ...]
    doubts: dict[str, DataError]


def columns_from_texts(
    texts: Mapping[str, polars.Series],
    choices: Choices,
    like: Reading | None = None,
    delimiter: str = ",",
) -> TextColumns:
    """Return the columns that series of strings stand for, and what was decided of them.

    Blanks around a value are not part of it; ``MISSING_MARKERS`` and ``choices.missing`` are
    missing values, and beside numbers ``BESIDE_NUMBERS`` too. A column whose every present value is
    a number is float64; if every one is "true" or "false" in any letter case it is text in lower
    case; else it is text as written. Numbers may have marks between thousands, one sign of currency
    or unit, and, in 10 cells or more, a few odd texts, which count as missing. Times of day are
    numbers of hours.
    """
    seen = seen_columns(texts, choices, like)
    marks = _marks(seen, choices, like, delimiter)
    columns: dict[str, Column] = {}
    found: dict[str, _Found] = {}
    for name, column in seen.items():
        mark = marks.of(name)
        if column.hours is not None:
            found[name] = _found_hours(name, column, column.hours, mark)
            columns[name] = found[name].column
            continue
        numerals = _numerals_under(column, mark, name in choices.numeric, choices.decimal)
        if numerals is None:
            columns[name] = _plain_column(column)
        else:
            found[name] = _found(name, column, numerals, _own_mark(numerals, mark, choices))
            columns[name] = found[name].column
    doubts = {} if like is None else _doubts(seen, found, like, choices)
    written = {name: one.texts for name, one in found.items() if one.texts is not None}
    said = [*_marks_said(found), *(decision for one in found.values() for decision in one.said)]
    texts_left = tuple(name for name, values in columns.items() if not is_number(values))
    reading = replace(_reading(seen, found, marks.file), texts=texts_left)
    return TextColumns(columns, written, reading, tuple(said), doubts)


def _reading(seen: Mapping[str, Seen], found: Mapping[str, _Found], mark: str) -> Reading:
    """Return how numbers are written in a file whose decimal mark is ``mark``."""
    return Reading(
        decimal=mark,
        units=tuple((name, one.unit) for name, one in found.items() if one.unit),
        others=tuple(name for name, one in seen.items() if _differs(one, found.get(name), mark)),
        thousands=tuple(sorted({one.between for one in found.values() if one.between})),
    )


def _differs(one: Seen, found: _Found | None, mark: str) -> bool:
    """Whether the numbers of a column have another decimal mark than most of the file."""
    if found is not None:
        return found.mark != mark
    return mark == "," and one.numbers is not None and has_points(one.cells)


@dataclass(frozen=True, eq=False)
class _Found:
    """A column of numbers that was more than digits.

    ``example`` is a text in it that needs its decimal mark, with the number that it is; ``texts``
    are kept where the numbers do not say all that was written. ``between`` is the mark that stands
    between thousands, or nothing; ``unclear`` are texts in which that may be a decimal mark.
    """

    column: Column
    mark: str
    unit: str
    example: tuple[str, float | None] | None
    texts: TextArray | None
    said: list[Decision]
    between: str = ""
    unclear: tuple[str, ...] = ()


def _found(name: str, one: Seen, numerals: Numerals, mark: str) -> _Found:
    unit = "".join(numerals.affix)
    odd = sorted({*numerals.odd(mark), *one.beside})
    text = numerals.doubtful() or numerals.with_mark()
    return _Found(
        as_array(numerals.numbers(one.cells, mark)),
        mark,
        unit,
        None if text is None else (" ".join(text.split()), numerals.value(text, mark)),
        object_array(one.cells.to_list()) if unit or odd else None,
        _numerals_said(name, numerals, odd),
        "" if numerals.grouped(mark).is_empty() else _other(mark),
        tuple(numerals.unclear(mark)),
    )


def _found_hours(name: str, one: Seen, hours: polars.Series, mark: str) -> _Found:
    odd = sorted({*one.cells.filter(hours.is_null() & one.cells.is_not_null()).to_list()})
    text = f"times of day, taken as {HOURS}"
    text += f"; {shown(odd, 5)} count as missing" if odd else ""
    said = [Decision(name, "number", text, option("--categorical", name))]
    return _Found(as_array(hours), mark, HOURS, None, object_array(one.cells.to_list()), said)


@dataclass(frozen=True)
class _Marks:
    """The decimal mark of a file, and the columns that have the other one."""

    file: str
    others: frozenset[str] = frozenset()

    def of(self, name: str) -> str:
        if name not in self.others:
            return self.file
        return _other(self.file)


def _other(mark: str) -> str:
    return "," if mark == "." else "."


def _marks(
    seen: Mapping[str, Seen], choices: Choices, like: Reading | None, delimiter: str
) -> _Marks:
    """Return the decimal mark of a file: that of the columns in which there is no doubt."""
    if choices.decimal is not None:
        return _Marks(choices.decimal)
    if like is not None and like.others:
        return _Marks(like.decimal, frozenset(like.others))
    numerals = [one.numerals for one in seen.values() if one.numerals is not None]
    comma = any(one.only(",") and one.is_number_under(",") for one in numerals)
    point = any(one.only(".") and one.is_number_under(".") for one in numerals)
    if comma and not point:
        plain = [one.cells for one in seen.values() if one.numbers is not None]
        point = any(has_points(cells) for cells in plain)
    if comma != point:
        return _Marks("," if comma else ".")
    if like is not None:
        return _Marks(like.decimal)
    with_commas = any("," in (one.doubtful() or "") for one in numerals)
    return _Marks("," if delimiter == ";" and (comma or with_commas) else ".")


def _numerals_under(one: Seen, mark: str, forced: bool, chosen: str | None) -> Numerals | None:
    """Return how the numbers of a column are written, or None if they are plain or text."""
    if one.numbers is not None and mark == ",":
        # In such a file "1.234" is a thousand and more, if nothing else in the column contradicts.
        dotted = one.cells.str.contains(".", literal=True).any()
        numerals = numerals_in(one.cells) if dotted else None
        whole = numerals is not None and numerals.spelled(",") == numerals.cells
        return numerals if whole else None
    if one.numerals is None or chosen is None or forced:
        return one.numerals
    return one.numerals if one.numerals.is_number_under(chosen) else None


def _own_mark(numerals: Numerals, mark: str, choices: Choices) -> str:
    other = _other(mark)
    if numerals.is_number_under(mark) and choices.decimal is not None:
        return mark
    if numerals.spelled(mark) >= numerals.spelled(other):
        return mark
    return other


def _plain_column(one: Seen) -> Column:
    if one.numbers is not None:
        return np.asarray(one.numbers.to_numpy(writable=True), dtype=np.float64)
    texts = one.cells.to_list()
    if all(text is None or text.lower() in ("true", "false") for text in texts):
        texts = [None if text is None else text.lower() for text in texts]
    return object_array(texts)


def _doubts(
    seen: Mapping[str, Seen], found: Mapping[str, _Found], like: Reading, choices: Choices
) -> dict[str, DataError]:
    """Return the columns that are not written as in the first file, and how each is not."""
    doubts: dict[str, DataError] = {}
    for name, column in seen.items():
        numbers = found.get(name)
        doubt = None
        if numbers is not None:
            doubt = like.doubt_of_unit(name, numbers.unit)
            if doubt is None and choices.decimal is None and numbers.between not in like.thousands:
                doubt = _doubt_of_marks(name, column, numbers)
        elif column.numbers is not None and column.cells.null_count() < len(column.cells):
            doubt = like.doubt_of_unit(name, "")
        elif column.numbers is None and name in dict(like.units):
            doubt = _doubt_of_cell(name, column, dict(like.units)[name])
        if doubt is not None:
            doubts[name] = doubt
    return doubts


def _doubt_of_cell(name: str, one: Seen, unit: str) -> DataError | None:
    """Return which cell is not in the unit of the first file, where others are."""
    numerals = numerals_in(one.cells, forced=True, unit=unit)
    if numerals is None or "".join(numerals.affix) != unit:
        return None
    mark = max(".", ",", key=numerals.spelled)
    wrong = [text for text in numerals.odd(mark) if text.lower() not in BESIDE_NUMBERS]
    if not wrong:
        return None
    row = one.cells.is_in(wrong).arg_max() or 0
    return DataError(
        f"Column {name!r} has {one.cells[row]!r} in row {row + 1}, and in training it was in "
        f"{unit!r}.",
        f"Give it in {unit!r}, or leave the cell empty if the value is not known.",
    )


def _doubt_of_marks(name: str, one: Seen, found: _Found) -> DataError | None:
    """Return why it is not clear which number a text is: "1,234", or None where it is."""
    if not found.unclear:
        return None
    row = one.cells.is_in(list(found.unclear)).arg_max() or 0
    number = float(found.column[row])
    text = one.cells[row]
    smaller = spelling(number / 1000 ** text.count(found.between))
    if found.mark == ",":
        smaller = smaller.replace(".", ",")
    return DataError(
        f"Column {name!r} has {text!r} in row {row + 1}, which may be {spelling(number)} or "
        f"{smaller}: in training no mark stood between thousands.",
        f"Write {spelling(number)} or {smaller}.",
    )


def _numerals_said(name: str, numerals: Numerals, odd: list[str]) -> list[Decision]:
    parts = []
    front, unit = numerals.affix
    if numerals.has_brackets():
        parts.append("numbers, those in brackets below zero")
    if numerals.has_gaps():
        parts.append("numbers with gaps between thousands")
    if front:
        parts.append(f"numbers with {front!r} in front, which is cut off")
    if unit:
        parts.append(f"numbers in {unit!r}, which is cut off")
    if odd:
        parts.append(f"numbers except for {shown(odd, 5)}, counted as missing")
    if not parts:
        return []
    return [Decision(name, "number", "; ".join(parts), option("--categorical", name))]


def _marks_said(found: Mapping[str, _Found]) -> list[Decision]:
    """Say once for each decimal mark how a number is read, by the first column that needs it."""
    decisions = []
    for mark, other, word in ((",", ".", "comma"), (".", ",", "point")):
        examples = {
            name: one.example
            for name, one in found.items()
            if one.mark == mark and one.example is not None
        }
        if not examples:
            continue
        name, (text, value) = next(iter(examples.items()))
        others = len(examples) - 1
        more = f", and in {counted(others, 'more column')}" if others else ""
        number = "" if value is None else f", {text!r} is {spelling(value)}"
        phrase = f"the {word} is the decimal mark in {name!r}{more}{number}"
        decisions.append(Decision("file", "file", phrase, option("--decimal", other)))
    return decisions
