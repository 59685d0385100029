"""The gradient of one row, layer by layer, as two factors: what went in, and what came back.

A dense layer's gradient in one row is the outer product of its input with the gradient at its
output. A network of such layers alone needs no Jacobian written out: these factors hold all of it,
in as many numbers as the network has units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.arrays import count, zeros_like
from chainrule.engines.per_row import per_row, refuse_coupled
from chainrule.network.loss_curvature import residuals_of, roots_of
from chainrule.network.objective import Objective
from chainrule.ops.walks import Step, backward_walk
from chainrule.program import Program, trace


@dataclass(frozen=True)
class FactoredLayer:
    """A dense layer: the values before and after it, and its place among the trained parameters.

    Its numbers stand from ``start`` on: ``inputs`` lines of ``outputs`` each, the weights and then,
    if it has one that is trained, the bias.
    """

    x: str
    y: str
    start: int
    inputs: int
    outputs: int
    has_bias: bool

    @property
    def lines(self) -> int:
        """How many lines of ``outputs`` numbers the layer has, that of the bias included."""
        return self.inputs + self.has_bias


def factored_layers(objective: Objective) -> tuple[FactoredLayer, ...] | None:
    """Return the layers in whose factors all trained parameters are, None where one is in none."""
    left = {one.name for one in objective.trained.parameters}
    found = []
    for step in objective.plan.walk:
        read = left.intersection(map(str, step.inputs))
        if not read:
            continue
        layer = _factored(objective, step)
        if layer is None:
            return None
        found.append(layer)
        left -= read
    names = [str(name) for step in objective.plan.walk for name in step.inputs]
    used_once = all(names.count(one.name) == 1 for one in objective.trained.parameters)
    return tuple(found) if used_once and not left else None


def _factored(objective: Objective, step: Step) -> FactoredLayer | None:
    plan, starts = objective.plan, objective.trained.starts
    if step.op.name not in ("linear", "product"):
        return None
    x, w, *biases = (str(name) for name in step.inputs)
    shape = plan.inputs[x] if x in plan.inputs else plan.shapes[x]
    if len(shape) != 1 or w not in starts or x in starts:
        return None
    inputs, outputs = plan.by_name[w].shape
    has_bias = bool(biases) and biases[0] in starts
    if has_bias and starts[biases[0]] != starts[w] + inputs * outputs:
        return None
    return FactoredLayer(x, str(step.outputs[0]), starts[w], inputs, outputs, has_bias)


def factor_program(objective: Objective, layers: tuple[FactoredLayer, ...]) -> Program:
    """Return the program (parameters, frozen, *rows) -> loss, gradient, and the factors.

    Loss and gradient are sums over the rows. Behind them stand the inputs (n, inputs) of the layers
    that are not inputs of the network, then for each root of the loss the gradient (n, outputs) at
    the output of every layer. Raises SetupError where the network mixes rows.
    """

    def factors(parameters: Any, frozen: Any, *rows: Any) -> list[Any]:
        values = objective.values(parameters, frozen, rows)
        rows_here = count(rows[0], 0)
        gradient = objective.flat_gradient(objective.gradients(values, at_loss=rows_here))
        made = [values["loss"] * rows_here, gradient]
        made += [values[one.x] for one in layers if one.x not in objective.plan.inputs]
        for gradients in _walks_from_roots(objective, values, rows):
            for one in layers:
                at_y = gradients.get(one.y)
                made.append(zeros_like(values[one.y]) if at_y is None else at_y)
        return made

    names = ["loss", "gradient"]
    names += [one.x for one in layers if one.x not in objective.plan.inputs]
    for place in range(root_count(objective)):
        names += [f"{one.y} from root {place}" for one in layers]
    inputs = (*objective.parameter_inputs, *objective.row_inputs)
    program = trace(factors, inputs, names)
    refuse_coupled(program)
    return program


def root_jacobian_program(objective: Objective, residuals: bool = False) -> Program:
    """Return the program (parameters, frozen, *rows) -> for each root, a Jacobian (n, p).

    The sum of J'J over the roots is the Gauss-Newton matrix of the sum of the rows' losses. With
    ``residuals``, which only squares have, the residual (n,) of each root stands behind them.
    Raises SetupError where the network mixes rows.
    """

    def jacobians(parameters: Any, frozen: Any, *rows: Any) -> list[Any]:
        values = objective.values(parameters, frozen, rows)
        made: list[Any] = [
            flat_of_reached(objective, values, gradients)
            for gradients in _walks_from_roots(objective, values, rows)
        ]
        if residuals:
            heads = zip(objective.plan.outputs, objective.losses, objective.targets, strict=True)
            for output, loss, target in heads:
                made += residuals_of(loss, values[output], values[target], rows[-1])
        return made

    names = [f"root {place}" for place in range(root_count(objective))]
    if residuals:
        names += [f"residual {place}" for place in range(root_count(objective))]
    inputs = (*objective.parameter_inputs, *objective.row_inputs)
    return per_row(trace(jacobians, inputs, names))


def root_count(objective: Objective) -> int:
    """Return how many roots the losses have: one for each number that the network gives."""
    return sum(objective.plan.shapes[name][-1] for name in objective.plan.outputs)


def flat_of_reached(
    objective: Objective, values: Mapping[Any, Any], gradients: Mapping[Any, Any]
) -> Any:
    """Return gradients of the trained parameters, flat, with zeros for what is not reached."""
    return objective.trained.flat(
        {
            one.name: zeros_like(values[one.name])
            if gradients.get(one.name) is None
            else gradients[one.name]
            for one in objective.trained.parameters
        }
    )


def _walks_from_roots(
    objective: Objective, values: Mapping[Any, Any], rows: Any
) -> list[dict[Any, Any]]:
    """Return the gradients of one backward walk from each root; the last of the rows weigh."""
    return [
        backward_walk(objective.plan.walk, values, {output: root})
        for output, loss in zip(objective.plan.outputs, objective.losses, strict=True)
        for root in roots_of(loss, values[output], rows[-1])
    ]
