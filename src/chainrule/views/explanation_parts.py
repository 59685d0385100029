"""What the faces of an explanation are made of: chapters of sentences, tables and derivations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.explanation.plain_numbers import digits, number_of

if TYPE_CHECKING:
    from chainrule.views.charts import Chart

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Signed:
    """A number whose sign matters: it is shown with it, in its colour."""

    value: float

    def __str__(self) -> str:
        return signed(self.value)


@dataclass(frozen=True)
class Exact:
    """A number shown with six digits, or as many as ``digits`` says."""

    value: float
    digits: int = 6

    def __str__(self) -> str:
        return f"{self.value:.{self.digits}g}".replace("-", "\u2212")


Cell = str | Signed | Exact


@dataclass(frozen=True)
class Measured:
    """A table of words and numbers.

    ``left``: so many columns hold words. ``bars``: the column whose signed numbers are drawn.
    ``strong``: so many of the last rows are sums.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left: int = 1
    bars: int | None = None
    strong: int = 0


@dataclass(frozen=True)
class Pairs:
    """Words and what there is to say of them."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tree:
    """The derivation: a node of an explanation's document with all below it."""

    node: Document


@dataclass(frozen=True)
class Pasted:
    """Text to be copied, behind a heading of its own where it is long."""

    text: str
    folded_as: str = ""


@dataclass(frozen=True, eq=False)
class Pictured:
    """A figure, for the faces that can show one."""

    chart: Chart


Part = str | Measured | Pairs | Tree | Pasted | Pictured


@dataclass(frozen=True)
class Chapter:
    """A heading and what stands below it; ``quiet``: less is to be made of it than of others."""

    heading: str
    parts: tuple[Part, ...]
    quiet: bool = False


@dataclass(frozen=True)
class Told:
    """A whole explanation, fit for every face."""

    title: str
    about: str
    lead: str
    notes: tuple[str, ...]
    chapters: tuple[Chapter, ...]


def signed(content: float | str) -> str:
    """Return a number of a document with its sign and six digits; 0 and NaN have none."""
    text = digits(content)
    if number_of(content) > 0.0:
        return f"+{text}"
    return text.replace("-", "\u2212", 1)


def way(content: float | str) -> str:
    """Return "up" for a positive number, "down" for a negative one, "still" for 0, "none"."""
    number = number_of(content)
    if number != number:
        return "none"
    return "up" if number > 0.0 else "down" if number < 0.0 else "still"


def numbered(content: float | str) -> Exact:
    """Return a number of a document as a cell."""
    return Exact(number_of(content))


def with_sign(content: float | str) -> Signed:
    """Return a number of a document as a cell that shows its sign."""
    return Signed(number_of(content))
