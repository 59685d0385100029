"""Kinds: what each column of a table is taken for. Decided once, and never by the target's values.

The values of a column decide, those of all rows but for such as are left out by their numbers:
whether it is a date or an identifier says nothing of what is to be predicted. Means, scales and
levels come later, from training rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.data.choices import Choices
from chainrule.data.column_names import is_named_like_id
from chainrule.data.columns import (
    Column,
    NumberArray,
    is_number,
    missing,
    numbers_in,
    short_spelling,
    spelling,
)
from chainrule.data.dates import YEARS, DateForm, are_written_dates, date_form, share_of_dates
from chainrule.data.decisions import Decision, option
from chainrule.data.hints import (
    almost_dates_hint,
    code_hint,
    group_hint,
    quantity_hint,
    sentinel_hint,
    subject_hint,
    total_hint,
    year_hint,
)
from chainrule.data.ignoring import rows_by_number
from chainrule.data.judging import (
    FEWEST_GROUPS,
    FEWEST_ROWS_FOR_IDENTIFIER,
    IDENTIFIER_SHARE,
    Judged,
    judged_categories,
    judged_dates,
    judged_identifier,
    judged_times,
    missing_said,
)
from chainrule.data.odd_texts import odd_among
from chainrule.data.table import Table
from chainrule.data.text_kinds import judged_text
from chainrule.errors import DataError, nearest

INPUTS = ("number", "category", "date")
FEWEST_RISING = 10
FEWEST_MARKS = 3


@dataclass(frozen=True)
class Kinds:
    """The kind of each column but the target, ``by_name``, with what there is to say of them.

    ``decisions`` come in the order of the table, hints after the column's own. ``date_orders`` has
    the order of day, month and year for each column of dates, that of ``--time`` among them.
    """

    by_name: dict[str, str]
    decisions: tuple[Decision, ...] = ()
    date_orders: dict[str, str] = field(default_factory=dict)

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The columns that tell rows or groups of rows apart, in the order of the table."""
        return tuple(name for name, kind in self.by_name.items() if kind in ("identifier", "group"))


def decide_kinds(table: Table, target: str, choices: Choices | None = None) -> Kinds:
    """Return what each column of a table but the target is taken for.

    Rows that ``choices.ignore_rows`` leaves out by their numbers count in nothing.

    Raises ``DataError`` if a column that was named is not there, or was named to be numbers and has
    none, and for rows that are not there; ``SetupError`` where the target is chosen to be left out.
    """
    chosen = choices or Choices()
    if target not in table.columns:
        raise DataError(
            f"The table has no column {target!r} to be the target.", nearest(target, table.names)
        )
    chosen.check_names(table.names, target)
    ignored = rows_by_number(table, chosen.ignore_rows)
    rows = table.select(np.flatnonzero(~ignored)) if ignored.any() else table
    judged = {
        name: _asked_for(rows, name, chosen) or _judged(name, column, rows, chosen)
        for name, column in rows.columns.items()
        if name != target
    }
    if not any(one.kind in INPUTS for one in judged.values()):
        judged = {name: _brought_back(name, one) for name, one in judged.items()}
    decisions = total_hint(table, ignored, chosen.ignore_rows)
    decisions += [decision for one in judged.values() for decision in one.decisions]
    orders = {name: one.order for name, one in judged.items() if one.order}
    return Kinds({name: one.kind for name, one in judged.items()}, tuple(decisions), orders)


def said_of_reading(decisions: Sequence[Decision], kinds: Kinds) -> list[Decision]:
    """Return what is left to say of reading: how a number is written, of columns that are numbers.

    Of any other column its kind says all, and what a target is says the task.
    """
    said = []
    for one in decisions:
        if one.kind != "number":
            said.append(one)
        elif one.subject not in kinds.by_name:
            said.append(replace(one, option=""))
        elif kinds.by_name[one.subject] == "number":
            said.append(one)
    return said


def _asked_for(table: Table, name: str, choices: Choices) -> Judged | None:
    """Return the kind that was chosen for a column, or None."""
    said = {
        "dropped": (name in choices.drop, "not used, as was asked"),
        "group": (name == choices.group, "rows of one value stay together; it is no input"),
    }
    column = table.columns[name]
    for kind, (asked, text) in said.items():
        if asked:
            return Judged(kind, [Decision(name, kind, text)])
    if name == choices.time:
        return judged_times(name, column, _form_of_times(column, choices))
    if name in choices.categorical:
        return judged_categories(name, table.texts(name))
    if name in choices.numeric:
        return _numbers_asked_for(name, column, choices)
    return None


def _form_of_times(column: Column, choices: Choices) -> DateForm | None:
    if is_number(column):
        return DateForm("ymd", True) if are_written_dates(column) else None
    return date_form(column, choices.dates)


def _numbers_asked_for(name: str, column: Column, choices: Choices) -> Judged:
    numbers = column if is_number(column) else numbers_in(column)[0]
    if not is_number(column) and share_of_dates(column) > np.mean(~np.isnan(numbers)):
        form = date_form(column, choices.dates, least=0.0)
        if form is not None:
            return judged_dates(name, column, form, "--categorical")
    if np.isnan(numbers).all():
        raise DataError(f"Column {name!r} has no number.", "Take it as it is, or drop it.")
    return _numbers(name, numbers[~np.isnan(numbers)], len(numbers), hints=False)


def _judged(name: str, column: Column, table: Table, choices: Choices) -> Judged:
    """Return what a column is taken for by its name and values."""
    absent = missing(column)
    if absent.all():
        return Judged("empty", [Decision(name, "empty", "no value in any row; not used")])
    if is_number(column):
        has_unit = name in dict(table.reading.units)
        if not has_unit and are_written_dates(column):
            odd = odd_among(column, table.written.get(name))
            return judged_dates(name, column, DateForm("ymd", True), "--numeric", odd)
        return _judged_numbers(name, column[~absent], table.rows, has_unit)
    return judged_text(name, column, column[~absent], choices)


def _judged_numbers(name: str, present: NumberArray, rows: int, has_unit: bool) -> Judged:
    """Return what numbers are taken for; such as have a unit, as "5 kg" has, count nothing."""
    different = np.unique(present)
    absent = rows - len(present)
    if len(different) == 1 and FEWEST_MARKS <= len(present) <= rows - FEWEST_MARKS:
        text = f"{spelling(different[0])} or nothing, taken as two categories"
        said = Decision(name, "category", text, option("--drop", name), absent)
        return Judged("category", [said])
    if len(different) == 1:
        text = f"no other value than {spelling(different[0])}{missing_said(absent)}; not used"
        return Judged("constant", [Decision(name, "constant", text)])
    whole = bool((different == np.round(different)).all()) and not has_unit
    if whole and len(different) > IDENTIFIER_SHARE * len(present):
        rising = _rises_by_one(different, present)
        if rising or (len(present) >= FEWEST_ROWS_FOR_IDENTIFIER and is_named_like_id(name)):
            why = "whole numbers that rise by one" if rising else "numbers that tell rows apart"
            judged = judged_identifier(name, why, "--numeric")
            hints = code_hint(name, present, "an identifier") if not rising else []
            return replace(judged, decisions=[*judged.decisions, *hints], rising=rising)
    if whole and len(different) >= FEWEST_GROUPS and is_named_like_id(name, repeated=True):
        judged = judged_identifier(name, "by its name, it tells groups of rows apart", "--numeric")
        hints = [
            *group_hint(name, len(different), rows),
            *code_hint(name, present, "an identifier"),
        ]
        return replace(judged, decisions=[*judged.decisions, *hints])
    return _numbers(name, present, rows, hints=True)


def _numbers(name: str, present: NumberArray, rows: int, hints: bool) -> Judged:
    low, high = short_spelling(present.min()), short_spelling(present.max())
    text, absent = f"numbers from {low} to {high}", rows - len(present)
    said = [Decision(name, "number", text, option("--categorical", name), absent, plain=True)]
    if hints:
        codes = code_hint(name, present, "a quantity")
        said += codes or quantity_hint(name, present)
        said += sentinel_hint(name, present)
        said += almost_dates_hint(name, present)
        said += year_hint(name, present)
        whole = bool((present == np.round(present)).all())
        said += subject_hint(name, np.unique(present, return_counts=True)[1], rows) if whole else []
    return Judged("number", said)


def _rises_by_one(different: NumberArray, present: NumberArray) -> bool:
    """Whether numbers count rows: all different, without a gap, and no series of years."""
    if len(different) < FEWEST_RISING or len(different) != len(present):
        return False
    years = YEARS[0] <= different[0] and different[-1] <= YEARS[1]
    return bool(different[-1] - different[0] == len(different) - 1) and not years


def _brought_back(name: str, one: Judged) -> Judged:
    """Return a count of rows as the number that it may be, where there is nothing else."""
    if not one.rising:
        return one
    text = "whole numbers that rise by one, and yet used: there is no other column to learn from"
    return Judged("number", [Decision(name, "number", text, option("--drop", name))])
