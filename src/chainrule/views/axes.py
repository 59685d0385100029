"""Axes: between which numbers they run, where their marks stand, and how these are written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_TICKS = 6
# Losses of a training that has diverged leave the range in which axes can be drawn.
LARGEST = 1e100
_EXPONENT = re.compile(r"e\+?(-?)0*")


def drawable(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which numbers can be drawn: those that are finite, and not beyond any scale."""
    return np.asarray(np.abs(numbers) < LARGEST)


def limits_of(parts: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Return between which numbers finite values lie, with a little room; 0 to 1 for none."""
    values = np.concatenate([np.asarray(one, dtype=np.float64) for one in parts] or [np.zeros(0)])
    finite = values[drawable(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    room = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Return round numbers between two, at most ``MOST_TICKS`` + 1 of them."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    # Near the least number there is, a power of ten is rounded to nothing.
    step = next((one * power for one in (1, 2, 5, 10) if one * power >= rough * 0.999), rough)
    if whole:
        step = max(1.0, round(step))
    room = 1e-9 * (high - low)
    first, last = math.ceil((low - room) / step), math.floor((high + room) / step)
    return [number * step for number in range(first, last + 1)]


def log_limits_of(parts: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """Return between which numbers those above 0 lie, with a little room in ratios; 0.1 to 10."""
    values = np.concatenate([np.asarray(one, dtype=np.float64) for one in parts] or [np.zeros(0)])
    known = values[drawable(values) & (values > 0.0)]
    low, high = limits_of([np.log10(known)]) if known.size else (-1.0, 1.0)
    return 10.0**low, 10.0**high


def log_ticks(low: float, high: float) -> list[float]:
    """Return numbers between two above 0 for an axis of ratios: powers of ten, or more than these.

    Within a power of ten they are those of a plain axis.
    """
    powers = math.log10(high / low)
    if powers < 1.0:
        return [one for one in ticks(low, high) if one > 0.0]
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if powers < 2.5:
        parts = (1, 2, 5) if powers < 1.5 else (1, 3)
        several = [part * 10.0**one for one in range(first - 1, last + 1) for part in parts]
        return [one for one in several if low * (1 - 1e-9) <= one <= high * (1 + 1e-9)]
    step = max(1, math.ceil((last - first) / MOST_TICKS))
    return [10.0**one for one in range(first, last + 1, step)]


def log_tick_texts(places: Sequence[float]) -> list[str]:
    """Return ticks of an axis of ratios as they are written, each by itself."""
    if len(places) > 1 and places[-1] / places[0] < 10.0 * (1 - 1e-9):
        return tick_texts(places)
    return [
        f"{one:,.10g}" if 1e-4 <= one < 1e6 else _EXPONENT.sub(r"e\1", f"{one:.3g}")
        for one in places
    ]


def tick_texts(places: Sequence[float]) -> list[str]:
    """Return ticks as they are written, all with equally many decimals."""
    # Of numbers that lie next to each other in float64 some ticks may be one.
    step = min((b - a for a, b in pairwise(places) if b > a), default=1.0)
    largest = max(map(abs, places), default=0.0)
    if largest >= 1e6 or step < 1e-5:
        digits = max(3, math.ceil(math.log10(max(largest / step, 1.0))) + 1)
        # An exponent is short enough for the edge of a chart without its zero: 2e9, 5e-9.
        return [_EXPONENT.sub(r"e\1", f"{one:.{digits}g}") for one in places]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    # Adding 0 turns -0 into 0.
    return [f"{round(one, decimals) + 0.0:,.{decimals}f}" for one in places]
