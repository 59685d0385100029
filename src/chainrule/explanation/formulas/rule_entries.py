"""The formula of one local derivative, read off a rule of backward at the entry at hand.

Sums over what the gradient does not enter, a mean or the total of a softmax, stay sums over the
whole; ``dense_1[:,3]`` is unit 3 in all rows. What an op of the table would make has its name, as
in ``softmax(dense_2)[1] - 1``, the derivative of cross-entropy by a logit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explanation.entries import Entry
from chainrule.explanation.formulas.expressions import Expression, named, number
from chainrule.explanation.formulas.rule_graphs import RuleGraph, rule_graph
from chainrule.explanation.formulas.simplifying import put_together, size_of
from chainrule.explanation.local import Local, cut_to_row, inputs_of, place_in_row
from chainrule.explanation.words import Words

Index = tuple[int | None, ...]
# A formula of more words, or a sum of more terms, is no help to a reader.
MOST_WORDS, MOST_TERMS = 90, 8
NAMELESS = ("matmul", "contract", "take", "add_at", "windows", "overlap_add", "scan", "concatenate")


_INDEX = re.compile(r"\d[\d,]*")


class _UnwrittenError(Exception):
    """Something that no short formula says."""


def rule_formula(
    words: Words, local: Local, entry: Entry, inside: tuple[int, ...], rule: Callable[..., Any]
) -> tuple[Expression | None, float]:
    """Return a local derivative as a rule of backward has it: its formula, and its number.

    ``inside`` is a place in ``local``. The formula is None where it would be long.
    """
    step, trace, row = local.step, words.trace, local.row
    slot = list(step.inputs).index(entry.value)
    outputs = [cut_to_row(trace, str(name), row) for name in step.flowing]
    inputs = [np.asarray(one) for one in inputs_of(trace, step, row)]
    own = place_in_row(entry, row)
    try:
        graph = rule_graph(step, rule, outputs, inputs, local.output_number, inside)
        gradient = graph.written.gradients[slot]
        if gradient is None:
            return None, 0.0
        value = float(graph.values[gradient][own])
        found = _Reading(words, local, graph).at(gradient, own)
        return (found if size_of(found) <= MOST_WORDS else None), value
    except (_UnwrittenError, ChainruleError, TypeError, ValueError, IndexError, KeyError):
        return None, float("nan")


@dataclass(frozen=True, eq=False)
class _Reading:
    """One walk through a rule; an index of None stands for all places along an axis."""

    words: Words
    local: Local
    graph: RuleGraph

    def at(self, value: int, index: Index) -> Expression:
        """Return an entry of a value, or the whole along its free axes."""
        graph = self.graph
        if value in graph.live and not graph.live[value][index]:
            return number(0.0)
        if value in graph.written.grads:
            return number(1.0)
        if value in graph.fixed:
            return self._number(value, index)
        if value in graph.written.known:
            return self._known(*graph.written.known[value], index)
        name = self._names.get(value)
        if name is not None:
            return named(self._symbol(name, index))
        return self._made(value, index)

    @property
    def _names(self) -> dict[int, str]:
        written, step = self.graph.written, self.local.step
        pairs = (
            *zip(written.outputs, step.flowing, strict=True),
            *zip(written.inputs, step.inputs, strict=True),
        )
        return {number: str(name) for number, name in pairs}

    def _number(self, value: int, index: Index) -> Expression:
        content = self.graph.values[value]
        chosen = content[tuple(slice(None) if one is None else one for one in index)]
        if np.size(chosen) != 1 and np.unique(chosen).size != 1:
            raise _UnwrittenError
        return number(float(np.asarray(chosen).reshape(-1)[0]))

    def _known(self, op: str, of: int, index: Index) -> Expression:
        """Return an entry of what an op makes of the whole along the last axis."""
        whole = Expression(op, (self.at(of, (*index[:-1], None)),))
        return whole if index[-1] is None else Expression("entry", (whole,), str(index[-1]))

    def _symbol(self, name: str, index: Index) -> str:
        row, trace = self.local.row, self.words.trace
        if name in trace.row_values and row is not None:
            index = (row, *index[1:])
        if None not in index:
            place = tuple(int(one) for one in index if one is not None)
            return self.words.symbol(Entry(name, place))
        if name in trace.row_values and len(trace.rows) == 1:
            index = index[1:]
        if all(one is None for one in index):
            return self._vector(name) or name
        return f"{name}[{','.join(':' if one is None else str(one) for one in index)}]"

    def _vector(self, name: str) -> str:
        """Return the symbol that textbooks have for a whole layer, "" where there is none."""
        shape = np.shape(self.words.trace.exact.values[name])
        first = Entry(name, (self.local.row or 0, *(0 for _ in shape[1:])))
        symbol = self.words.symbol(first)
        return "" if symbol == self.words.name(first) else _INDEX.sub("", symbol, count=1)

    def _made(self, value: int, index: Index) -> Expression:
        word, read, given = self.graph.written.made[value]
        settings = dict(given)
        if word == "sum_over":
            return self._sum(value, read[0], settings, index)
        if word == "max_over":
            return Expression("max_over", (self._over(value, read[0], settings, index),))
        moved = self._moved(word, read[0], settings, index, value)
        if moved is not None:
            return self.at(read[0], moved)
        if word in NAMELESS:
            raise _UnwrittenError
        if word == "where" and read[0] in self.graph.fixed:
            condition = self._number(read[0], self._beside(read[0], index))
            chosen = read[1] if condition.text == "1" else read[2]
            return self.at(chosen, self._beside(chosen, index))
        if word == "divide" and self._is_mean(*read):
            whole = self.at(read[0], self._beside(read[0], index))
            return Expression("mean_over", whole.parts) if whole.word == "sum_over" else whole
        parts = tuple(self.at(one, self._beside(one, index)) for one in read)
        return put_together(word, parts)

    def _is_mean(self, above: int, below: int) -> bool:
        """Whether a quotient is a sum over the number of its parts, which no gradient enters."""
        made = self.graph.written.made.get(above)
        if made is None or made[0] != "sum_over" or above in self.graph.live:
            return False
        many = self.graph.values[made[1][0]].size / max(1, self.graph.values[above].size)
        return below in self.graph.fixed and bool(np.all(self.graph.values[below] == many))

    def _beside(self, value: int, index: Index) -> Index:
        """Return the place of an operand that is spread to a place of the result."""
        shape = self.graph.values[value].shape
        behind = index[len(index) - len(shape) :]
        return tuple(0 if size == 1 else one for one, size in zip(behind, shape, strict=True))

    def _moved(
        self, word: str, of: int, settings: dict[str, Any], index: Index, value: int
    ) -> Index | None:
        """Return where an entry of a value that is only arranged anew comes from."""
        shape = self.graph.values[of].shape
        if word == "transpose":
            back: list[int | None] = [None] * len(shape)
            for place, axis in enumerate(settings["axes"]):
                back[axis] = index[place]
            return tuple(back)
        if word == "slice":
            axis, at = settings["axis"] % len(shape), index[settings["axis"] % len(shape)]
            if at is None:
                raise _UnwrittenError
            return (*index[:axis], at + settings["start"], *index[axis + 1 :])
        if word == "reshape":
            return _reshaped(self.graph.values[value].shape, shape, index)
        return self._beside(of, index) if word in ("broadcast_like", "to_float") else None

    def _over(self, value: int, of: int, settings: dict[str, Any], index: Index) -> Expression:
        """Return what is summed, as a whole along the axes that it is summed over."""
        if value in self.graph.live:
            raise _UnwrittenError
        return self.at(of, self._inside(of, settings, index, None))

    def _inside(self, of: int, settings: dict[str, Any], index: Index, at: Any) -> Index:
        """Return the place of a reduction's operand, ``at`` along the axes that it reduces."""
        rank = self.graph.values[of].ndim
        axes = settings["axis"]
        reduced = range(rank) if axes is None else [axes] if isinstance(axes, int) else axes
        gone = {one % rank for one in reduced}
        if any(one is None for one in index):
            raise _UnwrittenError
        left = iter(index)
        kept = []
        for axis in range(rank):
            own = next(left) if axis not in gone or settings["keepdims"] else None
            kept.append(at if axis in gone else own)
        return tuple(kept)

    def _sum(self, value: int, of: int, settings: dict[str, Any], index: Index) -> Expression:
        if value not in self.graph.live:
            return Expression("sum_over", (self._over(value, of, settings, index),))
        inside = self._inside(of, settings, index, None)
        live = self.graph.live[of]
        chosen = live[tuple(slice(None) if one is None else one for one in inside)]
        places = np.argwhere(chosen)
        if len(places) > MOST_TERMS:
            raise _UnwrittenError
        terms = [self.at(of, _filled(inside, place)) for place in places]
        total = terms[0] if terms else number(0.0)
        for one in terms[1:]:
            total = put_together("add", (total, one))
        return total


def _filled(inside: Index, place: Any) -> Index:
    left = iter(place)
    return tuple(int(next(left)) if one is None else one for one in inside)


def _reshaped(made: tuple[int, ...], shape: tuple[int, ...], index: Index) -> Index:
    """Return the place in what was reshaped; whole axes only where axes of 1 come or go."""
    if None not in index:
        flat = int(np.ravel_multi_index([one or 0 for one in index], made)) if made else 0
        return tuple(int(one) for one in np.unravel_index(flat, shape)) if shape else ()
    kept = [one for one, size in zip(index, made, strict=True) if size != 1]
    if [size for size in made if size != 1] != [size for size in shape if size != 1]:
        raise _UnwrittenError
    left = iter(kept)
    return tuple(0 if size == 1 else next(left) for size in shape)
