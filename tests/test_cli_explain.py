"""``chainrule explain``: what it prints, the page it writes, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import HEART, ROOT, Here, on_a_terminal, refused
from test_explain_page import exact
from test_report import Page

import chainrule as cr

SCHEMA = json.loads((ROOT / "docs" / "explanation.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("explained")
    cr.train_table(HEART, "disease", epochs=4, output=found / "run", progress=False)
    arrays = cr.Network(cr.Input(2), cr.Dense(3, "tanh"), cr.Dense(2), seed=0)
    rows = [[0.5, 1.0], [1.0, -1.0], [0.0, 2.0], [1.0, 1.0]]
    cr.train(arrays, rows, [0, 1, 0, 1], epochs=2, progress=False).save(found / "arrays")
    return found


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Here:
    return Here(monkeypatch, capsys, folder)


def test_a_weight_is_explained_and_the_row_printed(here: Here) -> None:
    ended = here("explain", "run", "dense_1.W[8,0]", "--sample", 8)
    assert (ended.code, ended.err) == (0, "")
    why = cr.explain("run", "dense_1.W[8,0]", sample=8)
    assert why.sentence in ended.out
    assert "cholesterol: 354" in ended.out
    assert "The three numbers agree." in ended.out
    dotted = here("explain", "run", "dense_1.W.8.0", "--sample", 8)
    assert ended.out.splitlines()[2:] == dotted.out.splitlines()[2:]


def test_the_page_is_written_and_carries_its_command(here: Here) -> None:
    words = ["explain", "run", "dense_1.W[8,0]", "--sample", "8", "--save", "why.html"]
    ended = here(*words, "--depth", "2")
    assert (ended.code, ended.err) == (0, "")
    why = cr.explain("run", "dense_1.W[8,0]", sample=8)
    assert ended.out == f"{why.sentence}\nAll of it, on a page: why.html\n"
    text = Path("why.html").read_text("utf-8")
    command = Page(text).texts["code"][-1]
    assert shlex.split(command) == ["chainrule", *words, "--depth", "2"]
    Path("why.html").unlink()
    here(*shlex.split(command)[1:])
    assert Path("why.html").read_text("utf-8") == text
    assert exact(text) == exact(why.html(depth=2))


def test_depth_unfolds(here: Here) -> None:
    sizes = []
    for depth in (1, 2, 3, 4):
        out = here("explain", "run", "dense_1.W.8.0", "--sample", 8, "--depth", depth).out
        sizes.append(len(out.splitlines()))
    assert sizes == sorted(set(sizes))


def test_several_samples_a_step_and_a_prediction(here: Here) -> None:
    several = here("explain", "run", "dense_1.W.8.0", "--sample", 2, "--sample", 3).out
    assert "Over 2 rows the gradient at dense_1.W[8,0] is" in several
    step = here("explain", "run", "dense_1.W.8.0", "--step", 20, "--save", "step.html")
    assert step.out.startswith("In step 20 (epoch 3) adam moved dense_1.W[8,0]")
    page = Page(Path("step.html").read_text("utf-8"))
    assert {"Who pulled this weight", "Which steps made it"} <= set(page.texts["h2"])
    prediction = here("explain", "run", "--sample", 8, "--output", "yes")
    due = cr.explain("run", sample=8, output="yes")
    assert due.sentence() in prediction.out
    against = here("explain", "run", "--sample", 8, "--reference", 9)
    assert cr.explain("run", sample=8, reference=9).sentence() in against.out


@pytest.mark.parametrize(
    ("target", "due"),
    [
        ("dense_1.W.8.0", "slice of"),
        ("dense_1.W", "network"),
        ("dense_1", "network"),
        ("dense_1[3]", "network"),
        ("age", "network"),
    ],
)
def test_a_figure_is_drawn(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, due: str
) -> None:
    import chainrule.views.picture_files as files

    written = []
    monkeypatch.setattr(files, "write_picture", lambda path, figure: written.append((path, figure)))
    ended = here("explain", "run", target, "--sample", 8, "--figure", tmp_path / "why.png")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(f"The figure: {tmp_path / 'why.png'}\n")
    ((path, figure),) = written
    assert path == tmp_path / "why.png"
    title = figure.axes[0].get_title(loc="left")
    if due == "network":
        assert title == "Gradient of the loss of data row 8 at each weight"
    else:
        assert title == "Loss along dense_1.W[8,0]"
        assert figure.axes[0].get_ylabel() == "loss of data row 8"


def test_a_figure_is_a_file_of_its_kind(here: Here, tmp_path: Path) -> None:
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for kind, start in starts.items():
        path = tmp_path / f"why.{kind}"
        ended = here("explain", "run", "dense_1.W.8.0", "--sample", 8, "--figure", path, "--json")
        assert "--figure" in json.loads(ended.out)["call"]
        assert path.read_bytes().startswith(start)
    ended = here("explain", "arrays", "dense_1.W.0.0", "--sample", 0, "--figure", "why.png")
    assert "rows are not saved" in refused(ended, 3)


def test_json_is_the_document(here: Here) -> None:
    ended = here("explain", "run", "dense_1.W.8.0", "--sample", 8, "--json")
    document = json.loads(ended.out)
    jsonschema.validate(document, SCHEMA)
    due = json.loads(json.dumps(cr.explain("run", "dense_1.W.8.0", sample=8).to_dict()))
    assert document == due | {"call": "chainrule explain run dense_1.W.8.0 --sample 8"}


@pytest.mark.parametrize(
    ("words", "code", "cause", "remedy"),
    [
        (["dense_9.W", "--sample", "8"], 4, "nothing called 'dense_9.W'", "Did you mean 'dense_2"),
        (["dense_1.W.99.0", "--sample", "8"], 4, "no place in dense_1.W", "is the last"),
        (["dense_1.W.8.0", "--sample", "900"], 3, "no row 900", "from 1 to 303"),
        (["--sample", "900"], 3, "900", "303"),
        ([], 4, "Neither a target nor a row", "--sample 7"),
        (["--step", "3"], 4, "for one weight", "--step 3"),
        (["dense_1.W.8.0", "--step", "3", "--sample", "8"], 4, "rows of its own", "Leave out"),
        (["dense_1.W.8.0", "--step", "99999"], 4, "99999", "the last is 39"),
        (["dense_1.W.8.0", "--sample", "8", "--save", "no/why.html"], 5, "written", "place"),
        (["dense_1.W.8.0", "--sample", "8", "--figure", "a.gif"], 4, "saved as 'a.gif'", ".png"),
        (["dense_1.W.8.0", "--sample", "8", "--figure", "no/a.png"], 5, "written", "place"),
        (["--sample", "8", "--figure", "a.png"], 4, "has no figure of its own", "--save"),
        (["dense_1.W.8.0", "--step", "3", "--figure", "a.png"], 4, "no figure of", "Leave out"),
        (["--sample", "8", "--output", "maybe"], 4, "no class 'maybe'", "yes"),
        (["--sample", "8", "--reference", "9999"], 3, "There is no row 9999", "from 1 to 303"),
        (["--sample", "8", "--reference", "-1"], 3, "There is no row -1", "from 1 to 303"),
        (["--sample", "8", "--sample", "8"], 4, "of one row", "--sample once"),
        (["dense_1.W.8.0", "--sample", "8", "--reference", "3"], 4, "--reference is for", "target"),
        (["dense_1.W.8.0", "--step", "3", "--output", "yes"], 4, "--output is for", "--output"),
        (["disease", "--sample", "8"], 4, "called 'disease'", "dense_2[1] (disease = yes)"),
        (["disease"], 4, "called 'disease'", "dense_2[0,0] (disease = no)"),
        (["cholesterl", "--sample", "8"], 4, "called 'cholesterl'", "Did you mean 'cholesterol'?"),
        (["chol", "--sample", "8"], 4, "called 'chol'", "Did you mean 'cholesterol'?"),
        (["chest_pan", "--sample", "8"], 4, "'chest_pan'", "Did you mean 'chest_pain'"),
        (["nonsense", "--sample", "8"], 4, "'nonsense'", "'age', 'gender'"),
    ],
)
def test_what_is_refused(here: Here, words: list[str], code: int, cause: str, remedy: str) -> None:
    ended = here("explain", "run", *words)
    assert cause in refused(ended, code)
    assert remedy in ended.err.splitlines()[1]


def test_a_folder_without_rows_or_run(here: Here) -> None:
    ended = here("explain", "arrays", "dense_1.W.0.0", "--sample", 0)
    assert "rows are not saved with a run" in refused(ended, 3)
    assert refused(here("explain", "nothing", "dense_1.W.0.0"), 5)


@pytest.mark.skipif(os.name == "nt", reason="there is no pseudo-terminal on Windows")
def test_a_terminal_of_80_columns(folder: Path) -> None:
    words = ["explain", "run", "dense_1.W.8.0", "--sample", "8"]
    code, out, err = on_a_terminal(words, folder)
    assert (code, err) == (0, "")
    assert "\x1b[38;2;" in out or "\x1b[38;5;" in out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert max(len(line) for line in plain.splitlines()) <= 80
    assert "└── \u22120.0" in plain or "└── +" in plain
    code, without, _ = on_a_terminal(words, folder, NO_COLOR="1")
    assert code == 0
    assert "\x1b[38;" not in without


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes by name on Windows")
def test_what_is_no_file_is_not_replaced_by_one(here: Here, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    ended = here("explain", "run", "dense_1.W.8.0", "--sample", 8, "--save", pipe)
    assert "it is no ordinary file" in refused(ended, 5)
    assert pipe.is_fifo()
    kept = tmp_path / "why.html"
    kept.write_text("of before", "utf-8")
    assert here("explain", "run", "dense_1.W.8.0", "--sample", 8, "--save", kept).code == 0
    assert kept.read_text("utf-8").startswith("<!doctype html>")


def test_the_help_names_every_option(here: Here) -> None:
    out: Any = here("explain", "--help").out
    for option in (
        "--sample",
        "--step",
        "--save",
        "--figure",
        "--depth",
        "--reference",
        "--data",
        "--json",
    ):
        assert option in out
