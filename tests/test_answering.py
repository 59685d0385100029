"""Answers to optimizers that search: against JAX, brute force in NumPy and finite differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from network_oracles import Case, as_list, cases, network_of, rows_of
from numpy.typing import NDArray

import chainrule as cr
import chainrule.training.answering
from chainrule.errors import SetupError
from chainrule.network.layer_factors import factored_layers
from chainrule.network.losses import loss as loss_of
from chainrule.network.network import Network, layout_of
from chainrule.network.objective import Objective
from chainrule.optimizers.searching import (
    BendingAlong,
    CurvatureAlong,
    GaussNewtonAlong,
    GradientAt,
    LossAt,
    NormalEquationsAt,
    ResidualsAt,
)
from chainrule.training.answering import Answers, CutOffError

RANDOM = np.random.default_rng(5)
SQUARES = ("mean_squared_error", "half_squared_error", "squared_error")
ENTROPIES = ("cross_entropy", "binary_cross_entropy")


def never() -> bool:
    return False


def answers_of(
    network: Network,
    losses: list[str],
    rows: list[Any],
    *,
    freeze: tuple[str, ...] = (),
    l2: NDArray[np.float64] | None = None,
    engine: str = "auto",
    asked: Callable[[], bool] = never,
) -> tuple[Answers, NDArray[np.float64]]:
    """Return what answers, and the trained parameters of the network."""
    trained, still = layout_of(network.plan, frozenset(freeze))
    objective = Objective(network.plan, tuple(map(loss_of, losses)), trained, still)
    frozen = still.flat_array(network.parameters, "float64")
    rows = [np.ascontiguousarray(one) for one in rows]
    made = Answers(objective, rows, frozen, None, l2, engine, asked)
    return made, trained.flat_array(network.parameters, "float64")


def of_case(case: Case, **given: Any) -> tuple[Answers, NDArray[np.float64]]:
    xs, ys, weight = rows_of(case)
    rows = [*as_list(xs), *as_list(ys), weight]
    return answers_of(network_of(case), case.losses, rows, **given)


def started(*layers: Any, inputs: int = 3, seed: int = 0) -> Network:
    network = Network(cr.Input(inputs), *layers, seed=seed)
    random = np.random.default_rng(seed)
    return network.with_parameters(
        {name: random.normal(size=one.shape) for name, one in network.parameters.items()}
    )


def small(rows: int = 7, outputs: int = 2) -> tuple[Network, list[Any]]:
    network = started(cr.Dense(4, "tanh"), cr.Dense(outputs))
    weight = RANDOM.uniform(0.2, 2.0, size=rows)
    return network, [
        RANDOM.normal(size=(rows, 3)), RANDOM.normal(size=(rows, outputs)), weight
    ]  # fmt: skip


def by_differences(function: Callable[[Any], Any], at: Any, size: float = 1e-6) -> Any:
    """Return the central differences of a function of a vector, one line for each entry of it."""
    lines = []
    for unit in np.eye(len(at)):
        rise = np.asarray(function(at + size * unit)) - np.asarray(function(at - size * unit))
        lines.append(rise / (2.0 * size))
    return np.array(lines)


# ---- against JAX ----


def jax_loss(case: Case, answers: Answers) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the outputs (heads side by side) and the loss of outputs, both for JAX."""
    import jax
    import jax.numpy as jnp
    from network_oracles import outputs

    xs, ys, weight = rows_of(case)
    layout = answers.objective.trained

    def outputs_at(flat: Any) -> Any:
        named = {
            one.name: flat[start : start + one.size].reshape(one.shape)
            for one in layout.parameters
            for start in (layout.starts[one.name],)
        }
        activate = {"identity": lambda x: x, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}
        made = outputs(case, named, as_list(xs), activate, lambda parts: jnp.concatenate(parts, 1))
        return jnp.concatenate(made, axis=1)

    def of_outputs(made: Any) -> Any:
        total, start = 0.0, 0
        for (width, name), y in zip(case.heads, as_list(ys), strict=True):
            x = made[:, start : start + width]
            start += width
            if name == "cross_entropy":
                each = -jax.nn.log_softmax(x)[jnp.arange(len(y)), y]
            elif name == "binary_cross_entropy":
                each = jnp.mean(jnp.logaddexp(0.0, x) - y * x, axis=1)
            else:
                squares = jnp.sum((x - y) ** 2, axis=1)
                factor = {"mean_squared_error": 1.0 / width, "half_squared_error": 0.5}
                each = factor.get(name, 1.0) * squares
            total = total + jnp.mean(weight * each)
        return total

    return outputs_at, of_outputs


@pytest.fixture
def in_float64() -> Iterator[None]:
    import jax

    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def case_of(*heads: tuple[int, str], inputs: int = 1, shared: bool = False) -> Case:
    return Case(
        inputs, 3, (4, "tanh"), shared, "concatenate", ((3, "sigmoid"),), heads, 6, 11
    )  # fmt: skip


ALL_CASES = [
    *(case_of((width, name)) for name in (*SQUARES, *ENTROPIES) for width in (1, 3)
      if not (name == "cross_entropy" and width == 1)),
    case_of((2, "mean_squared_error"), (3, "cross_entropy")),
    case_of((2, "half_squared_error"), inputs=2, shared=True),
    case_of((1, "squared_error"), inputs=2),
]  # fmt: skip


@pytest.mark.parametrize("case", ALL_CASES, ids=str)
def test_every_answer_is_that_of_jax(case: Case, in_float64: None) -> None:
    import jax
    import jax.numpy as jnp

    answers, at = of_case(case)
    outputs_at, of_outputs = jax_loss(case, answers)

    def loss_at(flat: Any) -> Any:
        return of_outputs(outputs_at(flat))

    def along(flat: Any, direction: Any) -> Any:
        return jax.jvp(outputs_at, (flat,), (direction,))[1]

    @jax.jit
    def all_of(flat: Any, direction: Any) -> Any:
        made = outputs_at(flat)
        jacobian = jax.jacobian(outputs_at)(flat).reshape(made.size, -1)
        inner = jax.hessian(of_outputs)(made).reshape(made.size, made.size)
        turned = jax.jvp(jax.grad(loss_at), (flat,), (direction,))[1]
        bent = jax.jvp(lambda at: along(at, direction), (flat,), (direction,))[1]
        felt = jacobian.T @ inner @ bent.reshape(-1)
        matrix = jacobian.T @ inner @ jacobian
        return jax.value_and_grad(loss_at)(flat), matrix, turned, felt

    direction = np.random.default_rng(2).normal(size=at.size)
    (loss, gradient), matrix, turned, felt = all_of(jnp.asarray(at), jnp.asarray(direction))

    close = {"rtol": 1e-9, "atol": 1e-11}
    for engine in ("reference", "auto"):
        answers, _ = of_case(case, engine=engine)
        assert answers.of(LossAt(at)) == pytest.approx(float(loss), rel=1e-12)
        found = answers.of(GradientAt(at))
        assert found[0] == pytest.approx(float(loss), rel=1e-12)
        np.testing.assert_allclose(found[1], gradient, **close)
        np.testing.assert_allclose(answers.of(CurvatureAlong(at, direction)), turned, **close)
        np.testing.assert_allclose(
            answers.of(GaussNewtonAlong(at, direction)), matrix @ direction, **close
        )
        np.testing.assert_allclose(answers.of(BendingAlong(at, direction)), felt, **close)
        equations = answers.of(NormalEquationsAt(at))
        assert equations.loss == pytest.approx(float(loss), rel=1e-12)
        np.testing.assert_allclose(equations.gradient, gradient, **close)
        np.testing.assert_allclose(equations.matrix, matrix, **close)
        np.testing.assert_array_equal(equations.matrix, equations.matrix.T)
        if all(name in SQUARES for name in case.losses):
            parts = answers.of(ResidualsAt(at))
            assert answers.sizes.residuals == len(parts.residuals)
            assert parts.loss == pytest.approx(float(loss), rel=1e-12)
            np.testing.assert_allclose(parts.jacobian.T @ parts.residuals, gradient, **close)
            np.testing.assert_allclose(parts.jacobian.T @ parts.jacobian, matrix, **close)
        else:
            assert answers.sizes.residuals is None


# ---- the two ways to the matrix, and blocks of rows ----


@settings(max_examples=25, deadline=None)
@given(cases(activations=("identity", "tanh", "sigmoid", "softplus")))
def test_the_matrix_of_any_dense_network_is_that_of_its_written_jacobian(case: Case) -> None:
    known = (*SQUARES, *ENTROPIES)
    heads = tuple((width, name if name in known else known[0]) for width, name in case.heads)
    case = replace(case, heads=heads)
    answers, at = of_case(case)
    matrix = answers.of(NormalEquationsAt(at)).matrix
    by_rows = answers._matrix_by_rows(at) / answers.count
    np.testing.assert_allclose(matrix, by_rows, rtol=1e-10, atol=1e-12)


def test_a_bias_that_does_not_follow_its_weights_is_no_line_of_theirs() -> None:
    network, _ = small()
    loss = (loss_of("half_squared_error"),)
    for order, count in ((1, 2), (-1, None)):
        plan = replace(network.plan, parameters=network.plan.parameters[::order])
        layers = factored_layers(Objective(plan, loss, *layout_of(plan, frozenset())))
        assert (None if layers is None else len(layers)) == count


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("block", [3, 64, 4096])
def test_blocks_of_rows_add_up_to_the_whole(
    block: int, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, rows = small(rows=531)
    whole, at = answers_of(network, ["half_squared_error"], rows)
    direction = np.ones_like(at)
    requests = (LossAt(at), CurvatureAlong(at, direction), GaussNewtonAlong(at, direction))
    due = [whole.of(one) for one in requests]
    equations, slope = whole.of(NormalEquationsAt(at)), whole.of(GradientAt(at))[1]
    monkeypatch.setenv("CHAINRULE_THREADS", threads)
    monkeypatch.setattr(chainrule.training.answering, "MOST_ROWS", block)
    monkeypatch.setattr(chainrule.training.answering, "LEAST_ROWS", 1)
    parts, _ = answers_of(network, ["half_squared_error"], rows)
    assert parts._rows_at_once == block
    for request, wanted in zip(requests, due, strict=True):
        np.testing.assert_allclose(parts.of(request), wanted, rtol=1e-12, atol=1e-14)
    found = parts.of(NormalEquationsAt(at))
    assert found.loss == pytest.approx(equations.loss, rel=1e-13)
    np.testing.assert_allclose(found.gradient, equations.gradient, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(found.matrix, equations.matrix, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(parts.of(GradientAt(at))[1], slope, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(
        parts._matrix_by_rows(at) / parts.count, equations.matrix, rtol=1e-12, atol=1e-14
    )


def test_the_same_bits_for_the_same_threads() -> None:
    network, rows = small(rows=1100)
    first, at = answers_of(network, ["half_squared_error"], rows)
    again, _ = answers_of(network, ["half_squared_error"], rows)
    for answers in (first, again):
        answers.of(LossAt(at + 1.0))
    one, two = (answers.of(NormalEquationsAt(at)) for answers in (first, again))
    np.testing.assert_array_equal(one.matrix, two.matrix)
    np.testing.assert_array_equal(one.gradient, two.gradient)


# ---- weights, frozen parameters, penalties ----


def test_a_row_of_weight_two_is_two_rows() -> None:
    network, (x, y, _) = small(rows=4)
    weighed, at = answers_of(
        network, ["mean_squared_error"], [x, y, np.array([2.0, 1.0, 0.0, 1.0])]
    )
    chosen = [0, 0, 1, 3]
    repeated, _ = answers_of(network, ["mean_squared_error"], [x[chosen], y[chosen], np.ones(4)])
    one, two = weighed.of(NormalEquationsAt(at)), repeated.of(NormalEquationsAt(at))
    assert one.loss == pytest.approx(two.loss, rel=1e-13)
    np.testing.assert_allclose(one.gradient, two.gradient, rtol=1e-12)
    np.testing.assert_allclose(one.matrix, two.matrix, rtol=1e-12)
    parts = weighed.of(ResidualsAt(at))
    np.testing.assert_allclose(parts.jacobian.T @ parts.jacobian, two.matrix, rtol=1e-12)


@pytest.mark.parametrize("freeze", [("dense_1.W",), ("dense_1.b",), ("dense_2.W",), ("dense_2.b",)])
def test_frozen_parameters_leave_the_other_lines(freeze: tuple[str, ...]) -> None:
    network, rows = small()
    whole, at = answers_of(network, ["half_squared_error"], rows)
    part, left = answers_of(network, ["half_squared_error"], rows, freeze=freeze)
    layout = whole.objective.trained
    start = layout.starts[freeze[0]]
    still = np.zeros(at.size, dtype=bool)
    still[start : start + network.parameters[freeze[0]].size] = True
    np.testing.assert_array_equal(left, at[~still])
    one, two = whole.of(NormalEquationsAt(at)), part.of(NormalEquationsAt(left))
    assert two.loss == pytest.approx(one.loss, rel=1e-13)
    np.testing.assert_allclose(two.gradient, one.gradient[~still], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(two.matrix, one.matrix[~still][:, ~still], rtol=1e-12, atol=1e-14)
    direction = np.arange(float(left.size))
    np.testing.assert_allclose(
        part.of(GaussNewtonAlong(left, direction)), two.matrix @ direction, rtol=1e-11, atol=1e-12
    )


def test_l2_is_in_every_answer() -> None:
    network, rows = small()
    strength = np.where(np.arange(26) < 12, 0.3, 0.0)
    answers, at = answers_of(network, ["half_squared_error"], rows, l2=strength)
    plain, _ = answers_of(network, ["half_squared_error"], rows)
    direction = np.arange(float(at.size))
    added = 0.5 * float(np.sum(strength * at**2))
    assert answers.of(LossAt(at)) == pytest.approx(plain.of(LossAt(at)) + added, rel=1e-13)
    slope = by_differences(lambda x: answers.of(LossAt(x)), at)
    np.testing.assert_allclose(answers.of(GradientAt(at))[1], slope, rtol=1e-6, atol=1e-8)
    turn = by_differences(lambda x: answers.of(GradientAt(x))[1], at) @ direction
    np.testing.assert_allclose(
        answers.of(CurvatureAlong(at, direction)), turn, rtol=1e-6, atol=1e-6
    )
    one, two = answers.of(NormalEquationsAt(at)), plain.of(NormalEquationsAt(at))
    np.testing.assert_allclose(one.matrix - two.matrix, np.diag(strength), atol=1e-12)
    np.testing.assert_allclose(one.gradient, slope, rtol=1e-6, atol=1e-8)
    parts = answers.of(ResidualsAt(at))
    assert len(parts.residuals) == 7 * 2 + 12 == answers.sizes.residuals
    assert parts.loss == pytest.approx(one.loss, rel=1e-13)
    np.testing.assert_allclose(
        parts.jacobian.T @ parts.jacobian, one.matrix, rtol=1e-11, atol=1e-13
    )
    np.testing.assert_allclose(
        parts.jacobian.T @ parts.residuals, one.gradient, rtol=1e-10, atol=1e-13
    )


# ---- other layers ----


def matrix_by_differences(answers: Answers, at: Any, network: Network, x: Any) -> Any:
    """Return J'J / n of half the squared error, from central differences of the outputs."""
    layout = answers.objective.trained

    def outputs(flat: Any) -> Any:
        return np.asarray(network.with_parameters(layout.named_arrays(flat))(x))

    lines = by_differences(outputs, at).reshape(at.size, -1)
    return lines @ lines.T / len(x)


def test_layers_whose_gradients_have_no_factors() -> None:
    x = RANDOM.normal(size=(5, 4, 2))
    networks = [
        Network(cr.Input((4, 2)), cr.Recurrent(3), cr.Dense(2)),
        Network(cr.Input((4, 2)), cr.Dense(3, "tanh"), cr.Flatten(), cr.Dense(2)),
        Network(cr.Input((4, 2)), cr.Conv(2, 2), cr.Flatten(), cr.LayerNorm(), cr.Dense(2)),
    ]
    for network in networks:
        network = network.started(3)
        rows = [x, RANDOM.normal(size=(5, 2)), np.ones(5)]
        answers, at = answers_of(network, ["half_squared_error"], rows)
        assert factored_layers(answers.objective) is None
        found = answers.of(NormalEquationsAt(at))
        due = matrix_by_differences(answers, at, network, x)
        np.testing.assert_allclose(found.matrix, due, rtol=1e-5, atol=1e-7)
        direction = np.cos(np.arange(float(at.size)))
        np.testing.assert_allclose(
            answers.of(GaussNewtonAlong(at, direction)), found.matrix @ direction, rtol=1e-9,
            atol=1e-12,
        )  # fmt: skip
        np.testing.assert_allclose(found.gradient, answers.of(GradientAt(at))[1], rtol=1e-12)


def test_batch_norm_has_losses_and_gradients_of_all_rows_and_no_jacobian(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Network(cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dense(2)).started(1)
    rows = [RANDOM.normal(size=(9, 3)), RANDOM.normal(size=(9, 2)), np.ones(9)]
    whole, at = answers_of(network, ["half_squared_error"], rows)
    whole.state = np.concatenate([one.reshape(-1) for one in network.state.values()])
    due = whole.of(LossAt(at))
    monkeypatch.setattr(chainrule.training.answering, "MOST_ROWS", 3)
    monkeypatch.setattr(chainrule.training.answering, "LEAST_ROWS", 1)
    answers, _ = answers_of(network, ["half_squared_error"], rows)
    answers.state = np.concatenate([one.reshape(-1) for one in network.state.values()])
    assert answers._rows_at_once == 3
    assert answers.of(LossAt(at)) == due
    slope = by_differences(lambda x: answers.of(LossAt(x)), at)
    np.testing.assert_allclose(answers.of(GradientAt(at))[1], slope, rtol=1e-5, atol=1e-8)
    direction = np.sin(np.arange(float(at.size)))
    turn = by_differences(lambda x: answers.of(GradientAt(x))[1], at) @ direction
    np.testing.assert_allclose(
        answers.of(CurvatureAlong(at, direction)), turn, rtol=1e-4, atol=1e-6
    )
    with pytest.raises(SetupError, match="mixes the rows"):
        answers.of(NormalEquationsAt(at))


# ---- what is remembered, what is cut off ----


def test_a_gradient_is_remembered_where_it_was_asked_and_nowhere_else() -> None:
    network, rows = small()
    answers, at = answers_of(network, ["half_squared_error"], rows)
    first = answers.of(GradientAt(at))
    first[1][:] = 0.0
    again, elsewhere = answers.of(GradientAt(at)), answers.of(GradientAt(at + 0.1))
    assert np.abs(again[1]).max() > 0.0
    assert answers.steepest == np.abs(elsewhere[1]).max()
    fresh, _ = answers_of(network, ["half_squared_error"], rows)
    np.testing.assert_array_equal(fresh.of(GradientAt(at + 0.1))[1], elsewhere[1])
    np.testing.assert_array_equal(fresh.of(GradientAt(at))[1], again[1])


def test_ctrl_c_cuts_an_answer_off_between_two_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chainrule.training.answering, "MOST_ROWS", 4)
    monkeypatch.setattr(chainrule.training.answering, "LEAST_ROWS", 1)
    network, rows = small(rows=20)
    asked = 0

    def came() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    answers, at = answers_of(network, ["half_squared_error"], rows, asked=came)
    with pytest.raises(CutOffError):
        answers.of(NormalEquationsAt(at))
    assert asked == 4
    with pytest.raises(CutOffError):
        answers.of(LossAt(at))
