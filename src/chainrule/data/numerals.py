"""How numbers are written: marks between digits, signs of currency, units, codes with zeros.

A column of text is looked at as a whole, by its different values: which of them are numbers if the
decimal mark is a point, which if it is a comma, and what all of them have in front or behind.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.columns import TextArray, sampled
from chainrule.data.odd_texts import MOST_ODD_TEXTS

if TYPE_CHECKING:
    import polars

NUMBER_SHARE = 0.9
FEWEST_CELLS_FOR_ODD = 10
SMALL_SHARE = 0.25

_GAPS = "'\u2019 \u00a0\u202f\u2009"
_CURRENCIES = (
    "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|TRY|KRW|RUB"
)
_NUMERAL = (
    rf"^(?P<sign>[+\-\u2212]?)\s?(?P<front>(?:[$€£¥]|{_CURRENCIES})?)\s?(?P<inner>[+\-\u2212]?)"
    rf"(?P<body>(?:\d|[.,]\d)[\d.,{_GAPS}]*?)(?P<power>(?:[eE][+\-]?\d+)?)"
    r"\s?(?P<unit>%|[$€£¥]|[\p{L}°µ][\p{L}°µ²³/]*|)$"
)
# Whatever begins otherwise is no number.
_LIKE_A_NUMBER = re.compile(
    rf"\(?\s?[+\-\u2212]?\s?(?:[$€£¥]|{_CURRENCIES})?\s?[+\-\u2212]?[.,]?\d"
)
_GAP = rf"[{_GAPS}]"
_POINT = rf"^(?:\d+|\d{{1,3}}(?:,\d{{3}})+|\d{{1,3}}(?:{_GAP}\d{{3}})+|)(?:\.\d*)?$"
_COMMA = rf"^(?:\d+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:{_GAP}\d{{3}})+|)(?:,\d*)?$"
_LEADING_ZERO = r"^[+\-]?0\d+$"
# A whole number, or one with a point that cannot stand between thousands; both as computers write.
_PLAIN = r"^-?(?:0|[1-9]\d*)(?:\.(?:\d{0,2}|\d{4,}))?$"
_FIXED_POINT = r"\.(?:\d{0,2}|\d{4,})(?:[eE].*)?$"


@dataclass(frozen=True, eq=False)
class Numerals:
    """The different texts of a column that is numbers, if not plainly so.

    ``frame`` has for each text (polars columns): ``text``, ``count`` of cells, ``point`` and
    ``comma``, the number that it spells under each decimal mark or null. ``affix`` is what all of
    them have: ("$", "") in front or ("", "kg") behind. ``cells`` counts the present cells. Plain
    numbers are not in ``frame``, of which a long table has very many: ``whole`` counts those
    without a point, and ``pointed`` are the others.
    """

    frame: polars.DataFrame
    affix: tuple[str, str]
    cells: int
    whole: int
    pointed: polars.Series

    def spelled(self, mark: str) -> int:
        """Return how many cells are numbers under a decimal mark."""
        found = self.frame.filter(self.frame[_column(mark)].is_not_null())["count"].sum()
        return int(found) + self.whole + (len(self.pointed) if mark == "." else 0)

    def only(self, mark: str) -> bool:
        """Whether some cell is a number under this decimal mark and not under the other."""
        if mark == "." and len(self.pointed):
            return True
        other = self.frame[_column("," if mark == "." else ".")]
        return bool((self.frame[_column(mark)].is_not_null() & other.is_null()).any())

    def doubtful(self) -> str | None:
        """Return a text that is one number under a point and another under a comma, or None."""
        apart = self.frame.filter(self.frame["point"] != self.frame["comma"])
        return None if apart.is_empty() else str(apart["text"].min())

    def with_mark(self) -> str | None:
        """Return a number with a comma in it, or None."""
        numbers = self.frame.filter(self.frame["text"].str.contains(",", literal=True))
        usable = numbers["point"].is_not_null() | numbers["comma"].is_not_null()
        return None if not usable.any() else str(numbers.filter(usable)["text"].min())

    def grouped(self, mark: str) -> polars.DataFrame:
        """Return the rows of ``frame`` with the other mark between thousands, as in "1,234.5"."""
        other = "," if mark == "." else "."
        has_mark = self.frame["text"].str.contains(other, literal=True)
        return self.frame.filter(has_mark & self.frame[_column(mark)].is_not_null())

    def unclear(self, mark: str) -> list[str]:
        """Return texts with a mark between thousands, where each of them may be a decimal mark."""
        texts = self.grouped(mark)
        other = texts[_column("," if mark == "." else ".")]
        return [] if other.has_nulls() else texts["text"].to_list()

    def has_gaps(self) -> bool:
        """Whether blanks or apostrophes stand between the digits of a number."""
        return bool(self.frame["text"].str.contains(rf"\d{_GAP}\d").any())

    def has_brackets(self) -> bool:
        """Whether a number in brackets is one below zero."""
        usable = self.frame.filter(
            self.frame["point"].is_not_null() | self.frame["comma"].is_not_null()
        )
        return bool(usable["text"].str.starts_with("(").any())

    def value(self, text: str, mark: str) -> float | None:
        """Return the number that one of the texts spells under a decimal mark, or None."""
        found = self.frame.filter(self.frame["text"] == text)[_column(mark)]
        return None if found.is_empty() else found[0]

    def odd(self, mark: str) -> dict[str, int]:
        """Return the texts that are no number under a decimal mark, and how many cells each."""
        rest = self.frame.filter(self.frame[_column(mark)].is_null()).select("text", "count")
        if mark == ",":
            rest = rest.vstack(self.pointed.value_counts(name="count"))
        return dict(rest.sort("text").rows())

    def is_number_under(self, mark: str) -> bool:
        """Whether a column like this is numbers: all cells, or all but a few odd texts."""
        spelled = self.spelled(mark)
        if spelled == self.cells:
            return spelled > 0
        enough = self.cells >= FEWEST_CELLS_FOR_ODD and spelled >= NUMBER_SHARE * self.cells
        return enough and len(self.odd(mark)) <= MOST_ODD_TEXTS

    def numbers(self, cells: polars.Series, mark: str) -> polars.Series:
        """Return the numbers that cells spell, null for one that is missing or odd."""
        import polars

        if not self.whole and self.pointed.is_empty():
            return self._looked_up(cells, mark)
        others = ~cells.str.contains(_PLAIN).fill_null(False)
        if mark == ",":
            others |= cells.str.contains(".", literal=True).fill_null(False)
        numbers = cells.cast(polars.Float64, strict=False)
        places = others.arg_true()
        return numbers.scatter(places, self._looked_up(cells.gather(places), mark))

    def _looked_up(self, cells: polars.Series, mark: str) -> polars.Series:
        import polars

        if self.frame.is_empty():
            return polars.Series(cells.name, [None] * len(cells), dtype=polars.Float64)
        return cells.replace_strict(
            self.frame["text"],
            self.frame[_column(mark)],
            default=None,
            return_dtype=polars.Float64,
        )


def plain_numbers(cells: polars.DataFrame) -> polars.DataFrame:
    """Return the numbers that cells spell with digits, a point and an exponent; null for others."""
    import polars

    return cells.select(polars.all().cast(polars.Float64, strict=False))


def leading_zeros(cells: polars.DataFrame) -> tuple[bool, ...]:
    """Say of each column if a cell is a whole number that begins with 0 as codes do: "007"."""
    import polars

    found = cells.select(polars.all().str.contains(_LEADING_ZERO).any())
    return tuple(bool(one) for one in found.row(0))


def has_points(cells: polars.Series) -> bool:
    """Whether some cell has a point that cannot stand between thousands, as in "1.5"."""
    return bool(cells.str.contains(_FIXED_POINT).any())


def numerals_in(cells: polars.Series, forced: bool = False, unit: str = "") -> Numerals | None:
    """Return how the numbers of a column are written, or None where it is no column of numbers.

    ``cells`` are stripped strings, null where missing. With ``forced`` any share of numbers makes
    them one, and leading zeros do too. ``unit`` is the one of an earlier file, which is looked for
    first.
    """
    present = cells.drop_nulls().rename("text")
    plain = present.str.contains(_PLAIN)
    rest = present.filter(~plain)
    with_digits = len(present) - len(rest) + int(rest.str.contains(r"\d").sum())
    if not with_digits or (not forced and with_digits < NUMBER_SHARE * len(present)):
        return None
    found, zeros = _numerals(rest, present.filter(plain), unit)
    if found.affix[1] == "%" and len(rest) < len(present):
        # 0.05 beside 5 % is no per cent.
        found, zeros = _numerals(present, present.clear(), unit)
    if forced:
        return found if any(map(found.spelled, (".", ","))) else None
    return found if not zeros and any(map(found.is_number_under, (".", ","))) else None


def _numerals(texts: polars.Series, plain: polars.Series, unit: str) -> tuple[Numerals, bool]:
    """Return how numbers are written in texts of which each is looked at, and in plain ones.

    The second says whether one of them begins with 0 as codes do.
    """
    counts = texts.value_counts(name="count")
    parts = _signed(counts["text"], len(plain) > 0).str.extract_groups(_NUMERAL).struct.unnest()
    matched = parts["body"].is_not_null()
    found = parts.filter(matched)
    affix = _common_affix(found, counts["count"].filter(matched), len(plain), unit)
    fits = matched & (parts["front"] == affix[0]) & (parts["unit"] == affix[1])
    if affix[1] != "%":
        # A unit that is left out is the same one.
        fits |= matched & (parts["front"] == "") & (parts["unit"] == "")
    frame = counts.with_columns(
        _values(parts, _POINT, ".", fits).alias("point"),
        _values(parts, _COMMA, ",", fits).alias("comma"),
    )
    pointed = plain.filter(plain.str.contains(".", literal=True))
    whole = len(plain) - len(pointed)
    zeros = bool((fits & parts["body"].str.contains(r"^0\d")).any())
    return Numerals(frame, affix, len(texts) + len(plain), whole, pointed), zeros


def share_of_numbers(texts: TextArray) -> float:
    """Return what share of the texts that are present are numbers, written in one way.

    Where some of them at equal distances say that it is small, it is 0.
    """
    import polars

    sample = sampled(texts)
    if sum(_LIKE_A_NUMBER.match(text) is not None for text in sample) <= SMALL_SHARE * len(sample):
        return 0.0
    series = polars.Series(texts.tolist(), dtype=polars.String).drop_nulls()
    found = numerals_in(series, forced=True)
    return 0.0 if found is None else max(map(found.spelled, (".", ","))) / found.cells


def _signed(texts: polars.Series, beside_others: bool) -> polars.Series:
    """Return texts with the minus that bookkeepers write as brackets: "(1,125.43)".

    Where every number has brackets, and they are not ``beside_others`` that have none, they number
    something and are no sign.
    """
    brackets = texts.str.contains(r"^\([^()]*\d[^()]*\)$")
    if not beside_others and not texts.filter(~brackets).str.contains(r"\d").any():
        return texts
    return texts.str.replace(r"^\(([^()]*\d[^()]*)\)$", "-${1}")


def _common_affix(
    parts: polars.DataFrame, counts: polars.Series, plain: int, unit: str
) -> tuple[str, str]:
    """Return what most cells have in front of and behind the number; ``plain`` have nothing.

    What is the ``unit`` of an earlier file comes before all others.
    """
    grouped = parts.select("front", "unit").with_columns(counts.alias("count"))
    totals = Counter({("", ""): plain})
    for front, behind, count in grouped.group_by("front", "unit").sum().rows():
        totals[front, behind] += count
    return max(totals, key=lambda affix: ("".join(affix) == unit != "", totals[affix], *affix))


def _values(parts: polars.DataFrame, pattern: str, mark: str, fits: polars.Series) -> polars.Series:
    """Return the number that each text spells under a decimal mark, null for none."""
    import polars

    body = parts["body"].str.strip_chars()
    valid = fits & body.str.contains(pattern)
    digits = body.str.replace_all(_GAP, "").str.replace_all(
        "," if mark == "." else ".", "", literal=True
    )
    signs = (parts["sign"] + parts["inner"]).str.replace_all("\u2212", "-")
    one_sign = signs.str.len_chars() <= 1
    plain = signs + digits.str.replace_all(mark, ".", literal=True) + parts["power"]
    numbers = plain.cast(polars.Float64, strict=False)
    return numbers.set(~(valid & one_sign).fill_null(False), None)


def _column(mark: str) -> str:
    return "point" if mark == "." else "comma"


def as_array(values: polars.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a series of numbers as an array of float64, NaN where it is null."""
    array = values.fill_null(float("nan")).to_numpy(writable=True)
    return np.asarray(array, dtype=np.float64)
