"""What ``--dry-run`` prints: what would be made of a table, before any training."""

from __future__ import annotations

import json
from pathlib import Path

from chainrule.training.tables.plan import TablePlan
from chainrule.views.terminal import print_decisions, table_name


def print_plan(plan: TablePlan, table: Path) -> None:
    """Print every decision with the option that overrides it, and the folds."""
    rows, columns = plan.table.rows, len(plan.table.names)
    print_decisions(
        plan.decisions,
        f"{table_name(table)}: {rows:,} rows, {columns:,} columns; {plan.task} of '{plan.target}'",
    )
    sizes = plan.folds[0].sizes
    parts = (
        f"{sizes['training']:,} rows to learn from, {sizes['validation']:,} to choose the epoch, "
        f"{sizes['test']:,} to be tested on"
    )
    if len(plan.folds) > 1:
        print(f"{len(plan.folds)} folds, the first with {parts}")
    else:
        print(parts)


def plan_as_json(plan: TablePlan) -> str:
    """Return the same as one JSON document."""
    document = {
        "rows": plan.table.rows,
        "columns": list(plan.table.names),
        "task": plan.task,
        "target": plan.target,
        "kinds": dict(plan.kinds.by_name),
        "decisions": [one.to_record() for one in plan.decisions],
        "folds": [fold.sizes for fold in plan.folds],
    }
    return json.dumps(document, indent=1)
