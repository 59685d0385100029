"""At the command line: tables through pipes, the report of a run, and tables of the least size."""

from __future__ import annotations

import csv
import io
import json
import random
import shlex
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from command_line import COMMAND, Ended, Here, environment, refused

import chainrule as cr
from chainrule.training.tables.door import resume_table

TABLE = "x,z,y\n" + "".join(f"{i * 7 % 11},{i % 3},{'ab'[i * 7 % 11 > 5]}\n" for i in range(40))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "t.csv").write_text(TABLE)
    cr.train_table(folder / "t.csv", "y", epochs=3, output=folder / "run", progress=False)
    return folder / "run"


def fed(here: Here, text: str | bytes, *words: object) -> Ended:
    """Run a command with this text on its standard input."""
    data = text.encode("utf-8") if isinstance(text, str) else text
    here.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
    return here(*words)


# ---------------------------------------------------------------- predict


def test_predictions_of_standard_input_are_those_of_the_file(here: Here, trained: Path) -> None:
    Path("new.csv").write_text(TABLE)
    for more in ([], ["--json"]):
        of_file = here("predict", trained, "new.csv", *more)
        assert (of_file.code, of_file.err) == (0, "")
        assert fed(here, TABLE, "predict", trained, "-", *more) == of_file
        assert fed(here, TABLE, "predict", trained, *more) == of_file


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "standard input is empty"),
        ("\n\n", "standard input is empty"),
        ("x,z\n", "standard input has a header and no rows"),
        ("z\n1\n", "has no column 'x'"),
        ("x,z\n1,2\n,many\n", "has the text 'many' in row 2 where a number belongs"),
        (b"\0\0\0", "standard input holds binary data"),
    ],
)
def test_standard_input_that_is_no_such_table(
    here: Here, trained: Path, text: str | bytes, cause: str
) -> None:
    assert cause in refused(fed(here, text, "predict", trained), 3)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("dash", ["", " -"])
def test_predict_stands_in_a_pipe(trained: Path, tmp_path: Path, dash: str) -> None:
    (tmp_path / "new.csv").write_text(TABLE)
    line = f"cat new.csv | {shlex.join(COMMAND)} predict {trained}{dash} | tail -n +2"
    line += " | sort -t, -k1,1n | cut -d, -f2; echo ${PIPESTATUS[*]}"
    shown = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    *classes, codes = shown.stdout.splitlines()
    assert (codes, shown.stderr) == ("0 0 0 0 0", "")
    assert classes == cr.load(trained).predict(tmp_path / "new.csv").tolist()


# ---------------------------------------------------------------- train


def test_a_table_from_standard_input_trains_the_same_run(here: Here, trained: Path) -> None:
    words = ["train", "-", "--target", "y", "--epochs", "3", "--output", "run"]
    ended = fed(here, TABLE, *words)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("The table: 40 rows, 3 columns; classification of 'y'\n")
    run, other = cr.load("run"), cr.load(trained)
    assert run.notes["table"]["source"]["path"] is None
    assert run.notes["result"] == other.notes["result"]
    for name, values in other.network.parameters.items():
        np.testing.assert_array_equal(run.network.parameters[name], values)
    again = here("resume", "run")
    assert again.code == 0
    assert "The table: 40 rows" in again.out


def test_a_run_on_standard_input_has_a_folder_of_its_own(here: Here) -> None:
    ended = fed(here, TABLE, "train", "-", "--target", "y", "--epochs", "1", "--json")
    assert json.loads(ended.out)["run"] == str(Path("runs") / "table-1")


def test_a_run_on_standard_input_goes_on_with_the_rows_given_again(here: Here) -> None:
    words = ["train", "-", "--target", "y", "--epochs", "2", "--output", "run", "--quiet"]
    assert fed(here, TABLE, *words).code == 0
    run = cr.load("run")
    notes = {**run.notes, "folds": [None, *run.notes["folds"][1:]], "stage": "folds"}
    cut = {name: note for name, note in notes.items() if name != "result"}
    replace(run, notes=cut, finished=False).save("cut")
    ended = here("resume", "cut")
    assert "or standard input" in refused(ended, 3)
    assert "--data FILE" in ended.err
    assert fed(here, TABLE, "resume", "cut", "--data", "-", "--quiet").code == 0
    assert cr.load("cut").notes["result"] == run.notes["result"]
    assert resume_table("cut", progress=False).finished


def test_no_table_on_standard_input(here: Here) -> None:
    for text, cause in (("", "standard input is empty"), ("y\n1\n2\n", "too few")):
        assert cause in refused(fed(here, text, "train", "-", "--target", "y"), 3)
        assert not Path("runs").exists()


# ---------------------------------------------------------------- report


class Page(HTMLParser):
    """The tags of a page, and what is loaded from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [str(value) for name, value in attrs if name in ("src", "href")]


def test_a_report_is_printed_in_lines(here: Here, trained: Path) -> None:
    ended = here("report", trained)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    result = cr.load(trained).result
    assert result is not None
    assert lines[0] == "y from t.csv"
    assert len(lines) > 30
    assert "\\n" not in ended.out
    assert " ".join(result.in_words.split()) in " ".join(ended.out.split())
    assert f"{result.scores['network']['accuracy'].value:.1%}" in ended.out


def test_a_report_is_a_page_that_stands_by_itself(here: Here, trained: Path) -> None:
    ended = here("report", trained, "--output", "page.html")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    text = Path("page.html").read_text("utf-8")
    page = Page(text)
    assert {"html", "h1", "table", "svg"} <= set(page.tags)
    assert "script" not in page.tags
    assert [one for one in page.loaded if not one.startswith(("#", "data:"))] == []
    assert (
        f"{cr.load(trained).notes['result']['scores']['network']['accuracy']['value']:.1%}" in text
    )


def test_a_report_that_cannot_be_written_or_read(here: Here, trained: Path) -> None:
    nowhere = Path("nowhere") / "page.html"
    assert "could not be written" in refused(here("report", trained, "-o", nowhere), 5)
    Path("folder").mkdir()
    for folder in ("folder", ".", ""):
        assert "it is a folder" in refused(here("report", trained, "-o", folder), 5)
    refused(here("report", "nothing"), 5)
    X, y = np.arange(8.0).reshape(-1, 1), np.arange(8.0)
    cr.train(cr.Network(cr.Dense()), X, y, epochs=1, progress=False).save("arrays")
    assert "was not trained on a table" in refused(here("report", "arrays"), 5)
    assert sorted(path.name for path in Path().iterdir()) == ["arrays", "folder"]


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is empty"),
        ("y\n", "has a header and no rows"),
        ("x,y\n", "has a header and no rows"),
        ("x,y\n1,a\n", "1 row with a target: too few"),
        ("y\na\n", "1 row with a target: too few"),
        ("y\n" + "a\nb\n" * 20, "No column is left to predict 'y' from"),
    ],
)
def test_hardly_a_table(here: Here, text: str, cause: str) -> None:
    Path("t.csv").write_text(text)
    for more in ([], ["--dry-run"], ["--json"], ["--dry-run", "--json"]):
        assert cause in refused(here("train", "t.csv", "--target", "y", *more), 3)
    assert sorted(path.name for path in Path().iterdir()) == ["t.csv"]


def test_two_thousand_columns(here: Here) -> None:
    draw = random.Random(0)
    names = [f"c{number}" for number in range(2000)]
    rows = [[f"{draw.random():.3f}" for _ in names] for _ in range(40)]
    lines = [",".join([*row, "ab"[row[3] > "0.5"]]) for row in rows]
    Path("wide.csv").write_text("\n".join([",".join([*names, "y"]), *lines]))
    words = ["train", "wide.csv", "--target", "y", "--epochs", "2", "--output", "run"]
    ended = here(*words)
    assert (ended.code, ended.err) == (0, "")
    assert "wide.csv: 40 rows, 2,001 columns" in ended.out
    assert "x         input               n x 2000" in ended.out
    assert len(ended.out.splitlines()) < 60
    predicted = here("predict", "run", "wide.csv")
    assert len(list(csv.reader(io.StringIO(predicted.out)))) == 41
    dry = json.loads(here(*words[:4], "--dry-run", "--json").out)
    assert set(dry["kinds"].values()) == {"number"}
    assert len(dry["kinds"]) == 2000
    assert len(here("report", "run").out.splitlines()) < 200


def test_one_row_and_one_column_can_be_predicted(here: Here) -> None:
    Path("t.csv").write_text("x,y\n" + "".join(f"{i}.5,{i * 2}.25\n" for i in range(12)))
    words = ["train", "t.csv", "--target", "y", "--epochs", "2", "--output", "run", "--quiet"]
    assert here(*words).code == 0
    ended = fed(here, "x\n3.5\n", "predict", "run")
    assert ended.code == 0
    header, row = ended.out.splitlines()
    assert header == "row,y"
    expected = float(cr.load("run").predict({"x": [3.5]})[0])
    assert row == f"1,{float(f'{expected:.9g}')}"
