"""The links of convolutions: from the image, and from the kernel that slides over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.explanation.links import Array, EdgeList, Link, Part, refuse_too_many
from chainrule.sliding import overlap_add, windows
from chainrule.sliding_shapes import padded


@dataclass(frozen=True, eq=False)
class Places:
    """Which entry of a row meets which entry of the kernel in which output.

    ``row`` (channels, *sizes), ``kernel`` (outputs, channels of a group, *places); the three arrays
    are flat places in a row, in the kernel and in a row of the output. -1 stands for padding.
    """

    row: tuple[int, ...]
    kernel: tuple[int, ...]
    slide: Mapping[str, Any]

    @cached_property
    def met(self) -> tuple[Array, Array, Array]:
        outputs, of_group, *size = self.kernel
        numbers = np.arange(int(np.prod(self.row)), dtype=np.float64).reshape(self.row)
        around = np.pad(numbers, ((0, 0), *self.slide["padding"]), constant_values=-1.0)
        seen = np.asarray(
            windows(around, tuple(size), self.slide["stride"], self.slide["dilation"])
        )
        taps = int(np.prod(size))
        seen = seen.reshape(self.row[0], -1, taps).astype(np.int64)
        group = np.arange(outputs) // (outputs // self.slide["groups"])
        channels = group[:, None] * of_group + np.arange(of_group)
        entries = seen[channels]
        steps = entries.shape[2]
        weights = np.arange(outputs * of_group * taps).reshape(outputs, of_group, 1, taps)
        made = (np.arange(outputs)[:, None] * steps + np.arange(steps)).reshape(
            outputs, 1, steps, 1
        )
        inside = entries >= 0
        return (
            entries[inside],
            np.broadcast_to(weights, entries.shape)[inside],
            np.broadcast_to(made, entries.shape)[inside],
        )


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

    def edges(self, sources: Array) -> EdgeList:
        in_row = int(np.prod(self.shape[1:]))
        made_in_row = int(np.prod(self.target_shape[1:]))
        refuse_too_many(int(np.prod(self.target_shape[2:])) * self.slopes.size, self)
        entries, weights, made = Places(self.shape[1:], self.slopes.shape, self.slide).met
        kernel = self.slopes.reshape(-1)
        rows = np.unique(sources // in_row)
        refuse_too_many(len(rows) * len(entries), self)
        found = []
        for row in rows:
            wanted = np.zeros(in_row, dtype=bool)
            wanted[sources[sources // in_row == row] % in_row] = True
            chosen = wanted[entries]
            found.append(
                (
                    entries[chosen] + row * in_row,
                    made[chosen] + row * made_in_row,
                    kernel[weights[chosen]],
                )
            )
        return EdgeList(*(np.concatenate(one) for one in zip(*found, strict=True)))


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

    def edges(self, sources: Array) -> EdgeList:
        rows = len(self.slopes)
        made_in_row = int(np.prod(self.target_shape[1:]))
        refuse_too_many(int(np.prod(self.target_shape[2:])) * int(np.prod(self.shape)), self)
        entries, weights, made = Places(self.slopes.shape[1:], self.shape, self.slide).met
        wanted = np.zeros(int(np.prod(self.shape)), dtype=bool)
        wanted[sources] = True
        chosen = wanted[weights]
        entries, weights, made = entries[chosen], weights[chosen], made[chosen]
        refuse_too_many(rows * len(entries), self)
        image = self.slopes.reshape(rows, -1)
        targets = np.arange(rows)[:, None] * made_in_row + made
        return EdgeList(np.tile(weights, rows), targets.reshape(-1), image[:, entries].reshape(-1))
