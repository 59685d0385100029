"""What the tests of the command line share: running it, here or in a Python of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import chainrule
from chainrule.cli import main

ROOT = Path(__file__).resolve().parent.parent
HEART = ROOT / "examples" / "heart_disease.csv"
PACKAGE = Path(chainrule.__file__).parents[1]
COMMAND = [sys.executable, "-m", "chainrule"]
# Long enough to be interrupted or killed on its way.
LONG = ["--target", "disease", "--epochs", "100000", "--patience", "100000"]


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


def environment(**changed: str) -> dict[str, str]:
    """Return the environment of a Python that has this chainrule and no terminal's settings."""
    kept = {name: value for name, value in os.environ.items() if name not in _TERMINAL}
    return {**kept, "PYTHONPATH": str(PACKAGE), "PYTHONUTF8": "1", **changed}


_TERMINAL = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "PYTHONIOENCODING", "TTY_COMPATIBLE"}


def run(*words: object, folder: Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run ``chainrule`` in a Python of its own, without a terminal."""
    shown = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return Ended(shown.returncode, shown.stdout.decode("utf-8"), shown.stderr.decode("utf-8"))


class Here:
    """Runs ``chainrule`` in this Python and in a folder of its own, which saves its start."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
    ) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys
        monkeypatch.chdir(folder)

    def __call__(self, *words: object) -> Ended:
        self.monkeypatch.setattr(sys, "argv", ["chainrule", *map(str, words)])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self.capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, printed.out, printed.err)


def refused(ended: Ended, code: int) -> str:
    """Return the sentence of cause, after a look at the form of the refusal."""
    assert ended.code == code, ended
    assert ended.out == ""
    cause, remedy = ended.err.splitlines()
    assert cause.startswith("chainrule: ")
    assert "Traceback" not in ended.err
    assert cause.endswith(".")
    assert remedy.endswith((".", "?"))
    return cause.removeprefix("chainrule: ")


def on_a_terminal(
    words: list[str], folder: Path, interrupted_at: str | None = None, **changed: str
) -> tuple[int, str, str]:
    """Run a command on a terminal of 80 columns; return code, standard output and error.

    It is sent Ctrl-C once its standard error shows the pattern ``interrupted_at``.
    """
    import fcntl
    import pty
    import struct
    import termios

    ends = [pty.openpty(), pty.openpty()]
    for _, inner in ends:
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    env = environment(**{"TERM": "xterm-256color", **changed})
    started = subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=ends[0][1],
        stderr=ends[1][1],
    )
    shown = [b"", b""]
    for _, inner in ends:
        os.close(inner)
    for outer, _ in ends:
        os.set_blocking(outer, False)
    while True:
        ended = started.poll()
        for place, (outer, _) in enumerate(ends):
            try:
                while part := os.read(outer, 65536):
                    shown[place] += part
            except (BlockingIOError, OSError):
                continue
        if interrupted_at and re.search(interrupted_at, shown[1].decode("utf-8", "ignore")):
            started.send_signal(signal.SIGINT)
            interrupted_at = None
        if ended is not None:
            break
        time.sleep(0.01)
    for outer, _ in ends:
        os.close(outer)
    return ended, shown[0].decode("utf-8"), shown[1].decode("utf-8")
