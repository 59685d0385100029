"""Formulas of explanations: LaTeX that is drawn, MathML that is read back, and words."""

from __future__ import annotations

import itertools
import math
import operator
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

import chainrule as cr
from chainrule.explanation.formulas.derivation_formulas import tree_latex, tree_mathml
from chainrule.explanation.formulas.expressions import Expression, named, number, slope_of, written
from chainrule.explanation.formulas.notations import (
    LATEX,
    MATHML,
    SPOKEN,
    expression_of,
    written_in,
)
from chainrule.explanation.formulas.symbol_parts import symbol, taken_apart
from chainrule.ops import OPS

NETWORK = cr.Network(cr.Input(3), cr.Dense(4, "tanh"), cr.Dense(2), seed=1)
ONE: dict[str, Any] = {"x": [0.5, 1.0, -1.0], "y": 1}
X, Y, Z = named("x"), named("y"), named("z")
PARSER = MathTextParser("path")


def drawn(latex: str) -> None:
    """Raise ValueError for what matplotlib cannot set as a formula."""
    PARSER.parse(f"${latex}$")


def joined(word: str, *parts: Expression) -> Expression:
    return Expression(word, parts)


def numeric(expression: Expression, values: dict[str, float]) -> float:
    """Return what an expression is at some numbers."""
    if expression.word == "name":
        return values[expression.text]
    if expression.word == "number":
        return float(expression.text)
    parts = [numeric(one, values) for one in expression.parts]
    if expression.word == "negative":
        return -parts[0]
    two = {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "divide": operator.truediv,
    }
    return two[expression.word](*parts)


def from_mathml(element: ElementTree.Element) -> str:
    """Return a formula of MathML as Python, by the rules of MathML and not by the emitter."""
    inside = [from_mathml(one) for one in element]
    if element.tag == "mfrac":
        return f"(({inside[0]})/({inside[1]}))"
    if element.tag == "msup":
        return f"(({inside[0]})**({inside[1]}))"
    if element.tag in ("mi", "mn", "mo"):
        return {"·": "*", "\u2212": "-"}.get(element.text or "", element.text or "")
    return " ".join(inside)


def expressions() -> st.SearchStrategy[Expression]:
    leaves = st.sampled_from([X, Y, Z, number(2.5), number(-3.0), number(0.25)])

    def more(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        two = st.sampled_from(["add", "subtract", "multiply", "divide"])
        return st.builds(joined, two, inner, inner) | st.builds(
            lambda one: joined("negative", one), inner
        )

    return st.recursive(leaves, more, max_leaves=8)


@given(expressions())
def test_brackets_stand_where_the_formula_needs_them(expression: Expression) -> None:
    values = {"x": 1.75, "y": -0.625, "z": 3.0}
    try:
        due = numeric(expression, values)
    except ZeroDivisionError:
        return
    if not math.isfinite(due):
        return
    shown = ElementTree.fromstring(f"<mrow>{written_in(MATHML, expression)}</mrow>")
    found = eval(from_mathml(shown), dict(values))
    assert found == pytest.approx(due, rel=1e-9, abs=1e-12)
    latex = written_in(LATEX, expression)
    # A sign at the head of a fraction stands apart from the one before it.
    plain = re.sub(r"\\frac\{(.*)\}\{(.*)\}", r"[\1]", latex)
    assert not re.search(r"(?<![\d}])[-+] -|\\cdot -", plain), "two signs side by side"
    drawn(latex)


@pytest.mark.parametrize(
    ("text", "latex", "spoken"),
    [
        ("dense_1.W[2,0]", r"\mathrm{dense\_1.W}_{2,0}", "dense_1.W at 2, 0"),
        ("w31⁽¹⁾", "w_{31}^{(1)}", "w 3 1 of layer 1"),
        ("w12,3", "w_{12,3}", "w 12, 3"),
        ("δ1⁽²⁾⟨4⟩", r"\delta_{1}^{(2)}\langle 4 \rangle", "delta 1 of layer 2 in row 4"),
        ("∂C/∂h1", r"\frac{\partial C}{\partial h_{1}}", "the slope of C by h 1"),
        (
            "∂loss/∂x[2]",
            r"\frac{\partial \mathrm{loss}}{\partial x_{2}}",
            "the slope of loss by x 2",
        ),
    ],
)
def test_symbols(text: str, latex: str, spoken: str) -> None:
    assert written_in(LATEX, symbol(text)) == latex
    assert written_in(SPOKEN, symbol(text)) == spoken
    drawn(latex)
    ElementTree.fromstring(written_in(MATHML, symbol(text)))


def test_names_of_others_are_never_markup() -> None:
    evil = r"<b>&_%$#{}~^\frac"
    # matplotlib knows no \&, which LaTeX needs.
    drawn(written_in(LATEX, named(evil.replace("&", ""))))
    assert written_in(LATEX, named("a&b")) == r"\mathrm{a\&b}"
    shown = ElementTree.fromstring(written_in(MATHML, named(evil)))
    assert shown.text == evil
    assert taken_apart(evil).letter == evil


def test_every_rule_that_is_printed_is_drawn() -> None:
    slopes = {name: slope_of(op) for name, op in OPS.items()}
    found = {name: slope for name, slope in slopes.items() if slope is not None}
    assert {"tanh", "sigmoid", "relu", "gelu"} <= set(found)
    for slope in found.values():
        drawn(written_in(LATEX, slope))
        ElementTree.fromstring(f"<mrow>{written_in(MATHML, slope)}</mrow>")
        assert written_in(SPOKEN, slope)


def test_expressions_come_back_from_documents() -> None:
    tree = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE).to_dict()["tree"]
    below = tree["terms"][0]["below"]["terms"][0]["factors"][0]
    assert written(expression_of(below["expression"])) == below["formula"] == "1 - dense_1[0]²"
    assert written_in(LATEX, expression_of(below["expression"])) == (
        r"1 - {\mathrm{dense\_1}_{0}}^{2}"
    )


@pytest.mark.parametrize("symbols", ["own", "textbook"])
def test_a_derivation_as_latex_is_drawn_and_its_numbers_add_up(symbols: str) -> None:
    why = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE, symbols=symbols)
    text = why.latex()
    assert text == tree_latex(why.to_dict()["tree"])
    lines = text.split("\n")
    assert (lines[0], lines[-1]) == (r"\begin{aligned}", r"\end{aligned}")
    rows = [one.removesuffix(r" \\").split(" &= ") for one in lines[1:-1]]
    for left, right in rows:
        drawn(left or "x")
        drawn(right)
    numeric_rows = [right for _, right in rows if re.fullmatch(r"[-+\d.e\\{}^ ()a-z]+", right)]
    assert len(numeric_rows) > 8
    for (_, products), (_, value) in itertools.pairwise(rows):
        plain = re.sub(r"\\left|\\right", "", products).replace(r"\cdot", "*")
        if re.fullmatch(r"[-+\d.e* ()]+", plain) and re.fullmatch(r"-?[\d.]+", value):
            assert eval(plain) == pytest.approx(float(value), rel=3e-5)


def test_a_derivation_as_mathml_is_well_formed_and_speaks() -> None:
    why = cr.explain(NETWORK, "dense_1.W[2,0]", **ONE)
    root = ElementTree.fromstring(why.mathml())
    assert root.tag.endswith("math")
    assert root.get("aria-label") == "derivation of the slope of loss by dense_1.W at 2, 0"
    assert why.mathml() == tree_mathml(why.to_dict()["tree"])
    found = {one.text for one in root.iter() if one.tag.endswith("mn")}
    assert why.tree is not None
    assert f"{why.tree.value:.6g}" in found


def test_a_whole_has_no_formula() -> None:
    with pytest.raises(cr.SetupError, match="no derivation"):
        cr.explain(NETWORK, "dense_1.W", **ONE).latex()
