"""What a column of text is taken for: dates, codes, categories, an identifier, free text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.data.choices import Choices
from chainrule.data.column_names import is_named_like_id
from chainrule.data.columns import Column, TextArray, is_number, missing, spelling
from chainrule.data.date_column import dates_in
from chainrule.data.dates import DateForm, date_form, share_of_dates, written_day
from chainrule.data.decisions import Decision, counted, option, shown
from chainrule.data.fields import FEWEST_ROWS_OF_A_LEVEL, MOST_LEVELS, OTHER
from chainrule.data.hints import group_hint, spelling_hint
from chainrule.data.numerals import share_of_numbers

IDENTIFIER_SHARE = 0.9
FEWEST_ROWS_FOR_IDENTIFIER = 5
FEWEST_GROUPS = 11
MOST_RARE_LEVELS = 10
FREE_TEXT_SHARE = 0.5
FREE_TEXT_WORDS = 4
MOST_OF_THEM = 0.5
FILLED_IN = ", filled in and marked"
_CODE = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class Judged:
    """What one column is taken for, and what there is to say of it.

    ``order`` is that of day, month and year in a column of dates; ``rising`` says that its numbers
    count rows.
    """

    kind: str
    decisions: list[Decision]
    order: str = ""
    rising: bool = False


def judged_text(
    name: str, column: TextArray, present: TextArray, choices: Choices, blank: str
) -> Judged:
    """Return what a column of text is taken for by its name and its values, ``present`` of them.

    ``blank`` is what is said of its missing values.
    """
    form = date_form(column, choices.dates)
    if form is not None:
        return judged_dates(name, column, form, "--categorical")
    counts = Counter(present.tolist())
    share = len(counts) / len(present)
    many = len(present) >= FEWEST_ROWS_FOR_IDENTIFIER
    code = first_code(counts)
    mostly = "" if code else _mostly(present)
    flag = "--numeric" if mostly else "--categorical"
    if many and share > FREE_TEXT_SHARE:
        words = float(np.mean([len(text.split()) for text in counts]))
        if words >= FREE_TEXT_WORDS:
            text = f"free text of {words:.0f} words on average{mostly}{plain(blank)}; not used"
            return Judged("free text", [Decision(name, "free text", text, option(flag, name))])
    rare = max(counts.values()) < FEWEST_ROWS_OF_A_LEVEL and len(counts) > MOST_RARE_LEVELS
    if rare or (many and share > IDENTIFIER_SHARE):
        what = f"codes with leading zeros, such as {code!r}, " if code else ""
        text = f"{what}{len(counts)} different texts in {counted(len(present), 'row')}"
        return judged_identifier(name, text + mostly, flag)
    if len(counts) >= FEWEST_GROUPS and is_named_like_id(name, repeated=True):
        judged = judged_identifier(
            name, f"by its name, it tells groups of rows apart{mostly}", flag
        )
        hint = group_hint(name, counts, len(column))
        return replace(judged, decisions=[*judged.decisions, hint])
    judged = judged_categories(name, column)
    if mostly and judged.kind == "category":
        text = f"{mostly.removeprefix('; ')}, and yet taken as categories because of the others"
        judged.decisions.append(Decision(name, "hint", text, option("--numeric", name)))
    return judged


def judged_identifier(name: str, why: str, flag: str) -> Judged:
    """Return the decision that a column tells rows apart, and the option that takes it in."""
    text = f"an identifier: {why}; not used"
    return Judged("identifier", [Decision(name, "identifier", text, option(flag, name))])


def judged_dates(
    name: str, column: Column, form: DateForm, flag: str, passed_over: Sequence[str] = ()
) -> Judged:
    """Return the decision that a column is dates; ``flag`` is the option that says it is not.

    ``passed_over`` are texts that reading has taken out of a column of numbers.
    """
    days, wrong = dates_in(column, form.order)
    absent = int(np.isnan(days).sum())
    first, last = written_day(np.nanmin(days)), written_day(np.nanmax(days))
    if np.nanmin(days) == np.nanmax(days):
        text = f"no other value than {first}{plain(blank_text(absent))}; not used"
        return Judged("constant", [Decision(name, "constant", text)])
    text = f"dates from {first} to {last}, taken as a number of days"
    if is_number(column):
        written = spelling(column[~np.isnan(column)][0])
        text = f"dates from {first} to {last}, written like {written}, taken as a number of days"
    odd = sorted({*passed_over, *(() if is_number(column) else column[wrong].tolist())})
    text += f"; {shown(odd)} count as missing" if odd else ""
    text += blank_text(absent)
    said = [Decision(name, "date", text, option(flag, name))]
    if not form.sure and not is_number(column):
        example = next(value for value in column.tolist() if value is not None)
        other = "dmy" if form.order == "mdy" else "mdy"
        taken = "the month" if form.order == "mdy" else "the day"
        text = f"no cell tells day from month (as in {example!r}): {taken} is taken to come first"
        said.append(Decision(name, "hint", text, option("--dates", other)))
    text = "if later rows are to be predicted from earlier ones, let it order them"
    said.append(Decision(name, "hint", text, option("--time", name)))
    return Judged("date", said, form.order)


def judged_categories(name: str, column: Column) -> Judged:
    """Return the decision that the values of a column are categories, or that there is but one."""
    texts = column
    if is_number(column):
        texts = np.array([None if np.isnan(one) else spelling(one) for one in column.tolist()],
                         dtype=np.object_)  # fmt: skip
    absent = missing(texts)
    counts = Counter(texts[~absent].tolist())
    blank = blank_text(int(absent.sum()))
    if not counts:
        return Judged("empty", [Decision(name, "empty", "no value in any row; not used")])
    if len(counts) == 1 and not absent.any():
        text = f"no other value than {next(iter(counts))!r}; not used"
        return Judged("constant", [Decision(name, "constant", text)])
    text, overridden = _levels_said(counts) + blank, option("--drop", name)
    code = first_code(counts)
    if code:
        text = f"codes with leading zeros, such as {code!r}, taken as {text}"
        overridden = option("--numeric", name)
    decision = Decision(name, "category", text, overridden)
    return Judged("category", [decision, *spelling_hint(name, counts)])


def first_code(counts: Counter[str]) -> str:
    """Return a code with leading zeros, where all texts are whole numbers and some begin so."""
    if not all(_CODE.fullmatch(text) for text in counts):
        return ""
    return next((text for text in counts if re.match(r"[+-]?0\d", text)), "")


def blank_text(count: int) -> str:
    """Return what is said of so many missing values."""
    return f"; {count:,} missing{FILLED_IN}" if count else ""


def plain(blank: str) -> str:
    """Return what is said of missing values of a column that is not used."""
    return blank.removesuffix(FILLED_IN)


def _mostly(present: TextArray) -> str:
    """Return that most values are numbers or dates, or nothing where few are."""
    shares = {"numbers": share_of_numbers(present), "dates": share_of_dates(present)}
    what = max(shares, key=lambda one: shares[one])
    if shares[what] < MOST_OF_THEM:
        return ""
    return f"; {100 * shares[what]:.0f} % of its values are {what}"


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
