"""Many trainings: sixteen at once beside eight in turn, and two Pythons at once beside one alone.

python benchmarks/many.py [--works 1 2] [--rounds 9]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from comparisons import Comparison, write_comparisons
from contestants import OURS, Place, all_of
from many_side import IN_TURN
from rounds import calibrated, how_timed, measure, options
from works import WORKS, Work, problem

MANY_BAR, TWO_BAR = 1.1, 1.2


def sixteen_beside_eight(work: Work, path: Path, rounds: int, seconds: float) -> Comparison:
    """Compare sixteen networks in one call with eight calls, one after another.

    Each of the eight lasts as long as a timing has to: networks are trained, not only set up.
    """
    places = [Place("at once", side="many_side:AtOnce"), Place("in turn", side="many_side:InTurn")]
    with all_of(places) as contestants:
        for one in contestants:
            one.prepare(path)
        long = IN_TURN * seconds
        together, apart = measure(contestants, work.steps_per_epoch, rounds, long)
    ratios = np.divide(together.microseconds, apart.microseconds).tolist()
    return Comparison(f"{work.name}: 16 at once / 8 in turn", ratios, MANY_BAR)


def two_beside_one(work: Work, path: Path, rounds: int, seconds: float) -> Comparison:
    """Compare two Pythons that train at the same time with one alone, both as users start them."""
    ratios = []
    with all_of([Place(OURS), Place(OURS)]) as (one, other):
        for each in (one, other):
            each.prepare(path)
        epochs = calibrated(one, seconds)
        for _ in range(rounds):
            alone = one.ask("train", epochs).seconds
            for each in (one, other):
                each.send("train", epochs)
            ratios.append(max(each.answer().seconds for each in (one, other)) / alone)
    return Comparison(f"{work.name}: two at once / one alone", ratios, TWO_BAR)


def compared(works: Sequence[Work], rounds: int, seconds: float) -> list[Comparison]:
    """Return all comparisons."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        for work in works:
            print(f"{work.name}, several at once ...", flush=True)
            problem(work).save(path)
            found.append(sixteen_beside_eight(work, path, rounds, seconds))
            found.append(two_beside_one(work, path, rounds, seconds))
    return found


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("Many trainings at once.")
    numbers = range(1, len(WORKS) + 1)
    parser.add_argument("--works", type=int, nargs="+", choices=numbers, default=[1, 2])
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    found = compared([WORKS[one - 1] for one in asked.works], asked.rounds, asked.seconds)
    how = how_timed(asked.rounds, asked.seconds)
    heads = ["comparison", "ratio of times"]
    write_comparisons(asked.results / "many", "Many trainings at once", how, heads, found)


if __name__ == "__main__":
    main()
