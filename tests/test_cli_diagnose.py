"""``chainrule diagnose``, the line at the end of ``train``, and what is said on a terminal."""

from __future__ import annotations

import errno
import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from command_line import HEART, ROOT, Here, on_a_terminal, refused
from reported_runs import ROWS, TARGET, healthy_run, ill_run, tanh_network
from test_terminal import a_terminal, last_line

import chainrule as cr
from chainrule.diagnosis import end_of_training
from chainrule.diagnosis.end_of_training import SKIPPED, line_of_signs

SCHEMA = json.loads((ROOT / "docs" / "diagnosis.schema.json").read_text(encoding="utf-8"))
TOO_HIGH = ["--optimizer", "gradient_descent", "--learning-rate", "300", "--hidden", "4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("diagnosed")
    for name, given in (
        ("ill", {"optimizer": "gradient_descent", "learning_rate": 300.0}),
        ("well", {}),
    ):
        chosen: dict[str, Any] = {"epochs": 20, "hidden": (4,), **given}
        cr.train_table(HEART, "disease", output=found / name, progress=False, **chosen)
    healthy_run().save(found / "arrays")
    return found


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Here:
    return Here(monkeypatch, capsys, folder)


def test_a_run_is_diagnosed(here: Here) -> None:
    ended = here("diagnose", "ill")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Diagnosis: the learning rate is too high\n")
    assert "All of it is done by chainrule diagnose ill --fix" in ended.out
    well = here("diagnose", "well")
    assert "Healthy: " in well.out
    assert "What to do" not in well.out


def test_where_a_fix_can_do_nothing_the_evidence_is_named_in_its_place(here: Here) -> None:
    random = np.random.default_rng(1)
    x, labels = random.normal(size=(300, 2)), random.permutation(300) % 2
    cells = [f"{a:.3f},{b:.3f},{c}" for (a, b), c in zip(x, labels, strict=True)]
    Path("t.csv").write_text("\n".join(["a,b,y", *cells, ""]), encoding="utf-8")
    ended = here("train", "t.csv", "--target", "y", "--output", "by_hand")
    assert "labels and the inputs do not go together (confirmed)" in ended.out
    assert "--fix" not in ended.out
    told = (
        "chainrule diagnose by_hand  # the evidence; what to do is for you, and no training does it"
    )
    assert f"    {told}" in ended.out.splitlines()


def test_of_a_run_on_arrays_the_call_in_python_is_named(here: Here) -> None:
    ended = here("diagnose", "arrays")
    assert ended.code == 3
    assert "'arrays' was not trained on a table" in ended.err
    (call,) = re.findall(r"cr\.diagnose\(.*\)", ended.err)
    report = eval(call, {"cr": cr, "X": ROWS, "y": TARGET})
    assert report.name == "healthy"


def test_json_is_the_document(here: Here) -> None:
    ended = here("diagnose", "ill", "--json")
    document = json.loads(ended.out)
    jsonschema.validate(document, SCHEMA)
    assert document["name"] == "rate_too_high"
    assert document["call"] == "chainrule diagnose ill"


def test_fix_shows_before_and_after_and_keeps_the_run(here: Here, folder: Path) -> None:
    words = ["diagnose", "ill", "--fix", "--output", "put right", "--save", "verdict.html"]
    ended = here(*words)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("The learning rate is too high (confirmed, p = ")
    assert lines[1].startswith("Before: ")
    assert "All of it, on a page: verdict.html" in lines
    text = (folder / "verdict.html").read_text("utf-8")
    assert "What the fix came to" in text
    assert shlex.join(["chainrule", *words]) in text.replace("&#x27;", "'")
    commands = [shlex.split(line) for line in re.findall(r"^    (chain.*)$", ended.out, re.M)]
    assert commands[2] == ["chainrule", "predict", "put right", str(HEART)]
    predicted = here(*commands[2][1:])
    assert predicted.code == 0
    assert len(predicted.out.splitlines()) == 304
    assert "Measured in 5 folds" in here("report", "put right").out
    assert (folder / "put right" / "report.html").is_file()
    # The command that is named makes the same run.
    assert here(*commands[0][1:], "--output", "by command", "--quiet").code == 0
    fixed, made = cr.load(folder / "put right"), cr.load(folder / "by command")
    assert fixed.result == made.result
    assert all((one == made.network.parameters[name]).all()
               for name, one in fixed.network.parameters.items())  # fmt: skip
    again = here("diagnose", "ill", "--fix", "--output", "put right")
    assert "something in the folder" in refused(again, 5)


def test_a_fixed_run_has_a_folder_of_its_own(here: Here, folder: Path) -> None:
    for name in ("ill-fixed", "ill-fixed-2"):
        document = json.loads(here("diagnose", "ill", "--fix", "--json").out)
        jsonschema.validate(document, SCHEMA)
        assert document["fix"]["run"] == name
        assert (folder / name).is_dir()
        assert max(document["fix"]["after"]) < max(document["fix"]["before"])
    healthy = json.loads(here("diagnose", "well", "--fix", "--json").out)
    assert healthy["fix"]["run"] is None
    assert not (folder / "well-fixed").exists()


@pytest.mark.parametrize(
    ("words", "code", "cause"),
    [
        (["arrays"], 3, "was not trained on a table, and a run keeps no rows"),
        (["nowhere"], 5, "nowhere"),
        (["ill", "--seconds", "0"], 4, "no limit"),
        (["ill", "--data", "arrays/run.json"], 3, ""),
        (["well", "--save", "no/verdict.html"], 5, "the folder for it does not exist"),
        (["well", "--save", "."], 5, "it is a folder"),
        (["well", "--save", "/dev/full"], 5, "it is no ordinary file"),
    ],
)
def test_what_is_refused(here: Here, words: list[str], code: int, cause: str) -> None:
    assert cause in refused(here("diagnose", *words), code)


def test_a_full_disk_leaves_no_page_and_the_diagnosis_is_told(
    here: Here, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, contents: bytes) -> None:
        path.write_bytes(contents[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("chainrule.files.disk.write_new", full)
    ended = here("diagnose", "well", "--save", "full.html", "--seconds", "0.5")
    assert ended.code == 5
    assert "the disk is full" in ended.err
    assert ended.out.startswith("Diagnosis: ")
    assert not [one for one in folder.iterdir() if one.name.startswith("full.html")]


def test_a_full_disk_keeps_no_fixed_run_and_all_that_was_found_is_told(
    here: Here, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, contents: bytes) -> None:
        path.write_bytes(contents[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("chainrule.files.disk.write_new", full)
    words = ["diagnose", "ill", "--fix", "--save", "full.html", "--output", "no room"]
    ended = here(*words)
    assert ended.code == 5
    assert "the disk is full" in ended.err
    assert ended.out.startswith("Diagnosis: the learning rate is too high\n")
    assert "Before: " in ended.out
    assert "learning_rate=" in ended.out
    assert "The fixed run is in" not in ended.out
    document = here(*words, "--json")
    assert document.code == 5
    found = json.loads(document.out)
    jsonschema.validate(found, SCHEMA)
    assert found["fix"]["run"] is None
    assert found["fix"]["code"]
    assert not (folder / "no room").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no hangup here")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_hangup_while_a_fix_is_saved_leaves_nothing(folder: Path, name: str) -> None:
    code = f"""
import os, signal, sys
from chainrule.files import disk
real = disk.write_new
def cut(path, contents):
    real(path, contents)
    os.kill(os.getpid(), signal.{name})
disk.write_new = cut
from chainrule.cli import main
main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", code, "diagnose", "ill", "--fix", "--output", "hung up"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 130
    assert not (folder / "hung up").exists()


@pytest.mark.parametrize("at", ["examining", "trainings ended"])
def test_ctrl_c_leaves_nothing_half_done(folder: Path, at: str) -> None:
    code, out, err = on_a_terminal(
        ["diagnose", "ill", "--fix", "--output", "cut"], folder, interrupted_at=at
    )
    assert code == 130
    assert "Traceback" not in out + err
    assert "Interrupted." in err
    assert not (folder / "cut").exists()


def test_a_terminal_shows_how_far_a_fix_is(folder: Path) -> None:
    words = ["diagnose", "ill", "--fix", "--output", "on a terminal"]
    code, _, err = on_a_terminal(words, folder)
    assert code == 0
    assert "examining the run" in err
    assert re.search(r"trainings ended.* of [0-9]0 ", err)


# ---------------------------------------------------------------- at the end of a training


def test_an_interrupted_verdict_leaves_a_complete_run(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(run: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(end_of_training, "report_at_the_end", interrupted)
    words = ["train", HEART, "--target", "disease", "--epochs", "3", "--output", "cut short"]
    ended = here(*words)
    assert ended.code == 0
    assert ended.err.splitlines()[-1] == (
        "The verdict was interrupted; it is made by: chainrule diagnose 'cut short'"
    )
    assert "resume" not in ended.out + ended.err
    assert "Verdict" not in ended.out


def test_train_ends_with_a_verdict(here: Here) -> None:
    words = ["train", HEART, "--target", "disease", "--epochs", "20"]
    well = here(*words, "--output", "one")
    assert "\nVerdict: healthy.\n" in well.out
    assert "diagnose" not in well.out
    ill = here(*words, *TOO_HIGH, "--output", "two")
    (line,) = [one for one in ill.out.splitlines() if one.startswith("Verdict: ")]
    assert line.startswith("Verdict: the learning rate is too high (confirmed, p = ")
    assert "\n    chainrule diagnose two --fix\n" in ill.out
    document = json.loads(here(*words, *TOO_HIGH, "--output", "three", "--json").out)
    jsonschema.validate(document["verdict"], SCHEMA)
    assert document["verdict"]["name"] == "rate_too_high"
    quiet = here(*words, "--output", "four", "--quiet")
    assert (quiet.out, quiet.err) == ("", "")
    ended = here("resume", "one", "--json")
    assert json.loads(ended.out)["verdict"] is None


def test_a_training_on_a_terminal_ends_with_its_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = a_terminal(monkeypatch)
    monkeypatch.setattr(end_of_training, "A_MOMENT", 60.0)
    healthy_run_shown()
    assert last_line(shown) == "No sign of trouble."
    run = cr.train(
        tanh_network(), ROWS, TARGET, optimizer="gradient_descent", learning_rate=3.0, epochs=60
    )
    line = last_line(shown)
    assert line.startswith("Signs that ")
    assert "the learning rate is too high" in line
    assert line.endswith("cr.diagnose(run) tests them.") or line.endswith("tests it.")
    assert line == line_of_signs(run)
    before = shown.getvalue()
    ill_run()
    assert shown.getvalue() == before


def healthy_run_shown() -> Any:
    return cr.train(
        tanh_network(), ROWS, TARGET, learning_rate=0.01, epochs=60, validation=0.25, progress=True
    )


def test_without_a_terminal_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    healthy_run_shown()
    assert capsys.readouterr() == ("", "")


def test_what_takes_too_long_is_left_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    run = healthy_run()
    monkeypatch.setattr(end_of_training, "A_MOMENT", 60.0)
    assert line_of_signs(run) == "No sign of trouble."
    monkeypatch.setattr(end_of_training, "A_MOMENT", 0.0)
    monkeypatch.setattr(end_of_training, "SHARE", 0.0)
    assert line_of_signs(run) == SKIPPED
    # Where it cannot be known before, it is left on the way.
    monkeypatch.setattr(end_of_training, "LONGER", 0.0)
    assert line_of_signs(run) == SKIPPED


def test_a_fault_in_a_sign_does_not_take_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(run: Any) -> str:
        raise ZeroDivisionError("a sign")

    shown = a_terminal(monkeypatch)
    monkeypatch.setattr(end_of_training, "line_of_signs", fails)
    run = healthy_run_shown()
    assert np.isfinite(run.history["loss"][-1])
    assert "could not be looked for" in last_line(shown)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX")
def test_a_diagnosis_fits_a_terminal(folder: Path) -> None:
    code, out, _ = on_a_terminal(["diagnose", "ill"], folder)
    assert code == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out)
    assert max(map(len, plain.splitlines())) <= 80
    assert "The learning rate is too high (confirmed" in plain
