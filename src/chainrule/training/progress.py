"""The live line of a training: epoch, loss, time left. Only where a terminal shows it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from chainrule.training.loop import Hook, Progress
from chainrule.training.setup import Setup


@contextlib.contextmanager
def shown_progress(setup: Setup, wanted: bool, title: str = "training") -> Iterator[list[Hook]]:
    """Yield the hooks that keep a progress bar on standard error up to date.

    Without a terminal, or when it is not wanted, there are none, and nothing is written.
    """
    if not wanted or not sys.stderr.isatty() or setup.epochs == 0:
        yield []
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("epoch {task.completed:.0f} of {task.total:.0f}"),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    with bars:
        line = bars.add_task(title, total=setup.epochs, numbers="")

        def show(progress: Progress) -> None:
            numbers = f"loss {progress.loss:.4f}"
            if "validation_loss" in progress.history:
                numbers += f", validation {progress.validation_loss:.4f}"
            bars.update(line, completed=progress.epoch, numbers=numbers)

        yield [show]
