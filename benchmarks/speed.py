"""How long a training step takes, beside PyTorch, scikit-learn and JAX.

    python benchmarks/speed.py [--dtype float64] [--batch 1] [--works 1 2] [--rounds 9]

Every contestant trains the same networks from the same weights on the same rows, with as many
updates and a new order in every epoch. README.md beside this script says what is done for whom.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from contestants import OURS, PRODUCTS, Contestant, Place, all_of
from rounds import measure, options, peers_of
from speed_pages import write_results
from speed_results import FIRST_CALLS, AnyWork, Result, Settings
from works import WORKS, Work, problem

# Losses are compared after about so many updates.
AGREED_STEPS = 300


def measured(work: Work, settings: Settings) -> Result:
    """Time one work; every contestant gets a fresh Python, so that its memory is that of the
    work."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        made = problem(work)
        made.save(path)
        first_call, later_call = fixed_costs(path, settings.first_calls)
        with all_of(settings.places) as contestants:
            for one in contestants:
                one.prepare(path)
            losses = agreed_losses(work, contestants)
            timings = measure(contestants, work.steps_per_epoch, settings.rounds, settings.seconds)
            memory = {one.place.label: float(one.ask("memory").given) for one in contestants}
            engine = str(contestants[0].ask("engine").given)
    first_loss = made.loss(list(made.weights))
    return Result(work, timings, losses, first_loss, memory, engine, first_call, later_call)


def agreed_losses(work: AnyWork, contestants: Sequence[Contestant]) -> dict[str, float]:
    """Return every contestant's loss after the same number of epochs."""
    epochs = max(1, round(AGREED_STEPS / work.steps_per_epoch))
    return {
        one.place.label: float(one.ask("loss", epochs).given)
        for one in contestants
        if one.place.name != PRODUCTS
    }


def fixed_costs(path: Path, first_calls: int, side: str = "") -> tuple[float, float]:
    """Return the seconds of a first call and of a later one, the median over fresh Pythons."""
    taken = []
    for _ in range(first_calls):
        with all_of([Place(OURS, side=side)]) as (ours,):
            taken.append(ours.ask("fixed_cost", str(path)).given)
    first, later = np.median(np.array(taken), axis=0)
    return float(first), float(later)


def chosen_works(numbers: Sequence[int], dtype: Any, batch: int | None, rows: int) -> list[Work]:
    """Return the works of these numbers, in another type or with other batches where asked."""
    found = []
    for number in numbers:
        work = replace(WORKS[number - 1], dtype=dtype)
        if batch is not None:
            # Steps of so few rows are many; the full-batch work does not need all of its own.
            work = replace(work, batch=batch, rows=min(work.rows, 1000))
        found.append(replace(work, rows=min(work.rows, rows)) if rows else work)
    return found


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("How long a training step takes, beside peers.")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--batch", type=int, help="rows in a step, instead of each work's own")
    parser.add_argument("--rows", type=int, default=0, help="at most so many rows")
    numbers = range(1, len(WORKS) + 1)
    parser.add_argument("--works", type=int, nargs="+", choices=numbers, default=list(numbers))
    parser.add_argument("--first-calls", type=int, default=FIRST_CALLS, help="for the fixed cost")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    peers, missing = peers_of(asked)
    settings = Settings(
        asked.rounds, asked.seconds, tuple(asked.threads), tuple(peers), asked.first_calls
    )
    results = []
    for work in chosen_works(asked.works, asked.dtype, asked.batch, asked.rows):
        print(f"{work.name}, {work.dtype} ...", flush=True)
        results.append(measured(work, settings))
    name, title = f"speed_{asked.dtype}", f"Training speed, Adam, {asked.dtype}"
    if asked.batch is not None:
        name, title = f"{name}_batch_{asked.batch}", f"{title}, batch {asked.batch}"
    write_results(asked.results / name, results, settings, missing, title)


if __name__ == "__main__":
    main()
