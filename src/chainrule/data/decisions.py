"""Decisions: what was made of a file, a column or the rows, and the option that overrides it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from chainrule.data import record

KINDS = (
    "number", "category", "date", "identifier", "free text", "empty", "constant", "dropped",
    "group", "time", "file", "rows", "target", "hint",
)  # fmt: skip
MOST_SHOWN = 4
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Decision:
    """One thing that was decided for the user, in the open.

    ``subject`` is a column's name, or "file", "rows", "target", "test table"; ``kind`` one of
    ``KINDS``; ``text`` a phrase that says what was made of it and why; ``option`` what overrides
    it, ready to be typed, or "" where nothing does. ``missing`` counts the cells of a column that
    have no value and are filled in; ``plain`` says that there is nothing special about a column of
    numbers or of a few categories.
    """

    subject: str
    kind: str
    text: str
    option: str = ""
    missing: int = 0
    plain: bool = False

    @property
    def in_words(self) -> str:
        """The text, and how many cells are missing, where some are."""
        if not self.missing:
            return self.text
        return f"{self.text}; {self.missing:,} missing, filled in and marked"

    def to_record(self) -> dict[str, str | int]:
        """Return the decision as plain data."""
        return {
            "subject": self.subject,
            "kind": self.kind,
            "text": self.text,
            "option": self.option,
            "missing": self.missing,
            "plain": self.plain,
        }

    @classmethod
    def from_record(cls, value: object) -> Decision:
        """Return the decision that ``to_record`` wrote. Raises RunFolderError for anything else."""
        plain = record.mapping(value, "a decision")
        return cls(
            record.text(plain, "subject"),
            record.choice(plain, "kind", KINDS),
            record.text(plain, "text"),
            record.text(plain, "option"),
            # Decisions of before say in their text how many cells are missing.
            record.whole_number(plain, "missing") if "missing" in plain else 0,
            "plain" in plain and record.flag(plain, "plain"),
        )


def option(flag: str, value: str = "") -> str:
    """Return an option as it is typed: ``--drop 'blood pressure'``."""
    return shlex.join([flag, value]) if value else flag


def counted(number: int, word: str) -> str:
    """Return "1 row" or "3 rows"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def shown(texts: Iterable[str], most: int = MOST_SHOWN) -> str:
    """Return texts in quotation marks with commas between, the first few, long ones cut."""
    every = list(texts)
    parts = [repr(_shortened(text)) for text in every[:most]]
    return ", ".join(parts) + (", ..." if len(every) > most else "")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
