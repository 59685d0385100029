"""An op traced into a program: the reference engine beside the rules, other engines beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.engines import native
from chainrule.engines.door import ENGINES, evaluate
from chainrule.ops import Op
from chainrule.program import FloatType, Input, Program, trace
from chainrule.testing.trials import Trial, draw, flowing, has_open_rows, name_of, open_shapes

# A compiled engine lays out few rows in another way than many.
ROW_COUNTS = (1, 2, 7, 9, 33)
# Relative to the largest entry, and what rounding leaves of sums that cancel.
BOUNDS: dict[FloatType, float] = {"float64": 1e-12, "float32": 2e-5}
FLOORS: dict[FloatType, float] = {"float64": 1e-13, "float32": 2e-6}


def program_equals_the_rules(trial: Trial) -> Iterator[str]:
    """Forward, backward and tangent as one program give what the rules give, for any rows.

    The reference engine is held to the rules, and every other engine that is there to it.
    """
    open_rows = has_open_rows(trial.op, trial.example)
    trials = [
        draw(trial.op, trial.example, rows=rows, seed=trial.seed)
        for rows in (ROW_COUNTS if open_rows else (trial.rows,))
    ]
    for dtype in BOUNDS:
        program = _program(trial, dtype)
        for one in trials:
            given = [_rounded(content, dtype) for content in _given(one)]
            made = evaluate(program, given, engine="reference")
            due = _results(one.op, one.settings, len(one.inputs), one.moving, *given)
            for name, left, right in zip(program.output_names, made, due.values(), strict=True):
                if not _near(left, right, dtype):
                    yield (
                        f"{name} of its program over {dtype} with {one.rows} rows is not what "
                        f"the rule gives."
                    )
            yield from _other_engines(program, given, made, one.rows)


def prediction_keeps_rows_apart(trial: Trial) -> Iterator[str]:
    """What ``forward_predict`` gives for one row follows from that row alone."""
    op, example = trial.op, trial.example
    settings = {**op.settings, **example.settings}
    shapes = open_shapes(op, example)
    kinds = [slot.kind for slot in op.pattern.inputs]
    inputs = [
        Input(name_of(op, place), shape, kind)
        for place, (shape, kind) in enumerate(zip(shapes, kinds, strict=True))
    ]

    def function(*given: Any) -> tuple[Any, ...]:
        made = op.forward(*given, **settings)
        return made if isinstance(made, tuple) else (made,)

    names = [f"output {place}" for place in range(len(op.pattern.outputs))]
    program = trace(function, inputs, names)
    if program.coupled:
        yield f"'{program.text_of(program.coupled[0])}' mixes rows."


def _other_engines(
    program: Program, given: Sequence[Any], due: Sequence[Any], rows: int
) -> Iterator[str]:
    """Hold every engine that is there to what the reference engine gives."""
    for engine in ENGINES:
        if engine == "reference" or (engine == "native" and not native.is_present()):
            continue
        made = evaluate(program, given, engine=engine)
        for name, left, right in zip(program.output_names, made, due, strict=True):
            if not _same_type(left, right) or not _near(left, right, program.dtype):
                yield (
                    f"{name} of its program over {program.dtype} with {rows} rows is not on the "
                    f"{engine} engine what it is on the reference engine."
                )


def _same_type(made: Any, due: Any) -> bool:
    return type(made) is type(due) and np.asarray(made).dtype == np.asarray(due).dtype


def _results(
    op: Op, settings: Mapping[str, Any], count: int, moving: Sequence[int], *given: Any
) -> dict[str, Any]:
    """Return all results of the rules by name, for inputs, then gradients, then changes."""
    inputs = given[:count]
    made = op.forward(*inputs, **settings)
    outputs = made if isinstance(made, tuple) else (made,)
    results = {f"output {place}": one for place, one in enumerate(outputs)}
    y = flowing(op, made)
    grads = given[count : count + op.flowing]
    gradients = op.backward(grads if isinstance(y, tuple) else grads[0], y, *inputs, **settings)
    for place, gradient in enumerate(gradients):
        if gradient is not None:
            results[f"the gradient at {name_of(op, place)}"] = gradient
    changes = iter(given[count + op.flowing :])
    direction = tuple(next(changes) if place in moving else None for place in range(count))
    if moving:
        changed = op.tangent(direction, y, *inputs, **settings)
        for place, change in enumerate(changed if isinstance(changed, tuple) else (changed,)):
            if change is not None:
                results[f"the change of output {place}"] = change
    return results


def _given(trial: Trial) -> list[Any]:
    changes = trial.direction(trial.moving)
    return [
        *trial.inputs,
        *trial.grad_outputs,
        *(change for change in changes if change is not None),
    ]


def _program(trial: Trial, dtype: FloatType) -> Program:
    """Trace the rules, with rows left open where the example leaves them open."""
    op, example = trial.op, trial.example
    settings = {**op.settings, **example.settings}
    shapes = open_shapes(op, example)
    slots = op.pattern.inputs
    inputs = [
        Input(name_of(op, place), shape, slots[place].kind) for place, shape in enumerate(shapes)
    ]
    for place, shape in enumerate(op.output_shapes(shapes, settings)[: op.flowing]):
        inputs.append(Input(f"grad_{place}", shape))
    inputs += [Input(f"change_{place}", shapes[place]) for place in trial.moving]
    names = list(_results(op, trial.settings, len(shapes), trial.moving, *_given(trial)))

    def function(*given: Any) -> list[Any]:
        return list(_results(op, settings, len(shapes), trial.moving, *given).values())

    return trace(function, inputs, names, dtype)


def _rounded(content: Any, dtype: FloatType) -> Any:
    """Return what the program will see of an input, so that only its own rounding is judged."""
    return content.astype(dtype).astype(content.dtype) if content.dtype.kind == "f" else content


def _near(made: Any, due: Any, dtype: FloatType) -> bool:
    left, right = np.asarray(made) * 1.0, np.asarray(due) * 1.0
    if left.shape != right.shape:
        return False
    bound = BOUNDS[dtype] * float(np.max(np.abs(right), initial=0.0)) + FLOORS[dtype]
    return bool(np.all(np.abs(left - right) <= bound))
