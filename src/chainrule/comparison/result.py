"""A comparison: what all its trainings came to, and what is to be said of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.comparison.differences import Difference, differences
from chainrule.comparison.goal import Goal, common_goal
from chainrule.comparison.trial import Trial
from chainrule.errors import SetupError, nearest
from chainrule.training.machine import machine_record
from chainrule.training.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.views.report import Report

Measured = Literal["test", "validation", "training"]


@dataclass(frozen=True)
class Summary:
    """What the trainings of one setting came to.

    ``median``, ``low`` and ``high`` (quartiles) are of the loss, in which a training that failed
    counts as infinity; ``score`` is the median of the metric over the others, NaN without any.
    ``epochs`` and ``seconds`` are the medians to the goal, infinity where fewer than half of the
    trainings reached it; ``reached`` counts those that did.
    """

    label: str
    trainings: int
    failed: int
    median: float
    low: float
    high: float
    score: float
    epochs: float
    seconds: float
    reached: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """Trainings of several settings over the same seeds.

    ``settings``: label -> what it is in words; ``trials`` the trainings that have ended.
    ``measured_on``: of which rows losses and scores are, "test" for those that chose nothing;
    ``metric`` is the name of the score that is shown, None without any. ``asked`` is the goal that
    was asked for. ``at_a_time`` trainings were run side by side, one thread each. ``planned``
    counts the trainings that were to be run. ``print(comparison)`` shows it.
    """

    settings: Mapping[str, str]
    seeds: tuple[int, ...]
    trials: tuple[Trial, ...]
    measured_on: Measured
    metric: str | None = None
    asked: Goal | None = None
    title: str = "A comparison"
    about: str = ""
    at_a_time: int = 1
    machine: Mapping[str, object] = field(default_factory=machine_record)

    @property
    def planned(self) -> int:
        """How many trainings were to be run."""
        return len(self.settings) * len(self.seeds)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it before its last training."""
        return len(self.trials) < self.planned

    @property
    def judged(self) -> str:
        """What the settings are judged by, such as "validation loss"."""
        return f"{self.measured_on} loss"

    @property
    def column(self) -> str:
        """The column of the histories that is drawn, and that the goal is about by default."""
        return "loss" if self.measured_on == "training" else "validation_loss"

    def of(self, label: str) -> tuple[Trial, ...]:
        """Return the trainings of a setting. Raises SetupError for a label that is not compared."""
        if label not in self.settings:
            raise SetupError(f"'{label}' is not compared.", nearest(label, self.settings))
        return tuple(one for one in self.trials if one.label == label)

    @cached_property
    def goal(self) -> Goal | None:
        """What is to be reached: as asked, or the loss that most settings reach half the time."""
        if self.asked is not None:
            return self.asked
        return common_goal([self.of(label) for label in self.settings], self.column)

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """What each setting came to, the one with the lowest median loss first."""
        found = [self._summary(label) for label in self.settings if self.of(label)]
        return tuple(sorted(found, key=lambda one: one.median))

    def _summary(self, label: str) -> Summary:
        trials = self.of(label)
        losses = np.array([one.loss for one in trials])
        metric = self.metric or ""
        scores = [one.scores[metric] for one in trials if metric in one.scores]
        low, median, high = (quantile(losses, share) for share in (0.25, 0.5, 0.75))
        epochs = seconds = np.full(1, math.inf)
        if self.goal is not None:
            epochs = np.array([self.goal.epoch(one) for one in trials])
            seconds = np.array([self.goal.seconds(one) for one in trials])
        return Summary(
            label,
            len(trials),
            sum(one.failed is not None for one in trials),
            median,
            low,
            high,
            float(np.median(scores)) if scores else math.nan,
            quantile(epochs, 0.5),
            quantile(seconds, 0.5),
            int(np.isfinite(epochs).sum()),
        )

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """How each pair of settings compares, in their order, by a test on their common seeds."""
        losses = {
            label: {trial.seed: trial.loss for trial in self.of(label)}
            for label in self.settings
            if self.of(label)
        }
        return differences(losses)

    @cached_property
    def same_starts(self) -> bool:
        """Whether the settings began with the same weights for each seed, as far as shapes allow.

        Networks of different shapes have different weights, and are no reason for False.
        """
        return all(_same_weights(runs) for runs in self._by_seed())

    @cached_property
    def same_rows(self) -> bool:
        """Whether the settings had the same training and validation rows for each seed."""
        return all(_rows_of(one) == _rows_of(runs[0]) for runs in self._by_seed() for one in runs)

    def _by_seed(self) -> list[list[Run]]:
        found: dict[int, list[Run]] = {}
        for one in self.trials:
            if one.run is not None:
                found.setdefault(one.seed, []).append(one.run)
        return list(found.values())

    @property
    def best(self) -> Run:
        """The run with the lowest loss of all. Raises SetupError where every training failed."""
        sound = [one for one in self.trials if one.run is not None and one.failed is None]
        if not sound:
            raise SetupError("Every training failed.", "Lower the learning rates.")
        run = min(sound, key=lambda one: one.loss).run
        assert run is not None
        return run

    @cached_property
    def in_words(self) -> str:
        """A few sentences: which settings are ahead, whether by more than the spread, how fast."""
        from chainrule.comparison.sentences import in_words

        return in_words(self)

    def __str__(self) -> str:
        from chainrule.views.comparison_grids import plain_text

        return plain_text(self)

    __repr__ = __str__

    def plot(self, what: Literal["course", "spread"] = "course") -> Figure:
        """Return a matplotlib figure.

        "course": the loss against epochs and against seconds, the median and the middle half of
        each setting's trainings. "spread": the loss of every training, and its seconds to the goal.
        """
        from chainrule.views.comparison_charts import comparison_chart
        from chainrule.views.figures import drawn

        return drawn(comparison_chart(self, what))

    def report(self) -> Report:
        """Return all of it as text, and as one page that stands by itself.

        ``print(comparison.report())``, ``comparison.report().save("comparison.html")``.
        """
        from chainrule.views.comparison_page import page_of

        return page_of(self)

    def save(self, path: str | Path, *, replace: bool = False) -> None:
        """Write it into a folder: report.html, figures/, trainings.csv, curves.csv, result.json.

        Raises RunFolderError, also for a folder with something in it unless ``replace``.
        """
        from chainrule.views.comparison_files import save_comparison

        save_comparison(self, Path(path), replace=replace)


def quantile(numbers: NDArray[np.float64], share: float) -> float:
    """Return a quantile; between a number and infinity there is only infinity."""
    method: Literal["linear", "higher"] = "linear" if np.isfinite(numbers).all() else "higher"
    return float(np.quantile(numbers, share, method=method))


def _rows_of(run: Run) -> tuple[object, ...]:
    """Return what the rows of a run are known by: two losses may encode one target in two ways."""
    known = run.setup.provenance
    return (known.rows, known.left_out, known.validation or (known.checksum, known.held))


def _same_weights(runs: Sequence[Run]) -> bool:
    known: dict[tuple[object, ...], Mapping[str, NDArray[np.float64]]] = {}
    for one in runs:
        start = one.setup.network.parameters
        shapes = tuple((name, content.shape) for name, content in start.items())
        first = known.setdefault(shapes, start)
        if not all(np.array_equal(start[name], first[name]) for name in start):
            return False
    return True
