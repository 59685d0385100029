"""What would keep a gradient at 0 with every cut open: laws, and sums that cancel.

The slopes of the cuts are thought to be other than 0. Where an op has one other slope, as a
rectifier has, it is taken; others are drawn, so that they cancel by no accident.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.explanation.causes.cause import Cause
from chainrule.explanation.causes.cuts import Block, Cut
from chainrule.explanation.causes.laws import law_cause, laws_met, moved_by, same_weights
from chainrule.explanation.causes.sizes import rounding_bound
from chainrule.explanation.causes.unit_causes import is_rectifier, slope_of
from chainrule.explanation.entries import Entry, flat_place
from chainrule.explanation.routes.linking import PRODUCTS
from chainrule.explanation.routes.links import Array, Link, Listed
from chainrule.explanation.routes.pooling_links import POOLING
from chainrule.explanation.routes.sweeps import sums_from, sums_to_loss
from chainrule.explanation.words import Words
from chainrule.ops.walks import Step
from chainrule.randomness import uniform

OPEN = 1e6
HALF = 0.5
WERE = "Were that open, "
STILL = "Opening that alone leaves the gradient at 0."


def causes_behind(
    words: Words, entry: Entry, links: Sequence[Link], cuts: Sequence[Cut]
) -> tuple[Cause, ...]:
    """Return why the gradient of an entry would be 0 with all cuts open, () where it would not.

    ``links`` are those that the cuts were found in.
    """
    steps, place = words.trace.objective.steps, flat_place(words.trace, entry)
    opened = _opened(steps, links, cuts)
    moved = {name: one.total for name, one in sums_from(opened, entry.value, place).items()}
    laws = laws_met(words, moved)
    rest = [one for one in opened if (one.step, one.place) not in laws]
    up, down = _sums(rest, entry.value, place)
    leads = sum(_sums(opened, entry.value, place)) > 0
    if not leads or (up + down > 0 and not _cancels(rest, up, down)):
        return ()
    now = laws_met(words, moved_by(words, entry))
    causes = tuple(
        law_cause(words, entry, one) if one in now else law_cause(words, entry, one, WERE, STILL)
        for one in laws
    )
    if up + down == 0:
        return causes
    known = all(_only_slope(steps, one) for cut in cuts for one in cut.blocks)
    twins = same_weights(words, links)
    return (*causes, *(twins or (_cancellation(words, entry, up, down, known),)))


def _sums(links: Sequence[Link], value: str, place: int) -> tuple[float, float]:
    """Return the sums of an entry's routes that push up and of those that push down, as sizes."""
    found = sums_to_loss(links).get(value)
    if found is None:
        return 0.0, 0.0
    return float(found.positive.reshape(-1)[place]), float(found.negative.reshape(-1)[place])


def _cancels(links: Sequence[Link], up: float, down: float) -> bool:
    """Whether two sums of routes are the same size but for rounding."""
    left = abs(up - down)
    return left <= rounding_bound(links, up + down, "float64") and left < HALF * (up + down)


def _cancellation(words: Words, entry: Entry, up: float, down: float, known: bool) -> Cause:
    """Return that routes would cancel; ``known``: their sizes are those that they would have."""
    name = words.name(entry)
    sizes = (
        f"routes of +{up:.6g} and of -{down:.6g} would lead from {name} to the loss, the same size "
        "but for rounding."
        if known
        else f"the routes from {name} to the loss would cancel: those that push up come to as much "
        "as those that push down."
    )
    return Cause(
        "exact cancellation",
        (name,),
        f"{WERE}{sizes}",
        "A weight or a number of the data that moves one of the two sums would have to change as "
        "well.",
        {"positive": up, "negative": down} if known else {},
    )


def _opened(steps: Sequence[Step], links: Sequence[Link], cuts: Sequence[Cut]) -> list[Link]:
    """Return the links with the slopes of the cuts, which are 0, beside them as other numbers."""
    beside: dict[int, list[Link]] = {}
    for number, block in enumerate(one for cut in cuts for one in cut.blocks):
        link = block.link
        beside.setdefault(id(link), []).append(
            Listed(
                link.step,
                link.place,
                link.source,
                link.target,
                link.shape,
                link.target_shape,
                _other_slopes(steps, block, number),
                sources=block.sources,
                targets=block.targets,
            )
        )
    return [one for link in links for one in (link, *beside.get(id(link), ()))]


def _other_slopes(steps: Sequence[Step], block: Block, number: int) -> Array:
    count = len(block.sources)
    if _only_slope(steps, block):
        step = steps[block.link.step]
        far = float(slope_of(step, np.array([OPEN]))[0]) if step.op.derivative else 1.0
        return np.full(count, far)
    return np.asarray(0.5 + uniform(number, "another slope", count))


def _only_slope(steps: Sequence[Step], block: Block) -> bool:
    """Whether slopes of a block have one other number that they can be: a unit that speaks."""
    step = steps[block.link.step]
    if step.op.kind == "elementwise":
        return is_rectifier(step)
    return step.op.name in POOLING or (bool(step.op.noise) and step.op.name not in PRODUCTS)
