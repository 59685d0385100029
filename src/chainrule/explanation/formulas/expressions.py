"""Expressions: a rule as a tree of words over named numbers, made by running it on symbols.

What is printed is what the rule does: nothing is written twice, so nothing drifts. A face writes
an expression as text, as LaTeX or as MathML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chainrule.equations import Recorder
from chainrule.errors import ChainruleError
from chainrule.ops.op import NOTHING, Op


@dataclass(frozen=True)
class Expression:
    """A word applied to expressions; a leaf has the word "name" or "number" and its text."""

    word: str
    parts: tuple[Expression, ...] = ()
    text: str = ""

    def renamed(self, names: Mapping[str, str]) -> Expression:
        """Return the expression with its names replaced."""
        if self.word == "name":
            return Expression("name", (), names.get(self.text, self.text))
        return Expression(self.word, tuple(one.renamed(names) for one in self.parts), self.text)

    def __str__(self) -> str:
        return written(self)


def named(text: str) -> Expression:
    """Return the leaf of a name."""
    return Expression("name", (), text)


def number(value: float) -> Expression:
    """Return the leaf of a number."""
    return Expression("number", (), f"{value:.6g}")


def product(*parts: Expression) -> Expression:
    """Return the product of expressions."""
    result = parts[0]
    for one in parts[1:]:
        result = Expression("multiply", (result, one))
    return result


def slope_of(op: Op, settings: Mapping[str, Any] = NOTHING) -> Expression | None:
    """Return the derivative of an elementwise op in x and y, None where no rule says it."""
    if op.derivative is None:
        return None
    try:
        return _recorded(op.derivative, ("y", "x"), tuple(sorted(settings.items())))
    except (ChainruleError, TypeError, ValueError, IndexError):
        return None


@lru_cache(maxsize=256)
def _recorded(
    rule: Callable[..., Any], names: tuple[str, ...], settings: tuple[tuple[str, Any], ...]
) -> Expression:
    """Run a rule on symbols of single numbers and return what it wrote as one expression."""
    recorder = Recorder()
    symbols = [recorder.new((), "float") for _ in names]
    result = recorder.symbol(rule(*symbols, **dict(settings)))
    known = {symbol.number: named(name) for symbol, name in zip(symbols, names, strict=True)}
    known.update(
        (place, number(float(content)))
        for place, content in recorder.constants.items()
        if content.ndim == 0
    )
    for word, inputs, _, output in recorder.equations:
        known[output] = Expression(word, tuple(known[one] for one in inputs))
    return known[result.number]


# ---- as text ----

_SIGNS = {"add": (" + ", 1), "subtract": (" - ", 1), "multiply": (" · ", 2), "divide": (" / ", 2)}
_COMPARISONS = {
    "less": " < ",
    "less_equal": " <= ",
    "equal": " = ",
    "logical_and": " and ",
    "logical_or": " or ",
}
# Words that read better under another name.
FUNCTIONS = {
    "absolute": "abs",
    "maximum": "max",
    "minimum": "min",
    "max_over": "max",
    "mean_over": "mean",
    "sum_over": "sum",
}


def written(expression: Expression) -> str:
    """Return an expression as plain text, ``1 - y²``."""
    return _text(expression)[0]


def _text(one: Expression) -> tuple[str, int]:
    """Return the text of an expression and how tightly it holds together: 1 a sum, 4 a leaf."""
    if one.word in ("name", "number"):
        return one.text, 4 if not one.text.startswith("-") else 2
    if one.word == "multiply" and one.parts[0] == one.parts[1]:
        return f"{held(one.parts[0], 4)}²", 3
    if one.word in _SIGNS:
        sign, level = _SIGNS[one.word]
        # What stands behind a minus or a slash keeps its own brackets.
        behind = level + 1 if one.word in ("subtract", "divide") else level
        if _text(one.parts[1])[0].startswith("-"):
            behind = 4
        return f"{held(one.parts[0], level)}{sign}{held(one.parts[1], behind)}", level
    if one.word == "negative":
        return f"-{held(one.parts[0], 2)}", 2
    if one.word == "power":
        return f"{held(one.parts[0], 4)}^{held(one.parts[1], 4)}", 3
    if one.word in _COMPARISONS:
        first, second = (held(part, 1) for part in one.parts)
        return f"{first}{_COMPARISONS[one.word]}{second}", 0
    if one.word == "where":
        condition, yes, no = (held(part, 1 - (place == 0)) for place, part in enumerate(one.parts))
        return f"{yes} if {condition} else {no}", 0
    if one.word in ("to_float", "broadcast_like"):
        return _text(one.parts[0])
    if one.word == "entry":
        return f"{_text(one.parts[0])[0]}[{one.text}]", 4
    inside = ", ".join(_text(part)[0] for part in one.parts)
    return f"{FUNCTIONS.get(one.word, one.word)}({inside})", 4


def held(one: Expression, level: int) -> str:
    """Return the text of an expression, in brackets where it holds together less than this."""
    text, own = _text(one)
    return text if own >= level else f"({text})"
