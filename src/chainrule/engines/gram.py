"""A'A, summed over rows of a matrix A that are given by factors, on any engine.

Each row of A is made of blocks, and a block is the outer product of a short row x and a short row
d. Row by row that is called a Khatri-Rao product, and A'A its Gram matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.engines import native
from chainrule.engines.choosing import chosen_engine
from chainrule.engines.cores import allowed_threads

Matrix = NDArray[np.float64]

# Rows of A are written out for so many numbers at a time, so that memory does not grow with rows.
NUMBERS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class FactorBlock:
    """A block of the columns of A: ``outputs`` for each number of x, and for a one behind them."""

    inputs: int
    one_behind: bool
    outputs: int

    @property
    def lines(self) -> int:
        """How many numbers x has, the one behind it among them."""
        return self.inputs + self.one_behind


class Gram(Protocol):
    """Adds up A'A over rows."""

    def add(self, xs: Sequence[Matrix], ds: Sequence[Matrix]) -> None:
        """Add rows: of each block its x (n, inputs), of each root and block its d (n, outputs).

        A row of the factors stands for one row of A for each root; the d of the first root come
        first. The order of a sum, and with it the bits, follows from the number of threads.
        """

    def matrix(self) -> Matrix:
        """Return the sum (columns, columns) since the last call of this, and begin anew."""


def gram_of(blocks: Sequence[FactorBlock], roots: int, engine: str) -> Gram:
    """Return what adds up A'A on an engine. Raises SetupError for one that is not there."""
    kind = NativeGram if chosen_engine(engine) == "native" else WrittenGram
    return kind(blocks, roots)


class NativeGram:
    """On compiled kernels: rows of A are not written down where pairs of factors are less work."""

    def __init__(self, blocks: Sequence[FactorBlock], roots: int) -> None:
        self._sum = native.khatri_rao_gram(
            [(one.inputs, one.one_behind, one.outputs) for one in blocks], roots
        )

    def add(self, xs: Sequence[Matrix], ds: Sequence[Matrix]) -> None:
        self._sum.add([*map(_plain, xs)], [*map(_plain, ds)], allowed_threads())

    def matrix(self) -> Matrix:
        found: Matrix = self._sum.matrix()
        return found


class WrittenGram:
    """In NumPy: rows of A are written out, some at a time, and multiplied."""

    def __init__(self, blocks: Sequence[FactorBlock], roots: int) -> None:
        self.blocks, self.roots = tuple(blocks), roots
        columns = sum(one.lines * one.outputs for one in blocks)
        self._total = np.zeros((columns, columns))

    def add(self, xs: Sequence[Matrix], ds: Sequence[Matrix]) -> None:
        most = max(1, NUMBERS_AT_ONCE // len(self._total))
        for first in range(0, len(xs[0]), most):
            some = slice(first, first + most)
            for root in range(self.roots):
                of_root = ds[root * len(xs) : (root + 1) * len(xs)]
                written = self._written([one[some] for one in xs], [one[some] for one in of_root])
                self._total += written.T @ written

    def _written(self, xs: Sequence[Matrix], ds: Sequence[Matrix]) -> Matrix:
        made: list[Any] = []
        for block, x, d in zip(self.blocks, xs, ds, strict=True):
            ones = np.ones((len(x), int(block.one_behind)))
            product = np.concatenate([x, ones], axis=1)[:, :, None] * d[:, None]
            made.append(product.reshape(len(x), -1))
        return np.concatenate(made, axis=1)

    def matrix(self) -> Matrix:
        found = self._total.copy()
        self._total[...] = 0.0
        return found


def _plain(factor: Matrix) -> Matrix:
    return np.ascontiguousarray(factor, dtype=np.float64)
