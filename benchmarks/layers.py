"""How long a training step takes with convolutions and an LSTM, beside PyTorch and JAX.

    python benchmarks/layers.py [--dtype float64] [--works 1 2 3] [--rounds 9]

As ``speed.py`` does it: the same weights, the same rows, as many updates, a new order in every
epoch, in turns. README.md beside this script says what is done for whom.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from contestants import OURS, Place, all_of
from layers_works import LAYER_WORKS, LayerWork, layer_problem
from rounds import measure, options, peers_of
from speed import agreed_losses, fixed_costs
from speed_pages import write_results
from speed_results import FIRST_CALLS, Result, Settings

SIDES = {
    OURS: "our_layers_side:OurLayers",
    "PyTorch eager": "torch_layers_side:EagerLayers",
    "PyTorch compiled": "torch_layers_side:CompiledLayers",
    "JAX scan": "jax_layers_side:ScanLayers",
}


def places(work: LayerWork, settings: Settings) -> list[Place]:
    """Return every contestant with each number of threads; ours has its own way with threads.

    An LSTM is not compiled by PyTorch: unrolled by hand, its graph takes minutes to compile.
    """
    kinds = {part[0] for part in work.parts}
    names = [one for one in settings.peers if not ("lstm" in kinds and one == "PyTorch compiled")]
    beside = [Place(name, count, SIDES[name]) for name in names for count in settings.threads]
    return [Place(OURS, side=SIDES[OURS]), *beside]


def measured(work: LayerWork, settings: Settings) -> Result:
    """Time one work; every contestant gets a fresh Python."""
    made = layer_problem(work)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        made.save(path)
        first_call, later_call = fixed_costs(path, settings.first_calls, SIDES[OURS])
        with all_of(places(work, settings)) as contestants:
            for one in contestants:
                one.prepare(path)
            losses = agreed_losses(work, contestants)
            timings = measure(contestants, work.steps_per_epoch, settings.rounds, settings.seconds)
            memory = {one.place.label: float(one.ask("memory").given) for one in contestants}
            engine = str(contestants[0].ask("engine").given)
    first_loss = made.loss(made.weights)
    return Result(work, timings, losses, first_loss, memory, engine, first_call, later_call)


def chosen_works(numbers: Sequence[int], dtype: Any, rows: int) -> list[LayerWork]:
    """Return the works of these numbers, with at most so many rows where asked."""
    works = [replace(LAYER_WORKS[number - 1], dtype=dtype) for number in numbers]
    return [replace(one, rows=min(one.rows, rows or one.rows)) for one in works]


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("How long a step takes with layers beyond dense, beside peers.")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--rows", type=int, default=0, help="at most so many rows")
    numbers = range(1, len(LAYER_WORKS) + 1)
    parser.add_argument("--works", type=int, nargs="+", choices=numbers, default=list(numbers))
    parser.add_argument("--first-calls", type=int, default=FIRST_CALLS, help="for the fixed cost")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    found, missing = peers_of(asked)
    peers = tuple(one for one in found if one in SIDES)
    settings = Settings(asked.rounds, asked.seconds, tuple(asked.threads), peers, asked.first_calls)
    results = []
    for work in chosen_works(asked.works, asked.dtype, asked.rows):
        print(f"{work.name}, {work.dtype} ...", flush=True)
        results.append(measured(work, settings))
    title = f"Training speed of layers beyond dense, Adam, {asked.dtype}"
    missing = [one for one in missing if not one.startswith("scikit-learn")]
    write_results(asked.results / f"layers_{asked.dtype}", results, settings, missing, title)


if __name__ == "__main__":
    main()
