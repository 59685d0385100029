"""How long each algorithm takes to a goal, on networks of three sizes.

The best value of its constant is found from other starts: the one with the fewest epochs to the
close goal, or where fewer than half get there, with the lowest loss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from articles_algorithms import (
    ANY_ROWS,
    SEARCHING,
    STEPS_ON_ALL,
    TRIAL_SAID,
    Algorithm,
    Choice,
    Extent,
    how_many,
    named,
    on_batches,
    trial_label,
)
from articles_problems import SIZES, Problem
from pictures import BLACK, GREY, LOOKS, figure, logarithmic
from report import aligned, write_result
from rounds import figures

from chainrule.comparison.goal import Goal
from chainrule.comparison.running import at_a_time

STARTS = {"small": 10, "medium": 10, "large": 4}
TUNING_STARTS, FIRST_TUNING = 3, 1000
THREE_SIZES = (
    "gradient_descent", "gradient_descent, batches of 32", "momentum", "momentum, batches of 32",
    "irprop_plus", "adam", "adam, batches of 32", "scaled_conjugate_gradient", "lbfgs",
    "levenberg_marquardt",
)  # fmt: skip
DUE: dict[str, tuple[Algorithm, ...]] = {
    "small": (*ANY_ROWS, *STEPS_ON_ALL, *SEARCHING),
    "medium": (*ANY_ROWS, *on_batches(ANY_ROWS), *STEPS_ON_ALL, *SEARCHING),
    "large": named(THREE_SIZES),
}
NEVER = math.inf


@dataclass(frozen=True)
class Raced:
    """One training: epochs and milliseconds of one core to both goals, infinity if not reached."""

    problem: str
    algorithm: str
    optimizer: str
    batch: str
    constant: str
    start: int
    rough_goal: float
    rough_epochs: float
    rough_ms: float
    close_goal: float
    close_epochs: float
    close_ms: float
    lowest_loss: float
    ended: str


@dataclass(frozen=True)
class Field:
    """All trainings of a problem, and the values that were chosen, by label."""

    problem: Problem
    choices: Mapping[str, Choice]
    raced: Sequence[Raced]

    def of(self, label: str) -> list[Raced]:
        return [one for one in self.raced if one.algorithm == label]

    def middle(self, label: str, which: str) -> float:
        """Return the median over starts, infinity where half of them or fewer got there."""
        numbers = sorted(getattr(one, which) for one in self.of(label))
        return float(np.quantile(numbers, 0.5, method="higher"))

    def reached(self, label: str, which: str) -> int:
        return sum(math.isfinite(getattr(one, which)) for one in self.of(label))

    @property
    def ordered(self) -> list[str]:
        """Labels, the one that is soonest at the close goal first, then by the rough one."""

        def place(label: str) -> tuple[float, ...]:
            loss = self.middle(label, "lowest_loss")
            return self.middle(label, "close_ms"), self.middle(label, "rough_ms"), loss

        return sorted(self.choices, key=place)


def chosen(problem: Problem, algorithms: Sequence[Algorithm], extent: Extent) -> dict[str, Choice]:
    """Return the best value for each algorithm, found from starts of their own."""
    due = {
        (one.label, value): one.settings(value, extent.epochs(problem.most[one.sort]))
        for one in algorithms
        for value in extent.tried(one)
        if value is not None
    }
    by_label = {f"{label} at {value:g}": settings for (label, value), settings in due.items()}
    summaries = {}
    if by_label:
        found = problem.compare(by_label, extent.seeds(TUNING_STARTS, FIRST_TUNING))
        summaries = {one.label: one for one in found.summaries}

    def place(algorithm: Algorithm, value: float | None) -> tuple[float, float]:
        one = summaries[trial_label(algorithm, value)]
        return one.epochs, one.median

    return {
        one.label: Choice(one, min(extent.tried(one), key=lambda value: place(one, value)))
        if one.tries
        else Choice(one)
        for one in algorithms
    }


def raced(problem: Problem, extent: Extent) -> Field:
    """Choose values, then train every algorithm from starts that chose nothing."""
    choices = chosen(problem, DUE[problem.name], extent)
    settings = {
        label: one.algorithm.settings(one.value, extent.epochs(problem.most[one.algorithm.sort]))
        for label, one in choices.items()
    }
    found = problem.compare(settings, extent.seeds(STARTS[problem.name]))
    goals = [Goal("loss", value) for value in problem.goals]
    trials = [_raced(problem, choices[one.label], one, goals) for one in found.trials]
    return Field(problem, choices, trials)


def _raced(problem: Problem, choice: Choice, trial: Any, goals: Sequence[Goal]) -> Raced:
    rough, close = goals
    finite = [one for one in trial.history.get("loss", []) if math.isfinite(one)]
    return Raced(
        problem.name,
        trial.label,
        choice.algorithm.name,
        "all rows" if choice.algorithm.batch is None else str(choice.algorithm.batch),
        choice.words,
        trial.seed,
        rough.value,
        rough.epoch(trial),
        1000.0 * rough.seconds(trial),
        close.value,
        close.epoch(trial),
        1000.0 * close.seconds(trial),
        min(finite, default=NEVER),
        trial.failed or trial.run.ended,
    )


def part(field: Field) -> str:
    """Return a problem's table."""
    problem = field.problem
    rough, close = (f"{one:g}" for one in problem.goals)
    heads = ["algorithm", "chosen"]
    for goal in (rough, close):
        heads += [f"to {goal}", "epochs", "ms"]
    lines = [
        [label, field.choices[label].words, *(_cells(field, label))] for label in field.ordered
    ]
    return f"## {problem.name}: {problem.about}\n\n{aligned(heads, lines)}"


def _cells(field: Field, label: str) -> list[str]:
    found = []
    for goal in ("rough", "close"):
        epochs, taken = (field.middle(label, f"{goal}_{what}") for what in ("epochs", "ms"))
        found += [
            f"{field.reached(label, f'{goal}_ms')} of {len(field.of(label))}",
            f"{epochs:,.0f}" if math.isfinite(epochs) else "-",
            figures(taken) if math.isfinite(taken) else "-",
        ]
    return found


def three_sizes(fields: Sequence[Field]) -> str:
    """Return the table of the algorithms that were trained on all sizes."""
    heads = ["algorithm"]
    for field in fields:
        heads += [f"{field.problem.name}, to {goal:g}" for goal in field.problem.goals]
    lines = []
    for label in THREE_SIZES:
        cells = [label]
        for field in fields:
            cells += [_time(field, label, which) for which in ("rough_ms", "close_ms")]
        lines.append(cells)
    said = "Milliseconds of one core, the median, and how many starts were there."
    return f"## Three sizes\n\n{said}\n\n{aligned(heads, lines)}"


def _time(field: Field, label: str, which: str) -> str:
    if not field.of(label):
        return "not run"
    taken = field.middle(label, which)
    shown = figures(taken) if math.isfinite(taken) else "-"
    return f"{shown} ({field.reached(label, which)} of {len(field.of(label))})"


def picture(path: Path, fields: Sequence[Field]) -> None:
    """Draw the time to the close goal for every algorithm: each start, and the median."""
    tall = max(len(one.choices) for one in fields)
    with figure(path, 13, 1.2 + 0.2 * tall) as drawn:
        for panel, field in zip(
            drawn.subplots(1, len(fields), squeeze=False)[0], fields, strict=True
        ):
            labels = field.ordered[::-1]
            for place, label in enumerate(labels):
                numbers = [one.close_ms for one in field.of(label) if math.isfinite(one.close_ms)]
                panel.plot(numbers, [place] * len(numbers), ".", color=GREY, markersize=5)
                middle = field.middle(label, "close_ms")
                if math.isfinite(middle):
                    panel.plot(middle, place, "o", color=LOOKS["chainrule"][0], markersize=6)
                else:
                    along = panel.get_yaxis_transform()
                    said = f"{len(numbers)} of {len(field.of(label))}"
                    panel.text(0.01, place, said, transform=along, fontsize=7, va="center",
                               color=BLACK)  # fmt: skip
            panel.set_yticks(range(len(labels)), labels, fontsize=7)
            goal = field.problem.goals[1]
            panel.set(title=field.problem.name, xlabel=f"ms of one core to a loss of {goal:g}")
            # Where nobody gets there, a logarithmic scale has nothing to stand on.
            if any(math.isfinite(one.close_ms) for one in field.raced):
                logarithmic(panel.xaxis)
            panel.set_ylim(-0.6, len(labels) - 0.4)


def how(extent: Extent) -> str:
    """Say how it was measured."""
    limits = "; ".join(
        f"{one.name}: " + ", ".join(f"{sort} {count:,}" for sort, count in one.most.items())
        for one in SIZES
    )
    values = how_many([one for due in DUE.values() for one in due])
    said = (
        "Every algorithm has the same starts, float64, one thread, trainings at a time: "
        f"{at_a_time()}; time is that of its own thread. Medians count a start that does not get "
        f"there as infinitely long. {values.capitalize()} values were tried for a learning rate, "
        f"and for the first step of Rprop, from {TUNING_STARTS} other starts; * marks the first or "
        "last of those tried. A mini-batch training's loss is the mean over the steps of an epoch, "
        "which runs behind. A training fails after so "
        f"many epochs, {limits}. An epoch of an algorithm that searches is an iteration."
    )
    return f"{said} {TRIAL_SAID}" if extent.is_trial else said


def write_results(path: Path, extent: Extent) -> None:
    """Train, and write tables, numbers and picture under this name."""
    fields = []
    for problem in SIZES:
        print(f"time to a goal, {problem.name} ...", flush=True)
        fields.append(raced(problem, extent))
    picture(path.with_suffix(".png"), fields)
    parts = [how(extent), three_sizes(fields), *(part(one) for one in fields)]
    records = [_record(one) for field in fields for one in field.raced]
    write_result(path, "Time to a goal, on networks of three sizes", parts, records)


def _record(one: Raced) -> dict[str, Any]:
    return {
        name: "" if isinstance(value, float) and math.isinf(value) else value
        for name, value in asdict(one).items()
    }
