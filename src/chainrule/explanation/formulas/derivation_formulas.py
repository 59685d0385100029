"""A derivation as formulas: each number of its tree an equation, in symbols and in numbers.

They are made of the document of an explanation, in LaTeX and in MathML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from chainrule.explanation.formulas.expressions import Expression
from chainrule.explanation.formulas.notations import (
    LATEX,
    MATHML,
    SPOKEN,
    Style,
    expression_of,
    row,
    sign,
    written_in,
)
from chainrule.explanation.formulas.symbol_parts import Name, symbol
from chainrule.explanation.plain_numbers import digits, number_of

Document = Mapping[str, Any]
# What terms leave over is shown where it is more than this share of their sizes.
NOTICEABLE = 1e-6
_DOTS = {id(LATEX): r"\cdots", id(MATHML): sign("⋯")}


def factor_expression(factor: Document) -> Expression:
    """Return the formula of a factor, or its symbol where no rule gives one."""
    if factor["expression"] is None:
        return symbol(factor["symbol"])
    return expression_of(factor["expression"])


def left_over(node: Document) -> float:
    """Return what the terms of a node do not explain, 0 where it is rounding."""
    sizes = sum(abs(number_of(one["product"])) for one in node["terms"])
    residual = number_of(node["residual"])
    return residual if abs(residual) > NOTICEABLE * sizes else 0.0


def nodes_of(node: Document) -> Iterator[Document]:
    """Yield every node of a tree, this one first."""
    yield node
    for term in node["terms"]:
        if term["below"] is not None:
            yield from nodes_of(term["below"])


def in_symbols(style: Style, factors: list[Document]) -> list[str]:
    """Return the factors of a term in symbols."""
    return [written_in(style, factor_expression(one), 2) for one in factors]


def in_numbers(style: Style, factors: list[Document]) -> list[str]:
    """Return the factors of a term as numbers, negative ones behind the first in brackets."""
    leaves = [Expression("number", (), digits(one["value"])) for one in factors]
    return [written_in(style, one, 0 if place == 0 else 3) for place, one in enumerate(leaves)]


def read_aloud(term: Document) -> str:
    """Return a term as it is read aloud, in symbols and then in numbers."""
    product = SPOKEN.number(digits(term["product"]))
    symbols = " times ".join(in_symbols(SPOKEN, term["factors"]))
    numbers = " times ".join(SPOKEN.number(digits(one["value"])) for one in term["factors"])
    return f"{product} equals {symbols}, in numbers {numbers}"


# ---- a tree as one formula ----


def _lines(style: Style, node: Document, times: str, plus: str) -> list[str]:
    """Return the right sides of a node's equation: in symbols, in numbers, and what comes out."""
    value = style.number(digits(node["value"]))
    if not node["terms"]:
        return [value]
    symbols = [times.join(in_symbols(style, one["factors"])) for one in node["terms"]]
    numbers = []
    for place, one in enumerate(node["terms"]):
        factors = in_numbers(style, one["factors"])
        if place and digits(one["factors"][0]["value"]).startswith("-"):
            factors[0] = style.brackets(factors[0])
        numbers.append(times.join(factors))
    rest = node["rest"]
    if rest["count"]:
        symbols.append(_DOTS[id(style)])
        numbers.append(written_in(style, Expression("number", (), digits(rest["sum"])), 3))
    if left_over(node):
        numbers.append(written_in(style, Expression("number", (), digits(node["residual"])), 3))
        symbols.append(style.name(Name("what is left over")))
    return [plus.join(symbols), plus.join(numbers), value]


def tree_latex(tree: Document) -> str:
    """Return a tree as an ``aligned`` block, an equation for each of its numbers."""
    rows = []
    for node in nodes_of(tree):
        left = written_in(LATEX, symbol(node["symbol"]))
        for place, right in enumerate(_lines(LATEX, node, r" \cdot ", " + ")):
            rows.append(f"{left if place == 0 else ''} &= {right}")
    body = " \\\\\n".join(rows)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def tree_mathml(tree: Document) -> str:
    """Return a tree as one MathML element, an equation for each of its numbers."""
    rows = []
    for node in nodes_of(tree):
        left = written_in(MATHML, symbol(node["symbol"]))
        for place, right in enumerate(_lines(MATHML, node, sign("·"), sign("+"))):
            cells = left if place == 0 else "", sign("=") + right
            rows.append("<mtr>" + "".join(f"<mtd>{row(one)}</mtd>" for one in cells) + "</mtr>")
    label = f"derivation of {written_in(SPOKEN, symbol(tree['symbol']))}"
    return (
        f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block" '
        f'aria-label="{escape(label)}"><mtable columnalign="right left">{"".join(rows)}'
        "</mtable></math>"
    )
