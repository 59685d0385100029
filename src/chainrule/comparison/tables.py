"""``compare_table``: a comparison on a table, which is prepared as for a training on it.

For each seed the rows are put apart anew, as the folds of ``train_table`` are: what is learned
from, what chooses the epoch, and what the result is measured on. Means, scales and categories come
from the rows that are learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from chainrule.comparison.door import metric_shown
from chainrule.comparison.goal import goal_of
from chainrule.comparison.live import shown_trials
from chainrule.comparison.result import Comparison
from chainrule.comparison.running import run_trials, seconds_each
from chainrule.comparison.settings import Ready, Setting, optimizer_words
from chainrule.data.choices import Choices
from chainrule.data.decisions import counted
from chainrule.data.table import Table
from chainrule.errors import SetupError
from chainrule.training.arguments import flag, limit
from chainrule.training.side_by_side import at_a_time
from chainrule.training.tables.folds import Fold
from chainrule.training.tables.given_tables import as_table
from chainrule.training.tables.measuring import check_measurable
from chainrule.training.tables.plan import TablePlan
from chainrule.training.tables.recipe import Recipe
from chainrule.training.tables.rows import TableRows


def compare_table(
    table: Any,
    target: str,
    choices: Choices,
    recipes: Mapping[str, Recipe],
    *,
    seeds: Sequence[int],
    seconds: float | None = None,
    goal: float | Mapping[str, float] | None = None,
    progress: bool = True,
) -> tuple[Comparison, TablePlan]:
    """Train networks on a table by several recipes and return the comparison, and the first plan.

    ``table``, ``target`` and ``choices`` as in ``train_as_chosen``; ``recipes``: label -> how
    networks are trained, their seed aside. ``seconds`` limits each training, by default so that
    all of them end within a minute; ``goal`` as in ``compare``. Raises DataError for tables that
    cannot be learned from, SetupError for settings.
    """
    most = limit(seconds, "seconds") or seconds_each(len(recipes) * len(seeds))
    splits = _Splits(as_table(table, choices), target, choices, tuple(seeds))
    plan = splits.plan(seeds[0])
    check_measurable(plan, plan.known)
    every = [
        Setting(label, _words(one), partial(splits.ready, one, most))
        for label, one in recipes.items()
    ]
    readies = [one.ready(seeds[0]) for one in every]
    for one in readies:
        one.refuse()
    setups = [one.setup for one in readies]
    asked = goal_of(goal, setups[0], validates=True)
    with shown_trials(list(recipes), len(seeds), flag(progress, "progress")) as shown:
        trials = run_trials(every, seeds, shown)
    name = Path(table).name if isinstance(table, str | Path) else "a table"
    return Comparison(
        settings={one.label: one.words for one in every},
        seeds=tuple(seeds),
        trials=trials,
        measured_on="test",
        metric=metric_shown(setups[0]),
        asked=asked,
        title=f"{target} from {name}: {counted(len(every), 'setting')} compared",
        about=_about(plan, max(one.settings.epochs for one in recipes.values()), most),
        at_a_time=at_a_time(),
    ), plan


def _about(plan: TablePlan, epochs: int, seconds: float) -> str:
    sizes = plan.folds[0].sizes
    unit = ""
    if plan.task == "regression":
        unit = " Losses are of a target brought to mean 0 and standard deviation 1."
    return (
        f"A network for {plan.task}, {counted(len(plan.used), 'row')}. For each seed "
        f"{sizes['training']:,} rows are learned from, {sizes['validation']:,} choose the epoch, "
        f"and {sizes['test']:,}, which choose nothing, are measured. A training ends after "
        f"{counted(epochs, 'epoch')} or {seconds:g} s of work.{unit}"
    )


def _words(recipe: Recipe) -> str:
    one = recipe.settings
    hidden = ", ".join(map(str, one.hidden)) or "none"
    weighed = "" if one.class_weight is None else f", class_weight={one.class_weight}"
    return (
        f"{optimizer_words(recipe.optimizer)}, hidden {hidden}, {one.activation}, l2={recipe.l2:g}"
        f"{weighed}"
    )


@dataclass(eq=False)
class _Splits:
    """The rows of a table as they are put apart for each seed, kept for the seeds under way."""

    table: Table
    target: str
    choices: Choices
    seeds: tuple[int, ...]
    kept: dict[int, tuple[TablePlan, TableRows, Fold]] = field(default_factory=dict)
    lock: Any = field(default_factory=Lock)

    def plan(self, seed: int) -> TablePlan:
        """Return the plan of the table for a seed."""
        return self._split(seed)[0]

    def ready(self, recipe: Recipe, seconds: float, seed: int) -> Ready:
        """Return the training of a recipe with a seed."""
        _, rows, fold = self._split(seed)
        chosen = replace(recipe, seed=seed)
        prepared = rows.in_fold(chosen.network(), fold, seed, chosen.settings.class_weight)
        # The rows that are measured are encoded as validation rows are.
        tested = Fold(fold.training, fold.test, fold.validation)
        measured = rows.in_fold(chosen.network(), tested, seed).validation
        setup = chosen.setup(prepared)
        stopping = replace(setup.stopping, max_seconds=seconds)
        setup = replace(setup, stopping=stopping, readings=0)
        return Ready(setup, (prepared.training, prepared.validation), measured)

    def _split(self, seed: int) -> tuple[TablePlan, TableRows, Fold]:
        with self.lock:
            if seed not in self.kept:
                # Two trainings at a time are of two seeds at most.
                while len(self.kept) > 1:
                    del self.kept[next(iter(self.kept))]
                plan = TablePlan.of(self.table, self.target, self.choices, seed)
                # Folds of groups and of times are the same for every seed: another one each time.
                fold = plan.folds[self.seeds.index(seed) % len(plan.folds)]
                self.kept[seed] = plan, TableRows.fitted(plan, fold.training), fold
            return self.kept[seed]


def recipes_of(settings: Mapping[str, Mapping[str, Any]], **common: Any) -> dict[str, Recipe]:
    """Return label -> recipe from label -> the arguments of ``Recipe.of`` that differ.

    Raises SetupError for what no table could be trained with.
    """
    if not settings:
        raise SetupError("There is nothing to compare.", "Give one setting or more.")
    return {label: Recipe.of(**{**common, **own}) for label, own in settings.items()}
