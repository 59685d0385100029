"""Threads: the same bits for a number of threads, whoever does the work; forks; BLAS given back."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import native
from chainrule.engines.cores import VARIABLE, allowed_threads, at_most
from chainrule.engines.library import one_thread, products_of
from chainrule.training.run import Run

pytestmark = pytest.mark.skipif(not native.is_present(), reason="the compiled engine is not there")

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(4096, 6))
CLASSES = DRAW.integers(0, 3, 4096)


def trained(batch_size: int | None = None, width: int = 24, **given: Any) -> Run:
    """Train on steps that are long enough for two threads: many tiles each, or one large one."""
    network = cr.Network(cr.Dense(width, "tanh"), cr.Dense(width, "tanh"), cr.Dense(3))
    return cr.train(
        network, ROWS, CLASSES, batch_size=batch_size, epochs=6, progress=False, **given
    )


def bits(run: Run) -> bytes:
    return b"".join(one.tobytes() for one in run.network.parameters.values())


# Tiles for each thread; instructions that threads share.
STEPS = ({"batch_size": None}, {"batch_size": 256, "width": 320})


@pytest.mark.parametrize("step", STEPS)
def test_threads_agree_with_one_and_repeat_their_bits(
    step: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    alone = trained(**step)
    monkeypatch.setenv(VARIABLE, "2")
    first = trained(**step)
    for name, one in alone.network.parameters.items():
        assert np.allclose(first.network.parameters[name], one, rtol=2e-3, atol=2e-4)
    busy = threading.Event()
    burners = [threading.Thread(target=_burn, args=(busy,)) for _ in range(2)]
    for burner in burners:
        burner.start()
    try:
        assert {bits(trained(**step)) for _ in range(6)} == {bits(first)}
    finally:
        busy.set()
        for burner in burners:
            burner.join()


def _burn(ending: threading.Event) -> None:
    content = np.ones((300, 300))
    while not ending.is_set():
        content = content @ content * 1e-3


def test_the_steps_of_these_tests_have_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    assert allowed_threads() == 2
    seen = []
    kept = native.machine_of

    def watched(*given: Any) -> Any:
        seen.append(kept(*given))
        return seen[-1]

    monkeypatch.setattr(native, "machine_of", watched)
    for step in STEPS:
        seen.clear()
        trained(**step)
        rows = step["batch_size"] or len(ROWS)
        assert max(machine.threads_of(rows) for machine in seen[:2]) == 2


@pytest.mark.parametrize("batch_size", [None, 64])
def test_an_evaluation_between_epochs_shares_the_threads_of_the_steps(
    batch_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"batch_size": batch_size, "validation": 0.5, "metrics": ["accuracy"]}
    monkeypatch.setenv(VARIABLE, "1")
    alone = trained(**given)
    monkeypatch.setenv(VARIABLE, "2")
    first = trained(**given)
    for name, column in alone.recording.history.items():
        assert np.allclose(first.recording.history[name], column, rtol=2e-3, atol=2e-3), name
    for _ in range(5):
        again = trained(**given)
        assert bits(again) == bits(first)
        assert again.recording.history == first.recording.history


def test_two_trainings_at_the_same_time_give_their_own_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    due = [bits(trained(seed=seed)) for seed in (1, 2)]
    made: dict[int, bytes] = {}

    def one(seed: int) -> None:
        made[seed] = bits(trained(seed=seed))

    threads = [threading.Thread(target=one, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [made[1], made[2]] == due


def test_a_thread_can_be_held_to_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    with at_most(1):
        assert allowed_threads() == 1
    assert allowed_threads() == 2


FORKED = """
import os, sys
import numpy as np
import chainrule as cr

draw = np.random.default_rng(0)
X, y = draw.normal(size=(4096, 6)), draw.integers(0, 3, 4096)
network = cr.Network(cr.Dense(24, "tanh"), cr.Dense(3))

def bits():
    run = cr.train(network, X, y, batch_size=None, epochs=5, progress=False)
    return b"".join(one.tobytes() for one in run.network.parameters.values())

os.environ["CHAINRULE_THREADS"] = "2"
due = bits()
child = os.fork()
if child == 0:
    os._exit(0 if bits() == due else 3)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(multiprocessing, "get_context"), reason="no fork here")
@pytest.mark.skipif(sys.platform == "win32", reason="no fork here")
def test_a_forked_child_trains_without_its_parents_threads() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], timeout=120, check=False)
    assert done.returncode == 0


FORKED_MEANWHILE = """
import os, sys
import chainrule as cr
from chainrule.engines.library import one_thread, products_of
from threadpoolctl import threadpool_info, threadpool_limits

def limits():
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

products_of()
threadpool_limits(2, "blas")
before = limits()
with one_thread(True):
    child = os.fork()
    if child == 0:
        right = limits() == before
        with one_thread(True):
            right = right and set(limits()) == {1}
        os._exit(0 if right and limits() == before else 3)
    _, status = os.waitpid(child, 0)
    held = set(limits()) == {1}
sys.exit(os.waitstatus_to_exitcode(status) or not held or limits() != before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork here")
def test_a_child_that_is_forked_while_the_blas_is_held_has_it_back() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED_MEANWHILE], timeout=120, check=False
    )
    assert done.returncode == 0


def blas_threads() -> list[int]:
    from threadpoolctl import threadpool_info

    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_the_blas_is_given_back_also_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    if products_of() == (None, None):
        pytest.fail("SciPy's products are not what they were taken for")
    np.ones((64, 64)) @ np.ones((64, 64))
    before = blas_threads()
    held = []
    kept = native.one_thread

    def watched(wanted: bool) -> Any:
        held.append(wanted)
        return kept(wanted)

    monkeypatch.setattr(native, "one_thread", watched)
    trained(batch_size=1024, width=640)
    # Without a product that is left to the BLAS, nothing would have been held.
    assert any(held)
    assert blas_threads() == before
    with one_thread(True):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
    with pytest.raises(ZeroDivisionError), one_thread(True):
        raise ZeroDivisionError
    assert blas_threads() == before
