"""What runs a training here: which engine, how many threads, whose BLAS, and how it is told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import HEART, Here, environment, refused, run
from native_comparison import needs_native

import chainrule as cr
from chainrule.engines import choosing, cores, library, native
from chainrule.engines.choosing import ENGINES, chosen_engine, engine_report, find_engine
from chainrule.engines.cores import SHARED_OUT, VARIABLE, allowed_threads, at_most
from chainrule.errors import SetupError
from chainrule.training import machine

WHY = "no module named _native"
NETWORK = cr.Network(cr.Dense(4, "tanh"), cr.Dense(1))
X = np.linspace(-1.0, 1.0, 40).reshape(20, 2)
# A Python whose compiled engine cannot be loaded, as where none could be built.
WITHOUT = """
import sys
sys.modules["chainrule._native"] = None
sys.argv[0] = "chainrule"
from chainrule.cli import main
main()
"""


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The compiled engine cannot be loaded, and nothing has been said about it yet."""
    kept = (choosing._say_absent, machine._unchanging)
    monkeypatch.setattr(native, "_loaded", lambda: (None, WHY))
    for one in kept:
        one.cache_clear()
    yield
    for one in kept:
        one.cache_clear()


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable says how many threads there are."""
    for name in (VARIABLE, *SHARED_OUT):
        monkeypatch.delenv(name, raising=False)


def in_a_thread(asked: Callable[[], Any]) -> Any:
    """Return what a function returns in another thread than the main one."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asked()))
    thread.start()
    thread.join(60.0)
    return found[0]


def printed_by(code: str, **changed: str) -> str:
    """Return what another Python prints that runs this code."""
    kept = {name: text for name, text in environment(**changed).items() if text}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


# ---- which engine ----


@needs_native
def test_the_compiled_engine_is_taken_where_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen_engine("auto") == "native"
    assert cr.train(NETWORK, X, X[:, 0], epochs=1, progress=False).setup.engine == "native"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_an_engine_is_taken_by_its_name(name: str) -> None:
    if name == "native" and not native.is_present():
        pytest.skip("the compiled engine is not there")
    assert chosen_engine(name) == name
    assert find_engine(name) is ENGINES[name]
    run = cr.train(NETWORK, X, X[:, 0], epochs=1, engine=name, progress=False)
    assert run.setup.engine == name


def test_the_reference_runs_where_it_is_absent_and_that_is_said_once(
    absent: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        run = cr.train(NETWORK, X, X[:, 0], epochs=2, progress=False)
        assert run.setup.engine == "reference"
        assert run.machine["instruction_set"] is None
    assert np.isfinite(run.predict(X)).all()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert WHY in said
    assert "reference" in said


def test_an_engine_by_its_name_is_never_another_one(absent: None) -> None:
    with pytest.raises(SetupError, match=WHY) as caught:
        chosen_engine("native")
    assert "C++ compiler" in caught.value.remedy
    with pytest.raises(SetupError, match="'nativ'") as caught:
        chosen_engine("nativ")
    assert caught.value.remedy == "Did you mean 'native'?"


def test_a_run_of_an_engine_that_is_absent_says_so_when_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = cr.train(NETWORK, X, X[:, 0], epochs=1, progress=False)
    if run.setup.engine != "native":
        pytest.skip("the compiled engine is not there")
    monkeypatch.setattr(native, "_loaded", lambda: (None, WHY))
    with pytest.raises(SetupError, match=WHY) as caught:
        cr.train(run, epochs=1, progress=False)
    assert caught.value.remedy


def test_without_the_compiled_engine_a_table_is_trained_on(tmp_path: Path) -> None:
    words = ["train", str(HEART), "--target", "disease", "--epochs", "3", "--output", "run"]
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("chainrule: the compiled engine is not there")
    assert cr.load(tmp_path / "run").setup.engine == "reference"


# ---- how it is told ----


@needs_native
def test_the_report_names_what_is_in_use(free: None) -> None:
    report = engine_report()
    first, second, third = report.lines
    assert report.in_use == "native"
    assert first.startswith("native      in use")
    assert native.instruction_sets()[-1] in first
    assert second.startswith("reference   ")
    assert "in use" not in second
    assert third.startswith(f"threads     {allowed_threads()} ")
    assert str(report) == "\n".join(report.lines)


def test_the_report_says_why_the_compiled_engine_is_absent(absent: None) -> None:
    report = engine_report()
    assert report.in_use == "reference"
    assert report.lines[0] == f"native      not there: {WHY}"
    assert report.lines[1].startswith("reference   in use")


@pytest.mark.parametrize(
    ("changed", "threads", "why"),
    [
        ({VARIABLE: "7"}, "7", VARIABLE),
        ({"OMP_NUM_THREADS": "1"}, "1", "OMP_NUM_THREADS"),
        ({"LOKY_MAX_CPU_COUNT": "1"}, "1", "LOKY_MAX_CPU_COUNT"),
    ],
)
def test_the_report_says_what_decided_the_threads(
    free: None, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], threads: str, why: str
) -> None:
    monkeypatch.setattr(cores, "cores", lambda: 3)
    assert "as many as there are cores" in engine_report().lines[2]
    for name, text in changed.items():
        monkeypatch.setenv(name, text)
    line = engine_report().lines[2]
    assert line.split()[:2] == ["threads", threads]
    assert line.endswith(f"{why} says so")


def test_the_command_prints_the_report(here: Here) -> None:
    ended = here("engines")
    assert (ended.code, ended.out, ended.err) == (0, f"{engine_report()}\n", "")


def test_the_command_refuses_a_number_of_threads_that_is_none(tmp_path: Path) -> None:
    ended = run("engines", folder=tmp_path, env=environment(**{VARIABLE: "many"}))
    assert refused(ended, 4) == f"{VARIABLE} is 'many'."


# ---- how many threads ----


def test_a_step_may_use_all_cores(free: None) -> None:
    assert 1 <= cores.cores() <= (os.cpu_count() or 1)
    assert allowed_threads() == cores.cores()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs sched_setaffinity")
def test_only_the_cores_that_this_process_may_run_on_count(free: None) -> None:
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        assert (cores.cores(), allowed_threads()) == (1, 1)
    finally:
        os.sched_setaffinity(0, mine)
    assert cores.cores() == len(mine)


@pytest.mark.parametrize(
    ("changed", "threads"),
    [
        ({VARIABLE: "1"}, 1),
        ({VARIABLE: " 12 "}, 12),
        ({VARIABLE: "100000"}, 64),
        ({VARIABLE: "", "OMP_NUM_THREADS": "2"}, 2),
        ({VARIABLE: "5", "OMP_NUM_THREADS": "2"}, 5),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"LOKY_MAX_CPU_COUNT": "3", "OMP_NUM_THREADS": "2"}, 2),
        ({"LOKY_MAX_CPU_COUNT": "1", "OMP_NUM_THREADS": "2"}, 1),
        # What says nothing here is no limit: lists for nested regions, and more than there is.
        ({"OMP_NUM_THREADS": "2,2"}, 4),
        ({"OMP_NUM_THREADS": "0"}, 4),
        ({"OMP_NUM_THREADS": "99"}, 4),
    ],
)
def test_variables_say_how_many(
    free: None, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], threads: int
) -> None:
    monkeypatch.setattr(cores, "cores", lambda: 4)
    for name, text in changed.items():
        monkeypatch.setenv(name, text)
    assert allowed_threads() == threads


@pytest.mark.parametrize("text", ["0", "-2", "1.5", "two", "²"])
def test_a_number_of_threads_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(SetupError, match=VARIABLE) as caught:
        allowed_threads()
    assert caught.value.remedy
    with pytest.raises(SetupError, match=VARIABLE):
        cr.train(NETWORK, X, X[:, 0], epochs=1, progress=False)


def test_a_limit_is_that_of_one_thread_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "6")
    with at_most(2):
        with at_most(1):
            assert allowed_threads() == 1
            assert in_a_thread(allowed_threads) == 6
        assert allowed_threads() == 2
        with pytest.raises(ValueError, match="mine"), at_most(1):
            raise ValueError("mine")
        assert allowed_threads() == 2
    assert allowed_threads() == 6


IN_WORKERS = """
import os, sys
from chainrule.engines import cores
cores.cores = lambda: 8
from chainrule.engines.cores import allowed_threads

def asked(_):
    return allowed_threads()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_one(free: None) -> None:
    forked = """
print(allowed_threads(), flush=True)
child = os.fork()
if child == 0:
    print(allowed_threads(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(allowed_threads())
"""
    assert printed_by(IN_WORKERS + forked).split() == ["8", "1", "8"]


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_a_worker_of_multiprocessing_has_one(free: None, tmp_path: Path, way: str) -> None:
    if way == "forkserver" and sys.platform == "win32":
        pytest.skip("needs forkserver")
    script = tmp_path / "workers.py"
    script.write_text(
        f"""{IN_WORKERS}
if __name__ == "__main__":
    import multiprocessing
    with multiprocessing.get_context("{way}").Pool(2) as pool:
        print(*pool.map(asked, range(2)), asked(0))
"""
    )
    shown = subprocess.run(
        [sys.executable, script], env=environment(), capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["1", "1", "8"]


def test_workers_of_joblib_share_the_cores(free: None, tmp_path: Path) -> None:
    script = tmp_path / "workers.py"
    script.write_text(
        """
import os
from joblib import Parallel, delayed
from chainrule.engines.cores import allowed_threads, cores

if __name__ == "__main__":
    workers = cores() + 1
    found = Parallel(n_jobs=workers)(delayed(allowed_threads)() for _ in range(workers))
    print(*found)
"""
    )
    shown = subprocess.run(
        [sys.executable, script], env=environment(), capture_output=True, text=True, check=True
    )
    assert set(shown.stdout.split()) == {"1"}


@needs_native
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_was_forked_after_a_training_trains_as_well(free: None) -> None:
    code = """
import hashlib, os
import numpy as np
import chainrule as cr
from chainrule.engines.cores import at_most

rows = np.random.default_rng(0).normal(size=(3000, 60))
network = cr.Network(cr.Dense(200, "tanh"), cr.Dense())

def trained():
    run = cr.train(network, rows, rows[:, 0], epochs=3, batch_size=None, progress=False)
    print(hashlib.sha256(run.state.parameters.tobytes()).hexdigest(), flush=True)

# The threads of the first one stay behind in the parent.
with at_most(2):
    trained()
child = os.fork()
if child == 0:
    trained()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
with at_most(1):
    trained()
"""
    _, in_child, with_one_thread = printed_by(code).split()
    assert in_child == with_one_thread


# ---- the BLAS ----


def limits() -> list[int]:
    """Return how many threads each BLAS may use now."""
    from threadpoolctl import threadpool_info

    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


@pytest.fixture
def two() -> Iterator[list[int]]:
    """Let each BLAS use two threads, and return the numbers that it then has."""
    from threadpoolctl import threadpool_limits

    library.products_of()
    with threadpool_limits(limits=2, user_api="blas"):
        found = limits()
        assert found
        yield found
        assert limits() == found


def test_scipys_products_are_taken_if_they_are_what_they_are_taken_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from scipy.linalg import cython_blas

    narrow, wide = library.products_of()
    assert 'capsule object "void (char *, char *' in repr(narrow)
    assert narrow is cython_blas.__pyx_capi__["sgemm"]
    assert wide is cython_blas.__pyx_capi__["dgemm"]
    plain = library.products_of.__wrapped__
    assert plain() == (narrow, wide)
    for name in ("sgemm", "dgemm"):
        for other in (None, cython_blas.__pyx_capi__["daxpy"], object()):
            changed = {**cython_blas.__pyx_capi__, name: other}
            with monkeypatch.context() as patch:
                patch.setattr(cython_blas, "__pyx_capi__", changed)
                assert plain() == (None, None)
    monkeypatch.setitem(sys.modules, "scipy.linalg.cython_blas", None)
    monkeypatch.delattr("scipy.linalg.cython_blas", raising=False)
    assert plain() == (None, None)


def test_scipys_products_are_found_where_its_files_lie_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = library.products_of()
    monkeypatch.setattr(library, "EXTENSION_SUFFIXES", [])
    monkeypatch.delitem(sys.modules, "scipy.linalg.cython_blas", raising=False)
    found = library.products_of.__wrapped__()
    assert list(map(repr, found)) == list(map(repr, known))


def test_it_is_held_to_one_thread_and_given_back(two: list[int]) -> None:
    with library.one_thread(False):
        assert limits() == two
    with library.one_thread(True):
        assert set(limits()) == {1}
        with library.one_thread(True):
            assert set(limits()) == {1}
        assert set(limits()) == {1}
    assert limits() == two
    with pytest.raises(ValueError, match="mine"), library.one_thread(True):
        raise ValueError("mine")
    assert limits() == two


def test_threads_hold_it_together(two: list[int]) -> None:
    inside, leave = threading.Event(), threading.Event()
    found: list[list[int]] = []

    def hold() -> None:
        with library.one_thread(True):
            found.append(limits())
            inside.set()
            leave.wait(60.0)

    thread = threading.Thread(target=hold)
    with library.one_thread(True):
        thread.start()
        assert inside.wait(60.0)
    # The one that limited it has left, and the other one is still at work.
    assert set(limits()) == {1}
    leave.set()
    thread.join(60.0)
    assert set(found[0]) == {1}
    assert limits() == two
    # A thread by itself, which was not the first to set a limit.
    leave.set()
    in_a_thread(hold)
    assert set(found[1]) == {1}
    assert limits() == two


class Watched:
    """A machine, and how many threads each BLAS may use while it runs."""

    def __init__(self, made: Any, found: list[list[int]]) -> None:
        self.made, self.found = made, found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made, name)

    def run(self, *given: Any) -> Any:
        self.found.append(limits())
        return self.made.run(*given)


@needs_native
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_training_holds_the_blas_while_an_epoch_runs(
    two: list[int], elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile: list[list[int]] = []
    between: list[list[int]] = []
    made = native.machine_of
    monkeypatch.setattr(native, "machine_of", lambda *given: Watched(made(*given), meanwhile))
    # Wide enough for a product that is left to the BLAS. No look: it would be given the watched
    # machine itself.
    rows = np.random.default_rng(0).normal(size=(512, 1024))
    network = cr.Network(cr.Dense(1024, "relu"), cr.Dense())

    def trained() -> cr.Run:
        return cr.train(
            network, rows, rows[:, 0], epochs=4, batch_size=None, progress=False, readings=0,
            on_epoch=lambda progress: between.append(limits()),
        )  # fmt: skip

    assert (in_a_thread(trained) if elsewhere else trained()).recording.epochs == 4
    assert len(meanwhile) >= 4
    assert {number for one in meanwhile for number in one} == {1}
    assert between == [two] * 4
    assert limits() == two


@needs_native
def test_large_products_have_the_same_bits_in_every_thread() -> None:
    rows = np.random.default_rng(1).normal(size=(512, 128))
    network = cr.Network(cr.Dense(128, "tanh"), cr.Dense())

    def trained() -> tuple[Any, ...]:
        with at_most(1):
            run = cr.train(network, rows, rows[:, :9], epochs=2, batch_size=None, progress=False)
        return run.state.parameters.tobytes(), run.history, run.recording.readings

    expected = trained()
    assert in_a_thread(trained) == expected
    assert trained() == expected
