"""Conjugate gradients, plain and scaled: the papers transcribed, parabolas, and hard functions.

The one-step secant method, which searches as they do, meets the same parabolas and functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
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
from chainrule.optimizers import (
    FletcherReeves,
    OneStepSecant,
    PolakRibiere,
    PowellBeale,
    ScaledConjugateGradient,
)
from chainrule.optimizers.line_descent import NO_STEP, Step
from chainrule.optimizers.line_search import Point
from chainrule.optimizers.searching import CurvatureAlong, GradientAt, LossAt, Sizes

WITH_LINES = [FletcherReeves(), PolakRibiere(), PowellBeale()]
ALL = [*WITH_LINES, OneStepSecant(), ScaledConjugateGradient()]


# ---- the papers, transcribed ----


def fletcher_reeves(d: list[Any], g: list[Any]) -> Any:
    return -g[-1] + (g[-1] @ g[-1]) / (g[-2] @ g[-2]) * d[-1]


def polak_ribiere(d: list[Any], g: list[Any]) -> Any:
    return -g[-1] + max(0.0, g[-1] @ (g[-1] - g[-2]) / (g[-2] @ g[-2])) * d[-1]


def powell_beale(d: list[Any], g: list[Any]) -> Any:
    """The numbered conditions of Powell (1977), section 4, over the whole history."""
    n, t = len(g[0]), 0
    made = d[0]
    for k in range(1, len(g)):
        y = [g[j + 1] - g[j] for j in range(k)]
        two = -g[k] + (g[k] @ y[k - 1]) / (d[k - 1] @ y[k - 1]) * d[k - 1]
        if k > 1 and (abs(g[k - 1] @ g[k]) >= 0.2 * (g[k] @ g[k]) or k - t >= n):
            t = k - 1
        elif k == 1 and abs(g[0] @ g[1]) >= 0.2 * (g[1] @ g[1]):
            t = 0
        made = two
        if k > t + 1:
            made = two + (g[k] @ y[t]) / (d[t] @ y[t]) * d[t]
            fall = -(made @ g[k]) / (g[k] @ g[k])
            if not 0.8 <= fall <= 1.2:
                t, made = k - 1, two
    return made


@pytest.mark.parametrize("problem", [rosenbrock, small_network, parabola])
@pytest.mark.parametrize(
    ("chosen", "paper"),
    [
        (FletcherReeves(), fletcher_reeves),
        (PolakRibiere(), polak_ribiere),
        (PowellBeale(), powell_beale),
    ],
)
def test_directions_are_those_of_the_papers(problem: Any, chosen: Any, paper: Any) -> None:
    asked = problem()
    size = asked.start.size
    goal = 1e-12 if problem is parabola else 0.0
    points = [asked.start, *(one.parameters for one in searched(chosen, asked, 14, goal))]
    g = [asked.gradient(one) for one in points]
    moves = np.diff(points, axis=0)
    d = [-g[0]]
    for k, move in enumerate(moves):
        if k:
            again = paper is not powell_beale and k % size == 0
            d.append(-g[k] if again else paper(d[:k], g[: k + 1]))
        length = (move @ d[k]) / (d[k] @ d[k])
        assert length > 0.0
        np.testing.assert_allclose(move, length * d[k], rtol=1e-6, atol=1e-9 * np.abs(move).max())


def drawn(kind: str, seed: int) -> list[Any]:
    """Gradients of no function: far from one another, alike and falling, or all but square."""
    random = np.random.default_rng(seed)
    if kind == "far apart":
        return list(random.normal(size=(16, 60)) * np.geomspace(1.0, 0.2, 16)[:, None])
    if kind == "all but square":
        return [np.eye(6)[k % 6] + 0.05 * random.normal(size=6) for k in range(20)]
    g = [random.normal(size=60)]
    for _ in range(12):
        g.append(0.5 * g[-1] + 0.1 * random.normal(size=60))
    return g


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["far apart", "alike", "all but square"])
@pytest.mark.parametrize(
    ("chosen", "paper"),
    [
        (FletcherReeves(), fletcher_reeves),
        (PolakRibiere(), polak_ribiere),
        (PowellBeale(), powell_beale),
    ],
)
def test_directions_from_any_gradients_are_those_of_the_papers(
    chosen: Any, paper: Any, kind: str, seed: int
) -> None:
    """Shares below 0, overlaps and slopes on both sides of Powell's bounds, and p steps."""
    g = drawn(kind, seed)
    state = chosen.initial(g[0])
    d = [-g[0]]
    for k in range(1, len(g)):
        before, after = (Point(0.5, g[0], 1.0, one, -1.0) for one in (g[k - 1], g[k]))
        state = chosen.learned(Step(d[k - 1], before, after), state)
        again = paper is not powell_beale and k % g[0].size == 0
        d.append(-g[k] if again else paper(d, g[: k + 1]))
        np.testing.assert_allclose(state["direction"], d[k], rtol=1e-9, atol=1e-12)


def test_powell_and_beale_begin_again_after_as_many_steps_as_there_are_parameters() -> None:
    chosen, size = PowellBeale(), 6
    axes = np.eye(size)
    before, after = (Point(0.5, axes[0], 1.0, axes[k], -1.0) for k in (0, 1))
    known = {"first_direction": -axes[2], "first_turn": axes[2]}
    for steps, due in ((size - 2, size - 1), (size - 1, 1)):
        state = {**chosen.initial(axes[0]), **known, "steps": np.array(float(steps))}
        made = chosen.learned(Step(-axes[0], before, after), state)
        assert made["steps"] == due
        np.testing.assert_array_equal(made["direction"], -axes[0] - axes[1])


def scaled_conjugate_gradient(asked: Plain, iterations: int) -> list[Any]:
    """Steps 1 to 9 of Moller (1993), with E''p in place of the difference; each accepted point."""
    w, lam, lam_bar = asked.start, 5e-7, 0.0
    n = len(w)
    p = r = -asked.gradient(w)
    success, k, accepted = True, 1, []
    delta = 0.0
    while len(accepted) < iterations:
        square = p @ p
        if success:
            delta = p @ asked.answer(CurvatureAlong(w, p))
        delta += (lam - lam_bar) * square
        if delta <= 0:
            lam_bar = 2.0 * (lam - delta / square)
            delta = -delta + lam * square
            lam = lam_bar
        mu = p @ r
        alpha = mu / delta
        comparison = 2.0 * delta * (asked.loss(w) - asked.loss(w + alpha * p)) / mu**2
        if comparison >= 0:
            w = w + alpha * p
            r_new = -asked.gradient(w)
            lam_bar, success = 0.0, True
            step = p
            p = r_new if k % n == 0 else r_new + (r_new @ r_new - r_new @ r) / mu * step
            r = r_new
            k += 1
            accepted.append(w)
            if comparison >= 0.75:
                lam = lam / 4.0
        else:
            lam_bar, success = lam, False
        if comparison < 0.25:
            lam += delta * (1.0 - comparison) / square
    return accepted


@pytest.mark.parametrize("problem", [rosenbrock, small_network, parabola])
def test_scaled_conjugate_gradients_are_those_of_the_paper(problem: Any) -> None:
    asked = problem()
    made = searched(ScaledConjugateGradient(), asked, 8)
    for one, due in zip(made, scaled_conjugate_gradient(problem(), len(made)), strict=True):
        np.testing.assert_allclose(one.parameters, due, rtol=1e-7, atol=1e-10)


def test_the_transcription_meets_negative_curvature_and_failed_trials() -> None:
    asked = rosenbrock()
    made = searched(ScaledConjugateGradient(), asked, 30)
    gradients = sum(isinstance(one, GradientAt) for one in asked.asked)
    products = sum(isinstance(one, CurvatureAlong) for one in asked.asked)
    assert products == 30
    assert gradients > 1 + len(made)
    saddle = Plain(lambda x: x[0] ** 4 - 2.0 * x[0] ** 2 + x[1] ** 2, [0.1, 1.0])
    made = searched(ScaledConjugateGradient(), saddle, 8)
    due = scaled_conjugate_gradient(saddle, 8)
    assert made[-1].loss < -0.9
    assert saddle.answer(CurvatureAlong(saddle.start, np.array([1.0, 0.0])))[0] < 0.0
    np.testing.assert_allclose([one.parameters for one in made], due, rtol=1e-7, atol=1e-9)
    # No difference stands in for the product, and no loss is asked for without its gradient.
    assert not any(isinstance(one, LossAt) for one in asked.asked)


# ---- parabolas ----


@pytest.mark.parametrize("size", [2, 5, 9])
@pytest.mark.parametrize("kind", [FletcherReeves, PolakRibiere, PowellBeale, OneStepSecant])
def test_a_parabola_ends_after_as_many_steps_as_it_has_parameters(kind: Any, size: int) -> None:
    """Hestenes and Stiefel, 1952; with line searches that are all but exact."""
    random = np.random.default_rng(size)
    turned = np.linalg.qr(random.normal(size=(size, size)))[0]
    matrix = turned @ np.diag(np.linspace(0.5, 4.0, size)) @ turned.T
    lowest = random.normal(size=size)
    asked = Plain(lambda x: 0.5 * (x - lowest) @ matrix @ (x - lowest), np.zeros(size))
    made = searched(kind(decrease=1e-10, curvature=1e-9), asked, size)
    np.testing.assert_allclose(made[-1].parameters, lowest, rtol=1e-6, atol=1e-7)
    assert np.abs(made[-2].parameters - lowest).max() > 1e-4


def test_scaled_conjugate_gradients_are_all_but_there_after_as_many_steps() -> None:
    asked = parabola()
    made = searched(ScaledConjugateGradient(), asked, 5)
    np.testing.assert_allclose(made[-1].parameters, np.full(5, 3.0), atol=1e-4)
    exact = searched(ScaledConjugateGradient(damping=1e-16), asked, 5)
    np.testing.assert_allclose(exact[-1].parameters, np.full(5, 3.0), atol=1e-9)


# (iterations, gradients) in which 1e-10 is reached, 0.001 for the network; a tenth more than that.
BUDGETS: dict[str, tuple[tuple[int, int], ...]] = {
    "conjugate_gradient_fletcher_reeves": ((6, 14), (38, 93), (130, 270)),
    "conjugate_gradient_polak_ribiere": ((6, 14), (35, 88), (130, 270)),
    "conjugate_gradient_powell_beale": ((6, 14), (28, 71), (130, 270)),
    "one_step_secant": ((6, 14), (38, 94), (62, 124)),
    "scaled_conjugate_gradient": ((6, 14), (52, 117), (130, 270)),
}


@pytest.mark.parametrize("chosen", ALL)
@pytest.mark.parametrize("place", range(3))
def test_problems_are_solved_within_a_budget(chosen: Any, place: int) -> None:
    asked = (parabola, rosenbrock, small_network)[place]()
    iterations, gradients = BUDGETS[chosen.name][place]
    goal = (1e-10, 1e-10, 1e-3)[place]
    made = searched(chosen, asked, iterations, goal)
    assert made[-1].loss < goal, (made[-1].loss, len(made), len(asked.asked))
    assert len(asked.asked) <= gradients, (len(made), len(asked.asked))


# ---- functions that are not kind ----


@pytest.mark.parametrize("chosen", ALL)
def test_every_hard_function_ends_with_a_reason(chosen: Any) -> None:
    assert searched(chosen, flat(), 3)[-1].ended == "the gradient is zero"
    found = searched(chosen, parabola(), 200)
    assert found[-1].ended in ("the gradient is zero", NO_STEP)
    assert found[-1].loss < 1e-25
    far = searched(chosen, wall(), 200)[-1]
    np.testing.assert_allclose(far.parameters, [0.9, 0.9], rtol=1e-6)
    assert far.ended is not None
    below = searched(chosen, endless(), 60)
    assert below[-1].loss < -1e6
    assert np.isfinite(below[-1].parameters).all()


@pytest.mark.parametrize("chosen", ALL)
@pytest.mark.parametrize("from_request", [1, 2, 7])
def test_nan_from_some_request_on_ends_with_a_reason(chosen: Any, from_request: int) -> None:
    asked = small_network()

    def spoil(count: int, answer: Any) -> Any:
        if count < from_request:
            return answer
        return (np.nan, answer[1] * np.nan) if isinstance(answer, tuple) else answer * np.nan

    asked.spoil = spoil
    last = searched(chosen, asked, 100)[-1]
    assert last.ended == ("the loss is not finite" if from_request == 1 else NO_STEP)
    assert np.isfinite(last.parameters).all()


def test_a_curvature_that_is_not_finite_is_met_by_damping() -> None:
    asked = parabola()
    asked.spoil = lambda count, answer: answer if isinstance(answer, tuple) else answer * np.nan
    made = searched(ScaledConjugateGradient(), asked, 30)
    assert made[-1].loss < 1e-6


def test_a_direction_that_goes_up_is_forgotten() -> None:
    for chosen in ALL:
        asked = small_network()
        (one,) = searched(chosen, asked, 1)
        state = {**one.state, "direction": one.state["gradient"].copy()}
        made = driven(asked, chosen.iteration(one.parameters, state, Sizes(25)))
        assert made.loss < one.loss
        move = made.parameters - one.parameters
        np.testing.assert_allclose(
            move / np.abs(move).max(),
            -one.state["gradient"] / np.abs(one.state["gradient"]).max(),
            atol=1e-9,
        )


def test_a_small_gradient_is_no_zero_to_divide_by() -> None:
    for chosen in ALL:
        for scale in (1e-170, 1e-300):
            asked = Plain(lambda x, scale=scale: scale * (x * x).sum(), np.ones(2))
            assert searched(chosen, asked, 3)[-1].ended == NO_STEP


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, "small", None, True])
def test_a_damping_of_nothing_is_refused(bad: Any) -> None:
    with pytest.raises(cr.SetupError, match="damping of ScaledConjugateGradient"):
        ScaledConjugateGradient(damping=bad)
