"""The names of a worksheet as a page shows them: letters with indices, and formulas of these."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chainrule.explanation.worksheets.exercise import DELTAS, FORWARD, GRADIENTS, UPDATED
from chainrule.explanation.worksheets.sheet_formulas import FORMULAS, Product

GROUPS = (
    ("Forward", FORWARD),
    ("Deltas: the slopes of the cost at the weighted sums", DELTAS),
    ("Slopes of the cost at weights and biases", GRADIENTS),
    ("Weights and biases after one step of gradient descent", UPDATED),
)
_SLOPE_AT = re.compile(r"f'\((\w+)\)")
_VALUE_AT = re.compile(r"f\((\w+)\)")


def symbol(name: str) -> str:
    """Return a name as HTML: ``dw12`` as the slope at w with the index 12."""
    if name.startswith("new_"):
        return f"{symbol(name.removeprefix('new_'))} <small>after</small>"
    if name.startswith("delta_"):
        return f"<i>\u03b4</i><sub>{name[-1]}</sub>"
    if name in GRADIENTS:
        return f"\u2202<i>C</i>/\u2202{symbol(name[1:])}"
    if name == "rate":
        return "<i>\u03b7</i>"
    letter, index = name[0], name[1:]
    return f"<i>{letter}</i>" + (f"<sub>{index}</sub>" if index else "")


def formula(blank: str) -> str:
    """Return the formula of a blank as HTML, in symbols."""
    return _sum([_product(one, _factor) for one in FORMULAS[blank]])


def in_numbers(blank: str, numbers: Mapping[str, float]) -> str:
    """Return the formula of a blank as HTML, with numbers in the place of symbols."""

    def factor(name: str) -> str:
        if name in numbers:
            return _inside(numbers[name])
        if name == "error":
            return f"({number(numbers['o'])} \u2212 {_inside(numbers['t'])})"
        called = _SLOPE_AT.fullmatch(name) or _VALUE_AT.fullmatch(name)
        if called is None:
            return "\u00bd"
        mark = "\u2032" if "'" in name else ""
        return f"<i>f</i>{mark}({number(numbers[called.group(1)])})"

    return _sum([_product(one, factor) for one in FORMULAS[blank]])


def number(value: float) -> str:
    """Return a number with a minus as printers set it: few digits as they are, else four."""
    text = f"{value:g}" if round(value, 1) == value else f"{value:.4f}"
    return f"\u2212{text[1:]}" if text.startswith("-") else text


def _inside(value: float) -> str:
    """Return a number among others, in brackets where it has a minus of its own."""
    return f"({number(value)})" if value < 0 else number(value)


def _factor(name: str) -> str:
    if name == "half":
        return "\u00bd"
    if name == "error":
        return f"({symbol('o')} \u2212 {symbol('t')})"
    called = _SLOPE_AT.fullmatch(name) or _VALUE_AT.fullmatch(name)
    if called is None:
        return symbol(name)
    mark = "\u2032" if "'" in name else ""
    return f"<i>f</i>{mark}({symbol(called.group(1))})"


def _product(product: Product, shown: Callable[[str], str]) -> tuple[int, str]:
    return product.sign, " \u00b7 ".join(shown(name) for name in product.factors)


def _sum(products: list[tuple[int, str]]) -> str:
    parts = []
    for place, (sign, text) in enumerate(products):
        front = "\u2212 " if sign < 0 else "+ "
        parts.append((front if place or sign < 0 else "") + text)
    return " ".join(parts)
