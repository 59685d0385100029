"""A table of its own for the result, beside the one that is learned from: how the two differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data.columns import Column, is_number, missing, numbers_in, spelling
from chainrule.data.decisions import Decision, counted, shown
from chainrule.data.equal_rows import first_equal_row
from chainrule.data.fields import OTHER, CategoryColumn, Field
from chainrule.data.kinds import INPUTS
from chainrule.data.table import Table
from chainrule.training.tables.plan import TablePlan


def said_of_test(plan: TablePlan, test: Table) -> list[Decision]:
    """Return what is to be said of a test table, besides what is said of the table of the plan.

    Columns without any value, categories that training never saw, and rows that were learned from.
    """
    said = []
    for field in plan.preparation.columns:
        column = test.texts(field.name)
        if missing(column).all():
            said.append(_empty(field))
        elif isinstance(field, CategoryColumn):
            learned = plan.known.texts(field.name)
            said += _never_seen(field, column, learned)
    return said + _shared_rows(plan, test)


def _empty(field: Field) -> Decision:
    """Return what is made of a column that has no value in any row of the test table."""
    counts = "counted as the mean"
    if isinstance(field, CategoryColumn):
        counts = "counted as missing" if field.missing else "counted as no category"
    return Decision(field.name, "hint", f"no value in any row of the test table: {counts}")


def _never_seen(field: CategoryColumn, column: Column, learned: Column) -> list[Decision]:
    """Return what is made of the categories of a test table that training never saw."""
    if is_number(column) and not is_number(learned):
        # As ``CategoryColumn`` does: where the spelling is lost, categories are known by value.
        learned = numbers_in(learned)[0]
    known = set(_written(learned))
    no_level = set(field.unseen(column))
    values = [value for value in _written(column) if value not in known and value in no_level]
    if not values:
        return []
    different = counted(len(set(values)), "value")
    counts = f"as {OTHER!r}" if field.other else "as no category"
    text = (
        f"{different} in {counted(len(values), 'row')} of the test table never seen in training "
        f"({shown(sorted(set(values)))}): counted {counts}"
    )
    return [Decision(field.name, "hint", text)]


def _written(column: Column) -> list[str]:
    """Return the texts of a column's values, without those that are missing."""
    present = column[~missing(column)].tolist()
    return [spelling(one) for one in present] if is_number(column) else present


def _shared_rows(plan: TablePlan, test: Table) -> list[Decision]:
    inputs = [name for name, kind in plan.kinds.by_name.items() if kind in INPUTS]
    names = [name for name in (*inputs, plan.target) if name in test.columns]
    learned = plan.known
    columns: dict[str, Column] = {}
    for name in names:
        pair: Any = (learned.columns[name], test.columns[name])
        if pair[0].dtype == pair[1].dtype:
            columns[name] = np.concatenate(pair)
    if len(columns) < len(inputs) + 1:
        return []
    together = Table(columns)
    shared = int((first_equal_row(together, names)[learned.rows :] < learned.rows).sum())
    if not shared:
        return []
    said = f"{shared:,} of its {test.rows:,} rows are also in the table that is learned from, so "
    return [Decision("test table", "hint", said + "that the result flatters")]
