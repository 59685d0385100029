"""What recurrent ops share: parts of states, rows that are not seen, and sums over time.

The products of the inputs with their weights stand outside the step, one for all times; so do the
sums over rows and times that the weights gain. What the gates were at each time comes out as a
second output, so that backward does not compute it again. ``seen`` (n, time) says which entries are
there: at one that is not, the state stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.arrays import Array, concatenate, pad, reshape, slice_of, sum_over, where, zeros_like
from chainrule.errors import ShapeError
from chainrule.ops.op import NOTHING, Example
from chainrule.ops.patterns import SizeRule
from chainrule.shapes import ROWS


def parts_of(x: Array, count: int) -> list[Array]:
    """Return ``count`` equally wide parts of the last axis."""
    axis = x.ndim - 1
    width = x.shape[axis] // count
    return [slice_of(x, axis, place * width, (place + 1) * width) for place in range(count)]


def joined(*parts: Array) -> Array:
    """Return parts next to each other along their last axis."""
    return concatenate(parts, axis=parts[0].ndim - 1)


def split_at(x: Array, width: int) -> tuple[Array, Array]:
    """Return the first ``width`` numbers of the last axis, and the others."""
    axis = x.ndim - 1
    return slice_of(x, axis, 0, width), slice_of(x, axis, width, x.shape[axis])


def widened(state: Array, width: int) -> Array:
    """Return (n, size) with zeros behind, (n, width)."""
    return pad(state, 1, 0, width - state.shape[1])


def at_begin(sequence: Array, backwards: bool) -> Array:
    """Return the entry at which the steps began, (n, size)."""
    return sequence[:, sequence.shape[1] - 1] if backwards else sequence[:, 0]


def where_seen(seen: tuple[Array, ...], new: Array, old: Array | float) -> Array:
    """Return ``new`` in rows whose entry is there and ``old`` elsewhere; ``new`` without a mask."""
    return where(reshape(seen[0], (ROWS, 1)), new, old) if seen else new


def passed_by(seen: tuple[Array, ...], carried: Array, grad: Array) -> Array:
    """Return ``carried``, with ``grad`` added in rows whose entry is not there."""
    return carried + where(reshape(seen[0], (ROWS, 1)), 0.0, grad) if seen else carried


def over_rows_and_times(x: Array) -> Array:
    """Return the sum of (n, time, size) over rows and times, (size,)."""
    return sum_over(x, (0, 1))


def plus(total: Array, more: Array | None) -> Array:
    """Return the sum of two gradients, of which the second may be none."""
    return total if more is None else total + more


def no_state(start: Array, width: int) -> Array:
    """Return zeros (n, width) for the rows of ``start`` (n, size)."""
    return widened(zeros_like(start), width)


def kept_size(name: str, gates: int, kept: int) -> SizeRule:
    """Return the rule of what is kept for each time; ``g``, the weights' columns, is held to it."""

    def size(g: int, u: int, **_: Any) -> int:
        if g != gates * u:
            raise ShapeError(
                f"The weights of '{name}' have {g} columns for {u} units.",
                f"Give {gates} columns for each unit, {gates * u}.",
            )
        return kept * u

    return size


def tried(sizes: Mapping[str, int], settings: Mapping[str, Any] = NOTHING) -> Sequence[Example]:
    """Return examples of a recurrent op: forwards, backwards, and a sequence of one entry."""
    return tuple(
        Example(
            sizes={"t": time, "i": 2, "u": 2, **sizes},
            settings={"backwards": backwards, **settings},
        )
        for time, backwards in ((4, False), (3, True), (1, False))
    )
