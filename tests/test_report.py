"""The report of a table's run: a page that stands by itself, true to the run, and plain text."""

from __future__ import annotations

import html
import json
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.cli import main
from chainrule.data.decisions import Decision
from chainrule.training.tables.measures import ClassPredictions, NumberPredictions
from chainrule.views.axes import MOST_TICKS, limits_of, tick_texts, ticks
from chainrule.views.charts import Bars, Chart, Dots, Line, Panel, Spans
from chainrule.views.grid import Grid
from chainrule.views.report import report_of, save_views
from chainrule.views.scores import MEANINGS, NAMES, score_grid
from chainrule.views.svg import BOTTOM, HALF, LEFT, LIGHT, RIGHT, TOP, WIDE, figure_html, figure_svg
from chainrule.views.tested import what_was_tested

HEART = Path(__file__).parent.parent / "examples" / "heart_disease.csv"
ALONE = {"meta", "circle", "path", "polyline", "rect"}


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, and the texts in each kind of tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ALONE:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def heart(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    folder = tmp_path_factory.mktemp("heart") / "run"
    return cr.train_table(HEART, "disease", epochs=6, output=folder, progress=False), folder


@pytest.fixture(scope="module")
def numbers() -> Any:
    return cr.train_table(HEART, "max_hr", epochs=4, progress=False)


# ---------------------------------------------------------------- the page


def test_the_page_is_whole_and_loads_nothing(heart: tuple[Any, Path]) -> None:
    text = heart[0].report().html
    page = Page(text)
    assert page.open == []
    assert text.startswith("<!doctype html>")
    assert page.all("html") == [{"lang": "en"}]
    assert page.texts["title"] == page.texts["h1"] == ["disease from heart_disease.csv"]
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "base", "a", "form"}
    named = {name for _, attributes in page.tags for name in attributes}
    assert not named & {"src", "href", "srcset", "action"}
    assert not {name for name in named if name.startswith("on")}
    assert "url(" not in text
    assert "@import" not in text


def test_whoever_cannot_see_it_can_read_it(heart: tuple[Any, Path]) -> None:
    page = Page(heart[0].report().html)
    pictures = [one for one in page.all("svg") if one.get("aria-hidden") != "true"]
    assert len(pictures) == 3
    assert all(one["role"] == "img" and one["aria-label"] for one in pictures)
    assert len(page.texts["figcaption"]) == len(page.all("figure")) == 2
    assert len(page.texts["caption"]) == len(page.all("table"))
    assert {one.get("scope") for one in page.all("th")} == {"col", "row"}
    assert len(page.texts["h2"]) == len(page.all("section")) >= 9


def test_the_result_stands_first_in_words_then_in_numbers(heart: tuple[Any, Path]) -> None:
    run, _ = heart
    page = Page(run.report().html)
    assert page.texts["p"][1] == run.result.in_words
    cells = page.texts["td"] + page.texts["th"]
    for row in score_grid(run.result).rows:
        assert set(row) <= set(cells)
    for measure in run.result.scores["network"]:
        assert NAMES[measure] in page.texts["dt"]
        assert MEANINGS[measure] in page.texts["dd"]
    assert page.texts["h2"][:3] == ["Scores", "How it was measured", "Which classes were confused"]


def test_decisions_settings_and_origin_are_on_it(heart: tuple[Any, Path]) -> None:
    run, _ = heart
    page = Page(run.report().html)
    cells = page.texts["td"] + page.texts["th"]
    for one in run.decisions:
        assert {one.subject, one.in_words, one.option} <= set(cells)
    told = dict(zip(page.texts["dt"], page.texts["dd"], strict=True))
    assert told["table"] == str(HEART)
    assert told["SHA-256 of its values"] == run.notes["table"]["source"]["checksum"]
    assert told["learning rate"] == "0.005"
    assert told["epochs"] == f"at most 6; {run.setup.epochs} in the last training"
    assert told["numpy"] == np.__version__
    for fold in run.folds:
        assert f"{len(fold.rows.test)}" in cells


def test_names_of_others_are_never_markup() -> None:
    evil = "<script>alert('&\"')</script>\x1b[31m"
    columns = {
        f"{evil} a": [0.5 * i for i in range(40)],
        f"{evil} c": [f"{evil}{i % 3}" for i in range(40)],
        f"{evil} y": [f"{evil} no" if i % 2 else f"{evil} yes" for i in range(40)],
    }
    run = cr.train_table(columns, f"{evil} y", epochs=2, progress=False)
    run = replace(run, machine={evil: evil, "nested": {evil: [evil]}})
    for text in (run.report().html, run.report()._repr_html_()):
        page = Page(text)
        assert page.open == []
        assert "script" not in {tag for tag, _ in page.tags}
        assert "\x1b" not in text
    assert "\x1b" not in str(run.report())
    assert f"{evil} y from a data frame".replace("\x1b", "\\x1b") in str(run.report())


def test_a_notebook_shows_it_in_a_frame_of_its_own(heart: tuple[Any, Path]) -> None:
    report = heart[0].report()
    (frame,) = Page(report._repr_html_()).all("iframe")
    assert frame["srcdoc"] == report.html


def test_regression_has_no_confusions(numbers: Any) -> None:
    page = Page(numbers.report().html)
    assert "Which classes were confused" not in page.texts["h2"]
    assert "Residuals" in page.texts["h2"]
    assert any(text.startswith("RMSE") or text == "RMSE" for text in page.texts["th"])


def test_ten_thousand_decisions_do_not_make_ten_thousand_rows() -> None:
    rows = 12
    columns: dict[str, list[Any]] = {f"c{i}": ["same"] * rows for i in range(2000)}
    columns |= {"x": [0.5 * i for i in range(rows)], "y": [1.5 * i for i in range(rows)]}
    run = cr.train_table(columns, "y", epochs=1, progress=False)
    page = Page(run.report().html)
    assert len(page.all("tr")) < 400
    assert "The first 300, and 1,702 more, in the order of the table." in page.texts["caption"]


def test_matplotlib_is_not_needed_for_it() -> None:
    program = (
        "import sys, chainrule as cr\n"
        "x = [0.1 * i for i in range(40)]\n"
        "run = cr.train_table({'x': x, 'y': x[::-1]}, 'y', epochs=1, progress=False)\n"
        "print(len(run.report().html), len(str(run.report())))\n"
        "print('matplotlib' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "False"


# ---------------------------------------------------------------- other runs


def test_a_run_that_was_not_measured_says_so(heart: tuple[Any, Path]) -> None:
    run, _ = heart
    notes = {**run.notes, "folds": [*run.notes["folds"][:2], None, None, None], "stage": "folds"}
    del notes["result"]
    report = replace(run, notes=notes, finished=False).report()
    page = Page(report.html)
    assert page.texts["p"][1] == "The run was interrupted before anything was measured."
    assert "Scores" not in page.texts["h2"]
    assert "folds that have ended: 2 of 5" in report.html
    assert "Loss over epochs in each fold" in page.texts["h2"]


def test_a_run_that_has_diverged_has_a_report() -> None:
    x = np.linspace(0, 1, 60)
    run = cr.train_table(
        {"x": x, "y": x * 3},
        "y",
        optimizer="gradient_descent",
        learning_rate=1e30,
        epochs=3,
        progress=False,
    )
    text = run.report().html
    assert Page(text).open == []
    assert "lower the learning rate" in text
    assert "nan" not in re.sub(r"became nan", "", text)


def test_a_run_on_arrays_has_no_report() -> None:
    X = np.linspace(-1, 1, 20)[:, None]
    run = cr.train(cr.Network(cr.Dense()), X, X[:, 0], epochs=1, progress=False)
    with pytest.raises(cr.RunFolderError, match="was not trained on a table"):
        run.report()


# ---------------------------------------------------------------- what was tested


def test_the_truth_of_a_run_that_was_just_trained_is_that_of_its_table(
    heart: tuple[Any, Path], numbers: Any
) -> None:
    for run in (heart[0], numbers):
        fresh = what_was_tested(run, run.folds)
        again = what_was_tested(run, run.folds, HEART)
        assert fresh is not None
        assert again is not None
        np.testing.assert_allclose(fresh.truth, again.truth, rtol=1e-12)
    classes = what_was_tested(heart[0], heart[0].folds)
    assert isinstance(classes, ClassPredictions)
    share = float(np.mean(classes.predicted == classes.truth))
    assert share == heart[0].result.scores["network"]["accuracy"].value
    found = what_was_tested(numbers, numbers.folds)
    assert isinstance(found, NumberPredictions)
    error = float(np.sqrt(np.mean((found.truth - found.predicted) ** 2)))
    assert error == pytest.approx(
        numbers.result.scores["network"]["root_mean_squared_error"].value, rel=1e-9
    )


def test_a_loaded_run_needs_its_table_for_calibration(heart: tuple[Any, Path]) -> None:
    run, folder = heart
    loaded = cr.load(folder)
    assert "Calibration" not in Page(loaded.report().html).texts["h2"]
    assert report_of(loaded, HEART).html == run.report().html
    with pytest.raises(cr.DataError, match="does not hold what the run was trained on"):
        report_of(loaded, {"disease": ["yes"] * 303})


def test_a_run_that_has_kept_its_rows_needs_no_table(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=60)
    y = np.where(x > 0, "up", "down")
    folder = tmp_path / "run"
    run = cr.train_table(
        {"x": x, "y": y.tolist()}, "y", epochs=2, keep_data=True, output=folder, progress=False
    )
    assert cr.load(folder).report().html == run.report().html
    assert "Calibration" in run.report().html


def test_on_a_test_table_its_own_rows_are_drawn(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=100).round(3)
    columns = {"x": x, "y": np.where(x > 0, "up", "down").tolist()}
    apart = {name: column[:30] for name, column in columns.items()}
    run = cr.train_table(columns, "y", test=apart, epochs=2, progress=False)
    assert what_was_tested(run, run.folds) is None
    found = what_was_tested(run, run.folds, apart)
    assert isinstance(found, ClassPredictions)
    np.testing.assert_allclose(found.probabilities, run.predict_proba(apart))
    assert float(np.mean(found.right)) == run.result.scores["network"]["accuracy"].value


@pytest.mark.parametrize("name", ["network", "roles"])
@pytest.mark.parametrize("spoil", [lambda one: one[:3], lambda one: one.astype("f8")[..., :1]])
def test_what_a_run_keeps_is_trusted_in_nothing(
    heart: tuple[Any, Path], name: str, spoil: Any
) -> None:
    run, _ = heart
    spoiled = {**run.note_arrays, name: spoil(run.note_arrays[name])}
    with pytest.raises(cr.RunFolderError, match="What the run keeps is damaged"):
        report_of(replace(run, note_arrays=spoiled), HEART)


# ---------------------------------------------------------------- saving


def test_it_is_written_beside_the_run(heart: tuple[Any, Path]) -> None:
    run, folder = heart
    before = {path.name for path in folder.iterdir()}
    save_views(run, folder)
    assert {path.name for path in folder.iterdir()} == {*before, "report.html", "figures"}
    assert (folder / "report.html").read_text("utf-8") == run.report().html
    assert cr.load(folder).predict(HEART).tolist() == run.predict(HEART).tolist()
    # Nor does it stand in the way of the run.
    run.save(folder, replace=True)
    assert (folder / "report.html").is_file()


def test_where_it_cannot_be_written(heart: tuple[Any, Path], tmp_path: Path) -> None:
    with pytest.raises(cr.RunFolderError, match=r"could not be written to .*it does not exist"):
        heart[0].report().save(tmp_path / "nowhere" / "report.html")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(cr.RunFolderError, match="could not be written"):
        heart[0].report().save(tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_figures_are_files_beside_the_report(heart: tuple[Any, Path], tmp_path: Path) -> None:
    _, folder = heart
    files = sorted(path.name for path in (folder / "figures").iterdir())
    assert files == ["calibration.svg", "losses.svg"]
    titles = {"losses": "Loss over epochs in each fold", "calibration": "Calibration"}
    for name, title in titles.items():
        text = (folder / "figures" / f"{name}.svg").read_text("utf-8")
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{*}title").text == title
        # It stands by itself: no colour comes from a page, and nothing from elsewhere.
        assert "var(" not in text
        assert "url(" not in text
        assert "href" not in text
        tags = {one.tag.rpartition("}")[2] for one in root.iter()}
        assert not tags & {"script", "image", "foreignObject", "use", "a"}
    cr.load(folder).report().save_figures(tmp_path / "new" / "figures")
    assert [path.name for path in (tmp_path / "new" / "figures").iterdir()] == ["losses.svg"]


def test_figures_of_regression(numbers: Any, tmp_path: Path) -> None:
    numbers.report().save_figures(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["losses.svg", "residuals.svg"]


def test_a_file_shows_what_the_page_shows(numbers: Any) -> None:
    """Panels side by side, each with the same picture as on the page, below them the legend."""
    (chart,) = [
        part
        for section in numbers.report().sections
        for part in section.parts
        if isinstance(part, Chart) and part.name == "residuals"
    ]
    root = ElementTree.fromstring(figure_svg(chart))
    panels = root.findall("{*}svg")
    assert [float(one.attrib["x"]) for one in panels] == [12, 12 + HALF]
    across, down = float(root.attrib["width"]), float(root.attrib["height"])
    for one in panels:
        assert float(one.attrib["x"]) + float(one.attrib["width"]) <= across
        assert float(one.attrib["y"]) + float(one.attrib["height"]) <= down
    dots = [one.attrib["cx"] for one in root.iter("{http://www.w3.org/2000/svg}circle")]
    on_page = [one["cx"] for one in places(figure_html(chart), "circle")]
    assert dots == on_page != []
    keys = [one.find("{*}text").text for one in root.findall("{*}g")]
    assert keys == ["as predicted"]
    for colour in LIGHT.values():
        assert colour in figure_svg(chart)


def test_a_long_legend_goes_on_in_a_line_below() -> None:
    ends = np.array([0.0, 1.0])
    marks = [Line(ends, ends, "first", f"a line of many letters, number {i}") for i in range(5)]
    root = ElementTree.fromstring(figure_svg(panel_of(*marks)))
    keys = [one.attrib["transform"] for one in root.findall("{*}g")]
    starts = {re.findall(r"\d+", one)[0] for one in keys}
    lines = {re.findall(r"\d+", one)[1] for one in keys}
    assert (len(starts), len(lines)) == (2, 3)
    assert float(root.attrib["height"]) > max(map(float, lines))


def test_where_figures_cannot_be_written(heart: tuple[Any, Path], tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("in the way")
    with pytest.raises(cr.RunFolderError, match=r"folder .*figures' could not be made: a file"):
        heart[0].report().save_figures(tmp_path / "figures")
    (tmp_path / "other" / "calibration.svg").mkdir(parents=True)
    with pytest.raises(cr.RunFolderError, match="A figure could not be written to"):
        heart[0].report().save_figures(tmp_path / "other")
    left = sorted(path.name for path in (tmp_path / "other").iterdir())
    assert left == ["calibration.svg"]


# ---------------------------------------------------------------- plain text


def test_the_text_says_what_the_page_says(heart: tuple[Any, Path]) -> None:
    run, _ = heart
    text = str(run.report())
    flat = " ".join(text.split())
    page = Page(run.report().html)
    assert run.result.in_words in flat
    for heading in page.texts["h2"]:
        assert f"\n{heading}\n{'-' * len(heading)}\n" in text
    assert str(score_grid(run.result)) in text
    assert "numbers: age, rest_sbp, cholesterol" in text
    wide = [line for line in text.splitlines() if len(line) > 80 and not line.startswith("    ")]
    assert wide == []


# ---------------------------------------------------------------- doing it again


def again(run: Any) -> list[str]:
    (command,) = [one for one in Page(run.report().html).texts["code"] if " train " in one]
    return shlex.split(command)


def test_the_command_trains_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd name.csv"
    rows = "".join(f"{i % 7};{i * 0.5};{'-' if i % 9 else 'x'};g{i % 6};{i}\n" for i in range(80))
    path.write_text(f"-a;b c;d;site;y\n{rows}", encoding="utf-8")
    run = cr.train_table(
        path, "y", task="regression", drop=["d"], categorical=["-a"], group="site",
        missing=["nix"], delimiter=";", ignore_rows="3,5-6", header=True, hidden=(5, 3),
        activation="relu", optimizer="momentum", learning_rate=0.02, epochs=7, batch_size=None,
        patience=None, l2=0.0, seed=11, progress=False,
    )  # fmt: skip
    words = [*again(run), "--output", str(tmp_path / "again"), "--quiet"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None), capsys.readouterr()
    other = cr.load(tmp_path / "again")
    assert other.notes["result"] == run.notes["result"]
    assert other.history == run.history
    assert other.notes["table"]["choices"] == run.notes["table"]["choices"]


def test_what_no_command_can_say_is_said(heart: tuple[Any, Path]) -> None:
    assert again(heart[0])[:5] == ["chainrule", "train", str(HEART), "--target", "disease"]
    x = [0.1 * i for i in range(40)]
    frame = cr.train_table({"x": x, "y": x[::-1]}, "y", epochs=1, progress=False)
    own = cr.train_table(HEART, "disease", epochs=1, optimizer=cr.Momentum(memory=0.3),
                         progress=False)  # fmt: skip
    scheduled = cr.Adam(learning_rate=cr.StepDecay(0.01, every=5))
    decayed = cr.train_table(HEART, "disease", epochs=1, optimizer=scheduled, progress=False)
    tested = cr.train_table(HEART, "disease", epochs=1, test=pd.read_csv(HEART), progress=False)
    nameless = "No command does: it was trained, or tested, on what no path leads to."
    python = "It was trained from Python, with what no command can say."
    for run, said in ((frame, nameless), (tested, nameless), (own, python), (decayed, python)):
        text = run.report().html
        assert (nameless in text, python in text) == (said == nameless, said == python)
        assert "chainrule train " not in text


def test_what_is_said_of_a_table_without_a_path() -> None:
    x = [0.1 * i for i in range(40)]
    columns = {"x": x, "y": x[::-1]}
    for keep in (False, True):
        run = cr.train_table(columns, "y", test=columns, keep_data=keep, epochs=1, progress=False)
        page = Page(run.report().html)
        told = dict(zip(page.texts["dt"], page.texts["dd"], strict=True))
        unnamed = "a data frame or standard input"
        assert told["table"] == unnamed + ("" if keep else ", whose rows are not saved")
        assert told["test table"] == f"{unnamed}, whose rows are not saved"
        assert page.texts["title"] == [f"y from {unnamed}"]


def test_a_text_that_leaves_decisions_out_says_where_they_are(heart: tuple[Any, Path]) -> None:
    run, _ = heart
    odd = [Decision(f"d{i}", "constant", "x" * i, f"--drop d{i}").to_record() for i in range(60)]
    table = {**run.notes["table"], "decisions": odd}
    text = str(replace(run, notes={**run.notes, "table": table}).report())
    assert "and 20 more: run.decisions holds all, in Python" in text
    assert "--json" not in text


# ---------------------------------------------------------------- drawing


def places(text: str, tag: str) -> list[dict[str, str | None]]:
    return Page(text).all(tag)


def panel_of(*marks: Any, **given: Any) -> Chart:
    return Chart("t", "words", (Panel(marks, "x", "y", **given),))


def test_marks_stand_where_their_numbers_are() -> None:
    ends = np.array([0.0, 10.0])
    limits = {"x_limits": (0.0, 10.0), "y_limits": (0.0, 10.0)}
    text = figure_html(panel_of(Dots(ends, ends, "first"), Line(ends, ends, "grey"), **limits))
    height = float(str(places(text, "svg")[0]["viewbox"]).split()[3])
    left, right = f"{LEFT:.1f}", f"{WIDE - RIGHT:.1f}"
    low, high = f"{height - BOTTOM:.1f}", f"{TOP:.1f}"
    dots = [(one["cx"], one["cy"]) for one in places(text, "circle")]
    assert dots == [(left, low), (right, high)]
    assert places(text, "polyline")[0]["points"] == f"{left},{low} {right},{high}"


def test_bars_stand_on_the_axis_and_spans_between_their_ends() -> None:
    edges = np.array([0.0, 1.0, 2.0])
    bars = Bars(edges, np.array([0.0, 4.0]), "grey")
    span = Spans(np.array([1.0]), np.array([1.0]), np.array([3.0]), "first", "span")
    text = figure_html(panel_of(bars, span, x_limits=(0.0, 2.0), y_limits=(0.0, 4.0)))
    height = float(str(places(text, "svg")[0]["viewbox"]).split()[3])
    heights = [float(str(one["height"])) for one in places(text, "rect")]
    assert heights == [0.0, pytest.approx(height - TOP - BOTTOM)]
    middle = f"{LEFT + (WIDE - LEFT - RIGHT) / 2:.1f}"
    assert any(str(one["d"]).startswith(f"M{middle} ") for one in places(text, "path"))


def test_a_long_line_keeps_its_extremes() -> None:
    y = np.ones(50_000)
    y[17_321], y[40_004] = 5.0, -3.0
    x = np.arange(50_000.0)
    given = {"x_limits": (0.0, 50_000.0), "y_limits": (-3.0, 5.0)}
    text = figure_html(panel_of(Line(x, y, "first"), **given))
    points = str(places(text, "polyline")[0]["points"]).split()
    heights = {float(point.split(",")[1]) for point in points}
    height = float(str(places(text, "svg")[0]["viewbox"]).split()[3])
    assert {TOP, height - BOTTOM} <= heights
    assert len(points) < 1000


def test_what_is_no_number_is_left_out_and_one_point_is_a_dot() -> None:
    x = np.arange(5.0)
    y = np.array([1.0, np.nan, 1e300, -np.inf, 2.0])
    text = figure_html(panel_of(Line(x, y, "first")))
    assert len(str(places(text, "polyline")[0]["points"]).split()) == 2
    single = figure_html(panel_of(Line(x[:1], y[:1], "first")))
    assert len(places(single, "circle")) == 1
    assert places(single, "polyline") == []
    assert Page(figure_html(panel_of(Line(x[:0], y[:0], "first")))).open == []


@given(
    st.floats(-1e9, 1e9),
    st.floats(1e-6, 1e9),
    st.booleans(),
)
@example(1.0136e-10, 1e-06, True)
def test_ticks_are_round_numbers_between_the_limits(low: float, span: float, whole: bool) -> None:
    high = low + span
    found = ticks(low, high, whole)
    if span < 1e-9 * abs(low):
        return
    assert len(found) <= MOST_TICKS + 1
    assert all(low - 1e-6 * span <= one <= high + 1e-6 * span for one in found)
    if not whole:
        assert len(found) >= 2
        texts = tick_texts(found)
        assert len(set(texts)) == len(texts)
    else:
        assert all(one == round(one) for one in found)


def test_ticks_are_written_with_equally_many_decimals() -> None:
    assert tick_texts([-0.5, 0.0, 0.5]) == ["-0.5", "0.0", "0.5"]
    assert tick_texts([0.0, 20_000.0, 40_000.0]) == ["0", "20,000", "40,000"]
    assert tick_texts([0.0, 200_000.0, 400_000.0]) == ["0", "200,000", "400,000"]


def test_ticks_far_from_one_have_short_exponents() -> None:
    assert tick_texts([-2e9, 0.0, 2e9]) == ["-2e9", "0", "2e9"]
    assert tick_texts([0.0, 5e-10, 1e-9]) == ["0", "5e-10", "1e-9"]
    assert tick_texts([8e9, 1e10, 1.2e10]) == ["8e9", "1e10", "1.2e10"]
    assert tick_texts([5e5, 1e6, 1.5e6]) == ["5e5", "1e6", "1.5e6"]


def test_limits_leave_room_even_for_one_number() -> None:
    assert limits_of([np.array([0.0, 10.0]), np.array([np.nan])]) == (-0.4, 10.4)
    low, high = limits_of([np.array([3.0])])
    assert low < 3.0 < high
    assert limits_of([np.array([np.nan])]) == (0.0, 1.0)


def test_a_grid_is_aligned() -> None:
    grid = Grid(("name", "n"), (("a", "1"), ("longer", "1,000")))
    assert str(grid).splitlines() == [
        "name         n",
        "──────────────",
        "a            1",
        "longer   1,000",
    ]


def test_escapes_hold_in_figures() -> None:
    chart = Chart("<t>", "<w>", (Panel((), "<x>", '"y"'),))
    assert ElementTree.fromstring(figure_svg(chart)).find("{*}desc").text == "<w>"
    text = figure_html(chart)
    assert html.escape("<w>") in text
    assert Page(text).open == []
    assert {tag for tag, _ in Page(text).tags} <= {
        "figure", "div", "svg", "path", "text", "figcaption",
    }  # fmt: skip
    assert json.dumps(Page(text).all("svg")[0]["aria-label"]) == '"<t>: \\"y\\" by <x>"'
