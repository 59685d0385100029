"""What articles for newcomers say of training algorithms, measured with `cr.compare`.

    python benchmarks/articles.py [--parts noise speed memory starts] [--together 2]

Each part writes a page, its numbers and a picture; docs/articles.md says what is true of each
sentence. ``--share`` of the epochs, ``--starts`` and ``--values`` make it a trial. ``--together``
says how many trainings run at a time, each with one thread, and no more than there are cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import articles_memory
import articles_noise
import articles_speed
import articles_starts
from articles_algorithms import Extent
from rounds import options

from chainrule.training import side_by_side

PARTS: dict[str, Callable[[Path, Extent], None]] = {
    "noise": articles_noise.write_results,
    "speed": articles_speed.write_results,
    "memory": articles_memory.write_results,
    "starts": articles_starts.write_results,
}


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = options("What articles say of training algorithms, measured.")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--together", type=int, default=side_by_side.MOST_AT_A_TIME, help="trainings at a time"
    )
    parser.add_argument("--starts", type=int, default=0, help="at most so many starts and splits")
    parser.add_argument("--share", type=float, default=1.0, help="a share of the epochs alone")
    parser.add_argument("--values", type=int, default=0, help="values tried for a constant")
    asked = parser.parse_args(given)
    if asked.together < 1:
        parser.error("--together takes a number from 1")
    return asked


def main(given: Sequence[str] | None = None) -> None:
    asked = arguments(given)
    # `cr.compare` has no argument for it: two are right for a machine of two cores.
    side_by_side.MOST_AT_A_TIME = asked.together
    extent = Extent(asked.starts, asked.share, asked.values)
    for name in asked.parts:
        PARTS[name](asked.results / f"articles_{name}", extent)


if __name__ == "__main__":
    main()
