"""Equations: what is written down when a rule runs on symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.shapes import Kind, Shape, Typed
from chainrule.symbols import RowCount, Symbol
from chainrule.word_shapes import WORD_SHAPES
from chainrule.word_values import WORD_VALUES

Settings = tuple[tuple[str, Any], ...]
# An equation while a function is traced: word, inputs, settings, output.
Written = tuple[str, tuple[int, ...], Settings, int]


# These two are never changed. They are not frozen only because a frozen record takes four times as
# long to make, and a program needs both for every equation.


@dataclass(slots=True, unsafe_hash=True)
class Value:
    """One value of a program: its number, shape, kind, and its content where it is a constant."""

    number: int
    shape: Shape
    kind: Kind
    constant: NDArray[Any] | None = field(default=None, compare=False)


@dataclass(slots=True, unsafe_hash=True)
class Equation:
    """``output = word(inputs, settings)``, values by their numbers."""

    word: str
    inputs: tuple[int, ...]
    settings: Settings
    output: int


class Recorder:
    """The equations written so far, and what is known of the values that they read and make.

    Equal equations are written once, so what forward and backward share is computed once, and
    equations over constants alone are computed at once.
    """

    def __init__(self) -> None:
        self.typed: list[Typed] = []
        self.constants: dict[int, NDArray[Any]] = {}
        self.equations: list[Written] = []
        self._known: dict[tuple[Any, ...], Symbol] = {}

    def new(self, shape: Shape, kind: Kind) -> Symbol:
        """Return the symbol of a new value, whose number is its place among ``typed``."""
        symbol = Symbol(self, len(self.typed), shape, kind)
        self.typed.append((shape, kind))
        return symbol

    def constant(self, content: Any) -> Symbol:
        """Return the symbol of a number or array that is the same in every run."""
        # A rule's own numbers (0.5, 1) are met again and again: they are known without an array.
        if type(content) in (float, int, bool):
            # 0.0 and -0.0 are equal, and not the same.
            key = ("number", type(content), content or repr(content))
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = self._array(np.asarray(content))
            return known
        return self._array(np.asarray(content))

    def _array(self, content: NDArray[Any]) -> Symbol:
        kind = kind_of(content)
        array = content.astype(_TYPES[kind])
        key = ("array", kind, array.shape, array.tobytes())
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self.new(array.shape, kind)
            self.constants[known.number] = array
        return known

    def symbol(self, content: Any) -> Symbol:
        if isinstance(content, Symbol):
            if content.recorder is not self:
                raise SetupError(
                    "A value of one trace was used in another.",
                    "Pass arrays into a function as arguments; do not keep its inner values.",
                )
            return content
        if isinstance(content, RowCount):
            return content.symbol()
        return self.constant(content)

    def record(self, word: str, inputs: Sequence[Any], settings: Mapping[str, Any]) -> Symbol:
        """Write down one equation, or return the symbol of an equal one written before."""
        symbols = [self.symbol(one) for one in inputs]
        if word == "count":
            return self._count(symbols[0], settings["axis"])
        numbers = tuple([one.number for one in symbols])
        key = (word, numbers, _plain(settings))
        known = self._known.get(key)
        if known is None:
            typed = [self.typed[number] for number in numbers]
            made = WORD_SHAPES[word](*typed, **settings)
            kept = self._unchanged(word, numbers, typed, made)
            if kept is not None:
                known = symbols[kept]
            elif self.constants.keys() >= set(numbers):
                known = self._computed(word, numbers, settings)
            else:
                known = self.new(*made)
                given = (("shape", made[0]),) if word == "reshape" else key[2]
                self.equations.append((word, numbers, given, known.number))
            self._known[key] = known
        return known

    def _unchanged(
        self, word: str, numbers: Sequence[int], typed: Sequence[Typed], made: Typed
    ) -> int | None:
        """Return the place of the input that a word gives back as it is: times 1, or unshaped."""
        if word == "reshape":
            return 0 if typed[0] == made else None
        if word in ("multiply", "divide") and typed[0] == made and self._is_one(numbers[1]):
            return 0
        if word == "multiply" and typed[1] == made and self._is_one(numbers[0]):
            return 1
        return None

    def _is_one(self, number: int) -> bool:
        content = self.constants.get(number)
        return content is not None and content.ndim == 0 and content.item() == 1

    def _computed(self, word: str, numbers: Sequence[int], settings: Mapping[str, Any]) -> Symbol:
        contents = [self.constants[number] for number in numbers]
        with np.errstate(all="ignore"):
            return self.constant(WORD_VALUES[word](np, *contents, **settings))

    def _count(self, symbol: Symbol, axis: int) -> Symbol:
        """Return a size as a number; all open sizes are the same n, so it is counted once."""
        size = symbol.plain[axis]
        if isinstance(size, int):
            return self.constant(float(size))
        key = ("rows",)
        if key not in self._known:
            result = self.new((), "float")
            place = (("axis", axis % symbol.ndim),)
            self.equations.append(("count", (symbol.number,), place, result.number))
            self._known[key] = result
        return self._known[key]


_TYPES: Mapping[Kind, Any] = {"float": np.float64, "integer": np.int64, "boolean": np.bool_}


def _plain(settings: Mapping[str, Any]) -> Settings:
    return tuple(sorted(settings.items())) if settings else ()


def kind_of(content: NDArray[Any]) -> Kind:
    """Return the kind of an array's elements."""
    code = content.dtype.kind
    if code not in "fiub":
        raise SetupError(
            f"An array of {content.dtype} elements cannot be computed with.",
            "Give numbers or truth values.",
        )
    return "float" if code == "f" else "boolean" if code == "b" else "integer"
