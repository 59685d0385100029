"""Blocks of one's own: what a malformed one is told, and what a sound one may declare."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.arrays import exp, log, maximum, sum_over, where
from chainrule.checks import is_finite_number, is_seed, is_whole_number, source_checksum
from chainrule.errors import SetupError, ShapeError
from chainrule.network.losses import loss
from chainrule.ops import ACTIVATIONS, OPS, Op, find_op
from chainrule.ops.op import BUILT_IN
from chainrule.ops.patterns import Pattern
from chainrule.ops.walks import Step, backward_walk, forward_walk

pytestmark = pytest.mark.usefixtures("own_ops")


@pytest.fixture
def own_ops() -> Iterator[None]:
    """Take ops that a test enters out of the table again."""
    yield
    for name in set(OPS) - BUILT_IN:
        del OPS[name]


def made(shapes: str, forward: Any, backward: Any, **declared: Any) -> Op:
    rules = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    cr.op(formula="y = f(x)", shapes=shapes, **declared)(type("tried", (), rules))
    return find_op("tried")


# ---- patterns and sizes ----


@pytest.mark.parametrize(
    "text",
    ["n i - n i", "n -> n -> n", "n", "n < -> n", "n i,, -> n", "n ... k ... -> n", "n i -> ...",
     "n i! -> n", "... ... -> n"],
)  # fmt: skip
def test_a_text_that_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(SetupError) as caught:
        Pattern(text)
    assert repr(text) in caught.value.cause
    assert "->" in caught.value.remedy


def test_a_size_without_a_rule_is_refused_when_the_op_is_made() -> None:
    with pytest.raises(SetupError, match="size 'j'"):
        made("n i -> n j", lambda x: x, lambda grad_y, y, x: (grad_y,))
    assert "tried" not in OPS
    given = {"j": lambda i, **_: i}
    assert made("n i -> n j", lambda x: x, lambda grad_y, y, x: (grad_y,), sizes=given)


# ---- what rules return ----


@pytest.mark.parametrize(
    ("backward", "kind", "words"),
    [
        (lambda grad_y, y, x, w: (grad_y * w,), SetupError, ["'tried' returns 1 where 2 are due"]),
        (lambda grad_y, y, x, w: grad_y * w, SetupError, ["'tried' returns one value", "tuple"]),
        (
            lambda grad_y, y, x, w: (grad_y * w, grad_y * x),
            ShapeError,
            ["'tried' gives w a gradient of shape (2, 3)", "(3,)"],
        ),
    ],
)
def test_what_a_backward_returns_is_checked(
    backward: Any, kind: type[cr.ChainruleError], words: list[str]
) -> None:
    step = Step(made("n i, i -> n i", lambda x, w: x * w, backward), ("x", "w"), ("y",))
    values = forward_walk([step], {"x": np.ones((2, 3)), "w": np.ones(3)})
    with pytest.raises(kind) as caught:
        backward_walk([step], values, {"y": np.ones((2, 3))})
    for word in words:
        assert word in str(caught.value)


def test_a_forward_that_leaves_its_pattern_is_refused_when_it_is_traced() -> None:
    made("n i -> n i", lambda x: sum_over(x, axis=1), lambda grad_y, y, x: (grad_y[:, None] + x,))
    network = cr.Network(cr.Input(2), cr.Dense(2), cr.Apply("tried"), seed=1)
    with pytest.raises(ShapeError, match=r"'tried' returns \(n,\).*\(n, 2\)"):
        network(np.ones((4, 2)))


def test_a_forward_of_too_few_outputs_is_refused() -> None:
    one = made("n -> n, n", lambda x: (x,), lambda grad_y, y, x: (grad_y[0],))
    with pytest.raises(SetupError, match="forward of the op 'tried' returns 1 where 2 are due"):
        forward_walk([Step(one, ("x",), ("a", "b"))], {"x": np.ones(3)})


# ---- settings ----


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: loss("huber", delta=-1), ["delta", "-1", "above 0"]),
        (lambda: loss("cross_entropy", smoothing=2.0), ["smoothing", "2.0", "from 0 to 1"]),
        (lambda: loss("quantile", quantile=-0.1), ["quantile", "from 0 to 1"]),
        (lambda: loss(["a"]), ["['a']", "not a name"]),
        (lambda: cr.Activation("elu", alpha=math.nan), ["alpha", "nan", "finite"]),
        (lambda: cr.Activation("leaky_relu", slope="a"), ["slope", "'a'"]),
        (lambda: cr.Activation("celu", alpha=0.0), ["alpha", "above 0"]),
        (lambda: cr.Apply("elu", settings={"alpha": None}), ["alpha", "None"]),
        (lambda: cr.Dense(3, weights="uniform 0.3"), ["'uniform' has no setting 'value'"]),
        (lambda: cr.Dense(3, weights="zeros 3"), ["'zeros' has no setting 'value'"]),
    ],
)
def test_settings_are_checked(make: Callable[[], Any], words: list[str]) -> None:
    with pytest.raises(SetupError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_bounds_of_ones_own_hold_and_include_their_ends() -> None:
    cr.elementwise(
        "stretched",
        "y = s x",
        forward=lambda x, s=1.0: s * x,
        derivative=lambda y, x, s=1.0: s + 0.0 * x,
        bounds={"s": (1.0, 2.0)},
    )
    assert cr.Activation("stretched", s=2.0).settings == {"s": 2.0}
    with pytest.raises(SetupError, match="from 1 to 2"):
        cr.Activation("stretched", s=2.5)


# ---- what a block declares ----


def test_an_activation_says_how_weights_in_front_of_it_start() -> None:
    cr.elementwise(
        "own_rectifier",
        r"y = \max(x, 0)",
        forward=lambda x: maximum(x, 0.0),
        derivative=lambda y, x: where(x > 0.0, 1.0, 0.0),
        start="he_normal",
    )
    for name in ("own_rectifier", "relu", "celu", "mish"):
        plan = cr.Network(cr.Input(4), cr.Dense(3, name)).plan
        assert plan.by_name["dense_1.W"].start.name == "he_normal"
    assert cr.Network(cr.Input(4), cr.Dense(3, "selu")).plan.parameters[0].start.name == (
        "lecun_normal"
    )
    behind = cr.Network(cr.Input(4), cr.Dense(3), cr.Activation("relu"))
    assert behind.plan.parameters[0].start.name == "glorot_uniform"


def own_cross_entropy(x: Any, label: Any) -> Any:
    logs = x - log(sum_over(exp(x), axis=1, keepdims=True))
    return -sum_over(where(label[:, None] == np.arange(x.shape[1]), logs, 0.0), axis=1)


def own_slope(grad_y: Any, y: Any, x: Any, label: Any) -> Any:
    raised = exp(x)
    shares = raised / sum_over(raised, axis=1, keepdims=True)
    hit = where(label[:, None] == np.arange(x.shape[1]), 1.0, 0.0)
    return grad_y[:, None] * (shares - hit), None


def trained(y: Any, chosen: Any, **given: Any) -> Any:
    x = np.random.default_rng(3).normal(size=(len(y), 2))
    network = cr.Network(cr.Dense(4, "tanh"), cr.Dense())
    return cr.train(network, x, y, loss=chosen, epochs=3, seed=1, progress=False, **given)


def test_a_loss_on_labels_of_ones_own_trains_on_classes() -> None:
    made("n k, n < k -> n", own_cross_entropy, own_slope, role="loss", includes=("softmax",))
    y = np.array(["red", "green", "blue"] * 8)
    own, built_in = trained(y, "tried"), trained(y, "cross_entropy")
    assert own.setup.targets[0].task == "classification"
    assert own.history["loss"] == pytest.approx(built_in.history["loss"], rel=1e-5)
    softened = cr.Network(cr.Input(2), cr.Dense(3, "softmax"), seed=1)
    with pytest.raises(SetupError, match="applies softmax, which the loss tried contains"):
        cr.gradient(softened, np.ones((2, 2)), np.array([0, 2]), "tried")


def test_a_loss_on_two_classes_of_ones_own_takes_one_output() -> None:
    made(
        "n o, n o -> n",
        lambda x, t: sum_over((x - t) * (x - t), axis=1),
        lambda grad_y, y, x, t: (grad_y[:, None] * 2.0 * (x - t), grad_y[:, None] * 2.0 * (t - x)),
        role="loss",
        targets="classes",
    )
    run = trained(["no", "yes"] * 8, "tried")
    assert run.setup.targets[0].task == "classification"
    assert run.network.plan.shapes[run.network.plan.outputs[0]] == (1,)


def test_shares_are_no_labels() -> None:
    with pytest.raises(cr.DataError, match=r"share of each class.*cross_entropy"):
        cr.gradient(
            cr.Network(cr.Input(2), cr.Dense(3), seed=1),
            np.ones((3, 2)),
            np.array([0, 1, 2]),
            "kullback_leibler",
        )
    with pytest.raises(cr.DataError, match=r"share of each class.*cross_entropy"):
        trained(np.arange(12) % 3, "kullback_leibler")
    run = trained(np.eye(3)[np.arange(12) % 3], "kullback_leibler")
    assert run.predict([[0, 1]]).shape == (1, 3)


# ---- far out ----


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activations_are_finite_far_out(name: str, dtype: str) -> None:
    one = OPS[name]
    x = np.array([[-1e30, -1e4, -30.0, 0.0, 30.0, 1e4, 1e30]], dtype)
    inputs = [x, np.full(7, 0.25, dtype)][: len(one.pattern.inputs)]
    with np.errstate(all="ignore"):
        y = one.forward(*inputs, **one.settings)
        gradients = one.backward(np.ones_like(x), y, *inputs, **one.settings)
    assert np.isfinite(y).all()
    assert all(np.isfinite(part).all() for part in gradients if part is not None)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) & {"relu", "tanh", "sigmoid", "softplus"}))
def test_activations_at_infinity_are_their_limits(name: str) -> None:
    ends = OPS[name].forward(np.array([-np.inf, np.inf]))
    due = {"relu": [0, np.inf], "tanh": [-1, 1], "sigmoid": [0, 1], "softplus": [0, np.inf]}
    assert ends.tolist() == due[name]


# ---- the small questions ----


def test_numbers_and_seeds_are_told_from_the_rest() -> None:
    assert all(map(is_finite_number, [0, -1.5, np.float32(2), np.int8(3)]))
    assert not any(map(is_finite_number, [True, "1", None, math.inf, math.nan, 1j, 10**400]))
    assert is_whole_number(np.int64(1), least=1)
    assert not any(map(is_whole_number, [-1, 1.0, True, "1"]))
    assert is_seed(2**64 - 1)
    assert not any(map(is_seed, [2**64, -1, 0.5]))


def test_a_source_is_known_again() -> None:
    assert source_checksum(made) == source_checksum(made) != source_checksum(trained)
    assert source_checksum(len, otherwise="a") != source_checksum(len, otherwise="b")
    assert source_checksum(len) == source_checksum(len)
