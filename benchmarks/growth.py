"""How the cost of a step grows with width, depth, rows and batch, beside peers: no cliffs.

python benchmarks/growth.py [--panels batch] [--peers "PyTorch eager" "JAX scan"]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pictures
from contestants import OURS, Contestant, Place, all_of
from report import aligned, write_result
from rounds import better, figures, how_timed, measure, options, peers_of
from works import Work, problem

# Powers of two, and sizes beside them that leave tails.
WIDTHS = (4, 7, 8, 16, 17, 32, 33, 64, 65, 128, 256, 257, 512)
DEPTHS = (1, 2, 3, 4, 6, 8, 12, 16)
ROWS = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
BATCHES = (1, 2, 3, 4, 7, 8, 16, 17, 32, 33, 64, 100, 128, 256, 512, 1024, 2048, 4096)
MEDIUM = (64, 64, 64, 10)


@dataclass(frozen=True)
class Panel:
    """One way to grow: its title, its sizes, and the work of each."""

    title: str
    sizes: tuple[int, ...]
    work: Callable[[int], Work]


PANELS = {
    "width": Panel(
        "width, of two hidden layers, batch 32",
        WIDTHS,
        lambda size: Work((32, size, size, 10), "relu", 32),
    ),
    "depth": Panel(
        "depth, layers of 64, batch 32",
        DEPTHS,
        lambda size: Work((32, *[64] * size, 10), "relu", 32),
    ),
    "rows": Panel(
        "rows in all, 64-64-64-10, batch 32",
        ROWS,
        lambda size: Work(MEDIUM, "relu", 32, rows=size),
    ),
    "batch": Panel(
        "batch, 64-64-64-10, two steps an epoch or more",
        BATCHES,
        lambda size: Work(MEDIUM, "relu", size, rows=max(1000, 2 * size)),
    ),
}
# A step that costs so much more than its arithmetic has grown stands on a cliff.
CLIFF = 1.5


@dataclass(frozen=True)
class Point:
    """What a step of one size costs a contestant."""

    panel: str
    contestant: str
    size: int
    work: Work
    microseconds: float
    threads: int


def measured(
    names: Sequence[str], contestants: Sequence[Contestant], asked: argparse.Namespace
) -> Iterator[Point]:
    """Yield a point for every size and contestant, with its better number of threads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        for name in asked.panels:
            print(f"growth with {PANELS[name].title} ...", flush=True)
            for size in [one for one in PANELS[name].sizes if one <= asked.largest]:
                work = PANELS[name].work(size)
                problem(work).save(path)
                for one in contestants:
                    one.prepare(path)
                found = measure(contestants, work.steps_per_epoch, asked.rounds, asked.seconds)
                for who in names:
                    best = better(found, who)
                    if best is not None:
                        yield Point(name, who, size, work, best.median, best.place.threads)


def steepest(points: Sequence[Point]) -> tuple[float, Point, Point]:
    """Return the largest growth of cost beyond that of the arithmetic, between neighbours.

    Where more arithmetic costs less, the smaller size stands on the cliff: the fall counts as well.
    """
    found = []
    for one, other in pairwise(points):
        grown = max(1.0, other.work.multiplications / one.work.multiplications)
        cost = other.microseconds / one.microseconds
        found.append((max(cost / grown, 1.0 / cost), one, other))
    return max(found, key=lambda each: each[0])


def write_results(path: Path, points: Sequence[Point], names: Sequence[str], how: str) -> None:
    """Write tables, numbers and picture under this name."""
    parts, drawn = [how], {}
    for name in dict.fromkeys(one.panel for one in points):
        own = {who: [p for p in points if (p.panel, p.contestant) == (name, who)] for who in names}
        drawn[PANELS[name].title] = {
            who: {p.size: p.microseconds for p in own[who]} for who in names
        }
        heads = [PANELS[name].title, *names]
        rows = zip(*own.values(), strict=True)
        lines = [[f"{row[0].size:,}", *(figures(p.microseconds) for p in row)] for row in rows]
        parts += [aligned(heads, lines), verdict(own[OURS])]
    title = "How the cost of a step grows, in microseconds"
    records = [
        {
            "panel": one.panel,
            "contestant": one.contestant,
            "size": one.size,
            "microseconds": one.microseconds,
            "threads": one.threads or "own choice",
            "multiplications": one.work.multiplications,
        }
        for one in points
    ]
    pictures.growth(path.with_suffix(".png"), drawn)
    write_result(path, title, parts, records)


def verdict(points: Sequence[Point]) -> str:
    """Say whether our own curve has a cliff."""
    if len(points) < 2:
        return "One size alone says nothing about growth."
    most, one, other = steepest(points)
    return (
        f"chainrule's steepest place, from {one.size:,} to {other.size:,}: {most:.2f} times the "
        f"growth of the arithmetic, {'a cliff' if most > CLIFF else 'no cliff'} "
        f"(above {CLIFF:g} it would be one)."
    )


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("How the cost of a step grows.")
    parser.set_defaults(rounds=3, seconds=0.15, peers=["PyTorch eager"])
    parser.add_argument("--panels", nargs="+", choices=PANELS, default=list(PANELS))
    parser.add_argument("--largest", type=int, default=10**9, help="leave larger sizes out")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    peers, missing = peers_of(asked)
    names = [OURS, *peers]
    places = [Place(OURS), *(Place(name, count) for name in peers for count in asked.threads)]
    with all_of(places) as contestants:
        points = list(measured(names, contestants, asked))
    how = " ".join([how_timed(asked.rounds, asked.seconds), *missing])
    write_results(asked.results / "growth", points, names, how)


if __name__ == "__main__":
    main()
