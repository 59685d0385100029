"""What wrong labels and noisy inputs do to each algorithm: the loss on rows without noise.

Noise is in the rows that are learned from, and in those that choose the epoch and the value of the
constant; the rows of the result are as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from articles_algorithms import (
    RPROP_ON_BATCHES,
    TRIAL_SAID,
    Algorithm,
    Choice,
    Extent,
    how_many,
    named,
    trial_label,
)
from articles_problems import TABLES, Array, Halves
from pictures import LOOKS, figure
from report import aligned, write_result
from rounds import figures
from scipy.special import log_softmax

import chainrule as cr
from chainrule.comparison.differences import LEVEL, holm, signed_rank
from chainrule.training.run import Run

SPLITS, STEPS, BATCH_EPOCHS, UNITS = 10, 400, 60, 16
ALGORITHMS = (
    *named(("gradient_descent", "gradient_descent, batches of 32", "momentum",
            "momentum, batches of 32", "adam", "adam, batches of 32", "rprop_plus",
            "irprop_plus", "irprop_minus")),
    RPROP_ON_BATCHES,
)  # fmt: skip
# What the sentence is about, and what it is held against.
RPROP = "irprop_plus"
OTHERS = tuple(one.label for one in ALGORITHMS if "rprop" not in one.name)


@dataclass(frozen=True)
class Noise:
    """A share of labels that are wrong, and the deviation of what is added to inputs."""

    name: str
    labels: float = 0.0
    inputs: float = 0.0

    def of(self, rows: Halves, split: int) -> tuple[Array, Array]:
        """Return the rows that are learned from, with noise; the same for every algorithm."""
        random = np.random.default_rng(10_000 + split)
        wrong = random.permutation(len(rows.y))[: round(self.labels * len(rows.y))]
        y = rows.y.copy()
        y[wrong] = 1 - y[wrong]
        return rows.X + self.inputs * random.normal(size=rows.X.shape), y


CLEAN, MOST = "none", "labels 30 %"
NOISES = (
    Noise(CLEAN),
    Noise("labels 10 %", labels=0.1),
    Noise(MOST, labels=0.3),
    Noise("inputs", inputs=1.0),
)


@dataclass(frozen=True)
class Tested:
    """One training: what its networks of the chosen and of the last epoch say of test rows."""

    table: str
    noise: str
    algorithm: str
    split: int
    constant: str
    epoch: int
    loss: float
    accuracy: float
    last_loss: float
    last_accuracy: float


def epochs_of(algorithm: Algorithm, extent: Extent) -> int:
    """Return epochs that make about as many steps for batches as for all rows."""
    return extent.epochs(BATCH_EPOCHS if algorithm.batch else STEPS)


def network() -> cr.Network:
    return cr.Network(cr.Dense(UNITS, "tanh"), cr.Dense(2))


def compared(rows: tuple[Array, Array], settings: dict[str, dict[str, Any]], split: int,
             keep: str) -> dict[str, Any]:  # fmt: skip
    """Return label -> its training, all with the same start and inner validation rows."""
    found = cr.compare(
        network(), *rows, settings=settings, seeds=[split], validation=0.2, keep=keep,
        loss="cross_entropy", dtype="float64", progress=False,
    )  # fmt: skip
    return {one.label: one for one in found.trials}


def tested(table: str, noise: Noise, split: int, extent: Extent) -> list[Tested]:
    """Choose each algorithm's value by the inner validation rows, and test what it learned."""
    halves = TABLES[table](split)
    rows = noise.of(halves, split)
    tried = compared(
        rows,
        {
            trial_label(one, value): one.settings(value, epochs_of(one, extent))
            for one in ALGORITHMS
            for value in extent.tried(one)
        },
        split,
        "best",
    )
    choices = {
        one.label: Choice(
            one, min(extent.tried(one), key=lambda value: tried[trial_label(one, value)].loss)
        )
        for one in ALGORITHMS
    }
    settings = {
        label: one.algorithm.settings(one.value, epochs_of(one.algorithm, extent))
        for label, one in choices.items()
    }
    last = compared(rows, settings, split, "last")
    found = []
    for label, one in choices.items():
        best = tried[trial_label(one.algorithm, one.value)]
        numbers = [number for trial in (best, last[label]) for number in scores(trial.run, halves)]
        epoch = best.run.best_epoch
        found.append(Tested(table, noise.name, label, split, one.words, epoch, *numbers))
    return found


def scores(run: Run, halves: Halves) -> tuple[float, float]:
    """Return the cross-entropy and the share right of a run's network on the test rows."""
    outputs = log_softmax(np.asarray(run.network(halves.X_test), np.float64), axis=1)
    every = np.arange(len(halves.y_test))
    right = outputs.argmax(axis=1) == halves.y_test
    return float(-outputs[every, halves.y_test].mean()), float(right.mean())


def middle(found: Sequence[Tested], which: str, **only: str) -> float:
    """Return the median over splits of a number."""
    return float(np.median(list(by_split(found, which, **only).values())))


def by_split(found: Sequence[Tested], which: str, **only: str) -> dict[int, float]:
    """Return split -> a number of the trainings that are asked for."""
    return {
        one.split: getattr(one, which)
        for one in found
        if all(getattr(one, name) == value for name, value in only.items())
    }


def rises(found: Sequence[Tested], label: str, which: str = "loss") -> np.ndarray:
    """Return split by split how much higher the loss is with 30 % of the labels wrong."""
    clean, noisy = (by_split(found, which, algorithm=label, noise=noise) for noise in (CLEAN, MOST))
    return np.array([noisy[split] - clean[split] for split in clean])


def part(table: str, found: Sequence[Tested]) -> str:
    """Return a table's results, and what the test says of the rise."""
    own = [one for one in found if one.table == table]
    texts = [f"## {table}"]
    for which, said in (("", "The network of the epoch that the inner rows chose"),
                        ("last_", "The network of the last epoch")):  # fmt: skip
        lines = [_line(own, one.label, which) for one in ALGORITHMS]
        heads = ["algorithm", *(f"noise: {one.name}" for one in NOISES), "rise by 30 %"]
        texts.append(f"{said}: test loss (share right).\n\n{aligned(heads, lines)}")
    return "\n\n".join([*texts, _beside(own)])


def _line(own: Sequence[Tested], label: str, which: str) -> list[str]:
    cells = [label]
    for noise in NOISES:
        loss, share = (
            middle(own, f"{which}{what}", algorithm=label, noise=noise.name)
            for what in ("loss", "accuracy")
        )
        cells.append(f"{figures(loss)} ({share:.1%})")
    cells.append(figures(float(np.median(rises(own, label, f"{which}loss")))))
    return cells


def _beside(own: Sequence[Tested]) -> str:
    """Return how the rise of Rprop compares with that of the others, by a test over splits."""
    ours = rises(own, RPROP)
    probabilities = [signed_rank(ours, rises(own, label)) for label in OTHERS]
    lines = []
    for label, corrected in zip(OTHERS, holm(probabilities), strict=True):
        theirs = rises(own, label)
        verdict = "more than the spread" if corrected <= LEVEL else "within the spread"
        apart = figures(float(np.median(ours - theirs)))
        smaller = f"{int((ours < theirs).sum())} of {len(ours)}"
        lines.append([label, smaller, apart, f"{corrected:.3f}", verdict])
    heads = ["beside", f"rise of {RPROP} is smaller", "median difference", "p", "it is"]
    return (
        f"The rise of {RPROP} beside that of others, split by split (Wilcoxon's signed rank test, "
        f"Holm's correction).\n\n{aligned(heads, lines)}"
    )


def picture(path: Path, found: Sequence[Tested]) -> None:
    """Draw the median test loss against wrong labels, of the chosen and of the last epoch."""
    tables = list(dict.fromkeys(one.table for one in found))
    shown = ("gradient_descent", "momentum", "adam", "adam, batches of 32", RPROP,
             RPROP_ON_BATCHES.label)  # fmt: skip
    labels = [one for one in NOISES if not one.inputs]
    with figure(path, 11, 3.6 * len(tables)) as drawn:
        panels = drawn.subplots(len(tables), 2, squeeze=False)
        for table, pair in zip(tables, panels, strict=True):
            own = [one for one in found if one.table == table]
            for panel, which, said in zip(
                pair, ("loss", "last_loss"), ("chosen epoch", "last epoch"), strict=True
            ):
                for label, (colour, marker) in zip(shown, LOOKS.values(), strict=True):
                    losses = [middle(own, which, algorithm=label, noise=one.name)
                              for one in labels]  # fmt: skip
                    panel.plot([100 * one.labels for one in labels], losses, color=colour,
                               marker=marker, label=label)  # fmt: skip
                panel.set(title=f"{table}, {said}", xlabel="% of labels wrong",
                          ylabel="test loss")  # fmt: skip
        drawn.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center",
                     ncols=3, frameon=False)  # fmt: skip


def how(extent: Extent) -> str:
    """Say how it was measured."""
    said = (
        f"Medians over {SPLITS} splits, cross-entropy, {UNITS} hidden units, float64. A fifth of "
        "the rows that are learned from chooses the epoch and one of "
        f"{how_many(ALGORITHMS)} values of the constant; they are as noisy as the others. What is "
        "tested has no noise, and chose nothing. The last "
        f"epoch is that after {STEPS} steps, or {BATCH_EPOCHS} epochs of batches of 32. Inputs: "
        "noise of the deviation of an input is added to each. Splits share rows, and are not "
        "independent of each other."
    )
    return f"{said} {TRIAL_SAID}" if extent.is_trial else said


def write_results(path: Path, extent: Extent) -> None:
    """Train, and write tables, numbers and picture under this name."""
    found = []
    for table in TABLES:
        print(f"noise, {table} ...", flush=True)
        for noise in NOISES:
            for split in extent.seeds(SPLITS):
                found += tested(table, noise, split, extent)
    picture(path.with_suffix(".png"), found)
    parts = [how(extent), *(part(table, found) for table in TABLES)]
    write_result(path, "Wrong labels, noisy inputs", parts, [asdict(one) for one in found])
