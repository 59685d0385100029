"""Rules that follow from others: from the one derivative of an op, or from the words of forward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from chainrule.arrays import Array


def scaled_by(
    derivative: Callable[..., Array],
) -> tuple[Callable[..., tuple[Array | None, ...]], Callable[..., Any]]:
    """Return backward and tangent of an op that works element by element."""

    def backward(grad_y: Array, y: Array, x: Array, **settings: Any) -> tuple[Array | None, ...]:
        return (grad_y * derivative(y, x, **settings),)

    def tangent(changes: Sequence[Array | None], y: Array, x: Array, **settings: Any) -> Any:
        (change_x,) = changes
        return None if change_x is None else derivative(y, x, **settings) * change_x

    return backward, tangent


def no_gradient(grad_y: Array, y: Array, x: Array, **settings: Any) -> tuple[Array | None, ...]:
    return (None,)


def no_tangent(changes: Sequence[Array | None], y: Array, x: Array, **settings: Any) -> Any:
    return None


def tangent_of(forward: Callable[..., Any], flowing: int) -> Callable[..., Any]:
    """Return the tangent that follows from the words of forward, for its first outputs."""

    def tangent(changes: Sequence[Any], y: Any, *inputs: Array, **settings: Any) -> Any:
        # The walks read the table of ops, so they are imported when a tangent is first asked for.
        from chainrule.ops.derived import tangent_of_function

        made = tangent_of_function(forward, changes, inputs, settings)
        if not isinstance(made, tuple):
            return made
        return made[0] if flowing == 1 else made[:flowing]

    return tangent


def sum_of_parts(parts: Iterable[Any]) -> Any:
    """Return the sum of the parts that are there, ``None`` where there is none."""
    total = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total
