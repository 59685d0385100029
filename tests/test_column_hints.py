"""What is said of a column or a row that may be something else, and the option that makes it so."""

from __future__ import annotations

import io
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.data.choices import Choices
from chainrule.data.column_names import is_named_like_code
from chainrule.data.decisions import Decision
from chainrule.data.fields import NumberColumn
from chainrule.data.hints import share_hint
from chainrule.data.kinds import Kinds, decide_kinds, said_of_reading
from chainrule.data.preparation import Preparation
from chainrule.data.reading import Reading
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.errors import ChainruleError, DataError
from chainrule.training.tables.door import plan_table, resume_table, train_table
from chainrule.training.tables.given_tables import table_again
from chainrule.training.tables.notes import table_note_of
from chainrule.views.decision_lines import decision_lines

ROWS = 24
HALVES = [row * 0.5 for row in range(ROWS)]


def framed(columns: dict[str, list[Any]], **choices: Any) -> Table:
    rows = len(next(iter(columns.values())))
    whole = {"y": (["a", "b"] * rows)[:rows], **columns}
    return table_from_frame(whole, choices=Choices(**choices))


def kinds_of(columns: dict[str, list[Any]], **choices: Any) -> Kinds:
    return decide_kinds(framed(columns, **choices), "y", Choices(**choices))


def said(kinds: Kinds) -> list[tuple[str, str, str, str]]:
    return [(one.subject, one.kind, one.in_words, one.option) for one in kinds.decisions]


def read(content: str, **choices: Any) -> Table:
    return read_table(io.BytesIO(content.encode()), Choices(**choices))


# ---------------------------------------------------------------- codes


@pytest.mark.parametrize(
    ("name", "is_code"),
    [
        ("zip", True), ("ZIP", True), ("zip_code", True), ("Postcode", True), ("PLZ", True),
        ("phoneNumber", True), ("Tel.", True), ("fax", True), ("area code", True), ("IBAN", True),
        ("ean13", True), ("house nr", True), ("order no", True), ("account number", True),
        ("Kundennummer", True), ("barcode", True), ("number of rooms", False), ("number", False),
        ("no", False), ("lines of code", False), ("zipper", False), ("no smoking", False),
        ("telling", False), ("age", False), ("", False),
    ],
)  # fmt: skip
def test_names_of_codes(name: str, is_code: bool) -> None:
    assert is_named_like_code(name) is is_code


def test_codes_that_look_like_quantities_are_said() -> None:
    many = [10115 + 17 * (row % 9) for row in range(ROWS)]
    kinds = kinds_of({"zip": many, "v": HALVES})
    assert kinds.by_name["zip"] == "number"
    text = "codes by its name, and taken as a quantity"
    assert said(kinds)[1] == ("zip", "hint", text, "--categorical zip")
    assert [one.kind for one in kinds.decisions] == ["number", "hint", "number"]
    different = kinds_of({"code": [7 * row for row in range(ROWS)], "v": HALVES})
    assert different.by_name["code"] == "identifier"
    text = "codes by its name, and taken as an identifier"
    assert said(different)[1] == ("code", "hint", text, "--categorical code")
    for values in ([0, 1] * 12, HALVES):
        assert [one.kind for one in kinds_of({"phone": values}).decisions] == ["number"]


def test_every_code_is_named() -> None:
    names = [f"zip {number}" for number in range(60)]
    columns = {name: [10115 + 17 * (row % 12) for row in range(ROWS)] for name in names}
    lines = decision_lines(kinds_of(columns).decisions, "")
    hint = next(line for line in lines if line.startswith("hint: "))
    assert all(f"{name}," in hint or f"{name} (" in hint for name in names)
    assert hint.endswith("[--categorical NAME]")


def test_hints_come_before_other_lines_where_there_is_no_room_for_all() -> None:
    decisions = [Decision(f"c{n}", "constant", f"of its own {'x' * n}") for n in range(9)]
    hint = Decision("zip", "hint", "codes by its name", "--categorical zip")
    lines = decision_lines([*decisions, hint], "elsewhere", most=3)
    assert lines[0].startswith("hint: zip: codes by its name")
    assert lines[-1] == "and 7 more: elsewhere"


def test_one_decision_says_what_codes_with_zeros_are() -> None:
    few = kinds_of({"zip": ["01234", "12345", "00501"] * 8})
    text = "codes with leading zeros, such as '01234', taken as 3 categories ('00501', '01234', "
    assert said(few) == [("zip", "category", text + "'12345')", "--numeric zip")]
    table = framed({"zip": [f"{row:05}" for row in range(ROWS)], "v": HALVES})
    kinds = decide_kinds(table, "y")
    text = (
        "an identifier: codes with leading zeros, such as '00000', 24 different texts in 24 rows; "
        "not used"
    )
    about = [one for one in (*table.decisions, *kinds.decisions) if one.subject == "zip"]
    assert about == [Decision("zip", "identifier", text, "--categorical zip")]


def test_how_numbers_are_written_is_not_said_of_what_is_no_number() -> None:
    table = framed({"id": [f"${row}" for row in range(0, 3 * ROWS, 3)], "v": HALVES})
    assert said_of_reading(table.decisions, decide_kinds(table, "y")) == list(table.decisions)
    dropped = decide_kinds(table, "y", Choices(drop="id"))
    assert said_of_reading(table.decisions, dropped) == []
    plan = plan_table(table, "y", Choices(drop="id"), 0)
    assert [one.kind for one in plan.decisions if one.subject == "id"] == ["dropped"]


# ---------------------------------------------------------------- mostly numbers, mostly dates


MOSTLY = [f"<0.{row}" if row % 4 == 0 else str(row / 7) for row in range(ROWS)]


def test_an_identifier_that_is_mostly_numbers_says_so() -> None:
    text = "an identifier: 24 different texts in 24 rows; 75 % of its values are numbers; not used"
    kinds = kinds_of({"v": MOSTLY, "w": HALVES})
    assert said(kinds)[0] == ("v", "identifier", text, "--numeric v")
    table = framed({"v": MOSTLY, "w": HALVES}, numeric="v")
    taken = decide_kinds(table, "y", Choices(numeric=("v",)))
    assert taken.by_name["v"] == "number"
    assert taken.decisions[0].in_words.endswith("6 missing, filled in and marked")
    preparation = Preparation.fit(table, "y", np.arange(10), kinds=taken)
    column = preparation.columns[0]
    assert isinstance(column, NumberColumn)
    assert len(column.odd) == 6
    inputs = preparation.inputs(table)
    assert inputs[::4, :2].tolist() == [[0, 1]] * 6
    assert not inputs[1::4, 1].any()
    later = table_from_frame({"v": ["<0.77", "1.5"], "w": [1, 1]}, choices=Choices(numeric=("v",)))
    assert preparation.inputs(later)[:, 1].tolist() == [1, 0]
    assert preparation.inputs(table_from_frame({"v": ["<0.78"], "w": [1]}))[0, 1] == 1


def test_free_text_that_is_mostly_numbers_says_so() -> None:
    odd = [f"no value for row {row} as the device in room {row} of house b was out of order"
           for row in range(8)]  # fmt: skip
    values = [*map(str, HALVES[:16]), *odd]
    found = said(kinds_of({"v": values, "w": HALVES}))[0]
    assert found[1:] == (
        "free text",
        "free text of 7 words on average; 67 % of its values are numbers; not used",
        "--numeric v",
    )


def test_categories_that_are_mostly_numbers_or_dates_say_so() -> None:
    numbers = said(kinds_of({"v": ["1", "2", "3", "4 or more"] * 6}))
    assert numbers[1] == (
        "v",
        "hint",
        "75 % of its values are numbers, and yet taken as categories because of the others",
        "--numeric v",
    )
    values = [f"{day}.3.2021" if day % 4 else "before" for day in range(1, ROWS + 1)]
    dates = said(kinds_of({"v": values}))
    assert dates[1][2].startswith("75 % of its values are dates")
    taken = kinds_of({"v": values}, numeric="v")
    assert said(taken)[0] == (
        "v",
        "date",
        "dates from 2021-03-01 to 2021-03-23, taken as a number of days; 'before' count as "
        "missing; 6 missing, filled in and marked",
        "--categorical v",
    )
    assert taken.date_orders == {"v": "dmy"}
    table = framed({"v": values}, numeric="v")
    preparation = Preparation.fit(table, "y", np.arange(10), kinds=taken)
    assert preparation.inputs(table)[:, 1].sum() == 6
    few = said(kinds_of({"v": ["1", "b", "c", "d"] * 6}))
    assert [one[1] for one in few] == ["category"]


# ---------------------------------------------------------------- rows of totals


def with_totals(*last: str) -> str:
    rows = "".join(f"r{row % 5},{row * 3},{row / 4},{'ab'[row % 2]}\n" for row in range(ROWS))
    return f"region,count,v,y\n{rows}" + "".join(f"{line}\n" for line in last)


@pytest.mark.parametrize(
    ("last", "rows", "word", "numbers"),
    [
        (["Total,828,69,"], "25", "'Total'", "numbers from 0 to 69"),
        (["Summe:,828,69,"], "25", "'Summe:'", "numbers from 0 to 69"),
        (["TOTAL,828,,", "average,34,2.9,"], "25-26", "'TOTAL', ...", "numbers from 0 to 69"),
        (["x,100,1,a", "Mean,34,2.9,"], "26", "'Mean'", "numbers from 0 to 100"),
    ],
)
def test_rows_of_totals_are_said(last: list[str], rows: str, word: str, numbers: str) -> None:
    table = read(with_totals(*last))
    hint = decide_kinds(table, "y").decisions[0]
    assert (hint.subject, hint.kind) == ("rows", "hint")
    assert hint.text.endswith(f"of those above ({word})")
    assert hint.option == f"--ignore-rows {rows}"
    flag, value = shlex.split(hint.option)
    again = read(with_totals(*last), **{flag.removeprefix("--").replace("-", "_"): value})
    kinds = decide_kinds(again, "y", Choices(ignore_rows=value))
    counted = {one.subject: one.text for one in kinds.decisions}
    assert "rows" not in counted
    assert counted["count"] == numbers
    assert "Total" not in counted["region"]


def test_a_total_in_a_column_of_numbers() -> None:
    rows = "".join(f"{row * 3},{row / 4},{'ab'[row % 2]}\n" for row in range(ROWS))
    table = read(f"n,v,y\n{rows}Total,69,\n")
    assert decide_kinds(table, "y").decisions[0].option == "--ignore-rows 25"


@pytest.mark.parametrize(
    "last", ["total,,,", "r1,276,69,", "Total,276,69,a", "Totally,276,69,", "r1,total,2,a"]
)
def test_rows_that_are_no_totals(last: str) -> None:
    hints = decide_kinds(read(with_totals(last)), "y").decisions
    assert not any(one.subject == "rows" for one in hints)


def test_a_word_that_many_rows_have_is_no_total() -> None:
    table = framed({"what": ["sum", "mean", "total"] * 8, "v": HALVES, "y": [None] * ROWS})
    assert not any(one.subject == "rows" for one in decide_kinds(table, "y").decisions)


def test_totals_are_added_to_the_rows_that_are_ignored_already() -> None:
    table = read(with_totals("Total,276,69,"), ignore_rows="3,duplicates")
    choices = Choices(ignore_rows="3,duplicates")
    assert decide_kinds(table, "y", choices).decisions[0].option == (
        "--ignore-rows 3,duplicates,25"
    )


def test_rows_left_out_by_number_count_in_no_kind() -> None:
    columns = {"v": [*HALVES[:-1], 1e9], "t": [*["a", "b"] * 11, "a", "once"]}
    table = framed(columns)
    kinds = decide_kinds(table, "y", Choices(ignore_rows="24"))
    assert [one.text for one in kinds.decisions] == [
        "numbers from 0 to 11",
        "2 categories ('a', 'b')",
    ]
    blank = framed(columns, ignore_rows="24")
    assert decide_kinds(blank, "y", Choices(ignore_rows="24")) == kinds
    assert (np.isnan(blank.columns["v"][-1]), blank.columns["t"][-1]) == (True, None)
    with pytest.raises(DataError, match="There is no row 25 to ignore: the table has 24"):
        decide_kinds(table, "y", Choices(ignore_rows="25"))
    with pytest.raises(DataError, match="Every row of the table is ignored"):
        decide_kinds(table, "y", Choices(ignore_rows="1-24"))


# ---------------------------------------------------------------- ragged rows


RAGGED = "a,b,y\n" + "".join(
    f"{row},{row / 4},{'ab'[row % 2]}{',more' if row in (4, 11, 12) else ''}\n" for row in range(20)
)


def test_a_ragged_row_is_got_past_as_the_refusal_says() -> None:
    with pytest.raises(DataError) as refusal:
        read(RAGGED)
    assert refusal.value.cause.startswith("Row 5 of the input (the header not counted) has")
    assert refusal.value.remedy.endswith("or leave 3 such rows out: --ignore-rows 5,12-13.")
    with pytest.raises(DataError) as refusal:
        read(RAGGED, ignore_rows="5,12,duplicates")
    assert refusal.value.cause.startswith("Row 13 of the input")
    assert refusal.value.remedy.endswith("or leave the row out: --ignore-rows 5,12,duplicates,13.")
    table = read(RAGGED, ignore_rows="5,12-13")
    assert table.rows == 20
    assert np.flatnonzero(np.isnan(table.columns["a"])).tolist() == [4, 11, 12]
    assert table.columns["a"][5] == 5
    plan = plan_table(table, "y", Choices(ignore_rows="5,12-13"), 0)
    assert (plan.used + 1).tolist() == [row for row in range(1, 21) if row not in (5, 12, 13)]


def test_rows_are_left_out_of_the_table_that_is_learned_from_alone(tmp_path: Path) -> None:
    learned, tested, out = tmp_path / "learned.csv", tmp_path / "tested.csv", tmp_path / "run"
    learned.write_text(RAGGED)
    tested.write_text(RAGGED.replace(",more", ""))
    run = train_table(
        learned, "y", ignore_rows="5,12-13", test=tested, output=out, hidden=(2,), epochs=2,
        progress=False,
    )  # fmt: skip
    alone = run.predict({"a": [4], "b": [1.0]})
    assert run.predict(tested)[4] == alone[0]
    with pytest.raises(DataError, match="Row 5 of "):
        run.predict(learned)
    assert resume_table(out, learned, progress=False).finished
    note = table_note_of(out, run.notes)
    assert note.test is not None
    assert not np.isnan(table_again(note.test, tested, note).columns["a"]).any()


def test_ragged_rows_among_empty_lines_and_quotation_marks() -> None:
    text = 'a;b;y;\n\n1;2;x\n\n"3\n4";5;"n;o";;7;8\n\n6\n;;;\n7;8;z\n'
    table = read(text, ignore_rows="2-3")
    assert table.columns["a"].tolist()[0::4] == [1.0, 7.0]
    assert table.columns["y"].tolist() == ["x", None, None, None, "z"]
    with pytest.raises(DataError, match="Row 3 of the input"):
        read(text, ignore_rows="2")


def test_no_rows_can_be_left_out_of_a_later_file() -> None:
    with pytest.raises(DataError) as refusal:
        read_table(io.BytesIO(RAGGED.encode()), like=Reading(","))
    assert "--ignore-rows" not in refusal.value.remedy


def test_ragged_rows_are_left_out_besides_those_that_are_already() -> None:
    lines = "".join(f"{row},1{',2' if row % 4 == 1 else ''}\n" for row in range(200))
    with pytest.raises(DataError) as refusal:
        read("a,y\n" + lines, ignore_rows="1, 2,")
    rows = ",".join(str(row + 1) for row in range(5, 200, 4))
    expected = f", or leave 49 such rows out: --ignore-rows '1, 2,{rows}'."
    assert refusal.value.remedy.endswith(expected)
    assert read("a,y\n" + lines, ignore_rows=f"1, 2,{rows}").rows == 200


def test_nothing_is_said_of_leaving_out_very_many_ragged_rows() -> None:
    lines = "".join(f"{row},1{',2' if row % 2 else ''}\n" for row in range(300))
    with pytest.raises(DataError, match="Row 2 of ") as refusal:
        read("a,y\n" + lines)
    assert refusal.value.remedy.endswith("one in quotation marks.")


# ---------------------------------------------------------------- spelling, surrogates, shares


def test_blanks_around_a_category_are_no_part_of_it_and_case_is() -> None:
    table = read("v,y\n" + "male ,a\n Male,b\nmale,a\n\tMALE,b\n" * 3)
    assert sorted(set(table.columns["v"].tolist())) == ["MALE", "Male", "male"]
    hints = [one for one in decide_kinds(table, "y").decisions if one.kind == "hint"]
    assert [one.text for one in hints] == [
        "'MALE', 'Male', 'male' differ only in case or blanks; they are taken as different"
    ]


def test_half_of_a_character_is_refused_in_a_sentence() -> None:
    columns = {"t": ["a", None, "x\ud800"], "y": [1, 2, 3]}
    for frame in (columns, {"y": [1], "t\udc00": [2]}):
        with pytest.raises(ChainruleError) as refusal:
            table_from_frame(frame)
        str(refusal.value).encode()
        assert "half of a character" in refusal.value.cause
    with pytest.raises(DataError, match="'t' has half of a character in row 3"):
        table_from_frame(columns)


def test_the_shares_of_classes_are_said_where_most_rows_are_of_one() -> None:
    text = "classes: no 95 %, yes 5 %: read balanced accuracy and AUC, not accuracy"
    assert share_hint("y", Counter(no=95, yes=5)) == [Decision("y", "hint", text)]
    assert share_hint("y", Counter(no=80, yes=20)) == []
    assert "a over 99 %, b 0.2 %" in share_hint("y", Counter(a=998, b=2))[0].text
    columns = {"x": [row * 0.25 for row in range(40)], "y": [1] * 6 + [0] * 34}
    plan = plan_table(columns, "y", Choices(), 0)
    texts = [one.text for one in plan.decisions if one.subject == "y"]
    assert texts == ["classes: 0 85 %, 1 15 %: read balanced accuracy and AUC, not accuracy"]


def test_a_column_of_times_says_that_it_is_no_longer_an_input() -> None:
    kinds = kinds_of({"when": HALVES, "v": HALVES}, time="when")
    assert said(kinds)[0] == ("when", "time", "rows are in its order; it is no longer an input", "")
