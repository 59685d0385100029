"""Answering an optimizer that searches: its requests, from the training rows of a setup.

Every answer is that of the mean loss with its penalties, of all rows, or of a sample of them where
one is asked for. Rows are taken in blocks, so
that memory does not grow with their number; only what mixes rows (batch norm) sees all at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.door import Batches, Work, evaluate, run
from chainrule.network.layer_factors import root_count
from chainrule.network.loss_curvature import residual_count
from chainrule.network.objective import Objective
from chainrule.optimizers.optimizer import MATRIX_NEEDS, Needs
from chainrule.optimizers.searching import (
    NormalEquations,
    Request,
    Residuals,
    Sizes,
    answer_to,
)
from chainrule.randomness import permutation
from chainrule.training.answer_programs import AnswerPrograms

Vector = NDArray[np.float64]

# Rows are taken so many at a time that what a network makes of them stays small (numbers).
NUMBERS_AT_ONCE = 1_000_000
MOST_ROWS, LEAST_ROWS = 4096, 64
FEW_OUTPUTS = 2


class CutOffError(Exception):
    """An answer was cut off because Ctrl-C came; the iteration under way is given up."""


class Answers:
    """What answers the requests of one training.

    ``rows``: inputs, targets and weights; ``frozen``: the parameters that stay; ``still``: the
    state of the network, which predictions and batches read. ``l1`` and ``l2``: the strengths of
    penalties, one for each trained parameter, or None. ``asked`` says whether Ctrl-C came,
    ``needs`` what the optimizer will ask for, which answers do not depend on. Samples of the rows
    are drawn by ``seed``.
    """

    def __init__(
        self,
        objective: Objective,
        rows: Sequence[NDArray[Any]],
        frozen: Vector,
        l1: Vector | None,
        l2: Vector | None,
        engine: str,
        asked: Callable[[], bool],
        needs: Needs = "line search",
        seed: int = 0,
    ) -> None:
        self.objective = objective
        self.frozen = frozen
        self.l1, self.l2 = l1, l2
        self.engine = engine
        self.asked = asked
        self.needs = needs
        self.seed = seed
        self.state: Vector = np.zeros(0)
        self.programs = AnswerPrograms(objective, engine)
        self._sample: Answers | None = None
        self._stand_on(rows, float(len(rows[-1])))

    def _stand_on(self, rows: Sequence[NDArray[Any]], divisor: float) -> None:
        """Answer from these rows; the mean is their weighted sum by ``divisor``."""
        self.rows = rows
        self.count = len(rows[-1])
        self.divisor = divisor
        self.sizes = self._sizes()
        # The last gradient that was asked for by itself, and where: searches come back to it.
        self._last: tuple[Vector, float, Vector] | None = None
        # The largest entry of the last gradient that any answer from these rows had.
        self.steepest = math.inf

    def _sizes(self) -> Sizes:
        """Return how many parameters and residuals there are; a penalty adds one for each square.

        A row of weight 0 has none: it says nothing about the parameters or the noise.
        """
        counted = int(np.count_nonzero(self.rows[-1]))
        found = residual_count(self.objective, counted)
        if found is not None and self.l2 is not None:
            found += int(np.count_nonzero(self.l2))
        return Sizes(self.objective.trained.size, found, counted)

    def sampled(self, rows: int) -> Answers:
        """Return what answers from a sample of so many rows, drawn from those of a weight above 0.

        Their weights count as shares: the mean over the sample is that of all rows, estimated.
        """
        if self._sample is None or self._sample.count != rows:
            # In their own order, rows lie close in memory when they are gathered.
            chosen = np.sort(self._drawn[:rows])
            weights = self.rows[-1]
            share = float(weights[chosen].sum()) / float(weights.sum())
            made = copy(self)
            made._sample = None
            made._stand_on([one[chosen] for one in self.rows], share * self.divisor)
            self._sample = made
        self._sample.state = self.state
        return self._sample

    @cached_property
    def _drawn(self) -> NDArray[np.int64]:
        """The rows of a weight above 0 in the order in which samples take them."""
        counted = np.flatnonzero(self.rows[-1])
        return counted[permutation(self.seed, "sample of the rows", len(counted))]

    def of(self, request: Request) -> Any:
        """Return the answer to a request. Raises CutOffError where Ctrl-C came meanwhile."""
        if self.asked():
            raise CutOffError
        return answer_to(request, self)

    # ---- loss and gradient ----

    def loss(self, at: Vector) -> float:
        """Return the mean loss, penalties included."""
        if self._loss_by_factors:
            total = self.programs.factors.factors((self._whole(at), self.frozen), self.rows)[0]
        else:
            (total,) = self._summed(self.programs.loss, at)
        return float(total) / self.divisor + self.penalty(at)

    @property
    def _loss_by_factors(self) -> bool:
        """Whether losses come from the program of the normal equations.

        Where a step is taken the search asks for these next, at the same place. They are worth it
        for few outputs, and where all rows are one block.
        """
        return (
            self.needs in MATRIX_NEEDS
            and not self._few_residuals
            and self.programs.layers is not None
            and root_count(self.objective) <= FEW_OUTPUTS
            and self.count <= self._rows_at_once
        )

    @property
    def _few_residuals(self) -> bool:
        """Whether there are fewer residuals than parameters, so that a search asks for them."""
        found = self.sizes.residuals
        return found is not None and found < self.sizes.parameters

    def gradient(self, at: Vector) -> tuple[float, Vector]:
        """Return the mean loss and its gradient, penalties included."""
        if self._last is None or not np.array_equal(self._last[0], at):
            total, slope = self._summed(self.programs.gradient, at)
            found = self._penalised(at, float(total) / self.divisor, slope / self.divisor)
            self._last = (at.copy(), *found)
        _, loss, gradient = self._last
        return loss, gradient.copy()

    def penalty(self, at: Vector) -> float:
        """Return what the penalties add to the loss."""
        found = 0.0
        if self.l2 is not None:
            found += 0.5 * float(self.l2 @ (at * at))
        if self.l1 is not None:
            found += float(self.l1 @ np.abs(at))
        return found

    def _penalised(self, at: Vector, loss: float, gradient: Vector) -> tuple[float, Vector]:
        if self.l2 is not None:
            gradient = gradient + self.l2 * at
        if self.l1 is not None:
            gradient = gradient + self.l1 * np.sign(at)
        self.steepest = float(np.abs(gradient).max())
        return loss + self.penalty(at), gradient

    # ---- curvature ----

    def normal_equations(self, at: Vector) -> NormalEquations:
        """Return loss, gradient and the Gauss-Newton matrix."""
        if self.programs.layers is None:
            loss, gradient = self.gradient(at)
            matrix = self._matrix_by_rows(at)
        else:
            total, slope, matrix = self.programs.factors.sums(
                (self._whole(at), self.frozen), self._blocks(self._rows_at_once)
            )
            loss, gradient = self._penalised(at, total / self.divisor, slope / self.divisor)
        matrix /= self.divisor
        if self.l2 is not None:
            matrix[np.diag_indices_from(matrix)] += self.l2
        return NormalEquations(loss, gradient, matrix)

    def _matrix_by_rows(self, at: Vector) -> Vector:
        """Return the sum of J'J over all rows from Jacobians that are written out."""
        size, roots = self.objective.trained.size, root_count(self.objective)
        matrix = np.zeros((size, size))
        most = max(LEAST_ROWS, min(MOST_ROWS, 4 * NUMBERS_AT_ONCE // (size * roots)))
        for rows in self._blocks(most):
            given = [self._whole(at), self.frozen, *rows]
            for jacobian in evaluate(self.programs.jacobians, given, engine=self.engine):
                matrix += jacobian.T @ jacobian
        return matrix

    def residuals(self, at: Vector) -> Residuals:
        """Return the residuals and their Jacobian; those of the penalty stand behind."""
        roots = root_count(self.objective)
        counted = np.flatnonzero(self.rows[-1])
        given = [self._whole(at), self.frozen, *(one[counted] for one in self.rows)]
        made = evaluate(self.programs.residuals, given, engine=self.engine)
        share = 1.0 / math.sqrt(self.divisor)
        jacobian = np.concatenate(made[:roots]) * share
        residuals = np.concatenate(made[roots:]) * share
        if self.l2 is not None:
            (places,) = np.nonzero(self.l2)
            root = np.sqrt(self.l2[places])
            further = np.zeros((len(places), len(at)))
            further[np.arange(len(places)), places] = root
            jacobian = np.concatenate([jacobian, further])
            residuals = np.concatenate([residuals, root * at[places]])
        self.steepest = float(np.abs(residuals @ jacobian).max())
        return Residuals(0.5 * float(residuals @ residuals), residuals, jacobian)

    def curvature(self, at: Vector, direction: Vector) -> Vector:
        """Return the product of the second derivatives with a direction."""
        return self._along(self.programs.curvature, at, direction)

    def gauss_newton(self, at: Vector, direction: Vector) -> Vector:
        """Return the product of the Gauss-Newton matrix with a direction."""
        return self._along(self.programs.gauss_newton, at, direction)

    def bending(self, at: Vector, direction: Vector) -> Vector:
        """Return how the outputs bend along a direction, as the parameters feel it."""
        (total,) = self._summed(self.programs.bending, at, direction)
        # A penalty on squares does not bend: its residuals are the weights.
        found: Vector = total / self.divisor
        return found

    def _along(self, work: Work, at: Vector, direction: Vector) -> Vector:
        (total,) = self._summed(work, at, direction)
        found: Vector = total / self.divisor
        return found if self.l2 is None else found + self.l2 * direction

    def trace(self) -> None:
        """Trace now what the optimizer will ask for. Raises SetupError."""
        needs, programs = self.needs, self.programs
        if needs == "loss":
            _ = programs.loss
        elif needs in MATRIX_NEEDS and self._few_residuals:
            _ = programs.residuals
        elif needs in MATRIX_NEEDS:
            _ = programs.jacobians if programs.layers is None else programs.factors
        else:
            _ = programs.gradient
        if needs == "curvature product":
            _ = programs.curvature

    # ---- rows ----

    def _whole(self, at: Vector) -> Vector:
        return np.concatenate([at, self.state]) if self.state.size else at

    def _summed(self, work: Work, at: Vector, *further: Vector) -> list[Any]:
        """Return the totals of a work over all rows, a block after the other."""
        program = work.program
        totals: list[Any] = [np.zeros(one.shape) for one in program.inputs[: work.carried]]
        totals = [one if one.ndim else 0.0 for one in totals]
        single = bool(program.coupled) or not all(one.each_row for one in self.objective.losses)
        batches = Batches(self.count, self.count if single else self._rows_at_once)
        place, last = 0, batches.steps_per_epoch
        while place < last:
            outcome = run(
                work,
                totals,
                [self._whole(at), self.frozen, *further],
                self.rows,
                batches,
                place,
                last,
                seconds=0.5,
                engine=self.engine,
            )
            totals, place = outcome.carried, place + outcome.steps_done
            if self.asked():
                raise CutOffError
        return totals

    def _blocks(self, most: int) -> Iterator[Sequence[NDArray[Any]]]:
        if self.count <= most:
            yield self.rows
            return
        for start in range(0, self.count, most):
            if self.asked():
                raise CutOffError
            yield [one[start : start + most] for one in self.rows]

    @cached_property
    def _rows_at_once(self) -> int:
        plan = self.objective.plan
        shapes = [*plan.inputs.values(), *plan.shapes.values()]
        widths = sum(math.prod(one) for one in shapes)
        return max(LEAST_ROWS, min(MOST_ROWS, NUMBERS_AT_ONCE // max(1, widths)))
