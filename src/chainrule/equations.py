"""Equations: what is written down when a rule runs on symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError
from chainrule.symbols import RowCount, Symbol
from chainrule.word_shapes import WORD_SHAPES, Kind, Shape
from chainrule.word_values import WORD_VALUES

Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Value:
    """One value of a program: its number, shape, kind, and its content where it is a constant."""

    number: int
    shape: Shape
    kind: Kind
    constant: NDArray[Any] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Equation:
    """``output = word(inputs, settings)``, values by their numbers."""

    word: str
    inputs: tuple[int, ...]
    settings: Settings
    output: int


class Recorder:
    """The equations written so far, and the values that they read and make.

    Equal equations are written once, so what forward and backward share is computed once, and
    equations over constants alone are computed at once.
    """

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.equations: list[Equation] = []
        self._known: dict[tuple[Any, ...], Symbol] = {}

    def new(self, shape: Shape, kind: Kind, constant: NDArray[Any] | None = None) -> Symbol:
        value = Value(len(self.values), shape, kind, constant)
        self.values.append(value)
        return Symbol(self, value)

    def constant(self, content: Any) -> Symbol:
        """Return the symbol of a number or array that is the same in every run."""
        array = np.asarray(content)
        kind = kind_of(array)
        array = array.astype({"float": np.float64, "integer": np.int64, "boolean": np.bool_}[kind])
        key = ("constant", kind, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = self.new(array.shape, kind, array)
        return self._known[key]

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
        key = (word, *(one.value.number for one in symbols), *sorted(settings.items()))
        if key in self._known:
            return self._known[key]
        shape, kind = WORD_SHAPES[word](
            *((one.value.shape, one.value.kind) for one in symbols), **settings
        )
        typed = [(one.plain, one.value.kind) for one in symbols]
        if word in ("multiply", "divide") and _is_one(symbols[1]) and typed[0] == (shape, kind):
            result = symbols[0]
        elif word == "multiply" and _is_one(symbols[0]) and typed[1] == (shape, kind):
            result = symbols[1]
        elif all(one.value.constant is not None for one in symbols):
            contents = [one.value.constant for one in symbols]
            with np.errstate(all="ignore"):
                result = self.constant(WORD_VALUES[word](np, *contents, **settings))
        else:
            if word == "reshape":
                settings = {"shape": shape}
            result = self.new(shape, kind)
            numbers = tuple(one.value.number for one in symbols)
            equation = Equation(word, numbers, tuple(sorted(settings.items())), result.value.number)
            self.equations.append(equation)
        self._known[key] = result
        return result

    def _count(self, symbol: Symbol, axis: int) -> Symbol:
        """Return a size as a number; all open sizes are the same n, so it is counted once."""
        size = symbol.plain[axis]
        if isinstance(size, int):
            return self.constant(float(size))
        key = ("rows",)
        if key not in self._known:
            result = self.new((), "float")
            place = (("axis", axis % symbol.ndim),)
            self.equations.append(
                Equation("count", (symbol.value.number,), place, result.value.number)
            )
            self._known[key] = result
        return self._known[key]


def _is_one(symbol: Symbol) -> bool:
    content = symbol.value.constant
    return content is not None and content.shape == () and bool(content == 1)


def kind_of(content: NDArray[Any]) -> Kind:
    """Return the kind of an array's elements."""
    code = content.dtype.kind
    if code not in "fiub":
        raise SetupError(
            f"An array of {content.dtype} elements cannot be computed with.",
            "Give numbers or truth values.",
        )
    return "float" if code == "f" else "boolean" if code == "b" else "integer"
