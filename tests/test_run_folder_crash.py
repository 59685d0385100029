"""Run folders under kills and interrupts: the old run or the new one, at every line."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from run_folder_samples import NUMBERED_FILES, kinds_of_files, save, saved_number, start

import chainrule.files
from chainrule.files import folder_state

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and fork")
# The other rooms turn values into bytes and touch no disk.
ROOMS = {"folder.py", "disk.py", "lock.py"}
SOURCES = {str(Path(chainrule.files.__file__).with_name(room)) for room in ROOMS}


KILLED_AT_EVERY_LINE = """
import json, os, pathlib, shutil, signal

base, work, number = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), 1
save(work, 0, False)  # imports what is imported on first use
os.fsync = lambda descriptor: None  # a kill leaves the page cache as it is
sources = json.loads(sys.argv[3])
while True:
    shutil.rmtree(work, ignore_errors=True)
    if base.exists():
        shutil.copytree(base, work)
    child = os.fork()
    if child == 0:
        lines = 0
        def trace(frame, event, argument):
            global lines
            code = frame.f_code
            if code.co_filename not in sources or code.co_name == "<genexpr>":
                return None
            lines += event == "line"
            if lines == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace
        sys.settrace(trace)
        save(work, 2, True)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    try:
        left = read_folder(work)
        values = {left.documents["setup"]["number"], *left.arrays["parameters"]["w"].tolist()}
    except Exception as error:
        values = {type(error).__name__}
    save(work, 3, True)
    after = sorted(os.listdir(work))
    print(json.dumps([os.WIFSIGNALED(status), sorted(values), after]), flush=True)
    if not os.WIFSIGNALED(status):
        break
    number += 1
"""


@POSIX
@pytest.mark.parametrize("replacing", [True, False])
def test_killed_at_every_line(tmp_path: Path, replacing: bool) -> None:
    if replacing:
        save(tmp_path / "run", 1)
    child = start(
        KILLED_AT_EVERY_LINE, tmp_path / "run", tmp_path / "work", json.dumps(list(SOURCES))
    )
    output, _ = child.communicate()
    results = [json.loads(line) for line in output.splitlines()]
    old = [1] if replacing else ["RunFolderError"]
    assert child.returncode == 0
    assert len(results) > 100
    assert [killed for killed, *_ in results] == [True] * (len(results) - 1) + [False]
    seen = [values for _, values, _ in results]
    committed = seen.index([2])
    assert seen == [old] * committed + [[2]] * (len(results) - committed)
    for _, _, after in results:
        assert {name.split(".")[0] for name in after} == {"run", "setup", "parameters"}
        assert len(after) == 3


@POSIX
def test_killed_from_outside_at_random_moments(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    loop = """
for number in range(int(sys.argv[2]), 10**9):
    save(sys.argv[1], number, True)
    print(number, flush=True)
"""
    moments = random.Random(20)
    reached = 0
    for _ in range(30):
        with start(loop, folder, reached + 1) as child:
            assert child.stdout is not None
            first = child.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.03))
            child.kill()
            lines = [first, *child.stdout]
        said = [int(line) for line in lines if line.endswith("\n")]
        assert said[0] == reached + 1
        # What was reported as saved is there; the one after it may have been committed, too.
        reached = saved_number(folder)
        assert reached in (said[-1], said[-1] + 1)
    save(folder, 0)
    assert kinds_of_files(folder) == NUMBERED_FILES


@contextlib.contextmanager
def interrupted_at(number: int) -> Iterator[None]:
    """Raise KeyboardInterrupt at a line of chainrule.files, counted from 1, as Ctrl-C would."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        if code.co_filename not in SOURCES or code.co_name == "<genexpr>":
            return None
        nonlocal lines
        lines += event == "line"
        if event == "line" and lines == number:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


# Between the opening of a file and its `with`, closing it is left to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_every_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    save(tmp_path / "run", 1)
    number = 0
    seen = []
    interrupted = True
    while interrupted:
        number += 1
        interrupted = False
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        shutil.copytree(tmp_path / "run", tmp_path / "work")
        try:
            with interrupted_at(number):
                save(tmp_path / "work", 2)
        except KeyboardInterrupt:
            interrupted = True
        seen.append(saved_number(tmp_path / "work"))
        save(tmp_path / "work", 3)
        assert kinds_of_files(tmp_path / "work") == NUMBERED_FILES
    assert number > 100
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}


def test_what_a_killed_first_writer_leaves_counts_as_empty(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("run.lock", "setup.1.json", "parameters.1.safetensors.0a1b2c3d.tmp"):
        (folder / name).write_bytes(b"")
    assert folder_state(folder) == "empty"
    save(folder, 1, replace=False)
    assert kinds_of_files(folder) == NUMBERED_FILES
    assert "run.lock" not in os.listdir(folder)
