"""Schedules against formulas by hand, at work in mini-batches, and beside a hook."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.optimizers.schedules import SCHEDULES
from chainrule.training.run import Run


def rate(schedule: Any, epoch: float) -> float:
    return float(schedule.rate(np.float64(epoch)))


@given(epoch=st.floats(0.0, 200.0))
def test_formulas_by_hand(epoch: float) -> None:
    assert rate(cr.StepDecay(0.5, every=10, factor=0.1), epoch) == pytest.approx(
        0.5 * 0.1 ** (epoch // 10)
    )
    assert rate(cr.ExponentialDecay(0.5, factor=0.9), epoch) == pytest.approx(0.5 * 0.9**epoch)
    assert rate(cr.InverseScaling(0.5, scale=4.0, exponent=0.5), epoch) == pytest.approx(
        0.5 / math.sqrt(1 + epoch / 4)
    )
    turned = 0.02 + 0.5 * (0.5 - 0.02) * (1 + math.cos(math.pi * min(epoch / 50, 1.0)))
    assert rate(cr.CosineDecay(0.5, epochs=50, end=0.02), epoch) == pytest.approx(turned)


@given(epoch=st.floats(0.0, 40.0), warmup=st.floats(0.5, 29.0), end=st.floats(0.0, 1.0))
def test_a_cosine_that_warms_up(epoch: float, warmup: float, end: float) -> None:
    schedule = cr.CosineDecay(0.5, epochs=30, end=end, warmup=warmup)
    share = min((epoch - warmup) / (30 - warmup), 1.0)
    due = 0.5 * epoch / warmup
    if epoch >= warmup:
        due = end + 0.5 * (0.5 - end) * (1 + math.cos(math.pi * share))
    assert rate(schedule, epoch) == pytest.approx(due)


X = np.arange(10.0)[:, None] / 10
Y = 2.0 * X + 1.0


def trained(**given: Any) -> Run:
    network = cr.Network(cr.Input(1), cr.Dense(1), seed=0)
    return cr.train(network, X, Y, batch_size=3, dtype="float64", progress=False, **given)


@pytest.mark.parametrize(
    "schedule",
    [
        cr.StepDecay(0.1, every=1, factor=0.5),
        cr.ExponentialDecay(0.1, factor=0.8),
        cr.InverseScaling(0.1),
        cr.CosineDecay(0.1, epochs=5, warmup=1),
    ],
)
def test_a_step_in_the_middle_of_an_epoch_has_the_rate_of_there(schedule: Any) -> None:
    """10 rows in threes: 4 steps an epoch, the last of one row."""
    run = trained(optimizer=cr.GradientDescent(schedule), epochs=3, shuffle=False)
    w, b = 0.0, 0.0
    network = cr.Network(cr.Input(1), cr.Dense(1), seed=0)
    w, b = (float(one.item()) for one in network.parameters.values())
    for step in range(12):
        rows = slice(step % 4 * 3, step % 4 * 3 + 3)
        missed = w * X[rows] + b - Y[rows]
        now = rate(schedule, step / 4)
        w, b = (
            w - now * 2 * float(np.mean(missed * X[rows])), b - now * 2 * float(np.mean(missed))
        )  # fmt: skip
    found = [float(one.item()) for one in run.network.parameters.values()]
    assert found == pytest.approx([w, b], rel=1e-12)
    assert run.history["learning_rate"] == pytest.approx(
        [rate(schedule, (4 * epoch - 1) / 4) for epoch in (1, 2, 3)]
    )


def test_a_learning_rate_given_apart_replaces_the_optimizers() -> None:
    schedule = cr.ExponentialDecay(0.1)
    inside = trained(optimizer=cr.Momentum(schedule), epochs=4)
    apart = trained(optimizer="momentum", learning_rate=schedule, epochs=4)
    assert inside.history == apart.history


# ---- rates that a hook sets ----


def halved(progress: Any) -> None:
    progress.learning_rate = progress.learning_rate / 2


def test_a_hook_sets_the_rate() -> None:
    run = trained(optimizer=cr.GradientDescent(0.1), epochs=4, on_epoch=halved)
    assert run.history["learning_rate"] == [0.1, 0.05, 0.025, 0.0125]
    assert run.state.rate == 0.00625


def test_a_rate_that_a_hook_set_stays_when_the_run_goes_on() -> None:
    run = trained(optimizer=cr.GradientDescent(0.1), epochs=4, on_epoch=halved)
    for settings_given in ({}, {"learning_rate": None}):
        more = cr.train(run, epochs=1, progress=False, **settings_given)
        assert more.history["learning_rate"][4:] == [0.00625]


def test_a_hook_scales_a_schedule() -> None:
    schedule = cr.ExponentialDecay(0.1, factor=0.9)
    plain = trained(optimizer=cr.GradientDescent(schedule), epochs=4)
    run = trained(optimizer=cr.GradientDescent(schedule), epochs=4, on_epoch=[halved])
    due = [one * 0.5**place for place, one in enumerate(plain.history["learning_rate"])]
    assert run.history["learning_rate"] == pytest.approx(due, rel=1e-14)


@pytest.mark.parametrize("wanted", [-0.1, math.nan, math.inf, "fast", None, True])
def test_a_hook_that_sets_no_rate_is_refused(wanted: Any) -> None:
    def hook(progress: Any) -> None:
        progress.learning_rate = wanted

    with pytest.raises(cr.SetupError, match="hook set the learning rate to"):
        trained(epochs=2, on_epoch=hook)


def test_no_factor_lifts_a_schedule_that_is_at_zero() -> None:
    def hook(progress: Any) -> None:
        if progress.epoch == 4:
            progress.learning_rate = 0.1

    with pytest.raises(cr.SetupError, match="schedule is at 0"):
        trained(epochs=5, learning_rate=cr.CosineDecay(0.1, epochs=2), on_epoch=hook)


# ---- what is refused ----


@pytest.mark.parametrize(
    "make",
    [
        lambda: cr.StepDecay(0.1, every=0),
        lambda: cr.StepDecay(-0.1),
        lambda: cr.ExponentialDecay(math.nan),
        lambda: cr.ExponentialDecay(0.1, factor="0.5"),
        lambda: cr.InverseScaling(0.1, scale=0.0),
        lambda: cr.CosineDecay(0.1, epochs=0),
        lambda: cr.CosineDecay(0.1, epochs=5, warmup=5),
        lambda: cr.CosineDecay(True, epochs=5),
    ],
)
def test_settings_that_are_no_numbers_from_zero(make: Callable[[], Any]) -> None:
    with pytest.raises(cr.SetupError) as caught:
        make()
    assert caught.value.remedy.startswith("Give")


def test_every_schedule_is_found_by_its_name() -> None:
    assert set(SCHEDULES) >= {
        "step_decay", "exponential_decay", "inverse_scaling", "cosine_decay"
    }  # fmt: skip
