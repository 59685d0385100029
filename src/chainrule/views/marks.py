"""The marks of a class, as text, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence

from chainrule.explanation.worksheets.exercise import BLANKS
from chainrule.explanation.worksheets.marking import Marks
from chainrule.views.grid import Grid

COLUMNS = (
    "seed", "student", "right", "follows", "rounded", "mistakes", "empty", "first_wrong", "rule",
    "sentence",
)  # fmt: skip


def marks_as_text(marks: Sequence[Marks]) -> str:
    """Return a table of the class, a sentence on each student, and the rules most often broken."""
    headings = ("student", "right", "follows", "rounded", "mistakes", "empty", "first wrong")
    rows = tuple((*map(str, _counts(one)), _first(one)[0] or "-") for one in marks)
    lines = [
        str(Grid(headings, tuple((row[0], *row[1:]) for row in rows))),
        "",
        f"of {len(BLANKS)} blanks each; 'follows': right but for a mistake before it",
        "",
        *(f"student {one.student}: {one.sentence()}" for one in marks),
    ]
    return "\n".join([*lines, *_often(marks)])


def marks_as_csv(marks: Sequence[Marks]) -> str:
    """Return one line for each student."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in marks:
        writer.writerow((one.seed, *_counts(one), *_first(one), one.sentence()))
    return text.getvalue()


def marks_as_json(marks: Sequence[Marks]) -> str:
    """Return the marks of all students as one document."""
    plain = {"blanks": list(BLANKS), "students": [one.to_dict() for one in marks]}
    return json.dumps(plain, indent=1)


def _counts(one: Marks) -> tuple[int, ...]:
    return one.student, one.right, one.follows, one.rounded, len(one.mistakes), one.empty


def _first(one: Marks) -> tuple[str, str]:
    return ("", "") if one.first is None else (one.first.blank, one.first.rule)


def _often(marks: Sequence[Marks]) -> list[str]:
    """Return which rules were broken first by how many students, the most frequent first."""
    rules = Counter(one.first.rule for one in marks if one.first is not None)
    if not rules:
        return []
    return ["", "broken first:", *(f"{count:4}  {rule}" for rule, count in rules.most_common())]
