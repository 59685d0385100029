"""The table of ops: every op on every example, and against libraries that know nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.arrays import cos, sin, sum_over
from chainrule.errors import SetupError, ShapeError
from chainrule.ops import ACTIVATIONS, LOSSES, OPS, Example, Kink, Op, elementwise, find_op, op
from chainrule.ops.derived import tangent_of_function
from chainrule.ops.losses import log_cosh_of
from chainrule.ops.op import BUILT_IN
from chainrule.ops.walks import Step, backward_walk, forward_walk, tangent_walk
from chainrule.shapes import ROWS
from chainrule.testing import assert_op, check_op
from chainrule.testing.trials import draw

BLOCKS = sorted(name for name, one in OPS.items() if one.kind != "word")
ELEMENTWISE = sorted(name for name, one in OPS.items() if one.kind == "elementwise")
# Both tails, the middle, and the kinks themselves, where the conventions must agree.
CURVE = np.concatenate([np.linspace(-40.0, 40.0, 81), np.linspace(-3.1, 3.1, 32)])


@pytest.fixture
def own_ops() -> Iterator[None]:
    """Take ops that a test enters out of the table again."""
    yield
    for name in set(OPS) - BUILT_IN:
        del OPS[name]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---------------------------------------------------------------- the whole table


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_op_holds_its_word(name: str) -> None:
    assert_op(OPS[name])


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_describes_itself(name: str) -> None:
    one = OPS[name]
    assert one.formula.startswith("y")
    assert one.about.rstrip().endswith(".")
    assert len(one.input_names) == len(one.pattern.inputs)
    assert set(one.learned) <= set(one.input_names)
    assert set(one.settings).isdisjoint(one.input_names)
    tried = {setting for example in one.examples for setting in example.settings}
    assert set(one.settings) <= tried, "a setting that no example tries"
    assert len(one.source_checksum()) == 64


def test_no_two_ops_have_the_same_source() -> None:
    blocks = [OPS[name] for name in BLOCKS]
    assert len({one.source_checksum() for one in blocks}) == len(blocks)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_gives_one_number_for_each_row(name: str) -> None:
    one = OPS[name]
    width = 4
    target = (ROWS,) if one.pattern.inputs[1].kind == "integer" else (ROWS, width)
    assert one.output_shapes([(ROWS, width), target], {}) == ((ROWS,),)
    assert all(name in OPS for name in one.includes)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_keeps_the_shape(name: str) -> None:
    one = OPS[name]
    shapes = [(ROWS, 4), (4,)][: len(one.pattern.inputs)]
    assert one.output_shapes(shapes, {}) == ((ROWS, 4),)


def test_the_tables_of_names_know_what_they_hold() -> None:
    assert "tanh" in ACTIVATIONS
    assert "huber" in LOSSES
    assert "tanh" not in LOSSES
    assert "nothing" not in LOSSES
    assert len(LOSSES) == len(list(LOSSES)) == 12
    assert len(ACTIVATIONS) == 20


def test_step_says_that_it_has_no_gradient() -> None:
    step = OPS["step"]
    assert not step.differentiable
    assert "no gradient" in step.about
    x = np.array([-2.0, -0.0, 0.0, 3.0])
    y = step(x)
    assert y.tolist() == [0.0, 1.0, 1.0, 1.0]
    assert step.backward(np.ones(4), y, x) == (None,)
    assert step.tangent((np.ones(4),), y, x) is None


# ---------------------------------------------------------------- any shape

SIZES = st.integers(min_value=1, max_value=5)


@settings(max_examples=20, deadline=None)
@given(shape=st.lists(SIZES, max_size=3).map(tuple), name=st.sampled_from(ELEMENTWISE))
def test_elementwise_ops_take_any_shape(shape: tuple[int, ...], name: str) -> None:
    assert not check_op(OPS[name], examples=[Example(shapes=(shape,))], jax=False)


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.fixed_dictionaries(dict.fromkeys(("n", "i", "o", "j"), SIZES)),
    seed=st.integers(min_value=0, max_value=1000),
    name=st.sampled_from(["linear", "product", "side_by_side", "mean_squared_error", "log_cosh"]),
)
def test_sizes_and_draws_are_free(sizes: dict[str, int], seed: int, name: str) -> None:
    assert not check_op(OPS[name], examples=[Example(sizes=sizes)], seed=seed, jax=False)


@settings(max_examples=30, deadline=None)
@given(
    leading=st.lists(SIZES, max_size=2).map(tuple),
    classes=st.integers(min_value=2, max_value=5),
    name=st.sampled_from(["softmax", "log_softmax", "parametric_relu"]),
)
def test_ops_over_the_last_axis_take_any_leading_axes(
    leading: tuple[int, ...], classes: int, name: str
) -> None:
    shapes = ((*leading, classes), (classes,))[: len(OPS[name].pattern.inputs)]
    assert not check_op(OPS[name], examples=[Example(shapes=shapes)], jax=False)


# ---------------------------------------------------------------- PyTorch: activations


def torch_activations(functional: Any, torch: Any) -> dict[str, list[tuple[dict[str, Any], Any]]]:
    """PyTorch's own function for each activation and its settings."""
    plain = {
        "identity": lambda x: x * 1.0,
        "step": lambda x: torch.heaviside(x, torch.ones_like(x)),
        "sigmoid": torch.sigmoid,
        # its own hardsigmoid has a slope of float32(1/6) in float64 too
        "hard_sigmoid": lambda x: functional.relu6(x + 3.0) / 6.0,
        "log_sigmoid": functional.logsigmoid,
        "tanh": torch.tanh,
        "softsign": functional.softsign,
        "softplus": lambda x: functional.softplus(x, threshold=1000.0),
        "softmax": lambda x: functional.softmax(x, dim=-1),
        "log_softmax": lambda x: functional.log_softmax(x, dim=-1),
        "relu": functional.relu,
        "selu": functional.selu,
        "gelu": functional.gelu,
        "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "silu": functional.silu,
        "mish": functional.mish,
    }
    return {
        **{name: [({}, function)] for name, function in plain.items()},
        "leaky_relu": [
            ({}, functional.leaky_relu),
            ({"slope": 0.2}, lambda x: functional.leaky_relu(x, 0.2)),
        ],
        "elu": [({}, functional.elu), ({"alpha": 0.5}, lambda x: functional.elu(x, 0.5))],
        "celu": [({}, functional.celu), ({"alpha": 0.5}, lambda x: functional.celu(x, 0.5))],
    }


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"parametric_relu"}))
def test_activations_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    one = OPS[name]
    for choices, function in torch_activations(torch.nn.functional, torch)[name]:
        there = torch.tensor(CURVE, requires_grad=True)
        due = function(there)
        y = one.forward(CURVE, **choices)
        np.testing.assert_allclose(y, due.detach().numpy(), rtol=1e-12, atol=1e-15)
        if one.differentiable:
            grad_y = generator().normal(size=CURVE.shape)
            due.backward(torch.tensor(grad_y))
            (gradient,) = one.backward(grad_y, y, CURVE, **choices)
            np.testing.assert_allclose(gradient, there.grad.numpy(), rtol=1e-11, atol=1e-14)


def test_parametric_relu_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    x, grad_y = generator(1).normal(size=(2, 6, 3))
    x[0] = 0.0  # where PyTorch too takes the slope from the left
    slope = np.array([0.25, -0.5, 2.0])
    there = [torch.tensor(one, requires_grad=True) for one in (x, slope)]
    due = torch.nn.functional.prelu(*there)
    due.backward(torch.tensor(grad_y))
    one = OPS["parametric_relu"]
    y = one.forward(x, slope)
    np.testing.assert_allclose(y, due.detach().numpy(), rtol=1e-14)
    for made, tensor in zip(one.backward(grad_y, y, x, slope), there, strict=True):
        np.testing.assert_allclose(made, tensor.grad.numpy(), rtol=1e-13, atol=1e-15)


# ---------------------------------------------------------------- PyTorch: losses


def torch_losses(torch: Any) -> dict[str, list[tuple[dict[str, Any], Any]]]:
    """PyTorch's loss of each row, or its definition where PyTorch has none."""
    functional = torch.nn.functional
    each = {"reduction": "none"}

    def hinge(x: Any, t: Any) -> Any:
        wrong = -torch.ones_like(x)
        return functional.hinge_embedding_loss((2 * t - 1) * x, wrong, margin=1.0, **each).mean(1)

    def pinball(share: float) -> Any:
        return lambda x, t: torch.maximum(share * (t - x), (share - 1) * (t - x)).mean(1)

    def log_cosh(x: Any, t: Any) -> Any:
        return (functional.softplus(2.0 * (x - t)) - (x - t) - np.log(2.0)).mean(1)

    def smoothed(x: Any, t: Any) -> Any:
        return functional.binary_cross_entropy_with_logits(x, 0.9 * t + 0.05, **each).mean(1)

    plain = {
        "mean_squared_error": lambda x, t: functional.mse_loss(x, t, **each).mean(1),
        "half_squared_error": lambda x, t: 0.5 * functional.mse_loss(x, t, **each).sum(1),
        "squared_error": lambda x, t: functional.mse_loss(x, t, **each).sum(1),
        "mean_absolute_error": lambda x, t: functional.l1_loss(x, t, **each).mean(1),
        "log_cosh": log_cosh,
        "poisson": lambda x, t: functional.poisson_nll_loss(x, t, **each).mean(1),
        "hinge": hinge,
        "kullback_leibler": lambda x, t: functional.kl_div(
            functional.log_softmax(x, 1), t, **each
        ).sum(1),
    }
    return {
        **{name: [({}, function)] for name, function in plain.items()},
        "huber": [
            ({}, lambda x, t: functional.huber_loss(x, t, **each).mean(1)),
            ({"delta": 0.4}, lambda x, t: functional.huber_loss(x, t, delta=0.4, **each).mean(1)),
        ],
        "quantile": [({}, pinball(0.5)), ({"quantile": 0.9}, pinball(0.9))],
        "cross_entropy": [
            ({}, lambda x, t: functional.cross_entropy(x, t, **each)),
            (
                {"smoothing": 0.1},
                lambda x, t: functional.cross_entropy(x, t, label_smoothing=0.1, **each),
            ),
        ],
        "binary_cross_entropy": [
            ({}, lambda x, t: functional.binary_cross_entropy_with_logits(x, t, **each).mean(1)),
            ({"smoothing": 0.1}, smoothed),
        ],
    }


def loss_rows(name: str) -> tuple[Any, Any]:
    """Predictions and targets of the right kind, with large logits among them."""
    random = generator(2)
    x = random.normal(scale=3.0, size=(12, 5))
    if name == "cross_entropy":
        return x * 10.0, random.integers(0, 5, size=12)
    target: Any = random.normal(size=(12, 5))
    if name in ("binary_cross_entropy", "hinge"):
        target = random.integers(0, 2, size=(12, 5)).astype(float)
    if name == "kullback_leibler":
        target = random.dirichlet(np.ones(5), size=12)
    if name == "poisson":
        target = random.poisson(3.0, size=(12, 5)).astype(float)
    return x, target


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    one = OPS[name]
    x, target = loss_rows(name)
    grad_y = generator(3).normal(size=12)
    for choices, function in torch_losses(torch)[name]:
        there = [torch.tensor(x, requires_grad=True), torch.tensor(target)]
        if target.dtype.kind == "f":
            there[1].requires_grad_(True)
        due = function(*there)
        due.backward(torch.tensor(grad_y))
        y = one.forward(x, target, **choices)
        np.testing.assert_allclose(y, due.detach().numpy(), rtol=1e-12, atol=1e-13)
        for made, tensor in zip(one.backward(grad_y, y, x, target, **choices), there, strict=True):
            if made is None:
                assert not tensor.requires_grad
            else:
                np.testing.assert_allclose(made, tensor.grad.numpy(), rtol=1e-11, atol=1e-13)


# ---------------------------------------------------------------- SciPy and scikit-learn


def test_softmax_agrees_with_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    x = generator(4).normal(scale=200.0, size=(3, 4, 6))
    np.testing.assert_allclose(OPS["softmax"](x), special.softmax(x, axis=-1), rtol=1e-12)
    y = OPS["log_softmax"](x)
    np.testing.assert_allclose(y, special.log_softmax(x, axis=-1), rtol=1e-12)
    total = special.logsumexp(x, axis=-1, keepdims=True)
    np.testing.assert_allclose(x - y, np.broadcast_to(total, x.shape), rtol=1e-12)


def test_shares_of_one_agree_with_scipy_in_both_tails() -> None:
    special = pytest.importorskip("scipy.special")
    np.testing.assert_allclose(OPS["sigmoid"](CURVE), special.expit(CURVE), rtol=1e-14)
    np.testing.assert_allclose(OPS["log_sigmoid"](CURVE), special.log_expit(CURVE), rtol=1e-14)


def test_kullback_leibler_agrees_with_scipy_where_a_share_is_zero() -> None:
    special = pytest.importorskip("scipy.special")
    x = generator(5).normal(size=(3, 4))
    target = np.array([[0.0, 0.5, 0.5, 0.0], [1.0, 0.0, 0.0, 0.0], [0.1, 0.2, 0.3, 0.4]])
    one = OPS["kullback_leibler"]
    y = one.forward(x, target)
    due = special.rel_entr(target, special.softmax(x, axis=1)).sum(axis=1)
    np.testing.assert_allclose(y, due, rtol=1e-13)
    gradient, _ = one.backward(np.ones(3), y, x, target)
    np.testing.assert_allclose(gradient, special.softmax(x, axis=1) - target, atol=1e-15)
    assert OPS["kullback_leibler"](np.log(target[2:]), target[2:]) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_the_best_constant_under_the_quantile_loss_is_the_quantile(share: float) -> None:
    values = generator(6).normal(size=(501, 1))
    candidates = np.sort(values[:, 0])
    sums = [
        OPS["quantile"](np.full_like(values, one), values, quantile=share).sum()
        for one in candidates
    ]
    best = candidates[int(np.argmin(sums))]
    assert best == pytest.approx(np.quantile(values, share, method="inverted_cdf"))


# ---------------------------------------------------------------- no overflow, exact tails


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"parametric_relu"}))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_and_their_slopes_survive_any_number(name: str, dtype: Any) -> None:
    one = OPS[name]
    x = np.array([-1e4, -800.0, -100.0, 0.0, 100.0, 800.0, 1e4], dtype=dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = one.forward(x)
        (gradient,) = one.backward(np.ones_like(x), y, x)
    assert np.isfinite(y).all()
    assert gradient is None or np.isfinite(gradient).all()


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"poisson"}))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_survive_any_logit(name: str, dtype: Any) -> None:
    one = OPS[name]
    x = np.array([[-9e3, 0.0, 9e3], [800.0, -800.0, 90.0]], dtype=dtype)
    labels = one.pattern.inputs[1].kind == "integer"
    target = np.array([0, 2]) if labels else np.array([[1, 0, 0], [0, 1, 0]], dtype=dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = one.forward(x, target)
        gradient, _ = one.backward(np.ones(2, dtype=dtype), y, x, target)
    assert np.isfinite(y).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("name", "x", "due"),
    [
        ("softplus", -40.0, 4.248354255291589e-18),  # ln(1 + e^-40) = e^-40 - e^-80 / 2
        ("softplus", 800.0, 800.0),
        ("log_sigmoid", -800.0, -800.0),
        ("log_sigmoid", 40.0, -4.248354255291589e-18),
        ("mish", -40.0, -40.0 * 4.248354255291589e-18),
        ("mish", 800.0, 800.0),
        ("silu", -40.0, -40.0 * 4.248354255291589e-18),
        ("gelu_tanh", 40.0, 40.0),
    ],
)
def test_tails_are_exact(name: str, x: float, due: float) -> None:
    assert OPS[name](np.array([x]))[0] == pytest.approx(due, rel=1e-14)


@pytest.mark.parametrize("x", [1e-8, 1e-5, 1e-3, 0.1])
def test_log_cosh_does_not_cancel_near_zero(x: float) -> None:
    due = x**2 / 2 - x**4 / 12 + x**6 / 45 - 17 * x**8 / 2520
    assert log_cosh_of(np.array([x, -x])) == pytest.approx([due, due], rel=1e-9, abs=0.0)


def test_log_cosh_far_from_zero_is_a_straight_line() -> None:
    x = np.array([1.0, 30.0, -5000.0])
    assert log_cosh_of(x) == pytest.approx(
        [np.log(np.cosh(1.0)), 30.0 - np.log(2.0), 5000.0 - np.log(2.0)], rel=1e-15
    )


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_no_activation_swallows_a_nan(name: str) -> None:
    one = OPS[name]
    x = np.array([[0.5, np.nan, -0.5]])
    inputs = (x, np.full(3, 0.25))[: len(one.pattern.inputs)]
    assert np.isnan(one.forward(*inputs)[0, 1])


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_no_loss_swallows_a_nan(name: str) -> None:
    one = OPS[name]
    x = np.array([[0.5, np.nan, -0.5], [0.1, 0.2, 0.3]])
    labels = one.pattern.inputs[1].kind == "integer"
    y = one.forward(x, np.array([0, 1]) if labels else np.full((2, 3), 0.5))
    assert np.isnan(y).tolist() == [True, False]


# ---------------------------------------------------------------- gradients of gradients


@pytest.mark.parametrize("name", sorted(name for name, one in OPS.items() if one.differentiable))
def test_second_derivatives_by_words_agree_with_jax(name: str) -> None:
    """The tangent of a gradient, from the words of backward; JAX sees forward alone."""
    jax = pytest.importorskip("jax", reason="needs JAX")
    trial = draw(OPS[name], OPS[name].examples[0], seed=11)
    direction = trial.direction(trial.moving)

    def gradients(*inputs: Any) -> Any:
        y = trial.op.forward(*inputs, **trial.settings)
        made = trial.op.backward(trial.grad_y, y, *inputs, **trial.settings)
        return tuple(made[place] for place in trial.moving)

    made = tangent_of_function(gradients, direction, trial.inputs)
    made = made if isinstance(made, tuple) else (made,)

    def jax_gradients(*moving: Any) -> Any:
        inputs: list[Any] = list(trial.inputs)
        for place, content in zip(trial.moving, moving, strict=True):
            inputs[place] = content
        made = trial.op.forward(*inputs, **trial.settings)
        outputs = made if isinstance(made, tuple) else (made,)
        pairs = zip(trial.grad_outputs, outputs, strict=False)
        return sum(jax.numpy.sum(grad * one) for grad, one in pairs)

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        points = tuple(jax.numpy.asarray(trial.inputs[place]) for place in trial.moving)
        changes = tuple(jax.numpy.asarray(direction[place]) for place in trial.moving)
        _, due = jax.jvp(
            jax.grad(jax_gradients, argnums=tuple(range(len(points)))), points, changes
        )
    finally:
        jax.config.update("jax_enable_x64", before)
    for one, other in zip(made, due, strict=True):
        one = np.zeros(other.shape) if one is None else one
        np.testing.assert_allclose(one, np.asarray(other), rtol=1e-9, atol=1e-12)


def test_the_gradient_of_the_mean_squared_error_is_that_of_its_own_value() -> None:
    """Over several outputs too: the mean is over outputs and rows, and so is its gradient."""
    random = generator(7)
    x, target = random.normal(size=(2, 6, 3))
    steps = (
        Step(OPS["mean_squared_error"], ("x", "target"), ("rows",)),
        Step(OPS["average"], ("rows", "weight"), ("loss",)),
    )
    values = forward_walk(steps, {"x": x, "target": target, "weight": np.ones(6)})
    assert values["loss"] == pytest.approx(np.mean((x - target) ** 2), rel=1e-15)
    gradient = backward_walk(steps, values, {"loss": np.float64(1.0)})["x"]
    for place in np.ndindex(x.shape):
        near = [x.copy(), x.copy()]
        near[0][place] -= 1e-5
        near[1][place] += 1e-5
        low, high = (np.mean((one - target) ** 2) for one in near)
        assert gradient[place] == pytest.approx((high - low) / 2e-5, rel=1e-7)


# ---------------------------------------------------------------- an op of one's own


def two_outputs() -> Mapping[str, Op]:
    @op(formula=r"y = (x w, \sum_i \sin x_i)", shapes="n i, i -> n i, n", couples="i")
    class scaled_and_summed:
        """A test's op of two outputs."""

        @staticmethod
        def forward(x: Any, w: Any) -> Any:
            return x * w, sum_over(sin(x), axis=1)

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any, w: Any) -> Any:
            first, second = grad_y
            return first * w + second[:, None] * cos(x), sum_over(first * x, axis=0)

    return OPS


@pytest.mark.usefixtures("own_ops")
def test_an_op_of_several_outputs_is_held_to_the_same() -> None:
    one = two_outputs()["scaled_and_summed"]
    assert_op(one)
    assert one.output_shapes([(ROWS, 3), (3,)], {}) == ((ROWS, 3), (ROWS,))


@pytest.mark.usefixtures("own_ops")
@pytest.mark.parametrize("used", ["first", "second", "both"])
def test_walks_lead_through_several_outputs(used: str) -> None:
    random = generator(8)
    x, w, change = random.normal(size=(5, 3)), random.normal(size=3), random.normal(size=(5, 3))
    steps = (Step(two_outputs()["scaled_and_summed"], ("x", "w"), ("scaled", "summed")),)
    values = forward_walk(steps, {"x": x, "w": w})
    seeds = {"scaled": random.normal(size=(5, 3)), "summed": random.normal(size=5)}
    if used != "both":
        del seeds["summed" if used == "first" else "scaled"]
    gradient = backward_walk(steps, values, seeds)["x"]
    changes = tangent_walk(steps, values, {"x": change})
    ahead = sum(np.sum(seed * changes[name]) for name, seed in seeds.items())
    assert np.sum(gradient * change) == pytest.approx(ahead, rel=1e-13)


@pytest.mark.usefixtures("own_ops")
def test_an_elementwise_op_of_ones_own() -> None:
    one = elementwise(
        "arctangent_like",
        r"y = \frac{x}{\sqrt{1 + x^2}}",
        forward=lambda x: x * (1.0 + x * x) ** -0.5,
        derivative=lambda y, x: (1.0 + x * x) ** -1.5,
        about="A test's own activation.",
    )
    assert_op(one)
    assert find_op("arctangent_like") is one
    assert "arctangent_like" in ACTIVATIONS
    assert one(np.array([0.0, 1.0])) == pytest.approx([0.0, 0.5**0.5])


@pytest.mark.usefixtures("own_ops")
def test_a_loss_of_ones_own_is_a_loss_by_name() -> None:
    @op(formula=r"y = \sum_j (x_j - t_j)^4", shapes="n o, n o -> n", couples="o", role="loss")
    class fourth_power:
        """A test's own loss."""

        @staticmethod
        def forward(x: Any, target: Any) -> Any:
            return sum_over((x - target) ** 4, axis=1)

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any, target: Any) -> Any:
            gradient = grad_y[:, None] * (4.0 * (x - target) ** 3)
            return gradient, -gradient

    assert "fourth_power" in LOSSES
    assert_op(OPS["fourth_power"])


@pytest.mark.usefixtures("own_ops")
def test_a_tangent_of_ones_own_is_taken() -> None:
    @op(formula="y = x^2", shapes="... -> ...")
    class square_by_hand:
        """A test's own op, tangent included."""

        @staticmethod
        def forward(x: Any) -> Any:
            return x * x

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any) -> Any:
            return (2.0 * x * grad_y,)

        @staticmethod
        def tangent(changes: Any, y: Any, x: Any) -> Any:
            return 2.0 * x * changes[0]

    assert OPS["square_by_hand"].tangent is square_by_hand.tangent
    assert_op(OPS["square_by_hand"])


def test_what_an_op_lacks_is_said() -> None:
    with pytest.raises(SetupError, match="has no backward"):

        @op(formula="y = x", shapes="... -> ...")
        class half_done:
            @staticmethod
            def forward(x: Any) -> Any:
                return x

    with pytest.raises(SetupError, match=r"has 2 inputs .* takes \(x, w\)"):

        @op(formula="y = x", shapes="n i, i -> n i")
        class too_few:
            @staticmethod
            def forward(x: Any, w: float = 1.0) -> Any:
                return x * w

            @staticmethod
            def backward(grad_y: Any, y: Any, x: Any) -> Any:
                return (grad_y,)

    assert "half_done" not in OPS
    assert "too_few" not in OPS


def test_a_built_in_name_is_not_taken_by_another_op() -> None:
    with pytest.raises(SetupError, match="'tanh' is the name of an op that chainrule brings"):
        elementwise("tanh", "y = x", forward=lambda x: x, derivative=lambda y, x: 1.0 + 0.0 * x)
    assert OPS["tanh"](np.array([0.5]))[0] == pytest.approx(np.tanh(0.5))


def test_an_unknown_op_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(SetupError, match="Did you mean 'tanh'"):
        find_op("thanh")


def test_shapes_that_do_not_meet_give_pattern_sizes_and_remedy() -> None:
    with pytest.raises(ShapeError, match=r"\.\.\. i, i o, o -> \.\.\. o.*i = 3.*i = 5"):
        OPS["linear"].output_shapes([(ROWS, 3), (5, 4), (4,)], {})


def test_ops_are_records_that_know_themselves() -> None:
    one = OPS["linear"]
    assert one == OPS["linear"]
    assert hash(one) == hash(OPS["linear"])
    assert one.input_names == ("x", "w", "b")
    assert one.shapes == "... i, i o, o -> ... o"
    assert OPS["relu"].kinks == (Kink({"x": 0.0}, "left"),)
    assert OPS["leaky_relu"].settings == {"slope": 0.01}
    assert OPS["parametric_relu"].learned == {"slope": "constant 0.25"}
