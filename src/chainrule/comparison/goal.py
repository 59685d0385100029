"""The goal of a comparison: a loss or a metric, and the epoch in which a training reaches it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.checks import is_finite_number
from chainrule.comparison.trial import Trial
from chainrule.errors import SetupError, nearest
from chainrule.training.absent import function_name
from chainrule.training.setup import Setup

# Of these the lower is the better; of any other metric the higher.
LOWER = ("loss", "validation_loss")
# A goal that nobody asked for is reached by so many of the settings.
SHARE = 0.75
ERRORS = ("root_mean_squared_error", "mean_absolute_error")


@dataclass(frozen=True)
class Goal:
    """A number that is to be reached in a column of a training's history.

    ``chosen`` is True where nobody asked for it: it is then what three quarters of the settings
    reach in half of their trainings or more.
    """

    column: str
    value: float
    rising: bool = False
    chosen: bool = False

    def epoch(self, trial: Trial) -> float:
        """Return the first epoch, from 1, in which a training reaches it; infinity if none."""
        column = np.array(trial.history.get(self.column, []), dtype=np.float64)
        with np.errstate(invalid="ignore"):
            there = column >= self.value if self.rising else column <= self.value
        places = np.flatnonzero(there)
        return float(places[0] + 1) if places.size else math.inf

    def seconds(self, trial: Trial) -> float:
        """Return how long one core worked until a training reached it; infinity if it did not."""
        epoch = self.epoch(trial)
        return float(trial.seconds[int(epoch) - 1]) if math.isfinite(epoch) else math.inf

    @property
    def in_words(self) -> str:
        """The column and the number, such as "validation loss of 0.41"."""
        of = {"loss": "training loss"}.get(self.column, self.column.replace("_", " "))
        return f"{of} of {_plain(self.value)}"


def goal_of(asked: Any, setup: Setup, validates: bool) -> Goal | None:
    """Return the goal that is asked for, None for None.

    ``asked``: a number, for the validation loss, or without validation rows for the training loss;
    or {name: number} for "loss" (of training), "validation_loss" or a metric. ``validates``:
    whether there are validation rows. Raises SetupError for anything else.
    """
    if asked is None:
        return None
    judged = "validation_loss" if validates else "loss"
    pairs = list(asked.items()) if isinstance(asked, Mapping) else [(judged, asked)]
    if len(pairs) != 1 or not is_finite_number(pairs[0][1]):
        raise SetupError(
            f"goal={asked!r} is no goal.", 'Give a number, or {"accuracy": 0.9}, for example.'
        )
    name, value = pairs[0]
    metrics = [one if isinstance(one, str) else function_name(one, "metric")
               for one in setup.metrics]  # fmt: skip
    known = ["loss", *(["validation_loss", *metrics] if validates else [])]
    if name not in known:
        raise SetupError(
            f"No training here measures '{name}', so it is no goal.", nearest(str(name), known)
        )
    if name in LOWER:
        return Goal(name, float(value))
    return Goal(f"validation_{name}", float(value), rising=name not in ERRORS)


def common_goal(by_setting: Sequence[Sequence[Trial]], column: str) -> Goal | None:
    """Return the lowest loss that ``SHARE`` of the settings reach in half of their trainings.

    One setting that is far behind all others does not decide it. A setting of which more than half
    failed asks nothing; None where all are like that.
    """
    reached = []
    for trials in by_setting:
        lowest = [_lowest(one, column) for one in trials]
        # Of an even number the higher in the middle, so that half of them are there.
        middle = float(np.quantile(lowest, 0.5, method="higher")) if lowest else math.inf
        if math.isfinite(middle):
            reached.append(middle)
    if not reached:
        return None
    there = math.ceil(SHARE * len(reached))
    return Goal(column, sorted(reached)[there - 1], chosen=True)


def _lowest(trial: Trial, column: str) -> float:
    known = [one for one in trial.history.get(column, []) if math.isfinite(one)]
    return min(known) if known and trial.failed is None else math.inf


def _plain(number: float) -> str:
    return f"{number:.4g}"
