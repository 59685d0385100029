"""The live line of a training: epoch, loss, time left. Only where a terminal shows it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator

from chainrule.training.setup import Setup
from chainrule.training.state import Hook, Progress

# Epochs of a small table take less than a millisecond; nobody reads a line so often.
SECONDS_BETWEEN = 0.05
# What a terminal writes at the end of the line when Ctrl-C is pressed; the line has room for it.
ECHO = "^C "


@contextlib.contextmanager
def shown_progress(
    setup: Setup, wanted: bool, title: str = "training", done: int = 0
) -> Iterator[list[Hook]]:
    """Yield the observers that keep a progress bar on standard error up to date.

    Without a terminal, or when it is not wanted, there are none, and nothing is written.
    ``done``: the epochs that were run before.
    """
    if not wanted or not _terminal() or setup.epochs == 0:
        yield []
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(file=sys.stderr)
    console.width -= len(ECHO)
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bars:
        line = bars.add_task(title, total=setup.epochs, completed=done, numbers="")
        shown = 0.0

        def show(progress: Progress) -> None:
            nonlocal shown
            if time.monotonic() - shown >= SECONDS_BETWEEN:
                shown = time.monotonic()
                bars.update(line, completed=progress.epoch, numbers=_numbers(progress))

        yield [show]


@contextlib.contextmanager
def shown_count(total: int, wanted: bool) -> Iterator[Callable[[int], None]]:
    """Yield what is told how many of several trainings have ended, and shows it in one line."""
    if not wanted or not _terminal() or total == 0:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(file=sys.stderr)
    console.width -= len(ECHO)
    bars = Bars(
        TextColumn("trainings ended"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bars:
        line = bars.add_task("", total=total)
        yield lambda done: bars.update(line, completed=done)


def _terminal() -> bool:
    """Say whether standard error is a terminal that can take a line back."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _numbers(progress: Progress) -> str:
    if "validation_loss" in progress.recorded:
        return f"loss {progress.loss:.4f}, validation {progress.validation_loss:.4f}"
    return f"loss {progress.loss:.4f}"
