"""Layers: what each appends, how they are put together, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule.arrays import sum_over
from chainrule.errors import ChainruleError, SetupError, ShapeError
from chainrule.network.backpropagation import backpropagate, gradient
from chainrule.network.derivatives import per_example_gradients
from chainrule.network.layers import Activation, Add, Apply, Concatenate, Dense, Input
from chainrule.network.network import Network
from chainrule.ops import OPS, op
from chainrule.ops.op import BUILT_IN

X = np.array([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5]])


@pytest.fixture
def scaled_op() -> Iterator[str]:
    """A user's own op with two learned inputs; the table is as before afterwards."""

    @op(
        formula=r"y = a x + c",
        shapes="n i, i,  -> n i",
        learned={"a": "constant 2", "c": "constant 0.5"},
    )
    class scale_and_shift:
        """Every feature has a slope of its own, all share a shift."""

        @staticmethod
        def forward(x: Any, a: Any, c: Any, power: float = 1.0) -> Any:
            return power * (a * x) + c

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any, a: Any, c: Any, power: float = 1.0) -> Any:
            return power * (grad_y * a), power * sum_over(grad_y * x, 0), sum_over(grad_y)

    yield "scale_and_shift"
    for name in set(OPS) - BUILT_IN:
        del OPS[name]


def test_dense_is_activation_of_x_w_plus_b() -> None:
    network = Network(Input(2), Dense(3, "tanh"), Dense(2, bias=None), seed=0)
    held = network.parameters
    assert list(held) == ["dense_1.W", "dense_1.b", "dense_2.W"]
    due = np.tanh(X @ held["dense_1.W"] + held["dense_1.b"]) @ held["dense_2.W"]
    np.testing.assert_allclose(network(X), due, rtol=1e-14)


def test_an_activation_with_settings() -> None:
    network = Network(Input(2), Activation("leaky_relu", slope=0.5))
    assert network(X).tolist() == [[0.5, -0.5], [2.0, 0.25], [-0.25, 1.5]]
    assert network.parameters == {}
    assert gradient(network, X, X) == {}


def test_a_learned_slope_is_a_parameter() -> None:
    network = Network(Input(2), Dense(3, "parametric_relu"), Activation("parametric_relu"), seed=0)
    slopes = {name: one for name, one in network.parameters.items() if name.endswith("slope")}
    assert list(slopes) == ["dense_1.slope", "activation_1.slope"]
    assert all(one.tolist() == [0.25] * 3 for one in slopes.values())
    assert gradient(network, X, np.zeros((3, 3)))["dense_1.slope"].shape == (3,)


def test_add_and_concatenate() -> None:
    left, right, third = Input(2), Input(2), Input(2)
    joined = Network(inputs=[left, right, third], outputs=[Concatenate()(left, right, third)])
    added = Network(inputs=[left, right, third], outputs=[Add()(left, right, third)])
    assert joined(X, 2 * X, 3 * X).tolist() == np.concatenate([X, 2 * X, 3 * X], axis=1).tolist()
    assert added(X, 2 * X, 3 * X).tolist() == (6 * X).tolist()


def test_a_layer_called_twice_shares_its_parameters() -> None:
    left, right = Input(2), Input(2)
    shared = Dense(1, "tanh")
    network = Network(inputs=[left, right], outputs=[Add()(shared(left), shared(right))], seed=3)
    assert list(network.parameters) == ["dense_1.W", "dense_1.b"]
    once = Network(Input(2), Dense(1, "tanh"), parameters=network.parameters)
    np.testing.assert_allclose(network(X, -X), once(X) + once(-X))
    both = gradient(network, (X, X), np.zeros((3, 1)))["dense_1.W"]
    # d/dW of half (2 t)^2 is four times that of half t^2.
    np.testing.assert_allclose(both, 4 * gradient(once, X, np.zeros((3, 1)))["dense_1.W"])


def test_a_users_op_is_learned(scaled_op: str) -> None:
    network = Network(Input(2), Apply(scaled_op), Dense(1), seed=0)
    assert network.plan.by_name["scale_and_shift_1.a"].shape == (2,)
    assert network.plan.by_name["scale_and_shift_1.c"].shape == ()
    assert network.parameters["scale_and_shift_1.a"].tolist() == [2.0, 2.0]
    y = np.zeros((3, 1))
    found, step = gradient(network, X, y), 1e-6
    for name, content in network.parameters.items():
        for place in np.ndindex(content.shape):
            losses = []
            for sign in (1, -1):
                moved = network.parameters
                moved[name][place] += sign * step
                losses.append(backpropagate(network.with_parameters(moved), X, y).loss)
            slope = (losses[0] - losses[1]) / (2 * step)
            assert found[name][place] == pytest.approx(slope, abs=1e-7)
    rows = per_example_gradients(network, X, y)
    np.testing.assert_allclose(rows["scale_and_shift_1.c"].mean(), found["scale_and_shift_1.c"])


def test_starts_sizes_and_settings_of_apply(scaled_op: str) -> None:
    layer = Apply(scaled_op, starts={"a": "constant 3"}, settings={"power": 2.0}, name="own")
    assert Network(Input(2), layer, seed=0)(X).tolist() == (6.0 * X + 0.5).tolist()
    linear = Network(Input(2), Apply("linear", sizes={"o": 4}), seed=0)
    assert {name: one.shape for name, one in linear.parameters.items()} == {
        "linear_1.W": (2, 4), "linear_1.b": (4,),
    }  # fmt: skip


def test_learned_names_that_collide_are_refused() -> None:
    try:

        @op(formula="y = x + b", shapes="n i, i -> n i", learned={"b": "zeros"}, role="activation")
        class shifted:
            @staticmethod
            def forward(x: Any, b: Any) -> Any:
                return x + b

            @staticmethod
            def backward(grad_y: Any, y: Any, x: Any, b: Any) -> Any:
                return grad_y, sum_over(grad_y, 0)

        with pytest.raises(SetupError, match=r"learns 'dense_1\.b', and this name is taken"):
            Network(Input(2), Dense(3, "shifted"))
        assert list(Network(Input(2), Activation("shifted"), seed=0).parameters) == [
            "activation_1.b"
        ]
    finally:
        for name in set(OPS) - BUILT_IN:
            del OPS[name]


def test_whole_numbers_of_numpy_are_sizes() -> None:
    network = Network(Input(X.shape[1]), Dense(np.max([3])), seed=0)
    assert type(network.plan.parameters[0].shape[1]) is int
    assert repr(Dense(np.int64(3))) == "Dense(3)"


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Dense(3), "Dense(3)"),
        (Dense(), "Dense()"),
        (Dense(activation="tanh"), "Dense(activation='tanh')"),
        (Dense(3, "tanh", bias=None, name="hidden"), "Dense(3, 'tanh', bias=None)"),
        (Activation("leaky_relu", slope=0.2), "Activation('leaky_relu', slope=0.2)"),
        (Apply("linear"), "Apply('linear')"),
        (Concatenate(), "Concatenate()"),
        (Add(), "Add()"),
        (Input(), "Input()"),
        (Input(4, name="left"), "Input(4, name='left')"),
        (Dense(3)(Input(2)), "Dense(3)(Input(2))"),
    ],
)
def test_a_layer_reads_as_it_was_written(layer: Any, text: str) -> None:
    assert str(layer) == repr(layer) == text


def shared_over_widths() -> Any:
    left, right, shared = Input(2), Input(3), Dense(1)
    return Network(inputs=[left, right], outputs=[Add()(shared(left), shared(right))])


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Dense(0), SetupError, ["Dense(0) has no width", "from 1"]),
        (lambda: Dense(2.5), SetupError, ["Dense(2.5)"]),
        (lambda: Dense(True), SetupError, ["Dense(True)"]),
        (lambda: Input(-1), SetupError, ["Input(-1) has no size"]),
        (lambda: Dense(3, "thanh"), SetupError, ["'thanh'", "'tanh'"]),
        (lambda: Dense(3, "matmul"), SetupError, ["no activation 'matmul'"]),
        (lambda: Dense(3, np.tanh), SetupError, ["is not a name", "chainrule.elementwise"]),
        (lambda: Activation("leaky_relu", slop=1), SetupError, ["'slop'", "'slope'"]),
        (lambda: Apply("liner"), SetupError, ["'liner'", "'linear'"]),
        (lambda: Apply(3), SetupError, ["3 is not the name of an op"]),
        (lambda: Apply("linear", sizes={"p": 3}), SetupError, ["no size 'p'"]),
        (lambda: Apply("linear", starts={"v": "zeros"}), SetupError, ["learns no 'v'"]),
        (lambda: Apply("linear", settings={"rate": 3}), SetupError, ["no setting 'rate'"]),
        (lambda: Dense(3)(X), SetupError, ["Dense(3) was called on ndarray", "into a network"]),
        (lambda: Dense(3)(), SetupError, ["called on nothing"]),
        (lambda: Network(Input(2), Apply("linear")), SetupError,
         ["size 'o' of w open", "sizes={'o': 16}"]),
        (lambda: Network(Input(2), Apply("sum_of_two")), SetupError,
         ["sum_of_two_1", "needs the input 'b'", "Call it on 2 layers"]),
        (lambda: Network(Input(2), Apply("average")), ChainruleError, ["average"]),
        (lambda: Network(Input(2), Apply("sum_over", settings={})), ChainruleError, ["sum_over"]),
        (lambda: Network(Input(2), Add()), SetupError, ["Add() joins two layers or more"]),
        (lambda: Network(inputs=[a := Input(2), b := Input(3)], outputs=[Add()(a, b)]),
         ShapeError, ["Add() takes values of one shape", "x_1 is (n, 2), x_2 is (n, 3)"]),
        (lambda: Network(inputs=[a := Input(2), b := Input(1)], outputs=[Add()(a, b)]),
         ShapeError, ["x_2 is (n, 1)"]),
        (lambda: Network(inputs=[a := Input(2), b := Input(3)],
                         outputs=[Apply("sum_of_two")(a, b)]),
         ShapeError, ["'sum_of_two' of sum_of_two_1, Apply('sum_of_two'), expects", "(n, 3)"]),
        (lambda: Network(inputs=[a := Input(2), b := Input(3)], outputs=[Dense(2)(a, b)]),
         SetupError, ["Dense(2) takes 1 input and was called on 2", "Concatenate()"]),
        (shared_over_widths, ShapeError,
         ["dense_1, Dense(1),", "dense_1.W as (3, 1)", "made as (2, 1)", "one width"]),
    ],
)  # fmt: skip
def test_misuse_gets_a_sentence(
    make: Callable[[], Any], kind: type[ChainruleError], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        make()
    for word in words:
        assert word in str(caught.value)
    assert caught.value.remedy.endswith(("?", "."))


@pytest.mark.usefixtures("scaled_op")
def test_an_op_of_several_outputs_is_no_layer() -> None:
    @op(formula="y = (x, x)", shapes="n i -> n i, n i")
    class twice:
        @staticmethod
        def forward(x: Any) -> Any:
            return x, x

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any) -> Any:
            return (grad_y[0] + grad_y[1],)

    with pytest.raises(SetupError, match="'twice' has 2 outputs"):
        Apply("twice")


def test_a_long_chain_of_nodes_prints() -> None:
    node: Any = Input(2)
    assert repr(Dense(3)(node)) == "Dense(3)(Input(2))"
    for _ in range(1500):
        node = Dense(2)(node)
    assert repr(node) == "Dense(2)(Dense(2)(...))"
