"""What an update costs beside a loop written by hand for it in C++, compiled for this machine.

    python benchmarks/update.py [--rounds 9]

Adam is built in and has a loop of its own in the engine; AdaBelief is defined in blocks_side.py, as
a user would, and runs a word or two at a time. Both sides have one thread and are given the
gradient. It needs a C++ compiler: c++, or the one that CXX names.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from blocks_side import AdaBelief
from comparisons import Comparison, write_comparisons
from contestants import HERE, OURS, Place
from numpy.typing import NDArray
from rounds import InThisPython, figures, how_timed, measure, options
from works import RATE

import chainrule as cr
from chainrule.engines.cores import at_most
from chainrule.engines.door import Batches, Work, run
from chainrule.program import Input, trace

SIZES = (100, 1_000, 10_000, 100_000, 700_000)
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
BUILT_IN_BAR, OWN_BAR = 1.3, 4.0
NOTHING = Batches(1, 1)


@dataclass(frozen=True)
class Rule:
    """An optimizer, the names of its state in the order of the loop by hand, and its bar."""

    name: str
    optimizer: Any
    state: tuple[str, str]
    bar: float


RULES = (
    Rule("adam", cr.Adam(learning_rate=RATE), ("mean", "square"), BUILT_IN_BAR),
    Rule("ada_belief", AdaBelief(), ("mean", "spread"), OWN_BAR),
)


def compiler() -> str | None:
    """Return the C++ compiler, or None."""
    return shutil.which(os.environ.get("CXX", "c++"))


def compiled(folder: Path) -> ctypes.CDLL:
    """Return the loops by hand. Raises RuntimeError where they cannot be compiled."""
    path = folder / "hand_written.so"
    command = [compiler() or "c++", *FLAGS, str(HERE / "hand_written.cpp"), "-o", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"hand_written.cpp does not compile:\n{ended.stderr}")
    return ctypes.CDLL(str(path))


def update_work(rule: Rule, size: int) -> Work:
    """Return the update as a program: parameters, step and state are carried."""

    def update(parameters: Any, step: Any, mean: Any, other: Any, gradient: Any, rate: Any) -> Any:
        state = dict(zip(rule.state, (mean, other), strict=True))
        after, made = rule.optimizer.update(parameters, gradient, state, rate, step + 1)
        return after, step + 1, *(made[name] for name in rule.state)

    carried = ("parameters", "step", *rule.state)
    arrays = {name: Input(name, (size,)) for name in ("parameters", *rule.state, "gradient")}
    inputs = [
        arrays["parameters"],
        Input("step", (), "integer"),
        *(arrays[name] for name in rule.state),
        arrays["gradient"],
        Input("rate", ()),
    ]
    return Work(trace(update, inputs, carried, "float32"), carried=4, fixed=2)


Arrays = list[NDArray[np.float32]]


def sides(
    rule: Rule, size: int, library: ctypes.CDLL
) -> tuple[Callable[[int], Arrays], Callable[[int], Arrays]]:
    """Return ours and the one by hand: so many updates from the same start, and what they left."""
    random = np.random.default_rng(0)
    start = random.normal(size=size).astype(np.float32)
    gradient = random.normal(size=size).astype(np.float32)
    work, loop = update_work(rule, size), getattr(library, rule.name)
    zeros = np.zeros(size, np.float32)

    def ours(steps: int) -> Arrays:
        with at_most(1):
            carried = [start, 0, zeros, zeros]
            outcome = run(work, carried, [gradient, RATE], [], NOTHING, 0, steps)
        return [outcome.carried[0], *outcome.carried[2:]]

    def by_hand(steps: int) -> Arrays:
        made = [start.copy(), zeros.copy(), zeros.copy()]
        places = [one.ctypes.data_as(ctypes.c_void_p) for one in (*made, gradient)]
        loop(*places, ctypes.c_long(size), ctypes.c_long(steps), ctypes.c_float(RATE))
        return made

    return ours, by_hand


def compared(
    rule: Rule, size: int, library: ctypes.CDLL, rounds: int, seconds: float
) -> Comparison:
    """Time both sides in turns. Raises RuntimeError where they do not agree."""
    ours, by_hand = sides(rule, size, library)
    for one, other in zip(ours(50), by_hand(50), strict=True):
        if not np.allclose(one, other, rtol=1e-3, atol=1e-5):
            raise RuntimeError(f"{rule.name}: the two sides differ.")
    both = [InThisPython(Place(OURS), ours), InThisPython(Place("by hand"), by_hand)]
    found = measure(both, 1, rounds, seconds)
    medians = [one.median for one in found]
    return Comparison(
        f"{rule.name}, {size:,} parameters",
        np.divide(found[0].microseconds, found[1].microseconds).tolist(),
        rule.bar,
        shown=[figures(one) for one in medians],
        more={
            "rule": rule.name,
            "parameters": size,
            "microseconds": medians[0],
            "by_hand_microseconds": medians[1],
        },
    )


def main(given: Sequence[str] | None = None) -> None:
    parser = options("What an update costs beside a loop written by hand.")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    asked = parser.parse_args(given)
    if compiler() is None:
        print("The update is left out: there is no C++ compiler.")
        return
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(Path(folder))
        found = [
            compared(rule, size, library, asked.rounds, asked.seconds)
            for rule in RULES
            for size in asked.sizes
        ]
    title = "An update beside a loop written by hand"
    heads = ["rule and size", "us", "us by hand", "times the loop by hand"]
    how = how_timed(asked.rounds, asked.seconds)
    write_comparisons(asked.results / "update", title, how, heads, found)


if __name__ == "__main__":
    main()
