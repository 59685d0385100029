"""An explanation as plain text: the sentence, the derivation line by line, the three numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chainrule.explanation.checks import Checks
from chainrule.explanation.factors import Factor
from chainrule.explanation.formulas.derivation_formulas import NOTICEABLE
from chainrule.explanation.formulas.expressions import held
from chainrule.explanation.summary import Summary
from chainrule.explanation.unfolding import Node, Term
from chainrule.explanation.written import rounded_up

if TYPE_CHECKING:
    from chainrule.explanation.explanation import Explanation


def text_of(explanation: Explanation) -> str:
    """Return an explanation as text, with all that its tree unfolds."""
    lines = [explanation.sentence, *explanation.notes]
    for name, content in zip(
        explanation.trace.rows.names, explanation.trace.rows.contents, strict=False
    ):
        lines.append(f"{name}: " + ", ".join(f"{column} = {text}" for column, text in content))
    lines.append("")
    if explanation.tree is not None:
        lines += _node(explanation.tree, 0)
    if explanation.summary is not None:
        lines += _summary(explanation.summary)
    if explanation.checks is not None:
        lines += ["", *_checks(explanation.checks)]
        gradient = explanation.checks.gradient
        if (gradient == 0 or not math.isfinite(gradient)) and explanation.why is not None:
            lines += ["", explanation.why.sentence()]
    return "\n".join(lines)


def _node(node: Node, level: int) -> Iterator[str]:
    indent = "  " * level
    yield f"{indent}{node.symbol} = {node.value:.6g}"
    for term in node.terms:
        yield from _term(term, level)
    if node.rest.count:
        more = "1 more" if node.rest.count == 1 else f"{node.rest.count:,} more"
        yield f"{indent}  {_signed(node.rest.sum)}   ({more})"
    if abs(node.residual) > NOTICEABLE * sum(abs(one.product) for one in node.terms):
        yield f"{indent}  the terms do not add up: {node.residual:+.3g} is left"


def _term(term: Term, level: int) -> Iterator[str]:
    indent = "  " * level
    symbols = " · ".join(_symbol(one) for one in term.factors)
    numbers = " · ".join(f"{one.value:.6g}" for one in term.factors)
    if len(term.factors) == 1:
        yield f"{indent}  {_signed(term.product)} {symbols}   ({term.op})"
    else:
        by = f"{term.op}, through {term.route}" if term.route else term.op
        yield f"{indent}  {_signed(term.product)} = {symbols} = {numbers}   ({by})"
    if term.below is not None and term.below.terms:
        yield from _node(term.below, level + 2)


def _symbol(factor: Factor) -> str:
    """Return the formula of a factor, in brackets where it is a sum, or its symbol."""
    return factor.symbol if factor.expression is None else held(factor.expression, 2)


def _signed(number: float) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number):.6g}"


def _summary(summary: Summary) -> Iterator[str]:
    yield f"squares of the gradient: {summary.sum_of_parts:.6g}, of which"
    for one in summary.parts:
        yield (
            f"  {one.squares:.6g}   {one.words}: {one.up} up, {one.down} down, {one.zero} zero; "
            f"largest {one.largest} = {one.gradient:.4g}"
        )
    yield (
        f"by the engine {summary.squares:.6g}, by differences of forward along the gradient "
        f"{summary.finite_difference:.6g}"
    )


def _checks(checks: Checks) -> Iterator[str]:
    slope, error = checks.difference.slope, rounded_up(checks.difference.error)
    engine = f"{checks.dtype}, {checks.engine} engine"
    yield f"gradient          {checks.gradient:.10g}   ({engine})"
    yield f"sum of the terms  {checks.sum_of_terms:.10g}"
    yield f"difference        {slope:.10g}   (forward alone; error below {error})"
    yield checks.sentence()
