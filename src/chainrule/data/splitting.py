"""Rows apart for training and for each of the parts that are held out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError, SetupError
from chainrule.randomness import permutation

# scikit-learn has splits, but importing it takes longer than training on a small table, and its
# generator is another one than that from which every other random number of a run comes.


def split_rows(
    rows: int,
    fractions: tuple[float, ...],
    seed: int,
    strata: NDArray[np.int64] | None = None,
    purpose: str = "split",
) -> tuple[NDArray[np.int64], ...]:
    """Split ``range(rows)`` into the training rows and one part for each fraction.

    Returns ``len(fractions) + 1`` sorted int64 arrays without a common element, the training rows
    first. With ``strata``, integers of shape (rows,), each stratum is split in the same
    proportions: in every part it has its share of rows rounded down or up, and at least one row is
    for training. The parts' sizes are the fractions' to within a few rows. The same ``seed`` and
    ``purpose`` give the same split.

    Raises ``SetupError`` if the fractions are not above 0 with a sum below 1, ``DataError`` if a
    part would be empty.
    """
    _check(rows, fractions, seed, strata)
    order = permutation(seed, purpose, rows)
    labels = np.zeros(rows, dtype=np.int64) if strata is None else np.asarray(strata)
    counts = np.unique(labels, return_counts=True)[1]
    shares = np.array([1.0 - sum(fractions), *fractions])
    sizes = _sizes(counts, shares)
    by_stratum = order[np.argsort(labels[order], kind="stable")]
    pieces = np.split(by_stratum, np.cumsum(sizes.reshape(-1))[:-1])
    width = len(shares)
    parts = tuple(np.sort(np.concatenate(pieces[part::width])) for part in range(width))
    for part, share in zip(parts, shares, strict=True):
        if part.size == 0:
            raise DataError(
                f"{share:.0%} of {rows} rows leaves a part of the split empty.",
                "Give more rows, or hold out a larger fraction.",
            )
    return parts


def _sizes(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many rows of each stratum go to each part: shape (strata, parts).

    Each entry is its exact share rounded down or up. The rows that rounding down leaves go, stratum
    by stratum, to the parts that are furthest behind their share so far: the method of largest
    remainders, carried on from stratum to stratum so that many small strata do not all round alike.
    """
    # 0.28 * 100 is a hair above 28 in float64, and without the rounding could become 29 rows.
    exact = np.round(counts[:, np.newaxis] * shares, 9)
    sizes = np.floor(exact).astype(np.int64)
    behind = np.zeros(len(shares))
    for stratum, count in enumerate(counts):
        behind += exact[stratum] - sizes[stratum]
        left = count - sizes[stratum].sum()
        urgency = np.where(exact[stratum] > sizes[stratum], behind, -np.inf)
        if sizes[stratum, 0] == 0:
            urgency[0] = np.inf
        chosen = np.argsort(-urgency, kind="stable")[:left]
        sizes[stratum, chosen] += 1
        behind[chosen] -= 1
    return sizes


def _check(
    rows: int, fractions: tuple[float, ...], seed: int, strata: NDArray[np.int64] | None
) -> None:
    if not all(0 < fraction < 1 for fraction in fractions) or sum(fractions) >= 1:
        raise SetupError(
            f"The fractions to hold out are {', '.join(f'{part:g}' for part in fractions)}.",
            "Give fractions above 0 whose sum is below 1.",
        )
    if not 0 <= seed < 2**64:
        raise SetupError(f"The seed is {seed}.", "Give a whole number from 0 to 2**64 - 1.")
    if strata is not None and len(strata) != rows:
        raise DataError(
            f"There are {len(strata)} strata for {rows} rows.", "Give one for each row."
        )
    if rows <= len(fractions):
        raise DataError(
            f"{rows} rows cannot be split into {len(fractions) + 1} parts.", "Give more rows."
        )
