"""The test of the test: backwards are spoiled in every way that applies, and each must be found.

Two kinds of mutants: the gradients that come out are spoiled (sign, factor, order, an input left
out), and the rule itself is (one of its equations is replaced or dropped). A mutant that gives the
true gradients at points of its own is none, and is not counted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.arrays import sigmoid, sin, sum_over
from chainrule.ops import OPS, Example, Kink, Op
from chainrule.ops.derived import record_function
from chainrule.ops.patterns import Pattern
from chainrule.ops.walks import Step, forward_walk
from chainrule.testing import assert_op, check_op
from chainrule.testing.kinks import one_sided_slopes
from chainrule.testing.rules import backward_is_the_adjoint
from chainrule.testing.slopes import tangent_is_the_slope
from chainrule.testing.trials import Trial, draw

Gradients = tuple[Any, ...]
Spoil = Callable[[Gradients], Gradients]
DIFFERENTIABLE = sorted(name for name, one in OPS.items() if one.differentiable)
ELSEWHERE = 97  # the seed of the points that tell a mutant from its original


# ---------------------------------------------------------------- spoiling what comes out


def everywhere(change: Callable[[Any], Any]) -> Spoil:
    return lambda gradients: tuple(None if one is None else change(one) for one in gradients)


def only_at(place: int, change: Callable[[Any], Any]) -> Spoil:
    return lambda gradients: tuple(
        change(one) if here == place else one for here, one in enumerate(gradients)
    )


def rolled(axis: int) -> Callable[[Any], Any]:
    return lambda gradient: np.roll(gradient, 1, axis=axis)


def without_largest_entry(gradient: NDArray[Any]) -> NDArray[Any]:
    kept = np.array(gradient)
    kept.flat[np.argmax(np.abs(kept))] = 0.0
    return kept


def spoils(trial: Trial) -> Iterator[tuple[str, Spoil]]:
    """Every way of spoiling the gradients of an op: a name, and what is done to them."""
    yield "sign", everywhere(lambda gradient: -gradient)
    yield "twice", everywhere(lambda gradient: 2.0 * gradient)
    yield "a thousandth more", everywhere(lambda gradient: 1.001 * gradient)
    for place in trial.moving:
        shape = trial.inputs[place].shape
        yield f"input {place} left out", only_at(place, lambda gradient: 0.0 * gradient)
        yield f"input {place}: sign", only_at(place, lambda gradient: -gradient)
        yield f"input {place}: an entry left out", only_at(place, without_largest_entry)
        for axis, size in enumerate(shape):
            yield f"input {place}: 1/{size} lost", only_at(place, lambda g, n=size: g * n)
            yield f"input {place}: rolled along {axis}", only_at(place, rolled(axis))
        if len(shape) > 1 and shape[-1] == shape[-2]:
            yield f"input {place}: transposed", only_at(place, lambda g: np.swapaxes(g, -1, -2))


def with_spoiled_gradients(op: Op, spoil: Spoil) -> Op:
    def backward(grad_y: Any, y: Any, *inputs: Any, **settings: Any) -> Gradients:
        return spoil(op.backward(grad_y, y, *inputs, **settings))

    return dataclasses.replace(op, backward=backward)


# ---------------------------------------------------------------- spoiling the rule

INSTEAD = {
    "add": "subtract",
    "subtract": "add",
    "multiply": "add",
    "divide": "multiply",
    "maximum": "minimum",
    "minimum": "maximum",
    "exp": "expm1",
    "sigmoid": "tanh",
    "tanh": "sin",
    "sin": "cos",
    "cos": "sin",
    "sign": "absolute",
    "log": "log1p",
    "negative": "to_float",
    "sum_over": "max_over",
}


def spoiled_steps(step: Step) -> Iterator[tuple[str, Step]]:
    """Every way of spoiling one equation of a rule."""
    word = step.op.name
    instead = INSTEAD.get(word)
    if instead:
        yield f"{word} -> {instead}", dataclasses.replace(step, op=OPS[instead])
    if word in ("add", "subtract", "multiply", "divide"):
        first, second = step.inputs
        kept = OPS["broadcast_like"]
        like = step.outputs[0]
        for name in (first, second):
            yield f"{word}: one side left out", Step(kept, (name, ("like", like)), step.outputs)
    if word == "where":
        condition, first, second = step.inputs
        for inputs in ((condition, second, first), (condition, first, first)):
            yield "where: branches", dataclasses.replace(step, inputs=inputs)


def side_by_side(grad_y: Any, y: Any, *inputs: Any) -> tuple[Any, ...]:
    """What backward is given, the outputs of an op of several one by one."""
    if isinstance(y, tuple):
        return (*grad_y, *y, *inputs)
    return (grad_y, y, *inputs)


def flat_rule(op: Op, several: int, settings: Any) -> Callable[..., Gradients]:
    """Backward as a function of arrays alone; ``several`` outputs, 0 for one that is no tuple."""

    def rule(*given: Any) -> Gradients:
        if not several:
            return op.backward(*given, **settings)
        grads, outputs = given[:several], given[several : 2 * several]
        return op.backward(grads, outputs, *given[2 * several :], **settings)

    return rule


def outputs_of(y: Any) -> int:
    return len(y) if isinstance(y, tuple) else 0


def equations_of(op: Op, trial: Trial) -> Sequence[Step]:
    rule = flat_rule(op, outputs_of(trial.y), trial.settings)
    given = side_by_side(trial.grad_y, trial.y, *trial.inputs)
    return record_function(lambda *one: present(rule(*one)), given).steps


def present(gradients: Gradients) -> Gradients:
    return tuple(one for one in gradients if one is not None)


def with_spoiled_equation(op: Op, place: int, spoiled: int) -> Op:
    """The op whose backward runs its own equations, the one at ``place`` spoiled."""

    def backward(grad_y: Any, y: Any, *inputs: Any, **settings: Any) -> Gradients:
        filled: list[bool] = []

        backward_of = flat_rule(op, outputs_of(y), settings)

        def rule(*given: Any) -> Gradients:
            gradients = backward_of(*given)
            filled[:] = [one is not None for one in gradients]
            return present(gradients)

        given = side_by_side(grad_y, y, *inputs)
        recording = record_function(rule, given)
        values = {**recording.constants, **dict(zip(recording.inputs, given, strict=True))}
        true = forward_walk(recording.steps, values)
        steps = list(recording.steps)
        steps[place] = list(spoiled_steps(steps[place]))[spoiled][1]
        likes = {("like", number): true[number] for number in steps[place].outputs}
        made = forward_walk(steps, {**values, **likes})
        results = iter(made[number] for number in recording.outputs)
        return tuple(next(results) if there else None for there in filled)

    return dataclasses.replace(op, backward=backward)


# ---------------------------------------------------------------- all mutants of an op


def mutants(op: Op, example: Example) -> Iterator[tuple[str, Op]]:
    trial = draw(op, example)
    for name, spoil in spoils(trial):
        yield name, with_spoiled_gradients(op, spoil)
    for place, step in enumerate(equations_of(op, trial)):
        for number, (name, _) in enumerate(spoiled_steps(step)):
            yield f"equation {place}, {name}", with_spoiled_equation(op, place, number)


def gradients_elsewhere(op: Op, example: Example) -> list[NDArray[Any]]:
    return [np.asarray(one) for one in present(draw(op, example, seed=ELSEWHERE).gradients)]


def is_a_mutant(op: Op, spoiled: Op, example: Example) -> bool:
    """Whether the gradients differ at points that the check does not use."""
    pairs = zip(
        gradients_elsewhere(op, example), gradients_elsewhere(spoiled, example), strict=True
    )
    return not all(
        np.shape(one) == np.shape(other) and np.allclose(one, other, rtol=1e-9, atol=1e-15)
        for one, other in pairs
    )


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_every_spoiled_backward_is_found(name: str) -> None:
    op = OPS[name]
    killed, survivors = 0, []
    with np.errstate(all="ignore"):
        for example in op.examples:
            for spoil, spoiled in mutants(op, example):
                if not is_a_mutant(op, spoiled, example):
                    continue
                # Tangent does not follow from the spoiled backward, so the adjoint test finds it.
                if list(backward_is_the_adjoint(draw(spoiled, example))):
                    killed += 1
                else:
                    survivors.append(spoil)
    assert not survivors
    assert killed >= 5, f"only {killed} mutants of {name} were made"


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.001])
def test_a_spoiled_backward_fails_the_whole_check(name: str, factor: float) -> None:
    spoiled = with_spoiled_gradients(OPS[name], everywhere(lambda gradient: factor * gradient))
    assert not check_op(OPS[name], jax=False)
    assert check_op(spoiled, jax=False)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.001])
def test_differences_find_a_tangent_spoiled_with_its_backward(name: str, factor: float) -> None:
    """Where one derivative makes both, both are wrong alike, and forward alone tells."""
    op = OPS[name]

    def tangent(*given: Any, **settings: Any) -> Any:
        made = op.tangent(*given, **settings)
        if isinstance(made, tuple | list):
            return tuple(None if one is None else factor * one for one in made)
        return None if made is None else factor * made

    spoiled = dataclasses.replace(
        with_spoiled_gradients(op, everywhere(lambda gradient: factor * gradient)),
        tangent=tangent,
    )
    with np.errstate(all="ignore"):
        trial = draw(spoiled, op.examples[0])
        assert not list(backward_is_the_adjoint(trial))
        assert list(tangent_is_the_slope(trial))


@pytest.mark.parametrize("name", sorted(name for name, one in OPS.items() if one.kinks))
def test_another_side_of_a_kink_is_found(name: str) -> None:
    op = OPS[name]
    sides = {"left", "right", "middle"}
    found = 0
    for example in op.examples:
        for kink in op.kinks:
            others = sides - {kink.side}
            for side in sorted(others):
                moved = dataclasses.replace(op, kinks=(Kink(kink.at, side),))
                found += bool(list(one_sided_slopes(draw(moved, example))))
    smooth = name == "elu"  # with alpha = 1 there is no kink to be seen
    assert found == 2 * len(op.kinks) * (len(op.examples) - smooth)


# ---------------------------------------------------------------- what else check_op finds


def own_op(**changes: Any) -> Op:
    """A sound op outside the table, with some of its parts replaced."""
    sound = Op(
        name="own",
        formula="y = x w",
        pattern=Pattern("n i, i -> n i"),
        forward=lambda x, w: x * w,
        backward=lambda grad_y, y, x, w: (grad_y * w, sum_over(grad_y * x, axis=0)),
        tangent=lambda changes, y, x, w: (
            (0.0 if changes[0] is None else changes[0] * w)
            + (0.0 if changes[1] is None else x * changes[1])
        ),
        about="A test's own op.",
    )
    return dataclasses.replace(sound, **changes)


def test_a_sound_op_passes() -> None:
    assert check_op(own_op()) == []
    assert_op(own_op())


def shifted_in_place(x: Any, w: Any) -> Any:
    x += 1.0
    return x * w


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"formula": " "}, "has no formula"),
        ({"about": ""}, "has no text"),
        ({"examples": ()}, "has no example"),
        ({"forward": lambda x, w: sum_over(x * w, axis=1)}, "forward returns (5,) where"),
        ({"forward": shifted_in_place}, "read-only"),
        ({"forward": lambda x, w: np.sort(x) * w}, "numpy.sort is not a word"),
        (
            {"forward": lambda x, w: x * w if float(w[0]) > 9 else w * x},
            "asked for the numbers of a value",
        ),
        ({"couples": "i"}, "couples names the axis i, along which nothing mixes"),
        ({"couples": "k"}, "couples names the axis k, which"),
        (
            {"forward": lambda x, w: x * w + sum_over(x, axis=1, keepdims=True)},
            "it mixes along the axis i, which couples does not name",
        ),
        (
            {"forward": lambda x, w: x * w + sum_over(x, axis=0)},
            "it mixes along the axis n, which couples does not name",
        ),
        (
            {"backward": lambda grad_y, y, x, w: (grad_y * w, None)},
            "backward gives None for w, which forward depends on",
        ),
        ({"backward": lambda grad_y, y, x, w: (None, None)}, "returns no gradient at all"),
        ({"differentiable": False}, "says that it has none"),
        ({"backward": lambda grad_y, y, x, w: (grad_y * w,)}, "no tuple of 2 gradients"),
        (
            {"backward": lambda grad_y, y, x, w: (grad_y * w, grad_y * x)},
            "the gradient at w has shape (5, 3)",
        ),
        ({"tangent": lambda changes, y, x, w: y}, "the tangent along x, w is not the slope"),
        ({"kinks": (Kink({"x": 0.5}, "left"),)}, None),
    ],
)
def test_check_op_says_what_is_wrong(changes: dict[str, Any], sentence: str | None) -> None:
    failures = check_op(own_op(**changes), jax=False)
    if sentence is None:
        assert failures == []
    else:
        assert any(sentence in failure for failure in failures), failures


def test_check_op_finds_a_rule_that_remembers() -> None:
    calls: list[int] = []

    def forward(x: Any, w: Any) -> Any:
        calls.append(1)
        return x * w + 1e-9 * len(calls)

    failures = check_op(own_op(forward=forward), jax=False)
    assert any("another result when it is called again" in failure for failure in failures)


def test_jax_judges_what_backward_and_tangent_agree_on() -> None:
    """Both are written for sin, forward is the sigmoid: the oracle sees forward alone."""
    pytest.importorskip("jax", reason="needs JAX")
    op = dataclasses.replace(OPS["sigmoid"], forward=lambda x: sigmoid(sin(x)))
    failures = check_op(op)
    assert any("jax.vjp" in failure for failure in failures)


def test_assert_op_raises_with_the_sentences() -> None:
    with pytest.raises(AssertionError, match="own, example 1: couples names the axis i"):
        assert_op(own_op(couples="i"))
