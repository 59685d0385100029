"""A table's trainings once more, folds and all, with something about them changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from chainrule.data.ignoring import FIRST_ROW
from chainrule.data.table import Table
from chainrule.errors import DataError
from chainrule.ops import ACTIVATIONS
from chainrule.training.preparing import Prepared
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Setup
from chainrule.training.tables.fold_records import is_complete
from chainrule.training.tables.given_tables import table_again
from chainrule.training.tables.kept_rows import kept_table
from chainrule.training.tables.notes import BALANCED, Settings, Source, TableNote
from chainrule.training.tables.other_table import said_of_test
from chainrule.training.tables.plan import TablePlan
from chainrule.training.tables.recipe import Recipe
from chainrule.training.tables.rows import TableRows
from chainrule.training.tables.work import Change, TableWork

# The note of a run whose trainings no options of a table's training make.
CHANGED = "changed"


@dataclass(frozen=True)
class Changes:
    """What is otherwise: in the setup and the rows of every training, and in the table.

    ``left_out`` are numbers, from 0, of rows of the table; ``words`` say what is changed.
    """

    change: Change
    left_out: tuple[int, ...] = ()
    words: tuple[str, ...] = ()


def tables_of(run: Run, table: Any = None) -> tuple[Table, Table | None]:
    """Return the table of a run, and its test table if it has one, read again.

    ``table``: the first, if it is not where it was. Raises DataError where one is not to be had, or
    does not hold what it held.
    """
    note = TableNote.from_record(run.notes["table"])
    known = kept_table(run.notes) if table is None else table
    return table_again(note.source, known, note), tested_table(run)


def tested_table(run: Run) -> Table | None:
    """Return the test table of a run, None where it has none. Raises DataError for another one."""
    note = TableNote.from_record(run.notes["table"])
    if note.test is None:
        return None
    try:
        return table_again(note.test, None, note)
    except DataError as error:
        raise DataError(
            error.cause,
            "The run would be measured on it again: put it back where it was, or train with the "
            "remedy yourself.",
        ) from None


def train_again(
    run: Run, tables: tuple[Table, Table | None], changes: Changes, *, progress: bool = True
) -> Run:
    """Return the run that the same table gives with changes: folds, result, a last training.

    ``tables`` as ``tables_of`` gives them. Raises KeyboardInterrupt where Ctrl-C came, DataError
    for a table that cannot be learned from any more.
    """
    table, test = tables
    note = TableNote.from_record(run.notes["table"])
    choices = replace(
        note.choices, ignore_rows=_ignoring(note.choices.ignore_rows, changes.left_out)
    )
    plan = TablePlan.of(table, note.target, choices, run.setup.seed)
    l2 = run.setup.regularisation.l2
    strength = 0.0 if isinstance(l2, Mapping) else l2
    before = Recipe(note.settings, run.setup.optimizer, strength, run.setup.seed)
    recipe, change = _changed_recipe(before, plan, changes)
    noted = replace(
        note,
        source=Source.of(table),
        choices=choices,
        settings=recipe.settings,
        decisions=(*plan.decisions, *([] if test is None else said_of_test(plan, test))),
    )
    kept = run.notes.get("data")
    work = TableWork.fresh(plan, noted, recipe, None, 0.0, test=test, kept=kept)
    if change is not None:
        work = replace(work, change=change, said={CHANGED: list(changes.words)})
    again = work.run(None, progress)
    if not is_complete(again):
        raise KeyboardInterrupt("The training was interrupted, and nothing is kept.")
    return again


def _ignoring(text: str, left_out: tuple[int, ...]) -> str:
    """Return the text that names these rows, too, as people count them."""
    return ",".join([*([text] if text else []), *(str(one + FIRST_ROW) for one in left_out)])


def _changed_recipe(
    before: Recipe, plan: TablePlan, changes: Changes
) -> tuple[Recipe, Change | None]:
    """Return the recipe with changes, and what of them no recipe can say, or None."""
    prepared = _prepared(plan, before)
    setup, rows = changes.change(before.setup(prepared), prepared.training)
    l2 = setup.regularisation.l2
    known = _known_weight(before, plan, prepared.training, rows)
    if known is not None and isinstance(l2, float | int):
        recipe = Recipe(_settings(known, setup), setup.optimizer, l2, before.seed)
        if _says(recipe, plan, setup):
            return recipe, None
    settings = replace(before.settings, epochs=setup.epochs, patience=setup.stopping.patience)
    return replace(before, settings=settings), changes.change


def _settings(before: Settings, setup: Setup) -> Settings:
    """Return the settings of a recipe that comes near to a setup."""
    used = {one.op for one in setup.network.plan.steps if one.op in ACTIVATIONS}
    return replace(
        before,
        epochs=setup.epochs,
        patience=setup.stopping.patience,
        activation=used.pop() if len(used) == 1 else before.activation,
    )


def _prepared(plan: TablePlan, recipe: Recipe) -> Prepared:
    rows = TableRows.fitted(plan, plan.used)
    weight = recipe.settings.class_weight
    return rows.of_all(recipe.network(), plan.used, recipe.seed, weight)


def _known_weight(before: Recipe, plan: TablePlan, given: Rows, changed: Rows) -> Settings | None:
    """Return settings whose class weight makes rows of other weights, None where none does."""
    if changed is given:
        return before.settings
    if changed.inputs is not given.inputs or changed.targets is not given.targets:
        return None
    if plan.task != "classification":
        return None
    balanced = replace(before.settings, class_weight=BALANCED)
    known = _prepared(plan, replace(before, settings=balanced)).training
    return balanced if np.allclose(known.weights, changed.weights) else None


def _says(recipe: Recipe, plan: TablePlan, setup: Setup) -> bool:
    """Whether a recipe's training is that of a setup, from the same start; rows are not looked at,
    of which the provenance has the checksum."""
    made = recipe.setup(_prepared(plan, recipe))
    same = all(
        getattr(made, one.name) == getattr(setup, one.name)
        for one in fields(Setup)
        if one.name not in ("network", "provenance")
    )
    first, second = made.network, setup.network
    return same and (
        [(one.op, one.inputs, one.outputs, one.settings) for one in first.plan.steps]
        == [(one.op, one.inputs, one.outputs, one.settings) for one in second.plan.steps]
        and first.parameters.keys() == second.parameters.keys()
        and all((one == second.parameters[name]).all() for name, one in first.parameters.items())
    )
