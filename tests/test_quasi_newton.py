"""BFGS and L-BFGS: the papers transcribed, SciPy and PyTorch as peers, and hard functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from searching_alone import (
    Plain,
    driven,
    endless,
    flat,
    parabola,
    rosenbrock,
    searched,
    small_network,
    wall,
)

import chainrule as cr
from chainrule.optimizers import BFGS, LBFGS
from chainrule.optimizers.line_descent import NO_STEP
from chainrule.optimizers.searching import GradientAt, Sizes


def inverse_of(moves: list[Any], turns: list[Any]) -> Any:
    """Equation 6.17 of Nocedal and Wright over all pairs, from the long length of the first."""
    size = len(moves[0])
    return _updates(np.eye(size) * (moves[0] @ moves[0]) / (turns[0] @ moves[0]), moves, turns)


def limited_inverse_of(moves: list[Any], turns: list[Any]) -> Any:
    """Equation 7.19 of Nocedal and Wright: the last pairs, from 7.20 for the newest one."""
    size = len(moves[0])
    return _updates(np.eye(size) * (turns[-1] @ moves[-1]) / (turns[-1] @ turns[-1]), moves, turns)


def _updates(inverse: Any, moves: list[Any], turns: list[Any]) -> Any:
    for s, y in zip(moves, turns, strict=True):
        rho = 1.0 / (y @ s)
        left = np.eye(len(s)) - rho * np.outer(s, y)
        inverse = left @ inverse @ left.T + rho * np.outer(s, s)
    return inverse


@pytest.mark.parametrize("problem", [rosenbrock, small_network, parabola])
@pytest.mark.parametrize(
    ("chosen", "matrix"),
    [(BFGS(), inverse_of), (LBFGS(), limited_inverse_of), (LBFGS(history=2), limited_inverse_of)],
)
def test_directions_are_those_of_the_papers(problem: Any, chosen: Any, matrix: Any) -> None:
    asked = problem()
    points = [asked.start, *(one.parameters for one in searched(chosen, asked, 5))]
    slopes = [asked.gradient(one) for one in points]
    first = points[1] - points[0]
    np.testing.assert_allclose(first / np.abs(first).sum(), -slopes[0] / np.abs(slopes[0]).sum())
    for step in range(1, len(points) - 1):
        kept = min(step, getattr(chosen, "history", step))
        moves = [points[k + 1] - points[k] for k in range(step - kept, step)]
        turns = [slopes[k + 1] - slopes[k] for k in range(step - kept, step)]
        direction = -matrix(moves, turns) @ slopes[step]
        move = points[step + 1] - points[step]
        length = (move @ direction) / (direction @ direction)
        np.testing.assert_allclose(move, length * direction, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("chosen", [BFGS(), LBFGS()])
def test_the_whole_step_is_tried_first_once_there_is_a_pair(chosen: Any) -> None:
    (one,) = searched(chosen, small_network(), 1)
    request = next(chosen.iteration(one.parameters, one.state, Sizes(25)))
    expected = one.parameters + chosen.direction(one.state["gradient"], one.state)
    np.testing.assert_allclose(request.parameters, expected, rtol=1e-12)


def test_the_inverse_is_exactly_symmetric_and_positive() -> None:
    for one in searched(BFGS(), small_network(), 40):
        inverse = one.state["inverse"]
        np.testing.assert_array_equal(inverse, inverse.T)
        assert np.linalg.eigvalsh(inverse).min() > 0.0


@pytest.mark.parametrize("problem", [parabola, rosenbrock])
@pytest.mark.parametrize(("ours", "theirs"), [(BFGS(), "BFGS"), (LBFGS(), "L-BFGS-B")])
def test_scipy_ends_at_the_same_place(problem: Any, ours: Any, theirs: str) -> None:
    asked = problem()
    found = searched(ours, asked, 200)[-1]
    peer = minimize(asked.loss, asked.start, jac=asked.gradient, method=theirs)
    np.testing.assert_allclose(found.parameters, peer.x, rtol=1e-3)
    assert found.loss <= peer.fun + 1e-12


@pytest.mark.parametrize(("ours", "theirs"), [(BFGS(), "BFGS"), (LBFGS(), "L-BFGS-B")])
def test_networks_are_brought_about_as_low_as_by_scipy(ours: Any, theirs: str) -> None:
    """From five starts; which of the two is lower differs from start to start."""
    ratios, gradients, due = [], 0, 0
    options = {"maxiter": 100, "gtol": 0.0, **({"ftol": 0.0} if theirs == "L-BFGS-B" else {})}
    for seed in range(5):
        asked = small_network(seed=seed)
        found = searched(ours, asked, 100)[-1]
        gradients += len(asked.asked)
        peer = minimize(
            lambda at, asked=asked: asked.answer(GradientAt(at)),
            asked.start, jac=True, method=theirs, options=options,
        )  # fmt: skip
        ratios.append(np.log(found.loss / peer.fun))
        due += peer.nfev
    assert np.exp(np.mean(ratios)) < 2.5
    assert gradients < 1.1 * due


@pytest.mark.parametrize("iterations", [25])
def test_the_trajectory_is_that_of_pytorch(iterations: int) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(3)
    x, y = random.normal(size=(40, 3)), random.normal(size=40)
    start = random.normal(0.0, 0.5, 21)
    import jax.numpy as jnp

    def loss(flat: Any) -> Any:
        hidden = jnp.tanh(x @ flat[:12].reshape(3, 4) + flat[12:16])
        return ((hidden @ flat[16:20] + flat[20] - y) ** 2).mean()

    weights = torch.tensor(start, requires_grad=True)
    rows, targets = torch.tensor(x), torch.tensor(y)
    peer = torch.optim.LBFGS(
        [weights], lr=1.0, max_iter=1, max_eval=1000, history_size=10, tolerance_grad=0.0,
        tolerance_change=0.0, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure() -> Any:
        peer.zero_grad()
        hidden = torch.tanh(rows @ weights[:12].reshape(3, 4) + weights[12:16])
        value = ((hidden @ weights[16:20] + weights[20] - targets) ** 2).mean()
        value.backward()
        return value

    for one in searched(LBFGS(), Plain(loss, start), iterations):
        peer.step(closure)
        np.testing.assert_allclose(one.parameters, weights.detach().numpy(), rtol=1e-6, atol=1e-8)


# Iterations and gradients in which a loss of 1e-10 (0.0005 for the network) is reached; about a
# tenth more than are needed.
BUDGETS = [
    (BFGS(), parabola, 1e-10, 14, 16),
    (LBFGS(), parabola, 1e-10, 11, 14),
    (BFGS(), rosenbrock, 1e-10, 40, 50),
    (LBFGS(), rosenbrock, 1e-10, 39, 49),
    (BFGS(), small_network, 5e-4, 100, 110),
    (LBFGS(), small_network, 5e-4, 100, 110),
]


@pytest.mark.parametrize(("chosen", "problem", "goal", "iterations", "gradients"), BUDGETS)
def test_problems_are_solved_within_a_budget(
    chosen: Any, problem: Any, goal: float, iterations: int, gradients: int
) -> None:
    asked = problem()
    made = searched(chosen, asked, iterations, goal)
    assert made[-1].loss < goal, (made[-1].loss, len(made), len(asked.asked))
    assert len(asked.asked) <= gradients


@pytest.mark.parametrize("chosen", [BFGS(), LBFGS()])
def test_every_hard_function_ends_with_a_reason(chosen: Any) -> None:
    assert searched(chosen, flat(), 3)[-1].ended == "the gradient is zero"
    found = searched(chosen, parabola(), 100)
    assert found[-1].ended in ("the gradient is zero", NO_STEP)
    assert found[-1].loss < 1e-25
    assert len(found) < 100
    far = searched(chosen, wall(), 100)[-1]
    np.testing.assert_allclose(far.parameters, [0.9, 0.9], rtol=1e-6)
    assert far.ended is not None
    below = searched(chosen, endless(), 50)[-1]
    assert below.loss < -1e15


@pytest.mark.parametrize("chosen", [BFGS(), LBFGS()])
@pytest.mark.parametrize("from_request", [1, 2, 7])
def test_nan_from_some_request_on_ends_with_a_reason(chosen: Any, from_request: int) -> None:
    asked = small_network()

    def spoil(count: int, answer: Any) -> Any:
        return (np.nan, answer[1] * np.nan) if count >= from_request else answer

    asked.spoil = spoil
    last = searched(chosen, asked, 100)[-1]
    if from_request == 1:
        assert last.ended == "the loss is not finite"
    else:
        assert last.ended == NO_STEP
        assert np.isfinite(last.loss)
    assert np.isfinite(last.parameters).all()


def test_a_misleading_memory_is_forgotten() -> None:
    chosen, asked = LBFGS(), small_network()
    (one,) = searched(chosen, asked, 1)
    uphill = {**one.state, "moves": one.state["moves"].copy(), "turns": one.state["turns"].copy()}
    uphill["turns"][0] = -uphill["turns"][0]
    made = driven(asked, chosen.iteration(one.parameters, uphill, Sizes(25)))
    assert made.loss < one.loss
    assert made.ended is None
    assert made.state["pairs"] == 1.0


def test_a_pair_without_curvature_is_not_kept() -> None:
    for chosen, count in ((BFGS(), "updates"), (LBFGS(), "pairs")):
        made = searched(chosen, endless(), 2)[-1]
        assert made.state[count] == 0.0


def test_more_parameters_than_a_matrix_is_for() -> None:
    with pytest.raises(cr.SetupError, match="5,001 x 5,001") as caught:
        BFGS().initial(np.zeros(5001))
    assert "LBFGS" in caught.value.remedy
    for bad in (0, 1.5, True, "ten"):
        with pytest.raises(cr.SetupError, match="history of LBFGS"):
            LBFGS(history=bad)  # type: ignore[arg-type]
