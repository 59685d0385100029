"""How a step comes from earlier gradients: what the rule of an update carries on, and by how much.

A step changes its sign where all gradients change theirs. Some values of a rule do the same: they
are odd, as the gradient, a mean of gradients, its sign. Others do not: they are even, as a mean of
squares, a rate, the length of a step. What is odd carries the step on, and is followed back through
sums, and through products with what is even. What is even only stretches it, and is held as it was.

For rules that are linear in past gradients (descent, momentum) this is the derivative of the step.
For Adam it is the derivative with the second moment held: a derivative through that, too, would be
near 0 in sum, because ten times the gradients make the same step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.equations import Equation
from chainrule.explanation.updates.update_rule import GRADIENT, WEIGHT, UpdateRule

Array = NDArray[Any]
Numbers = NDArray[np.float64]
# "none": 0, which is both.
Parity = Literal["none", "even", "odd", "mixed"]

SUMS = ("add", "subtract", "maximum", "minimum")
KEEPS_SIGN = ("negative", "sign", "tanh", "sin", "erf", "to_float")
TRUTHS = ("less", "less_equal", "equal", "logical_and", "logical_or", "logical_not", "is_finite")


def parities(rule: UpdateRule) -> dict[int, Parity]:
    """Return of every value of a rule whether it is odd or even in the gradients."""
    state: dict[str, Parity] = {
        name: "none" if name in rule.zero else "even" for name in rule.state
    }
    while True:
        found = _parities(rule, state)
        after = {name: _met(state[name], found[rule.outputs[name]]) for name in rule.state}
        if after == state:
            return found
        state = after


def _parities(rule: UpdateRule, state: Mapping[str, Parity]) -> dict[int, Parity]:
    found: dict[int, Parity] = {}
    for value in rule.program.values:
        if value.constant is not None:
            found[value.number] = "even" if np.any(value.constant) else "none"
    for name, number in rule.inputs.items():
        # A weight that begins at 0 is made of gradients alone.
        odd = name in (WEIGHT, GRADIENT)
        found[number] = "odd" if odd else state.get(name, "even")
    for one in rule.program.equations:
        found[one.output] = _parity(one.word, [found[number] for number in one.inputs])
    return found


def _met(a: Parity, b: Parity) -> Parity:
    """Return the parity of a value that is one or the other, or the sum of both."""
    if "none" in (a, b):
        return b if a == "none" else a
    return a if a == b else "mixed"


def _parity(word: str, given: Sequence[Parity]) -> Parity:
    if word in TRUTHS:
        return "even"
    if word == "where":
        return _met(given[1], given[2])
    if word in ("multiply", "divide"):
        if given[0] == "none" or given[1] == "none":
            return "none" if word == "multiply" else given[0]
        if "mixed" in given:
            return "mixed"
        return "even" if given[0] == given[1] else "odd"
    if word in SUMS:
        # The larger one of an odd value and a bound is neither.
        bounded = word in ("maximum", "minimum") and "odd" in given
        return "mixed" if bounded and given[0] != given[1] else _met(given[0], given[1])
    if word == "broadcast_like" or word in KEEPS_SIGN:
        return given[0]
    if word == "absolute":
        return "none" if given[0] == "none" else "even"
    return "mixed" if {"odd", "mixed"} & set(given) else "even"


@dataclass(frozen=True, eq=False)
class Flows:
    """What each output of a rule takes over from each input, step by step.

    ``share[output][input]`` (steps,): the factor on the input; pairs without any are left out.
    """

    share: Mapping[str, Mapping[str, Numbers]]


def flows_of(rule: UpdateRule, values: Sequence[Array], sources: Sequence[str]) -> Flows:
    """Return how much the outputs of a rule take over from these inputs, in each step.

    ``values`` are those of ``rule.evaluated``. Everything else is held as it was.
    """
    parity = parities(rule)
    wide = [np.asarray(one, dtype=np.float64)[:, 0] for one in values]
    share: dict[str, dict[str, Numbers]] = {name: {} for name in rule.outputs}
    for source in sources:
        carried = {rule.inputs[source]: np.ones(len(wide[0]))}
        followed = parity[rule.inputs[source]]
        with np.errstate(all="ignore"):
            for one in rule.program.equations:
                if followed == "odd" and parity[one.output] == "even":
                    continue
                made = _carried(one, carried, wide)
                if made is not None:
                    carried[one.output] = made
        for name, number in rule.outputs.items():
            if number in carried:
                share[name][source] = carried[number]
    return Flows(share)


def _carried(one: Equation, known: Mapping[int, Numbers], values: Sequence[Numbers]) -> Any:
    """Return the factor on the source in what an equation makes, None where there is none."""
    parts = [known.get(number) for number in one.inputs]
    if all(part is None for part in parts):
        return None
    read = [values[number] for number in one.inputs]
    zeros = np.zeros(len(read[0]))
    flows = [zeros if part is None else part for part in parts]
    if one.word in ("add", "subtract"):
        return flows[0] + (flows[1] if one.word == "add" else -flows[1])
    if one.word == "multiply":
        # A product of two that carry is no sum of what they carry.
        both = all(part is not None for part in parts)
        return None if both else flows[0] * read[1] + flows[1] * read[0]
    if one.word == "divide":
        return None if parts[1] is not None else flows[0] / read[1]
    if one.word == "where":
        return None if parts[0] is not None else np.where(read[0] != 0, flows[1], flows[2])
    if one.word in ("maximum", "minimum"):
        first = read[0] >= read[1] if one.word == "maximum" else read[0] <= read[1]
        return np.where(first, flows[0], flows[1])
    if one.word in ("broadcast_like", "to_float"):
        return flows[0]
    if one.word == "negative":
        return -flows[0]
    if one.word in KEEPS_SIGN:
        made = values[one.output]
        return np.where(read[0] == 0, 0.0, flows[0] * made / np.where(read[0] == 0, 1.0, read[0]))
    return None


@dataclass(frozen=True, eq=False)
class Contributions:
    """The parts of one number, by the step that they come from.

    ``gradients`` (steps,): what the gradient of each step adds. ``weights`` (steps,): what the
    weight before each step adds (decay; a step that is taken back). ``remembered``: what the
    optimizer held before the first of them adds. ``total`` is the number, ``rest`` what is left of
    it: rounding, and what a rule makes of gradients otherwise than by sums and stretches.
    """

    first: int
    gradients: Numbers
    weights: Numbers
    remembered: float
    total: float

    @property
    def rest(self) -> float:
        """What no part explains."""
        parts = float(np.sum(self.gradients) + np.sum(self.weights)) + self.remembered
        return self.total - parts

    @property
    def size(self) -> float:
        """The sum of the sizes of all parts."""
        parts = float(np.abs(self.gradients).sum()) + abs(self.taken) + abs(self.remembered)
        return parts + abs(self.rest)

    @property
    def taken(self) -> float:
        """What the weights add together."""
        return float(np.sum(self.weights))


def step_contributions(
    rule: UpdateRule, values: Sequence[Array], given: Mapping[str, Array], first: int
) -> Contributions:
    """Return the parts of the last step: the new weight less the old one.

    ``given`` and ``values`` are those of ``rule.evaluated`` over the steps from ``first``.
    """
    parity = parities(rule)
    odd = [name for name in rule.state if parity[rule.inputs[name]] in ("odd", "mixed")]
    flows = flows_of(rule, values, [GRADIENT, WEIGHT, *odd])
    wide = {name: np.asarray(one, dtype=np.float64).reshape(-1) for name, one in given.items()}
    total = float(values[rule.outputs[WEIGHT]][-1, 0]) - float(wide[WEIGHT][-1])
    found = _followed(flows, {WEIGHT: 1.0}, odd, wide)
    found[WEIGHT][-1] -= wide[WEIGHT][-1]
    return Contributions(first, found[GRADIENT], found[WEIGHT], float(found["held"][0]), total)


def held_contributions(
    rule: UpdateRule, values: Sequence[Array], given: Mapping[str, Array], name: str, first: int
) -> Contributions:
    """Return the parts of an array of the optimizer that only stretches steps, after the last one.

    What each step adds to it anew counts as that of the step's gradient.
    """
    parity = parities(rule)
    even = [one for one in rule.state if parity[rule.inputs[one]] == "even"]
    flows = flows_of(rule, values, even)
    wide = {one: np.asarray(given[one], dtype=np.float64).reshape(-1) for one in even}
    steps, due = len(wide[name]), {name: 1.0}
    added = np.zeros(steps)
    for place in range(steps - 1, -1, -1):
        after: dict[str, float] = {}
        for output, weight in due.items():
            kept = {one: float(c[place]) for one, c in flows.share[output].items()}
            old = sum(factor * float(wide[one][place]) for one, factor in kept.items())
            added[place] += weight * (float(values[rule.outputs[output]][place, 0]) - old)
            for one, factor in kept.items():
                after[one] = after.get(one, 0.0) + weight * factor
        due = {one: factor for one, factor in after.items() if factor}
    held = sum(factor * float(wide[one][0]) for one, factor in due.items())
    total = float(values[rule.outputs[name]][-1, 0])
    return Contributions(first, added, np.zeros(steps), held, total)


def _followed(
    flows: Flows, due: dict[str, float], odd: Sequence[str], given: Mapping[str, Numbers]
) -> dict[str, Numbers]:
    """Return what each gradient and each weight adds, back from the last step, and ``held``."""
    steps = len(given[GRADIENT])
    found = {name: np.zeros(steps) for name in (GRADIENT, WEIGHT)}
    for place in range(steps - 1, -1, -1):
        after = dict.fromkeys(odd, 0.0)
        for output, weight in due.items():
            for source, factors in flows.share[output].items():
                part = weight * float(factors[place])
                if source in found:
                    found[source][place] += part * given[source][place]
                else:
                    after[source] += part
        due = {name: part for name, part in after.items() if part}
        if not due:
            break
    found["held"] = np.array([sum(part * float(given[name][0]) for name, part in due.items())])
    return found
