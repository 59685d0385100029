"""Run folders on disks that are full, read-only or not ours: refused, and no saved run is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from run_folder_samples import (
    NUMBERED_FILES,
    contents_of,
    kinds_of_files,
    refusal_of,
    save,
    saved_number,
    start,
)

from chainrule.errors import RunFolderError
from chainrule.files import folder_state, read_folder
from chainrule.files.disk import write_whole

CALLS = ["os.fsync", "os.replace", "os.open", "os.listdir", "builtins.open"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("replacing", [True, False])
def test_the_operating_system_refuses_at_every_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, replacing: bool
) -> None:
    module, name = call.split(".")
    real = getattr(sys.modules[module], name)
    refusals = set()
    for refuse_at in range(1, 30):
        folder = tmp_path / str(refuse_at)
        if replacing:
            save(folder, 1)
        calls = 0

        def refuse(*arguments: Any, refuse_at: int = refuse_at, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == refuse_at:
                raise OSError(28, "No space left on device")
            return real(*arguments, **named)

        before = contents_of(folder) if replacing else {}
        with monkeypatch.context() as patch:
            patch.setattr(call, refuse)
            refusal = refusal_of(folder)
        refusals.add(refusal)
        if refusal and not (folder / "run.json").exists():
            assert not folder.exists()
        elif refusal and saved_number(folder) == 1:
            assert contents_of(folder) == before
        else:
            # No refusal, or only that of the flush after the commit: then a power cut may bring the
            # old run.json back, so the old files must have stayed.
            assert saved_number(folder) == 2
            assert not refusal or set(before) <= set(os.listdir(folder))
        save(folder, 3)
        assert kinds_of_files(folder) == NUMBERED_FILES
    assert refusals == {"", "the disk is full"}


@contextlib.contextmanager
def small_disk(options: str) -> Iterator[Path]:
    """Mount a file system of its own in memory, or skip the test where that is not allowed."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    disk = Path(tempfile.mkdtemp())
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        disk.rmdir()
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)
        disk.rmdir()


def test_a_disk_that_is_full_to_varying_degrees() -> None:
    outcomes = set()
    with small_disk("size=256k") as disk:
        for free_pages in range(24):
            save(disk / "run", 1)
            _fill(disk / "filler", 4096 * free_pages)
            before = contents_of(disk / "run")
            refusal = refusal_of(disk / "run")
            assert saved_number(disk / "run") == (1 if refusal else 2)
            assert not refusal or contents_of(disk / "run") == before
            outcomes.add(refusal)
            refusal = refusal_of(disk / "new")
            assert folder_state(disk / "new") == ("absent" if refusal else "run")
            shutil.rmtree(disk / "new", ignore_errors=True)
            (disk / "filler").unlink()
    assert outcomes == {"", "the disk is full"}


def test_what_a_killed_writer_left_makes_room_for_the_next() -> None:
    with small_disk("size=256k") as disk:
        save(disk / "run", 1)
        _fill(disk / "run" / "parameters.7.safetensors", 0)
        assert refusal_of(disk / "run") == ""
        assert kinds_of_files(disk / "run") == NUMBERED_FILES


def test_a_file_that_could_not_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "file", b"bytes")
    assert os.listdir(tmp_path) == []


def _fill(filler: Path, leave: int) -> None:
    """Write until only ``leave`` bytes are free on the disk."""
    status = os.statvfs(filler.parent)
    filler.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - leave)))


def test_a_disk_that_takes_few_more_files() -> None:
    outcomes = set()
    for files in range(2, 14):
        with small_disk(f"size=1m,nr_inodes={files}") as disk:
            with contextlib.suppress(RunFolderError):
                save(disk / "run", 1)
            first = folder_state(disk / "run")
            with contextlib.suppress(RunFolderError):
                save(disk / "run", 2)
            state = folder_state(disk / "run")
            outcomes.add((first, state, saved_number(disk / "run") if state == "run" else 0))
    assert {("absent", "absent", 0), ("run", "run", 1), ("run", "run", 2)} == outcomes


def test_a_read_only_disk() -> None:
    with small_disk("size=256k") as disk:
        save(disk / "run", 1)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for name in ("run", "new"):
            with pytest.raises(RunFolderError, match="the disk is read-only"):
                save(disk / name, 2)
        assert saved_number(disk / "run") == 1
        assert os.listdir(disk) == ["run"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs the limits of POSIX")
def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    save(tmp_path / "run", 1)
    code = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    save(sys.argv[1], 2, True)
except RunFolderError as error:
    print(error)
"""
    before = contents_of(tmp_path / "run")
    output, _ = start(code, tmp_path / "run").communicate()
    assert "larger than is allowed" in output
    assert contents_of(tmp_path / "run") == before


@contextlib.contextmanager
def without_privileges() -> Iterator[Path]:
    """Yield a folder of an ordinary user's, and be that user until the end."""
    if sys.platform == "win32":
        pytest.skip("needs the permissions of POSIX")
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for path in [folder, *folder.iterdir()]:
            path.chmod(0o700)
        shutil.rmtree(folder)


def test_no_permission_to_write_or_read() -> None:
    with without_privileges() as folder:
        save(folder / "run", 1)
        before = contents_of(folder / "run")
        (folder / "run").chmod(0o500)
        with pytest.raises(RunFolderError, match="there is no permission"):
            save(folder / "run", 2)
        assert contents_of(folder / "run") == before
        (folder / "run").chmod(0o000)
        for action in (read_folder, folder_state):
            with pytest.raises(RunFolderError, match="there is no permission"):
                action(folder / "run")
        folder.chmod(0o500)
        with pytest.raises(RunFolderError, match="there is no permission"):
            save(folder / "new", 1)
