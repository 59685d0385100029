"""The gated recurrent unit: one state, a gate that resets it and one that updates it."""

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

# h, then what is kept: the gates reset and update, new content, and what it takes of the state.
PARTS, GATES = 5, 3
LEARNED = {"w": "glorot_uniform", "u": "orthogonal", "b": "zeros", "c": "zeros"}
SIZES = {"k": kept_size("gru", gates=GATES, kept=PARTS - 1)}


def _step(state: Array, z: Array, *rest: Array) -> Array:
    *seen, u, b, c = rest
    h = parts_of(state, PARTS)[0]
    of_entry, of_state = parts_of(z + b, GATES), parts_of(h @ u + c, GATES)
    reset, update = sigmoid(of_entry[0] + of_state[0]), sigmoid(of_entry[1] + of_state[1])
    content = tanh(of_entry[2] + reset * of_state[2])
    new = (1.0 - update) * content + update * h
    return joined(where_seen(tuple(seen), new, h), reset, update, content, of_state[2])


def _reverse(packed: Array, grad_h: Array, kept: Array, h_before: Array, *rest: Array) -> Array:
    """Return what is carried a time before, the gradient at z, and that at the state's share."""
    return _reversed(packed, [None] * (PARTS - 1), grad_h, kept, h_before, *rest)


def _reverse_of_both(packed: Array, grad_kept: Array, *rest: Array) -> Array:
    """Return the same where what is kept has a gradient too."""
    return _reversed(packed, parts_of(grad_kept, PARTS - 1), *rest)


def _reversed(
    packed: Array,
    at_kept: Sequence[Array | None],
    grad_h: Array,
    kept: Array,
    h_before: Array,
    *rest: Array,
) -> Array:
    *seen, u = rest
    mask = tuple(seen)
    units = grad_h.shape[1]
    total = split_at(packed, units)[0] + grad_h
    reset, update, content, share = parts_of(kept, PARTS - 1)
    at_reset, at_update, at_content, at_share = at_kept
    h = where_seen(mask, total, 0.0)
    inner = plus(h * (1.0 - update), at_content) * (1.0 - content * content)
    raw_reset = plus(inner * share, at_reset) * reset * (1.0 - reset)
    raw_update = plus(h * (h_before - content), at_update) * update * (1.0 - update)
    of_share = plus(inner * reset, at_share)
    carried = joined(raw_reset, raw_update, of_share) @ u.T + h * update
    return joined(passed_by(mask, carried, total), raw_reset, raw_update, inner, of_share)


def _forward(
    x: Array,
    seen: tuple[Array, ...],
    start: Array,
    w: Array,
    u: Array,
    b: Array,
    c: Array,
    backwards: bool,
) -> tuple[Array, Array]:
    units = u.shape[0]
    wide = widened(start, PARTS * units)
    return split_at(scan(_step, wide, (x @ w, *seen), (u, b, c), backwards), units)


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
    """Return the gradients at x, start, w, u, b and c."""
    units = u.shape[0]
    h, kept = made
    h_before = before(h, start, backwards)
    grad_h = zeros_like(h) if grads[0] is None else grads[0]
    given = (grad_h, kept, h_before, *seen)
    step, along = (_reverse, given) if grads[1] is None else (_reverse_of_both, (grads[1], *given))
    reverse = scan(step, no_state(start, PARTS * units), along, (u,), not backwards)
    carried, raw_reset, raw_update, inner, of_share = parts_of(reverse, PARTS)
    grad_z = joined(raw_reset, raw_update, inner)
    of_state = joined(raw_reset, raw_update, of_share)
    return (
        grad_z @ w.T,
        at_begin(carried, backwards),
        contract(x, grad_z),
        contract(h_before, of_state),
        over_rows_and_times(grad_z),
        over_rows_and_times(of_state),
    )


@op(
    formula=(r"y_t = (1 - z_t) \tanh(x_t W_n + b_n + r_t (y_{t-1} U_n + c_n)) + z_t y_{t-1}"),
    shapes="n t i, n u, i g, u g, g, g -> n t u, n t k",
    couples="t i u g",
    takes_none=True,
    learned=LEARNED,
    sizes=SIZES,
    examples=tried({"g": 6}),
)
class gru:
    """The gated recurrent unit (Cho et al., EMNLP 2014), its reset behind the product with U.

    The columns of W, U, b and c are those of the gates reset and update, and of the new content.
    The second output keeps gates, content and the state's share in it for each time.
    """

    @staticmethod
    def forward(
        x: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        c: Array,
        backwards: bool = False,
    ) -> tuple[Array, Array]:
        return _forward(x, (), start, w, u, b, c, backwards)

    @staticmethod
    def backward(
        grad_y: tuple[Array | None, Array | None],
        y: tuple[Array, Array],
        x: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        c: Array,
        backwards: bool = False,
    ) -> Gradients:
        return _backward(grad_y, y, x, (), start, w, u, backwards)


@op(
    formula=r"y_t = m_t ((1 - z_t) \hat{y}_t + z_t y_{t-1}) + (1 - m_t) y_{t-1}",
    shapes="n t i, n t ?, n u, i g, u g, g, g -> n t u, n t k",
    couples="t i u g",
    takes_none=True,
    learned=LEARNED,
    sizes=SIZES,
    examples=tried({"g": 6}),
)
class gru_where_seen:
    """The gated recurrent unit over sequences of several lengths: where nothing is, h stays."""

    @staticmethod
    def forward(
        x: Array,
        seen: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        c: Array,
        backwards: bool = False,
    ) -> tuple[Array, Array]:
        return _forward(x, (seen,), start, w, u, b, c, backwards)

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
        c: Array,
        backwards: bool = False,
    ) -> Gradients:
        at_x, *others = _backward(grad_y, y, x, (seen,), start, w, u, backwards)
        return (at_x, None, *others)
