"""Networks: names, sizes left to the data, parameters, and that they never change."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ChainruleError, SetupError, ShapeError
from chainrule.network.layers import Activation, Add, Concatenate, Dense, Input
from chainrule.network.network import Network, layout_of
from chainrule.training.plans import plan_from_record, plan_to_record

X = np.array([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5]])


def two_headed(**settings: Any) -> Network:
    left, right = Input(2, name="left"), Input(1, name="right")
    trunk = Dense(4, "relu", name="trunk")
    both = Concatenate()(trunk(left), Dense(3)(right))
    return Network(
        inputs=[left, right],
        outputs=[Dense(1, name="score")(both), Dense(3)(trunk(left))],
        **settings,
    )


# ---- how it prints ----


def test_a_network_prints_itself() -> None:
    assert str(Network(Input(13), Dense(16, "tanh"), Dense(2))) == (
        "layer                       output  parameters       count\n"
        "x        input              n x 13\n"
        "dense_1  Dense(16, 'tanh')  n x 16  W 13 x 16, b 16    224\n"
        "dense_2  Dense(2)           n x 2   W 16 x 2, b 2       34\n"
        "258 parameters"
    )


def test_a_graph_prints_itself() -> None:
    # The trunk is used twice and its parameters are counted once.
    assert str(two_headed()) == (
        "layer                            output  parameters    count\n"
        "left           input             n x 2\n"
        "right          input             n x 1\n"
        "trunk          Dense(4, 'relu')  n x 4   W 2 x 4, b 4     12\n"
        "dense_1        Dense(3)          n x 3   W 1 x 3, b 3      6\n"
        "concatenate_1  Concatenate()     n x 7                     0\n"
        "score          Dense(1)          n x 1   W 7 x 1, b 1      8\n"
        "dense_2        Dense(3)          n x 3   W 4 x 3, b 3     15\n"
        "41 parameters"
    )


def test_a_network_without_sizes_says_so() -> None:
    network = Network(Dense(3))
    assert str(network) == (
        "Network whose sizes are left to the data\n    x        Input()\n    dense_1  Dense(3)"
    )
    assert repr(network) == "Network(sizes left to the data)"
    assert repr(two_headed()) == "Network(8 steps, 41 parameters)"


# ---- names ----


def test_layers_are_numbered_by_kind_from_1() -> None:
    network = Network(
        Input(2), Dense(3), Activation("tanh"), Dense(3, name="middle"), Dense(3),
        Activation("relu"), seed=0,
    )  # fmt: skip
    assert list(network.parameters) == [
        "dense_1.W", "dense_1.b", "middle.W", "middle.b", "dense_2.W", "dense_2.b",
    ]  # fmt: skip
    assert [one.layer for one in network.plan.steps] == [
        "dense_1", "activation_1", "middle", "dense_2", "activation_2",
    ]  # fmt: skip


def test_inputs_and_values_are_named() -> None:
    assert Network(Input(2), Dense(3)).input_names == ("x",)
    assert two_headed().input_names == ("left", "right")
    a, b = Input(1), Input(1)
    assert Network(inputs=[a, b], outputs=[Add()(a, b)]).input_names == ("x_1", "x_2")
    assert two_headed().plan.outputs == ("score", "dense_2")
    assert "trunk@2" in two_headed().plan.shapes
    assert "trunk.linear" in two_headed().plan.shapes


def test_several_inputs_and_outputs() -> None:
    network = two_headed(seed=1)
    right = np.array([[1.0], [2.0], [3.0]])
    score, classes = network(X, right)
    assert score.shape == (3, 1)
    assert classes.shape == (3, 3)
    for same in (network((X, right)), network([X, right]), network({"right": right, "left": X})):
        assert np.array_equal(same[0], score)
        assert np.array_equal(same[1], classes)
    held = network.parameters
    hidden = np.maximum(X @ held["trunk.W"] + held["trunk.b"], 0.0)
    np.testing.assert_allclose(classes, hidden @ held["dense_2.W"] + held["dense_2.b"])
    assert network.output_count == 2


# ---- sizes that are left to the data ----


def test_an_open_input_and_an_open_last_width_are_filled_in() -> None:
    network = Network(Dense(4, "tanh"), Dense())
    assert not network.is_sized
    made = network.sized({"x": (2,)}, 3)
    assert made.plan.shapes["dense_2"] == (3,)
    assert made.plan.inputs == {"x": (2,)}
    assert not network.is_sized
    assert made.started(0).parameters["dense_2.W"].shape == (4, 3)


def test_a_width_that_is_given_stays() -> None:
    made = Network(Dense(4, "tanh"), Dense(1)).sized({"x": (2,)}, 3)
    assert made.plan.shapes[made.plan.outputs[0]] == (1,)


@pytest.mark.parametrize("end", [[Dense(4, "tanh")], [Dense(4), Activation("tanh")]])
def test_hidden_layers_alone_get_a_dense_behind_them(end: list[Any]) -> None:
    network = Network(*end)
    made = network.sized({"x": (2,)}, 3)
    assert made.plan.steps[-1].made_by == "Dense(3)"
    assert made.plan.steps[-1].op == "linear"
    assert made.plan.shapes[made.plan.outputs[0]] == (3,)
    same = network.sized({"x": (2,)}, 4)
    assert same.plan.steps[-1].op == "tanh"


def test_what_a_network_has_learned_stays_when_a_dense_is_added() -> None:
    network = Network(Input(2), Dense(4, "tanh"), seed=3)
    made = network.sized({"x": (2,)}, 3)
    assert not made.has_parameters
    held = made.started(9).parameters
    assert np.array_equal(held["dense_1.W"], network.parameters["dense_1.W"])
    assert held["dense_2.W"].shape == (4, 3)


def test_a_network_with_all_its_sizes_is_returned_itself() -> None:
    network = Network(Input(2), Dense(3), seed=0)
    assert network.sized({"x": (2,)}, 3) is network
    assert network.sized({"x": (2,)}) is network
    loaded = Network.from_plan(network.plan, network.parameters)
    assert loaded.sized({"x": (2,)}, 3) is loaded


def test_each_output_gets_a_width_of_its_own() -> None:
    start = Input()
    hidden = Dense(4, "tanh")(start)
    network = Network(inputs=[start], outputs=[Dense()(hidden), Dense()(hidden), hidden])
    made = network.sized({"x": (2,)}, [1, 3, 2])
    assert [made.plan.shapes[one] for one in made.plan.outputs] == [(1,), (3,), (2,)]
    with pytest.raises(SetupError, match="2 widths were given for 3 outputs"):
        network.sized({"x": (2,)}, [1, 3])


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Network(Input(4), Dense(1)).sized({"x": (3,)}), ShapeError,
         ["expects n 4 as 'x' (Input(4))", "each row has 3"]),
        (lambda: Network(Dense(1)).sized({}), SetupError, ["'x' is left to the data"]),
        (lambda: Network(Dense(1)).sized({"y": (3,)}), SetupError, ["no input 'y'", "'x'"]),
        (lambda: Network(Dense()).sized({"x": (3,)}), SetupError,
         ["width of 'dense_1' is left to the data"]),
        (lambda: Network(Dense(), Dense(3)), SetupError, ["Dense()", "not the last layer"]),
        (lambda: Network(Dense(3), seed=0), SetupError, ["cannot draw its start"]),
        (lambda: Network(Input(2), Dense(3), seed=-1), SetupError, ["seed is -1", "from 0"]),
        (lambda: Network(Input(2), Dense(3), seed=2.5), SetupError, ["seed is 2.5"]),
        (lambda: Network(Dense(3)).plan, SetupError, ["left to the data", "Input(4)"]),
        (lambda: Network(Dense(3)).parameter_count, SetupError, ["left to the data"]),
        (lambda: Network(Input(2), Dense(3)).parameters, SetupError,
         ["no parameters yet", "seed=0"]),
        (lambda: Network.from_plan(Network(Input(2), Dense(1)).plan).sized({"x": (3,)}),
         ShapeError, ["made for rows of shape (2,)", "these have (3,)"]),
    ],
)  # fmt: skip
def test_sizes_that_do_not_meet(
    make: Callable[[], Any], kind: type[ChainruleError], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        make()
    for word in words:
        assert word in str(caught.value)
    assert caught.value.remedy.endswith(("?", "."))


# ---- parameters ----


def test_given_parameters_are_the_start() -> None:
    given = {"dense_1.W": [[1.0], [2.0]], "dense_1.b": [0.5]}
    network = Network(Input(2), Dense(1), parameters=given)
    assert network(X).ravel().tolist() == [-1.0, 3.0, 3.0]


def test_what_is_not_given_is_drawn() -> None:
    given = {"dense_1.b": [7.0, 8.0]}
    network = Network(Input(2), Dense(2), parameters=given)
    assert not network.has_parameters
    assert network.started(4).parameters["dense_1.b"].tolist() == [7.0, 8.0]
    drawn = Network(Input(2), Dense(2), seed=4).parameters["dense_1.W"]
    assert np.array_equal(network.started(4).parameters["dense_1.W"], drawn)
    assert np.array_equal(
        Network(Input(2), Dense(2), parameters=given, seed=4).parameters["dense_1.W"], drawn
    )
    left_open = Network(Dense(2), parameters=given).sized({"x": (2,)}).started(4)
    assert left_open.parameters["dense_1.b"].tolist() == [7.0, 8.0]


def test_a_network_that_has_parameters_is_started() -> None:
    network = Network(Input(2), Dense(1), seed=0)
    assert network.started(5) is network


def test_a_network_never_changes() -> None:
    given = {"dense_1.W": np.array([[1.0], [2.0]]), "dense_1.b": np.array([0.5])}
    network = Network(Input(2), Dense(1), parameters=given)
    moved = {name: one.copy() for name, one in given.items()}
    other = network.with_parameters(moved)
    for content in (given, moved, network.parameters, other.parameters):
        content["dense_1.W"][:] = 99.0
    network.parameters["dense_1.b"] = np.array([3.0])
    for one in (network, other):
        assert one.parameters["dense_1.W"].tolist() == [[1.0], [2.0]]
        assert one.parameters["dense_1.b"].tolist() == [0.5]
    assert other.plan is network.plan


def test_a_type_of_given_values_is_kept() -> None:
    network = Network(Input(2), Dense(1), seed=0)
    single = {name: one.astype(np.float32) for name, one in network.parameters.items()}
    assert network.with_parameters(single).parameters["dense_1.W"].dtype == np.float32


@pytest.mark.parametrize(
    ("parameters", "kind", "words"),
    [
        ({"dense_1.w": [[1.0], [2.0]]}, SetupError, ["'dense_1.w'", "'dense_1.W'"]),
        ({"dense_1.W": [[1.0, 2.0]]}, ShapeError,
         ["dense_1.W of dense_1, Dense(1), is (2, 1)", "given as (1, 2)", "(inputs, units)"]),
        ({"dense_1.W": [["a"], ["b"]]}, SetupError, ["dense_1.W", "table of numbers"]),
        ({"dense_1.W": [[1.0], [1.0, 2.0]]}, SetupError, ["dense_1.W", "one length"]),
        ([1.0], SetupError, ["parameters is list"]),
    ],
)  # fmt: skip
def test_parameters_of_another_name_or_shape(
    parameters: Any, kind: type[ChainruleError], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        Network(Input(2), Dense(1), parameters=parameters)
    for word in words:
        assert word in str(caught.value)


def test_with_parameters_takes_all_of_them() -> None:
    network = Network(Input(2), Dense(1))
    with pytest.raises(SetupError, match=r"no value for dense_1\.b"):
        network.with_parameters({"dense_1.W": np.zeros((2, 1))})


# ---- plans ----


def test_a_plan_goes_through_its_record() -> None:
    network = two_headed(seed=2)
    record = plan_to_record(network.plan)
    loaded = Network.from_plan(plan_from_record(record), network.parameters)
    assert plan_to_record(loaded.plan) == record
    right = np.array([[1.0], [2.0], [3.0]])
    for one, other in zip(loaded(X, right), network(X, right), strict=True):
        assert np.array_equal(one, other)
    assert str(loaded) == str(network)
    assert loaded.input_names == network.input_names
    redrawn = Network.from_plan(plan_from_record(record)).started(2)
    for name, content in network.parameters.items():
        assert np.array_equal(redrawn.parameters[name], content)


def test_a_layout_cuts_one_flat_vector() -> None:
    network = two_headed(seed=2)
    trained, still = layout_of(network.plan, frozenset({"trunk.W", "score.b"}))
    assert [one.name for one in still.parameters] == ["trunk.W", "score.b"]
    flat = trained.flat_array(network.parameters, "float64")
    assert flat.shape == (trained.size,)
    assert trained.size + still.size == network.parameter_count
    for name, content in trained.named_arrays(flat).items():
        assert np.array_equal(content, network.parameters[name])
        assert np.array_equal(np.asarray(trained.named(flat)[name]), content)
    assert np.array_equal(trained.flat(network.parameters), flat)
    numbers = trained.spread({"trunk.b": 3.0}, otherwise=1.0)
    assert np.sum(numbers == 3.0) == math.prod(network.parameters["trunk.b"].shape)
    nothing, _ = layout_of(network.plan, frozenset(network.parameters))
    assert np.asarray(nothing.flat({})).shape == nothing.spread({}).shape == (0,)


# ---- graphs that do not hang together ----


def unlisted() -> Any:
    left, right = Input(2), Input(2, name="right")
    return Network(inputs=[left], outputs=[Add()(left, right)])


def idle() -> Any:
    left, right = Input(2), Input(3)
    return Network(inputs=[left, right], outputs=[Dense(1)(left)])


def same_input_names() -> Any:
    left, right = Input(2, name="a"), Input(2, name="a")
    return Network(inputs=[left, right], outputs=[Add()(left, right)])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Network(), ["needs a layer"]),
        (lambda: Network(Input(3)), ["needs a layer"]),
        (lambda: Network([Dense(3), Dense(1)]), ["[Dense(3), Dense(1)] is not a layer"]),
        (lambda: Network(Dense(3), Input(3)), ["Input(3) is not a layer"]),
        (lambda: Network(Dense(3), "tanh"), ["'tanh' is not a layer"]),
        (lambda: Network(Dense(3), inputs=[Input(2)]), ["both layers in a row"]),
        (lambda: Network(inputs=[Input(2)]), ["needs inputs and outputs"]),
        (lambda: Network(outputs=[Dense(3)(Input(2))]), ["needs inputs and outputs"]),
        (lambda: Network(inputs=[Dense(2)], outputs=[Dense(3)(Input(2))]),
         ["Dense(2) is not an input"]),
        (lambda: Network(inputs=[Input(2)], outputs=[Dense(3)]),
         ["Dense(3) is not an output", "Dense(3)(before)"]),
        (lambda: Network(inputs=[a := Input(2)], outputs=[a]), ["Input(2) is not an output"]),
        (unlisted, ["Input(2, name='right')", "not among inputs"]),
        (idle, ["Input(3) leads to no output"]),
        (same_input_names, ["Two layers are named 'a'"]),
        (lambda: Network(Input(2), Dense(3, name="x"), Dense(1)), ["Two layers are named 'x'"]),
        (lambda: Network(Input(2), Dense(3, name="a"), Dense(1, name="a")),
         ["Two layers are named 'a'"]),
        (lambda: Network(Input(2), Dense(3), Dense(1, name="dense_1")),
         ["Two layers are named 'dense_1'"]),
        (lambda: Network(Input(2), Dense(1, name="loss")), ["'loss' cannot name a layer"]),
        (lambda: Network(Input(2), Dense(1, name="target_2")), ["'target_2' cannot"]),
        (lambda: Network(Input(2), Dense(1, name="a.b")), ["'a.b' cannot name", "underscores"]),
    ],
)  # fmt: skip
def test_misuse_gets_a_sentence(make: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(SetupError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)
    assert caught.value.remedy.endswith(("?", "."))


def test_rows_that_do_not_fit_are_refused() -> None:
    network = Network(Input(2), Dense(1), seed=0)
    with pytest.raises(ShapeError, match=r"expects n 2 as 'x', which goes into dense_1, Dense"):
        network(np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="has 1 inputs and was given 2"):
        network(X, X)
    assert network(np.zeros((0, 2))).shape == (0, 1)
