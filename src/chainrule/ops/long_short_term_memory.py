"""The long short-term memory: a cell that gates write, keep and read."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.arrays import Array, contract, scan, sigmoid, tanh, zeros_like
from chainrule.ops.op import Gradients, op
from chainrule.ops.recurrence import (
    at_begin,
    joined,
    kept_size,
    no_state,
    over_rows_and_times,
    parts_of,
    passed_by,
    plus,
    split_at,
    tried,
    where_seen,
    widened,
)
from chainrule.ops.scan_steps import before

# h, then what is kept: the cell, and the gates input, forget, new content and output.
PARTS, GATES = 6, 4
LEARNED = {"w": "glorot_uniform", "u": "orthogonal", "b": "zeros"}
SIZES = {"k": kept_size("lstm", gates=GATES, kept=PARTS - 1)}


def _step(state: Array, z: Array, *rest: Array) -> Array:
    *seen, u, b = rest
    h, cell, *_ = parts_of(state, PARTS)
    # The bias is added here, where the sum is in the cache, and not to all times before.
    raw = parts_of(z + b + h @ u, GATES)
    enter, forget, leave = sigmoid(raw[0]), sigmoid(raw[1]), sigmoid(raw[3])
    content = tanh(raw[2])
    new_cell = forget * cell + enter * content
    mask = tuple(seen)
    return joined(
        where_seen(mask, leave * tanh(new_cell), h),
        where_seen(mask, new_cell, cell),
        enter,
        forget,
        content,
        leave,
    )


def _reverse(packed: Array, grad_h: Array, kept: Array, cell_before: Array, *rest: Array) -> Array:
    """Return what is carried (at h, at the cell) a time before, and z's gradient."""
    return _reversed(packed, [None] * (PARTS - 1), grad_h, kept, cell_before, *rest)


def _reverse_of_both(packed: Array, grad_kept: Array, *rest: Array) -> Array:
    """Return the same where what is kept has a gradient too."""
    return _reversed(packed, parts_of(grad_kept, PARTS - 1), *rest)


def _reversed(
    packed: Array,
    at_kept: Sequence[Array | None],
    grad_h: Array,
    kept: Array,
    cell_before: Array,
    *rest: Array,
) -> Array:
    *seen, u = rest
    mask = tuple(seen)
    units = grad_h.shape[1]
    carried_h, carried_cell = parts_of(split_at(packed, 2 * units)[0], 2)
    cell, enter, forget, content, leave = parts_of(kept, PARTS - 1)
    at_cell, at_enter, at_forget, at_content, at_leave = at_kept
    total_h, total_cell = carried_h + grad_h, plus(carried_cell, at_cell)
    h = where_seen(mask, total_h, 0.0)
    read = tanh(cell)
    inner = where_seen(mask, total_cell, 0.0) + h * leave * (1.0 - read * read)
    grad_z = joined(
        plus(inner * content, at_enter) * enter * (1.0 - enter),
        plus(inner * cell_before, at_forget) * forget * (1.0 - forget),
        plus(inner * enter, at_content) * (1.0 - content * content),
        plus(h * read, at_leave) * leave * (1.0 - leave),
    )
    return joined(
        passed_by(mask, grad_z @ u.T, total_h),
        passed_by(mask, inner * forget, total_cell),
        grad_z,
    )


def _forward(
    x: Array,
    seen: tuple[Array, ...],
    start: Array,
    w: Array,
    u: Array,
    b: Array,
    backwards: bool,
) -> tuple[Array, Array]:
    units = u.shape[0]
    wide = widened(start, PARTS * units)
    return split_at(scan(_step, wide, (x @ w, *seen), (u, b), backwards), units)


def _backward(
    grads: tuple[Array | None, Array | None],
    made: tuple[Array, Array],
    x: Array,
    seen: tuple[Array, ...],
    start: Array,
    w: Array,
    u: Array,
    backwards: bool,
) -> tuple[Array, ...]:
    """Return the gradients at x, start, w, u and b."""
    units = u.shape[0]
    h, kept = made
    first_h, first_cell = parts_of(start, 2)
    cell_before = before(split_at(kept, units)[0], first_cell, backwards)
    grad_h = zeros_like(h) if grads[0] is None else grads[0]
    given = (grad_h, kept, cell_before, *seen)
    step, along = (_reverse, given) if grads[1] is None else (_reverse_of_both, (grads[1], *given))
    reverse = scan(step, no_state(start, PARTS * units), along, (u,), not backwards)
    carried, grad_z = split_at(reverse, 2 * units)
    return (
        grad_z @ w.T,
        at_begin(carried, backwards),
        contract(x, grad_z),
        contract(before(h, first_h, backwards), grad_z),
        over_rows_and_times(grad_z),
    )


@op(
    formula=(
        r"y_t = o_t \tanh c_t,\quad c_t = f_t c_{t-1} + i_t \tanh(x_t W_g + y_{t-1} U_g + b_g)"
    ),
    shapes="n t i, n s, i g, u g, g -> n t u, n t k",
    couples="t i u g s",
    takes_none=True,
    learned=LEARNED,
    sizes=SIZES,
    examples=tried({"g": 8, "s": 4}),
)
class lstm:
    """Long short-term memory (Hochreiter, Schmidhuber, Neural Computation 9, 1997).

    With a forget gate (Gers, Schmidhuber, Cummins, Neural Computation 12, 2000). The columns of W,
    U and b are those of the gates input and forget, of the new content, and of the gate output;
    ``start`` holds h and the cell. The second output keeps cell, gates and content of each time.
    """

    @staticmethod
    def forward(
        x: Array, start: Array, w: Array, u: Array, b: Array, backwards: bool = False
    ) -> tuple[Array, Array]:
        return _forward(x, (), start, w, u, b, backwards)

    @staticmethod
    def backward(
        grad_y: tuple[Array | None, Array | None],
        y: tuple[Array, Array],
        x: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        backwards: bool = False,
    ) -> Gradients:
        return _backward(grad_y, y, x, (), start, w, u, backwards)


@op(
    formula=(
        r"y_t = m_t o_t \tanh c_t + (1 - m_t) y_{t-1},\quad "
        r"c_t = m_t (f_t c_{t-1} + i_t g_t) + (1 - m_t) c_{t-1}"
    ),
    shapes="n t i, n t ?, n s, i g, u g, g -> n t u, n t k",
    couples="t i u g s",
    takes_none=True,
    learned=LEARNED,
    sizes=SIZES,
    examples=tried({"g": 8, "s": 4}),
)
class lstm_where_seen:
    """Long short-term memory over sequences of several lengths: where nothing is, h and c stay."""

    @staticmethod
    def forward(
        x: Array,
        seen: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        backwards: bool = False,
    ) -> tuple[Array, Array]:
        return _forward(x, (seen,), start, w, u, b, backwards)

    @staticmethod
    def backward(
        grad_y: tuple[Array | None, Array | None],
        y: tuple[Array, Array],
        x: Array,
        seen: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        backwards: bool = False,
    ) -> Gradients:
        at_x, *others = _backward(grad_y, y, x, (seen,), start, w, u, backwards)
        return (at_x, None, *others)
