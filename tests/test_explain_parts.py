"""Parts of an explanation alone: differences at kinks, formulas, symbols, how values were made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from explained_networks import FAMILIES, drawn

import chainrule as cr
from chainrule.explanation.differences import Difference, extrapolated
from chainrule.explanation.door import explain
from chainrule.explanation.formulas.expressions import Expression, named, number, slope_of, written
from chainrule.ops import OPS

# ---------------------------------------------------------------- differences


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (math.exp, 1.0, math.e),
        (math.sin, 1e3, math.cos(1e3)),
        (lambda x: x**5, -0.7, 5 * 0.7**4),
        (lambda x: 1e-9 * math.tanh(x), 0.3, 1e-9 / math.cosh(0.3) ** 2),
        (lambda x: 1e6 + x * x, 2.0, 4.0),
    ],
)
def test_the_error_of_a_difference_is_bounded(function: Any, at: float, slope: float) -> None:
    steps = [2.0 ** -(4 + place) * max(abs(at), 1.0) for place in range(16)]
    above, below = [function(at + h) for h in steps], [function(at - h) for h in steps]
    noise = [
        4 * 2.2e-16 * (abs(a) + abs(b)) / h for a, b, h in zip(above, below, steps, strict=True)
    ]
    central = [(a - b) / (2 * h) for a, b, h in zip(above, below, steps, strict=True)]
    found, error = extrapolated(central, noise, 2)
    assert abs(found - slope) <= error
    assert error <= 1e-6 * abs(slope) + 2e-9
    right, right_error = extrapolated(
        [(a - function(at)) / h for a, h in zip(above, steps, strict=True)], noise, 1
    )
    assert abs(right - slope) <= right_error


def kinked(activation: str, weight: float = 2.0, **settings: Any) -> cr.Network:
    """Return a network whose activation stands exactly at 0 for the input 0."""
    network = cr.Network(
        cr.Input(1), cr.Dense(1, name="a"), cr.Activation(activation, **settings),
        cr.Dense(1, name="o"), seed=0,
    )  # fmt: skip
    return network.with_parameters({"a.W": [[weight]], "a.b": [0.0], "o.W": [[3.0]], "o.b": [1.0]})


@pytest.mark.parametrize("weight", [2.0, -2.0])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "celu"])
def test_at_a_kink_the_side_is_that_of_the_op(activation: str, weight: float) -> None:
    network = kinked(activation, weight)
    rule = cr.backpropagate(network, [[0.0]], [[5.0]]).gradients["x"][0, 0]
    why = explain(network, "x[0]", x=[0.0], y=[5.0])
    checks = why.checks
    assert checks is not None
    assert checks.agree
    if activation == "celu":
        assert not checks.difference.kink
        return
    assert checks.difference.kink
    assert f"{activation} takes the slope from the" in checks.difference.convention
    assert checks.difference.slope == pytest.approx(rule, abs=1e-6)
    sides = sorted((checks.difference.left, checks.difference.right))
    low = 0.0 if activation == "relu" else 0.01
    due = sorted(-4.0 * 3.0 * weight * one for one in (low, 1.0))
    assert sides == pytest.approx(due, abs=1e-6)
    assert "There is a kink" in checks.sentence()


def test_a_tie_is_a_kink_without_a_rule() -> None:
    network = cr.Network(cr.Input((1, 2)), cr.MaxPool(2), cr.Flatten(), cr.Dense(1), seed=0)
    checks = explain(network, "x[0,0]", x=np.ones((1, 1, 2)), y=[[3.0]]).checks
    assert checks is not None
    assert checks.difference.kink
    assert not checks.difference.convention
    assert checks.agree
    assert "no rule says" in checks.sentence()


def test_what_lies_between_two_slopes() -> None:
    tie = Difference(0.5, 1e-9, 0.0, 1.0, kink=True)
    assert tie.agrees(0.3, 0.0)
    assert not tie.agrees(1.1, 0.0)
    assert not Difference(0.5, 1e-9, 0.5, 0.5).agrees(0.3, 0.0)
    assert not tie.agrees(math.nan, 0.0)


def test_a_number_that_is_no_number_agrees_with_nothing() -> None:
    network = cr.Network(cr.Input(1), cr.Dense(1), seed=0).with_parameters(
        {"dense_1.W": [[1.0]], "dense_1.b": [0.0]}
    )
    why = explain(network, "dense_1.W[0,0]", x=[1e200], y=[0.0], loss="squared_error")
    assert why.checks is not None
    assert not why.checks.agree
    assert why.to_dict()["loss"] == "Infinity"


# ---------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    ("op", "text"),
    [
        ("tanh", "1 - y²"),
        ("sigmoid", "y · (1 - y)"),
        ("relu", "1 if 0 < x else 0"),
    ],
)
def test_formulas_are_printed_from_the_rules(op: str, text: str) -> None:
    assert str(slope_of(OPS[op])) == text


def computed(expression: Expression, known: dict[str, float]) -> Any:
    """Return the number of an expression, by a table of its own."""
    parts = [computed(one, known) for one in expression.parts]
    if expression.word == "name":
        return known[expression.text]
    if expression.word == "number":
        return float(expression.text)
    table: dict[str, Any] = {
        "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b,
        "divide": lambda a, b: a / b, "negative": lambda a: -a, "power": lambda a, b: a**b,
        "where": lambda c, a, b: a if c else b, "less": lambda a, b: a < b,
        "less_equal": lambda a, b: a <= b, "equal": lambda a, b: a == b, "absolute": abs,
        "exp": math.exp, "tanh": math.tanh, "log1p": math.log1p, "erf": math.erf, "sqrt": math.sqrt,
        "maximum": max, "minimum": min, "logical_and": lambda a, b: a and b, "log": math.log,
        "sign": lambda a: float(np.sign(a)), "expm1": math.expm1,
        "sigmoid": lambda a: 1.0 / (1.0 + math.exp(-a)),
    }  # fmt: skip
    return table[expression.word](*parts)


@pytest.mark.parametrize(
    "name", sorted(one.name for one in OPS.values() if one.kind == "elementwise" and one.derivative)
)
def test_an_expression_is_the_derivative(name: str) -> None:
    op = OPS[name]
    found = slope_of(op, {})
    assert found is not None
    for x in (-2.3, -0.4, 0.7, 3.1):
        y = float(op.forward(np.array([x]))[0])
        due = float(np.broadcast_to(op.derivative(np.array([y]), np.array([x])), (1,))[0])
        # Numbers are printed to six digits.
        assert computed(found, {"x": x, "y": y}) == pytest.approx(due, rel=1e-5, abs=1e-7)


def test_brackets_stand_where_they_must() -> None:
    a, b, c = named("a"), named("b"), named("c")
    total = Expression("add", (a, b))
    assert written(Expression("multiply", (total, c))) == "(a + b) · c"
    assert written(Expression("subtract", (c, total))) == "c - (a + b)"
    assert written(Expression("subtract", (total, c))) == "a + b - c"
    product = Expression("multiply", (a, b))
    assert written(Expression("divide", (c, product))) == "c / (a · b)"
    assert written(Expression("multiply", (total, total))) == "(a + b)²"
    assert written(Expression("negative", (total,))) == "-(a + b)"
    assert written(Expression("multiply", (number(-2.0), a))) == "-2 · a"
    assert written(Expression("exp", (total,))) == "exp(a + b)"


# ---------------------------------------------------------------- symbols of textbooks


ROW: dict[str, Any] = {"x": [0.5, 1.0, -1.0], "y": [0.2, 0.4], "symbols": "textbook"}


def test_symbols_of_a_textbook() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(2), seed=1)
    why = explain(network, "dense_1.W[2,0]", **ROW)
    text = str(why)
    assert why.tree is not None
    assert f"∂C/∂w31⁽¹⁾ = {why.tree.value:.6g}" in text
    for symbol in (
        "x3 · δ1⁽¹⁾",
        "(1 - h1²) · ∂C/∂h1",
        "w11⁽²⁾ · δ1⁽²⁾",
        "w12⁽²⁾ · δ2⁽²⁾",
        "(o1 - target[0]) · ∂C/∂L",
    ):
        assert symbol in text, symbol
    symbols = [one.symbol for one in why.forward]
    assert symbols[:2] == ["z1⁽¹⁾", "h1"]
    assert symbols[-2:] == ["L", "C"]


def test_symbols_of_one_layer_and_of_many_units() -> None:
    one = cr.Network(cr.Input(3), cr.Dense(2), seed=0)
    assert "∂C/∂w12 =" in str(explain(one, "dense_1.W[0,1]", **ROW))
    assert "∂C/∂b2 =" in str(explain(one, "dense_1.b[1]", **ROW))
    wide = cr.Network(cr.Input(3), cr.Dense(12), cr.Dense(2), seed=0)
    assert "∂C/∂w3,12⁽¹⁾ =" in str(explain(wide, "dense_1.W[2,11]", **ROW))
    rows = {"x": [[0.5, 1.0, -1.0], [1.0, 0.0, 2.0]], "y": [[0.2, 0.4], [0.0, 1.0]]}
    assert "x1⟨1⟩ · δ2⟨1⟩" in str(explain(one, "dense_1.W[0,1]", symbols="textbook", **rows))


def test_other_networks_keep_their_names() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4), cr.LayerNorm(), cr.Dense(2), seed=1)
    assert "∂loss/∂dense_1.W[2,0]" in str(explain(network, "dense_1.W[2,0]", **ROW))


# ---------------------------------------------------------------- how a number was made


def test_a_weighted_sum_is_made_of_products() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(2), seed=1)
    why = explain(network, "dense_1.W[2,0]", x=[0.5, 1.0, -1.0], y=[0.2, 0.4])
    made = why.made("dense_1.linear[0]")
    assert made.adds_up
    weights = network.parameters["dense_1.W"][:, 0]
    found = {part.name: (part.factor, part.content) for part in made.parts}
    for place, x in enumerate((0.5, 1.0, -1.0)):
        assert found[f"x[{place}]"] == (weights[place], x)
    assert found["dense_1.b[0]"] == (1.0, 0.0)
    activation = why.made("dense_1[0]")
    assert not activation.adds_up
    assert [part.name for part in activation.parts] == ["dense_1.linear[0]"]
    assert why.made("x[1]").parts == ()
    assert why.made("x[1]").sentence() == "x[1] is given: 1."


def test_parts_are_folded_and_still_add_up() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(40, "relu"), cr.Dense(2), seed=1)
    made = explain(network, "dense_1[0]", x=[0.5, 1.0, -1.0], y=[0.2, 0.4]).made("dense_2[1]", 3)
    assert len(made.parts) == 3
    assert made.rest.count > 5
    shown = sum(part.product for part in made.parts) + made.rest.sum
    assert shown == pytest.approx(made.value, rel=1e-12)


@pytest.mark.parametrize("seed", range(2 * len(FAMILIES)))
def test_what_is_said_to_add_up_does(seed: int) -> None:
    one = drawn(seed)
    asked: dict[str, Any] = {"x": one.x, "y": one.y, "loss": one.loss, "training": one.training}
    why = explain(one.network, one.network.plan.parameters[0].name, **asked)
    summing = 0
    for value in sorted(why.trace.row_values):
        array = why.trace.exact.values[value]
        if array.dtype.kind != "f":
            continue
        place = ",".join(str(size // 2) for size in array.shape)
        made = why.made(f"{value}[{place}]", width=1000)
        total = sum(part.product for part in made.parts)
        if made.adds_up and made.parts:
            assert total == pytest.approx(made.value, rel=1e-9, abs=1e-12)
            summing += 1
        for part in made.parts:
            assert part.product == pytest.approx(part.content * part.factor, rel=1e-12)
    assert summing
