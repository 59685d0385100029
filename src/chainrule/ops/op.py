"""An op: forward, backward, tangent, shapes and formula of one operation, in one block.

There are three ways to make one, and each enters it into the table ``OPS``:

    @op(...)          a class of static methods ``forward`` and ``backward`` (and ``tangent``)
    elementwise(...)  one input, one derivative; backward and tangent follow from it
    multilinear(...)  linear in each input; it is its own tangent

``backward(grad_y, y, *inputs, **settings)`` returns one gradient for each input, ``None`` where an
input has none. It is the true adjoint of forward. Where no tangent is written, it follows from the
words that forward is made of, independently of backward, so that the test
<grad_y, tangent(v)> = <backward(grad_y), v> holds one rule against another.

An op of several outputs returns a tuple from forward; its backward receives tuples for ``grad_y``
and ``y``, and its tangent returns one change for each output. Outputs that are state (``!`` in the
pattern) are left out of all three. What ``forward_predict`` makes is in the room ``prediction``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from chainrule.arrays import Array
from chainrule.checks import source_checksum
from chainrule.errors import SetupError, nearest
from chainrule.ops.blocks import (
    Bounds,
    check_block,
    check_settings,
    predicting_rule,
    routes_of,
    rule_of,
    settings_of,
)
from chainrule.ops.following import (
    no_gradient,
    no_tangent,
    scaled_by,
    sum_of_parts,
    tangent_of,
)
from chainrule.ops.patterns import Pattern, SizeRule
from chainrule.shapes import Kind, Shape
from chainrule.word_shapes import WORD_SHAPES

Gradients = tuple[Array | None, ...]
Changes = Sequence[Array | None]
Side = Literal["left", "right", "middle"]
Role = Literal["", "activation", "loss"]
Targets = Literal["numbers", "classes", "shares"]
Block = TypeVar("Block", bound=type)
NOTHING: Mapping[str, Any] = MappingProxyType({})
NO_KINKS: Mapping[float, Side] = MappingProxyType({})


@dataclass(frozen=True)
class Example:
    """One way to try an op: sizes for its pattern, settings, and where its inputs lie.

    ``ranges`` gives (lowest, highest) for an input by name; other inputs are normal. ``shapes``
    gives the inputs' shapes outright where the pattern leaves them open, with ``ROWS`` where the
    size of a batch stands.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True)
class Kink:
    """A place where forward has two slopes, and the one that backward takes.

    ``at`` names the inputs that lie there with their numbers; the slope is that of the first of
    them, seen from its own left or right, or in the middle of both.
    """

    at: Mapping[str, float]
    side: Side


@dataclass(frozen=True, eq=False)
class Op:
    """One operation, as the makers below describe it; two ops are equal when they are one."""

    name: str
    formula: str
    pattern: Pattern
    forward: Callable[..., Any]
    backward: Callable[..., Gradients]
    tangent: Callable[..., Any]
    about: str = ""
    derivative: Callable[..., Any] | None = None
    names: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    learned: Mapping[str, str] = field(default_factory=dict)
    fans: Mapping[str, Callable[..., tuple[int, int]]] = field(default_factory=dict)
    noise: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)
    forward_predict: Callable[..., Any] | None = None
    routes: Mapping[str, Callable[..., Gradients]] = field(default_factory=dict)
    fewest_rows: Callable[..., int] | None = None
    cuts: tuple[str, ...] = ()
    sizes: Mapping[str, SizeRule] = field(default_factory=dict)
    couples: str = ""
    takes_none: bool = False
    kinks: tuple[Kink, ...] = ()
    examples: tuple[Example, ...] = (Example(),)
    differentiable: bool = True
    kind: Literal["op", "elementwise", "multilinear", "word"] = "op"
    role: Role = ""
    start: str = ""
    includes: tuple[str, ...] = ()
    targets: Targets = "numbers"

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """The names of forward's array arguments."""
        count = len(self.pattern.inputs)
        return self.names or tuple(inspect.signature(self.forward).parameters)[:count]

    @cached_property
    def flowing(self) -> int:
        """How many outputs, the first ones, gradients flow through: those that are no state."""
        return self.pattern.flowing

    @cached_property
    def prediction(self) -> Op:
        """The op as prediction applies it, without random numbers; itself where it is the same."""
        from chainrule.ops.prediction import prediction_of

        return self if self.forward_predict is None else prediction_of(self)

    @property
    def shapes(self) -> str:
        """The text of the shape pattern."""
        return self.pattern.text

    def output_shapes(
        self, shapes: Sequence[Shape], settings: Mapping[str, Any], where: str = ""
    ) -> tuple[Shape, ...]:
        """Return the output shapes for these inputs. Raises ShapeError where they do not meet."""
        if self.kind == "word":
            kinds: list[Kind] = [slot.kind for slot in self.pattern.inputs]
            kinds += ["float"] * (len(shapes) - len(kinds))
            shape, _ = WORD_SHAPES[self.name](*zip(shapes, kinds, strict=True), **settings)
            return (shape,)
        found = self.pattern.match(shapes, self.input_names, where or f"'{self.name}'")
        return self.pattern.output_shapes(shapes, found, self.sizes, {**self.settings, **settings})

    def source_checksum(self) -> str:
        """Return the sha256 of the source of the op's own rules, to know the op again."""
        return source_checksum(self.forward, self.derivative or self.backward, otherwise=self.name)

    def check_settings(self, given: Mapping[str, Any], what: str) -> None:
        """Raise SetupError for settings that the op, named by ``what``, does not take."""
        check_settings(given, self.settings, self.bounds, what)

    def __repr__(self) -> str:
        return f"<op '{self.name}': {self.shapes}>"

    def __call__(self, *inputs: Array, **settings: Any) -> Any:
        return self.forward(*inputs, **settings)


# ---- the table ----

OPS: dict[str, Op] = {}
BUILT_IN: set[str] = set()


@dataclass(frozen=True)
class NamesWithRole(Collection[str]):
    """The names of all ops of one role, those included that are entered later."""

    role: Role

    def __contains__(self, name: object) -> bool:
        return name in OPS and OPS[str(name)].role == self.role

    def __iter__(self) -> Iterator[str]:
        return (name for name, one in OPS.items() if one.role == self.role)

    def __len__(self) -> int:
        return sum(1 for _ in self)


ACTIVATIONS = NamesWithRole("activation")
LOSSES = NamesWithRole("loss")


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


# ---- three ways to make an op ----


def op(
    *,
    formula: str,
    shapes: str,
    name: str | None = None,
    couples: str = "",
    learned: Mapping[str, str] = NOTHING,
    fans: Mapping[str, Callable[..., tuple[int, int]]] = NOTHING,
    noise: Mapping[str, str] = NOTHING,
    state: Mapping[str, str] = NOTHING,
    sizes: Mapping[str, SizeRule] = NOTHING,
    kinks: Sequence[Kink] = (),
    examples: Sequence[Example] = (Example(),),
    bounds: Mapping[str, Bounds] = NOTHING,
    role: Role = "",
    start: str = "",
    includes: Sequence[str] = (),
    targets: Targets = "numbers",
    cuts: Sequence[str] = (),
    takes_none: bool = False,
    differentiable: bool = True,
) -> Callable[[Block], Block]:
    """Enter a class of static methods into the table as an op; its docstring is its ``about``.

    ``shapes`` is its pattern. ``couples`` names the axes along which it mixes: those where one
    entry of an output depends on several entries of one input. ``learned`` gives the inputs that
    are parameters, with the initializer each starts from; ``fans`` functions of all sizes and
    settings for the (fan_in, fan_out) of those that are no matrix (inputs, outputs); ``sizes``
    functions for output sizes that stand nowhere on the left. Settings are the keyword arguments of
    ``forward`` that have defaults.

    ``noise`` names inputs that are random, each with the input whose shape it has: numbers uniform
    between 0 and 1, other ones in every step of a training. ``state`` gives the inputs that a
    training carries along, ``!`` in the pattern, with the initializer of their first values. An op
    with either has a rule ``forward_predict(*inputs, **settings)`` without the random inputs, which
    gives the outputs that are no state; rows do not mix in it. A rule ``fewest_rows(*shapes)``, of
    the inputs' shapes in one row, says how many rows a step needs.

    ``routes`` of the class, where backward is a sum, names its parts ("the mean of the batch"):
    each is a rule like backward.

    ``bounds`` gives the least and the most of a setting; ``cuts`` names inputs whose gradient ends
    here on purpose, though forward depends on them. ``takes_none``: backward is given ``None``, not
    zeros, for an output that nothing reads. ``differentiable=False``: no input has a gradient.

    ``role="activation"`` makes the op an activation by its name; ``start`` names the initializer of
    weights in front of it. ``role="loss"`` makes it a loss: prediction and target in, one number
    for each row out. ``includes`` names the ops that such a loss applies to the prediction itself
    (cross-entropy includes the softmax), so that the output layer must not bring them. A pattern
    with whole numbers (``n < k``) takes labels; otherwise ``targets`` says what the loss takes:
    "numbers", "classes" (two of them, as 0 and 1), or "shares" of the classes.
    Raises SetupError where a rule is missing, forward takes too few arguments, the pattern cannot
    be read or leaves a size of an output open.
    """

    def decorate(block: Block) -> Block:
        own_name = name or block.__name__
        pattern = Pattern(shapes)
        forward = rule_of(block, "forward", own_name)
        check_block(own_name, forward, pattern, sizes)
        names = tuple(inspect.signature(forward).parameters)[: len(pattern.inputs)]
        enter(
            Op(
                name=own_name,
                formula=formula,
                pattern=pattern,
                forward=forward,
                backward=rule_of(block, "backward", own_name),
                tangent=getattr(block, "tangent", None) or tangent_of(forward, pattern.flowing),
                about=inspect.cleandoc(block.__doc__ or ""),
                settings=settings_of(forward, len(pattern.inputs)),
                bounds=bounds,
                learned=learned,
                fans=fans,
                noise=noise,
                state=state,
                forward_predict=predicting_rule(block, own_name, pattern, names, noise, state),
                routes=routes_of(block, own_name),
                fewest_rows=getattr(block, "fewest_rows", None),
                cuts=tuple(cuts),
                takes_none=takes_none,
                differentiable=differentiable,
                sizes=sizes,
                couples=couples,
                kinks=tuple(kinks),
                examples=tuple(examples),
                role=role,
                start=start,
                includes=(includes,) if isinstance(includes, str) else tuple(includes),
                targets=targets,
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
    kinks: Mapping[float, Side] = NO_KINKS,
    examples: Sequence[Example] = (Example(),),
    bounds: Mapping[str, Bounds] = NOTHING,
    role: Role = "activation",
    start: str = "",
) -> Op:
    """Enter an op of one input, element by element, by its one derivative dy/dx(y, x, ...).

    ``derivative=None``: the op has no gradient, and training through it is refused. ``kinks`` maps
    each number at which there are two slopes to the one that the derivative takes. ``start`` names
    the initializer of weights in front of it ("he_normal" for rectifiers; by default the layer's
    own), ``bounds`` gives the least and the most of a setting.
    """
    backward, tangent = scaled_by(derivative) if derivative else (no_gradient, no_tangent)
    first = next(iter(inspect.signature(forward).parameters))
    return enter(
        Op(
            name=name,
            formula=formula,
            pattern=Pattern("... -> ..."),
            forward=forward,
            backward=backward,
            tangent=tangent,
            about=about,
            derivative=derivative,
            settings=settings_of(forward, 1),
            bounds=bounds,
            kinks=tuple(Kink({first: number}, side) for number, side in kinks.items()),
            examples=tuple(examples),
            differentiable=derivative is not None,
            kind="elementwise",
            role=role,
            start=start,
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
    couples: str = "",
    learned: Mapping[str, str] = NOTHING,
    examples: Sequence[Example] = (Example(),),
    role: Role = "",
) -> Op:
    """Enter an op that is linear in each of its inputs: its tangent is a sum of forwards."""

    def tangent(changes: Changes, y: Array, *inputs: Array, **settings: Any) -> Any:
        return sum_of_parts(
            forward(*inputs[:place], change, *inputs[place + 1 :], **settings)
            for place, change in enumerate(changes)
            if change is not None
        )

    pattern = Pattern(shapes)
    check_block(name, forward, pattern, ())
    return enter(
        Op(
            name=name,
            formula=formula,
            pattern=pattern,
            forward=forward,
            backward=backward,
            tangent=tangent,
            about=about,
            settings=settings_of(forward, len(pattern.inputs)),
            learned=learned,
            couples=couples,
            examples=tuple(examples),
            kind="multilinear",
            role=role,
        )
    )
