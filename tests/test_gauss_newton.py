"""Gauss-Newton beside Newton's method, SciPy and a transcription, and where no step is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from answers_by_jax import (
    Entropy,
    Problem,
    Search,
    Squares,
    compiled_once,
    exclusive_or,
    float64,
    parabola,
    peak,
    regression,
    rosenbrock,
    search,
    sine,
    two_classes,
)
from numpy.typing import NDArray

import chainrule as cr
from chainrule.optimizers.gauss_newton import GaussNewton
from chainrule.optimizers.searching import LossAt, NormalEquations, NormalEquationsAt, Request

pytest.importorskip("jax")

OURS = GaussNewton()


# ---- beside other ways to the same place ----


def with_halved_steps(problem: Problem, x: NDArray[Any], iterations: int) -> NDArray[Any]:
    """The damped Gauss-Newton method as Björck (1996) writes it, with Armijo's rule."""
    for _ in range(iterations):
        at = problem.answer(NormalEquationsAt(x))
        step = -np.linalg.solve(at.matrix, at.gradient)
        length = 1.0
        while problem.answer(LossAt(x + length * step)) > (
            at.loss + 1e-4 * length * at.gradient @ step
        ):
            length /= 2.0
        x = x + length * step
    return x


@pytest.mark.parametrize(("make", "iterations"), [(rosenbrock, 2), (peak, 3)])
def test_iterations_are_those_of_the_damped_method(make: Any, iterations: int) -> None:
    problem = make()
    found = search(GaussNewton(ridge=1e-14), problem, iterations)
    asked = problem.asked["LossAt"]
    due = with_halved_steps(problem, problem.start, iterations)
    assert problem.asked["LossAt"] == 2 * asked
    np.testing.assert_allclose(found.last.parameters, due, rtol=1e-8)


def test_steps_are_shortened_where_they_go_too_far() -> None:
    lengths = [one.readings["step_length"] for one in search(OURS, rosenbrock(), 6).iterates]
    assert min(lengths) < 1.0
    assert set(lengths) <= {0.5**power for power in range(11)}


def test_a_step_has_to_lower_the_loss_by_a_share_of_what_its_slope_says() -> None:
    # Along the step to its lowest place, a parabola falls by t (1 - t / 2) of that.
    for share, due in ((0.45, 1.0), (0.55, 0.5), (0.9, 0.125)):
        found = search(GaussNewton(ridge=1e-12, sufficient=share), parabola(), 1)
        assert found.last.readings["step_length"] == due


@compiled_once
def three_classes() -> Entropy:
    """Logits linear in two inputs: six parameters, of which four would do."""
    random = np.random.default_rng(5)
    x = random.normal(size=(80, 2))
    labels = np.argmax(x @ random.normal(size=(2, 3)) + random.normal(size=(80, 3)), axis=1)
    return Entropy(lambda at: x @ at.reshape(2, 3), labels, np.zeros(6))


def test_without_hidden_layers_it_is_newtons_method() -> None:
    import jax

    problem = three_classes()
    at = search(OURS, problem, 2).last.parameters
    with float64():
        second = np.asarray(jax.hessian(problem.value)(at))
        first = np.asarray(problem.slope(at))
    due = at - np.linalg.pinv(second, rcond=1e-10) @ first
    following = search(OURS, problem, 3).last.parameters
    assert np.linalg.norm(due - at) > 1e-3
    np.testing.assert_allclose(following, due, rtol=1e-5, atol=1e-8)


def test_the_optimum_of_a_logistic_regression_is_that_of_scipy() -> None:
    from scipy.optimize import minimize

    problem = three_classes()
    found = search(OURS, problem, 30)
    assert found.last.ended == "no step lowers the loss, however short"
    due = minimize(lambda at: problem.answer(LossAt(at)), problem.start, tol=1e-12)
    assert found.last.loss == pytest.approx(due.fun, rel=1e-9)
    assert found.last.loss <= due.fun * (1.0 + 1e-13)
    assert np.abs(problem.answer(NormalEquationsAt(found.last.parameters)).gradient).max() < 1e-7


# ---- problems solved within a budget: about a tenth more iterations than are needed ----


@pytest.mark.parametrize(
    ("make", "goal", "iterations"),
    [
        (parabola, 1e-10, 1),
        (rosenbrock, 1e-10, 13),
        (exclusive_or, 1e-10, 9),
        (sine, 1e-6, 10),
        (two_classes, 0.05, 12),
    ],
)
def test_problems_are_solved_within_a_budget(make: Any, goal: float, iterations: int) -> None:
    found = search(OURS, make(), iterations, goal)
    assert found.last.loss < goal
    losses = [one.loss for one in found.iterates]
    assert losses == sorted(losses, reverse=True)


# ---- where no step is left ----


@compiled_once
def singular() -> Squares:
    """Only the sum of the first two of three parameters matters; five residuals."""
    factors = np.arange(1.0, 6.0)
    return Squares(lambda x: factors * (x[0] + x[1] - 4.0) + 0.0 * x[2], np.zeros(3))


def test_a_singular_jacobian_does_no_harm() -> None:
    found = search(OURS, singular(), 30)
    assert found.last.loss < 1e-20
    assert found.last.parameters == pytest.approx([2.0, 2.0, 0.0], abs=1e-6)


def test_a_zero_gradient_ends_the_search() -> None:
    problem = parabola()
    problem.start = np.full(5, 3.0)
    found = search(OURS, problem, 5)
    assert [one.ended for one in found.iterates] == ["the gradient is zero"]


def test_one_row_is_learned() -> None:
    problem = regression((3, 4, 2), np.array([[0.5, -1.0, 2.0]]), np.array([[0.3, -0.7]]))
    assert search(OURS, problem, 30, 1e-12).last.loss < 1e-12
    assert set(problem.asked) == {"ResidualsAt", "LossAt"}


def _no_loss(first: int) -> Callable[[int, Request, Any], Any]:
    return lambda number, request, answer: (
        np.nan if number >= first and isinstance(request, LossAt) else answer
    )


def _uphill(number: int, request: Request, answer: Any) -> Any:
    if isinstance(answer, NormalEquations):
        return NormalEquations(answer.loss, -answer.gradient, answer.matrix)
    return answer


def _indefinite(number: int, request: Request, answer: Any) -> Any:
    if isinstance(answer, NormalEquations):
        return NormalEquations(answer.loss, answer.gradient, -answer.matrix)
    return answer


def _odd_gradient(number: int, request: Request, answer: Any) -> Any:
    if number >= 4 and isinstance(answer, NormalEquations):
        return NormalEquations(answer.loss, answer.gradient * np.nan, answer.matrix)
    return answer


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_no_loss(0), "no step lowers the loss, however short"),
        (_no_loss(9), "no step lowers the loss, however short"),
        (_uphill, "no step lowers the loss, however short"),
        (_odd_gradient, "the gradient or its matrix is not finite"),
    ],
)
def test_what_goes_wrong_ends_with_a_reason(spoil: Any, why: str) -> None:
    found = Search(OURS, sine(), spoil).run(40)
    assert found.last.ended == why
    assert np.isfinite(found.last.parameters).all()
    assert found.run(2).last.ended == why


def test_a_matrix_that_is_not_positive_gets_more_ridge() -> None:
    found = Search(OURS, sine(), _indefinite).run(5)
    assert found.iterates[-1].loss < found.iterates[0].loss
    assert found.iterates[0].readings["ridge"] > 0.1


@pytest.mark.parametrize("size", [1e-170, 1e-150, 1e140, 1e160])
def test_numbers_at_the_edge_of_float64_end_the_search_quietly(size: float) -> None:
    found = search(OURS, Squares(lambda x: size * (x - 3.0), np.zeros(2)), 60)
    assert found.last.ended is not None or found.last.loss == 0.0
    assert np.isfinite(found.last.parameters).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ridge": 0.0}, "ridge of GaussNewton is 0.0"),
        ({"ridge": "1"}, "ridge of GaussNewton is '1'"),
        ({"sufficient": 1.0}, "sufficient of GaussNewton is 1.0"),
    ],
)
def test_constants_that_are_none_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(cr.SetupError) as caught:
        GaussNewton(**given)
    assert words in str(caught.value)
