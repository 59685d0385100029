"""Whether two settings differ by more than the spread over seeds.

Of two settings with the same seeds, each seed gives one difference of losses. Wilcoxon's signed
rank test (Biometrics Bulletin 1, 1945) asks how probable ranks as uneven as these are if neither
setting is better. All pairs of settings are tested, and the probabilities are corrected by Holm's
method (Scandinavian Journal of Statistics 6, 1979): where no two settings differ, a difference is
found in one comparison of twenty at most, whatever their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05


@dataclass(frozen=True)
class Difference:
    """How two settings compare over the seeds that both have.

    ``lower`` and ``higher`` count the seeds in which the first has the lower and the higher loss;
    ``median`` is that of second minus first, infinite or NaN where failures decide; ``probability``
    is that of the test, ``corrected`` Holm's.
    """

    first: str
    second: str
    seeds: int
    lower: int
    higher: int
    median: float
    probability: float
    corrected: float = 1.0

    @property
    def is_clear(self) -> bool:
        """Whether the difference is more than the spread."""
        return self.corrected <= LEVEL


def differences(losses: Mapping[str, Mapping[int, float]]) -> tuple[Difference, ...]:
    """Return the differences of all pairs of settings; ``losses``: label -> seed -> loss.

    A training that failed has a loss of infinity, which is more than any other.
    """
    found = [_difference(one, other, losses) for one, other in combinations(losses, 2)]
    corrected = holm([one.probability for one in found])
    pairs = zip(found, corrected, strict=True)
    return tuple(replace(one, corrected=probability) for one, probability in pairs)


def _difference(first: str, second: str, losses: Mapping[str, Mapping[int, float]]) -> Difference:
    seeds = [seed for seed in losses[first] if seed in losses[second]]
    a, b = (np.array([losses[one][seed] for seed in seeds]) for one in (first, second))
    with np.errstate(invalid="ignore"):
        median = float(np.median(b - a)) if seeds else math.nan
    return Difference(
        first,
        second,
        len(seeds),
        int((a < b).sum()),
        int((a > b).sum()),
        median,
        signed_rank(*_finite(a, b)),
    )


def _finite(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return losses in which infinity is a number, further off than any two others are apart."""
    both = np.concatenate([a, b])
    known = both[np.isfinite(both)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    far = high + 2.0 * (high - low) + 1.0
    return np.where(np.isfinite(a), a, far), np.where(np.isfinite(b), b, far)


def signed_rank(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the two-sided probability of Wilcoxon's signed rank test on pairs (n,), (n,).

    Pairs without a difference say nothing and are left out; without any other it is 1.
    """
    from scipy.stats import wilcoxon

    apart = a - b
    apart = apart[apart != 0.0]
    return float(wilcoxon(apart).pvalue) if apart.size else 1.0


def holm(probabilities: Sequence[float]) -> list[float]:
    """Return probabilities corrected for as many tests by Holm's method, in the same order."""
    order = sorted(range(len(probabilities)), key=lambda place: probabilities[place])
    corrected, least = [0.0] * len(order), 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * probabilities[place]))
        corrected[place] = least
    return corrected


def seeds_needed(settings: int) -> int:
    """Return the fewest seeds with which a difference between so many settings can be found.

    With n seeds no probability is below 2 / 2**n.
    """
    pairs = math.comb(settings, 2)
    return max(1, math.ceil(math.log2(2 * pairs / LEVEL))) if pairs else 1
