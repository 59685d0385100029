"""``chainrule check``: what is doubtful about a table before a network is trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.command_options import (
    Activation,
    BatchSize,
    Categorical,
    Dates,
    Decimal,
    Delimiter,
    Drop,
    Encoding,
    Group,
    Header,
    Hidden,
    IgnoreRows,
    Json,
    LearningRate,
    Missing,
    Numeric,
    Optimizer,
    Quiet,
    TablePath,
    Target,
    Task,
    Time,
    choices_of,
)

if TYPE_CHECKING:
    from chainrule.diagnosis.checks.check import Check
    from chainrule.training.tables.plan import TablePlan


def check(
    table: TablePath,
    target: Target,
    task: Task = None,
    drop: Drop = None,
    categorical: Categorical = None,
    numeric: Numeric = None,
    ignore_rows: IgnoreRows = "",
    group: Group = None,
    time: Time = None,
    test: Annotated[
        Path | None, typer.Option(help="A file of its own that the result would be measured on.")
    ] = None,
    missing: Missing = None,
    decimal: Decimal = None,
    dates: Dates = None,
    header: Header = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    hidden: Hidden = "16",
    activation: Activation = "tanh",
    optimizer: Optimizer = "adam",
    learning_rate: LearningRate = None,
    batch_size: BatchSize = "auto",
    seed: Annotated[int, typer.Option(help="Decides the folds, the start and the samples.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what is doubtful about a table before a network is trained on it.

    The table is read as `chainrule train` reads it. Columns that say the target by themselves, rows
    that stand in both parts, rare classes, labels that say nothing about their rows, and a network
    that does not learn a few rows by heart are said, each with what to do. It ends with 0 where
    nothing is doubtful, and with 6 where something is.
    """
    given = dict(locals())
    from chainrule.diagnosis.checks.table_check import check_table
    from chainrule.training.tables.recipe import Recipe
    from chainrule.views.commands import batch_of, widths_of
    from chainrule.views.failures import DOUBTFUL

    recipe = Recipe.of(
        hidden=widths_of(hidden), activation=activation, optimizer=optimizer,
        learning_rate=learning_rate, epochs=1, batch_size=batch_of(batch_size),
        patience=None, l2=None, seed=seed,
    )  # fmt: skip
    found, plan = check_table(table, target, choices_of(given), recipe, test)
    if json:
        _print_document(found, plan, table)
    elif not quiet:
        from chainrule.views.terminal import print_check

        print_check(found.lines(), plan, table)
    if not found.is_sound:
        raise SystemExit(DOUBTFUL)


def _print_document(found: Check, plan: TablePlan, table: Path) -> None:
    """Print a check as one JSON document."""
    from json import dumps

    document = {
        "table": str(table),
        "table_rows": plan.table.rows,
        "target": plan.target,
        "task": plan.task,
        **found.to_dict(),
    }
    print(dumps(document, indent=1, allow_nan=False))
