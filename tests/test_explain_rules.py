"""Formulas of local derivatives, read off the rules: each comes to the number beside it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from explained_networks import FAMILIES, drawn
from formula_values import formula_value
from matplotlib.mathtext import MathTextParser
from traced_networks import rows_of

import chainrule as cr
from chainrule.explanation.explanation import Explanation
from chainrule.explanation.factors import Factor
from chainrule.explanation.formulas.notations import LATEX, MATHML, SPOKEN, written_in
from chainrule.explanation.unfolding import Node
from chainrule.network.losses import Loss
from chainrule.ops import LOSSES, OPS

PARSER = MathTextParser("path")
TARGETS: dict[str, Any] = {
    "cross_entropy": 1, "kullback_leibler": [0.2, 0.8], "binary_cross_entropy": [0.0, 1.0],
    "hinge": [0.0, 1.0], "poisson": [2.0, 0.0],
}  # fmt: skip
ROW = [0.5, 1.0, -1.0]


def factors_of(why: Explanation) -> list[tuple[str, Factor]]:
    """Return all factors of an explanation, each with the op of its term."""
    assert why.tree is not None
    terms = [term for node in why.tree for term in node.terms]
    return [(term.op, one) for term in terms for one in term.factors]


def assert_formulas(why: Explanation) -> set[str]:
    """Hold every formula to its number, in every way of writing; return the ops that have one."""
    found = set()
    for op, one in factors_of(why):
        if one.expression is None:
            continue
        due = formula_value(why.trace, one.expression)
        assert np.ndim(due) == 0
        assert due == pytest.approx(one.value, rel=3e-5, abs=1e-12), one.formula
        PARSER.parse(f"${written_in(LATEX, one.expression)}$")
        ElementTree.fromstring(f"<mrow>{written_in(MATHML, one.expression)}</mrow>")
        assert written_in(SPOKEN, one.expression)
        found.add(op)
    return found


def formula(why: Explanation, op: str) -> str:
    """Return the first formula of an op's local derivative."""
    return next(one.formula for name, one in factors_of(why) if name == op)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_every_loss_prints_its_derivative_at_an_output(loss: str) -> None:
    network = cr.Network(cr.Input(3), cr.Dense(2), seed=1)
    target = TARGETS.get(loss, [0.3, 1.0])
    for symbols in ("own", "textbook"):
        why = cr.explain(network, "dense_1[0]", x=ROW, y=target, loss=loss, symbols=symbols)
        assert formula(why, loss), loss
        PARSER.parse(f"${written_in(LATEX, factors_of(why)[0][1].expression)}$")
        if symbols == "own":
            assert loss in assert_formulas(why)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("half_squared_error", "dense_1[0] - target[0]"),
        ("mean_squared_error", "2 · (dense_1[0] - target[0]) / 2"),
        ("mean_absolute_error", "sign(dense_1[0] - target[0]) / 2"),
        ("cross_entropy", "softmax(dense_1)[0] - 0"),
        ("binary_cross_entropy", "(sigmoid(dense_1[0]) - target[0]) / 2"),
        (
            "huber",
            "(dense_1[0] - target[0] if abs(dense_1[0] - target[0]) <= 1 "
            "else sign(dense_1[0] - target[0])) / 2",
        ),
    ],
)
def test_formulas_read_as_in_a_book(loss: str, expected: str) -> None:
    network = cr.Network(cr.Input(3), cr.Dense(2), seed=1)
    why = cr.explain(network, "dense_1[0]", x=ROW, y=TARGETS.get(loss, [0.3, 1.0]), loss=loss)
    assert formula(why, loss) == expected


def test_a_class_is_set_against_its_target_also_with_smoothing() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4), seed=1)
    why = cr.explain(network, "dense_1[2]", x=ROW, y=2)
    assert formula(why, "cross_entropy") == "softmax(dense_1)[2] - 1"
    assert why.tree is not None
    latex = why.latex()
    assert r"{\mathrm{softmax}\left(\mathrm{dense\_1}\right)}_{2} - 1" in latex
    assert "<msub>" in why.mathml()
    book = cr.explain(network, "dense_1[2]", x=ROW, y=2, symbols="textbook")
    assert formula(book, "cross_entropy") == "softmax(o)[2] - 1"
    loss = Loss(OPS["cross_entropy"], {"smoothing": 0.2})
    smooth = cr.explain(network, "dense_1[2]", x=ROW, y=2, loss=loss)
    assert formula(smooth, "cross_entropy") == "softmax(dense_1)[2] - 0.85"
    assert_formulas(smooth)


@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_shares_print_how_each_moves_the_others(activation: str) -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4, activation), cr.Dense(2), seed=1)
    why = cr.explain(network, "dense_1.linear[0]", x=ROW, y=1)
    assert activation in assert_formulas(why)
    assert why.tree is not None
    own = {one.through: one.factors[0].formula for one in why.tree.terms}
    if activation == "softmax":
        assert own["dense_1[0]"] == "dense_1[0] · (1 - dense_1[0])"
        # By the rule: y_k times the other share, taken away.
        assert own["dense_1[2]"] == "dense_1[0] · (-dense_1[2])"
    else:
        assert own["dense_1[0]"] == "1 - exp(dense_1[0])"


def test_norms_print_what_they_do_by_route() -> None:
    network = cr.Network(cr.Input(3), cr.Dense(4), cr.LayerNorm(), cr.Dense(2), seed=1)
    why = cr.explain(network, "dense_1[0]", x=ROW, y=1)
    assert "layer_norm" in assert_formulas(why)
    assert formula(why, "layer_norm") == (
        "layer_norm_1.gain[0] / sqrt(mean((dense_1 - mean(dense_1))²) + 1e-05)"
    )
    network = cr.Network(cr.Input(3), cr.Dense(4), cr.BatchNorm(), cr.Dense(2), seed=1)
    why = cr.explain(network, "dense_1[1,2]", x=rows_of(5, 3), y=[1, 0, 1, 0, 0], training=True)
    assert "batch_norm" in assert_formulas(why)
    assert formula(why, "batch_norm") == (
        "batch_norm_1.scale[2] / sqrt(mean((dense_1[:,2] - mean(dense_1[:,2]))²) + 1e-05)"
    )
    assert "the mean of dense_1 at all, 2" in _spoken(why, "batch_norm")


def _spoken(why: Explanation, op: str) -> str:
    expressions = [one.expression for name, one in factors_of(why) if name == op]
    return written_in(SPOKEN, next(one for one in expressions if one is not None))


@pytest.mark.parametrize("number", range(5 * len(FAMILIES)))
def test_formulas_of_random_networks_come_to_their_numbers(number: int) -> None:
    one = drawn(200 + number)
    name = one.network.plan.parameters[0].name
    place = ",".join("0" for _ in one.network.plan.parameters[0].shape)
    why = cr.explain(
        one.network, f"{name}[{place}]", x=one.x, y=one.y, loss=one.loss, training=one.training
    )
    assert assert_formulas(why)


def test_a_rule_that_is_wrong_prints_no_formula() -> None:
    from chainrule.ops import op

    @op(formula="y = x^2 summed", shapes="n k -> n k", couples="k", name="wrong_sum_of_squares")
    class wrong_sum_of_squares:
        """Wrong on purpose: backward has a factor too much."""

        @staticmethod
        def forward(x: Any) -> Any:
            return (x * x).sum(axis=-1, keepdims=True) + 0.0 * x

        @staticmethod
        def backward(grad_y: Any, y: Any, x: Any) -> Any:
            return (3.0 * x * grad_y.sum(axis=-1, keepdims=True),)

    network = cr.Network(cr.Input(3), cr.Apply("wrong_sum_of_squares"), cr.Dense(2), seed=1)
    why = cr.explain(network, "x[0]", x=ROW, y=1)
    assert formula(why, "wrong_sum_of_squares") == ""


def test_what_would_be_long_has_a_symbol() -> None:
    network = cr.Network(cr.Input((3, 4)), cr.Attention(2), cr.Flatten(), cr.Dense(2), seed=1)
    why = cr.explain(network, "attention_1.query[0,0]", x=rows_of(1, 3, 4), y=[1])
    node: Node | None = why.tree
    assert node is not None
    assert node.terms[0].factors[0].formula == ""
    assert node.terms[0].factors[0].symbol.startswith("∂attention_1.heads")
