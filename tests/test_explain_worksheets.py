"""Worksheets: the key against PyTorch's and JAX's slopes, the seed, the pages, the command."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from command_line import Here, refused

from chainrule.errors import SetupError
from chainrule.explanation.worksheets.exercise import BLANKS, Exercise
from chainrule.explanation.worksheets.mistakes import RULES, every_mistake, mistakes_in
from chainrule.explanation.worksheets.sheet_formulas import FORMULAS, number_of
from chainrule.explanation.worksheets.sheets import (
    APART,
    DECIMALS,
    TOLERANCE,
    Worksheet,
    worksheet,
    worksheets,
)
from chainrule.views.worksheet_page import key_page, sheets_page

SHEETS = worksheets(30, 1)


def by_jax(exercise: Exercise) -> dict[str, float]:
    """Return blank -> number, from the sheet's formulas written out and jax.grad."""
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    f = {"sigmoid": jax.nn.sigmoid, "tanh": jax.numpy.tanh}[exercise.activation]
    p, x1, x2 = dict(exercise.parameters), exercise.x1, exercise.x2

    def sums(p: dict[str, float]) -> dict[str, float]:
        z1 = p["w11"] * x1 + p["w21"] * x2 + p["b1"]
        z2 = p["w12"] * x1 + p["w22"] * x2 + p["b2"]
        return {"z1": z1, "z2": z2}

    def onwards(z: dict[str, float], p: dict[str, float]) -> dict[str, float]:
        h1, h2 = f(z["z1"]), f(z["z2"])
        return {"h1": h1, "h2": h2, "zo": p["v1"] * h1 + p["v2"] * h2 + p["c"]}

    def cost(zo: float) -> float:
        return (f(zo) - exercise.t) ** 2 / 2

    z = sums(p)
    late = onwards(z, p)
    made = {**z, **late, "o": f(late["zo"]), "C": cost(late["zo"])}
    made["delta_o"] = jax.grad(cost)(late["zo"])
    at_sums = jax.grad(lambda z: cost(onwards(z, p)["zo"]))(z)
    made |= {"delta_1": at_sums["z1"], "delta_2": at_sums["z2"]}
    slopes = jax.grad(lambda p: cost(onwards(sums(p), p)["zo"]))(p)
    made |= {f"d{name}": slope for name, slope in slopes.items()}
    made |= {f"new_{name}": p[name] - exercise.rate * slopes[name] for name in p}
    return {name: float(value) for name, value in made.items()}


def test_the_key_is_what_jax_makes_of_the_sheet() -> None:
    for sheet in SHEETS:
        due = by_jax(sheet.exercise)
        assert sheet.key.keys() == due.keys()
        for blank, value in due.items():
            assert sheet.key[blank] == pytest.approx(value, abs=1e-12), (sheet.student, blank)


def test_a_formula_gives_the_number_that_backpropagation_gives() -> None:
    for sheet in SHEETS:
        known = {**sheet.exercise.given, **sheet.key}
        for blank in BLANKS:
            made = number_of(FORMULAS[blank], known, sheet.exercise.activation)
            assert made == pytest.approx(sheet.key[blank], abs=1e-12), blank


def test_every_student_has_a_network_of_its_own_that_follows_from_the_seed() -> None:
    assert len({str(sheet.exercise) for sheet in SHEETS}) == 30
    assert {sheet.exercise.activation for sheet in SHEETS} == {"sigmoid", "tanh"}
    worksheet.cache_clear()
    assert worksheets(30, 1) == SHEETS
    assert worksheets(3, 1) == SHEETS[:3], "more students change no sheet"
    assert worksheet(2, 1).exercise != SHEETS[0].exercise


def test_numbers_have_few_digits() -> None:
    for sheet in SHEETS:
        for name, value in sheet.exercise.given.items():
            assert value == round(value, 1), name
            assert value not in (0.0, 1.0, -1.0), f"{name} would hide a factor"


def test_no_mistake_gives_a_number_that_another_gives() -> None:
    for sheet in SHEETS:
        known = {**sheet.exercise.given, **sheet.key}
        for blank in BLANKS:
            made = [sheet.key[blank]]
            made += [
                number_of(one.formula, known, sheet.exercise.activation)
                for one in mistakes_in(blank)
            ]
            assert np.diff(np.sort(made)).min() > 0.99 * APART > 2 * TOLERANCE, blank


def test_the_mistakes_that_are_asked_for_are_known() -> None:
    known = every_mistake()
    assert {one.blank for one in known} == set(BLANKS)
    assert {one.rule for one in known} == set(RULES), "no rule without a mistake"
    assert len({(one.blank, one.formula) for one in known}) == len(known)
    assert not any(one.formula == FORMULAS[one.blank] for one in known)
    details = {(one.blank, one.detail) for one in known}
    assert ("z2", "w11 for w12") in details
    assert ("z1", "w12 for w21") in details


@pytest.mark.parametrize(
    ("students", "seed"), [(0, 1), (1001, 1), (2.5, 1), (True, 1), (3, -1), (3, "a")]
)
def test_impossible_numbers_are_refused(students: int, seed: int) -> None:
    with pytest.raises(SetupError, match=r"is not possible|The seed is"):
        worksheets(students, seed)


class Seen(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("make", [sheets_page, key_page])
def test_a_page_stands_by_itself(make: object) -> None:
    assert callable(make)
    page = make(SHEETS[:4])
    seen = Seen(page)
    assert not {tag for tag, _ in seen.tags} & {"script", "link", "img", "iframe"}
    assert not any({"src", "href"} & set(attributes) for _, attributes in seen.tags)
    assert "url(" not in page
    assert sum(tag == "section" for tag, _ in seen.tags) == 4
    assert "break-after: page" in page
    assert [tag for tag, _ in seen.tags].count("h1") == 1


def test_a_sheet_has_what_is_given_and_no_answer() -> None:
    for sheet in SHEETS:
        page = sheets_page([sheet])
        seen = Seen(page)
        told = next(attributes["aria-label"] for tag, attributes in seen.tags if tag == "svg")
        assert told is not None
        plain = told.replace("\u2212", "-")
        for name in ("x1", "x2", *sheet.exercise.parameters):
            assert f"{name} {sheet.exercise.given[name]:g}" in plain
        assert re.findall(r"<code>(\w+)</code>", page) == list(BLANKS)
        text = seen.text.replace("\u2212", "-")
        assert f"t = {sheet.exercise.t:g}," in text
        assert f"\u03b7 = {sheet.exercise.rate:g}." in text
        body = page.partition("<body>")[2]
        assert not [blank for blank, value in sheet.key.items() if f"{value:.4f}" in body]


def test_the_key_has_every_answer_and_the_formula_in_numbers() -> None:
    sheet = SHEETS[0]
    seen = Seen(key_page([sheet]))
    text = seen.text.replace("\u2212", "-")
    for blank, value in sheet.key.items():
        assert f"{value:.{DECIMALS}f}" in text, blank
    key = sheet.key
    e = sheet.exercise
    assert f"f\u2032({key['z1']:g})" in text or f"f\u2032({key['z1']:.4f})" in text
    assert f"({key['o']:.4f} - " + (f"({e.t:g})" if e.t < 0 else f"{e.t:g}") in text
    assert f"{e.parameters['v1']:g} - {e.rate:g} \u00b7 {key['dv1']:.4f}" in text


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_sheets_key_and_what_is_to_be_filled_in(here: Here) -> None:
    ended = here("worksheet", "--students", "3", "--seed", "7", "--output", "class")
    assert (ended.code, ended.err) == (0, "")
    names = ["answers.csv", "key.csv", "key.html", "worksheets.html"]
    assert sorted(path.name for path in Path("class").iterdir()) == names
    assert all(f"class/{name}" in ended.out.replace("\\", "/") for name in names)
    key, empty = rows_of(Path("class/key.csv")), rows_of(Path("class/answers.csv"))
    assert len(key) == len(empty) == 3 * len(BLANKS)
    assert {row["answer"] for row in empty} == {""}
    sheets: dict[int, Worksheet] = {one.student: one for one in worksheets(3, 7)}
    for row in key:
        due = sheets[int(row["student"])].key[row["blank"]]
        assert float(row["answer"]) == pytest.approx(due, abs=0.51 * 10.0**-DECIMALS)
    assert "3 sheets" in ended.out
    again = Path("class/worksheets.html").read_bytes()
    here("worksheet", "--students", "3", "--seed", "7", "--output", "other")
    assert Path("other/worksheets.html").read_bytes() == again


def test_the_command_refuses_in_a_sentence(here: Here) -> None:
    cause = refused(here("worksheet", "--students", "0"), 4)
    assert cause == "students=0 is not possible."
    assert not Path("sheets").exists()
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine", "utf-8")
    refused(here("worksheet", "--output", "full"), 5)
    assert [path.name for path in Path("full").iterdir()] == ["mine.txt"]
