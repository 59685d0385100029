"""Random programs over the alphabet: what the tests of the native engine hold to the reference.

``Drawing`` makes a program by asking ``choose`` for one of some options, again and again, so that
Hypothesis can draw and shrink one, and a loop over seeds can draw many. Magnitudes are kept
moderate on the way; now and then a word meets what it is not made for (the logarithm of a negative
number), since NaN and infinity have to be the reference's as well.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from native_scans import scanned
from native_shapes import (
    SIZES,
    Choose,
    can_multiply,
    has_open,
    meets,
    product,
    shape_of,
    spreads,
    without,
)
from native_windows import contracted, convolved, drawn, slid_over

from chainrule import arrays
from chainrule.arrays import (
    absolute,
    add_at,
    apply,
    broadcast_like,
    concatenate,
    exp,
    max_over,
    maximum,
    mean_over,
    minimum,
    pad,
    reshape,
    slice_of,
    sum_over,
    take,
    tanh,
    to_float,
    transpose,
    where,
)
from chainrule.program import Input, Tracing
from chainrule.shapes import Rows, Shape, broadcast
from chainrule.symbols import Symbol

SMOOTH = ("sin", "cos", "tanh", "sigmoid", "erf")
ROUGH = ("negative", "absolute", "sign", "floor")
PAIRS = ("add", "subtract", "multiply", "divide", "maximum", "minimum")
COMPARISONS = ("less", "less_equal", "equal", "logical_and", "logical_or")
EXPONENTS = (2.0, 0.5, -1.0, 1.0, 3.0, 0.3, 0.0, -2.0)


class Drawing:
    """A program while it is drawn: the values so far, and about how large each may be."""

    def __init__(self, choose: Choose, inputs: Sequence[Input], *, hollow: bool = False) -> None:
        self.choose = choose
        self.sizes = (*SIZES, 0) if hollow else SIZES
        self.tracing = Tracing(inputs)
        self.pool: list[Symbol] = list(self.tracing.symbols)
        self.heights: dict[int, float] = {one.number: 8.0 for one in self.pool}

    # ---- values ----

    def keep(self, made: Any, height: float) -> Symbol:
        """Remember a value; one that may be large is scaled down first."""
        assert isinstance(made, Symbol)
        if height > 64.0 and made.kind == "float":
            scale = 2.0 ** -math.ceil(math.log2(height / 4.0))
            made, height = self.keep(made * scale, 4.0), 4.0
        elif height > 1e6 and made.kind == "integer":
            made, height = self.keep(maximum(minimum(made, 9), -9), 9.0), 9.0
        self.heights.setdefault(made.number, height)
        if all(one is not made for one in self.pool):
            self.pool.append(made)
        return made

    def height(self, value: Any) -> float:
        return self.heights.get(value.number, 8.0) if isinstance(value, Symbol) else 4.0

    def any_value(self, wanted: Callable[[Symbol], bool] = lambda _: True) -> Symbol | None:
        """Choose a value, the newest ones with better chances; None where none is wanted."""
        found = [one for one in self.pool if wanted(one)]
        return self.choose([*found, *found[-4:], *found[-2:]]) if found else None

    def number(self, value: Symbol) -> Symbol:
        """Return floats or integers: truth values have no sign."""
        return self.keep(to_float(value), 1.0) if value.kind == "boolean" else value

    def constant(self, shape: Shape) -> Any:
        """Return a number, or an array of a fixed shape."""
        fixed = tuple(1 if isinstance(size, Rows) else size for size in shape)
        size = math.prod(fixed)
        seed = self.choose(range(1000))
        drawn = np.random.default_rng(seed).normal(size=size).reshape(fixed)
        return np.round(drawn * 8.0) / 8.0 if seed % 2 else drawn

    def partner(self, value: Symbol) -> Any:
        """Return what meets a value element by element."""
        if self.choose(range(6)) == 0:
            return self.choose([2.0, 1.0, -0.5, 0.0, self.constant(value.plain[-2:])])
        found = self.any_value(lambda one: meets(one.plain, value.plain))
        return value if found is None else found

    # ---- words, each a way to make one more value ----

    def draw(self, words: int) -> None:
        ways: list[Callable[[], None]] = [
            *[self.unary, self.binary, self.binary, self.compared, self.chosen, self.powered],
            *[self.reduced, self.reduced, self.multiplied, self.multiplied, self.turned],
            *[self.shaped, self.sliced, self.padded, self.joined, self.taken, self.added],
            *[self.spread, self.counted, self.normalised, self.softened, self.flattened],
        ]
        for word in (contracted, drawn, slid_over, slid_over, convolved, convolved, scanned):
            ways.append(functools.partial(word, self))
        for _ in range(words):
            self.choose(ways)()

    def unary(self) -> None:
        value = self.number(self.some())
        height = self.height(value)
        word = self.choose([*SMOOTH, *SMOOTH, *ROUGH, "exp", "expm1", "log", "log1p", "sqrt"])
        guarded = self.choose(range(12)) > 0
        if word in ("exp", "expm1"):
            if height > 4.0 and guarded:
                value = self.keep(minimum(value, 1.5), height)
            self.keep(apply(word, (value,)), 64.0 if guarded else 1e3)
        elif word in ("log", "log1p", "sqrt"):
            if guarded:
                value = self.keep(absolute(value) + 0.25, height + 0.25)
            self.keep(apply(word, (value,)), max(height, 2.0))
        else:
            self.keep(apply(word, (value,)), 1.0 if word in SMOOTH else height)

    def some(self) -> Symbol:
        value = self.any_value()
        assert value is not None
        return value

    def binary(self) -> None:
        value = self.some()
        other = self.partner(value)
        word = self.choose(PAIRS)
        booleans = value.kind == "boolean" and getattr(other, "kind", "") == "boolean"
        if booleans and word in ("subtract", "divide"):
            value = self.number(value)
        height, others = self.height(value), self.height(other)
        if word == "divide":
            other = absolute(other) + 0.5 if self.choose(range(12)) > 0 else other
            others = 2.0
        a, b = (value, other) if word == "divide" or self.choose([True, False]) else (other, value)
        made = apply(word, (a, b))
        self.keep(made, height * others if word in ("multiply", "divide") else height + others)

    def compared(self) -> None:
        value = self.some()
        other = self.partner(value)
        word = self.choose([*COMPARISONS, "logical_not", "is_finite", "to_float"])
        given = (value, other) if word in COMPARISONS else (value,)
        self.keep(apply(word, given), 1.0)

    def chosen(self) -> None:
        truths = self.any_value(lambda one: one.kind == "boolean")
        condition = truths if truths is not None and self.choose(range(4)) else self.some()
        left = self.partner(condition)
        shape = broadcast(condition.plain, shape_of(left))
        right = self.any_value(lambda one: meets(one.plain, shape))
        right = 0.0 if right is None else right
        self.keep(where(condition, left, right), max(self.height(left), self.height(right)))

    def powered(self) -> None:
        value = self.number(self.some())
        exponent = self.choose([*EXPONENTS, None])
        if exponent is None:
            other = self.partner(value)
            exponent = maximum(minimum(other, 2.0), -2.0)
        guarded = self.choose(range(8)) > 0
        height = self.height(value) + 0.5
        made = apply("power", (absolute(value) + 0.5 if guarded else value, exponent))
        self.keep(made, min(height**3, 1e4))

    def reduced(self) -> None:
        value = self.some()
        rank = len(value.plain)
        axes = [axis for axis in range(rank) if self.choose([True, False])]
        axis = None if len(axes) == rank and self.choose([True, False]) else tuple(axes)
        keepdims = self.choose([True, False])
        gone = [value.plain[one] for one in (range(rank) if axis is None else axes)]
        if self.choose([True, False]) and 0 not in value.plain:
            self.keep(max_over(value, axis, keepdims), self.height(value))
        else:
            self.keep(sum_over(value, axis, keepdims), self.height(value) * product(tuple(gone)))

    def multiplied(self) -> None:
        left = self.any_value(lambda one: len(one.plain) > 1)
        if left is None:
            value = self.some()
            left = self.keep(reshape(value, (*value.plain, 1) if value.plain else (1, 1)), 8.0)
        left = self.number(left)
        depth = left.plain[-1]
        fits = self.any_value(lambda one: can_multiply(left.plain, one.plain))
        way = self.choose(["fits", "fits", "turned", "constant"])
        right: Any
        if way == "fits" and fits is not None:
            right = self.number(fits)
        elif way == "constant" and not isinstance(depth, Rows):
            right = self.constant((depth, self.choose(self.sizes)))
        else:
            axes = list(range(len(left.plain)))
            axes[-2:] = [axes[-1], axes[-2]]
            right = transpose(left, tuple(axes))
        height = self.height(left) * self.height(right) * product((depth,)) ** 0.5
        self.keep(left @ right, height)

    def turned(self) -> None:
        value = self.any_value(lambda one: len(one.plain) > 1)
        if value is not None:
            axes = list(range(len(value.plain)))
            order = []
            while axes:
                order.append(axes.pop(self.choose(range(len(axes)))))
            self.keep(transpose(value, tuple(order)), self.height(value))

    def shaped(self) -> None:
        value = self.some()
        shape = list(value.plain)
        if 0 in shape and has_open(shape[1:]):
            return  # how many rows such a value has is not said by its size
        way = self.choose(["one more", "one less", "together", "apart"])
        if way == "one more" and len(shape) < 4:
            shape.insert(self.choose(range(len(shape) + 1)), 1)
        elif way == "one less" and 1 in [one for one in shape if isinstance(one, int)]:
            places = [at for at, one in enumerate(shape) if isinstance(one, int) and one == 1]
            shape.pop(self.choose(places))
        elif way == "together":
            places = [at for at in range(len(shape) - 1) if not has_open(shape[at : at + 2])]
            if places:
                at = self.choose(places)
                shape[at : at + 2] = [shape[at] * shape[at + 1]]  # type: ignore[operator]
        else:
            places = [at for at, one in enumerate(shape) if one in (4, 8)]
            if places and len(shape) < 4:
                at = self.choose(places)
                shape[at : at + 1] = [2, shape[at] // 2]  # type: ignore[operator]
        self.keep(reshape(value, tuple(shape)), self.height(value))

    def fixed_axis(self, value: Symbol | None) -> int | None:
        if value is None:
            return None
        places = [at for at, one in enumerate(value.plain) if isinstance(one, int)]
        return self.choose(places) if places else None

    def sliced(self) -> None:
        value = self.any_value(lambda one: len(one.plain) > 0)
        axis = self.fixed_axis(value)
        if value is not None and axis is not None:
            size = int(value.plain[axis])  # type: ignore[arg-type]
            least = 0 if 0 in self.sizes else min(size, 1)
            start = self.choose(range(size - least + 1))
            stop = self.choose(range(start + least, size + 1))
            self.keep(slice_of(value, axis, start, stop), self.height(value))

    def padded(self) -> None:
        value = self.any_value(lambda one: len(one.plain) > 0)
        axis = self.fixed_axis(value)
        if value is not None and axis is not None:
            before, after = self.choose(range(4)), self.choose(range(4))
            self.keep(pad(value, axis, before, after), self.height(value))

    def joined(self) -> None:
        value = self.any_value(lambda one: len(one.plain) > 0)
        axis = self.fixed_axis(value)
        if value is not None and axis is not None:
            rest = without(value.plain, axis)
            parts = [value]
            for _ in range(self.choose([1, 1, 2])):
                other = self.any_value(
                    lambda one: (
                        len(one.plain) == len(value.plain)
                        and without(one.plain, axis) == rest
                        and isinstance(one.plain[axis], int)
                    )
                )
                assert other is not None
                parts.insert(self.choose(range(len(parts) + 1)), other)
            self.keep(concatenate(parts, axis), max(self.height(one) for one in parts))

    def indices(self, size: int, wanted: Callable[[Symbol], bool] = lambda _: True) -> Any:
        """Return whole numbers that choose from ``size`` entries; some count from the end."""
        found = self.any_value(lambda one: one.kind == "integer" and wanted(one))
        if found is None or not size:
            return None
        return self.keep(maximum(minimum(found, size - 1), self.choose([0, -size])), size)

    def taken(self) -> None:
        value = self.any_value(lambda one: len(one.plain) > 0)
        if value is None:
            return
        size = value.plain[0]
        if isinstance(size, Rows):
            indices: Any = self.choose([np.array([0]), np.array([0, -1, 0]), 0])
        else:
            indices = self.indices(size, lambda one: len(one.plain) + len(value.plain) < 6)
        if indices is not None:
            self.keep(take(value, indices), self.height(value))

    def added(self) -> None:
        size = self.choose([one for one in self.sizes if one])
        indices = self.indices(size)
        if indices is not None:
            rank = len(indices.plain)
            value = self.any_value(lambda one: one.plain[:rank] == indices.plain)
            assert value is not None
            self.keep(add_at(value, indices, size), self.height(value) * product(indices.plain))

    def spread(self) -> None:
        like = self.some()
        # One number takes the type of what it is spread like.
        value = self.any_value(
            lambda one: spreads(one.plain, like.plain) and (one.plain or one.kind == like.kind)
        )
        given: Any = self.choose([0.0, 1.0]) if value is None else value
        self.keep(broadcast_like(given, like), self.height(given))

    def counted(self) -> None:
        value = self.any_value(lambda one: has_open(one.plain))
        if value is not None:
            axis = next(at for at, one in enumerate(value.plain) if isinstance(one, Rows))
            self.keep(value / arrays.count(value, axis), self.height(value))

    def normalised(self) -> None:
        """Subtract a mean and divide by a deviation, over rows or features."""
        value = self.number(self.some())
        if value.plain and 0 not in value.plain:
            axis = self.choose(range(len(value.plain)))
            away = value - mean_over(value, axis, keepdims=True)
            spread = mean_over(away * away, axis, keepdims=True)
            self.keep(away / apply("sqrt", (spread + 0.01,)), 8.0)

    def softened(self) -> None:
        value = self.number(self.some())
        if value.plain and 0 not in value.plain:
            axis = self.choose(range(len(value.plain)))
            powers = exp(value - max_over(value, axis, keepdims=True))
            self.keep(powers / sum_over(powers, axis, keepdims=True), 1.0)

    def flattened(self) -> None:
        """Join values without rows to one flat array, as the gradients of a network are."""
        parts = []
        for _ in range(self.choose([2, 3])):
            value = self.any_value(lambda one: bool(one.plain) and not has_open(one.plain))
            if value is not None:
                parts.append(reshape(value, (product(value.plain),)))
        if len(parts) > 1:
            self.keep(concatenate(parts, 0), max(self.height(one) for one in parts))

    # ---- what is asked for ----

    def outputs(self, count: int, wanted: Callable[[Symbol], bool] = lambda _: True) -> list[Any]:
        """Choose what is asked for: often the newest values, now and then a value twice."""
        newest = [one for one in self.pool if wanted(one)][-count:]
        made: list[Any] = [self.choose([new, new, self.any_value(wanted)]) for new in newest]
        return [*made, 3.0] if not made or self.choose(range(12)) == 0 else made

    def replacements(self, count: int) -> list[Any]:
        """Choose what takes the places of the first inputs: another one of them, or a new value."""
        made: list[Any] = []
        for old in self.pool[:count]:
            new = self.any_value(
                lambda one, old=old: one.plain == old.plain and one.kind == old.kind
            )
            assert new is not None
            calm = new.kind == "float" and self.choose([True, False])
            made.append(tanh(new) if calm else new)  # so that it does not grow from step to step
        return made
