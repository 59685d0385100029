"""How many epochs Rprop needs for two encoders and the two spirals, beside what was published.

    python benchmarks/published_rprop.py [--starts 30]

The constants of Riedmiller and Braun (1993): first step 0.1, growth 1.2, shrinking 0.5. A problem
is learned in the first epoch after which every output is within 0.4 of its 0 or 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pictures import BLACK, LOOKS, figure, logarithmic
from published_problems import ENCODERS, SPIRALS_PUBLISHED, Rows, two_spirals
from report import aligned, write_result
from rounds import options

import chainrule as cr

STARTS = 30
CLOSE = 0.4
# The four forms of the table, and what the paper calls Rprop first.
FORMS = ("rprop_plus", "rprop_minus", "irprop_plus", "irprop_minus")
ENCODER_EPOCHS, SPIRAL_EPOCHS = 5_000, 20_000


@dataclass(frozen=True)
class Task:
    """A problem, its network, how long it is tried, and what was published [M]."""

    name: str
    rows: Callable[[], Rows]
    network: Callable[[], cr.Network]
    loss: str
    epochs: int
    rprop: str
    others: str


@dataclass(frozen=True)
class Learned:
    """One training: the epoch after which all outputs were close, 0 where they never were."""

    task: str
    form: str
    start: int
    epochs: int


def encoder(sizes: Sequence[int]) -> cr.Network:
    """Return a network of sigmoid units; weights begin between -1 and 1."""
    start = cr.initializer("uniform", low=-1.0, high=1.0)
    layers = [cr.Dense(size, "sigmoid", weights=start, bias=start) for size in sizes[1:]]
    return cr.Network(*layers)


def shortcuts() -> cr.Network:
    """Return the network of Lang and Witbrock (1988): 2-5-5-5-1, each layer sees all before it."""
    seen = [cr.Input(2)]
    for _ in range(3):
        before = seen[0] if len(seen) == 1 else cr.Concatenate()(*seen)
        seen.append(cr.Dense(5, "tanh")(before))
    return cr.Network(inputs=seen[:1], outputs=[cr.Dense(1, "sigmoid")(cr.Concatenate()(*seen))])


def tasks() -> list[Task]:
    """Return the two encoders and the spirals."""
    found = [
        Task(
            f"encoder {one.name}",
            lambda size=one.sizes[0]: (np.eye(size), np.eye(size)),
            lambda sizes=one.sizes: encoder(sizes),
            "half_squared_error",
            ENCODER_EPOCHS,
            one.rprop,
            one.others,
        )
        for one in ENCODERS
    ]
    spirals = "two spirals, 2-5-5-5-1"
    return [
        *found,
        Task(
            spirals, two_spirals, shortcuts, "half_squared_error", SPIRAL_EPOCHS, "-",
            SPIRALS_PUBLISHED,
        ),
    ]  # fmt: skip


def largest_miss(truth: Any, predicted: Any) -> Any:
    """How far the worst output is from its 0 or 1."""
    return np.abs(truth - predicted).max()


def learned(task: Task, form: str, start: int, most: int) -> Learned:
    """Train once, with a look at all outputs after every epoch."""
    X, wanted = task.rows()
    ended = Close()
    run = cr.train(
        task.network(), X, wanted, loss=task.loss, optimizer=form, epochs=min(task.epochs, most),
        batch_size=None, dtype="float64", validation=(X, wanted), keep="last",
        metrics=[largest_miss], on_epoch=ended, seed=start, readings=0, progress=False,
    )  # fmt: skip
    misses = np.array(run.history["validation_largest_miss"])
    close = np.flatnonzero(misses < CLOSE)
    return Learned(task.name, form, start, int(close[0]) + 1 if close.size else 0)


class Close:
    """A hook that ends a training once all outputs are close."""

    def __call__(self, progress: Any) -> None:
        if progress.recorded["validation_largest_miss"][-1] < CLOSE:
            progress.stop()


def lines(task: Task, found: Sequence[Learned], forms: Sequence[str]) -> list[list[str]]:
    """Return the lines of one problem, one for each form."""
    made = []
    for form in forms:
        own = [one.epochs for one in found if (one.task, one.form) == (task.name, form)]
        there = [one for one in own if one]
        quartiles = np.quantile(there, (0.25, 0.5, 0.75)) if there else ()
        numbers = [f"{one:,.0f}" for one in quartiles] or ["-"] * 3
        mean = f"{np.mean(there):,.0f}" if there else "-"
        published = task.rprop if form == FORMS[0] else ""
        failed = f"{len(own) - len(there)} of {len(own)}"
        made.append([task.name, form, mean, *numbers, failed, published])
    return made


def picture(path: Path, found: Sequence[Learned], forms: Sequence[str]) -> None:
    """Draw the epochs of every start, for each problem and form."""
    names = list(dict.fromkeys(one.task for one in found))
    with figure(path, 3.8 * len(names), 1.4 + 0.5 * len(forms)) as drawn:
        for panel, name in zip(drawn.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            for place, form in enumerate(reversed(forms)):
                epochs = [one.epochs for one in found if (one.task, one.form) == (name, form)]
                there = [one for one in epochs if one]
                panel.plot(there, [place] * len(there), "|", color=LOOKS["chainrule"][0])
            panel.set_yticks(range(len(forms)), list(reversed(forms)))
            task = next(one for one in tasks() if one.name == name)
            panel.set(title=name, xlabel="epochs")
            if task.rprop.isdigit():
                panel.axvline(float(task.rprop), color=BLACK, linestyle=":")
                panel.set(xlabel="epochs; dotted: Rprop as published [M]")
            panel.set(xlim=(10.0, task.epochs), ylim=(-0.6, len(forms) - 0.4))
            logarithmic(panel.xaxis)


def write_results(path: Path, found: Sequence[Learned], asked: argparse.Namespace) -> None:
    """Write table, numbers and picture under this name."""
    heads = [
        "problem", "form", "mean epochs", "lower quartile", "median", "upper quartile", "failed",
        "published [M]",
    ]  # fmt: skip
    due = [one for one in tasks() if one.name in {each.task for each in found}]
    table = aligned(heads, [line for task in due for line in lines(task, found, asked.forms)])
    said = (
        f"{asked.starts} starts; all rows in a step, half the squared error, sigmoid outputs. "
        "Weights of the encoders begin between -1 and 1. Means and quartiles are over the starts "
        "that learned the problem; the others failed. Figures marked [M] are given from memory "
        "and were not verified."
    )
    if asked.starts < STARTS:
        said += f" This is a trial: a result takes {STARTS} starts."
    others = "\n".join(f"- {task.name}, published [M]: {task.others}" for task in due)
    picture(path.with_suffix(".png"), found, asked.forms)
    title = "Epochs that Rprop needs"
    write_result(path, title, [said, table, others], [vars(one) for one in found])


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("Epochs of Rprop beside published ones.")
    parser.add_argument("--starts", type=int, default=STARTS, help="starts for each form")
    parser.add_argument("--most-epochs", type=int, default=SPIRAL_EPOCHS, help="at most so many")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    found = []
    for task in tasks():
        print(f"{task.name} ...", flush=True)
        for start in range(asked.starts):
            found += [learned(task, form, start, asked.most_epochs) for form in asked.forms]
    write_results(asked.results / "published_rprop", found, asked)


if __name__ == "__main__":
    main()
