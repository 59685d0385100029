"""Per-example gradients, Jacobians, tangents and curvature of whole networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from network_oracles import (
    MAZUR_X,
    MAZUR_Y,
    SMOOTH,
    Case,
    as_list,
    cases,
    direction,
    jax_in_float64,
    jax_outputs,
    jax_row_losses,
    mazur,
    near,
    network_of,
    rows_of,
)

from chainrule.arrays import sum_over
from chainrule.errors import ChainruleError, SetupError, ShapeError
from chainrule.network.backpropagation import gradient
from chainrule.network.derivatives import (
    directional_derivative,
    hessian_vector_product,
    input_jacobian,
    jacobian,
    per_example_gradients,
)
from chainrule.network.layers import Dense, Input
from chainrule.network.network import Network


@settings(deadline=None, max_examples=6)
@given(case=cases())
def test_per_example_gradients_are_those_of_single_rows(case: Case) -> None:
    jax = pytest.importorskip("jax", reason="JAX is the oracle of this test")
    network, (x, y, weight) = network_of(case), rows_of(case)
    found = per_example_gradients(network, x, y, case.losses, sample_weight=weight)
    with jax_in_float64():

        def row_losses(parameters: Any) -> Any:
            return weight * jax_row_losses(case, parameters, as_list(x), as_list(y))

        due = jax.jacobian(row_losses)(network.parameters)
    batch = gradient(network, x, y, case.losses, sample_weight=weight)
    for name in network.parameters:
        assert near(found[name], due[name]), name
        assert near(found[name].sum(axis=0), case.rows * batch[name]), name


@settings(deadline=None, max_examples=6)
@given(case=cases())
def test_jacobians_are_those_of_jax(case: Case) -> None:
    jax = pytest.importorskip("jax", reason="JAX is the oracle of this test")
    network, (x, _, _) = network_of(case), rows_of(case)
    with jax_in_float64():

        def side_by_side(parameters: Any, xs: Any) -> Any:
            return jax.numpy.concatenate(jax_outputs(case, parameters, xs), axis=1)

        due, at_inputs = jax.jacobian(side_by_side, argnums=(0, 1))(network.parameters, as_list(x))
    found = jacobian(network, x)
    for name in network.parameters:
        assert near(found[name], due[name]), name
    rows = np.arange(case.rows)
    own = [np.asarray(one)[rows, :, rows, :] for one in at_inputs]
    assert near(input_jacobian(network, x), np.concatenate(own, axis=2))


@settings(deadline=None, max_examples=6)
@given(case=cases(SMOOTH))
def test_curvature_products_are_those_of_jax(case: Case) -> None:
    jax = pytest.importorskip("jax", reason="JAX is the oracle of this test")
    network, (x, y, weight) = network_of(case), rows_of(case)
    vector = direction(network, case.seed)
    with jax_in_float64():

        def mean_loss(parameters: Any) -> Any:
            rows = jax_row_losses(case, parameters, as_list(x), as_list(y))
            return (weight * rows).mean()

        _, due = jax.jvp(jax.grad(mean_loss), (network.parameters,), (vector,))
    found = hessian_vector_product(network, x, y, vector, case.losses, sample_weight=weight)
    single = hessian_vector_product(
        network, x, y, vector, case.losses, sample_weight=weight, dtype="float32"
    )
    largest = max(float(np.max(np.abs(one))) for one in found.values())
    for name in network.parameters:
        assert near(found[name], due[name]), name
        assert single[name].dtype == np.float32
        assert np.max(np.abs(single[name] - found[name])) <= 1e-3 * (1.0 + largest)


@settings(deadline=None, max_examples=20)
@given(case=cases())
def test_the_tangent_is_the_jacobian_times_the_change(case: Case) -> None:
    network, (x, _, _) = network_of(case), rows_of(case)
    move = direction(network, case.seed)
    found = directional_derivative(network, x, move)
    flat = np.concatenate([one.ravel() for one in move.values()])
    lines = np.concatenate(
        [one.reshape(*one.shape[:2], -1) for one in jacobian(network, x).values()], axis=2
    )
    made = np.concatenate(found, axis=1) if isinstance(found, tuple) else found
    assert near(made, lines @ flat)
    again = directional_derivative(network, x, flat)
    for one, other in zip(as_tuple(found), as_tuple(again), strict=True):
        assert np.array_equal(one, other)


def as_tuple(content: Any) -> tuple[Any, ...]:
    return content if isinstance(content, tuple) else (content,)


def test_the_tangent_takes_changes_of_inputs_too() -> None:
    x = np.array([[0.3, -0.2], [0.1, 0.4], [0.0, 1.0]])
    change = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]])
    due = np.einsum("noi,ni->no", input_jacobian(mazur(), x), change)
    assert near(directional_derivative(mazur(), x, {"x": change}), due)


def test_the_curvature_is_symmetric() -> None:
    network = mazur()
    size = network.parameter_count
    lines = []
    for unit in np.eye(size):
        made = hessian_vector_product(network, MAZUR_X, MAZUR_Y, unit)
        lines.append(np.concatenate([one.ravel() for one in made.values()]))
    hessian = np.array(lines)
    assert near(hessian, hessian.T)
    assert np.max(np.abs(hessian)) > 1e-3


def test_a_linear_network_with_a_linear_loss_has_no_curvature() -> None:
    network = Network(Input(2), Dense(1), seed=0)
    made = hessian_vector_product(
        network, [[1.0, 2.0]], [[0.0]], {"dense_1.b": [1.0]}, lambda p, t: (p - t).mean()
    )
    assert made["dense_1.W"].tolist() == [[0.0], [0.0]]
    assert made["dense_1.b"].tolist() == [0.0]


def test_an_output_has_no_slope_at_what_stands_in_front_of_another() -> None:
    start = Input(2)
    network = Network(inputs=[start], outputs=[Dense(1)(start), Dense(2)(start)], seed=0)
    found = jacobian(network, [[1.0, 2.0]])
    assert found["dense_1.W"].shape == (1, 3, 2, 1)
    assert found["dense_1.W"][0, 0].ravel().tolist() == [1.0, 2.0]
    assert not found["dense_1.W"][0, 1:].any()
    assert not found["dense_2.W"][0, 0].any()


@pytest.mark.parametrize(
    ("vector", "kind", "word"),
    [
        (np.zeros(3), ShapeError, "12 parameters"),
        ({"dense_1.V": np.zeros((2, 2))}, SetupError, "'dense_1.W'"),
        ({"dense_1.W": np.zeros(2)}, ShapeError, r"\(2, 2\)"),
    ],
)
def test_a_direction_has_the_parameters_names_and_shapes(
    vector: Any, kind: type[ChainruleError], word: str
) -> None:
    with pytest.raises(kind, match=word):
        hessian_vector_product(mazur(), MAZUR_X, MAZUR_Y, vector)
    with pytest.raises(kind, match=word):
        directional_derivative(mazur(), MAZUR_X, vector)


def test_a_loss_that_mixes_rows_has_no_gradient_for_each_row() -> None:
    def spread(prediction: Any, target: Any) -> Any:
        difference = prediction - target
        centred = difference - difference.mean(axis=0)
        return sum_over(centred * centred)

    assert gradient(mazur(), MAZUR_X, MAZUR_Y, spread)
    with pytest.raises(SetupError, match="mixes the rows of a batch"):
        per_example_gradients(mazur(), MAZUR_X, MAZUR_Y, spread)
