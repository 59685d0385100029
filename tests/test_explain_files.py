"""Pages, figures and worksheets on disks that refuse, and under kills: whole, or not there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import environment
from test_run_folder_disk import small_disk

import chainrule as cr
from chainrule.errors import RunFolderError
from chainrule.explanation.worksheets.sheets import worksheets
from chainrule.views.picture_files import write_picture
from chainrule.views.worksheet_files import write_worksheets

NETWORK = cr.Network(cr.Input(2), cr.Dense(3, "tanh"), cr.Dense(1), seed=1)
WHY = cr.explain(NETWORK, "dense_1.W[0,0]", x=[0.5, 1.0], y=[1.0])
SHEETS = worksheets(3, 1)
NAMES = ["answers.csv", "key.csv", "key.html", "worksheets.html"]


def draw(path: Path) -> None:
    figure = cr.slice_figure(NETWORK, "dense_1.W[0,0]", x=[[0.5, 1.0]], y=[[1.0]], points=5)
    write_picture(path, figure)


SAVED: dict[str, Callable[[Path], object]] = {
    "why.html": WHY.save,
    "why.png": draw,
    "sheets": lambda path: write_worksheets(SHEETS, path),
}


def refusal(name: str, folder: Path) -> RunFolderError:
    """Return why something could not be saved in a folder, which is left as it was."""
    before = sorted(folder.rglob("*"))
    with pytest.raises(RunFolderError) as found:
        SAVED[name](folder / name)
    assert sorted(folder.rglob("*")) == before
    said = found.value
    for sentence in (said.cause, said.remedy):
        assert sentence.endswith(".")
        assert sentence.count(". ") == 0
    return said


@pytest.mark.parametrize("name", SAVED)
def test_a_full_disk(name: str) -> None:
    with small_disk("size=64k") as disk:
        (disk / "filler").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        said = refusal(name, disk)
        assert "the disk is full" in said.cause
        assert said.remedy == "Make room there, or choose another place."


def test_a_disk_that_is_full_after_so_many_pages() -> None:
    ended = set()
    with small_disk("size=256k") as disk:
        for pages in range(1, 40, 3):
            filler = disk / "filler"
            status = os.statvfs(disk)
            filler.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - 4096 * pages)))
            for made in (False, True):
                folder = disk / "sheets"
                if made:
                    folder.mkdir()
                try:
                    write_worksheets(SHEETS, folder)
                except RunFolderError:
                    assert set(disk.rglob("*")) == ({filler, folder} if made else {filler})
                    ended.add("refused")
                else:
                    assert sorted(one.name for one in folder.iterdir()) == NAMES
                    ended.add("written")
                for one in folder.glob("*"):
                    one.unlink()
                if folder.exists():
                    folder.rmdir()
            filler.unlink()
    assert ended == {"refused", "written"}


@pytest.mark.parametrize("name", SAVED)
def test_a_read_only_disk(name: str) -> None:
    with small_disk("size=256k") as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert "the disk is read-only" in refusal(name, disk).cause


@pytest.mark.parametrize("name", SAVED)
def test_a_folder_that_is_not_ours(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", refuse)
        patch.setattr(os, "mkdir", refuse)
        said = refusal(name, tmp_path)
    assert "there is no permission to do so" in said.cause
    assert said.remedy == "Choose another place."


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device here")
def test_a_device_is_not_replaced_by_a_file() -> None:
    for name in ("why.html", "why.png"):
        link = SAVED[name]
        with pytest.raises((RunFolderError, cr.SetupError)):
            link(Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def test_worksheets_make_the_folders_on_their_way(tmp_path: Path) -> None:
    folder = tmp_path / "of" / "mine" / "sheets"
    written = write_worksheets(SHEETS, folder)
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    assert sorted(path.name for path in written) == NAMES
    assert [one.name for one in folder.parent.iterdir()] == ["sheets"]
    empty = tmp_path / "empty"
    empty.mkdir()
    write_worksheets(SHEETS, empty)
    assert [(empty / one).read_bytes() for one in NAMES] == [
        (folder / one).read_bytes() for one in NAMES
    ]


WRITER = """
import sys
from pathlib import Path
from test_explain_files import SHEETS, WHY, write_worksheets
pages = [WHY.html(depth=1), WHY.html(depth=3)]
from chainrule.views.report import write_file
folder = Path(sys.argv[1])
print("ready", flush=True)
for turn in range(10**6):
    write_file(folder / "why.html", pages[turn % 2], "The explanation")
    write_worksheets(SHEETS, folder / f"sheets{turn}")
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_kill_while_saving_leaves_nothing_half_written(tmp_path: Path) -> None:
    due = {WHY.html(depth=1), WHY.html(depth=3)}
    write_worksheets(SHEETS, tmp_path / "due")
    complete = {name: (tmp_path / "due" / name).read_bytes() for name in NAMES}
    delays = random.Random(3)
    path = os.pathsep.join([environment()["PYTHONPATH"], str(Path(__file__).parent)])
    seen = 0
    for turn in range(6):
        folder = tmp_path / str(turn)
        folder.mkdir()
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)],
            env=environment(PYTHONPATH=path),
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        until = time.monotonic() + 60.0
        while not (folder / "sheets1").exists() and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(delays.uniform(0.0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        page = folder / "why.html"
        assert not page.exists() or page.read_text("utf-8") in due
        for sheets in folder.glob("sheets*[0-9]"):
            seen += 1
            assert {one.name: one.read_bytes() for one in sheets.iterdir()} == complete
    assert seen >= 12
