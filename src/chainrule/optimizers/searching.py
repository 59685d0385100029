"""Optimizers that search: each iteration is a generator that asks questions and ends in an iterate.

An optimizer with a line search, a damping or a direction of its own looks at the function in
several places before it moves. It yields requests (the loss here, the gradient there), is sent
their answers, and returns where it went. Whoever drives it answers: a training from all of its
rows, ``minimize`` from a plain function. All vectors are flat, in float64, of the trained
parameters, whose number is p.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Protocol, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
SearchState = Mapping[str, Vector]


# ---- requests ----


@dataclass(frozen=True, eq=False)
class LossAt:
    """Asks for a float: the mean loss of all training rows, penalties included."""

    parameters: Vector

    def asked_of(self, answering: Answering) -> float:
        return answering.loss(_numbers(self.parameters))


@dataclass(frozen=True, eq=False)
class GradientAt:
    """Asks for the loss, as ``LossAt`` does, and its gradient (p,), as a pair."""

    parameters: Vector

    def asked_of(self, answering: Answering) -> tuple[float, Vector]:
        return answering.gradient(_numbers(self.parameters))


@dataclass(frozen=True, eq=False)
class NormalEquationsAt:
    """Asks for ``NormalEquations``: loss, gradient, and the Gauss-Newton matrix."""

    parameters: Vector

    def asked_of(self, answering: Answering) -> NormalEquations:
        return answering.normal_equations(_numbers(self.parameters))


@dataclass(frozen=True, eq=False)
class ResidualsAt:
    """Asks for ``Residuals``; only losses that are squares have them."""

    parameters: Vector

    def asked_of(self, answering: Answering) -> Residuals:
        return answering.residuals(_numbers(self.parameters))


@dataclass(frozen=True, eq=False)
class CurvatureAlong:
    """Asks for the exact product (p,) of the second derivatives of the loss with a direction (p,).

    Pearlmutter, Neural Computation 6, 1994.
    """

    parameters: Vector
    direction: Vector

    def asked_of(self, answering: Answering) -> Vector:
        return answering.curvature(_numbers(self.parameters), _numbers(self.direction))


@dataclass(frozen=True, eq=False)
class GaussNewtonAlong:
    """Asks for the product (p,) of the Gauss-Newton matrix with a direction (p,).

    Schraudolph, Neural Computation 14, 2002.
    """

    parameters: Vector
    direction: Vector

    def asked_of(self, answering: Answering) -> Vector:
        return answering.gauss_newton(_numbers(self.parameters), _numbers(self.direction))


@dataclass(frozen=True, eq=False)
class BendingAlong:
    """Asks for J'H z'' (p,): how the outputs z bend along a direction, as the parameters feel it.

    z'' is the second derivative of the outputs along the direction (p,), J their Jacobian, H the
    second derivatives of the loss at them, as in ``NormalEquations``. For squares that is J'r'', in
    residuals r. Transtrum and Sethna, arXiv:1201.5885.
    """

    parameters: Vector
    direction: Vector

    def asked_of(self, answering: Answering) -> Vector:
        return answering.bending(_numbers(self.parameters), _numbers(self.direction))


@dataclass(frozen=True, eq=False)
class OnSample:
    """Asks for what another request asks for, of a sample of the rows in place of all.

    The sample has ``rows`` rows, below ``Sizes.rows``, drawn by the seed of the training; a smaller
    one is part of a larger.
    """

    request: Request
    rows: int

    def asked_of(self, answering: Answering) -> Any:
        return self.request.asked_of(answering.sampled(self.rows))


Request = (
    LossAt
    | GradientAt
    | NormalEquationsAt
    | ResidualsAt
    | CurvatureAlong
    | GaussNewtonAlong
    | BendingAlong
    | OnSample
)


def _numbers(vector: Vector) -> Vector:
    return np.asarray(vector, dtype=np.float64)


# ---- answers that have parts ----


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """The loss, its gradient (p,), and the Gauss-Newton matrix (p, p), symmetric.

    The matrix is J' H J: J holds the derivatives of the network's outputs, H the second
    derivatives of the loss at them. For squares that is J'J, scaled so that the matrix stands for
    the second derivatives of the loss as ``gradient`` does for the first.
    """

    loss: float
    gradient: Vector
    matrix: Vector


@dataclass(frozen=True, eq=False)
class Residuals:
    """The loss, the residuals (m,) and their Jacobian (m, p).

    They are scaled so that the loss is half the sum of the squared residuals, the gradient
    ``jacobian.T @ residuals`` and the Gauss-Newton matrix ``jacobian.T @ jacobian``. A penalty on
    squared weights stands behind the rows, with a residual for each weight that it falls on.
    """

    loss: float
    residuals: Vector
    jacobian: Vector


# ---- the contract ----


class Answering(Protocol):
    """What answers requests: a method for each, which says under its request what it returns.

    ``at`` and ``direction`` are (p,), in float64.
    """

    def loss(self, at: Vector) -> float: ...

    def gradient(self, at: Vector) -> tuple[float, Vector]: ...

    def normal_equations(self, at: Vector) -> NormalEquations: ...

    def residuals(self, at: Vector) -> Residuals: ...

    def curvature(self, at: Vector, direction: Vector) -> Vector: ...

    def gauss_newton(self, at: Vector, direction: Vector) -> Vector: ...

    def bending(self, at: Vector, direction: Vector) -> Vector: ...

    def sampled(self, rows: int) -> Answering: ...


def answer_to(request: object, answering: Answering) -> Any:
    """Return the answer to a request. Raises TypeError for what is none."""
    if not isinstance(request, Request):
        raise TypeError(f"{request!r} is no request of an optimizer.")
    return request.asked_of(answering)


@dataclass(frozen=True)
class Sizes:
    """How many parameters are trained, and of what the loss is made.

    ``residuals``: their number, None where the loss is no sum of squares. ``rows``: how many rows
    have a weight above 0, so that a sample can be drawn from them; 0 for a plain function.
    """

    parameters: int
    residuals: int | None = None
    rows: int = 0


@dataclass(frozen=True, eq=False)
class Iterate:
    """What one iteration comes to.

    ``state`` holds plain float64 arrays (of no axes for numbers), all that the next iteration
    needs: a training is kept and resumed from it. Its names and shapes are those of ``initial``.
    ``loss`` is that at ``parameters``. ``ended`` says why the search can go no further, such as
    "the damping reached 1e+10". ``readings``: name -> number, columns of the history.
    """

    parameters: Vector
    state: dict[str, Vector]
    loss: float
    ended: str | None = None
    readings: dict[str, float] = field(default_factory=dict)


class SearchingOptimizer(Protocol):
    """The contract of an optimizer block that searches; ``optimizer`` enters it in the table.

    ``needs``: the hardest of its requests. ``initial(parameters)`` returns the state before the
    first iteration. ``iteration(parameters, state, sizes)`` yields requests and returns the
    iterate. What is not finite is met by the rule of the algorithm and in the end by
    ``Iterate.ended``, never by an error. Three parts that may be there: ``squares_only`` is True
    where the loss has to be a sum of squares; ``no_l2``, a text, says why it will not do with an l2
    penalty; ``adds_to_the_loss`` is True where what it lowers is more than the loss, which may then
    rise. One that draws has a constant ``seed``, None by default: see ``with_seed``.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    formula: ClassVar[str]
    needs: ClassVar[Any]

    @property
    def name(self) -> str: ...

    def initial(self, parameters: Vector) -> dict[str, Vector]: ...

    def iteration(
        self, parameters: Vector, state: SearchState, sizes: Sizes
    ) -> Generator[Request, Any, Iterate]: ...


Searching = TypeVar("Searching", bound=SearchingOptimizer)


def iterate_of(
    iteration: Generator[Request, Any, Iterate], answer: Callable[[Request], Any]
) -> Iterate:
    """Return what an iteration comes to, each of its requests answered.

    What ``answer`` raises closes the iteration and is raised.
    """
    try:
        request = next(iteration)
        while True:
            request = iteration.send(answer(request))
    except StopIteration as end:
        iterate: Iterate = end.value
        return iterate
    finally:
        iteration.close()


def with_seed(chosen: Searching, seed: int) -> Searching:
    """Return an optimizer whose draws follow from a seed, unless it has one or draws nothing."""
    draws = "seed" in {one.name for one in fields(chosen)}
    return replace(chosen, seed=seed) if draws and vars(chosen)["seed"] is None else chosen


def searches(chosen: object) -> TypeGuard[SearchingOptimizer]:
    """Say whether an optimizer, or its class, searches: whether it has ``iteration``."""
    return hasattr(chosen, "iteration")
