"""``chainrule compare``: optimizers, or other settings, side by side on a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.command_options import (
    L2,
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
    Missing,
    Numeric,
    Quiet,
    TablePath,
    Target,
    Task,
    Time,
    choices_of,
)
from chainrule.errors import RunFolderError

if TYPE_CHECKING:
    from chainrule.comparison.result import Comparison
    from chainrule.training.tables.plan import TablePlan


def compare(
    table: TablePath,
    target: Target,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The result's folder [default: a new one in runs/]."),
    ] = None,
    optimizers: Annotated[
        str | None, typer.Option(help="Names, such as momentum,adam [default: one of each kind].")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="Instead: settings to compare, such as 'hidden=32,16; activation=relu'; "
            "repeatable.",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Train each with so many seeds.")] = 10,
    epochs: Annotated[int, typer.Option(help="Go through the rows so many times at most.")] = 300,
    seconds: Annotated[
        float | None,
        typer.Option(
            help="End each training after so many seconds [default: all of them take under a "
            "minute]."
        ),
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option(
            help="A validation loss to be reached, such as 0.4, or accuracy=0.85 "
            "[default: what most reach half the time]."
        ),
    ] = None,
    task: Task = None,
    drop: Drop = None,
    categorical: Categorical = None,
    numeric: Numeric = None,
    ignore_rows: IgnoreRows = "",
    group: Group = None,
    time: Time = None,
    missing: Missing = None,
    decimal: Decimal = None,
    dates: Dates = None,
    header: Header = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    hidden: Hidden = "16",
    activation: Activation = "tanh",
    batch_size: BatchSize = "auto",
    l2: L2 = None,
    seed: Annotated[int, typer.Option(help="The first seed; the others follow it.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare training algorithms on a table, over several seeds.

    The table is prepared as train prepares it. A seed decides which rows are learned from, which
    choose the epoch and which are measured, and the first weights, so that all settings have the
    same. Printed are losses and their spread, epochs and time to a goal, and whether a difference
    is more than the spread; the folder has all of it on a page, with figures and tables. Ctrl-C
    keeps the trainings that have ended.
    """
    given = dict(locals())
    from chainrule.training.interrupts import uninterrupted

    with uninterrupted():
        from chainrule.comparison.tables import compare_table, recipes_of
        from chainrule.training.arguments import check_seed
        from chainrule.views.commands import batch_of, compared, goal_in, seconds_in, widths_of
        from chainrule.views.folders import comparison_folder

    choices = choices_of(given)
    first = check_seed(seed)
    check_seed(first + seeds - 1)
    recipes = recipes_of(
        compared(optimizers, setting), hidden=widths_of(hidden), activation=activation,
        optimizer="adam", learning_rate=None, epochs=epochs, batch_size=batch_of(batch_size),
        patience=None, l2=l2, seed=first,
    )  # fmt: skip
    with comparison_folder(output, table) as folder:
        found, plan = compare_table(
            table, target, choices, recipes, seeds=range(first, first + seeds),
            seconds=seconds_in(seconds), goal=goal_in(goal), progress=not (quiet or json),
        )  # fmt: skip
        try:
            with uninterrupted():
                found.save(folder)
        except RunFolderError:
            # The trainings are not to be lost with the folder.
            _print(found, plan, None, table, json=json, quiet=quiet)
            raise
        _print(found, plan, folder, table, json=json, quiet=quiet)
        if found.interrupted:
            raise KeyboardInterrupt(f"What had ended is kept in {folder}.")


def _print(
    found: Comparison, plan: TablePlan, folder: Path | None, table: Path, *, json: bool, quiet: bool
) -> None:
    """Print a comparison. ``folder``: None where it could not be saved."""
    from chainrule.views.comparison_files import comparison_as_json
    from chainrule.views.terminal import print_comparison

    if json:
        print(comparison_as_json(found), end="")
    elif not quiet:
        print_comparison(found, plan, folder, table)
    sys.stdout.flush()
