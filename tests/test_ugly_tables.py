"""Ugly tables: what people have is read, every doubtful thing is said, with what overrides it."""

from __future__ import annotations

import io
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ugly_tables import UGLY, Ugly

from chainrule.data.choices import Choices
from chainrule.data.column_names import is_named_like_id
from chainrule.data.columns import object_array
from chainrule.data.dates import date_form, days_of, written_day
from chainrule.data.decisions import KINDS, Decision
from chainrule.data.equal_rows import first_equal_row
from chainrule.data.ignoring import ignored_rows
from chainrule.data.kinds import Kinds, decide_kinds
from chainrule.data.preparation import Preparation
from chainrule.data.reading import Reading
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.errors import ChainruleError, DataError, RunFolderError, SetupError


def read(content: bytes | str, choices: Choices | None = None) -> Table:
    data = content.encode() if isinstance(content, str) else content
    return read_table(io.BytesIO(data), choices)


def plain(table: Table) -> dict[str, list[Any]]:
    return {
        name: [None if value != value else value for value in column.tolist()]
        for name, column in table.columns.items()
    }


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("written", "order", "days"),
    [
        (["31.12.21", "01.01.22", "15.06.99"], "dmy", ["2021-12-31", "2022-01-01", "1999-06-15"]),
        (["12/31/21", "01/01/22", "06/15/68"], "mdy", ["2021-12-31", "2022-01-01", "2068-06-15"]),
    ],
)
def test_years_of_two_digits(written: list[str], order: str, days: list[str]) -> None:
    found, wrong = days_of(np.array(written, dtype=object), order)
    assert [written_day(one) for one in found] == days
    assert not wrong.any()


def test_hours_before_and_after_noon() -> None:
    texts = [
        "05/02/2021 12:00 AM",
        "05/02/2021 06:09 am",
        "05/02/2021 12:30 PM",
        "05/02/2021 11:15 p.m.",
    ]
    found, wrong = days_of(np.array([*texts, "05/02/2021 13:00 PM"], dtype=object), "mdy")
    hours = (found[:4] - found[0]) * 24
    np.testing.assert_allclose(hours, [0.0, 6.15, 12.5, 23.25], atol=1e-6)
    assert wrong.tolist() == [False, False, False, False, True]


def test_money_as_books_and_banks_write_it() -> None:
    lines = ["USD 60,000|(1,125.43)|1013.14 €|5 %", "USD 7,500|20.00|900|0.05"] * 6
    table = read("front|brackets|left out|share\n" + "\n".join(lines) + "\n")
    assert table.columns["front"][:2].tolist() == [60000.0, 7500.0]
    assert table.columns["brackets"][:2].tolist() == [-1125.43, 20.0]
    assert table.columns["left out"][:2].tolist() == [1013.14, 900.0]
    assert table.columns["share"][:2].tolist() == ["5 %", "0.05"]
    texts = {one.subject: one.text for one in table.decisions}
    assert texts["front"] == "numbers with 'USD' in front, which is cut off"
    assert texts["brackets"] == "numbers, those in brackets below zero"
    numbered = read("a,b\n" + "".join(f"({row}),{row}\n" for row in range(12)))
    assert numbered.columns["a"][0] == "(0)"
    again = read_table(io.BytesIO(b"left out|x\n12|1\n"), like=table.reading)
    assert again.columns["left out"].tolist() == [12.0]
    later = read_table(io.BytesIO(b"left out|x\n12 kg|1\n"), like=table.reading)
    assert "is in 'kg', and in training it was in '€'" in str(later.doubts["left out"])


def test_titles_that_a_spreadsheet_has_filled_up_with_empty_cells() -> None:
    rows = "".join(f"{row};{row % 7};{row / 4};p\n" for row in range(12))
    table = read(f"Report of May;;;\nStand: 3.5.;;;\n;;;\na;b;c;y\n{rows}")
    assert table.names == ("a", "b", "c", "y")
    assert table.rows == 12
    assert any("3 lines above the header passed over" in one.text for one in table.decisions)
    # A first row that lacks most of its values is a row all the same.
    sparse = read("a;b;c;y\n1;;;\n" + rows)
    assert (sparse.names, sparse.rows) == (("a", "b", "c", "y"), 13)


@pytest.mark.parametrize("ugly", UGLY, ids=lambda ugly: ugly.name)
def test_an_ugly_table_is_read_and_said(tmp_path: Path, ugly: Ugly) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(ugly.data)
    table = read_table(path, ugly.choices)
    assert plain(table) == ugly.columns
    assert [(one.subject, one.text, one.option) for one in table.decisions] == ugly.said
    again = read(ugly.data, ugly.choices)
    assert (plain(again), again.decisions, again.source) == (plain(table), table.decisions, None)


def test_standard_input_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    class Given:
        buffer = io.BytesIO(b"a,y\n1,x\n2,z\n")

    monkeypatch.setattr("sys.stdin", Given)
    table = read_table("-")
    assert (table.source, plain(table)) == (None, {"a": [1, 2], "y": ["x", "z"]})


@pytest.mark.parametrize(
    ("content", "choices", "cause"),
    [
        ("a;b\n1;2\nTotal\n", Choices(), "Row 2 of the input (the header not counted) has the wrong"
         " number of cells: 1 where the header has 2."),
        ("1;2\n3;4\n5\n", Choices(), "Row 3 of the input has the wrong number of cells: 1 where the"
         " first row has 2."),
        ("a,b\n1,23\n", Choices(encoding="utf-16"),
         "the input is not encoded as utf-16: line 2 has the byte 0x0A."),
        ("a,b\n1,é\n", Choices(encoding="ascii"),
         "the input is not encoded as ascii: line 2 has the byte 0xC3."),
        ("# only\n# comments\n", Choices(), ""),
        ("sep=;\n\n", Choices(), "the input is empty."),
        ("a,b\n,\n,\n", Choices(), "the input has no row with a value."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_a_sentence(
    content: str, choices: Choices, cause: str
) -> None:
    if not cause:
        assert plain(read(content, choices)) == {"# only": ["# comments"]}
        return
    with pytest.raises(DataError) as refusal:
        read(content, choices)
    assert refusal.value.cause.startswith(cause)
    assert refusal.value.remedy.endswith(".")


def test_a_later_file_is_read_like_the_first() -> None:
    first = read("v;y\n1,5;x\n1,234;z\n")
    assert first.reading == Reading(";", "utf-8", ",", 1, texts=("y",))
    later = read_table(io.BytesIO(b"v;y\n1,234;x\n"), like=first.reading)
    assert later.columns["v"].tolist() == [1.234]
    dotted = read_table(io.BytesIO(b"v;y\n1.234;x\n"), like=first.reading)
    assert dotted.columns["v"].tolist() == [1234]
    points = read("v;y\n1.5;x\n2;z\n").reading
    later = read_table(io.BytesIO(b"v;y\n1,234;x\n"), like=points)
    assert later.columns["v"].tolist() == [1234]
    frame = table_from_frame({"v": ["1.234"]}, like=first.reading)
    assert frame.columns["v"].tolist() == [1234]


def test_a_later_file_without_a_header_is_read_like_the_first() -> None:
    first = read("1,a\n2,b\n3,a\n")
    assert first.reading.header_line == 0
    texts = b"x,a\nz,b\n"
    assert read_table(io.BytesIO(texts), like=first.reading).rows == 2
    assert read_table(io.BytesIO(texts)).rows == 1


def test_another_unit_than_in_training_is_refused() -> None:
    first = read("dose,y\n12 kg,x\n13 kg,z\n")
    assert first.reading.units == (("dose", "kg"),)
    assert first.written["dose"].tolist() == ["12 kg", "13 kg"]
    assert first.select(np.array([1])).written["dose"].tolist() == ["13 kg"]
    same = read_table(io.BytesIO(b"dose\n14 kg\n15 kg\n"), like=first.reading)
    assert same.columns["dose"].tolist() == [14, 15]
    later = read_table(io.BytesIO(b"dose\n14 lb\n15 lb\n"), like=first.reading)
    doubt = "Column 'dose' is in 'lb', and in training it was in 'kg'."
    assert later.doubts["dose"].cause == doubt


def test_the_line_of_the_header_is_known() -> None:
    assert read("# one\n\na,b\n1,2\n").reading.header_line == 3
    assert read("sep=,\na,b\n1,2\n").reading.header_line == 2
    assert read("a,b\n1,2\n").reading.header_line == 1


def test_frames_are_read_by_the_same_rules() -> None:
    frame = pd.DataFrame({"v": ["$1,200", "$3.5"], "w": [-999, 5], "zip": ["01234", "12345"]})
    table = table_from_frame(frame, choices=Choices(missing=("-999",)))
    assert plain(table) == {"v": [1200, 3.5], "w": [None, 5], "zip": ["01234", "12345"]}
    assert [(one.subject, one.kind) for one in table.decisions] == [
        ("file", "file"),
        ("v", "number"),
    ]


# ---------------------------------------------------------------- kinds


def kinds_of(columns: dict[str, list[Any]], **choices: Any) -> Kinds:
    rows = len(next(iter(columns.values())))
    table = table_from_frame({**columns, "y": (["a", "b"] * rows)[:rows]})
    return decide_kinds(table, "y", Choices(**choices))


def said(kinds: Kinds) -> list[tuple[str, str, str]]:
    return [(one.kind, one.in_words, one.option) for one in kinds.decisions]


ROWS = 24
HALVES = [row * 0.5 for row in range(ROWS)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HALVES, [("number", "numbers from 0 to 11.5", "--categorical v")]),
        ([*HALVES[2:], None, None],
         [("number", "numbers from 1 to 11.5; 2 missing, filled in and marked",
           "--categorical v")]),
        ([0, 1] * 12, [("number", "numbers from 0 to 1", "--categorical v")]),
        ([1, 2, 3, 4, 5, 3] * 4,
         [("number", "numbers from 1 to 5", "--categorical v"),
          ("hint", "5 different whole numbers, taken as a quantity", "--categorical v")]),
        ([*HALVES[4:], -999, -999, -999, 1],
         [("number", "numbers from -999 to 11.5", "--categorical v"),
          ("hint", "-999 stands in 3 rows, far from the rest (1 to 11.5); it may mean that there "
           "is no value", "--missing -999")]),
        ([*HALVES[2:], 99, 99],
         [("number", "numbers from 1 to 99", "--categorical v"),
          ("hint", "99 stands in 2 rows, far from the rest (1 to 11.5); it may mean that there is "
           "no value", "--missing 99")]),
        ([*(row * 5 + 0.5 for row in range(ROWS - 2)), 99, 99],
         [("number", "numbers from 0.5 to 105.5", "--categorical v")]),
        (list(range(5, 5 + ROWS)),
         [("identifier", "an identifier: whole numbers that rise by one; not used",
           "--numeric v")]),
        (list(range(1990, 1990 + ROWS)),
         [("number", "numbers from 1990 to 2013", "--categorical v")]),
        ([7] * ROWS, [("constant", "no other value than 7; not used", "")]),
        ([7, None] * 12,
         [("category", "7 or nothing, taken as two categories; 12 missing, filled in and marked",
           "--drop v")]),
        ([7] * (ROWS - 2) + [None, None],
         [("constant", "no other value than 7; 2 missing; not used", "")]),
        (["same"] * ROWS, [("constant", "no other value than 'same'; not used", "")]),
        ([None] * ROWS, [("empty", "no value in any row; not used", "")]),
        (["yes", None] * 12,
         [("category", "1 category ('yes'); 12 missing, filled in and marked", "--drop v")]),
        (["b", "a", "b", "c", "d", "e"] * 4,
         [("category", "5 categories ('b', 'a', 'c', 'd', ...)", "--drop v")]),
        (["Male", "male", "fe male", "female"] * 6,
         [("category", "4 categories ('Male', 'fe male', 'female', 'male')", "--drop v"),
          ("hint", "'Male', 'male' differ only in case or blanks, and 1 more case; they are taken "
           "as different", "")]),
        (["a"] * 20 + ["b", "c", "c", "d"],
         [("category", "4 categories ('a', 'c', 'b', 'd'); the 3 in fewer than 3 rows each are "
           "'(other)'", "--drop v")]),
        ([f"N{row // 2}" for row in range(ROWS)],
         [("identifier", "an identifier: 12 different texts in 24 rows; not used",
           "--categorical v")]),
        ([f"N{row}" for row in range(ROWS)],
         [("identifier", "an identifier: 24 different texts in 24 rows; not used",
           "--categorical v")]),
        ([f"the patient of day {row} was well" for row in range(ROWS)],
         [("free text", "free text of 7 words on average; not used", "--categorical v")]),
        ([f"2019-01-{day:02}" for day in range(1, ROWS + 1)],
         [("date", "dates from 2019-01-01 to 2019-01-24, taken as a number of days",
           "--categorical v"),
          ("hint", "if later rows are to be predicted from earlier ones, let it order them",
           "--time v")]),
        ([None, *(f"{day}.03.2019 08:15" for day in range(1, ROWS))],
         [("date", "dates from 2019-03-01 to 2019-03-23, taken as a number of days; 1 missing, "
           "filled in and marked", "--categorical v"),
          ("hint", "if later rows are to be predicted from earlier ones, let it order them",
           "--time v")]),
        (["01/02/2019", "03/04/2019"] * 12,
         [("date", "dates from 2019-01-02 to 2019-03-04, taken as a number of days",
           "--categorical v"),
          ("hint", "no cell tells day from month (as in '01/02/2019'): the month is taken to come "
           "first", "--dates dmy"),
          ("hint", "if later rows are to be predicted from earlier ones, let it order them",
           "--time v")]),
        (["1.2.2019", "3.4.2019"] * 12,
         [("date", "dates from 2019-02-01 to 2019-04-03, taken as a number of days",
           "--categorical v"),
          ("hint", "no cell tells day from month (as in '1.2.2019'): the day is taken to come "
           "first", "--dates mdy"),
          ("hint", "if later rows are to be predicted from earlier ones, let it order them",
           "--time v")]),
        (["2019-01-01"] * ROWS, [("constant", "no other value than 2019-01-01; not used", "")]),
    ],
)  # fmt: skip
def test_the_kind_of_a_column_is_said(values: list[Any], expected: list[Any]) -> None:
    kinds = kinds_of({"v": values, "w": HALVES})
    assert said(kinds)[:-1] == expected
    assert kinds.by_name == {"v": expected[0][0], "w": "number"}


def test_many_categories_are_said() -> None:
    kinds = kinds_of({"the city": [f"c{row % 60}" for row in range(600)]})
    text = "60 categories, the 50 most frequent are kept, the rest is '(other)'"
    assert said(kinds) == [("category", text, "--drop 'the city'")]


def test_a_column_that_numbers_groups_is_no_input() -> None:
    kinds = kinds_of({"patient_id": [row // 2 + 7 for row in range(ROWS)], "w": HALVES})
    assert kinds.by_name == {"patient_id": "identifier", "w": "number"}
    assert said(kinds)[:2] == [
        (
            "identifier",
            "an identifier: by its name, it tells groups of rows apart; not used",
            "--numeric patient_id",
        ),
        (
            "hint",
            "12 values in 24 rows; if the rows of one value belong together, keep them together",
            "--group patient_id",
        ),
    ]
    assert kinds.identifiers == ("patient_id",)
    texts = kinds_of({"userId": [f"u{row // 2}" for row in range(ROWS)], "w": HALVES})
    assert texts.by_name["userId"] == "identifier"
    few = kinds_of({"store_id": [row % 5 for row in range(ROWS)], "w": HALVES})
    assert few.by_name["store_id"] == "number"


@pytest.mark.parametrize(
    ("name", "like_id", "like_group"),
    [
        ("id", True, True), ("ID", True, True), ("patientId", True, True),
        ("PatientID", True, True), ("id_patient", True, True), ("order no", True, True),
        ("Kunden-Nr.", True, True), ("case.uuid", True, True), ("PLZ code", True, False),
        ("key", True, False), ("houseNumber", True, False), ("index", True, False),
        ("number of rooms", False, False), ("idea", False, False), ("width", False, False),
        ("no smoking", False, False), ("paid", False, False), ("", False, False),
    ],
)  # fmt: skip
def test_names_of_identifiers(name: str, like_id: bool, like_group: bool) -> None:
    assert is_named_like_id(name) is like_id
    assert is_named_like_id(name, repeated=True) is like_group


def test_options_decide() -> None:
    columns = {
        "n": list(range(ROWS)),
        "code": [f"{row:03}" for row in range(ROWS)],
        "grade": [1, 2, 3, 4] * 6,
        "who": [row // 2 for row in range(ROWS)],
        "when": [f"2019-01-{day:02}" for day in range(1, ROWS + 1)],
        "rest": HALVES,
    }
    kinds = kinds_of(columns, numeric="n", categorical=["code", "grade"], group="who", drop="rest")
    assert kinds.by_name == {
        "n": "number",
        "code": "category",
        "grade": "category",
        "who": "group",
        "when": "date",
        "rest": "dropped",
    }
    assert kinds_of(columns, time="when").by_name["when"] == "time"
    assert kinds.identifiers == ("who",)
    assert ("dropped", "not used, as was asked", "") in said(kinds)
    assert kinds_of(columns, numeric="code").by_name["code"] == "number"
    assert kinds_of(columns, dates="dmy").date_orders == {"when": "ymd"}
    twice = {"d": ["01/02/2019", "03/04/2019"] * 12}
    assert kinds_of(twice, dates="dmy").date_orders == {"d": "dmy"}
    sure = {"d": ["01/31/2019", "03/04/2019"] * 12}
    assert kinds_of(sure, dates="dmy").date_orders == {"d": "mdy"}
    with pytest.raises(DataError, match="Column 'who' has no number"):
        kinds_of({"who": ["a", "b"] * 12}, numeric="who")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("a number", HALVES),
        ("few numbers", [1, 2, 3] * 8),
        ("a count", list(range(ROWS))),
        ("code", [f"N{row}" for row in range(ROWS)]),
        ("told", [f"the patient of day {row} was well" for row in range(ROWS)]),
        ("day", ["01/02/2019", "03/04/2019"] * 12),
        ("a unit", ["5 kg", "7 kg"] * 12),
        ("odd", [*HALVES[1:], "<5"]),
        ("zip", ["01234", "12345"] * 12),
        ("phone", [100 + row % 9 for row in range(ROWS)]),
        ("date key", [20210101 + row for row in range(ROWS)]),
        ("hour", [f"{row % 12}:15" for row in range(ROWS)]),
        ("month", [f"1 {month} 2021" for month in ("Jan", "Feb", "Mai")] * 8),
        ("mostly numbers", ["1", "2", "3", "4 or more"] * 6),
        ("far", [*HALVES[2:], -99, -99]),
        ("client id", [row // 2 * 3 for row in range(ROWS)]),
        ("city", [f"c{row % 8}" for row in range(ROWS)]),
    ],
)
def test_every_option_that_is_given_overrides_the_decision(name: str, values: list[Any]) -> None:
    columns = {name: values, "w": HALVES, "y": ["a", "b"] * 12}
    table = table_from_frame(columns)
    kinds = decide_kinds(table, "y")
    given = [one for one in (*table.decisions, *kinds.decisions) if one.subject == name]
    assert given
    for decision in given:
        flag, value = shlex.split(decision.option)
        choice = {flag.removeprefix("--"): value if flag == "--dates" else [value]}
        if flag in ("--group", "--time"):
            choice = {flag.removeprefix("--"): value}
        again = table_from_frame(columns, choices=Choices(**choice))
        other = decide_kinds(again, "y", Choices(**choice))
        assert (plain(again), other) != (plain(table), kinds)
        fitted = Preparation.fit(again, "y", np.arange(ROWS), kinds=other)
        used = name in {column.name for column in fitted.columns}
        assert used == (flag not in ("--drop", "--group", "--time"))


def test_a_count_of_rows_is_used_where_there_is_nothing_else() -> None:
    kinds = kinds_of({"x": list(range(ROWS))})
    text = "whole numbers that rise by one, and yet used: there is no other column to learn from"
    assert said(kinds) == [("number", text, "--drop x")]
    assert kinds_of({"x": list(range(ROWS)), "w": HALVES}).by_name["x"] == "identifier"
    assert kinds_of({"id": [row * 3 for row in range(ROWS)]}).by_name == {"id": "identifier"}


def test_kinds_do_not_look_at_the_target() -> None:
    columns = {"v": [1, 2, 3] * 8, "t": ["a", "b"] * 12}
    first = decide_kinds(table_from_frame({**columns, "y": HALVES}), "y")
    other = decide_kinds(table_from_frame({**columns, "y": [None] * 20 + list("abcd")}), "y")
    assert first == other
    with pytest.raises(DataError, match=r"no column 'Y' to be the target.*Did you mean 'y'"):
        decide_kinds(table_from_frame({**columns, "y": HALVES}), "Y")


# ---------------------------------------------------------------- choices


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ({"task": "clasification"}, "There is no task 'clasification'."),
        ({"decimal": ";"}, "There is no decimal mark ';'."),
        ({"dates": "dym"}, "There is no order of dates 'dym'."),
        ({"delimiter": "::"}, "The delimiter '::' is not possible."),
        ({"delimiter": '"'}, "The delimiter '\"' is not possible."),
        ({"delimiter": 5}, "The delimiter 5 is not possible."),
        ({"encoding": "utf-7000"}, "There is no encoding 'utf-7000'."),
        ({"encoding": "hex"}, "There is no encoding 'hex'."),
        ({"header": "yes"}, "header='yes' is not possible."),
        ({"drop": 5}, "drop=5 is not possible."),
        ({"drop": [5]}, "drop=[5] is not possible."),
        ({"group": ["a"]}, "group=['a'] is not possible."),
        ({"drop": "a", "categorical": "a"}, "Column 'a' is chosen for two purposes."),
        ({"group": "a", "drop": "a"}, "Column 'a' is chosen for two purposes."),
    ],
)
def test_choices_that_are_not_possible(wrong: dict[str, Any], cause: str) -> None:
    with pytest.raises(SetupError) as refusal:
        Choices(**wrong)
    assert refusal.value.cause == cause
    assert refusal.value.remedy


def test_names_are_held_against_the_table() -> None:
    names = ("age", "weight", "y")
    Choices(drop=("age",)).check_names(names, "y")
    with pytest.raises(SetupError, match="The target 'y' is no input to take as numbers"):
        Choices(numeric="y").check_names(names, "y")
    with pytest.raises(DataError, match=r"no column 'Agee' to drop. Did you mean 'age'"):
        Choices(drop="Agee").check_names(names, "y")
    with pytest.raises(DataError, match="no column 'z' to group rows by"):
        Choices(group="z").check_names(names, "y")
    with pytest.raises(SetupError, match="The target 'y' cannot be the column to drop"):
        Choices(drop="y").check_names(names, "y")


RECORDS = [
    Choices(),
    Choices("regression", ("a",), ("b",), ("c",), "3,missing", "g", None, ",", False, "dmy"),
    Choices(header=True, missing=("-9", "x"), delimiter="tab", encoding="cp1252"),
    Reading(";", "cp1252", ",", 0, (("a", "kg"), ("b", "$")), ("c",), ("d", "e"), (".",)),
    Decision("file", "file", "a text", "--drop a"),
    Decision("a", "number", "numbers from 0 to 1", "--drop a", 3, plain=True),
]


@pytest.mark.parametrize("one", RECORDS, ids=lambda one: type(one).__name__)
def test_records_are_read_back(one: Any) -> None:
    written = one.to_record()
    assert type(one).from_record(json.loads(json.dumps(written))) == one
    for key in written:
        for wrong in (5.5, [[]], {"a": 1}, "\ud800", "?!"):
            changed = {**written, key: wrong}
            try:
                found = type(one).from_record(changed)
            except RunFolderError:
                continue
            assert type(one).from_record(found.to_record()) == found
        without = {name: value for name, value in written.items() if name != key}
        if isinstance(one, Reading) and key == "thousands":
            # Runs of before took either mark for one between thousands.
            assert Reading.from_record(without) == replace(one, thousands=(",", "."))
            continue
        if isinstance(one, Decision) and key in ("missing", "plain"):
            # Runs of before have neither.
            assert Decision.from_record(without) == replace(one, **{key: type(written[key])()})
            continue
        with pytest.raises(RunFolderError):
            type(one).from_record(without)
    with pytest.raises(RunFolderError):
        type(one).from_record([written])


# ---------------------------------------------------------------- rows


TABLE = table_from_frame(
    {
        "a": [1, 2, 1, None, None, 2],
        "b": ["x", "y", "x", None, None, "x"],
        "empty": [None] * 6,
    }
)


def test_copies_have_the_number_of_the_first() -> None:
    assert first_equal_row(TABLE, ["a", "b"]).tolist() == [0, 1, 0, 3, 3, 5]
    assert first_equal_row(TABLE, ["b"]).tolist() == [0, 1, 0, 3, 3, 0]
    assert first_equal_row(TABLE, []).tolist() == [0] * 6
    with pytest.raises(DataError, match=r"no column 'c'"):
        first_equal_row(TABLE, ["c"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, 0.0, -0.0, 1.5, 1e300]),
            st.sampled_from([None, "a", "b", ""]),
            st.sampled_from([None, "1", "x"]),
        ),
        min_size=1,
    )
)
def test_copies_agree_with_a_search(rows: list[tuple[float | None, ...]]) -> None:
    table = Table(
        {
            "a": np.array([np.nan if row[0] is None else row[0] for row in rows]),
            "b": object_array([row[1] for row in rows]),
            "c": object_array([row[2] for row in rows]),
        }
    )
    assert first_equal_row(table, table.names).tolist() == [rows.index(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("2", [2]),
        ("1, 3-5", [1, 3, 4, 5]),
        ("missing", [4, 5]),
        ("duplicates", [3, 5]),
        ("6,missing,duplicates", [3, 4, 5, 6]),
    ],
)
def test_rows_to_ignore(text: str, rows: list[int]) -> None:
    assert (np.flatnonzero(ignored_rows(TABLE, text)) + 1).tolist() == rows


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("0", "'0' says no rows to ignore."),
        ("5-3", "'5-3' says no rows to ignore."),
        ("-3", "'-3' says no rows to ignore."),
        ("duplicate", "'duplicate' says no rows to ignore."),
        ("7", "There is no row 7 to ignore: the table has 6."),
        ("1-6", "Every row of the table is ignored."),
    ],
)
def test_rows_that_cannot_be_ignored(text: str, cause: str) -> None:
    with pytest.raises(ChainruleError) as refusal:
        ignored_rows(TABLE, text)
    assert refusal.value.cause == cause


# ---------------------------------------------------------------- there and back


STYLES = {
    "plain": (".", "", "", ""),
    "commas": (".", ",", "", ""),
    "points": (",", ".", "", ""),
    "blanks": (",", " ", "", ""),
    "narrow blanks": (".", "\u202f", "", ""),
    "apostrophes": (".", "'", "", ""),
    "dollars": (".", ",", "$", ""),
    "euros": (",", ".", "", " €"),
    "per cent": (".", "", "", "%"),
    "kilograms": (",", " ", "", " kg"),
}


def styled(number: float, style: str) -> str:
    mark, gap, front, behind = STYLES[style]
    whole, _, part = f"{abs(number):,.2f}".partition(".")
    sign = "-" if number < 0 else ""
    return f"{sign}{front}{whole.replace(',', gap)}{mark}{part}{behind}"


@given(
    st.sampled_from(sorted(STYLES)),
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_numbers_survive_every_style(style: str, hundredths: list[int], delimiter: str) -> None:
    numbers = [one / 100 for one in hundredths]
    lines = [f'"{styled(number, style)}"{delimiter}x\n' for number in numbers]
    table = read(f"v{delimiter}y\n" + "".join(lines))
    np.testing.assert_array_equal(table.columns["v"], numbers)


FORMS = {
    "ymd": ["%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    "dmy": ["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y %H:%M"],
    "mdy": ["%m/%d/%Y", "%m/%d/%Y %H:%M:%S"],
}


@given(
    st.sampled_from([(order, form) for order, forms in FORMS.items() for form in forms]),
    st.lists(
        st.datetimes(
            pd.Timestamp("1700-01-01").to_pydatetime(), pd.Timestamp("2200-01-01").to_pydatetime()
        ),
        min_size=1,
    ),
)
def test_dates_survive_every_form(form: tuple[str, str], moments: list[Any]) -> None:
    order, pattern = form
    texts = object_array([moment.strftime(pattern) for moment in moments])
    days, wrong = days_of(texts, order)
    expected = [
        np.datetime64(moment.strptime(text, pattern))
        for moment, text in zip(moments, texts, strict=True)
    ]
    found = (days * 86400).round().astype("timedelta64[s]") + np.datetime64("1970-01-01")
    assert not wrong.any()
    assert found.tolist() == [one.astype("datetime64[s]").tolist() for one in expected]
    seen = date_form(texts)
    assert seen is not None
    if order == "ymd" or any(moment.day > 12 for moment in moments):
        assert (seen.order, seen.sure) == (order, True)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("1970-01-02", 1),
        ("1970-1-2", 1),
        ("1970-01-01T12:00:00Z", 0.5),
        ("1970-01-01 12:00:00.000+00:00", 0.5),
        ("1970-01-01T12:00+02:00", 10 / 24),
        ("1970-01-01T12:00-0130", 13.5 / 24),
        ("1972-02-29", 789),
        ("1970-02-29", None),
        ("1970-13-01", None),
        ("1970-01-01 25:00", None),
        ("1970-01/01", None),
        ("70-01-01", None),
        ("1970-01-01-01", None),
        ("1.2.3", None),
    ],
)
def test_days(text: str, days: float | None) -> None:
    found, wrong = days_of(object_array([text, None]), "dmy")
    assert wrong.tolist() == [days is None, False]
    assert np.isnan(found[1])
    assert np.isnan(found[0]) if days is None else found[0] == pytest.approx(days)


PALETTES = [
    ["1", "2.5", "1,234", "1,234,567.5", "-3"],
    ["1", "2,5", "1.234", "1.234.567", "-3,25"],
    ["1,234", "2,345", "17"],
    ["1.234", "2.345", "17"],
    ["1.234", "2.5", "1e3"],
    ["1 234", "12", "1 234 567"],
    ["007", "7", "12", "x"],
    ["5 kg", "1,234.5 kg", "12 kg"],
    ["$5", "$1,200", "-$7"],
    ["1", "2.5", "3", "4", "<5", "unknown", "-"],
    ["12", "13", "?", ""],
    ["2019-01-31", "2019-02-01T12:00", "2020-01-01", ""],
    ["31/01/2019", "02/03/2019", "13/03/2019"],
    ["01/31/2019", "02/03/2019"],
    ["a", "b", "none", "-", "5"],
    ["True", "false"],
    ["08:30", "8:45 PM", "23:59:59", ""],
    ["08:30", "noon", "9"],
    ["12 Mar 2021", "March 13, 2021", "2021-03-14"],
    ["20210312", "20210313", "20211231", ""],
]


def quoted(rows: list[list[str]], names: list[str]) -> io.BytesIO:
    lines = [",".join(f'"{cell}"' for cell in row) for row in [names, *rows]]
    return io.BytesIO("\n".join(lines).encode())


@settings(max_examples=40, deadline=None)
@given(st.data(), st.lists(st.sampled_from(PALETTES), min_size=1, max_size=4))
def test_a_row_alone_is_what_it_is_among_others(
    data: st.DataObject, palettes: list[list[str]]
) -> None:
    """A file of one row leaves everything in doubt that the training rows have settled."""
    names = [*(f"column {number}" for number in range(len(palettes))), "y"]
    cells = [
        data.draw(st.lists(st.sampled_from(one), min_size=14, max_size=14)) for one in palettes
    ]
    rows = [[*row, "ab"[number % 2]] for number, row in enumerate(zip(*cells, strict=True))]
    header = Choices(header=True)
    table = read_table(quoted(rows, names), header)
    try:
        preparation = Preparation.fit(table, "y", np.arange(14))
    except DataError as refusal:
        cause = refusal.cause
        assert cause.startswith("No column is left")
        return
    inputs = preparation.inputs(table)
    assert np.isfinite(inputs).all()
    for number, row in enumerate(rows):
        alone = read_table(quoted([row], names), header, like=table.reading)
        np.testing.assert_array_equal(preparation.inputs(alone)[0], inputs[number])
        assert preparation.targets(alone).tolist() == [number % 2]


def test_ten_thousand_columns_of_one_name() -> None:
    names = ["v"] * 10_000
    table = read(",".join(names) + "\n" + ",".join(["1"] * 10_000) + "\n")
    assert table.names[-1] == "v (10000)"
    assert len(table.decisions) == 9_999


# ---------------------------------------------------------------- anything at all


def assert_read_or_refused(data: bytes, choices: Choices) -> None:
    try:
        table = read_table(io.BytesIO(data), choices)
        kinds = decide_kinds(table, table.names[-1], Choices())
    except ChainruleError as refusal:
        cause, remedy = refusal.cause, refusal.remedy
        assert cause.endswith(".")
        assert remedy
        return
    assert table.rows > 0
    assert set(kinds.by_name) == set(table.names[:-1])
    for decision in (*table.decisions, *kinds.decisions):
        assert decision.kind in KINDS
        assert decision.text
        assert Decision.from_record(decision.to_record()) == decision


@given(st.binary(max_size=80), st.sampled_from([None, True, False]))
def test_any_bytes_are_read_or_refused(data: bytes, header: bool | None) -> None:
    assert_read_or_refused(data, Choices(header=header))


@given(
    st.text(st.sampled_from('ab01.,;\t|"\n #-$%/:<\u00a0é'), max_size=60),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
    st.sampled_from([None, True, False]),
)
def test_any_nearly_right_text_is_read_or_refused(
    text: str, encoding: str, header: bool | None
) -> None:
    assert_read_or_refused(text.encode(encoding), Choices(header=header))


CELL = st.sampled_from(
    ["1", "2.5", "1,5", "1,234", "1.234", "-", "<5", "007", "$5", "5 kg", "x", "a b", "2019-01-31",
     "31/01/2019", "?", "", "NA", "unknown", "-999", "#", "true", "1e5", "12:30", '"q"',
     "20210312", "12 Mar 2021", "8 pm", "Total"]
)  # fmt: skip


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=14
        )
    ),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_any_cells_are_read_or_refused(rows: list[list[str]], delimiter: str) -> None:
    lines = [delimiter.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows]
    assert_read_or_refused("\n".join(lines).encode(), Choices())
