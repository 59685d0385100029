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
from chainrule.training.plateau import PlateauWatch
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
    begun, length = 0.0, 5.0
    while epoch >= begun + length:
        begun, length = begun + length, 1.5 * length
    due = 0.02 + 0.24 * (1 + math.cos(math.pi * (epoch - begun) / length))
    made = rate(cr.WarmRestarts(0.5, epochs=5, growth=1.5, end=0.02), epoch)
    # Where a restart is, a rounding decides on which side of it the epoch lies.
    assert made == pytest.approx(due, rel=1e-6) or epoch - begun > length * (1 - 1e-6)
    even = 0.25 * (1 + math.cos(math.pi * (epoch % 8.0) / 8.0))
    made = rate(cr.WarmRestarts(0.5, epochs=8, growth=1), epoch)
    assert made == pytest.approx(even, abs=1e-7) or epoch % 8.0 > 8.0 * (1 - 1e-6)
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


def test_restarts_are_where_they_are_due() -> None:
    """On the very epoch, although logarithms are rounded."""
    for growth in (1.0, 1.5, 2.0, 3.0):
        schedule, begun, length = cr.WarmRestarts(0.5, epochs=3, growth=growth), 0.0, 3.0
        for _ in range(8):
            assert rate(schedule, begun) == pytest.approx(0.5, rel=1e-6)
            assert rate(schedule, begun + length * 0.999) < 1e-4
            begun, length = begun + length, length * growth


def test_peers_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")

    def peer(make: Callable[[Any], Any], steps: int) -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
        schedule, rates = make(optimizer), []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        return rates

    kinds = torch.optim.lr_scheduler
    due = peer(lambda o: kinds.OneCycleLR(o, max_lr=0.5, total_steps=101), 101)
    ours = cr.OneCycle(0.5, epochs=100, rise=29.3 / 100)
    assert [rate(ours, epoch) for epoch in range(101)] == pytest.approx(due, rel=1e-9)
    for growth in (1, 2):
        due = peer(lambda o, g=growth: kinds.CosineAnnealingWarmRestarts(o, 4, g, 0.01), 60)
        restarts = cr.WarmRestarts(0.5, epochs=4, growth=growth, end=0.01)
        assert [rate(restarts, epoch) for epoch in range(60)] == pytest.approx(due, rel=1e-9)


# ---- a rate that waits for a plateau ----


@given(
    losses=st.lists(st.sampled_from([3.0, 2.0, 1.9999, 1.0, 0.5, math.nan]), max_size=60),
    patience=st.integers(1, 4),
    rest=st.integers(0, 3),
    before=st.integers(0, 60),
)
def test_a_plateau_is_what_pytorch_takes_for_one(
    losses: list[float], patience: int, rest: int, before: int
) -> None:
    """PyTorch counts one epoch more before it lowers the rate."""
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    peer = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience - 1, cooldown=rest, threshold=1e-3, min_lr=0.02
    )
    schedule = cr.ReduceOnPlateau(1.0, 0.5, patience, threshold=1e-3, rest=rest, lowest=0.02)
    share = 1.0
    for place, loss in enumerate(losses):
        peer.step(loss)
        watch = PlateauWatch(schedule, since=0)
        if watch.first_fall(losses[:place], [loss]) == 1:
            share = schedule.lowered(share)
        assert share == pytest.approx(optimizer.param_groups[0]["lr"])
    # What was counted in one call goes on in the next, whether the history grew or was cut.
    watch = PlateauWatch(schedule, since=0)
    for cut in (before, before // 2, len(losses)):
        head, tail = losses[:cut], losses[cut:]
        anew = PlateauWatch(schedule, since=0)
        assert watch.first_fall(head, tail) == anew.first_fall(head, tail)


def test_the_rate_falls_where_the_loss_has_stopped_falling() -> None:
    schedule = cr.ReduceOnPlateau(0.9, factor=0.5, patience=2, threshold=0.1, lowest=0.2)
    for more in ({}, {"validation": 0.3}):
        run = trained(optimizer=cr.GradientDescent(schedule), epochs=40, **more)
        losses = run.history["validation_loss" if more else "loss"]
        due, best, waited = [0.9], 1e300, 0
        for loss in losses:
            best, waited = (loss, 0) if loss < best - 0.1 * best else (best, waited + 1)
            due.append(max(0.2, due[-1] * 0.5) if waited == 2 else due[-1])
            waited %= 2
        assert run.history["learning_rate"] == pytest.approx(due[:-1])
        assert len(set(due)) >= 3
        halves = trained(optimizer=cr.GradientDescent(schedule), epochs=17, **more)
        whole = cr.train(halves, epochs=23, progress=False)
        assert whole.history == run.history


def test_another_rate_begins_to_wait_anew() -> None:
    flat = cr.ReduceOnPlateau(1e-9, factor=0.5, patience=3, threshold=0.5)
    run = trained(optimizer=cr.GradientDescent(flat), epochs=3)
    assert run.state.rate == 1.0
    # The first loss was better than none.
    assert trained(optimizer=cr.GradientDescent(flat), epochs=4).state.rate == 0.5
    more = cr.train(run, learning_rate=flat, epochs=3, progress=False)
    assert more.state.rate == 1.0
    assert cr.train(more, epochs=1, progress=False).state.rate == 0.5


def test_there_are_no_epochs_to_wait_for() -> None:
    with pytest.raises(cr.SetupError, match="waits for the losses of epochs, and minimize"):
        cr.minimize(lambda x: x * x, 1.0, cr.GradientDescent(cr.ReduceOnPlateau(0.1)), 5)


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
        cr.WarmRestarts(0.1, epochs=1, growth=1.5),
        cr.OneCycle(0.1, epochs=3, start_share=0.2),
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
        lambda: cr.WarmRestarts(0.1, epochs=0),
        lambda: cr.WarmRestarts(0.1, growth=0.9),
        lambda: cr.OneCycle(0.1, epochs=5, rise=1.0),
        lambda: cr.OneCycle(0.1, epochs=5, rise=0.0),
        lambda: cr.OneCycle(0.1, epochs=math.inf),
        lambda: cr.ReduceOnPlateau(0.1, factor=1.0),
        lambda: cr.ReduceOnPlateau(0.1, patience=0),
        lambda: cr.ReduceOnPlateau(0.1, patience=1.5),  # type: ignore[arg-type]
        lambda: cr.ReduceOnPlateau(0.1, rest=0.5),  # type: ignore[arg-type]
        lambda: cr.ReduceOnPlateau(0.1, lowest=-1.0),
    ],
)
def test_settings_that_are_no_numbers_from_zero(make: Callable[[], Any]) -> None:
    with pytest.raises(cr.SetupError) as caught:
        make()
    assert caught.value.remedy.startswith("Give")


def test_every_schedule_is_found_by_its_name() -> None:
    assert set(SCHEDULES) >= {
        "step_decay", "exponential_decay", "inverse_scaling", "cosine_decay",
        "warm_restarts", "one_cycle", "reduce_on_plateau",
    }  # fmt: skip
