"""An op: forward, backward, tangent, shapes and formula of one operation, in one block.

There are three ways to make one, and each enters it into the table ``OPS``:

    @op(...)          a class of static methods ``forward`` and ``backward`` (and ``tangent``)
    elementwise(...)  one input, one derivative; backward and tangent follow from it
    multilinear(...)  linear in each input; it is its own tangent

``backward(grad_y, y, *inputs, **settings)`` returns one gradient for each input, ``None`` where an
input has none. It is the true adjoint of forward. Where no tangent is written, it follows from the
words that forward is made of, independently of backward, so that the test
<grad_y, tangent(v)> = <backward(grad_y), v> holds one rule against another.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from chainrule.arrays import Array
from chainrule.errors import SetupError, nearest
from chainrule.ops.patterns import Pattern, SizeRule
from chainrule.word_shapes import Shape

Gradients = tuple[Array | None, ...]
Side = Literal["left", "right", "middle"]
Block = TypeVar("Block", bound=type)
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Example:
    """One way to try an op: sizes for its pattern, settings, and where its inputs lie.

    ``ranges`` gives (lowest, highest) for an input by name; other inputs are normal. ``shapes``
    gives the inputs' shapes outright where the pattern leaves them open, and ``below`` the bound of
    an input of whole numbers.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = ()
    below: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Op:
    """One operation. ``kinks`` says which one-sided slope backward takes where there are two."""

    name: str
    formula: str
    pattern: Pattern
    forward: Callable[..., Any]
    backward: Callable[..., Gradients]
    tangent: Callable[..., Any]
    about: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    learned: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, SizeRule] = field(default_factory=dict)
    couples: str = ""
    kinks: Mapping[float, Side] = field(default_factory=dict)
    examples: tuple[Example, ...] = (Example(),)
    differentiable: bool = True
    kind: Literal["op", "elementwise", "multilinear", "word"] = "op"

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of forward's array arguments."""
        count = len(self.pattern.inputs)
        return tuple(inspect.signature(self.forward).parameters)[:count]

    @property
    def shapes(self) -> str:
        return self.pattern.text

    def output_shapes(
        self, shapes: Sequence[Shape], settings: Mapping[str, Any], where: str = ""
    ) -> tuple[Shape, ...]:
        """Return the output shapes for these inputs. Raises ShapeError where they do not meet."""
        found = self.pattern.match(shapes, self.input_names, where or f"'{self.name}'")
        return self.pattern.output_shapes(shapes, found, self.sizes, {**self.settings, **settings})

    def source_checksum(self) -> str:
        """Return the sha256 of the source of forward and backward, to know the op again."""
        try:
            text = inspect.getsource(self.forward) + inspect.getsource(self.backward)
        except (OSError, TypeError):
            text = self.name
        return hashlib.sha256(text.encode()).hexdigest()

    def __call__(self, *inputs: Array, **settings: Any) -> Any:
        return self.forward(*inputs, **settings)


OPS: dict[str, Op] = {}
BUILT_IN: set[str] = set()


def find_op(name: str) -> Op:
    """Return the op of a name. Raises SetupError with the nearest names."""
    if name not in OPS:
        raise SetupError(f"There is no op '{name}'.", nearest(name, OPS))
    return OPS[name]


def enter(new: Op) -> Op:
    """Put an op into the table. A built-in name cannot be taken by another op."""
    if new.name in BUILT_IN:
        raise SetupError(
            f"'{new.name}' is the name of an op that chainrule brings.", "Choose another name."
        )
    OPS[new.name] = new
    return new


def op(
    *,
    formula: str,
    shapes: str,
    name: str | None = None,
    couples: str = "",
    learned: Mapping[str, str] = NOTHING,
    sizes: Mapping[str, SizeRule] = NOTHING,
    kinks: Mapping[float, Side] = NOTHING,
    examples: Sequence[Example] = (Example(),),
) -> Callable[[Block], Block]:
    """Enter a class of static methods into the table as an op.

    ``shapes`` is its pattern, ``couples`` the names of axes along which it mixes entries,
    ``learned`` the inputs that are parameters with the initializer each starts from, ``sizes``
    functions for output sizes that stand nowhere on the left. Settings are the keyword arguments
    of ``forward`` that have defaults.
    """

    def decorate(block: Block) -> Block:
        forward: Callable[..., Any] = vars(block)["forward"].__func__
        pattern = Pattern(shapes)
        tangent = vars(block).get("tangent")
        enter(
            Op(
                name=name or block.__name__,
                formula=formula,
                pattern=pattern,
                forward=forward,
                backward=vars(block)["backward"].__func__,
                tangent=tangent.__func__ if tangent else _tangent_of(forward),
                about=inspect.cleandoc(block.__doc__ or ""),
                settings=_defaults(forward, len(pattern.inputs)),
                learned=learned,
                sizes=sizes,
                couples=couples,
                kinks=kinks,
                examples=tuple(examples),
            )
        )
        return block

    return decorate


def elementwise(
    name: str,
    formula: str,
    *,
    forward: Callable[..., Array],
    derivative: Callable[..., Array] | None,
    about: str = "",
    kinks: Mapping[float, Side] = NOTHING,
    examples: Sequence[Example] = (Example(),),
) -> Op:
    """Enter an op of one input, element by element, by its one derivative dy/dx(y, x, ...).

    ``derivative=None``: the op has no gradient, and training through it is refused.
    """
    if derivative is None:
        backward, tangent = _no_gradient, _no_tangent
    else:
        backward, tangent = _scaled_by(derivative)
    return enter(
        Op(
            name=name,
            formula=formula,
            pattern=Pattern("... -> ..."),
            forward=forward,
            backward=backward,
            tangent=tangent,
            about=about,
            settings=_defaults(forward, 1),
            kinks=kinks,
            examples=tuple(examples),
            differentiable=derivative is not None,
            kind="elementwise",
        )
    )


def multilinear(
    name: str,
    formula: str,
    shapes: str,
    *,
    forward: Callable[..., Array],
    backward: Callable[..., Gradients],
    about: str = "",
    examples: Sequence[Example] = (Example(),),
) -> Op:
    """Enter an op that is linear in each of its inputs: its tangent is a sum of forwards."""

    def tangent(changes: Sequence[Array | None], y: Array, *inputs: Array, **settings: Any) -> Any:
        return _sum_of(
            forward(*inputs[:place], change, *inputs[place + 1 :], **settings)
            for place, change in enumerate(changes)
            if change is not None
        )

    pattern = Pattern(shapes)
    return enter(
        Op(
            name=name,
            formula=formula,
            pattern=pattern,
            forward=forward,
            backward=backward,
            tangent=tangent,
            about=about,
            settings=_defaults(forward, len(pattern.inputs)),
            examples=tuple(examples),
            kind="multilinear",
        )
    )


def _scaled_by(
    derivative: Callable[..., Array],
) -> tuple[Callable[..., Gradients], Callable[..., Any]]:
    def backward(grad_y: Array, y: Array, x: Array, **settings: Any) -> Gradients:
        return (grad_y * derivative(y, x, **settings),)

    def tangent(changes: Sequence[Array | None], y: Array, x: Array, **settings: Any) -> Any:
        (change_x,) = changes
        return None if change_x is None else derivative(y, x, **settings) * change_x

    return backward, tangent


def _no_gradient(grad_y: Array, y: Array, x: Array, **settings: Any) -> Gradients:
    return (None,)


def _no_tangent(changes: Sequence[Array | None], y: Array, x: Array, **settings: Any) -> Any:
    return None


def _tangent_of(forward: Callable[..., Any]) -> Callable[..., Any]:
    def tangent(changes: Sequence[Array | None], y: Any, *inputs: Array, **settings: Any) -> Any:
        # The walks read this table, so they are imported when a tangent is first asked for.
        from chainrule.ops.derived import tangent_of_function

        return tangent_of_function(forward, changes, inputs, settings)

    return tangent


def _sum_of(parts: Any) -> Any:
    total = None
    for part in parts:
        total = part if total is None else total + part
    return total


def _defaults(forward: Callable[..., Any], inputs: int) -> dict[str, Any]:
    parameters = list(inspect.signature(forward).parameters.values())[inputs:]
    return {one.name: one.default for one in parameters if one.default is not one.empty}
