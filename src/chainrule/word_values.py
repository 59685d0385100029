"""How each word of the alphabet is computed, for any array namespace xp (NumPy, JAX)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from chainrule.randomness import uniform
from chainrule.scanning import step_along
from chainrule.shapes import normal_axes
from chainrule.sliding_values import (
    compute_convolve,
    compute_convolve_transposed,
    compute_convolve_weights,
    compute_overlap_add,
    compute_windows,
)

Axis = int | tuple[int, ...] | None


def _compute_sigmoid(xp: ModuleType, x: Any) -> Any:
    decay = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1.0 / (1.0 + decay), decay / (1.0 + decay))


def _compute_power(xp: ModuleType, x: Any, exponent: Any) -> Any:
    # Whole numbers to a negative power are fractions, so a power is computed in floats.
    base = xp.multiply(x, 1.0)
    if xp is np and base.ndim == 0 and np.ndim(exponent) == 0 and base.dtype == np.float64:
        # A single number's power is that of the C library, which engines have in common: NumPy's
        # own differs in the last bit where the machine has AVX-512.
        try:
            return np.float64(math.pow(base, exponent))
        except (OverflowError, ValueError):
            pass
    return xp.power(base, exponent)


def _compute_erf(xp: ModuleType, x: Any) -> Any:
    if xp is np:
        import scipy.special

        return scipy.special.erf(x)
    import jax.scipy.special

    return jax.scipy.special.erf(x)


def _compute_reshape(xp: ModuleType, x: Any, shape: tuple[Any, ...]) -> Any:
    """Rearrange; an open size takes what the fixed ones leave, several of them share it."""
    open_sizes = sum(not isinstance(size, int) for size in shape)
    if open_sizes:
        fixed = math.prod(size for size in shape if isinstance(size, int))
        left = math.prod(x.shape) // fixed if fixed else len(x) ** open_sizes
        rows = round(left ** (1.0 / open_sizes))
        shape = tuple(size if isinstance(size, int) else rows for size in shape)
    return xp.reshape(x, shape)


def _compute_pad(xp: ModuleType, x: Any, axis: int, before: int, after: int) -> Any:
    widths = [(0, 0)] * x.ndim
    widths[axis] = (before, after)
    return xp.pad(x, widths)


def _compute_slice(xp: ModuleType, x: Any, axis: int, start: int, stop: int) -> Any:
    return x[(slice(None),) * axis + (slice(start, stop),)]


def _compute_broadcast_like(xp: ModuleType, x: Any, like: Any) -> Any:
    """Spread; one number takes the type of the array that it is spread to."""
    wanted = xp.asarray(like)
    return xp.broadcast_to(
        xp.asarray(x, dtype=wanted.dtype if np.ndim(x) == 0 else None), wanted.shape
    )


def _compute_add_at(xp: ModuleType, values: Any, indices: Any, size: int) -> Any:
    values, indices = xp.asarray(values), xp.asarray(indices)
    zeros = xp.zeros((size, *values.shape[indices.ndim :]), dtype=values.dtype)
    if xp is not np:
        return zeros.at[indices].add(values)
    np.add.at(zeros, indices, values)
    return zeros


def _compute_contract(xp: ModuleType, a: Any, b: Any) -> Any:
    front = list(range(a.ndim - 1))
    return xp.tensordot(a, b, axes=(front, front))


def _compute_random(xp: ModuleType, seed: Any, step: Any, like: Any, purpose: str) -> Any:
    """Draw by NumPy on every namespace: the numbers depend on the keys and on the shape alone."""
    wanted = xp.asarray(like)
    # A seed has 64 bits, which an integer of a program holds with a sign.
    drawn = uniform(int(seed) % 2**64, purpose, math.prod(wanted.shape), int(step))
    return xp.asarray(drawn.reshape(wanted.shape))


def _compute_scan(
    xp: ModuleType, start: Any, *others: Any, body: Any, sequences: int, backwards: bool
) -> Any:
    def compute(word: str, inputs: list[Any], settings: dict[str, Any]) -> Any:
        made = WORD_VALUES[word](xp, *inputs, **settings)
        # The constants of a step are float64; its arrays stay what they are.
        floats = np.ndim(made) > 0 and made.dtype.kind == "f"
        return made.astype(start.dtype) if floats else made

    made = step_along(body, (start, *others), sequences, backwards, compute)
    return xp.stack(made, axis=1)


def _compute_sum(xp: ModuleType, x: Any, axis: Axis, keepdims: bool) -> Any:
    # A sum that ends in one number is carried in float64, whatever the type of the array.
    single = axis is None or len(normal_axes(axis, np.ndim(x))) == np.ndim(x)
    wide = {"dtype": np.float64} if xp is np and single and not keepdims and np.size(x) else {}
    if wide and np.asarray(x).dtype.kind in "iub":
        wide = {}
    return xp.sum(x, axis=axis, keepdims=keepdims, **wide)


def _named(name: str) -> Callable[..., Any]:
    def compute(xp: ModuleType, *inputs: Any) -> Any:
        return getattr(xp, name)(*inputs)

    return compute


WORD_VALUES: Mapping[str, Callable[..., Any]] = {
    **{
        name: _named(name)
        for name in (
            "negative",
            "sign",
            "floor",
            "exp",
            "expm1",
            "log",
            "log1p",
            "sqrt",
            "sin",
            "cos",
            "tanh",
            "add",
            "subtract",
            "multiply",
            "divide",
            "maximum",
            "minimum",
            "less",
            "less_equal",
            "equal",
            "logical_and",
            "logical_or",
            "logical_not",
            "where",
            "matmul",
        )
    },
    "absolute": _named("abs"),
    "power": _compute_power,
    "is_finite": _named("isfinite"),
    "sigmoid": _compute_sigmoid,
    "erf": _compute_erf,
    "to_float": lambda xp, x: xp.multiply(x, 1.0),
    "sum_over": _compute_sum,
    "max_over": lambda xp, x, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims),
    "count": lambda xp, x, axis: float(x.shape[axis]),
    "transpose": lambda xp, x, axes: xp.transpose(x, axes),
    "reshape": _compute_reshape,
    "broadcast_like": _compute_broadcast_like,
    "concatenate": lambda xp, *parts, axis: xp.concatenate(parts, axis=axis),
    "slice": _compute_slice,
    "pad": _compute_pad,
    "take": lambda xp, x, indices: xp.take(x, indices, axis=0),
    "add_at": _compute_add_at,
    "contract": _compute_contract,
    "windows": compute_windows,
    "overlap_add": compute_overlap_add,
    "convolve": compute_convolve,
    "convolve_transposed": compute_convolve_transposed,
    "convolve_weights": compute_convolve_weights,
    "random": _compute_random,
    "scan": _compute_scan,
}
