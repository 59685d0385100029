"""Every end of a training, and which parameters it leaves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
import chainrule.training.loop
from chainrule.training.run import Run
from chainrule.training.stopping import Stopping, has_overflowed

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(40, 2))
Y = X @ np.array([[1.0], [-0.5]]) + 0.3 * RANDOM.normal(size=(40, 1))


def trained(**given: Any) -> Run:
    network = cr.Network(cr.Input(2), cr.Dense(6, "tanh"), cr.Dense(1), seed=0)
    return cr.train(network, X, Y, **{"epochs": 200, "progress": False, **given})


def test_epochs() -> None:
    run = trained(epochs=7)
    assert (run.recording.epochs, run.ended, run.finished) == (7, "all epochs were run", True)


def test_target_loss() -> None:
    run = trained(target_loss=0.3, learning_rate=0.02)
    assert run.ended == "the loss reached 0.3"
    assert not has_overflowed(run.ended)
    assert run.history["loss"][-1] <= 0.3 < run.history["loss"][-2]


def test_smallest_change_of_the_loss() -> None:
    run = trained(min_change=1e-3, batch_size=None, learning_rate=0.02)
    losses = np.abs(np.diff(run.history["loss"]))
    assert run.ended == "the loss changed by less than 0.001"
    assert losses[-1] < 1e-3
    assert (losses[:-1] >= 1e-3).all()


def test_smallest_gradient() -> None:
    run = trained(min_gradient=0.05, batch_size=None, learning_rate=0.02, dtype="float64")
    assert run.ended == "the gradient fell below 0.05"

    def largest(epochs: int) -> float:
        before = trained(epochs=epochs, batch_size=None, learning_rate=0.02, dtype="float64")
        found = cr.gradient(before.network, X, Y, "mean_squared_error")
        return max(float(np.abs(one).max()) for one in found.values())

    last = run.recording.epochs - 1
    assert largest(last) < 0.05 <= largest(last - 1)


def test_every_step_of_the_epoch_has_to_have_a_small_gradient() -> None:
    by_epoch = trained(min_gradient=0.2, batch_size=8, learning_rate=0.01)
    assert by_epoch.recording.epochs > 5


def test_patience_on_validation_rows() -> None:
    run = trained(validation=0.4, patience=6, learning_rate=0.05)
    losses = run.history["validation_loss"]
    assert run.ended == "the validation loss was not better for 6 epochs"
    assert run.best_epoch == 1 + int(np.argmin(losses))
    assert len(losses) == run.best_epoch + 6


@pytest.mark.parametrize("batch_size", [1, None])
def test_time(monkeypatch: pytest.MonkeyPatch, batch_size: int | None) -> None:
    clock = iter(range(10**9))
    monkeypatch.setattr(chainrule.training.loop.time, "monotonic", lambda: 0.01 * next(clock))
    run = trained(max_seconds=0.5, epochs=10**8, batch_size=batch_size)
    assert run.ended == "the time limit of 0.5 s was reached"
    assert run.state.seconds >= 0.5
    assert np.isfinite(run.network(X)).all()


def test_a_hook() -> None:
    seen = []

    def hook(progress: Any) -> None:
        seen.append((progress.epoch, progress.loss, progress.validation_loss))
        assert set(progress.parameters) == {"dense_1.W", "dense_1.b", "dense_2.W", "dense_2.b"}
        if progress.epoch == 4:
            progress.stop()

    run = trained(on_epoch=hook, validation=0.25)
    assert run.ended == "the on_epoch hook asked for it"
    assert [epoch for epoch, *_ in seen] == [1, 2, 3, 4]
    assert [loss for _, loss, _ in seen] == run.history["loss"]
    assert [loss for *_, loss in seen] == run.history["validation_loss"]


# ---- what is kept ----


def test_the_best_epoch_or_the_last() -> None:
    given = {"validation": 0.4, "learning_rate": 0.05, "epochs": 60, "snapshots": 1}
    best, last = trained(**given), trained(**given, keep="last")
    assert best.history == last.history
    assert best.best_epoch == 1 + int(np.argmin(best.history["validation_loss"])) < 60
    assert last.best_epoch == 60
    for run in (best, last):
        steps = run.state.step // 60
        kept = run.recording.snapshots[run.best_epoch * steps]
        for name, content in run.network.parameters.items():
            assert np.array_equal(content, kept[name])


def test_without_validation_rows_the_last_epoch_is_kept() -> None:
    run = trained(epochs=9)
    assert run.best_epoch == 9
    flat = np.concatenate([one.reshape(-1) for one in run.network.parameters.values()])
    assert np.array_equal(flat, run.state.parameters)


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("validation", [0.0, 0.25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loss_that_overflows_ends_it_and_leaves_finite_parameters(
    keep: Any, validation: float, dtype: Any
) -> None:
    run = trained(
        optimizer=cr.GradientDescent(30.0), validation=validation, keep=keep, dtype=dtype,
        batch_size=None, epochs=3000, loss="squared_error",
    )  # fmt: skip
    assert "the loss became" in run.ended
    assert has_overflowed(run.ended)
    assert run.ended.endswith(f"in epoch {run.recording.epochs}")
    assert not math.isfinite(run.history["loss"][-1])
    assert run.finished
    for content in run.network.parameters.values():
        assert np.isfinite(content).all()
    if run.best_epoch:
        assert math.isfinite(run.history["loss"][run.best_epoch - 1])
    with pytest.raises(cr.SetupError, match="cannot go on from where it ended"):
        cr.train(run, epochs=1, progress=False)


def test_a_first_epoch_that_overflows_leaves_the_start() -> None:
    """Two steps of one row each; the second already sees infinity."""
    network = cr.Network(cr.Input(1), cr.Dense(1), seed=0)
    run = cr.train(
        network, [[1e30], [1e30]], [[1.0], [0.0]], batch_size=1, learning_rate=1e30,
        optimizer="gradient_descent", dtype="float32", progress=False,
    )  # fmt: skip
    assert run.recording.epochs == 1
    assert run.best_epoch == 0
    for name, content in network.parameters.items():
        assert np.array_equal(run.network.parameters[name], content.astype("float32"))


# ---- the rules themselves ----

NUMBER = st.floats(0.0, 10.0)


@given(
    losses=st.lists(NUMBER, min_size=1, max_size=5),
    gradient=NUMBER,
    waited=st.integers(0, 10),
    target=NUMBER,
    change=NUMBER,
    least=NUMBER,
    patience=st.integers(1, 10),
)
def test_a_reason_is_given_exactly_when_a_limit_is_reached(
    losses: list[float],
    gradient: float,
    waited: int,
    target: float,
    change: float,
    least: float,
    patience: int,
) -> None:
    stopping = Stopping(target, change, least, patience)
    reached = [
        losses[-1] <= target,
        gradient < least,
        len(losses) > 1 and abs(losses[-1] - losses[-2]) < change,
        waited >= patience,
    ]
    assert (stopping.reason({"loss": losses}, gradient, waited) is not None) == any(reached)
    assert Stopping().reason({"loss": losses}, gradient, waited) is None


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_comes_first(loss: float) -> None:
    found = Stopping(target_loss=1.0, patience=1).reason({"loss": [1.0, loss]}, 0.0, 5)
    assert found == f"the loss became {loss} in epoch 2"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"patience": 0, "validation": 0.2}, "patience=0"),
        ({"patience": 2.5, "validation": 0.2}, "patience=2.5"),
        ({"patience": 5}, "there are no validation rows"),
        ({"min_change": -1.0}, "min_change=-1.0"),
        ({"min_gradient": math.nan}, "min_gradient=nan"),
        ({"max_seconds": "1"}, "max_seconds='1'"),
        ({"target_loss": True}, "target_loss=True"),
        ({"epochs": -1}, "epochs=-1"),
        ({"epochs": 1.5}, "epochs=1.5"),
        ({"keep": "worst"}, "keep='worst'"),
    ],
)
def test_limits_that_are_none(given: dict[str, Any], words: str) -> None:
    with pytest.raises(cr.SetupError) as caught:
        trained(**given)
    assert words in str(caught.value)
