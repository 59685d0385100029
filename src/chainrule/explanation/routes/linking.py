"""From the steps between a value and the loss to their links, products and convolutions fast.

An op with a rule of its own here is one in which the slope is an input or a setting, so that
nothing has to be tried: products, convolutions, their biases, pooling and averages. Others are
tried by unit changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.explanation.routes.links import (
    Array,
    Diagonal,
    Link,
    Listed,
    Product,
    ProductWeights,
)
from chainrule.explanation.routes.pooling_links import POOLING, pooling_links
from chainrule.explanation.routes.sliding_links import Sliding, SlidingWeights
from chainrule.explanation.routes.unit_links import unit_links
from chainrule.ops.convolution import ONE_AXIS, TWO_AXES
from chainrule.ops.noise import kept_share
from chainrule.ops.walks import Step

Rule = Callable[[int, Step, int, Mapping[str, Array]], list[Link]]
LinksOf = Callable[[int, Step, int, Mapping[str, Array], int | None], list[Link]]


def links_between(
    steps: Sequence[Step],
    values: Mapping[str, Array],
    starts: Iterable[str],
    entry: int | None = None,
    links_of: LinksOf | None = None,
) -> list[Link]:
    """Return the links that lie between the named values and the loss, in the order of the steps.

    ``entry``: of the one value named, only this flat place is asked for. Values that are state, and
    inputs whose gradient an op cuts, have no links. ``links_of`` makes those of one input of a
    step, by default ``step_links``. Raises RouteLimitError.
    """
    links_of = links_of or step_links
    starts = set(starts)
    reached = set(starts)
    towards = _towards_loss(steps)
    found: list[Link] = []
    for number, step in enumerate(steps):
        if not towards.intersection(map(str, step.flowing)) or not step.op.differentiable:
            continue
        for place, name in enumerate(map(str, step.inputs)):
            if name in reached and _flows(step, place, values[name]):
                alone = entry if name in starts else None
                links = links_of(number, step, place, values, alone)
                found += links if alone is None else [_from_one(one, alone) for one in links]
        reached.update(one.target for one in found)
    return [one for one in found if one.target in towards]


def _from_one(link: Link, entry: int) -> Link:
    """Return the part of a link that leaves from one entry of its input."""
    edges = link.edges(np.array([entry]))
    parts = link.step, link.place, link.source, link.target, link.shape, link.target_shape
    return Listed(*parts, edges.slopes, sources=edges.sources, targets=edges.targets)


def _towards_loss(steps: Sequence[Step]) -> set[str]:
    """Return the names of the values that the loss is made of."""
    needed = {"loss"}
    for step in reversed(steps):
        if needed.intersection(map(str, step.outputs)):
            needed.update(map(str, step.inputs))
    return needed


def _flows(step: Step, place: int, content: Array) -> bool:
    """Whether slopes lead from an input of a step to its outputs."""
    op = step.op
    if np.asarray(content).dtype.kind != "f":
        return False
    if op.kind == "word":
        return True
    name = op.input_names[place] if place < len(op.input_names) else ""
    return name not in op.cuts and name not in op.noise and name not in op.state


def step_links(
    number: int, step: Step, place: int, values: Mapping[str, Array], entry: int | None = None
) -> list[Link]:
    """Return the links from one input of a step to its outputs."""
    rule = RULES.get(step.op.name)
    if rule is not None and step.op.kind != "word":
        return rule(number, step, place, values)
    return unit_links(number, step, place, values, entry)


class _Ends(NamedTuple):
    """The two ends of a link: the place of its input, the names and the shapes of both."""

    place: int
    source: str
    target: str
    shape: tuple[int, ...]
    made: tuple[int, ...]


def _ends(step: Step, place: int, values: Mapping[str, Array]) -> _Ends:
    source, target = str(step.inputs[place]), str(step.outputs[0])
    return _Ends(place, source, target, np.shape(values[source]), np.shape(values[target]))


def _inputs(step: Step, values: Mapping[str, Array]) -> list[Array]:
    return [np.asarray(values[str(name)]) for name in step.inputs]


def _product(number: int, step: Step, place: int, values: Mapping[str, Array]) -> list[Link]:
    """x, W and perhaps b and a mask over W, in the order of the op's inputs."""
    x, w, *_ = inputs = _inputs(step, values)
    ends = _ends(step, place, values)
    share = None
    if step.op.noise:
        rate = step.settings.get("rate", step.op.settings["rate"])
        share = np.asarray(kept_share(inputs[-1], rate))
    if place == 0:
        return [Product(number, *ends, w if share is None else w * share)]
    if place == 1:
        return [ProductWeights(number, *ends, x.reshape(-1, x.shape[-1]), share)]
    return [_bias(number, ends, np.arange(ends.made[-1]))]


def _bias(number: int, ends: _Ends, units: Array) -> Link:
    """Return the link from biases, of which ``units`` gives that of the last axis' entries."""
    sources = units % ends.shape[0]
    spread = np.broadcast_to(sources, ends.made).reshape(-1)
    targets = np.arange(spread.size)
    return Listed(number, *ends, np.ones(spread.size), sources=spread, targets=targets)


def _convolution(number: int, step: Step, place: int, values: Mapping[str, Array]) -> list[Link]:
    x, w, *_ = _inputs(step, values)
    ends = _ends(step, place, values)
    slide = {**(ONE_AXIS if w.ndim == 3 else TWO_AXES), **step.settings}
    if place == 0:
        return [Sliding(number, *ends, w, slide=slide)]
    if place == 1:
        return [SlidingWeights(number, *ends, x, slide=slide)]
    channels = np.arange(ends.made[1]).reshape(-1, *(1,) * (len(ends.made) - 2))
    return [_bias(number, ends, channels)]


def _average(number: int, step: Step, place: int, values: Mapping[str, Array]) -> list[Link]:
    """Rows, or the times of each row, and their weights: each is the slope of the other."""
    inputs = _inputs(step, values)
    ends = _ends(step, place, values)
    over_rows = step.op.name == "average"
    other = inputs[1 - place]
    slopes = (other / (len(other) if over_rows else other.shape[1])).reshape(-1)
    places = np.arange(slopes.size)
    targets = 0 * places if over_rows else places // other.shape[1]
    return [Listed(number, *ends, slopes, sources=places, targets=targets)]


def _flatten(number: int, step: Step, place: int, values: Mapping[str, Array]) -> list[Link]:
    ends = _ends(step, place, values)
    return [Diagonal(number, *ends, np.ones(ends.shape))]


PRODUCTS = ("linear", "linear_one_bias", "product", "dropconnect", "dropconnect_product")
CONVOLUTIONS = (
    "convolution_1d",
    "convolution_1d_no_bias",
    "convolution_2d",
    "convolution_2d_no_bias",
)
RULES: dict[str, Rule] = {
    **dict.fromkeys(PRODUCTS, _product),
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    "average": _average,
    "flatten": _flatten,
    "weighted_average_over_time": _average,
    **dict.fromkeys(POOLING, pooling_links),
}
