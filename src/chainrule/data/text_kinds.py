"""What a column of text is taken for: dates, codes, categories, an identifier, free text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from chainrule.data.choices import Choices
from chainrule.data.column_names import is_named_like_id
from chainrule.data.columns import TextArray
from chainrule.data.dates import are_like_versions, date_form, share_of_dates
from chainrule.data.decisions import Decision, counted, option
from chainrule.data.fields import FEWEST_ROWS_OF_A_LEVEL
from chainrule.data.hints import group_hint, subject_hint
from chainrule.data.judging import (
    FEWEST_GROUPS,
    FEWEST_ROWS_FOR_IDENTIFIER,
    IDENTIFIER_SHARE,
    Judged,
    first_code,
    judged_categories,
    judged_dates,
    judged_identifier,
    missing_said,
)
from chainrule.data.numerals import share_of_numbers

MOST_RARE_LEVELS = 10
FREE_TEXT_SHARE = 0.5
FREE_TEXT_WORDS = 4
MOST_OF_THEM = 0.5


def judged_text(name: str, column: TextArray, present: TextArray, choices: Choices) -> Judged:
    """Return what a column of text is taken for by its name and its values, ``present`` of them."""
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
            text = f"free text of {words:.0f} words on average"
            text += f"{_after(mostly)}{missing_said(len(column) - len(present))}; not used"
            return Judged("free text", [Decision(name, "free text", text, option(flag, name))])
    rare = max(counts.values()) < FEWEST_ROWS_OF_A_LEVEL and len(counts) > MOST_RARE_LEVELS
    if rare or (many and share > IDENTIFIER_SHARE):
        what = f"codes with leading zeros, such as {code!r}, " if code else ""
        text = f"{what}{len(counts)} different texts in {counted(len(present), 'row')}"
        judged = judged_identifier(name, text + _after(mostly), flag)
        return replace(judged, decisions=[*judged.decisions, *_subjects(name, counts, column)])
    if len(counts) >= FEWEST_GROUPS and is_named_like_id(name, repeated=True):
        judged = judged_identifier(
            name, f"by its name, it tells groups of rows apart{_after(mostly)}", flag
        )
        hints = group_hint(name, len(counts), len(column))
        return replace(judged, decisions=[*judged.decisions, *hints])
    judged = judged_categories(name, column)
    judged.decisions.extend(_subjects(name, counts, column))
    if mostly and judged.kind == "category":
        text = f"{mostly}, and yet taken as categories because of the others"
        judged.decisions.append(Decision(name, "hint", text, option("--numeric", name)))
    return judged


def _subjects(name: str, counts: Counter[str], column: TextArray) -> list[Decision]:
    """Return the hint on groups where a column says whom its rows tell of."""
    return subject_hint(name, np.array(list(counts.values())), len(column))


def _after(said: str) -> str:
    """Return what is said after something else."""
    return f"; {said}" if said else ""


def _mostly(present: TextArray) -> str:
    """Return that most values are numbers or dates, or nothing where few are."""
    dates = 0.0 if are_like_versions(present) else share_of_dates(present)
    shares = {"numbers": share_of_numbers(present), "dates": dates}
    what = max(shares, key=lambda one: shares[one])
    if shares[what] < MOST_OF_THEM:
        return ""
    return f"{100 * shares[what]:.0f} % of its values are {what}"
