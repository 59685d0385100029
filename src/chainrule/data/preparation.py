"""How a table becomes arrays: plain data, fitted on the training rows alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.columns import (
    Column,
    NumberArray,
    is_number,
    missing,
    numbers_in,
    spelling,
)
from chainrule.data.date_column import dates_in, fit_dates
from chainrule.data.fields import (
    CategoryColumn,
    Field,
    field_from_dict,
    fit_categories,
    fit_numbers,
)
from chainrule.data.kinds import Kinds, decide_kinds
from chainrule.data.odd_texts import odd_among, passed_over
from chainrule.data.table import Table
from chainrule.data.target import (
    Target,
    fit_target,
    target_from_dict,
)
from chainrule.errors import DataError, nearest

NO_INPUT = "(no input)"


@dataclass(frozen=True)
class Preparation:
    """The columns that become inputs, the target, and what was left out with the reason.

    ``identifiers`` are those of the columns left out that tell rows apart. Where no column varies
    in the training rows of a fold, all are left out, and there is one input that is always 0.
    """

    columns: tuple[Field, ...]
    target: Target
    dropped: tuple[tuple[str, str], ...] = ()
    identifiers: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        table: Table,
        target_name: str,
        training_rows: NDArray[np.int64],
        task: str | None = None,
        kinds: Kinds | None = None,
        may_lack_inputs: bool = False,
    ) -> Preparation:
        """Return the preparation that the training rows ask for.

        ``training_rows`` are indices of rows that have a target. Means, standard deviations and
        levels come from these rows alone; of other rows only the classes are known, and the texts
        that count as missing. ``task`` is "classification", "regression" or None (the target
        decides, see ``decide_task``); ``kinds`` what the columns are taken for, None (decided
        without choices, see ``decide_kinds``).

        Raises ``DataError`` if the target cannot be learned or, without ``may_lack_inputs``, if no
        column is left to learn from.
        """
        if len(training_rows) == 0:
            raise DataError("There are no training rows.", "Leave rows for training.")
        target = fit_target(table, target_name, training_rows, task)
        decided = decide_kinds(table, target_name) if kinds is None else kinds
        fitted = {
            name: _fitted(table, name, kind, decided, training_rows)
            for name, kind in decided.by_name.items()
            if name != target_name
        }
        columns = tuple(field for field in fitted.values() if not isinstance(field, str))
        dropped = tuple((name, why) for name, why in fitted.items() if isinstance(why, str))
        if not columns and not may_lack_inputs:
            reasons = "; ".join(f"{name!r} {why}" for name, why in dropped) or "there is no other"
            raise DataError(
                f"No column is left to predict {target_name!r} from: {reasons}.",
                _remedy_without_inputs(decided),
            )
        identifiers = tuple(name for name in decided.identifiers if name != target_name)
        return cls(columns, target, dropped, identifiers)

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, such as "age", "thal is missing", "gender = female"."""
        names = tuple(name for column in self.columns for name in column.input_names)
        return names or (NO_INPUT,)

    def inputs(self, table: Table) -> NumberArray:
        """Return the inputs of every row, float64 of shape (rows, len(input_names)).

        Further columns and another order of columns make no difference.

        Raises ``DataError`` if a column is missing, or is not written as in training, or has text
        or infinity for a number.
        """
        if not self.columns:
            return np.zeros((table.rows, 1))
        return np.concatenate([self._inputs(table, field) for field in self.columns], axis=1)

    def _inputs(self, table: Table, field: Field) -> NumberArray:
        column = self._column(table, field.name)
        if isinstance(field, CategoryColumn):
            return field.inputs(table.texts(field.name))
        written = table.written.get(field.name)
        if written is not None and is_number(column):
            field.check_texts(written, passed_over(column, written))
        return field.inputs(column)

    def targets(self, table: Table) -> NDArray[np.int64] | NumberArray:
        """Return class numbers, int64 (rows,), or standardised numbers, float64 (rows, 1).

        Raises ``DataError`` if the target is missing or not of the kind that was trained.
        """
        return self.target.targets(self._column(table, self.target.name), table.written)

    def unseen(self, table: Table) -> dict[str, tuple[str, ...]]:
        """Return for each column of text the values that are no level of it, if any.

        They count as its level ``OTHER``, or without one give zeros in all of its inputs.
        """
        found = {
            column.name: column.unseen(self._texts(table, column.name))
            for column in self.columns
            if isinstance(column, CategoryColumn)
        }
        return {name: values for name, values in found.items() if values}

    def without_values(self, table: Table) -> NDArray[np.bool_]:
        """Return which rows have no value in any column that becomes an input: shape (rows,)."""
        empty = np.full(table.rows, bool(self.columns))
        for column in self.columns:
            empty &= missing(self._texts(table, column.name))
        return empty

    def to_dict(self) -> dict[str, Any]:
        """Return the preparation as plain data for JSON."""
        return {
            **({} if self.columns else {"no_input": True}),
            "columns": [column.to_dict() for column in self.columns],
            "target": self.target.to_dict(),
            "dropped": [{"name": name, "reason": reason} for name, reason in self.dropped],
            "identifiers": list(self.identifiers),
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
        if not columns and not ("no_input" in whole and record.flag(whole, "no_input")):
            raise record.damaged("it has no columns")
        if len(set(names)) != len(names):
            raise record.damaged("a name occurs twice")
        # Runs of before name none.
        identifiers = record.texts(whole, "identifiers") if "identifiers" in whole else ()
        if not set(identifiers) <= {name for name, _ in dropped}:
            raise record.damaged("'identifiers' has a column that is not left out")
        return cls(columns, target, dropped, identifiers)

    def _texts(self, table: Table, name: str) -> Column:
        self._column(table, name)
        return table.texts(name)

    @staticmethod
    def _column(table: Table, name: str) -> Column:
        if name not in table.columns:
            raise DataError(
                f"The table has no column {name!r}, which the network was trained on.",
                nearest(name, table.names),
            )
        if name in table.doubts:
            raise table.doubts[name]
        return table.columns[name]


def _dropped_from_dict(value: object) -> tuple[str, str]:
    plain = record.mapping(value, "a dropped column")
    return record.text(plain, "name"), record.text(plain, "reason")


def _remedy_without_inputs(kinds: Kinds) -> str:
    """Return what to do where no column is left to learn from."""
    if "time" in kinds.by_name.values():
        return (
            "Give a table with one more column that varies: a second copy of the column of times, "
            "under another name, can be an input."
        )
    return "Give a table with at least one column that varies."


_REASONS = {
    "identifier": "tells rows apart",
    "free text": "is free text",
    "empty": "has no value in the training rows",
    "dropped": "was not to be used",
    "group": "says which rows belong together",
    "time": "says in which order the rows come",
}


def _fitted(
    table: Table, name: str, kind: str, kinds: Kinds, training_rows: NDArray[np.int64]
) -> Field | str:
    """Return how a column becomes inputs, or why it does not."""
    if kind in _REASONS:
        return _REASONS[kind]
    whole = table.columns[name]
    column = whole[training_rows]
    if kind == "constant":
        return _constant_reason(column)
    if kind == "category":
        return fit_categories(name, table.texts(name)[training_rows])
    # A text of another row that is no number, or no date, counts as missing there, and is no
    # reason to end.
    odd = _odd_texts(table, name, kinds.date_orders.get(name))
    if kind == "number":
        return fit_numbers(name, column, odd)
    found = fit_dates(name, column, kinds.date_orders[name])
    return found if isinstance(found, str) else replace(found, odd=odd)


def _constant_reason(column: Column) -> str:
    present = column[~missing(column)]
    if not present.size:
        return "has no value in the training rows"
    value = spelling(present[0]) if is_number(present) else repr(present[0])
    return f"has no other value than {value} in the training rows"


def _odd_texts(table: Table, name: str, order: str | None) -> tuple[str, ...]:
    """Return the texts that are passed over in a column of numbers, or of dates in some order."""
    column = table.columns[name]
    if is_number(column):
        return odd_among(column, table.written.get(name))
    wrong = numbers_in(column)[1] if order is None else dates_in(column, order)[1]
    return tuple(sorted(set(column[wrong].tolist())))
