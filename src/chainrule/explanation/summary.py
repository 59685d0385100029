"""A whole array or layer: how much of its slope each unit has, so that the parts add up.

The loss falls, to first order, by the rate times the sum of the squares of all slopes when every
number takes a step of gradient descent. That sum is the same however it is split, so each unit's
share of it is a part that adds up.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.explanation.differences import extrapolated_along
from chainrule.explanation.entries import Entry
from chainrule.explanation.plain_numbers import plain_number
from chainrule.explanation.targets import Target
from chainrule.explanation.trace import Trace
from chainrule.explanation.words import Words

Array = NDArray[Any]


@dataclass(frozen=True)
class UnitPart:
    """One unit's part: the sum of the squares of its slopes, and its largest one by name."""

    name: str
    words: str
    squares: float
    up: int
    down: int
    zero: int
    largest: str
    gradient: float


@dataclass(frozen=True)
class Summary:
    """The parts of a whole, largest first, and three numbers for their sum that must agree.

    ``squares`` is that of the engine's gradient in its own type, ``sum_of_parts`` that of the parts
    in float64, ``finite_difference`` the slope of the loss, by forward alone, along the gradient.
    """

    values: tuple[str, ...]
    parts: tuple[UnitPart, ...]
    squares: float
    sum_of_parts: float
    finite_difference: float
    finite_difference_error: float

    @property
    def agree(self) -> bool:
        """Whether the difference of forward is the sum of the parts."""
        apart = abs(self.finite_difference - self.sum_of_parts)
        return bool(apart <= 1e-6 * self.sum_of_parts + self.finite_difference_error)

    def sentence(self) -> str:
        """Return in words what has most of the slope."""
        what = " and ".join(self.values)
        if not self.parts or self.sum_of_parts == 0.0:
            return f"Nothing in {what} has a slope here: no step of it moves the loss."
        first = self.parts[0]
        share = first.squares / self.sum_of_parts
        return (
            f"Of the slope of {what}, {first.words} has {share:.0%}; its largest number is "
            f"{first.largest} with {first.gradient:.4g}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain data."""
        numbers = ("squares", "sum_of_parts", "finite_difference", "finite_difference_error")
        return {
            "values": list(self.values),
            "parts": [asdict(one) for one in self.parts],
            **{name: plain_number(getattr(self, name)) for name in numbers},
            "agree": self.agree,
            "sentence": self.sentence(),
        }


def summary_of(words: Words, target: Target) -> Summary:
    """Return the parts of a whole array or layer."""
    trace = words.trace
    slopes = {name: _slope(trace, name) for name in target.values}
    parts = [part for name, slope in slopes.items() for part in _parts(words, name, slope)]
    joined = _joined(parts) if len(target.values) > 1 else parts
    owned = [trace.own.gradients.get(name) for name in target.values]
    own = sum(float((np.asarray(one, np.float64) ** 2).sum()) for one in owned if one is not None)
    total = float(sum(one.squares for one in joined))
    slope, error = extrapolated_along(trace, slopes)
    joined.sort(key=lambda one: -one.squares)
    return Summary(target.values, tuple(joined), own, total, slope, error)


def _slope(trace: Trace, name: str) -> Array:
    found = trace.exact.gradients.get(name)
    return np.zeros(np.shape(trace.exact.values[name])) if found is None else np.asarray(found)


def unit_axis(trace: Trace, name: str) -> int:
    """Return the axis on which the units of a value stand."""
    rank = np.ndim(trace.exact.values[name])
    if name in trace.row_values:
        return min(1, rank - 1)
    reader = next(
        (
            step
            for step in trace.objective.steps
            if name in step.inputs and step.op.name != "random"
        ),
        None,
    )
    # Kernels have their outputs in front, tables of tokens their tokens.
    front = reader is not None and (rank > 2 or reader.op.name == "embedding")
    return 0 if front else rank - 1


def _parts(words: Words, name: str, slope: Array) -> list[UnitPart]:
    axis = unit_axis(words.trace, name)
    return [_part(words, name, slope, axis, unit) for unit in range(slope.shape[axis])]


def _part(words: Words, name: str, slope: Array, axis: int, unit: int) -> UnitPart:
    own = np.take(slope, unit, axis=axis)
    at = np.unravel_index(int(np.argmax(np.abs(own))), own.shape) if own.ndim else ()
    place = [int(one) for one in at]
    place.insert(axis, unit)
    entry = Entry(name, tuple(place))
    owner = name.rpartition(".")[0] if name in words.trace.objective.plan.by_name else name
    return UnitPart(
        name=f"{name}: {unit}",
        words=f"unit {unit} of {owner}",
        squares=float((own**2).sum()),
        up=int((own > 0.0).sum()),
        down=int((own < 0.0).sum()),
        zero=int((own == 0.0).sum()),
        largest=words.name(entry),
        gradient=float(slope[entry.place]),
    )


def _joined(parts: list[UnitPart]) -> list[UnitPart]:
    """Return the parts of several arrays by unit, where all of them have the same units."""
    by_value: dict[str, list[UnitPart]] = {}
    for one in parts:
        by_value.setdefault(one.name.rpartition(": ")[0], []).append(one)
    if len({len(one) for one in by_value.values()}) != 1:
        return parts
    layer = next(iter(by_value)).rpartition(".")[0]
    return [
        UnitPart(
            f"{layer}: {unit}",
            f"unit {unit} of {layer}",
            sum(one.squares for one in group),
            sum(one.up for one in group),
            sum(one.down for one in group),
            sum(one.zero for one in group),
            *_largest(group),
        )
        for unit, group in enumerate(zip(*by_value.values(), strict=True))
    ]


def _largest(group: tuple[UnitPart, ...]) -> tuple[str, float]:
    found = max(group, key=lambda one: abs(one.gradient))
    return found.largest, found.gradient
