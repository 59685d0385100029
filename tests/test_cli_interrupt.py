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

import numpy as np
import pytest
from command_line import COMMAND, HEART, LONG, Here, environment

import chainrule as cr
import chainrule.training.loop
import chainrule.training.tables.given_tables
from chainrule.files import read_folder
from chainrule.training.interrupts import held_interrupts, uninterrupted
from chainrule.training.loop import Loop, Progress
from chainrule.training.run import Run
from chainrule.training.tables.fold_records import is_complete
from chainrule.training.tables.folds import MOST_ROWS
from chainrule.training.tables.work import TableWork

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
def test_an_interrupt_before_any_fold_has_ended_leaves_a_network(
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
    assert "on 303 rows" not in out
    assert "    chainrule resume run\n" in out
    kept = cr.load("run")
    assert kept.result is None
    assert not is_complete(kept)
    assert 0 < kept.recording.epochs < 100_000
    assert [fold.ended for fold in kept.folds] == ["not run"] * 5
    assert here("predict", "run", HEART).code == 0


def cut_after(folds: int, patch: pytest.MonkeyPatch) -> None:
    """Have Ctrl-C come when so many folds have ended."""
    real, interrupt = TableWork._keep, raising_at(folds)

    def keep(self: TableWork, *rest: Any) -> None:
        real(self, *rest)
        interrupt()

    patch.setattr(TableWork, "_keep", keep)


@pytest.mark.parametrize("folds", [1, 3])
def test_an_interrupt_between_folds_says_how_many_the_figure_rests_on(
    here: Here, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[Any, ...], folds: int
) -> None:
    words = [HEART, "--target", "disease", "--epochs", EPOCHS, "--patience", EPOCHS]
    with monkeypatch.context() as patch:
        cut_after(folds, patch)
        every_step_is_a_stretch(patch)
        ended = here("train", *words, "--output", "run")
    assert ended.code == 130
    kept = cr.load("run")
    known = [fold for fold in kept.folds if fold.recording is not None]
    assert kept.result is not None
    assert folds <= len(known) == kept.result.folds < 5
    assert f"This rests on {len(known)} of 5 folds." in ended.out
    assert kept.result.rows == sum(len(fold.rows.test) for fold in known)
    assert kept.finished
    assert not is_complete(kept)
    assert "    chainrule resume run\n" in ended.out
    assert here("resume", "run").code == 0
    assert outcome(Path("run")) == undisturbed


def test_an_interrupt_before_training_keeps_nothing(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chainrule.training.tables.given_tables, "read_table", raising_at(1))
    ended = here("train", HEART, *LONG, "--output", "run")
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "Interrupted. Training had not begun, and nothing is kept.\n"
    assert not Path("run").exists()


# The interrupt comes inside a callback, where Python drops what is raised.
INTERRUPTED_IMPORT = """
import os, signal, sys, weakref

class Finder:
    def find_spec(self, name, path, target=None):
        if name == "chainrule.training.tables.door":
            dying = type("Dying", (), {})()
            seen = weakref.ref(dying, lambda _: os.kill(os.getpid(), signal.NUMBER))
            del dying

sys.meta_path.insert(0, Finder())
from chainrule.cli import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
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


def test_an_interrupt_in_the_final_save(
    here: Here, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[Any, ...]
) -> None:
    real, interrupt = Run.save, raising_at(1)

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


def test_an_interrupted_last_training_is_resumed_to_the_same_bits(
    here: Here, monkeypatch: pytest.MonkeyPatch, undisturbed: tuple[Any, ...]
) -> None:
    real, real_stretch = TableWork._on_all_rows, Loop._stretch
    words = [HEART, "--target", "disease", "--epochs", EPOCHS, "--patience", EPOCHS]
    before = 0
    for command in (["train", *words, "--output", "run"], ["resume", "run"]):
        interrupt, on_all = raising_at(40), [False]

        def last(self: TableWork, *rest: Any, on_all: Any = on_all) -> Any:
            on_all[0] = True
            return real(self, *rest)

        def stretch(
            self: Loop, *rest: Any, interrupt: Any = interrupt, on_all: Any = on_all
        ) -> Any:
            if on_all[0]:
                interrupt()
            return real_stretch(self, *rest)

        with monkeypatch.context() as patch:
            every_step_is_a_stretch(patch)
            patch.setattr(TableWork, "_on_all_rows", last)
            patch.setattr(Loop, "_stretch", stretch)
            assert here(*command).code == 130
        kept = cr.load("run")
        assert kept.result is not None
        assert before < kept.recording.epochs < kept.setup.epochs
        before = kept.recording.epochs
    assert here("resume", "run").code == 0
    assert outcome(Path("run")) == undisturbed


def large_table(folder: Path) -> Path:
    """Write a table of more rows than are trained on in folds."""
    rows = np.random.default_rng(4).normal(size=(MOST_ROWS + 100, 3)).round(4)
    lines = [f"{a},{b},{c},{'up' if a * b + c > 0 else 'down'}" for a, b, c in rows.tolist()]
    path = folder / "large.csv"
    path.write_text("\n".join(["a,b,c,kind", *lines]) + "\n", encoding="utf-8")
    return path


def test_a_large_table_goes_on_in_its_only_fold(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = large_table(tmp_path)
    words = ["--target", "kind", "--epochs", 12, "--patience", 12]
    assert here("train", table, *words, "--output", "whole").code == 0
    real, interrupt = Loop._stretch, raising_at(30)

    def stretch(self: Loop, *rest: Any) -> Any:
        interrupt()
        return real(self, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_breath", lambda self, state: 0.0)
        patch.setattr(Loop, "_stretch", stretch)
        ended = here("train", table, *words, "--output", "run")
    assert ended.code == 130
    kept = cr.load("run")
    assert kept.result is None
    assert not kept.finished
    assert kept.state.step > 0
    assert here("resume", "run").code == 0
    assert outcome(Path("run")) == outcome(Path("whole"))


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
    assert not is_complete(cr.load("run"))


def test_the_same_rows_from_another_source(tmp_path: Path, undisturbed: tuple[Any, ...]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.read_csv(HEART, null_values=[""])

    with pytest.MonkeyPatch.context() as patch:
        cut_after(1, patch)
        every_step_is_a_stretch(patch)
        cut = cr.train_table(HEART, "disease", output=tmp_path / "run", **SETTINGS)
    assert not is_complete(cut)
    with pytest.raises(cr.DataError, match="does not hold"):
        cr.resume_table(tmp_path / "run", frame.reverse(), progress=False)
    cr.resume_table(tmp_path / "run", frame, progress=False)
    assert outcome(tmp_path / "run") == undisturbed


def test_a_run_on_a_frame_needs_the_frame_again(tmp_path: Path) -> None:
    table = {"x": list(range(20)), "y": ["a", "b"] * 10}
    run = cr.train_table(table, "y", epochs=1, output=tmp_path / "run", progress=False)
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
