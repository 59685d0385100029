"""The live line of a training: epoch, loss, time left. Only where a terminal shows it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from chainrule.training.setup import Setup
from chainrule.training.state import Hook, Progress

if TYPE_CHECKING:
    from rich.console import Console

# Epochs of a small table take less than a millisecond; nobody reads a line so often.
SECONDS_BETWEEN = 0.05
# What a terminal writes at the end of the line when Ctrl-C is pressed; the line has room for it.
ECHO = "^C "


@contextlib.contextmanager
def shown_progress(setup: Setup, wanted: bool, done: int = 0) -> Iterator[list[Hook]]:
    """Yield the observers that keep a progress bar on standard error up to date.

    Without a terminal, or when it is not wanted, there are none, and nothing is written.
    ``done``: the epochs that were run before.
    """
    if not wanted or not _terminal() or setup.epochs == 0:
        yield []
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
        console=_console(),
        transient=True,
    )
    with bars:
        line = bars.add_task("training", total=setup.epochs, completed=done, numbers="")
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
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("trainings ended"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeRemainingColumn(),
        console=_console(),
        transient=True,
    )
    with bars:
        line = bars.add_task("", total=total)
        yield lambda done: bars.update(line, completed=done)


class ShownTrainings:
    """What is told how far several trainings are, each known by its place."""

    def __init__(self, epochs: Sequence[int], show: Callable[[int, int], None] | None) -> None:
        """Take the most epochs of each, and what shows epochs and trainings that are through."""
        self._epochs, self._show = list(epochs), show
        self._through = [0] * len(epochs)
        self._ended = 0
        self._shown = 0.0

    def observers(self, place: int) -> list[Hook]:
        """Return what the training of this place is to call now and then, from any thread."""
        if self._show is None:
            return []

        def seen(progress: Progress) -> None:
            self._through[place] = min(progress.epoch, self._epochs[place])
            if time.monotonic() - self._shown >= SECONDS_BETWEEN:
                self._shown = time.monotonic()
                self._told()

        return [seen]

    def ended(self, place: int) -> None:
        """Count the training of this place as through, however many epochs it took."""
        self._through[place] = self._epochs[place]
        self._ended += 1
        self._told()

    def _told(self) -> None:
        if self._show is not None:
            self._show(sum(self._through), self._ended)


@contextlib.contextmanager
def shown_trainings(
    epochs: Sequence[int], wanted: bool, ended: Collection[int] = ()
) -> Iterator[ShownTrainings]:
    """Yield what shows, in one line, how far several trainings of so many epochs are together.

    ``ended``: the places of those that had ended before.
    """
    if not wanted or not _terminal() or not sum(epochs):
        yield ShownTrainings(epochs, None)
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("trainings ended"),
        TextColumn("{task.fields[ended]:.0f} of {task.fields[trainings]:.0f}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=_console(),
        transient=True,
    )
    with bars:
        line = bars.add_task("", total=sum(epochs), ended=0, trainings=len(epochs))
        shown = ShownTrainings(
            epochs, lambda through, count: bars.update(line, completed=through, ended=count)
        )
        for place in ended:
            shown.ended(place)
        yield shown


def _console() -> Console:
    """Return standard error, with room for the echo of Ctrl-C at the end of the line."""
    from rich.console import Console

    console = Console(file=sys.stderr)
    console.width -= len(ECHO)
    return console


def _terminal() -> bool:
    """Say whether standard error is a terminal that can take a line back."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _numbers(progress: Progress) -> str:
    if "validation_loss" in progress.recorded:
        return f"loss {progress.loss:.4f}, validation {progress.validation_loss:.4f}"
    return f"loss {progress.loss:.4f}"
