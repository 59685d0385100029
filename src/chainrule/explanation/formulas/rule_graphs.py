"""A rule of backward as a graph of words, with what each word gives for one entry of the output.

The rule is run on symbols, which write it down, and on numbers, which say what it comes to where
the gradient is 1 at one entry of the output and 0 elsewhere. Which numbers are 0 for that reason
alone is followed apart: what multiplies them is not part of the entry's formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.equations import Recorder
from chainrule.ops.op import OPS, Op
from chainrule.ops.walks import Step
from chainrule.word_values import WORD_VALUES

Array = NDArray[Any]
Typed = tuple[tuple[int, ...], Any]
Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Written:
    """A rule as it was written down, values by their numbers.

    ``made``: number -> (word, inputs, settings). ``grads``, ``outputs`` and ``inputs`` are what it
    was given, ``gradients`` what it returns. ``known``: number -> (op, number of its input), for
    values that an op of the table would make.
    """

    made: Mapping[int, tuple[str, tuple[int, ...], Settings]]
    constants: Mapping[int, Array]
    grads: tuple[int, ...]
    outputs: tuple[int, ...]
    inputs: tuple[int, ...]
    gradients: tuple[int | None, ...]
    known: Mapping[int, tuple[str, int]]


@lru_cache(maxsize=128)
def written_rule(
    op: Op,
    rule: Callable[..., Any],
    outputs: tuple[Typed, ...],
    inputs: tuple[Typed, ...],
    settings: Settings,
) -> Written:
    """Run a rule on symbols of these shapes and kinds. Raises what the rule raises."""
    recorder = Recorder()
    grads, made, given = (
        [recorder.new(*one) for one in many] for many in (outputs, outputs, inputs)
    )
    several = len(outputs) > 1
    found = rule(
        tuple(grads) if several else grads[0],
        tuple(made) if several else made[0],
        *given,
        **dict(settings),
    )
    gradients = tuple(None if one is None else recorder.symbol(one).number for one in found)
    known = {}
    for name in op.includes:
        # An equal equation is written once: what the op makes is found in what the rule wrote.
        if name in OPS and OPS[name].kind == "op":
            for symbol in given:
                if symbol.kind == "float" and symbol.ndim:
                    known[OPS[name].forward(symbol).number] = (name, symbol.number)
    return Written(
        {output: (word, read, plain) for word, read, plain, output in recorder.equations},
        dict(recorder.constants),
        tuple(one.number for one in grads),
        tuple(one.number for one in made),
        tuple(one.number for one in given),
        gradients,
        known,
    )


@dataclass(frozen=True, eq=False)
class RuleGraph:
    """A written rule with numbers: ``place`` is the entry of output ``output`` with gradient 1."""

    written: Written
    outputs: tuple[Array, ...]
    inputs: tuple[Array, ...]
    output: int
    place: tuple[int, ...]

    @cached_property
    def values(self) -> dict[int, Array]:
        """The numbers of all values."""
        unit = [np.zeros(one.shape) for one in self.outputs]
        unit[self.output][self.place] = 1.0
        written = self.written
        given = (*written.grads, *written.outputs, *written.inputs)
        known: dict[int, Any] = dict(written.constants)
        known.update(zip(given, (*unit, *self.outputs, *self.inputs), strict=True))
        with np.errstate(all="ignore"):
            for output, (word, read, settings) in written.made.items():
                parts = [known[one] for one in read]
                known[output] = WORD_VALUES[word](np, *parts, **dict(settings))
        return {number: np.asarray(one) for number, one in known.items()}

    @cached_property
    def fixed(self) -> frozenset[int]:
        """Values that no float enters: numbers of the rule, labels, masks."""
        known = set(self.written.constants)
        pairs = zip(self.written.inputs, self.inputs, strict=True)
        known.update(number for number, one in pairs if one.dtype.kind != "f")
        for output, (_, read, _) in self.written.made.items():
            if known.issuperset(read):
                known.add(output)
        return frozenset(known)

    @cached_property
    def live(self) -> dict[int, Array]:
        """Of values that the gradient enters, which entries are more than its zeros make 0."""
        found: dict[int, Array] = {}
        for place, number in enumerate(self.written.grads):
            found[number] = np.zeros(self.outputs[place].shape, dtype=bool)
        found[self.written.grads[self.output]][self.place] = True
        for output, (word, read, settings) in self.written.made.items():
            if any(one in found for one in read):
                found[output] = self._live_of(word, read, dict(settings), found, output)
        return found

    def _live_of(
        self,
        word: str,
        read: Sequence[int],
        settings: dict[str, Any],
        found: Mapping[int, Array],
        output: int,
    ) -> Array:
        parts = [found.get(one, np.ones(self.values[one].shape, dtype=bool)) for one in read]
        shape = self.values[output].shape
        if word in ("multiply", "divide"):
            live = parts[0] & parts[1]
        elif word in ("add", "subtract"):
            of_gradient = [part for one, part in zip(read, parts, strict=True) if one in found]
            other = len(of_gradient) < len(parts)
            live = np.ones(shape, dtype=bool) if other else parts[0] | parts[1]
        elif word == "where":
            branches = zip(read[1:], parts[1:], strict=True)
            live = np.zeros(shape, dtype=bool)
            for one, part in branches:
                content = self.written.constants.get(one)
                live = live | (part if content is None or content.any() else np.zeros(1, bool))
        elif word in ("negative", "reshape", "transpose", "slice", "broadcast_like", "sum_over"):
            others = [self.values[one] for one in read[1:]]
            live = WORD_VALUES[word](np, parts[0] * 1.0, *others, **settings) != 0
        else:
            live = np.ones(shape, dtype=bool)
        return np.broadcast_to(live, shape)


def rule_graph(
    step: Step,
    rule: Callable[..., Any],
    outputs: Sequence[Array],
    inputs: Sequence[Array],
    output: int,
    place: tuple[int, ...],
) -> RuleGraph:
    """Return a rule of a step with its numbers; ``outputs`` are those that flow."""
    typed = [tuple((one.shape, _kind(one)) for one in many) for many in (outputs, inputs)]
    settings = tuple(sorted(step.settings.items()))
    written = written_rule(step.op, rule, *typed, settings)
    return RuleGraph(written, tuple(outputs), tuple(inputs), output, place)


def _kind(content: Array) -> str:
    return {"f": "float", "b": "boolean"}.get(content.dtype.kind, "integer")
