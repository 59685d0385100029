"""The three walks over a list of steps: forward, backward, tangent.

Backpropagation is the backward walk: one loop over the steps in reverse, in which each op turns the
gradient at its output into gradients at its inputs, and gradients that meet at a value are added.
Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature
323, 1986; for the general reverse mode, Griewank and Walther, "Evaluating Derivatives", SIAM 2008.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.arrays import zeros_like
from chainrule.errors import SetupError, ShapeError
from chainrule.ops.op import Op
from chainrule.shapes import Shape, show
from chainrule.symbols import Symbol


@dataclass(frozen=True)
class Step:
    """``outputs = op(inputs, settings)``, values by their names."""

    op: Op
    inputs: tuple[Hashable, ...]
    outputs: tuple[Hashable, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flowing(self) -> tuple[Hashable, ...]:
        """The outputs that are no state."""
        return self.outputs[: self.op.flowing]


Values = dict[Any, Any]


def forward_walk(steps: Sequence[Step], values: Mapping[Any, Any]) -> Values:
    """Return every value: the given ones and what the steps make of them."""
    known = dict(values)
    for step in steps:
        result = step.op.forward(*(known[name] for name in step.inputs), **step.settings)
        results = (result,) if len(step.outputs) == 1 else result
        _check_count(step, "forward", results, step.outputs)
        if step.op.kind == "op" and isinstance(results[0], Symbol):
            _check_outputs(step, [known[name] for name in step.inputs], results)
        known.update(zip(step.outputs, results, strict=True))
    return known


def backward_walk(
    steps: Sequence[Step], values: Mapping[Any, Any], gradients: Mapping[Any, Any]
) -> Values:
    """Return the gradient at every value that the given gradients reach.

    ``values`` come from the forward walk; ``gradients`` holds the gradient at one or more values,
    usually 1 at the loss.
    """
    known = dict(gradients)
    for step in reversed(steps):
        if all(known.get(name) is None for name in step.flowing):
            continue
        inputs = [values[name] for name in step.inputs]
        y, grad_y = _outputs(step, values), _gradients_at(step, values, known)
        parts = step.op.backward(grad_y, y, *inputs, **step.settings)
        _check_count(step, "backward", parts, step.inputs)
        for name, given, part in zip(step.inputs, inputs, parts, strict=True):
            if part is not None:
                _check_gradient(step, name, part, given)
                known[name] = part if known.get(name) is None else known[name] + part
    return known


def tangent_walk(
    steps: Sequence[Step], values: Mapping[Any, Any], changes: Mapping[Any, Any]
) -> Values:
    """Return the change of every value that small changes of the given ones cause."""
    known = dict(changes)
    for step in steps:
        given = tuple(known.get(name) for name in step.inputs)
        if all(change is None for change in given):
            continue
        inputs = [values[name] for name in step.inputs]
        made = step.op.tangent(given, _outputs(step, values), *inputs, **step.settings)
        results = (made,) if len(step.flowing) == 1 else made
        if results is not None:
            pairs = zip(step.flowing, results, strict=True)
            known.update((name, change) for name, change in pairs if change is not None)
    return known


def steps_towards(steps: Sequence[Step], wanted: Iterable[Hashable]) -> list[Step]:
    """Return the steps that the wanted values need, in order."""
    needed = set(wanted)
    kept: list[Step] = []
    for step in reversed(steps):
        if needed.intersection(step.outputs):
            needed.update(step.inputs)
            kept.append(step)
    return kept[::-1]


def _outputs(step: Step, values: Mapping[Any, Any]) -> Any:
    results = tuple(values[name] for name in step.flowing)
    return results[0] if len(results) == 1 else results


def _gradients_at(step: Step, values: Mapping[Any, Any], known: Mapping[Any, Any]) -> Any:
    """The gradients at a step's outputs; an output that nothing uses has a gradient of zeros.

    An op that takes ``None`` is spared them.
    """
    results = tuple(
        zeros_like(values[name])
        if known.get(name) is None and not step.op.takes_none
        else known.get(name)
        for name in step.flowing
    )
    return results[0] if len(results) == 1 else results


def _check_count(step: Step, rule: str, made: Any, due: Sequence[Hashable]) -> None:
    if not isinstance(made, tuple | list) or len(made) != len(due):
        count = len(made) if isinstance(made, tuple | list) else "one value, not a tuple"
        raise SetupError(
            f"The {rule} of the op '{step.op.name}' returns {count} where {len(due)} are due.",
            "Return a tuple: from forward one value for each output of the pattern, from backward "
            "one gradient (or None) for each input.",
        )


def _check_gradient(step: Step, name: Hashable, part: Any, given: Any) -> None:
    if _shape(part) != _shape(given):
        raise ShapeError(
            f"The backward of the op '{step.op.name}' gives {name} a gradient of shape "
            f"{show(_shape(part))}, and {name} is {show(_shape(given))}.",
            "Return each gradient in the shape of its input; sum over axes that were spread.",
        )


def _check_outputs(step: Step, inputs: Sequence[Any], results: Sequence[Any]) -> None:
    due = step.op.output_shapes([_shape(one) for one in inputs], step.settings)
    made = tuple(_shape(one) for one in results)
    if made != due:
        raise ShapeError(
            f"The forward of the op '{step.op.name}' returns {' and '.join(map(show, made))} where "
            f"its pattern {step.op.shapes} says {' and '.join(map(show, due))}.",
            "Make the two agree.",
        )


def _shape(content: Any) -> Shape:
    return content.plain if isinstance(content, Symbol) else np.shape(content)
