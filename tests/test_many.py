"""``train_many``: the bits of trainings by themselves, their order, their errors, and Ctrl-C."""

from __future__ import annotations

import _thread
import io
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import native
from chainrule.engines.cores import VARIABLE, allowed_threads, at_most
from chainrule.errors import ChainruleError
from chainrule.training.interrupts import held_interrupts, interrupted_by, uninterrupted
from chainrule.training.progress import shown_count
from chainrule.training.state import Progress

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(90, 5))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.6).astype(int)
NETWORK = cr.Network(cr.Dense(6, "tanh"), cr.Dense())
COMMON: dict[str, Any] = {"epochs": 6, "batch_size": 16, "progress": False}
# More epochs than a test waits for; one that is not ended by then fails instead of hanging.
WAIT = 60.0
ENDLESS: dict[str, Any] = {"epochs": 10**8, "max_seconds": WAIT}
# Differ in seed, rate, optimizer, rows of a step, limits, network, rows, type and length.
EACH: list[dict[str, Any]] = [
    {"epochs": 60},
    {"seed": 4},
    {"learning_rate": 0.02, "l2": 0.01},
    {"optimizer": cr.Momentum(learning_rate=0.05), "batch_size": None},
    {"validation": 0.25, "patience": 3},
    {"network": cr.Network(cr.Dense(3, "relu"), cr.Dense(4, "sigmoid"), cr.Dense())},
    {"X": X[10:], "y": Y[10:], "dtype": "float64"},
    {"epochs": 0},
]
engines = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(
            "native",
            marks=pytest.mark.skipif(
                not native.is_present(), reason="the compiled engine is not there"
            ),
        ),
        "reference",
    ],
)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Any:
    """Threads, their limit and the answer to Ctrl-C are afterwards as they were before."""
    allowed, answer = allowed_threads(), signal.getsignal(signal.SIGINT)
    yield
    assert allowed_threads() == allowed
    assert signal.getsignal(signal.SIGINT) is answer
    assert not [one for one in threading.enumerate() if one.name.startswith("chainrule")]


def many(**given: Any) -> list[cr.Run]:
    return cr.train_many(**{"network": NETWORK, "X": X, "y": Y, **COMMON, **given})


def alone(**given: Any) -> cr.Run:
    with at_most(1):
        return cr.train(**{"network": NETWORK, "X": X, "y": Y, **COMMON, **given})


def bits(run: cr.Run) -> tuple[Any, ...]:
    """Return all that a training makes, but for the time that it took."""
    state = run.state
    return (
        {name: one.tobytes() for name, one in run.network.parameters.items()},
        state.parameters.tobytes(),
        {name: one.tobytes() for name, one in state.optimizer.items()},
        (state.step, state.kept_epoch, state.best_epoch, state.best_loss),
        run.history,
        run.recording.readings,
        run.ended,
    )


def error_of(**given: Any) -> ChainruleError:
    """Return the error that is raised, which has a cause and a remedy."""
    with pytest.raises(ChainruleError) as caught:
        many(**given)
    assert caught.value.cause.endswith(".")
    assert caught.value.remedy
    return caught.value


# ---- the same numbers, in order ----


@engines
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_bits_are_those_of_trainings_by_themselves(engine: str, workers: int) -> None:
    together = many(each=EACH, engine=engine, workers=workers)
    for run, given in zip(together, EACH, strict=True):
        assert bits(run) == bits(alone(engine=engine, **given))
        assert run.machine["threads_of_a_step"] == 1


def test_one_thread_by_the_variable_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    # Wide and with many rows, so that a step by itself would use several threads.
    network = cr.Network(cr.Dense(128, "tanh"), cr.Dense())
    rows = RANDOM.normal(size=(4000, 20))
    given: dict[str, Any] = {"X": rows, "y": rows[:, :3], "batch_size": None, "epochs": 3}
    together = many(network=network, each=2, workers=2, **given)
    monkeypatch.setenv(VARIABLE, "1")
    plain = {"progress": False, **given}
    for seed, run in enumerate(together):
        assert bits(run) == bits(cr.train(network, seed=seed, **plain))


def test_runs_come_in_the_order_of_each_and_not_of_their_ends() -> None:
    ends: list[int] = []

    def noted(epochs: int) -> Callable[[Progress], None]:
        return lambda progress: ends.append(epochs) if progress.epoch == epochs else None

    lengths = [400, 1, 2]
    runs = many(each=[{"epochs": n, "on_epoch": noted(n)} for n in lengths], workers=2)
    assert [run.recording.epochs for run in runs] == lengths
    assert ends == [1, 2, 400]


@pytest.mark.parametrize("count", [3, np.int64(3)])
def test_a_number_stands_for_seeds(count: Any) -> None:
    runs = many(each=count, seed=5)
    assert [run.setup.seed for run in runs] == [5, 6, 7]
    assert len({bits(run)[1] for run in runs}) == 3
    assert [run.setup.seed for run in many(each=2)] == [0, 1]


@pytest.mark.parametrize("each", [[], (), 0])
def test_no_trainings_give_no_runs(each: Any) -> None:
    assert many(each=each) == []


def test_folds_are_rows_in_the_mappings() -> None:
    folds = np.array_split(np.random.default_rng(0).permutation(len(X)), 3)
    each = []
    for place, held in enumerate(folds):
        rows = np.concatenate([one for other, one in enumerate(folds) if other != place])
        each.append({"X": X[rows], "y": Y[rows], "validation": (X[held], Y[held])})
    runs = many(X=None, y=None, each=each)
    for run, given in zip(runs, each, strict=True):
        assert bits(run) == bits(alone(**given))
        assert len(run.history["validation_accuracy"]) == run.recording.epochs
    assert len({run.setup.provenance.held for run in runs}) == 3


def test_the_mappings_may_hold_everything() -> None:
    each = [{"network": NETWORK, "X": X, "y": Y, "epochs": 2}]
    assert cr.train_many(each=each, progress=False)[0].recording.epochs == 2


def test_runs_go_on() -> None:
    first, second = many(each=2)
    more = many(
        network=first, X=None, y=None, batch_size=16, epochs=3,
        each=[{}, {"learning_rate": 0.5}, {"network": second}],
    )  # fmt: skip
    going_on: dict[str, Any] = {"X": None, "y": None, "epochs": 3}
    assert bits(more[0]) == bits(alone(network=first, **going_on)) == bits(alone(epochs=9))
    assert bits(more[1]) == bits(alone(network=first, learning_rate=0.5, **going_on))
    assert bits(more[2]) == bits(alone(epochs=9, seed=1))


def test_a_run_keeps_its_seed() -> None:
    run = alone()
    assert "seed cannot be changed" in error_of(network=run, X=None, y=None, each=2).cause


# ---- threads ----


def test_so_many_trainings_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most = 0, 0
    lock = threading.Lock()

    def counted(meeting: threading.Barrier | None) -> Callable[[Progress], None]:
        def hook(progress: Progress) -> None:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            # Those that run at a time meet; others would wait in vain.
            if meeting is not None:
                meeting.wait(WAIT)
            time.sleep(0.01)
            with lock:
                inside -= 1

        return hook

    many(each=3, workers=3, epochs=2, on_epoch=counted(threading.Barrier(3)))
    assert most == 3
    monkeypatch.setenv(VARIABLE, "3")
    many(each=3, epochs=2, on_epoch=counted(threading.Barrier(3)))
    monkeypatch.setenv(VARIABLE, "1")
    most = 0
    many(each=3, epochs=2, on_epoch=counted(None))
    assert most == 1


def test_a_step_has_one_thread_inside_and_what_it_had_outside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "4")
    found: list[tuple[int, bool]] = []

    def hook(progress: Progress) -> None:
        main = threading.current_thread() is threading.main_thread()
        found.append((allowed_threads(), main))

    many(each=3, epochs=2, on_epoch=hook, workers=2)
    assert found == [(1, False)] * 6
    assert allowed_threads() == 4


def test_a_hook_belongs_to_its_training() -> None:
    def hook(progress: Progress) -> None:
        if progress.epoch == 2:
            progress.stop()

    runs = many(each=[{"on_epoch": hook}, {}, {"on_epoch": [hook]}])
    assert [run.recording.epochs for run in runs] == [2, 6, 2]


def test_trainings_inside_a_hook_stay_on_its_thread() -> None:
    inner: list[list[cr.Run]] = []

    def hook(progress: Progress) -> None:
        if progress.epoch == 1:
            inner.append(many(each=2))

    many(each=2, workers=2, on_epoch=hook)
    expected = [bits(alone(seed=seed)) for seed in range(2)]
    assert [[bits(run) for run in runs] for runs in inner] == [expected, expected]


# ---- what is refused before anything begins ----


@pytest.mark.parametrize(
    ("given", "cause", "remedy"),
    [
        ({"each": 2, "epoch": 5}, "no argument 'epoch'", "'epochs'"),
        ({"each": [{}, {"sed": 5}]}, "no argument 'sed'", "'seed'"),
        ({"each": [{3: 5}]}, "no argument '3'", "Known"),
        ({"each": [{"workers": 5}]}, "no argument 'workers'", "Known"),
        ({"each": [{"progress": True}]}, "progress is one line", "train_many"),
        ({"each": -1}, "each=-1", "from 0"),
        ({"each": True}, "each is of type bool", '{"seed": 1}'),
        ({"each": 2.0}, "each is of type float", '{"seed": 1}'),
        ({"each": None}, "each is of type NoneType", '{"seed": 1}'),
        ({"each": ""}, "each is of type str", '{"seed": 1}'),
        ({"each": {"seed": 1}}, "each is of type dict", '{"seed": 1}'),
        ({"each": iter([{}])}, "each is of type list_iterator", '{"seed": 1}'),
        ({"each": [{}, 3]}, "each[1] is of type int", '{"seed": 1}'),
        ({"each": 2, "seed": "one"}, "seed='one'", "whole number"),
        ({"each": 2, "workers": 0}, "workers=0", "from 1"),
        ({"each": 2, "workers": 1.5}, "workers=1.5", "from 1"),
        ({"each": 2, "progress": "yes"}, "progress='yes'", "True or False"),
        ({"each": 2, "checkpoint": "run"}, "checkpoint folder 'run'", '"checkpoint": "runs/0"'),
        (
            {"each": [{"checkpoint": "run"}, {}, {"checkpoint": Path("./run")}]},
            "checkpoint folder 'run'",
            '"checkpoint": "runs/0"',
        ),
        ({"each": [{}, {"checkpoint": 5}]}, "checkpoint=5", "folder"),
    ],
)
def test_what_no_training_can_begin_with(
    given: dict[str, Any], cause: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begun: list[Progress] = []
    error = error_of(on_epoch=begun.append, **given)
    assert cause in error.cause
    assert remedy in error.remedy
    assert not begun
    assert not list(tmp_path.iterdir())


def test_a_wrong_number_of_threads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, "two")
        assert VARIABLE in error_of(each=2).cause


# ---- errors of trainings ----


@pytest.mark.parametrize(
    "bad",
    [
        {"network": cr.Network(cr.Input(4), cr.Dense())},
        {"X": X[:5]},
        {"network": "tanh"},
        {"optimizer": "adamm"},
        {"seed": 2**64},
    ],
)
def test_the_error_of_one_is_raised_and_ends_the_others(bad: dict[str, Any]) -> None:
    with pytest.raises(ChainruleError) as expected:
        alone(**bad)
    began = time.monotonic()
    error = error_of(each=[ENDLESS, bad, ENDLESS], workers=2)
    assert time.monotonic() - began < WAIT / 2
    assert (type(error), str(error)) == (type(expected.value), str(expected.value))
    assert any("each[1]" in note for note in error.__notes__)


def test_the_first_error_is_raised_and_what_waits_does_not_begin() -> None:
    begun: list[int] = []

    def hook(place: int) -> Callable[[Progress], None]:
        return lambda progress: begun.append(place)

    each = [
        {"on_epoch": hook(0)},
        {"loss": "first"},
        {"loss": "second"},
        {"on_epoch": hook(3), **ENDLESS},
        {"on_epoch": hook(4), **ENDLESS},
    ]
    assert "first" in error_of(each=each, workers=1).cause
    assert begun[:6] == [0] * 6
    assert 4 not in begun


def test_an_error_in_a_hook_is_raised_as_it_is(tmp_path: Path) -> None:
    error = ValueError("mine")

    def hook(progress: Progress) -> None:
        raise error

    other = {"checkpoint": tmp_path / "run", "checkpoint_every": 0.0, **ENDLESS}
    with pytest.raises(ValueError, match="mine") as caught:
        many(each=[other, {"on_epoch": hook}], workers=2)
    assert caught.value is error
    # The other one was ended as by Ctrl-C: its folder is whole, and it can go on.
    assert cr.load(tmp_path / "run").ended == "interrupted"


# ---- Ctrl-C ----


def press_ctrl_c() -> None:
    """Press it in the main thread, from a hook, and wait until it was noticed."""
    with held_interrupts() as noticed:
        _thread.interrupt_main()
        limit = time.monotonic() + WAIT
        while not noticed() and time.monotonic() < limit:
            time.sleep(0.001)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_all_and_returns_what_there_is(workers: int) -> None:
    over, pressed = threading.Event(), threading.Event()

    def last(progress: Progress) -> None:
        if progress.epoch == 2:
            over.set()

    def press(progress: Progress) -> None:
        if progress.epoch == 5:
            over.wait(WAIT)
            press_ctrl_c()
            pressed.set()

    each = [{"epochs": 2, "on_epoch": last}, {"seed": 1, "on_epoch": press}, {"seed": 2}]
    each.append({"seed": 3, "on_epoch": lambda progress: pressed.wait(WAIT)})
    began = time.monotonic()
    runs = many(each=[{**ENDLESS, **one} for one in each], workers=workers)
    assert time.monotonic() - began < WAIT / 2
    assert [run.ended for run in runs] == ["all epochs were run", *["interrupted"] * 3]
    assert [run.finished for run in runs] == [True, False, False, False]
    assert runs[1].recording.epochs >= 5
    for seed, run in enumerate(runs[1:], start=1):
        through = run.recording.epochs
        assert run.history == alone(seed=seed, epochs=through).history
        assert run.predict(X).shape == (90,)


def test_interrupted_folders_are_resumed_to_the_same_bits(tmp_path: Path) -> None:
    pressed = threading.Event()

    def press(progress: Progress) -> None:
        if progress.epoch == 3:
            press_ctrl_c()
            pressed.set()

    hooks = [press, lambda progress: pressed.wait(WAIT), lambda progress: pressed.wait(WAIT)]
    settings: dict[str, Any] = {"epochs": 400, "validation": 0.2}
    folders = [tmp_path / str(seed) for seed in range(3)]
    each = [
        {"seed": seed, "checkpoint": folder, "on_epoch": hooks[seed]}
        for seed, folder in enumerate(folders)
    ]
    runs = many(each=each, workers=2, **settings)
    assert [run.ended for run in runs] == ["interrupted"] * 3
    for seed, (run, folder) in enumerate(zip(runs, folders, strict=True)):
        kept = cr.load(folder)
        assert (kept.finished, kept.recording.epochs) == (False, run.recording.epochs)
        with at_most(1):
            resumed = cr.resume(folder, X, Y, progress=False)
        assert bits(resumed) == bits(alone(seed=seed, **settings))


def test_a_second_ctrl_c_is_raised() -> None:
    def hook(progress: Progress) -> None:
        if progress.epoch == 2:
            press_ctrl_c()
            _thread.interrupt_main()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        many(each=[{"on_epoch": hook}, {}, {}, {}], workers=1, **ENDLESS)
    assert time.monotonic() - began < WAIT / 2


def in_a_thread(asked: Callable[[], Any]) -> Any:
    """Return what a function returns in another thread than the main one."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asked()))
    thread.start()
    thread.join(WAIT)
    return found[0]


def test_what_a_thread_asks_is_restored_and_never_raised_there() -> None:
    def asked() -> list[bool]:
        found = []
        with interrupted_by(lambda: True):
            with interrupted_by(lambda: False), held_interrupts() as interrupted:
                found.append(interrupted())
            with held_interrupts() as interrupted:
                found.append(interrupted())
            # The main thread decides what becomes of Ctrl-C, so a save in here is just a save.
            with uninterrupted():
                pass
        with held_interrupts() as interrupted:
            found.append(interrupted())
        return found

    assert in_a_thread(asked) == [False, True, False]


def test_from_another_thread_than_the_main_one() -> None:
    runs = in_a_thread(lambda: many(each=2, workers=2))
    assert [bits(run) for run in runs] == [bits(alone(seed=seed)) for seed in range(2)]


# ---- the line of progress ----


def test_the_line_counts_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    import chainrule.training.many as room

    counts: list[list[int]] = []

    class Shown:
        def __init__(self, total: int, wanted: bool) -> None:
            counts.append([total, int(wanted)])

        def __enter__(self) -> Callable[[int], None]:
            return counts[-1].append

        def __exit__(self, *_: Any) -> None:
            counts[-1].append(-1)

    monkeypatch.setattr(room, "shown_count", Shown)
    many(each=4, workers=2, progress=True)
    ((total, wanted, *done, left),) = counts
    assert (total, wanted, left) == (4, 1, -1)
    assert done == sorted(done)
    assert done[-1] == 4


class Terminal(io.StringIO):
    """A standard error that can take a line back."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_line_and_takes_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm-256color")
    with shown_count(4, True) as show:
        show(3)
    assert re.search(r"trainings ended.* 3 of 4 ", shown.getvalue())
    assert shown.getvalue().endswith("\x1b[2K")
    before = shown.getvalue()
    for total, wanted in ((4, False), (0, True)):
        with shown_count(total, wanted) as show:
            show(0)
    assert shown.getvalue() == before


def test_without_a_terminal_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    many(each=2, progress=True)
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "")
