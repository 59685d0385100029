"""What an iteration of Levenberg-Marquardt costs, and how long sinc(10x) takes, beside others.

    python benchmarks/levenberg_marquardt.py [--parts iteration sinc] [--starts 20] [--rounds 9]

An iteration, 8-20-1 tanh on 2,000 rows in float64: beside J'J and one Cholesky factor of that size
alone, torch-levenberg-marquardt, SciPy's MINPACK with our Jacobian, and optimistix, where these are
installed. sinc(10x), 1-20-1 on 20,000 points of [-1, 1]: from the same starts to a loss of 1e-8,
ours on all rows and on a sample that grows.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pictures
from comparisons import Comparison, write_comparisons
from contestants import OURS, Contestant, Place, all_of
from report import aligned, write_csv, write_page
from rounds import Timings, figures, how_timed, measure, options
from squares_sides import BLOCK, STALLED_LOOKS
from works import Problem, Work

GROWING = f"{OURS}, growing sample"
ALONE, TORCH_LM = "J'J and Cholesky alone", "torch-levenberg-marquardt"
# name -> its side, what it needs, and the most that our time may be as a share of its own
PEERS: dict[str, tuple[str, tuple[str, ...], float]] = {
    ALONE: ("squares_sides:Equations", ("scipy",), 1.4),
    TORCH_LM: ("squares_sides:TorchLM", ("torch", "torch_levenberg_marquardt"), 1 / 8),
    "SciPy least_squares": ("squares_sides:SciPy", ("scipy",), 1 / 10),
    "optimistix": ("squares_sides:Optimistix", ("jax", "optimistix"), 1 / 20),
}
ITERATION = Work((8, 20, 1), "tanh", None, rows=2000, task="numbers", dtype="float64")
SINC = Work((1, 20, 1), "tanh", None, rows=20_000, task="numbers", dtype="float64")
GOAL = 1e-8


def first_weights(work: Work, seed: int) -> tuple[Any, ...]:
    """Return the weights that chainrule starts from."""
    import chainrule as cr

    layers = [cr.Dense(size, "tanh") for size in work.sizes[1:-1]]
    network = cr.Network(cr.Input(work.sizes[0]), *layers, cr.Dense(work.sizes[-1]), seed=seed)
    return tuple(one.astype(np.float64) for one in network.parameters.values())


def iteration_problem(work: Work) -> Problem:
    """Return outputs of another such network with noise, which no iteration comes to an end of."""
    random = np.random.default_rng(0)
    X = random.uniform(-1.0, 1.0, (work.rows, work.sizes[0]))
    first, second = random.normal(size=work.sizes[:2]), random.normal(size=work.sizes[1:])
    y = np.tanh(X @ first + random.normal(size=work.sizes[1])) @ second / 4.0
    y = y + 0.1 * random.normal(size=y.shape)
    return Problem(work, X, y, first_weights(work, 0))


def sinc_problem(work: Work, seed: int) -> Problem:
    """Return sin(10 pi x) / (10 pi x) on even points, and the first weights of a seed."""
    X = np.linspace(-1.0, 1.0, work.rows)[:, None]
    return Problem(work, X, np.sinc(10.0 * X), first_weights(work, seed))


def present(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the peers that can start here, and a sentence for each that cannot."""
    can, cannot = [], []
    for name in names:
        missing = [one for one in PEERS[name][1] if importlib.util.find_spec(one) is None]
        if missing:
            cannot.append(f"{name} is left out: {' and '.join(missing)} cannot be imported.")
        else:
            can.append(name)
    return can, cannot


# ---- an iteration ----


def iterations_compared(
    names: Sequence[str], threads: Sequence[int], rows: int, rounds: int, seconds: float
) -> list[Comparison]:
    """Time everybody in turns; the better number of threads counts for each peer."""
    places = [Place(OURS, side="squares_sides:Ours")]
    places += [Place(name, count, PEERS[name][0]) for name in names for count in threads]
    with tempfile.TemporaryDirectory() as folder, all_of(places) as contestants:
        path = Path(folder) / "problem.npz"
        iteration_problem(replace(ITERATION, rows=rows)).save(path)
        for one in contestants:
            one.prepare(path)
        losses = {one.place.name: _loss_of(one) for one in contestants}
        found = measure(contestants, BLOCK, rounds, seconds)
    ours = found[0]
    compared = []
    for name in names:
        own = [one for one in found if one.place.name == name]
        compared.append(_comparison(ours, min(own, key=lambda one: one.median), losses))
    return compared


def _loss_of(one: Contestant) -> float:
    return math.nan if one.place.name == ALONE else float(one.ask("loss", 1).given)


def _comparison(ours: Timings, other: Timings, losses: dict[str, float]) -> Comparison:
    name = other.place.name
    reached = losses[name]
    return Comparison(
        f"chainrule / {name}",
        np.divide(ours.microseconds, other.microseconds).tolist(),
        PEERS[name][2],
        shown=[
            figures(ours.median),
            f"{figures(other.median)} ({other.place.threads} threads, {other.variant})",
            "" if math.isnan(reached) else f"{losses[OURS]:.3g}, {reached:.3g}",
        ],
        more={
            "microseconds": ours.median,
            "other_microseconds": other.median,
            "threads": other.place.threads,
            "variant": other.variant,
            "loss": losses[OURS],
            "other_loss": reached,
        },
    )


def write_iterations(asked: argparse.Namespace) -> None:
    names, missing = present(asked.beside)
    found = iterations_compared(names, asked.threads, asked.rows, asked.rounds, asked.seconds)
    title = "An iteration of Levenberg-Marquardt"
    how = (
        f"8-20-1 tanh, 201 parameters, {asked.rows:,} rows, float64; blocks of {BLOCK} iterations "
        f"from the same start, `cr.train` with its fixed cost, straight steps as others make them. "
        f"{how_timed(asked.rounds, asked.seconds)} {' '.join(missing)}"
    )
    heads = ["ratio", "us", "us of the other", f"losses after {BLOCK}", "ratio of times"]
    write_comparisons(asked.results / "levenberg_marquardt", title, how.strip(), heads, found)


# ---- sinc(10x) ----


@dataclass(frozen=True)
class Solved:
    """One training from one start."""

    contestant: str
    start: int
    seconds: float
    loss: float
    iterations: int

    @property
    def reached(self) -> bool:
        """Whether the goal was reached."""
        return self.loss < GOAL


def solved_from(
    starts: int, most: float, threads: Sequence[int], rows: int, batches: Sequence[int]
) -> list[Solved]:
    """Train from every start, everybody in turns; PyTorch with each size of batch, 0 for all."""
    places = [Place(OURS, side="squares_sides:Ours")]
    places.append(Place(GROWING, side="squares_sides:OursGrowing"))
    if batches:
        places += [Place(TORCH_LM, count, PEERS[TORCH_LM][0]) for count in threads]
    work = replace(SINC, rows=rows)
    found = []
    with tempfile.TemporaryDirectory() as folder, all_of(places) as contestants:
        path = Path(folder) / "problem.npz"
        sinc_problem(work, 0).save(path)
        ours, growing, *others = contestants
        for one in others:
            one.prepare(path)
        # The number of threads in which a block takes the least time.
        others = sorted(others, key=lambda one: one.ask("train", 1).seconds)[:1]
        for start in range(starts):
            sinc_problem(work, start).save(path)
            asked: list[tuple[str, Contestant, tuple[int, ...]]] = [
                (OURS, ours, ()),
                (GROWING, growing, ()),
            ]
            for one in others:
                for size in batches:
                    of_rows = f"batches of {size:,}" if size else "all rows"
                    asked.append((f"{TORCH_LM}, {of_rows}", one, (min(size, rows),)))
            for name, one, batch in asked[start % len(asked) :] + asked[: start % len(asked)]:
                given = one.ask("solve", str(path), GOAL, most, *batch).given
                found.append(Solved(name, start, **given))
                print(f"start {start}, {name}: {given}", flush=True)
    return found


def write_sinc(asked: argparse.Namespace) -> None:
    can, missing = present([one for one in asked.beside if one == TORCH_LM])
    batches = asked.batches if can else []
    found = solved_from(asked.starts, asked.most_seconds, asked.threads, asked.sinc_rows, batches)
    lines, strips = [], []
    for name in dict.fromkeys(one.contestant for one in found):
        own = [one for one in found if one.contestant == name]
        reached = [one.seconds for one in own if one.reached]
        # One that never gets there takes for ever, so that the median may be for ever.
        median = float(np.median([one.seconds if one.reached else math.inf for one in own]))
        lines.append(
            [
                name,
                f"{len(reached)} of {len(own)}",
                f"{median:.2f}" if math.isfinite(median) else "not reached",
                f"{np.median([one.seconds for one in own]):.2f}",
                f"{np.median([one.iterations for one in own]):.0f}",
                f"{np.median([one.loss for one in own]):.2g}",
            ]
        )
        is_ours = name in (OURS, GROWING)
        strips.append(pictures.Strip(name, [one.seconds for one in own], ours=is_ours))
    path = asked.results / "levenberg_marquardt_sinc"
    title = "sinc(10x) by Levenberg-Marquardt"
    heads = ["contestant", "reach 1e-8", "median s to 1e-8", "median s spent", "steps", "loss"]
    how = (
        f"1-20-1 tanh, {asked.sinc_rows:,} points on [-1, 1], {asked.starts} starts, the same for "
        f"all, at most {asked.most_seconds:g} s each. A peer has stalled where its best loss has "
        f"not fallen by 1 % in {STALLED_LOOKS} epochs. Steps of chainrule "
        "are epochs; on a sample, which has 1,000 rows at first, an epoch makes several. "
        f"{' '.join(missing)}"
    )
    pictures.strips(path.with_suffix(".png"), title, "seconds spent", strips)
    write_csv(
        path.with_suffix(".csv"), [{**vars(one), "reached": int(one.reached)} for one in found]
    )
    parts = [how.strip(), aligned(heads, lines), f"![{title}]({path.name}.png)"]
    write_page(path.with_suffix(".md"), title, parts)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("Levenberg-Marquardt: an iteration, and sinc(10x) to 1e-8.")
    parts = ("iteration", "sinc")
    parser.add_argument("--parts", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--beside", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--rows", type=int, default=ITERATION.rows, help="rows of an iteration")
    parser.add_argument("--starts", type=int, default=20, help="first weights for sinc")
    parser.add_argument("--sinc-rows", type=int, default=SINC.rows, help="points of sinc")
    parser.add_argument(
        "--batches", nargs="+", type=int, default=[1000], help="the peer's, for sinc; 0: all rows"
    )
    parser.add_argument("--most-seconds", type=float, default=120.0, help="for one training")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    if "iteration" in asked.parts:
        write_iterations(asked)
    if "sinc" in asked.parts:
        write_sinc(asked)


if __name__ == "__main__":
    main()
