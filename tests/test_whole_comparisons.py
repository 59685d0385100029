"""A comparison on a full disk: the whole folder is there or nothing, and its result is told."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import HEART, Here
from comparisons import compared

import chainrule as cr
import chainrule.files.together
from chainrule.comparison.result import Comparison
from chainrule.files.disk import put_in_place, write_new
from chainrule.files.together import write_together

FILES = 8
TOGETHER = chainrule.files.together


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compared(seeds=2, epochs=3)


def full_after(count: int, does: Callable[..., None]) -> Callable[..., None]:
    """Return what does it so many times, and then finds the disk full."""
    left = iter(range(count))

    def writes(*given: Any) -> None:
        if next(left, None) is None:
            if does is write_new:
                given[0].write_bytes(b"half of")
            raise OSError(errno.ENOSPC, "No space left on device")
        does(*given)

    return writes


@pytest.mark.parametrize("count", range(FILES))
@pytest.mark.parametrize("does", [write_new, put_in_place])
def test_of_a_full_disk_nothing_is_left(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, does: Any
) -> None:
    monkeypatch.setattr(TOGETHER, does.__name__, full_after(count, does))
    with pytest.raises(cr.RunFolderError, match="the disk is full") as raised:
        found.save(tmp_path / "new" / "one")
    assert "Make room there" in raised.value.remedy
    assert list(tmp_path.iterdir()) == []
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr(TOGETHER, does.__name__, full_after(count, does))
    with pytest.raises(cr.RunFolderError):
        found.save(empty)
    assert list(empty.iterdir()) == []
    monkeypatch.setattr(TOGETHER, does.__name__, full_after(FILES, does))
    found.save(empty)
    assert sum(one.is_file() for one in empty.rglob("*")) == FILES


def test_what_was_there_before_stays(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "result.json").write_text("before")
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.setattr(TOGETHER, "write_new", full_after(5, write_new))
    with pytest.raises(cr.RunFolderError):
        found.save(tmp_path, replace=True)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        "result.json": "before", "mine.txt": "mine",
    }  # fmt: skip
    monkeypatch.undo()
    found.save(tmp_path, replace=True)
    assert json.loads((tmp_path / "result.json").read_text("utf-8"))["trainings"] == 4
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_folder_in_the_place_of_a_file(found: Comparison, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(cr.RunFolderError, match="a folder stands where a file should be"):
        found.save(tmp_path, replace=True)
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_files_are_written_below_folders(tmp_path: Path) -> None:
    write_together(tmp_path / "a", {"b/c.txt": b"one", "d.txt": b"two"})
    names = sorted(one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*"))
    assert names == ["a", "a/b", "a/b/c.txt", "a/d.txt"]
    assert (tmp_path / "a/b/c.txt").read_bytes() == b"one"


@pytest.mark.parametrize("words", [[], ["--json"], ["--output", "out"]])
def test_the_command_tells_what_it_cannot_save(
    here: Here, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(TOGETHER, "write_new", full_after(3, write_new))
    ended = here("compare", HEART, "--target", "disease", "--optimizers", "momentum,adam",
                 "--seeds", "1", "--epochs", "2", *words)  # fmt: skip
    assert ended.code == 5
    assert "could not be written to" in ended.err
    assert "the disk is full" in ended.err
    if words == ["--json"]:
        assert json.loads(ended.out)["trainings"] == 2
    else:
        assert "Over 1 seed, " in ended.out
        assert "report.html" not in ended.out
    assert list(Path().iterdir()) == []
