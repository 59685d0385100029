"""How delimited text is laid out: its lines, its delimiter, what stands above, and the header."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.data.columns import MISSING_MARKERS
from chainrule.data.dates import YEARS

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
LINES_LOOKED_AT = 100
FEWEST_ROWS_OF_TEXT = 5
FIGURES_SHARE = 0.8
LONGEST_FIGURES = 60
# A number or a date, with a sign, a currency or a per cent; no letters but those of 1e-5 and a Z.
FIGURES = re.compile(r"[-+]?[$€£¥]?\s?[\d.,]*\d[\d.,:/'\s T+-]*(?:[eE][-+]?\d+)?Z?\s?[%$€£¥]?")

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of a text outside its quotation marks.

    ``text`` holds its bytes, uint8; ``outside`` says of each whether it is outside quotation marks;
    ``starts`` and ``ends`` are the places of each line's first byte and of its line end.
    """

    text: NDArray[np.uint8]
    outside: Flags
    starts: Places
    ends: Places

    @classmethod
    def of(cls, data: bytes) -> Lines:
        """Return the lines of UTF-8 text that ends in a line end."""
        text = np.frombuffer(data, dtype=np.uint8)
        outside = ~np.logical_xor.accumulate(text == ord('"'))
        ends = np.flatnonzero((text == ord("\n")) & outside)
        starts = np.concatenate((np.zeros(1, dtype=ends.dtype), ends[:-1] + 1))
        return cls(text, outside, starts[: len(ends)], ends)

    @property
    def closed(self) -> bool:
        """Whether every quotation mark has its second one."""
        return bool(self.outside[-1])

    @property
    def blank(self) -> Flags:
        """Which lines are empty."""
        return np.equal(self.starts, self.ends)

    def line(self, number: int) -> str:
        """Return the text of the line with this number, from 0."""
        return bytes(self.text[self.starts[number] : self.ends[number]]).decode("utf-8")

    def first(self, count: int) -> Lines:
        """Return the first ``count`` lines."""
        end = int(self.ends[min(count, len(self.ends)) - 1]) + 1
        starts, ends = self.starts[:count], self.ends[:count]
        return Lines(self.text[:end], self.outside[:end], starts, ends)

    def without(self, count: int) -> Lines:
        """Return the lines after the first ``count``."""
        begin = int(self.starts[count])
        starts, ends = self.starts[count:] - begin, self.ends[count:] - begin
        return Lines(self.text[begin:], self.outside[begin:], starts, ends)

    def widths(self, delimiter: str) -> Places:
        """Return the number of cells in each line."""
        places = np.flatnonzero((self.text == ord(delimiter)) & self.outside)
        before = np.searchsorted(places, self.ends)
        return np.diff(before, prepend=0).astype(np.int64) + 1


@dataclass(frozen=True)
class Top:
    """What a file begins with: so many lines to pass over, and whether a header comes next."""

    skipped: int
    has_header: bool


def delimiter_of(lines: Lines, like: str = "") -> str:
    """Return the delimiter of which most lines have equally many; "," where there is none.

    Of two that do as well, one that is no comma is taken: commas stand in numbers and in texts.
    """
    sample = lines.first(LINES_LOOKED_AT)
    present = ~sample.blank

    def rank(delimiter: str) -> tuple[float, bool, bool, int]:
        counts = sample.widths(delimiter)[present] - 1
        common = most_common(counts[counts > 0])
        share = float(np.mean(counts == common)) if common else 0.0
        return share, delimiter == like, delimiter != ",", common

    best = max(DELIMITERS, key=rank)
    return best if rank(best)[0] > 0 else ","


def most_common(numbers: Places) -> int:
    """Return the number that occurs most often, of several the largest; 0 for none."""
    if not numbers.size:
        return 0
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts == counts.max()].max())


def top_of(lines: Lines, delimiter: str, header: bool | None, default: bool) -> Top:
    """Return what stands above the rows.

    ``header`` says whether there is one, None that it is to be seen; ``default`` is taken where
    that cannot be seen.
    """
    sample = lines.first(LINES_LOOKED_AT)
    widths = sample.widths(delimiter)
    present = np.flatnonzero(~sample.blank)
    cells = {number: cells_of(sample.line(number), delimiter) for number in present.tolist()}
    width = most_common(widths[present])
    first = _first_line(cells, widths, width)
    skipped = 0 if first is None else first
    if header is not False and first is not None and not _may_be_above(cells, first):
        skipped = 0
    begin = int(present[present >= skipped][0])
    below = [cells[number] for number in cells if number > begin]
    vote = header_vote(cells[begin], below) if header is None else header
    return Top(begin, default if vote is None else vote)


def _first_line(cells: dict[int, list[str]], widths: Places, width: int) -> int | None:
    """Return the first line that is as wide as the table and no comment, or None.

    Spreadsheets fill titles up with empty cells, so that of lines that are as wide, the first one
    with text in most of its cells comes before one with less.
    """
    wide: list[int] = []
    for number, line in cells.items():
        comment = line[0].startswith("#") and (width == 1 or widths[number] != width)
        if widths[number] == width and not comment:
            if 2 * sum(1 for cell in line if cell.strip()) > width:
                return number if _titles_above(cells, wide) else wide[0]
            wide.append(number)
    return wide[0] if wide else None


def _titles_above(cells: dict[int, list[str]], wide: list[int]) -> bool:
    """Whether these lines hold one text each at most: titles, and no rows of missing values."""
    return all(sum(1 for cell in cells[number] if cell.strip()) <= 1 for number in wide)


def _may_be_above(cells: dict[int, list[str]], first: int) -> bool:
    """Whether the lines above this one may be passed over: comments, or titles above names."""
    above = [line for number, line in cells.items() if number < first]
    if all(line[0].startswith("#") for line in above):
        return True
    names = [cell for cell in cells[first] if cell.strip()]
    return bool(names) and not any(has_figures(cell) for cell in names)


def cells_of(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line; where its quotation is at fault, as far as they can be told."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [""]) or [""]
    except csv.Error:
        return line.split(delimiter)


def has_figures(cell: str) -> bool:
    """Whether a cell reads like a number or a date."""
    return len(cell) <= LONGEST_FIGURES and FIGURES.fullmatch(cell.strip()) is not None


def header_vote(first: list[str], below: list[list[str]]) -> bool | None:
    """Say whether a line names the columns (True), reads like the lines below (False), or neither.

    A text above numbers is a name. A number above numbers is data, except that numbers in equal
    steps (years) may be names beside a text; texts that all occur again and again are data.
    """
    numbers, again, texts = [], [], 0
    for position, cell in enumerate(map(str.strip, first)):
        column = [row[position].strip() for row in below if len(row) > position]
        column = [value for value in column if value.lower() not in MISSING_MARKERS]
        if not column or cell.lower() in MISSING_MARKERS:
            continue
        if np.mean([has_figures(value) for value in column]) >= FIGURES_SHARE:
            if not has_figures(cell):
                return True
            numbers.append(cell)
        else:
            texts += 1
            again.append(Counter(column)[cell] >= 2)
    if numbers:
        return None if texts and not all(again) and _equal_steps(numbers) else False
    repeated = len(again) > 1 and len(again) == len(first) and all(again)
    return False if repeated and len(below) >= FEWEST_ROWS_OF_TEXT else None


def _equal_steps(cells: list[str]) -> bool:
    if len(cells) < 2 or not all(cell.isascii() and cell.isdigit() for cell in cells):
        return False
    values = [int(cell[:18]) for cell in cells]
    steps = {later - earlier for earlier, later in itertools.pairwise(values)}
    years = all(YEARS[0] <= value <= YEARS[1] for value in values)
    return len(steps) == 1 and steps != {0} and (years or len(values) > 2)
