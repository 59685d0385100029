"""Rules that follow from words: gradients and tangents of plain functions, and the walks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.arrays import exp, log, matmul, sigmoid, sum_over, take, tanh, where
from chainrule.engines.reference import evaluate
from chainrule.errors import SetupError, ShapeError
from chainrule.ops import OPS
from chainrule.ops.derived import (
    backward_of_function,
    op_from_function,
    record_function,
    tangent_of_function,
)
from chainrule.ops.walks import Step, backward_walk, forward_walk, steps_towards, tangent_walk
from chainrule.program import Input, trace
from chainrule.shapes import ROWS
from chainrule.testing import assert_op, check_op

STEP = 1e-6


def slope(function: Callable[[Any], Any], x: float) -> float:
    """Return the gradient of a function of one number."""
    (gradient,) = backward_of_function(function, np.float64(1.0), (np.float64(x),))
    return float(np.asarray(gradient))


# ---------------------------------------------------------------- functions of numbers


@pytest.mark.parametrize(
    ("function", "x", "due"),
    [
        (lambda x: x**3 - 4 * x**2 + 6, 0.5, 3 * 0.25 - 4.0),
        (lambda x: (1.5 * x - 0.5) ** 2, 0.8, 2.1),
        (lambda x: np.exp(-x) / x, 2.0, -np.exp(-2.0) / 2.0 - np.exp(-2.0) / 4.0),
        (lambda x: np.where(x > 0.0, x * x, -x), -3.0, -1.0),
        (lambda x: x, 3.0, 1.0),
        (lambda x: x * 0.0 + 2.0, 3.0, 0.0),
        (lambda x: abs(x), 0.0, 0.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: np.sqrt(np.sin(x) + 2.0), 0.3, 0.5 * np.cos(0.3) / np.sqrt(np.sin(0.3) + 2.0)),
        (lambda x: x.mean() + x.sum() + x.max(), 0.3, 3.0),
    ],
)
def test_the_slope_of_a_plain_function(
    function: Callable[[Any], Any], x: float, due: float
) -> None:
    assert slope(function, x) == pytest.approx(due, rel=1e-14, abs=1e-15)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=6), st.floats(-2.0, 2.0))
def test_the_gradient_of_a_polynomial(coefficients: list[float], x: float) -> None:
    def polynomial(x: Any) -> Any:
        total = x * 0.0
        for coefficient in coefficients:
            total = total * x + coefficient
        return total

    due = np.polyval(np.polyder(np.poly1d(coefficients)), x) if len(coefficients) > 1 else 0.0
    assert slope(polynomial, x) == pytest.approx(due, rel=1e-9, abs=1e-9)


def test_what_a_result_does_not_depend_on_has_no_gradient() -> None:
    gradients = backward_of_function(lambda a, b: a * 2.0, np.ones(3), (np.ones(3), np.ones(3)))
    assert gradients[0].tolist() == [2.0, 2.0, 2.0]
    assert gradients[1] is None
    assert tangent_of_function(lambda a, b: a, (None, np.ones(3)), (np.ones(3),) * 2) is None


def test_two_outputs_that_are_one_value_add_their_gradients() -> None:
    seeds = (np.array([1.0, 2.0]), np.array([10.0, 20.0]))
    (gradient,) = backward_of_function(lambda x: (x * 3.0,) * 2, seeds, (np.ones(2),))
    assert gradient.tolist() == [33.0, 66.0]


def test_a_value_used_twice_adds_both_gradients() -> None:
    (gradient,) = backward_of_function(
        lambda x: sum_over(x * x + 3.0 * x), np.float64(1.0), (np.array([1.0, -2.0]),)
    )
    assert gradient.tolist() == [5.0, -1.0]


# ---------------------------------------------------------------- gradients of gradients


def small_network(x: Any, w: Any, v: Any, labels: Any) -> Any:
    hidden = tanh(matmul(x, w))
    logits = matmul(hidden, v)
    chosen = take(np.eye(3), labels)
    return -sum_over(chosen * (logits - log(sum_over(exp(logits), -1, keepdims=True)))) / x.shape[0]


def drawn() -> tuple[Any, ...]:
    random = np.random.default_rng(3)
    return (
        random.normal(size=(5, 2)),
        random.normal(size=(2, 4)),
        random.normal(size=(4, 3)),
        random.integers(0, 3, size=5),
    )


def test_a_gradient_is_differentiated_once_more() -> None:
    """A curvature product by words, against differences of the gradient."""
    x, w, v, labels = drawn()
    random = np.random.default_rng(4)
    changes = (None, random.normal(size=w.shape), random.normal(size=v.shape), None)

    def gradients(*inputs: Any) -> Any:
        made = backward_of_function(small_network, np.float64(1.0), inputs)
        return made[1], made[2]

    made = tangent_of_function(gradients, changes, (x, w, v, labels))
    ahead = gradients(x, w + STEP * changes[1], v + STEP * changes[2], labels)
    behind = gradients(x, w - STEP * changes[1], v - STEP * changes[2], labels)
    for one, high, low in zip(made, ahead, behind, strict=True):
        np.testing.assert_allclose(one, (high - low) / (2.0 * STEP), rtol=1e-6, atol=1e-9)


def test_a_curvature_matrix_by_products_is_symmetric() -> None:
    def bowl(x: Any) -> Any:
        return sum_over(sigmoid(x) * x) + x[0] * x[1] ** 2

    def gradient(x: Any) -> Any:
        return backward_of_function(bowl, np.float64(1.0), (x,))[0]

    x = np.array([0.3, -0.7, 1.1])
    matrix = np.array([tangent_of_function(gradient, (row,), (x,)) for row in np.eye(3)])
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-14)
    assert matrix[0, 1] == pytest.approx(2.0 * x[1])


def test_derivatives_can_be_traced_with_rows_left_open() -> None:
    program = trace(
        lambda x, w, v, labels: backward_of_function(
            small_network, np.float64(1.0), (x, w, v, labels)
        )[1:3],
        [
            Input("x", (ROWS, 2)),
            Input("w", (2, 4)),
            Input("v", (4, 3)),
            Input("labels", (ROWS,), "integer"),
        ],
        ["w", "v"],
    )
    x, w, v, labels = drawn()
    due = backward_of_function(small_network, np.float64(1.0), (x, w, v, labels))
    for one, other in zip(evaluate(program, (x, w, v, labels)), due[1:3], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    assert not program.coupled


# ---------------------------------------------------------------- an op from a function


def cubed(x: Any, target: Any) -> Any:
    """The cubes of the differences, summed over outputs."""
    return sum_over((x - target) ** 3, axis=1)


def test_an_op_made_from_a_function_holds_its_word() -> None:
    one = op_from_function("cubed", cubed, "n o, n o -> n")
    assert check_op(one) == ["cubed, example 1: it mixes along the axis o, which couples does "
                             "not name."]  # fmt: skip
    assert one.about == "The cubes of the differences, summed over outputs."
    assert one.formula == r"y = \text{cubed}(x, target)"
    assert one.input_names == ("x", "target")
    assert "cubed" not in OPS


def test_a_lambda_makes_an_op_too() -> None:
    assert_op(op_from_function("shifted_square", lambda x: (x - 1.0) ** 2, "... -> ..."))


def test_an_op_of_several_outputs_from_a_function() -> None:
    assert_op(op_from_function("both", lambda x: (np.exp(x), x * 2.0), "... -> ..., ..."))


def test_a_function_that_leaves_the_alphabet_is_refused() -> None:
    with pytest.raises(SetupError, match="not a word"):
        record_function(lambda x: np.median(x), (np.ones(3),))
    with pytest.raises(ShapeError, match="do not meet"):
        record_function(lambda x: x + np.ones(4), (np.ones(3),))


def test_a_recording_knows_what_it_makes() -> None:
    made = record_function(lambda x: (x[:, 0], x.sum()), (np.ones((3, 2)),))
    assert made.shapes == ((3,), ())
    assert [step.op.name for step in made.steps] == ["slice", "reshape", "sum_over"]


# ---------------------------------------------------------------- walks

CHAIN = (
    Step(OPS["product"], ("x", "w"), ("hidden",)),
    Step(OPS["tanh"], ("hidden",), ("active",)),
    Step(OPS["sum_of_two"], ("active", "hidden"), ("y",)),
    Step(OPS["relu"], ("hidden",), ("unused",)),
)


def test_gradients_that_meet_at_a_value_are_added() -> None:
    x, w, _, _ = drawn()
    values = forward_walk(CHAIN, {"x": x, "w": w})
    known = backward_walk(CHAIN, values, {"y": np.ones((5, 4))})
    np.testing.assert_allclose(known["hidden"], (1.0 - np.tanh(x @ w) ** 2) + 1.0)
    np.testing.assert_allclose(known["w"], x.T @ known["hidden"])
    assert "unused" not in known


def test_a_tangent_is_what_differences_say() -> None:
    x, w, _, _ = drawn()
    change = np.random.default_rng(5).normal(size=w.shape)
    values = forward_walk(CHAIN, {"x": x, "w": w})
    made = tangent_walk(CHAIN, values, {"w": change})["y"]
    ahead, behind = (
        forward_walk(CHAIN, {"x": x, "w": w + one * change})["y"] for one in (STEP, -STEP)
    )
    np.testing.assert_allclose(made, (ahead - behind) / (2.0 * STEP), rtol=1e-7, atol=1e-9)
    assert tangent_walk(CHAIN, values, {"other": change}) == {"other": change}


def test_steps_are_cut_to_what_is_wanted() -> None:
    assert steps_towards(CHAIN, ["y"]) == list(CHAIN[:3])
    assert steps_towards(CHAIN, ["unused"]) == [CHAIN[0], CHAIN[3]]
    assert steps_towards(CHAIN, ["x"]) == []


def test_a_step_without_a_gradient_ends_the_way_back() -> None:
    steps = (Step(OPS["step"], ("x",), ("sharp",)), Step(OPS["tanh"], ("sharp",), ("y",)))
    values = forward_walk(steps, {"x": np.array([-1.0, 2.0])})
    known = backward_walk(steps, values, {"y": np.ones(2)})
    assert "sharp" in known
    assert "x" not in known
    changed = tangent_walk(steps, values, {"x": np.ones(2)})
    assert set(changed) == {"x"}


def test_where_leads_gradients_through_the_branch_that_was_taken() -> None:
    x = np.array([-2.0, 0.5, 3.0])
    gradients = backward_of_function(
        lambda x: sum_over(where(x > 0.0, log(where(x > 0.0, x, 1.0)), 0.0)), np.float64(1.0), (x,)
    )
    np.testing.assert_allclose(gradients[0], [0.0, 2.0, 1.0 / 3.0])


def test_a_mask_times_one_counts_as_a_number() -> None:
    """Truth values times 1.0 are numbers: two of them add to 2, as in NumPy."""

    def masked(x: Any) -> Any:
        return (((x > 0) * 1.0 + (x > 1) * 1.0) * x * x).sum()

    x = np.array([-1.0, 0.5, 2.0])
    (slope,) = backward_of_function(masked, np.ones(()), (x,))
    np.testing.assert_allclose(slope, [0.0, 1.0, 8.0])


def test_a_choice_at_one_number_has_a_slope() -> None:
    (slope,) = backward_of_function(
        lambda x: x * np.where(x > 0.0, x, -x), np.ones(()), (np.array(2.0),)
    )
    assert float(slope) == 4.0
