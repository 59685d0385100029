"""Fixtures of several files of tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Here
from hypothesis import settings

from chainrule.diagnosis import budget as budgets

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


@pytest.fixture(autouse=True)
def ample_time(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give each diagnosis time enough: what a verdict says hangs on no busy machine.

    A test marked `own_clock` has the time that a user has. The patch is its own: what tests set by
    theirs is to be undone before what they left behind is looked at.
    """
    with pytest.MonkeyPatch.context() as patched:
        if request.node.get_closest_marker("own_clock") is None:
            patched.setattr(budgets, "LEAST_SECONDS", 20.0)
        yield
