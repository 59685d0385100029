"""No command writes its page or file over a table that is read, or into the folder of a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import HEART, Here, refused

import chainrule as cr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a table, a run on it, a copy of the table, and answers to worksheets."""
    for name in ("table.csv", "copy.csv"):
        shutil.copy(HEART, tmp_path / name)
    cr.train_table(
        str(tmp_path / "table.csv"), "disease", epochs=2, hidden=(2,), progress=False,
        output=tmp_path / "run",
    )  # fmt: skip
    (tmp_path / "link.csv").symlink_to(tmp_path / "table.csv")
    return tmp_path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Here:
    return Here(monkeypatch, capsys, folder)


def held(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


OVER_A_TABLE = [
    ["diagnose", "run", "--save", "table.csv"],
    ["diagnose", "run", "--save", "link.csv"],
    ["diagnose", "run", "--data", "copy.csv", "--save", "copy.csv"],
    ["explain", "run", "--sample", "8", "--save", "table.csv"],
    ["explain", "run", "dense_1.W.0.0", "--sample", "8", "--data", "copy.csv", "--save",
     "./copy.csv"],
    ["report", "run", "--output", "run/../table.csv"],
    ["report", "run", "--data", "copy.csv", "--output", "copy.csv"],
    ["predict", "run", "copy.csv", "--output", "copy.csv"],
    ["predict", "run", "copy.csv", "--output", "table.csv"],
]  # fmt: skip
INTO_A_RUN = [
    ["diagnose", "run", "--save", "run/run.json"],
    ["diagnose", "run", "--save", "run/new.html"],
    ["explain", "run", "--sample", "8", "--save", "run/figures/new.html"],
    ["explain", "run", "dense_1", "--sample", "8", "--figure", "run/new.png"],
    ["report", "run", "--output", "run/report.html"],
    ["predict", "run", "copy.csv", "--output", "run/predictions.csv"],
    ["examples", "xor", "--figure", "run/new.png"],
]


def test_nothing_that_is_kept_is_overwritten(here: Here, folder: Path) -> None:
    before = held(folder)
    for words in OVER_A_TABLE:
        assert "a table is read from there, and would be lost" in refused(here(*words), 5), words
    for words in INTO_A_RUN:
        assert "it is in the folder of a run" in refused(here(*words), 5), words
    assert held(folder) == before


def test_marks_do_not_replace_the_answers(here: Here, folder: Path) -> None:
    assert here("worksheet", "--students", "1", "--output", "sheets").code == 0
    before = held(folder)
    words = ["mark", "sheets/answers.csv", "--output", "sheets/answers.csv"]
    assert "would be lost" in refused(here(*words), 5)
    assert held(folder) == before


def test_in_python_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    run = cr.load("run")
    before = held(folder)
    report, why = cr.diagnose(run, seconds=0.1), cr.explain(run, "loss", sample=8)
    for save in (report.save, run.report().save):
        for path in ("table.csv", "run/run.json"):
            with pytest.raises(cr.RunFolderError, match="could not be written"):
                save(path)
    with pytest.raises(cr.RunFolderError, match="in the folder of a run"):
        why.save("run/why.html")
    assert held(folder) == before


def test_other_files_are_written_beside_the_run_and_over_each_other(
    here: Here, folder: Path
) -> None:
    before = held(folder)
    for _ in range(2):
        for words in (
            ["report", "run", "--output", "page.html"],
            ["predict", "run", "copy.csv", "--output", "page.html"],
            ["explain", "run", "--sample", "8", "--save", "page.html"],
        ):
            assert here(*words).code == 0, words
    after = held(folder)
    assert after.keys() - before.keys() == {str(folder / "page.html")}
    assert {name: after[name] for name in before} == before
