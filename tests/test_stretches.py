"""Stretches: however a training is cut into calls of the engine, it comes to the same bits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from killed_trainings import APART, KINDS, NUMBERS, QUIET, X, Y, bits, network

import chainrule as cr
import chainrule.training.loop
from chainrule.engines import door
from chainrule.engines.work import Work
from chainrule.program import Input, trace
from chainrule.training.loop import Loop
from chainrule.training.metrics import Scorer
from chainrule.training.reading_times import ReadingTimes
from chainrule.training.readings import Readings
from chainrule.training.recording import Recording
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.scoring import scores_by_epoch

WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    **{kind: (target, given) for kind, (target, given, _) in KINDS.items()},
    "small changes": (Y, {"min_change": 2e-3, "batch_size": None, "epochs": 90}),
    "small gradients": (NUMBERS, {"min_gradient": 1.5, "epochs": 90, "learning_rate": 0.02}),
    "several limits": (
        Y,
        {"min_gradient": 0.4, "target_loss": 0.5, "patience": 9, "validation": 0.2, "epochs": 90},
    ),
    "patience": (Y, {"patience": 5, "validation": 0.3, "learning_rate": 0.5, "epochs": 90}),
    "the last": (NUMBERS, {"validation": APART, "keep": "last", "epochs": 20, "l1": 0.01}),
    "overflow": (
        NUMBERS,
        {
            "optimizer": cr.GradientDescent(1.0),
            "loss": "squared_error",
            "batch_size": 13,
            "epochs": 90,
        },
    ),
    "schedule": (NUMBERS, {"optimizer": cr.Adam(cr.ExponentialDecay(0.02)), "epochs": 70}),
    "readings": (Y, {"readings": 4, "snapshots": 5, "epochs": 31}),
}


def trained(way: str, **more: Any) -> Run:
    target, given = WAYS[way]
    given = {"batch_size": 4, "seed": 6, "readings": 0, **given, **more, **QUIET}
    return cr.train(network(), X, target, **given)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no call end because of time."""
    monkeypatch.setattr(chainrule.training.loop, "BREATH", math.inf)
    monkeypatch.setattr(chainrule.training.loop, "FIRST_BREATH", math.inf)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """The calls of the training step: (first step, last step, steps done)."""
    made: list[tuple[int, int, int]] = []
    real = chainrule.training.loop.run

    def noted(*given: Any, **named: Any) -> Any:
        outcome = real(*given, **named)
        made.append((given[5], given[6], outcome.steps_done))
        return outcome

    monkeypatch.setattr(chainrule.training.loop, "run", noted)
    return made


def look_on(progress: Any) -> None:
    """A hook that only makes the loop come back after every epoch."""


# ---- the same bits ----


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("way", sorted(WAYS))
def test_calls_of_any_length_give_the_same_bits(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    due = bits(trained(way))
    hook = WAYS[way][1].get("on_epoch")
    assert bits(trained(way, on_epoch=[look_on] if hook is None else [hook, look_on])) == due
    with monkeypatch.context() as patch:
        patch.setattr(chainrule.training.loop, "BREATH", 0.0)
        assert bits(trained(way)) == due
    with monkeypatch.context() as patch:
        patch.setattr(door, "RECORDS_LIMIT", 500)
        assert bits(trained(way)) == due


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("way", sorted(WAYS))
def test_calls_that_end_at_random_give_the_same_bits(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = bits(trained(way))
    random = np.random.default_rng(1)
    real = chainrule.training.loop.run

    def cut(*given: Any, **named: Any) -> Any:
        first, last = given[5:7]
        if math.isfinite(named["seconds"]):
            last = min(last, first + int(random.integers(1, 40)))
        return real(*given[:6], last, **named)

    monkeypatch.setattr(chainrule.training.loop, "BREATH", 10.0)
    monkeypatch.setattr(chainrule.training.loop, "run", cut)
    for _ in range(3):
        assert bits(trained(way)) == due


def test_a_limit_that_python_knows_is_asked_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call lasts no longer than all before it: at most half of the time is for nothing."""
    asked: list[float] = []
    real = chainrule.training.loop.run

    def noted(*given: Any, **named: Any) -> Any:
        asked.append(named["seconds"])
        return real(*given, **named)

    monkeypatch.setattr(chainrule.training.loop, "run", noted)
    settings: dict[str, Any] = {"epochs": 60, "readings": 0, "batch_size": 4, "seed": 6, **QUIET}
    run = cr.train(network(), X, Y, target_loss=0.0, **settings)
    assert asked[0] == chainrule.training.loop.FIRST_BREATH
    assert asked[-1] <= max(chainrule.training.loop.FIRST_BREATH, run.state.seconds)
    asked.clear()
    cr.train(network(), X, Y, **settings)
    assert asked[0] >= chainrule.training.loop.BREATH


# ---- as few calls as there can be ----


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ({}, [20]),
        ({"validation": 0.2, "patience": 100, "metrics": ["balanced_accuracy"]}, [20]),
        ({"optimizer": cr.Adam(cr.CosineDecay(0.01, epochs=9))}, [20]),
        ({"snapshots": 8}, [8, 16, 20]),
        ({"readings": 4}, [20]),
        ({"readings": 3, "snapshots": 10}, [10, 20]),
        ({"on_epoch": look_on}, list(range(1, 21))),
        ({"target_loss": -1.0, "min_change": 0.0}, [20]),
        ({"max_seconds": 1e9}, [20]),
    ],
)
def test_the_loop_comes_back_where_it_is_needed(
    calls: list[tuple[int, int, int]], given: dict[str, Any], ends: list[int]
) -> None:
    run = cr.train(network(), X, Y, **{"epochs": 20, "readings": 0, **given, **QUIET})
    steps = run.state.step // 20
    assert [last // steps for _, last, _ in calls] == ends
    assert [first // steps for first, _, _ in calls] == [0, *ends[:-1]]


@pytest.mark.usefixtures("unhurried")
def test_a_limit_in_the_middle_of_a_call(calls: list[tuple[int, int, int]]) -> None:
    """The call is made again, to the epoch after which the limit ends the training."""
    run = trained("overflow", optimizer="adam", batch_size=4, target_loss=3.0)
    losses = run.history["loss"]
    assert run.ended == "the loss reached 3"
    assert losses[-1] <= 3.0 < min(losses[:-1])
    assert 1 < len(losses) < 90
    assert [last for _, last, _ in calls] == [90 * 7, len(losses) * 7]
    assert run.best_epoch == len(losses)


@pytest.mark.usefixtures("unhurried")
def test_observers_see_every_stretch_and_lengthen_no_training(
    calls: list[tuple[int, int, int]],
) -> None:
    run = trained("readings", epochs=0)
    assert run.rows is not None
    loop = Loop(replace(run.setup, epochs=20), *run.rows)
    seen: list[int] = []
    loop.run(loop.start(), Recording(), observers=[lambda progress: seen.append(progress.epoch)])
    assert seen == [5, 10, 15, 20]
    assert len(calls) == len(seen)


# ---- an epoch that the engine did not see begin ----


@pytest.mark.parametrize("validation", [None, (np.ones((3, 1)), np.ones(3))])
def test_a_loss_that_overflowed_before_the_call_ends_the_training(
    monkeypatch: pytest.MonkeyPatch, validation: Any
) -> None:
    """The first step of each epoch overflows; the parameters stay finite."""
    real, calls = chainrule.training.loop.run, []

    def stopped_once(*given: Any, **named: Any) -> Any:
        calls.append(given[6])
        return real(*given, **{**named, "seconds": 0.0 if len(calls) == 1 else math.inf})

    monkeypatch.setattr(chainrule.training.loop, "run", stopped_once)
    run = cr.train(
        cr.Network(cr.Dense(1)), np.ones((3, 1)), [1e30, 1.0, 1.0], batch_size=1, shuffle=False,
        clip_norm=1e-3, optimizer="gradient_descent", epochs=5, readings=0,
        validation=0.0 if validation is None else validation, **QUIET,
    )  # fmt: skip
    assert run.ended == "the loss became inf in epoch 1"
    assert np.isfinite(run.state.parameters).all()
    assert (run.state.step, run.recording.epochs) == (3, 1)
    assert (run.best_epoch, run.state.best_epoch, run.state.best_loss) == (0, 0, math.inf)
    # The second call went on into the second epoch, and was made again to the end of the first.
    assert calls == [15, 15, 3]


# ---- the parts ----


@given(
    before=st.lists(st.dictionaries(st.sampled_from("abc"), st.floats()), max_size=3),
    columns=st.dictionaries(
        st.sampled_from("bcd"), st.lists(st.floats(), min_size=3, max_size=3), max_size=3
    ),
)
def test_many_epochs_are_added_as_one_after_another(before: Any, columns: Any) -> None:
    together, single = Recording(), Recording()
    for numbers in before:
        together.epoch(**numbers)
        single.epoch(**numbers)
    together.extend(columns)
    for place in range(3 if columns else 0):
        single.epoch(**{name: column[place] for name, column in columns.items()})
    assert repr(together.history) == repr(single.history)
    assert together.epochs == single.epochs


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"loss": [1.0, 2.0], "penalty": [1.0]}, "loss, penalty differ in length"),
        ({"loss": [1.0, "low"]}, "'loss' of several epochs"),
        ({"loss": 3.0}, "'loss' of several epochs"),
    ],
)
def test_columns_that_are_none(columns: Any, words: str) -> None:
    recording = Recording()
    with pytest.raises(cr.SetupError, match=words):
        recording.extend(columns)
    assert recording.history == {}


def scorers() -> Iterator[tuple[Scorer, Any, int]]:
    """Scorers of whole trainings, with their rows, and the number of outputs."""
    two = np.where(X[:, 0] > 0, "yes", "no")
    many = np.concatenate([NUMBERS, NUMBERS**2], axis=1)
    cases: list[tuple[Any, dict[str, Any], int]] = [
        (Y, {}, 3),
        (two, {}, 2),
        (two, {"loss": "binary_cross_entropy"}, 1),
        (two, {"loss": "hinge"}, 1),
        (NUMBERS, {}, 1),
        (many, {"loss": "huber"}, 2),
        (np.abs(NUMBERS), {"loss": "poisson"}, 1),
    ]
    for target, settings, outputs in cases:
        settings = {**settings, "epochs": 0, "validation": 0.3, **QUIET}
        run = cr.train(cr.Network(cr.Dense(outputs)), X, target, **settings)
        assert run.rows is not None
        loop = Loop(run.setup, *run.rows)
        yield loop.scorer, loop.held_rows, outputs
    # Held-out targets that are all alike, whose variance is 0.
    alike = np.ones((7, 1))
    yield loop.scorer, Rows((alike,), (alike,), np.ones(7)), 1


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scores_of_all_epochs_are_those_of_each(place: int, dtype: Any) -> None:
    scorer, rows, outputs = list(scorers())[place]
    made = np.random.default_rng(place).normal(size=(5, len(rows), outputs)).astype(dtype)
    made[3, 0] = np.nan
    found = scores_by_epoch(scorer, rows, [made])
    single = [scorer(rows.targets, [made[epoch]]) for epoch in range(5)]
    assert len(found) == 1
    for name, column in found.items():
        np.testing.assert_allclose(column, [one[name] for one in single], rtol=1e-14)
        # An epoch's number does not depend on those that are scored with it.
        for epoch in range(5):
            alone = scores_by_epoch(scorer, rows, [made[epoch : epoch + 1]])[name]
            assert repr(alone) == repr(column[epoch : epoch + 1])


@given(
    st.builds(ReadingTimes, st.integers(0, 90), st.integers(1, 9), st.integers(0, 60)),
    st.integers(0, 300),
    st.integers(0, 300),
)
def test_the_next_reading_is_the_first_that_is_due(
    times: ReadingTimes, first: int, more: int
) -> None:
    due = [number for number in range(first, first + more) if times.due(number)]
    assert times.next_due(first, first + more) == (due[0] if due else first + more)


@given(st.integers(1, 60), st.integers(0, 300), st.integers(1, 3000))
def test_calls_one_after_another_take_every_reading_that_is_due(
    readings: int, first: int, more: int
) -> None:
    size = SimpleNamespace(trained=SimpleNamespace(size=1))
    work = Work(trace(lambda x: (x,), [Input("x", ())], ("x",)))
    nothing: Any = SimpleNamespace(objective=size, observed_work=lambda dtype: work)
    setup: Any = SimpleNamespace(readings=readings, seed=0, dtype="float32")
    one = Readings(setup, nothing, 1)
    epoch, taken = first, []
    while epoch < first + more:
        look, end = one.look(epoch, first + more)
        assert epoch < end <= first + more
        taken += [] if look is None else look.epochs
        assert all(epoch <= number < end for number in taken[-1:])
        epoch = end
    assert taken == [number for number in range(first, first + more) if one.times.due(number)]


@pytest.mark.parametrize(
    ("rows", "parameters", "due"),
    [
        (1000, 10_000, 256),
        (100, 10_000, 100),
        (1, 5, 1),
        (0, 5, 1),
        (1000, 10_001, 32),
        (4096, 10_001, 128),
        (60_000, 10_001, 256),
        (20, 10_001, 20),
    ],
)
def test_a_reading_is_little_beside_an_epoch(rows: int, parameters: int, due: int) -> None:
    step: Any = SimpleNamespace(objective=SimpleNamespace(trained=SimpleNamespace(size=parameters)))
    setup: Any = SimpleNamespace(readings=50, seed=0)
    assert Readings(setup, step, rows).sample.size == due
