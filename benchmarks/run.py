"""Run benchmarks, all or those that are named, and write their pages into results/.

    python benchmarks/run.py [names] [--rounds 9] [--trial]

``--trial`` runs everything once in a small way, to see that it works; its numbers say nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import articles
import digits
import first_order
import first_result
import growth
import layers
import levenberg_marquardt
import many
import memory_tasks
import own_blocks
import published_algorithms
import published_rprop
import shuffled_labels
import speed
import update
import verdicts
from rounds import options

# name -> what runs, with which arguments of its own, and which more for a trial
Main = Callable[[Sequence[str]], None]
SMALL = ("--works", "1", "--first-calls", "1", "--rows", "100")
BENCHMARKS: dict[str, tuple[Main, tuple[str, ...], tuple[str, ...]]] = {
    "speed": (speed.main, (), SMALL),
    "speed_float64": (speed.main, ("--dtype", "float64"), SMALL),
    "speed_batch_1": (speed.main, ("--batch", "1"), SMALL),
    "layers": (layers.main, (), ("--works", "3", "--first-calls", "1", "--rows", "100")),
    "own_blocks": (own_blocks.main, (), ("--works", "1")),
    "update": (update.main, (), ("--sizes", "100")),
    "first_order": (first_order.main, (), ("--works", "1", "--optimizers", "irprop_plus")),
    "levenberg_marquardt": (
        levenberg_marquardt.main,
        (),
        (
            *("--rows", "300", "--sinc-rows", "200", "--starts", "1", "--most-seconds", "2"),
            *("--beside", levenberg_marquardt.ALONE, "SciPy least_squares"),
        ),
    ),
    "published_algorithms": (
        published_algorithms.main,
        (),
        (
            *("--starts", "1", "--limit", "2", "--problems", "SIN"),
            *("--algorithms", "LM", "LM classic", "GDX", "--together", "2"),
        ),
    ),
    "published_rprop": (
        published_rprop.main,
        (),
        ("--starts", "1", "--most-epochs", "50", "--forms", "rprop_plus"),
    ),
    "articles": (
        articles.main,
        (),
        ("--starts", "1", "--share", "0.005", "--values", "1", "--together", "1"),
    ),
    "growth": (growth.main, (), ("--panels", "width", "--largest", "8")),
    "many": (many.main, (), ("--works", "1")),
    "first_result": (first_result.main, (), ()),
    "digits": (digits.main, (), ("--splits", "1", "--rows", "100", "--most-epochs", "2")),
    "memory_tasks": (
        memory_tasks.main,
        (),
        ("--seeds", "1", "--steps", "4", "--rows", "64", "--kinds", "LSTM", "Recurrent"),
    ),
    "verdicts": (
        verdicts.main,
        (),
        ("--seeds", "1", "--set", "development", "--only", "iris, 20 epochs"),
    ),
    "shuffled_labels": (shuffled_labels.main, (), ("--shuffles", "2", "--tables", "iris")),
}
TRIAL = ("--rounds", "2", "--seconds", "0.02", "--threads", "1", "--no-compile")


def arguments(given: Sequence[str]) -> tuple[list[str], bool, list[str]]:
    """Return the names, whether this is a trial, and the options that every script is given."""
    parser = options("Run benchmarks and write their pages.")
    parser.add_argument(
        "names", nargs="*", metavar="name", help="all of them, or " + ", ".join(BENCHMARKS)
    )
    parser.add_argument("--trial", action="store_true", help="everything once, in a small way")
    parser.parse_args(given)
    # Names come first; each script has defaults of its own, so only what was given is passed on.
    begin = next((at for at, one in enumerate(given) if one.startswith("-")), len(given))
    names, others = list(given[:begin]), list(given[begin:])
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    return (
        names or list(BENCHMARKS),
        "--trial" in others,
        [one for one in others if one != "--trial"],
    )


def main(given: Sequence[str] | None = None) -> None:
    names, trial, others = arguments(sys.argv[1:] if given is None else given)
    for name in names:
        run, own, small = BENCHMARKS[name]
        run([*own, *(TRIAL + small if trial else ()), *others])


if __name__ == "__main__":
    main()
