"""What blocks of one's own cost: the same works with an activation, a loss and an optimizer from
outside the package (blocks_side.py) in the place of the built-in ones.

    python benchmarks/own_blocks.py [--works 1 2 5] [--rounds 9]

The time of an update alone is what a step takes longer than with plain gradient descent.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from comparisons import Comparison, write_comparisons
from contestants import Place, all_of
from rounds import Timings, figures, how_timed, measure, options
from works import WORKS, Work, problem

BUILT_IN, OPTIMIZER, DESCENT = "built in", "own optimizer", "plain descent"
EVERYTHING = "all three own"
VARIANTS = {
    BUILT_IN: "our_side:Ours",
    "own activation": "blocks_side:OwnActivation",
    "own loss": "blocks_side:OwnLoss",
    "own loss, a plain function": "blocks_side:PlainLoss",
    OPTIMIZER: "blocks_side:OwnOptimizer",
    EVERYTHING: "blocks_side:OwnEverything",
    DESCENT: "blocks_side:PlainDescent",
}
UPDATE = "the update alone"
BAR, UPDATE_BAR = 1.3, 1.6
NO_BAR = ("own loss, a plain function",)


def measured(work: Work, rounds: int, seconds: float) -> list[Timings]:
    """Return the timings of every variant of one work."""
    places = [Place(name, side=side) for name, side in VARIANTS.items()]
    with tempfile.TemporaryDirectory() as folder, all_of(places) as contestants:
        path = Path(folder) / "problem.npz"
        problem(work).save(path)
        for one in contestants:
            one.prepare(path)
        return measure(contestants, work.steps_per_epoch, rounds, seconds)


def found_ratios(timings: Sequence[Timings]) -> dict[str, list[float]]:
    """Return the ratio of each variant to the built-in one, round by round, and the update's."""
    times = {one.place.name: np.array(one.microseconds) for one in timings}
    found = {
        name: (taken / times[BUILT_IN]).tolist()
        for name, taken in times.items()
        if name not in (BUILT_IN, DESCENT)
    }
    update = (times[OPTIMIZER] - times[DESCENT]) / (times[BUILT_IN] - times[DESCENT])
    return {**found, UPDATE: update.tolist()}


def bar_of(name: str) -> float | None:
    """Return how many times as long a variant may take."""
    return None if name in NO_BAR else UPDATE_BAR if name == UPDATE else BAR


def comparisons(work: Work, timings: Sequence[Timings]) -> list[Comparison]:
    """Return every variant of one work beside the built-in one."""
    medians = {one.place.name: one.median for one in timings}
    found = []
    for name, ratios in found_ratios(timings).items():
        taken = medians.get(name, medians[OPTIMIZER] - medians[DESCENT])
        more = {
            "work": work.name,
            "variant": name,
            "microseconds": taken,
            "built_in_microseconds": medians[BUILT_IN],
        }
        label = f"{work.name}: {name}"
        found.append(Comparison(label, ratios, bar_of(name), [figures(taken)], more))
    return found


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    classes = [number for number, one in enumerate(WORKS, 1) if one.task == "classes"]
    parser = options("What blocks of one's own cost.")
    parser.add_argument("--works", type=int, nargs="+", choices=classes, default=[1, 2, 5])
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    found = []
    for work in (WORKS[number - 1] for number in asked.works):
        print(f"{work.name}, with blocks of one's own ...", flush=True)
        found += comparisons(work, measured(work, asked.rounds, asked.seconds))
    title = "Blocks of one's own beside the built-in ones"
    heads = ["work and what is not built in", "us", "times the built-in"]
    how = how_timed(asked.rounds, asked.seconds)
    write_comparisons(asked.results / "own_blocks", title, how, heads, found)


if __name__ == "__main__":
    main()
