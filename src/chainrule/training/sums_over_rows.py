"""Sums over all rows, made block by block, so that memory does not grow with the rows.

Each is the work of an engine that carries its totals from block to block. What is summed is what
``LossAt``, ``GradientAt`` and the two products along a direction ask for, times the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainrule.arrays import concatenate, count, sum_over, zeros_like
from chainrule.engines.door import Work
from chainrule.network.layer_factors import flat_of_reached
from chainrule.network.loss_curvature import roots_of
from chainrule.network.objective import Objective
from chainrule.ops.derived import tangent_of_function
from chainrule.ops.walks import backward_walk, tangent_walk
from chainrule.program import Input, trace

Parts = Callable[..., Sequence[Any]]


def loss_work(objective: Objective) -> Work:
    """Return the work (parameters, frozen | rows) that carries the sum of the losses."""

    def parts(parameters: Any, frozen: Any, *rows: Any) -> list[Any]:
        return [objective.values(parameters, frozen, rows)["loss"] * count(rows[0], 0)]

    return _summed(objective, parts, [Input("loss", ())], [])


def gradient_work(objective: Objective) -> Work:
    """Return the work (parameters, frozen | rows) that carries the sums of loss and gradient."""

    def parts(parameters: Any, frozen: Any, *rows: Any) -> list[Any]:
        values = objective.values(parameters, frozen, rows)
        gradients = objective.gradients(values, at_loss=count(rows[0], 0))
        return [values["loss"] * count(rows[0], 0), objective.flat_gradient(gradients)]

    totals = [Input("loss", ()), Input("gradient", (objective.trained.size,))]
    return _summed(objective, parts, totals, [])


def curvature_work(objective: Objective) -> Work:
    """Return the work (parameters, frozen, direction | rows) that carries Hessian times direction.

    Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.
    """

    def gradient(parameters: Any, frozen: Any, *rows: Any) -> Any:
        values = objective.values(parameters, frozen, rows)
        return objective.flat_gradient(objective.gradients(values, at_loss=count(rows[0], 0)))

    def parts(parameters: Any, frozen: Any, direction: Any, *rows: Any) -> list[Any]:
        change = _carried_change(objective, parameters, direction)
        changes = (change, None, *(None for _ in rows))
        made = tangent_of_function(gradient, changes, (parameters, frozen, *rows))
        return [zeros_like(direction) if made is None else made]

    return _along(objective, parts)


def gauss_newton_work(objective: Objective) -> Work:
    """Return the work (parameters, frozen, direction | rows) that carries the Gauss-Newton matrix
    times the direction.

    Forward with the tangents, through the second derivatives of the loss, and back: Schraudolph,
    Neural Computation 14, 2002.
    """
    walk = objective.plan.walk

    def parts(parameters: Any, frozen: Any, direction: Any, *rows: Any) -> list[Any]:
        values = objective.values(parameters, frozen, rows)
        changes = tangent_walk(walk, values, objective.trained.named(direction))
        return [_back_from_outputs(objective, values, changes, rows)]

    return _along(objective, parts)


def bending_work(objective: Objective) -> Work:
    """Return the work (parameters, frozen, direction | rows) that carries J'H times the second
    derivative of the outputs along the direction.
    """
    walk, outputs = objective.plan.walk, objective.plan.outputs

    def first(parameters: Any, frozen: Any, direction: Any, *rows: Any) -> tuple[Any, ...]:
        values = objective.values(parameters, frozen, rows)
        changes = tangent_walk(walk, values, objective.trained.named(direction))
        made = ((changes.get(output), values[output]) for output in outputs)
        return tuple(zeros_like(value) if one is None else one for one, value in made)

    def parts(parameters: Any, frozen: Any, direction: Any, *rows: Any) -> list[Any]:
        given = (parameters, frozen, direction, *rows)
        changes = (_carried_change(objective, parameters, direction), *(None for _ in given[1:]))
        made = tangent_of_function(first, changes, given)
        second = made if isinstance(made, tuple) else (made,)
        values = objective.values(parameters, frozen, rows)
        bent = dict(zip(outputs, second, strict=True))
        return [_back_from_outputs(objective, values, bent, rows)]

    return _along(objective, parts)


def _back_from_outputs(
    objective: Objective, values: Mapping[Any, Any], changes: Mapping[Any, Any], rows: Sequence[Any]
) -> Any:
    """Return changes of the outputs times H, taken back to the trained parameters, flat."""
    seeds = {}
    for output, loss in zip(objective.plan.outputs, objective.losses, strict=True):
        change = changes.get(output)
        if change is not None:
            roots: list[Any] = roots_of(loss, values[output], rows[-1])
            parts = [one * sum_over(one * change, axis=1, keepdims=True) for one in roots]
            seeds[output] = sum(parts[1:], parts[0])
    gradients = backward_walk(objective.plan.walk, values, seeds) if seeds else {}
    return flat_of_reached(objective, values, gradients)


def _carried_change(objective: Objective, parameters: Any, direction: Any) -> Any:
    """Return a direction with zeros for the network's state, which stands behind."""
    if not objective.plan.state:
        return direction
    still = zeros_like(parameters[objective.trained.size :])
    return concatenate((direction, still), axis=0)


def _along(objective: Objective, parts: Parts) -> Work:
    vector = (objective.trained.size,)
    return _summed(objective, parts, [Input("product", vector)], [Input("direction", vector)])


def _summed(
    objective: Objective, parts: Parts, totals: Sequence[Input], further: Sequence[Input]
) -> Work:
    """Return the work that adds what ``parts`` makes of a block of rows to its totals."""

    def step(*given: Any) -> list[Any]:
        before, rest = given[: len(totals)], given[len(totals) :]
        return [one + made for one, made in zip(before, parts(*rest), strict=True)]

    fixed = (*objective.parameter_inputs, *further)
    inputs = (*totals, *fixed, *objective.row_inputs)
    names = [one.name for one in totals]
    return Work(trace(step, inputs, names), carried=len(totals), fixed=len(fixed))
