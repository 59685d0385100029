"""Pages of comparisons: ratios, round by round, and the most that their median may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pictures
from report import aligned, write_result
from rounds import Quartiles


@dataclass(frozen=True)
class Comparison:
    """The ratios of one comparison, and its bar if it has one.

    ``shown`` are further cells of its line in the table, ``more`` further columns of its CSV.
    """

    label: str
    ratios: list[float]
    bar: float | None
    shown: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def judged(self) -> str:
        """Whether the median meets the bar; empty where there is none."""
        if self.bar is None:
            return ""
        return "met" if Quartiles.of(self.ratios).median <= self.bar else "missed"

    @property
    def line(self) -> list[str]:
        """Its line in the table."""
        bar = "" if self.bar is None else f"{self.bar:g}: {self.judged}"
        return [self.label, *self.shown, str(Quartiles.of(self.ratios)), bar]

    @property
    def record(self) -> dict[str, Any]:
        """Its line in the CSV."""
        found = Quartiles.of(self.ratios)
        return {
            "comparison": self.label,
            **self.more,
            "ratio": found.median,
            "ratio_low": found.low,
            "ratio_high": found.high,
            "bar": "" if self.bar is None else self.bar,
            "met": self.judged,
            "rounds": len(self.ratios),
        }


def write_comparisons(
    path: Path, title: str, how: str, heads: Sequence[str], found: Sequence[Comparison]
) -> None:
    """Write table, numbers and picture under this name; the last of ``heads`` is the ratio's."""
    strips = [pictures.Strip(one.label, one.ratios, one.bar) for one in found]
    pictures.strips(path.with_suffix(".png"), title, heads[-1], strips)
    table = aligned([*heads, "bar, at most"], [one.line for one in found])
    write_result(path, title, [how, table], [one.record for one in found])
