"""What is said of rows and columns that a result must not be read without, and what follows."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import chainrule as cr
from chainrule.data.choices import Choices
from chainrule.data.column_names import is_named_like_subject
from chainrule.data.decisions import Decision
from chainrule.data.kinds import decide_kinds
from chainrule.data.table import Table, read_table, table_from_frame
from chainrule.training.tables import together
from chainrule.training.tables.door import plan_table
from chainrule.views.decision_lines import beside_result
from chainrule.views.terminal import print_run

FAST: dict[str, Any] = {"epochs": 3, "hidden": (3,), "progress": False}
KEPT = "have a twin in all that is learned from"


def said_of(columns: Any, subject: str, target: str = "y", **choices: Any) -> list[Decision]:
    plan = plan_table(columns, target, Choices(**choices), 0)
    return [one for one in plan.decisions if one.subject == subject]


def hints_of(columns: dict[str, Any], name: str) -> list[tuple[str, str]]:
    decisions = decide_kinds(table_from_frame({"y": ["a", "b"] * 30, **columns}), "y").decisions
    return [
        (one.text, one.option) for one in decisions if (one.subject, one.kind) == (name, "hint")
    ]


def read(content: str) -> Table:
    return read_table(io.BytesIO(content.encode()))


# ---------------------------------------------------------------- copies and chance


def people(visits: int = 5) -> pd.DataFrame:
    random = np.random.default_rng(0)
    ranges = {"age": (20, 80), "height": (150, 200), "weight": (50, 110), "sex": (0, 2)}
    frame = pd.DataFrame({name: random.integers(*ends, 400) for name, ends in ranges.items()})
    frame = frame.loc[np.repeat(np.arange(400), visits)].reset_index(drop=True)
    return frame.assign(y=random.normal(size=len(frame)))


def test_visits_of_one_person_are_kept_in_one_fold() -> None:
    frame = people()
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    for one in (frame, mixed, frame.sort_values("age").reset_index(drop=True)):
        (said,) = said_of(one, "rows")
        assert said.text.startswith(f"2,000 {KEPT}")
    plan = plan_table(mixed, "y", Choices(), 0)
    person = mixed.groupby(["age", "height", "weight", "sex"]).ngroup().to_numpy()
    for fold in plan.folds:
        assert not set(person[fold.test]) & set(person[fold.training])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_as_many_repeat_an_earlier_row_as_are_left_out(share: float) -> None:
    frame = people()
    own = np.random.default_rng(4).random(len(frame)) >= share
    frame["y"] = np.where(own, frame["y"], frame.groupby("age")["y"].transform("first"))
    (said,) = said_of(frame, "rows")
    count = len(frame) - len(frame.drop_duplicates())
    if not count:
        assert "repeat" not in said.text
        assert said.option == ""
        return
    assert said.text.endswith(f"; {count:,} repeat an earlier row, target and all")
    fewer = plan_table(frame, "y", Choices(ignore_rows="duplicates"), 0)
    assert len(fewer.used) == len(frame) - count


def test_equal_rows_that_chance_makes_are_shared_out() -> None:
    random = np.random.default_rng(1)
    texts = {name: random.integers(0, 8, 900).astype(str) for name in "abc"}
    y = random.normal(size=900)
    (said,) = said_of({**texts, "y": y}, "rows")
    assert "as few values make them: shared out like all others" in said.text
    # The same as columns of yes and no: those of one category depend on each other.
    switches = pd.get_dummies(pd.DataFrame(texts)).astype(int)
    for frame in (switches, switches.sort_values(list(switches.columns)).reset_index(drop=True)):
        (said,) = said_of(frame.assign(y=y), "rows")
        assert "as columns of two values make them: shared out like" in said.text


def test_equal_rows_one_below_another_are_kept_together() -> None:
    random = np.random.default_rng(2)
    answers = pd.DataFrame(random.integers(0, 2, (100, 9))).add_prefix("q")
    visits = answers.loc[np.repeat(np.arange(100), 5)].reset_index(drop=True)
    visits["y"] = random.normal(size=500)
    assert KEPT in said_of(visits, "rows")[0].text
    mixed = visits.sample(frac=1, random_state=1).reset_index(drop=True)
    assert "shared out like all others" in said_of(mixed, "rows")[0].text
    by_answers = visits.sort_values([f"q{place}" for place in range(9)]).reset_index(drop=True)
    assert "shared out like all others" in said_of(by_answers, "rows")[0].text


def test_of_very_many_rows_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST_ROWS_SHUFFLED", 300)
    shuffled: list[int] = []
    chance = together._equal_by_chance

    def counted(known: Table, inputs: Any) -> int:
        shuffled.append(known.rows)
        return chance(known, inputs)

    monkeypatch.setattr(together, "_equal_by_chance", counted)
    mixed = people().sample(frac=1, random_state=1).reset_index(drop=True)
    assert KEPT in said_of(mixed, "rows")[0].text
    few = {name: np.random.default_rng(3).integers(0, 3, 2000) for name in "ab"}
    assert "shared out" in said_of({**few, "y": np.arange(2000) / 7}, "rows")[0].text
    assert shuffled == [300, 300]


# ---------------------------------------------------------------- totals, and targets far away


LINES = "".join(f"r{row % 5},{row * 3},{row / 4}\n" for row in range(24))


@pytest.mark.parametrize(
    ("last", "rows"),
    [
        ("Total,828,69\n,,\nSource: the office,,\n", "25,27"),
        ("Total,828,69\nSource: the office,,\nof 2021,,\n", "25-27"),
        ("Total,828,69\n,,\nMean,34,2.9\n,,\n", "25,27"),
    ],
)
def test_a_total_with_a_footer_behind_it(last: str, rows: str) -> None:
    hint = decide_kinds(read(f"region,count,v\n{LINES}{last}"), "v").decisions[0]
    assert (hint.subject, hint.kind, hint.option) == ("rows", "hint", f"--ignore-rows {rows}")


def test_a_footer_alone_is_no_total() -> None:
    decisions = decide_kinds(read(f"region,count,v\n{LINES}Source: x,,\n"), "v").decisions
    assert not [one for one in decisions if one.subject == "rows"]


def test_a_target_far_from_all_others_is_said_with_its_row() -> None:
    values = [float(row % 7) for row in range(40)]
    x = [row * 0.37 for row in range(40)]
    assert said_of({"x": x, "y": values}, "y", task="regression") == []
    values[11] = 900.0
    (hint,) = said_of({"x": x, "y": values}, "y", task="regression", ignore_rows="3")
    assert hint.text.startswith("900 in row 12 is far from the rest (0 to 6)")
    assert hint.option == "--ignore-rows 3,12"
    values[11] = -9.0
    (hint,) = said_of({"x": x, "y": values}, "y", task="regression")
    assert hint.text.startswith("-9 in row 12 is far from the rest")
    heavy = np.exp(np.random.default_rng(0).normal(size=200))
    assert not said_of({"x": np.arange(200) * 0.7, "y": heavy}, "y")


# ---------------------------------------------------------------- whom a row tells of, and when


@pytest.mark.parametrize(
    ("name", "is_subject"),
    [
        ("Subject", True), ("subject", True), ("individual", True), ("pid", True), ("firm", True),
        ("firm name", True), ("householdId", True), ("Patient No", True), ("animal", True),
        ("patient age", False), ("confirm", False), ("persons", False), ("id", False), ("", False),
    ],
)  # fmt: skip
def test_names_of_subjects(name: str, is_subject: bool) -> None:
    assert is_named_like_subject(name) is is_subject


def test_columns_that_say_whom_a_row_tells_of() -> None:
    text = "12 values in 60 rows; if the rows of one value belong together, keep them together"
    numbers = [300 + 7 * (row % 12) for row in range(60)]
    assert hints_of({"Subject": numbers}, "Subject") == [(text, "--group Subject")]
    assert hints_of({"firm": [f"f{one}" for one in numbers]}, "firm") == [(text, "--group firm")]
    twice = [f"p{row // 2}" for row in range(60)]
    ((text, option),) = hints_of({"patient": twice, "v": numbers}, "patient")
    assert (text[:20], option) == ("30 values in 60 rows", "--group patient")
    assert hints_of({"level": numbers}, "level") == []
    assert hints_of({"firm": [row % 3 * 1.0 for row in range(60)]}, "firm")[0][1] == (
        "--categorical firm"
    )
    unequal = [0] * 40 + [1 + row % 10 for row in range(20)]
    assert hints_of({"Subject": unequal}, "Subject") == []
    assert hints_of({"Subject": [0.5 * one for one in [*numbers[1:], 1]]}, "Subject") == []


def test_no_hint_on_groups_of_houses_and_on_the_order_of_births() -> None:
    numbers = [3 + 7 * (row % 12) for row in range(60)]
    assert hints_of({"House nr": numbers}, "House nr") == [
        ("codes by its name, and taken as an identifier", "--categorical 'House nr'")
    ]
    days = [f"19{60 + row % 30}-03-{1 + row % 28:02d}" for row in range(60)]
    assert hints_of({"visited": days}, "visited")[0][1] == "--time visited"
    for name in ("birth date", "DOB", "Geburtsdatum"):
        assert hints_of({name: days}, name) == []


def test_years_may_order_the_rows() -> None:
    years, quarters = [1990 + row // 4 for row in range(60)], [1 + row % 4 for row in range(60)]
    ((_, option),) = hints_of({"year": years, "quarter": quarters}, "year")
    assert option == "--time year"
    assert hints_of({"year built": years}, "year built") == []
    assert hints_of({"year": [row // 4 for row in range(60)]}, "year") == []


# ---------------------------------------------------------------- durations and zones


def test_durations_are_hours() -> None:
    hours = [30.0, 0.5, float("nan"), *np.arange(57) * 1.25]
    waits = pd.to_timedelta(hours, unit="h")
    frames: list[Any] = [pd.DataFrame({"wait": waits}), {"wait": list(waits)}]
    frames += [pl.DataFrame({"wait": pl.from_pandas(pd.Series(waits))}), {"wait": waits.to_numpy()}]
    for frame in frames:
        table = table_from_frame(frame)
        np.testing.assert_allclose(table.columns["wait"].astype(float), hours)
        assert [one.text for one in table.decisions] == ["durations, in hours"]
    one = table_from_frame({"wait": [datetime.timedelta(days=1, hours=6)]})
    assert one.columns["wait"].tolist() == [30.0]
    frame = pd.DataFrame({"wait": waits, "y": np.arange(60) / 7})
    run = cr.train_table(frame, "y", **FAST)
    assert len(run.predict(frame)) == 60


def test_times_of_a_zone_are_those_of_its_clocks() -> None:
    days = pd.date_range("2021-01-01", periods=60, tz="Europe/Berlin")
    frame = pd.DataFrame({"when": days, "y": ["a", "b"] * 30})
    for given in (frame, pl.from_pandas(frame)):
        table = table_from_frame(given)
        said = [one.text for one in table.decisions]
        assert said == ["times of the zone Europe/Berlin, taken as its clocks show them"]
        first = decide_kinds(table, "y").decisions[0]
        assert first.text == "dates from 2021-01-01 to 2021-03-01, taken as a number of days"
    table = table_from_frame({"when": [str(day) for day in days], "y": ["a", "b"] * 30})
    text = decide_kinds(table, "y").decisions[0].text
    assert text.endswith("; times of other zones are taken as those of UTC")
    utc = table_from_frame({"when": [str(day) for day in days.tz_convert("UTC")]})
    assert "zone" not in "".join(one.text for one in utc.decisions)


# ---------------------------------------------------------------- categories, dates in digits


def test_what_is_kept_of_many_categories() -> None:
    frequent = [f"f{row % 23}" for row in range(23 * 4)]
    values = [*frequent, *(f"r{row}" for row in range(38))]
    table = table_from_frame({"v": values, "y": np.arange(len(values)) / 7})
    (said,) = decide_kinds(table, "y").decisions
    text = "61 categories, the 23 in 3 rows or more are kept, the rest is '(other)'"
    assert said.text == text
    plan = plan_table({"v": values, "y": np.arange(len(values)) / 7}, "y", Choices(), 0)
    assert len(plan.preparation.input_names) == 24
    rare = table_from_frame({"v": [f"v{row // 2}" for row in range(130)], "y": [0.5] * 130})
    (said,) = decide_kinds(rare, "y", Choices(categorical="v")).decisions
    assert said.text == (
        "65 categories, the 50 most frequent are kept, the rest is '(other)'; none is in 3 rows"
    )


@pytest.mark.parametrize("odd", [[20190231], [0], [99991231], [0, 20190231]])
def test_numbers_that_are_dates_but_for_a_few(odd: list[int]) -> None:
    days = [20190101 + 100 * (row % 12) + row // 3 for row in range(60)]
    values = [*days[: 60 - len(odd)], *odd]
    hints = [one for one in hints_of({"day": values}, "day") if "--missing" in one[1]]
    ((text, option),) = hints
    assert text.startswith(f"{60 - len(odd)} of 60 are dates such as 20190101")
    assert option == " ".join(f"--missing {one}" for one in odd)
    marked = tuple(map(str, odd))
    table = table_from_frame({"day": values, "y": ["a", "b"] * 30}, choices=Choices(missing=marked))
    assert decide_kinds(table, "y").by_name["day"] == "date"
    assert hints_of({"price": [*range(20190300, 20190358), 5, 7]}, "price") == []


def test_versions_are_no_dates() -> None:
    versions = [f"1.{1 + row % 9}.1{row % 3}" for row in range(60)]
    table = table_from_frame({"v": versions, "y": ["a", "b"] * 30})
    (said,) = decide_kinds(table, "y").decisions
    assert said.kind == "category"
    assert decide_kinds(table, "y", Choices(dates="dmy")).by_name["v"] == "date"
    later = [f"1.{11 + row % 9}.1{row % 3}" for row in range(60)]
    assert decide_kinds(table_from_frame({"v": later, "y": later}), "y").by_name["v"] == "category"
    for form in ("{0}.{1}.10", "{0:02d}.{1:02d}.10", "{0}.{1}.2010", "{0}/{1}/10"):
        days = [form.format(1 + row % 28, 1 + row % 9) for row in range(60)]
        table = table_from_frame({"v": days, "y": ["a", "b"] * 30})
        assert decide_kinds(table, "y").by_name["v"] == "date"


# ---------------------------------------------------------------- beside the result


def test_what_a_result_is_not_to_be_read_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "".join(f"{100 + row % 12 * 7},{row / 3},{row % 9}\n" for row in range(60))
    table = tmp_path / "visits.csv"
    table.write_text(f"patient_id,x,y\n{lines}Total,600,250\n,,\n")
    run = cr.train_table(table, "y", task="regression", output=tmp_path / "run", **FAST)
    group = "Rows of one patient_id may be on both sides: --group patient_id."
    total = "row 61 reads like a total of those above ('Total'): --ignore-rows 61."
    print_run(run, tmp_path / "run", table)
    out = capsys.readouterr().out
    for text in (group, total):
        assert out.count(text) == 1
        assert out.index(text) > out.index("The network's error")
        assert text in run.report().lead
    asked = cr.train_table(table, "y", group="patient_id", ignore_rows="61", **FAST)
    assert asked.result is not None
    assert asked.report().lead == asked.result.in_words
    hint = Decision("b", "hint", "a text", "--group b")
    assert beside_result([hint], has_groups=True) == []
    assert len(beside_result([hint] * 5, has_groups=False)) == 2


def test_a_rare_class_has_its_balanced_accuracy_in_the_headline() -> None:
    x = np.random.default_rng(0).normal(size=200)
    for rare, expected in ((20, True), (80, False)):
        y = ["yes"] * rare + ["no"] * (200 - rare)
        run = cr.train_table({"x": x, "y": y}, "y", **FAST)
        assert run.result is not None
        value = run.result.scores["network"]["balanced_accuracy"].value
        assert (f", in balanced accuracy {value:.1%}: " in run.result.in_words) is expected


# ---------------------------------------------------------------- what can be done about it


def test_a_column_of_lists_can_be_dropped(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    tags = [["a", "b"]] * 40
    pl.DataFrame({"x": np.arange(40) / 3, "tags": tags, "y": ["a", "b"] * 20}).write_parquet(path)
    with pytest.raises(cr.DataError, match="'tags' holds a list"):
        cr.train_table(path, "y", **FAST)
    run = cr.train_table(path, "y", drop="tags", **FAST)
    assert len(run.predict(path)) == 40
    assert table_from_frame({"x": tags}, choices=Choices(drop="x")).rows == 40


def test_a_class_of_one_row_is_said_with_its_row() -> None:
    x = np.arange(30) / 7
    y = [*["a", "b"] * 14, "c", "a"]
    with pytest.raises(cr.DataError) as refusal:
        plan_table({"x": x, "y": y}, "y", Choices(ignore_rows="1-2"), 0)
    assert refusal.value.cause == "The class 'c' of the target 'y' has one row, row 29."
    assert refusal.value.remedy == (
        "Add rows of that class, or leave the row out: --ignore-rows 1-2,29."
    )
    with pytest.raises(cr.DataError) as refusal:
        plan_table({"x": x, "y": [*[0, 1] * 14, 7, 8]}, "y", Choices(), 0)
    assert refusal.value.remedy.endswith(
        "leave 2 such rows out: --ignore-rows 29-30, or take it as numbers: --task regression."
    )


def test_words_that_fit_one_row_and_one_column() -> None:
    x, y = list(np.arange(40) / 7), ["a", "b"] * 20
    (said, used) = said_of({"x": x, "y": y}, "rows", ignore_rows="3")
    assert (said.text, used.text) == ("1 is left out, as asked: 3", "39 of 40 are used")
    (said, _) = said_of({"x": x, "y": [*y[:-1], None]}, "rows")
    assert said.text == "1 without a target is left out"
    with pytest.raises(cr.DataError) as refusal:
        plan_table({"year": x, "y": y}, "y", Choices(time="year"), 0)
    assert "a second copy of the column of times, under another name" in refusal.value.remedy
    frame = pd.DataFrame({1: x, 2: y})
    with pytest.raises(cr.SetupError, match="such as target='2'"):
        cr.train_table(frame, 2, **FAST)  # type: ignore[arg-type]
    assert cr.train_table(frame, "2", **FAST).classes == ("a", "b")
