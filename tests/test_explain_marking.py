"""Marking worksheets: each rule broken once is found, what follows is none, broken files are told.

The wrong answers are worked out here, by the sheet's formulas written out in plain Python with one
of them broken, and never by the formulas that marking uses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Here, refused

from chainrule.errors import DataError
from chainrule.explanation.worksheets.answers_file import Answer, read_answers
from chainrule.explanation.worksheets.exercise import BLANKS, Exercise
from chainrule.explanation.worksheets.marking import Marks, mark, marks_of
from chainrule.explanation.worksheets.mistakes import RULES, every_mistake
from chainrule.explanation.worksheets.sheets import Worksheet, with_mistake, worksheets
from chainrule.views.worksheet_files import answers_csv

SHEETS = worksheets(30, 1)
Student = Callable[[Exercise, dict[str, float]], None]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def by_hand(e: Exercise, wrong: dict[str, Callable[..., float]]) -> dict[str, float]:
    """Return what a student writes who works with rounded numbers, some lines being ``wrong``."""
    f = sigmoid if e.activation == "sigmoid" else math.tanh

    def slope(z: float) -> float:
        return sigmoid(z) * (1 - sigmoid(z)) if e.activation == "sigmoid" else 1 - math.tanh(z) ** 2

    n: dict[str, float] = dict(e.given)
    lines: dict[str, Callable[[], float]] = {
        "z1": lambda: n["w11"] * e.x1 + n["w21"] * e.x2 + n["b1"],
        "h1": lambda: f(n["z1"]),
        "z2": lambda: n["w12"] * e.x1 + n["w22"] * e.x2 + n["b2"],
        "h2": lambda: f(n["z2"]),
        "zo": lambda: n["v1"] * n["h1"] + n["v2"] * n["h2"] + n["c"],
        "o": lambda: f(n["zo"]),
        "C": lambda: (n["o"] - e.t) ** 2 / 2,
        "delta_o": lambda: (n["o"] - e.t) * slope(n["zo"]),
        "delta_1": lambda: n["delta_o"] * n["v1"] * slope(n["z1"]),
        "delta_2": lambda: n["delta_o"] * n["v2"] * slope(n["z2"]),
        "dv1": lambda: n["delta_o"] * n["h1"],
        "dv2": lambda: n["delta_o"] * n["h2"],
        "dc": lambda: n["delta_o"],
        "dw11": lambda: n["delta_1"] * e.x1,
        "dw12": lambda: n["delta_2"] * e.x1,
        "dw21": lambda: n["delta_1"] * e.x2,
        "dw22": lambda: n["delta_2"] * e.x2,
        "db1": lambda: n["delta_1"],
        "db2": lambda: n["delta_2"],
    }
    for name in e.parameters:
        lines[f"new_{name}"] = lambda name=name: n[name] - e.rate * n[f"d{name}"]
    for blank in BLANKS:
        made = wrong[blank](n, e, f, slope) if blank in wrong else lines[blank]()
        n[blank] = round(made, 4)
    return {blank: n[blank] for blank in BLANKS}


# Rule -> blank, and that line as it is often written.
BROKEN: dict[str, tuple[str, Callable[..., float]]] = {
    "bias": ("z1", lambda n, e, f, s: n["w11"] * e.x1 + n["w21"] * e.x2),
    "weight index": ("z2", lambda n, e, f, s: n["w11"] * e.x1 + n["w22"] * e.x2 + n["b2"]),
    "inputs swapped": ("z1", lambda n, e, f, s: n["w11"] * e.x2 + n["w21"] * e.x1 + n["b1"]),
    "activation": ("h2", lambda n, e, f, s: n["z2"]),
    "wrong activation": (
        "o",
        lambda n, e, f, s: (math.tanh if e.activation == "sigmoid" else sigmoid)(n["zo"]),
    ),
    "slope for value": ("h1", lambda n, e, f, s: s(n["z1"])),
    "sum for output": ("zo", lambda n, e, f, s: n["v1"] * n["z1"] + n["v2"] * n["z2"] + n["c"]),
    "half": ("C", lambda n, e, f, s: (n["o"] - e.t) ** 2),
    "square": ("C", lambda n, e, f, s: (n["o"] - e.t) / 2),
    "error": ("delta_o", lambda n, e, f, s: s(n["zo"])),
    "cost for error": ("delta_o", lambda n, e, f, s: n["C"] * s(n["zo"])),
    "sign of the error": ("delta_o", lambda n, e, f, s: (e.t - n["o"]) * s(n["zo"])),
    "slope": ("delta_1", lambda n, e, f, s: n["delta_o"] * n["v1"]),
    "slope at the output": ("delta_2", lambda n, e, f, s: n["delta_o"] * n["v2"] * s(n["h2"])),
    "sum in the slope": (
        "delta_1",
        lambda n, e, f, s: n["delta_o"] * n["v1"] * (
            n["z1"] * (1 - n["z1"]) if e.activation == "sigmoid" else 1 - n["z1"] ** 2
        ),
    ),
    "slope of another unit": ("delta_1", lambda n, e, f, s: n["delta_o"] * n["v1"] * s(n["z2"])),
    "weight": ("delta_2", lambda n, e, f, s: n["delta_o"] * s(n["z2"])),
    "updated weight": (
        "delta_1",
        lambda n, e, f, s: n["delta_o"] * (n["v1"] - e.rate * n["delta_o"] * n["h1"]) * s(n["z1"]),
    ),
    "output's slope": ("delta_1", lambda n, e, f, s: (n["o"] - e.t) * n["v1"] * s(n["z1"])),
    "sign": ("delta_2", lambda n, e, f, s: -n["delta_o"] * n["v2"] * s(n["z2"])),
    "input": ("dw11", lambda n, e, f, s: n["delta_1"]),
    "wrong input": ("dw21", lambda n, e, f, s: n["delta_1"] * e.x1),
    "delta of another unit": ("dw22", lambda n, e, f, s: n["delta_1"] * e.x2),
    "index": ("dw12", lambda n, e, f, s: n["delta_1"] * e.x2),
    "weight for input": ("dv1", lambda n, e, f, s: n["delta_o"] * n["v1"]),
    "bias in its slope": ("db2", lambda n, e, f, s: n["delta_2"] * n["b2"]),
    "ascent": ("new_w12", lambda n, e, f, s: n["w12"] + e.rate * n["dw12"]),
    "rate": ("new_v2", lambda n, e, f, s: n["v2"] - n["dv2"]),
    "step alone": ("new_c", lambda n, e, f, s: -e.rate * n["dc"]),
}  # fmt: skip


def marked(sheet: Worksheet, written: dict[str, float]) -> Marks:
    return marks_of(sheet, {blank: Answer.of(repr(value)) for blank, value in written.items()})


def test_every_rule_is_broken_here() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_that_is_broken_is_found_for_every_student(rule: str) -> None:
    blank, line = BROKEN[rule]
    for sheet in SHEETS:
        marks = marked(sheet, by_hand(sheet.exercise, {blank: line}))
        assert marks.first is not None
        assert (marks.first.blank, marks.first.rule) == (blank, rule), (sheet, marks)
        assert len(marks.mistakes) == 1, "what follows from a mistake is none"
        assert RULES[rule] in marks.sentence()
        before = BLANKS.index(blank)
        assert marks.right >= before
        assert marks.right + marks.follows == len(BLANKS) - 1
        if blank.startswith(("z", "delta", "dw", "dv")):
            assert marks.follows, "later numbers rest on it"


def test_every_known_mistake_is_found() -> None:
    for mistake in every_mistake():
        for sheet in SHEETS[:8]:
            marks = marked(sheet, with_mistake(sheet, mistake))
            assert marks.first is not None, (mistake, sheet)
            assert (marks.first.blank, marks.first.rule) == (mistake.blank, mistake.rule)
            assert marks.first.sentence == mistake.sentence
            assert len(marks.mistakes) == 1


def test_the_right_numbers_are_right_however_they_are_rounded() -> None:
    for sheet in SHEETS:
        for written in (sheet.key, by_hand(sheet.exercise, {})):
            marks = marked(sheet, written)
            assert (marks.right, marks.first) == (len(BLANKS), None)
            assert marks.sentence() == "All that is answered is right."


def test_two_mistakes_are_both_found_and_the_first_is_named() -> None:
    lines = dict((BROKEN["slope"], BROKEN["ascent"]))
    for sheet in SHEETS:
        marks = marked(sheet, by_hand(sheet.exercise, lines))
        assert [one.rule for one in marks.mistakes] == ["slope", "ascent"]
        assert marks.first == marks.mistakes[0]


def test_a_mistake_that_is_made_again_is_said_once() -> None:
    sheet = SHEETS[0]
    again = {
        "delta_1": BROKEN["slope"][1],
        "delta_2": lambda n, e, f, s: n["delta_o"] * n["v2"],
    }
    said = marked(sheet, by_hand(sheet.exercise, again)).sentence()
    assert "forgot the activation's slope: f'(z1) is missing." in said
    assert said.endswith("Again in delta_2.")


def test_two_decimals_are_rounding_and_nothing_else() -> None:
    for sheet in SHEETS:
        for blank, exact in sheet.key.items():
            if abs(round(exact, 2) - exact) < 0.09 * abs(exact):
                assert not marks_of(sheet, {blank: Answer.of(f"{exact:.2f}")}).mistakes, blank
        marks = marks_of(sheet, {"o": Answer.of(f"{sheet.key['o']:.2f}")})
        assert (marks.rounded, marks.empty) == (1, len(BLANKS) - 1)
        assert marks.first is not None
        assert marks.first.rule == "rounding only"
        assert "to 2 decimals where 4 are asked for" in marks.sentence()


def test_a_zero_is_no_rounding_of_a_small_number() -> None:
    marks = marks_of(SHEETS[0], {"delta_1": Answer.of("0.0")})
    assert marks.first is not None
    assert marks.first.rule == "unknown"


def test_a_real_mistake_comes_before_rounding() -> None:
    sheet = SHEETS[0]
    written = by_hand(sheet.exercise, dict([BROKEN["rate"]]))
    answers = {blank: Answer.of(repr(value)) for blank, value in written.items()}
    answers["h1"] = Answer.of(f"{sheet.key['h1']:.2f}")
    marks = marks_of(sheet, answers)
    assert marks.first is not None
    assert marks.first.rule == "rate"
    assert [one.blank for one in marks.rounding] == ["h1"]


def test_a_number_from_nowhere_and_what_is_no_number() -> None:
    marks = marks_of(SHEETS[0], {"z1": Answer.of("17"), "h1": Answer.of("half")})
    assert [one.rule for one in marks.mistakes] == ["unknown", "no number"]
    assert "z1 is 17 where" in marks.sentence()
    assert "no rule that is known gives this" in marks.sentence()


def test_nothing_answered() -> None:
    assert marks_of(SHEETS[0], {}).sentence() == "Nothing is answered."


@pytest.mark.parametrize(
    ("text", "number", "decimals"),
    [
        ("0.1234", 0.1234, 4),
        ("0,12", 0.12, 2),
        (" -.5 ".strip(), -0.5, 1),
        ("\u22120.25", -0.25, 2),
        ("3", 3.0, 0),
        ("1.5e-2", 0.015, 1),
        ("1,234.5", None, 1),
        ("half", None, 0),
        ("nan", None, 0),
        ("inf", None, 0),
    ],
)
def test_answers_are_read_as_people_write_them(
    text: str, number: float | None, decimals: int
) -> None:
    answer = Answer.of(text)
    assert answer.number == number
    if number is not None:
        assert answer.decimals == decimals


# ---------------------------------------------------------------- files


def filled(folder: Path, text: str, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


KEY = answers_csv(SHEETS[:3], filled=True)


def test_the_key_marks_itself_right(tmp_path: Path) -> None:
    found = mark(read_answers(filled(tmp_path, KEY)))
    assert [one.student for one in found] == [1, 2, 3]
    assert {one.right for one in found} == {len(BLANKS)}


def test_order_spaces_case_semicolons_and_commas_change_nothing(tmp_path: Path) -> None:
    lines = [line.split(",") for line in KEY.splitlines()]
    due = mark(read_answers(filled(tmp_path, KEY)))
    turned = "\n".join(
        ";".join((row[4].replace(".", ","), f" {row[3].upper()} ", row[2] + ".0", row[0]))
        for row in [lines[0], *reversed(lines[1:])]
    )
    turned = turned.replace("1.0;", "1;", 0).replace("student.0", "Student")
    path = filled(tmp_path, turned, "turned.csv")
    found = mark(read_answers(path))
    assert sorted(found, key=lambda one: one.student) == list(due)


def test_a_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbf" + KEY.replace("\n", "\r\n").encode("utf-8"))
    assert {one.right for one in mark(read_answers(path))} == {len(BLANKS)}


def test_empty_cells_are_not_answered(tmp_path: Path) -> None:
    lines = KEY.splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ","
    found = mark(read_answers(filled(tmp_path, "\n".join(lines))))
    assert [one.empty for one in found] == [1, 0, 0]
    assert found[0].sentence() == "All that is answered is right; 1 empty."


def test_the_seed_may_be_given_apart(tmp_path: Path) -> None:
    bare = "\n".join(line.partition(",")[2] for line in KEY.splitlines())
    path = filled(tmp_path, bare)
    assert {one.right for one in mark(read_answers(path, seed=1))} == {len(BLANKS)}
    assert mark(read_answers(path, seed=2))[0].mistakes
    with pytest.raises(DataError, match="does not say of which seed"):
        read_answers(path)


def test_another_seed_than_that_of_the_file_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path, KEY)
    assert read_answers(path, seed=1) == read_answers(path)
    with pytest.raises(DataError, match="Row 1 is of seed 1, and the seed that is given is 2"):
        read_answers(path, seed=2)


def test_a_student_who_has_no_sheet_is_refused(tmp_path: Path) -> None:
    added = filled(tmp_path, KEY + "1,,3,z1,0.5\n", "added.csv")
    with pytest.raises(DataError, match="answers z1 of student 3 a second time"):
        read_answers(added)
    wrong = filled(tmp_path, KEY + "1,,99,z1,0.5\n", "wrong.csv")
    with pytest.raises(DataError) as error:
        read_answers(wrong)
    assert error.value.cause == f"Row {3 * len(BLANKS) + 1} is about student 99."
    assert error.value.remedy == "Students run from 1 to 3."
    bare = filled(tmp_path, "seed,student,blank,answer\n1,99,z1,0.5\n", "bare.csv")
    assert list(read_answers(bare)) == [(1, 99)]
    with pytest.raises(DataError, match="Row 1 is about student 99"):
        read_answers(bare, students=30)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.234,5", "with a point and a comma, either could be the decimal mark"),
        ("1,234.5", "with a point and a comma, either could be the decimal mark"),
        ("1,234,567", "it has more than one decimal mark"),
        ("half", ""),
        ("half, or so.", ""),
    ],
)
def test_it_is_said_why_a_text_is_no_number(text: str, why: str) -> None:
    found = marks_of(SHEETS[0], {"h1": Answer.of(text)}).mistakes[0]
    assert found.sentence == f"{text!r} is no number" + (f": {why}" if why else "")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("student,blank\n1,z1\n", "has no column 'answer'"),
        ("seed,pupil,blank,answer\n1,1,z1,0.5\n", "has no column 'student'"),
        ("seed,student,blank,answer\n1,1,z9,0.5\n", "Row 1 has 'z9' as its blank"),
        ("seed,student,blank,answer\n1,Ann,z1,0.5\n", "Row 1 has 'Ann' as its student"),
        ("seed,student,blank,answer\n1,0,z1,0.5\n", "Row 1 is about student 0"),
        ("seed,student,blank,answer\n1,1.5,z1,0.5\n", "Row 1 has '1.5' as its student"),
        ("seed,student,blank,answer\nx,1,z1,0.5\n", "Row 1 has 'x' as its seed"),
        (
            "seed,student,blank,answer\n1,1,z1,0.5\n1,1,Z1,0.6\n",
            "Row 2 answers z1 of student 1 a second time",
        ),
        ("seed,student,blank,answer\n1,1,z1,0,5\n1,1,h1,0,6\n", ""),
        ("seed,student,blank,answer\n", ""),
        ("", "is empty"),
        ("student;blank;answer\n;;\n", ""),
    ],
)
def test_a_broken_file_is_told_in_a_sentence(tmp_path: Path, text: str, cause: str) -> None:
    with pytest.raises(DataError) as error:
        read_answers(filled(tmp_path, text))
    assert cause in error.value.cause
    assert error.value.cause.endswith(".")
    assert error.value.remedy.endswith((".", "?"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be read"):
        read_answers(tmp_path / "none.csv")


# ---------------------------------------------------------------- the command


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def class_of_three() -> str:
    lines = ["seed,student,blank,answer"]
    wrong = [{}, dict([BROKEN["slope"]]), dict([BROKEN["updated weight"]])]
    for sheet, broken in zip(SHEETS, wrong, strict=False):
        written = by_hand(sheet.exercise, broken)
        lines += [f"1,{sheet.student},{blank},{value:.4f}" for blank, value in written.items()]
    return "\n".join(lines) + "\n"


def test_the_command_prints_the_first_mistake_of_each(here: Here) -> None:
    filled(Path(), class_of_three())
    ended = here("mark", "answers.csv")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    said = {
        line.split(":")[0]: line for line in lines if line.startswith("student ") and ":" in line
    }
    assert said["student 1"] == "student 1: All that is answered is right."
    assert "forgot the activation's slope: f'(z1) is missing." in said["student 2"]
    assert "used the updated weight: new_v1 for v1." in said["student 3"]
    assert lines[-3:] == ["broken first:", "   1  slope", "   1  updated weight"]


def test_the_marks_are_written_as_csv_and_json(here: Here) -> None:
    filled(Path(), class_of_three())
    ended = here("mark", "answers.csv", "--json", "--output", "marks.csv")
    plain = json.loads(ended.out)
    assert [one["first"] and one["first"]["rule"] for one in plain["students"]] == [
        None,
        "slope",
        "updated weight",
    ]
    lines = Path("marks.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith("seed,student,right,follows,")
    assert lines[2].startswith("1,2,")
    assert ",delta_1,slope," in lines[2]


def test_the_command_refuses_in_a_sentence(here: Here) -> None:
    filled(Path(), "student,answer\n1,0.5\n")
    assert "has no column 'blank'" in refused(here("mark", "answers.csv"), 3)
    assert "could not be read" in refused(here("mark", "nothing.csv"), 3)
    filled(Path(), class_of_three(), "three.csv")
    assert "is of seed 1" in refused(here("mark", "three.csv", "--seed", 2), 3)
    assert "student 3" in refused(here("mark", "three.csv", "--students", 2), 3)
