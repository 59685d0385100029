"""``train_many``: several trainings at once, on all cores. One thread each: they share nothing."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from chainrule.engines.cores import allowed_threads, at_most
from chainrule.errors import SetupError, nearest
from chainrule.training.arguments import whole
from chainrule.training.interrupts import held_interrupts, interrupted_by
from chainrule.training.progress import shown_count
from chainrule.training.run import Run
from chainrule.training.train import train

# Seconds between two looks at whether Ctrl-C was pressed.
GLANCE = 0.05


def train_many(
    network: Any,
    X: Any = None,
    y: Any = None,
    *,
    each: int | Sequence[Mapping[str, Any]],
    workers: int | None = None,
    progress: bool = True,
    **common: Any,
) -> list[Run]:
    """Train several networks at once and return their runs, in the order of ``each``.

    ``each`` holds the arguments of ``train`` that differ, one mapping for each training
    (``{"seed": 3}``, ``{"learning_rate": 0.01}``, ``{"X": X[rows], "y": y[rows]}``,
    ``{"network": other}``); a number K stands for K seeds, from ``seed`` on. All other arguments
    are those of ``train`` and common to all.

    Each training runs in a thread of its own and uses one core, ``workers`` of them at a time (by
    default as many as there are cores), and gives the same numbers as by itself with one thread.
    A hook (``on_epoch``) is called in these threads. Ctrl-C ends all trainings and returns what
    there is; the first error of one ends the others and is raised. Raises what ``train`` raises.
    """
    arguments = [
        {"network": network, "X": X, "y": y, **common, **one} for one in _each(each, common)
    ]
    _check_names(arguments)
    count = allowed_threads() if workers is None else whole(workers, "workers", 1)
    ending = threading.Event()

    def one_training(given: Mapping[str, Any]) -> Run:
        with at_most(1), interrupted_by(ending.is_set):
            return train(**{**given, "progress": False})

    with (
        held_interrupts() as interrupted,
        shown_count(len(arguments), progress) as show,
        ThreadPoolExecutor(max_workers=count, thread_name_prefix="chainrule") as pool,
    ):
        futures = [pool.submit(one_training, given) for given in arguments]
        try:
            _wait(futures, ending, interrupted, show)
        except BaseException:
            ending.set()
            pool.shutdown(cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _wait(
    futures: Sequence[Future[Run]], ending: threading.Event, interrupted: Any, show: Any
) -> None:
    """Wait until all are done; pass on Ctrl-C, and raise the first error."""
    left = set(futures)
    while left:
        done, left = wait(left, timeout=GLANCE, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        show(len(futures) - len(left))
        if interrupted():
            ending.set()


def _each(each: Any, common: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what differs, one mapping for each training. Raises SetupError for anything else."""
    if isinstance(each, int) and not isinstance(each, bool):
        first = common.get("seed", 0)
        return [{"seed": first + place} for place in range(whole(each, "each", 0))]
    if not isinstance(each, Sequence) or not all(isinstance(one, Mapping) for one in each):
        raise SetupError(
            f"each={each!r} does not say what differs between the trainings.",
            'Give a number of seeds, or a list such as [{"seed": 0}, {"seed": 1}].',
        )
    return list(each)


def _check_names(arguments: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what ``train`` does not take before any training begins."""
    known = list(inspect.signature(train).parameters)
    for given in arguments:
        for name in given:
            if name not in known:
                raise SetupError(f"train() has no argument '{name}'.", nearest(name, known))
