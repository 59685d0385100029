"""Answers to an optimizer that searches, from a plain function over the alphabet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.arrays import Array, reshape, sum_over, zeros_like
from chainrule.engines.door import evaluate
from chainrule.errors import SetupError
from chainrule.ops.derived import backward_of_function, record_function, tangent_of_function
from chainrule.optimizers.searching import (
    NormalEquations,
    Request,
    Residuals,
    Sizes,
    answer_to,
)
from chainrule.program import Input, Program, trace

Vector = NDArray[np.float64]
Slope = Callable[[Any], Any]


def slope_of_function(function: Callable[[Any], Any], x: Array, shape: tuple[int, ...]) -> Array:
    """Return the slope (p,) of a function of an array of this shape at a flat x (p,).

    Raises SetupError where it does not depend on x in any way that has a slope.
    """
    (slope,) = backward_of_function(function, np.ones(()), (reshape(x, shape),))
    if slope is None:
        raise SetupError(
            "The function does not depend on its argument in any way that has a slope.",
            "Check the function.",
        )
    return reshape(slope, (x.shape[0],))


class FunctionAnswers:
    """Answers the requests about a function of an array; vectors are flat, of p numbers.

    ``slope`` replaces the slope by the chain rule, ``x`` (p,) -> (p,). ``residuals``: a function
    of the same array that returns numbers, half the sum of whose squares is the function; without
    it, what asks for residuals is refused.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        shape: tuple[int, ...],
        slope: Slope | None = None,
        residuals: Callable[[Any], Any] | None = None,
    ) -> None:
        self.size = int(np.prod(shape, dtype=np.int64))
        self._value_of: Slope = lambda x: function(reshape(x, shape))
        self._slope_of: Slope = slope or (lambda x: slope_of_function(function, x, shape))
        self._residuals_of: Slope | None = None
        if residuals is not None:
            self._residuals_of = lambda x: residuals(reshape(x, shape))

    @property
    def sizes(self) -> Sizes:
        """How many parameters and residuals there are."""
        if self._residuals_of is None:
            return Sizes(self.size)
        (made,) = record_function(self._residuals_of, (np.zeros(self.size),)).shapes
        return Sizes(self.size, math.prod(one for one in made if isinstance(one, int)))

    def of(self, request: Request) -> Any:
        """Return the answer to a request. Raises SetupError for residuals that are not there."""
        return answer_to(request, self)

    def loss(self, at: Vector) -> float:
        """Return the value of the function."""
        return float(evaluate(self._value, [at])[0])

    def gradient(self, at: Vector) -> tuple[float, Vector]:
        """Return value and slope."""
        value, slope = evaluate(self._slope, [at])
        return float(value), np.asarray(slope)

    def residuals(self, at: Vector) -> Residuals:
        """Return the residuals and their Jacobian."""
        residuals, *lines = evaluate(self._jacobian, [at])
        return Residuals(0.5 * float(residuals @ residuals), residuals, np.stack(lines))

    def normal_equations(self, at: Vector) -> NormalEquations:
        """Return value, slope and the Gauss-Newton matrix, of the residuals."""
        made = self.residuals(at)
        matrix = made.jacobian.T @ made.jacobian
        return NormalEquations(made.loss, made.residuals @ made.jacobian, matrix)

    def curvature(self, at: Vector, direction: Vector) -> Vector:
        """Return the product of the second derivatives with a direction."""
        return np.asarray(evaluate(self._curvature, [at, direction])[0])

    def gauss_newton(self, at: Vector, direction: Vector) -> Vector:
        """Return the product of the Gauss-Newton matrix with a direction."""
        return np.asarray(self.normal_equations(at).matrix @ direction)

    def bending(self, at: Vector, direction: Vector) -> Vector:
        """Return how the residuals bend along a direction, as the parameters feel it."""
        jacobian = self.residuals(at).jacobian
        return np.asarray(evaluate(self._bending, [at, direction])[0] @ jacobian)

    def sampled(self, rows: int) -> FunctionAnswers:
        """Raise SetupError: a function has no rows to draw from."""
        raise SetupError(
            f"A function has no rows, so that no sample of {rows} can be drawn.",
            "Ask for a sample in a training alone.",
        )

    @cached_property
    def _value(self) -> Program:
        return self._traced(lambda x: (self._value_of(x),), ("value",))

    @cached_property
    def _slope(self) -> Program:
        return self._traced(lambda x: (self._value_of(x), self._slope_of(x)), ("value", "slope"))

    @cached_property
    def _curvature(self) -> Program:
        def product(x: Any, direction: Any) -> tuple[Any]:
            made = tangent_of_function(self._slope_of, (direction,), (x,))
            return (zeros_like(direction) if made is None else made,)

        inputs = [Input("x", (self.size,)), Input("direction", (self.size,))]
        return trace(product, inputs, ("product",))

    @cached_property
    def _bending(self) -> Program:
        """The program (x, direction) -> second derivative of the residuals along the direction."""
        found: Any = self._residuals_of
        count = self.sizes.residuals or 0

        def first(x: Any, direction: Any) -> Any:
            made = tangent_of_function(found, (direction,), (x,))
            return zeros_like(found(x)) if made is None else made

        def second(x: Any, direction: Any) -> tuple[Any]:
            made = tangent_of_function(first, (direction, None), (x, direction))
            return (reshape(zeros_like(found(x)) if made is None else made, (count,)),)

        inputs = [Input("x", (self.size,)), Input("direction", (self.size,))]
        return trace(second, inputs, ("second",))

    @cached_property
    def _jacobian(self) -> Program:
        found = self._residuals_of
        count = self.sizes.residuals
        if found is None or count is None:
            raise SetupError(
                "The function has no residuals: it returns one number.",
                "Use an optimizer that needs no residuals, such as 'lbfgs'.",
            )

        def lines(x: Any) -> list[Any]:
            made = [reshape(found(x), (count,))]
            made += [_line(found, unit, x) for unit in np.eye(count)]
            return made

        names = ["residuals", *(f"line {place}" for place in range(count))]
        return self._traced(lines, names)

    def _traced(self, function: Callable[[Any], Sequence[Any]], names: Sequence[str]) -> Program:
        return trace(function, [Input("x", (self.size,))], names)


def _line(residuals: Slope, unit: Vector, x: Any) -> Any:
    """Return the slope of the residual that a vector of 0 and one 1 chooses."""

    def chosen(at: Any) -> Any:
        flat: Any = reshape(residuals(at), (-1,))
        return sum_over(flat * unit)

    (slope,) = backward_of_function(chosen, np.ones(()), (x,))
    return zeros_like(x) if slope is None else slope
