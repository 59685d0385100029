"""How much depends on the first weights: twenty starts, with everything else as it was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from articles_algorithms import TRIAL_SAID, Choice, Extent, how_many, named, trial_label
from articles_noise import UNITS, scores
from articles_problems import SPIRALS, XOR, Problem, heart_disease
from articles_speed import chosen
from pictures import BLACK, GREY, LOOKS, figure, logarithmic
from report import aligned, write_result
from rounds import figures

import chainrule as cr

STARTS, TUNING_STARTS, FIRST_TUNING = 20, 3, 1000
ALGORITHMS = named(
    ("gradient_descent", "momentum", "adam", "irprop_plus", "lbfgs", "levenberg_marquardt")
)
HEART, HEART_EPOCHS = "heart disease", {"steps": 600, "searches": 100, "matrices": 60}
# What is trained from each kind of first weights.
WITH_STARTS = ("adam",)
INITIALIZERS: Mapping[str, Any] = {
    "zeros": "zeros",
    "normal, deviation 0.05": cr.initializer("normal", deviation=0.05),
    "uniform, -1 to 1": cr.initializer("uniform", low=-1.0, high=1.0),
    "lecun_normal": "lecun_normal",
    "he_normal": "he_normal",
    "nguyen_widrow": "nguyen_widrow",
}


@dataclass(frozen=True)
class Started:
    """One training from one start: its lowest loss, and epochs to the goal, infinity if never."""

    problem: str
    setting: str
    constant: str
    start: int
    loss: float
    epochs: float
    share_right: float = math.nan


def of_problem(problem: Problem, extent: Extent) -> list[Started]:
    """Train by every algorithm, and from every kind of first weights, to the problem's goal."""
    choices = chosen(problem, ALGORITHMS, extent)
    settings = {
        label: one.algorithm.settings(one.value, extent.epochs(problem.most[one.algorithm.sort]))
        for label, one in choices.items()
    }
    words = {label: one.words for label, one in choices.items()}
    for label in WITH_STARTS:
        for name, start in INITIALIZERS.items():
            network = problem.network(weights=start)
            settings[f"{label}, {name}"] = {**settings[label], "network": network}
            words[f"{label}, {name}"] = words[label]
    found = problem.compare(settings, extent.seeds(STARTS))
    return [
        Started(
            problem.name,
            one.label,
            words[one.label],
            one.seed,
            min((loss for loss in one.history.get("loss", []) if math.isfinite(loss)),
                default=math.inf),
            found.goal.epoch(one),
        )
        for one in found.trials
    ]  # fmt: skip


def of_heart_disease(extent: Extent) -> list[Started]:
    """Train on the same rows from every start; the loss is that on rows that choose nothing."""
    halves = heart_disease(0)
    order = np.random.default_rng(0).permutation(len(halves.y))
    inner, outer = np.split(order, [len(order) // 5])

    def compared(settings: Mapping[str, Any], seeds: Sequence[int]) -> Any:
        return cr.compare(
            cr.Network(cr.Dense(UNITS, "tanh"), cr.Dense(2)), halves.X[outer], halves.y[outer],
            settings=settings, seeds=list(seeds), validation=(halves.X[inner], halves.y[inner]),
            loss="cross_entropy", dtype="float64", progress=False,
        )  # fmt: skip

    due = {
        trial_label(one, value): one.settings(value, extent.epochs(HEART_EPOCHS[one.sort]))
        for one in ALGORITHMS
        for value in extent.tried(one)
    }
    tried = compared(due, extent.seeds(TUNING_STARTS, FIRST_TUNING))
    losses = {one.label: one.median for one in tried.summaries}
    choices = {
        one.label: Choice(
            one, min(extent.tried(one), key=lambda value: losses[trial_label(one, value)])
        )
        for one in ALGORITHMS
    }
    settings = {label: due[trial_label(one.algorithm, one.value)] for label, one in choices.items()}
    found = []
    for one in compared(settings, extent.seeds(STARTS)).trials:
        loss, right = scores(one.run, halves)
        words = choices[one.label].words
        found.append(Started(HEART, one.label, words, one.seed, loss, math.nan, right))
    return found


def part(name: str, about: str, found: Sequence[Started]) -> str:
    """Return a problem's table."""
    own = [one for one in found if one.problem == name]
    heads = ["setting", "chosen", "lowest", "lower quartile", "median", "upper quartile",
             "highest"]  # fmt: skip
    heads += ["share right"] if name == HEART else ["at the goal", "epochs, of those"]
    lines = [
        _line([one for one in own if one.setting == label])
        for label in dict.fromkeys(one.setting for one in own)
    ]
    return f"## {name}: {about}\n\n{aligned(heads, lines)}"


def _line(group: Sequence[Started]) -> list[str]:
    losses = np.sort([one.loss for one in group])
    quantiles = np.quantile(losses, (0.0, 0.25, 0.5, 0.75, 1.0), method="nearest")
    cells = [group[0].setting, group[0].constant, *(figures(float(one)) for one in quantiles)]
    if group[0].problem == HEART:
        right = [one.share_right for one in group]
        return [*cells, f"{min(right):.1%} to {max(right):.1%}"]
    epochs = [one.epochs for one in group if math.isfinite(one.epochs)]
    spread = f"{min(epochs):,.0f} to {max(epochs):,.0f}" if epochs else "-"
    return [*cells, f"{len(epochs)} of {len(group)}", spread]


def picture(path: Path, found: Sequence[Started]) -> None:
    """Draw the loss of every start."""
    problems = list(dict.fromkeys(one.problem for one in found))
    with figure(path, 13, 4.4) as drawn:
        for panel, name in zip(drawn.subplots(1, len(problems)), problems, strict=True):
            own = [one for one in found if one.problem == name]
            labels = list(dict.fromkeys(one.setting for one in own))[::-1]
            for place, label in enumerate(labels):
                losses = [max(one.loss, 1e-4) for one in own if one.setting == label]
                heights = place + np.linspace(-0.3, 0.3, len(losses))
                panel.plot(losses, heights, ".", color=GREY, markersize=4)
                panel.plot(np.median(losses), place, "o", color=LOOKS["chainrule"][0])
            panel.set_yticks(range(len(labels)), labels, fontsize=7)
            if name == HEART:
                panel.set(title=name, xlabel="test loss")
            else:
                goal = next(one.goals[1] for one in (XOR, SPIRALS) if one.name == name)
                panel.axvline(goal, color=BLACK, linewidth=0.8, linestyle=":")
                panel.set(title=name, xlabel="training loss; dotted: the goal")
                logarithmic(panel.xaxis)
                panel.tick_params(axis="x", which="both", labelsize=8)


def how(extent: Extent) -> str:
    """Say how it was measured."""
    said = (
        f"{STARTS} starts; rows are the same, all of them are in a step, and nothing but the first "
        "weights differs. "
        f"{how_many(ALGORITHMS).capitalize()} values were tried for a rate or a first step from "
        f"{TUNING_STARTS} other starts (* marks the first or last of those tried); those with "
        "another kind of first weights have the value of the usual kind, glorot_uniform. Losses "
        "are the lowest of a training; "
        f"one ends at the goal, {XOR.goals[1]:g} for XOR and {SPIRALS.goals[1]:g} for the spirals. "
        "For heart disease a fixed part of the rows chooses the epoch, and the loss is that on "
        "61 others."
    )
    return f"{said} {TRIAL_SAID}" if extent.is_trial else said


def write_results(path: Path, extent: Extent) -> None:
    """Train, and write tables, numbers and picture under this name."""
    found = []
    for problem in (XOR, SPIRALS):
        print(f"first weights, {problem.name} ...", flush=True)
        found += of_problem(problem, extent)
    print(f"first weights, {HEART} ...", flush=True)
    found += of_heart_disease(extent)
    picture(path.with_suffix(".png"), found)
    parts = [how(extent)]
    parts += [part(one.name, one.about, found) for one in (XOR, SPIRALS)]
    parts.append(part(HEART, "303 patients, 25-16-2, 450 parameters, cross-entropy", found))
    write_result(path, "How much depends on the first weights", parts,
                 [asdict(one) for one in found])  # fmt: skip
