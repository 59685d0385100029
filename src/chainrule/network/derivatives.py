"""Derivatives beyond the gradient: for each row, of the outputs, along a direction, and curvature.

Each is a program made by the same three walks as the gradient, so every engine can run it. Those
of the outputs are derivatives of what ``network(x)`` gives; those of a loss take ``training``,
``seed`` and ``step`` as ``gradient`` does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import broadcast_like, count, pad, zeros_like
from chainrule.engines.door import evaluate
from chainrule.engines.per_row import per_row, refuse_coupled
from chainrule.errors import SetupError, ShapeError, nearest
from chainrule.network.backpropagation import LossChoice, float_array, input_arrays, objective_for
from chainrule.network.forms import flat_values, noise_and_rows, noise_of
from chainrule.network.network import Network
from chainrule.network.objective import Objective
from chainrule.network.plan import Layout, Plan
from chainrule.ops.derived import tangent_of_function
from chainrule.ops.walks import backward_walk, forward_walk, tangent_walk
from chainrule.program import FloatType, Input, Program, trace
from chainrule.shapes import ROWS

Named = dict[str, NDArray[Any]]
Direction = Mapping[str, Any] | NDArray[Any]


# ---- one gradient for each row ----


def per_example_gradients(
    network: Network,
    x: Any,
    y: Any,
    loss: LossChoice | Sequence[LossChoice] = "half_squared_error",
    *,
    sample_weight: Any = None,
    training: bool = False,
    seed: int = 0,
    step: int = 0,
    dtype: FloatType = "float64",
) -> Named:
    """Return the gradient of each row's own loss at each parameter: name -> (rows, *shape).

    Arguments as for ``gradient``. A row's loss is not divided by the number of rows, and it is
    multiplied by the row's sample weight, so the mean over rows is what ``gradient`` returns.
    Raises SetupError where the network or the loss mixes rows, as batch norm does in training.
    """
    objective, rows = objective_for(network, x, y, loss, sample_weight, training)
    flat = flat_values(network, dtype)
    program = per_example_program(objective, dtype)
    given = [flat, np.zeros(0), *noise_of(objective, seed, step), *rows]
    (made,) = evaluate(program, given)
    return _by_name(objective.trained, made)


def per_example_program(objective: Objective, dtype: FloatType) -> Program:
    """Return the program (parameters, frozen, *noise, *rows) -> flat gradients (n, parameters)."""

    def batch_gradient(parameters: Any, frozen: Any, *rest: Any) -> tuple[Any]:
        given = noise_and_rows(objective, rest)
        values = objective.values(parameters, frozen, **given)
        # A mean over n rows, times n: the division disappears, and with it its rounding.
        gradients = objective.gradients(values, at_loss=count(given["rows"][0], 0))
        return (objective.flat_gradient(gradients),)

    inputs = (*objective.parameter_inputs, *objective.noise_inputs, *objective.row_inputs)
    return per_row(trace(batch_gradient, inputs, ("gradients",), dtype))


# ---- the outputs: Jacobians and directional derivatives ----


def jacobian(network: Network, x: Any, *, dtype: FloatType = "float64") -> Named:
    """Return the derivative of every output at each parameter: name -> (rows, outputs, *shape).

    ``x`` is (rows, features), or a sequence of such for several inputs. The outputs of a network
    of several outputs stand side by side. One backward walk for each output does all rows at once.
    Raises SetupError where the network mixes rows.
    """
    layout = network.plan.layout
    xs = input_arrays(network, x)
    made = evaluate(jacobian_program(network.plan, dtype), _given(network, xs, dtype))
    return _by_name(layout, np.stack(made, axis=1))


def jacobian_program(plan: Plan, dtype: FloatType) -> Program:
    """Return the program (parameters, *inputs) -> for each output, (n, parameters)."""
    layout = plan.layout

    def rows_summed(parameters: Any, *inputs: Any) -> list[Any]:
        values = _forward(plan, parameters, inputs)
        return [
            layout.flat(
                {
                    one.name: zeros_like(values[one.name])
                    if gradients.get(one.name) is None
                    else gradients[one.name]
                    for one in layout.parameters
                }
            )
            for gradients in _walks_from_outputs(plan, values)
        ]

    return per_row(trace(rows_summed, _inputs(plan), _output_names(plan), dtype))


def input_jacobian(network: Network, x: Any, *, dtype: FloatType = "float64") -> NDArray[Any]:
    """Return the derivative of every output at every input: (rows, outputs, inputs).

    Several inputs, and several outputs, stand side by side. Raises SetupError where the network
    mixes rows.
    """
    plan = network.plan

    def at_inputs(parameters: Any, *inputs: Any) -> list[Any]:
        values = _forward(plan, parameters, inputs)
        return [
            zeros_like(values[name]) if gradients.get(name) is None else gradients[name]
            for gradients in _walks_from_outputs(plan, values)
            for name in plan.inputs
        ]

    names = [f"{output} at {name}" for output in _output_names(plan) for name in plan.inputs]
    program = trace(at_inputs, _inputs(plan), names, dtype)
    refuse_coupled(program)
    xs = input_arrays(network, x)
    made = evaluate(program, _given(network, xs, dtype))
    count_of_inputs = len(plan.inputs)
    lines = [
        np.concatenate(made[place : place + count_of_inputs], axis=1)
        for place in range(0, len(made), count_of_inputs)
    ]
    return np.stack(lines, axis=1)


def directional_derivative(
    network: Network, x: Any, change: Direction, *, dtype: FloatType = "float64"
) -> Any:
    """Return how fast the outputs change along a direction: (rows, outputs), by one tangent walk.

    ``change`` is one flat vector over all parameters, or name -> array for parameters and inputs;
    what is not named does not change. A network of several outputs gives a tuple.
    Raises SetupError for an unknown name, ShapeError for a change of another shape.
    """
    plan = network.plan
    layout = plan.layout
    xs = input_arrays(network, x)
    due = {one.name: one.shape for one in layout.parameters}
    due.update(zip(plan.inputs, (one.shape for one in xs), strict=True))
    changes = (
        layout.named_arrays(_flat(layout, change))
        if not isinstance(change, Mapping)
        else {name: _checked(name, content, due) for name, content in change.items()}
    )

    def walk(parameters: Any, *given: Any) -> list[Any]:
        inputs, moved = given[: len(xs)], given[len(xs) :]
        values = _forward(plan, parameters, inputs)
        made = tangent_walk(plan.prediction_walk, values, dict(zip(changes, moved, strict=True)))
        return [
            zeros_like(values[name]) if made.get(name) is None else made[name]
            for name in plan.outputs
        ]

    moving = [
        Input(f"change of {name}", (ROWS, *plan.inputs[name]) if name in plan.inputs else due[name])
        for name in changes
    ]
    program = trace(walk, [*_inputs(plan), *moving], plan.outputs, dtype)
    made = evaluate(program, [*_given(network, xs, dtype), *changes.values()])
    return made[0] if len(made) == 1 else tuple(made)


# ---- curvature ----


def hessian_vector_product(
    network: Network,
    x: Any,
    y: Any,
    vector: Direction,
    loss: LossChoice | Sequence[LossChoice] = "half_squared_error",
    *,
    sample_weight: Any = None,
    training: bool = False,
    seed: int = 0,
    step: int = 0,
    dtype: FloatType = "float64",
) -> Named:
    """Return the loss's second derivative times a vector, by name: how the gradient changes.

    ``vector`` is name -> array (what is not named is 0), or one flat vector over all parameters in
    their order; the other arguments are those of ``gradient``. The gradient's own equations are
    walked forward with tangents, so it costs about as much as two gradients and is exact.
    Source: Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.
    Raises SetupError for an unknown name, ShapeError for a vector of another shape.
    """
    objective, rows = objective_for(network, x, y, loss, sample_weight, training)
    layout = objective.trained
    direction = _flat(layout, vector)
    flat = flat_values(network, dtype)
    program = curvature_program(objective, dtype)
    given = [flat, direction, np.zeros(0), *noise_of(objective, seed, step), *rows]
    (made,) = evaluate(program, given)
    return layout.named_arrays(made)


def curvature_program(objective: Objective, dtype: FloatType) -> Program:
    """Return the program (parameters, vector, frozen, *noise, *rows) -> Hessian times vector."""
    state = objective.carried.size - objective.trained.size

    def batch_gradient(parameters: Any, frozen: Any, *rest: Any) -> Any:
        values = objective.values(parameters, frozen, **noise_and_rows(objective, rest))
        return objective.flat_gradient(objective.gradients(values))

    def product(parameters: Any, vector: Any, frozen: Any, *rest: Any) -> tuple[Any]:
        change = pad(vector, 0, 0, state) if state else vector
        changes = (change, None, *(None for _ in rest))
        made = tangent_of_function(batch_gradient, changes, (parameters, frozen, *rest))
        return (zeros_like(vector) if made is None else made,)

    parameters, frozen = objective.parameter_inputs
    vector = Input("vector", (objective.trained.size,))
    inputs = (parameters, vector, frozen, *objective.noise_inputs, *objective.row_inputs)
    return trace(product, inputs, ("product",), dtype)


# ---- what they share ----


def _forward(plan: Plan, parameters: Any, inputs: Sequence[Any]) -> dict[Any, Any]:
    """Return every value of prediction; ``parameters`` is flat, with the state behind them."""
    given = dict(zip(plan.inputs, inputs, strict=True))
    return forward_walk(plan.prediction_walk, {**plan.whole.named(parameters), **given})


def _walks_from_outputs(plan: Plan, values: Mapping[Any, Any]) -> list[dict[Any, Any]]:
    """Return the gradients of one backward walk for each output number, all rows at once."""
    return [
        backward_walk(plan.prediction_walk, values, {name: broadcast_like(unit, values[name])})
        for name, shape in ((one, plan.shapes[one]) for one in plan.outputs)
        for unit in np.eye(math.prod(shape)).reshape(-1, *shape)
    ]


def _output_names(plan: Plan) -> list[str]:
    counts = {name: math.prod(plan.shapes[name]) for name in plan.outputs}
    return [f"{name}[{place}]" for name, count in counts.items() for place in range(count)]


def _inputs(plan: Plan) -> list[Input]:
    rows = [Input(name, plan.open_shape(name), plan.kinds[name]) for name in plan.inputs]
    return [Input("parameters", (plan.whole.size,)), *rows]


def _given(network: Network, xs: Sequence[NDArray[Any]], dtype: FloatType) -> list[NDArray[Any]]:
    return [flat_values(network, dtype), *xs]


def _by_name(layout: Layout, flat: NDArray[Any]) -> Named:
    """Return name -> array from flat vectors in the last axis, with the axes before kept."""
    leading = flat.shape[:-1]
    return {
        one.name: flat[..., start : start + one.size].reshape(*leading, *one.shape)
        for one in layout.parameters
        for start in (layout.starts[one.name],)
    }


def _flat(layout: Layout, vector: Direction) -> NDArray[np.float64]:
    """Return a direction as one flat vector. Raises SetupError and ShapeError."""
    if not isinstance(vector, Mapping):
        flat = float_array(vector, "The vector")
        if flat.shape != (layout.size,):
            raise ShapeError(
                f"The vector is {flat.shape}, and the network has {layout.size} parameters.",
                f"Give one of shape ({layout.size},), or arrays by name.",
            )
        return flat
    due = {one.name: one.shape for one in layout.parameters}
    named = {name: np.zeros(shape) for name, shape in due.items()}
    named.update({name: _checked(name, content, due) for name, content in vector.items()})
    return layout.flat_array(named, "float64")


def _checked(name: str, content: Any, due: Mapping[str, tuple[int, ...]]) -> NDArray[np.float64]:
    if name not in due:
        raise SetupError(f"There is nothing called '{name}' to change.", nearest(name, due))
    array = float_array(content, f"The change of {name}")
    if array.shape != due[name]:
        raise ShapeError(
            f"The change of {name} is {array.shape}, and {name} is {due[name]}.",
            "Give a number for each of its numbers.",
        )
    return array
