"""Factors: a local derivative with the formula that the op's rule gives it.

Element by element it is the op's one derivative, printed from the rule. Where an op is linear in
an entry and in the entry of another input, it is that other entry (a weight, an input); where it
is the same whatever the inputs are, it is a number. Both are found by asking the op, and kept only
if the op, at other numbers, says so again. Elsewhere it is what the rule of backward says of the
entry at hand, if that has the number that the tangent gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.explanation.entries import Entry
from chainrule.explanation.formulas.expressions import Expression, named, number, product, slope_of
from chainrule.explanation.formulas.rule_entries import rule_formula
from chainrule.explanation.local import (
    Local,
    inputs_of,
    moved_aside,
    place_in_row,
    tangent_at,
    unit_change,
)
from chainrule.explanation.words import Words
from chainrule.ops.walks import Step

Array = NDArray[Any]


@dataclass(frozen=True)
class Factor:
    """One factor of a term: its symbol, its number, and its formula where a rule gives one."""

    symbol: str
    value: float
    formula: str = ""
    expression: Expression | None = None


def local_factor(words: Words, local: Local, entry: Entry, inside: tuple[int, ...]) -> Factor:
    """Return the derivative of the output at ``inside`` (a place in ``local``) with its formula."""
    through = Entry(local.output, local.place(inside))
    value = float(local.derivative[inside])
    symbol = f"∂{words.symbol(through)}/∂{words.symbol(entry)}"
    found = _formula(words, local, entry, inside)
    return Factor(symbol, value, "" if found is None else str(found), found)


def factor_by_route(
    words: Words,
    local: Local,
    entry: Entry,
    inside: tuple[int, ...],
    rule: Callable[..., Any],
    slope: float,
) -> Factor:
    """Return the derivative by one route of an op, whose rule is a part of backward."""
    through = Entry(local.output, local.place(inside))
    symbol = f"∂{words.symbol(through)}/∂{words.symbol(entry)}"
    found, value = rule_formula(words, local, entry, inside, rule)
    kept = found if _same(value, slope) else None
    return Factor(symbol, slope, "" if kept is None else str(kept), kept)


def _formula(
    words: Words, local: Local, entry: Entry, inside: tuple[int, ...]
) -> Expression | None:
    step = local.step
    if step.op.kind == "elementwise":
        slope = slope_of(step.op, step.settings)
        if slope is None:
            return None
        through = Entry(local.output, local.place(inside))
        return slope.renamed({"y": words.symbol(through), "x": words.symbol(entry)})
    if list(step.inputs).count(entry.value) != 1 or not np.isfinite(local.derivative[inside]):
        return None
    # The slope of a loss may be the same at other numbers too, as a sign is.
    ways = (_of_rule, _linear) if step.op.role == "loss" else (_linear, _of_rule)
    found = ways[0](words, local, entry, inside)
    return ways[1](words, local, entry, inside) if found is None else found


def _of_rule(
    words: Words, local: Local, entry: Entry, inside: tuple[int, ...]
) -> Expression | None:
    """Return a derivative as the rule of backward has it, if it has the same number."""
    found, value = rule_formula(words, local, entry, inside, local.step.op.backward)
    return found if _same(value, float(local.derivative[inside])) else None


def _linear(words: Words, local: Local, entry: Entry, inside: tuple[int, ...]) -> Expression | None:
    """Return what a derivative is where it is a number, or a number times another entry."""
    step, row, trace = local.step, local.row, words.trace
    slot = list(step.inputs).index(entry.value)
    given = inputs_of(trace, step, row)
    own_place = place_in_row(entry, row)
    unit = unit_change(given[slot], own_place)
    value = float(local.derivative[inside])
    other = [moved_aside(one) for one in given]
    again = _asked(step, other, slot, unit, local.output, inside)
    if again is None:
        return None
    if _same(again, value):
        return number(value)
    found = _partner(step, given, slot, unit, local.output, inside)
    if found is None:
        return None
    place, at, coefficient = found
    if not (
        _same(coefficient * float(given[place][at]), value)
        and _same(coefficient * float(other[place][at]), again)
    ):
        return None
    name = str(step.inputs[place])
    full = (row, *at[1:]) if row is not None and name in trace.row_values else at
    partner = named(words.symbol(Entry(name, tuple(int(one) for one in full if one is not None))))
    return partner if _same(coefficient, 1.0) else product(number(coefficient), partner)


def _partner(
    step: Step, given: list[Array], slot: int, unit: Array, output: str, inside: tuple[int, ...]
) -> tuple[int, tuple[int, ...], float] | None:
    """Return the one entry of another input that a derivative is made of: input, place, factor."""
    if len(step.flowing) != 1 or len(given) < 2:
        return None
    asked = [unit if place == slot else one for place, one in enumerate(given)]
    with np.errstate(all="ignore"):
        y = step.op.forward(*asked, **step.settings)
        y = y[0] if isinstance(y, tuple) else y
        parts = step.op.backward(unit_change(y, inside), y, *asked, **step.settings)
    found = None
    for place, part in enumerate(parts):
        if place == slot or part is None or asked[place].dtype.kind != "f":
            continue
        # A bias has a slope, too; only what changes the slope of the entry is its partner.
        still = step.op.backward(
            unit_change(y, inside), y, *_without(asked, slot), **step.settings
        )[place]
        change = np.asarray(part) - np.asarray(still)
        hits = np.argwhere(change)
        if len(hits) > 1 or (len(hits) and found is not None):
            return None
        if len(hits):
            at = tuple(int(one) for one in hits[0])
            found = place, at, float(change[at])
    return found


def _without(asked: list[Array], slot: int) -> list[Array]:
    return [np.zeros_like(one) if place == slot else one for place, one in enumerate(asked)]


def _asked(
    step: Step, given: list[Array], slot: int, unit: Array, output: str, inside: tuple[int, ...]
) -> float | None:
    """Return the derivative at other inputs."""
    changes = [unit if place == slot else None for place in range(len(given))]
    change = tangent_at(step, given, changes)[step.flowing.index(output)]
    if change is None or np.ndim(change) < len(inside):
        return None
    return float(
        np.asarray(change)[
            tuple(at if size > 1 else 0 for at, size in zip(inside, np.shape(change), strict=True))
        ]
    )


def _same(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=1e-9, atol=1e-300))
