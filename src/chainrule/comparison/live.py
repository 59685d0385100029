"""The live table of a comparison, where a terminal shows it: how far each setting is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from chainrule.comparison.trial import Trial
from chainrule.training.progress import error_console, on_terminal
from chainrule.training.state import Hook, Progress

if TYPE_CHECKING:
    from rich.console import RenderableType

TIMES_A_SECOND = 8


class ShownTrials:
    """What is told how far the trainings are, and says it as a table."""

    def __init__(self, labels: Sequence[str], seeds: int, seen: bool) -> None:
        """Take the labels of the settings, how many seeds each has, and whether anyone looks."""
        self._seeds, self._seen = seeds, seen
        self._ended: dict[str, list[Trial]] = {label: [] for label in labels}
        self._under_way: dict[tuple[str, int], tuple[int, float]] = {}
        self._began = time.monotonic()

    def observers(self, label: str, seed: int) -> list[Hook]:
        """Return what the training of a setting and a seed is to call now and then."""
        if not self._seen:
            return []

        def seen(progress: Progress) -> None:
            self._under_way[label, seed] = progress.epoch, progress.loss

        return [seen]

    def ended(self, trial: Trial | None) -> None:
        """Count a training that has ended; None for one that Ctrl-C cut off."""
        if trial is not None:
            self._ended[trial.label].append(trial)
            self._under_way.pop((trial.label, trial.seed), None)

    @property
    def left(self) -> float | None:
        """The seconds that are left if the rest takes as long as what has ended; None at first."""
        done = sum(map(len, self._ended.values()))
        if not done:
            return None
        due = self._seeds * len(self._ended)
        return (time.monotonic() - self._began) * (due - done) / done

    def rows(self) -> list[tuple[str, int, str, str, str]]:
        """Return for each setting its label, how many have ended, and what is said of them."""
        return [self._row(label, list(trials)) for label, trials in self._ended.items()]

    def _row(self, label: str, trials: Sequence[Trial]) -> tuple[str, int, str, str, str]:
        known = [one.loss for one in trials if one.failed is None]
        failed = len(trials) - len(known)
        now = [
            f"epoch {epoch:,}: {loss:.4g}"
            for (name, _), (epoch, loss) in list(self._under_way.items())
            if name == label
        ]
        so_far = f"{median(known):.4g}" if known else ""
        return label, len(trials), so_far, str(failed) if failed else "", "; ".join(now)

    def table(self) -> RenderableType:
        """Return the table as a terminal draws it now."""
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
        table.add_column("", no_wrap=True, overflow="ellipsis")
        for heading in ("trainings", "loss", "failed"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("under way", no_wrap=True)
        for label, done, *texts in self.rows():
            table.add_row(Text(label), f"{done} of {self._seeds}", *texts)
        left = self.left
        told = "" if left is None else f"about {left:.0f} s left; "
        return Group(table, Text(f"{told}Ctrl-C keeps what has ended", style="dim"))


@contextlib.contextmanager
def shown_trials(labels: Sequence[str], seeds: int, wanted: bool) -> Iterator[ShownTrials]:
    """Yield what is told how far a comparison is; on a terminal it shows it, while it lasts."""
    if not wanted or not on_terminal():
        yield ShownTrials(labels, seeds, seen=False)
        return
    from rich.live import Live

    shown = ShownTrials(labels, seeds, seen=True)
    with Live(
        get_renderable=shown.table,
        console=error_console(),
        transient=True,
        refresh_per_second=TIMES_A_SECOND,
    ):
        yield shown
