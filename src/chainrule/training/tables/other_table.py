"""A table of its own for the result, beside the one that is learned from: what the two share."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.data.columns import Column
from chainrule.data.decisions import Decision
from chainrule.data.ignoring import copies_of
from chainrule.data.kinds import INPUTS
from chainrule.data.table import Table
from chainrule.training.tables.plan import TablePlan


def said_of_test(plan: TablePlan, test: Table) -> list[Decision]:
    """Return what is to be said of a test table: how many of its rows were learned from."""
    inputs = [name for name, kind in plan.kinds.by_name.items() if kind in INPUTS]
    names = [name for name in (*inputs, plan.target) if name in test.columns]
    learned = plan.table.select(plan.used)
    columns: dict[str, Column] = {}
    for name in names:
        pair: Any = (learned.columns[name], test.columns[name])
        if pair[0].dtype == pair[1].dtype:
            columns[name] = np.concatenate(pair)
    if len(columns) < len(inputs) + 1:
        return []
    together = Table(columns)
    shared = int((copies_of(together, names)[learned.rows :] < learned.rows).sum())
    if not shared:
        return []
    said = f"{shared:,} of its {test.rows:,} rows are also in the table that is learned from, so "
    return [Decision("test table", "hint", said + "that the result flatters")]
