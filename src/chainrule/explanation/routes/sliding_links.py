"""The links of convolutions: from the image, and from the kernel that slides over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.explanation.routes.links import (
    Array,
    EdgeList,
    Link,
    Part,
    refuse_too_many,
    refuse_too_much,
)
from chainrule.sliding import overlap_add, windows
from chainrule.sliding_shapes import padded


def patches_of(x: Array, kernel: tuple[int, ...], slide: Mapping[str, Any]) -> Array:
    """Return (n, groups, places, channels of a group * taps): what a kernel sees in each place."""
    around = np.pad(x, ((0, 0), (0, 0), *slide["padding"]))
    seen = np.asarray(windows(around, kernel[2:], slide["stride"], slide["dilation"]))
    rows, channels, taps = len(x), x.shape[1], int(np.prod(kernel[2:]))
    places = int(np.prod(seen.shape[2:])) // taps
    apart = seen.reshape(rows, slide["groups"], channels // slide["groups"], places, taps)
    moved = apart.transpose(0, 1, 3, 2, 4)
    return np.ascontiguousarray(moved).reshape(rows, slide["groups"], places, -1)


def put_back(seen: Array, like: tuple[int, ...], kernel: tuple[int, ...], slide: Any) -> Array:
    """Return patches added up where they were taken from: the adjoint of ``patches_of``."""
    rows, channels, *sizes = like
    around = padded(tuple(sizes), slide["padding"])
    steps = windows(np.zeros(around), kernel[2:], slide["stride"], slide["dilation"]).shape
    places = int(np.prod(steps)) // int(np.prod(kernel[2:]))
    apart = seen.reshape(rows, slide["groups"], places, channels // slide["groups"], -1)
    moved = apart.transpose(0, 1, 3, 2, 4).reshape(rows, channels, *steps)
    whole = np.asarray(overlap_add(moved, around, slide["stride"], slide["dilation"]))
    pairs = zip(slide["padding"], sizes, strict=True)
    inside = tuple(slice(before, before + size) for (before, _), size in pairs)
    return whole[(slice(None), slice(None), *inside)]


def put_back_largest(seen: Array, like: tuple[int, ...], slide: Any) -> Array:
    """Return (channels, *sizes): the largest of what patches of one row hold for each entry.

    ``seen`` (channels, *places, *taps) holds nothing negative.
    """
    rank = len(like) - 1
    whole = np.zeros((like[0], *padded(like[1:], slide["padding"])))
    steps, taps = seen.shape[1 : 1 + rank], seen.shape[1 + rank :]
    for tap in np.ndindex(taps):
        reached = tuple(
            slice(one * apart, one * apart + stride * (count - 1) + 1, stride)
            for one, apart, stride, count in zip(
                tap, slide["dilation"], slide["stride"], steps, strict=True
            )
        )
        part = whole[(slice(None), *reached)]
        np.maximum(part, seen[(..., *tap)], out=part)
    pairs = zip(slide["padding"], like[1:], strict=True)
    return whole[(slice(None), *(slice(before, before + size) for (before, _), size in pairs))]


def kernel_meets(
    row: tuple[int, ...], kernel: tuple[int, ...], slide: Mapping[str, Any], sources: Array
) -> tuple[Array, Array, Array, Array]:
    """Return which entry of a row each of some entries of the kernel meets, and at which step.

    ``row`` (channels, *sizes), ``kernel`` (outputs, channels of a group, *taps), ``sources`` flat
    places in the kernel. Four flat arrays of one length: the place among ``sources``, the channel,
    the flat place in it, and the flat step.
    """
    outputs, of_group = kernel[:2]
    output, inside_group, *tap = np.unravel_index(sources, kernel)
    place, inside = _places_that_are_met(list(tap), kernel[2:], row[1:], slide)
    which, step = np.nonzero(inside)
    group = output // (outputs // slide["groups"])
    return which, (group * of_group + inside_group)[which], place[which, step], step


def _places_that_are_met(
    tap: list[Array], taps: tuple[int, ...], size: tuple[int, ...], slide: Mapping[str, Any]
) -> tuple[Array, Array]:
    """Return (taps, steps) twice: on which flat place a tap lies, and whether that is inside.

    ``tap`` gives the index of each tap along each axis of the kernel.
    """
    around = padded(size, slide["padding"])
    place, inside = np.zeros((len(tap[0]), 1), dtype=np.int64), np.ones((len(tap[0]), 1), bool)
    for axis, many in enumerate(size):
        before = slide["padding"][axis][0]
        stride, apart = slide["stride"][axis], slide["dilation"][axis]
        count = (around[axis] - apart * (taps[axis] - 1) - 1) // stride + 1
        own = tap[axis][:, None] * apart - before + np.arange(count) * stride
        there = (own >= 0) & (own < many)
        place = (place[:, :, None] * many + own[:, None]).reshape(len(own), -1)
        inside = (inside[:, :, None] & there[:, None]).reshape(len(own), -1)
    return place, inside


def _by_group(y: Array, groups: int) -> Array:
    """Return (n, groups, outputs of a group, places) of an output (n, outputs, *places)."""
    return y.reshape(len(y), groups, y.shape[1] // groups, -1)


@dataclass(frozen=True, eq=False)
class Sliding(Link):
    """A convolution seen from x (n, channels, *sizes): the slopes are the kernel."""

    slide: Mapping[str, Any] = field(kw_only=True)

    def _kernel(self, part: Part) -> Array:
        groups = self.slide["groups"]
        return self.part(part).reshape(groups, self.slopes.shape[0] // groups, -1)

    def pull(self, at_target: Array, part: Part) -> Array:
        at_places = _by_group(at_target, self.slide["groups"]).swapaxes(2, 3)
        seen = at_places @ self._kernel(part)
        return put_back(seen, self.shape, self.slopes.shape, self.slide)

    def push(self, at_source: Array, part: Part) -> Array:
        seen = patches_of(at_source, self.slopes.shape, self.slide)
        made = self._kernel(part) @ seen.swapaxes(2, 3)
        return np.asarray(made).reshape(self.target_shape)

    def pull_largest(self, at_target: Array) -> Array:
        groups, steps = self.slide["groups"], self.target_shape[2:]
        kernel = np.abs(self.slopes).reshape(groups, self.slopes.shape[0] // groups, -1)
        at_places = _by_group(at_target, groups)
        live = np.flatnonzero(at_places.any(axis=(1, 2, 3)))
        refuse_too_much(len(live) * int(np.prod(steps)) * self.slopes.size, self)
        found = np.zeros(self.shape)
        for row in live:
            seen = np.stack(
                [_largest_products(*one) for one in zip(at_places[row], kernel, strict=True)]
            )
            apart = seen.reshape(groups, *steps, -1, *self.slopes.shape[2:])
            moved = np.moveaxis(apart, 1 + len(steps), 1)
            channels_first = moved.reshape(self.shape[1], *steps, *self.slopes.shape[2:])
            found[row] = put_back_largest(channels_first, self.shape[1:], self.slide)
        return found

    def edges(self, sources: Array) -> EdgeList:
        row, channel, *place = np.unravel_index(sources, self.shape)
        outputs, of_group, *size = self.slopes.shape
        steps = self.target_shape[2:]
        step, meets = _steps_that_meet(place, tuple(size), steps, self.slide)
        which, tap = np.nonzero(meets)
        many = outputs // self.slide["groups"]
        refuse_too_many(len(which) * many, self)
        made = (channel[which] // of_group * many)[:, None] + np.arange(many)
        kernel = self.slopes.reshape(outputs, of_group, -1)
        slopes = kernel[made, (channel[which] % of_group)[:, None], tap[:, None]]
        before = (row[which, None] * outputs + made) * int(np.prod(steps))
        targets = before + step[which, tap][:, None]
        return EdgeList(np.repeat(sources[which], many), targets.reshape(-1), slopes.reshape(-1))


def _largest_products(at_places: Array, kernel: Array) -> Array:
    """Return (places, entries of a patch): the largest product over outputs.

    ``at_places`` (outputs, places) and ``kernel`` (outputs, entries) hold nothing negative.
    """
    best = np.zeros((at_places.shape[1], kernel.shape[1]))
    products = np.empty_like(best)
    for at_output, weights in zip(at_places, kernel, strict=True):
        if at_output.any():
            np.multiply(at_output[:, None], weights, out=products)
            np.maximum(best, products, out=best)
    return best


def _steps_that_meet(
    place: list[Array], size: tuple[int, ...], steps: tuple[int, ...], slide: Mapping[str, Any]
) -> tuple[Array, Array]:
    """Return (entries, taps) twice: at which step a tap lies on an entry, and whether it does.

    ``place`` gives the index of each entry along each axis of the image.
    """
    step, meets = np.zeros((len(place[0]), 1), dtype=np.int64), np.ones((len(place[0]), 1), bool)
    for axis, (taps, count) in enumerate(zip(size, steps, strict=True)):
        before, stride = slide["padding"][axis][0], slide["stride"][axis]
        left = place[axis][:, None] + before - np.arange(taps) * slide["dilation"][axis]
        own, inside = left // stride, (left >= 0) & (left % stride == 0) & (left // stride < count)
        step = (step[:, :, None] * count + own[:, None]).reshape(len(own), -1)
        meets = (meets[:, :, None] & inside[:, None]).reshape(len(own), -1)
    return step, meets


@dataclass(frozen=True, eq=False)
class SlidingWeights(Link):
    """A convolution seen from its kernel: the slopes are the image (n, channels, *sizes)."""

    slide: Mapping[str, Any] = field(kw_only=True)

    def _seen(self, part: Part) -> Array:
        key = f"patches {part}"
        if key not in self._parts:
            self._parts[key] = patches_of(self.part(part), self.shape, self.slide)
        return self._parts[key]

    def pull(self, at_target: Array, part: Part) -> Array:
        made = _by_group(at_target, self.slide["groups"]) @ self._seen(part)
        return np.asarray(made.sum(axis=0)).reshape(self.shape)

    def push(self, at_source: Array, part: Part) -> Array:
        groups = self.slide["groups"]
        kernel = at_source.reshape(groups, self.shape[0] // groups, -1)
        return np.asarray(kernel @ self._seen(part).swapaxes(2, 3)).reshape(self.target_shape)

    def pull_largest(self, at_target: Array) -> Array:
        at_places = _by_group(at_target, self.slide["groups"])
        live = np.flatnonzero(at_places.any(axis=(1, 2, 3)))
        places = int(np.prod(self.target_shape[2:]))
        refuse_too_much(len(live) * places * int(np.prod(self.shape)), self)
        seen = patches_of(np.abs(self.slopes), self.shape, self.slide)
        best = np.zeros((*at_places.shape[1:3], seen.shape[3]))
        for row in live:
            for place in range(places):
                at_outputs = at_places[row, :, :, place, None]
                np.maximum(best, at_outputs * seen[row, :, None, place], out=best)
        return best.reshape(self.shape)

    def edges(self, sources: Array) -> EdgeList:
        rows, outputs, steps = len(self.slopes), self.shape[0], int(np.prod(self.target_shape[2:]))
        refuse_too_many(len(sources) * rows * steps, self)
        which, channel, place, step = kernel_meets(
            self.slopes.shape[1:], self.shape, self.slide, sources
        )
        output = np.unravel_index(sources, self.shape)[0][which]
        image = self.slopes.reshape(rows, self.slopes.shape[1], -1)
        targets = (np.arange(rows)[:, None] * outputs + output) * steps + step
        slopes = image[:, channel, place].reshape(-1)
        return EdgeList(np.tile(sources[which], rows), targets.reshape(-1), slopes)
