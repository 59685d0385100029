"""The simple recurrent layer: the new state is an activation of the entry and the state before."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.arrays import Array, contract, maximum, scan, tanh, where
from chainrule.ops.op import Gradients, op
from chainrule.ops.recurrence import (
    at_begin,
    joined,
    no_state,
    over_rows_and_times,
    passed_by,
    split_at,
    tried,
    where_seen,
)
from chainrule.ops.scan_steps import before

Step = Callable[..., Array]
LEARNED = {"w": "glorot_uniform", "u": "orthogonal", "b": "zeros"}


def _step(activation: Callable[[Array], Array]) -> Step:
    """Return the step (state, z, seen?, u) -> next state."""

    def step(state: Array, z: Array, *rest: Array) -> Array:
        *seen, u = rest
        return where_seen(tuple(seen), activation(z + state @ u), state)

    return step


def _reverse(slope: Callable[[Array], Array]) -> Step:
    """Return the step (carried and z's gradient, grad_h, h, seen?, u) -> the same a time before."""

    def step(packed: Array, grad_h: Array, h: Array, *rest: Array) -> Array:
        *seen, u = rest
        carried, _ = split_at(packed, h.shape[1])
        total = carried + grad_h
        grad_z = where_seen(tuple(seen), total, 0.0) * slope(h)
        return joined(passed_by(tuple(seen), grad_z @ u.T, total), grad_z)

    return step


# A step is traced once for its shapes, so each is made once.
STEPS: Mapping[str, tuple[Step, Step]] = {
    "tanh": (_step(tanh), _reverse(lambda y: 1.0 - y * y)),
    "relu": (
        _step(lambda x: maximum(x, 0.0)),
        _reverse(lambda y: where(y > 0.0, 1.0, 0.0)),
    ),
}


def _forward(
    x: Array,
    seen: tuple[Array, ...],
    start: Array,
    w: Array,
    u: Array,
    b: Array,
    activation: str,
    backwards: bool,
) -> Array:
    step, _ = STEPS[activation]
    return scan(step, start, (x @ w + b, *seen), (u,), backwards)


def _backward(
    grad_h: Array,
    h: Array,
    x: Array,
    seen: tuple[Array, ...],
    start: Array,
    w: Array,
    u: Array,
    activation: str,
    backwards: bool,
) -> tuple[Array, ...]:
    """Return the gradients at x, start, w, u and b."""
    _, reverse = STEPS[activation]
    units = start.shape[1]
    made = scan(reverse, no_state(start, 2 * units), (grad_h, h, *seen), (u,), not backwards)
    carried, grad_z = split_at(made, units)
    return (
        grad_z @ w.T,
        at_begin(carried, backwards),
        contract(x, grad_z),
        contract(before(h, start, backwards), grad_z),
        over_rows_and_times(grad_z),
    )


@op(
    formula=r"y_t = \sigma(x_t W + y_{t-1} U + b)",
    shapes="n t i, n u, i u, u u, u -> n t u",
    couples="t i u",
    learned=LEARNED,
    examples=(*tried({}), *tried({}, {"activation": "relu"})),
)
class recurrent:
    """The simple recurrent layer (Elman, "Finding Structure in Time", Cognitive Science 14, 1990).

    Each state is the activation ("tanh" or "relu") of the entry and of the state before.
    """

    @staticmethod
    def forward(
        x: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        activation: str = "tanh",
        backwards: bool = False,
    ) -> Array:
        return _forward(x, (), start, w, u, b, activation, backwards)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        x: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        activation: str = "tanh",
        backwards: bool = False,
    ) -> Gradients:
        return _backward(grad_y, y, x, (), start, w, u, activation, backwards)


@op(
    formula=r"y_t = m_t \sigma(x_t W + y_{t-1} U + b) + (1 - m_t) y_{t-1}",
    shapes="n t i, n t ?, n u, i u, u u, u -> n t u",
    couples="t i u",
    learned=LEARNED,
    examples=(*tried({})[:2], *tried({}, {"activation": "relu"})[:1]),
)
class recurrent_where_seen:
    """The simple recurrent layer over sequences of several lengths: where nothing is, h stays."""

    @staticmethod
    def forward(
        x: Array,
        seen: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        activation: str = "tanh",
        backwards: bool = False,
    ) -> Array:
        return _forward(x, (seen,), start, w, u, b, activation, backwards)

    @staticmethod
    def backward(
        grad_y: Array,
        y: Array,
        x: Array,
        seen: Array,
        start: Array,
        w: Array,
        u: Array,
        b: Array,
        activation: str = "tanh",
        backwards: bool = False,
    ) -> Gradients:
        at_x, *others = _backward(grad_y, y, x, (seen,), start, w, u, activation, backwards)
        return (at_x, None, *others)
