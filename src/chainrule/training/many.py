"""``train_many``: several trainings at once, on all cores, with one thread each."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.engines.cores import allowed_threads, at_most
from chainrule.errors import SetupError, nearest
from chainrule.training.arguments import check_seed, flag, folder, whole
from chainrule.training.interrupts import held_interrupts, interrupted_by
from chainrule.training.progress import shown_count
from chainrule.training.run import Run
from chainrule.training.train import train

# Windows delivers Ctrl-C only between two waits, so none is longer than this (seconds).
GLANCE = 0.05


def train_many(
    network: Any = None,
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
    are those of ``train`` and common to all. Only ``progress`` is one line for all of them.

    Each training runs in a thread of its own and uses one core, ``workers`` of them at a time (by
    default as many as there are cores), and gives the same numbers as by itself with one thread.
    A hook (``on_epoch``) is called in these threads, and several may be inside it at a time. Ctrl-C
    ends all trainings and returns what there is, runs whose ``ended`` is "interrupted"; a second
    one raises KeyboardInterrupt. The first error in one training ends the others, and is raised.

    Raises what ``train`` raises, and SetupError for ``each``, before any training begins: for names
    that ``train`` does not know, and for two trainings with one checkpoint folder.
    """
    arguments = [
        {"network": network, "X": X, "y": y, **common, **one} for one in _each(each, common)
    ]
    _check(arguments)
    count = allowed_threads() if workers is None else whole(workers, "workers", 1)
    shown = shown_count(len(arguments), flag(progress, "progress"))
    with held_interrupts() as interrupted, shown as show:
        return _trained(arguments, count, interrupted, show)


def _trained(
    arguments: Sequence[Mapping[str, Any]],
    workers: int,
    interrupted: Callable[[], bool],
    show: Callable[[int], None],
) -> list[Run]:
    failed = threading.Event()

    def ends() -> bool:
        return failed.is_set() or interrupted()

    def one_training(given: Mapping[str, Any]) -> Run:
        with at_most(1), interrupted_by(ends):
            return train(**given, progress=False)

    with ThreadPoolExecutor(workers, thread_name_prefix="chainrule") as pool:
        futures = [pool.submit(one_training, given) for given in arguments]
        try:
            _wait(futures, show)
        except BaseException:
            # First what waits, so that nothing begins when the others end.
            pool.shutdown(wait=False, cancel_futures=True)
            failed.set()
            raise
        return [future.result() for future in futures]


def _wait(futures: Sequence[Future[Run]], show: Callable[[int], None]) -> None:
    """Wait until all are done; raise the first error, with a note of where it came from."""
    left = set(futures)
    while left:
        done, left = wait(left, timeout=GLANCE, return_when=FIRST_COMPLETED)
        for place, future in enumerate(futures):
            error = future.exception() if future in done else None
            if error is not None:
                error.add_note(f"It was raised by the training of each[{place}].")
                raise error
        show(len(futures) - len(left))


def _each(each: Any, common: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what differs, one mapping for each training. Raises SetupError for anything else."""
    if isinstance(each, int | np.integer) and not isinstance(each, bool):
        first = check_seed(common.get("seed", 0))
        return [{"seed": first + place} for place in range(whole(each, "each", 0))]
    if isinstance(each, str) or not isinstance(each, Sequence):
        wrong = f"each is of type {type(each).__name__}"
    else:
        places = [place for place, one in enumerate(each) if not isinstance(one, Mapping)]
        if not places:
            return list(each)
        wrong = f"each[{places[0]}] is of type {type(each[places[0]]).__name__}"
    raise SetupError(
        f"{wrong}, and does not say what differs between the trainings.",
        'Give a number of seeds, or a list such as [{"seed": 0}, {"seed": 1}].',
    )


def _check(arguments: Sequence[Mapping[str, Any]]) -> None:
    """Refuse, before any training begins, what no training can begin with."""
    known = [name for name in inspect.signature(train).parameters if name != "progress"]
    folders: set[Path] = set()
    for given in arguments:
        for name in given:
            if name == "progress":
                raise SetupError(
                    "progress is one line for all trainings, and cannot differ between them.",
                    "Give it to train_many() itself.",
                )
            if name not in known:
                raise SetupError(f"train() has no argument '{name}'.", nearest(str(name), known))
        path = folder(given.get("checkpoint"))
        if path is None:
            continue
        if path.absolute() in folders:
            raise SetupError(
                f"Two trainings have the checkpoint folder '{path}'.",
                'Give each its own: each=[{"seed": 0, "checkpoint": "runs/0"}, ...].',
            )
        folders.add(path.absolute())
