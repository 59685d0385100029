"""Backpropagation through time: the gradient of a scan is a scan the other way round.

The gradient at a state is carried from the last step to the first over the kept states, and each
step adds the gradient at its own state (Werbos, "Backpropagation Through Time: What It Does and How
to Do It", Proc. IEEE 78, 1990). What the fixed inputs of a step gain is a sum over rows and steps.
It is not carried: the operands of every sum that a step asks for are kept for all steps, and one
sum over rows and time is taken outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chainrule.arrays import (
    Array,
    apply,
    contract,
    pad,
    reshape,
    slice_of,
    sum_over,
    transpose,
    zeros_like,
)
from chainrule.errors import SetupError
from chainrule.ops.op import Gradients
from chainrule.ops.scan_steps import before, known_of, of_a_row, packed, steps_of, unpacked
from chainrule.ops.walks import backward_walk, forward_walk
from chainrule.program import Input, Program, Tracing, trace
from chainrule.shapes import ROWS, normal_axes


@dataclass(frozen=True, eq=False)
class _Backward:
    """One step of the reverse scan, and the sums that the fixed inputs ask for.

    The state of the reverse scan holds, side by side, what is carried (the gradient at the state
    before), the gradients at the entries that have one, and operands of sums. Shapes are those of
    one row; inputs of the step are known by their places.
    """

    body: Program
    carried: tuple[int, ...]  # shape of the state
    entries: tuple[tuple[int, tuple[int, ...]], ...]  # input -> shape of its gradient
    operands: tuple[tuple[int, ...], ...]  # shapes, in the order of the sums
    terms: Program  # (gradient at the state, *inputs) -> gradients at the fixed inputs
    sums: tuple[tuple[int, tuple[int, ...]], ...]  # equation of ``terms`` -> its operands
    fixed: tuple[int, ...]  # the fixed inputs that have a gradient

    @property
    def width(self) -> int:
        shapes = (self.carried, *(shape for _, shape in self.entries), *self.operands)
        return sum(math.prod(shape) for shape in shapes)


@lru_cache(maxsize=256)
def _backward_of(body: Program, sequences: int) -> _Backward:
    """Return the reverse step of a step. Raises SetupError for sums that cannot be stacked."""
    inputs = (Input("grad", body.inputs[0].shape), *body.inputs)
    tracing = Tracing(inputs)
    gradients = _gradients(body, tracing.symbols)
    fixed = [at for at in range(1 + sequences, len(body.inputs)) if gradients[at] is not None]
    moving = [at for at in range(1, 1 + sequences) if gradients[at] is not None]
    terms = tracing.program(
        [gradients[at] for at in fixed], [body.inputs[at].name for at in fixed], "float64"
    )
    sums = tuple(
        (place, tuple(number for number in one.inputs if terms.marks[number] == "row"))
        for place, one in enumerate(terms.equations)
        if terms.marks[one.output] == "sum"
    )
    shapes: list[tuple[int, ...]] = []
    for place, rows in sums:
        for number in rows:
            shapes.append(_rows_first_shape(terms, place, number))
    reverse = _reverse_body(body, moving, terms, sums)
    return _Backward(
        reverse,
        of_a_row(body.inputs[0].shape),
        tuple((at, of_a_row(body.inputs[at].shape)) for at in moving),
        tuple(shapes),
        terms,
        sums,
        tuple(fixed),
    )


def _gradients(body: Program, symbols: Sequence[Any]) -> list[Any]:
    """Return the gradient at each input of a step, from (grad, *inputs)."""
    steps = steps_of(body)
    values = forward_walk(steps, known_of(body, symbols[1:]))
    found = backward_walk(steps, values, {body.outputs[0]: symbols[0]})
    return [found.get(at) for at in range(len(body.inputs))]


def _reverse_body(
    body: Program,
    moving: Sequence[int],
    terms: Program,
    sums: Sequence[tuple[int, tuple[int, ...]]],
) -> Program:
    """Trace (carried, gradient at y, state before, *entries, *fixed) -> the reverse state."""
    state = body.inputs[0]

    def step(together: Any, grad_y: Any, *given: Any) -> tuple[Any]:
        (carried,) = unpacked(together, (of_a_row(state.shape),), (ROWS,))
        grad = carried + grad_y
        gradients = _gradients(body, (grad, *given))
        a_time_before = gradients[0] if gradients[0] is not None else zeros_like(grad)
        parts = [a_time_before, *[gradients[at] for at in moving]]
        rows = _row_values(terms, (grad, *given))
        for _, numbers in sums:
            parts += [_rows_first(rows[number], terms, number) for number in numbers]
        return (packed(parts),)

    # The width of the state is known once a step was traced on a state of its own first part.
    first = Input("state", (ROWS, math.prod(of_a_row(state.shape))))
    rest = (Input("grad_y", state.shape), *body.inputs)
    trial = trace(step, (first, *rest), ("state",))
    width = trial.values[trial.outputs[0]].shape[1]
    return trace(step, (Input("state", (ROWS, width)), *rest), ("state",))


def _row_values(terms: Program, given: Sequence[Any]) -> dict[int, Any]:
    """Return the values of a program up to its sums, by number."""
    values = known_of(terms, given)
    for one in terms.equations:
        if terms.marks[one.output] in ("row", "fixed"):
            read = [values[number] for number in one.inputs if number in values]
            if len(read) == len(one.inputs):
                values[one.output] = apply(one.word, read, dict(one.settings))
    return values


def _rows_first_shape(terms: Program, place: int, number: int) -> tuple[int, ...]:
    """Return the shape in one row of an operand of a sum. Raises SetupError for other sums."""
    equation = terms.equations[place]
    shape = terms.values[number].shape
    if equation.word == "matmul" and len(shape) == 2:
        return tuple(size for size in shape if isinstance(size, int))
    if equation.word in ("contract", "sum_over") and shape[0] == ROWS:
        return of_a_row(shape)
    raise SetupError(
        f"The gradient of a recurrent step sums '{terms.text_of(equation)}' over the rows, which "
        "cannot be done for all steps at once.",
        "Let fixed values meet rows in products of two axes, or by elementwise words.",
    )


def _rows_first(value: Any, terms: Program, number: int) -> Array:
    return transpose(value, (1, 0)) if terms.values[number].shape[0] != ROWS else value


def _summed(terms: Program, place: int, operands: Sequence[Array]) -> Array:
    """Return one sum of a step, over rows and time, of operands (n, time, *row)."""
    equation = terms.equations[place]
    made = terms.values[equation.output].shape
    if equation.word in ("matmul", "contract"):
        left, right = operands if len(operands) == 2 else (operands[0], operands[0])
        return contract(left, right)
    axes = normal_axes(dict(equation.settings)["axis"], len(terms.values[equation.inputs[0]].shape))
    over = (0, *(axis + 1 for axis in axes))
    return reshape(sum_over(operands[0], over), made)


def scan_backward(
    grad_y: Array,
    y: Array,
    start: Array,
    *others: Array,
    body: Program,
    sequences: int,
    backwards: bool,
) -> Gradients:
    """Return the gradients at start, sequences and fixed inputs: ``backward`` of the word scan.

    ``y`` and ``grad_y`` are (n, time, *state). Raises SetupError where a step sums over rows what
    cannot be summed over rows and times at once.
    """
    reverse = _backward_of(body, sequences)
    states_before = before(y, start, backwards)
    width = reverse.width
    time = y.shape[1]
    zeros = packed([zeros_like(start)])
    settings = {"body": reverse.body, "sequences": 2 + sequences, "backwards": not backwards}
    made = apply(
        "scan",
        (pad(zeros, 1, 0, width - zeros.shape[1]), grad_y, states_before, *others),
        settings,
    )
    shapes = (reverse.carried, *(shape for _, shape in reverse.entries), *reverse.operands)
    parts = unpacked(made, shapes, (start.shape[0], time))
    first = time - 1 if backwards else 0
    gradients: list[Array | None] = [None] * (1 + len(others))
    gradients[0] = reshape(slice_of(parts[0], 1, first, first + 1), start.shape)
    for (at, _), part in zip(reverse.entries, parts[1:], strict=False):
        gradients[at] = part
    operands = parts[1 + len(reverse.entries) :]
    for at, total in zip(
        reverse.fixed, _totals(reverse, operands, others[sequences:]), strict=True
    ):
        gradients[at] = total
    return tuple(gradients)


def _totals(reverse: _Backward, operands: list[Array], fixed: Sequence[Array]) -> list[Array]:
    """Return the gradients at the fixed inputs that have one, from operands for all steps."""
    terms = reverse.terms
    values = known_of(terms, ())
    first = len(terms.inputs) - len(fixed)
    values.update((first + place, one) for place, one in enumerate(fixed))
    left = list(operands)
    sums = dict(reverse.sums)
    for place, one in enumerate(terms.equations):
        if place in sums:
            count = len(sums[place])
            values[one.output] = _summed(terms, place, left[:count])
            del left[:count]
        elif terms.marks[one.output] != "row" and all(read in values for read in one.inputs):
            values[one.output] = apply(
                one.word, [values[read] for read in one.inputs], dict(one.settings)
            )
    return [values[number] for number in terms.outputs]
