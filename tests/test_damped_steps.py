"""Damped steps against NumPy's own solutions, both ways of solving, and what cannot be solved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chainrule.optimizers.damped_steps import (
    WholeParabola,
    damped_solution,
    factored,
    moved,
    why_no_step,
)


def drawn(rows: int, columns: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    random = np.random.default_rng(seed)
    return random.normal(size=rows), random.normal(size=(rows, columns))


def whole(residuals: Any, jacobian: Any) -> WholeParabola:
    loss = 0.5 * float(residuals @ residuals)
    return WholeParabola(loss, residuals @ jacobian, jacobian.T @ jacobian)


SIZES = st.integers(1, 9)


@settings(deadline=None, max_examples=60)
@given(SIZES, SIZES, st.integers(0, 10**6), st.floats(-4.0, 3.0))
def test_a_step_solves_the_damped_equations(m: int, p: int, seed: int, power: float) -> None:
    residuals, jacobian = drawn(m, p, seed)
    damping = 10.0**power
    damped = jacobian.T @ jacobian + damping * np.eye(p)
    due = -np.linalg.solve(damped, jacobian.T @ residuals)
    close = {"rtol": 1e-7, "atol": 1e-9}
    for parabola in (whole(residuals, jacobian), factored(1.0, residuals, jacobian)):
        found = parabola.step(damping)
        assert found is not None
        np.testing.assert_allclose(found, due, **close)
        right = np.arange(1.0, p + 1.0)
        found = parabola.solved(right, damping)
        assert found is not None
        np.testing.assert_allclose(found, np.linalg.solve(damped, right), **close)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 4), (1, 1)])
def test_both_parabolas_agree_on_everything_else(shape: tuple[int, int]) -> None:
    residuals, jacobian = drawn(*shape, 5)
    one, other = whole(residuals, jacobian), factored(1.0, residuals, jacobian)
    np.testing.assert_allclose(one.gradient, other.gradient, rtol=1e-12)
    np.testing.assert_allclose(one.diagonal, other.diagonal, rtol=1e-12)
    due = np.sort(np.linalg.svd(jacobian, compute_uv=False) ** 2)
    for parabola in (one, other):
        values = np.sort(parabola.eigenvalues())[-len(due) :]
        np.testing.assert_allclose(values, due, rtol=1e-10)
        assert (parabola.eigenvalues() >= 0.0).all()


@pytest.mark.parametrize("shape", [(3, 7), (7, 3)])
def test_scaled_parameters_have_a_scaled_parabola(shape: tuple[int, int]) -> None:
    residuals, jacobian = drawn(*shape, 6)
    lengths = np.arange(1.0, shape[1] + 1.0)
    damped = jacobian.T @ jacobian + 0.3 * np.diag(lengths**2)
    due = -np.linalg.solve(damped, jacobian.T @ residuals)
    for parabola in (whole(residuals, jacobian), factored(1.0, residuals, jacobian)):
        found = parabola.scaled(lengths).step(0.3)
        assert found is not None
        np.testing.assert_allclose(found / lengths, due, rtol=1e-9)


def test_what_is_not_positive_definite_or_not_finite_has_no_solution() -> None:
    right = np.ones(2)
    assert damped_solution(np.ones((2, 2)), 0.0, right) is None
    assert damped_solution(np.diag([1.0, -1.0]), 0.5, right) is None
    assert damped_solution(np.array([[np.nan, 0.0], [0.0, 1.0]]), 1.0, right) is None
    assert damped_solution(np.diag([1e-300, 1.0]), 0.0, np.array([1e300, 1.0])) is None
    np.testing.assert_allclose(
        damped_solution(np.ones((2, 2)), 1.0, right), np.full(2, 1.0 / 3.0), rtol=1e-14
    )
    residuals, jacobian = drawn(2, 3, 1)
    assert factored(1.0, residuals, jacobian).solved(np.ones(3), 0.0) is None


def test_nothing_that_is_given_is_changed() -> None:
    residuals, jacobian = drawn(5, 3, 2)
    parabola = whole(residuals, jacobian)
    before = parabola.matrix.copy(), parabola.gradient.copy()
    parabola.step(0.1)
    parabola.scaled(np.array([1.0, 2.0, 3.0])).step(0.1)
    assert np.array_equal(parabola.matrix, before[0])
    assert np.array_equal(parabola.gradient, before[1])


def test_why_no_step_can_be_made() -> None:
    residuals, jacobian = drawn(4, 2, 3)
    good = whole(residuals, jacobian)
    assert why_no_step(good) is None
    nan = np.full((2, 2), np.nan)
    assert why_no_step(WholeParabola(np.nan, good.gradient, good.matrix)) == "the loss is nan"
    for odd in (
        WholeParabola(1.0, good.gradient, nan),
        WholeParabola(1.0, nan[0], good.matrix),
        factored(1.0, residuals, np.full((4, 2), 1e200)),
    ):
        assert why_no_step(odd) == "the gradient or its matrix is not finite"
    assert why_no_step(whole(0.0 * residuals, jacobian)) == "the gradient is zero"


def test_no_step_leads_to_what_is_not_finite() -> None:
    far = np.array([1.7e308])
    assert moved(far, far) is None
    assert moved(far, None) is None
    assert moved(far, -far) == pytest.approx([0.0])
