"""Gradients of whole networks, against other libraries and plain numbers; and misuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from network_oracles import (
    MAZUR,
    MAZUR_X,
    MAZUR_Y,
    SMOOTH,
    Case,
    as_list,
    cases,
    direction,
    jax_in_float64,
    jax_row_losses,
    mazur,
    near,
    network_of,
    rows_of,
    torch_loss,
)

from chainrule.errors import ChainruleError, DataError, SetupError, ShapeError
from chainrule.network.backpropagation import (
    backpropagate,
    gradient,
    gradient_program,
    output_program,
)
from chainrule.network.layers import Activation, Dense, Input
from chainrule.network.losses import loss
from chainrule.network.network import Network

# ---- the worked example of Mazur, "A Step by Step Backpropagation Example", 2015 ----


def test_mazurs_forward_pass() -> None:
    found = backpropagate(mazur(), MAZUR_X, MAZUR_Y)
    assert found.loss == pytest.approx(0.298371109, abs=5e-10)
    assert found.values["dense_1.linear"][0, 0] == pytest.approx(0.3775, abs=1e-12)
    assert found.values["dense_1"][0] == pytest.approx([0.593269992, 0.596884378], abs=5e-10)
    assert found.values["dense_2"][0] == pytest.approx([0.75136507, 0.772928465], abs=5e-9)


def test_mazurs_gradients() -> None:
    found = backpropagate(mazur(), MAZUR_X, MAZUR_Y)
    assert found.gradients["dense_2"][0, 0] == pytest.approx(0.74136507, abs=5e-9)
    assert found.gradients["dense_2.linear"][0, 0] == pytest.approx(0.138498562, abs=5e-10)
    assert found.gradients["dense_1"][0, 0] == pytest.approx(0.036350306, abs=5e-9)
    gradients = gradient(mazur(), MAZUR_X, MAZUR_Y)
    assert gradients["dense_2.W"][0, 0] == pytest.approx(0.082167041, abs=5e-10)
    assert gradients["dense_1.W"][0, 0] == pytest.approx(0.000438568, abs=5e-10)
    updated = {name: MAZUR[name] - 0.5 * one for name, one in gradients.items()}
    # He rounds w5 ... w8 to 9 digits: 0.35891648, 0.408666186, 0.511301270, 0.561370121.
    assert updated["dense_2.W"].T.ravel() == pytest.approx(
        [0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=5e-9
    )
    assert updated["dense_1.W"].T.ravel() == pytest.approx(
        [0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=5e-9
    )
    weights_only = {**updated, "dense_1.b": MAZUR["dense_1.b"], "dense_2.b": MAZUR["dense_2.b"]}
    assert loss_of(mazur(**weights_only)) == pytest.approx(0.291027774, abs=5e-10)
    assert loss_of(mazur(**updated)) == pytest.approx(0.280471447, abs=5e-10)


def loss_of(network: Network) -> float:
    return backpropagate(network, MAZUR_X, MAZUR_Y).loss


# ---- random networks ----


@settings(deadline=None, max_examples=10)
@given(case=cases())
def test_gradients_are_those_of_jax(case: Case) -> None:
    jax = pytest.importorskip("jax", reason="JAX is the oracle of this test")
    network, (x, y, weight) = network_of(case), rows_of(case)
    with jax_in_float64():

        def mean_loss(parameters: Any) -> Any:
            rows = jax_row_losses(case, parameters, as_list(x), as_list(y))
            return (weight * rows).mean()

        due_loss, due = jax.value_and_grad(mean_loss)(network.parameters)
    found = backpropagate(network, x, y, case.losses, sample_weight=weight)
    traced = gradient(network, x, y, case.losses, sample_weight=weight)
    assert near(found.loss, due_loss)
    for name in network.parameters:
        assert near(traced[name], due[name]), name
        assert near(found.gradients[name], due[name]), name


@settings(deadline=None, max_examples=40)
@given(case=cases())
def test_gradients_are_those_of_pytorch(case: Case) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    network, (x, y, _) = network_of(case), rows_of(case)
    leaves = {
        name: torch.tensor(one, requires_grad=True) for name, one in network.parameters.items()
    }
    xs, ys = ([torch.tensor(one) for one in as_list(given)] for given in (x, y))
    total = torch_loss(torch, case, leaves, xs, ys)
    total.backward()
    found = backpropagate(network, x, y, case.losses)
    assert near(found.loss, total.item())
    for name, leaf in leaves.items():
        assert near(found.gradients[name], leaf.grad.numpy()), name


@settings(deadline=None, max_examples=30)
@given(case=cases(SMOOTH))
def test_gradients_are_slopes_of_the_forward_walk_alone(case: Case) -> None:
    network, (x, y, weight) = network_of(case), rows_of(case)
    step, move = 1e-6, direction(network, case.seed)

    def loss_at(place: float) -> float:
        moved = {name: one + place * move[name] for name, one in network.parameters.items()}
        return backpropagate(
            network.with_parameters(moved), x, y, case.losses, sample_weight=weight
        ).loss

    found = gradient(network, x, y, case.losses, sample_weight=weight)
    slope = sum(float(np.sum(found[name] * move[name])) for name in move)
    assert near(slope, (loss_at(step) - loss_at(-step)) / (2 * step), 1e-6)


@settings(deadline=None, max_examples=30)
@given(case=cases())
def test_float32_differs_by_rounding(case: Case) -> None:
    network, (x, y, _) = network_of(case), rows_of(case)
    single = gradient(network, x, y, case.losses, dtype="float32")
    double = gradient(network, x, y, case.losses)
    largest = max(float(np.max(np.abs(one))) for one in double.values())
    for name in double:
        assert single[name].dtype == np.float32
        assert double[name].dtype == np.float64
        assert np.max(np.abs(single[name] - double[name])) <= 1e-4 * (1.0 + largest)


# ---- what is kept, and what never changes ----


def test_the_program_of_outputs_is_traced_once_for_a_plan() -> None:
    network = mazur()
    first = output_program(network.plan, "float64")
    moved = network.with_parameters(network.parameters)
    assert output_program(moved.plan, "float64") is first
    assert output_program(network.plan, "float32") is not first
    assert output_program(mazur().plan, "float64") is not first


def test_nothing_given_is_changed() -> None:
    network, x, y = mazur(), np.array(MAZUR_X), np.array(MAZUR_Y)
    before = network.parameters
    found = backpropagate(network, x, y)
    for values in (found.values, found.gradients):
        for content in values.values():
            if isinstance(content, np.ndarray) and content.flags.writeable:
                content += 1.0
    assert x.tolist() == MAZUR_X
    assert y.tolist() == MAZUR_Y
    for name, content in network.parameters.items():
        assert np.array_equal(content, before[name])


def test_what_has_no_gradient_is_not_among_the_gradients() -> None:
    network = Network(Input(2), Dense(3), Activation("step"), Dense(2), seed=0)
    found = backpropagate(network, [[1.0, 2.0]], [1], "cross_entropy")
    assert "dense_2.W" in found.gradients
    assert "dense_1.W" not in found.gradients
    assert "target" not in found.gradients


# ---- misuse ----


def two_headed() -> Network:
    left, right = Input(2, name="left"), Input(1, name="right")
    return Network(inputs=[left, right], outputs=[Dense(1)(left), Dense(3)(right)], seed=0)


@pytest.mark.parametrize(
    ("network", "x", "y", "loss", "kind", "words"),
    [
        (
            mazur(),
            [[1.0, 2.0, 3.0]],
            MAZUR_Y,
            "huber",
            ShapeError,
            ["expects n 2 as 'x'", "dense_1, Dense(2, 'sigmoid')", "(1, 3)", "columns"],
        ),
        (mazur(), [1.0, 2.0], MAZUR_Y, "huber", ShapeError, ["'x' is (2,)", "(rows, features)"]),
        (mazur(), [["a", "b"]], MAZUR_Y, "huber", DataError, ["'x'", "not numbers"]),
        (mazur(), [[1.0], [1.0, 2.0]], MAZUR_Y, "huber", ShapeError, ["different lengths"]),
        (mazur(), np.zeros((0, 2)), np.zeros((0, 2)), "huber", DataError, ["no rows"]),
        (mazur(), MAZUR_X, [[0.0, 1.0, 2.0]], "huber", ShapeError, ["(1, 3)", "2 numbers"]),
        (mazur(), MAZUR_X, [0.0, 1.0], "huber", ShapeError, ["(2,) for 1 rows"]),
        (mazur(), MAZUR_X, 1.0, "huber", ShapeError, ["() for 1 rows"]),
        (mazur(), MAZUR_X, [["a", "b"]], "huber", DataError, ["huber", "numbers"]),
        (mazur(), MAZUR_X, [2], "cross_entropy", ShapeError, ["from 2 to 2", "0 to 1"]),
        (mazur(), MAZUR_X, [-1], "cross_entropy", ShapeError, ["from -1"]),
        (mazur(), MAZUR_X, [[0.0, 1.0]], "cross_entropy", ShapeError, ["whole-number label"]),
        (mazur(), MAZUR_X, MAZUR_Y, "hubber", SetupError, ["'hubber'", "'huber'"]),
        (mazur(), MAZUR_X, MAZUR_Y, 3, SetupError, ["3 is neither"]),
        (
            mazur(),
            MAZUR_X,
            MAZUR_Y,
            "binary_cross_entropy",
            SetupError,
            ["Dense(2, 'sigmoid')", "dense_2", "binary_cross_entropy", "Leave sigmoid out"],
        ),
        (
            Network(Input(2), Dense(2, "softmax"), seed=0),
            MAZUR_X,
            [1],
            "cross_entropy",
            SetupError,
            ["softmax", "cross_entropy", "Leave softmax out"],
        ),
        (
            Network(Input(2), Dense(2), Activation("log_softmax"), seed=0),
            MAZUR_X,
            [1],
            "cross_entropy",
            SetupError,
            ["log_softmax"],
        ),
        (
            Network(Input(2), Dense(3, "step"), Dense(2), seed=0),
            MAZUR_X,
            [1],
            "cross_entropy",
            SetupError,
            ["dense_1.W", "applies step", "Dense(3, 'step')"],
        ),
        (
            mazur(),
            MAZUR_X,
            MAZUR_Y,
            lambda p, t: (t * t).mean(),
            SetupError,
            ["dense_1.W", "no slope"],
        ),
        (
            two_headed(),
            [[1.0, 2.0]],
            [[[0.0]], [1]],
            ["huber", "cross_entropy"],
            ShapeError,
            ["2 inputs", "left, right"],
        ),
        (
            two_headed(),
            {"left": [[1.0, 2.0]]},
            [[[0.0]], [1]],
            ["huber", "cross_entropy"],
            SetupError,
            ["'right' is not given"],
        ),
        (
            two_headed(),
            ([[1.0, 2.0]], [[1.0], [2.0]]),
            [[[0.0]], [1]],
            ["huber", "cross_entropy"],
            ShapeError,
            ["'right'", "(2, 1)", "1 rows"],
        ),
        (
            two_headed(),
            ([[1.0, 2.0]], [[1.0]]),
            [[[0.0]], [1]],
            "huber",
            SetupError,
            ["2 outputs", "1 losses"],
        ),
        (Network(Input(2), Dense(2)), MAZUR_X, MAZUR_Y, "huber", SetupError, ["no parameters"]),
        (Network(Dense(2)), MAZUR_X, MAZUR_Y, "huber", SetupError, ["left to the data"]),
    ],
)
def test_misuse_gets_a_sentence(
    network: Network, x: Any, y: Any, loss: Any, kind: type[ChainruleError], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        gradient(network, x, y, loss)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.cause.endswith(".")
    assert caught.value.remedy.endswith(("?", "."))


def test_one_weight_for_each_row() -> None:
    with pytest.raises(ShapeError, match=r"sample_weight is \(2,\) for 1 rows"):
        gradient(mazur(), MAZUR_X, MAZUR_Y, sample_weight=[1.0, 2.0])


@pytest.mark.parametrize(
    "x",
    [[["1.0", "2.0"]], [[1j, 2.0]], np.array([["1.0", 2.0]], object), np.array([[1j, 2]], object)],
)
def test_text_and_complex_numbers_are_no_input(x: Any) -> None:
    network = Network(Input(2), Dense(1), seed=1)
    with pytest.raises(DataError, match="not numbers"):
        network(x)
    assert network(np.array([[1, 2.5]], object)).shape == (1, 1)


def test_a_gradient_is_traced_once() -> None:
    network, x, y = Network(Input(2), Dense(1), seed=1), np.ones((3, 2)), np.zeros((3, 1))
    gradient_program.cache_clear()
    first = gradient(network, x, y, loss("huber", delta=2.0))
    again = gradient(network, x[:2], y[:2], loss("huber", delta=2.0))
    assert gradient_program.cache_info().misses == 1
    assert np.allclose(first["dense_1.W"], again["dense_1.W"], rtol=1e-14)
    other = gradient(network, x, y, loss("huber", delta=0.1))
    assert not np.array_equal(first["dense_1.W"], other["dense_1.W"])
    moved = network.with_parameters({n: 2.0 * one for n, one in network.parameters.items()})
    assert not np.array_equal(
        first["dense_1.W"], gradient(moved, x, y, loss("huber", delta=2.0))["dense_1.W"]
    )
