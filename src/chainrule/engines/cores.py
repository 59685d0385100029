"""How many threads a step may use: the cores that are there, fewer where others use them too."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from multiprocessing import parent_process

from chainrule.errors import SetupError

VARIABLE = "CHAINRULE_THREADS"
MOST = 64
# What libraries that run several workers on one machine set in each of them.
SHARED_OUT = ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
_BORN_IN = os.getpid()
_LIMIT = threading.local()


def cores() -> int:
    """Return how many cores this process may run on, 64 at most."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MOST)
    return min(os.cpu_count() or 1, MOST)


def allowed_threads() -> int:
    """Return how many threads a step may use.

    ``CHAINRULE_THREADS`` decides where it is set; else it is the number of cores, but one inside
    ``train_many``, in the workers of joblib and multiprocessing, and in forked children, which
    share the cores among themselves. Raises SetupError for a setting that is no number.
    """
    return threads_and_why()[0]


def threads_and_why() -> tuple[int, str]:
    """Return how many threads a step may use, and what decided it."""
    limit = getattr(_LIMIT, "threads", None)
    if limit is not None:
        return int(limit), "several trainings share the cores"
    wanted = os.environ.get(VARIABLE, "").strip()
    if wanted:
        if not wanted.isdecimal() or int(wanted) < 1:
            raise SetupError(
                f"{VARIABLE} is '{wanted}'.", "Set it to the number of threads, from 1."
            )
        if int(wanted) > MOST:
            return MOST, f"{VARIABLE} says more, and this is the most there can be"
        return int(wanted), f"{VARIABLE} says so"
    if parent_process() is not None or os.getpid() != _BORN_IN:
        return 1, "this is one of several workers"
    found, why = cores(), f"as many as there are cores; {VARIABLE} sets another number"
    for name in SHARED_OUT:
        given = os.environ.get(name, "")
        if given.isdecimal() and 0 < int(given) < found:
            found, why = int(given), f"{name} says so"
    return found, why


@contextlib.contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Let the steps of the calling thread use at most so many threads."""
    before = getattr(_LIMIT, "threads", None)
    _LIMIT.threads = threads
    try:
        yield
    finally:
        _LIMIT.threads = before
