"""A check of a table before it is trained on: its hints, and the looks at its first fold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.data.choices import Choices
from chainrule.data.decisions import Decision
from chainrule.data.ignoring import FIRST_ROW
from chainrule.diagnosis.checks.check import Check, case_before
from chainrule.diagnosis.checks.concern import Concern
from chainrule.diagnosis.checks.look import look
from chainrule.diagnosis.checks.looks import COPIES, GIVEAWAYS, MISSING, SCALES, without
from chainrule.diagnosis.checks.looks_at_rows import RARE_CLASS
from chainrule.diagnosis.probes.scale_makers import TIMES, makers_in_columns
from chainrule.diagnosis.remedies.without_makers import MOST_NAMED
from chainrule.diagnosis.wording import named_rows, short
from chainrule.training.tables.door import plan_table
from chainrule.training.tables.doubtful_columns import (
    is_giveaway_hint,
    why_giveaways_are_left_out,
)
from chainrule.training.tables.plan import TablePlan
from chainrule.training.tables.recipe import Recipe
from chainrule.training.tables.rows import TableRows

# A hint is a concern where its option leaves something out or keeps rows together. Others, such as
# that numbers may be categories, say what may be better and not that something is wrong.
DOUBTING = ("--drop", "--missing", "--ignore-rows", "--group")
HINTS, EXTREME = "what the table holds", "rows with extreme numbers"
WHOLE = ("rows", "file", "test table")
REMEDIES = {RARE_CLASS: "Read balanced accuracy and AUC, or give more rows of it."}


def check_table(
    table: Any, target: str, choices: Choices, recipe: Recipe, test: Any = None
) -> tuple[Check, TablePlan]:
    """Return what is doubtful about a training on a table, and what would be made of the table.

    The network is that of the recipe, the rows are those of the first fold. Raises DataError for a
    table that cannot be learned from, SetupError for settings.
    """
    began = time.monotonic()
    plan = plan_table(table, target, choices, recipe.seed, test)
    fold = plan.folds[0]
    rows = TableRows.fitted(plan, fold.training)
    prepared = rows.in_fold(recipe.network(), fold, recipe.seed)
    found = look(
        case_before(
            recipe.setup(prepared),
            (prepared.training, prepared.validation),
            tuple(rows.preparation.input_names),
            fold.training,
        ),
        # Columns are scaled, and rows that make a scale are looked for in all folds. Equal rows
        # have been kept together already, or are equal as few values make them; only in the order
        # of time they are not looked at.
        without([GIVEAWAYS, MISSING, SCALES, *([COPIES] if choices.time is None else [])]),
    )
    doubts = (
        *of_decisions(plan.decisions),
        *extreme_rows(plan),
        *map(_for_tables, found.concerns),
    )
    taken = [HINTS, EXTREME, *([COPIES] if COPIES not in found.left_out else [])]
    left_out = dict(found.left_out)
    # Columns were tried when the table was planned.
    reason = why_giveaways_are_left_out(len(plan.used), plan.target, plan.kinds)
    if reason:
        left_out[GIVEAWAYS] = reason
    else:
        taken.append(GIVEAWAYS)
    checked = (*taken, *(one for one in found.checked if one != COPIES))
    seconds = time.monotonic() - began
    return Check(doubts, checked, seconds, left_out, len(prepared.training), found.rows), plan


def of_decisions(decisions: Sequence[Decision]) -> list[Concern]:
    """Return the concerns among what was decided about a table, columns that say it all first."""
    hints = [one for one in decisions if one.kind == "hint" and _doubts(one)]
    hints.sort(key=lambda one: not is_giveaway_hint(one))
    return [_of_hint(one) for one in hints]


def extreme_rows(plan: TablePlan) -> list[Concern]:
    """Return a concern for few rows whose numbers are so large that they alone make a scale.

    All rows that are used are looked at, those of every fold. What a hint says of the target is
    not said twice.
    """
    inputs, target = TableRows.fitted(plan, plan.used).part(plan.used)
    found = makers_in_columns([inputs], 0)
    is_told = any(one.subject == plan.target and _doubts(one) for one in plan.decisions)
    if plan.task == "regression" and not is_told:
        found += makers_in_columns([target.reshape(-1, 1)], None)
    if not found:
        return []
    worst = max(found, key=lambda one: one.times)
    names = plan.preparation.input_names
    whose = plan.target if worst.input is None else names[worst.column]
    more = len(found) - 1
    others = f", and {more:,} more column{'s have' if more > 1 else ' has'} such rows" * (more > 0)
    rows = np.unique(np.concatenate([one.places for one in found]))
    numbers = plan.used[rows] + FIRST_ROW
    told = (plan.used[worst.places] + FIRST_ROW).tolist()
    return [
        Concern(
            EXTREME,
            f"The standard deviation of {whose!r} is {short(worst.times)} times that of all rows "
            f"but {named_rows(told, MOST_NAMED)}{others}: scaled by it, the other "
            "numbers come to about the same.",
            f"Put them right, or train with --ignore-rows {','.join(map(str, numbers.tolist()))}.",
            worst.times,
            TIMES,
        )
    ]


def _of_hint(one: Decision) -> Concern:
    name = one.subject if one.subject in WHOLE else "a column"
    cause = f"{one.text[:1].upper()}{one.text[1:]}."
    if is_giveaway_hint(one):
        name, cause = "a column gives the answer away", f"Column {one.subject!r} {one.text}."
    elif one.subject not in WHOLE:
        cause = f"{one.subject!r}: {one.text}."
    remedy = "Leave out of one table what is in the other."
    return Concern(name, cause, f"Train with {one.option}." if one.option else remedy)


def _doubts(one: Decision) -> bool:
    return one.option.startswith(DOUBTING) or (one.subject == "test table" and not one.option)


def _for_tables(one: Concern) -> Concern:
    """Return a concern with a remedy that the command line has."""
    return replace(one, remedy=REMEDIES.get(one.name, one.remedy))
