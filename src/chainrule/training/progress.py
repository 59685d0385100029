"""The live line of a training: epoch, loss, time left. Only where a terminal shows it."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from chainrule.training.setup import Setup
from chainrule.training.state import Hook, Progress

if TYPE_CHECKING:
    from rich.console import Console

# Epochs of a small table take less than a millisecond; nobody reads a line so often.
SECONDS_BETWEEN = 0.05
# What a terminal writes at the end of the line when Ctrl-C is pressed; the line has room for it.
ECHO = "^C "
# Parts of a line: what is no text, and texts that change.
BAR, ELAPSED, LEFT = "the bar", "the time that has gone", "the time that is left"
NUMBERS, ENDED = "{task.fields[numbers]}", "{task.fields[ended]}"

Show = Callable[..., None]


@contextlib.contextmanager
def shown_progress(setup: Setup, wanted: bool, done: int = 0) -> Iterator[list[Hook]]:
    """Yield the observers that keep a progress bar on standard error up to date.

    Without a terminal, or when it is not wanted, there are none, and nothing is written.
    ``done``: the epochs that were run before.
    """
    parts = ("training", BAR, "epoch {task.completed:.0f} of {task.total:.0f}", NUMBERS, LEFT)
    with _line(parts, setup.epochs, wanted, done, numbers="") as show:
        if show is None:
            yield []
        else:
            told = seldom(show)
            yield [lambda progress: told(completed=progress.epoch, numbers=_numbers(progress))]


@contextlib.contextmanager
def shown_count(total: int, wanted: bool) -> Iterator[Callable[[int], None]]:
    """Yield what is told how many of several trainings have ended, and shows it in one line."""
    parts = ("trainings ended", BAR, "{task.completed:.0f} of {task.total:.0f}", LEFT)
    with _line(parts, total, wanted) as show:
        yield lambda done: None if show is None else show(completed=done)


@contextlib.contextmanager
def shown_while(doing: str, wanted: bool) -> Iterator[None]:
    """Show in a line what is being done, and for how long, as long as it takes."""
    with _line((doing, ELAPSED), 1, wanted):
        yield


class Counted:
    """What counts trainings that have ended, and tells how many there are."""

    def __init__(self, told: Callable[[int], None]) -> None:
        self._told, self._count = told, 0

    def one_more(self) -> None:
        """Count one, and tell."""
        self._count += 1
        self._told(self._count)


class ShownTrainings:
    """What is told how far several trainings are, each known by its place."""

    def __init__(self, epochs: Sequence[int], show: Show | None) -> None:
        """Take the most epochs of each, and what shows epochs and trainings that are through."""
        self._epochs, self._show = list(epochs), show
        self._through = [0] * len(epochs)
        self._ended = 0
        self._told_seldom = seldom(self._told)

    def observers(self, place: int) -> list[Hook]:
        """Return what the training of this place is to call now and then, from any thread."""
        if self._show is None:
            return []

        def seen(progress: Progress) -> None:
            self._through[place] = min(progress.epoch, self._epochs[place])
            self._told_seldom()

        return [seen]

    def ended(self, place: int) -> None:
        """Count the training of this place as through, however many epochs it took."""
        self._through[place] = self._epochs[place]
        self._ended += 1
        self._told()

    def _told(self) -> None:
        if self._show is not None:
            self._show(completed=sum(self._through), ended=self._ended)


@contextlib.contextmanager
def shown_trainings(
    epochs: Sequence[int], wanted: bool, ended: Collection[int] = ()
) -> Iterator[ShownTrainings]:
    """Yield what shows, in one line, how far several trainings of so many epochs are together.

    ``ended``: the places of those that had ended before.
    """
    parts = ("trainings ended", f"{ENDED} of {len(epochs)}", BAR, ELAPSED, "left", LEFT)
    with _line(parts, sum(epochs), wanted, ended=0) as show:
        shown = ShownTrainings(epochs, show)
        for place in ended:
            shown.ended(place)
        yield shown


@contextlib.contextmanager
def _line(
    parts: Sequence[str], total: int, wanted: bool, done: int = 0, **fields: Any
) -> Iterator[Show | None]:
    """Yield what brings a line on standard error up to date; None where none is to be seen."""
    if not wanted or not on_terminal() or total == 0:
        yield None
        return
    from rich import progress as rich

    known: dict[str, rich.ProgressColumn] = {
        BAR: rich.BarColumn(bar_width=24),
        ELAPSED: rich.TimeElapsedColumn(),
        LEFT: rich.TimeRemainingColumn(),
    }
    columns = [known.get(part) or rich.TextColumn(part) for part in parts]
    with rich.Progress(*columns, console=error_console(), transient=True) as bars:
        yield partial(bars.update, bars.add_task("", total=total, completed=done, **fields))


def seldom(show: Show) -> Show:
    """Return what shows the same, and nothing where it was called a moment ago."""
    last = 0.0

    def shown(**fields: Any) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN:
            last = time.monotonic()
            show(**fields)

    return shown


def error_console() -> Console:
    """Return standard error, with room for the echo of Ctrl-C at the end of the line."""
    from rich.console import Console

    console = Console(file=sys.stderr)
    console.width -= len(ECHO)
    return console


def on_terminal() -> bool:
    """Say whether standard error is a terminal that can take a line back."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _numbers(progress: Progress) -> str:
    if "validation_loss" in progress.recorded:
        return f"loss {progress.loss:.4f}, validation {progress.validation_loss:.4f}"
    return f"loss {progress.loss:.4f}"
