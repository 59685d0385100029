"""What is printed of a table's run and of its decisions, and the document of all of it."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.data.choices import Choices
from chainrule.data.decisions import Decision
from chainrule.data.kinds import decide_kinds
from chainrule.data.table import table_from_frame
from chainrule.data.target import describe_target
from chainrule.training.progress import seldom, shown_trainings
from chainrule.training.tables.door import train_table
from chainrule.training.tables.sentences import written_number
from chainrule.views.decision_lines import MOST_LINES, decision_lines
from chainrule.views.run_document import run_as_json
from chainrule.views.scores import mistakes_grid, score_grid, written
from chainrule.views.terminal import print_decisions, print_run

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"


@pytest.fixture(scope="module")
def heart(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("heart") / "run"
    return cr.train_table(HEART, "disease", epochs=6, output=folder, progress=False), folder


def printed(run: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    print_run(run, folder, HEART)
    return capsys.readouterr().out


def lines_of(columns: dict[str, list[Any]], **chosen: Any) -> list[str]:
    kinds = decide_kinds(table_from_frame(columns), "y", Choices(**chosen))
    return decision_lines(kinds.decisions, "")


# ---------------------------------------------------------------- decisions


def test_what_is_nothing_special_is_gathered() -> None:
    a = [0.5 * i for i in range(20)]
    columns = {"a": a, "b": [*a[1:], None], "c": ["p", "q"] * 10, "d": ["r", None] * 10, "y": a}
    assert lines_of(columns) == [
        "numbers: a, b (2 columns)  [--categorical NAME]",
        "categories: c, d (2 columns)  [--drop NAME]",
        "missing values: b 1, d 10 (filled in, and marked in an input)",
    ]


def test_a_single_column_is_named_in_its_option() -> None:
    a = [0.5 * i for i in range(20)]
    assert lines_of({"blood pressure": a, "y": a}) == [
        "numbers: blood pressure  [--categorical 'blood pressure']"
    ]


def test_what_is_special_has_a_line_and_an_option() -> None:
    days = [f"2024-03-{1 + i:02d}" for i in range(20)]
    columns = {"visited": days, "key": list(range(100, 120)), "y": [0.5 * i for i in range(20)]}
    columns["rating"] = [1, 2, 3, 4, 5] * 4
    assert lines_of(columns) == [
        "numbers: rating  [--categorical rating]",
        "visited: dates from 2024-03-01 to 2024-03-20, taken as a number of days"
        "  [--categorical visited]",
        "hint: visited: if later rows are to be predicted from earlier ones, let it order them"
        "  [--time visited]",
        "key: an identifier: whole numbers that rise by one; not used  [--numeric key]",
        "hint: rating: 5 different whole numbers, taken as a quantity  [--categorical rating]",
    ]


def test_what_is_said_of_many_columns_is_said_once() -> None:
    columns: dict[str, list[Any]] = {f"q{i}": [1, 2, 3, 4, 5 + i] * 4 for i in range(30)}
    found = lines_of({**columns, "y": [0.5 * i for i in range(20)]})
    assert found[0].startswith("numbers: q0, q1, ")
    assert found[0].endswith("q11 and 18 more  [--categorical NAME]")
    assert found[1].startswith("hint: q0, q1, ")
    assert found[1].endswith("taken as a quantity  [--categorical NAME]")
    assert len(found) == 2


def test_ten_thousand_columns_do_not_make_ten_thousand_lines() -> None:
    plain = [Decision(f"c{i}", "number", f"numbers to {i}", plain=True) for i in range(10_000)]
    odd = [Decision(f"d{i}", "constant", "x" * i, f"--drop d{i}") for i in range(500)]
    found = decision_lines([*plain, *odd], "elsewhere")
    assert len(found) == MOST_LINES + 1
    assert found[0].endswith("c11 and 9,988 more")
    assert found[-1] == f"and {500 - (MOST_LINES - 1):,} more: elsewhere"


def test_a_command_that_leaves_decisions_out_has_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_decisions([Decision(f"d{i}", "constant", "x" * i) for i in range(60)])
    assert capsys.readouterr().out.endswith("\nand 20 more: --json shows all\n")


def test_the_file_the_target_and_the_rows_come_first() -> None:
    given = [
        Decision("a", "empty", "no value in any row; not used"),
        Decision("rows", "rows", "20 of 30 are used"),
        Decision("target", "target", "regression", "--task classification"),
        Decision("file", "file", "read as cp1252", "--encoding utf-8"),
    ]
    assert [line.partition(":")[0] for line in decision_lines(given, "")] == [
        "file", "target", "rows", "a",
    ]  # fmt: skip


def test_decisions_are_printed_below_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    said = Decision("a\x1b[31m", "empty", "no value in any row; not used", "--drop a")
    print_decisions([said], "t.csv: 3 rows")
    assert capsys.readouterr().out == (
        "t.csv: 3 rows\na\\x1b[31m: no value in any row; not used  [--drop a]\n"
    )


# ---------------------------------------------------------------- a run


def test_a_run_is_told_from_its_table_to_the_next_commands(
    heart: tuple[Any, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = heart
    out = printed(run, folder, capsys)
    epochs = ", ".join(str(one.best_epoch) for one in run.folds)
    parts = [
        f"{HEART}: 303 rows, 14 columns; classification of 'disease'",
        "target: classification, 2 classes (no 164, yes 139)",
        "missing values: major_vessels_colored 4, thal 2",
        "dense_1   Dense(16, 'tanh')   n x 16   W 25 x 16, b 16     416",
        "on 303 rows         network       95% interval   linear model   constant",
        "true \\ as",
        run.result.in_words,
        "Measured in 5 folds: every row was predicted by a network that had not seen it. Epochs "
        f"were chosen inside each fold's training rows: {epochs}.",
        f"trained again on all 303 rows, for {run.recording.epochs} epochs, the median of these",
        "linear model: a network of one layer",
        "constant: the shares of the classes",
        f"The run is in {folder}. Next:",
    ]
    places = [out.index(part) for part in parts]
    assert places == sorted(places)
    assert out.endswith(f"{folder}/report.html\n")
    assert all(line == line.rstrip() for line in out.splitlines())
    assert "\n\n\n" not in out
    commands = [shlex.split(line) for line in re.findall(r"^    (chain.*)$", out, re.MULTILINE)]
    assert commands == [
        ["chainrule", "predict", str(folder), str(HEART)],
        ["chainrule", "predict", str(folder), str(HEART), "--output", "predictions.csv"],
    ]


def test_every_measure_stands_with_its_interval(heart: tuple[Any, Path]) -> None:
    run, _ = heart
    grid = score_grid(run.result)
    found = run.result.scores["network"]["accuracy"]
    assert grid.rows[0] == (
        "accuracy",
        f"{found.value:.1%}",
        f"{found.low:.1%} to {found.high:.1%}",
        f"{run.result.scores['linear model']['accuracy'].value:.1%}",
        f"{run.result.scores['constant']['accuracy'].value:.1%}",
    )
    assert [row[0] for row in grid.rows] == [
        "accuracy", "balanced accuracy", "AUC", "log loss", "F1", "calibration error",
    ]  # fmt: skip
    assert grid.width <= 80


def test_confusions_add_up_and_many_classes_are_told_by_pairs(heart: tuple[Any, Path]) -> None:
    result = heart[0].result
    grid = mistakes_grid(result)
    assert grid is not None
    counts = [[int(cell) for cell in row[1:-1]] for row in grid.rows]
    assert counts == [list(row) for row in result.confusion]
    table = np.diag(np.full(15, 9))
    table[3, 7], table[2, 1] = 4, 1
    many = replace(
        result,
        classes=tuple(f"class {i}" for i in range(15)),
        confusion=tuple(map(tuple, table.tolist())),
    )
    pairs = mistakes_grid(many)
    assert pairs is not None
    assert pairs.rows == (
        ("class 3", "class 7", "4", "30.8%"),
        ("class 2", "class 1", "1", "10.0%"),
    )
    long = replace(result, classes=("n" * 50, "y" * 50))
    assert mistakes_grid(long) is not None
    assert mistakes_grid(long).headings[1] == "taken for"
    assert mistakes_grid(replace(result, classes=(), confusion=())) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0000"),
        (-0.00071, "-0.0007"),
        (0.09876543, "0.0988"),
        (1.0, "1.000"),
        (56.0491, "56.05"),
        (999.96, "1,000"),
        (51204.4, "51,204"),
        (-12.3456, "-12.35"),
        (1.2345e10, "1.234e+10"),
        (1e-7, "1.000e-07"),
    ],
)
def test_a_number_is_written_without_an_exponent_where_it_can_be(number: float, text: str) -> None:
    assert written_number(number) == text


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([4.1e8, 2.01e9], ["410,000,000", "2,010,000,000"]),
        ([4.1e14, 2.01e15], ["4.100e+14", "2.010e+15"]),
        ([4.1e-10, 2.01e-9], ["4.100e-10", "2.010e-09"]),
        ([0.9572, -2e10], ["0.9572", "-2.000e+10"]),
        ([5000.0, 1e200], ["5,000", "1.000e+200"]),
        ([4.1e8, float("nan")], ["410,000,000", "-"]),
        ([float("nan")], ["-"]),
    ],
)
def test_figures_beside_each_other_are_written_alike(
    numbers: list[float], texts: list[str]
) -> None:
    assert written("root_mean_squared_error", numbers) == texts


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-4.549003850133835e-10, 1.0132790547093898e-08, "-4.549e-10 to 1.01328e-08"),
        (-454900385.0133835, 10132790547.093897, "-454900385 to 10132790547"),
        (-4.549003850133835e14, 1.0132790547093898e16, "-454900385013384 to 1.01328e+16"),
        (1 / 3, 200 / 3, "0.333333 to 66.6667"),
        (1.5, 1234567.0, "1.5 to 1234567"),
    ],
)
def test_the_ends_of_a_column_are_written_to_be_read(low: float, high: float, text: str) -> None:
    middle = [low + (high - low) * i / 20 for i in range(1, 20)]
    columns = {"x": [low, *middle, high], "y": [low, *middle, high]}
    said = describe_target(table_from_frame(columns), "y", "regression").text
    assert said == f"regression, numbers from {text}"
    (kind, *_) = decide_kinds(table_from_frame(columns), "y", Choices()).decisions
    assert kind.text == f"numbers from {text}"


def test_regression_is_told_in_the_units_of_the_target(capsys: pytest.CaptureFixture[str]) -> None:
    run = cr.train_table(HEART, "max_hr", epochs=4, progress=False)
    out = printed(run, Path("run"), capsys)
    assert "regression of 'max_hr'" in out
    assert "RMSE and MAE are in the target's units" in out
    assert re.search(r"^RMSE +\d\d\.\d\d +\d\d\.\d\d to \d\d\.\d\d +\d\d", out, re.MULTILINE)
    assert "true \\ as" not in out


def test_a_group_a_time_and_a_test_table_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = np.random.default_rng(0)
    columns = {
        "when": [f"2024-{1 + i // 20:02d}-{1 + i % 20:02d}" for i in range(200)],
        "site": [f"s{i % 10}" for i in range(200)],
        "x": draw.normal(size=200).round(3).tolist(),
    }
    columns["y"] = [one * 2 + 1 for one in columns["x"]]
    by_time = train_table(columns, "y", time="when", epochs=3, progress=False)
    assert "comes after what was learned from, by 'when'." in printed(by_time, tmp_path, capsys)
    by_site = train_table(columns, "y", group="site", epochs=3, progress=False)
    assert "nor any other row of its 'site'." in printed(by_site, tmp_path, capsys)
    apart = {name: column[:40] for name, column in columns.items()}
    tested = train_table(columns, "y", test=apart, epochs=3, progress=False)
    out = printed(tested, tmp_path, capsys)
    assert "Measured on the test table, 40 rows." in out
    assert "Epochs were chosen inside folds of the other table: " in out


def test_one_fold_is_a_fifth_of_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).normal(size=5500)
    run = cr.train_table({"x": x, "y": 3 * x + 1}, "y", epochs=2, progress=False)
    out = printed(run, Path("run"), capsys)
    assert "Measured on 1,100 rows, 20%, by a network that had not seen them." in out
    assert f"Its epoch was chosen on other rows: {run.folds[0].best_epoch}." in out


def test_a_run_whose_folds_had_not_ended(
    heart: tuple[Any, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = heart
    records = [*run.notes["folds"][:2], None, None, None]
    notes = {**run.notes, "folds": records, "stage": "folds"}
    del notes["result"]
    empty = replace(run.recording, history={})
    begun = replace(run, notes=notes, recording=empty, finished=False)
    out = printed(begun, folder, capsys)
    assert "Nothing is measured yet; folds that have ended: 2 of 5." in out
    assert "The run was interrupted after 2 of 5 folds" in out
    assert f"What there is of the run is in {folder}. Next:\n    chainrule resume {folder}\n" in out
    assert "predict" not in out
    assert "linear model" not in out


def test_a_last_training_that_was_cut_off(
    heart: tuple[Any, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = heart
    due = run.setup.epochs + 5
    cut_off = replace(run, setup=replace(run.setup, epochs=due), finished=False)
    out = printed(cut_off, folder, capsys)
    epochs = run.recording.epochs
    assert f"on all 303 rows, was cut off after {epochs} of {due} epochs." in out
    assert run.result.in_words in out
    assert out.index("chainrule resume") < out.index("chainrule predict")


def test_a_training_that_has_diverged_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.linspace(0, 1, 60)
    run = cr.train_table(
        {"x": x, "y": x * 3},
        "y",
        optimizer="gradient_descent",
        learning_rate=1e30,
        epochs=3,
        progress=False,
    )
    out = printed(run, Path("run"), capsys)
    assert "In 5 of 5 folds the loss became " in out
    assert "No epoch is kept, so this is the network before training" in out


def test_the_words_are_those_of_the_result_and_not_those_that_were_kept(
    heart: tuple[Any, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = heart
    kept = {**run.notes["result"], "in_words": "What was once said."}
    old = replace(run, notes={**run.notes, "result": kept})
    for text in (printed(old, folder, capsys), run_as_json(old, folder), old.report().html):
        assert "What was once said." not in text
    assert run.result.in_words == run.notes["result"]["in_words"]
    assert old.result.in_words == run.result.in_words


def test_a_report_beside_the_run_is_pointed_at(
    heart: tuple[Any, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run, folder = heart
    (folder / "report.html").write_text("x")
    out = printed(run, folder, capsys)
    (folder / "report.html").unlink()
    assert f"on a page: {folder / 'report.html'}\n" in out


# ---------------------------------------------------------------- JSON


def test_one_document_holds_all_but_the_rows(heart: tuple[Any, Path]) -> None:
    run, folder = heart
    document = json.loads(run_as_json(run, folder))
    assert document["finished"] is True
    assert document["stage"] == "all"
    assert document["scores"] == run.notes["result"]["scores"]
    assert document["leads"] == run.notes["result"]["leads"]
    assert document["confusion"] == run.notes["result"]["confusion"]
    assert document["in_words"] == run.result.in_words
    assert document["tested_rows"] == 303
    assert document["history"] == run.history
    assert document["decisions"] == [one.to_record() for one in run.decisions]
    for found, fold in zip(document["folds"], run.folds, strict=True):
        assert fold.recording is not None
        assert found["rows"] == fold.rows.sizes
        assert found["kept_epoch"] == fold.best_epoch
        assert found["epochs"] == fold.recording.epochs
        assert found["history"] == fold.recording.history
    assert document["parameters"] == sum(one["parameters"] for one in document["layers"]) == 450
    assert document["learning_rate"] == 0.005


def test_no_cell_of_the_table_is_told_but_its_extremes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = [1000.5 + 7.25 * i for i in range(60)]
    run = cr.train_table({"x": secret, "y": [3 * one for one in secret]}, "y", epochs=2,
                         progress=False)  # fmt: skip
    told = [run_as_json(run, tmp_path), printed(run, tmp_path, capsys), run.report().html]
    for text in told:
        found = {one for one in secret[1:-1] if str(one) in text or str(3 * one) in text}
        assert not found
    assert str(secret[0]) in told[0]


def test_a_document_of_a_run_that_was_not_measured(heart: tuple[Any, Path]) -> None:
    run, folder = heart
    notes = {name: one for name, one in run.notes.items() if name != "result"}
    nan = replace(run.recording, history={"loss": [float("nan"), 1.0]})
    text = run_as_json(replace(run, notes=notes, recording=nan, finished=False), folder)
    document = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert document["finished"] is False
    assert document["scores"] is None
    assert document["history"]["loss"] == [None, 1.0]


# ---------------------------------------------------------------- while it trains


class Terminal(io.StringIO):
    """A standard error that can take a line back."""

    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return what is standard error from now on; a fixture would come before pytest's own."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("chainrule.training.progress.SECONDS_BETWEEN", 0.0)
    return terminal


def last_line(shown: Terminal) -> str:
    """Return the last line that was drawn, without what colours it."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())
    return [line for line in re.split(r"[\r\n]", plain) if line.strip()][-1]


def test_the_line_of_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = a_terminal(monkeypatch)
    X = np.linspace(-1, 1, 20)[:, None]
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=7, validation=0.2, progress=True)
    # Behind it stands what the run shows signs of.
    drawn, _, told = shown.getvalue().rpartition("\x1b[2K")
    assert re.fullmatch("(No sign of|Signs) .*\\n", told)
    shown.truncate(len(drawn))
    line = last_line(shown)
    assert line.startswith("training ")
    assert " epoch 7 of 7 " in line
    loss, held = run.history["loss"][-1], run.history["validation_loss"][-1]
    assert f"loss {loss:.4f}, validation {held:.4f}" in line


def test_the_line_of_several_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = a_terminal(monkeypatch)
    with shown_trainings([10, 10, 20], True, ended=[1]) as trainings:
        assert trainings.observers(0)
    assert re.match(r"trainings ended 1 of 3 .* 0:00:0\d left ", last_line(shown))
    with shown_trainings([10, 10, 20], True) as trainings:
        for place in range(3):
            trainings.ended(place)
    assert last_line(shown).startswith("trainings ended 3 of 3 ")
    before = shown.getvalue()
    for epochs, wanted in (([10, 20], False), ([0, 0], True), ([], True)):
        with shown_trainings(epochs, wanted) as trainings:
            assert [trainings.observers(place) for place in range(len(epochs))] == [
                [] for _ in epochs
            ]
            for place in range(len(epochs)):
                trainings.ended(place)
    assert shown.getvalue() == before


def test_a_line_is_not_drawn_for_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.training.progress.SECONDS_BETWEEN", 3600.0)
    told: list[dict[str, Any]] = []
    show = seldom(lambda **fields: told.append(fields))
    for epoch in range(100):
        show(completed=epoch)
    assert told == [{"completed": 0}]
