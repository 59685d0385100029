"""Plans as plain data, and back: a network read from a file is trusted in nothing.

What comes back has been worked out anew: every step's op is in the table with the settings that it
has, reads values that are there and makes new ones, and its shapes are those that the op gives.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.data import record
from chainrule.errors import ChainruleError, SetupError
from chainrule.network.initializers import Initializer, initializer
from chainrule.network.plan import RANDOM, SEED, STEP, Parameter, Plan, PlannedStep
from chainrule.ops import OPS, Op, find_op
from chainrule.ops.op import BUILT_IN
from chainrule.shapes import ROWS, Shape

# No array of a run can have more elements, and no product of sizes overflows on the way.
MOST_ELEMENTS = 2**40
# What the rules of an op can make of shapes and settings that it was not written for.
UNFIT = (
    TypeError, ValueError, LookupError, AttributeError, ArithmeticError, StopIteration,
)  # fmt: skip


def plan_to_record(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data; ops of the user's own are known by name and source checksum."""
    return {
        "inputs": [{"name": name, "shape": list(shape)} for name, shape in plan.inputs.items()],
        "steps": [
            {
                "op": one.op,
                "inputs": list(one.inputs),
                "outputs": list(one.outputs),
                "settings": dict(one.settings),
                "layer": one.layer,
                "made_by": one.made_by,
            }
            for one in plan.steps
        ],
        "parameters": [_parameter_to_record(one) for one in plan.parameters],
        "state": [_parameter_to_record(one) for one in plan.state],
        "outputs": list(plan.outputs),
        "ops": {
            one.op: None if one.op in BUILT_IN else find_op(one.op).source_checksum()
            for one in plan.steps
        },
    }


def _parameter_to_record(one: Parameter) -> dict[str, Any]:
    return {
        "name": one.name,
        "shape": list(one.shape),
        "start": {"name": one.start.name, "settings": dict(one.start.settings)},
        "fan_in": one.fan_in,
        "fan_out": one.fan_out,
    }


def plan_from_record(content: object) -> Plan:
    """Return the plan of a record. Raises RunFolderError for any other record.

    Raises SetupError where an op of the user's own is not there or its source has changed.
    """
    plain = record.mapping(content, "'plan'")
    _check_own_ops(record.mapping(record.entry(plain, "ops"), "'ops'"))
    inputs: dict[str, tuple[int, ...]] = {}
    shapes: dict[str, Shape] = {}
    for entry in record.items(plain, "inputs"):
        one = record.mapping(entry, "an input")
        name = record.text(one, "name")
        inputs[name] = _shape(one)
        _enter(shapes, name, (ROWS, *inputs[name]))
    parameters = tuple(_parameter(one) for one in record.items(plain, "parameters"))
    # Runs of the first days know no state.
    kept = record.items(plain, "state") if "state" in plain else []
    state = tuple(_parameter(one) for one in kept)
    for parameter in (*parameters, *state):
        _enter(shapes, parameter.name, parameter.shape)
    steps = tuple(_step(one, shapes) for one in record.items(plain, "steps"))
    outputs = record.texts(plain, "outputs")
    made = {name for one in steps for name in one.outputs}
    if not inputs or not outputs or not made.issuperset(outputs):
        raise record.damaged("the network has no inputs, or outputs that no step makes")
    _check_roles(steps, {one.name for one in state}, outputs)
    rows = {
        name: shape[1:] if shape[:1] == (ROWS,) else shape
        for name, shape in shapes.items()
        if name in made | set(inputs)
    }
    for name in outputs:
        if len(rows[name]) not in (1, 2):
            raise record.damaged(f"the output {name!r} is no numbers for a row or over time")
    return Plan(inputs, steps, parameters, outputs, _sizes(rows), state=state)


def _check_own_ops(used: Mapping[str, object]) -> None:
    """Refuse a network whose own ops are not there, or are not what they were."""
    for name, checksum in used.items():
        if name in BUILT_IN:
            continue
        if name not in OPS:
            raise SetupError(
                f"The network uses the op '{name}', which is not one of chainrule's own.",
                f"Give it: load(path, ops=[{name}]).",
            )
        if OPS[name].source_checksum() != checksum:
            raise SetupError(
                f"The op '{name}' is not the one that the network was trained with: its source "
                "has changed.",
                "Give the op as it was then.",
            )


def _parameter(content: object) -> Parameter:
    plain = record.mapping(content, "a parameter")
    start = record.mapping(record.entry(plain, "start"), "'start'")
    settings = record.mapping(record.entry(start, "settings"), "'settings'")
    try:
        chosen: Initializer = initializer(record.text(start, "name"), **settings)
    except (SetupError, TypeError) as error:
        raise record.damaged(f"a parameter starts from what is no initializer ({error})") from None
    fans = [record.whole_number(plain, name) for name in ("fan_in", "fan_out")]
    return Parameter(record.text(plain, "name"), _shape(plain), chosen, *fans)


def _step(content: object, shapes: dict[str, Shape]) -> PlannedStep:
    """Return one step, its outputs entered among the shapes."""
    plain = record.mapping(content, "a step")
    name = record.text(plain, "op")
    if name not in OPS:
        raise record.damaged(f"a step applies the op {name!r}, which is not listed")
    op = OPS[name]
    given = [record.text({"inputs": one}, "inputs") for one in record.items(plain, "inputs")]
    outputs = record.texts(plain, "outputs")
    settings = _settings(op, record.mapping(record.entry(plain, "settings"), "'settings'"))
    readable = {SEED: (), STEP: (), **shapes} if name == RANDOM else shapes
    unknown = [one for one in given if one not in readable]
    if unknown:
        raise record.damaged(f"a step reads the value {unknown[0]!r} before it is made")
    if name == RANDOM and tuple(given[:2]) != (SEED, STEP):
        raise record.damaged("random numbers do not follow from seed and step")
    due = len(op.pattern.inputs)
    if len(given) != due:
        raise record.damaged(f"a step gives {len(given)} inputs to '{name}', which has {due}")
    try:
        made = op.output_shapes([readable[one] for one in given], settings, f"'{name}'")
    except (ChainruleError, *UNFIT) as error:
        raise record.damaged(f"'{name}' cannot be applied ({error})") from None
    if len(made) != len(outputs):
        raise record.damaged(f"a step names {len(outputs)} outputs of '{name}'")
    for place, (output, shape) in enumerate(zip(outputs, made, strict=True)):
        apart = name == RANDOM or place >= op.flowing
        behind = shape if apart and shape[:1] != (ROWS,) else shape[1:]
        if (behind == shape and not apart) or ROWS in behind or _elements(behind) > MOST_ELEMENTS:
            raise record.damaged(f"the value {output!r} does not have the rows in front")
        _enter(shapes, output, shape)
    layer, made_by = record.text(plain, "layer"), record.text(plain, "made_by")
    return PlannedStep(name, tuple(given), outputs, settings, layer, made_by)


def _check_roles(steps: Sequence[PlannedStep], state: set[str], outputs: Sequence[str]) -> None:
    """Refuse random numbers and state that stand where prediction, which has none, needs them."""
    drawn: set[str] = set()
    kept, apart = set(state), set(state)
    for one in steps:
        op = OPS[one.op]
        for name, slot, value in zip(op.input_names, op.pattern.inputs, one.inputs, strict=True):
            right = value in kept if slot.state else value not in apart
            if (name in op.noise) != (value in drawn) or not right:
                raise record.damaged(f"{value!r} is not what '{one.op}' takes as its {name}")
        if one.op == RANDOM:
            drawn.update(one.outputs)
            continue
        # A state is read once, and what replaces it once more by the next layer that shares it.
        kept.difference_update(one.inputs)
        kept.update(one.outputs[op.flowing :])
        apart.update(kept)
    if state & kept or apart.union(drawn).intersection(outputs):
        raise record.damaged("a state is not replaced, or is an output")


def _settings(op: Op, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an op's settings in the types of its own; one that was added later has its default."""
    settings = {**op.settings, **{name: _tuples(content) for name, content in given.items()}}
    if op.name == RANDOM:
        return {"purpose": record.text(dict(given), "purpose")}
    try:
        op.check_settings(settings, f"'{op.name}'")
    except SetupError as error:
        raise record.damaged(f"the settings of '{op.name}' are none ({error.cause})") from None
    for name, due in op.settings.items():
        number = isinstance(due, int | float) and not isinstance(due, bool)
        if not number and due is not None and type(settings[name]) is not type(due):
            raise record.damaged(f"{name!r} of '{op.name}' is of another type")
    return settings


def _tuples(content: Any) -> Any:
    """Return content with tuples where JSON has left lists."""
    return tuple(map(_tuples, content)) if isinstance(content, list) else content


def _enter(shapes: dict[str, Shape], name: str, shape: Shape) -> None:
    if name in shapes or not name:
        raise record.damaged(f"the value {name!r} is made twice")
    shapes[name] = shape


def _shape(plain: dict[str, object]) -> tuple[int, ...]:
    sizes = tuple(
        record.whole_number({"shape": one}, "shape") for one in record.items(plain, "shape")
    )
    if len(sizes) > 32 or 0 in sizes or math.prod(sizes) > MOST_ELEMENTS:
        raise record.damaged(f"'shape' is {sizes[:4]}, which no array of a run has")
    return sizes


def _elements(shape: Shape) -> int:
    return math.prod(size for size in shape if isinstance(size, int))


def _sizes(rows: Mapping[str, Shape]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(size for size in shape if isinstance(size, int)) for name, shape in rows.items()
    }
