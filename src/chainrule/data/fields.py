"""One column of inputs: how numbers are scaled and categories encoded, and when neither helps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.columns import (
    Column,
    NumberArray,
    TextArray,
    is_number,
    missing,
    numbers_in,
    object_array,
    spelled,
    spelling,
)
from chainrule.data.date_column import DateColumn, date_column_from_dict
from chainrule.data.odd_texts import first_unknown
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

    def check_texts(self, texts: TextArray, wrong: NDArray[np.bool_]) -> None:
        """Hold texts that are no numbers, where ``wrong`` says so, against those of the training.

        Both have shape (rows,). Raises ``DataError`` for one that is not among ``odd``.
        """
        row = first_unknown(texts, wrong, self.odd)
        if row is not None:
            raise DataError(
                f"Column {self.name!r} has the text {texts[row]!r} in row {row + 1} "
                "where a number belongs.",
                "Correct the cell, or leave it empty if the value is not known.",
            )

    def _numbers(self, column: Column) -> NumberArray:
        if is_number(column):
            return column
        numbers, wrong = numbers_in(column)
        self.check_texts(column, wrong)
        return numbers

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
        texts = self._levels_in(column)
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
        """Return the different values that are no level, sorted; a missing value is none."""
        present = {value for value in self._levels_in(column).tolist() if value is not None}
        return tuple(sorted(present - set(self.levels)))

    def _levels_in(self, column: Column) -> TextArray:
        """Return the texts of a column, one that is the number of a level as that level: (rows,).

        The spelling differs ("0.70"), or is lost ("07") where a file happens to hold only those
        levels that read as numbers.
        """
        values = numbers_in(object_array(self.levels))[0].tolist()
        by_value = {
            value: level for value, level in zip(values, self.levels, strict=True) if value == value
        }
        if is_number(column):
            texts = [
                None if np.isnan(value) else by_value.get(value, spelling(value))
                for value in column.tolist()
            ]
            return object_array(texts)
        others = sorted({text for text in column.tolist() if text is not None} - set(self.levels))
        if not by_value or not others:
            return column
        numbers = numbers_in(object_array(others))[0].tolist()
        renamed = {
            text: by_value[value]
            for text, value in zip(others, numbers, strict=True)
            if value in by_value
        }
        return object_array([renamed.get(text, text) for text in column.tolist()])

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
    texts = column if not is_number(column) else spelled(column)
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
