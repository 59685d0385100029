"""The answers of a class as a CSV of the columns student, blank and answer, read as it comes.

Delimiter and encoding are found out, and numbers may have a decimal comma.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chainrule.data.choices import Choices
from chainrule.data.delimited import read_delimited
from chainrule.errors import DataError, nearest
from chainrule.explanation.worksheets.exercise import BLANKS
from chainrule.explanation.worksheets.sheets import MOST_STUDENTS

COLUMNS = ("student", "blank", "answer")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
# A minus, as word processors write it.
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00a0": None, " ": None})


@dataclass(frozen=True)
class Answer:
    """What a student wrote: the text, and its number, None where it is none."""

    text: str
    number: float | None

    @classmethod
    def of(cls, text: str) -> Answer:
        """Return the answer that a cell holds."""
        plain = text.translate(_MINUS)
        if plain.count(",") == 1 and "." not in plain:
            plain = plain.replace(",", ".")
        return cls(text, float(plain) if _NUMBER.fullmatch(plain) else None)

    @property
    def trouble(self) -> str:
        """Why a text of digits is no number all the same, to stand behind that; "" for others."""
        if self.number is not None or re.search(r"\d", self.text) is None:
            return ""
        if "," in self.text and "." in self.text:
            return ": with a point and a comma, either could be the decimal mark"
        if self.text.count(",") + self.text.count(".") > 1:
            return ": it has more than one decimal mark"
        return ""

    @property
    def decimals(self) -> int:
        """How many digits stand behind the decimal mark."""
        return len(re.split(r"[.,]", re.split("[eE]", self.text)[0] + ".")[1])


# Seed and student -> blank -> the answer; a blank that is left empty is not there.
Answers = dict[tuple[int, int], dict[str, Answer]]


def read_answers(path: str | Path, seed: int | None = None, students: int | None = None) -> Answers:
    """Return the answers of a file, students in the order in which they come.

    ``seed`` is that of the worksheets, for a file without a column ``seed``; ``students`` says how
    many sheets were made, for a file without a column ``sheets``. Rows and columns may stand in any
    order. Raises DataError for a file that cannot be read, a column that is missing, and a row that
    is about no student or no blank, about one that was answered before, or of another seed.
    """
    columns = _columns(Path(path))
    made = _sheets_made(columns, students)
    rows = len(columns["student"])
    found: Answers = {}
    for row in range(rows):
        cells = {name: texts[row].strip() for name, texts in columns.items()}
        if not any(cells[name] for name in COLUMNS):
            continue
        student = _whole(cells["student"], "student", row)
        if not 1 <= student <= made:
            raise DataError(
                f"Row {row + 1} is about student {student}.", f"Students run from 1 to {made}."
            )
        sheet = found.setdefault((_seed_of(cells, seed, row), student), {})
        blank = _blank(cells["blank"], row)
        if not cells["answer"]:
            continue
        if blank in sheet:
            raise DataError(
                f"Row {row + 1} answers {blank} of student {student} a second time.",
                "Leave one of the two rows.",
            )
        sheet[blank] = Answer.of(cells["answer"])
    if not found:
        raise DataError("The file holds no answers.", "Fill in the column 'answer'.")
    return found


def _columns(path: Path) -> Mapping[str, list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"'{path}' could not be read: {(error.strerror or 'no reason given').lower()}.",
            "Give the path of a CSV file.",
        ) from None
    text = read_delimited(data, f"'{path.name}'", Choices(header=True))
    columns = {
        name.strip().lower(): [one or "" for one in series.to_list()]
        for name, series in text.columns.items()
    }
    for name in COLUMNS:
        if name not in columns:
            raise DataError(
                f"'{path.name}' has no column '{name}', but {', '.join(columns)}.",
                "Fill in the file answers.csv that came with the worksheets.",
            )
    return columns


def _sheets_made(columns: Mapping[str, list[str]], students: int | None) -> int:
    """Return how many sheets were made: a row that was added by hand need not say it."""
    said = [
        _whole(text.strip(), "sheets", row)
        for row, text in enumerate(columns.get("sheets", ()))
        if text.strip()
    ]
    return max(said, default=MOST_STUDENTS if students is None else students)


def _seed_of(cells: Mapping[str, str], seed: int | None, row: int) -> int:
    if cells.get("seed"):
        own = _whole(cells["seed"], "seed", row)
        if seed is not None and own != seed:
            raise DataError(
                f"Row {row + 1} is of seed {own}, and the seed that is given is {seed}.",
                "Leave out the seed that is given, or correct the column 'seed'.",
            )
        return own
    if seed is None:
        raise DataError(
            "The file does not say of which seed its worksheets are.",
            "Give the seed that they were made with: --seed 1.",
        )
    return seed


def _whole(text: str, column: str, row: int) -> int:
    # Spreadsheets write 7 as 7.0 where a column has empty cells.
    match = re.fullmatch(r"(\d+)([.,]0*)?", text)
    if match is None:
        raise DataError(
            f"Row {row + 1} has {text!r} as its {column}.", "Give a whole number, such as 7."
        )
    return int(match.group(1))


def _blank(text: str, row: int) -> str:
    by_lower = {name.lower(): name for name in BLANKS}
    found = text if text in BLANKS else by_lower.get(text.lower())
    if found is None:
        raise DataError(f"Row {row + 1} has {text!r} as its blank.", nearest(text, BLANKS))
    return found
