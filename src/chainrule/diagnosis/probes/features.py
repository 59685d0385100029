"""Features: the inputs of rows as columns of numbers, tokens among them.

Tokens are counted, each in how many places of a row it stands, and where these are few, told place
by place: a bag of words, and a word in each place (Manning, Raghavan, Schütze, Introduction to
Information Retrieval, 2008, section 13.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.columns import standardised

Numbers = NDArray[Any]
# Of more tokens the most frequent ones: the others stand in too few rows to say anything.
MOST_TOKENS = 500
# In fewer rows a token is that row's own.
LEAST_ROWS_OF_A_TOKEN = 3


def features_of(inputs: Sequence[Numbers], kinds: Sequence[str]) -> Numbers | None:
    """Return all inputs (rows, ...) as standardised columns (rows, columns), None if all are equal.

    ``kinds``: of each input "float", or "integer" for tokens.
    """
    parts = [
        _of_tokens(one) if kind == "integer" else one.reshape(len(one), -1).astype(np.float64)
        for one, kind in zip(inputs, kinds, strict=True)
    ]
    x = np.concatenate(parts, axis=1)
    standard = standardised(x)
    return standard if standard.shape[1] else None


def _of_tokens(tokens: Numbers) -> Numbers:
    """Return counts of tokens (rows, columns), and what stands in each place if that is little."""
    flat = tokens.reshape(len(tokens), -1).astype(np.int64)
    known, which, often = np.unique(flat, return_inverse=True, return_counts=True)
    frequent = np.argsort(-often, kind="stable")[:MOST_TOKENS]
    # Token of a place -> its column; what is not frequent is counted behind all others.
    column = np.full(len(known), len(frequent))
    column[frequent] = np.arange(len(frequent))
    columns = column[which.reshape(flat.shape)]
    each = len(frequent) + 1
    cells = (np.arange(len(flat))[:, None] * each + columns).reshape(-1)
    counts = np.bincount(cells, minlength=len(flat) * each).reshape(len(flat), each)[:, :-1]
    shared = (counts > 0).sum(axis=0) >= LEAST_ROWS_OF_A_TOKEN
    if not shared.any():
        return np.zeros((len(flat), 1))
    counts = counts[:, shared].astype(np.float64)
    if counts.shape[1] * flat.shape[1] > MOST_TOKENS:
        return counts
    placed = (columns[:, :, None] == np.flatnonzero(shared)).reshape(len(flat), -1)
    return np.concatenate([counts, placed.astype(np.float64)], axis=1)
