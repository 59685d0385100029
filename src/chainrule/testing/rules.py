"""What can be held without any numerics: words, shapes, purity, and the adjoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.ops import Op
from chainrule.shapes import show
from chainrule.testing.trials import Trial, as_arrays, flowing, name_of

# Both sides of the adjoint test are sums of the same products in another order, so they may differ
# by rounding alone: some thousand units in the last place of the sum of the products' sizes.
ADJOINT_BOUND = 1e-12


def description_is_there(op: Op) -> Iterator[str]:
    """An op says what it is: a formula, a text, an example; ``differentiable`` is checked below."""
    for part, text in (("formula", op.formula), ("text (about)", op.about)):
        if not text.strip():
            yield f"{op.name} has no {part}."
    if not op.examples:
        yield f"{op.name} has no example, so nothing can be tried."


def shapes_follow_the_pattern(trial: Trial) -> Iterator[str]:
    """Outputs have the shapes that the pattern gives; gradients those of the inputs."""
    op = trial.op
    due = op.output_shapes([one.shape for one in trial.inputs], trial.settings)
    made = [one.shape for one in trial.outputs()]
    if list(due) != made:
        yield f"forward returns {_shown(made)} where '{op.shapes}' gives {_shown(due)}."
    for place, gradient in enumerate(trial.gradients):
        name = name_of(op, place)
        if gradient is not None and np.shape(gradient) != trial.inputs[place].shape:
            yield (
                f"the gradient at {name} has shape {np.shape(gradient)}, {name} itself "
                f"{trial.inputs[place].shape}."
            )
    for place in trial.still:
        if trial.gradients[place] is not None:
            yield f"backward gives a gradient at {name_of(op, place)}, which is random or state."
    changes = trial.tangent(trial.direction(trial.moving)) if trial.moving else ()
    for place, change in enumerate(changes):
        if change is not None and np.shape(change) != made[place]:
            yield f"the tangent has shape {np.shape(change)}, the output {made[place]}."
    if op.differentiable == all(gradient is None for gradient in trial.gradients):
        yield (
            "backward returns no gradient at all, but the op says that it is differentiable."
            if op.differentiable
            else "backward returns a gradient, but the op says that it has none."
        )


def _shown(shapes: Any) -> str:
    return " and ".join(show(tuple(shape)) for shape in shapes)


def nothing_is_changed(trial: Trial) -> Iterator[str]:
    """The rules leave their inputs as they are, and give the same bits when called again."""
    op, settings = trial.op, trial.settings
    kept = [one.copy() for one in trial.inputs]
    direction = trial.direction(trial.moving)

    def results() -> dict[str, tuple[NDArray[Any], ...]]:
        made = {"forward": op.forward(*trial.inputs, **settings)}
        y = flowing(op, made["forward"])
        made["backward"] = op.backward(trial.grad_y, y, *trial.inputs, **settings)
        if trial.moving:
            made["tangent"] = op.tangent(direction, y, *trial.inputs, **settings)
        return {rule: as_arrays(_present(result)) for rule, result in made.items()}

    first, second = results(), results()
    for rule, before in first.items():
        for one, other in zip(before, second[rule], strict=True):
            if one.tobytes() != other.tobytes():
                yield f"{rule} gives another result when it is called again."
                break
    for place, one in enumerate(trial.inputs):
        if one.tobytes() != kept[place].tobytes():
            yield f"a rule changes its input {name_of(op, place)} in place."


def _present(result: Any) -> Any:
    several = result if isinstance(result, tuple) else (result,)
    return tuple(one for one in several if one is not None)


def backward_is_the_adjoint(trial: Trial) -> Iterator[str]:
    """<grad_y, tangent(v)> = <backward(grad_y), v> for a random v, one input at a time."""
    for place in trial.moving:
        direction = trial.direction([place])
        changes = trial.tangent(direction)
        forward_terms = [
            grad_y * change
            for grad_y, change in zip(trial.grad_outputs, changes, strict=True)
            if change is not None
        ]
        backward_terms = [trial.gradients[place] * direction[place]]
        left, right = _total(forward_terms), _total(backward_terms)
        size = _total(map(np.abs, forward_terms)) + _total(map(np.abs, backward_terms))
        if not abs(left - right) <= ADJOINT_BOUND * size:
            yield (
                f"backward is not the adjoint of tangent at {name_of(trial.op, place)}: "
                f"{right:.12g} by backward, {left:.12g} by tangent."
            )


def routes_sum_to_backward(trial: Trial) -> Iterator[str]:
    """The named routes of an op are parts of backward: together they give what it gives."""
    op = trial.op
    if not op.routes:
        return
    totals: list[Any] = [None] * len(trial.inputs)
    sizes = [0.0] * len(trial.inputs)
    for name, rule in op.routes.items():
        parts: Any = rule(trial.grad_y, trial.y, *trial.inputs, **trial.settings)
        if not isinstance(parts, tuple) or len(parts) != len(trial.inputs):
            yield f"the route through {name} returns no tuple of {len(trial.inputs)} gradients."
            return
        for place, part in enumerate(parts):
            if part is None:
                continue
            if np.shape(part) != trial.inputs[place].shape:
                yield (
                    f"the route through {name} gives {name_of(op, place)} a gradient of shape "
                    f"{np.shape(part)}, and {name_of(op, place)} has {trial.inputs[place].shape}."
                )
                return
            totals[place] = part if totals[place] is None else totals[place] + part
            sizes[place] += float(np.max(np.abs(part), initial=0.0))
    for place, (total, due) in enumerate(zip(totals, trial.gradients, strict=True)):
        if (total is None) != (due is None):
            yield f"the routes and backward differ in whether {name_of(op, place)} has a gradient."
        elif due is not None and not np.all(np.abs(total - due) <= ADJOINT_BOUND * sizes[place]):
            yield f"the routes do not sum to backward at {name_of(op, place)}."


def _total(terms: Any) -> float:
    return float(sum(np.sum(term) for term in terms))
