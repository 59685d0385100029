"""Several trainings side by side, one core each: the threads, the errors, and Ctrl-C."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from chainrule.engines.cores import allowed_threads, at_most
from chainrule.training.interrupts import interrupted_by

Ended = TypeVar("Ended")

# With more of them at a time, small trainings slow each other down by the memory that they share.
MOST_AT_A_TIME = 2
# Windows delivers Ctrl-C only between two waits, so none is longer than this (seconds).
GLANCE = 0.05


def at_a_time() -> int:
    """Return how many trainings are best compared side by side, one thread each."""
    return min(MOST_AT_A_TIME, allowed_threads())


def side_by_side(
    jobs: Sequence[Callable[[], Ended]],
    workers: int,
    interrupted: Callable[[], bool],
    ended: Callable[[int, Ended], None],
    called: Callable[[int], str],
) -> list[Ended]:
    """Run the jobs in threads, ``workers`` at a time, and return what each gave, in their order.

    ``ended`` is told the place of each job and what it gave, in the calling thread and as soon as
    it has ended. Trainings inside a job end early once ``interrupted`` says so. The first error
    ends the other jobs and is raised, with a note of the job that ``called`` names.
    """
    failed = threading.Event()

    def ends() -> bool:
        return failed.is_set() or interrupted()

    def one_job(job: Callable[[], Ended]) -> Ended:
        with at_most(1), interrupted_by(ends):
            return job()

    with ThreadPoolExecutor(workers, thread_name_prefix="chainrule") as pool:
        futures = [pool.submit(one_job, job) for job in jobs]
        try:
            _wait(futures, ended, called)
        except BaseException:
            # First what waits, so that nothing begins when the others end.
            pool.shutdown(wait=False, cancel_futures=True)
            failed.set()
            raise
        return [future.result() for future in futures]


def _wait(
    futures: Sequence[Future[Ended]],
    ended: Callable[[int, Ended], None],
    called: Callable[[int], str],
) -> None:
    """Wait until all are done; raise the first error, with a note of where it came from."""
    left = set(futures)
    while left:
        done, left = wait(left, timeout=GLANCE, return_when=FIRST_COMPLETED)
        for place, future in enumerate(futures):
            if future not in done:
                continue
            error = future.exception()
            if error is not None:
                error.add_note(f"It was raised by the training of {called(place)}.")
                raise error
            ended(place, future.result())
