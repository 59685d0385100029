"""Optimizers that take steps: each against its paper, steps back, signs, which rows they need."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from first_order_rules import PAPERS, STEPPING
from numpy.typing import NDArray

import chainrule as cr
from chainrule.optimizers import OPTIMIZERS
from chainrule.optimizers.steps import stepped
from chainrule.testing.optimizers import check_optimizer
from chainrule.training.run import Run

DRAW = np.random.default_rng(3)
X = DRAW.normal(size=(30, 4))
Y = np.sin(X[:, :1]) + 0.3 * X[:, 1:2]
STEPPING_BACK = ("adaptive_rate", "bold_driver")
NEED_ALL_ROWS = (*STEPPING_BACK, "irprop_minus", "irprop_plus", "rprop_minus", "rprop_plus")


def trained(optimizer: Any, **given: Any) -> Run:
    network = cr.Network(cr.Input(4), cr.Dense(5, "tanh"), cr.Dense(1), seed=1)
    given = {"epochs": 20, "dtype": "float64", "progress": False, **given}
    return cr.train(network, X, Y, optimizer=optimizer, **given)


# ---- the papers ----


def test_every_optimizer_that_takes_steps_is_held_to_a_paper() -> None:
    assert {*PAPERS, *STEPPING_BACK} == set(STEPPING)


@pytest.mark.parametrize("name", sorted(PAPERS))
def test_steps_are_those_of_the_paper(name: str) -> None:
    """Eight steps, in which signs change and losses rise and fall."""
    random = np.random.default_rng(5)
    ours: Any = dataclasses.replace(OPTIMIZERS[name](), learning_rate=0.1)
    x = y = random.normal(size=6)
    state, memory = ours.initial(x), {}
    for step in range(1, 9):
        gradient, loss = random.normal(size=6), float(random.normal())
        x, state = stepped(ours, x, gradient, state, 0.1, np.int64(step), np.float64(loss))
        y = PAPERS[name](y, gradient, loss, memory, step)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-14)


def bowl(x: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """A narrow bowl with a flat rim, and its slope."""
    inside = np.array([1.0, 30.0]) * x**2
    return float(np.log1p(inside).sum()), np.array([2.0, 60.0]) * x / (1.0 + inside)


def backing_off(
    start: Any, rate: float, memory: float, grow: float, shrink: float, tolerance: float, many: int
) -> tuple[list[NDArray[Any]], int]:
    """Vogl and others, 1988: a trial, then the verdict on it. Returns the trials, and failures."""
    x, dx, trials, failed = np.array(start), np.zeros(2), [np.array(start)], 0
    loss, slope = bowl(x)
    alpha = memory
    for _ in range(many):
        trial_dx = alpha * dx - (1.0 - alpha) * rate * slope
        trial = x + trial_dx
        trials.append(trial)
        loss_there, slope_there = bowl(trial)
        if loss_there > loss * (1.0 + tolerance):
            rate, alpha, failed = rate * shrink, 0.0, failed + 1
            continue
        if loss_there < loss:
            rate *= grow
        x, dx, loss, slope, alpha = trial, trial_dx, loss_there, slope_there, memory
    return trials, failed


@pytest.mark.parametrize(
    ("ours", "constants"),
    [
        (cr.AdaptiveRate(0.3), (0.9, 1.05, 0.7, 0.04)),
        (cr.AdaptiveRate(0.3, memory=0.0), (0.0, 1.05, 0.7, 0.04)),
        (cr.AdaptiveRate(0.3, memory=0.5, grow=1.3, shrink=0.3, tolerance=0.0), (0.5, 1.3, 0.3, 0)),
        (cr.BoldDriver(0.3), (0.0, 1.1, 0.5, 0.0)),
    ],
    ids=["gdx", "gda", "other constants", "bold driver"],
)
def test_trials_that_fail_are_taken_back(ours: Any, constants: Any) -> None:
    trials, failed = backing_off([2.0, -1.5], 0.3, *constants, 60)
    assert 5 < failed < 50
    found = cr.minimize(
        lambda x: np.log1p(np.array([1.0, 30.0]) * x**2).sum(), [2.0, -1.5], ours, 60
    )
    np.testing.assert_allclose(found.path, trials, rtol=1e-9, atol=1e-12)


def test_momentum_with_a_tenth_of_the_rate_is_traingdm() -> None:
    """MATLAB: dX = mc dX + lr (1 - mc) dperf/dX, with lr 0.01 and mc 0.9."""
    x, dx, due = np.array([1.0, -2.0]), np.zeros(2), []
    for _ in range(30):
        due.append(x)
        dx = 0.9 * dx - 0.01 * (1.0 - 0.9) * bowl(x)[1]
        x = x + dx
    found = cr.minimize(
        lambda x: np.log1p(np.array([1.0, 30.0]) * x**2).sum(), [1.0, -2.0], cr.Momentum(0.001), 30
    )
    np.testing.assert_allclose(found.path, [*due, x], rtol=1e-12)


def test_a_step_after_one_that_was_taken_back_has_no_momentum() -> None:
    rule, state = cr.AdaptiveRate(0.1), cr.AdaptiveRate(0.1).initial(np.zeros(1))
    x, state = rule.update(np.zeros(1), np.ones(1), state, 0.1, np.int64(1), np.float64(1.0))
    x, state = rule.update(x, np.ones(1), state, 0.1, np.int64(2), np.float64(2.0))
    # The whole of the shorter rate, and not a tenth of it.
    np.testing.assert_allclose(x, -0.7 * 0.1, rtol=1e-15)


def test_a_loss_below_zero_that_falls_is_a_good_one() -> None:
    found = cr.minimize(lambda x: (x - 1.0) ** 2 - 5.0, 0.0, cr.AdaptiveRate(0.01, memory=0.0), 50)
    assert np.all(np.diff(found.values) < 0.0)


@pytest.mark.parametrize("name", STEPPING_BACK)
def test_a_loss_that_stays_as_it_is_changes_no_rate(name: str) -> None:
    rule: Any = OPTIMIZERS[name]()
    x, state = np.ones(2), rule.initial(np.ones(2))
    factors = []
    for step, loss in enumerate([3.0, 3.0, 2.0, 5.0], 1):
        x, state = rule.update(x, np.ones(2), state, 0.1, np.int64(step), np.float64(loss))
        factors.append(float(state["factor"]))
    assert factors == pytest.approx([1.0, 1.0, rule.grow, rule.grow * rule.shrink])


def test_a_trial_that_is_not_a_number_is_taken_back() -> None:
    """The root of what is below 0: the walk goes on from before it, with a shorter step."""
    found = cr.minimize(lambda x: np.sqrt(x) + 0.1 / x, 4.0, cr.BoldDriver(20.0), 80)
    assert np.isnan(found.values).any()
    assert found.value == pytest.approx(np.min(found.values[np.isfinite(found.values)]))
    assert found.x == pytest.approx(0.2 ** (2 / 3), rel=1e-3)


# ---- PyTorch ----


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_resilient_propagation_is_that_of_pytorch(dtype: Any) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    network = cr.Network(cr.Input(4), cr.Dense(5, "tanh"), cr.Dense(1), seed=1)
    kind = getattr(torch, dtype)
    named = {
        name: torch.tensor(content, dtype=kind, requires_grad=True)
        for name, content in network.parameters.items()
    }
    peer = torch.optim.Rprop(list(named.values()), lr=0.02)
    x, y = torch.tensor(X, dtype=kind), torch.tensor(Y, dtype=kind)
    many = 60 if dtype == "float64" else 12
    for _ in range(many):
        hidden = torch.tanh(x @ named["dense_1.W"] + named["dense_1.b"])
        missed = hidden @ named["dense_2.W"] + named["dense_2.b"] - y
        peer.zero_grad()
        (missed**2).mean().backward()
        peer.step()
    run = cr.train(
        network, X, Y, optimizer=cr.Rprop(first_step=0.02), epochs=many, dtype=dtype,
        progress=False,
    )  # fmt: skip
    close = {"float64": 1e-10, "float32": 1e-4}[dtype]
    for name, content in run.network.parameters.items():
        np.testing.assert_allclose(content, named[name].detach().numpy(), close, close)


def test_rprop_is_a_name_of_its_best_known_form() -> None:
    assert cr.Rprop is cr.IRpropMinus
    assert trained("rprop", epochs=1).setup.optimizer == cr.IRpropMinus()


# ---- signs ----


def test_gradients_too_small_to_be_multiplied_still_have_signs() -> None:
    rule, x = cr.IRpropMinus(first_step=0.1), np.zeros(2, np.float32)
    state = rule.initial(x)
    for step in (1, 2):
        x, state = rule.update(x, np.float32([1e-30, -1e-30]), state, 1.0, np.int64(step))
    np.testing.assert_allclose(x, [-0.22, 0.22], rtol=1e-6)


def test_steps_stay_between_the_smallest_and_the_largest() -> None:
    rule = cr.RpropMinus(first_step=0.5, smallest_step=0.4, largest_step=0.55)
    x: Any = np.zeros(1)
    state, seen = rule.initial(x), []
    for step, slope in enumerate([1.0, 1.0, 1.0, -1.0, 1.0], 1):
        x, state = rule.update(x, np.array([slope]), state, 1.0, np.int64(step))
        seen.append(float(state["size"][0]))
    assert seen == [0.5, 0.55, 0.55, 0.4, 0.4]


@pytest.mark.parametrize("name", ["rprop_plus", "irprop_plus"])
def test_a_step_back_leads_to_where_it_came_from(name: str) -> None:
    rule: Any = OPTIMIZERS[name]()
    start = np.array([1.0, -2.0])
    state = rule.initial(start)
    x, state = stepped(rule, start, np.ones(2), state, 1.0, np.int64(1), np.float64(1.0))
    assert np.all(x != start)
    x, state = stepped(rule, x, np.array([-1.0, 1.0]), state, 1.0, np.int64(2), np.float64(2.0))
    np.testing.assert_allclose(x[0], start[0], rtol=1e-15)
    assert x[1] < start[1] - 0.2


# ---- which rows ----


@pytest.mark.parametrize("name", NEED_ALL_ROWS)
def test_mini_batches_are_refused_with_the_reason(name: str) -> None:
    with pytest.raises(
        cr.SetupError, match=r"compares the .* of all rows.*batches of 10"
    ) as caught:
        trained(name, batch_size=10)
    assert caught.value.remedy == "Leave batch_size out."
    for size in ("auto", None, 30, 64):
        assert trained(name, batch_size=size, epochs=1).setup.batch_size == 30


@pytest.mark.parametrize("name", sorted(set(STEPPING) - set(NEED_ALL_ROWS)))
def test_all_others_take_mini_batches(name: str) -> None:
    assert trained(name, batch_size=10, epochs=1).state.step == 3


def test_a_run_goes_on_with_an_optimizer_that_needs_all_rows_only_with_all_rows() -> None:
    run = trained("adam", batch_size=10, epochs=2)
    with pytest.raises(cr.SetupError, match="all rows"):
        cr.train(run, optimizer="irprop_plus", epochs=1, batch_size=5, progress=False)
    more = cr.train(run, optimizer="irprop_plus", epochs=3, batch_size=None, progress=False)
    assert more.recording.epochs == 5


# ---- what they come to in a training ----


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", STEPPING)
def test_the_loss_falls(name: str, dtype: Any, engine: str) -> None:
    from chainrule.engines import native

    if engine == "native" and not native.is_present():
        pytest.skip("the compiled engine is not there")
    rates = {"adadelta": 10.0, "adagrad": 0.1, "rmsprop": 0.01, "gradient_descent": 0.1}
    rate = rates.get(name, 0.05 if "rprop" not in name else None)
    run = trained(
        name, learning_rate=rate, dtype=dtype, engine=engine, epochs=60, batch_size=None, l2=1e-4
    )
    losses = run.history["loss"]
    assert min(losses[-5:]) < 0.35 * losses[0]
    for one in run.state.optimizer.values():
        assert one.dtype == (dtype if one.shape else "float64")


@pytest.mark.parametrize("name", STEPPING)
def test_a_loss_that_is_no_number_ends_the_training_with_a_reason(name: str) -> None:
    def fails_late(prediction: Any, target: Any) -> Any:
        missed = ((prediction - target) ** 2).mean()
        return missed + 0.0 * np.sqrt(missed - 0.1)

    rate = {"adadelta": 10.0, "gradient_descent": 0.1}.get(name, 0.1 if "rprop" not in name else 1)
    run = trained(name, learning_rate=rate, loss=fails_late, epochs=4000, batch_size=None)
    assert run.ended.startswith("the loss became nan in epoch")
    assert 1 < run.recording.epochs < 4000
    assert all(np.isfinite(one).all() for one in run.network.parameters.values())


def test_penalties_are_part_of_the_loss_that_is_compared() -> None:
    seen: list[float] = []

    @cr.optimizer("listening")
    @dataclasses.dataclass(frozen=True)
    class Listening:
        learning_rate: float = 0.1
        formula: ClassVar[str] = r"\theta"
        needs: ClassVar[str] = "loss and gradient"

        def initial(self, parameters: Any) -> dict[str, Any]:
            return {"told": np.array(0.0)}

        def update(self, x: Any, g: Any, state: Any, rate: Any, step: Any, loss: Any) -> Any:
            return x - rate * g, {"told": loss}

    try:
        assert check_optimizer(Listening()) == []
        for epochs in (1, 2):
            run = trained(Listening(), epochs=epochs, l2=0.1)
            seen.append(float(run.state.optimizer["told"]))
    finally:
        del OPTIMIZERS["listening"]
    due = np.add(run.history["loss"], run.history["penalty"])
    assert seen == pytest.approx(due.tolist(), rel=1e-12)


def test_numbers_in_the_memory_are_saved_and_checked(tmp_path: Path) -> None:
    run = trained("adaptive_rate", epochs=5)
    run.save(tmp_path / "run")
    loaded = cr.load(tmp_path / "run")
    for name, one in run.state.optimizer.items():
        assert np.array_equal(loaded.state.optimizer[name], one)
        assert loaded.state.optimizer[name].shape == one.shape
    whole = trained("adaptive_rate", epochs=12)
    more = cr.train(loaded, X, Y, epochs=7, progress=False)
    assert more.history == whole.history


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("factor", np.ones(1)),
        ("factor", np.ones((), np.float32)),
        ("velocity", np.ones(())),
        ("velocity", np.ones(30)),
        ("velocity", np.ones(31, np.float32)),
    ],
)
def test_a_memory_of_another_shape_or_type_is_refused(
    tmp_path: Path, name: str, content: NDArray[Any]
) -> None:
    run = trained("adaptive_rate", epochs=2)
    assert run.state.optimizer["velocity"].shape == (31,)
    memory = {**run.state.optimizer, name: content}
    spoilt = dataclasses.replace(run, state=dataclasses.replace(run.state, optimizer=memory))
    spoilt.save(tmp_path / "run")
    with pytest.raises(cr.RunFolderError, match="memory is not that of these parameters"):
        cr.load(tmp_path / "run")


def test_the_check_finds_a_state_whose_shape_changes() -> None:
    @cr.optimizer("swelling")
    @dataclasses.dataclass(frozen=True)
    class Swelling:
        learning_rate: float = 0.1
        formula: ClassVar[str] = r"\theta"
        needs: ClassVar[str] = "gradient"

        def initial(self, parameters: Any) -> dict[str, Any]:
            return {"seen": np.array(0.0)}

        def update(self, x: Any, g: Any, state: Any, rate: Any, step: Any) -> Any:
            return x - rate * g, {"seen": state["seen"] + g}

    try:
        found = " ".join(check_optimizer(Swelling()))
    finally:
        del OPTIMIZERS["swelling"]
    assert "seen is (5,) after an update" in found


# ---- what is refused ----


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cr.RpropPlus(grow=1.0), "grow of RpropPlus is 1.0"),
        (lambda: cr.IRpropMinus(shrink=1.0), "shrink of IRpropMinus is 1.0"),
        (lambda: cr.RpropMinus(shrink=0.0), "shrink"),
        (lambda: cr.IRpropPlus(smallest_step=0.0), "smallest_step"),
        (lambda: cr.IRpropPlus(first_step=100.0), "steps are from 1e-06 to 50"),
        (lambda: cr.Adagrad(epsilon=0.0), "epsilon of Adagrad is 0.0"),
        (lambda: cr.Adagrad(first_sum=-1.0), "first_sum"),
        (lambda: cr.Adadelta(decay=1.0), "decay of Adadelta is 1.0"),
        (lambda: cr.Adadelta(epsilon=0.0), "epsilon"),
        (lambda: cr.RMSProp(decay=-0.1), "decay"),
        (lambda: cr.RMSProp(memory=1.0), "memory"),
        (lambda: cr.RMSProp(centred=1), "centred of RMSProp is 1"),  # type: ignore[arg-type]
        (lambda: cr.Adam(epsilon=-1e-8), "epsilon of Adam is -1e-08"),
        (lambda: cr.AdamW(weight_decay=-0.1), "weight_decay of AdamW is -0.1"),
        (lambda: cr.AMSGrad(beta_2=1.0), "beta_2"),
        (lambda: cr.NAdam(warmup=1.0), "warmup"),
        (lambda: cr.NAdam(epsilon=math.nan), "epsilon"),
        (lambda: cr.AdaptiveRate(grow=0.9), "grow"),
        (lambda: cr.AdaptiveRate(shrink=1.1), "shrink"),
        (lambda: cr.AdaptiveRate(tolerance=-0.1), "tolerance"),
        (lambda: cr.AdaptiveRate(memory=1.0), "memory"),
        (lambda: cr.BoldDriver(grow="1.1"), "grow"),  # type: ignore[arg-type]
        (lambda: cr.BoldDriver(shrink=0.0), "shrink"),
    ],
)
def test_constants_that_make_no_sense_are_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(cr.SetupError) as caught:
        make()
    assert words in str(caught.value)
    assert caught.value.remedy.startswith("Give")
