"""What the pages take from results that were measured, and from their own tables.

Numbers are read when a page is, so that it cannot say other ones than the results. A line
`<!-- table: articles_noise, heart disease, 2 -->` stands for the second table under that heading
of benchmarks/results/articles_noise.md; without a heading, for a table above the first one.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median_high

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"
MARKER = re.compile(r"^<!-- table: (\w+)(?:, ([^,]+))?, (\d+) -->$", re.MULTILINE)
RACES = RESULTS / "articles_speed.csv"
Row = Mapping[str, str]


def with_tables(page: str, results: Path = RESULTS) -> str:
    """Return a page with the tables in place of their markers.

    Raises LookupError where a result has no such table.
    """

    def table(found: re.Match[str]) -> str:
        name, heading, number = found.groups()
        return table_of((results / f"{name}.md").read_text("utf-8"), heading or "", int(number))

    return MARKER.sub(table, page)


def table_of(result: str, heading: str, number: int) -> str:
    """Return a table of a result's page by its heading and its place under it, from 1."""
    begin, *sections = re.split(r"^## ", result, flags=re.MULTILINE)
    # What follows a colon says what the problem is.
    under = {re.split(r"[:\n]", one)[0]: one for one in sections} | {"": begin}
    tables = re.findall(r"(?:^\|.*\n?)+", under.get(heading, ""), re.MULTILINE)
    if number > len(tables):
        raise LookupError(f"There is no table {number} under {heading!r}.")
    return str(tables[number - 1]).rstrip()


def uses_in(page: str) -> dict[str, str]:
    """Return optimizer -> when to use it, from the tables of the page on optimizers."""
    found: dict[str, str] = {}
    for names, use in re.findall(r"^\| (`[^|]+?) \| ([^|]+?) \|", page, re.MULTILINE):
        # An alias stands behind the name of its optimizer: "`irprop_minus`, also called `rprop`".
        for name in re.findall(r"`(\w+)`", names.partition(", also called")[0]):
            found.setdefault(name, use)
    return found


def races(path: Path = RACES) -> dict[str, list[str]]:
    """Return optimizer -> what each of its algorithms did on each problem, in words."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = row["optimizer"], row["problem"], row["algorithm"]
            groups.setdefault(key, []).append(row)
    found: dict[str, list[str]] = {}
    for (optimizer, problem, algorithm), rows in groups.items():
        what = algorithm.removeprefix(optimizer).lstrip(", ")
        named = f"{problem}, {what}" if what else problem
        found.setdefault(optimizer, []).append(f"{named}: {_in_words(rows)}")
    return found


def _in_words(rows: list[Row]) -> str:
    """Say how many starts reached the close goal, and how soon; else the rough goal."""
    constant = rows[0]["constant"].rstrip("*")
    for which in ("close", "rough"):
        epochs, taken = (
            _middle(row[f"{which}_{what}"] for row in rows) for what in ("epochs", "ms")
        )
        if math.isfinite(taken):
            break
    reached = sum(bool(row[f"{which}_ms"]) for row in rows)
    said = f"{reached} of {len(rows)} starts to {float(rows[0][f'{which}_goal']):g}"
    if math.isfinite(taken):
        said += f", median {epochs:,.0f} epochs, {_three_figures(taken)} ms"
    return f"{said} ({constant})" if constant else said


def _middle(numbers: Iterable[str]) -> float:
    """Return the median; a start that never got there took infinitely long."""
    return median_high(float(one) if one else math.inf for one in numbers)


def _three_figures(number: float) -> str:
    places = max(0, 2 - math.floor(math.log10(number)))
    return f"{number:,.{places}f}"
