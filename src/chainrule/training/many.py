"""``train_many``: several trainings at once, on all cores, with one thread each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.engines.cores import allowed_threads
from chainrule.errors import SetupError, nearest
from chainrule.training.arguments import check_seed, flag, folder, whole
from chainrule.training.interrupts import held_interrupts
from chainrule.training.progress import shown_count
from chainrule.training.run import Run
from chainrule.training.runs import Runs
from chainrule.training.side_by_side import side_by_side
from chainrule.training.train import train


def train_many(
    network: Any = None,
    X: Any = None,
    y: Any = None,
    *,
    each: int | Sequence[Mapping[str, Any]],
    workers: int | None = None,
    progress: bool = True,
    **common: Any,
) -> Runs:
    """Train several networks at once and return their runs, in the order of ``each``.

    What is returned is a list that also says how much depends on the start: ``runs.best`` is the
    run with the lowest loss, ``runs.spread`` has the quartiles, and ``print(runs)`` shows them.

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
    at_once = allowed_threads() if workers is None else whole(workers, "workers", 1)
    shown = shown_count(len(arguments), flag(progress, "progress"))
    with held_interrupts() as interrupted, shown as show:
        return Runs(_trained(arguments, at_once, interrupted, show))


def _trained(
    arguments: Sequence[Mapping[str, Any]],
    workers: int,
    interrupted: Callable[[], bool],
    show: Callable[[int], None],
) -> list[Run]:
    done = count(1)
    return side_by_side(
        [partial(train, **given, progress=False) for given in arguments],
        workers,
        interrupted,
        lambda place, run: show(next(done)),
        lambda place: f"each[{place}]",
    )


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
