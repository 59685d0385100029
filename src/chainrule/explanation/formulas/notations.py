"""Formulas: an expression written as LaTeX, as MathML, and as it is read aloud.

One walk writes all of them, with brackets where an expression holds together less than its place
asks; a style says how each piece looks. Names are taken apart into letter, indices, the number of a
layer above and of a row behind, as in ``dense_1.W[2,0]`` and ``w31⁽¹⁾``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from chainrule.explanation.formulas.expressions import FUNCTIONS, Expression
from chainrule.explanation.formulas.symbol_parts import Name, taken_apart

_COMPARISONS = ("less", "less_equal", "equal", "logical_and", "logical_or")
_PLAIN = ("to_float", "broadcast_like")


@dataclass(frozen=True)
class Style:
    """How the pieces of a formula are written. ``fraction`` holds its parts together by itself."""

    name: Callable[[Name], str]
    number: Callable[[str], str]
    signs: Mapping[str, str]
    joined: Callable[[str, str, str], str]
    negative: Callable[[str], str]
    fraction: Callable[[str, str], str] | None
    power: Callable[[str, str], str]
    slope: Callable[[str, str], str]
    function: Callable[[str, Sequence[str]], str]
    choice: Callable[[str, str, str], str]
    entry: Callable[[str, str], str]
    brackets: Callable[[str], str]


def expression_of(document: Mapping[str, Any]) -> Expression:
    """Return an expression from its plain data."""
    parts = tuple(expression_of(one) for one in document["parts"])
    return Expression(document["word"], parts, document["text"])


# ---- the one walk ----


def written_in(style: Style, expression: Expression, level: int = 0) -> str:
    """Return an expression in a style, in brackets where it holds together less than ``level``.

    0 is a comparison, 1 a sum, 2 a product, 3 a power, 4 a name.
    """
    text, own = _written(style, expression)
    return text if own >= level else style.brackets(text)


def _written(style: Style, one: Expression) -> tuple[str, int]:
    parts = one.parts
    if one.word == "name":
        return style.name(taken_apart(one.text)), 4
    if one.word == "number":
        return style.number(one.text), 2 if one.text.startswith("-") else 4
    if one.word in _PLAIN:
        return _written(style, parts[0])
    if one.word == "slope":
        return style.slope(*(written_in(style, part, 4) for part in parts)), 4
    if one.word in style.signs:
        return _by_sign(style, one)
    if one.word == "negative":
        level = 3 if _leads_with_minus(parts[0]) else 2
        return style.negative(written_in(style, parts[0], level)), 2
    if one.word == "power":
        return style.power(written_in(style, parts[0], 4), written_in(style, parts[1])), 3
    if one.word == "where":
        condition, yes, no = parts
        pieces = written_in(style, condition), written_in(style, yes, 1), written_in(style, no, 1)
        return style.choice(*pieces), 0
    if one.word == "entry":
        return style.entry(written_in(style, parts[0], 4), one.text), 4
    return style.function(one.word, [written_in(style, part) for part in parts]), 4


def _by_sign(style: Style, one: Expression) -> tuple[str, int]:
    first, second = one.parts
    if one.word == "multiply" and first == second:
        return style.power(written_in(style, first, 4), style.number("2")), 3
    if one.word == "divide" and style.fraction is not None:
        return style.fraction(written_in(style, first), written_in(style, second)), 4
    levels = {"add": (1, 1), "subtract": (1, 2), "multiply": (2, 2), "divide": (2, 3)}
    left, right = levels.get(one.word, (1, 1))
    # Two signs never stand side by side.
    if _leads_with_minus(second):
        right = 3
    text = style.joined(
        style.signs[one.word], written_in(style, first, left), written_in(style, second, right)
    )
    return text, 0 if one.word in _COMPARISONS else left


def _leads_with_minus(one: Expression) -> bool:
    """Whether an expression, written without brackets, begins with a minus."""
    if one.word in ("name", "number"):
        return one.word == "number" and one.text.startswith("-")
    squared = one.word == "multiply" and one.parts[0] == one.parts[1]
    first = one.word in ("add", "subtract", "multiply", "divide", *_PLAIN) and not squared
    return one.word == "negative" or (first and _leads_with_minus(one.parts[0]))


# ---- LaTeX ----

_ESCAPES = {" ": r"\ ", "\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge "} | {
    one: f"\\{one}" for one in "_&%#${}"
}
_LATEX_WORDS = {"exp", "log", "tanh", "sin", "cos", "max", "min"}


def _latex_name(name: Name) -> str:
    letter = "".join(_ESCAPES.get(one, one) for one in name.letter)
    text = r"\delta" if letter == "δ" else letter if len(letter) == 1 else rf"\mathrm{{{letter}}}"
    text += f"_{{{name.indices}}}" if name.indices else ""
    text += f"^{{({name.layer})}}" if name.layer else ""
    return text + (rf"\langle {name.row} \rangle" if name.row else "")


def _latex_function(word: str, parts: Sequence[str]) -> str:
    if word == "sqrt":
        return rf"\sqrt{{{parts[0]}}}"
    if word == "exp":
        return f"e^{{{parts[0]}}}"
    if word == "absolute":
        return rf"\left|{parts[0]}\right|"
    called = FUNCTIONS.get(word, word)
    shown = rf"\{called}" if called in _LATEX_WORDS else rf"\mathrm{{{called.replace('_', ' ')}}}"
    return rf"{shown}\left({', '.join(parts)}\right)"


def latex_number(text: str) -> str:
    """Return a number as LaTeX, a power of ten as such."""
    front, mark, power = text.partition("e")
    if mark:
        return rf"{front} \cdot 10^{{{int(power)}}}"
    return {"nan": r"\mathrm{NaN}", "inf": r"\infty", "-inf": r"-\infty"}.get(text, text)


LATEX = Style(
    name=_latex_name,
    number=latex_number,
    signs={
        "add": "+", "subtract": "-", "multiply": r"\cdot", "divide": "/", "less": "<",
        "less_equal": r"\leq", "equal": "=", "logical_and": r"\wedge", "logical_or": r"\vee",
    },
    joined=lambda sign, one, other: f"{one} {sign} {other}",
    negative=lambda one: f"-{one}",
    fraction=lambda one, other: rf"\frac{{{one}}}{{{other}}}",
    power=lambda one, other: f"{{{one}}}^{{{other}}}",
    slope=lambda one, other: rf"\frac{{\partial {one}}}{{\partial {other}}}",
    function=_latex_function,
    choice=lambda condition, yes, no: (
        rf"{yes} \;\mathrm{{if}}\; {condition} \;\mathrm{{else}}\; {no}"
    ),
    entry=lambda whole, place: f"{{{whole}}}_{{{place}}}",
    brackets=lambda one: rf"\left({one}\right)",
)  # fmt: skip

# ---- MathML ----


def row(*pieces: str) -> str:
    """Return MathML pieces side by side."""
    return f"<mrow>{''.join(pieces)}</mrow>"


def sign(text: str) -> str:
    """Return an operator of MathML."""
    return f"<mo>{escape(text)}</mo>"


def _mathml_name(name: Name) -> str:
    text = f"<mi>{escape(name.letter)}</mi>"
    indices = f"<mn>{escape(name.indices)}</mn>"
    above = row(sign("("), f"<mn>{name.layer}</mn>", sign(")"))
    if name.indices and name.layer:
        text = f"<msubsup>{text}{indices}{above}</msubsup>"
    elif name.indices:
        text = f"<msub>{text}{indices}</msub>"
    elif name.layer:
        text = f"<msup>{text}{above}</msup>"
    return row(text, sign("⟨"), f"<mn>{name.row}</mn>", sign("⟩")) if name.row else text


def mathml_number(text: str) -> str:
    """Return a number as MathML, a power of ten as such."""
    front, mark, power = text.partition("e")
    if mark:
        exponent = mathml_number(str(int(power)))
        return row(mathml_number(front), sign("·"), f"<msup><mn>10</mn>{exponent}</msup>")
    if text.startswith("-"):
        return row(sign("\u2212"), mathml_number(text[1:]))
    named_so = {"nan": "NaN", "inf": "\u221e"}
    return f"<mn>{named_so.get(text, escape(text))}</mn>"


def _mathml_function(word: str, parts: Sequence[str]) -> str:
    if word == "sqrt":
        return f"<msqrt>{parts[0]}</msqrt>"
    if word == "exp":
        return f"<msup><mi>e</mi>{row(parts[0])}</msup>"
    if word == "absolute":
        return row(sign("|"), parts[0], sign("|"))
    inside = sign(",").join(parts)
    shown = FUNCTIONS.get(word, word)
    return row(f"<mi>{escape(shown.replace('_', ' '))}</mi>", sign("("), inside, sign(")"))


def _words(text: str) -> str:
    return f"<mtext>&#160;{text}&#160;</mtext>"


MATHML = Style(
    name=_mathml_name,
    number=mathml_number,
    signs={
        "add": "+", "subtract": "\u2212", "multiply": "·", "divide": "/", "less": "<",
        "less_equal": "≤", "equal": "=", "logical_and": "\u2227", "logical_or": "\u2228",
    },
    joined=lambda text, one, other: row(one, sign(text), other),
    negative=lambda one: row(sign("\u2212"), one),
    fraction=lambda one, other: f"<mfrac>{row(one)}{row(other)}</mfrac>",
    power=lambda one, other: f"<msup>{row(one)}{row(other)}</msup>",
    slope=lambda one, other: (
        f"<mfrac>{row('<mi>∂</mi>', one)}{row('<mi>∂</mi>', other)}</mfrac>"
    ),
    function=_mathml_function,
    choice=lambda condition, yes, no: row(yes, _words("if"), condition, _words("else"), no),
    entry=lambda whole, place: f"<msub>{row(whole)}<mn>{escape(place)}</mn></msub>",
    brackets=lambda one: row(sign("("), one, sign(")")),
)  # fmt: skip

# ---- read aloud ----

_SPOKEN_WORDS = {"max_over": "the largest", "mean_over": "the mean", "sum_over": "the sum"}


def _spoken_name(name: Name) -> str:
    text = "delta" if name.letter == "δ" else name.letter
    between = " " if len(name.letter) == 1 and "," not in name.indices else ", "
    indices = name.indices.replace(":", "all")
    inside = between.join(indices.split(",") if "," in indices else indices)
    if name.indices and len(name.letter) > 1:
        inside = f"at {', '.join(indices.split(','))}"
    text += f" {inside}" if name.indices else ""
    text += f" of layer {name.layer}" if name.layer else ""
    return text + (f" in row {name.row}" if name.row else "")


def spoken_number(text: str) -> str:
    """Return a number as it is read aloud."""
    front, mark, power = text.partition("e")
    if mark:
        return f"{spoken_number(front)} times 10 to the {spoken_number(str(int(power)))}"
    return f"minus {text[1:]}" if text.startswith("-") else text


SPOKEN = Style(
    name=_spoken_name,
    number=spoken_number,
    signs={
        "add": "plus", "subtract": "minus", "multiply": "times", "divide": "over",
        "less": "is less than", "less_equal": "is at most", "equal": "equals",
        "logical_and": "and", "logical_or": "or",
    },
    joined=lambda text, one, other: f"{one} {text} {other}",
    negative=lambda one: f"minus {one}",
    fraction=None,
    power=lambda one, other: f"{one} squared" if other == "2" else f"{one} to the power {other}",
    slope=lambda one, other: f"the slope of {one} by {other}",
    function=lambda word, parts: (
        f"{_SPOKEN_WORDS.get(word, word).replace('_', ' ')} of {' and '.join(parts)}"
    ),
    choice=lambda condition, yes, no: f"{yes} if {condition}, else {no}",
    entry=lambda whole, place: f"{whole} at {place}",
    brackets=lambda one: f"open bracket {one} close bracket",
)  # fmt: skip
