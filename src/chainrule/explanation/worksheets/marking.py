"""Marking worksheets: for each student the first wrong factor, and the rule that was broken.

Every blank is worked out again from the student's own numbers before it. What agrees with that, or
with the key, is no mistake; so what follows from a first mistake is not counted as another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from chainrule.explanation.worksheets.answers_file import Answer, Answers
from chainrule.explanation.worksheets.exercise import BLANKS
from chainrule.explanation.worksheets.mistakes import Mistake, mistakes_in
from chainrule.explanation.worksheets.sheet_formulas import FORMULAS, number_of
from chainrule.explanation.worksheets.sheets import DECIMALS, EXACT, TOLERANCE, Worksheet, worksheet

Status = Literal["right", "follows", "rounding", "wrong", "empty"]

# A number that no rule explains is put down to rounding where it is off by less than this share.
ROUNDING_SHARE = 0.01
UNKNOWN, UNREADABLE, ROUNDING = "unknown", "no number", "rounding only"


@dataclass(frozen=True)
class Finding:
    """One blank that is wrong: what was written, what is due, the rule and the sentence on it.

    ``due`` is worked out from the student's own numbers before it. ``rule`` is one of
    ``mistakes.RULES``, or "rounding only", "no number", "unknown".
    """

    blank: str
    written: str
    due: float
    rule: str
    sentence: str


@dataclass(frozen=True)
class Marks:
    """How one student did: blanks by what became of them, and what was wrong, in order.

    ``right`` counts what agrees with the key, ``follows`` what is right but for a mistake before
    it, ``rounded`` what is off by rounding alone, ``empty`` what was not answered.
    """

    seed: int
    student: int
    right: int
    follows: int
    rounded: int
    empty: int
    mistakes: tuple[Finding, ...]
    rounding: tuple[Finding, ...] = ()

    @property
    def first(self) -> Finding | None:
        """The first wrong blank, None where there is none; rounding counts only by itself."""
        return next(iter(self.mistakes or self.rounding), None)

    def sentence(self) -> str:
        """Return in a sentence what was found first."""
        found = self.first
        if self.empty == len(BLANKS):
            return "Nothing is answered."
        if found is None:
            rest = f"; {self.empty} empty" if self.empty else ""
            return f"All that is answered is right{rest}."
        again = [one.blank for one in self.mistakes[1:] if one.rule == found.rule]
        also = f" Again in {', '.join(again)}." if again else ""
        return (
            f"{found.blank} is {found.written} where {found.due:.{DECIMALS}f} is due: "
            f"{found.sentence}.{also}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the marks as plain data for JSON."""
        first = self.first
        return {
            **asdict(self),
            "first": None if first is None else asdict(first),
            "sentence": self.sentence(),
        }


def mark(answers: Answers) -> tuple[Marks, ...]:
    """Return the marks of every student, in the order of the answers. Raises SetupError."""
    return tuple(
        marks_of(worksheet(seed, student), written) for (seed, student), written in answers.items()
    )


def marks_of(sheet: Worksheet, answers: Mapping[str, Answer]) -> Marks:
    """Return the marks of one sheet, blank after blank."""
    known = dict(sheet.exercise.given)
    counts: Counter[Status] = Counter()
    found: dict[Status, list[Finding]] = {"wrong": [], "rounding": []}
    for blank in BLANKS:
        answer = answers.get(blank)
        status, finding = _judged(sheet, blank, answer, known)
        if status == "follows" and not found["wrong"]:
            # Off the key by the rounding of the numbers before it.
            status = "right"
        counts[status] += 1
        if finding is not None:
            found[status].append(finding)
        number = None if answer is None else answer.number
        known[blank] = sheet.key[blank] if number is None else number
    return Marks(
        sheet.seed,
        sheet.student,
        counts["right"],
        counts["follows"],
        counts["rounding"],
        counts["empty"],
        tuple(found["wrong"]),
        tuple(found["rounding"]),
    )


def _judged(
    sheet: Worksheet, blank: str, answer: Answer | None, known: Mapping[str, float]
) -> tuple[Status, Finding | None]:
    if answer is None:
        return "empty", None
    due = number_of(FORMULAS[blank], known, sheet.exercise.activation)
    if answer.number is None:
        said = f"{answer.text!r} is no number{answer.trouble}"
        return "wrong", Finding(blank, answer.text, due, UNREADABLE, said)
    if _agree(answer.number, sheet.key[blank]):
        return "right", None
    if _agree(answer.number, due):
        return "follows", None
    close = TOLERANCE if answer.decimals >= DECIMALS else EXACT
    broken = _broken(sheet, blank, answer.number, known, close)
    if not broken and (_is_cut(answer, due) or _is_cut(answer, sheet.key[blank])):
        said = f"rounding only, to {answer.decimals} decimals where {DECIMALS} are asked for"
        return "rounding", Finding(blank, answer.text, due, ROUNDING, said)
    broken = broken or _broken(sheet, blank, answer.number, known, TOLERANCE)
    if broken:
        return "wrong", Finding(blank, answer.text, due, broken[0].rule, _either(broken))
    if abs(answer.number - due) <= ROUNDING_SHARE * abs(due):
        said = "rounding only, of the numbers before it"
        return "rounding", Finding(blank, answer.text, due, ROUNDING, said)
    return "wrong", Finding(blank, answer.text, due, UNKNOWN, "no rule that is known gives this")


def _broken(
    sheet: Worksheet, blank: str, number: float, known: Mapping[str, float], tolerance: float
) -> list[Mistake]:
    """Return the mistakes that give a number, from the student's own numbers."""
    activation = sheet.exercise.activation
    return [
        one
        for one in mistakes_in(blank)
        if abs(number - number_of(one.formula, known, activation)) <= tolerance
    ]


def _agree(number: float, due: float) -> bool:
    return abs(number - due) <= TOLERANCE


def _is_cut(answer: Answer, due: float) -> bool:
    """Whether an answer of fewer decimals than are asked for is a number, rounded to them."""
    if answer.number is None or answer.decimals >= DECIMALS:
        return False
    off = abs(answer.number - due)
    return off <= 0.5 * 10.0**-answer.decimals + TOLERANCE and off <= 0.1 * abs(due)


def _either(broken: Sequence[Mistake]) -> str:
    return ", or ".join(dict.fromkeys(one.sentence for one in broken))
