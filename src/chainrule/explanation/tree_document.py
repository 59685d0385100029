"""A derivation as plain data."""

from __future__ import annotations

from typing import Any

from chainrule.explanation.factors import Factor
from chainrule.explanation.formulas.expressions import Expression
from chainrule.explanation.plain_numbers import plain_number
from chainrule.explanation.unfolding import Node, Term


def node_document(node: Node) -> dict[str, Any]:
    """Return a node and all below it as plain data."""
    return {
        "name": node.name,
        "words": node.words,
        "symbol": node.symbol,
        "value": plain_number(node.value),
        "content": plain_number(node.content),
        "sentence": node.sentence,
        "formula": node.formula,
        "terms": [_term_document(one) for one in node.terms],
        "rest": {"count": node.rest.count, "sum": plain_number(node.rest.sum)},
        "residual": plain_number(node.residual),
    }


def _term_document(term: Term) -> dict[str, Any]:
    return {
        "through": term.through,
        "words": term.words,
        "op": term.op,
        "route": term.route,
        "factors": [_factor_document(one) for one in term.factors],
        "product": plain_number(term.product),
        "below": None if term.below is None else node_document(term.below),
    }


def _factor_document(factor: Factor) -> dict[str, Any]:
    expression = None if factor.expression is None else _expression_document(factor.expression)
    return {
        "symbol": factor.symbol,
        "value": plain_number(factor.value),
        "formula": factor.formula,
        "expression": expression,
    }


def _expression_document(one: Expression) -> dict[str, Any]:
    parts = [_expression_document(part) for part in one.parts]
    return {"word": one.word, "parts": parts, "text": one.text}
