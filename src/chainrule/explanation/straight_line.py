"""The slopes along a straight line, summed up: how much each input moves an output on the way.

For a function f and a line from ``begin`` to ``end``, the share of input i is its change times the
mean slope of f at it along the line; the shares add up to f(end) - f(begin). Sundararajan, Taly,
Yan, "Axiomatic attribution for deep networks", ICML 2017 (integrated gradients).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
# From points (m, inputs) to the function at them (m,) and its slopes (m, inputs).
Look = Callable[[Vector], tuple[Vector, Vector]]

# Gauss-Legendre with so many nodes in each part of the line; a part is halved while the halves
# differ from it, or do not add up to what the function changes in them. The second finds a kink
# that no node is beside. Rectifiers have kinks, which halving closes in on.
NODES = 8
SMALLEST_PART = 2.0**-45
MOST_POINTS = 400_000
POINTS_AT_ONCE = 4096
EXACT_TO, ADDING_UP_TO = 1e-13, 1e-12


@dataclass(frozen=True)
class Shares:
    """The share of each input (inputs,), how far they may be off together, and the points used."""

    shares: Vector
    error: float
    points: int


@dataclass(frozen=True)
class _Parts:
    """Parts of the line (parts, 2), the shares of inputs in each (parts, inputs).

    ``missing`` (parts,) is what the shares of a part lack of the function's change in it, and
    ``size`` the largest number that the function is in any.
    """

    ends: Vector
    shares: Vector
    missing: Vector
    size: float


def shares_along(look: Look, begin: Vector, end: Vector) -> Shares:
    """Return the share of each input in what changes from ``begin`` to ``end``, both (inputs,).

    Parts are halved until what is left to find is below 1e-12 of the numbers that are there, or
    until 400,000 points are used; ``error`` is the sum of what the last halvings left.
    """
    change = end - begin
    total, error = np.zeros_like(change), 0.0
    parts = _measured(look, begin, change, np.array([[0.0, 1.0]]))
    points = NODES + 2
    while len(parts.ends):
        middle = parts.ends.mean(axis=1, keepdims=True)
        cut = np.hstack([parts.ends[:, :1], middle, middle, parts.ends[:, 1:]]).reshape(-1, 2)
        halves = _measured(look, begin, change, cut)
        points += (NODES + 2) * len(halves.ends)
        pairs = halves.shares.reshape(len(parts.ends), 2, len(change))
        off = np.abs(pairs.sum(axis=1) - parts.shares).sum(axis=1)
        missing = np.abs(halves.missing).reshape(-1, 2).sum(axis=1)
        size = np.abs(total).sum() + np.abs(halves.shares).sum()
        done = (off <= EXACT_TO * size) & (missing <= ADDING_UP_TO * (size + halves.size))
        done |= middle[:, 0] - parts.ends[:, 0] < SMALLEST_PART
        done |= ~np.isfinite(off + missing)
        if points + 4 * (NODES + 2) * int((~done).sum()) > MOST_POINTS:
            done[:] = True
        total += pairs[done].sum(axis=(0, 1))
        error += float(np.maximum(off, missing)[done].sum())
        left = np.repeat(~done, 2)
        parts = _Parts(halves.ends[left], halves.shares[left], halves.missing[left], halves.size)
    return Shares(total, error, points)


def _measured(look: Look, begin: Vector, change: Vector, ends: Vector) -> _Parts:
    """Return parts of the line with the slopes summed up over each."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    half = (ends[:, 1:] - ends[:, :1]) / 2
    at = np.hstack([ends, ends.mean(axis=1, keepdims=True) + half * places])
    values, slopes = _looked(look, begin + at.reshape(-1, 1) * change)
    values = values.reshape(len(ends), -1)
    inside = slopes.reshape(len(ends), NODES + 2, -1)[:, 2:]
    shares = np.einsum("pni,n->pi", inside, weights) * half * change
    missing = values[:, 1] - values[:, 0] - shares.sum(axis=1)
    return _Parts(ends, shares, missing, float(np.abs(values).max()))


def _looked(look: Look, points: Vector) -> tuple[Vector, Vector]:
    found = [
        look(points[start : start + POINTS_AT_ONCE])
        for start in range(0, len(points), POINTS_AT_ONCE)
    ]
    return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])
