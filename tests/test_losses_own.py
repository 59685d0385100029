"""Losses by name with settings, and plain functions as losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule.arrays import equal, exp, log, sum_over, take, where
from chainrule.errors import ChainruleError, SetupError, ShapeError
from chainrule.network.backpropagation import backpropagate, gradient
from chainrule.network.derivatives import hessian_vector_product, per_example_gradients
from chainrule.network.layers import Dense, Input
from chainrule.network.losses import find_loss, loss
from chainrule.network.network import Network
from chainrule.ops import OPS, op
from chainrule.ops.op import BUILT_IN
from chainrule.training.train import train

X = np.array([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5], [1.0, 1.0]])
Y = np.array([[0.1, -0.3], [1.2, 0.4], [0.0, 0.0], [-1.0, 2.0]])
NETWORK = Network(Input(2), Dense(3, "tanh"), Dense(2), seed=1)


@pytest.fixture
def own_ops() -> Iterator[None]:
    """Take ops that a test enters out of the table again."""
    yield
    for name in set(OPS) - BUILT_IN:
        del OPS[name]


def same(made: dict[str, Any], due: dict[str, Any]) -> bool:
    return list(made) == list(due) and all(
        np.allclose(made[name], due[name], rtol=1e-11, atol=1e-13) for name in due
    )


# ---- a plain function does what the op of the same formula does ----


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda p, t: ((p - t) ** 2).mean(axis=1), "mean_squared_error"),
        (lambda p, t: ((p - t) ** 2).mean(), "mean_squared_error"),
        (lambda p, t: np.square(p - t).sum(axis=1), "squared_error"),
        (lambda p, t: 0.5 * ((p - t) ** 2).sum() / p.shape[0], "half_squared_error"),
        (lambda p, t: np.mean(np.abs(p - t), axis=1), "mean_absolute_error"),
        (lambda p, t: np.abs(p - t).mean(), "mean_absolute_error"),
        (
            lambda p, t: where(abs(p - t) <= 1.0, 0.5 * (p - t) ** 2, abs(p - t) - 0.5).mean(
                axis=1
            ),
            "huber",
        ),
    ],
)
def test_a_function_of_numbers(function: Callable[..., Any], name: str) -> None:
    own, built_in = backpropagate(NETWORK, X, Y, function), backpropagate(NETWORK, X, Y, name)
    assert own.loss == pytest.approx(built_in.loss, rel=1e-12)
    assert same(gradient(NETWORK, X, Y, function), gradient(NETWORK, X, Y, name))
    assert same(
        per_example_gradients(NETWORK, X, Y, function), per_example_gradients(NETWORK, X, Y, name)
    )


def test_a_function_has_curvature() -> None:
    vector = {name: np.ones(one.shape) for name, one in NETWORK.parameters.items()}
    own = hessian_vector_product(NETWORK, X, Y, vector, lambda p, t: ((p - t) ** 2).mean(axis=1))
    assert same(own, hessian_vector_product(NETWORK, X, Y, vector, "mean_squared_error"))


def test_a_function_of_labels() -> None:
    labels = np.array([0, 1, 1, 0])

    def logarithmic(prediction: Any, label: Any) -> Any:
        raised = np.exp(prediction)
        shares = raised / raised.sum(axis=1, keepdims=True)
        own = where(equal(label.reshape(label.shape[0], 1), np.arange(2)), shares, 0.0)
        return -log(sum_over(own, axis=1))

    found = find_loss(logarithmic, "labels", 2)
    assert found.target == "labels"
    assert found.each_row
    own = gradient(NETWORK, X, labels, logarithmic)
    assert same(own, gradient(NETWORK, X, labels, "cross_entropy"))


def test_a_function_may_hold_numbers_of_its_own() -> None:
    importance = np.array([1.0, 3.0])
    made = backpropagate(NETWORK, X, Y, lambda p, t: (importance * (p - t) ** 2).sum(axis=1))
    due = np.mean(np.sum(importance * (NETWORK(X) - Y) ** 2, axis=1))
    assert made.loss == pytest.approx(due, rel=1e-12)


@pytest.mark.parametrize("width", [1, 2, 7, 8])
def test_one_number_a_row_is_told_from_one_an_output(width: int) -> None:
    assert find_loss(lambda p, t: (p - t).mean(axis=1), "numbers", width).each_row
    assert not find_loss(lambda p, t: (p - t).mean(), "numbers", width).each_row
    with pytest.raises(ShapeError, match=rf"returns \({width},\) for n rows"):
        find_loss(lambda p, t: (p - t).mean(axis=0), "numbers", width)


def test_sample_weights_multiply_the_rows_of_a_function() -> None:
    weight = np.array([1.0, 0.0, 2.0, 0.5])
    own = gradient(NETWORK, X, Y, lambda p, t: ((p - t) ** 2).mean(axis=1), sample_weight=weight)
    assert same(own, gradient(NETWORK, X, Y, "mean_squared_error", sample_weight=weight))


# ---- by name ----


@pytest.mark.usefixtures("own_ops")
def test_a_users_loss_op_is_found_by_name() -> None:
    @op(formula=r"y = \sum_j (x_j - t_j)^4", shapes="n o, n o -> n", couples="o", role="loss")
    class fourth_power:
        """The sum of fourth powers."""

        @staticmethod
        def forward(x: Any, target: Any) -> Any:
            return sum_over((x - target) ** 4.0, axis=1)

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any, target: Any) -> Any:
            slope = grad_y[:, None] * 4.0 * (x - target) ** 3.0
            return slope, -slope

    own = gradient(NETWORK, X, Y, "fourth_power")
    assert same(own, gradient(NETWORK, X, Y, lambda p, t: ((p - t) ** 4.0).sum(axis=1)))


def test_settings_reach_the_loss() -> None:
    wide = backpropagate(NETWORK, X, Y, loss("huber", delta=100.0)).loss
    assert wide == pytest.approx(0.5 * backpropagate(NETWORK, X, Y, "mean_squared_error").loss)
    record = loss("huber", delta=2.0).to_record()
    assert record["name"] == "huber"
    assert record["settings"] == {"delta": 2.0}
    assert not record["own"]


def test_a_function_is_known_by_its_source() -> None:
    def one(p: Any, t: Any) -> Any:
        return (p - t).mean()

    def other(p: Any, t: Any) -> Any:
        return (t - p).mean()

    records = [find_loss(function, "numbers", 2).to_record() for function in (one, one, other)]
    assert records[0] == records[1]
    assert records[0]["own"]
    assert records[0]["name"] == "one"
    assert records[0]["source"] != records[2]["source"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: loss("huberr"), ["'huberr'", "'huber'"]),
        (lambda: loss("tanh"), ["no loss 'tanh'"]),
        (lambda: loss("huber", delt=1.0), ["no setting 'delt'", "'delta'"]),
        (lambda: loss("huber", delta="wide"), ["delta", "'wide'"]),
        (lambda: loss("huber", delta=math.inf), ["finite"]),
        (lambda: loss("huber", delta=True), ["True"]),
    ],
)
def test_names_and_settings_are_checked(make: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(SetupError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def one_argument(prediction: Any) -> Any:
    return prediction.mean()


def branches(prediction: Any, target: Any) -> Any:
    return prediction.mean() if (prediction > target) else target.mean()


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (one_argument, SetupError, ["'one_argument' cannot be traced", "two arrays"]),
        (branches, SetupError, ["do not branch", "where()"]),
        (lambda p, t: p - t, ShapeError, ["'own_loss' returns (n, 2)", "mean(axis=1)"]),
        (lambda p, t: (p.mean(), t.mean()), ShapeError, ["returns 2 values"]),
        (lambda p, t: np.linalg.norm(p - t), SetupError, ["norm"]),
        (lambda p, t: np.sinh(p - t).mean(), SetupError, ["numpy.sinh"]),
        (lambda p, t: (p - np.zeros((2, 5))).mean(), ShapeError, ["do not meet"]),
        (lambda p, t: take(p, t).mean(), ShapeError, ["Indices"]),
        (lambda p, t: "wrong", ChainruleError, ["cannot"]),
    ],
)
def test_a_function_that_cannot_be_a_loss(
    function: Callable[..., Any], kind: type[ChainruleError], words: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        find_loss(function, "numbers", 2)
    for word in words:
        assert word.lower() in str(caught.value).lower()
    assert caught.value.remedy.endswith((".", "?"))


# ---- weights need a number for each row ----


def test_weights_are_refused_where_a_loss_gives_one_number_for_all_rows() -> None:
    def batch(p: Any, t: Any) -> Any:
        return ((p - t) ** 2).mean()

    with pytest.raises(SetupError, match=r"one number for all rows.*mean\(axis=1\)"):
        gradient(NETWORK, X, Y, batch, sample_weight=np.array([1.0, 0.0, 2.0, 0.5]))
    ones = gradient(NETWORK, X, Y, batch, sample_weight=np.ones(4))
    assert same(ones, gradient(NETWORK, X, Y, batch))
    given: dict[str, Any] = {"loss": batch, "epochs": 1, "progress": False}
    with pytest.raises(SetupError, match="one number for all rows"):
        train(NETWORK, X, Y, sample_weight=[1.0, 2.0, 1.0, 1.0], **given)
    with pytest.raises(SetupError, match="one number for all rows"):
        train(
            Network(Dense(2)), X, [0, 1, 1, 1], class_weight="balanced",
            **{**given, "loss": lambda p, t: exp(p).mean()},
        )  # fmt: skip
    assert train(NETWORK, X, Y, sample_weight=[2.0] * 4, **given).recording.epochs == 1
