"""Rows of a table that equal one another, and numbers that stand for equal values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import Column, is_number
from chainrule.errors import DataError, nearest

if TYPE_CHECKING:
    from chainrule.data.table import Table


def first_equal_row(table: Table, names: Sequence[str]) -> NDArray[np.int64]:
    """Return for each row the index of the first row that equals it in these columns: (rows,).

    A missing value equals a missing value. Raises ``DataError`` for a column that is not there.
    """
    numbers = np.zeros(table.rows, dtype=np.int64)
    for name in names:
        if name not in table.columns:
            raise DataError(f"The table has no column {name!r}.", nearest(name, table.names))
        own = value_numbers(table.columns[name])
        together = numbers * (int(own.max(initial=0)) + 1) + own
        numbers = np.unique(together, return_inverse=True)[1].astype(np.int64)
    first, inverse = np.unique(numbers, return_index=True, return_inverse=True)[1:]
    return np.asarray(first[inverse], dtype=np.int64)


def value_numbers(column: Column) -> NDArray[np.int64]:
    """Return a whole number from 0 for each row, the same for equal values: shape (rows,)."""
    if is_number(column):
        return np.unique(column, return_inverse=True)[1].astype(np.int64)
    places: dict[str | None, int] = {}
    found = [places.setdefault(value, len(places)) for value in column.tolist()]
    return np.array(found, dtype=np.int64)
