"""Shape patterns: one string that says how the sizes of an op's inputs and outputs hang together.

    "... i, i o, o -> ... o"    linear: three inputs, one output; any axes in front
    "n k, n < k -> n"           second input: n whole numbers from 0 to k - 1
    "n k, n k ? -> n k"         second input: truth values
    "... -> ..."                any shape, kept
    "n k -> "                   one number comes out

A name stands for one size wherever it occurs, a number for itself; ``n`` is the rows of a batch.
``...`` stands for any axes; two of them meet as elementwise operations do. A size on the right that
stands nowhere on the left is worked out by a function of the op's ``sizes``.
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
SIZE = re.compile(r"\d+|[A-Za-z_][\w+*/]*")


@dataclass(frozen=True)
class Slot:
    """The sizes of one input or output; ``below`` names the bound of whole numbers."""

    sizes: tuple[str, ...]
    kind: Kind = "float"
    below: str = ""

    def __str__(self) -> str:
        ending = {"float": "", "integer": f" < {self.below}", "boolean": " ?"}[self.kind]
        return " ".join(self.sizes) + ending


@dataclass(frozen=True)
class Pattern:
    """A shape pattern, read once. Raises SetupError for a text that is none."""

    text: str

    def __post_init__(self) -> None:
        if self.text.count("->") != 1 or ",," in self.text:
            self._refuse("needs one '->' and a comma between two inputs")
        for slot in (*self.inputs, *self.outputs):
            names = slot.sizes[1:] if slot.sizes[:1] == ("...",) else slot.sizes
            if slot.kind == "integer" and not SIZE.fullmatch(slot.below):
                self._refuse("leaves out what its whole numbers are below")
            if not all(map(SIZE.fullmatch, names)):
                self._refuse(f"cannot be read at '{slot}'")
        spread = [slot for slot in self.inputs if slot.sizes[:1] == ("...",)]
        if not spread and any("..." in slot.sizes for slot in self.outputs):
            self._refuse("has '...' in an output and in no input")

    def _refuse(self, why: str) -> NoReturn:
        raise SetupError(
            f"The shape pattern '{self.text}' {why}.",
            "Write inputs -> outputs, such as 'n i, i o -> n o'; '...' stands in front only.",
        )

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
            for letter, size in self._pairs(slot, shape, name, where):
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

    def _pairs(self, slot: Slot, shape: Shape, name: str, where: str) -> list[tuple[str, Size]]:
        letters = slot.sizes
        if letters[:1] == ("...",):
            letters = letters[1:]
            shape = shape[len(shape) - len(letters) :] if len(shape) >= len(letters) else shape
        if len(letters) != len(shape):
            raise ShapeError(
                f"{where} expects {self.text}, but {name} is {show(shape)} where '{slot}' is due.",
                f"Give {name} {len(letters)} axes.",
            )
        return list(zip(letters, shape, strict=True))

    def output_shapes(
        self,
        shapes: Sequence[Shape],
        sizes: Mapping[str, Size],
        rules: Mapping[str, SizeRule],
        settings: Mapping[str, Any],
    ) -> tuple[Shape, ...]:
        """Return the shape of each output."""
        leading = [
            shape[: len(shape) - len(slot.sizes) + 1]
            for slot, shape in zip(self.inputs, shapes, strict=True)
            if slot.sizes[:1] == ("...",)
        ]
        results: list[Shape] = []
        for slot in self.outputs:
            shape: list[Size] = []
            for letter in slot.sizes:
                if letter == "...":
                    shape.extend(broadcast(*leading))
                elif letter.isdigit():
                    shape.append(int(letter))
                elif letter in sizes:
                    shape.append(sizes[letter])
                else:
                    shape.append(rules[letter](**sizes, **settings))
            results.append(tuple(shape))
        return tuple(results)


def _slots(text: str) -> tuple[Slot, ...]:
    return tuple(_slot(part.strip()) for part in text.split(","))


def _slot(text: str) -> Slot:
    if text.endswith("?"):
        return Slot(tuple(text[:-1].split()), "boolean")
    sizes, bounded, below = text.partition("<")
    return Slot(tuple(sizes.split()), "integer" if bounded else "float", below.strip())


def with_rows(shape: Shape) -> bool:
    """Whether a shape holds the open size."""
    return any(isinstance(size, Rows) for size in shape)
