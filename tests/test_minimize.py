"""``minimize``: known walks, slopes of both kinds, every optimizer, and what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from first_order_rules import STEPPING
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.optimizers import OPTIMIZERS


def curve(x: Any) -> Any:
    return x**3 - 4 * x**2 + 6


def rosenbrock(v: Any) -> Any:
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


def test_the_curve_of_the_first_example() -> None:
    found = cr.minimize(curve, 0.5, cr.GradientDescent(0.05), 100)
    assert found.x == pytest.approx(8 / 3, abs=1e-12)
    assert isinstance(found.x, float)
    assert found.value == pytest.approx(curve(8 / 3))
    assert found.path.shape == (101,)
    assert found.values.shape == (101,)
    assert found.slopes.shape == (100,)
    np.testing.assert_allclose(found.values, curve(found.path), rtol=1e-14)
    np.testing.assert_allclose(found.slopes, 3 * found.path[:-1] ** 2 - 8 * found.path[:-1])
    np.testing.assert_allclose(found.path[1:], found.path[:-1] - 0.05 * found.slopes, rtol=1e-14)


def test_the_central_difference_of_a_cubic_is_off_by_the_square_of_its_step() -> None:
    found = cr.minimize(curve, 0.5, cr.GradientDescent(0.05), 100, difference=0.01)
    exact = 3 * found.path[:-1] ** 2 - 8 * found.path[:-1]
    np.testing.assert_allclose(found.slopes - exact, 0.01**2, rtol=1e-6)
    assert round(found.x, 2) == 2.67


def test_a_function_of_an_array_keeps_its_shape() -> None:
    wanted = np.arange(6.0).reshape(2, 3)
    found = cr.minimize(
        lambda x: ((x - wanted) ** 2).sum(), np.zeros((2, 3)), cr.GradientDescent(0.25), 60
    )
    np.testing.assert_allclose(found.x, wanted, atol=1e-12)
    assert found.path.shape == (61, 2, 3)
    assert found.slopes.shape == (60, 2, 3)


RATES: dict[str, Any] = {
    "adam": 0.02, "adamw": 0.02, "nadam": 0.02, "amsgrad": 0.05, "rmsprop": 0.005, "adagrad": 0.5,
    "adadelta": cr.CosineDecay(1.0, 6000), "rprop_plus": 1.0, "rprop_minus": 1.0,
    "irprop_plus": 1.0, "irprop_minus": 1.0,
}  # fmt: skip


@pytest.mark.parametrize("name", STEPPING)
def test_every_optimizer_that_takes_steps_walks_down_rosenbrocks_valley(name: str) -> None:
    rate = RATES.get(name, 0.001)
    chosen = dataclasses.replace(OPTIMIZERS[name](), learning_rate=rate)
    found = cr.minimize(rosenbrock, [-1.2, 1.0], chosen, 6000)
    assert found.values.min() < 0.02


@given(coefficients=st.lists(st.floats(-2, 2), min_size=3, max_size=3), start=st.floats(-2.0, 2.0))
def test_slopes_are_those_of_the_formula(coefficients: list[float], start: float) -> None:
    a, b, c = coefficients

    def f(x: Any) -> Any:
        return a * np.sin(x) + b * x**2 + c * np.exp(x / 2)

    found = cr.minimize(f, start, cr.GradientDescent(0.01), 3)
    x = found.path[:-1]
    due = a * np.cos(x) + 2 * b * x + c / 2 * np.exp(x / 2)
    np.testing.assert_allclose(found.slopes, due, rtol=1e-12, atol=1e-12)


def test_a_schedule_counts_a_step_as_an_epoch() -> None:
    found = cr.minimize(lambda x: x * 3, 0.0, cr.GradientDescent(cr.StepDecay(0.1, every=2)), 5)
    np.testing.assert_allclose(np.diff(found.path), [-0.3, -0.3, -0.15, -0.15, -0.075])


def test_no_steps() -> None:
    found = cr.minimize(curve, 0.5, steps=0)
    assert (found.x, found.value) == (0.5, curve(0.5))
    assert found.slopes.shape == (0,)
    assert "after 0 steps" in str(found)


def test_a_walk_that_overflows_says_where_it_went() -> None:
    found = cr.minimize(lambda x: x**4, 3.0, cr.GradientDescent(1.0), 20)
    assert not np.isfinite(found.x)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ((lambda x: x * 2, [1.0, 2.0]), cr.ShapeError, "Return one number"),
        ((curve, "here"), cr.DataError, "The start holds something that is not a number"),
        ((curve, []), cr.DataError, "empty"),
        ((curve, float("nan")), cr.DataError, "NaN"),
        ((3, 1.0), cr.SetupError, "3 is no function"),
        ((curve, 1.0, "adm"), cr.SetupError, "Did you mean 'adam'"),
        ((curve, 1.0, cr.Adam(-1.0)), cr.SetupError, "The learning rate is -1.0"),
        ((curve, 1.0, "adam", -1), cr.SetupError, "steps=-1"),
        ((curve, 1.0, "adam", True), cr.SetupError, "steps=True"),
        ((lambda x: 1.0, 1.0), cr.SetupError, "does not depend on its argument"),
        ((lambda x: float(x), 1.0), cr.SetupError, ""),
    ],
)
def test_what_cannot_be_minimised(arguments: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        cr.minimize(*arguments)
    assert words in str(caught.value)


@pytest.mark.parametrize("difference", [0, "x", float("nan"), True])
def test_a_difference_that_is_no_step(difference: Any) -> None:
    with pytest.raises(cr.SetupError, match="no step"):
        cr.minimize(curve, 1.0, difference=difference)
