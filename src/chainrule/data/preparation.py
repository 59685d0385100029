"""How a table becomes arrays: plain data, fitted on the training rows alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.columns import Column, NumberArray
from chainrule.data.fields import (
    CategoryColumn,
    Field,
    NumberColumn,
    field_from_dict,
    fit_field,
)
from chainrule.data.table import Table
from chainrule.data.target import (
    Target,
    Task,
    decide_task,
    fit_target,
    rows_with_target,
    strata,
    target_from_dict,
)
from chainrule.errors import DataError, nearest

__all__ = [
    "CategoryColumn",
    "NumberColumn",
    "Preparation",
    "Target",
    "Task",
    "decide_task",
    "rows_with_target",
    "strata",
]


@dataclass(frozen=True)
class Preparation:
    """The columns that become inputs, the target, and what was left out with the reason."""

    columns: tuple[Field, ...]
    target: Target
    dropped: tuple[tuple[str, str], ...] = ()

    @classmethod
    def fit(
        cls,
        table: Table,
        target_name: str,
        training_rows: NDArray[np.int64],
        task: str | None = None,
    ) -> Preparation:
        """Return the preparation that the training rows ask for.

        ``training_rows`` are indices of rows that have a target. Means, standard deviations and
        levels come from these rows alone; of other rows only the classes are known. ``task`` is
        "classification", "regression" or None (the target decides, see ``decide_task``).

        Raises ``DataError`` if the target cannot be learned or if no column is left to learn from.
        """
        if len(training_rows) == 0:
            raise DataError("There are no training rows.", "Leave rows for training.")
        target = fit_target(table, target_name, training_rows, task)
        fitted = {
            name: fit_field(name, column[training_rows])
            for name, column in table.columns.items()
            if name != target_name
        }
        columns = tuple(field for field in fitted.values() if not isinstance(field, str))
        dropped = tuple((name, why) for name, why in fitted.items() if isinstance(why, str))
        if not columns:
            reasons = "; ".join(f"{name!r} {why}" for name, why in dropped) or "there is no other"
            raise DataError(
                f"No column is left to predict {target_name!r} from: {reasons}.",
                "Give a table with at least one column that varies.",
            )
        return cls(columns, target, dropped)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, such as "age", "thal is missing", "gender = female"."""
        return tuple(name for column in self.columns for name in column.input_names)

    @property
    def input_columns(self) -> tuple[str, ...]:
        """For each input the name of the table's column that it comes from."""
        return tuple(column.name for column in self.columns for _ in column.input_names)

    def inputs(self, table: Table) -> NumberArray:
        """Return the inputs of every row, float64 of shape (rows, len(input_names)).

        Further columns and another order of columns make no difference.

        Raises ``DataError`` if a column is missing, or has text or infinity for a number.
        """
        parts = [column.inputs(self._column(table, column.name)) for column in self.columns]
        return np.concatenate(parts, axis=1)

    def targets(self, table: Table) -> NDArray[np.int64] | NumberArray:
        """Return class numbers, int64 (rows,), or standardised numbers, float64 (rows, 1).

        Raises ``DataError`` if the target is missing or not of the kind that was trained.
        """
        return self.target.targets(self._column(table, self.target.name))

    def unseen(self, table: Table) -> dict[str, tuple[str, ...]]:
        """Return for each column of text the values that training has not seen, if any.

        They give zeros in all of the column's inputs.
        """
        found = {
            column.name: column.unseen(self._column(table, column.name))
            for column in self.columns
            if isinstance(column, CategoryColumn)
        }
        return {name: values for name, values in found.items() if values}

    def to_dict(self) -> dict[str, Any]:
        """Return the preparation as plain data for JSON."""
        return {
            "columns": [column.to_dict() for column in self.columns],
            "target": self.target.to_dict(),
            "dropped": [{"name": name, "reason": reason} for name, reason in self.dropped],
        }

    @classmethod
    def from_dict(cls, plain: object) -> Preparation:
        """Return the preparation that ``to_dict`` wrote.

        Raises ``RunFolderError`` for anything that it cannot have written.
        """
        whole = record.mapping(plain, "it")
        columns = tuple(field_from_dict(value) for value in record.items(whole, "columns"))
        target = target_from_dict(record.entry(whole, "target"))
        dropped = tuple(_dropped_from_dict(value) for value in record.items(whole, "dropped"))
        names = [column.name for column in columns] + [target.name] + [name for name, _ in dropped]
        if not columns:
            raise record.damaged("it has no columns")
        if len(set(names)) != len(names):
            raise record.damaged("a name occurs twice")
        return cls(columns, target, dropped)

    @staticmethod
    def _column(table: Table, name: str) -> Column:
        if name not in table.columns:
            raise DataError(
                f"The table has no column {name!r}, which the network was trained on.",
                nearest(name, table.names),
            )
        return table.columns[name]


def _dropped_from_dict(value: object) -> tuple[str, str]:
    plain = record.mapping(value, "a dropped column")
    return record.text(plain, "name"), record.text(plain, "reason")
