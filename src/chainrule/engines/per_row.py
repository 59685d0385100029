"""Per-row programs: what each row alone adds to the sums over rows of a program.

``per_row`` reads the row marks. "fixed" and "row" equations stay as they are, a sum over rows
becomes its summands, and what comes after a sum runs once for each row, so it gets a leading axis
of rows. The result is a program over the same alphabet, which every engine runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.arrays import (
    add_at,
    apply,
    broadcast_like,
    concatenate,
    equal,
    matmul,
    pad,
    reshape,
    sum_over,
    take,
    transpose,
    where,
    zeros_like,
)
from chainrule.errors import SetupError
from chainrule.program import Program, trace
from chainrule.shapes import ROWS, Shape, normal_axes, rows_axis
from chainrule.sliding import windows


def per_row(program: Program) -> Program:
    """Return the program whose outputs are, for each row, its own terms of the sums over rows.

    An output that is a sum over rows, or made from such sums, gets a leading axis of rows; others
    stay. The number of rows in a mean stays that of the batch, so the terms of a mean, or of any
    other linear combination of sums, sum to the batch's value. What is not linear in the sums is
    applied to each row's term, and what is added to a sum (a penalty) is added to each of them.
    Raises SetupError where a row of the batch depends on other rows, because then no row has a
    result of its own.
    """
    refuse_coupled(program)
    marks = program.marks

    def terms(*inputs: Any) -> list[Any]:
        values: dict[int, Any] = dict(enumerate(inputs))
        values.update(
            (one.number, one.constant) for one in program.values if one.constant is not None
        )
        for equation in program.equations:
            given = [values[number] for number in equation.inputs]
            shape = program.values[equation.output].shape
            settings = dict(equation.settings)
            mark = marks[equation.output]
            if mark == "sum":
                made = _SUMMANDS[equation.word](shape, given, **settings)
            elif mark == "after":
                lifted = [marks[number] in ("sum", "after") for number in equation.inputs]
                one = _Lifting(equation.word, settings, shape, given, lifted)
                made = _AFTER.get(one.word, _elementwise)(one)
            elif mark == "fixed" and equation.word == "broadcast_like":
                made = _spread_fixed(given, marks[equation.inputs[1]] in ("sum", "after"))
            else:
                made = apply(equation.word, given, settings)
            values[equation.output] = made
        return [values[number] for number in program.outputs]

    return trace(terms, program.inputs, program.output_names, program.dtype)


def refuse_coupled(program: Program) -> None:
    """Raise SetupError with the first equation that mixes rows, if there is one."""
    if program.coupled:
        raise SetupError(
            f"There are no results for single rows: '{program.text_of(program.coupled[0])}' mixes "
            "the rows of a batch.",
            "Leave out what mixes them, or give one row at a time.",
        )


# ---- a sum over rows: its summands, rows first ----


def _rows_first(x: Any) -> Any:
    """Return x with its axis of rows in front."""
    rows = rows_axis(x.shape)
    order = (rows, *(axis for axis in range(x.ndim) if axis != rows))
    return transpose(x, order) if rows else x


def _shaped(x: Any, shape: Shape) -> Any:
    """Return x in a shape, where it does not have it already."""
    return x if x.shape == shape else reshape(x, shape)


def _sum_summands(shape: Shape, given: Sequence[Any], axis: Any, keepdims: bool) -> Any:
    (x,) = given
    rows = rows_axis(x.shape)
    # In front of the axes that came before the rows, they move up by one.
    inner = [one for one in normal_axes(axis, x.ndim) if one != rows]
    moved = tuple(one + 1 if one < rows else one for one in inner)
    terms = _rows_first(x)
    return _shaped(sum_over(terms, moved) if moved else terms, (ROWS, *shape))


def _matmul_summands(shape: Shape, given: Sequence[Any]) -> Any:
    left, right = (_rows_first(one) for one in given)
    column = _aligned(reshape(left, (*left.shape, 1)), len(shape))
    row = _aligned(reshape(right, (*right.shape[:-1], 1, right.shape[-1])), len(shape))
    return column * row


def _contract_summands(shape: Shape, given: Sequence[Any]) -> Any:
    left, right = (_flat_between(_rows_first(one)) for one in given)
    return matmul(transpose(left, (0, 2, 1)), right)


def _flat_between(x: Any) -> Any:
    """Return x with all axes between the first and the last as one."""
    return _shaped(x, (x.shape[0], math.prod(x.shape[1:-1]), x.shape[-1]))


def _convolve_weights_summands(
    shape: Shape,
    given: Sequence[Any],
    size: Any,
    stride: Any,
    dilation: Any,
    padding: Any,
    groups: int,
) -> Any:
    """What a kernel sees at each place, times the gradient there, summed over the places."""
    x, y = given
    for axis, (before, after) in enumerate(padding, start=2):
        x = pad(x, axis, before, after) if before or after else x
    seen = windows(x, size, stride, dilation)
    outputs, channels = y.shape[1] // groups, x.shape[1] // groups
    places, kernel = math.prod(y.shape[2:]), math.prod(size)
    rank = len(size)
    seen = reshape(seen, (ROWS, groups, channels, *seen.shape[2:]))
    order = (0, 1, *range(3, 3 + rank), 2, *range(3 + rank, 3 + 2 * rank))
    seen = reshape(transpose(seen, order), (ROWS, groups, places, channels * kernel))
    made = matmul(reshape(y, (ROWS, groups, outputs, places)), seen)
    return reshape(made, (ROWS, *shape))


def _add_at_summands(shape: Shape, given: Sequence[Any], size: int) -> Any:
    """Values and indices with rows in front; each value stands where its index says, else 0."""
    values, indices = (_rows_first(one) for one in given)
    extra = values.ndim - indices.ndim
    hit = equal(
        reshape(indices, (*indices.shape, *(1,) * (extra + 1))),
        np.arange(size).reshape(size, *(1,) * extra),
    )
    beside = reshape(values, (*indices.shape, 1, *values.shape[indices.ndim :]))
    placed = where(hit, beside, 0)
    along = tuple(range(1, indices.ndim))
    return sum_over(placed, along) if along else placed


_SUMMANDS: Mapping[str, Callable[..., Any]] = {
    "sum_over": _sum_summands,
    "matmul": _matmul_summands,
    "contract": _contract_summands,
    "convolve_weights": _convolve_weights_summands,
    "add_at": _add_at_summands,
}


# ---- after a sum: the same word with an axis of rows in front ----


@dataclass(frozen=True)
class _Lifting:
    """An equation to be run for each row: which of its inputs have rows in front, and its shape."""

    word: str
    settings: Mapping[str, Any]
    shape: Shape
    given: Sequence[Any]
    lifted: Sequence[bool]

    @property
    def x(self) -> Any:
        return self.given[0]

    def aligned(self) -> list[Any]:
        """The inputs, with axes of size 1 behind the rows of those that have fewer axes."""
        rank = len(self.shape)
        return [
            _aligned(x, rank) if up else x for x, up in zip(self.given, self.lifted, strict=True)
        ]


def _aligned(x: Any, rank: int) -> Any:
    """Return a value of rows with axes of size 1 behind the rows, so that ``rank`` follow them."""
    missing = rank + 1 - x.ndim
    return _shaped(x, (x.shape[0], *(1,) * missing, *x.shape[1:]))


def _elementwise(one: _Lifting) -> Any:
    return apply(one.word, one.aligned())


def _reduction(one: _Lifting) -> Any:
    axes = normal_axes(one.settings["axis"], one.x.ndim - 1)
    moved = tuple(axis + 1 for axis in axes)
    return apply(one.word, one.given, {**one.settings, "axis": moved}) if axes else one.x


def _transposed(one: _Lifting) -> Any:
    return transpose(one.x, (0, *(axis + 1 for axis in one.settings["axes"])))


def _reshaped(one: _Lifting) -> Any:
    return _shaped(one.x, (ROWS, *one.shape))


def _shifted(one: _Lifting) -> Any:
    """A slice or a pad, one axis further on."""
    return apply(one.word, one.given, {**one.settings, "axis": one.settings["axis"] + 1})


def _joined(one: _Lifting) -> Any:
    (axis,) = normal_axes(one.settings["axis"], len(one.shape))
    # Zeros by shape alone: a NaN in one row's term must not reach the parts beside it.
    first = next(x for x, up in zip(one.given, one.lifted, strict=True) if up)
    zeros = sum_over(zeros_like(first), tuple(range(1, first.ndim)), keepdims=True)
    parts = [x if up else zeros + x for x, up in zip(one.given, one.lifted, strict=True)]
    return concatenate(parts, axis + 1)


def _spread(one: _Lifting) -> Any:
    x, like = one.aligned()
    return broadcast_like(x, zeros_like(x) + zeros_like(like))


def _spread_fixed(given: Sequence[Any], lifted: bool) -> Any:
    """Spread a fixed value like another; of a value of rows, only one row's shape counts."""
    x, like = given
    return broadcast_like(x, sum_over(zeros_like(like), 0) if lifted else like)


def _taken(one: _Lifting) -> Any:
    _refuse_sums_as_indices(one)
    return _rows_first(take(_rows_last(one.x), one.given[1]))


def _added(one: _Lifting) -> Any:
    _refuse_sums_as_indices(one)
    return _rows_first(add_at(_rows_last(one.x), one.given[1], one.settings["size"]))


def _rows_last(x: Any) -> Any:
    return transpose(x, (*range(1, x.ndim), 0))


def _refuse_sums_as_indices(one: _Lifting) -> None:
    if one.lifted[1]:
        raise SetupError(
            "There are no results for single rows: a sum over the rows serves as an index.",
            "Choose with whole numbers that do not come from a sum.",
        )


def _slid(one: _Lifting) -> Any:
    """Windows slide over the last axes, so that rows in front change nothing."""
    return apply(one.word, one.given, one.settings)


def _contracted(one: _Lifting) -> Any:
    left, right = (
        _flat_between(x if up else _spread_over_rows(x, one))
        for x, up in zip(one.given, one.lifted, strict=True)
    )
    return matmul(transpose(left, (0, 2, 1)), right)


def _spread_over_rows(x: Any, one: _Lifting) -> Any:
    """Return a fixed value once for each row."""
    lifted = next(x for x, up in zip(one.given, one.lifted, strict=True) if up)
    zeros = sum_over(zeros_like(lifted), tuple(range(1, lifted.ndim)), keepdims=True)
    return _aligned(reshape(zeros, (ROWS,)), x.ndim) + x


def _refused(one: _Lifting) -> Any:
    raise SetupError(
        f"There are no results for single rows: '{one.word}' works on a sum over the rows.",
        "Apply it to rows, or to parameters.",
    )


_AFTER: Mapping[str, Callable[[_Lifting], Any]] = {
    "sum_over": _reduction,
    "max_over": _reduction,
    "transpose": _transposed,
    "reshape": _reshaped,
    "slice": _shifted,
    "pad": _shifted,
    "concatenate": _joined,
    "broadcast_like": _spread,
    "take": _taken,
    "add_at": _added,
    "windows": _slid,
    "overlap_add": _slid,
    "contract": _contracted,
    **dict.fromkeys(("convolve", "convolve_transposed", "convolve_weights"), _refused),
}
