"""``minimize`` with optimizers that search, and what a plain function answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import SetupError
from chainrule.network.function_answers import FunctionAnswers
from chainrule.optimizers.searching import (
    CurvatureAlong,
    GaussNewtonAlong,
    GradientAt,
    LossAt,
    NormalEquationsAt,
    ResidualsAt,
    iterate_of,
)
from chainrule.testing.searching import rosenbrock_residuals, small_network_residuals

SEARCHES = ("lbfgs", "bfgs", "scaled_conjugate_gradient", "conjugate_gradient_polak_ribiere")


def valley(x: Any) -> Any:
    return (1.0 - x[0]) ** 2 + 100.0 * (x[1] - x[0] ** 2) ** 2


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_comes_down_the_valley_and_leaves_its_path(name: str) -> None:
    found = cr.minimize(valley, [-1.2, 1.0], name, steps=300)
    np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-3)
    count = len(found.slopes)
    assert found.path.shape == (count + 1, 2)
    assert found.values.shape == (count + 1,)
    assert found.slopes.shape == (count, 2)
    np.testing.assert_array_equal(found.path[0], [-1.2, 1.0])
    np.testing.assert_array_equal(found.path[-1], found.x)
    for point, value in zip(found.path, found.values, strict=True):
        assert value == pytest.approx(valley(point), rel=1e-12, abs=1e-25)
    x, y = found.path[:-1].T
    due = np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=1)
    np.testing.assert_allclose(found.slopes, due, rtol=1e-9, atol=1e-9)


def test_it_ends_before_the_last_step_where_the_search_does() -> None:
    found = cr.minimize(lambda x: (x - 3.0) ** 2, 0.5, "lbfgs", steps=50)
    assert found.x == pytest.approx(3.0)
    assert isinstance(found.x, float)
    assert len(found.slopes) < 50
    assert found.ended == "the gradient is zero"
    assert str(found).endswith(f"after {len(found.slopes)} steps: the gradient is zero)")
    early = cr.minimize(valley, [-1.2, 1.0], "lbfgs", steps=3)
    assert early.ended is None
    assert str(early).endswith("after 3 steps)")
    start = cr.minimize(lambda x: (x - 3.0) ** 2, 0.5, "lbfgs", steps=0)
    assert (start.x, start.value, start.path.tolist()) == (0.5, 6.25, [0.5])
    assert start.slopes.shape == (0,)


def test_slopes_by_central_differences() -> None:
    exact = cr.minimize(valley, [0.5, 0.5], "lbfgs", steps=4)
    close = cr.minimize(valley, [0.5, 0.5], "lbfgs", steps=4, difference=1e-6)
    np.testing.assert_allclose(close.path, exact.path, rtol=1e-4)
    assert not np.array_equal(close.slopes, exact.slopes)
    turned = cr.minimize(valley, [0.5, 0.5], "scaled_conjugate_gradient", steps=3, difference=1e-5)
    due = cr.minimize(valley, [0.5, 0.5], "scaled_conjugate_gradient", steps=3)
    np.testing.assert_allclose(turned.path, due.path, rtol=1e-3)


def test_an_answer_that_fails_closes_the_iteration_and_is_raised() -> None:
    seen = []

    def iteration() -> Any:
        try:
            yield LossAt(np.ones(2))
        finally:
            seen.append("closed")

    def fails(request: Any) -> Any:
        raise ArithmeticError("no answer")

    with pytest.raises(ArithmeticError, match="no answer"):
        iterate_of(iteration(), fails)
    assert seen == ["closed"]


@pytest.mark.parametrize("name", ["levenberg_marquardt", "bayesian_regularization"])
def test_what_needs_parts_of_a_sum_is_refused(name: str) -> None:
    with pytest.raises(SetupError, match=f"{name} needs the parts"):
        cr.minimize(valley, [0.5, 0.5], name)


@pytest.mark.parametrize(
    ("residuals", "size"), [(rosenbrock_residuals, 2), (small_network_residuals, 17)]
)
def test_a_function_answers_every_request(residuals: Any, size: int) -> None:
    def loss(x: Any) -> Any:
        made = residuals(x)
        return 0.5 * (made * made).sum()

    answers = FunctionAnswers(loss, (size,), residuals=residuals)
    at = np.random.default_rng(3).normal(size=size)
    along = np.random.default_rng(4).normal(size=size)
    units = 1e-6 * np.eye(size)

    def by_differences(function: Any) -> Any:
        return np.array([(function(at + one) - function(at - one)) / 2e-6 for one in units])

    lines = by_differences(lambda x: np.asarray(residuals(x))).T
    parts = answers.of(ResidualsAt(at))
    assert answers.sizes.residuals == len(parts.residuals) == len(lines)
    np.testing.assert_allclose(parts.jacobian, lines, atol=1e-6)
    value, slope = answers.of(GradientAt(at))
    assert value == pytest.approx(answers.of(LossAt(at)), rel=1e-14)
    assert value == pytest.approx(parts.loss, rel=1e-12)
    np.testing.assert_allclose(slope, parts.residuals @ parts.jacobian, rtol=1e-9, atol=1e-9)
    equations = answers.of(NormalEquationsAt(at))
    np.testing.assert_allclose(equations.matrix, parts.jacobian.T @ parts.jacobian, rtol=1e-12)
    np.testing.assert_allclose(equations.gradient, slope, rtol=1e-9, atol=1e-9)
    product = answers.of(GaussNewtonAlong(at, along))
    np.testing.assert_allclose(product, equations.matrix @ along, rtol=1e-12)
    turned = by_differences(lambda x: answers.of(GradientAt(x))[1]) @ along
    np.testing.assert_allclose(answers.of(CurvatureAlong(at, along)), turned, rtol=1e-4, atol=1e-3)


def test_a_function_without_residuals_says_so() -> None:
    answers = FunctionAnswers(lambda x: (x * x).sum(), (3,))
    assert answers.sizes.residuals is None
    with pytest.raises(SetupError, match="no residuals"):
        answers.of(NormalEquationsAt(np.ones(3)))
    unknown: Any = np.ones(3)
    with pytest.raises(TypeError, match="is no request of an optimizer"):
        answers.of(unknown)
    flat = FunctionAnswers(lambda x: 0.0 * x.sum() + 1.0, (2,))
    np.testing.assert_array_equal(flat.of(GradientAt(np.ones(2)))[1], np.zeros(2))
