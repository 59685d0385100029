"""Levenberg-Marquardt beside its papers, SciPy, certified values, and where no step is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from answers_by_jax import (
    Problem,
    Search,
    Squares,
    compiled_once,
    exclusive_or,
    one_unit,
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
from chainrule.optimizers.levenberg_marquardt import LevenbergMarquardt
from chainrule.optimizers.searching import LossAt, NormalEquations, Request, ResidualsAt

pytest.importorskip("jax")

FORMS = {
    "classic": LevenbergMarquardt(damping="classic"),
    "nielsen": LevenbergMarquardt(),
    "classic, marquardt": LevenbergMarquardt(damping="classic", scaling="marquardt"),
    "nielsen, marquardt": LevenbergMarquardt(scaling="marquardt"),
}
STRAIGHT = LevenbergMarquardt(acceleration=0.0)
Errors = Callable[[Any], Any]


# ---- the papers, transcribed ----


def hagan_and_menhaj(
    errors: Errors, jacobian: Errors, x: NDArray[Any], mu: float, iterations: int
) -> tuple[NDArray[Any], float, int]:
    """The loop of Hagan and Menhaj (1994), on the sum of squares."""
    tries = 0
    for _ in range(iterations):
        e, slopes = errors(x), jacobian(x)
        while True:
            tries += 1
            trial = x - np.linalg.solve(slopes.T @ slopes + mu * np.eye(len(x)), slopes.T @ e)
            if (errors(trial) ** 2).sum() < (e**2).sum():
                break
            mu *= 10.0
        x, mu = trial, mu * 0.1
    return x, mu, tries


def madsen_nielsen_tingleff(
    errors: Errors, jacobian: Errors, x: NDArray[Any], steps: int
) -> tuple[NDArray[Any], float, float]:
    """Algorithm 3.16 of 2004: F is half the sum of squares; so many steps, good or not."""
    slopes, f = jacobian(x), errors(x)
    mu, nu = 1e-3 * np.diag(slopes.T @ slopes).max(), 2.0
    for _ in range(steps):
        matrix, g = slopes.T @ slopes, slopes.T @ f
        h = np.linalg.solve(matrix + mu * np.eye(len(x)), -g)
        ratio = (0.5 * f @ f - 0.5 * errors(x + h) @ errors(x + h)) / (0.5 * h @ (mu * h - g))
        if ratio > 0:
            x = x + h
            slopes, f = jacobian(x), errors(x)
            mu, nu = mu * max(1.0 / 3.0, 1.0 - (2.0 * ratio - 1.0) ** 3), 2.0
        else:
            mu, nu = mu * nu, nu * 2.0
    return x, mu, nu


def unscaled(problem: Squares) -> tuple[Errors, Errors]:
    """Return errors and Jacobian whose sum of squares is n times the mean squared error."""
    factor = np.sqrt(problem.count / 2.0)

    def errors(x: Any) -> Any:
        return factor * problem.answer(ResidualsAt(x)).residuals

    def jacobian(x: Any) -> Any:
        return factor * problem.answer(ResidualsAt(x)).jacobian

    return errors, jacobian


@pytest.mark.parametrize(
    ("make", "mu"), [(lambda: sine(rows=30, seed=1), 0.001), (rosenbrock, 1e-6)]
)
def test_two_iterations_are_those_of_hagan_and_menhaj(make: Any, mu: float) -> None:
    problem = make()
    errors, jacobian = unscaled(problem)
    # For the sum of n squares mu is n / 2 times as large, as the docstring says.
    more = problem.count / 2.0
    x, after, tries = hagan_and_menhaj(errors, jacobian, problem.start, mu * more, 2)
    found = search(LevenbergMarquardt(damping="classic", mu=mu), problem, 2)
    assert tries > 2
    assert problem.asked["LossAt"] == tries
    np.testing.assert_allclose(found.last.parameters, x, rtol=1e-7)
    assert more * float(found.last.state["mu"]) == pytest.approx(after)


def test_iterations_are_those_of_madsen_nielsen_and_tingleff() -> None:
    problem = rosenbrock()
    found = search(STRAIGHT, problem, 4)
    steps = problem.asked["LossAt"]
    assert steps > 4
    x, mu, nu = madsen_nielsen_tingleff(
        lambda at: problem.answer(ResidualsAt(at)).residuals,
        lambda at: problem.answer(ResidualsAt(at)).jacobian,
        problem.start,
        steps,
    )
    np.testing.assert_allclose(found.last.parameters, x, rtol=1e-9)
    assert float(found.last.state["mu"]) == pytest.approx(mu)
    assert float(found.last.state["nu"]) == nu == 2.0


def test_the_scaling_of_marquardt_damps_by_the_diagonal() -> None:
    problem = sine(rows=30, seed=1)
    at = problem.answer(ResidualsAt(problem.start))
    matrix = at.jacobian.T @ at.jacobian
    damped = matrix + 0.1 * np.diag(np.diag(matrix))
    due = problem.start - np.linalg.solve(damped, at.jacobian.T @ at.residuals)
    found = search(LevenbergMarquardt(damping="classic", scaling="marquardt", mu=0.1), problem, 1)
    assert problem.asked["LossAt"] == 1
    np.testing.assert_allclose(found.last.parameters, due, rtol=1e-9)


def test_units_of_a_parameter_do_not_matter_to_the_scaling_of_marquardt() -> None:
    plain = rosenbrock()
    units = np.array([1e3, 1e-2])
    other = Squares(lambda x: _valley(x / units), plain.start * units, mean=False)
    for form, same in (("classic, marquardt", True), ("classic", False)):
        one, two = search(FORMS[form], plain, 4), search(FORMS[form], other, 4)
        agree = np.allclose(one.last.parameters, two.last.parameters / units, rtol=1e-6)
        assert agree is same


def _valley(x: Any) -> Any:
    import jax.numpy as jnp

    return jnp.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def test_a_step_is_bent_as_transtrum_and_sethna_bend_it() -> None:
    problem, form = rosenbrock(), LevenbergMarquardt(tau=1.0, acceleration=100.0)
    at, x = problem.answer(ResidualsAt(problem.start)), problem.start
    matrix = at.jacobian.T @ at.jacobian
    damped = matrix + matrix.diagonal().max() * np.eye(2)
    v = -np.linalg.solve(damped, at.jacobian.T @ at.residuals)
    # The first residual is 10 (y - x^2), whose second derivative along v is -20 v_x^2.
    a = -np.linalg.solve(damped, at.jacobian.T @ [-20.0 * v[0] ** 2, 0.0])
    found = search(form, problem, 1)
    assert problem.asked["LossAt"] == 1
    np.testing.assert_allclose(found.last.parameters, x + v + 0.5 * a, rtol=1e-10)
    # A bend that is not small beside the step is left out.
    size = 2.0 * np.linalg.norm(a) / np.linalg.norm(v)
    for most, due in ((1.001 * size, x + v + 0.5 * a), (0.999 * size, x + v)):
        found = search(LevenbergMarquardt(tau=1.0, acceleration=most), problem, 1)
        np.testing.assert_allclose(found.last.parameters, due, rtol=1e-10)


def test_bent_steps_are_fewer_in_a_narrow_valley() -> None:
    taken = []
    for form in (FORMS["nielsen"], STRAIGHT):
        found = [search(form, sine(seed=seed), 400, 1e-7) for seed in range(4)]
        assert all(one.last.loss < 1e-7 for one in found)
        taken.append(sum(len(one.iterates) for one in found))
    assert taken[0] < 0.75 * taken[1]


# ---- problems solved within a budget ----

# Iterations to a loss of 1e-10 (1e-6 for the sine): about a tenth more than are needed.
BUDGETS: dict[str, dict[str, int]] = {
    "classic": {"parabola": 3, "rosenbrock": 28, "exclusive or": 6, "sine": 17},
    "nielsen": {"parabola": 3, "rosenbrock": 15, "exclusive or": 9, "sine": 23},
    "classic, marquardt": {"parabola": 3, "rosenbrock": 26, "exclusive or": 30, "sine": 17},
    "nielsen, marquardt": {"parabola": 3, "rosenbrock": 18, "exclusive or": 42, "sine": 21},
}
PROBLEMS: dict[str, tuple[Callable[[], Problem], float]] = {
    "parabola": (parabola, 1e-10),
    "rosenbrock": (rosenbrock, 1e-10),
    "exclusive or": (exclusive_or, 1e-10),
    "sine": (sine, 1e-6),
}


@pytest.mark.parametrize("name", list(PROBLEMS))
@pytest.mark.parametrize("form", list(FORMS))
def test_problems_are_solved_within_a_budget(form: str, name: str) -> None:
    make, goal = PROBLEMS[name]
    found = search(FORMS[form], make(), BUDGETS[form][name], goal)
    assert found.last.loss < goal
    losses = [one.loss for one in found.iterates]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("form", list(FORMS))
def test_a_network_learns_classes_by_cross_entropy(form: str) -> None:
    assert search(FORMS[form], two_classes(), 40, 0.05).last.loss < 0.05


# ---- beside SciPy, and certified values ----

MISRA_X = np.array(
    [77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760]
)
MISRA_Y = np.array(
    [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47,
     81.78]
)  # fmt: skip


@compiled_once
def misra() -> Squares:
    """Misra1a of NIST's reference data sets: y = b1 (1 - exp(-b2 x)), from the harder start."""
    import jax.numpy as jnp

    return Squares(
        lambda b: b[0] * (1.0 - jnp.exp(-b[1] * MISRA_X)) - MISRA_Y, [500.0, 0.0001], mean=False
    )


@pytest.mark.parametrize("form", ["classic, marquardt", "nielsen, marquardt", "classic"])
def test_the_certified_values_of_nist_are_found(form: str) -> None:
    found = search(FORMS[form], misra(), 200)
    assert found.last.ended is not None
    assert found.last.parameters == pytest.approx([2.3894212918e2, 5.5015643181e-4], rel=1e-7)
    assert 2.0 * found.last.loss == pytest.approx(1.2455138894e-1, rel=1e-9)


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("name", ["peak", "network"])
def test_scipy_finds_the_same_optimum(name: str, form: str) -> None:
    from scipy.optimize import least_squares

    problem = peak() if name == "peak" else one_unit()
    found = search(FORMS[form], problem, 500)
    assert found.last.ended == "no step lowers the loss: the damping reached 1e+10"

    def solved_from(start: Any) -> Any:
        return least_squares(
            lambda at: problem.answer(ResidualsAt(at)).residuals,
            start,
            lambda at: problem.answer(ResidualsAt(at)).jacobian,
            method="lm",
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
        )

    # From where we end, SciPy finds nothing lower; and a peak has one optimum only.
    assert solved_from(found.last.parameters).cost == pytest.approx(found.last.loss, rel=1e-9)
    if name == "peak":
        np.testing.assert_allclose(found.last.parameters, solved_from(problem.start).x, rtol=1e-6)


# ---- where no step is left ----


@compiled_once
def singular() -> Squares:
    """Only the sum of the first two of three parameters matters; five residuals."""
    factors = np.arange(1.0, 6.0)
    return Squares(lambda x: factors * (x[0] + x[1] - 4.0) + 0.0 * x[2], np.zeros(3))


@pytest.mark.parametrize("form", list(FORMS))
def test_a_singular_jacobian_does_no_harm(form: str) -> None:
    found = search(FORMS[form], singular(), 30)
    assert found.last.loss < 1e-20
    assert found.last.ended is not None
    assert np.isfinite(found.last.parameters).all()


@pytest.mark.parametrize("form", list(FORMS))
def test_a_zero_gradient_ends_the_search(form: str) -> None:
    problem = parabola()
    problem.start = np.full(5, 3.0)
    found = search(FORMS[form], problem, 5)
    assert [one.ended for one in found.iterates] == ["the gradient is zero"]
    assert np.array_equal(found.last.parameters, problem.start)
    flat = Squares(lambda x: 0.0 * x + 1.0, np.ones(3))
    assert search(FORMS[form], flat, 5).last.ended == "the gradient is zero"


@pytest.mark.parametrize("form", list(FORMS))
def test_one_row_is_learned(form: str) -> None:
    problem = regression((3, 4, 2), np.array([[0.5, -1.0, 2.0]]), np.array([[0.3, -0.7]]))
    found = search(FORMS[form], problem, 60, 1e-12)
    assert found.last.loss < 1e-12
    assert set(problem.asked) - {"BendingAlong"} == {"ResidualsAt", "LossAt"}


def test_equations_are_those_of_the_fewer_unknowns() -> None:
    few, many = sine(rows=15), sine(rows=16)
    search(FORMS["classic"], few, 1)
    search(FORMS["classic"], many, 1)
    assert set(few.asked) == {"ResidualsAt", "LossAt"}
    assert set(many.asked) == {"NormalEquationsAt", "LossAt"}


def test_both_ways_of_solving_make_the_same_steps() -> None:
    class Whole(Squares):
        """Squares that do not say how many residuals they have."""

        @property
        def sizes(self) -> Any:
            return super(Squares, self).sizes

    plain = sine(rows=12)
    whole = Whole(lambda at: plain.scaled(at), plain.start, mean=False)
    for form in FORMS.values():
        one, other = search(form, plain, 4), search(form, whole, 4)
        np.testing.assert_allclose(one.last.parameters, other.last.parameters, rtol=1e-6)
    assert "ResidualsAt" not in whole.asked


def _no_loss(first: int) -> Callable[[int, Request, Any], Any]:
    return lambda number, request, answer: (
        np.nan if number >= first and isinstance(request, LossAt) else answer
    )


def _odd_matrix(number: int, request: Request, answer: Any) -> Any:
    if number >= 5 and isinstance(answer, NormalEquations):
        return NormalEquations(answer.loss, answer.gradient, answer.matrix * np.nan)
    return answer


def _infinite(number: int, request: Request, answer: Any) -> Any:
    if isinstance(answer, NormalEquations):
        return NormalEquations(np.inf, answer.gradient, answer.matrix)
    return answer


def _flat(number: int, request: Request, answer: Any) -> Any:
    if isinstance(answer, NormalEquations):
        return NormalEquations(answer.loss, answer.gradient, answer.matrix * 0.0)
    return answer


@pytest.mark.parametrize("form", list(FORMS))
def test_without_any_curvature_it_goes_along_the_gradient(form: str) -> None:
    found = Search(FORMS[form], sine(), _flat).run(20)
    assert found.last.loss < 0.7 * found.iterates[0].loss


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_no_loss(0), "no step lowers the loss: the damping reached 1e+10"),
        (_no_loss(4), "no step lowers the loss: the damping reached 1e+10"),
        (_odd_matrix, "the gradient or its matrix is not finite"),
        (_infinite, "the loss is inf"),
    ],
)
def test_what_is_not_finite_ends_with_a_reason(form: str, spoil: Any, why: str) -> None:
    problem = sine()
    found = Search(FORMS[form], problem, spoil).run(50)
    assert found.last.ended == why
    assert np.isfinite(found.last.parameters).all()
    # Whoever goes on from there meets the same reason again.
    assert found.run(3).last.ended == why


@pytest.mark.parametrize("size", [1e-170, 1e-150, 1e140, 1e160])
@pytest.mark.parametrize("form", list(FORMS))
def test_numbers_at_the_edge_of_float64_end_the_search_quietly(form: str, size: float) -> None:
    found = search(FORMS[form], Squares(lambda x: size * (x - 3.0), np.zeros(2)), 60)
    assert found.last.ended is not None or found.last.loss == 0.0
    assert np.isfinite(found.last.parameters).all()


# ---- what is refused ----


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"damping": "none"}, "damping of LevenbergMarquardt is 'none'. Give 'nielsen' or"),
        ({"scaling": 1}, "scaling of LevenbergMarquardt is 1. Give 'identity' or 'marquardt'"),
        ({"mu": 0.0}, "mu of LevenbergMarquardt is 0.0. Give a number above 0"),
        ({"mu_increase": 1.0}, "Give a number above 1"),
        ({"mu_decrease": 1.0}, "Give a number between 0 and 1"),
        ({"mu_max": 1e-4}, "Give a number above mu"),
        ({"acceleration": -1.0}, "Give a number from 0"),
        ({"tau": np.nan}, "tau of LevenbergMarquardt is nan"),
        ({"mu": "0.001"}, "mu of LevenbergMarquardt is '0.001'"),
    ],
)
def test_constants_that_are_none_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(cr.SetupError) as caught:
        LevenbergMarquardt(**given)
    assert words in " ".join(str(caught.value).split())
