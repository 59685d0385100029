"""Units without a slope: silent ones, saturated ones, and those at a flat point."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.explanation.causes.cause import Cause, listed, unit_names
from chainrule.explanation.causes.other_rows import OtherRows
from chainrule.explanation.routes.links import Array
from chainrule.explanation.words import Words
from chainrule.ops.walks import Step

FAR = 1e6
BISECTIONS = 60


class Bias(NamedTuple):
    """The bias that moves what a unit is given: its name, and how it is written."""

    value: str
    place: int

    def __str__(self) -> str:
        return f"{self.value}[{self.place}]"


def slope_of(step: Step, x: Array) -> Array:
    """Return the slope of an elementwise step at numbers."""
    derivative = step.op.derivative
    if derivative is None:
        return np.zeros(np.shape(x))
    with np.errstate(all="ignore"):
        y = np.asarray(step.op.forward(x, **step.settings))
        return np.broadcast_to(np.asarray(derivative(y, x, **step.settings)), np.shape(x))


def is_rectifier(step: Step) -> bool:
    """Whether an op grows without end upwards and has a slope of 0 far below."""
    far = np.array([-FAR, FAR])
    with np.errstate(all="ignore"):
        high = float(np.asarray(step.op.forward(far, **step.settings))[1])
    low_slope, high_slope = slope_of(step, far)
    return high > FAR / 100 and low_slope == 0 and high_slope != 0


def unit_cause(words: Words, rows: OtherRows, step: Step, flat: Array) -> Cause:
    """Return why entries that an elementwise step is given have no slope.

    ``flat``: their places in the input of the step.
    """
    value = str(step.inputs[0])
    x = np.asarray(words.trace.exact.values[value], dtype=np.float64)
    units = unit_names(words, str(step.outputs[0]), flat)
    if is_rectifier(step) and (x.reshape(-1)[flat] <= 0).all():
        return _silent(words, rows, step, x, units)
    near = x.reshape(-1)[flat]
    beside = np.concatenate((near * (1 + 1e-6) + 1e-9, near * (1 - 1e-6) - 1e-9))
    if (slope_of(step, beside) != 0).all():
        return _flat_point(step, units, near)
    return _saturated(words, step, x, units)


def _silent(words: Words, rows: OtherRows, step: Step, x: Array, units: dict[str, Array]) -> Cause:
    value, op = str(step.inputs[0]), step.op.name
    highest = {name: float(x.reshape(-1)[places].max()) for name, places in units.items()}
    name = max(highest, key=lambda one: highest[one])
    rise = abs(highest[name])
    in_row = int(np.prod(x.shape[1:]))
    everywhere = np.asarray(rows.values(value)).reshape(rows.count, -1)
    speaks = {
        one: int((slope_of(step, everywhere[:, places[0] % in_row]) != 0).sum())
        for one, places in units.items()
    }
    dead = not any(speaks.values()) and rows.count > 1
    at = f"{highest[name]:.4g}" if len(units[name]) == 1 else f"at most {highest[name]:.4g}"
    verb = "is" if len(units) == 1 else "are"
    silent = f"{verb} dead for all {rows.count} rows" if dead else f"{verb} silent here"
    who = "it" if len(units) == 1 else name
    sentence = f"{listed(list(units))} {silent}: {who} is given {at}, where {op} has a slope of 0."
    bias = bias_of(words, value, int(units[name][0]))
    mover = f"The bias {bias}" if bias else f"What {name} is given"
    reach = f"{speaks[name]} of {rows.count} rows reach it"
    return Cause(
        "dead unit" if dead else "silent unit",
        tuple(units),
        sentence,
        f"{mover} would have to rise by more than {rise:.4g}; as it is, {reach}.",
        {"rise": rise, "rows": rows.count, "rows_that_reach_it": speaks[name]},
    )


def _saturated(words: Words, step: Step, x: Array, units: dict[str, Array]) -> Cause:
    moves = {name: _way_back(step, x.reshape(-1)[places]) for name, places in units.items()}
    name = min(moves, key=lambda one: abs(moves[one][1]))
    at, move = moves[name]
    verb = "is" if len(units) == 1 else "are"
    who = "it" if len(units) == 1 else name
    towards = "fall" if move < 0 else "rise"
    bias = bias_of(words, str(step.inputs[0]), int(units[name][0]))
    mover = f"the bias {bias}" if bias else f"what {name} is given"
    counterfactual = f"For a slope, {mover} would have to {towards} by {abs(move):.4g}."
    return Cause(
        "saturation",
        tuple(units),
        f"{listed(list(units))} {verb} saturated: {who} is given {at:.4g}, where "
        f"{step.op.name} has a slope of 0.",
        counterfactual if np.isfinite(move) else "",
        {"at": at, "move": move},
    )


def _way_back(step: Step, x: Array) -> tuple[float, float]:
    """Return the number with the shortest way to where there is a slope, and that way.

    The way is looked for towards 0, where activations are steepest, and is infinite without one.
    """
    best = (float(x[0]), np.inf)
    for at in x:
        inside = 0.0 if slope_of(step, np.zeros(1))[0] != 0 else 1e-3 * np.sign(at)
        outside = float(at)
        if slope_of(step, np.array([inside]))[0] == 0:
            continue
        for _ in range(BISECTIONS):
            middle = 0.5 * (inside + outside)
            if slope_of(step, np.array([middle]))[0] != 0:
                inside = middle
            else:
                outside = middle
        if abs(inside - at) < abs(best[1]):
            best = (float(at), inside - float(at))
    return best


def _flat_point(step: Step, units: dict[str, Array], near: Array) -> Cause:
    return Cause(
        "flat point",
        tuple(units),
        f"{listed(list(units))}: {step.op.name} has a slope of 0 exactly at {near[0]:.4g}.",
        "Any other number there would have a slope.",
        {"at": float(near[0])},
    )


def bias_of(words: Words, value: str, flat: int) -> Bias | None:
    """Return the bias that is added in an entry of a value, where there is one."""
    for step in words.trace.objective.steps:
        if value in step.outputs and "b" in step.op.input_names:
            name = str(step.inputs[step.op.input_names.index("b")])
            made: Any = words.trace.exact.values[value].shape
            axis = 1 if step.op.name.startswith("convolution") else len(made) - 1
            unit = int(np.unravel_index(flat, made)[axis])
            return Bias(name, unit % len(words.trace.exact.values[name]))
    return None
