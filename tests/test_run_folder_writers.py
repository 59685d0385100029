"""Several writers and readers of one run folder: each reader sees one run, the last one stays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from run_folder_samples import NUMBERED_FILES, kinds_of_files, save, saved_number, start

from chainrule.errors import RunFolderError
from chainrule.files import folder, lock, read_folder
from chainrule.files.manifest import load_manifest


def test_several_writers_and_a_reader(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    save(folder, 0)
    loop = """
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
    save(sys.argv[1], number, True)
"""
    writers = [start(loop, folder, 1000 * (place + 1)) for place in range(3)]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(saved_number(folder))
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert len(seen) > 3
    assert saved_number(folder) in {1039, 2039, 3039}
    assert kinds_of_files(folder) == NUMBERED_FILES


def test_only_one_of_several_first_writers_wins(tmp_path: Path) -> None:
    code = """
try:
    save(sys.argv[1], int(sys.argv[2]), False)
    print("saved")
except RunFolderError as error:
    print(error.cause)
"""
    writers = [start(code, tmp_path / "run", place) for place in range(4)]
    said = [writer.communicate()[0].strip() for writer in writers]
    assert said.count("saved") == 1
    assert sum("holds a run already" in line for line in said) == 3
    assert saved_number(tmp_path / "run") == said.index("saved")


def test_a_run_that_appears_while_a_writer_waits_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def after_another(path: Path) -> Iterator[None]:
        monkeypatch.setattr(folder, "only_writer", lock.only_writer)
        save(path, 1, replace=False)
        with lock.only_writer(path):
            yield

    monkeypatch.setattr(folder, "only_writer", after_another)
    with pytest.raises(RunFolderError, match="holds a run already"):
        save(tmp_path / "run", 2, replace=False)
    assert saved_number(tmp_path / "run") == 1


def test_waiting_for_another_writer_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.1)
    save(tmp_path / "run", 1)
    with (
        lock.only_writer(tmp_path / "run"),
        pytest.raises(RunFolderError, match="Another program has been writing"),
    ):
        save(tmp_path / "run", 2)
    assert saved_number(tmp_path / "run") == 1
    save(tmp_path / "run", 2)
    assert kinds_of_files(tmp_path / "run") == NUMBERED_FILES


def test_a_lock_file_that_its_last_owner_removed_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / lock.LOCK
    take = lock._take
    taken: list[bool] = []

    def take_when_removed(descriptor: int) -> bool:
        if not taken:
            path.unlink()
        taken.append(True)
        return take(descriptor)

    monkeypatch.setattr(lock, "_take", take_when_removed)
    with lock.only_writer(tmp_path):
        assert path.exists()
        assert lock._if_free(path) is None
    assert len(taken) == 3


def test_reading_starts_again_when_the_run_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "run", 1)
    replaced: list[bool] = []

    def replace_behind(data: bytes, name: str) -> Any:
        found = load_manifest(data, name)
        if not replaced:
            replaced.append(True)
            save(tmp_path / "run", 2)
        return found

    monkeypatch.setattr(folder, "load_manifest", replace_behind)
    assert saved_number(tmp_path / "run") == 2


def test_reading_gives_up_on_a_run_that_never_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "run", 1)
    depth: list[bool] = []

    def always_replace(data: bytes, name: str) -> Any:
        found = load_manifest(data, name)
        if not depth:
            depth.append(True)
            save(tmp_path / "run", 2)
            depth.clear()
        return found

    monkeypatch.setattr(folder, "load_manifest", always_replace)
    with pytest.raises(RunFolderError, match="faster than it can be read"):
        read_folder(tmp_path / "run")
