"""The command line as a user meets it: what it prints, where, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import COMMAND, HEART, ROOT, Here, environment, on_a_terminal, refused

import chainrule as cr
from chainrule.views.run_document import run_as_json
from chainrule.views.terminal import print_run

FAST = ["--target", "disease", "--epochs", "4"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    cr.train_table(HEART, "disease", epochs=4, output=folder, progress=False)
    return folder


def printed_commands(text: str) -> list[list[str]]:
    lines = re.findall(r"^    (chainrule .*)$", text, flags=re.MULTILINE)
    return [shlex.split(line)[1:] for line in lines]


def test_train_prints_what_it_made_of_the_table_and_its_result(here: Here) -> None:
    ended = here("train", HEART, *FAST)
    assert (ended.code, ended.err) == (0, "")
    for part in [
        "303 rows, 14 columns; classification of 'disease'",
        "target: classification, 2 classes (no 164, yes 139)",
        "categories: gender, chest_pain, rest_ecg, slope_peak_exc_st, thal (5 columns)  "
        "[--drop NAME]",
        "missing values: major_vessels_colored 4, thal 2 (filled in, and marked in an input)",
        "hint: major_vessels_colored: 4 different whole numbers, taken as a quantity  "
        "[--categorical major_vessels_colored]",
        "dense_1   Dense(16, 'tanh')   n x 16   W 25 x 16, b 16     416",
        "on 303 rows         network       95% interval   linear model   constant",
        "Measured in 5 folds: every row was predicted by a network that had not seen it.",
        "The network that is kept was trained again on all 303 rows, for 4 epochs",
        "The run is in runs" + os.sep + "heart_disease-1. Next:",
    ]:
        assert part in ended.out
    kept = cr.load("runs/heart_disease-1")
    assert kept.result.in_words in ended.out
    epochs = ", ".join(str(one.best_epoch) for one in kept.folds)
    assert f"Epochs were chosen inside each fold's training rows: {epochs}." in ended.out


def test_the_scores_that_are_printed_are_those_of_the_run(here: Here) -> None:
    shown = here("train", HEART, *FAST).out
    scores = cr.load("runs/heart_disease-1").notes["result"]["scores"]
    models = ("network", "linear model", "constant")
    for measure, name in (("accuracy", "accuracy"), ("balanced_accuracy", "balanced accuracy")):
        found = [f"{scores[model][measure]['value']:.1%}" for model in models]
        ends = [f"{scores['network'][measure][end]:.1%}" for end in ("low", "high")]
        line = f"^{name} +{found[0]} +{ends[0]} to {ends[1]} +{found[1]} +{found[2]}$"
        assert re.search(line, shown, flags=re.MULTILINE), name
    for measure, name in (("auc", "AUC"), ("log_loss", "log loss"), ("f1", "F1")):
        found = [f"{scores[model][measure]['value']:.4f}" for model in models]
        ends = [f"{scores['network'][measure][end]:.4f}" for end in ("low", "high")]
        line = f"^{name} +{found[0]} +{ends[0]} to {ends[1]} +{found[1]} +{found[2]}$"
        assert re.search(line, shown, flags=re.MULTILINE), name


def test_without_a_terminal_there_are_plain_lines_of_any_length(here: Here) -> None:
    ended = here("train", HEART, *FAST)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ended.out)
    assert all(line == line.rstrip() for line in ended.out.splitlines())
    numbers = next(line for line in ended.out.splitlines() if line.startswith("numbers: "))
    assert numbers.endswith("major_vessels_colored (8 columns)  [--categorical NAME]")
    assert len(numbers) > 100


def test_every_command_that_train_prints_works(here: Here) -> None:
    commands = printed_commands(here("train", HEART, *FAST).out)
    assert len(commands) == 2
    for words in commands:
        ended = here(*words)
        assert (ended.code, ended.err) == (0, "")
    assert len(Path("predictions.csv").read_text("utf-8").splitlines()) == 304


@pytest.mark.parametrize("inside", [True, False])
def test_three_commands_that_work_at_once(here: Here, tmp_path: Path, inside: bool) -> None:
    if inside:
        (tmp_path / "examples").mkdir()
        (tmp_path / "examples" / HEART.name).write_bytes(HEART.read_bytes())
    commands = printed_commands(here().out)
    assert [words[0] for words in commands] == ["train", "examples", "--help"]
    assert Path(commands[0][1]).is_absolute() != inside
    for words in commands:
        ended = here(*words)
        assert (ended.code, ended.err) == (0, "")


def test_version_and_help(here: Here) -> None:
    assert here("--version").out.startswith("chainrule ")
    shown = here("--help").out
    for code in (0, 1, 2, 3, 4, 5, 130):
        assert re.search(rf"^ +{code} +\w", shown, flags=re.MULTILINE)
    assert "chainrule resume RUN" in shown
    assert "resume" in here("train", "--help").out


def test_a_new_run_goes_into_a_folder_of_its_own(here: Here) -> None:
    for number in (1, 2):
        shown = here("train", HEART, *FAST, "--json").out
        assert json.loads(shown)["run"] == str(Path("runs") / f"heart_disease-{number}")


def test_two_trainings_at_once_do_not_meet(tmp_path: Path) -> None:
    command = [*COMMAND, "train", str(HEART), *FAST, "--quiet"]
    both = [subprocess.Popen(command, cwd=tmp_path, env=environment()) for _ in range(3)]
    assert [one.wait() for one in both] == [0, 0, 0]
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {
        f"heart_disease-{number}" for number in (1, 2, 3)
    }
    for path in (tmp_path / "runs").iterdir():
        assert cr.load(path).finished


def test_a_training_that_fails_leaves_no_folder(here: Here) -> None:
    assert here("train", HEART, "--target", "nothing").code == 3
    assert not Path("runs").exists()


def test_json_is_one_document_with_every_number(here: Here) -> None:
    ended = here("train", HEART, *FAST, "--json")
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    run = cr.load(document["run"])
    result = run.notes["result"]
    for name in ("scores", "leads", "classes", "confusion", "in_words"):
        assert document[name] == result[name]
    assert document["history"] == run.history
    assert document["parameters"] == sum(one["parameters"] for one in document["layers"]) == 450
    assert document["tested_rows"] == document["table"]["rows"] == 303
    assert document["planned_folds"] == len(document["folds"]) == 5
    assert sum(fold["rows"]["test"] for fold in document["folds"]) == 303
    for one, fold in zip(document["folds"], run.folds, strict=True):
        assert sum(one["rows"].values()) == 303
        assert (one["kept_epoch"], one["ended"]) == (fold.best_epoch, fold.ended)
        assert one["history"] == fold.recording.history
    assert document["decisions"] == run.notes["table"]["decisions"]
    assert (document["stage"], document["finished"]) == ("all", True)


def test_json_has_no_number_that_json_has_not(here: Here) -> None:
    Path("few.csv").write_text("x,y\n" + "".join(f"{i},{i * 0.37}\n" for i in range(10)))
    options = ["--optimizer", "gradient_descent", "--learning-rate", "1e30", "--epochs", "3"]
    ended = here("train", "few.csv", "--target", "y", *options, "--json")
    document = json.loads(ended.out, parse_constant=lambda name: pytest.fail(name))
    assert document["folds"][0]["history"]["loss"][-1] is None
    assert [fold["kept_epoch"] for fold in document["folds"]] == [0] * 5
    assert document["kept_epoch"] == 0
    assert document["epochs"] == 0
    text = here("train", "few.csv", "--target", "y", *options).out
    assert "No epoch is kept, so this is the network before training" in text


def test_quiet_prints_nothing(here: Here) -> None:
    ended = here("train", HEART, *FAST, "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_regression_is_reported_in_the_units_of_the_target(here: Here) -> None:
    ended = here("train", HEART, "--target", "max_hr", "--epochs", "4")
    assert "regression of 'max_hr'" in ended.out
    assert "RMSE and MAE are in the target's units" in ended.out
    scores = cr.load("runs/heart_disease-1").notes["result"]["scores"]
    for measure, name in (("root_mean_squared_error", "RMSE"), ("mean_absolute_error", "MAE")):
        one = scores["network"][measure]
        others = [scores[model][measure]["value"] for model in ("linear model", "constant")]
        assert all(10 < number < 30 for number in (one["value"], *others))
        line = f"{one['value']:.2f} +{one['low']:.2f} to {one['high']:.2f}"
        line += "".join(f" +{number:.2f}" for number in others)
        assert re.search(rf"^{name} +{line}$", ended.out, flags=re.MULTILINE)


# ---------------------------------------------------------------- predict


def test_predictions_are_those_of_the_run(here: Here, trained: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(here("predict", trained, HEART).out)))
    run = cr.load(trained)
    assert [one["disease"] for one in rows] == run.predict(HEART).tolist()
    assert [one["row"] for one in rows] == [str(number) for number in range(1, 304)]
    shares = [[float(one[f"probability of {name}"]) for name in run.classes] for one in rows]
    np.testing.assert_allclose(shares, run.predict_proba(HEART), atol=1e-6)


def test_predictions_as_json_and_into_a_file(here: Here, trained: Path) -> None:
    shown = here("predict", trained, HEART, "--json").out
    assert here("predict", trained, HEART, "--json", "--output", "new.json").out == ""
    assert Path("new.json").read_text("utf-8") == shown
    assert len(json.loads(shown)) == 303
    assert sorted(os.listdir()) == ["new.json"]


def test_a_category_that_training_never_saw_is_noted(here: Here, trained: Path) -> None:
    header, first, *_ = HEART.read_text("utf-8").splitlines()
    names = header.split(",")
    cells = first.split(",")
    cells[names.index("thal")] = "\x1b[31mnew"
    Path("new.csv").write_text(f"{header}\n{','.join(cells)}\n")
    ended = here("predict", trained, "new.csv")
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 2
    assert ended.err.startswith("note: 'thal' holds ")
    assert "which training never saw" in ended.err
    assert "\x1b" not in ended.err


def test_a_device_is_written_to_and_stays(here: Here, trained: Path) -> None:
    assert here("predict", trained, HEART, "--output", os.devnull).code == 0
    assert not Path(os.devnull).is_file()


def test_a_target_that_is_called_row(here: Here) -> None:
    Path("t.csv").write_text("x,row\n" + "".join(f"{i},{i * 0.5}\n" for i in range(20)))
    here("train", "t.csv", "--target", "row", "--epochs", "2", "--output", "run")
    assert here("predict", "run", "t.csv").out.startswith("row number,row\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_reader_that_goes_away_is_no_error(trained: Path, tmp_path: Path) -> None:
    line = f"{shlex.join(COMMAND)} predict {trained} big.csv | head -n 1; echo ${{PIPESTATUS[0]}}"
    header, *rows = HEART.read_text("utf-8").splitlines()
    (tmp_path / "big.csv").write_text("\n".join([header, *rows * 30, ""]))
    shown = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert shown.stdout == "row,disease,probability of no,probability of yes\n0\n"
    assert shown.stderr == ""


# ---------------------------------------------------------------- consoles


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_console_encoding_will_do(tmp_path: Path, encoding: str) -> None:
    rows = "".join(f"{i},{'甲乙'[i % 2]}\n" for i in range(20))
    (tmp_path / "täble.csv").write_text(f"größe,类\n{rows}", encoding="utf-8")
    env = environment(PYTHONIOENCODING=encoding)
    for words in (
        ["train", "täble.csv", "--target", "类", "--epochs", "3", "--output", "run"],
        ["predict", "run", "täble.csv"],
        ["predict", "run", "täble.csv", "--json"],
    ):
        shown = subprocess.run(
            [*COMMAND, *words], cwd=tmp_path, env=env, capture_output=True, stdin=subprocess.DEVNULL
        )
        assert shown.returncode == 0
        assert shown.stderr == b""
        text = shown.stdout.decode(encoding)
        assert ("类" in text) == (encoding == "utf-8" and "--json" not in words)
    assert json.loads(text)[0]["类"] in ("甲", "乙")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_a_terminal_shows_progress_and_takes_it_away(tmp_path: Path) -> None:
    words = ["train", str(HEART), "--target", "disease", "--epochs", "400", "--patience", "400"]
    code, out, err = on_a_terminal(words, tmp_path)
    assert code == 0
    # Five folds of a network and a linear model each, and the last training on all rows.
    assert "trainings ended 0 of 11" in err
    assert "left" in err
    # The cursor is shown again, and the last thing done to the line is to erase it.
    assert err.rindex("\x1b[?25h") > err.rindex("\x1b[?25l")
    assert err.rstrip().endswith("\x1b[2K")
    assert "\x1b[1m" in out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert all(len(line) <= 80 or line.startswith("    ") for line in plain.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_no_progress_where_it_is_not_wanted(tmp_path: Path, option: str) -> None:
    words = ["train", str(HEART), "--target", "disease", "--epochs", "50", option]
    code, _, err = on_a_terminal(words, tmp_path)
    assert (code, err) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_no_colour_where_it_is_not_wanted(tmp_path: Path) -> None:
    words = ["train", str(HEART), "--target", "disease", "--epochs", "300", "--patience", "300"]
    _, out, err = on_a_terminal(words, tmp_path, NO_COLOR="1")
    colours = re.findall(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7])[0-9;]*m", out + err)
    assert colours == []
    _, out, err = on_a_terminal(words, tmp_path, TERM="dumb")
    assert "\x1b" not in out + err


# ---------------------------------------------------------------- examples


def test_examples_are_listed_and_run(here: Here) -> None:
    listed = here("examples").out
    scripts = sorted((ROOT / "examples").glob("[0-9]*.py"))
    assert [line.split()[0] for line in listed.splitlines()[: len(scripts)]] == [
        path.stem for path in scripts
    ]
    words = listed.splitlines()[-1].partition(": chainrule ")[2].split()
    ended = here(*words)
    assert ended.code == 0
    assert ended.out
    assert here("examples", scripts[0].stem).out == ended.out
    assert here("examples", "1").out == ended.out


def test_an_example_that_is_not_there(here: Here) -> None:
    assert here("examples", "nothing").code == 3


def test_resume_prints_a_finished_run_again(here: Here, trained: Path) -> None:
    ended = here("resume", trained)
    assert ended.code == 0
    assert ended.out.startswith("This run had ended already; nothing was trained.")
    assert "for 4 epochs, the median of these (adam)" in ended.out


def test_a_finished_run_is_not_shown_beside_another_table(
    here: Here, trained: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    assert "does not hold what" in refused(here("resume", trained, "--data", other), 3)


@pytest.mark.parametrize("name", ["figure.zzz", "figure"])
def test_a_figure_of_another_kind(here: Here, name: str) -> None:
    ended = here("examples", "07", "--figure", name)
    assert refused(ended, 4) == f"A figure cannot be saved as '{name}'."
    assert ended.err.splitlines()[1] == "Give a name that ends in .png, .svg or .pdf."


# ---------------------------------------------------------------- reports


def without(run: Any, note: str) -> Any:
    return replace(run, notes={name: one for name, one in run.notes.items() if name != note})


def test_a_run_on_no_table_is_not_told(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = without(cr.load(trained), "table")
    for told in (lambda: print_run(bare, trained, HEART), lambda: run_as_json(bare, trained)):
        with pytest.raises(cr.RunFolderError, match="was not trained on a table"):
            told()
    assert capsys.readouterr().out == ""


def test_a_run_that_was_not_measured_says_so(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = without(cr.load(trained), "result")
    print_run(bare, trained, HEART)
    shown = capsys.readouterr().out
    assert "Nothing is measured yet; folds that have ended: 5 of 5." in shown
    assert "accuracy" not in shown
    document = json.loads(run_as_json(bare, trained))
    assert (document["scores"], document["in_words"], document["finished"]) == (None, None, False)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_closed_streams(trained: Path, tmp_path: Path) -> None:
    def closed(*words: object, streams: str) -> subprocess.CompletedProcess[str]:
        line = f"{shlex.join([*COMMAND, *map(str, words)])} {streams}"
        return subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, text=True
        )

    for number, streams in enumerate((">&-", ">&- 2>&-", "<&- >&-")):
        ended = closed("train", HEART, *FAST, "--output", number, streams=streams)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert cr.load(tmp_path / str(number)).finished
    ended = closed("predict", trained, HEART, streams=">&-")
    assert ended.returncode == 5
    assert ended.stderr.startswith("chainrule: There is no standard output")
    ended = closed("predict", trained, HEART, "--output", "new.csv", streams=">&-")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len((tmp_path / "new.csv").read_text("utf-8").splitlines()) == 304
