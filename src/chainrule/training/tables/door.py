"""``train_table``: from a table and the name of a column to a run with an honest result.

No row that chose anything counts in the result. Up to 5,000 rows there are five folds: the rows of
each are predicted by a network that learned from the others, a part of which chose its epoch.
Above that about a fifth of the rows is predicted in this way. Then one network is trained on all
rows.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainrule.data.choices import Choices
from chainrule.data.table import Table
from chainrule.errors import DataError, RunFolderError, SetupError
from chainrule.optimizers import Optimizer
from chainrule.training.arguments import flag, from_zero
from chainrule.training.checkpoint import refuse_existing
from chainrule.training.interrupts import uninterrupted
from chainrule.training.records import load
from chainrule.training.run import Run
from chainrule.training.tables.fold_records import is_complete, records_in
from chainrule.training.tables.folds import from_roles
from chainrule.training.tables.given_tables import as_table, table_again
from chainrule.training.tables.kept_rows import kept_data, kept_table
from chainrule.training.tables.measuring import check_measurable
from chainrule.training.tables.notes import (
    Settings,
    Source,
    TableNote,
    preparation_of,
    table_note_of,
)
from chainrule.training.tables.other_table import said_of_test
from chainrule.training.tables.plan import TablePlan
from chainrule.training.tables.recipe import PATIENCE, Recipe
from chainrule.training.tables.work import TableWork


def train_table(
    table: Any,
    target: str,
    *,
    task: str | None = None,
    drop: str | Sequence[str] = (),
    categorical: str | Sequence[str] = (),
    numeric: str | Sequence[str] = (),
    ignore_rows: str = "",
    group: str | None = None,
    time: str | None = None,
    test: Any = None,
    missing: str | Sequence[str] = (),
    decimal: str | None = None,
    dates: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    hidden: Sequence[int] = (16,),
    activation: str = "tanh",
    optimizer: str | Optimizer = "adam",
    learning_rate: float | None = None,
    epochs: int = 300,
    batch_size: int | str | None = "auto",
    patience: int | None = PATIENCE,
    l2: float | None = None,
    class_weight: str | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    keep_data: bool = False,
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Train a network on a table and measure it on rows that chose nothing.

    ``table``: the path of a CSV, Parquet or MATLAB file, or a data frame (pandas, polars, pyarrow),
    or a mapping of columns. ``target``: the column to predict. What is made of rows and columns is
    decided by what they hold, and said in ``run.decisions``; decided otherwise by ``task``
    ("classification" or "regression"), ``drop``, ``categorical`` and ``numeric`` (names of
    columns), ``ignore_rows`` ("3,17-20,missing,duplicates"), and for files ``missing`` (texts that
    are no value), ``decimal`` ("." or ","), ``dates`` ("dmy", "mdy", "ymd"), ``header``,
    ``delimiter`` and ``encoding``.

    ``group``: a column whose rows of one value stay together in a fold; ``time``: a column in whose
    order the folds are, what is tested coming after what was learned from. ``test``: a table of its
    own for the result, which is then that of the network that was trained on all rows.

    ``hidden``: the widths of the hidden layers, with ``activation``; ``optimizer`` (Adam at a rate
    of 0.005), ``learning_rate``, ``epochs``, ``batch_size``, ``patience``, ``l2`` (0.001, or 0 for
    an optimizer that finds it) and ``seed`` as in ``train``; ``class_weight="balanced"`` weighs
    each class so that it counts as much as any other, in the linear model, too. ``output``: the
    folder in which the run is kept up to date while it trains, every ``checkpoint_every`` seconds
    and after every fold.
    ``keep_data``: keep the rows in the run.

    The run predicts on tables, ``run.predict("new.csv")``; ``run.result`` holds the scores with
    their 95 % intervals, ``run.folds`` the folds. Ctrl-C ends the folds; the last training then
    takes the epochs of those that had ended. ``resume_table`` goes on. Raises DataError for tables
    that cannot be learned from, SetupError for settings, RunFolderError for the folder.
    """
    # One name, or several: they become tuples.
    names: dict[str, Any] = {
        "drop": drop, "categorical": categorical, "numeric": numeric, "missing": missing,
    }  # fmt: skip
    choices = Choices(
        task=task, ignore_rows=ignore_rows, group=group, time=time, decimal=decimal, dates=dates,
        header=header, delimiter=delimiter, encoding=encoding, **names,
    )  # fmt: skip
    recipe = Recipe.of(
        hidden=hidden, activation=activation, optimizer=optimizer, learning_rate=learning_rate,
        epochs=epochs, batch_size=batch_size, patience=patience, l2=l2, seed=seed,
        class_weight=class_weight,
    )  # fmt: skip
    return train_as_chosen(
        table,
        target,
        choices,
        recipe,
        test=test,
        output=output,
        keep_data=keep_data,
        checkpoint_every=checkpoint_every,
        progress=progress,
    )


def train_as_chosen(
    table: Any,
    target: str,
    choices: Choices,
    recipe: Recipe,
    *,
    test: Any = None,
    output: str | Path | None = None,
    keep_data: bool = False,
    checkpoint_every: float = 10.0,
    progress: bool = True,
    on_plan: Callable[[TablePlan], None] | None = None,
) -> Run:
    """Do what ``train_table`` does, where choices and recipe are made already.

    ``on_plan`` is called with the plan before the first training.
    """
    _check_names(target, output)
    every, keep = from_zero(checkpoint_every, "checkpoint_every"), flag(keep_data, "keep_data")
    shown = flag(progress, "progress")
    folder = None if output is None else Path(output)
    if folder is not None:
        refuse_existing(folder)
    plan = TablePlan.of(as_table(table, choices), target, choices, recipe.seed)
    recipe.check_task(plan.task)
    tested = None if test is None else _tested(plan, test)
    if on_plan is not None:
        on_plan(plan)
    note = _note(plan, recipe.settings, tested)
    kept = kept_data(plan.table) if keep else None
    work = TableWork.fresh(plan, note, recipe, folder, every, test=tested, kept=kept)
    return _with_report(work.run(None, shown), work)


def plan_table(table: Any, target: str, choices: Choices, seed: int, test: Any = None) -> TablePlan:
    """Return what would be made of a table: every decision, and the folds, before any training.

    ``test``: a table of its own for the result. Raises DataError, SetupError.
    """
    plan = TablePlan.of(as_table(table, choices), target, choices, seed)
    # What cannot be trained on is refused here as it is there.
    check_measurable(plan, plan.table.select(plan.used))
    if test is None:
        return plan
    return replace(plan, decisions=(*plan.decisions, *said_of_test(plan, _tested(plan, test))))


def resume_table(
    path: str | Path,
    table: Any = None,
    *,
    test: Any = None,
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Go on with a table's trainings that were cut off or interrupted, and end them.

    ``table`` and ``test``: the tables again, if they are not where they were or were data frames.
    The run ends with the same bits as if nothing had happened (same machine and engine); one that
    had ended is returned as it is. Raises DataError where a table does not hold what the run was
    trained on, RunFolderError where the folder holds no such run.
    """
    every = from_zero(checkpoint_every, "checkpoint_every")
    run = load(path)
    note = table_note_of(path, run.notes)
    records, _ = records_in(run.notes)
    if is_complete(run):
        if table is not None:
            table_again(note.source, table, note)
        return run
    preparation_of(run.setup, run.notes)
    recipe = Recipe(note.settings, run.setup.optimizer, _l2(run), run.setup.seed)
    known = kept_table(run.notes) if table is None else table
    plan = TablePlan.of(
        table_again(note.source, known, note), note.target, note.choices, recipe.seed
    )
    folds = from_roles(run.note_arrays.get("roles"), note.source.rows)
    tested = None if note.test is None else table_again(note.test, test, note)
    kept = run.notes.get("data")
    fresh = TableWork.fresh(plan, note, recipe, Path(path), every, test=tested, kept=kept)
    work = fresh.taken_up(folds, records, run.note_arrays)
    return _with_report(work.run(run, flag(progress, "progress")), work)


def _with_report(run: Run, work: TableWork) -> Run:
    """Return the run, its report written beside it where it has a folder and a result."""
    if work.output is not None and "result" in run.notes:
        save_report(run, work.output, work.test)
    return run


def save_report(run: Run, folder: Path, test: Any = None) -> None:
    """Write the report of a run into its folder, where the run is saved already.

    ``test``: the table of its own that the result was measured on, if there was one. What is in the
    way is a warning.
    """
    from chainrule.views.report import save_views

    with uninterrupted():
        try:
            save_views(run, folder, test)
        except RunFolderError as error:
            # The run is whole, and its report can be made again.
            warnings.warn(f"The run is saved, its report is not. {error}", stacklevel=4)


def _note(plan: TablePlan, settings: Settings, test: Table | None) -> TableNote:
    return TableNote(
        Source.of(plan.table),
        plan.table.names,
        plan.target,
        plan.choices,
        plan.table.reading,
        settings,
        (*plan.decisions, *([] if test is None else said_of_test(plan, test))),
        None if test is None else Source.of(test),
    )


def _tested(plan: TablePlan, test: Any) -> Table:
    """Return a test table, read like the other. Raises DataError if it cannot be measured on."""
    found = as_table(test, replace(plan.choices, ignore_rows=""), plan.table.reading)
    try:
        check_measurable(plan, found)
    except DataError as error:
        # Its rows are counted by themselves.
        raise DataError(f"In the test table: {error.cause}", error.remedy) from None
    return found


def _l2(run: Run) -> float:
    strength = run.setup.regularisation.l2
    return 0.0 if isinstance(strength, Mapping) else strength


def _check_names(target: Any, output: Any) -> None:
    """Refuse what names no column and no folder. Raises SetupError."""
    if not isinstance(target, str):
        raise SetupError(
            f"target={target!r} is not the name of a column.",
            "Give one name as text, such as target='disease'; a column named by a number has that "
            "number as its name, such as target='2'.",
        )
    if output is not None and not (isinstance(output, str | os.PathLike) and str(output)):
        raise SetupError(f"output={output!r} is no path.", "Give the path of a folder.")
