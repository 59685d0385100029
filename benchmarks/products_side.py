"""The products of a step and nothing else, by NumPy and its BLAS: what the machine could do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from side import Side

Product = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]


class Products(Side):
    """Forward, to the weights and to the inputs, written into arrays that are there already."""

    def set_up(self) -> None:
        work = self.problem.work
        last = work.rows - (work.steps_per_epoch - 1) * work.step_rows
        self.full, self.short = self._products(work.step_rows), self._products(last)

    def train(self, epochs: int) -> None:
        steps = [*[self.full] * (self.problem.work.steps_per_epoch - 1), self.short]
        for _ in range(epochs):
            for step in steps:
                for left, right, out in step:
                    np.matmul(left, right, out=out)

    def weights(self) -> list[NDArray[Any]]:
        return list(self.problem.weights)

    def _products(self, rows: int) -> list[Product]:
        """Return the products of a step: all but the gradient to the rows, which nobody needs."""
        found: list[Product] = []
        dtype = self.problem.X.dtype
        for place, (weight, _) in enumerate(self.problem.layers):
            value = np.ones((rows, weight.shape[0]), dtype)
            slope = np.ones((rows, weight.shape[1]), dtype)
            found.append((value, weight, np.empty_like(slope)))
            found.append((value.T, slope, np.empty_like(weight)))
            if place:
                found.append((slope, weight.T, np.empty_like(value)))
        return found
