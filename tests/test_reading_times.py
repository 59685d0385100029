"""Readings by work: never more than they may cost, the same when a run goes on, made up for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
import chainrule.diagnosis.probes.close_looks
from chainrule.diagnosis.cases.case import case_of
from chainrule.diagnosis.end_of_training import line_of_signs
from chainrule.diagnosis.examination import Examination
from chainrule.training.reading_times import CALL, CLOSE, SHARE, TRACING, by_count, by_work
from chainrule.training.readings import LEAST_ROWS, READING_ROWS, Readings
from chainrule.training.run import Run
from chainrule.training.step import TrainingStep

X = np.random.default_rng(8).normal(size=(640, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
# An epoch of it is so much work that a few of them pay for readings.
WIDE = cr.Network(cr.Input(6), cr.Dense(400, "tanh"), cr.Dense(400, "tanh"), cr.Dense(2), seed=2)
SMALL = cr.Network(cr.Input(6), cr.Dense(5, "tanh"), cr.Dense(2), seed=2)


def trained(network: cr.Network = SMALL, **given: Any) -> Run:
    return cr.train(network, X, Y, **{"epochs": 12, "progress": False, **given})


def epochs_read(run: Run) -> list[int]:
    return [one["epoch"] for one in run.recording.readings]


# ---- the rule ----


@given(st.integers(10_000, 10**9), st.integers(500_000, 10**8))
def test_readings_never_cost_more_than_their_share(epoch: int, reading: int) -> None:
    times = by_work(epoch, reading)
    spent, number, last = TRACING, 0, times.first + 150 * times.every
    at = times.next_due(0, last)
    assert at == times.first
    # One epoch earlier the first would not have been paid for.
    assert SHARE * (TRACING + reading) > CALL + (times.first - 1) * epoch
    while at < last:
        spent += reading
        assert SHARE * spent <= CALL + at * epoch
        number, at = number + 1, times.next_due(at + 1, last)
    # Of 150 places every one up to the 50th, then every second, then every fourth.
    assert number == CLOSE + 25 + 13


def test_a_count_is_kept_to() -> None:
    times = by_count(4)
    assert [one for one in range(20) if times.due(one)] == [0, 1, 2, 3, 4, 6, 8, 12, 16]
    assert not any(by_count(0).due(one) for one in range(20))


@pytest.mark.parametrize(
    ("rows", "parameters", "steps", "due"),
    [
        (1000, 100, 32, READING_ROWS),
        (20, 100, 1, 20),
        (1000, 10_000, 32, LEAST_ROWS),
        (100_000, 10_000, 3125, READING_ROWS),
        (8_000, 10_000, 250, 106),
    ],
)
def test_a_sample_is_as_large_as_epochs_pay_for(
    rows: int, parameters: int, steps: int, due: int
) -> None:
    sizes = SimpleNamespace(trained=SimpleNamespace(size=parameters))
    step: Any = SimpleNamespace(objective=sizes, steps_per_epoch=steps)
    setup: Any = SimpleNamespace(readings="auto", seed=0, batch_size=32)
    assert Readings(setup, step, rows).sample.size == due


def test_a_run_that_goes_on_is_read_as_one_that_was_long(tmp_path: Path) -> None:
    whole = trained(WIDE, epochs=30)
    part = trained(WIDE, epochs=16)
    part.save(tmp_path / "part")
    loaded = cr.load(tmp_path / "part")
    assert loaded.setup.readings == "auto"
    assert 0 < len(part.recording.readings) < len(whole.recording.readings)
    for run in (cr.train(part, epochs=14, progress=False),
                cr.train(loaded, X, Y, epochs=14, progress=False)):  # fmt: skip
        assert run.recording.readings == whole.recording.readings
    assert epochs_read(cr.train(part, epochs=9, readings=0, progress=False)) == epochs_read(part)


@pytest.mark.usefixtures("nothing_is_observed")
@pytest.mark.parametrize("network", [SMALL, WIDE])
def test_what_ends_before_its_first_reading_is_not_prepared_for_it(network: cr.Network) -> None:
    ended = trained(network, epochs=500, on_epoch=lambda progress: progress.stop())
    assert (ended.recording.epochs, epochs_read(ended)) == (1, [])
    assert epochs_read(trained(network, epochs=500, target_loss=10.0)) == []


@pytest.fixture
def nothing_is_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: Any) -> None:
        raise AssertionError("the observed form was written down")

    monkeypatch.setattr(TrainingStep, "observed_work", refused)


def test_only_a_number_or_auto() -> None:
    with pytest.raises(cr.SetupError, match="readings='often' is not known"):
        trained(readings="often")


# ---- a diagnosis looks again ----


def test_a_short_training_is_made_again_to_be_read() -> None:
    run = trained()
    assert run.recording.readings == []
    examined = Examination(case_of(run))
    assert list(examined.readings) == trained(readings=50).recording.readings
    assert len(examined.relative_updates["dense_1.W"]) == 12
    assert run.recording.readings == []


def test_a_training_that_was_cut_off_is_made_again_as_far_as_it_went() -> None:
    run = trained(epochs=40, on_epoch=lambda one: one.stop() if one.epoch == 8 else None)
    assert len(Examination(case_of(run)).readings) == 8


def another_rate(progress: Any) -> None:
    progress.learning_rate = 0.05


@pytest.fixture
def nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: Any, **named: Any) -> None:
        raise AssertionError("it was trained again")

    monkeypatch.setattr(chainrule.diagnosis.probes.close_looks, "carry_out", refused)


def test_what_would_not_come_to_the_same_is_taken_as_it_is() -> None:
    assert list(Examination(case_of(trained(on_epoch=another_rate))).readings) == []


@pytest.mark.usefixtures("nothing_is_trained")
def test_what_was_read_or_is_long_or_of_another_loop_is_taken_as_it_is() -> None:
    read = case_of(trained(readings=3, epochs=12))
    assert Examination(read).readings == read.recording.readings
    case = case_of(trained())
    assert not Examination(replace(case, seconds=1.5)).readings
    assert not Examination(replace(case, by_our_loop=False)).readings
    assert not Examination(case_of(cr.train(trained(), epochs=2, batch_size=8))).readings
    assert not Examination(case_of(trained(epochs=0))).readings
    assert "Signs" in line_of_signs(trained()) or "No sign" in line_of_signs(trained())
