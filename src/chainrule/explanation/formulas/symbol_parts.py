"""Symbols taken apart: slopes into what of what, names into letter, indices, layer and row."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chainrule.explanation.formulas.expressions import Expression, named

_SLOPE = re.compile(r"∂(?P<of>.+)/∂(?P<by>.+)")
_TEXTBOOK = re.compile(
    r"(?P<letter>[A-Za-zδ])(?P<indices>\d[\d,]*)?(⁽(?P<layer>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾)?(⟨(?P<row>\d+)⟩)?"
)
_OWN = re.compile(r"(?P<name>.+?)\[(?P<indices>[\d,:]+)\]")
_BELOW = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True)
class Name:
    """A name taken apart; parts that it lacks are empty."""

    letter: str
    indices: str = ""
    layer: str = ""
    row: str = ""


def symbol(text: str) -> Expression:
    """Return the expression of a symbol: a name, or the slope of one by another."""
    found = _SLOPE.fullmatch(text)
    if found is None:
        return named(text)
    return Expression("slope", (named(found["of"]), named(found["by"])))


def taken_apart(text: str) -> Name:
    """Return the parts of a name."""
    found = _TEXTBOOK.fullmatch(text)
    if found is not None:
        layer = (found["layer"] or "").translate(_BELOW)
        return Name(found["letter"], found["indices"] or "", layer, found["row"] or "")
    own = _OWN.fullmatch(text)
    return Name(text) if own is None else Name(own["name"], own["indices"])
