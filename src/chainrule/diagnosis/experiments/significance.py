"""Whether trainings with a remedy come out better than those without, by more than their spread.

Both have the same seeds, but seeds change what they change, so the two groups are compared as
groups: by the rank test of Mann and Whitney (Annals of Mathematical Statistics 18, 1947), one-sided
and exact, also where errors are equal (their ranks are the mean of those that they share), and by
Cohen's d (1988), the difference of the means over the pooled deviation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.chance import probability_above_zero
from chainrule.diagnosis.wording import short

Numbers = NDArray[np.float64]

LEVEL, LEAST_EFFECT = 0.05, 0.5
# One-sided, so that it is two standard errors.
LEVEL_OF_ROWS = 0.025
# Of more errors than these, equal ones are counted by the normal approximation.
MOST_COUNTED = 60
# An effect in a spread of nothing has no size; more than this is not told apart.
LARGEST_EFFECT = 20.0


def probability_of_chance(without: Sequence[float], treated: Sequence[float]) -> float:
    """Return how probable it is that chance alone makes the treated errors so much lower."""
    if len(without) < 2 or len(treated) < 2:
        return 1.0
    count = len(without) + len(treated)
    if count <= MOST_COUNTED:
        return _share_of_choices(without, treated)
    has_equal = len({*without, *treated}) < count
    from scipy.stats import mannwhitneyu

    method: Literal["exact", "asymptotic"] = "asymptotic" if has_equal else "exact"
    found = mannwhitneyu(np.array(without), np.array(treated), alternative="greater", method=method)
    return float(found.pvalue)


def probability_of_succeeding(without: Sequence[float], treated: Sequence[float]) -> float:
    """Return how probable it is that chance alone puts so many treated errors below all others.

    The exceedance test of Rosenbaum (Annals of Mathematical Statistics 25, 1954), exact: where
    nothing can be learned without a remedy, those that learn with it stand below all that do not,
    however many still fail.
    """
    if len(without) < 2 or len(treated) < 2:
        return 1.0
    below = sum(one < min(without) for one in treated)
    count = len(without) + len(treated)
    return math.comb(len(treated), below) / math.comb(count, below)


def _share_of_choices(without: Sequence[float], treated: Sequence[float]) -> float:
    """Return the share of all choices of as many errors whose ranks add up to no more."""
    # Twice the ranks, for the mean of two neighbours is no whole number.
    ranks = _twice_ranks(np.array([*treated, *without], dtype=np.float64))
    chosen = len(treated)
    seen = int(ranks[:chosen].sum())
    # (how many are chosen, the sum of their ranks) -> number of such choices
    choices = np.zeros((chosen + 1, seen + 1))
    choices[0, 0] = 1.0
    for rank in ranks[ranks <= seen].tolist():
        choices[1:, rank:] += choices[:-1, : seen + 1 - rank].copy()
    return float(choices[chosen].sum() / math.comb(len(ranks), chosen))


def _twice_ranks(errors: Numbers) -> NDArray[np.int64]:
    """Return twice the rank (errors,) of each, from 1; equal ones share the mean of theirs."""
    ordered = np.sort(errors)
    ends = [np.searchsorted(ordered, errors, side) for side in ("left", "right")]
    return np.asarray(ends[0] + ends[1] + 1, dtype=np.int64)


def effect_size(without: Sequence[float], treated: Sequence[float]) -> float:
    """Return Cohen's d of the errors without a remedy above those with it; within -20 and 20."""
    a, b = np.asarray(without, dtype=np.float64), np.asarray(treated, dtype=np.float64)
    difference = float(a.mean() - b.mean())
    degrees = len(a) + len(b) - 2
    if difference == 0.0 or degrees < 1:
        return 0.0
    squares = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    pooled = math.sqrt(squares / degrees)
    if pooled * LARGEST_EFFECT <= abs(difference):
        return math.copysign(LARGEST_EFFECT, difference)
    return difference / pooled


def probability_over_rows(without: Sequence[Numbers], treated: Sequence[Numbers]) -> float | None:
    """Return how probable so much lower errors are for other rows of the same kind.

    Errors by row (rows,) of each training: seeds share the rows that judge, so that a gain over
    seeds may be one of these rows alone. It is a paired t test over the rows, one-sided, of the
    means over seeds; None where trainings failed or were judged by other rows.
    """
    gains = _gains_by_row(without, treated)
    return None if gains is None else probability_above_zero(gains)


def standard_error_of_all(
    without: Sequence[Numbers], treated: Sequence[Numbers], share: float
) -> float | None:
    """Return by how much the gain over all rows may differ from that over a share of them.

    It is the standard error of the mean of a sample without replacement (Cochran, Sampling
    Techniques, 1977, section 2.6), so that nothing is left where the share is 1. Errors by row as
    in ``probability_over_rows``; None where it has none to say it from.
    """
    gains = _gains_by_row(without, treated)
    if gains is None:
        return None
    return float(np.std(gains, ddof=1)) * math.sqrt((1.0 - share) / len(gains))


def _gains_by_row(without: Sequence[Numbers], treated: Sequence[Numbers]) -> Numbers | None:
    sizes = {len(one) for one in (*without, *treated)}
    if len(sizes) != 1 or min(sizes) < 2:
        return None
    a, b = (np.minimum(np.mean(group, axis=0), LARGEST_EFFECT) for group in (without, treated))
    return np.asarray(a - b)


def effect(d: float) -> str:
    """Return Cohen's d as it is told: what is too large to be told apart is "20 or more"."""
    return f"{d:.0f} or more" if d >= LARGEST_EFFECT else short(d)
