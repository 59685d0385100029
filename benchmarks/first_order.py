"""What a step costs with each optimizer that takes steps, beside a step with Adam.

    python benchmarks/first_order.py [--rounds 9]

Every side is `cr.train` as a user calls it, with all rows in every step, so that those that need
all rows stand beside the others. What differs is the optimizer alone: its update, and its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from comparisons import Comparison, write_comparisons
from contestants import Place
from rounds import InThisPython, figures, how_timed, measure, options

import chainrule as cr
from chainrule.engines.cores import at_most
from chainrule.optimizers import BUILT_IN, OPTIMIZERS, searches

# Sizes of a network of tanh units, and the rows of a step.
WORKS: tuple[tuple[tuple[int, ...], int], ...] = (
    ((8, 16, 3), 32),
    ((64, 64, 64, 10), 32),
    ((256, 128, 10), 128),
)
ADAM, BAR = "adam", 1.3
SLOW = 1e-4


def stepping() -> list[str]:
    """Return the names of the optimizers that are compared, Adam first."""
    names = [name for name in sorted(BUILT_IN) if not searches(OPTIMIZERS[name])]
    return [ADAM, *(name for name in names if name != ADAM)]


def side(name: str, sizes: Sequence[int], rows: int) -> Callable[[int], Any]:
    """Return what makes so many steps, one an epoch."""
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, sizes[0])).astype(np.float32)
    y = np.resize(np.arange(sizes[-1]), rows)
    hidden = [cr.Dense(size, "tanh") for size in sizes[1:-1]]
    network = cr.Network(cr.Input(sizes[0]), *hidden, cr.Dense(sizes[-1]), seed=0)

    def steps(many: int) -> Any:
        with at_most(1):
            run = cr.train(
                network, X, y, optimizer=name, learning_rate=SLOW, epochs=many, batch_size=None,
                readings=0, progress=False,
            )  # fmt: skip
        if run.recording.epochs != many:
            raise RuntimeError(f"{name} ended early: {run.ended}.")
        return run

    return steps


def compared(
    names: Sequence[str], sizes: Sequence[int], rows: int, rounds: int, seconds: float
) -> list[Comparison]:
    """Time all of them in turns; each is held against Adam within the round."""
    sides = [InThisPython(Place(name), side(name, sizes, rows)) for name in names]
    found = measure(sides, 1, rounds, seconds)
    what = f"{'-'.join(map(str, sizes))}, {rows} rows"
    return [
        Comparison(
            f"{name}, {what}",
            np.divide(one.microseconds, found[0].microseconds).tolist(),
            BAR,
            shown=[figures(one.median)],
            more={"optimizer": name, "network": what, "microseconds": one.median},
        )
        for name, one in zip(names[1:], found[1:], strict=True)
    ]


def main(given: Sequence[str] | None = None) -> None:
    parser = options("What a step costs with each optimizer, beside a step with Adam.")
    parser.add_argument("--works", type=int, default=len(WORKS), help="how many of the networks")
    parser.add_argument("--optimizers", nargs="+", default=stepping(), help="Adam is always one")
    asked = parser.parse_args(given)
    names = [ADAM, *(name for name in asked.optimizers if name != ADAM)]
    found = [
        one
        for sizes, rows in WORKS[: asked.works]
        for one in compared(names, sizes, rows, asked.rounds, asked.seconds)
    ]
    title = "A step with each optimizer, beside a step with Adam"
    how = f"{how_timed(asked.rounds, asked.seconds)} One thread, float32, no readings."
    heads = ["optimizer and network", "us a step", "times Adam's step"]
    write_comparisons(asked.results / "first_order", title, how, heads, found)


if __name__ == "__main__":
    main()
