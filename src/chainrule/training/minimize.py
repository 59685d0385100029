"""``minimize``: any function over the alphabet, walked downhill by any optimizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array, reshape, to_float, zeros_like
from chainrule.checks import is_finite_number
from chainrule.engines.door import Batches, Work, evaluate, run
from chainrule.errors import DataError, SetupError, ShapeError
from chainrule.ops.derived import backward_of_function, record_function
from chainrule.optimizers import Optimizer, Schedule, find_optimizer, with_rate
from chainrule.program import Input, trace
from chainrule.shapes import show
from chainrule.training.arguments import whole
from chainrule.training.rows import number_array


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a descent led: ``x`` and ``value`` at its end, and the way there.

    ``path`` (steps + 1, *shape of start), ``values`` (steps + 1,) and ``slopes`` (steps, *shape).
    """

    x: Any
    value: float
    path: NDArray[np.float64]
    values: NDArray[np.float64]
    slopes: NDArray[np.float64]

    def __str__(self) -> str:
        return f"Minimum(x={self.x}, value={self.value:.6g} after {len(self.slopes)} steps)"


def minimize(
    f: Callable[[Any], Any],
    start: Any,
    optimizer: str | Optimizer = "gradient_descent",
    steps: int = 100,
    *,
    difference: float | None = None,
) -> Minimum:
    """Walk from ``start`` downhill on ``f`` for a number of steps, in float64.

    ``f`` takes a number or an array like ``start`` and returns one number; it is written with
    arithmetic, NumPy's elementwise functions, or the words of ``chainrule.arrays``. Its slope
    follows from the chain rule over these words; with ``difference=h`` it is the central
    difference (f(x + h) - f(x - h)) / 2h instead, for comparison. A schedule counts a step as an
    epoch. Raises SetupError where ``f`` leaves the alphabet, ShapeError where it does not return
    one number.
    """
    chosen = with_rate(find_optimizer(optimizer), None)
    if chosen.needs != "gradient":
        raise SetupError(
            f"{chosen.name} needs {chosen.needs}, and minimize() has a gradient.",
            "Use an optimizer that needs a gradient, such as 'gradient_descent' or 'adam'.",
        )
    count = whole(steps, "steps", 0)
    if not callable(f):
        raise SetupError(f"{f!r} is no function.", "Give one such as lambda x: (x - 3) ** 2.")
    if difference is not None and (not is_finite_number(difference) or difference == 0):
        raise SetupError(f"difference={difference!r} is no step.", "Give a number such as 0.01.")
    first = _start(start)
    (shape,) = record_function(f, (first,)).shapes
    if shape != ():
        raise ShapeError(
            f"The function returns {show(shape)} for a start of {show(first.shape)}.",
            "Return one number, for example the sum.",
        )
    state = {name: np.array(one) for name, one in chosen.initial(first.reshape(-1)).items()}
    names = sorted(state)
    work = _descent(f, chosen, first.shape, names, difference)
    given = chosen.learning_rate
    rate = 1.0 if isinstance(given, Schedule) else float(given)
    carried = [first.reshape(-1), 0, *(state[name] for name in names)]
    outcome = run(work, carried, [rate], [], Batches(1, 1), 0, count)
    made = outcome.records or [np.zeros((0, first.size)), np.zeros(0), np.zeros((0, first.size))]
    end = np.asarray(outcome.carried[0])
    path = np.concatenate([made[0].reshape(-1, first.size), end[None]]).reshape(-1, *first.shape)
    last = _value(f, end, first.shape)
    return Minimum(
        x=float(end[0]) if first.ndim == 0 else end.reshape(first.shape),
        value=last,
        path=path,
        values=np.array([*made[1], last]),
        slopes=made[2].reshape(-1, *first.shape),
    )


def _start(start: Any) -> NDArray[np.float64]:
    """Return where the walk begins. Raises DataError for what is no finite number or array."""
    first = number_array(start, "The start", "Give a number, or an array of numbers.")
    if not first.size or not np.isfinite(first).all():
        raise DataError("The start is empty, NaN or infinite.", "Give finite numbers.")
    return first


def _descent(
    f: Callable[[Any], Any],
    optimizer: Optimizer,
    shape: tuple[int, ...],
    names: list[str],
    difference: float | None,
) -> Work:
    """Return one step of the descent as work; its records are point, value and slope."""
    size = int(np.prod(shape, dtype=np.int64))

    def slope_of(x: Array) -> Array:
        if difference is None:
            (slope,) = backward_of_function(f, np.ones(()), (reshape(x, shape),))
            if slope is None:
                raise SetupError(
                    "The function does not depend on its argument in any way that has a slope.",
                    "Check the function.",
                )
            return reshape(slope, (size,))
        return _difference(f, x, shape, difference)

    def step(x: Any, count: Any, *rest: Any) -> tuple[Any, ...]:
        *moments, rate = rest
        given = optimizer.learning_rate
        if isinstance(given, Schedule):
            rate = given.rate(to_float(count)) * rate
        slope = slope_of(x)
        state = dict(zip(names, moments, strict=True))
        after, made = optimizer.update(x, slope, state, rate, count + 1)
        return (after, count + 1, *(made[n] for n in names), x, f(reshape(x, shape)), slope)

    inputs = [Input("x", (size,)), Input("step", (), "integer")]
    inputs += [Input(name, (size,)) for name in names]
    inputs.append(Input("rate", ()))
    outputs = ("x", "step", *names, "point", "value", "slope")
    return Work(trace(step, inputs, outputs), carried=2 + len(names), fixed=1)


def _difference(f: Callable[[Any], Any], x: Array, shape: tuple[int, ...], h: float) -> Array:
    """Return the central difference of f along each entry of x, by the alphabet."""
    slope = zeros_like(x)
    for unit in np.eye(x.shape[0]):
        rise = f(reshape(x + h * unit, shape)) - f(reshape(x - h * unit, shape))
        slope = slope + rise / (2.0 * h) * unit
    return slope


def _value(f: Callable[[Any], Any], x: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """Return f at x as a program computes it, so that the last value is like the others."""
    program = trace(lambda x: (f(reshape(x, shape)),), [Input("x", x.shape)], ("value",))
    return float(evaluate(program, [x])[0])
