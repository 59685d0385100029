"""Links with the slopes that are 0 now and would not be for other numbers.

Whether an op could carry a slope where it has none shows when its inputs are drawn anew: masks are
opened, numbers are drawn from the one generator. What stays 0 then is no link at all: another row,
another channel.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from chainrule.explanation.routes.linking import RULES, links_between, step_links
from chainrule.explanation.routes.links import Array, Link, Listed
from chainrule.ops.walks import Step, forward_walk
from chainrule.randomness import normal

# Near 0 a margin is not yet kept, further out a unit is neither silent nor saturated.
SCALES = (1.0, 0.1, 1.0)


def possible_links(
    steps: Sequence[Step],
    values: Mapping[str, Array],
    start: str,
    entry: int,
    kept: Collection[str] = (),
) -> list[Link]:
    """Return the links between one entry and the loss, slopes of 0 included that could be others.

    ``kept`` are values that are not drawn anew: state, of which some is never negative. Raises
    RouteLimitError.
    """

    def widened(
        number: int, step: Step, place: int, values: Mapping[str, Array], alone: int | None
    ) -> list[Link]:
        now = step_links(number, step, place, values, alone)
        if step.op.name in RULES or step.op.kind in ("elementwise", "word"):
            return now
        others: list[Link] = []
        for again, scale in enumerate(SCALES):
            drawn = _drawn(step, values, again, scale, kept)
            others += step_links(number, step, place, drawn, alone)
        return [_with_zeros(target, now, others) for target in _targets(now, others)]

    return links_between(steps, values, [start], entry, links_of=widened)


def _targets(*groups: Sequence[Link]) -> list[str]:
    return list(dict.fromkeys(link.target for group in groups for link in group))


def _with_zeros(target: str, now: Sequence[Link], others: Sequence[Link]) -> Link:
    """Return the link to one output as it is now, with zeros where other numbers have slopes."""
    own = [one for one in now if one.target == target]
    all_of = [one for one in (*own, *others) if one.target == target]
    width = max(1, int(np.prod(all_of[0].target_shape)))
    pairs = [_edges(one) for one in all_of]
    keys = np.unique(np.concatenate([sources * width + targets for sources, targets, _ in pairs]))
    slopes = np.zeros(len(keys))
    if own:
        sources, targets, given = pairs[0]
        slopes[np.searchsorted(keys, sources * width + targets)] = given
    like = all_of[0]
    return Listed(
        like.step,
        like.place,
        like.source,
        target,
        like.shape,
        like.target_shape,
        slopes,
        sources=keys // width,
        targets=keys % width,
    )


def _edges(link: Link) -> tuple[Array, Array, Array]:
    found = link.edges(np.arange(int(np.prod(link.shape))))
    return found.sources, found.targets, found.slopes


def _drawn(
    step: Step, values: Mapping[str, Array], again: int, scale: float, kept: Collection[str]
) -> dict[str, Array]:
    """Return the values around a step with other inputs: numbers drawn, masks open."""
    names = [str(name) for name in step.inputs]
    drawn: dict[str, Array] = {}
    for place, name in enumerate(names):
        content = np.asarray(values[name])
        own = step.op.input_names[place] if place < len(step.op.input_names) else ""
        if own in step.op.noise:
            drawn[name] = np.full(content.shape, np.nextafter(1.0, 0.0))
        elif content.dtype.kind == "b":
            drawn[name] = np.ones(content.shape, dtype=bool)
        elif content.dtype.kind == "f" and name not in kept:
            draw = normal(again, f"another {own}", content.size, place)
            drawn[name] = scale * np.asarray(draw).reshape(content.shape)
        else:
            drawn[name] = content
    with np.errstate(all="ignore"):
        return {str(one): np.asarray(made) for one, made in forward_walk([step], drawn).items()}
