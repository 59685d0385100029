"""The one-step secant method: the paper transcribed, the matrix that it stands for, the restart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from searching_alone import endless, parabola, rosenbrock, searched, small_network

from chainrule.optimizers import OneStepSecant
from chainrule.optimizers.line_descent import Step
from chainrule.optimizers.line_search import Point
from chainrule.optimizers.one_step_secant import secant_direction


def battiti(s: Any, y: Any, g: Any) -> Any:
    """d = -g + A s + B y with A and B as in section 4 of Battiti (1992)."""
    b = (s @ g) / (s @ y)
    a = -(1.0 + (y @ y) / (s @ y)) * (s @ g) / (s @ y) + (y @ g) / (s @ y)
    return -g + a * s + b * y


def from_the_matrix(s: Any, y: Any, g: Any) -> Any:
    """-H g, where H is the update of Broyden, Fletcher, Goldfarb and Shanno of the unit matrix."""
    rho = 1.0 / (y @ s)
    left = np.eye(len(s)) - rho * np.outer(s, y)
    return -(left @ left.T + rho * np.outer(s, s)) @ g


@pytest.mark.parametrize("problem", [rosenbrock, small_network, parabola])
@pytest.mark.parametrize("paper", [battiti, from_the_matrix])
def test_directions_are_those_of_the_paper(problem: Any, paper: Any) -> None:
    asked = problem()
    size = asked.start.size
    goal = 1e-12 if problem is parabola else 0.0
    points = [asked.start, *(one.parameters for one in searched(OneStepSecant(), asked, 14, goal))]
    g = [asked.gradient(one) for one in points]
    moves = np.diff(points, axis=0)
    for k, move in enumerate(moves):
        # The first direction, and that after p steps, are against the gradient.
        due = -g[k] if k % size == 0 else paper(moves[k - 1], g[k] - g[k - 1], g[k])
        length = (move @ due) / (due @ due)
        assert length > 0.0
        np.testing.assert_allclose(move, length * due, rtol=1e-6, atol=1e-8 * np.abs(move).max())


def step_of(s: Any, before: Any, after: Any) -> Step:
    zeros = np.zeros(len(s))
    first, last = (Point(x, at, 1.0, g, -1.0) for x, at, g in ((0.0, zeros, before),
                                                              (1.0, s, after)))  # fmt: skip
    return Step(s, first, last)


@pytest.mark.parametrize("seed", range(5))
def test_directions_from_any_step_are_those_of_the_paper(seed: int) -> None:
    random = np.random.default_rng(seed)
    s, before, after = random.normal(size=(3, 12))
    s = s * np.sign(s @ (after - before))
    found = secant_direction(step_of(s, before, after))
    assert found is not None
    for paper in (battiti, from_the_matrix):
        np.testing.assert_allclose(found, paper(s, after - before, after), rtol=1e-8, atol=1e-10)
    # A matrix with curvature above 0 leads down from everywhere.
    assert found @ after < 0.0


@pytest.mark.parametrize("share", [0.0, -1.0, 1e-15])
def test_a_step_without_curvature_says_nothing(share: float) -> None:
    s, across = np.eye(4)[0], 10.0 * np.eye(4)[1]
    before = -s
    after = before + share * s + across
    assert secant_direction(step_of(s, before, after)) is None
    state = OneStepSecant().initial(s)
    made = OneStepSecant().learned(step_of(s, before, after), state)
    np.testing.assert_array_equal(made["direction"], -after)
    assert made["steps"] == 0.0


def test_a_slope_without_an_end_is_followed_along_the_gradient() -> None:
    for one in searched(OneStepSecant(), endless(), 3):
        np.testing.assert_array_equal(one.state["direction"], np.ones(3))
