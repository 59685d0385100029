"""Whatever is wrong: one sentence of cause, one of remedy, an exit code, and nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import COMMAND, HEART, Here, environment, refused
from test_run_folder_disk import small_disk

import chainrule as cr
from chainrule.views.folders import FIGURES, REPORT

ROWS = 30


def table(cell: Callable[[int], object], target: Callable[[int], object], rows: int = ROWS) -> str:
    return "x,y\n" + "".join(f"{cell(i)},{target(i)}\n" for i in range(rows))


def number(row: int) -> object:
    return row


def letter(row: int) -> object:
    return "ab"[row % 2]


GOOD = table(number, letter)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "good.csv").write_text(GOOD)
    cr.train_table(folder / "good.csv", "y", epochs=2, output=folder / "run", progress=False)
    return folder / "run"


@pytest.mark.parametrize(
    ("contents", "cause"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("x,y\n", "has a header and no rows"),
        (" ,\n,\n,\n", "has no row with a value"),
        (GOOD.replace(",", "^"), "seems to separate its columns by a caret"),
        (GOOD.encode("utf-16")[:-1], "is not encoded as utf-16"),
        (b"PK\x03\x04rest", "is a spreadsheet or an archive"),
        (b"x,y\n\0,1\n", "holds binary data"),
        (GOOD.replace("y", "z", 1), "has no column 'y'"),
        (table(number, lambda row: 7), "is 7 in every row"),
        (table(number, lambda row: "same"), "is 'same' in every row"),
        (table(number, lambda row: ""), "has no value in any row"),
        (table(number, lambda row: "a" if row else "b"), "The class 'b' of the target 'y' has one"),
        *[(table(number, letter, rows), "too few") for rows in (1, 2, 3, 5, 9)],
        *[(table(number, lambda row: row * 0.7, rows), "too few") for rows in (1, 2, 3, 5)],
        (table(lambda row: "inf" if row == 3 else row, letter), "'x' is infinite in row 4"),
        (table(number, lambda row: "-inf" if row == 3 else row * 0.7), "'y' is infinite in row 4"),
        (GOOD.replace("x,y", "a,b"), "has no column 'y'"),
        ("y\n" + "a\nb\n" * 10, "No column is left to predict 'y' from"),
        (table(lambda row: 1, letter), "No column is left to predict 'y' from"),
        (GOOD.replace("5,b", '5,"b'), "quotation mark"),
        (GOOD.replace("5,b", "5,b,c"), "wrong number of cells"),
    ],
)
def test_tables_that_cannot_be_learned_from(here: Here, contents: str | bytes, cause: str) -> None:
    data = contents.encode() if isinstance(contents, str) else contents
    Path("table.csv").write_bytes(data)
    assert cause in refused(here("train", "table.csv", "--target", "y"), 3)
    assert os.listdir() == ["table.csv"]


@pytest.mark.parametrize(
    ("contents", "said", "classes"),
    [
        (GOOD.replace(",", "|"), "file: a vertical bar between the columns", "a 15, b 15"),
        (
            GOOD.replace("a", "é").encode("latin-1"),
            "file: read as Windows-1252, because it is not UTF-8",
            "b 15, é 15",
        ),
        (GOOD.encode("utf-16"), "file: read as UTF-16, because of the mark", "a 15, b 15"),
        (
            "x,y,y\n" + "".join(f"{i},{'ab'[i % 2]},{i % 3}\n" for i in range(ROWS)),
            "y (2): column 3 is one more that is named 'y'",
            "a 15, b 15",
        ),
        (GOOD + ",\n" * 4, "rows: 4 empty rows at the end left out", "a 15, b 15"),
        (GOOD.removeprefix("x,y\n"), "file: no header: the first line reads like a row (0,a)", ""),
    ],
)
def test_what_is_read_all_the_same_is_said(
    here: Here, contents: str | bytes, said: str, classes: str
) -> None:
    Path("table.csv").write_bytes(contents.encode() if isinstance(contents, str) else contents)
    target = "y" if classes else "column_2"
    ended = here("train", "table.csv", "--target", target, "--epochs", "1")
    assert (ended.code, ended.err) == (0, "")
    assert said in ended.out
    assert f"target: classification, 2 classes ({classes or 'a 15, b 15'})" in ended.out
    assert "on 30 rows" in ended.out


def test_the_nearest_name_is_given(here: Here) -> None:
    ended = here("train", HEART, "--target", "diseese")
    assert ended.err.splitlines()[1] == "Did you mean 'disease'?"
    Path("table.csv").write_text(GOOD)
    ended = here("train", "tabel.csv", "--target", "y")
    assert refused(ended, 3) == "There is no file tabel.csv."
    assert ended.err.splitlines()[1] == "Did you mean 'table.csv'?"
    for option, wrong, right in (("--optimizer", "adm", "adam"), ("--activation", "rleu", "relu")):
        ended = here("train", "table.csv", "--target", "y", option, wrong)
        assert wrong in refused(ended, 4)
        assert f"'{right}'" in ended.err.splitlines()[1]


def test_a_folder_in_the_place_of_a_table(here: Here) -> None:
    Path("table.csv").mkdir()
    assert refused(here("train", "table.csv", "--target", "y"), 3) == "table.csv is a folder."


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "-1"],
        ["--l2", "-1"],
        ["--l2", "nan"],
        ["--l2", "inf"],
        ["--learning-rate", "nan"],
        ["--learning-rate", "inf"],
        ["--learning-rate", "-0.1"],
        ["--patience", "-2"],
        ["--hidden", "-3"],
        ["--hidden", "wide"],
        ["--hidden", "8,0"],
        ["--hidden", ""],
        ["--hidden", "9" * 30],
        ["--batch-size", "0"],
        ["--batch-size", "many"],
        ["--seed", "-1"],
        ["--seed", str(2**64)],
        ["--task", "regresion"],
        ["--activation", "linear"],
        ["--activation", ""],
        ["--activation", "bar", "--hidden", "0"],
        ["--optimizer", ""],
        ["--drop", "y"],
        ["--drop", "x", "--numeric", "x"],
        ["--group", "x", "--time", "x"],
        ["--ignore-rows", "some"],
        ["--ignore-rows", "7-3"],
        ["--decimal", ";"],
        ["--dates", "dym"],
        ["--delimiter", "||"],
        ["--delimiter", ""],
        ["--encoding", "utf-9"],
    ],
)
def test_settings_that_are_not_possible(here: Here, words: list[str]) -> None:
    Path("table.csv").write_text(GOOD)
    refusals = [
        refused(here("train", "table.csv", "--target", "y", *words, *more), 4)
        for more in ([], ["--dry-run"])
    ]
    assert refusals[0] == refusals[1]
    assert os.listdir() == ["table.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["train", "table.csv"],
        ["train", "table.csv", "--target", "y", "--epochs", "few"],
        ["train", "table.csv", "--target", "y", "--nothing"],
        ["train", "table.csv", "--target", "y", "--checkpoint-every", "-1"],
        ["train", "table.csv", "--target", "y", "--checkpoint-every", "nan"],
        ["predict"],
        ["report"],
        ["resume"],
        ["nothing"],
    ],
)
def test_wrong_usage(here: Here, words: list[str]) -> None:
    ended = here(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "Usage: chainrule" in ended.err


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--drop", "z"], "has no column 'z' to drop"),
        (["--categorical", "z"], "has no column 'z' to take as categories"),
        (["--numeric", "z"], "has no column 'z' to take as numbers"),
        (["--group", "z"], "has no column 'z' to group rows by"),
        (["--time", "z"], "has no column 'z' to order rows by"),
        (["--drop", "x"], "No column is left to predict 'y' from"),
        (["--ignore-rows", "31"], "There is no row 31 to ignore: the table has 30"),
        (["--ignore-rows", "1-30"], "Every row of the table is ignored"),
        (["--ignore-rows", "1-21"], "9 rows with a target: too few"),
        (["--encoding", "ascii"], "is not encoded as ascii: line 2 has the byte 0xC3"),
        (["--delimiter", ";"], "has no column 'y'"),
        (["--test", "nowhere.csv"], "There is no file nowhere.csv"),
        (["--test", "empty.csv"], "empty.csv is empty"),
        (["--test", "narrow.csv"], "has no column 'y'"),
        (["--test", "other.csv"], "The target 'y' is 'c' in row 2"),
    ],
)
def test_choices_that_the_table_does_not_allow(here: Here, words: list[str], cause: str) -> None:
    Path("table.csv").write_text(GOOD.replace("a", "é"), encoding="utf-8")
    Path("empty.csv").write_text("")
    Path("narrow.csv").write_text("x\n1\n")
    Path("other.csv").write_text("x,y\n1,b\n2,c\n")
    before = sorted(os.listdir())
    for more in ([], ["--dry-run"], ["--dry-run", "--json"]):
        ended = here("train", "table.csv", "--target", "y", "--epochs", "1", *words, *more)
        assert cause in refused(ended, 3)
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize("what", ["group", "time"])
def test_a_row_without_its_group_or_time(here: Here, what: str) -> None:
    rows = "".join(f"{i},{'' if i == 2 else i // 3},{letter(i)}\n" for i in range(ROWS))
    Path("table.csv").write_text("x,place,y\n" + rows)
    ended = here("train", "table.csv", "--target", "y", f"--{what}", "place")
    assert f"'place' says no {what} in row 3." in refused(ended, 3)
    assert ended.err.endswith("in every row, or leave the row out: --ignore-rows 3.\n")
    assert os.listdir() == ["table.csv"]


@pytest.mark.parametrize("what", ["group", "time"])
def test_rows_are_counted_in_the_file_and_left_out_besides_others(here: Here, what: str) -> None:
    """Those without a target, and those that are left out already, count as well."""
    empty = (2, 20, 21, 25)
    rows = "".join(
        f"{i},{'' if i in empty else i // 3},{'' if i in (1, 4) else letter(i)}\n"
        for i in range(ROWS)
    )
    Path("table.csv").write_text("x,place,y\n" + rows)
    words = ["train", "table.csv", "--target", "y", f"--{what}", "place", "--dry-run"]
    ended = here(*words, "--ignore-rows", "3, 10-11")
    assert f"'place' says no {what} in 3 rows, first in row 21." in refused(ended, 3)
    remedy = ended.err.splitlines()[1]
    assert remedy.endswith("or leave 3 such rows out: --ignore-rows '3, 10-11,21-22,26'.")
    assert here(*words, "--ignore-rows", "3, 10-11,21-22,26").code == 0
    Path("table.csv").write_text(
        "x,place,y\n" + "".join(f"{i},,{letter(i)}\n1,1,a\n" for i in range(60))
    )
    ended = here(*words)
    assert "in 60 rows, first in row 1." in refused(ended, 3)
    assert "--ignore-rows" not in ended.err


def test_a_value_too_large_is_left_out_besides_others(here: Here) -> None:
    rows = "".join(f"{1e300 if i in (6, 7) else i},{letter(i)}\n" for i in range(ROWS))
    Path("table.csv").write_text("x,y\n" + rows)
    words = ["train", "table.csv", "--target", "y", "--dry-run", "--ignore-rows"]
    ended = here(*words, "3")
    assert "in row 7, which is too large to scale" in refused(ended, 3)
    remedy = ended.err.splitlines()[1]
    assert remedy == "Correct the cell, or leave 2 such rows out: --ignore-rows 3,7-8."
    assert here(*words, "3,7-8").code == 0


def test_text_regression_is_refused(here: Here) -> None:
    Path("table.csv").write_text(GOOD)
    cause = refused(here("train", "table.csv", "--target", "y", "--task", "regression"), 3)
    assert "is text" in cause


# ---------------------------------------------------------------- where the run goes


@pytest.mark.parametrize("place", ["a run", "a file", "under a file", "a folder of others"])
def test_what_is_in_the_way_stays(here: Here, trained: Path, place: str) -> None:
    Path("table.csv").write_text(GOOD)
    output = Path("output")
    if place == "a run":
        shutil.copytree(trained, output)
    elif place == "a folder of others":
        output.mkdir()
        (output / "letter.txt").write_text("dear")
    else:
        output.write_text("dear")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    given = output / "run" if place == "under a file" else output
    refused(here("train", "table.csv", "--target", "y", "--output", given), 5)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_a_file_called_runs_is_in_the_way(here: Here) -> None:
    Path("runs").write_text("marathon")
    cause = refused(here("train", HEART, "--target", "disease"), 5)
    assert "cannot be made: a part of the path is not a folder" in cause


def test_a_read_only_folder() -> None:
    with small_disk("size=256k") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        ended = subprocess.run(
            [*COMMAND, "train", str(HEART), "--target", "disease", "--epochs", "2"],
            cwd=disk,
            env=environment(),
            capture_output=True,
            text=True,
        )
    assert (ended.returncode, ended.stdout) == (5, "")
    cause, remedy = ended.stderr.splitlines()
    assert cause.endswith("cannot be made: the disk is read-only.")
    assert "--output FOLDER" in remedy


@pytest.fixture(scope="module")
def undisturbed() -> cr.Run:
    return cr.train_table(HEART, "disease", epochs=60, patience=60, progress=False)


def outputs(run: cr.Run) -> object:
    return run.predict_proba(HEART).tolist()


@pytest.mark.parametrize("free", [0, 16, 32, 40, 48, 56, 64, 96, 128])
def test_a_disk_that_fills_up_while_saving(here: Here, undisturbed: cr.Run, free: int) -> None:
    with small_disk("size=1024k") as disk:
        (disk / "filler").write_bytes(b"0" * (1024 - free) * 1024)
        output = disk / "run"
        words = ["--target", "disease", "--epochs", "60", "--patience", "60"]
        ended = here("train", HEART, *words, "--checkpoint-every", "0", "--output", output)
        assert "the disk is full" in refused(ended, 5)
        (disk / "filler").unlink()
        if output.exists():
            # The last checkpoint that fitted is whole; with room again, the training goes on.
            assert not cr.load(output).finished
            assert here("resume", output).code == 0
            run = cr.load(output)
            assert run.finished
            assert run.notes["result"] == undisturbed.notes["result"]
            assert outputs(run) == outputs(undisturbed)


def test_a_file_of_predictions_that_cannot_be_written(here: Here, trained: Path) -> None:
    table = trained.parent / "good.csv"
    Path("folder").mkdir()
    Path("folder/old.csv").write_text("old")
    assert "a folder stands" in refused(here("predict", trained, table, "-o", "folder"), 5)
    nowhere = Path("nowhere/new.csv")
    assert "no folder 'nowhere'" in refused(here("predict", trained, table, "-o", nowhere), 5)
    with small_disk("size=8k") as disk:
        (disk / "new.csv").write_text("old" * 1000)
        (disk / "filler").write_bytes(b"0" * 4096)
        cause = refused(here("predict", trained, table, "-o", disk / "new.csv"), 5)
        assert "the disk is full" in cause
        assert (disk / "new.csv").read_text() == "old" * 1000
        assert sorted(os.listdir(disk)) == ["filler", "new.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_takes_nothing(trained: Path) -> None:
    words = ["predict", str(trained), str(trained.parent / "good.csv")]
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [*COMMAND, *words], env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 5
    assert len(ended.stderr.splitlines()) == 2


# ---------------------------------------------------------------- predicting


@pytest.mark.parametrize(
    ("contents", "cause"),
    [
        ("z\n1\n", "has no column 'x'"),
        ("x\n1\nmany\n", "has the text 'many' in row 2 where a number belongs"),
        ("x\ninf\n", "is infinite in row 1"),
        ("x\n", "has a header and no rows"),
    ],
)
def test_tables_that_cannot_be_predicted(
    here: Here, trained: Path, contents: str, cause: str
) -> None:
    Path("new.csv").write_text(contents)
    assert cause in refused(here("predict", trained, "new.csv"), 3)


def test_a_run_on_arrays_knows_no_columns(here: Here) -> None:
    X, y = np.arange(8.0).reshape(-1, 1), np.arange(8.0)
    cr.train(cr.Network(cr.Dense()), X, y, epochs=1, progress=False).save("run")
    assert "was trained on arrays" in refused(here("predict", "run", HEART), 5)
    assert "was not trained on a table" in refused(here("resume", "run"), 5)


# ---------------------------------------------------------------- run folders


def test_what_is_no_run_folder(here: Here) -> None:
    Path("empty").mkdir()
    Path("file").write_text("x")
    for place in ("nothing", "empty", "file"):
        refused(here("predict", place, HEART), 5)
        refused(here("resume", place), 5)


def test_a_run_folder_with_any_file_cut_short_or_gone(here: Here, trained: Path) -> None:
    # The report and its figures are to be looked at, and nothing is read back from them.
    for path in sorted(one for one in trained.iterdir() if one.name not in (REPORT, FIGURES)):
        for keep in (None, 0, path.stat().st_size // 2):
            shutil.copytree(trained, "run")
            broken = Path("run") / path.name
            data = broken.read_bytes()
            broken.unlink()
            if keep is not None:
                broken.write_bytes(data[:keep])
            refused(here("predict", "run", trained.parent / "good.csv"), 5)
            refused(here("resume", "run"), 5)
            shutil.rmtree("run")


# ---------------------------------------------------------------- chainrule's own faults


def test_an_error_inside_is_one_line_and_how_to_report_it(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("chainrule.training.tables.door.train_as_chosen", broken)
    ended = here("train", HEART, "--target", "disease")
    assert (ended.code, ended.out) == (1, "")
    first, second = ended.err.splitlines()
    assert first == "chainrule: internal error (ZeroDivisionError: a fault)."
    assert "CHAINRULE_TRACEBACK=1" in second
    monkeypatch.setenv("CHAINRULE_TRACEBACK", "1")
    assert "Traceback" in here("train", HEART, "--target", "disease").err


def test_too_little_memory_is_no_fault(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("chainrule.training.tables.door.train_as_chosen", greedy)
    refused(here("train", HEART, "--target", "disease"), 4)


def test_control_characters_of_a_file_are_not_printed(here: Here) -> None:
    Path("table.csv").write_text(GOOD.replace("x,y", "\x1b[31mred\x07,y"))
    ended = here("train", "table.csv", "--target", "y", "--epochs", "1")
    assert ended.code == 0
    assert "\\x1b[31mred\\x07" in ended.out
    assert "\x1b" not in ended.out


def test_a_folder_that_may_not_be_written_to() -> None:
    if sys.platform == "win32" or os.geteuid() == 0:
        # Root may write anywhere: the disk is made read-only instead.
        with small_disk("size=256k,ro") as disk:
            _refuses_to_write(disk)
    else:
        folder = Path(tempfile.mkdtemp())
        folder.chmod(0o500)
        _refuses_to_write(folder)
        folder.rmdir()


def _refuses_to_write(folder: Path) -> None:
    with pytest.raises(cr.RunFolderError, match=r"read-only|no permission"):
        cr.train_table(HEART, "disease", epochs=1, output=folder / "run", progress=False)
