"""Loss, gradient and Gauss-Newton matrix of dense layers, summed over blocks of rows.

The engine makes the factors of a block, on as many threads as it may have; then each thread sums
the products of its own part of the rows, in a fixed order, so that the bits follow from the number
of threads alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.cores import allowed_threads
from chainrule.engines.door import evaluate
from chainrule.engines.library import one_thread
from chainrule.network.layer_factors import FactoredLayer, factor_program, root_count
from chainrule.network.objective import Objective
from chainrule.training.gauss_newton_sum import Matrix, sum_of

# A thread is worth its while from so many rows on.
ROWS_OF_A_THREAD = 256


class Part:
    """What one thread sums over its part of the rows, and the room that it writes in.

    Room is kept: fresh memory costs more than what is written there.
    """

    def __init__(self, layers: Sequence[FactoredLayer], roots: int, alone: bool) -> None:
        self.layers = layers
        self.sum = sum_of(layers, roots, alone)
        most = self.sum.rows_at_once
        self._xs = [np.ones((one.lines, most)) for one in layers]
        self._ds = [[np.empty((one.outputs, most)) for one in layers] for _ in range(roots)]

    def add(
        self,
        inputs: Sequence[Matrix],
        gradients: Sequence[Sequence[Matrix]],
        first: int,
        last: int,
    ) -> None:
        """Add the rows from ``first`` to before ``last``, some at a time, features in front."""
        most = self.sum.rows_at_once
        for start in range(first, last, most):
            end = min(start + most, last)
            rows = end - start
            for layer, room, x in zip(self.layers, self._xs, inputs, strict=True):
                # The line of a bias, behind, stays all ones.
                room[: layer.inputs, :rows] = x[start:end].T
            for rooms, of_root in zip(self._ds, gradients, strict=True):
                for room, d in zip(rooms, of_root, strict=True):
                    room[:, :rows] = d[start:end].T
            self.sum.add(
                [room[:, :rows] for room in self._xs],
                [[room[:, :rows] for room in rooms] for rooms in self._ds],
            )


class FactoredRows:
    """Sums over rows of an objective whose trained parameters are all in dense layers."""

    def __init__(self, objective: Objective, layers: Sequence[FactoredLayer], engine: str) -> None:
        self.layers = tuple(layers)
        self.program = factor_program(objective, self.layers)
        self.engine = engine
        self.roots = root_count(objective)
        self.inputs = {name: place for place, name in enumerate(objective.plan.inputs)}
        self._parts: list[Part] = []
        self._last: tuple[list[Matrix], Sequence[NDArray[Any]], list[Any]] | None = None

    def sums(
        self, fixed: Sequence[Matrix], blocks: Iterable[Sequence[NDArray[Any]]]
    ) -> tuple[float, Matrix, Matrix]:
        """Return the sums of loss, gradient (p,) and J'J (p, p) over all blocks of rows.

        ``fixed``: the parameters and the frozen ones, as the program takes them.
        """
        loss, gradient = 0.0, np.zeros(sum(one.lines * one.outputs for one in self.layers))
        threads = allowed_threads()
        with one_thread(True):
            for rows in blocks:
                made = self.factors(fixed, rows)
                loss, gradient = loss + float(made[0]), gradient + made[1]
                self._add_all(rows, made[2:], threads)
        matrices = [one.sum.matrix() for one in self._parts]
        for further in matrices[1:]:
            matrices[0] += further
        return loss, gradient, matrices[0]

    def factors(self, fixed: Sequence[Matrix], rows: Sequence[NDArray[Any]]) -> list[Any]:
        """Return the sums of loss and gradient over a block of rows, and its factors.

        Those made last are kept: a search often goes where it has looked last.
        """
        if self._last is not None:
            of_fixed, of_rows, made = self._last
            same = all(map(np.array_equal, of_fixed, fixed))
            if same and all(one is two for one, two in zip(of_rows, rows, strict=True)):
                return made
        made = evaluate(self.program, [*fixed, *rows], engine=self.engine)
        self._last = ([one.copy() for one in fixed], rows, made)
        return made

    def _add_all(self, rows: Sequence[NDArray[Any]], made: Sequence[Matrix], threads: int) -> None:
        """Add the factors of a block, each thread those of its part of the rows."""
        further = iter(made)
        inputs = [
            rows[self.inputs[one.x]] if one.x in self.inputs else next(further)
            for one in self.layers
        ]
        gradients = [[next(further) for _ in self.layers] for _ in range(self.roots)]
        count = len(inputs[0])
        parts = max(1, min(threads, count // ROWS_OF_A_THREAD))
        if len(self._parts) < parts:
            # Only the first block can have the most parts, so that nothing is in the old ones.
            self._parts = [Part(self.layers, self.roots, parts == 1) for _ in range(parts)]
        bounds = [count * part // parts for part in range(parts + 1)]
        waiting = [
            self._pool.submit(
                self._parts[part].add, inputs, gradients, bounds[part], bounds[part + 1]
            )
            for part in range(1, parts)
        ]
        self._parts[0].add(inputs, gradients, 0, bounds[1])
        for one in waiting:
            one.result()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(allowed_threads(), thread_name_prefix="chainrule-rows")
