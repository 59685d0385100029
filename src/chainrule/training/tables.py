"""``train_table``: from a table and the name of a column to a run with an honest result.

The rows are split three ways. Training rows fit scaling, encoding and network; validation rows
choose the epoch; test rows choose nothing, and the result is measured on them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chainrule.data.preparation import Preparation
from chainrule.data.table import Table, checksum, read_table, table_from_frame
from chainrule.engines.choosing import AUTO, chosen_engine
from chainrule.errors import DataError, SetupError
from chainrule.network.layers import Dense
from chainrule.network.network import Network
from chainrule.optimizers import Adam, Optimizer, find_optimizer, with_rate
from chainrule.training.arguments import check_seed, from_zero, rows_in_a_step, whole
from chainrule.training.carry_out import carry_out
from chainrule.training.interrupts import uninterrupted
from chainrule.training.preparing import Prepared
from chainrule.training.records import load
from chainrule.training.run import Run, with_notes
from chainrule.training.setup import Regularisation, Setup
from chainrule.training.stopping import Stopping
from chainrule.training.table_notes import (
    TableNote,
    note_of,
    preparation_of,
    split_table,
    table_note_of,
)
from chainrule.training.table_result import LEARNING_RATE, PATIENCE, TableResult, result_of
from chainrule.training.table_rows import TableRows

MOST_UNITS = 1_000_000


def train_table(
    table: Any,
    target: str,
    *,
    task: str | None = None,
    hidden: Sequence[int] = (16,),
    activation: str = "tanh",
    optimizer: str | Optimizer = "adam",
    learning_rate: float | None = None,
    epochs: int = 300,
    batch_size: int | str | None = "auto",
    patience: int | None = PATIENCE,
    l2: float = 1e-3,
    seed: int = 0,
    output: str | Path | None = None,
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Train a network on a table and measure it on rows that chose nothing.

    ``table``: the path of a CSV or Parquet file, or a data frame (pandas, polars, pyarrow), or a
    mapping of columns. ``target``: the column to predict; ``task``: "classification" or
    "regression" (by default what the column looks like). ``hidden``: the widths of the hidden
    layers, with ``activation``; ``optimizer`` (Adam at a rate of 0.005), ``learning_rate``,
    ``epochs``, ``batch_size``, ``patience``, ``l2`` and ``seed`` as in ``train``. ``output``: the
    folder in which the run is kept up to date while it trains, every ``checkpoint_every`` seconds.

    The run predicts on tables: ``run.predict("new.csv")``. ``run.notes["result"]`` holds the scores
    on the test rows, ``run.notes["preparation"]`` how columns become inputs. Ctrl-C ends the
    training early; ``resume_table`` goes on with it. Raises DataError for tables that cannot be
    learned from, SetupError for settings, RunFolderError for the folder.
    """
    _check_names(target, output)
    widths = _widths(hidden)
    seconds = from_zero(checkpoint_every, "checkpoint_every")
    whole_table = as_table(table)
    split = split_table(whole_table, target, task, check_seed(seed))
    preparation = Preparation.fit(whole_table, target, split.training, task)
    rows = TableRows.of(whole_table, preparation, split)
    chosen = Adam(learning_rate=LEARNING_RATE) if optimizer == "adam" else find_optimizer(optimizer)
    layers = [Dense(width, activation) for width in widths]
    prepared = rows.prepared(Network(*layers, Dense()), seed)
    setup = table_setup(
        prepared,
        with_rate(chosen, learning_rate),
        epochs=whole(epochs, "epochs", 0),
        batch_size=batch_size,
        patience=patience,
        l2=l2,
        seed=seed,
    )
    note = note_of(whole_table, target, split)
    run = carry_out(
        setup,
        (prepared.training, prepared.validation),
        checkpoint=output,
        checkpoint_every=seconds,
        notes={"preparation": preparation.to_dict(), "table": note.to_record()},
        progress=progress,
    )
    return measured(run, rows, output, progress)


def measured(run: Run, rows: TableRows, output: str | Path | None, progress: bool) -> Run:
    """Return the run with its result on the test rows, saved where it has a folder."""
    run = with_notes(run, {"result": result_of(run, rows, progress).to_record()})
    if output is not None:
        with uninterrupted():
            run.save(output, replace=True)
    return run


def _check_names(target: Any, output: Any) -> None:
    """Refuse what names no column and no folder. Raises SetupError."""
    if not isinstance(target, str):
        raise SetupError(
            f"target={target!r} is not the name of a column.",
            "Give one name as text, such as target='disease'.",
        )
    if output is not None and not (isinstance(output, str | os.PathLike) and str(output)):
        raise SetupError(f"output={output!r} is no path.", "Give the path of a folder.")


def _widths(hidden: Any) -> list[int]:
    """Return the widths of the hidden layers. Raises SetupError."""
    if not isinstance(hidden, Sequence) or isinstance(hidden, str | bytes):
        raise SetupError(
            f"hidden={hidden!r} is not a list of widths.",
            "Write hidden=(32, 16), for example, and hidden=() for no hidden layer.",
        )
    widths = [whole(units, "hidden", 1) for units in hidden]
    for units in widths:
        if units > MOST_UNITS:
            raise SetupError(
                f"A layer of {units} units is too wide.", f"Give at most {MOST_UNITS:,}."
            )
    return widths


def table_setup(
    prepared: Prepared,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int | str | None,
    patience: int | None,
    l2: float,
    seed: int,
) -> Setup:
    """Return the setup of a table's training: the epoch is chosen on the validation rows."""
    classes = prepared.targets[0].task == "classification"
    return Setup(
        network=prepared.network,
        losses=prepared.losses,
        targets=prepared.targets,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=rows_in_a_step(batch_size, len(prepared.training), optimizer),
        provenance=prepared.provenance,
        engine=chosen_engine(AUTO),
        seed=seed,
        regularisation=Regularisation(l2=l2),
        stopping=Stopping(patience=patience),
        metrics=("accuracy",) if classes else ("r2",),
    )


def resume_table(
    path: str | Path,
    table: Any = None,
    *,
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Go on with a table's training that was cut off or interrupted, and end it.

    ``table``: the table again, if it is not where it was or was a data frame. The run ends with the
    same bits as if nothing had happened (same machine and engine); one that had ended is returned
    as it is. Raises DataError where the table does not hold what the run was trained on,
    RunFolderError where the folder holds no such run.
    """
    seconds = from_zero(checkpoint_every, "checkpoint_every")
    run = load(path)
    note = table_note_of(path, run.notes)
    preparation = preparation_of(run.setup, run.notes)
    if is_complete(run):
        if table is not None:
            _table_again(note, table)
        return run
    rows = TableRows.of(_table_again(note, table), preparation, note.split)
    if not run.finished:
        prepared = rows.prepared(run.setup.network, run.setup.seed)
        run = carry_out(
            run.setup,
            (prepared.training, prepared.validation),
            state=run.state,
            recording=run.recording,
            checkpoint=path,
            checkpoint_every=seconds,
            # A result that was measured before is not that of the epochs to come.
            notes={name: one for name, one in run.notes.items() if name != "result"},
            progress=progress,
            resumed=True,
        )
    return measured(run, rows, path, progress)


def _table_again(note: TableNote, table: Any) -> Table:
    """Return the table that a run was trained on. Raises DataError for another one."""
    source = note.path if table is None else table
    if source is None:
        raise DataError(
            "The run was trained on a data frame, whose rows are not saved.",
            "Give the table again.",
        )
    rows = as_table(source)
    if rows.rows != note.rows or checksum(rows) != note.checksum:
        where = f"'{rows.source}'" if rows.source else "The table"
        raise DataError(
            f"{where} does not hold what the run was trained on: its contents differ.",
            "Give the table as it was then.",
        )
    return rows


def as_table(table: Any) -> Table:
    """Return a table from a path, a data frame, or a mapping of columns."""
    if isinstance(table, Table):
        return table
    return read_table(table) if isinstance(table, str | Path) else table_from_frame(table)


def is_complete(run: Run) -> bool:
    """Say whether a run on a table was trained and measured to the end."""
    result = run.notes.get("result")
    return run.finished and result is not None and TableResult.from_record(result).complete
