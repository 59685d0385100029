"""Shape patterns: one string that says how the sizes of an op's inputs and outputs hang together.

    "... i, i o, o -> ... o"    linear: three inputs, one output; any axes in front
    "n k, n < k -> n"           second input: n whole numbers from 0 to k - 1
    "n k, n k ? -> n k"         second input: truth values
    "... -> ..."                any shape, kept
    "n k -> "                   one number comes out
    "n c ... -> n c"            any axes behind those that are named
    "n i, i ! -> n i, i !"      second input: state, which the second output replaces

A name stands for one size wherever it occurs, a number for itself; ``n`` is the rows of a batch.
``...`` stands for any axes; two of them meet as elementwise operations do. A size on the right that
stands nowhere on the left is worked out by a function of the op's ``sizes``. State outputs stand
behind the others, one for each state input, in their order; no gradient flows into or out of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from chainrule.errors import SetupError, ShapeError
from chainrule.shapes import Kind, Rows, Shape, Size, broadcast, show

SizeRule = Callable[..., int]
SIZE = re.compile(r"\d+|[A-Za-z_][\w+*/']*")


@dataclass(frozen=True)
class Slot:
    """The sizes of one input or output; ``below`` names the bound of whole numbers."""

    sizes: tuple[str, ...]
    kind: Kind = "float"
    below: str = ""
    state: bool = False

    def __str__(self) -> str:
        ending = {"float": "", "integer": f" < {self.below}", "boolean": " ?"}[self.kind]
        return " ".join(self.sizes) + (" !" if self.state else ending)

    @property
    def is_open(self) -> bool:
        """Whether any axes may stand among its own."""
        return "..." in self.sizes

    @property
    def names(self) -> tuple[str, ...]:
        """The sizes without the first ``...``."""
        before = self._before
        return (*self.sizes[:before], *self.sizes[before + self.is_open :])

    @property
    def _before(self) -> int:
        """How many sizes stand in front of ``...``."""
        return self.sizes.index("...") if self.is_open else len(self.sizes)

    def pairs(self, shape: Shape) -> list[tuple[str, Size]] | None:
        """Return each name with its size in a shape, None where the axes are too few or many."""
        names = self.names
        if len(shape) < len(names) or (len(shape) > len(names) and not self.is_open):
            return None
        before = self._before
        behind = len(names) - before
        own = (*shape[:before], *shape[len(shape) - behind :])
        return list(zip(names, own, strict=True))

    def any_axes(self, shape: Shape) -> Shape:
        """Return the part of a shape that ``...`` stands for."""
        return shape[self._before : len(shape) - len(self.names) + self._before]


@dataclass(frozen=True)
class Pattern:
    """A shape pattern, read once. Raises SetupError for a text that is none."""

    text: str

    def __post_init__(self) -> None:
        if self.text.count("->") != 1 or ",," in self.text:
            self._refuse("needs one '->' and a comma between two inputs")
        for slot in (*self.inputs, *self.outputs):
            if slot.kind == "integer" and not SIZE.fullmatch(slot.below):
                self._refuse("leaves out what its whole numbers are below")
            if not all(map(SIZE.fullmatch, slot.names)):
                self._refuse(f"cannot be read at '{slot}'")
        spread = any(slot.is_open for slot in self.inputs)
        if not spread and any(slot.is_open for slot in self.outputs):
            self._refuse("has '...' in an output and in no input")
        given = [slot.sizes for slot in self.inputs if slot.state]
        made = [slot.sizes for slot in self.outputs[self.flowing :] if slot.state]
        if given != made or not self.flowing or len(self.outputs) != self.flowing + len(made):
            self._refuse("does not return its state, '!', behind an output, as it came")

    def _refuse(self, why: str) -> NoReturn:
        raise SetupError(
            f"The shape pattern '{self.text}' {why}.",
            "Write inputs -> outputs, such as 'n i, i o -> n o'; '...' stands once in each.",
        )

    @cached_property
    def flowing(self) -> int:
        """How many outputs, the first ones, are no state."""
        places = (place for place, slot in enumerate(self.outputs) if slot.state)
        return next(places, len(self.outputs))

    @property
    def unknown_sizes(self) -> list[str]:
        """The sizes of outputs that no input has."""
        known = {size for slot in self.inputs for size in slot.sizes}
        return [
            size
            for slot in self.outputs
            for size in slot.sizes
            if size not in known and not size.isdigit()
        ]

    @cached_property
    def inputs(self) -> tuple[Slot, ...]:
        return _slots(self.text.split("->")[0])

    @cached_property
    def outputs(self) -> tuple[Slot, ...]:
        return _slots(self.text.split("->")[1])

    def match(self, shapes: Sequence[Shape], names: Sequence[str], where: str) -> dict[str, Size]:
        """Return the size of each name. Raises ShapeError with pattern, given sizes and remedy."""
        if len(shapes) != len(self.inputs):
            raise ShapeError(
                f"{where} expects {len(self.inputs)} inputs ({self.text}) and was given "
                f"{len(shapes)}.",
                "Give one value for each input of the pattern.",
            )
        sizes: dict[str, Size] = {}
        given = list(zip(names, self.inputs, shapes, strict=True))
        for name, slot, shape in given:
            for letter, size in self.pairs(slot, shape, name, where):
                expected = int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
                if expected != size:
                    first = next(one for one in given if letter in one[1].sizes)
                    raise ShapeError(
                        f"{where} expects {self.text}: {first[0]} is {show(first[2])}, so "
                        f"{letter} = {expected!r}, but {name} is {show(shape)}, so "
                        f"{letter} = {size!r}.",
                        f"Make {letter} the same in both.",
                    )
        return sizes

    def pairs(self, slot: Slot, shape: Shape, name: str, where: str) -> list[tuple[str, Size]]:
        """Return each name of an input with its size. Raises ShapeError where they do not fit."""
        pairs = slot.pairs(shape)
        if pairs is None:
            more = " or more" if slot.is_open else ""
            raise ShapeError(
                f"{where} expects {self.text}, but {name} is {show(shape)} where '{slot}' is due.",
                f"Give {name} {len(slot.names)} axes{more}.",
            )
        return pairs

    def output_shapes(
        self,
        shapes: Sequence[Shape],
        sizes: Mapping[str, Size],
        rules: Mapping[str, SizeRule],
        settings: Mapping[str, Any],
    ) -> tuple[Shape, ...]:
        """Return the shape of each output."""
        spread = [
            slot.any_axes(shape)
            for slot, shape in zip(self.inputs, shapes, strict=True)
            if slot.is_open
        ]
        results: list[Shape] = []
        for slot in self.outputs:
            shape: list[Size] = []
            for letter in slot.sizes:
                if letter == "...":
                    shape.extend(broadcast(*spread))
                elif letter.isdigit():
                    shape.append(int(letter))
                elif letter in sizes:
                    shape.append(sizes[letter])
                else:
                    # A rule for an output that names no "..." may count what stands there.
                    under = {} if slot.is_open or not spread else {"...": broadcast(*spread)}
                    shape.append(rules[letter](**sizes, **under, **settings))
            results.append(tuple(shape))
        return tuple(results)


def _slots(text: str) -> tuple[Slot, ...]:
    return tuple(_slot(part.strip()) for part in text.split(","))


def _slot(text: str) -> Slot:
    if text.endswith("!"):
        return Slot(tuple(text[:-1].split()), state=True)
    if text.endswith("?"):
        return Slot(tuple(text[:-1].split()), "boolean")
    sizes, bounded, below = text.partition("<")
    return Slot(tuple(sizes.split()), "integer" if bounded else "float", below.strip())


def with_rows(shape: Shape) -> bool:
    """Whether a shape holds the open size."""
    return any(isinstance(size, Rows) for size in shape)
