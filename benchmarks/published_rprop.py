"""How many epochs Rprop needs for two encoders and the two spirals, beside what was published.

    python benchmarks/published_rprop.py [--starts 30]

The constants of Riedmiller and Braun (1993): first step 0.1, growth 1.2, shrinking 0.5. A problem
is learned in the first epoch after which every output is within 0.4 of its 0 or 1. The encoder
12-2-12 is trained once more with one thing changed at a time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from encoder_changes import measured_changes, part
from pictures import BLACK, LOOKS, figure, logarithmic
from report import aligned, write_result
from rounds import options
from rprop_tasks import SPIRAL_EPOCHS, Learned, Task, learned, tasks

STARTS = 30
# The four forms of the table, and what the paper calls Rprop first.
FORMS = ("rprop_plus", "rprop_minus", "irprop_plus", "irprop_minus")


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


def write_results(
    path: Path, found: Sequence[Learned], changed: Sequence[Learned], asked: argparse.Namespace
) -> None:
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
    records = [vars(one) for one in (*found, *changed)]
    write_result(path, title, [said, table, others, part(changed)], records)


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
    print("encoder 12-2-12, changed ...", flush=True)
    changed = measured_changes(asked.starts, asked.most_epochs)
    write_results(asked.results / "published_rprop", found, changed, asked)


if __name__ == "__main__":
    main()
