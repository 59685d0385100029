"""Names of parameters in words: which input and which unit a number belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.errors import SetupError, nearest
from chainrule.network.plan import RANDOM, Parameter, Plan

# dense_1.W, dense_1.W[2,0], and dense_1.W.2.0, since shells eat brackets.
_NAME = re.compile(r"(?P<name>.+?)(?:\[(?P<inside>[\d,\s]+)\]|(?P<dots>(?:\.\d+)+))?")


def meaning_of(
    plan: Plan, name: str, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
) -> str:
    """Return what a parameter, or a number of one, stands for: "from age to unit 0 of dense_1".

    Units are counted from 0.
    ``inputs`` are the names of a single input's columns, ``outputs`` those of a single output's
    units; where there are none, units have numbers. Raises SetupError for what is no parameter of
    the plan, and for a place outside it.
    """
    parameter, place = parameter_and_place(plan, name)
    reading = (one for one in plan.steps if parameter.name in one.inputs)
    step = next(one for one in reading if one.op != RANDOM)
    source = next((one for one in step.inputs if one not in plan.by_name), step.outputs[0])
    after = step.outputs[0]
    # The units of the last layer that has any are those of the output, activations between or not.
    ends = plan.shapes[after] == plan.shapes[plan.outputs[0]] and step.layer in _last(plan)
    target = outputs if ends and len(plan.outputs) == 1 else ()
    if step.op == "embedding":
        token = f"token {place[0]}" if place else "every token"
        return f"{token} as {_unit(plan, after, place[1] if place else None, ())}"
    if len(parameter.shape) > 2:
        return _in_kernel(plan, source, after, place)
    if len(parameter.shape) == 2:
        start = _unit(plan, source, place[0] if place else None, inputs)
        end = _unit(plan, after, place[1] if place else None, target, named=bool(target))
        return f"from {start} to {end}"
    end = _unit(plan, after, place[-1] if place else None, target, named=bool(target))
    part = parameter.name.rpartition(".")[2]
    return f"the {'bias' if part == 'b' else part} of {end}"


def _in_kernel(plan: Plan, source: str, after: str, place: tuple[int, ...]) -> str:
    """Return what a number of a kernel (outputs, channels of a group, *places) stands for."""
    layer = next(one.layer for one in plan.steps if after in one.outputs)
    if not place:
        return f"from every channel of {source} to every channel of {layer}"
    output, channel, *inside = place
    inside_text = str(tuple(inside)) if len(inside) > 1 else str(inside[0])
    step = next(one for one in plan.steps if after in one.outputs)
    groups = step.settings.get("groups", 1)
    of_group = plan.shapes[source][0] // groups
    channel += of_group * (output // (plan.shapes[after][0] // groups))
    return (
        f"from channel {channel} of {source} to channel {output} of {layer}, at place "
        f"{inside_text} of its kernel"
    )


def _last(plan: Plan) -> set[str]:
    """Return the layers from the last one with parameters on."""
    with_parameters = [
        number for number, one in enumerate(plan.steps) if set(one.inputs) & set(plan.by_name)
    ]
    return {one.layer for one in plan.steps[with_parameters[-1] :]}


def _unit(
    plan: Plan, value: str, number: int | None, names: Sequence[str], named: bool = False
) -> str:
    """Return one unit of a value in words, or all of them for no number."""
    if value in plan.inputs or named:
        kind = "output" if named else "input"
        width = plan.shapes[value][-1] if named else plan.inputs[value][0]
        if number is None:
            return f"every {kind}"
        return names[number] if len(names) == width else f"{kind} {number}"
    layer = next(one.layer for one in plan.steps if value in one.outputs)
    return f"every unit of {layer}" if number is None else f"unit {number} of {layer}"


def parameter_and_place(plan: Plan, name: str) -> tuple[Parameter, tuple[int, ...]]:
    """Return a parameter and a place in it, () for the whole, by "dense_1.W[2,0]".

    Raises SetupError for what is no parameter of the plan, and for a place outside it.
    """
    found = None if name in plan.by_name else _NAME.fullmatch(name)
    parts = () if found is None else re.findall(r"\d+", found["inside"] or found["dots"] or "")
    whole = name if found is None else found["name"]
    if whole not in plan.by_name:
        raise SetupError(f"There is no parameter '{name}'.", nearest(whole, list(plan.by_name)))
    parameter, place = plan.by_name[whole], tuple(map(int, parts))
    fits = len(place) in (0, len(parameter.shape))
    if not fits or any(one >= size for one, size in zip(place, parameter.shape, strict=False)):
        shape = " x ".join(map(str, parameter.shape))
        raise SetupError(
            f"'{name}' is no place in {whole}, which is {shape}.",
            f"Count from 0: {whole}[{','.join(str(size - 1) for size in parameter.shape)}] is the "
            "last.",
        )
    return parameter, place
