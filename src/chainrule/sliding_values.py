"""How the words that slide a window are computed, for any array namespace xp (NumPy, JAX)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np

from chainrule.sliding_shapes import Padding, Sizes, padded, slid

# The letters of axes in einsum: rows, groups, channels and outputs of a group, places, kernel.
PLACES, KERNEL = "xyz", "uvw"


def compute_windows(xp: ModuleType, x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return (..., *steps, *size)."""
    rank = len(size)
    steps = slid(x.shape[-rank:], size, stride, dilation)
    if xp is np:
        return _windows_in_place(x, size, stride, dilation, steps)
    parts = [x[(..., *part)] for part in _parts(size, stride, dilation, steps)]
    stacked = xp.stack(parts, axis=-1)
    return stacked.reshape(*stacked.shape[:-1], *size)


def _windows_in_place(
    x: Any, size: Sizes, stride: Sizes, dilation: Sizes, steps: Sequence[int]
) -> Any:
    """Return windows that lie in the memory of x."""
    rank = len(size)
    own = x.strides[-rank:]
    return np.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:-rank], *steps, *size),
        (
            *x.strides[:-rank],
            *(one * step for one, step in zip(own, stride, strict=True)),
            *(one * gap for one, gap in zip(own, dilation, strict=True)),
        ),
        writeable=False,
    )


def compute_overlap_add(xp: ModuleType, x: Any, size: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """Return (..., *size), what windows share being added up."""
    rank = len(size)
    steps, kernel = x.shape[-2 * rank : -rank], x.shape[-rank:]
    made = xp.zeros((*x.shape[: -2 * rank], *size), dtype=x.dtype)
    places = product(*map(range, kernel))
    for place, part in zip(places, _parts(kernel, stride, dilation, steps), strict=True):
        given = x[(..., *place)]
        if xp is np:
            made[(..., *part)] += given
        else:
            made = made.at[(..., *part)].add(given)
    return made


def _parts(
    kernel: Sequence[int], stride: Sizes, dilation: Sizes, steps: Sequence[int]
) -> Iterator[tuple[slice, ...]]:
    """Yield, for each place of a window, where it lies in the array as the window slides."""
    for place in product(*map(range, kernel)):
        axes = zip(place, stride, dilation, steps, strict=True)
        yield tuple(
            slice(at * gap, at * gap + step * (count - 1) + 1, step)
            for at, step, gap, count in axes
        )


def compute_convolve(
    xp: ModuleType,
    x: Any,
    w: Any,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Any:
    rank = w.ndim - 2
    seen = _seen(xp, x, w.shape[2:], stride, dilation, padding, groups)
    places, kernel = PLACES[:rank], KERNEL[:rank]
    made = xp.einsum(
        f"ngc{places}{kernel},goc{kernel}->ngo{places}", seen, _grouped(w, groups), optimize=True
    )
    return made.reshape(x.shape[0], w.shape[0], *made.shape[3:])


def compute_convolve_transposed(
    xp: ModuleType,
    y: Any,
    w: Any,
    size: Sizes,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Any:
    rank = w.ndim - 2
    places, kernel = PLACES[:rank], KERNEL[:rank]
    rows, outputs = y.shape[:2]
    grouped = y.reshape(rows, groups, outputs // groups, *y.shape[2:])
    seen = xp.einsum(
        f"ngo{places},goc{kernel}->ngc{places}{kernel}", grouped, _grouped(w, groups), optimize=True
    )
    made = compute_overlap_add(xp, seen, padded(size, padding), stride, dilation)
    made = made.reshape(rows, w.shape[1] * groups, *made.shape[3:])
    inside = [slice(pair[0], pair[0] + one) for one, pair in zip(size, padding, strict=True)]
    return made[(..., *inside)]


def compute_convolve_weights(
    xp: ModuleType,
    x: Any,
    y: Any,
    size: Sizes,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Any:
    rank = len(size)
    places, kernel = PLACES[:rank], KERNEL[:rank]
    rows, outputs = y.shape[:2]
    seen = _seen(xp, x, size, stride, dilation, padding, groups)
    grouped = y.reshape(rows, groups, outputs // groups, *y.shape[2:])
    made = xp.einsum(f"ngc{places}{kernel},ngo{places}->goc{kernel}", seen, grouped, optimize=True)
    return made.reshape(outputs, *made.shape[2:])


def _seen(
    xp: ModuleType,
    x: Any,
    kernel: Sizes,
    stride: Sizes,
    dilation: Sizes,
    padding: Padding,
    groups: int,
) -> Any:
    """Return what a kernel sees at each place: (rows, groups, channels, *places, *kernel)."""
    if any(any(pair) for pair in padding):
        x = xp.pad(x, ((0, 0), (0, 0), *padding))
    made = compute_windows(xp, x, tuple(kernel), stride, dilation)
    return made.reshape(x.shape[0], groups, x.shape[1] // groups, *made.shape[2:])


def _grouped(w: Any, groups: int) -> Any:
    return w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
