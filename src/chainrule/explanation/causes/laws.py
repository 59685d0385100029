"""Gradients that are 0 because sums cancel: by a law, by symmetry, or by these numbers.

Whether a law holds is tried, not known: the entry is moved by a whole 1, and what a step gives
stays what it was, while all that it was given along an axis moved equally.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.explanation.causes.cause import Cause
from chainrule.explanation.entries import Entry, flat_place
from chainrule.explanation.routes.links import Array, Link, Product
from chainrule.explanation.routes.unit_links import axis_letters
from chainrule.explanation.words import Words
from chainrule.ops.walks import Step, forward_walk, tangent_walk
from chainrule.randomness import uniform

# What rounding may leave of a difference that a law makes 0, relative to the numbers around it.
ROUNDING = 1e-9
SOFTMAX = ("softmax", "log_softmax", "attention", "masked_attention")


class Law(NamedTuple):
    """An input of a step, by number, in which a change is taken out by a law."""

    step: int
    place: int


def cancellation_causes(
    words: Words, entry: Entry, links: Sequence[Link], sizes: tuple[float, float]
) -> tuple[Cause, ...]:
    """Return why the live routes of an entry cancel; ``sizes``: the sums of either sign."""
    laws = shift_laws(words, entry)
    twins = same_weights(words, links)
    if laws or twins:
        return (*laws, *twins)
    name = words.name(entry)
    return (
        Cause(
            "exact cancellation",
            (name,),
            f"Routes of +{sizes[0]:.6g} and of -{sizes[1]:.6g} lead from {name} to the loss, and "
            "they are the same size but for rounding.",
            "Any change of a weight or of the data that moves one of the two sums breaks it.",
            {"positive": sizes[0], "negative": sizes[1]},
        ),
    )


def shift_laws(words: Words, entry: Entry) -> tuple[Cause, ...]:
    """Return the steps that take out, by a law, what a change of the entry does."""
    found = laws_met(words, moved_by(words, entry))
    return tuple(law_cause(words, entry, one) for one in found)


def moved_by(words: Words, entry: Entry) -> dict[Any, Any]:
    """Return the change of every value that a small change of the entry causes."""
    exact = words.trace.exact.values
    unit = np.zeros(np.shape(exact[entry.value]))
    unit.reshape(-1)[flat_place(words.trace, entry)] = 1.0
    with np.errstate(all="ignore"):
        return tangent_walk(words.trace.objective.steps, exact, {entry.value: unit})


def laws_met(words: Words, moved: Mapping[Any, Any]) -> tuple[Law, ...]:
    """Return the inputs of steps in which changes of values are taken out by a law."""
    values = _other_parameters(words)
    found = []
    with np.errstate(all="ignore"):
        for number, step in enumerate(words.trace.objective.steps):
            for place, name in enumerate(map(str, step.inputs)):
                change = moved.get(name)
                if change is None or not step.op.couples or not np.any(change):
                    continue
                axis = _even_axis(step, place, np.asarray(change))
                if axis and _shift_changes_nothing(step, place, np.asarray(change), values):
                    found.append(Law(number, place))
    return tuple(found)


def _other_parameters(words: Words) -> dict[str, Array]:
    """Return all values, with other parameters: a law does not hang on these."""
    found = dict(words.trace.exact.values)
    for name in words.trace.trained_names:
        content = np.asarray(found[name])
        shares = uniform(0, f"another {name}", content.size).reshape(content.shape)
        found[name] = content * (0.5 + shares)
    return found


def _even_axis(step: Step, place: int, change: Array) -> str:
    """Return a coupled axis along which a change is the same everywhere, "" for none."""
    letters = axis_letters(step.op.pattern.inputs[place], change.ndim)
    size = float(np.abs(change).max())
    for axis, letter in enumerate(letters):
        even = float(np.ptp(change, axis=axis).max()) <= ROUNDING * size
        if letter in step.op.couples.split() and change.shape[axis] > 1 and even:
            return letter
    return ""


def _shift_changes_nothing(
    step: Step, place: int, change: Array, values: Mapping[str, Array]
) -> bool:
    inputs = [np.asarray(values[str(name)]) for name in step.inputs]
    shifted = list(inputs)
    shifted[place] = inputs[place] + change / np.abs(change).max()
    names = [f"input {number}" for number in range(len(inputs))]
    alone = Step(step.op, tuple(names), step.outputs, step.settings)
    before = forward_walk([alone], dict(zip(names, inputs, strict=True)))
    after = forward_walk([alone], dict(zip(names, shifted, strict=True)))
    return all(
        np.allclose(before[name], after[name], rtol=ROUNDING, atol=ROUNDING)
        for name in step.flowing
    )


def law_cause(words: Words, entry: Entry, law: Law, were: str = "", then: str = "") -> Cause:
    """Return a law as a cause; ``were`` says what would have to be for it to be met.

    ``then`` is what follows, by default what moving the entry by 1 does to the loss.
    """
    step = words.trace.objective.steps[law.step]
    value, op, name = str(step.inputs[law.place]), step.op.name, words.name(entry)
    moves = f"{were}{name} would move" if were else f"{name} moves"
    numbers: dict[str, float] = {}
    if not then:
        then, numbers = _experiment(words, entry)
    if op in SOFTMAX or bool(set(step.op.includes) & set(SOFTMAX)):
        return Cause(
            "uniform shift",
            (name,),
            f"{moves} all that {op} compares in {value} equally, and shares stay what they "
            "are when every number rises by the same.",
            then,
            numbers,
        )
    over = "the rows of the batch" if "n" in step.op.couples.split() else "what it averages"
    return Cause(
        "zero by law",
        (name,),
        f"{moves} {value} equally over {over}, and {op} takes the mean out again: whatever "
        "is added in front of it is lost.",
        then,
        numbers,
    )


def _experiment(words: Words, entry: Entry) -> tuple[str, dict[str, float]]:
    """Return what moving an entry by 1 does to the loss: in a sentence, and the two losses."""
    before = words.trace.exact.loss
    after = loss_after(words, entry, 1.0)
    experiment = (
        f"No number there changes that: moved by 1, the loss is {after:.12g} as before."
        if np.isclose(before, after, rtol=ROUNDING, atol=ROUNDING)
        else f"Moved by 1, the loss goes from {before:.6g} to {after:.6g} on other ways."
    )
    return experiment, {"loss": before, "loss after moving it by 1": after}


def loss_after(words: Words, entry: Entry, change: float) -> float:
    """Return the loss, in float64, with one entry moved and all in front of it as it was."""
    known: dict[Any, Any] = dict(words.trace.exact.values)
    moved = np.array(known[entry.value], dtype=np.float64)
    moved.reshape(-1)[flat_place(words.trace, entry)] += change
    known[entry.value] = moved
    behind = {entry.value}
    with np.errstate(all="ignore"):
        for step in words.trace.objective.steps:
            if behind.isdisjoint(map(str, step.inputs)):
                continue
            behind.update(map(str, step.outputs))
            known = forward_walk([step], known)
    return float(known["loss"])


def same_weights(words: Words, links: Sequence[Link]) -> tuple[Cause, ...]:
    """Return the layers behind whose units all have the same weights, as from one start."""
    found = []
    for link in links:
        if not isinstance(link, Product) or link.slopes.shape[1] < 2:
            continue
        if (link.slopes == link.slopes[:, :1]).all():
            name = str(words.trace.objective.steps[link.step].inputs[1])
            found.append(
                Cause(
                    "symmetric start",
                    (name,),
                    f"All units of {link.target} have the same weights in {name}: they are one "
                    "unit written several times, and what they send back cancels.",
                    f"The weights of {name} would have to start from different numbers.",
                    {"units": float(link.slopes.shape[1])},
                )
            )
    return tuple(found)
