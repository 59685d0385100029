"""The line search: the strong Wolfe conditions, the cubic, and functions that are not kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searching_alone import Plain, driven, endless, rosenbrock, small_network, wall

import chainrule as cr
from chainrule.optimizers import (
    BFGS,
    LBFGS,
    FletcherReeves,
    OneStepSecant,
    PolakRibiere,
    PowellBeale,
)
from chainrule.optimizers.line_search import Point, Wolfe, cubic_minimum, search_line
from chainrule.optimizers.searching import Sizes


def at(problem: Any, parameters: Any, direction: Any) -> Point:
    loss, gradient = problem(parameters)
    return Point(0.0, parameters, loss, gradient, float(gradient @ direction))


class Line:
    """A function of one number and its slope, asked along a direction of one entry."""

    def __init__(self, loss: Any, slope: Any) -> None:
        self.loss, self.slope, self.looks = loss, slope, 0

    def __call__(self, parameters: Any) -> tuple[float, Any]:
        (x,) = parameters
        return float(self.loss(x)), np.array([self.slope(x)])

    def answer(self, request: Any) -> tuple[float, Any]:
        self.looks += 1
        return self(request.parameters)


def found_on(line: Line, first: float, wolfe: Wolfe) -> tuple[Point, Point | None]:
    direction = np.ones(1)
    start = at(line, np.zeros(1), direction)
    return start, driven(line, search_line(start, direction, first, wolfe))  # type: ignore[arg-type]


# A polynomial that grows on both sides, so that there is a point for both conditions.
SHARES = st.floats(-3.0, 3.0)


@settings(max_examples=300, deadline=None)
@given(
    shares=st.tuples(SHARES, SHARES, SHARES),
    slope=st.floats(-10.0, -0.01),
    first=st.floats(1e-3, 1e3),
    curvature=st.sampled_from([0.9, 0.5, 0.1, 0.01]),
)
def test_both_conditions_hold_where_the_search_ends(
    shares: tuple[float, float, float], slope: float, first: float, curvature: float
) -> None:
    third, fourth, wave = shares
    polynomial = np.polynomial.Polynomial([0.0, slope, third, fourth, 0.7])
    falling = polynomial.deriv()
    line = Line(
        lambda x: polynomial(x) + wave * (1.0 - np.cos(x)),
        lambda x: falling(x) + wave * np.sin(x),
    )
    start, point = found_on(line, first, Wolfe(1e-4, curvature, trials=60))
    assert point is not None
    assert point.loss <= start.loss + 1e-4 * point.step * start.slope
    assert abs(point.slope) <= curvature * abs(start.slope)
    assert point.loss == line(point.parameters)[0]


@pytest.mark.parametrize(
    "chosen", [LBFGS(), BFGS(), FletcherReeves(), PolakRibiere(), OneStepSecant()]
)
@pytest.mark.parametrize("problem", [rosenbrock, small_network])
def test_both_conditions_hold_in_a_search(chosen: Any, problem: Any) -> None:
    asked = problem()
    parameters, state = asked.start, chosen.initial(asked.start)
    for _ in range(8):
        loss, gradient = asked.loss(parameters), asked.gradient(parameters)
        made = driven(asked, chosen.iteration(parameters, state, Sizes(parameters.size)))
        move = made.parameters - parameters
        after = asked.gradient(made.parameters)
        assert made.loss <= loss + chosen.decrease * float(gradient @ move)
        assert abs(after @ move) <= chosen.curvature * abs(gradient @ move) * (1.0 + 1e-9)
        parameters, state = made.parameters, made.state


@settings(max_examples=300, deadline=None)
@given(
    shares=st.tuples(SHARES, SHARES, SHARES, SHARES.filter(lambda one: abs(one) > 0.1)),
    ends=st.tuples(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0)).filter(
        lambda one: abs(one[0] - one[1]) > 0.1
    ),
)
def test_the_cubic_has_its_minimum_where_a_cubic_has_it(
    shares: tuple[float, ...], ends: tuple[float, float]
) -> None:
    cubic = np.polynomial.Polynomial(shares)
    falling = cubic.deriv()
    a, b = (
        Point(one, np.zeros(1), float(cubic(one)), np.zeros(1), float(falling(one))) for one in ends
    )
    _, slope, bend, third = shares
    under = 4.0 * bend * bend - 12.0 * third * slope
    if under > 0.01:
        lowest = (math.sqrt(under) - 2.0 * bend) / (6.0 * third)
        assert cubic_minimum(a, b) == pytest.approx(lowest, abs=1e-7)
    if under < -0.01:
        assert cubic_minimum(a, b) == 0.5 * (ends[0] + ends[1])


def test_a_loss_that_is_not_finite_is_a_wall() -> None:
    for beyond in (math.nan, math.inf, -math.inf):
        line = Line(
            lambda x, beyond=beyond: (x - 1.0) ** 2 if x < 1.5 else beyond,
            lambda x: 2.0 * (x - 1.0),
        )
        start, point = found_on(line, 1000.0, Wolfe(1e-4, 0.1, trials=40))
        assert point is not None
        assert point.loss < start.loss
        assert abs(point.slope) <= 0.2


def test_a_slope_that_is_not_finite_is_a_wall() -> None:
    line = Line(lambda x: (x - 1.0) ** 2, lambda x: 2.0 * (x - 1.0) if x < 1.5 else math.nan)
    _, point = found_on(line, 1000.0, Wolfe(1e-4, 0.1, trials=40))
    assert point is not None
    assert point.step < 1.5


def test_where_no_point_is_low_enough_there_is_none() -> None:
    line = Line(lambda x: x * x + x, lambda x: -1.0)
    _, point = found_on(line, 1.0, Wolfe())
    assert point is None
    assert line.looks <= 25


def test_without_an_end_the_lowest_of_all_trials_is_returned() -> None:
    line = Line(lambda x: -x, lambda x: -1.0)
    _, point = found_on(line, 1.0, Wolfe(trials=5))
    assert point is not None
    assert line.looks == 5
    assert point.step == pytest.approx(5.505**4, rel=0.01)


def test_a_step_grows_at_most_tenfold() -> None:
    line = Line(lambda x: (x - 1e6) ** 2, lambda x: 2.0 * (x - 1e6))
    looked = []
    direction = np.ones(1)
    start = at(line, np.zeros(1), direction)
    search = search_line(start, direction, 1.0, Wolfe(1e-4, 0.1))
    request = next(search)
    for _ in range(4):
        looked.append(float(request.parameters[0]))
        request = search.send(line(request.parameters))
    assert looked == [1.0, 10.0, 100.0, 1000.0]


def looks(answers: list[tuple[float, float]], wolfe: Wolfe, first: float = 1.0) -> list[float]:
    """Return the steps that a search looks at while it is told these losses and slopes."""
    start = Point(0.0, np.zeros(1), 0.0, np.array([-1.0]), -1.0)
    search = search_line(start, np.ones(1), first, wolfe)
    steps = [float(next(search).parameters[0])]
    for loss, slope in answers:
        steps.append(float(search.send((loss, np.array([slope]))).parameters[0]))
    return steps


def test_a_trial_above_the_one_before_closes_the_stretch() -> None:
    _, second, third = looks([(-5.0, -0.95), (-4.0, -0.95)], Wolfe())
    assert second > 1.0
    assert 1.0 < third < second


def test_a_step_near_an_end_is_taken_once_and_then_moved_away() -> None:
    # Each answer is that of a parabola whose minimum is at a 200th of the stretch.
    first, second, third, fourth = looks([(99.0, 199.0), (0.495, 199.0), (0.0495, 199.0)], Wolfe())
    assert (first, second) == (1.0, pytest.approx(0.005, rel=1e-9))
    assert third == pytest.approx(0.1 * second, rel=1e-9)
    assert fourth == pytest.approx(third / 200.0, rel=1e-9)


KINDS = [LBFGS, BFGS, FletcherReeves, PolakRibiere, PowellBeale, OneStepSecant]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "bad",
    [
        {"decrease": 0.0},
        {"decrease": 0.95},
        {"curvature": 1.0},
        {"curvature": math.nan},
        {"decrease": "small"},
    ],
)
def test_constants_that_admit_no_step_are_refused(kind: Any, bad: dict[str, Any]) -> None:
    with pytest.raises(cr.SetupError, match="decrease and curvature of") as caught:
        kind(**bad)
    assert "0 < decrease < curvature < 1" in caught.value.remedy


def test_the_problems_are_what_they_say() -> None:
    slope: Plain = endless()
    assert slope.gradient(slope.start).tolist() == [-1.0] * 3
    assert math.isnan(wall().loss([2.0, 2.0]))
