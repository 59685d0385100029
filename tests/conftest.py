"""Fixtures of several files of tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Here
from hypothesis import settings

# A busy machine is no finding.
settings.register_profile("chainrule", deadline=None)
settings.load_profile("chainrule")


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Here]:
    """Run the command line in this Python, in an empty folder."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)}
    yield Here(monkeypatch, capsys, tmp_path)
    for one, handler in before.items():
        signal.signal(one, handler)
