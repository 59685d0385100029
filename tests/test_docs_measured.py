"""What the pages take from measured results: every quoted table is there, every optimizer has its
line, and the words say what the rows do."""

from __future__ import annotations

import csv
import inspect
import re
import sys
from pathlib import Path

import pytest

from chainrule.optimizers import BUILT_IN, OPTIMIZERS

sys.path.append(str(Path(__file__).resolve().parent.parent / "docs"))

import measured

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "articles.md").read_text("utf-8")
OPTIMIZERS_PAGE = (ROOT / "docs" / "optimizers.md").read_text("utf-8")
RESULT = """# A title

| a | b |
|---|--:|
| x | 1 |

## small: few rows

Words.

| c |
|---|
| 2 |

| d |
|---|
| 3 |

## small ones

| e |
|---|
| 4 |
"""


def test_every_table_that_the_page_quotes_is_in_the_results() -> None:
    markers = measured.MARKER.findall(PAGE)
    assert len(markers) >= 6
    assert len(markers) == PAGE.count("<!-- table")
    shown = measured.with_tables(PAGE)
    assert "<!-- table" not in shown
    lines = [line for line in shown.splitlines() if line.startswith("|")]
    for name, _, _ in markers:
        result = (measured.RESULTS / f"{name}.md").read_text("utf-8")
        assert "This is a trial" not in result
        assert any(line in result.splitlines() for line in lines)


@pytest.mark.parametrize(
    ("heading", "number", "cell"), [("", 1, "x"), ("small", 1, "2"), ("small", 2, "3"),
                                    ("small ones", 1, "4")]
)  # fmt: skip
def test_a_table_is_found_by_heading_and_place(heading: str, number: int, cell: str) -> None:
    found = measured.table_of(RESULT, heading, number).splitlines()
    assert len(found) == 3
    assert found[2].startswith(f"| {cell} ")


@pytest.mark.parametrize(("heading", "number"), [("", 2), ("small", 3), ("none", 1)])
def test_a_table_that_is_not_there_is_an_error(heading: str, number: int) -> None:
    with pytest.raises(LookupError, match="no table"):
        measured.table_of(RESULT, heading, number)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_optimizer_has_formula_constants_source_use_and_its_line(name: str) -> None:
    block = OPTIMIZERS[name]
    assert block.formula.strip()
    assert inspect.signature(block).parameters
    assert re.search(r"\b(1[89]|20)\d\d\b", inspect.getdoc(block) or "")
    assert measured.uses_in(OPTIMIZERS_PAGE)[name]
    lines = measured.races()[name]
    for problem in ("small", "medium"):
        assert any(one.startswith(problem) for one in lines)
    for one in lines:
        assert re.search(r"\d+ of \d+ starts to 0\.\d+", one)


def test_a_line_says_what_the_rows_do(tmp_path: Path) -> None:
    path = tmp_path / "races.csv"
    names = ["problem", "algorithm", "optimizer", "constant", "rough_goal", "rough_epochs",
             "rough_ms", "close_goal", "close_epochs", "close_ms"]  # fmt: skip
    begin = ["small", "adam", "adam", "rate 0.1*"]
    batches = ["small", "adam, batches of 32", "adam", "rate 0.3"]
    never = ["small", "bfgs", "bfgs", ""]
    rows = [
        [*begin, 0.1, 5, 1.0, 0.01, 50, 12.345],
        [*begin, 0.1, 6, 2.0, 0.01, "", ""],
        [*begin, 0.1, 7, 3.0, 0.01, 70, 20.0],
        [*batches, 0.1, 8, 4.0, 0.01, 9, 0.12345],
        [*batches, 0.1, 8, 1234.5, 0.01, "", ""],
        [*never, 0.1, "", "", 0.01, "", ""],
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    assert measured.races(path) == {
        "adam": [
            "small: 2 of 3 starts to 0.01, median 70 epochs, 20.0 ms (rate 0.1)",
            # Half of the starts never reach the close goal, so that the rough one is told.
            "small, batches of 32: 2 of 2 starts to 0.1, median 8 epochs, 1,234 ms (rate 0.3)",
        ],
        "bfgs": ["small: 0 of 1 starts to 0.1"],
    }
