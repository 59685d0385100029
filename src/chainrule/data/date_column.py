"""A column of dates as inputs: a number of days, scaled like any number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.choices import DATE_ORDERS
from chainrule.data.columns import (
    Column,
    NumberArray,
    TextArray,
    is_number,
    missing,
    object_array,
    spelled,
    spelling,
)
from chainrule.data.dates import SHORT_YEAR_FIRST, days_of, days_of_numbers, written_day
from chainrule.data.odd_texts import first_unknown
from chainrule.data.scaling import mean_and_scale, scaled_inputs, scaled_names
from chainrule.errors import DataError


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: (days since ``first`` - mean) / scale, and 1 where missing if ``missing``.

    ``order`` ("ymd", "dmy", "mdy", "yymd") says how dates are written; ``first`` is the earliest
    date of the training rows, as "2019-01-31"; ``example`` one of them as it was written there;
    ``mean`` and ``scale`` are in days. ``odd`` are texts that
    are no dates and count as missing; where they are more than 5, every such text does. A missing
    date counts as the mean.
    """

    name: str
    order: str
    first: str
    mean: float
    scale: float
    missing: bool = False
    odd: tuple[str, ...] = ()
    example: str = ""

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs that the column becomes."""
        return scaled_names(self.name, self.missing)

    def inputs(self, column: Column) -> NumberArray:
        """Return the inputs, float64 of shape (rows, len(input_names)).

        Raises ``DataError`` for a text that is no date.
        """
        days, wrong = dates_in(column, self.order)
        self.check_texts(spelled(column) if is_number(column) else column, wrong)
        since = days - days_of(object_array([self.first]), "ymd")[0][0]
        return scaled_inputs(self.name, since, self.mean, self.scale, self.missing)

    def check_texts(self, texts: TextArray, wrong: NDArray[np.bool_]) -> None:
        """Hold texts that are no dates, where ``wrong`` says so, against those of the training.

        Both have shape (rows,). Raises ``DataError`` for one that is not among ``odd``.
        """
        row = first_unknown(texts, wrong, self.odd)
        if row is not None:
            cause = f"Column {self.name!r} has {texts[row]!r} in row {row + 1}"
            if self._is_date_of_other_order(texts[row]):
                cause += ", and no date of the training says whether its day or its month is first."
            else:
                cause += " where a date belongs."
            example = self.example or self.first
            raise DataError(cause, f"Write it like the dates of the training, such as {example!r}.")

    def _is_date_of_other_order(self, text: str) -> bool:
        """Whether a text is a date with the day or the month in front, where no other was."""
        known = self.order in ("dmy", "mdy")
        alone = object_array([text])
        return not known and not all(days_of(alone, order)[1][0] for order in ("dmy", "mdy"))

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data for JSON."""
        return {
            "kind": "date",
            "name": self.name,
            "order": self.order,
            "first": self.first,
            "mean": self.mean,
            "scale": self.scale,
            "missing": self.missing,
            "odd": list(self.odd),
            "example": self.example,
        }


def dates_in(column: Column, order: str) -> tuple[NumberArray, NDArray[np.bool_]]:
    """Return the days since 1970-01-01 in a column, and where something else stands: (rows,).

    Numbers are dates as 20210312 is.
    """
    if is_number(column):
        return days_of_numbers(column)
    return days_of(column, order)


def fit_dates(name: str, column: Column, order: str) -> DateColumn | str:
    """Return how dates become an input, from the training rows, or why they do not."""
    days, wrong = dates_in(column, order)
    present = days[~np.isnan(days)]
    if not present.size:
        return "has no date in the training rows"
    earliest = written_day(present.min())
    if present.min() == present.max():
        return f"has no other value than {earliest} in the training rows"
    since = present - np.floor(present.min())
    odd = tuple(sorted(set(column[wrong].tolist()))) if not is_number(column) else ()
    absent = bool((missing(column) | wrong).any())
    written = column[~np.isnan(days)][0]
    example = str(written) if isinstance(written, str) else spelling(written)
    return DateColumn(name, order, earliest, *mean_and_scale(since), absent, odd, example)


def date_column_from_dict(plain: dict[str, object]) -> DateColumn:
    """Return the column that ``to_dict`` wrote. Raises ``RunFolderError`` for anything else."""
    first = record.text(plain, "first")
    if days_of(object_array([first]), "ymd")[1][0]:
        raise record.damaged(f"{first!r} is no date")
    return DateColumn(
        record.text(plain, "name"),
        record.choice(plain, "order", (*DATE_ORDERS, SHORT_YEAR_FIRST)),
        first,
        record.number(plain, "mean"),
        record.positive(plain, "scale"),
        record.flag(plain, "missing"),
        record.texts(plain, "odd"),
        # Runs of before keep none.
        record.text(plain, "example") if "example" in plain else "",
    )
