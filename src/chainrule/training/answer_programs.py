"""The programs that answer an optimizer which searches, each traced when it is first asked for."""

from __future__ import annotations

from functools import cached_property

from chainrule.engines.door import Work
from chainrule.network.layer_factors import FactoredLayer, factored_layers, root_jacobian_program
from chainrule.network.objective import Objective
from chainrule.program import Program
from chainrule.training.factored_rows import FactoredRows
from chainrule.training.sums_over_rows import (
    bending_work,
    curvature_work,
    gauss_newton_work,
    gradient_work,
    loss_work,
)


class AnswerPrograms:
    """What is traced of an objective for any number of rows: all rows and samples share it."""

    def __init__(self, objective: Objective, engine: str) -> None:
        self.objective = objective
        self.engine = engine

    @cached_property
    def loss(self) -> Work:
        return loss_work(self.objective)

    @cached_property
    def gradient(self) -> Work:
        return gradient_work(self.objective)

    @cached_property
    def curvature(self) -> Work:
        return curvature_work(self.objective)

    @cached_property
    def bending(self) -> Work:
        return bending_work(self.objective)

    @cached_property
    def gauss_newton(self) -> Work:
        return gauss_newton_work(self.objective)

    @cached_property
    def layers(self) -> tuple[FactoredLayer, ...] | None:
        """The layers whose part of a line of J is a product of two factors, None if some is not."""
        found = factored_layers(self.objective)
        return None if found is None else tuple(found)

    @cached_property
    def factors(self) -> FactoredRows:
        """The sums over rows by ``layers``, which must be there."""
        return FactoredRows(self.objective, self.layers or (), self.engine)

    @cached_property
    def jacobians(self) -> Program:
        return root_jacobian_program(self.objective)

    @cached_property
    def residuals(self) -> Program:
        return root_jacobian_program(self.objective, residuals=True)
