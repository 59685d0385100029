"""The rows of a table in its run, where they are to be kept: as values, never as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data import record
from chainrule.data.columns import Column, is_number, object_array
from chainrule.data.table import Table


def kept_data(table: Table) -> dict[str, Any]:
    """Return the rows of a table as plain data: pairs of name and values, None for a missing one.

    "written" has the texts of columns of numbers that were written as more than digits.
    """
    return {
        "columns": [[name, _values(column)] for name, column in table.columns.items()],
        "written": [[name, texts.tolist()] for name, texts in table.written.items()],
    }


def kept_table(notes: Mapping[str, Any]) -> Table | None:
    """Return the table that a run has kept, None where it has none.

    Raises RunFolderError for anything that ``kept_data`` cannot have written.
    """
    if "data" not in notes:
        return None
    plain = record.mapping(notes["data"], "'data'")
    columns = {name: _column(name, values) for name, values in _pairs(plain, "columns")}
    if len({len(column) for column in columns.values()}) != 1:
        raise record.damaged("the kept columns differ in length")
    written = {name: object_array(values) for name, values in _pairs(plain, "written")}
    if not set(written) <= set(columns):
        raise record.damaged("it keeps texts of columns that are not there")
    return Table(columns, written=written)


def _values(column: Column) -> list[Any]:
    if not is_number(column):
        return list(column.tolist())
    return [None if one != one else one for one in column.tolist()]


def _pairs(plain: dict[str, object], key: str) -> list[tuple[str, list[Any]]]:
    pairs = []
    for one in record.items(plain, key):
        if not isinstance(one, list) or len(one) != 2:
            raise record.damaged("a kept column is no pair of name and values")
        named = {"name": one[0], "values": one[1]}
        pairs.append((record.text(named, "name"), record.items(named, "values")))
    return pairs


def _column(name: str, values: list[Any]) -> Column:
    present = [one for one in values if one is not None]
    if all(isinstance(one, int | float) for one in present):
        numbers = [np.nan if one is None else one for one in values]
        return np.array(numbers, dtype=np.float64)
    if not all(isinstance(one, str) for one in present):
        raise record.damaged(f"the kept column {name!r} holds neither numbers nor text")
    return object_array(values)
