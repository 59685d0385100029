"""Expressions put together without what changes nothing: times 1, plus 0, the share 1/n apart."""

from __future__ import annotations

from chainrule.explanation.formulas.expressions import Expression


def is_number(one: Expression, text: str) -> bool:
    """Whether an expression is the number of this text."""
    return one.word == "number" and one.text in (text, f"-{text}" if text == "0" else text)


def size_of(one: Expression) -> int:
    """Return of how many words and leaves an expression is made."""
    return 1 + sum(size_of(part) for part in one.parts)


def put_together(word: str, parts: tuple[Expression, ...]) -> Expression:
    """Return a word over expressions, shorter where a part of it says nothing."""
    if word == "multiply":
        return _multiplied(*parts)
    if word == "divide":
        first, second = parts
        nothing = is_number(first, "0") or is_number(second, "1")
        return first if nothing else Expression("divide", parts)
    if word in ("add", "subtract"):
        return _summed(word, *parts)
    if word == "negative":
        return _negative(parts[0])
    return Expression(word, parts)


def _multiplied(first: Expression, second: Expression) -> Expression:
    for one, other in ((first, second), (second, first)):
        if is_number(one, "0"):
            return one
        if is_number(one, "1"):
            return other
        if one.word == "divide" and is_number(one.parts[0], "1"):
            return Expression("divide", (other, one.parts[1]))
    return Expression("multiply", (first, second))


def _summed(word: str, first: Expression, second: Expression) -> Expression:
    if is_number(first, "0"):
        return second if word == "add" else _negative(second)
    # A target of 0 stays: what is taken away is part of what a loss says.
    if is_number(second, "0") and word == "add":
        return first
    return Expression(word, (first, second))


def _negative(one: Expression) -> Expression:
    if one.word == "negative":
        return one.parts[0]
    return one if is_number(one, "0") else Expression("negative", (one,))
