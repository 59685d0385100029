"""Kinds: what each column of a table is taken for. Decided once, and never by the target's values.

The values of a column decide, those of all rows: whether it is a date or an identifier says nothing
of what is to be predicted. Means, scales and levels come later, from training rows alone.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.data.choices import Choices
from chainrule.data.columns import (
    Column,
    NumberArray,
    TextArray,
    is_number,
    missing,
    numbers_in,
    spelling,
)
from chainrule.data.date_column import dates_in
from chainrule.data.dates import DateForm, date_form, written_day
from chainrule.data.decisions import Decision, counted, option, shown
from chainrule.data.fields import FEWEST_ROWS_OF_A_LEVEL, MOST_LEVELS, OTHER
from chainrule.data.hints import group_hint, quantity_hint, sentinel_hint, spelling_hint
from chainrule.data.table import Table
from chainrule.errors import DataError, nearest

INPUTS = ("number", "category", "date")
IDENTIFIER_SHARE = 0.9
FEWEST_ROWS_FOR_IDENTIFIER = 5
FEWEST_RISING = 10
FEWEST_MARKS = 3
FEWEST_GROUPS = 11
MOST_RARE_LEVELS = 10
FREE_TEXT_SHARE = 0.5
FREE_TEXT_WORDS = 4
YEARS = (1800, 2100)
SURE_NAMES = {"id", "ids", "uuid", "guid"}
LAST_NAMES = {"nr", "no", "number", "key", "code", "index"}
GROUP_NAMES = {"nr", "no"}
FILLED_IN = ", filled in and marked"


@dataclass(frozen=True)
class Kinds:
    """The kind of each column but the target, ``by_name``, with what there is to say of them.

    ``decisions`` come in the order of the table, hints after the column's own. ``date_orders`` has
    the order of day, month and year for each column of dates.
    """

    by_name: dict[str, str]
    decisions: tuple[Decision, ...] = ()
    date_orders: dict[str, str] = field(default_factory=dict)

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The columns that tell rows or groups of rows apart, in the order of the table."""
        return tuple(name for name, kind in self.by_name.items() if kind in ("identifier", "group"))


@dataclass(frozen=True)
class _Judged:
    kind: str
    decisions: list[Decision]
    order: str = ""
    rising: bool = False


def decide_kinds(table: Table, target: str, choices: Choices | None = None) -> Kinds:
    """Return what each column of a table but the target is taken for.

    Raises ``DataError`` if a column that was named is not there, or was named to be numbers and has
    none; ``SetupError`` where the target is chosen to be left out.
    """
    chosen = choices or Choices()
    if target not in table.columns:
        raise DataError(
            f"The table has no column {target!r} to be the target.", nearest(target, table.names)
        )
    chosen.check_names(table.names, target)
    judged = {
        name: _asked_for(table, name, chosen) or _judged(name, column, table, chosen)
        for name, column in table.columns.items()
        if name != target
    }
    if not any(one.kind in INPUTS for one in judged.values()):
        judged = {name: _brought_back(name, one) for name, one in judged.items()}
    decisions = [decision for one in judged.values() for decision in one.decisions]
    orders = {name: one.order for name, one in judged.items() if one.kind == "date"}
    return Kinds({name: one.kind for name, one in judged.items()}, tuple(decisions), orders)


def _asked_for(table: Table, name: str, choices: Choices) -> _Judged | None:
    """Return the kind that was chosen for a column, or None."""
    said = {
        "dropped": (name in choices.drop, "not used, as was asked"),
        "group": (name == choices.group, "rows of one value stay together; it is no input"),
        "time": (name == choices.time, "rows are in its order; it is no input"),
    }
    for kind, (asked, text) in said.items():
        if asked:
            return _Judged(kind, [Decision(name, kind, text)])
    column = table.columns[name]
    if name in choices.categorical:
        return _categories(name, table.written.get(name, column))
    if name in choices.numeric:
        return _numbers_asked_for(name, column)
    return None


def _numbers_asked_for(name: str, column: Column) -> _Judged:
    numbers = column if is_number(column) else numbers_in(column)[0]
    if np.isnan(numbers).all():
        raise DataError(f"Column {name!r} has no number.", "Take it as it is, or drop it.")
    return _numbers(name, numbers, _blank_text(int(np.isnan(numbers).sum())), hints=False)


def _judged(name: str, column: Column, table: Table, choices: Choices) -> _Judged:
    """Return what a column is taken for by its name and values."""
    absent = missing(column)
    if absent.all():
        return _Judged("empty", [Decision(name, "empty", "no value in any row; not used")])
    blank = _blank_text(int(absent.sum()))
    if is_number(column):
        return _judged_numbers(name, column[~absent], blank, table.rows)
    return _judged_text(name, column, column[~absent], choices, blank)


def _judged_numbers(name: str, present: NumberArray, blank: str, rows: int) -> _Judged:
    different = np.unique(present)
    if len(different) == 1 and FEWEST_MARKS <= len(present) <= rows - FEWEST_MARKS:
        text = f"{spelling(different[0])} or nothing, taken as two categories{blank}"
        return _Judged("category", [Decision(name, "category", text, option("--drop", name))])
    if len(different) == 1:
        text = f"no other value than {spelling(different[0])}{_plain(blank)}; not used"
        return _Judged("constant", [Decision(name, "constant", text)])
    whole = bool((different == np.round(different)).all())
    if whole and len(different) > IDENTIFIER_SHARE * len(present):
        rising = _rises_by_one(different, present)
        if rising or (len(present) >= FEWEST_ROWS_FOR_IDENTIFIER and is_named_like_id(name)):
            why = "whole numbers that rise by one" if rising else "numbers that tell rows apart"
            judged = _identifier(name, why, "--numeric")
            return replace(judged, rising=rising)
    if whole and len(different) >= FEWEST_GROUPS and is_named_like_id(name, repeated=True):
        judged = _identifier(name, "by its name, it tells groups of rows apart", "--numeric")
        return replace(judged, decisions=[*judged.decisions, group_hint(name, different, rows)])
    return _numbers(name, present, blank, hints=True)


def _numbers(name: str, present: NumberArray, blank: str, hints: bool) -> _Judged:
    present = present[~np.isnan(present)]
    low, high = spelling(present.min()), spelling(present.max())
    said = [Decision(name, "number", f"numbers from {low} to {high}{blank}",
                     option("--categorical", name))]  # fmt: skip
    if hints:
        said += quantity_hint(name, present) + sentinel_hint(name, present)
    return _Judged("number", said)


def _rises_by_one(different: NumberArray, present: NumberArray) -> bool:
    """Whether numbers count rows: all different, without a gap, and no series of years."""
    if len(different) < FEWEST_RISING or len(different) != len(present):
        return False
    years = YEARS[0] <= different[0] and different[-1] <= YEARS[1]
    return bool(different[-1] - different[0] == len(different) - 1) and not years


def _judged_text(
    name: str, column: TextArray, present: TextArray, choices: Choices, blank: str
) -> _Judged:
    form = date_form(column, choices.dates)
    if form is not None:
        return _dates(name, column, form)
    counts = Counter(present.tolist())
    share = len(counts) / len(present)
    many = len(present) >= FEWEST_ROWS_FOR_IDENTIFIER
    if many and share > FREE_TEXT_SHARE:
        words = float(np.mean([len(text.split()) for text in counts]))
        if words >= FREE_TEXT_WORDS:
            text = f"free text of {words:.0f} words on average{_plain(blank)}; not used"
            return _Judged(
                "free text", [Decision(name, "free text", text, option("--categorical", name))]
            )
    rare = max(counts.values()) < FEWEST_ROWS_OF_A_LEVEL and len(counts) > MOST_RARE_LEVELS
    if rare or (many and share > IDENTIFIER_SHARE):
        text = f"{len(counts)} different texts in {counted(len(present), 'row')}"
        return _identifier(name, text, "--categorical")
    if len(counts) >= FEWEST_GROUPS and is_named_like_id(name, repeated=True):
        judged = _identifier(name, "by its name, it tells groups of rows apart", "--categorical")
        hint = group_hint(name, counts, len(column))
        return replace(judged, decisions=[*judged.decisions, hint])
    return _categories(name, column)


def _identifier(name: str, why: str, flag: str) -> _Judged:
    text = f"an identifier: {why}; not used"
    return _Judged("identifier", [Decision(name, "identifier", text, option(flag, name))])


def _dates(name: str, column: TextArray, form: DateForm) -> _Judged:
    days, wrong = dates_in(column, form.order)
    absent = int(np.isnan(days).sum())
    first, last = written_day(np.nanmin(days)), written_day(np.nanmax(days))
    if np.nanmin(days) == np.nanmax(days):
        text = f"no other value than {first}{_plain(_blank_text(absent))}; not used"
        return _Judged("constant", [Decision(name, "constant", text)])
    odd = sorted(set(column[wrong].tolist()))
    text = f"dates from {first} to {last}, taken as a number of days"
    text += f"; {shown(odd)} count as missing" if odd else ""
    text += _blank_text(absent)
    said = [Decision(name, "date", text, option("--categorical", name))]
    if not form.sure:
        example = next(value for value in column.tolist() if value is not None)
        other = "dmy" if form.order == "mdy" else "mdy"
        taken = "the month" if form.order == "mdy" else "the day"
        text = f"no cell tells day from month (as in {example!r}): {taken} is taken to come first"
        said.append(Decision(name, "hint", text, option("--dates", other)))
    text = "if later rows are to be predicted from earlier ones, let it order them"
    said.append(Decision(name, "hint", text, option("--time", name)))
    return _Judged("date", said, form.order)


def _categories(name: str, column: Column) -> _Judged:
    texts = column
    if is_number(column):
        texts = np.array([None if np.isnan(one) else spelling(one) for one in column.tolist()],
                         dtype=np.object_)  # fmt: skip
    absent = missing(texts)
    counts = Counter(texts[~absent].tolist())
    blank = _blank_text(int(absent.sum()))
    if not counts:
        return _Judged("empty", [Decision(name, "empty", "no value in any row; not used")])
    if len(counts) == 1 and not absent.any():
        text = f"no other value than {next(iter(counts))!r}; not used"
        return _Judged("constant", [Decision(name, "constant", text)])
    decision = Decision(name, "category", _levels_said(counts) + blank, option("--drop", name))
    return _Judged("category", [decision, *spelling_hint(name, counts)])


def _levels_said(counts: Counter[str]) -> str:
    if len(counts) > MOST_LEVELS:
        return (
            f"{len(counts)} categories, the {MOST_LEVELS} most frequent are kept, the rest is "
            f"{OTHER!r}"
        )
    ordered = sorted(counts, key=lambda level: (-counts[level], level))
    word = "category" if len(counts) == 1 else "categories"
    rare = sum(count < FEWEST_ROWS_OF_A_LEVEL for count in counts.values())
    text = f"{len(counts)} {word} ({shown(ordered)})"
    if 1 < rare < len(counts):
        text += f"; the {rare} in fewer than {FEWEST_ROWS_OF_A_LEVEL} rows each are {OTHER!r}"
    return text


def _brought_back(name: str, one: _Judged) -> _Judged:
    """Return a count of rows as the number that it may be, where there is nothing else."""
    if not one.rising:
        return one
    text = "whole numbers that rise by one, and yet used: there is no other column to learn from"
    return _Judged("number", [Decision(name, "number", text, option("--drop", name))])


def is_named_like_id(name: str, repeated: bool = False) -> bool:
    """Whether a column's name says that it numbers something: "patientId", "order no", "key".

    With ``repeated`` only those words that are not used for categories too.
    """
    apart = re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])", " ", name)
    words = [word for word in re.split(r"[\W\d_]+", apart.lower()) if word]
    if not words:
        return False
    last = GROUP_NAMES if repeated else LAST_NAMES
    return bool(SURE_NAMES & set(words)) or words[-1] in last


def _blank_text(count: int) -> str:
    return f"; {count:,} missing{FILLED_IN}" if count else ""


def _plain(blank: str) -> str:
    """Return what is said of missing values of a column that is not used."""
    return blank.removesuffix(FILLED_IN)
