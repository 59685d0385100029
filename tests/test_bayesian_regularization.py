"""Bayesian regularization beside its papers, by brute force, and where no step is left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from answers_by_jax import (
    Search,
    Squares,
    compiled_once,
    exclusive_or,
    network_outputs,
    one_unit,
    parabola,
    regression,
    search,
    sine,
    two_classes,
)
from numpy.typing import NDArray

import chainrule as cr
from chainrule.optimizers.bayesian_regularization import BayesianRegularization
from chainrule.optimizers.searching import LossAt, ResidualsAt

pytest.importorskip("jax")

OURS = BayesianRegularization()


def sums(problem: Squares, at: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return errors and Jacobian as papers have them, not divided by anything."""
    found = problem.answer(ResidualsAt(at))
    factor = np.sqrt(problem.count / 2.0)
    return factor * found.residuals, factor * found.jacobian


def foresee_and_hagan(
    problem: Squares, w: NDArray[Any], iterations: int
) -> tuple[NDArray[Any], dict[str, float]]:
    """Their loop (1997) on sums of squares: evidence by the matrix that is there, then a step."""
    m, p, mu = problem.count, len(w), 0.005
    alpha, beta, gamma = 0.0, 1.0, min(p, m / 2)
    for iteration in range(iterations):
        e, slopes = sums(problem, w)
        if iteration > 1:
            curvature = 2.0 * beta * slopes.T @ slopes + 2.0 * alpha * np.eye(p)
            gamma = p - 2.0 * alpha * np.trace(np.linalg.inv(curvature))
        alpha = gamma / (2.0 * w @ w) if iteration else 0.0
        beta = (m - gamma) / (2.0 * e @ e)
        while True:
            damped = beta * slopes.T @ slopes + (alpha + mu) * np.eye(p)
            trial = w - np.linalg.solve(damped, beta * slopes.T @ e + alpha * w)
            missed, _ = sums(problem, trial)
            after = beta * missed @ missed + alpha * trial @ trial
            if after < beta * e @ e + alpha * w @ w:
                break
            mu *= 10.0
        w, mu = trial, mu * 0.1
    return w, {"alpha": alpha, "beta": beta, "effective_parameters": gamma, "mu": mu}


@pytest.mark.parametrize("make", [lambda: sine(rows=30, noise=0.1, seed=1), one_unit, exclusive_or])
def test_four_iterations_are_those_of_foresee_and_hagan(make: Any) -> None:
    problem = make()
    w, due = foresee_and_hagan(problem, problem.start, 4)
    found = search(OURS, problem, 4).last
    np.testing.assert_allclose(found.parameters, w, rtol=1e-7)
    # The loss is the mean of squares, so that beta is that of their sum, m times.
    assert float(found.state["beta"]) == pytest.approx(due["beta"] * problem.count, rel=1e-7)
    for name in ("alpha", "effective_parameters", "mu"):
        assert float(found.state[name]) == pytest.approx(due[name], rel=1e-7)


def test_what_the_loss_is_divided_by_does_not_matter() -> None:
    plain = sine(rows=40, noise=0.2, seed=1)
    sevenfold = Squares(lambda at: np.sqrt(7.0) * plain.scaled(at), plain.start, mean=False)
    one, other = search(OURS, plain, 6).last, search(OURS, sevenfold, 6).last
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-7)
    assert 7.0 * float(other.state["beta"]) == pytest.approx(float(one.state["beta"]), rel=1e-7)


# ---- the evidence, by brute force ----


@compiled_once
def noise_alone() -> Squares:
    x = np.linspace(-1.0, 1.0, 100)[:, None]
    return regression((1, 5, 1), x, np.random.default_rng(3).normal(size=x.shape))


def settled(problem: Squares, iterations: int = 500) -> Any:
    found = search(OURS, problem, iterations).last
    assert found.ended == "no step lowers F: the damping reached 1e+10"
    return found


@pytest.mark.parametrize(
    "make",
    [
        lambda: sine(noise=0.1, seed=2),
        lambda: sine(noise=0.5, seed=1),
        lambda: sine(rows=12, noise=0.3, seed=1),
        one_unit,
        exclusive_or,
    ],
)
def test_where_it_ends_the_evidence_agrees_with_itself(make: Any) -> None:
    problem = make()
    found = settled(problem)
    w, m = found.parameters, problem.count
    e, slopes = sums(problem, w)
    alpha, gamma = (float(found.state[name]) for name in ("alpha", "effective_parameters"))
    beta = float(found.state["beta"]) / m
    curvature = 2.0 * beta * slopes.T @ slopes + 2.0 * alpha * np.eye(len(w))
    assert gamma == pytest.approx(
        len(w) - 2.0 * alpha * np.trace(np.linalg.inv(curvature)), rel=1e-4
    )
    assert alpha == pytest.approx(gamma / (2.0 * w @ w), rel=1e-4)
    assert beta == pytest.approx((m - gamma) / (2.0 * e @ e), rel=1e-4)
    slope = 2.0 * beta * slopes.T @ e + 2.0 * alpha * w
    assert np.abs(slope).max() < 1e-4 * np.abs(2.0 * alpha * w).max()
    # Neither more nor less of alpha or beta makes the rows likelier (MacKay's evidence).
    best = log_evidence(problem, w, alpha, beta)
    for factors in ((1.2, 1.0), (1 / 1.2, 1.0), (1.0, 1.2), (1.0, 1 / 1.2)):
        assert log_evidence(problem, w, alpha * factors[0], beta * factors[1]) < best


def log_evidence(problem: Squares, w: NDArray[Any], alpha: float, beta: float) -> float:
    """MacKay's log evidence with the weights as they are; constants left out."""
    e, slopes = sums(problem, w)
    curvature = 2.0 * beta * slopes.T @ slopes + 2.0 * alpha * np.eye(len(w))
    objective = beta * e @ e + alpha * w @ w
    freedom = 0.5 * (len(w) * np.log(alpha) + problem.count * np.log(beta))
    return float(freedom - objective - 0.5 * np.linalg.slogdet(curvature)[1])


def test_effective_parameters_are_fewer_the_more_noise_there_is() -> None:
    clean = search(OURS, sine(seed=1), 200).last
    some = settled(sine(noise=0.1, seed=2))
    much = settled(sine(noise=0.5, seed=1))
    none = settled(noise_alone())
    found = [float(one.state["effective_parameters"]) for one in (none, much, some, clean)]
    assert found == sorted(found)
    assert 0.0 <= found[0] < 2.0
    assert 11.0 < found[-1] <= 16.0


def test_a_wide_network_does_not_follow_the_noise() -> None:
    x = np.linspace(-1.0, 1.0, 20)[:, None]
    truth = np.sin(np.pi * x)
    y = truth + 0.3 * np.random.default_rng(1).normal(size=x.shape)
    sizes = (1, 12, 1)
    missed = {}
    for chosen in (OURS, cr.LevenbergMarquardt()):
        found = search(chosen, regression(sizes, x, y, 3), 100).last
        made = np.asarray(network_outputs(sizes, found.parameters, x))
        missed[chosen.name] = float(((made - truth) ** 2).mean())
    assert missed["bayesian_regularization"] < 0.3 * 0.3 / 4.0
    assert missed["bayesian_regularization"] < missed["levenberg_marquardt"] / 2.0


def test_every_iteration_tells_its_evidence() -> None:
    found = search(OURS, sine(noise=0.1), 3)
    for one in found.iterates:
        assert set(one.readings) == {"alpha", "beta", "effective_parameters", "mu"}
        for name in ("alpha", "beta", "effective_parameters"):
            assert one.readings[name] == float(one.state[name])
    assert found.iterates[0].readings["effective_parameters"] == 16.0


# ---- where no step is left ----


def test_fewer_residuals_than_parameters_ask_for_residuals_alone() -> None:
    problem = exclusive_or()
    first = search(OURS, problem, 1).last
    assert set(problem.asked) == {"ResidualsAt", "LossAt"}
    assert first.readings["effective_parameters"] == 2.0
    assert first.readings["alpha"] == 0.0


@pytest.mark.parametrize("first", [0, 7])
def test_losses_that_are_not_finite_end_with_a_reason(first: int) -> None:
    def spoil(number: int, request: Any, answer: Any) -> Any:
        return np.nan if number >= first and isinstance(request, LossAt) else answer

    found = Search(OURS, sine(noise=0.1), spoil).run(60)
    # What alpha and beta are is still reckoned while no step can be made.
    assert found.last.ended == "no step lowers F: the damping reached 1e+10"
    assert len(found.iterates) > 2
    assert np.isfinite(found.last.parameters).all()


def test_a_matrix_that_is_not_finite_ends_with_a_reason() -> None:
    def spoil(number: int, request: Any, answer: Any) -> Any:
        if number >= 4 and hasattr(answer, "matrix"):
            return type(answer)(answer.loss, answer.gradient * np.nan, answer.matrix)
        return answer

    found = Search(OURS, sine(noise=0.1), spoil).run(60)
    assert found.last.ended == "the gradient or its matrix is not finite"


def test_a_zero_gradient_ends_the_search() -> None:
    problem = parabola()
    problem.start = np.full(5, 3.0)
    assert search(OURS, problem, 5).last.ended == "the gradient is zero"
    flat = Squares(lambda x: 0.0 * x.sum() + np.ones(6), np.ones(3))
    assert search(OURS, flat, 5).last.ended == "the gradient is zero"


@pytest.mark.parametrize("rows", [1, 2])
def test_a_row_or_two_do_no_harm(rows: int) -> None:
    x = np.array([[0.5, -1.0], [1.0, 0.3]])[:rows]
    found = search(OURS, regression((2, 3, 1), x, x[:, :1] + 0.1), 60).last
    assert np.isfinite(found.parameters).all()
    assert 0.0 <= float(found.state["effective_parameters"]) <= rows


def test_all_weights_at_zero_are_a_start() -> None:
    problem = parabola()
    assert not problem.start.any()
    found = search(OURS, problem, 20)
    assert found.last.loss < found.iterates[0].loss * 2.0
    assert found.last.parameters.all()


@pytest.mark.parametrize("size", [1e-150, 1e-100, 1e100, 1e150])
def test_numbers_at_the_edge_of_float64_end_the_search_quietly(size: float) -> None:
    found = search(OURS, Squares(lambda x: size * (x - np.arange(3.0)), np.ones(3)), 60)
    assert np.isfinite(found.last.parameters).all()


def test_a_loss_without_residuals_is_refused() -> None:
    with pytest.raises(cr.SetupError) as caught:
        search(OURS, two_classes(), 1)
    assert "weighs squared residuals" in str(caught.value)
    with pytest.raises(cr.SetupError):
        BayesianRegularization(mu_increase=0.5)
