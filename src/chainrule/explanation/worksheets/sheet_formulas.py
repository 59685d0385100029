"""The formula of each blank on a worksheet: sums of products of factors, and what factors are.

A formula is data, so that a mistake is the same formula with a factor left out or another in its
place. A factor is a name of the sheet, or one of these, where N is such a name:

    f(N)          the activation          f'(N)       its slope at N
    other(N)      the other activation    slope[N]    its slope where N is taken for the output
    error         o - t                   after(N)    the weight N after its step
    half          1/2
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explanation.worksheets.exercise import PARAMETERS
from chainrule.ops import find_op

_CALL = re.compile(r"(f'|f|other|slope|after)[(\[](\w+)[)\]]")
OTHER_ACTIVATION = {"sigmoid": "tanh", "tanh": "sigmoid"}


@dataclass(frozen=True)
class Product:
    """Factors that are multiplied, with a sign in front."""

    factors: tuple[str, ...]
    sign: int = 1


Formula = tuple[Product, ...]


def terms(*products: str) -> Formula:
    """Return the formula of products written as "delta_o v1", "-rate dv1"."""
    return tuple(
        Product(tuple(one.lstrip("-").split()), -1 if one.startswith("-") else 1)
        for one in products
    )


def without_factor(formula: Formula, factor: str) -> Formula:
    """Return the formula with a factor left out."""
    return tuple(
        Product(tuple(name for name in one.factors if name != factor), one.sign) for one in formula
    )


def with_other(formula: Formula, factor: str, other: str) -> Formula:
    """Return the formula with another factor in the place of one."""
    return tuple(
        Product(tuple(other if name == factor else name for name in one.factors), one.sign)
        for one in formula
    )


def without_term(formula: Formula, place: int) -> Formula:
    """Return the formula without one of its products."""
    return formula[:place] + formula[place + 1 :]


def negated(formula: Formula) -> Formula:
    """Return the formula with every sign turned."""
    return tuple(Product(one.factors, -one.sign) for one in formula)


def _all_formulas() -> dict[str, Formula]:
    found = {
        "z1": terms("w11 x1", "w21 x2", "b1"),
        "h1": terms("f(z1)"),
        "z2": terms("w12 x1", "w22 x2", "b2"),
        "h2": terms("f(z2)"),
        "zo": terms("v1 h1", "v2 h2", "c"),
        "o": terms("f(zo)"),
        "C": terms("half error error"),
        "delta_o": terms("error f'(zo)"),
        "delta_1": terms("delta_o v1 f'(z1)"),
        "delta_2": terms("delta_o v2 f'(z2)"),
        "dv1": terms("delta_o h1"),
        "dv2": terms("delta_o h2"),
        "dc": terms("delta_o"),
        "dw11": terms("delta_1 x1"),
        "dw12": terms("delta_2 x1"),
        "dw21": terms("delta_1 x2"),
        "dw22": terms("delta_2 x2"),
        "db1": terms("delta_1"),
        "db2": terms("delta_2"),
    }
    updates = {f"new_{name}": terms(name, f"-rate d{name}") for name in PARAMETERS}
    return found | updates


# Blank -> its formula; each reads what is given and blanks that stand before it.
FORMULAS: dict[str, Formula] = _all_formulas()


def number_of(formula: Formula, known: Mapping[str, float], activation: str) -> float:
    """Return the number of a formula, from the numbers of a sheet by their names."""
    return sum(
        one.sign * float(np.prod([_factor(name, known, activation) for name in one.factors]))
        for one in formula
    )


def _factor(name: str, known: Mapping[str, float], activation: str) -> float:
    if name in known:
        return known[name]
    if name == "half":
        return 0.5
    if name == "error":
        return known["o"] - known["t"]
    called = _CALL.fullmatch(name)
    if called is None:
        raise KeyError(name)
    what, argument = called.groups()
    if what == "after":
        return number_of(terms(argument, f"-rate {_slope_of(argument)}"), known, activation)
    rule: Any = find_op(OTHER_ACTIVATION[activation] if what == "other" else activation)
    at = np.float64(known[argument])
    if what in ("f", "other"):
        return float(rule.forward(at))
    output = at if what == "slope" else rule.forward(at)
    (slope,) = rule.backward(np.float64(1.0), output, at)
    return float(slope)


def _slope_of(weight: str) -> str:
    """Return the factors of the slope at a weight of the output."""
    return " ".join(FORMULAS[f"d{weight}"][0].factors)
