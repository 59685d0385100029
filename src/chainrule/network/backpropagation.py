"""Backpropagation on a network and rows: outputs, gradients, and every number in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.door import evaluate
from chainrule.errors import DataError, SetupError, ShapeError
from chainrule.network.forms import flat_values, noise_and_rows, noise_of, refuse_few_rows
from chainrule.network.input_kinds import of_its_kind
from chainrule.network.losses import Loss, find_loss, refuse_weights
from chainrule.network.network import Network
from chainrule.network.objective import Objective
from chainrule.network.over_time import refuse_other_targets, time_of, weights_over_time
from chainrule.network.plan import Layout, Plan
from chainrule.ops import Op
from chainrule.ops.walks import forward_walk, steps_towards
from chainrule.program import FloatType, Input, Program, trace

LossChoice = str | Loss | Callable[..., Any]


@dataclass(frozen=True)
class Backpropagation:
    """One forward and one backward walk: the loss, and values and gradients by name.

    Names are those of the plan: inputs (``x``), layers (``dense_1``; ``dense_1.linear`` is what its
    activation receives), parameters (``dense_1.W``), ``target``, ``row_loss``, ``loss``. A value
    that the loss has no slope towards (labels, what stands in front of a step) has no gradient.
    """

    loss: float
    values: Mapping[str, Any]
    gradients: Mapping[str, Any]


def backpropagate(
    network: Network,
    x: Any,
    y: Any,
    loss: LossChoice | Sequence[LossChoice] = "half_squared_error",
    *,
    sample_weight: Any = None,
    training: bool = False,
    seed: int = 0,
    step: int = 0,
) -> Backpropagation:
    """Return the loss of rows with all values and gradients, in float64, rule by rule.

    ``x`` is (rows, features), or a sequence of such for several inputs; ``y`` is (rows, outputs),
    or whole-number labels (rows,) for losses that take labels; for an output (n, time, outputs) it
    is (rows, time, outputs), or labels (rows, time). The loss is the mean over rows of
    ``sample_weight`` times each row's loss; over time, where ``sample_weight`` may be (rows, time),
    it is the mean over the times that the mask of the output calls real. ``training``, ``seed``
    and ``step``: see ``gradient``.
    Raises SetupError and ShapeError.
    """
    objective, rows = objective_for(network, x, y, loss, sample_weight, training)
    flat = flat_values(network, "float64")
    noise = noise_of(objective, seed, step)
    with np.errstate(all="ignore"):
        values = objective.values(flat, np.zeros(0), rows, noise)
        gradients = objective.gradients(values)
    return Backpropagation(float(values["loss"]), values, gradients)


def gradient(
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
) -> dict[str, NDArray[Any]]:
    """Return the gradient of the loss at each parameter, by name, through the traced program.

    Arguments as for ``backpropagate``; ``dtype`` is the type that the program computes in.
    ``training=True`` takes the network as a step of training sees it: random numbers are drawn, as
    a training with this ``seed`` draws them in its ``step`` (counted from 0), and batch norm uses
    the rows that are given. By default it is taken as it predicts, so that the gradient is the
    slope of the loss of what ``network(x)`` gives.
    Raises SetupError where no gradient reaches a parameter, as behind ``step``.
    """
    objective, rows = objective_for(network, x, y, loss, sample_weight, training)
    program = gradient_program(objective, dtype)
    flat = flat_values(network, dtype)
    given = [flat, np.zeros(0), *noise_of(objective, seed, step), *rows]
    _, made = evaluate(program, given)
    return objective.trained.named_arrays(made)


@lru_cache(maxsize=64)
def gradient_program(objective: Objective, dtype: FloatType) -> Program:
    """Return the program (parameters, frozen, *noise, *rows) -> (loss, flat gradient)."""

    def loss_and_gradient(parameters: Any, frozen: Any, *rest: Any) -> tuple[Any, Any]:
        values = objective.values(parameters, frozen, **noise_and_rows(objective, rest))
        gradients = objective.gradients(values)
        return values["loss"], objective.flat_gradient(gradients)

    inputs = (*objective.parameter_inputs, *objective.noise_inputs, *objective.row_inputs)
    return trace(loss_and_gradient, inputs, ("loss", "gradient"), dtype)


def objective_for(
    network: Network,
    x: Any,
    y: Any,
    loss: LossChoice | Sequence[LossChoice],
    sample_weight: Any = None,
    training: bool = False,
) -> tuple[Objective, list[NDArray[Any]]]:
    """Return the objective of all parameters, and its rows as arrays, checked.

    It is that of prediction unless ``training``. The rows are the inputs, the targets, and the
    weights. A plain function as a loss is given labels where the target holds one whole number for
    each row and the output several numbers.
    """
    plan = network.plan
    times = [time_of(plan, output) for output in plan.outputs]
    xs = input_arrays(network, x)
    rows = len(xs[0])
    if not rows:
        raise DataError("There are no rows to learn from.", "Give one row or more.")
    choices: Sequence[Any] = loss if isinstance(loss, list | tuple) else [loss]
    targets = list(y) if len(plan.outputs) > 1 else [y]
    if len(choices) != len(plan.outputs) or len(targets) != len(plan.outputs):
        raise SetupError(
            f"The network has {len(plan.outputs)} outputs, and was given {len(choices)} losses "
            f"and {len(targets)} targets.",
            "Give one of each for each output.",
        )
    over_time, weight = _all_weights(sample_weight, rows, times)
    losses, arrays, weights = [], [], []
    for choice, target, output, time in zip(choices, targets, plan.outputs, times, strict=True):
        shape = plan.shapes[output]
        numbers = _array(target, "The target")
        if time is not None:
            refuse_other_targets(plan, output, numbers.shape, time, rows)
            weights.append(weights_over_time(plan, output, time, xs, over_time))
            numbers = np.where(_beside(weights[-1] > 0, numbers), numbers, np.zeros_like(numbers))
        labels = numbers.dtype.kind in "iu" and numbers.ndim == len(shape) and shape[-1] > 1
        found = find_loss(choice, "labels" if labels else "numbers", shape[-1], time)
        losses.append(found)
        arrays.append(target_array(numbers, found, rows, shape))
    refuse_weights(losses, weight)
    objective = _objective(plan, losses)
    if training:
        refuse_few_rows(plan.fewest_rows, rows)
    return objective if training else objective.in_prediction, [*xs, *arrays, *weights, weight]


def _beside(counted: NDArray[np.bool_], target: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which times count with an axis for the numbers of a target, where it has one."""
    return counted if target.ndim == counted.ndim else counted[..., None]


def _objective(plan: Plan, losses: Sequence[Loss]) -> Objective:
    """Return the objective of all parameters, the same one again for losses of the table."""
    if any(one.own for one in losses):
        return Objective(plan, tuple(losses), plan.layout, Layout(()))
    return _known_objective(
        plan, tuple((one.op, tuple(sorted(one.settings.items()))) for one in losses)
    )


@lru_cache(maxsize=64)
def _known_objective(
    plan: Plan, losses: tuple[tuple[Op, tuple[tuple[str, Any], ...]], ...]
) -> Objective:
    made = tuple(Loss(op, dict(settings)) for op, settings in losses)
    return Objective(plan, made, plan.layout, Layout(()))


def target_array(
    target: NDArray[Any], loss: Loss, rows: int, shape: tuple[int, ...]
) -> NDArray[Any]:
    """Return a target in the form that a loss takes, for an output of this shape in a row.

    Labels (rows,) or numbers (rows, width); over time labels (rows, time), or numbers
    (rows, time, width).
    """
    if not target.ndim or len(target) != rows:
        raise ShapeError(
            f"The target is {target.shape} for {rows} rows.", "Give one target for each row."
        )
    if loss.target == "labels":
        return _label_array(target, loss, shape)
    if loss.op.targets == "shares" and target.size == rows * math.prod(shape[:-1]):
        raise DataError(
            f"The loss {loss.name} takes the share of each class, and the target is one value for "
            "each row.",
            "Use cross_entropy for labels, or give one column for each class.",
        )
    if target.dtype.kind not in "fiub":
        raise DataError(
            f"The target holds {target.dtype} where the loss {loss.name} takes numbers.",
            "Give numbers.",
        )
    numbers = target.astype(np.float64)
    numbers = numbers[..., None] if numbers.ndim == len(shape) else numbers
    if numbers.shape != (rows, *shape):
        remedy = f"Give a target of shape {(rows, *shape)}"
        if numbers.shape == (rows, *shape[:-1], 1) and (numbers == np.floor(numbers)).all():
            whole = target.dtype.kind in "iu"
            classes = "loss='cross_entropy'" if whole else "whole numbers: y.astype(int)"
            remedy += f", or, if these are classes, {classes}"
        raise ShapeError(
            f"The target is {target.shape}, and the network gives "
            f"{' x '.join(map(str, shape))} numbers for each of {rows} rows.",
            f"{remedy}.",
        )
    return numbers


def _label_array(target: NDArray[Any], loss: Loss, shape: tuple[int, ...]) -> NDArray[np.int64]:
    *times, width = shape
    if target.shape[1:] != tuple(times) or target.dtype.kind not in "iub":
        raise ShapeError(
            f"The loss {loss.name} takes one whole-number label for each "
            f"{'time' if times else 'row'}, not "
            f"{target.dtype} of {target.shape}.",
            f"Give labels from 0 to {width - 1}.",
        )
    if target.size and not 0 <= target.min() <= target.max() < width:
        raise ShapeError(
            f"Labels run from {target.min()} to {target.max()}, and the network has {width} "
            "outputs.",
            f"Give labels from 0 to {width - 1}, and one output for each class.",
        )
    return target.astype(np.int64)


def _all_weights(
    sample_weight: Any, rows: int, times: Sequence[int | None]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """Return weights (rows, time), None where none are given, and weights (rows,)."""
    if sample_weight is None:
        return None, np.ones(rows)
    weight = float_array(sample_weight, "sample_weight")
    if weight.ndim == 2 and any(one is not None for one in times):
        return weight, np.ones(rows)
    if weight.shape != (rows,):
        raise ShapeError(
            f"sample_weight is {weight.shape} for {rows} rows.", "Give one weight for each row."
        )
    return None, weight


def input_arrays(network: Network, x: Any) -> list[NDArray[np.float64]]:
    """Return the inputs of a network as float64 arrays of equally many rows, in order.

    ``x`` is one table for a single input, else a mapping of names or a sequence in order. Columns
    are compared with the plan's where the network has one.
    """
    names = network.input_names
    if isinstance(x, Mapping):
        missing = [name for name in names if name not in x]
        if missing:
            raise SetupError(f"The input '{missing[0]}' is not given.", f"Give {', '.join(names)}.")
        given = [x[name] for name in names]
    else:
        given = list(x) if len(names) > 1 else [x]
    if len(given) != len(names):
        raise ShapeError(
            f"The network has {len(names)} inputs and was given {len(given)}.",
            f"Give {', '.join(names)}.",
        )
    arrays = [
        float_array(one, f"The input '{name}'") for name, one in zip(names, given, strict=True)
    ]
    for name, array in zip(names, arrays, strict=True):
        if array.ndim < 2 or len(array) != len(arrays[0]):
            raise ShapeError(
                f"The input '{name}' is {array.shape}, where {names[0]} has {len(arrays[0])} rows."
                if array.ndim > 1
                else f"The input '{name}' is {array.shape}.",
                "Give a table of shape (rows, features), as many rows in each input.",
            )
        if network.is_sized:
            _check_columns(network.plan, name, array)
    if not network.is_sized:
        return arrays
    plan = network.plan
    return [of_its_kind(plan, name, one) for name, one in zip(names, arrays, strict=True)]


def _check_columns(plan: Plan, name: str, array: NDArray[Any]) -> None:
    due = plan.inputs[name]
    if array.shape[1:] != due:
        reader = next((one for one in plan.steps if name in one.inputs), plan.steps[0])
        remedy = f"Give rows of the shape {due}"
        in_time = due[1:] == array.shape[2:] and (len(due) == 2 or plan.kinds[name] != "float")
        if in_time and array.shape[1] < due[0]:
            remedy += ": fill shorter sequences up"
        elif len(due) == 1 and plan.kinds[name] == "float":
            remedy = "Give the columns that it was made for, in their order"
        raise ShapeError(
            f"The network expects n {' '.join(map(str, due))} as '{name}', which goes into "
            f"{reader.layer}, {reader.made_by}, and was given {array.shape}.",
            f"{remedy}.",
        )


def _array(content: Any, what: str) -> NDArray[Any]:
    try:
        return np.asarray(content)
    except ValueError:
        raise ShapeError(
            f"{what} has rows of different lengths.", "Give as many numbers in every row."
        ) from None


def float_array(content: Any, what: str) -> NDArray[np.float64]:
    """Return numbers as a float64 array. Raises DataError for text and complex numbers."""
    array = _array(content, what)
    if array.dtype.kind == "O" and not any(isinstance(one, str | bytes) for one in array.flat):
        with suppress(TypeError, ValueError, OverflowError):
            array = array.astype(np.float64)
    if array.dtype.kind not in "fiub":
        raise DataError(f"{what} holds {array.dtype}, not numbers.", "Give numbers.")
    return array.astype(np.float64)


def outputs_of(
    network: Network, inputs: Sequence[Any], dtype: FloatType = "float64"
) -> list[NDArray[Any]]:
    """Return the outputs of a network for rows, computed in ``dtype``."""
    names = network.input_names
    if len(inputs) not in (1, len(names)):
        raise ShapeError(
            f"The network has {len(names)} inputs and was given {len(inputs)}.",
            f"Give {', '.join(names)}.",
        )
    xs = input_arrays(network, inputs[0] if len(inputs) == 1 else inputs)
    flat = flat_values(network, dtype)
    return evaluate(output_program(network.plan, dtype), [flat, *xs])


@lru_cache(maxsize=64)
def output_program(plan: Plan, dtype: FloatType) -> Program:
    """Return the program (parameters, *inputs) -> outputs of a plan, traced once for each plan."""
    layout = plan.whole
    inputs = [Input("parameters", (layout.size,))]
    inputs += [Input(name, plan.open_shape(name), plan.kinds[name]) for name in plan.inputs]
    steps = steps_towards(plan.prediction_walk, plan.outputs)

    def outputs(parameters: Any, *rows: Any) -> tuple[Any, ...]:
        known = {**layout.named(parameters), **dict(zip(plan.inputs, rows, strict=True))}
        values = forward_walk(steps, known)
        return tuple(values[name] for name in plan.outputs)

    return trace(outputs, inputs, plan.outputs, dtype)
