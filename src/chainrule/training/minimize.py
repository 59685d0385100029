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
from chainrule.network.function_answers import FunctionAnswers, slope_of_function
from chainrule.ops.derived import record_function
from chainrule.optimizers import (
    AnyOptimizer,
    Optimizer,
    Schedule,
    SearchingOptimizer,
    find_optimizer,
    searches,
    taking_steps,
    with_rate,
)
from chainrule.optimizers.optimizer import MATRIX_NEEDS
from chainrule.optimizers.schedules import refuse_plateau
from chainrule.optimizers.searching import GradientAt, LossAt, iterate_of
from chainrule.optimizers.steps import stepped
from chainrule.program import Input, trace
from chainrule.shapes import show
from chainrule.training.arguments import whole
from chainrule.training.rows import number_array


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a descent led: ``x`` and ``value`` at its end, and the way there.

    ``path`` (steps + 1, *shape of start), ``values`` (steps + 1,) and ``slopes`` (steps, *shape).
    ``ended`` says why a search could go no further before all steps were made, and is None else.
    """

    x: Any
    value: float
    path: NDArray[np.float64]
    values: NDArray[np.float64]
    slopes: NDArray[np.float64]
    ended: str | None = None

    def __str__(self) -> str:
        why = f": {self.ended}" if self.ended else ""
        steps = len(self.slopes)
        return f"Minimum(x={self.x}, value={self.value:.6g} after {steps} steps{why})"


def minimize(
    f: Callable[[Any], Any],
    start: Any,
    optimizer: str | AnyOptimizer = "gradient_descent",
    steps: int = 100,
    *,
    difference: float | None = None,
) -> Minimum:
    """Walk from ``start`` downhill on ``f`` for a number of steps, in float64.

    ``f`` takes a number or an array like ``start`` and returns one number; it is written with
    arithmetic, NumPy's elementwise functions, or the words of ``chainrule.arrays``. Its slope
    follows from the chain rule over these words; with ``difference=h`` it is the central
    difference (f(x + h) - f(x - h)) / 2h instead, for comparison. A schedule counts a step as an
    epoch; for an optimizer that searches, such as "lbfgs", a step is an iteration, and it may end
    before the last, for a reason that is told. Raises SetupError where ``f`` leaves the alphabet,
    and for an optimizer that needs residuals; ShapeError where it does not return one number.
    """
    chosen = with_rate(find_optimizer(optimizer), None)
    if chosen.needs in MATRIX_NEEDS:
        raise SetupError(
            f"{chosen.name} needs the parts that a sum of squares is made of, and minimize() has a "
            "function of one number.",
            "Use an optimizer such as 'lbfgs' or 'adam'.",
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
    slope = _slope(f, first.shape, difference)
    if searches(chosen):
        return _searched(f, slope, chosen, first, count)
    return _stepped(f, slope, taking_steps(chosen), first, count)


def _slope(
    f: Callable[[Any], Any], shape: tuple[int, ...], difference: float | None
) -> Callable[[Any], Any]:
    """Return the slope of f at a flat x, by the chain rule or by a central difference."""
    if difference is None:
        return lambda x: slope_of_function(f, x, shape)
    return lambda x: _difference(f, x, shape, difference)


def _searched(
    f: Callable[[Any], Any],
    slope: Callable[[Any], Any],
    chosen: SearchingOptimizer,
    first: NDArray[np.float64],
    count: int,
) -> Minimum:
    """Return where so many iterations lead, or fewer, where the search ends before."""
    answers = FunctionAnswers(f, first.shape, slope)
    at, ended = first.reshape(-1), None
    state = chosen.initial(at)
    path, values = [at], []
    slopes: list[NDArray[np.float64]] = []
    while len(slopes) < count and ended is None:
        with np.errstate(all="ignore"):
            value, gradient = answers.of(GradientAt(at))
            iterate = iterate_of(chosen.iteration(at, state, answers.sizes), answers.of)
        at, state, ended = np.array(iterate.parameters), iterate.state, iterate.ended
        path.append(at)
        values.append(value)
        slopes.append(gradient)
    last = answers.of(LossAt(at))
    return Minimum(
        x=float(at[0]) if first.ndim == 0 else at.reshape(first.shape),
        value=last,
        path=np.array(path).reshape(-1, *first.shape),
        values=np.array([*values, last]),
        slopes=np.array(slopes).reshape(-1, *first.shape),
        ended=ended,
    )


def _stepped(
    f: Callable[[Any], Any],
    slope: Callable[[Any], Any],
    chosen: Optimizer,
    first: NDArray[np.float64],
    count: int,
) -> Minimum:
    """Return where so many steps lead."""
    refuse_plateau(chosen.learning_rate, "minimize()")
    state = {name: np.array(one) for name, one in chosen.initial(first.reshape(-1)).items()}
    names = sorted(state)
    work = _descent(f, slope, chosen, first.shape, names)
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
    slope_of: Callable[[Any], Any],
    optimizer: Optimizer,
    shape: tuple[int, ...],
    names: list[str],
) -> Work:
    """Return one step of the descent as work; its records are point, value and slope."""
    size = int(np.prod(shape, dtype=np.int64))

    def step(x: Any, count: Any, *rest: Any) -> tuple[Any, ...]:
        *moments, rate = rest
        given = optimizer.learning_rate
        if isinstance(given, Schedule):
            rate = given.rate(to_float(count)) * rate
        slope, value = slope_of(x), f(reshape(x, shape))
        state = dict(zip(names, moments, strict=True))
        after, made = stepped(optimizer, x, slope, state, rate, count + 1, value)
        return (after, count + 1, *(made[n] for n in names), x, value, slope)

    inputs = [Input("x", (size,)), Input("step", (), "integer")]
    begun = optimizer.initial(np.zeros(size))
    inputs += [Input(name, np.shape(begun[name])) for name in names]
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
