"""A grid of texts: what terminal, page and plain text show as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.views.plain_text import printable

GAP = "   "
RULE = "─"


@dataclass(frozen=True)
class Grid:
    """Headings and rows of texts, equally many in each.

    The first ``left`` columns are words and stand at the left, the others are numbers. ``strong``
    are the numbers of the rows that stand out. ``shares`` (one for each cell, or empty) say between
    0 and 1 how dark a cell is on a page.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    strong: tuple[int, ...] = ()
    shares: tuple[tuple[float, ...], ...] = ()

    @property
    def width(self) -> int:
        """How many letters a line of the grid has as plain text."""
        return sum(self._widths()) + len(GAP) * (len(self.headings) - 1)

    def _widths(self) -> list[int]:
        columns = zip(self.headings, *self.rows, strict=True)
        return [max(len(printable(text)) for text in column) for column in columns]

    def __str__(self) -> str:
        """Return the grid as plain text fit for a terminal, one line for each row."""
        widths = self._widths()
        lines = [self._line(self.headings, widths), RULE * self.width]
        lines += [self._line(row, widths) for row in self.rows]
        return "\n".join(lines)

    def _line(self, texts: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            text.ljust(width) if place < self.left else text.rjust(width)
            for place, (text, width) in enumerate(zip(map(printable, texts), widths, strict=True))
        ]
        return GAP.join(cells).rstrip()
