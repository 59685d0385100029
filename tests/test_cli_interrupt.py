"""Ctrl-C keeps the best so far, a kill loses nothing, and both end as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_line import COMMAND, HEART, LONG, Here, environment

import chainrule as cr
import chainrule.training.loop
import chainrule.training.tables
from chainrule.files import read_folder
from chainrule.training.interrupts import held_interrupts, uninterrupted
from chainrule.training.loop import Loop, Progress
from chainrule.training.run import Run
from chainrule.training.tables import is_complete

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

EPOCHS = 250
SETTINGS: dict[str, Any] = {"epochs": EPOCHS, "patience": EPOCHS, "progress": False}


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "train", *words, "--output", "run"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, one: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert one.poll() is None, one.communicate()
        time.sleep(0.005)


def outcome(folder: Path) -> tuple[Any, ...]:
    """Return everything that a run comes to, bit for bit, but the time that it took."""
    stored = read_folder(folder)
    progress = {k: v for k, v in stored.documents["progress"].items() if k != "seconds"}
    arrays = {
        (group, name): (array.dtype.str, array.shape, array.tobytes())
        for group, named in stored.arrays.items()
        for name, array in named.items()
    }
    documents = [stored.documents[name] for name in ("recording", "notes", "setup")]
    return progress, *documents, arrays


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    cr.train_table(HEART, "disease", output=folder, **SETTINGS)
    return outcome(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_training_keeps_the_best_so_far(
    tmp_path: Path, here: Here, number: signal.Signals
) -> None:
    one = started(tmp_path, str(HEART), *LONG)
    wait_for(tmp_path / "run" / "run.json", one)
    time.sleep(1.0)
    one.send_signal(number)
    out, err = one.communicate(timeout=60)
    assert one.returncode == 130
    first, second = err.splitlines()
    assert first == "Interrupted. The best so far is kept in run."
    assert second == "Go on with: chainrule resume run"
    assert ": interrupted. Epoch" in out
    assert "on 60 test rows" in out
    assert "    chainrule resume run\n" in out
    kept = cr.load("run")
    assert not kept.finished
    assert 0 < kept.best_epoch <= kept.recording.epochs < 100_000
    assert len(kept.notes["result"]["scores"]) == 3
    ended = here("predict", "run", HEART)
    assert ended.code == 0
    assert "has not ended" in ended.err


def test_an_interrupt_before_training_keeps_nothing(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chainrule.training.tables, "read_table", raising_at(1))
    ended = here("train", HEART, *LONG, "--output", "run")
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "Interrupted. Training had not begun, and nothing is kept.\n"
    assert not Path("run").exists()


# The interrupt comes inside a callback, where Python drops what is raised.
INTERRUPTED_IMPORT = """
import os, signal, sys, weakref

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "chainrule.training.tables":
            dying = type("Dying", (), {})()
            seen = weakref.ref(dying, lambda _: os.kill(os.getpid(), signal.NUMBER))
            del dying

sys.meta_path.insert(0, Finder())
from chainrule.cli import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_modules_are_imported(tmp_path: Path, number: signal.Signals) -> None:
    code = INTERRUPTED_IMPORT.replace("NUMBER", number.name)
    ended = subprocess.run(
        [sys.executable, "-c", code, "train", str(HEART), "--target", "disease", "--epochs", "1"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "Interrupted.\n")
    assert os.listdir(tmp_path) == []


def raising_at(call: int) -> Any:
    """Return what interrupts this process when it is called for the so-many-th time."""
    calls = 0

    def interrupt(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGINT)

    return interrupt


def every_step_is_a_stretch(patch: pytest.MonkeyPatch) -> None:
    """Let the engine come back after every step, so that no training is over too soon."""
    patch.setattr(Loop, "_breath", lambda self, state: 0.0)


def test_an_interrupt_before_the_first_epoch(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    real, interrupt = Loop._stretch, raising_at(1)

    def stretch(self: Loop, *rest: Any) -> Any:
        interrupt()
        interrupt()
        return real(self, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_stretch", stretch)
        ended = here("train", HEART, *LONG, "--output", "run")
    assert ended.code == 130
    assert 0 < cr.load("run").recording.epochs < 1000
    assert cr.load("run").predict(HEART).shape == (303,)


def test_a_second_interrupt_does_not_wait_for_the_epoch(tmp_path: Path) -> None:
    def hook(progress: Progress) -> None:
        if progress.epoch == 3:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            pytest.fail("the second interrupt did nothing")

    X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.5]
    settings: dict[str, Any] = {"epochs": 6, "readings": 6, "progress": False}
    network = cr.Network(cr.Dense())
    run = cr.train(network, X, y, on_epoch=hook, checkpoint=tmp_path / "run", **settings)
    assert (run.ended, run.finished, run.recording.epochs) == ("interrupted", False, 2)
    resumed = cr.resume(tmp_path / "run", X, y, progress=False)
    whole = cr.train(network, X, y, **settings)
    assert resumed.history == whole.history
    assert resumed.recording.readings == whole.recording.readings


@pytest.mark.parametrize("saving", [1, 2])
def test_an_interrupt_in_the_final_save(
    here: Here, monkeypatch: pytest.MonkeyPatch, saving: int, undisturbed: tuple[Any, ...]
) -> None:
    real, interrupt = Run.save, raising_at(saving)

    def save(self: Run, *arguments: Any, **named: Any) -> None:
        if self.finished:
            interrupt()
        real(self, *arguments, **named)

    words = [HEART, "--target", "disease", "--epochs", EPOCHS, "--patience", EPOCHS]
    with monkeypatch.context() as patch:
        patch.setattr(Run, "save", save)
        ended = here("train", *words, "--output", "run")
    assert ended.code == 130
    assert "Interrupted. The best so far is kept in run." in ended.err
    assert here("resume", "run").code == 0
    assert outcome(Path("run")) == undisturbed


def test_an_interrupt_while_the_linear_model_is_trained(
    here: Here, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[Any, ...]
) -> None:
    real, interrupt, runs = Loop.run, raising_at(2), 0

    def run(self: Loop, *arguments: Any) -> Any:
        nonlocal runs
        runs += 1
        with held_interrupts():
            interrupt()
        return real(self, *arguments)

    real_stretch, interrupt_stretch = Loop._stretch, raising_at(5)

    def stretch(self: Loop, *rest: Any) -> Any:
        if runs == 2:
            interrupt_stretch()
        return real_stretch(self, *rest)

    words = [HEART, "--target", "disease", "--epochs", EPOCHS, "--patience", EPOCHS]
    with monkeypatch.context() as patch:
        every_step_is_a_stretch(patch)
        patch.setattr(Loop, "run", run)
        patch.setattr(Loop, "_stretch", stretch)
        ended = here("train", *words, "--output", "run")
    assert ended.code == 130
    assert "The linear model was not measured" in ended.out
    assert not is_complete(cr.load("run"))
    assert "    chainrule resume run\n" in ended.out
    assert here("resume", "run").code == 0
    assert outcome(Path("run")) == undisturbed


def test_an_interrupted_run_is_resumed_to_the_same_bits(
    here: Here, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[Any, ...]
) -> None:
    real = Loop._stretch
    words = [HEART, "--target", "disease", "--epochs", EPOCHS, "--patience", EPOCHS]
    before = 0
    for command in (["train", *words, "--output", "run"], ["resume", "run"]):
        interrupt = raising_at(40)

        def stretch(self: Loop, *rest: Any, interrupt: Any = interrupt) -> Any:
            interrupt()
            return real(self, *rest)

        with monkeypatch.context() as patch:
            every_step_is_a_stretch(patch)
            patch.setattr(Loop, "_stretch", stretch)
            assert here(*command).code == 130
        through = cr.load("run").recording.epochs
        assert before < through < EPOCHS
        before = through
    assert here("resume", "run").code == 0
    assert outcome(Path("run")) == undisturbed


def test_a_kill_before_the_result_does_not_leave_that_of_an_interrupted_run(
    here: Here, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[Any, ...]
) -> None:
    real, interrupt = Loop._stretch, raising_at(40)

    def stretch(self: Loop, *rest: Any) -> Any:
        interrupt()
        return real(self, *rest)

    def killed(*_: Any) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        every_step_is_a_stretch(patch)
        patch.setattr(Loop, "_stretch", stretch)
        cr.train_table(HEART, "disease", output="run", **SETTINGS)
    assert len(cr.load("run").notes["result"]["scores"]) == 3
    with monkeypatch.context() as patch:
        patch.setattr(chainrule.training.tables, "result_of", killed)
        assert here("resume", "run").code == 137
    assert cr.load("run").finished
    assert not is_complete(cr.load("run"))
    assert here("resume", "run").code == 0
    assert outcome(Path("run")) == undisturbed


@pytest.mark.parametrize("moment", range(10))
def test_a_kill_at_any_moment_loses_nothing(
    tmp_path: Path, moment: int, undisturbed: tuple[Any, ...]
) -> None:
    words = ["--target", "disease", "--epochs", str(EPOCHS), "--patience", str(EPOCHS)]
    one = started(tmp_path, str(HEART), *words, "--checkpoint-every", "0")
    wait_for(tmp_path / "run" / "run.json", one)
    # Tenths of about the time that training, measuring and saving take, and a random rest.
    time.sleep((moment + random.random()) * 0.35)
    one.kill()
    one.communicate()
    cr.resume_table(tmp_path / "run", progress=False)
    assert outcome(tmp_path / "run") == undisturbed


def test_a_kill_before_the_run_is_there(here: Here) -> None:
    Path("run").mkdir()
    assert here("resume", "run").code == 5
    assert here("train", HEART, "--target", "disease", "--epochs", 2, "--output", "run").code == 0


# ---------------------------------------------------------------- resuming


def test_a_table_that_was_moved_or_changed(here: Here, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(HEART.read_bytes())
    one = started(tmp_path, "table.csv", *LONG)
    wait_for(tmp_path / "run" / "run.json", one)
    one.send_signal(signal.SIGINT)
    one.communicate()
    table.write_text(table.read_text("utf-8").replace("male", "other", 1), encoding="utf-8")
    ended = here("resume", "run")
    assert ended.code == 3
    assert "does not hold what the run was trained on" in ended.err
    table.unlink()
    assert here("resume", "run").code == 3
    refusal = here("resume", "run", "--data", "run")
    assert refusal.code == 3
    assert not cr.load("run").finished


def test_the_same_rows_from_another_source(tmp_path: Path, undisturbed: tuple[Any, ...]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.read_csv(HEART, null_values=[""])

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    real = chainrule.training.tables.carry_out
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            chainrule.training.tables,
            "carry_out",
            lambda *rest, **named: real(*rest, **{**named, "hooks": [stop]}),
        )
        cut = cr.train_table(HEART, "disease", output=tmp_path / "run", **SETTINGS)
    assert (cut.ended, cut.recording.epochs) == ("interrupted", 0)
    with pytest.raises(cr.DataError, match="does not hold"):
        cr.resume_table(tmp_path / "run", frame.reverse(), progress=False)
    cr.resume_table(tmp_path / "run", frame, progress=False)
    assert outcome(tmp_path / "run") == undisturbed


def test_a_run_on_a_frame_needs_the_frame_again(tmp_path: Path) -> None:
    table = {"x": list(range(20)), "y": ["a", "b"] * 10}
    run = cr.train_table(table, "y", epochs=0, output=tmp_path / "run", progress=False)
    assert cr.resume_table(tmp_path / "run").notes == run.notes


# ---------------------------------------------------------------- holding back


def test_what_is_held_back_comes_after() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_caller_is_left_alone() -> None:
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with held_interrupts() as interrupted:
            os.kill(os.getpid(), signal.SIGINT)
            assert not interrupted()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
