"""Symbols: stand-ins for arrays that write down which words are applied to them.

A rule called with symbols runs as it does with arrays, and leaves the list of its equations in
their ``Recorder``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, NoReturn

from numpy.typing import NDArray

from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.shapes import ROWS, Kind, Rows, Shape, Size, show
from chainrule.word_shapes import WORD_SHAPES

if TYPE_CHECKING:
    from chainrule.equations import Recorder


class Arithmetic:
    """Python's operators, written down as words."""

    __slots__ = ()

    def _write(self, word: str, *inputs: Any) -> Symbol:
        raise TypeError(f"{type(self).__name__} writes no words")

    def __add__(self, other: Any) -> Symbol:
        return self._write("add", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self._write("add", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self._write("subtract", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self._write("subtract", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self._write("multiply", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self._write("multiply", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self._write("divide", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self._write("divide", other, self)

    def __floordiv__(self, other: Any) -> Symbol:
        return self._write("floor", self / other)

    def __mod__(self, other: Any) -> Symbol:
        return self._write("subtract", self, (self // other) * other)

    def __pow__(self, other: Any) -> Symbol:
        return self._write("power", self, other)

    def __rpow__(self, other: Any) -> Symbol:
        return self._write("power", other, self)

    def __neg__(self) -> Symbol:
        return self._write("negative", self)

    def __abs__(self) -> Symbol:
        return self._write("absolute", self)

    def __lt__(self, other: Any) -> Symbol:
        return self._write("less", self, other)

    def __le__(self, other: Any) -> Symbol:
        return self._write("less_equal", self, other)

    def __gt__(self, other: Any) -> Symbol:
        return self._write("less", other, self)

    def __ge__(self, other: Any) -> Symbol:
        return self._write("less_equal", other, self)

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
        return self._write(word, *inputs)


class RowCount(Arithmetic, Rows):
    """The open size of a symbol's rows; in arithmetic it is the number of rows of the batch."""

    __slots__ = ("axis", "source")

    def __init__(self, source: Symbol, axis: int) -> None:
        self.source = source
        self.axis = axis

    def symbol(self) -> Symbol:
        return self.source.word("count", axis=self.axis)

    def _write(self, word: str, *inputs: Any) -> Symbol:
        return self.source.recorder.record(word, inputs, {})

    def __eq__(self, other: object) -> bool:
        # Rules ask whether a size is 1, to see what was spread; the rows are never spread.
        if isinstance(other, int) and other != 1:
            raise SetupError(
                f"A traced function asked whether a batch has {other} rows, which is not known.",
                "Do not branch on the number of rows; it may be used in arithmetic.",
            )
        return isinstance(other, Rows)

    def __hash__(self) -> int:
        return Rows.__hash__(self)

    def __repr__(self) -> str:
        return "n"


class Symbol(Arithmetic):
    """A stand-in for an array: has its shape, and writes down what is done with it.

    ``number`` tells it from the others of its recorder; ``plain`` is its shape with ROWS where the
    size is open.
    """

    __array_priority__ = 1000
    # As with arrays, == is elementwise; what tells one symbol from another is ``is``.
    __hash__ = object.__hash__
    __slots__ = ("kind", "number", "plain", "recorder")

    def __init__(self, recorder: Recorder, number: int, plain: Shape, kind: Kind) -> None:
        self.recorder = recorder
        self.number = number
        self.plain = plain
        self.kind = kind

    def word(self, name: str, *others: Any, **settings: Any) -> Symbol:
        return self.recorder.record(name, (self, *others), settings)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape; an open size can be divided by, like a number."""
        sizes = enumerate(self.plain)
        return tuple(
            [size if isinstance(size, int) else RowCount(self, axis) for axis, size in sizes]
        )

    @property
    def ndim(self) -> int:
        return len(self.plain)

    @property
    def T(self) -> Symbol:
        return self.word("transpose", axes=tuple(reversed(range(self.ndim))))

    def _write(self, word: str, *inputs: Any) -> Symbol:
        return self.recorder.record(word, inputs, {})

    def __matmul__(self, other: Any) -> Symbol:
        return self.word("matmul", other)

    def __rmatmul__(self, other: Any) -> Symbol:
        return self.recorder.record("matmul", (other, self), {})

    def __eq__(self, other: object) -> Any:
        return self.word("equal", other)

    def __ne__(self, other: object) -> Any:
        return self.word("equal", other).word("logical_not")

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Symbol:
        return self.word("sum_over", axis=axis, keepdims=keepdims)

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Symbol:
        return self.word("max_over", axis=axis, keepdims=keepdims)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Symbol:
        axes = range(self.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        size: Symbol | float = 1.0
        for one in axes:
            size = self.word("count", axis=one % self.ndim) * size
        return self.sum(axis=axis, keepdims=keepdims) / size

    def reshape(self, *shape: Any) -> Symbol:
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return self.word("reshape", shape=open_shape(wanted))

    def __getitem__(self, key: Any) -> Symbol:
        keys = key if isinstance(key, tuple) else (key,)
        return _part(self, keys)

    def __array_function__(
        self, function: Any, types: Any, arguments: Any, settings: Mapping[str, Any]
    ) -> Symbol:
        """Let ``np.sum``, ``np.mean``, ``np.max``, ``np.where`` and a few more write words."""
        name = str(function.__name__)
        # What stands third is an axis no more (np.sum(x, axis, dtype)), and would be taken for one.
        known = set(settings) <= {"axis", "keepdims", "shape"} and len(arguments) <= 2
        if known and name in ("sum", "mean", "max", "amax", "reshape"):
            method = getattr(arguments[0], "max" if name == "amax" else name)
            return _as_symbol(method(*arguments[1:], **settings))
        if name == "where" and len(arguments) == 3 and not settings:
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

    def __len__(self) -> int:
        self._refuse()

    def __getattr__(self, name: str) -> NoReturn:
        # NumPy and Python ask for names with underscores to see what a value can do.
        if name.startswith("_"):
            raise AttributeError(name)
        raise SetupError(
            f"A value of a traced function has no '{name}'.",
            "Write it with the functions of chainrule.arrays.",
        )

    def __repr__(self) -> str:
        return f"<symbol {self.number} {show(self.plain)} {self.kind}>"


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
    for given_key in keys:
        if given_key is None:
            shape.append(1)
            continue
        key = index(given_key) if hasattr(given_key, "__index__") else given_key
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
            if isinstance(key, int) and not -size <= key < size:
                raise ShapeError(
                    f"{show(symbol.plain)} has no entry {key} along axis {axis}.",
                    f"Entries run from {-size} to {size - 1}.",
                )
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
