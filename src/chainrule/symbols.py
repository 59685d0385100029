"""Symbols: stand-ins for arrays that write down which words are applied to them.

A rule called with symbols runs as it does with arrays, and leaves the list of its equations in a
``Recorder``. Equal equations are written once (so what forward and backward share is computed
once), and equations over constants alone are computed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import SetupError, nearest
from chainrule.word_shapes import ROWS, WORD_SHAPES, Kind, Rows, Shape, Size, show

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
    """The equations written so far, and the values that they read and make."""

    def __init__(self, compute: Callable[..., Any]) -> None:
        """Take ``compute(word, inputs, settings)``, which works out equations over constants."""
        self.values: list[Value] = []
        self.equations: list[Equation] = []
        self._compute = compute
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
        if word in ("multiply", "divide") and _is_one(symbols[1]) and shape == symbols[0].plain:
            result = symbols[0]
        elif word == "multiply" and _is_one(symbols[0]) and shape == symbols[1].plain:
            result = symbols[1]
        elif all(one.value.constant is not None for one in symbols):
            result = self.constant(
                self._compute(word, [one.value.constant for one in symbols], settings)
            )
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


@dataclass(frozen=True, eq=False)
class RowCount(Rows):
    """The open size of a symbol's rows; in arithmetic it is the number of rows of the batch."""

    source: Symbol
    axis: int

    def symbol(self) -> Symbol:
        return self.source.word("count", axis=self.axis)

    def _with(self, word: str, left: Any, right: Any) -> Symbol:
        return self.source.recorder.record(word, (left, right), {})

    def __add__(self, other: Any) -> Symbol:
        return self._with("add", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self._with("add", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self._with("subtract", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self._with("subtract", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self._with("multiply", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self._with("multiply", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self._with("divide", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self._with("divide", other, self)

    def __repr__(self) -> str:
        return "n"


class Symbol:
    """A stand-in for an array: has its shape, and writes down what is done with it."""

    __array_priority__ = 1000
    # Symbols compare by identity; the word for elementwise equality is ``equal``.
    __slots__ = ("recorder", "value")

    def __init__(self, recorder: Recorder, value: Value) -> None:
        self.recorder = recorder
        self.value = value

    def word(self, name: str, *others: Any, **settings: Any) -> Symbol:
        return self.recorder.record(name, (self, *others), settings)

    @property
    def plain(self) -> Shape:
        """The shape with ROWS where the size is open."""
        return self.value.shape

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape; an open size can be divided by, like a number."""
        return tuple(
            RowCount(self, axis) if isinstance(size, Rows) else size
            for axis, size in enumerate(self.value.shape)
        )

    @property
    def ndim(self) -> int:
        return len(self.value.shape)

    @property
    def T(self) -> Symbol:
        return self.word("transpose", axes=tuple(reversed(range(self.ndim))))

    def __add__(self, other: Any) -> Symbol:
        return self.word("add", other)

    def __radd__(self, other: Any) -> Symbol:
        return self.recorder.record("add", (other, self), {})

    def __sub__(self, other: Any) -> Symbol:
        return self.word("subtract", other)

    def __rsub__(self, other: Any) -> Symbol:
        return self.recorder.record("subtract", (other, self), {})

    def __mul__(self, other: Any) -> Symbol:
        return self.word("multiply", other)

    def __rmul__(self, other: Any) -> Symbol:
        return self.recorder.record("multiply", (other, self), {})

    def __truediv__(self, other: Any) -> Symbol:
        return self.word("divide", other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self.recorder.record("divide", (other, self), {})

    def __pow__(self, other: Any) -> Symbol:
        return self.word("power", other)

    def __rpow__(self, other: Any) -> Symbol:
        return self.recorder.record("power", (other, self), {})

    def __matmul__(self, other: Any) -> Symbol:
        return self.word("matmul", other)

    def __rmatmul__(self, other: Any) -> Symbol:
        return self.recorder.record("matmul", (other, self), {})

    def __neg__(self) -> Symbol:
        return self.word("negative")

    def __abs__(self) -> Symbol:
        return self.word("absolute")

    def __lt__(self, other: Any) -> Symbol:
        return self.word("less", other)

    def __le__(self, other: Any) -> Symbol:
        return self.word("less_equal", other)

    def __gt__(self, other: Any) -> Symbol:
        return self.recorder.record("less", (other, self), {})

    def __ge__(self, other: Any) -> Symbol:
        return self.recorder.record("less_equal", (other, self), {})

    def sum(
        self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False, **_: None
    ) -> Symbol:
        return self.word("sum_over", axis=axis, keepdims=keepdims)

    def max(
        self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False, **_: None
    ) -> Symbol:
        return self.word("max_over", axis=axis, keepdims=keepdims)

    def mean(
        self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False, **_: None
    ) -> Symbol:
        axes = range(self.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        total = self.sum(axis=axis, keepdims=keepdims)
        for one in axes:
            total = total / self.word("count", axis=one % self.ndim)
        return total

    def reshape(self, *shape: Any) -> Symbol:
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return self.word("reshape", shape=open_shape(wanted))

    def __getitem__(self, key: Any) -> Symbol:
        keys = key if isinstance(key, tuple) else (key,)
        return _part(self, keys)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **settings: Any) -> Symbol:
        """Let NumPy's own elementwise functions (``np.exp(x)``, ``2 * x``) write words."""
        name = str(ufunc.__name__)
        word = _NUMPY_NAMES.get(name, name)
        if method != "__call__" or settings or word not in WORD_SHAPES:
            raise SetupError(
                f"numpy.{name} is not a word of the alphabet, so it cannot be traced.",
                nearest(name, WORD_SHAPES),
            )
        if name in ("greater", "greater_equal"):
            inputs = (inputs[1], inputs[0])
        if name == "square":
            inputs = (inputs[0], inputs[0])
        return self.recorder.record(word, inputs, {})

    def __array_function__(
        self, function: Any, types: Any, arguments: Any, settings: Mapping[str, Any]
    ) -> Symbol:
        """Let ``np.sum``, ``np.mean``, ``np.max``, ``np.where`` and a few more write words."""
        name = str(function.__name__)
        if name in ("sum", "mean", "max", "amax", "reshape"):
            method = getattr(arguments[0], "max" if name == "amax" else name)
            return _as_symbol(method(*arguments[1:], **settings))
        if name == "where":
            return self.recorder.record("where", arguments, {})
        raise SetupError(
            f"numpy.{name} is not a word of the alphabet, so it cannot be traced.",
            "Write it with the functions of chainrule.arrays.",
        )

    def _refuse(self) -> NoReturn:
        raise SetupError(
            "A traced function asked for the numbers of a value, which has none yet.",
            "Do not branch on values or convert them; use where() of chainrule.arrays.",
        )

    def __bool__(self) -> bool:
        self._refuse()

    def __float__(self) -> float:
        self._refuse()

    def __int__(self) -> int:
        self._refuse()

    def __iter__(self) -> NoReturn:
        self._refuse()

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        self._refuse()

    def __repr__(self) -> str:
        return f"<symbol {self.value.number} {show(self.value.shape)} {self.value.kind}>"


_NUMPY_NAMES = {
    "true_divide": "divide",
    "fabs": "absolute",
    "greater": "less",
    "greater_equal": "less_equal",
    "square": "multiply",
    "float_power": "power",
    "isfinite": "is_finite",
}


def _as_symbol(result: Any) -> Symbol:
    if not isinstance(result, Symbol):
        raise TypeError(f"expected a symbol, not {type(result).__name__}")
    return result


def open_shape(shape: Sequence[Any]) -> Shape:
    """Return a shape with ROWS for every size that is open."""
    return tuple(ROWS if isinstance(size, Rows) else int(size) for size in shape)


def _part(symbol: Symbol, keys: tuple[Any, ...]) -> Symbol:
    """Return ``symbol[keys]`` for whole numbers, slices of step 1, ``None`` and ``...``."""
    given = sum(key is not None and key is not Ellipsis for key in keys)
    filler = (slice(None),) * (symbol.ndim - given)
    if Ellipsis in keys:
        place = keys.index(Ellipsis)
        keys = (*keys[:place], *filler, *keys[place + 1 :])
    else:
        keys = (*keys, *filler)
    shape: list[Size] = []
    axis = 0
    for key in keys:
        if key is None:
            shape.append(1)
            continue
        size = symbol.plain[axis]
        if isinstance(key, slice) and key == slice(None):
            shape.append(size)
        elif isinstance(size, Rows) or not isinstance(key, int | slice):
            raise SetupError(
                f"{show(symbol.plain)} cannot be indexed with {key!r} along axis {axis}.",
                "Use whole numbers and plain slices on fixed sizes, take() for other indices; "
                "rows are not chosen inside a rule.",
            )
        else:
            start, stop, step = (
                key.indices(size) if isinstance(key, slice) else (key % size, key % size + 1, 1)
            )
            if step != 1:
                raise SetupError("A slice with a step cannot be traced.", "Use take().")
            symbol = symbol.word("slice", axis=axis, start=start, stop=max(start, stop))
            if isinstance(key, slice):
                shape.append(max(stop - start, 0))
        axis += 1
    return symbol if tuple(shape) == symbol.plain else symbol.word("reshape", shape=tuple(shape))
