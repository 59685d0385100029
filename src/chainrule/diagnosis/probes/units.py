"""Units: which never act, which are flat for all rows, and of what that can be said."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.passes import Pass, Unit
from chainrule.errors import ChainruleError
from chainrule.ops import find_op

Chosen = NDArray[np.bool_]
# Far enough out for every activation whose slope goes to 0 (softsign's is 0.0006 there).
FAR = 40.0
# Of the steepest slope: below a thousandth a side is flat, below a hundredth a unit learns a
# hundred times slower than it could.
FLAT, HARDLY = 1e-3, 1e-2


@cache
def slopes_at_ends(op: str) -> tuple[float, float, float]:
    """Return the sizes of an activation's slope far left, far right, and where it is steepest.

    NaN for one that cannot be tried on a row of numbers.
    """
    x = np.linspace(-FAR, FAR, 1601)
    try:
        with np.errstate(all="ignore"):
            rule = find_op(op)
            (slopes,) = rule.backward(np.ones_like(x), rule.forward(x), x)
            if slopes is None:
                return np.nan, np.nan, np.nan
            sizes = np.abs(np.asarray(slopes, dtype=np.float64))
            return float(sizes[0]), float(sizes[-1]), float(sizes.max())
    except (ChainruleError, TypeError, ValueError):
        return np.nan, np.nan, np.nan


def is_one_sided(op: str) -> bool:
    """Whether an activation is flat on one side alone: relu and its kin."""
    left, right, steepest = slopes_at_ends(op)
    return bool((left < FLAT * steepest) != (right < FLAT * steepest))


def is_bounded(op: str) -> bool:
    """Whether an activation is flat on both sides: tanh, sigmoid and their kin."""
    left, right, steepest = slopes_at_ends(op)
    return bool(max(left, right) < FLAT * steepest)


def dead(unit: Unit) -> Chosen:
    """Return which units (units,) of a one-sided activation are flat for every row.

    Exactly so for relu; for its smooth kin below a thousandth of the steepest slope.
    """
    if not is_one_sided(unit.op):
        return np.zeros(unit.slopes.shape[-1], dtype=bool)
    *_, steepest = slopes_at_ends(unit.op)
    found: Chosen = np.abs(unit.slopes).max(axis=0) < FLAT * steepest
    return found


def dead_shares(units: Iterable[Unit]) -> dict[str, float]:
    """Return layer -> share of its units that are flat for every row, of one-sided activations."""
    kin = [one for one in units if is_one_sided(one.op) and not one.is_output]
    return {one.layer: float(dead(one).mean()) for one in kin}


def shares_of_slope(unit: Unit) -> NDArray[np.float64]:
    """Return each unit's mean slope over the rows, in shares of the steepest; 1 if not bounded."""
    if not is_bounded(unit.op):
        return np.ones(unit.slopes.shape[-1])
    *_, steepest = slopes_at_ends(unit.op)
    found: NDArray[np.float64] = np.abs(unit.slopes).mean(axis=0) / steepest
    return found


def asleep(taken: Pass) -> dict[str, float]:
    """Return hidden layer -> share of its units that are flat for all rows, or nearly all.

    Without layers that have none.
    """
    found = {}
    for unit in taken.units:
        flat = dead(unit) | (shares_of_slope(unit) < HARDLY)
        if not unit.is_output and flat.any():
            found[unit.layer] = float(flat.mean())
    return found
