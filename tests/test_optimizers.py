"""Optimizers by table: problems solved, terms by hand, PyTorch as a peer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from first_order_rules import SOLVED, STEPPING
from numpy.typing import NDArray

import chainrule as cr
from chainrule.optimizers import OPTIMIZERS
from chainrule.optimizers.optimizer import ELSEWHERE
from chainrule.testing.optimizers import BUDGETS, check_optimizer, steps_to_solve
from chainrule.training.loop import Loop


@pytest.mark.parametrize("name", STEPPING)
def test_every_optimizer_of_the_table_holds_its_contract(name: str) -> None:
    assert check_optimizer(OPTIMIZERS[name]()) == []


@pytest.mark.parametrize("name", STEPPING)
@pytest.mark.parametrize("place", range(3))
def test_every_optimizer_solves_three_problems_within_its_budget(name: str, place: int) -> None:
    rate, steps = SOLVED[name][place]
    chosen = dataclasses.replace(OPTIMIZERS[name](), learning_rate=rate)
    budget = dataclasses.replace(BUDGETS[place], steps=steps)
    assert steps_to_solve(chosen, budget) is not None


def test_the_check_finds_what_is_wrong() -> None:
    @cr.optimizer("spoilt")
    @dataclass(frozen=True)
    class Spoilt:
        learning_rate: float = 0.1
        formula: ClassVar[str] = r"\theta"
        needs: ClassVar[str] = "gradient"

        def initial(self, parameters: Any) -> dict[str, Any]:
            return {"seen": np.zeros(2)}

        def update(self, parameters: Any, gradient: Any, state: Any, rate: Any, step: Any) -> Any:
            return parameters + rate * gradient + 0.001, {"other": gradient}

    try:
        found = " ".join(check_optimizer(Spoilt()))
    finally:
        del OPTIMIZERS["spoilt"]
    for part in ("state ['other']", "seen is (2,)", "at a learning rate of 0", "its solutions"):
        assert part in found
    nothing: Any = object()
    assert "no frozen dataclass" in " ".join(check_optimizer(nothing))


def test_an_optimizer_that_changes_what_it_is_given_is_found() -> None:
    @cr.optimizer("in_place")
    @dataclass(frozen=True)
    class InPlace:
        learning_rate: float = 0.1
        formula: ClassVar[str] = r"\theta"
        needs: ClassVar[str] = "gradient"

        def initial(self, parameters: Any) -> dict[str, Any]:
            return {"seen": parameters * 0.0}

        def update(self, parameters: Any, gradient: Any, state: Any, rate: Any, step: Any) -> Any:
            state["seen"][:] = gradient
            return parameters - rate * gradient, {"seen": gradient}

    try:
        found = " ".join(check_optimizer(InPlace()))
    finally:
        del OPTIMIZERS["in_place"]
    assert "changes seen in place" in found


def test_an_optimizer_that_goes_uphill_is_found() -> None:
    uphill = dataclasses.make_dataclass(
        "Uphill",
        [("learning_rate", float, 0.1)],
        namespace={
            "formula": r"\theta + \eta \nabla",
            "needs": "gradient",
            "initial": lambda self, parameters: {},
            "update": lambda self, x, gradient, state, rate, step: (x + rate * gradient, {}),
        },
        frozen=True,
    )
    cr.optimizer("uphill")(uphill)
    try:
        found = check_optimizer(uphill())
    finally:
        del OPTIMIZERS["uphill"]
    assert [one.split(" within")[0] for one in found] == [
        f"uphill: It does not solve {budget.name}" for budget in BUDGETS
    ]


# ---- terms between the gradient and the step, by hand ----

X = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.5]])
Y = np.array([[0.3], [-0.2], [0.9]])
W = {"dense_1.W": np.array([[0.4], [-0.6]]), "dense_1.b": np.array([0.2])}


def one_step(**given: Any) -> dict[str, NDArray[Any]]:
    network = cr.Network(cr.Input(2), cr.Dense(1), parameters=W)
    run = cr.train(
        network, X, Y, loss="half_squared_error", epochs=1, batch_size=None, dtype="float64",
        optimizer=given.pop("optimizer", cr.GradientDescent(0.1)), progress=False, **given,
    )  # fmt: skip
    return run.network.parameters


MISSED = X @ W["dense_1.W"] + W["dense_1.b"] - Y
GRADIENT = {"dense_1.W": X.T @ MISSED / 3, "dense_1.b": MISSED.mean(axis=0)}
FLAT = np.concatenate([GRADIENT["dense_1.W"][:, 0], GRADIENT["dense_1.b"]])


@pytest.mark.parametrize(
    ("given", "weight", "bias"),
    [
        ({}, W["dense_1.W"] - 0.1 * GRADIENT["dense_1.W"], 0.2 - 0.1 * GRADIENT["dense_1.b"]),
        (
            {"l2": 0.3},
            W["dense_1.W"] - 0.1 * (GRADIENT["dense_1.W"] + 0.3 * W["dense_1.W"]),
            0.2 - 0.1 * GRADIENT["dense_1.b"],
        ),
        (
            {"l1": {"*": 0.3}},
            W["dense_1.W"] - 0.1 * (GRADIENT["dense_1.W"] + 0.3 * np.sign(W["dense_1.W"])),
            0.2 - 0.1 * (GRADIENT["dense_1.b"] + 0.3),
        ),
        (
            {"weight_decay": 0.3},
            W["dense_1.W"] * (1 - 0.1 * 0.3) - 0.1 * GRADIENT["dense_1.W"],
            0.2 - 0.1 * GRADIENT["dense_1.b"],
        ),
        (
            {"clip_norm": 0.25},
            W["dense_1.W"] - 0.1 * GRADIENT["dense_1.W"] * 0.25 / np.linalg.norm(FLAT),
            0.2 - 0.1 * GRADIENT["dense_1.b"] * 0.25 / np.linalg.norm(FLAT),
        ),
        (
            {"clip_value": 0.125},
            W["dense_1.W"] - 0.1 * np.clip(GRADIENT["dense_1.W"], -0.125, 0.125),
            0.2 - 0.1 * np.clip(GRADIENT["dense_1.b"], -0.125, 0.125),
        ),
        (
            {"rates": {"*": 2.0, "*.b": 0.5}},
            W["dense_1.W"] - 0.2 * GRADIENT["dense_1.W"],
            0.2 - 0.05 * GRADIENT["dense_1.b"],
        ),
    ],
    ids=["plain", "l2", "l1", "decay", "clip_norm", "clip_value", "rates"],
)
def test_one_step_by_hand(given: dict[str, Any], weight: Any, bias: Any) -> None:
    found = one_step(**given)
    np.testing.assert_allclose(found["dense_1.W"], weight, rtol=1e-13)
    np.testing.assert_allclose(found["dense_1.b"], bias, rtol=1e-13)


def test_a_gradient_that_is_short_is_not_lengthened() -> None:
    for limit in ({"clip_norm": 100.0}, {"clip_value": 100.0}):
        for name, found in one_step(**limit).items():
            np.testing.assert_allclose(found, one_step()[name], rtol=1e-14)


def test_decay_is_decoupled_from_the_memory_of_adam() -> None:
    decay = one_step(optimizer=cr.Adam(0.1), weight_decay={"*": 0.01})
    adamw = one_step(optimizer=cr.AdamW(0.1, weight_decay=0.01))
    coupled = one_step(optimizer=cr.Adam(0.1), l2={"*": 0.01})
    np.testing.assert_allclose(decay["dense_1.W"], adamw["dense_1.W"], rtol=1e-13)
    assert np.abs(coupled["dense_1.W"] - adamw["dense_1.W"]).max() > 1e-5


def test_penalties_are_recorded_apart_from_the_loss() -> None:
    network = cr.Network(cr.Input(2), cr.Dense(1), parameters=W)
    run = cr.train(
        network, X, Y, loss="half_squared_error", l1=0.1, l2=0.4, epochs=1, dtype="float64",
        optimizer="gradient_descent", progress=False,
    )  # fmt: skip
    due = 0.1 * np.abs(W["dense_1.W"]).sum() + 0.2 * (W["dense_1.W"] ** 2).sum()
    assert run.history["penalty"] == pytest.approx([due])
    assert run.history["loss"] == pytest.approx([0.5 * float(np.mean(MISSED**2))])


# ---- freezing ----


def traced_equations(freeze: list[str]) -> int:
    network = cr.Network(cr.Input(2), cr.Dense(4, "tanh"), cr.Dense(1), seed=0)
    run = cr.train(network, X, Y, epochs=0, freeze=freeze, progress=False)
    assert run.rows is not None
    return len(Loop(run.setup, *run.rows)._work.program.equations)


def test_frozen_parameters_prune_their_equations() -> None:
    # Nothing behind a frozen first layer needs its activation's slope.
    assert traced_equations(["dense_1.*"]) < traced_equations(["dense_1.W"])
    assert traced_equations(["dense_1.W"]) < traced_equations([])
    assert traced_equations(["dense_2.b"]) < traced_equations([])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_frozen_parameters_stay_as_they_are_bit_for_bit(dtype: Any) -> None:
    network = cr.Network(cr.Input(2), cr.Dense(4, "tanh"), cr.Dense(1), seed=0)
    run = cr.train(
        network, X, Y, epochs=20, freeze=["dense_1.W", "*.b"], l2={"*": 0.1}, dtype=dtype,
        progress=False,
    )  # fmt: skip
    before, after = network.parameters, run.network.parameters
    for name in ("dense_1.W", "dense_1.b", "dense_2.b"):
        assert np.array_equal(before[name].astype(dtype), after[name])
    assert not np.array_equal(before["dense_2.W"].astype(dtype), after["dense_2.W"])


# ---- PyTorch, where it is installed ----


def torch_or_skip() -> Any:
    return pytest.importorskip("torch", reason="needs PyTorch")


@pytest.fixture
def wide_numbers() -> Iterator[None]:
    """Let PyTorch keep single numbers, such as those of NAdam, in float64 as we do."""
    torch = torch_or_skip()
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


PEERS: dict[str, tuple[Any, Callable[[Any, Any], Any]]] = {
    "gradient descent": (cr.GradientDescent(0.05), lambda t, p: t.optim.SGD(p, 0.05)),
    "momentum": (cr.Momentum(0.02), lambda t, p: t.optim.SGD(p, 0.02, momentum=0.9)),
    "nesterov": (
        cr.Nesterov(0.02), lambda t, p: t.optim.SGD(p, 0.02, momentum=0.9, nesterov=True)
    ),
    "adam": (cr.Adam(0.01), lambda t, p: t.optim.Adam(p, 0.01)),
    "adamw": (
        cr.AdamW(0.01, weight_decay=0.1), lambda t, p: t.optim.AdamW(p, 0.01, weight_decay=0.1)
    ),
    "amsgrad": (cr.AMSGrad(0.01), lambda t, p: t.optim.Adam(p, 0.01, amsgrad=True)),
    "nadam": (cr.NAdam(0.01), lambda t, p: t.optim.NAdam(p, 0.01)),
    "adagrad": (cr.Adagrad(0.05), lambda t, p: t.optim.Adagrad(p, 0.05)),
    "adadelta": (cr.Adadelta(0.5), lambda t, p: t.optim.Adadelta(p, 0.5, rho=0.95)),
    "rmsprop": (cr.RMSProp(0.01), lambda t, p: t.optim.RMSprop(p, 0.01, alpha=0.9)),
    "rmsprop, centred, momentum": (
        cr.RMSProp(0.005, memory=0.8, centred=True),
        lambda t, p: t.optim.RMSprop(p, 0.005, alpha=0.9, momentum=0.8, centered=True),
    ),
}  # fmt: skip
TERMS: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "plain": ({}, {}),
    "l2": ({"l2": {"*": 0.05}}, {"l2": 0.05}),
    "l1": ({"l1": {"*": 0.01}}, {"l1": 0.01}),
    "clip_norm": ({"clip_norm": 0.2}, {"clip_norm": 0.2}),
    "clip_value": ({"clip_value": 0.05}, {"clip_value": 0.05}),
}


def torch_trajectory(
    torch: Any, network: cr.Network, rows: Any, make: Any, orders: Any, dtype: str, terms: Any
) -> dict[str, NDArray[Any]]:
    """Train the same network by PyTorch's autograd and optimizer."""
    kind = getattr(torch, dtype)
    named = {
        name: torch.tensor(content, dtype=kind, requires_grad=True)
        for name, content in network.parameters.items()
    }
    optimizer = make(torch, list(named.values()))
    x, y = torch.tensor(rows[0], dtype=kind), torch.tensor(rows[1])
    for chosen in orders:
        hidden = torch.tanh(x[chosen] @ named["dense_1.W"] + named["dense_1.b"])
        hidden = torch.sigmoid(hidden @ named["dense_2.W"] + named["dense_2.b"])
        logits = hidden @ named["dense_3.W"] + named["dense_3.b"]
        loss = torch.nn.functional.cross_entropy(logits, y[chosen])
        for one in named.values():
            loss = loss + terms.get("l2", 0.0) / 2 * (one**2).sum()
            loss = loss + terms.get("l1", 0.0) * one.abs().sum()
        optimizer.zero_grad()
        loss.backward()
        if "clip_norm" in terms:
            # torch adds 1e-6 to the length, so its clip is written out here.
            length = torch.sqrt(sum((one.grad**2).sum() for one in named.values()))
            factor = min(terms["clip_norm"] / float(length), 1.0)
            for one in named.values():
                one.grad *= factor
        if "clip_value" in terms:
            torch.nn.utils.clip_grad_value_(list(named.values()), terms["clip_value"])
        optimizer.step()
    return {name: one.detach().numpy() for name, one in named.items()}


@pytest.mark.usefixtures("wide_numbers")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("terms", sorted(TERMS))
@pytest.mark.parametrize("peer", sorted(PEERS))
def test_fifty_steps_in_mini_batches_are_those_of_pytorch(
    peer: str, terms: str, dtype: Any
) -> None:
    torch = torch_or_skip()
    random = np.random.default_rng(sum(map(ord, peer + terms)))
    X, y = random.normal(size=(35, 4)), random.integers(0, 3, size=35)
    network = cr.Network(
        cr.Input(4), cr.Dense(5, "tanh"), cr.Dense(4, "sigmoid"), cr.Dense(3), seed=2
    )
    ours, theirs = PEERS[peer]
    given, due = TERMS[terms]
    run = cr.train(
        network, X, y, optimizer=ours, epochs=10, batch_size=8, seed=4, dtype=dtype, progress=False,
        **given,
    )  # fmt: skip
    assert run.rows is not None
    batches = Loop(run.setup, *run.rows).batches
    orders = [batches.of_step(step) for step in range(50)]
    assert run.state.step == 50
    found = torch_trajectory(torch, network, (X, y), theirs, orders, dtype, due)
    close = {"float64": (1e-10, 1e-12), "float32": (2e-3, 2e-4)}[dtype]
    for name, content in run.network.parameters.items():
        np.testing.assert_allclose(content, found[name], *close)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: cr.Adam(beta_1=1.0), "beta_1 of Adam is 1.0"),
        (lambda: cr.Adam(beta_2=-0.1), "beta_2"),
        (lambda: cr.Momentum(memory="0.9"), "memory"),
        (lambda: cr.train(None, X, Y, optimizer="adm"), "NoneType"),
        (lambda: one_step(optimizer="adm"), "Did you mean 'adam'"),
        (lambda: one_step(optimizer="trainlm"), "The nearest is 'levenberg_marquardt'."),
        (lambda: one_step(optimizer=cr.Adam), "Give one such as Adam()"),
        (lambda: one_step(optimizer=3), "3 is not an optimizer"),
        (lambda: one_step(optimizer=cr.Adam(epsilon=float("nan"))), "epsilon of Adam is nan"),
        (lambda: one_step(optimizer=cr.Adam(-0.1)), "The learning rate is -0.1"),
        (lambda: one_step(optimizer=cr.Adam(float("inf"))), "learning_rate of adam is inf"),
        (lambda: one_step(learning_rate="fast"), "The learning rate is 'fast'"),
        (lambda: one_step(clip_norm=0.0), "clip_norm=0.0"),
        (lambda: one_step(clip_value=-1.0), "clip_value=-1.0"),
        (lambda: one_step(l2=-1.0), "l2=-1.0"),
        (lambda: one_step(l1={"dense_1.w": 1.0}), "Did you mean 'dense_1.W'"),
        (lambda: one_step(rates={"*.W": "x"}), "rates='x'"),
        (lambda: one_step(rates=3), "rates=3"),
        (lambda: one_step(freeze="*"), "Every parameter is frozen"),
        (lambda: one_step(freeze=["dense_2.*"]), "no parameter is called 'dense_2.*'"),
    ],
)
def test_what_is_no_optimizer_and_no_strength(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(cr.SetupError) as caught:
        make()
    assert words in str(caught.value)
    assert caught.value.remedy


def test_a_block_that_is_incomplete_or_takes_a_name_is_refused() -> None:
    with pytest.raises(cr.SetupError, match="lacks formula and needs"):
        cr.optimizer("half")(dataclass(frozen=True)(type("Half", (), {"learning_rate": 0.1})))
    with pytest.raises(cr.SetupError, match="the name of an optimizer that chainrule brings"):
        cr.optimizer("adam")(OPTIMIZERS["adam"])
    assert "half" not in OPTIMIZERS


def test_what_other_programs_call_it_leads_to_one_of_the_table() -> None:
    assert set(ELSEWHERE.values()) <= set(OPTIMIZERS)
    assert not set(ELSEWHERE) & set(OPTIMIZERS)
