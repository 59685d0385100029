"""A program: a function written as a flat list of equations over the alphabet.

``trace`` runs a function once on symbols. What comes out is shared (equal equations are one),
pruned (what no output needs is gone), checked, and marked by rows:

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
from functools import cached_property
from typing import Any, Literal

from chainrule.equations import Equation, Recorder, Value
from chainrule.errors import SetupError
from chainrule.symbols import Symbol
from chainrule.word_shapes import WORD_SHAPES, Kind, Rows, Shape, has_rows, rows_axis, show

Mark = Literal["fixed", "row", "sum", "after", "coupled"]
FloatType = Literal["float32", "float64"]


@dataclass(frozen=True)
class Input:
    """One input of a program: its name, shape (with ROWS where open) and kind."""

    name: str
    shape: Shape
    kind: Kind = "float"


@dataclass(frozen=True, eq=False)
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
        marks: list[Mark] = ["row" if has_rows(value.shape) else "fixed" for value in self.values]
        for equation in self.equations:
            marks[equation.output] = _mark(self, equation, marks)
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
    recorder = Recorder()
    symbols = [recorder.new(one.shape, one.kind) for one in inputs]
    results = [recorder.symbol(result) for result in function(*symbols)]
    if len(results) != len(output_names):
        raise SetupError(
            f"A traced function returned {len(results)} values where {len(output_names)} are due.",
            "Return one value for each output.",
        )
    program = _pruned(recorder, tuple(inputs), results, tuple(output_names), dtype)
    check(program)
    return program


def _pruned(
    recorder: Recorder,
    inputs: tuple[Input, ...],
    results: Sequence[Symbol],
    output_names: tuple[str, ...],
    dtype: FloatType,
) -> Program:
    """Keep what the outputs need, and number the values anew in order."""
    needed = {result.value.number for result in results}
    kept: list[Equation] = []
    for equation in reversed(recorder.equations):
        if equation.output in needed:
            needed.update(equation.inputs)
            kept.append(equation)
    order = list(range(len(inputs)))
    made = {equation.output for equation in kept}
    order += sorted(needed - set(order) - made)
    order += [equation.output for equation in reversed(kept)]
    place = {number: index for index, number in enumerate(order)}
    values = tuple(
        Value(place[number], old.shape, old.kind, old.constant)
        for number in order
        for old in (recorder.values[number],)
    )
    equations = tuple(
        Equation(one.word, tuple(place[i] for i in one.inputs), one.settings, place[one.output])
        for one in reversed(kept)
    )
    outputs = tuple(place[result.value.number] for result in results)
    return Program(dtype, inputs, values, equations, outputs, output_names)


def check(program: Program) -> None:
    """Refuse a program that is not well formed: order, shapes, kinds.

    Raises SetupError; a program from ``trace`` passes, one made by other means may not.
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


def _mark(program: Program, equation: Equation, marks: Sequence[Mark]) -> Mark:
    if equation.word == "count":
        return "fixed"
    read = equation.inputs[:1] if equation.word == "broadcast_like" else equation.inputs
    given = {marks[number] for number in read}
    shape = program.values[equation.output].shape
    if has_rows(shape):
        mixes = bool(given & {"sum", "after", "coupled"}) or _pairs_rows(program, equation)
        return "coupled" if mixes else "row"
    if any(has_rows(program.values[number].shape) for number in read):
        return "sum" if equation.word in ("sum_over", "matmul", "add_at") else "coupled"
    return "after" if given & {"sum", "after", "coupled"} else "fixed"


def _pairs_rows(program: Program, equation: Equation) -> bool:
    """Whether an equation pairs one row with another, as ``x @ x.T`` does."""
    shape = program.values[equation.output].shape
    if sum(isinstance(size, Rows) for size in shape) > 1:
        return True
    source = program.values[equation.inputs[0]].shape
    if equation.word == "take" and has_rows(source) and rows_axis(source) == 0:
        return True
    places = {
        len(shape) - rows_axis(shape)
        for number in equation.inputs
        for shape in (program.values[number].shape,)
        if has_rows(shape)
    }
    elementwise = equation.word not in ("matmul", "transpose", "reshape", "take", "slice", "pad")
    return elementwise and len(places) > 1 and equation.word != "broadcast_like"
