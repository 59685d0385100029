"""Where a type holds 0 and the truth is a number: underflow, or a slope that is rounded away."""

from __future__ import annotations

import numpy as np

from chainrule.explanation.causes.cause import Cause, Kind
from chainrule.explanation.causes.overflow import overflow_before, overflow_cause
from chainrule.explanation.entries import entry_at
from chainrule.explanation.routes.strongest import Route
from chainrule.explanation.routes.tug_of_war import TugOfWar
from chainrule.explanation.words import Words

# The smallest numbers above 0.
SMALLEST = {"float32": 1.4e-45, "float64": 4.9e-324}


def underflow_causes(words: Words, tug: TugOfWar, exact: float) -> tuple[Cause, ...]:
    """Return where on the strongest route the run's own type first holds 0, and why."""
    dtype = words.trace.own.dtype
    found = _where_it_ends(words, tug)
    truth = f"in float64 the gradient is {exact:.4g}" if exact != 0 else "float64 holds 0 as well"
    route = tug.strongest
    if found is None or route is None:
        sentence = f"{dtype} cannot hold the products: {truth}."
        return (_underflow(tug, (tug.target,), sentence, exact),)
    number, behind = found
    slope = route.slopes[number]
    step = words.trace.objective.steps[route.steps[number]]
    at = words.name(entry_at(words.trace, *route.places[number]))
    if abs(behind * slope) < SMALLEST[dtype]:
        sentence = (
            f"From {at} on, {dtype} holds 0: {behind:.3g} times a slope of {slope:.3g} "
            f"({step.op.name}) is below its smallest number, and {truth}."
        )
        return (_underflow(tug, (at,), sentence, exact),)
    overflow = _overflow(words, route, number)
    if overflow is not None:
        return (overflow,)
    kind: Kind = "already right" if step.op.role == "loss" else "saturation"
    given = _own(words.trace.exact.values[route.places[number].name], route.places[number].entry)
    return (
        Cause(
            kind,
            (at,),
            f"{at} is {given:.4g}, where {dtype} takes the slope of {step.op.name} for 0: it is "
            f"{slope:.3g}, and {truth}.",
            f"Nearer to the middle, or in float64, {step.op.name} has a slope that {dtype} sees.",
            {"at": given, "slope": slope, "exact": exact},
        ),
    )


def _overflow(words: Words, route: Route, number: int) -> Cause | None:
    """Return that the own type overflows in the op of a slope, or in what makes its factor."""
    own, step = words.trace.own, words.trace.objective.steps[route.steps[number]]
    place, behind = route.places[number], route.places[number + 1]
    factor = str(step.inputs[0])
    if factor not in words.trace.row_values or behind.name not in words.trace.row_values:
        return None
    width, made = (int(np.prod(np.shape(own.values[one])[1:])) for one in (factor, behind.name))
    flat = np.array([behind.entry // made * width])
    found = overflow_cause(words, own, step, flat) if step.op.couples else None
    if found is not None or factor == place.name:
        return found
    return overflow_before(words, own, factor, flat)


def _where_it_ends(words: Words, tug: TugOfWar) -> tuple[int, float] | None:
    """Return the number of the slope behind which the own type has a gradient, and that."""
    route, gradients = tug.strongest, words.trace.own.gradients
    if route is None:
        return None
    for number in range(len(route.slopes) - 1, -1, -1):
        here = _own(gradients.get(route.places[number].name), route.places[number].entry)
        behind = _own(gradients.get(route.places[number + 1].name), route.places[number + 1].entry)
        if here == 0 and behind != 0:
            return number, behind
    return None


def _own(content: object, place: int) -> float:
    return 0.0 if content is None else float(np.asarray(content).reshape(-1)[place])


def _underflow(tug: TugOfWar, where: tuple[str, ...], sentence: str, exact: float) -> Cause:
    lead = "One live route leads" if tug.routes == 1 else f"{tug.routes:,} live routes lead"
    return Cause(
        "underflow",
        where,
        f"{lead} to the loss. {sentence}",
        "Larger slopes, or a loss that is multiplied up, would be seen.",
        {"exact": exact},
    )
