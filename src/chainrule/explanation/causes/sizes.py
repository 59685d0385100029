"""How large a gradient is: against the rounding of its sum, the other gradients, and the loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.explanation.causes.cause import Cause
from chainrule.explanation.causes.unit_causes import is_rectifier, slope_of
from chainrule.explanation.entries import Entry, entry_at
from chainrule.explanation.routes.links import Diagonal, Link, Listed, Product, ProductWeights
from chainrule.explanation.routes.strongest import Route
from chainrule.explanation.routes.tug_of_war import TugOfWar
from chainrule.explanation.words import Words

# A gradient is tiny below this share of the largest one of the network.
TINY = 1e-6
# And huge where a step of a thousandth of it moves the entry by ten times its size.
HUGE = 1e4
SATURATED, NEARLY_RIGHT = 0.01, 1e-4


def rounding_bound(links: Sequence[Link], sizes: float, dtype: str) -> float:
    """Return how far rounding may move a sum of routes whose sizes add up to ``sizes``.

    Each product and each sum of k numbers on the way adds at most one and k - 1 roundings of its
    size. Higham, "Accuracy and stability of numerical algorithms", SIAM 2002, chapter 3.
    """
    roundings = sum(2 * (_fan(link) + 2) for link in links)
    return float(np.finfo(dtype).eps) * roundings * sizes


def _fan(link: Link) -> int:
    """Return how many slopes leave an entry of the input, at most."""
    if isinstance(link, Product):
        return int(link.slopes.shape[1])
    if isinstance(link, ProductWeights):
        return len(link.slopes)
    if isinstance(link, Listed):
        return int(np.bincount(link.sources).max()) if len(link.sources) else 0
    if isinstance(link, Diagonal):
        return 1
    return int(np.prod(link.target_shape)) // max(1, link.target_shape[1])


def is_huge(words: Words, entry: Entry, gradient: float) -> bool:
    """Whether a gradient is ten thousand times its entry, or 10,000 for entries below 1."""
    size = max(1.0, abs(float(words.trace.exact.values[entry.value][entry.place])))
    return abs(gradient) >= HUGE * size


def tiny_beside(words: Words, entry: Entry, gradient: float) -> str:
    """Return beside what a gradient is tiny, in words; "" where it is not.

    That is the largest gradient of a parameter, of which it is less than a millionth, or the entry
    itself, which stays as it is in the run's own type with the gradient taken off.
    """
    found = (_beside_the_largest(words, gradient), _beside_itself(words, entry, gradient))
    return ", and ".join(one for one in found if one)


def _beside_the_largest(words: Words, gradient: float) -> str:
    gradients = words.trace.exact.gradients
    names = [one.name for one in words.trace.objective.plan.parameters if one.name in gradients]
    sizes = {name: np.abs(gradients[name]) for name in names if gradients[name].size}
    name = max(sizes, key=lambda one: float(sizes[one].max()), default="")
    if not name or not abs(gradient) < TINY * float(sizes[name].max()):
        return ""
    at = words.name(entry_at(words.trace, name, int(sizes[name].argmax())))
    return (
        f"beside the largest gradient of a parameter, one of size {sizes[name].max():.4g} at {at}"
    )


def _beside_itself(words: Words, entry: Entry, gradient: float) -> str:
    value = words.trace.own.values[entry.value][entry.place]
    if value == 0 or value - value.dtype.type(gradient) != value:
        return ""
    dtype, name = words.trace.own.dtype, words.name(entry)
    return (
        f"beside {name} itself: that is {value:.4g}, and {dtype} holds the same with the gradient "
        "taken off"
    )


def small_slopes(words: Words, tug: TugOfWar) -> tuple[Cause, ...]:
    """Return what makes the strongest route small: saturated units, or the smallest slope.

    Nothing does where the gradient is small beside its entry alone.
    """
    route = tug.strongest
    if route is None:
        return ()
    steps = words.trace.objective.steps
    found = []
    for number, slope in enumerate(route.slopes):
        step = steps[route.steps[number]]
        if step.op.role == "loss" and abs(slope) < NEARLY_RIGHT:
            found.append(_nearly_right(words, route, number))
        bounded = step.op.kind == "elementwise" and not is_rectifier(step)
        if bounded and step.op.role == "activation" and abs(slope) < SATURATED:
            found.append(_nearly_saturated(words, route, number))
    # A route that carries more than 1 is small beside others, not by its slopes.
    if found or abs(route.product) >= 1 or not _beside_the_largest(words, tug.gradient):
        return tuple(found)
    return (_extreme(words, route, int(np.argmin(np.abs(route.slopes))), "small"),)


def large_slopes(words: Words, tug: TugOfWar) -> tuple[Cause, ...]:
    """Return the largest slope of the strongest route."""
    if tug.strongest is None:
        return ()
    place = int(np.argmax(np.abs(tug.strongest.slopes)))
    return (_extreme(words, tug.strongest, place, "large"),)


def _nearly_saturated(words: Words, route: Route, number: int) -> Cause:
    name, place = route.places[number]
    given = float(np.asarray(words.trace.exact.values[name]).reshape(-1)[place])
    unit = words.name(entry_at(words.trace, *route.places[number + 1]))
    op = words.trace.objective.steps[route.steps[number]].op.name
    slope = route.slopes[number]
    return Cause(
        "saturation",
        (unit,),
        f"{unit} is nearly saturated: it is given {given:.4g}, where {op} has a slope of only "
        f"{slope:.3g}.",
        f"At 0 its slope would be {_at_zero(words, route, number):.3g}.",
        {"at": given, "slope": slope},
    )


def _nearly_right(words: Words, route: Route, number: int) -> Cause:
    name = words.name(entry_at(words.trace, *route.places[number]))
    op, slope = words.trace.objective.steps[route.steps[number]].op.name, route.slopes[number]
    return Cause(
        "already right",
        (name,),
        f"{name} is nearly right: {op} has a slope of only {slope:.3g} there.",
        "With another target, or a prediction further off, it would be larger.",
        {"slope": slope},
    )


def _at_zero(words: Words, route: Route, number: int) -> float:
    return float(slope_of(words.trace.objective.steps[route.steps[number]], np.zeros(1))[0])


def _extreme(words: Words, route: Route, number: int, what: str) -> Cause:
    before, behind = (words.name(entry_at(words.trace, *route.places[number + i])) for i in (0, 1))
    op = words.trace.objective.steps[route.steps[number]].op.name
    slope = route.slopes[number]
    least = "smallest" if what == "small" else "largest"
    return Cause(
        "small slopes" if what == "small" else "large slopes",
        (before, behind),
        f"The strongest route carries {route.product:.4g}, and its {least} slope is {slope:.4g}, "
        f"from {before} to {behind} ({op}).",
        "A product is as small or as large as its factors: that slope is where to begin.",
        {"slope": slope, "route": route.product},
    )
