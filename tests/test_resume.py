"""A training that was cut off, by a kill or by Ctrl-C, ends with the bits of one that was not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from killed_trainings import APART, KINDS, NUMBERS, QUIET, X, Y, bits, network, resume, train

import chainrule as cr
import chainrule.files
import chainrule.training.loop
from chainrule.files import folder_state
from chainrule.training.checkpoint import Checkpoint
from chainrule.training.run import Run

# A sample: CONTRIBUTING says how all hundred are run, and with another seed.
KILLS = int(os.environ.get("CHAINRULE_KILLS", "25"))
SEED = int(os.environ.get("CHAINRULE_KILLS_SEED", "20"))
KIND = "classes, split, patience"


class CutOff(BaseException):
    """Stands for a kill where the process has to live on."""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and fork")
def test_killed_from_outside_at_random_moments(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killed_trainings.py")
    paths = [Path(cr.__file__).parents[1], script.parent]
    ended = subprocess.run(
        [sys.executable, script, tmp_path, str(KILLS), str(SEED)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(results) == KILLS
    assert [one for one in results if not one["same"]] == []
    # Kills came while a checkpoint was being written, and everywhere in the middle of training.
    assert sum(one["writing"] for one in results) >= KILLS // 8
    assert len({one.get("step") for one in results}) >= KILLS // 8


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine come back after every step."""
    monkeypatch.setattr(chainrule.training.loop, "BREATH", 0.0)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Cut the training off in place of writing the checkpoint of this number, counted from 0."""
    written = 0
    call = Checkpoint.__call__

    def count(self: Checkpoint, *given: Any) -> None:
        nonlocal written
        if written == number:
            raise CutOff
        written += 1
        call(self, *given)

    monkeypatch.setattr(Checkpoint, "__call__", count)


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("number", [1, 2, 6, 7, 8, 25])
def test_cut_off_after_any_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, number: int
) -> None:
    undisturbed = bits(train(kind))
    with monkeypatch.context() as patch:
        cut_at(patch, number)
        with pytest.raises(CutOff):
            train(kind, checkpoint=tmp_path / "run", checkpoint_every=0.0)
    assert bits(resume(kind, tmp_path / "run")) == undisturbed


@pytest.mark.usefixtures("every_step")
def test_cut_off_twice_and_before_the_first_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    for number, state in ((0, "absent"), (4, "run")):
        with monkeypatch.context() as patch:
            cut_at(patch, number)
            with pytest.raises(CutOff):
                train(KIND, checkpoint=folder, checkpoint_every=0.0)
        assert folder_state(folder) == state
    with monkeypatch.context() as patch:
        cut_at(patch, 9)
        with pytest.raises(CutOff):
            cr.resume(folder, X, Y, checkpoint_every=0.0, **QUIET)
    assert not cr.load(folder).finished
    assert bits(resume(KIND, folder)) == bits(train(KIND))


def test_cut_off_during_the_final_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Run, "save", save_until_finished)
        with pytest.raises(CutOff):
            train(KIND, checkpoint=tmp_path / "run", checkpoint_every=0.0)
    left = cr.load(tmp_path / "run")
    assert (left.finished, left.ended) == (False, "training is under way")
    # It had reached its end, which is not passed when it is resumed.
    assert bits(resume(KIND, tmp_path / "run")) == bits(train(KIND))


SAVE = Run.save


def save_until_finished(self: Run, *given: Any, **named: Any) -> None:
    if self.finished:
        raise CutOff
    SAVE(self, *given, **named)


def test_a_finished_run_is_returned_as_it_is(tmp_path: Path) -> None:
    run = train(KIND, checkpoint=tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    again = resume(KIND, tmp_path / "run")
    assert bits(again) == bits(run)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    # It has its rows, so it can go on.
    assert bits(cr.train(again, epochs=2, **QUIET)) == bits(cr.train(run, epochs=2, **QUIET))


# ---- what is refused ----


@pytest.mark.parametrize(
    ("kind", "rows", "given", "error", "words"),
    [
        (KIND, (X[:-1], Y[:-1]), {}, cr.DataError, "trained on 26 rows, and 25 were given"),
        (KIND, (X + 1e-9, Y), {}, cr.DataError, "their checksum differs"),
        (KIND, (X[::-1], Y[::-1]), {}, cr.DataError, "their checksum differs"),
        (KIND, (X, np.roll(Y, 1)), {}, cr.DataError, "their checksum differs"),
        (KIND, (X, Y), {"sample_weight": np.arange(26.0)}, cr.DataError, "checksum differs"),
        (KIND, (X, Y), {"validation": (X, Y)}, cr.DataError, "their checksum differs"),
        (KIND, (X[:, :2], Y), {}, cr.ShapeError, "(2,)"),
        (KIND, (X, Y), {"on_epoch": 3}, cr.SetupError, "on_epoch=3"),
        (KIND, (X, Y), {"checkpoint_every": "x"}, cr.SetupError, "checkpoint_every='x'"),
    ],
)
def test_other_rows_are_refused(
    tmp_path: Path, kind: str, rows: Any, given: Any, error: type[Exception], words: str
) -> None:
    train(kind, checkpoint=tmp_path / "run")
    with pytest.raises(error) as caught:
        cr.resume(tmp_path / "run", *rows, **given, **QUIET)
    assert words in str(caught.value)


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("loss", "Give it: load(path, loss=fourth_power)"),
        ("metrics", "Give it: resume(path, X, y, metrics=[largest_miss])"),
        ("validation", "Give them again: validation=(X, y)"),
    ],
)
def test_what_is_not_saved_has_to_be_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, words: str
) -> None:
    kind = "own loss and metric, rows apart"
    with monkeypatch.context() as patch:
        cut_at(patch, 5)
        with pytest.raises(CutOff):
            train(kind, checkpoint=tmp_path / "run", checkpoint_every=0.0)
    again = {name: one for name, one in KINDS[kind][2].items() if name != missing}
    with pytest.raises(cr.ChainruleError) as caught:
        cr.resume(tmp_path / "run", X, NUMBERS, **again, **QUIET)
    assert words in str(caught.value)
    assert bits(resume(kind, tmp_path / "run")) == bits(train(kind))


def test_functions_that_have_changed_are_refused(tmp_path: Path) -> None:
    kind = "own loss and metric, rows apart"
    train(kind, checkpoint=tmp_path / "run")

    def fourth_power(prediction: Any, target: Any) -> Any:
        return ((prediction - target) ** 4).mean(axis=1) + 0.0

    def largest_miss(truth: Any, predicted: Any) -> float:
        return 0.0

    with pytest.raises(cr.RunFolderError, match="loss 'fourth_power' is not the function"):
        cr.load(tmp_path / "run", loss=fourth_power)
    cut = {**KINDS[kind][2], "metrics": [largest_miss]}
    shutil.rmtree(tmp_path / "run")
    interrupted(kind, tmp_path / "run")
    with pytest.raises(cr.SetupError, match="metric 'largest_miss' is not the function"):
        cr.resume(tmp_path / "run", X, NUMBERS, **cut, **QUIET)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(cr.RunFolderError, match="There is no folder"):
        cr.resume(tmp_path / "none", X, Y)
    (tmp_path / "file").write_text("")
    with pytest.raises(cr.RunFolderError, match="is a file"):
        cr.resume(tmp_path / "file", X, Y)


# ---- Ctrl-C ----


def interrupted(kind: str, folder: Path | None = None) -> Run:
    """Train with a hook that presses Ctrl-C in the third epoch."""

    def press(progress: Any) -> None:
        if progress.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    target, settings, _ = KINDS[kind]
    hooks = [one for one in (settings.get("on_epoch"), press) if one is not None]
    return cr.train(
        network(), X, target, checkpoint=folder,
        **{"batch_size": 4, "seed": 6, "readings": 50, **settings, "on_epoch": hooks}, **QUIET,
    )  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_ctrl_c_in_a_hook(tmp_path: Path, kind: str) -> None:
    run = interrupted(kind, tmp_path / "run")
    assert (run.ended, run.finished, run.recording.epochs) == ("interrupted", False, 3)
    assert "interrupted" in str(run)
    assert not cr.load(tmp_path / "run", loss=KINDS[kind][2].get("loss")).finished
    assert bits(resume(kind, tmp_path / "run")) == bits(train(kind))


@contextlib.contextmanager
def raised_at(number: int, *sources: str) -> Iterator[list[int]]:
    """Raise KeyboardInterrupt at a line of these files, counted from 1; yield the count of lines.

    That is what Ctrl-C does where a program has its own handler, and a second Ctrl-C everywhere.
    """
    count = [0]

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename not in sources:
            return None
        count[0] += event == "line"
        if event == "line" and count[0] == number:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(before)


SOURCES = [
    str(Path(chainrule.training.loop.__file__).with_name(name))
    for name in (
        "loop.py",
        "stretch.py",
        "readings.py",
        "scoring.py",
        "recording.py",
        "stopping.py",
        "metrics.py",
        "checkpoint.py",
    )
]


def goes_on_to_the_end(run: Run, epochs: int) -> list[Any]:
    """Return the bits of a run that was interrupted and went on in memory."""
    more = cr.train(run, epochs=epochs - run.recording.epochs, **QUIET)
    return bits(more)


@pytest.mark.usefixtures("every_step")
def test_an_interrupt_at_every_line_leaves_whole_epochs() -> None:
    """At every eleventh line of the loop and of the recording; the seed says which ones."""
    given = {"batch_size": 13, "seed": 6, "validation": 0.2, "snapshots": 1, "readings": 1}
    undisturbed = bits(cr.train(network(), X, Y, epochs=2, **given, **QUIET))
    with raised_at(0, *SOURCES) as lines:
        cr.train(network(), X, Y, epochs=2, **given, **QUIET)
    ends = set()
    for number in range(1 + SEED % 11, lines[0] + 1, 11):
        try:
            with raised_at(number, *SOURCES):
                run = cr.train(network(), X, Y, epochs=2, **given, **QUIET)
        except KeyboardInterrupt:
            # Before the first step, or in the last lines: there is nothing to return.
            ends.add("nothing")
            continue
        ends.add(run.ended)
        assert len({len(column) for column in run.history.values()}) <= 1
        assert run.recording.epochs == run.state.step // 2
        assert len(run.recording.snapshots) == run.recording.epochs
        if not run.finished:
            assert goes_on_to_the_end(run, 2) == undisturbed
    assert ends >= {"nothing", "interrupted"}


# Between the opening of a file and its `with`, closing it is left to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("every_step")
def test_an_interrupt_at_many_lines_leaves_a_folder_that_is_resumed(tmp_path: Path) -> None:
    given = {"batch_size": 13, "seed": 6, "epochs": 2, "checkpoint_every": 0.0}
    undisturbed = bits(cr.train(network(), X, Y, batch_size=13, seed=6, epochs=2, **QUIET))
    folder = Path(chainrule.files.__file__).parent
    sources = [*SOURCES, *(str(folder / name) for name in ("folder.py", "disk.py", "lock.py"))]
    with raised_at(0, *sources) as lines:
        cr.train(network(), X, Y, checkpoint=tmp_path / "whole", **given, **QUIET)
    resumed = 0
    for number in range(1 + SEED % 97, lines[0] + 1, 97):
        run = tmp_path / f"run {number}"
        with contextlib.suppress(KeyboardInterrupt), raised_at(number, *sources):
            cr.train(network(), X, Y, checkpoint=run, **given, **QUIET)
        if folder_state(run) == "run":
            resumed += 1
            assert bits(cr.resume(run, X, Y, **QUIET)) == undisturbed
        shutil.rmtree(run, ignore_errors=True)
    assert resumed > 5


def test_ctrl_c_from_outside_while_steps_run() -> None:
    """The signal comes at any moment; the stretch of steps under way is finished."""
    pressed = threading.Timer(0.15, signal.raise_signal, [signal.SIGINT])
    pressed.start()
    run = train(KIND, **{})
    many = cr.train(network(), X, Y, batch_size=1, epochs=10**6, **QUIET)
    pressed.join()
    assert run.finished
    assert (many.ended, many.finished) == ("interrupted", False)
    assert many.state.step // 26 == many.recording.epochs
    assert many.best_epoch == many.recording.epochs


def test_an_interrupt_in_the_first_epoch_keeps_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chainrule.training.loop, "BREATH", 0.0)
    steps = []
    stretch = chainrule.training.loop.Loop._stretch

    def third(self: Any, *given: Any) -> Any:
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return stretch(self, *given)

    monkeypatch.setattr(chainrule.training.loop.Loop, "_stretch", third)
    run = cr.train(network(), X, Y, batch_size=4, epochs=5, readings=50, **QUIET)
    assert (run.state.step, run.recording.epochs, run.best_epoch) == (3, 0, 0)
    flat = np.concatenate([one.reshape(-1) for one in run.network.parameters.values()])
    assert np.array_equal(flat, run.state.parameters)
    assert [one["step"] for one in run.recording.readings] == [0]


def test_rows_apart_are_part_of_what_was_trained_on() -> None:
    run = cr.train(network(), X, NUMBERS, validation=APART, epochs=1, **QUIET)
    with pytest.raises(cr.DataError, match="validation rows of its own"):
        cr.train(run, X, NUMBERS, epochs=1, **QUIET)
    assert cr.train(run, X, NUMBERS, validation=APART, epochs=1, **QUIET).recording.epochs == 2
