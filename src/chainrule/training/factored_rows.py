"""Loss, gradient and Gauss-Newton matrix of dense layers, summed over blocks of rows.

The engine makes the factors of a block, and sums the products of those: of each row, the outer
product of a layer's input with the gradient at its output is that layer's part of a line of J.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.door import evaluate
from chainrule.engines.gram import FactorBlock, gram_of
from chainrule.network.layer_factors import FactoredLayer, factor_program, root_count
from chainrule.network.objective import Objective

Matrix = NDArray[np.float64]


class FactoredRows:
    """Sums over rows of an objective whose trained parameters are all in dense layers."""

    def __init__(self, objective: Objective, layers: Sequence[FactoredLayer], engine: str) -> None:
        self.layers = tuple(layers)
        self.program = factor_program(objective, self.layers)
        self.engine = engine
        self.roots = root_count(objective)
        self.inputs = {name: place for place, name in enumerate(objective.plan.inputs)}
        blocks = [FactorBlock(one.inputs, one.has_bias, one.outputs) for one in self.layers]
        self._gram = gram_of(blocks, self.roots, engine)
        self._last: tuple[list[Matrix], Sequence[NDArray[Any]], list[Any]] | None = None

    def sums(
        self, fixed: Sequence[Matrix], blocks: Iterable[Sequence[NDArray[Any]]]
    ) -> tuple[float, Matrix, Matrix]:
        """Return the sums of loss, gradient (p,) and J'J (p, p) over all blocks of rows.

        ``fixed``: the parameters and the frozen ones, as the program takes them.
        """
        loss, gradient = 0.0, np.zeros(sum(one.lines * one.outputs for one in self.layers))
        for rows in blocks:
            made = self.factors(fixed, rows)
            loss, gradient = loss + float(made[0]), gradient + made[1]
            further = made[2:]
            count = len(further) - self.roots * len(self.layers)
            passed = iter(further[:count])
            xs = [
                rows[self.inputs[one.x]] if one.x in self.inputs else next(passed)
                for one in self.layers
            ]
            self._gram.add(xs, further[count:])
        return loss, gradient, self._gram.matrix()

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
