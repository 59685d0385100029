"""How far back layers learn to look: the adding task over 20, 50 and 100 steps.

All of them learn by backpropagation through time. Each has the best of three rates, found from
another start with clipped gradients. The simple layer is also tried as Le, Jaitly and Hinton
propose ("A simple way to initialize recurrent networks of rectified linear units", 2015): relu
units that begin by handing their state on as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from articles_algorithms import TRIAL_SAID, Extent
from memory_learning import BATCH, CLIP, TASKS, UNITS, Array, Task, adding, slopes
from pictures import BLACK, LOOKS, figure
from report import aligned, write_result
from rounds import figures

import chainrule as cr

TIMES = (20, 50, 100)
ROWS, UNSEEN, EPOCHS, SEEDS, TUNING_SEED = 10_000, 1000, 10, 3, 1000
RATES = (0.001, 0.003, 0.01)
IDENTITY = "simple, relu from the identity"
KINDS: Mapping[str, Callable[[], Any]] = {
    "simple, tanh": lambda: cr.Recurrent(UNITS),
    IDENTITY: lambda: cr.Recurrent(UNITS, activation="relu"),
    "LSTM": lambda: cr.LSTM(UNITS, bias="chrono"),
    "GRU": lambda: cr.GRU(UNITS, bias="chrono"),
}


@dataclass(frozen=True)
class Remembered:
    """One training: the error on unseen rows, and the gradient at the first entry.

    The gradient is given as a share of that at the last entry, before and after the training;
    ``solved_after`` counts steps, 0 where the task was not solved.
    """

    time: int
    layer: str
    clipped: bool
    rate: float
    seed: int
    error: float
    lowest_error: float
    solved_after: int
    failed: str
    share_before: float
    share_after: float


def task_of(time: int) -> Task:
    """Return the adding task over so many steps."""
    return replace(TASKS[0], name=f"adding, {time} steps", time=time)


def first_network(task: Task, kind: str, seed: int) -> cr.Network:
    """Return a network by seed."""
    network = cr.Network(
        cr.Input((task.time, task.features)), KINDS[kind](), cr.Dense(task.outputs), seed=seed
    )
    if kind != IDENTITY:
        return network
    kept = {name: np.eye(UNITS) for name in network.parameters if name.endswith(".U")}
    return network.with_parameters({**network.parameters, **kept})


def compared(task: Task, settings: Mapping[str, Any], seed: int, extent: Extent) -> Any:
    """Return the comparison of settings from one start on the rows of a seed."""
    rows = extent.epochs(ROWS)
    unseen = adding(extent.epochs(UNSEEN), task.time, 1_000_000 + seed)
    return cr.compare(
        None, *adding(rows, task.time, seed), settings=settings, seeds=[seed], goal=task.solved,
        validation=unseen, loss=task.loss, epochs=EPOCHS, batch_size=BATCH, keep="last",
        progress=False,
    )  # fmt: skip


def chosen_rates(task: Task, extent: Extent) -> dict[str, float]:
    """Return the rate for each layer with the lowest error from a start of its own."""
    rates = RATES[: extent.values or None]
    settings = {
        f"{kind} {rate:g}": _arguments(task, kind, rate, True, TUNING_SEED)
        for kind in KINDS
        for rate in rates
    }
    found = {one.label: one for one in compared(task, settings, TUNING_SEED, extent).trials}
    return {kind: min(rates, key=lambda rate: found[f"{kind} {rate:g}"].loss) for kind in KINDS}


def _arguments(task: Task, kind: str, rate: float, clipped: bool, seed: int) -> dict[str, Any]:
    return {
        "network": first_network(task, kind, seed),
        "optimizer": cr.Adam(learning_rate=rate),
        "clip_norm": CLIP if clipped else None,
    }


def remembered(time: int, extent: Extent) -> list[Remembered]:
    """Train every layer with and without clipping from each start."""
    task = task_of(time)
    rates = chosen_rates(task, extent)
    due = {
        f"{kind}{', clipped' if clipped else ''}": (kind, clipped)
        for kind in KINDS
        for clipped in (True, False)
    }
    found = []
    for seed in extent.seeds(SEEDS):
        settings = {
            label: _arguments(task, kind, rates[kind], clipped, seed)
            for label, (kind, clipped) in due.items()
        }
        result = compared(task, settings, seed, extent)
        rows = adding(extent.epochs(UNSEEN), time, 1_000_000 + seed)
        for trial in result.trials:
            kind, clipped = due[trial.label]
            found.append(_remembered(task, kind, clipped, rates[kind], trial, result.goal, rows))
    return found


def _remembered(
    task: Task, kind: str, clipped: bool, rate: float, trial: Any, goal: Any,
    rows: tuple[Array, Array],
) -> Remembered:  # fmt: skip
    errors = trial.history.get("validation_loss", [])
    after = goal.epoch(trial)
    steps = -(-trial.run.setup.provenance.rows // BATCH)
    return Remembered(
        task.time,
        kind,
        clipped,
        rate,
        trial.seed,
        trial.loss,
        float(np.nanmin(errors)),
        int(after * steps) if np.isfinite(after) else 0,
        trial.failed or "",
        share(task, first_network(task, kind, trial.seed), rows),
        share(task, trial.run.network, rows),
    )


def share(task: Task, network: cr.Network, rows: tuple[Array, Array]) -> float:
    """Return the gradient at the first entry as a share of that at the last."""
    found = slopes(task, network, *rows)
    return float(found[0] / found[-1])


def line(group: Sequence[Remembered]) -> list[str]:
    """Return a line of the table."""
    errors = [one.error for one in group]
    after = sorted(one.solved_after for one in group if one.solved_after)
    solved = sum(one.error <= TASKS[0].solved for one in group)
    return [
        f"{group[0].time} steps: {group[0].layer}",
        "yes" if group[0].clipped else "no",
        f"{group[0].rate:g}",
        f"{solved} of {len(group)}",
        f"{after[(len(after) - 1) // 2]:,}" if solved else "-",
        figures(float(np.median(errors))),
        f"{figures(min(errors))} to {figures(max(errors))}",
        *(f"{np.median([getattr(one, name) for one in group]):.0e}"
          for name in ("share_before", "share_after")),
    ]  # fmt: skip


def grouped(found: Sequence[Remembered]) -> list[list[Remembered]]:
    """Return the trainings of each length, layer and clipping, one for each seed."""
    keys = list(dict.fromkeys((one.time, one.layer, one.clipped) for one in found))
    return [[one for one in found if (one.time, one.layer, one.clipped) == key] for key in keys]


def picture(path: Path, found: Sequence[Remembered]) -> None:
    """Draw the error on unseen rows against the length of the sequence."""
    with figure(path, 10, 3.8) as drawn:
        panels = drawn.subplots(1, 2, sharey=True)
        for panel, clipped in zip(panels, (True, False), strict=True):
            for (colour, marker), kind in zip(LOOKS.values(), KINDS, strict=False):
                own = [one for one in found if one.layer == kind and one.clipped == clipped]
                times = sorted({one.time for one in own})
                middle = [np.median([one.error for one in own if one.time == time])
                          for time in times]  # fmt: skip
                panel.plot(times, middle, color=colour, label=kind)
                panel.plot([one.time for one in own], [one.error for one in own], marker,
                           color=colour, markersize=5)  # fmt: skip
            for height, said in ((TASKS[0].chance, "chance"), (TASKS[0].solved, "solved below")):
                panel.axhline(height, color=BLACK, linewidth=0.8, linestyle=":")
                panel.text(0.99, height, said, transform=panel.get_yaxis_transform(), ha="right",
                           va="bottom", fontsize=8)  # fmt: skip
            title = "gradients clipped" if clipped else "not clipped"
            panel.set(title=title, xlabel="steps of a sequence", yscale="log", xticks=TIMES)
        panels[0].set_ylabel("mean squared error, unseen rows")
        drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4,
                     frameon=False)  # fmt: skip


def how(extent: Extent) -> str:
    """Say how it was measured."""
    said = (
        f"The adding task (Hochreiter and Schmidhuber, 1997): {UNITS} units, {ROWS:,} sequences, "
        f"Adam, {EPOCHS * ROWS // BATCH:,} steps of {BATCH} rows, {SEEDS} starts; the error is "
        f"that on {UNSEEN:,} unseen ones. Chance is 1/6. Clipped: a gradient has a norm of at most "
        f"{CLIP:g}. The rate is the best of {', '.join(f'{one:g}' for one in RATES)} from another "
        "start. Biases of gates start for times up to the task's own. The gradient is that of a "
        "row's loss at the first entry, as a share of that at the last."
    )
    return f"{said} {TRIAL_SAID}" if extent.is_trial else said


def write_results(path: Path, extent: Extent) -> None:
    """Train, and write table, numbers and picture under this name."""
    found = []
    for time in TIMES if not extent.is_trial else TIMES[:1]:
        print(f"memory, {time} steps ...", flush=True)
        found += remembered(time, extent)
    picture(path.with_suffix(".png"), found)
    heads = ["sequence and layer", "clipped", "rate", "solved", "after steps", "error, median",
             "lowest to highest", "gradient before", "gradient after"]  # fmt: skip
    table = aligned(heads, [line(group) for group in grouped(found)])
    records = [asdict(one) for one in found]
    write_result(path, "What is learned over long times", [how(extent), table], records)
