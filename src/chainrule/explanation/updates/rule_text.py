"""The equations of an update as people write them, with symbols and with numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.equations import Equation
from chainrule.explanation.formulas.expressions import Expression, named
from chainrule.explanation.formulas.expressions import written as text_of
from chainrule.explanation.updates.update_rule import (
    GRADIENT,
    HELD,
    LOSS,
    RATE,
    STEP,
    WEIGHT,
    UpdateRule,
)
from chainrule.explanation.written import written

SYMBOLS = {WEIGHT: "w", GRADIENT: "g", RATE: "rate", STEP: "t", LOSS: "E"}
NEW = " new"
# What is no more than another value's sign or form gets no name of its own.
PLAIN = ("negative", "to_float", "broadcast_like")


@dataclass(frozen=True)
class RuleLine:
    """One equation of an update: what it makes, how, the same with numbers, and what came of it.

    "w new" is the weight after the step, "mean new" an array of the optimizer; "c1" is what several
    equations share. ``value`` is a number, or a truth value.
    """

    name: str
    expression: Expression
    with_numbers: Expression
    value: float | bool

    @property
    def formula(self) -> str:
        """The equation's right side with symbols, as text."""
        return text_of(self.expression)

    @property
    def numbers(self) -> str:
        """The equation's right side with numbers, as text."""
        return text_of(self.with_numbers)

    def to_dict(self) -> dict[str, Any]:
        """Return the line as plain data."""
        return {
            "name": self.name,
            "formula": self.formula,
            "numbers": self.numbers,
            "value": self.value,
        }

    def __str__(self) -> str:
        texts = dict.fromkeys((self.formula, self.numbers, written(self.value)))
        return " = ".join((self.name, *texts))


def rule_lines(rule: UpdateRule, values: Sequence[Any], place: int = -1) -> tuple[RuleLine, ...]:
    """Return the equations of the new arrays, of what several of them share, and of the weight.

    ``values`` are those of ``rule.evaluated``; ``place`` is the step among them.
    """
    program = rule.program
    numbers = [one[place, 0].item() for one in values]
    made = {one.output: one for one in program.equations}
    titles = {number: f"{_symbol(name)}{NEW}" for name, number in rule.outputs.items()}
    known = {number: _symbol(name) for name, number in rule.inputs.items()} | titles
    shared = {
        number: f"c{count}" for count, number in enumerate(_shared(program.equations, titles), 1)
    }
    known |= shared
    constants = {one.number for one in program.values if one.constant is not None}
    lines = []
    for number in sorted(titles | shared, key=lambda one: (one == rule.outputs[WEIGHT], one)):
        if number not in made:
            continue

        def symbol(one: int) -> Expression | None:
            return _leaf(numbers[one]) if one in constants else _named(known.get(one))

        def content(one: int) -> Expression | None:
            return _leaf(numbers[one]) if one in constants or one in known else None

        line = RuleLine(
            known[number],
            _expression(made[number], made, symbol),
            _expression(made[number], made, content),
            numbers[number],
        )
        lines.append(line)
    return tuple(lines)


def _symbol(name: str) -> str:
    return SYMBOLS.get(name, name.removeprefix(HELD))


def _named(text: str | None) -> Expression | None:
    return None if text is None else named(text)


def _leaf(number: float | bool) -> Expression:
    return Expression("number", (), written(number))


def _shared(equations: Sequence[Equation], named: Mapping[int, str]) -> list[int]:
    """Return values that are read more than once, and are more than another value's sign."""
    reads: dict[int, int] = {}
    for one in equations:
        for number in set(one.inputs):
            reads[number] = reads.get(number, 0) + 1
    return [
        one.output
        for one in equations
        if reads.get(one.output, 0) > 1 and one.output not in named and one.word not in PLAIN
    ]


def _expression(
    one: Equation, made: Mapping[int, Equation], leaf: Callable[[int], Expression | None]
) -> Expression:
    """Return an equation's right side, down to what has a name or is a number."""
    parts = []
    for number in one.inputs:
        known = leaf(number)
        parts.append(_expression(made[number], made, leaf) if known is None else known)
    return Expression(one.word, tuple(parts))
