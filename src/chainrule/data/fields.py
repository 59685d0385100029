"""One column of inputs: how numbers are scaled and categories encoded, and when neither helps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import record
from chainrule.data.columns import (
    Column,
    NumberArray,
    TextArray,
    is_number,
    missing,
    numbers_in,
    object_array,
    spelling,
)
from chainrule.errors import DataError

MOST_LEVELS = 50
LARGEST = float(np.finfo(np.float32).max)
IDENTIFIER_SHARE = 0.9
FEWEST_ROWS_FOR_IDENTIFIER = 5


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: (value - mean) / scale, and 1 where missing if ``missing``.

    ``mean`` and ``scale`` (the standard deviation) are in the column's own unit. A missing number
    counts as the mean.
    """

    name: str
    mean: float
    scale: float
    missing: bool = False

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs that the column becomes."""
        return (self.name, f"{self.name} is missing") if self.missing else (self.name,)

    def inputs(self, column: Column) -> NumberArray:
        """Return the inputs, float64 of shape (rows, len(input_names)).

        Raises ``DataError`` for text that is no number, and for a number too large to scale.
        """
        numbers = _numbers(self.name, column)
        scaled = standardised(self.name, numbers, self.mean, self.scale)
        absent = np.isnan(numbers)
        scaled[absent] = 0.0
        return np.column_stack((scaled, absent)) if self.missing else scaled[:, np.newaxis]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return {
            "kind": "number",
            "name": self.name,
            "mean": self.mean,
            "scale": self.scale,
            "missing": self.missing,
        }


@dataclass(frozen=True)
class CategoryColumn:
    """A column of text: one input for each level, 1 where the row has it and 0 elsewhere.

    With ``missing``, having no value is the last level. A value that is no level gives zeros.
    """

    name: str
    levels: tuple[str, ...]
    missing: bool = False

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs that the column becomes."""
        named = tuple(f"{self.name} = {level}" for level in self.levels)
        return (*named, f"{self.name} is missing") if self.missing else named

    def inputs(self, column: Column) -> NumberArray:
        """Return the inputs, float64 of shape (rows, len(input_names))."""
        positions = {level: position for position, level in enumerate(self.levels)}
        texts = self._texts(column)
        present = [value for value in texts if value is not None]
        # Position -1, the last column, takes what is no level, and is cut off.
        codes = np.full(len(texts), len(self.levels))
        codes[~missing(texts)] = [positions.get(value, -1) for value in present]
        one_hot = np.zeros((len(texts), len(self.input_names) + 1))
        one_hot[np.arange(len(texts)), codes] = 1.0
        return one_hot[:, :-1]

    def unseen(self, column: Column) -> tuple[str, ...]:
        """Return the different values that are no level, sorted; a missing value is none."""
        present = {value for value in self._texts(column) if value is not None}
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
        }


Field = NumberColumn | CategoryColumn


def fit_field(name: str, column: Column) -> Field | str:
    """Return how to turn a column into inputs, from its training rows, or why it is left out."""
    absent = missing(column)
    if absent.all():
        return "has no value in the training rows"
    present = column[~absent]
    if is_number(present):
        mean, scale = mean_and_scale(present)
        if present.min() == present.max():
            return f"has no other value than {spelling(present[0])} in the training rows"
        return NumberColumn(name, mean, scale, bool(absent.any()))
    levels = tuple(sorted(set(present.tolist())))
    if len(levels) == 1 and not absent.any():
        return f"has no other value than {levels[0]!r} in the training rows"
    if len(levels) > MOST_LEVELS:
        return f"is text with {len(levels)} different values, more than {MOST_LEVELS}"
    rows = len(present)
    if rows >= FEWEST_ROWS_FOR_IDENTIFIER and len(levels) > IDENTIFIER_SHARE * rows:
        return f"is text with {len(levels)} different values in {rows} rows, like a name"
    return CategoryColumn(name, levels, bool(absent.any()))


def field_from_dict(value: object) -> Field:
    """Return the column that ``to_dict`` wrote.

    Raises ``RunFolderError`` for anything that it cannot have written.
    """
    plain = record.mapping(value, "a column")
    name = record.text(plain, "name")
    absent = record.flag(plain, "missing")
    if record.choice(plain, "kind", ("number", "category")) == "number":
        mean, scale = record.number(plain, "mean"), record.positive(plain, "scale")
        return NumberColumn(name, mean, scale, absent)
    levels = record.texts(plain, "levels")
    if not levels:
        raise record.damaged(f"column {name!r} has no levels")
    return CategoryColumn(name, levels, absent)


def mean_and_scale(numbers: NumberArray) -> tuple[float, float]:
    """Return mean and standard deviation (divided by n); the scale is 1 where all are equal.

    ``numbers`` has shape (n,), finite and not empty.
    """
    if numbers.min() == numbers.max():
        return float(numbers[0]), 1.0
    # Squares of very large or very small numbers leave the range of float64; a power of two brings
    # the numbers near 1 without rounding them.
    exponent = int(np.frexp(np.abs(numbers).max())[1])
    near_one = np.ldexp(numbers, -exponent)
    mean, scale = np.ldexp(near_one.mean(), exponent), np.ldexp(near_one.std(), exponent)
    return float(mean), float(scale) if scale > 0 else 1.0


def standardised(name: str, numbers: NumberArray, mean: float, scale: float) -> NumberArray:
    """Return (numbers - mean) / scale, NaN where a number is missing.

    Raises ``DataError`` if a result is beyond float32, in which networks on tables compute.
    """
    with np.errstate(over="ignore"):
        scaled: NumberArray = (numbers - mean) / scale
    outside = np.flatnonzero(np.abs(scaled) > LARGEST)
    if outside.size:
        row = outside[0]
        raise DataError(
            f"Column {name!r} has {numbers[row]:g} in row {row + 1}, which is too large to scale.",
            "Correct the value, or leave the cell empty if it is not known.",
        )
    return scaled


def _numbers(name: str, column: Column) -> NumberArray:
    if is_number(column):
        return column
    numbers, wrong = numbers_in(column)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"Column {name!r} has the text {column[row]!r} in row {row + 1} "
            "where a number belongs.",
            "Correct the cell, or leave it empty if the value is not known.",
        )
    return numbers
