"""One column of inputs: how numbers are scaled and categories encoded, and when neither helps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.columns import (
    BESIDE_NUMBERS,
    Column,
    NumberArray,
    TextArray,
    is_number,
    missing,
    numbers_in,
    object_array,
    spelling,
)
from chainrule.data.date_column import DateColumn, date_column_from_dict
from chainrule.data.numerals import MOST_ODD_TEXTS
from chainrule.data.scaling import mean_and_scale, scaled_inputs, scaled_names
from chainrule.errors import DataError

MOST_LEVELS = 50
FEWEST_ROWS_OF_A_LEVEL = 3
OTHER = "(other)"


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: (value - mean) / scale, and 1 where missing if ``missing``.

    ``mean`` and ``scale`` (the standard deviation) are in the column's own unit. ``odd`` are texts
    that stood among the numbers and count as missing; where they are more than 5, which is only so
    where it was asked for, every text does. A missing number counts as the mean.
    """

    name: str
    mean: float
    scale: float
    missing: bool = False
    odd: tuple[str, ...] = ()

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs that the column becomes."""
        return scaled_names(self.name, self.missing)

    def inputs(self, column: Column) -> NumberArray:
        """Return the inputs, float64 of shape (rows, len(input_names)).

        Raises ``DataError`` for text that is no number, and for a number too large to scale.
        """
        numbers = self._numbers(column)
        return scaled_inputs(self.name, numbers, self.mean, self.scale, self.missing)

    def check_written(self, numbers: NumberArray, written: TextArray) -> None:
        """Hold the texts of a column that was read as numbers against those that training knew.

        Raises ``DataError`` for a text that was passed over in reading and that is not among
        ``odd``.
        """
        self._check_odd(written, np.isnan(numbers) & ~missing(written))

    def _numbers(self, column: Column) -> NumberArray:
        if is_number(column):
            return column
        numbers, wrong = numbers_in(column)
        self._check_odd(column, wrong)
        return numbers

    def _check_odd(self, texts: TextArray, wrong: NDArray[np.bool_]) -> None:
        if len(self.odd) > MOST_ODD_TEXTS:
            return
        known = {*self.odd, *BESIDE_NUMBERS}
        for row in np.flatnonzero(wrong).tolist():
            if texts[row] not in known and texts[row].lower() not in known:
                raise DataError(
                    f"Column {self.name!r} has the text {texts[row]!r} in row {row + 1} "
                    "where a number belongs.",
                    "Correct the cell, or leave it empty if the value is not known.",
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return {
            "kind": "number",
            "name": self.name,
            "mean": self.mean,
            "scale": self.scale,
            "missing": self.missing,
            "odd": list(self.odd),
        }


@dataclass(frozen=True)
class CategoryColumn:
    """A column of text: one input for each level, 1 where the row has it and 0 elsewhere.

    With ``other``, every value that is no level counts as one level more; without, it gives zeros.
    With ``missing``, having no value is the last level.
    """

    name: str
    levels: tuple[str, ...]
    missing: bool = False
    other: bool = False

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs that the column becomes."""
        named = [f"{self.name} = {level}" for level in self.levels]
        if self.other:
            named.append(f"{self.name} = {OTHER}")
        if self.missing:
            named.append(f"{self.name} is missing")
        return tuple(named)

    def inputs(self, column: Column) -> NumberArray:
        """Return the inputs, float64 of shape (rows, len(input_names))."""
        positions = {level: position for position, level in enumerate(self.levels)}
        texts = self._texts(column)
        present = ~missing(texts)
        width = len(self.input_names)
        # The last column takes what has no input, and is cut off.
        codes = np.full(len(texts), width - 1 if self.missing else width)
        unseen = len(self.levels) if self.other else width
        codes[present] = [positions.get(value, unseen) for value in texts[present].tolist()]
        one_hot = np.zeros((len(texts), width + 1))
        one_hot[np.arange(len(texts)), codes] = 1.0
        return one_hot[:, :-1]

    def unseen(self, column: Column) -> tuple[str, ...]:
        """Return the different values that have no input, sorted; a missing value is none."""
        if self.other:
            return ()
        present = {value for value in self._texts(column).tolist() if value is not None}
        return tuple(sorted(present - set(self.levels)))

    def _texts(self, column: Column) -> TextArray:
        if not is_number(column):
            return column
        # A file may happen to hold only those levels that read as numbers. The spelling ("07") is
        # lost then, so that they are found by their value.
        values = numbers_in(object_array(self.levels))[0].tolist()
        by_value = dict(zip(values, self.levels, strict=True))
        texts = [
            None if np.isnan(value) else by_value.get(value, spelling(value))
            for value in column.tolist()
        ]
        return object_array(texts)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return {
            "kind": "category",
            "name": self.name,
            "levels": list(self.levels),
            "missing": self.missing,
            "other": self.other,
        }


Field = NumberColumn | CategoryColumn | DateColumn


def fit_numbers(name: str, column: Column, odd: tuple[str, ...] = ()) -> NumberColumn | str:
    """Return how numbers become an input, from the training rows, or why they do not.

    ``odd`` are texts that count as missing; of a column of text, all that are no numbers do.
    """
    if is_number(column):
        numbers = column
    else:
        numbers, wrong = numbers_in(column)
        odd = tuple(sorted({*odd, *column[wrong].tolist()}))
    absent = np.isnan(numbers)
    if absent.all():
        return "has no value in the training rows"
    present = numbers[~absent]
    if present.min() == present.max():
        return f"has no other value than {spelling(present[0])} in the training rows"
    return NumberColumn(name, *mean_and_scale(present), bool(absent.any()), odd)


def fit_categories(name: str, column: Column) -> CategoryColumn | str:
    """Return how categories become inputs, from the training rows, or why they do not.

    Levels are the values of at least 3 rows, at most the 50 most frequent; the others are one level
    together, unless there is only one. Where no value has 3 rows, those of fewer are levels.
    """
    texts = column if not is_number(column) else _spelled(column)
    absent = missing(texts)
    if absent.all():
        return "has no value in the training rows"
    counts = Counter(texts[~absent].tolist())
    ordered = sorted(counts, key=lambda level: (-counts[level], level))
    frequent = [level for level in ordered if counts[level] >= FEWEST_ROWS_OF_A_LEVEL]
    kept = frequent[:MOST_LEVELS] or ordered[:MOST_LEVELS]
    if len(counts) == len(kept) + 1 <= MOST_LEVELS:
        kept = ordered
    if len(counts) == 1 and not absent.any():
        return f"has no other value than {ordered[0]!r} in the training rows"
    other = len(counts) > len(kept)
    levels = {level for level in kept if not (other and level == OTHER)}
    return CategoryColumn(name, tuple(sorted(levels)), bool(absent.any()), other)


def _spelled(column: NumberArray) -> TextArray:
    return object_array([None if np.isnan(one) else spelling(one) for one in column.tolist()])


def field_from_dict(value: object) -> Field:
    """Return the column that ``to_dict`` wrote.

    Raises ``RunFolderError`` for anything that it cannot have written.
    """
    plain = record.mapping(value, "a column")
    name = record.text(plain, "name")
    absent = record.flag(plain, "missing")
    kind = record.choice(plain, "kind", ("number", "category", "date"))
    if kind == "date":
        return date_column_from_dict(plain)
    # Runs of before have no odd texts and no level for the rest.
    if kind == "number":
        mean, scale = record.number(plain, "mean"), record.positive(plain, "scale")
        odd = record.texts(plain, "odd") if "odd" in plain else ()
        return NumberColumn(name, mean, scale, absent, odd)
    levels = record.texts(plain, "levels")
    if not levels:
        raise record.damaged(f"column {name!r} has no levels")
    other = "other" in plain and record.flag(plain, "other")
    return CategoryColumn(name, levels, absent, other)
