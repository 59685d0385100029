"""Two tasks of memory: what an LSTM, a GRU and the simple recurrent layer learn, and why.

    python benchmarks/memory_tasks.py [--seeds 3] [--kinds LSTM GRU Recurrent]

Every kind makes the same number of steps on the same rows. The reason is shown beside it: the norm
of the loss's gradient at each entry, which says how much a step can learn from it. The tasks are
described in memory_learning.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from contestants import OURS
from memory_learning import BATCH, CLIP, KINDS, RATE, ROWS, TASKS, UNITS, Learned, Task, learned
from pictures import BLACK, LOOKS, figure
from report import aligned, write_result
from rounds import figures, options

FIRST_SEED, FEWEST_SEEDS = 0, 3
LEAST_SLOPE = 1e-12
COLOURS = {
    kind: LOOKS[name][0]
    for kind, name in zip(KINDS, (OURS, "scikit-learn", "PyTorch eager"), strict=True)
}


def write_results(path: Path, found: Sequence[Learned]) -> None:
    """Write table, numbers and picture under this name."""
    title = "Two tasks of memory"
    picture(path.with_suffix(".png"), found)
    seeds = len({one.seed for one in found})
    said = (
        f"{UNITS} units, Adam {RATE:g}, gradients of a norm of at most {CLIP:g}, batches of "
        f"{BATCH}, the same rows and steps for every kind; errors on unseen rows. Biases of gates "
        "start for times up to the task's own (Tallec, Ollivier 2018). The gradient is that of a "
        "row's loss at an entry, its norm, the mean over rows: at the first entry as a share of "
        "that at the last."
    )
    if seeds < FEWEST_SEEDS:
        said += " This is a trial: a result takes more seeds."
    heads = ["task and layer", "steps", "solved", "error, median", "lowest to highest"]
    heads += ["chance", "solved below", "gradient before", "gradient after"]
    groups = grouped(found)
    table = aligned(heads, [line(one) for one in groups])
    write_result(path, title, [said, table], [record(one) for one in found])


def grouped(found: Sequence[Learned]) -> list[list[Learned]]:
    """Return the trainings of each task and kind, one for each seed."""
    keys = list(dict.fromkeys((one.task.name, one.kind) for one in found))
    return [[one for one in found if (one.task.name, one.kind) == key] for key in keys]


def line(group: Sequence[Learned]) -> list[str]:
    """Return a line of the table."""
    first = group[0]
    errors = [one.errors[-1] for one in group]
    return [
        f"{first.task.name}: {first.kind}",
        f"{first.steps:,}",
        f"{sum(one.solved for one in group)} of {len(group)}",
        figures(float(np.median(errors))),
        f"{figures(min(errors))} to {figures(max(errors))}",
        figures(first.task.chance),
        figures(first.task.solved),
        *(f"{one:.1e}" for one in shares(group)),
    ]


def shares(group: Sequence[Learned]) -> tuple[float, float]:
    """Return the gradient at the first entry as a share of that at the last, before and after."""
    before = [one.slopes_before[0] / one.slopes_before[-1] for one in group]
    after = [one.slopes_after[0] / one.slopes_after[-1] for one in group]
    return float(np.median(before)), float(np.median(after))


def record(one: Learned) -> dict[str, Any]:
    """Return a line of the CSV."""
    return {
        "task": one.task.name,
        "layer": one.kind,
        "seed": one.seed,
        "steps": one.steps,
        "error": one.errors[-1],
        "chance": one.task.chance,
        "solved_below": one.task.solved,
        "solved": one.solved,
        "gradient_first_before": float(one.slopes_before[0]),
        "gradient_last_before": float(one.slopes_before[-1]),
        "gradient_first_after": float(one.slopes_after[0]),
        "gradient_last_after": float(one.slopes_after[-1]),
        "errors": " ".join(f"{error:.4g}" for error in one.errors),
    }


def picture(path: Path, found: Sequence[Learned]) -> None:
    """Draw the errors of every training, and gradients at each entry before and after."""
    tasks = [task for task in TASKS if any(one.task is task for one in found)]
    with figure(path, 12, 3.9 * len(tasks)) as drawn:
        panels = drawn.subplots(len(tasks), 3, squeeze=False)
        for task, (errors, before, after) in zip(tasks, panels, strict=True):
            own = [one for one in found if one.task is task]
            before.sharey(after)
            draw_errors(errors, task, own)
            draw_slopes(before, "Gradient at each entry, before", own, "slopes_before")
            draw_slopes(after, "Gradient at each entry, after", own, "slopes_after")
            # Where less arrives, none of it counts; the numbers are in the CSV.
            after.set_ylim(bottom=max(after.get_ylim()[0], LEAST_SLOPE))
        drawn.legend(
            *panels[0][0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=len(KINDS),
            frameon=False,
        )


def draw_errors(panel: Any, task: Task, found: Sequence[Learned]) -> None:
    """Draw the error on unseen rows over steps, a line for each seed."""
    named = set()
    # A share that is 0 has no place on a logarithmic scale.
    least = task.solved / 30
    for one in found:
        steps = np.linspace(0, one.steps, len(one.errors) + 1)[1:]
        label = None if one.kind in named else one.kind
        named.add(one.kind)
        panel.plot(
            steps, np.maximum(one.errors, least), color=COLOURS[one.kind], label=label, marker="."
        )
    for height, said in ((task.chance, "chance"), (task.solved, "solved below")):
        panel.axhline(height, color=BLACK, linewidth=0.8, linestyle=":")
        along = panel.get_yaxis_transform()
        panel.text(0.99, 1.1 * height, said, transform=along, ha="right", fontsize=8)
    panel.set(title=f"{task.name}: {task.error}".capitalize(), xlabel="steps", yscale="log")
    panel.set_ylim(bottom=0.8 * least)


def draw_slopes(panel: Any, title: str, found: Sequence[Learned], which: str) -> None:
    """Draw the norm of the gradient at each entry, a line for each seed."""
    for one in found:
        slopes = getattr(one, which)
        panel.plot(range(1, len(slopes) + 1), slopes, color=COLOURS[one.kind], linewidth=1.2)
    panel.set(title=title, xlabel="entry", yscale="log")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("Two tasks of memory.")
    parser.add_argument("--seeds", type=int, default=FEWEST_SEEDS, help="how many seeds")
    parser.add_argument("--steps", type=int, default=0, help="instead of each task's own")
    parser.add_argument("--rows", type=int, default=ROWS, help="sequences to learn from")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    found = []
    for task in TASKS:
        for kind in asked.kinds:
            for seed in range(FIRST_SEED, FIRST_SEED + asked.seeds):
                print(f"{task.name}, {kind}, seed {seed} ...", flush=True)
                found.append(learned(task, kind, seed, asked.steps or task.steps, asked.rows))
                print(found[-1].errors[-1], file=sys.stderr, flush=True)
    write_results(asked.results / "memory_tasks", found)


if __name__ == "__main__":
    main()
