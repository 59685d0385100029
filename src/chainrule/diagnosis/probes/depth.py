"""Depth: how values spread and gradients shrink or grow from layer to layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.diagnosis.probes.passes import Pass, by_unit, root_mean_square
from chainrule.network.network import Network
from chainrule.network.plan import Plan, PlannedStep


def is_weighing(step: PlannedStep) -> bool:
    """Whether a step multiplies what flows by weights: a Dense layer or a convolution."""
    return step.op in ("linear", "product") or step.op.startswith("convol")


def weights_in_order(plan: Plan) -> list[str]:
    """Return the weights of Dense layers and convolutions in the order in which they are used."""
    found: list[str] = []
    for step in filter(is_weighing, plan.steps):
        wide = [one for one in step.inputs if one in plan.by_name]
        found += [one for one in wide[:1] if one not in found]
    return found


def spreads(taken: Pass) -> list[tuple[str, bool, float]]:
    """Return layer, whether it is an output, and the deviation over rows of what it gives.

    Of layers in front of an activation and of outputs, in their order. Each unit is taken around
    its own mean, so that biases do not count.
    """
    plan = taken.objective.plan
    found = [(one.layer, one.is_output, spread_of(one.inputs)) for one in taken.units]
    layer_of = {name: step.layer for step in plan.steps for name in step.outputs}
    ended = {one.layer for one in taken.units if one.is_output}
    for name in plan.outputs:
        if layer_of[name] not in ended:
            found.append((layer_of[name], True, spread_of(by_unit(taken.values[name]))))
    return found


def spread_of(cases: NDArray[Any]) -> float:
    """Return the deviation of units over their cases (cases, units), each around its own mean."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.var(cases, axis=0))))


def kept_by_softmaxes(taken: Pass) -> list[tuple[str, float]]:
    """Return layer -> share of the deviation over rows that its hidden softmax passes on.

    Without those that are given the same for every row.
    """
    plan = taken.objective.plan
    found = []
    for step in plan.steps:
        if step.op == "softmax" and step.outputs[0] not in plan.outputs:
            ends = step.inputs[0], step.outputs[0]
            before, behind = (spread_of(by_unit(taken.values[one])) for one in ends)
            if before > 0.0:
                found.append((step.layer, behind / before))
    return found


def relative_gradients(taken: Pass) -> list[tuple[str, float]]:
    """Return weight -> size of its gradient over its own, by root mean squares, in their order.

    How fast steps along the gradient change each layer, in shares of it. Without weights that are
    frozen or 0.
    """
    found = []
    for name in weights_in_order(taken.objective.plan):
        size = root_mean_square(taken.values[name])
        if taken.gradients.get(name) is not None and size > 0.0:
            found.append((name, taken.gradient_size(name) / size))
    return found


def is_recurrence(step: PlannedStep) -> bool:
    """Whether a step goes along a sequence: a simple recurrence, an LSTM or a GRU."""
    return step.op.removesuffix("_where_seen") in ("recurrent", "lstm", "gru")


def recurrences(plan: Plan) -> list[PlannedStep]:
    """Return the steps that go along a sequence: simple recurrences, LSTMs and GRUs."""
    return [one for one in plan.steps if is_recurrence(one)]


def recurrent_weights(step: PlannedStep) -> tuple[str, str]:
    """Return the names of the weights of entries and of those of states of a recurrence."""
    # In front of them stand the sequence and the first state, and with a mask that.
    place = len(step.inputs) - {"recurrent": 3, "lstm": 3, "gru": 4}[step.op.split("_")[0]]
    return step.inputs[place], step.inputs[place + 1]


def lengthening(weights: NDArray[Any]) -> float:
    """Return by how much weights of states (units, gates x units) make a state longer, per gate.

    Of a state in no direction of its own: 1 for weights at right angles.
    """
    return root_mean_square(weights) * math.sqrt(weights.shape[0])


def sized_alike(given: Network, usual: Network) -> bool:
    """Whether no weight is more than a fifth larger or smaller than by the usual start."""
    first, second = given.parameters, usual.parameters
    wide = [one.name for one in given.plan.parameters if len(one.shape) > 1]
    sizes = [(root_mean_square(first[one]), root_mean_square(second[one])) for one in wide]
    return all(0.8 * b <= a <= 1.2 * b for a, b in sizes)


def kept_over_time(taken: Pass) -> list[tuple[str, float, int]]:
    """Return layer, the gradient of its first entry over that of its last, and the entries.

    By root mean squares over rows and features, in the order in which the layer reads: what is left
    of a gradient on its way back through the recurrence. Without layers that no gradient reaches.
    """
    found = []
    for step in recurrences(taken.objective.plan):
        gradient = taken.gradients.get(step.inputs[0])
        if gradient is None or gradient.shape[1] < 2:
            continue
        sizes = [root_mean_square(gradient[:, time]) for time in range(gradient.shape[1])]
        first, last = (sizes[-1], sizes[0]) if step.settings["backwards"] else (sizes[0], sizes[-1])
        if last > 0.0 and np.isfinite(first):
            found.append((step.layer, float(first / last), len(sizes)))
    return found
