"""Networks with one thing changed: activations, first values, the end. A remedy is made of these.

They change the plan, which every network has, also one that was read from a file. What a plan says
of its layers is changed with it, so that a network is printed as what it computes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from chainrule.diagnosis.probes.depth import is_recurrence, is_weighing, recurrent_weights
from chainrule.diagnosis.probes.reach import last_activation, last_step
from chainrule.network import written
from chainrule.network.initializers import Initializer, find_initializer
from chainrule.network.layers import Activation, Start, start_for
from chainrule.network.network import Network
from chainrule.network.plan import Parameter, PlannedStep
from chainrule.network.recurrent_layers import Recurrent
from chainrule.network.sequence_layers import Embedding
from chainrule.ops import ACTIVATIONS, find_op


def activation_steps(network: Network) -> list[PlannedStep]:
    """Return the activations of a network in their order, that of an output included."""
    return [one for one in network.plan.steps if one.op in ACTIVATIONS and len(one.inputs) == 1]


def hidden_activations(network: Network) -> list[PlannedStep]:
    """Return the activations of a network that are no output."""
    outputs = network.plan.outputs
    return [one for one in activation_steps(network) if one.outputs[0] not in outputs]


def with_activation(
    network: Network, chosen: Mapping[str, str], seed: int, fresh: bool = True
) -> Network:
    """Return the network with other hidden activations, op -> op.

    ``fresh``: the layers in front of them are started for them, drawn with ``seed``; without it
    their first values stay.
    """
    plan = network.plan
    due = {
        one.outputs[0]: chosen[one.op] for one in hidden_activations(network) if one.op in chosen
    }
    moving = [one for one in plan.steps if one.outputs[0] in due]
    layers = {one.layer: due[one.outputs[0]] for one in moving}
    texts = {
        one.layer: written.with_activation(one.made_by, one.op, layers[one.layer]) for one in moving
    }
    steps = [_applying(one, due[one.outputs[0]]) if one in moving else one for one in plan.steps]

    def start_of(parameter: Parameter) -> Initializer | None:
        layer = next((one.layer for one in plan.steps if parameter.name in one.inputs), "")
        if not fresh or layer not in layers or len(parameter.shape) < 2:
            return None
        return find_initializer(start_for(None, layers[layer]))

    changed = replace(plan, steps=_written_as(steps, texts))
    moved = Network.from_plan(changed, {**network.parameters, **network.state})
    return with_starts(moved, start_of, seed)


def with_starts(
    network: Network, start_of: Callable[[Parameter], Initializer | None], seed: int
) -> Network:
    """Return the network with other initializers, drawn anew; None leaves a parameter as it is."""
    plan = network.plan
    given = {**network.parameters, **network.state}
    parameters = []
    for one in plan.parameters:
        start = start_of(one)
        if start is not None:
            one = replace(one, start=start)
            given[one.name] = one.draw(seed)
        parameters.append(one)
    return Network.from_plan(replace(plan, parameters=tuple(parameters)), given)


def usual_start(
    network: Network, seed: int, layers: Collection[str] | None = None, frozen: Collection[str] = ()
) -> Network:
    """Return the network as layers start by default: weights by their activation, biases at 0.

    ``layers``: in these alone. Parameters that are ``frozen`` stay as they are, and so do the
    biases of recurrences, by which gates are held open or closed.
    """
    plan = network.plan
    behind = {one.layer: one.op for one in activation_steps(network)}

    def start_of(parameter: Parameter) -> Initializer | None:
        step = next((one for one in plan.steps if parameter.name in one.inputs), None)
        if step is None or parameter.name in frozen:
            return None
        if layers is not None and step.layer not in layers:
            return None
        start = _usual_start_of(parameter, step, behind.get(step.layer))
        return None if start is None else find_initializer(start)

    return with_starts(network, start_of, seed)


def _usual_start_of(parameter: Parameter, step: PlannedStep, behind: str | None) -> Start | None:
    """Return how a parameter of a step starts by default, None for what is left as it is."""
    if is_weighing(step):
        return "zeros" if len(parameter.shape) == 1 else start_for(None, behind)
    if step.op == "embedding":
        return Embedding.start
    if is_recurrence(step):
        read, kept = recurrent_weights(step)
        starts = {read: Recurrent.weights, kept: Recurrent.recurrent_weights}
        return starts.get(parameter.name)
    return None


def without_output_activation(network: Network, place: int = 0) -> Network:
    """Return the network, one output of which is made without its last activation.

    Itself where nothing stands behind its last layer.
    """
    last = last_activation(network.plan, place)
    return network if last.op not in ACTIVATIONS else _without(network, last)


def without_hidden(network: Network, op: str) -> Network:
    """Return the network without the hidden activations of this kind."""
    for one in hidden_activations(network):
        network = _without(network, one) if one.op == op else network
    return network


def _without(network: Network, last: PlannedStep) -> Network:
    """Return the network without an activation: what read its values reads those in front."""
    plan = network.plan
    before, after = last.inputs[0], last.outputs[0]

    def instead(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(before if one == after else one for one in names)

    left = [replace(one, inputs=instead(one.inputs)) for one in plan.steps if one is not last]
    text = written.with_activation(last.made_by, last.op, None)
    steps = _written_as(left, {last.layer: text})
    changed = replace(plan, steps=steps, outputs=instead(plan.outputs))
    return Network.from_plan(changed, {**network.parameters, **network.state})


def without_layer(network: Network, layer: str) -> Network:
    """Return the network without a layer of one input whose output has the shape of that.

    What read its output reads what it was given; its parameters go with it.
    """
    plan = network.plan
    own = [one for one in plan.steps if one.layer == layer]
    before, after = own[0].inputs[0], own[-1].outputs[0]

    def instead(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(before if one == after else one for one in names)

    left = [replace(one, inputs=instead(one.inputs)) for one in plan.steps if one not in own]
    read = {name for one in left for name in one.inputs}
    gone = {name for one in own for name in one.outputs}
    changed = replace(
        plan,
        steps=tuple(left),
        outputs=instead(plan.outputs),
        parameters=tuple(one for one in plan.parameters if one.name in read),
        state=tuple(one for one in plan.state if one.name in read),
        shapes={name: one for name, one in plan.shapes.items() if name not in gone},
    )
    kept = {*(one.name for one in changed.parameters), *(one.name for one in changed.state)}
    values = {**network.parameters, **network.state}
    return Network.from_plan(changed, {name: values[name] for name in values if name in kept})


def with_output_width(network: Network, width: int, seed: int) -> Network:
    """Return the network whose first output, the last layer's products, has another width.

    Its weights are drawn anew with ``seed``. Itself where the output has that width, or does not
    come from a Dense layer.
    """
    plan = network.plan
    output = plan.outputs[0]
    last = last_step(plan)
    if plan.shapes[output][-1] == width or last.op != "linear":
        return network
    given = {**network.parameters, **network.state}
    parameters = []
    for one in plan.parameters:
        if one.name in last.inputs:
            one = replace(one, shape=(*one.shape[:-1], width), fan_out=width)
            given[one.name] = one.draw(seed)
        parameters.append(one)
    changed = replace(
        plan,
        steps=_written_as(plan.steps, {last.layer: written.with_units(last.made_by, width)}),
        parameters=tuple(parameters),
        shapes={**plan.shapes, output: (*plan.shapes[output][:-1], width)},
    )
    return Network.from_plan(changed, given)


def with_output_activation(network: Network, op: str) -> Network:
    """Return the network whose first output goes through one more activation, as a last layer."""
    plan = network.plan
    before = plan.outputs[0]
    after = f"{before}_{op}"
    layer = Activation(op)
    taken, number = {one.layer for one in plan.steps}, 1
    while f"{layer.kind}_{number}" in taken:
        number += 1
    named = f"{layer.kind}_{number}"
    step = PlannedStep(op, (before,), (after,), dict(find_op(op).settings), named, repr(layer))
    # Only the last layer can leave its width to the data.
    last = last_step(plan)
    texts = {last.layer: written.sized(last.made_by, plan.shapes[before][-1])}
    changed = replace(
        plan,
        steps=(*_written_as(plan.steps, texts), step),
        outputs=(after, *plan.outputs[1:]),
        shapes={**plan.shapes, after: plan.shapes[before]},
    )
    return Network.from_plan(changed, {**network.parameters, **network.state})


def _applying(step: PlannedStep, op: str) -> PlannedStep:
    """Return a step that applies another op, with its settings as they are by default."""
    return replace(step, op=op, settings=dict(find_op(op).settings))


def _written_as(steps: Sequence[PlannedStep], texts: Mapping[str, str]) -> tuple[PlannedStep, ...]:
    """Return steps that say of these layers (name -> text) that they were written so."""
    return tuple(replace(one, made_by=texts.get(one.layer, one.made_by)) for one in steps)
