"""The trainings of a table in their order: the folds, the result, then one network on all rows.

What has ended is kept in the run's folder at once, so that a command that was killed goes on at the
fold, or at the epoch, where it was. Ctrl-C ends the folds that are under way and goes on to the
last training with those that had ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data import record
from chainrule.data.table import Table
from chainrule.engines.cores import allowed_threads
from chainrule.network.network import Network
from chainrule.training.carry_out import begun, carry_out
from chainrule.training.interrupts import held_interrupts, uninterrupted
from chainrule.training.preparing import Prepared
from chainrule.training.progress import ShownTrainings, shown_trainings
from chainrule.training.rows import Rows
from chainrule.training.run import Run, with_notes
from chainrule.training.setup import Setup
from chainrule.training.side_by_side import side_by_side
from chainrule.training.state import INTERRUPTED, Hook
from chainrule.training.tables.fold_records import (
    FoldRecord,
    Records,
    epochs_for_all,
    records_to_notes,
)
from chainrule.training.tables.folds import Fold, to_roles
from chainrule.training.tables.measuring import (
    constant,
    predicted,
    result_of_folds,
    result_on_table,
)
from chainrule.training.tables.notes import TableNote
from chainrule.training.tables.plan import TablePlan
from chainrule.training.tables.recipe import Recipe
from chainrule.training.tables.result import CONSTANT, LINEAR, MODELS, NETWORK
from chainrule.training.tables.rows import TableRows

Arrays = dict[str, NDArray[Any]]
# What a training is made of, setup and training rows, turned into what is made of it instead.
Change = Callable[[Setup, Rows], tuple[Setup, Rows]]

# Folds of a small table end faster than a run is written.
SECONDS_BETWEEN_SAVINGS = 1.0


@dataclass(eq=False)
class TableWork:
    """What is to be done for a table, and how far it is.

    ``records`` holds what has ended, ``arrays`` the predictions of all models for the rows that
    were tested, by the names of the models, and what each row is for, ``roles``. ``cut_off`` are
    the best epochs so far of folds that Ctrl-C has ended. ``change`` is what a recipe cannot say of
    the networks' trainings; ``said`` are notes about it.
    """

    plan: TablePlan
    note: TableNote
    recipe: Recipe
    records: Records
    arrays: Arrays
    output: Path | None
    every: float
    test: Table | None
    kept: dict[str, Any] | None
    cut_off: list[int] = field(default_factory=list)
    change: Change | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    _saved_at: float = field(default=0.0, init=False)

    @classmethod
    def fresh(
        cls,
        plan: TablePlan,
        note: TableNote,
        recipe: Recipe,
        output: Path | None,
        every: float,
        *,
        test: Table | None,
        kept: dict[str, Any] | None,
    ) -> TableWork:
        """Return the work before its first training.

        ``output``: the run's folder, kept up to date ``every`` so many seconds. ``test``: a table
        of its own for the result; ``kept``: the rows as they are to be kept in the run.
        """
        arrays: Arrays = {"roles": to_roles(plan.folds, plan.table.rows)}
        records: Records = [None] * len(plan.folds)
        work = cls(plan, note, recipe, records, arrays, output, every, test, kept)
        labels = work._all_rows.preparation.target.labels
        shape = (plan.table.rows,) if labels is None else (plan.table.rows, len(labels))
        arrays.update({name: np.full(shape, np.nan) for name in MODELS})
        return work

    def taken_up(
        self, folds: Sequence[Fold], records: Records, arrays: Mapping[str, Any]
    ) -> TableWork:
        """Return fresh work with what had ended before.

        Raises RunFolderError where that is not of this table.
        """
        fresh = self.arrays
        same = len(folds) == len(records) and all(
            name in arrays and arrays[name].shape == one.shape and arrays[name].dtype == one.dtype
            for name, one in fresh.items()
        )
        if not same or not np.array_equal(arrays["roles"], fresh["roles"]):
            raise record.damaged("its folds are not those of its table")
        taken = {name: arrays[name].copy() for name in fresh}
        return replace(self, records=list(records), arrays=taken)

    @cached_property
    def _all_rows(self) -> TableRows:
        return self._rows(self.plan.used)

    # ---- the order of the trainings ----

    def run(self, before: Run | None, progress: bool) -> Run:
        """Do what is left after ``before``, the run of this work in its folder, and return it."""
        through = [2 * place + one for place in self._ended() for one in (0, 1)]
        with shown_trainings(self._epochs(), progress, through) as shown:
            if None in self.records:
                if len(self.plan.folds) == 1:
                    run = self._one_fold(before, shown)
                else:
                    run = self._folds_side_by_side(before, shown)
                if not any(self.records) and not any(self.cut_off):
                    return run
                before = run
            return self._on_all_rows(before, shown)

    def _ended(self) -> list[int]:
        return [place for place, one in enumerate(self.records) if one is not None]

    def _epochs(self) -> list[int]:
        """Return what each training counts for in the line of progress: two a fold, the last one.

        A linear model may have more epochs than that, and the last training fewer.
        """
        each = self.recipe.settings.epochs
        return [each] * (2 * len(self.records) + 1)

    def _one_fold(self, before: Run | None, shown: ShownTrainings) -> Run:
        """Train the only fold of a large table, kept up to date in the run's folder."""
        fold = self.plan.folds[0]
        rows = self._rows(fold.training)
        prepared = self._prepared_for(rows, fold, self.recipe.network())
        notes = self._notes(rows, "fold")
        setup, prepared = self._set_up(prepared)
        run = self._carried(setup, prepared, before, notes, shown.observers(0))
        if run.ended == INTERRUPTED:
            return run
        shown.ended(0)
        linear = self._fold_training(rows, 0, shown, linear=True)
        if linear.ended != INTERRUPTED:
            self._keep(0, run, linear, rows)
        return run

    def _folds_side_by_side(self, before: Run | None, shown: ShownTrainings) -> Run:
        """Train the folds that are left, on all cores, one core each."""
        left = [place for place, one in enumerate(self.records) if one is None]
        rows = {place: self._rows(self.plan.folds[place].training) for place in left}
        jobs = [
            partial(self._fold_training, rows[place], place, shown, linear)
            for place in left
            for linear in (False, True)
        ]
        run = self._begun(before)
        ended: dict[tuple[int, bool], Run] = {}

        def note(number: int, one: Run) -> None:
            nonlocal run
            place, linear = left[number // 2], bool(number % 2)
            if one.ended == INTERRUPTED:
                self.cut_off += [one.best_epoch] if one.best_epoch and not linear else []
                return
            shown.ended(2 * place + linear)
            ended[place, linear] = one
            if (place, not linear) in ended:
                pair = ended[place, False], ended[place, True]
                self._keep(place, *pair, rows[place])
                run = with_notes(run, records_to_notes(self.records, "folds"))
                if time.monotonic() - self._saved_at >= min(self.every, SECONDS_BETWEEN_SAVINGS):
                    self._saved(run)

        with held_interrupts() as interrupted:
            side_by_side(
                jobs, allowed_threads(), interrupted, note, lambda one: f"fold {left[one // 2] + 1}"
            )
        return run

    def _on_all_rows(self, before: Run | None, shown: ShownTrainings) -> Run:
        """Train one network on all rows that are used, for the folds' median epoch."""
        prepared = self._prepared_for_all(self.recipe.network())
        ended = any(self.records)
        # With no fold to its end, what they had found so far is better than nothing.
        epochs = epochs_for_all(self.records) if ended else median_low(self.cut_off)
        setup, prepared = self._set_up(prepared, epochs)
        result = self._measured() if ended and self.test is None else {}
        notes = {**self._notes(self._all_rows, "all"), **result}
        observers = shown.observers(2 * len(self.records))
        run = self._carried(setup, prepared, before, notes, observers)
        if self.test is None or not run.finished or not ended:
            return run
        prepared = self._prepared_for_all(self.recipe.linear_network())
        setup = self.recipe.linear(prepared, epochs_for_all(self.records, linear=True))
        linear = carry_out(setup, (prepared.training, prepared.validation), progress=False)
        if linear.ended == INTERRUPTED:
            return run
        return self._saved(with_notes(run, self._measured_on(self.test, run, linear)))

    # ---- one training ----

    def _carried(
        self,
        setup: Setup,
        prepared: Prepared,
        before: Run | None,
        notes: dict[str, Any],
        observers: Sequence[Hook],
    ) -> Run:
        """Carry out a training that is kept up to date in the run's folder, on from ``before``.

        Where ``before`` was at another stage, or was to have other epochs, it begins anew.
        """
        same = before is not None and before.notes.get("stage") == notes["stage"]
        earlier = before if same and before and before.setup.epochs == setup.epochs else None
        return carry_out(
            setup,
            (prepared.training, prepared.validation),
            state=None if earlier is None else earlier.state,
            recording=None if earlier is None else earlier.recording,
            checkpoint=self.output,
            checkpoint_every=self.every,
            notes=notes,
            note_arrays=self.arrays,
            observers=observers,
            progress=False,
            resumed=before is not None,
        )

    def _set_up(self, prepared: Prepared, epochs: int | None = None) -> tuple[Setup, Prepared]:
        """Return a network's setup and rows, as they were changed; ``epochs`` as for a recipe."""
        setup = self.recipe.setup(prepared, epochs)
        if self.change is None:
            return setup, prepared
        changed, training = self.change(setup, prepared.training)
        if epochs is not None:
            changed = replace(
                changed, epochs=setup.epochs, stopping=setup.stopping, keep=setup.keep
            )
        return changed, replace(prepared, network=changed.network, training=training)

    def _prepared_for_all(self, network: Network) -> Prepared:
        recipe = self.recipe
        weight = recipe.settings.class_weight
        return self._all_rows.of_all(network, self.plan.used, recipe.seed, weight)

    def _prepared_for(self, rows: TableRows, fold: Fold, network: Network) -> Prepared:
        recipe = self.recipe
        return rows.in_fold(network, fold, recipe.seed, recipe.settings.class_weight)

    def _rows(self, training: NDArray[np.int64]) -> TableRows:
        return TableRows.fitted(self.plan, training)

    def _fold_training(
        self, rows: TableRows, place: int, shown: ShownTrainings, linear: bool
    ) -> Run:
        network = self.recipe.linear_network() if linear else self.recipe.network()
        prepared = self._prepared_for(rows, self.plan.folds[place], network)
        if linear:
            setup = self.recipe.linear(prepared)
        else:
            setup, prepared = self._set_up(prepared)
        return carry_out(
            setup,
            (prepared.training, prepared.validation),
            observers=shown.observers(2 * place + linear),
            progress=False,
        )

    # ---- what is kept ----

    def _begun(self, before: Run | None) -> Run:
        """Return the run as it is before the last training, in its folder."""
        prepared = self._prepared_for_all(self.recipe.network())
        setup, prepared = self._set_up(prepared, self.recipe.settings.epochs)
        run = begun(setup, (prepared.training, prepared.validation))
        notes = self._notes(self._all_rows, "folds")
        return self._saved(replace(run, notes=notes, note_arrays=self.arrays), new=before is None)

    def _saved(self, run: Run, new: bool = False) -> Run:
        if self.output is not None:
            with uninterrupted():
                run.save(self.output, replace=not new)
            self._saved_at = time.monotonic()
        return run

    def _notes(self, rows: TableRows, stage: str) -> dict[str, Any]:
        return {
            "preparation": rows.preparation.to_dict(),
            "table": self.note.to_record(),
            **records_to_notes(self.records, stage),
            **({} if self.kept is None else {"data": self.kept}),
            **self.said,
        }

    def _keep(self, place: int, network: Run, linear: Run, rows: TableRows) -> None:
        """Keep what a fold came to: its record, and its models' predictions of its test rows."""
        fold = self.plan.folds[place]
        chosen = self.plan.table.select(fold.test)
        self.arrays[NETWORK][fold.test] = predicted(network, rows, chosen)
        self.arrays[LINEAR][fold.test] = predicted(linear, rows, chosen)
        self.arrays[CONSTANT][fold.test] = constant(rows, fold.training)
        self.records[place] = FoldRecord.of(network, linear)

    def _measured(self) -> dict[str, Any]:
        """Return the note of the result of the folds that have ended."""
        pairs = zip(self.plan.folds, self.records, strict=True)
        done = [fold for fold, one in pairs if one is not None]
        rows, seed = self._all_rows, self.recipe.seed
        return {"result": result_of_folds(self.plan, done, self.arrays, rows, seed).to_record()}

    def _measured_on(self, test: Table, run: Run, linear: Run) -> dict[str, Any]:
        """Return the note of the result of what was trained on all rows, on a test table."""
        models = {NETWORK: run, LINEAR: linear}
        found = result_on_table(self.plan, test, models, self._all_rows, self.recipe.seed)
        return {"result": found.to_record()}
