"""A derivation as nested lists that fold: each number, its terms on two-row cards, their sum."""

from __future__ import annotations

import html
import math

from chainrule.explanation.formulas.derivation_formulas import (
    in_numbers,
    in_symbols,
    left_over,
    read_aloud,
)
from chainrule.explanation.formulas.notations import MATHML, SPOKEN, row, sign, written_in
from chainrule.explanation.formulas.symbol_parts import symbol
from chainrule.explanation.plain_numbers import digits, number_of
from chainrule.views.explanation_parts import Document, signed, way
from chainrule.views.page import escaped


def tree_html(node: Document, depth: int) -> str:
    """Return a derivation as a list, open down to ``depth`` numbers."""
    label = "Derivation. Each item is a number, below it the terms that it is the sum of."
    return (
        f'<div class="wide derivation" tabindex="0" role="group" aria-label="The derivation">'
        f'<ul class="tree" aria-label="{label}">{_node(node, depth)}</ul></div>'
    )


def number_html(content: float | str, *, with_sign: bool = True) -> str:
    """Return a number as a page shows it; all of its digits are in it as data."""
    exact = repr(number_of(content))
    shown = signed(content) if with_sign else digits(content).replace("-", "\u2212")
    kind = f' class="{way(content)}"' if with_sign else ""
    return f'<data{kind} value="{exact}">{shown}</data>'


def _node(node: Document, depth: int) -> str:
    opened = " open" if depth > 0 else ""
    said = "" if node["words"] == node["name"] else f' <span class="soft">{_words(node)}</span>'
    terms = "".join(_term(one, depth - 1) for one in node["terms"])
    sums = _sums(node)
    inside = f'<ul class="terms">{terms}{_rest(node)}</ul>' if terms else ""
    return (
        f'<li class="node"><details{opened}><summary>{_symbol(node)} = '
        f"{number_html(node['value'])}{said}</summary>"
        f'<p class="said">{escaped(node["sentence"])}</p>{inside}{sums}</details></li>\n'
    )


def _words(node: Document) -> str:
    named = f"the weight {node['words']}" if node["words"].startswith("from ") else node["words"]
    return f"at {escaped(named)}, which is {digits(node['content'])}".replace(" -", " \u2212")


def _symbol(node: Document) -> str:
    written = symbol(node["symbol"])
    return _math(written_in(MATHML, written), written_in(SPOKEN, written))


def _math(inside: str, spoken: str) -> str:
    return f'<math displaystyle="true" aria-label="{html.escape(spoken)}">{row(inside)}</math>'


def _term(term: Document, depth: int) -> str:
    below = ""
    if term["below"] is not None:
        below = f'<ul class="below">{_node(term["below"], depth)}</ul>'
    through = f"by {term['op']}, through {term['words']}"
    if term["route"]:
        alone = len(term["factors"]) == 1
        onward = "" if alone else f", through {term['route']}, to {term['words']}"
        through = f"by {term['op']}{onward}"
    return (
        f'<li><div class="term">'
        f"{number_html(term['product'])} = {_math(_cards(term), read_aloud(term))} "
        f'<span class="soft">{escaped(through)}</span></div>{below}</li>\n'
    )


def _cards(term: Document) -> str:
    """Return the factors of a term, on cards with the symbol above and the number below."""
    symbols = in_symbols(MATHML, term["factors"])
    numbers = in_numbers(MATHML, term["factors"])
    cards = [
        f'<mtable class="card" displaystyle="true"><mtr><mtd>{row(above)}</mtd></mtr>'
        f'<mtr><mtd class="below">{row(number)}</mtd></mtr></mtable>'
        for above, number in zip(symbols, numbers, strict=True)
    ]
    return sign("·").join(cards)


def _rest(node: Document) -> str:
    rest, parts = node["rest"], ""
    if rest["count"]:
        count = f"{rest['count']:,} more term{'s' * (rest['count'] != 1)}"
        total = number_html(rest["sum"])
        parts = f'<li><div class="term rest">{total} = {count}, together</div></li>'
    if left_over(node):
        wrong = number_html(node["residual"])
        parts += f'<li><div class="term wrong">{wrong}: the terms do not add up</div></li>'
    return parts


def _sums(node: Document) -> str:
    """Return the line that adds up a fold; one term alone is its own sum."""
    if len(node["terms"]) + node["rest"]["count"] < 2:
        return ""
    shown = math.fsum(number_of(one["product"]) for one in node["terms"])
    total = shown + number_of(node["rest"]["sum"])
    parts = f"{len(node['terms'])} shown {number_html(shown)}"
    if node["rest"]["count"]:
        parts += f", {node['rest']['count']:,} more {number_html(node['rest']['sum'])}"
    return f'<p class="sum">{parts}, together {number_html(total)}</p>'
