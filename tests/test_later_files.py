"""A later file is read as the one of the training was, or refused where that is in doubt."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.data.choices import Choices
from chainrule.data.columns import object_array
from chainrule.data.date_column import DateColumn
from chainrule.data.dates import SHORT_YEAR_FIRST, DateForm, date_form, days_of, written_day
from chainrule.data.fields import CategoryColumn
from chainrule.data.kinds import decide_kinds
from chainrule.data.preparation import Preparation
from chainrule.data.reading import Reading
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.errors import DataError
from chainrule.training.tables.door import plan_table
from chainrule.views.predictions import predictions_of

ROWS = 24


def read(cells: list[str], like: Reading | None = None, **choices: Any) -> Table:
    """Return the table of one column of cells, beside numbers and two classes."""
    lines = [f"{cell}|{row % 7}|{'ab'[row % 2]}" for row, cell in enumerate(cells)]
    data = "\n".join(["v|w|y", *lines, ""])
    return read_table(io.BytesIO(data.encode()), Choices(**choices), like)


def repeated(cells: list[str]) -> list[str]:
    return (cells * ROWS)[:ROWS]


def fitted(table: Table, **choices: Any) -> Preparation:
    kinds = decide_kinds(table, "y", Choices(**choices))
    return Preparation.fit(table, "y", np.arange(table.rows), kinds=kinds)


def refusal(first: Table, later: Table, **choices: Any) -> DataError:
    with pytest.raises(DataError) as refused:
        fitted(first, **choices).inputs(later)
    return refused.value


# ---------------------------------------------------------------- units

SHARES = [f"{share}.3 %" for share in range(20, 20 + ROWS)]


@pytest.mark.parametrize("cells", [["0.573", "0.4"], ["1"], ["57.3", ""], ["1,573.5"]])
def test_per_cents_are_no_plain_numbers_later(cells: list[str]) -> None:
    first = read(SHARES)
    error = refusal(first, read(cells, first.reading))
    assert error.cause == "Column 'v' is without a unit, and in training it was in '%'."
    assert error.remedy == "Give it in '%': 0.573 is 57.3 %."


def test_per_cents_are_no_numbers_of_a_frame() -> None:
    first = read(SHARES)
    later = table_from_frame({"v": [0.573, 0.4], "w": [1, 2]}, like=first.reading)
    assert "without a unit" in refusal(first, later).cause
    empty = table_from_frame({"v": [np.nan, np.nan], "w": [1, 2]}, like=first.reading)
    assert not empty.doubts


def test_plain_numbers_are_no_per_cents_later() -> None:
    first = read([f"0.{share}" for share in range(20, 20 + ROWS)])
    error = refusal(first, read(["57.3 %"], first.reading))
    assert error.cause == "Column 'v' is in '%', and in training it was without a unit."
    assert error.remedy == "Give it without a unit."


@pytest.mark.parametrize(
    ("first", "cells", "wrong"),
    [
        (SHARES, ["57.3 %", "", "0.573", "0.4"], "0.573"),
        (SHARES, ["57.3 %", "58 %", "much"], "much"),
        ([f"{row}.5 kg" for row in range(ROWS)], ["57.3 kg", "9", "12 lb"], "12 lb"),
    ],
)
def test_a_cell_in_another_unit_than_the_others_is_named(
    first: list[str], cells: list[str], wrong: str
) -> None:
    table = read(first)
    unit = first[0].split()[1]
    error = refusal(table, read(cells, table.reading))
    assert error.cause == (
        f"Column 'v' has {wrong!r} in row 3, and in training it was in {unit!r}."
    )


def test_what_is_written_as_before_is_in_no_doubt() -> None:
    first = read(SHARES)
    assert not read(SHARES[:3], first.reading).doubts
    assert not read(["", ""], first.reading).doubts
    weights = read([f"{weight}.5 kg" for weight in range(ROWS)])
    later = read(["12.5", "13"], weights.reading)
    assert not later.doubts
    assert later.columns["v"].tolist() == [12.5, 13]


def test_a_column_that_is_not_used_may_be_in_doubt() -> None:
    first = read(SHARES)
    preparation = fitted(first, drop="v")
    assert preparation.inputs(read(["0.573"], first.reading)).shape == (1, 1)


def test_a_test_table_of_parts_for_per_cents_is_refused(tmp_path: Path) -> None:
    for name, cells in (("first.csv", SHARES * 2), ("test.csv", ["0.573", "0.41"] * 12)):
        rows = [f"{cell},{'ab'[row % 2]}" for row, cell in enumerate(cells)]
        (tmp_path / name).write_text("\n".join(["v,y", *rows, ""]))
    with pytest.raises(DataError, match=r"In the test table: Column 'v' is without a unit"):
        cr.train_table(
            tmp_path / "first.csv", "y", test=tmp_path / "test.csv", epochs=2, progress=False
        )


# ---------------------------------------------------------------- marks between thousands

POINTS = [f"{row}.{100 + row}" for row in range(1, ROWS + 1)]
COMMAS = [f"{row},{100 + row}5" for row in range(1, ROWS + 1)]


@pytest.mark.parametrize(
    ("first", "cell", "readings"),
    [
        (POINTS, "1,234", "1234 or 1.234"),
        (POINTS, "99,500", "99500 or 99.5"),
        (POINTS, "-1,234", "-1234 or -1.234"),
        (COMMAS, "1.234", "1234 or 1,234"),
        ([str(row) for row in range(2, 2 + 2 * ROWS, 2)], "1,234", "1234 or 1.234"),
    ],
)
def test_a_mark_that_training_never_saw_between_thousands(
    first: list[str], cell: str, readings: str
) -> None:
    table = read(first)
    assert table.reading.thousands == ()
    error = refusal(table, read([first[0], cell], table.reading))
    assert error.cause == (
        f"Column 'v' has {cell!r} in row 2, which may be {readings}: in training no mark stood "
        "between thousands."
    )
    assert error.remedy == f"Write {readings}."


def test_a_mark_that_training_saw_between_thousands_is_one_later() -> None:
    grouped = read([*POINTS, "1,234.5"])
    assert grouped.reading.thousands == (",",)
    assert read(["1,234"], grouped.reading).columns["v"].tolist() == [1234]
    assert not read(["1,234"], grouped.reading).doubts
    again = Reading.from_record(json.loads(json.dumps(grouped.reading.to_record())))
    assert again == grouped.reading
    plain = read(POINTS)
    for cells in (["99,50"], ["1,234.5", "1,234"], ["1,234,567"], ["1234"]):
        assert not read(cells, plain.reading).doubts
    # Who says what the decimal mark is has said it of later files too.
    assert not read(["1,234"], plain.reading, decimal=".").doubts


def test_a_unit_that_is_left_out_of_most_cells_is_the_same_one() -> None:
    first = read([f"{row}.250,50 €" for row in range(1, ROWS + 1)])
    later = read(["1.250", "1.250", "1250,00 €"], first.reading)
    assert later.columns["v"].tolist() == [1250, 1250, 1250]
    assert not later.doubts


# ---------------------------------------------------------------- categories that read as numbers


def test_equal_numbers_are_one_category() -> None:
    first = read(repeated(["<0.5", "<0.5", "0.7", "1", "x", "+-"]))
    preparation = fitted(first)
    column = preparation.columns[0]
    assert isinstance(column, CategoryColumn)
    later = read(["0.70", "0.7", "1.0", "<0.5", "0.71", ""], first.reading)
    inputs = preparation.inputs(later)[:, : len(column.input_names)]
    assert inputs[0].tolist() == inputs[1].tolist()
    assert inputs[0, column.levels.index("0.7")] == 1
    assert inputs[2, column.levels.index("1")] == 1
    assert inputs[4].sum() == 0
    assert preparation.unseen(later) == {"v": ("0.71",)}


def test_values_that_are_no_kept_category_are_noted(tmp_path: Path) -> None:
    cells = [*(["<0.5", "0.7", "n"] * 16), "0.8", "0.9"]
    rows = [f"{cell},{row % 9},{'ab'[row % 2]}" for row, cell in enumerate(cells)]
    (tmp_path / "first.csv").write_text("\n".join(["v,w,y", *rows, ""]))
    run = cr.train_table(tmp_path / "first.csv", "y", epochs=2, progress=False)
    (tmp_path / "later.csv").write_text("v,w\n0.70,1\n7.5,2\n<0.5,3\n")
    assert predictions_of(run, tmp_path / "later.csv").notes == (
        "'v' holds '7.5', none of the categories that training kept; they count as '(other)'.",
    )


def test_equal_numbers_of_a_test_table_are_no_new_category() -> None:
    columns = {"v": ["<0.5", "0.7", "n"] * 16, "y": ["a", "b"] * 24}
    test = {"v": ["0.70", "7.5", "n", "<0.5"] * 3, "y": ["a", "b"] * 6}
    plan = plan_table(columns, "y", Choices(), 0, test)
    (said,) = (one.text for one in plan.decisions if "never seen" in one.text)
    assert said == (
        "1 value in 3 rows of the test table never seen in training ('7.5'): counted as no category"
    )


# ---------------------------------------------------------------- dates

ISO = [f"2021-02-{day:02}" for day in range(1, ROWS + 1)]
NAMED = [f"{day:02}-Mar-22" for day in range(1, ROWS + 1)]


@pytest.mark.parametrize(
    ("first", "cell"),
    [
        (ISO, "03/02/2021"), (ISO, "25.12.2021"), (ISO, "21-02-04"),
        (NAMED, "03/04/2022"), (NAMED, "03/04/22"),
    ],
)  # fmt: skip
def test_a_date_of_an_order_that_training_never_saw_is_refused(first: list[str], cell: str) -> None:
    table = read(first)
    error = refusal(table, read([first[0], cell], table.reading))
    assert error.cause == (
        f"Column 'v' has {cell!r} in row 2, and no date of the training says whether its day or "
        "its month is first."
    )
    assert error.remedy == f"Write it like the dates of the training, such as {first[0]!r}."


def test_dates_that_leave_no_doubt_may_be_written_otherwise() -> None:
    preparation = fitted(read(ISO))
    assert isinstance(preparation.columns[0], DateColumn)
    again = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert again == preparation
    expected = preparation.inputs(read(["2021-02-04"]))
    for cell in ("4 Feb 2021", "2021/2/4", "20210204"):
        table = read([cell], read(ISO).reading)
        np.testing.assert_array_equal(preparation.inputs(table), expected)


SHORT = [f"21-02-{day:02}" for day in range(1, ROWS + 1)]


def test_a_short_year_comes_first_where_it_is_chosen_to() -> None:
    assert date_form(object_array(SHORT), "ymd") == DateForm(SHORT_YEAR_FIRST, True)
    assert date_form(object_array(SHORT)) == DateForm("dmy", True, True)
    assert date_form(object_array(SHORT), "dmy") == DateForm("dmy", True)
    days, wrong = days_of(object_array(["21-02-04", "99-12-31", "2021-02-04"]), SHORT_YEAR_FIRST)
    assert list(map(written_day, days)) == ["2021-02-04", "1999-12-31", "2021-02-04"]
    assert not wrong.any()
    # A day of the month cannot be 85.
    assert date_form(object_array(["85-02-04", "21-02-04"])) == DateForm(SHORT_YEAR_FIRST, True)
    assert date_form(object_array(["13/02/2021"]), "ymd") == DateForm("dmy", True)


def test_a_year_that_may_come_first_is_said_with_the_option() -> None:
    said = {one.option: one.text for one in decide_kinds(read(SHORT), "y").decisions}
    assert said["--dates ymd"] == (
        "the year may as well come first (as in '21-02-01'): it is taken to come last"
    )
    kinds = decide_kinds(read(SHORT, dates="ymd"), "y", Choices(dates="ymd"))
    assert kinds.date_orders == {"v": SHORT_YEAR_FIRST}
    assert kinds.decisions[0].text.startswith("dates from 2021-02-01 to 2021-02-24")
    assert "--dates ymd" not in [one.option for one in kinds.decisions]
    preparation = fitted(read(SHORT), dates="ymd")
    assert Preparation.from_dict(preparation.to_dict()) == preparation


@pytest.mark.parametrize(
    ("cells", "said", "option"),
    [
        (ISO, "dates from 2021-02-01 to 2021-02-24, read as year, month, day", ""),
        (["01/02/2021", "03/04/2021"] * 12,
         "dates from 2021-01-02 to 2021-03-04, read as month, day, year", "--dates dmy"),
        (SHORT, "dates from 2001-02-21 to 2024-02-21, read as day, month, year", "--dates ymd"),
        ([f"202102{day:02}" for day in range(1, ROWS + 1)],
         "dates from 2021-02-01 to 2021-02-24, read as year, month, day", ""),
    ],
)  # fmt: skip
def test_the_order_of_time_is_said(cells: list[str], said: str, option: str) -> None:
    first = decide_kinds(read(cells), "y", Choices(time="v")).decisions[0]
    assert first.text == f"rows are in its order; it is no longer an input; {said}"
    assert (first.kind, first.option) == ("time", option)


# ---------------------------------------------------------------- what is said of a later file


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("run") / "first.csv"
    rows = [f"p{row},{row * 0.5},{'nf'[row % 2]},{'ab'[row % 3 > 0]}" for row in range(40)]
    path.write_text("\n".join(["name,v,w,y", *rows, ""]))
    return cr.train_table(path, "y", epochs=2, progress=False)


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        (b"name,v,w\nA,1.5,n\nB,2,f\n", ()),
        (b"name,v,w\nZo\xeb,1.5,n\n",
         ("the file: read as Windows-1252, because it is not UTF-8.",)),
        (b"name,v,w\nA,1.5,n\n,,\nB,2,f\n,,\n",
         ("rows: 1 empty row at the end left out.",
          "row 2 has no value in any input, and nothing to be predicted from.")),
        (b"name,v,w\nA,,\n,,\nB,2,f\nSource: registry,,\n",
         ("3 rows (1, 2, 4) have no value in any input, and nothing to be predicted from.",)),
        (b'name,v,w\nA,"1,234.5",n\n',
         ("the file: the point is the decimal mark in 'v', '1,234.5' is 1234.5.",)),
    ],
)  # fmt: skip
def test_what_is_otherwise_in_a_later_file_is_noted(
    run: Any, tmp_path: Path, content: bytes, notes: tuple[str, ...]
) -> None:
    (tmp_path / "later.csv").write_bytes(content)
    made = predictions_of(run, tmp_path / "later.csv")
    assert made.notes == notes
    assert all(row[1] in ("a", "b") for row in made.rows)


def test_what_was_so_in_training_is_not_noted(tmp_path: Path) -> None:
    rows = [f"Zo\xeb;{row},5;{'ab'[row % 2]}" for row in range(40)]
    path = tmp_path / "first.csv"
    path.write_bytes("\n".join(["v;w;y", *rows, ";;", ""]).encode("cp1252"))
    assert predictions_of(cr.train_table(path, "y", epochs=2, progress=False), path).notes == ()
