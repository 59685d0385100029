"""A program: a function written as a flat list of equations over the alphabet.

``trace`` runs a function once on symbols. What comes out is shared (equal equations are one),
pruned (what no output needs is gone), well formed, and marked by rows when the marks are asked for:

    fixed     knows nothing of the batch's contents (parameters, constants, the number of rows)
    row       one entry for each row, made from that row and fixed values alone
    sum       a sum over rows
    after     made from sums
    coupled   one entry for each row that depends on other rows, or a reduction over rows that is
              not a sum: it ends a row-wise stretch

A stretch of "row" equations may run tile by tile; per-row results of a program exist when nothing
in it is coupled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from chainrule.equations import Equation, Recorder, Value, Written
from chainrule.errors import SetupError
from chainrule.shapes import Kind, Rows, Shape, Typed, has_rows, rows_axis, show
from chainrule.word_shapes import WORD_SHAPES

Mark = Literal["fixed", "row", "sum", "after", "coupled"]
FloatType = Literal["float32", "float64"]


@dataclass(frozen=True)
class Input:
    """One input of a program: its name, shape (with ROWS where open) and kind."""

    name: str
    shape: Shape
    kind: Kind = "float"


@dataclass(frozen=True, eq=False, repr=False)
class Program:
    """Equations in order, the values that they read and make, and which of these are asked for.

    Two programs are equal when they are one, so that an engine can keep what it prepares for each.
    """

    dtype: FloatType
    inputs: tuple[Input, ...]
    values: tuple[Value, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[int, ...]
    output_names: tuple[str, ...]

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """The row mark of each value, by the value's number."""
        axes = [rows_axis(one.shape) if has_rows(one.shape) else None for one in self.values]
        marks: list[Mark] = ["fixed" if axis is None else "row" for axis in axes]
        for equation in self.equations:
            marks[equation.output] = _mark(equation, self, marks, axes)
        return tuple(marks)

    @property
    def coupled(self) -> tuple[Equation, ...]:
        """The equations that mix rows, so that no per-row result exists."""
        return tuple(one for one in self.equations if self.marks[one.output] == "coupled")

    @cached_property
    def _names(self) -> dict[int, str]:
        names = {number: f"v{number}" for number in range(len(self.values))}
        names.update((number, one.name) for number, one in enumerate(self.inputs))
        for value in self.values:
            if value.constant is not None:
                small = value.constant.ndim == 0
                names[value.number] = repr(value.constant.item()) if small else f"c{value.number}"
        return names

    def text_of(self, equation: Equation) -> str:
        """Return one equation as it is printed, ``v7 = matmul(x, v5)``."""
        parts = [self._names[number] for number in equation.inputs]
        parts += [f"{name}={content!r}" for name, content in equation.settings]
        return f"{self._names[equation.output]} = {equation.word}({', '.join(parts)})"

    def __repr__(self) -> str:
        return f"<program of {len(self.equations)} equations>"

    def __str__(self) -> str:
        lines = [f"program over {self.dtype}"]
        lines += [f"  input   {one.name} {show(one.shape)} {one.kind}" for one in self.inputs]
        for equation in self.equations:
            made, mark = self.values[equation.output], self.marks[equation.output]
            lines.append(f"  {mark:<8}{self.text_of(equation):<60} {show(made.shape)}")
        for number, name in zip(self.outputs, self.output_names, strict=True):
            lines.append(f"  output  {name} = {self._names[number]}")
        return "\n".join(lines)


def trace(
    function: Callable[..., Sequence[Any]],
    inputs: Sequence[Input],
    output_names: Sequence[str],
    dtype: FloatType = "float64",
) -> Program:
    """Run ``function`` once on symbols and return its program.

    ``function`` takes one argument for each input and returns one value for each output name.
    Raises SetupError where it leaves the alphabet, ShapeError where sizes do not meet.
    """
    tracing = Tracing(inputs)
    return tracing.program(function(*tracing.symbols), output_names, dtype)


class Tracing:
    """Symbols for some inputs, and the programs of what is made of them.

    Several programs may come from one tracing, each with the equations that its own outputs need;
    what they share is traced once.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.inputs = tuple(inputs)
        self._recorder = Recorder()
        self.symbols = [self._recorder.new(one.shape, one.kind) for one in inputs]

    def program(
        self, made: Sequence[Any], output_names: Sequence[str], dtype: FloatType
    ) -> Program:
        """Return the program whose outputs are ``made``, one for each name.

        It keeps what the outputs need, and numbers the values anew in order. It is well formed
        without a ``check``: each word was written after what it reads, in a shape and kind that
        came from the table which ``check`` would ask again.
        """
        if len(made) != len(output_names):
            raise SetupError(
                f"A traced function returned {len(made)} values where {len(output_names)} are due.",
                "Return one value for each output.",
            )
        results = [self._recorder.symbol(one).number for one in made]
        kept, needed = self._needed_by(results)
        given = range(len(self.inputs))
        made_by_words = [output for _, _, _, output in kept]
        order = [*given, *sorted(needed.difference(given, made_by_words)), *made_by_words]
        place = {number: index for index, number in enumerate(order)}.__getitem__
        typed, constants = self._recorder.typed, self._recorder.constants
        values = [
            Value(index, typed[number][0], typed[number][1], constants.get(number))
            for index, number in enumerate(order)
        ]
        equations = [
            Equation(word, tuple(map(place, read)), settings, place(output))
            for word, read, settings, output in kept
        ]
        return Program(
            dtype,
            self.inputs,
            tuple(values),
            tuple(equations),
            tuple(map(place, results)),
            tuple(output_names),
        )

    def _needed_by(self, results: Sequence[int]) -> tuple[list[Written], set[int]]:
        """Return the equations that these values come from, in order, and all their values."""
        needed = set(results)
        kept: list[Written] = []
        for one in reversed(self._recorder.equations):
            _, read, _, output = one
            if output in needed:
                needed.update(read)
                kept.append(one)
        return kept[::-1], needed


@lru_cache(maxsize=512)
def step_program(
    step: Callable[..., Any], state: Typed, entries: tuple[Typed, ...], fixed: tuple[Typed, ...]
) -> Program:
    """Return the program of ``step(state, *entries, *fixed)``, one for a step and its shapes.

    State and entries are (shape, kind) with the rows open. It is the body of the word ``scan``.
    """
    inputs = [Input("state", *state)]
    inputs += [Input(f"entry_{place}", *one) for place, one in enumerate(entries)]
    inputs += [Input(f"fixed_{place}", *one) for place, one in enumerate(fixed)]
    return trace(lambda *given: (step(*given),), inputs, ("state",))


def check(program: Program) -> None:
    """Refuse a program that is not well formed: order, shapes, kinds.

    Raises SetupError; a program from ``trace`` passes, so only one made by other means needs it.
    """
    known = set(range(len(program.inputs)))
    known |= {value.number for value in program.values if value.constant is not None}
    for place, equation in enumerate(program.equations):
        where = f"equation {place} ({equation.word}) of the program"
        if equation.word not in WORD_SHAPES or equation.output in known:
            raise SetupError(f"{where} is no word or writes a value twice.", "Trace it again.")
        if not known.issuperset(equation.inputs):
            raise SetupError(f"{where} reads a value that is not there yet.", "Trace it again.")
        given = [program.values[number] for number in equation.inputs]
        made = program.values[equation.output]
        settings = dict(equation.settings)
        due = WORD_SHAPES[equation.word](*((one.shape, one.kind) for one in given), **settings)
        if due != (made.shape, made.kind):
            raise SetupError(
                f"{where} makes {due[1]} {show(due[0])}, not {made.kind} {show(made.shape)}.",
                "Trace it again.",
            )
        known.add(equation.output)
    if not known.issuperset(program.outputs):
        raise SetupError("An output of the program is made nowhere.", "Trace it again.")


def _mark(
    equation: Equation,
    program: Program,
    marks: Sequence[Mark],
    axes: Sequence[int | None],
) -> Mark:
    """Return the mark of what an equation makes; ``axes`` says where each value has its rows."""
    if equation.word == "count":
        return "fixed"
    # What only lends its shape, the last of its inputs, is not read.
    read = equation.inputs[:-1] if equation.word in _LENT_A_SHAPE else equation.inputs
    given = {marks[number] for number in read}
    mixed = not given.isdisjoint(("sum", "after", "coupled"))
    if axes[equation.output] is not None:
        return "coupled" if mixed or _pairs_rows(equation, program, axes) else "row"
    if any(axes[number] is not None for number in read):
        return "sum" if equation.word in _SUMS else "coupled"
    return "after" if mixed else "fixed"


_LENT_A_SHAPE = ("broadcast_like", "random")
_SUMS = ("sum_over", "matmul", "contract", "add_at", "convolve_weights")
# Words whose inputs may have their rows at different places, counted from the last axis.
_MOVES_ROWS = ("matmul", "transpose", "reshape", "take", "slice", "pad", "broadcast_like")


def _pairs_rows(equation: Equation, program: Program, axes: Sequence[int | None]) -> bool:
    """Whether an equation pairs one row with another, as ``x @ x.T`` does."""
    shape = program.values[equation.output].shape
    if len(shape) > 1 and sum([isinstance(size, Rows) for size in shape]) > 1:
        return True
    if equation.word == "scan":
        # Rows lie in front everywhere; a step may still mix them.
        body = dict(equation.settings)["body"]
        return bool(body.marks[body.outputs[0]] != "row")
    if equation.word == "take":
        return axes[equation.inputs[0]] == 0
    if equation.word in _MOVES_ROWS:
        return False
    places = {
        len(program.values[number].shape) - axis
        for number in equation.inputs
        for axis in (axes[number],)
        if axis is not None
    }
    return len(places) > 1
